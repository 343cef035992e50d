"""Does compiled code give what the interpreter gives, for every sample of every op?"""

import numpy as np
import pytest

from fanlight.compiler import compile
from fanlight.engines.wasm import WasmEngine
from fanlight.ir.graph import Graph, Input, apply
from fanlight.ir.module import Module
from fanlight.ops.registry import all_ops
from ops.cases import arrays_of, results_of, run, samples

SAMPLES = samples()


@pytest.mark.parametrize("name", all_ops())
def test_compiled_code_gives_what_the_interpreter_gives(name):
    cases = {f"f{k}": each for k, each in enumerate(SAMPLES.values()) if each.op.name == name}
    graphs = {}
    for key, sample in cases.items():
        inputs = tuple(apply(Input(f"x{k}", type)) for k, type in enumerate(sample.types))
        graphs[key] = Graph(inputs, results_of(sample.op, *inputs))
    compiled = compile(Module(graphs, {}))
    engine = WasmEngine(compiled.program, compiled.code)
    for key, sample in cases.items():
        arrays = arrays_of(sample)
        found = engine.call(key, {f"x{k}": x for k, x in enumerate(arrays)})
        results = run(lambda *xs, op=sample.op: list(results_of(op, *xs).values()), *arrays)
        for y, expected, value in zip(found.values(), results, graphs[key].outputs.values(), strict=True):
            assert y.dtype == value.dtype
            np.testing.assert_allclose(y, expected, rtol=1e-6, atol=1e-6, err_msg=repr(sample))

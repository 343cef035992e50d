"""Do ops of a thousand and more arrays compile? A WebAssembly function takes 1,000 parameters at most."""

import numpy as np
import pytest

from evaluate import evaluate_graph
from fanlight.compiler import compile
from fanlight.engines.wasm import WasmEngine
from fanlight.errors import CompileError
from fanlight.ir.graph import Graph, Input, apply
from fanlight.ir.module import Module
from fanlight.ir.types import Type
from fanlight.ops import functions as fn
from fanlight.ops import padding


def numbers(count, shape=(2, 3)):
    return [apply(Input(f"x{k}", Type("float32", shape))) for k in range(count)]


def check(xs, outputs):
    graph = Graph(tuple(xs), outputs)
    rng = np.random.default_rng(0)
    arrays = {x.op.label: rng.normal(size=x.shape).astype("float32") for x in xs}
    compiled = compile(Module({"f": graph}, {}))
    expected, _ = evaluate_graph(graph, arrays)
    found = WasmEngine(compiled.program, compiled.code).call("f", arrays)
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, atol=1e-4)


@pytest.mark.parametrize("axis", [0, 1])
def test_a_thousand_arrays_are_joined(axis):
    xs = numbers(1100)
    y = fn.concatenate(xs, axis)
    loss = fn.sum(fn.square(y))
    check(xs, {"y": y, "dx0": fn.gradient(loss, xs[0]), "dx1099": fn.gradient(loss, xs[1099])})


def test_sums_of_a_thousand_arrays_are_joined():
    xs = numbers(1280)
    sums = []
    for k in range(0, len(xs), 40):
        total = xs[k]
        for x in xs[k + 1 : k + 40]:
            total = fn.add(total, x)
        sums.append(total)
    check(xs, {"y": fn.concatenate(sums, 1)})


def test_a_kernel_of_too_many_arrays_is_refused():
    xs = numbers(1100)
    graph = Graph(tuple(xs), {"y": apply(padding.Concatenate(1), *xs)})
    with pytest.raises(CompileError, match=r"at most 998 arrays.*1,101"):
        compile(Module({"f": graph}, {}))

"""Does compiled code mean what the interpreter means? Every op's samples, in both variants, from Python and in
browsers.

One module an op: each sample is a function of it. The interpreter itself stands against the references in tests/ops.
"""

import base64
from functools import cache

import numpy as np
import pytest

from fanlight.compiler import TARGETS, compile
from fanlight.engines.wasm import WasmEngine
from fanlight.ir.graph import Graph, Input, Item, apply
from fanlight.ir.interpret import interpret
from fanlight.ir.module import Module
from fanlight.ops.registry import all_ops
from ops.cases import arrays_of, results_of, to_numpy

# Within 4 ulp of the true value (tests/lowering/test_decompose.py measures it); all other elementwise rows are exact.
APPROXIMATE = {
    "exp",
    "log",
    "tanh",
    "erf",
    "sin",
    "cos",
    "sigmoid",
    "expm1",
    "log1p",
    "power",
    "atan",
    "asin",
    "acos",
    "roots",
    "sinh",
    "cosh",
    "arcsinh",
    "arccosh",
    "arctanh",
    "arcsin",
    "arccos",
    "arctan",
    "arctan2",
    "i0",
    "i1",
    "logaddexp",
    "erfc",
}


def module_of(name):
    """The module of an op's samples, and the arrays for each of its functions."""
    graphs, arrays = {}, {}
    for number, sample in enumerate(all_ops()[name].samples()):
        inputs = tuple(apply(Input(f"x{k}", type)) for k, type in enumerate(sample.types))
        graphs[f"s{number}"] = Graph(inputs, results_of(sample.op, *inputs))
        arrays[f"s{number}"] = {f"x{k}": array for k, array in enumerate(arrays_of(sample))}
    return Module(graphs, {}), arrays


def check_close(found, expected, name, is_sum):
    """Equal to the bit but for NaN's, where the op is elementwise or moves; else within rounding of a sum."""
    if expected.dtype.kind != "f":
        np.testing.assert_array_equal(found, expected)
    elif name in APPROXIMATE:
        np.testing.assert_allclose(found, expected, rtol=6e-7, atol=1e-37)
    elif is_sum:
        np.testing.assert_allclose(found, expected, rtol=2e-6, atol=2e-6)
    else:
        np.testing.assert_array_equal(found, expected.astype(np.float32))


@pytest.mark.parametrize("variant", ["wasm-portable", "wasm-relaxed"])
@pytest.mark.parametrize("name", all_ops())
def test_wasm_agrees_with_the_interpreter(name, variant):
    module, arrays = module_of(name)
    assert module.functions, f"{name} has no samples"
    compiled = compile(module, TARGETS[variant])
    engine = WasmEngine(compiled.program, compiled.code)
    for function, graph in module.functions.items():
        with np.errstate(all="ignore"):
            expected = {key: to_numpy(y) for key, y in interpret(graph, arrays[function])[0].items()}
        ops = [value for value in graph.order if value.inputs and not isinstance(value.op, Item)]
        is_sum = any(value.op.bodies or value.op.nest(*(x.type for x in value.inputs)).reduce for value in ops)
        is_sum = is_sum or variant == "wasm-relaxed"
        found = engine.call(function, arrays[function])
        for key, y in expected.items():
            check_close(found[key], y, name, is_sum)


# Functions that give other numbers than wasmtime: portable code to the bit (all NaN count as one); relaxed code, which
# may fuse or not, within rounding. null where the browser cannot run the code.
PAGE = """
async ({ cases, tolerance }) => {
  const failures = [];
  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  for (const { name, code, pages, functions } of cases) {
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    if (tolerance && !WebAssembly.validate(bytes(code))) return null;
    const { instance } = await WebAssembly.instantiate(bytes(code), { env: { memory } });
    for (const { label, inputs, outputs } of functions) {
      for (const [at, data] of inputs) new Uint8Array(memory.buffer).set(bytes(data), at);
      const status = instance.exports[label]();
      for (const { data, offset, is_float } of outputs) {
        const expected = bytes(data);
        const found = new Uint8Array(memory.buffer, offset, expected.length).slice();
        const view = (array) => (is_float ? new Float32Array(array.buffer) : array);
        const a = view(found), b = view(expected);
        let same = status === 0 && a.length === b.length;
        const isClose = (x, y) => Object.is(x, y) || Math.abs(x - y) <= tolerance * (1 + Math.abs(y));
        for (let i = 0; same && i < a.length; i++) same = isClose(a[i], b[i]);
        if (!same) failures.push(`${name}.${label}`);
      }
    }
  }
  return failures;
}
"""


@cache
def browser_case(name, variant):
    """One op's module, with the bytes that wasmtime gives for each sample."""
    module, arrays = module_of(name)
    compiled = compile(module, TARGETS[variant])
    engine = WasmEngine(compiled.program, compiled.code)
    functions = []
    for label, procedure in compiled.program.procedures.items():
        found = engine.call(label, arrays[label])
        places = {key: compiled.program.buffers[buffer].offset for key, buffer in procedure.inputs.items()}
        functions.append(
            {
                "label": label,
                "inputs": [[places[key], encoded(array)] for key, array in arrays[label].items()],
                "outputs": [
                    {
                        "data": encoded(found[key]),
                        "offset": compiled.program.buffers[buffer].offset,
                        "is_float": found[key].dtype == np.float32,
                    }
                    for key, buffer in procedure.outputs.items()
                ],
            }
        )
    pages = -(-compiled.program.bytes // 65536)
    return {"name": name, "code": encoded(compiled.code), "pages": pages, "functions": functions}


def encoded(data):
    return base64.b64encode(data if isinstance(data, bytes) else np.ascontiguousarray(data).tobytes()).decode()


def failures_in(tab, variant, tolerance):
    names, failures = list(all_ops()), []
    for start in range(0, len(names), 12):
        cases = [browser_case(name, variant) for name in names[start : start + 12]]
        found = tab.evaluate(PAGE, {"cases": cases, "tolerance": tolerance})
        if found is None:
            pytest.skip(f"{tab.browser} has no relaxed SIMD")
        failures += found
    return failures


def test_browsers_give_the_same_bits(tab):
    assert failures_in(tab, "wasm-portable", 0) == []


@pytest.mark.full
def test_relaxed_code_in_browsers(tab):
    assert failures_in(tab, "wasm-relaxed", 2e-6) == []

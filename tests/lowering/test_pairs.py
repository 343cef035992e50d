"""Are products of 8-bit numbers computed with 16-bit instructions, and exact? All kinds of shapes, on every rung."""

import numpy as np
import pytest

from evaluate import evaluate_graph
from fanlight.compiler import TARGETS, compile
from fanlight.engines.wasm import WasmEngine
from fanlight.ir.dim import size
from fanlight.ir.graph import Graph, Input, State, apply
from fanlight.ir.interpret_program import call_program
from fanlight.ir.module import Module, StateSpec
from fanlight.ir.types import Type
from fanlight.ops import functions as fn

BATCH = size("batch", 1, 9)
X_ZERO, W_ZERO = 131, 3


def centred(x, zero):
    return fn.subtract(fn.cast(x, "int32"), zero)


def requantized(y, bias):
    """What a quantized layer gives: scaled, rounded, moved, cut off."""
    found = fn.multiply(fn.cast(fn.add(y, bias), "float32"), 0.01)
    return fn.cast(fn.add(fn.round(found), 100.0), "uint8")


def conv(strides=1, padding="valid"):
    def product(x, w):
        return fn.conv(x, w, strides=strides, padding=padding)

    return product


def depthwise(x, w):
    return fn.depthwise_conv(x, w, padding="same")


CASES = {  # product, shape of x, shape of w, kinds of the kernels that add products up
    "matmul": (fn.matmul, (BATCH, 16), (16, 24), "contract"),
    "matmul, odd": (fn.matmul, (BATCH, 7), (7, 5), "contract"),
    "matmul, one term": (fn.matmul, (5, 1), (1, 9), "reduce"),
    "one row": (fn.matmul, (1, 40), (40, 33), "contract"),
    "batched": (fn.matmul, (3, 4, 6), (3, 6, 10), "contract"),
    "pointwise": (conv(), (BATCH, 5, 3, 8), (1, 1, 8, 20), "contract"),
    "3x3": (conv(padding="same"), (BATCH, 5, 6, 4), (3, 3, 4, 12), "contract"),
    "colours": (conv(2, "same"), (BATCH, 9, 8, 3), (3, 3, 3, 8), "contract"),
    "groups": (conv(), (2, 5, 5, 8), (3, 3, 2, 16), "reduce"),
    "depthwise": (depthwise, (BATCH, 6, 5, 7), (3, 3, 7, 1), "reduce"),
}


def graph_of(name):
    product, x, w, _ = CASES[name]
    data, weights = apply(Input("x", Type("uint8", x))), apply(State("w", Type("int8", w)))
    y = product(centred(data, X_ZERO), centred(weights, W_ZERO))
    bias = fn.subtract(fn.multiply(fn.iota((y.shape[-1],)), 1000), 2000)
    again = fn.sum(centred(requantized(y, bias), 7), -1)
    graph = Graph((data,), {"y": y, "q": requantized(y, bias), "s": again})
    return Module({"f": graph}, {"w": StateSpec(weights.type)})


@pytest.mark.parametrize("name", CASES)
def test_products_of_bytes_are_exact_and_in_pairs(name):
    _, x_shape, w_shape, kind = CASES[name]
    module = graph_of(name)
    random = np.random.default_rng(len(name))
    x = random.integers(0, 256, tuple(3 if each is BATCH else each for each in x_shape), np.uint8)
    w = random.integers(-128, 128, w_shape).astype(np.int8)
    expected, _ = evaluate_graph(module.functions["f"], {"x": x}, {"w": w})
    for target in TARGETS.values():
        made = compile(module, target)
        found = [k for k in made.program.procedures["f"].kernels if k.combine == "add" and k.value.op == "mul"]
        assert [k.kind for k in found] == [kind]
        assert [node.args[0].dtype for node in found[0].value.args] == ["int16", "int16"]
        engine = WasmEngine(made.program, made.code)
        engine.set_state({"w": w})
        _, interpreted, _ = call_program(made.program, "f", {"x": x}, {"w": w})
        for label, outputs in engine.call("f", {"x": x}).items():
            np.testing.assert_array_equal(outputs, expected[label])
            np.testing.assert_array_equal(interpreted[label].nested(), expected[label])

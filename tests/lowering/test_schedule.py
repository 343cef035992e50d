"""Which kernels become products with tiles? Convolutions of all kinds, and their gradients, are `contract`."""

import numpy as np
import pytest

from fanlight.compiler import compile
from fanlight.engines.wasm import WasmEngine
from fanlight.ir.dim import size
from fanlight.ir.graph import Graph, Input, apply
from fanlight.ir.module import Module
from fanlight.ir.types import Type
from fanlight.ops import functions as fn

BATCH = size("batch", 1, 16)


def products(function, *shapes):
    """The kinds of the kernels of a function that add up products of two operands, by the axes that they reduce."""
    inputs = tuple(apply(Input(f"x{k}", Type("float32", shape))) for k, shape in enumerate(shapes))
    outputs = {f"y{k}": y for k, y in enumerate(function(*inputs))}
    program = compile(Module({"f": Graph(inputs, outputs)}, {})).program
    kernels = program.procedures["f"].kernels
    return [k.kind for k in kernels if k.combine == "add" and k.value is not None and k.value.op in ("mul", "guard")]


def with_gradients(function):
    """The function and its gradients with respect to all its arguments."""

    def all_of(*xs):
        y = function(*xs)
        return y, *fn.gradient(fn.sum(fn.square(y)), list(xs))

    return all_of


FIRST = {"data_format": "channels_first"}

CONVOLUTIONS = {
    "1-D": (fn.conv, {}, (BATCH, 20, 8), (3, 8, 16)),
    "2-D": (fn.conv, {"padding": "same"}, (BATCH, 9, 8, 8), (3, 3, 8, 16)),
    "3-D": (fn.conv, {}, (BATCH, 4, 5, 6, 8), (2, 3, 2, 8, 16)),
    "strided": (fn.conv, {"strides": 2, "padding": "same"}, (BATCH, 9, 8, 8), (3, 3, 8, 16)),
    "strided and dilated": (fn.conv, {"strides": 2, "dilation_rate": 2}, (BATCH, 9, 9, 8), (3, 3, 8, 16)),
    "groups": (fn.conv, {"strides": 2}, (BATCH, 9, 8, 16), (3, 3, 4, 32)),
    "channels first": (fn.conv, FIRST, (BATCH, 8, 9, 8), (3, 3, 8, 16)),
    "channels first, groups": (fn.conv, FIRST, (BATCH, 8, 9, 8), (3, 3, 4, 16)),
    "transposed": (fn.conv_transpose, {"strides": 2, "padding": "same"}, (BATCH, 5, 4, 8), (3, 3, 16, 8)),
    "transposed 1-D": (fn.conv_transpose, {"strides": 2}, (BATCH, 5, 8), (4, 16, 8)),
    "transposed 3-D": (fn.conv_transpose, {"strides": 2}, (BATCH, 3, 4, 3, 8), (2, 2, 2, 16, 8)),
}


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_convolutions_and_their_gradients_are_contracted(name):
    function, options, image, kernel = CONVOLUTIONS[name]
    assert products(with_gradients(lambda x, k: function(x, k, **options)), image, kernel) == ["contract"] * 3


EINSUMS = {
    "btd,dnh->btnh": ((BATCH, 7, 32), (32, 4, 16)),
    "btnh,nhd->btd": ((BATCH, 7, 4, 16), (4, 16, 32)),
    "btnh,bsnh->bnts": ((BATCH, 7, 4, 16), (BATCH, 8, 4, 16)),
    "bnts,bsnh->btnh": ((BATCH, 4, 7, 8), (BATCH, 8, 4, 16)),
    "btd,dnh->btnh, narrow": ((BATCH, 7, 32), (32, 16, 2)),
    "bij,jk->ikb": ((8, 5, 6), (6, 7)),
}


@pytest.mark.parametrize("name", EINSUMS)
def test_sums_over_shared_axes_are_contracted(name):
    assert products(lambda a, b: (fn.einsum(name.partition(", ")[0], a, b),), *EINSUMS[name]) == ["contract"]


@pytest.mark.parametrize("heads", [4, 2], ids=["as many heads", "shared heads"])
def test_attention_and_its_gradients_are_contracted(heads):
    """Two products, and two gradients of each; the gradient of softmax sums products along its own axis."""
    shapes = (BATCH, 7, 4, 16), (BATCH, 8, heads, 16), (BATCH, 8, heads, 16)
    assert sorted(products(with_gradients(fn.dot_product_attention), *shapes)) == ["contract"] * 6 + ["reduce"]


def test_a_product_that_reads_a_movement_with_quotients_gets_a_copy():
    """`x[j // 6, j % 6]` transposed: its address is not even in j, so it is copied first."""

    def function(x, y):
        return (fn.matmul(fn.reshape(fn.transpose(x), (4, 18)), y),)

    assert products(function, (6, 12), (18, 16)) == ["contract"]


def test_a_long_sum_is_split_in_each_round_of_a_loop():
    """Its parts come from what the loop changes, so that neither kernel may leave the loop."""

    def function(x):
        return (fn.while_loop(lambda x: fn.less(fn.sum(x), 1e6), lambda x: fn.add(x, 1.0), x),)

    x = apply(Input("x", Type("float32", (300_000,))))
    made = compile(Module({"f": Graph((x,), {"y": function(x)[0]})}, {}))
    found = WasmEngine(made.program, made.code).call("f", {"x": np.zeros(300_000, "float32")})["y"]
    np.testing.assert_array_equal(found, np.full(300_000, 4, "float32"))


def test_groups_narrower_than_a_vector_are_not_split():
    assert products(lambda x, k: (fn.conv(x, k),), (BATCH, 9, 8, 16), (3, 3, 1, 16)) == ["reduce"]

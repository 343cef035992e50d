"""Is an array of which only a copy inside a larger one is read computed there, and is the rest of that one stored?"""

import numpy as np
import pytest

from evaluate import evaluate_graph
from fanlight.compiler import compile
from fanlight.engines.wasm import WasmEngine
from fanlight.ir.dim import size
from fanlight.ir.graph import Graph, Input, State, apply
from fanlight.ir.interpret_program import call_program
from fanlight.ir.kernel import kernels_of
from fanlight.ir.module import Module, StateSpec
from fanlight.ir.parse_program import parse_program
from fanlight.ir.program_text import program_text
from fanlight.ir.types import Type
from fanlight.ops import functions as fn

BATCH = size("batch", 1, 4)
HEIGHT = size("height", 3, 9)
IMAGE, KERNEL, TAPS = (BATCH, 7, 6, 5), (1, 1, 5, 12), (3, 3, 12, 1)


def given(*shapes, dtype="float32"):
    return tuple(apply(Input(f"x{k}", Type(dtype, shape))) for k, shape in enumerate(shapes))


def check(inputs, outputs, state=None, heights=(3, 9)):
    """The kernels of a function that gives what its graph says, whatever lies in its memory, at several sizes."""
    graph = Graph(inputs, outputs)
    compiled = compile(Module({"f": graph}, {name: StateSpec(type) for name, type in graph.state.items()}))
    assert parse_program(program_text(compiled.program)) == compiled.program
    engine, program = WasmEngine(compiled.program, compiled.code), compiled.program
    rng = np.random.default_rng(0)
    held = {name: rng.normal(size=type.shape).astype("float32") for name, type in graph.state.items()}
    engine.set_state(held)
    arena = min(b.offset for b in program.buffers.values() if b.space not in ("state", "derived"))
    for batch, height in ((1, heights[0]), (3, heights[-1])):
        extents = {"batch": batch, "height": height}
        arrays = {
            x.op.label: np.asarray(
                rng.normal(size=[extents[e.name] if not isinstance(e, int) else e for e in map(single, x.shape)]) * 9,
                x.dtype,
            )
            for x in inputs
        }
        expected, _ = evaluate_graph(graph, arrays, held)
        engine._bytes[arena:] = 0xAB
        found = engine.call("f", arrays)
        for name, value in expected.items():
            np.testing.assert_allclose(found[name], value, atol=1e-4, rtol=1e-5)
    _, run, _ = call_program(program, "f", arrays, held)
    for name, value in expected.items():
        np.testing.assert_allclose(np.asarray(run[name].nested()), value, atol=1e-4, rtol=1e-5)
    return list(kernels_of(program.procedures["f"].kernels))


def single(extent):
    return extent if isinstance(extent, int) else next(iter(extent.terms))[0][0]


def copies(kernels):
    """How many kernels copy an array into a larger one."""
    return sum(store.value.op == "guard" for k in kernels if k.kind == "map" for store in k.stores)


def fills(kernels):
    """How many kernels read nothing."""
    return sum(k.touched == k.written for k in kernels)


def test_a_product_is_stored_inside_the_border_that_a_depthwise_convolution_reads():
    x, k, taps = given(IMAGE, KERNEL, TAPS)
    y = fn.depthwise_conv(fn.relu(fn.conv(x, k)), taps, padding="same")
    kernels = check((x, k, taps), {"y": y})
    assert copies(kernels) == 0 and fills(kernels) == 2, "above and below, left and right"
    assert [k.kind for k in kernels if k.value is not None] == ["contract", "reduce"]


WIDTHS = {
    "both sides of two axes": ((0, 0), (1, 1), (2, 2), (0, 0)),
    "the end": ((0, 0), (0, 1), (0, 1), (0, 0)),
    "the beginning": ((0, 0), (2, 0), (0, 0), (0, 0)),
    "different sides": ((0, 0), (1, 2), (3, 1), (0, 0)),
    "channels": ((0, 0), (0, 0), (0, 0), (1, 2)),
    "rows of the batch": ((1, 0), (0, 0), (1, 1), (0, 0)),
}


@pytest.mark.parametrize("border", [0.0, -np.inf, 2.5], ids=str)
@pytest.mark.parametrize("name", WIDTHS)
def test_borders_of_all_widths(name, border):
    x, k = given(IMAGE, KERNEL)
    y = fn.pad(fn.relu(fn.conv(x, k)), WIDTHS[name], constant_values=border)
    kernels = check((x, k), {"y": fn.max(y, axis=1), "sum": fn.maximum(fn.min(y, axis=2), -50.0)})
    assert copies(kernels) == 0


def test_open_lengths():
    (x, k, taps) = given((BATCH, HEIGHT, 6, 4), (3, 3, 4, 8), (3, 3, 8, 1))
    y = fn.depthwise_conv(fn.conv(x, k), taps, padding="same")
    assert copies(check((x, k, taps), {"y": y})) == 0


def test_the_border_of_a_pooling():
    x, k = given(IMAGE, KERNEL)
    y = fn.max_pool(fn.conv(x, k), 3, 1, padding="same")
    assert copies(check((x, k), {"y": y})) == 0


@pytest.mark.parametrize("axis", [1, 2, 3])
def test_products_are_stored_side_by_side(axis):
    x, *kernels = given(IMAGE, KERNEL, (3, 3, 5, 12), KERNEL)
    y = fn.concatenate([fn.relu(fn.conv(x, k, padding="same")) for k in kernels], axis)
    found = check((x, *kernels), {"y": reader(y)})
    assert [k.kind for k in found if k.value is not None] == ["contract"] * 4
    assert copies(found) == 1, "the border of x"


def reader(y):
    """A product of all that lies side by side: what it reads must lie in memory."""
    return fn.conv(y, apply(State("reader", Type("float32", (1, 1, y.shape[-1], 4)))))


def test_what_cannot_be_computed_inside_is_copied_part_by_part():
    x, k = given(IMAGE, (1, 1, 5, 5))
    y = fn.concatenate([x, fn.conv(x, k), fn.tanh(x)[:, :, :, :2]], 3)
    kernels = check((x, k), {"y": reader(y)})
    assert copies(kernels) == 0 and sum(k.kind == "map" for k in kernels) == 2, "x, and tanh"


def test_a_border_around_joined_arrays():
    x, k, other = given(IMAGE, KERNEL, KERNEL)
    y = fn.concatenate([fn.conv(x, k), fn.conv(x, other)], 3)
    wide = fn.pad(y, ((0, 0), (1, 1), (1, 1), (0, 0)))
    assert copies(check((x, k, other), {"y": reader(wide)})) == 1
    wider = fn.pad(wide, ((0, 0), (0, 0), (2, 0), (0, 3)), constant_values=1.0)
    check((x, k, other), {"y": reader(wider)})


def test_one_array_twice():
    x, k = given(IMAGE, KERNEL)
    y = fn.conv(x, k)
    check((x, k), {"y": reader(fn.concatenate([y, y], 2))})


def test_lines_of_open_lengths():
    x, k, other = given((BATCH, HEIGHT, 6, 4), (3, 3, 4, 8), (3, 1, 4, 8))
    y = fn.concatenate([fn.conv(x, k), fn.tanh(x[:, :, :4, :1]) * fn.ones((8,)), fn.conv(x[:, :, 2:], other)], 1)
    assert copies(check((x, k, other), {"y": reader(y)})) == 0


def test_a_choice_that_reaches_beyond_the_end():
    (x,) = given((BATCH, 6))
    y = fn.cumsum(x, 1)
    rolled = fn.concatenate([fn.roll(y, 2, 1), fn.roll(y, -1, 0)], 1)
    check((x,), {"y": reader(fn.reshape(rolled, (BATCH, 1, 1, 12)))})


def test_whole_numbers():
    (x,) = given((BATCH, 5, 6), dtype="int32")
    taps = fn.reshape(fn.pad(fn.cumsum(x, 1) * 3, ((0, 0), (1, 1), (0, 0))), (BATCH, 42))
    check((x,), {"y": fn.sum(taps, axis=1)})


def test_an_array_that_is_read_elsewhere_is_copied():
    x, k, taps = given(IMAGE, KERNEL, TAPS)
    inner = fn.conv(x, k)
    y = fn.depthwise_conv(inner, taps, padding="same")
    assert copies(check((x, k, taps), {"y": y + fn.tanh(inner)})) == 1
    assert copies(check((x, k, taps), {"y": y, "inner": inner})) == 1


def test_an_input_is_copied():
    x, taps = given((BATCH, 7, 6, 12), TAPS)
    assert copies(check((x, taps), {"y": fn.depthwise_conv(x, taps, padding="same")})) == 1


def test_what_comes_from_state_alone_is_still_computed_once():
    kernel = apply(State("kernel", Type("float32", (5, 5))))
    (x,) = given((BATCH, 35))
    wide = fn.reshape(fn.pad(fn.matmul(kernel, kernel), ((0, 0), (1, 1))), (35,))
    kernels = check((x,), {"y": fn.sum(x * wide, axis=1)})
    assert not any("kernel" in k.touched for k in kernels)

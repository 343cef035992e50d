"""Do maps visit every point once, in vectors and in what is left, for all lengths, chunks and sizes?"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanlight.ir import dim as dims
from fanlight.ir.kernel import Axis, Kernel, Layout, Store
from fanlight.ir.scalar import Scalar, cast, const, guard, inside, make, read, select
from fanlight.lowering.collapse import collapse
from fanlight.targets.wasm.spelling import PORTABLE, RELAXED
from targets.kernels import assemble, axes_of, check, element, map_kernel, numbers, operand, run


def small(x: Scalar, y: Scalar) -> Scalar:
    return make("max", x * y + x, const(0.0))


def large(x: Scalar, y: Scalar) -> Scalar:
    """More nodes than are written twice."""
    value = x
    for k in range(12):
        value = value * y + select(value > float(k), x, y)
    return value


BODIES = pytest.mark.parametrize("body", [small, large])


@BODIES
@pytest.mark.parametrize("length", range(18))
def test_all_lengths(body, length, rng):
    for rows in ((), (2,)):
        axes = axes_of(*rows, length)
        shape = (*rows, length)
        operands = [operand(name, "float32", *shape) for name in "xyz"]
        arrays = {name: numbers(rng, "float32", int(np.prod(shape))) for name in "xyz"}
        check(map_kernel(axes, operands, body(element(0, axes), element(1, axes))), arrays)


@BODIES
@pytest.mark.parametrize("chunk", [(0, 0), (0, 1), (3, 9), (5, 40), (39, 40)])
def test_chunks_of_the_first_axis(body, chunk, rng):
    axes = axes_of(40)
    operands = [operand(name, "float32", 40) for name in "xyz"]
    arrays = {name: numbers(rng, "float32", 40) for name in "xyz"}
    check(map_kernel(axes, operands, body(element(0, axes), element(1, axes))), arrays, chunk=chunk)
    axes = axes_of(40, 3)
    operands = [operand(name, "float32", 40, 3) for name in "xyz"]
    arrays = {name: numbers(rng, "float32", 120) for name in "xyz"}
    check(map_kernel(axes, operands, body(element(0, axes), element(1, axes))), arrays, chunk=chunk)


@BODIES
@pytest.mark.parametrize("batch", [1, 2, 5, 8])
def test_open_sizes(body, batch, rng):
    size = dims.size("batch", 1, 8)
    for shape in ((size, 7), (3, size), (size, size + 1), (2, size, 4)):
        axes = axes_of(*shape)
        operands = [operand(name, "float32", *shape) for name in "xyz"]
        kernel = map_kernel(axes, operands, body(element(0, axes), element(1, axes)))
        count = dims.upper(dims.product(shape))
        arrays = {name: numbers(rng, "float32", count) for name in "xyz"}
        check(kernel, arrays, sizes={"batch": batch})
        check(collapse(kernel), arrays, sizes={"batch": batch})


@pytest.mark.parametrize("dtype", ["int32", "uint32", "uint8", "int8", "int64", "bool"])
@pytest.mark.parametrize("length", [1, 2, 3, 4, 5, 7, 8, 11, 16, 17])
def test_all_dtypes(dtype, length, rng):
    axes = axes_of(3, length)
    x, y = element(0, axes, dtype), element(1, axes, dtype)
    value = make("xor", x, y) if dtype == "bool" else make("max", x * y + x, y)
    operands = [operand(name, dtype, 3, length) for name in "xyz"]
    check(map_kernel(axes, operands, value), {name: numbers(rng, dtype, 3 * length) for name in "xyz"})


def test_one_point(rng):
    operands = [operand("x", "float32"), operand("y", "float32")]
    check(map_kernel((), operands, read(0, (), "float32") * 3.0), {name: numbers(rng, "float32", 1) for name in "xy"})


def test_several_results_are_computed_before_any_is_stored(rng):
    """The update of an optimizer: both results need both old values."""
    for length in (1, 4, 6, 29):
        axes = axes_of(length)
        place = (axes[0].index,)
        operands = tuple(operand(name, "float32", length) for name in ("weight", "slot", "gradient"))
        weight, slot, gradient = (element(k, axes) for k in range(3))
        updated = slot * 0.5 + gradient * weight
        stores = (
            Store(0, place, weight - updated / (make("sqrt", updated * updated) + 1e-3)),
            Store(1, place, updated),
        )
        kernel = Kernel("update", "map", axes, operands, stores)
        check(kernel, {name: rng.normal(size=length).astype(np.float32) for name in ("weight", "slot", "gradient")})


def test_values_that_do_not_change_are_computed_outside_of_the_loop():
    axes = axes_of(30, 64)
    i, j = (axis.index for axis in axes)
    row = make("sqrt", read(1, (i,), "float32"))
    operands = [operand("x", "float32", 30, 64), operand("scale", "float32", 30), operand("y", "float32", 30, 64)]
    binary, _ = assemble(map_kernel(axes, operands, read(0, (i, j), "float32") * row))
    assert binary.count(b"\x91") == 1  # f32.sqrt, not f32x4.sqrt
    assert b"\xfd\xe3\x01" not in binary


def test_a_transposed_read(rng):
    axes = axes_of(5, 9)
    i, j = (axis.index for axis in axes)
    kernel = map_kernel(
        axes, [operand("x", "float32", 9, 5), operand("y", "float32", 5, 9)], read(0, (j, i), "float32")
    )
    got = check(kernel, {"x": numbers(rng, "float32", 45), "y": np.zeros(45, np.float32)})
    assert got["y"].size == 45


def test_repeated_elements(rng):
    """An index that is divided: no four neighbours at once."""
    axes = axes_of(3, 10)
    i, j = (axis.index for axis in axes)
    kernel = map_kernel(
        axes, [operand("x", "float32", 3, 5), operand("y", "float32", 3, 10)], read(0, (i, j // 2), "float32")
    )
    check(kernel, {"x": numbers(rng, "float32", 15), "y": np.zeros(30, np.float32)})


def test_padding_of_images(rng):
    axes = axes_of(2, 6, 5, 3)
    n, h, w, c = (axis.index for axis in axes)
    condition = make("and", inside(h - 1, 4), inside(w - 1, 3))
    value = guard(condition, read(0, (n, h - 1, w - 1, c), "float32"), const(0.0))
    kernel = map_kernel(axes, [operand("x", "float32", 2, 4, 3, 3), operand("y", "float32", 2, 6, 5, 3)], value)
    arrays = {"x": numbers(rng, "float32", 72), "y": np.zeros(180, np.float32)}
    check(kernel, arrays)
    check(collapse(kernel), arrays)


def test_broadcast_views(rng):
    axes = axes_of(4, 6)
    row = operand("x", "float32", 4, 6, layout=Layout((0, 1), 2))
    column = operand("y", "float32", 4, 6, layout=Layout((1, 0), 1))
    value = element(0, axes) * element(1, axes)
    for width in (6, 3):
        axes = axes_of(4, width)
        kernel = map_kernel(axes, [row, column, operand("z", "float32", 4, width)], value)
        check(kernel, {name: numbers(rng, "float32", 24) for name in "xyz"})


def test_relaxed_code_is_close_to_portable_code(rng):
    axes = axes_of(21)
    operands = [operand(name, "float32", 21) for name in "xyz"]
    arrays = {name: rng.normal(size=21).astype(np.float32) for name in "xyz"}
    kernel = map_kernel(axes, operands, small(element(0, axes), element(1, axes)))
    portable, relaxed = run(kernel, arrays, PORTABLE), run(kernel, arrays, RELAXED)
    np.testing.assert_allclose(portable["z"], relaxed["z"], rtol=1e-6, atol=1e-6)


@st.composite
def kernels(draw) -> Kernel:
    """Maps over views with random strides, offsets and dtypes."""
    extents = draw(st.lists(st.integers(1, 9), min_size=1, max_size=3))
    axes = tuple(Axis(f"i{k}", extent) for k, extent in enumerate(extents))
    dtype = draw(st.sampled_from(["float32", "int32", "uint8", "int8"]))
    views = []
    for name in "xy":
        strides = tuple(draw(st.integers(-3, 12)) for _ in extents)
        low = sum(min(0, s * (e - 1)) for s, e in zip(strides, extents, strict=True))
        views.append(operand(name, dtype, *extents, layout=Layout(strides, -low)))
    x, y = element(0, axes, dtype), element(1, axes, dtype)
    values = [make("add", x, y), make("max", make("mul", x, x), y), cast(make("lt", x, y), dtype)]
    results = [operand(f"z{k}", dtype, *extents) for k in range(2)]
    chosen = [draw(st.sampled_from(values)) for _ in results]
    return map_kernel(axes, [*views, *results], *chosen)


@given(kernels())
def test_random_maps(kernel):
    rng = np.random.default_rng(3)
    dtype = kernel.operands[0].type.dtype
    arrays = {o.buffer: numbers(rng, dtype, 9**3 if o.buffer[0] == "z" else 300) for o in kernel.operands}
    check(kernel, arrays)
    check(collapse(kernel), arrays)


def test_code_stays_small():
    """A chain of additions and a long expression: what their loops cost in bytes."""
    axes = axes_of(1000)
    operands = [operand(name, "float32", 1000) for name in "xyz"]
    _, add = assemble(map_kernel(axes, operands, element(0, axes) + element(1, axes)))
    _, long = assemble(map_kernel(axes, operands, large(element(0, axes), element(1, axes))))
    assert add < 200
    assert long < 900

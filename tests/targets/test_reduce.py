"""Do reductions combine every term once, in each of the three ways, for all lengths, chunks, sizes and dtypes?"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanlight.ir import dim as dims
from fanlight.ir.kernel import Axis, Kernel, Layout, Operand, Store
from fanlight.ir.scalar import Scalar, accumulator, const, guard, inside, make, read
from fanlight.ir.target import Target
from fanlight.lowering.collapse import collapse
from fanlight.targets.wasm.assembler import Module
from fanlight.targets.wasm.reduce import choose_way
from fanlight.targets.wasm.reduce_across import ReduceAcross
from fanlight.targets.wasm.reduce_along import ReduceAlong
from fanlight.targets.wasm.reduction import Reduction
from fanlight.targets.wasm.spelling import PORTABLE, RELAXED
from targets.kernels import axes_of, check, element, numbers, operand, run

CLOSE = 1e-5  # sums of a few hundred terms near 1, in another order
FLOATS = ["add", "max", "min", "mul"]


def reduction(
    axes: tuple[Axis, ...],
    reduce: tuple[Axis, ...],
    operands: tuple[Operand, ...],
    value: Scalar,
    combine: str = "add",
    result: Scalar | None = None,
) -> Kernel:
    """A kernel whose last operand takes the results."""
    place = tuple(axis.index for axis in axes)
    stores = (Store(len(operands) - 1, place, accumulator(value.dtype) if result is None else result),)
    return Kernel("kernel", "reduce", axes, operands, stores, value, reduce, combine)


def rows(count: dims.DimLike, length: dims.DimLike, combine: str = "add", dtype: str = "float32") -> Kernel:
    """y[i] = combined x[i, r]"""
    axes, reduce = axes_of(count), axes_of(length, prefix="r")
    operands = (operand("x", dtype, count, length), operand("y", dtype, count))
    return reduction(axes, reduce, operands, element(0, (*axes, *reduce), dtype), combine)


def columns(length: dims.DimLike, count: dims.DimLike, combine: str = "add", dtype: str = "float32") -> Kernel:
    """y[i] = combined x[r, i]"""
    axes, reduce = axes_of(count), axes_of(length, prefix="r")
    operands = (operand("x", dtype, length, count), operand("y", dtype, count))
    return reduction(axes, reduce, operands, element(0, (*reduce, *axes), dtype), combine)


def plain(rng: np.random.Generator, *counts: int) -> dict[str, np.ndarray]:
    return {name: rng.normal(size=n).astype(np.float32) for name, n in zip("xyz", counts, strict=False)}


@pytest.mark.parametrize("length", range(0, 18))
@pytest.mark.parametrize("combine", FLOATS)
def test_all_lengths_of_sums(combine, length, rng):
    for kernel in (rows(3, length, combine), columns(length, 3, combine), columns(length, 6, combine)):
        check(kernel, plain(rng, 6 * length, 6), rtol=CLOSE)


@pytest.mark.parametrize("count", [0, *range(1, 18), 33])
def test_all_counts_of_results(count, rng):
    for length in (2, 40):
        kernel = columns(length, count)
        in_order = choose_way(kernel) is not ReduceAlong  # then also the same bits
        check(kernel, plain(rng, count * length, count), rtol=0.0 if in_order else CLOSE)
        axes = axes_of(3, count)
        reduce = axes_of(length, prefix="r")
        operands = (operand("x", "float32", 3, length, count), operand("y", "float32", 3, count))
        value = element(0, (axes[0], *reduce, axes[1]))
        check(reduction(axes, reduce, operands, value), plain(rng, 3 * count * length, 3 * count), rtol=CLOSE)


@pytest.mark.parametrize("combine", ["max", "min"])
def test_nan_wins(combine, rng):
    for length in (3, 16, 37):
        for kernel in (rows(5, length, combine), columns(length, 5, combine), columns(length, 2, combine)):
            for _ in range(3):
                arrays = {"x": numbers(rng, "float32", 5 * length), "y": np.zeros(5, np.float32)}
                check(kernel, arrays)


@pytest.mark.parametrize("dtype", ["int32", "uint32", "uint8", "int8", "int64", "bool"])
@pytest.mark.parametrize("length", [1, 4, 7, 16, 50])
def test_all_dtypes(dtype, length, rng):
    for combine in ("max", "min") if dtype == "bool" else FLOATS:
        for kernel in (rows(3, length, combine, dtype), columns(length, 5, combine, dtype)):
            arrays = {"x": numbers(rng, dtype, 5 * length), "y": numbers(rng, dtype, 5)}
            check(kernel, arrays)


@pytest.mark.parametrize("batch", [1, 3, 4, 9, 21])
def test_open_sizes(batch, rng):
    size = dims.size("batch", 1, 21)
    for kernel in (rows(size, 7), rows(5, size), columns(size, 7), columns(5, size), rows(size, size)):
        check(kernel, plain(rng, 441, 21), rtol=CLOSE, sizes={"batch": batch})
        check(collapse(kernel), plain(rng, 441, 21), rtol=CLOSE, sizes={"batch": batch})


@pytest.mark.parametrize("chunk", [(0, 0), (0, 1), (2, 7), (3, 20), (19, 20)])
def test_chunks_of_the_first_axis(chunk, rng):
    for kernel in (rows(20, 9), columns(9, 20), rows(20, 2)):
        check(kernel, plain(rng, 180, 20), rtol=CLOSE, chunk=chunk)


def test_a_sum_of_everything(rng):
    axes: tuple[Axis, ...] = ()
    for shape in ((70,), (5, 14), (3, 4, 5)):
        reduce = axes_of(*shape, prefix="r")
        operands = (operand("x", "float32", *shape), operand("y", "float32"))
        kernel = reduction(axes, reduce, operands, element(0, reduce), result=accumulator("float32") / 70.0)
        check(kernel, plain(rng, 70, 1), rtol=CLOSE)
        check(collapse(kernel), plain(rng, 70, 1), rtol=CLOSE)


def heavy(x: Scalar) -> Scalar:
    """More nodes than are written twice, and not 0 where x is."""
    value = x * 0.1
    for k in range(10):
        value = make("abs", value - 0.1 * k) + value * 0.5 + 0.01
    return value


@pytest.mark.parametrize("length", [4, 5, 10, 11, 12, 31])
def test_heavy_terms_are_written_once(length, rng):
    axes, reduce = axes_of(3), axes_of(length, prefix="r")
    operands = (operand("x", "float32", 3, length), operand("y", "float32", 3))
    kernel = reduction(axes, reduce, operands, heavy(element(0, (*axes, *reduce))))
    assert choose_way(kernel) is ReduceAlong
    check(kernel, plain(rng, 3 * length, 3), rtol=CLOSE)
    size = dims.size("batch", 1, 40)
    axes, reduce = axes_of(3), axes_of(size, prefix="r")
    operands = (operand("x", "float32", 3, size), operand("y", "float32", 3))
    kernel = reduction(axes, reduce, operands, heavy(element(0, (*axes, *reduce))))
    check(kernel, plain(rng, 3 * length, 3), rtol=CLOSE, sizes={"batch": length})


def depthwise(width: int, channels: int, size: int, stride: int, residual: bool = False) -> Kernel:
    """A depthwise convolution of two images, two rows of results each, with bias and activation; or added to y."""
    height = 2 * stride + size - stride
    extent = (width - size) // stride + 1
    axes, reduce = axes_of(2, 2, extent, channels), axes_of(size, size, prefix="r")
    n, h, w, c = (axis.index for axis in axes)
    i, j = (axis.index for axis in reduce)
    value = read(0, (n, h * stride + i, w * stride + j, c), "float32") * read(1, (i, j, c), "float32")
    operands = (
        operand("x", "float32", 2, height, width, channels),
        operand("kernel", "float32", size, size, channels),
        operand("bias", "float32", channels),
        operand("y", "float32", 2, 2, extent, channels),
    )
    result = make("max", accumulator("float32") + read(2, (c,), "float32"), const(0.0))
    return reduction(axes, reduce, operands, value, result=result + element(3, axes) if residual else result)


def check_depthwise(kernel: Kernel, rng: np.random.Generator, target: Target = PORTABLE) -> None:
    counts = [dims.upper(o.type.count) for o in kernel.operands]
    arrays = {o.buffer: rng.normal(size=n).astype(np.float32) for o, n in zip(kernel.operands, counts, strict=True)}
    check(kernel, arrays, target, rtol=CLOSE)
    check(collapse(kernel), arrays, target, rtol=CLOSE)


@pytest.mark.parametrize("channels", [1, 3, 4, 10, 20])
@pytest.mark.parametrize("target", [PORTABLE, RELAXED], ids=["portable", "relaxed"])
def test_depthwise_convolution(channels, target, rng):
    check_depthwise(depthwise(6, channels, 3, 1), rng, target)


@pytest.mark.parametrize("size,stride", [(3, 1), (3, 2), (2, 1), (5, 1), (5, 2)])
@pytest.mark.parametrize("width", [5, 6, 8, 9, 11])
@pytest.mark.parametrize("residual", [False, True])
def test_positions_that_share_loads(size, stride, width, residual, rng):
    """The last block of positions overlaps the one before it, unless the output is read too."""
    check_depthwise(depthwise(width, 6, size, stride, residual), rng)


def test_how_many_positions_share_loads():
    def positions(*shape: int, residual: bool = False) -> int:
        module = Module()
        module.memory(1)
        way = ReduceAcross(module, collapse(depthwise(*shape, residual=residual)), {}, PORTABLE)
        return way.positions

    assert positions(16, 32, 3, 1) == positions(15, 32, 3, 1) == 4
    assert positions(15, 32, 3, 1, residual=True) == 1  # 13 results in a row: the last block would add twice
    assert positions(14, 32, 3, 1, residual=True) == 4
    assert positions(3, 32, 3, 1) == 1


@pytest.mark.parametrize("channels", [1, 5, 16])
@pytest.mark.parametrize("combine", ["max", "add"])
def test_pooling(channels, combine, rng):
    axes, reduce = axes_of(2, 3, 3, channels), axes_of(2, 2, prefix="r")
    n, h, w, c = (axis.index for axis in axes)
    i, j = (axis.index for axis in reduce)
    operands = (operand("x", "float32", 2, 6, 6, channels), operand("y", "float32", 2, 3, 3, channels))
    kernel = reduction(axes, reduce, operands, read(0, (n, 2 * h + i, 2 * w + j, c), "float32"), combine)
    for each in (kernel, collapse(kernel)):
        check(each, plain(rng, 72 * channels, 18 * channels), rtol=CLOSE)


def test_pooling_with_a_border(rng):
    axes, reduce = axes_of(4, 4, 5), axes_of(3, 3, prefix="r")
    h, w, c = (axis.index for axis in axes)
    i, j = (axis.index for axis in reduce)
    y, x = h + i - 1, w + j - 1
    value = guard(make("and", inside(y, 4), inside(x, 4)), read(0, (y, x, c), "float32"), const(float("-inf")))
    operands = (operand("x", "float32", 4, 4, 5), operand("y", "float32", 4, 4, 5))
    check(reduction(axes, reduce, operands, value, "max"), plain(rng, 80, 80))


def test_variance_about_a_given_mean(rng):
    """Terms that need a value of the result's index."""
    for across in (True, False):
        axes, reduce = axes_of(11), axes_of(13, prefix="r")
        order = (*reduce, *axes) if across else (*axes, *reduce)
        shape = (13, 11) if across else (11, 13)
        difference = element(0, order) - read(1, (axes[0].index,), "float32")
        operands = (operand("x", "float32", *shape), operand("mean", "float32", 11), operand("y", "float32", 11))
        kernel = reduction(axes, reduce, operands, difference * difference, result=accumulator("float32") / 13.0)
        arrays = plain(rng, 143, 11) | {"mean": rng.normal(size=11).astype(np.float32)}
        check(kernel, arrays, rtol=CLOSE)


def test_the_way_follows_the_layout():
    assert choose_way(rows(100, 100)) is ReduceAlong
    assert choose_way(columns(100, 100)) is ReduceAcross
    assert choose_way(columns(100, 3)) is ReduceAcross  # a gather along the sum would cost more
    assert choose_way(rows(100, 3)) is ReduceAcross  # by gathers
    assert choose_way(rows(3, 3)) is Reduction
    assert choose_way(rows(5, 100, dtype="int64")) is Reduction


def test_the_same_sum_has_the_same_bits_in_every_chunk(rng):
    kernel = rows(6, 50)
    arrays = plain(rng, 300, 6)
    whole = run(kernel, arrays)["y"]
    for k in range(6):
        assert run(kernel, arrays, chunk=(k, k + 1))["y"][k] == whole[k]


@st.composite
def kernels(draw) -> tuple[Kernel, str]:
    """Reductions over views with random strides."""
    extents = draw(st.lists(st.integers(1, 9), max_size=2))
    reduced = draw(st.lists(st.integers(1, 9), max_size=2))
    axes, reduce = axes_of(*extents), axes_of(*reduced, prefix="r")
    order = draw(st.permutations([*axes, *reduce]))
    dtype = draw(st.sampled_from(["float32", "int32", "uint8", "int8"]))
    shape = tuple(int(axis.extent) for axis in order)  # type: ignore[arg-type]
    strides = tuple(draw(st.sampled_from([-1, 0, 1, 2, 3, 9, 27])) for _ in shape)
    low = sum(min(0, s * (e - 1)) for s, e in zip(strides, shape, strict=True))
    operands = (operand("x", dtype, *shape, layout=Layout(strides, -low)), operand("y", dtype, *extents))
    combine = draw(st.sampled_from(["add", "max", "min"]))
    return reduction(axes, reduce, operands, element(0, order, dtype), combine), dtype


@given(kernels())
def test_random_reductions(case):
    kernel, dtype = case
    rng = np.random.default_rng(4)
    x = rng.normal(size=1200).astype(np.float32) if dtype == "float32" else numbers(rng, dtype, 1200)
    arrays = {"x": x, "y": np.zeros(81, dtype)}
    check(kernel, arrays, rtol=CLOSE if dtype == "float32" else 0.0)
    check(collapse(kernel), arrays, rtol=CLOSE if dtype == "float32" else 0.0)

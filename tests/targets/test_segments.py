"""Are loops cut exactly where conditions change? Padding, seams and edges, as segments and as what they compute."""

import numpy as np
import pytest

from fanlight.ir import dim as dims
from fanlight.ir.kernel import Axis, Kernel, Store
from fanlight.ir.scalar import Scalar, cast, const, guard, index, inside, make, read
from fanlight.targets.wasm.segments import cut
from fanlight.targets.wasm.vectorize import is_vector_value
from targets.kernels import axes_of, check, element, map_kernel, numbers, operand

ROW = Axis("i0", 12)
I = ROW.index  # noqa: E741


def segments(value: Scalar, axis: Axis = ROW) -> list[tuple[int, int, str]]:
    return [(s.begin, s.end, s.stores[0].value.op) for s in cut((Store(1, (axis.index,), value),), axis)]


@pytest.mark.parametrize(
    "condition,expected",
    [
        (inside(I - 2, 7), [(0, 2, "const"), (2, 9, "read"), (9, 12, "const")]),
        (index(I * 3) < index(10), [(0, 4, "read"), (4, 12, "const")]),
        (index(I * 3) <= index(9), [(0, 4, "read"), (4, 12, "const")]),
        (index(I * 3) < index(9), [(0, 3, "read"), (3, 12, "const")]),
        (index(7 - 2 * I) < index(0), [(0, 4, "const"), (4, 12, "read")]),
        (index(8 - 2 * I) <= index(0), [(0, 4, "const"), (4, 12, "read")]),
        (index(8 - 2 * I) < index(0), [(0, 5, "const"), (5, 12, "read")]),
        (index(7 - 2 * I) > index(0), [(0, 4, "read"), (4, 12, "const")]),
        (make("not", index(I) >= index(5)), [(0, 5, "read"), (5, 12, "const")]),
        (make("eq", index(I), index(3)), []),
        (make("eq", index(I // 2), index(3)), []),
        (index(I // 2) < index(3), []),
        (read(0, (I,), "int32") < 3, []),
    ],
)
def test_places_where_a_condition_changes(condition, expected):
    assert segments(guard(condition, read(0, (I,), "float32"), const(0.0))) == expected


def test_no_cuts_without_guards_or_with_open_places():
    size = dims.size("batch", 1, 9)
    assert segments(read(0, (I,), "float32")) == []
    assert segments(guard(index(I) < index(size), read(0, (I,), "float32"), const(0.0))) == []
    assert (
        segments(
            guard(index(Axis("i0", size).index) < index(4), read(0, (I,), "float32"), const(0.0)), Axis("i0", size)
        )
        == []
    )
    many = const(0.0)
    for k in range(1, 9):
        many = guard(index(I) < index(k), const(float(k)), many)
    assert segments(many) == []


@pytest.mark.parametrize("before,after", [(0, 1), (1, 0), (1, 1), (3, 5), (4, 8)])
@pytest.mark.parametrize("length", [1, 2, 5, 16, 28])
def test_padding(length, before, after, rng):
    """All borders of images with one channel, whose lanes lie along a row."""
    extent = length + before + after
    axes = axes_of(2, extent, extent)
    n, h, w = (axis.index for axis in axes)
    y, x = h - before, w - before
    value = guard(make("and", inside(y, length), inside(x, length)), read(0, (n, y, x), "float32"), const(0.5))
    operands = [operand("x", "float32", 2, length, length), operand("y", "float32", 2, extent, extent)]
    arrays = {"x": numbers(rng, "float32", 2 * length**2), "y": np.zeros(2 * extent**2, np.float32)}
    check(map_kernel(axes, operands, value), arrays)


def test_concatenation(rng):
    for sizes in ((3, 5, 2), (4, 4, 4), (1, 17, 3)):
        axes = axes_of(3, sum(sizes))
        i, j = (axis.index for axis in axes)
        value = read(2, (i, j - sizes[0] - sizes[1]), "float32")
        value = guard(index(j) < index(sizes[0] + sizes[1]), read(1, (i, j - sizes[0]), "float32"), value)
        value = guard(index(j) < index(sizes[0]), read(0, (i, j), "float32") * 2.0, value)
        operands = [operand(name, "float32", 3, size) for name, size in zip("abc", sizes, strict=True)]
        kernel = map_kernel(axes, [*operands, operand("y", "float32", 3, sum(sizes))], value)
        arrays = {name: numbers(rng, "float32", 3 * size) for name, size in zip("abc", sizes, strict=True)}
        check(kernel, arrays | {"y": np.zeros(3 * sum(sizes), np.float32)})


def packing(rows: int, columns: int) -> Kernel:
    """A matrix in panels of eight columns, zero beyond the last one."""
    panel, row, lane = Axis("panel", -(-columns // 8)), Axis("r0", rows), Axis("lane", 8)
    column = panel.index * 8 + lane.index
    value = guard(inside(column, columns), read(0, (row.index, column), "float32"), const(0.0))
    operands = [operand("x", "float32", rows, columns), operand("y", "float32", panel.extent, rows, 8)]
    return map_kernel((panel, row, lane), operands, value)


@pytest.mark.parametrize("columns", [1, 7, 8, 10, 24, 31])
def test_packing_reads_a_little_too_much_instead_of_branching(columns, rng):
    kernel = packing(5, columns)
    assert is_vector_value(kernel.stores[0].value, kernel.operands, "lane")
    count = kernel.operands[1].type.count
    assert isinstance(count, int)
    check(kernel, {"x": numbers(rng, "float32", 5 * columns), "y": np.zeros(count, np.float32)})


def test_far_reads_are_not_made_where_a_condition_fails():
    axes = axes_of(3, 8)
    i, j = (axis.index for axis in axes)
    for distance, is_vector in ((15, True), (40, False)):
        value = guard(index(i + j) < index(9), read(0, (i, j + distance), "float32"), const(0.0))
        operands = (operand("x", "float32", 3, 8), operand("y", "float32", 3, 8))
        assert is_vector_value(value, operands, "i1") is is_vector


def test_a_condition_of_the_row_is_tested_once(rng):
    axes = axes_of(4, 9)
    i, _ = (axis.index for axis in axes)
    value = guard(inside(i - 1, 2), cast(element(0, axes, "int32"), "float32"), const(-1.0))
    operands = [operand("x", "int32", 4, 9), operand("y", "float32", 4, 9)]
    check(map_kernel(axes, operands, value), {"x": numbers(rng, "int32", 36), "y": np.zeros(36, np.float32)})

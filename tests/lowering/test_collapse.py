"""Are loops joined where, and only where, all addresses allow it? (What joined kernels compute: tests/targets.)"""

from fanlight.ir import dim as dims
from fanlight.ir.kernel import Kernel, Layout, Store
from fanlight.ir.scalar import accumulator, cast, const, datum, guard, index, inside, make, read
from fanlight.lowering.collapse import collapse
from targets.kernels import axes_of, element, map_kernel, operand

BATCH = dims.size("batch", 1, 32)


def extents(kernel: Kernel) -> list[dims.DimLike]:
    return [axis.extent for axis in kernel.axes]


def test_elementwise_maps_have_one_loop():
    axes = axes_of(BATCH, 28, 1, 3)
    operands = [operand(name, "float32", BATCH, 28, 1, 3) for name in "xy"]
    kernel = collapse(map_kernel(axes, operands, make("abs", element(0, axes))))
    assert extents(kernel) == [84 * BATCH]
    assert repr(kernel.stores[0].value) == "abs(%0[i0])"
    assert kernel.operands[0].type.shape == (84 * BATCH,)


def test_empty_axes_stay_apart():
    axes = axes_of(3, 0)
    operands = [operand(name, "float32", 3, 0) for name in "xy"]
    assert extents(collapse(map_kernel(axes, operands, make("abs", element(0, axes))))) == [3, 0]


def test_a_broadcast_operand_keeps_its_axis_apart():
    axes = axes_of(BATCH, 4, 5)
    operands = [
        operand("x", "float32", BATCH, 4, 5),
        operand("bias", "float32", 5),
        operand("y", "float32", BATCH, 4, 5),
    ]
    kernel = collapse(map_kernel(axes, operands, element(0, axes) + read(1, (axes[2].index,), "float32")))
    assert extents(kernel) == [4 * BATCH, 5]
    assert repr(kernel.stores[0].value) == "add(%0[5*i0 + i2], %1[i2])"


def test_a_repeated_operand_and_borders_keep_their_axes_apart():
    axes = axes_of(3, 4, 5)
    i, j, k = (axis.index for axis in axes)
    operands = [operand("x", "float32", 3, 5), operand("y", "float32", 3, 4, 5)]
    assert extents(collapse(map_kernel(axes, operands, read(0, (i, k), "float32")))) == [3, 4, 5]
    padded = guard(inside(k - 1, 3), read(0, (i, k - 1), "float32"), const(0.0))
    assert extents(collapse(map_kernel(axes, operands, padded))) == [3, 4, 5]
    halves = read(0, (i, (5 * j + k) // 4), "float32")
    assert extents(collapse(map_kernel(axes, operands, halves))) == [3, 4, 5]


def test_views_join_where_their_rows_follow_each_other():
    axes = axes_of(3, 4)
    following = operand("x", "float32", 3, 4, layout=Layout((8, 2), 1))
    apart = operand("x", "float32", 3, 4, layout=Layout((9, 2), 1))
    backwards = operand("x", "float32", 3, 4, layout=Layout((-4, -1), 11))
    y = operand("y", "float32", 3, 4)
    assert extents(collapse(map_kernel(axes, [following, y], element(0, axes)))) == [12]
    assert extents(collapse(map_kernel(axes, [apart, y], element(0, axes)))) == [3, 4]
    kernel = collapse(map_kernel(axes, [backwards, y], element(0, axes)))
    assert extents(kernel) == [12]
    assert kernel.operands[0] == backwards


def test_row_major_indices_and_indices_from_data_join():
    axes = axes_of(3, 4)
    i, j = (axis.index for axis in axes)
    y = operand("y", "float32", 3, 4)
    number = cast(index(4 * i + j), "float32")
    assert repr(collapse(map_kernel(axes, [y], number)).stores[0].value) == "cast.f32([i0])"
    assert extents(collapse(map_kernel(axes, [y], cast(index(4 * i), "float32")))) == [3, 4]
    row = datum(read(1, (i, j), "int32"), 0, 9)
    operands = [operand("x", "float32", 10), operand("ids", "int32", 3, 4), y]
    assert extents(collapse(map_kernel(axes, operands, read(0, (row,), "float32")))) == [12]


def test_reductions_join_among_results_and_among_terms():
    axes, reduce = axes_of(BATCH, 6), axes_of(4, 5, prefix="r")
    value = element(0, (axes[0], *reduce, axes[1]))
    operands = (operand("x", "float32", BATCH, 4, 5, 6), operand("y", "float32", BATCH, 6))
    place = tuple(axis.index for axis in axes)
    kernel = Kernel("k", "reduce", axes, operands, (Store(1, place, accumulator("float32")),), value, reduce, "add")
    joined = collapse(kernel)
    assert extents(joined) == [BATCH, 6]
    assert [axis.extent for axis in joined.reduce] == [20]


def test_axes_of_length_one_are_gone():
    axes = axes_of(1, 1)
    kernel = collapse(
        map_kernel(axes, [operand("x", "float32", 1, 1), operand("y", "float32", 1, 1)], element(0, axes))
    )
    assert kernel.axes == ()
    assert repr(kernel.stores[0].value) == "%0[0]"


def test_products_are_left_alone():
    axes = axes_of(2, 3)
    kernel = map_kernel(axes, [operand("x", "float32", 2, 3), operand("y", "float32", 2, 3)], element(0, axes))
    product = Kernel(**{name: getattr(kernel, name) for name in Kernel.__slots__} | {"kind": "contract"})
    assert collapse(product) is product

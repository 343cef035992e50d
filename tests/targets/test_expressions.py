"""Is every row of SCALARS what `ir.evaluate` says, on every dtype, alone and in four lanes? What is computed once?"""

import numpy as np
import pytest

from fanlight.errors import CompileError
from fanlight.ir import dim as dims
from fanlight.ir.instructions import APPROXIMATE, SCALARS
from fanlight.ir.kernel import Kernel, Layout, Store
from fanlight.ir.scalar import bitcast, cast, const, datum, guard, index, inside, make, read, select
from fanlight.ir.types import DTYPES
from fanlight.targets.wasm.spelling import CASTS, PORTABLE, RELAXED, SPELLINGS
from targets.kernels import assemble, axes_of, check, element, map_kernel, numbers, operand, run

LENGTH = 19  # four vectors and three more
NOT_ROWS = {"cast", "bitcast", "guard", *APPROXIMATE}


def test_every_row_has_a_spelling_for_every_dtype_it_takes():
    for row, (_, kinds, _) in SCALARS.items():
        if row in NOT_ROWS:
            continue
        dtypes = {dtype for dtype, (_, _, kind) in DTYPES.items() if kind in kinds.split()}
        missing = {dtype for dtype in dtypes if (row, dtype) not in SPELLINGS}
        assert not missing, f"{row}: {missing}"
    assert set(SCALARS) - PORTABLE.spelled == set(APPROXIMATE)


def arguments(row: str, dtype: str, axes):
    """Reads for all arguments, and their dtypes; divisors are never zero."""
    count = SCALARS[row][0]
    dtypes = ["bool"] + [dtype] * 2 if row == "select" else [dtype] * count
    reads = [element(k, axes, each) for k, each in enumerate(dtypes)]
    if row in ("quotient", "remainder"):
        reads[1] = reads[1] | 1
    return reads, dtypes


def case(row: str, dtype: str, length: int) -> tuple[Kernel, list[str]]:
    axes = axes_of(length)
    reads, dtypes = arguments(row, dtype, axes)
    value = make(row, *reads)
    operands = [operand(f"x{k}", each, length) for k, each in enumerate(dtypes)]
    return map_kernel(axes, [*operands, operand("y", value.dtype, length)], value), [*dtypes, value.dtype]


@pytest.mark.parametrize("row,dtype", sorted(SPELLINGS))
def test_a_row_means_what_evaluate_says(row, dtype, rng):
    kernel, dtypes = case(row, dtype, LENGTH)
    arrays = {o.buffer: numbers(rng, d, LENGTH) for o, d in zip(kernel.operands, dtypes, strict=True)}
    check(kernel, arrays)


@pytest.mark.parametrize("source,dtype", sorted(CASTS))
def test_a_cast_means_what_evaluate_says(source, dtype, rng):
    axes = axes_of(LENGTH)
    kernel = map_kernel(
        axes,
        [operand("x", source, LENGTH), operand("y", dtype, LENGTH)],
        cast(element(0, axes, source), dtype),
    )
    check(kernel, {"x": numbers(rng, source, LENGTH), "y": numbers(rng, dtype, LENGTH)})


def test_all_casts_are_spelled():
    wanted = {(a, b) for a in DTYPES for b in DTYPES if a != b and b != "bool"}
    assert wanted | {("int16", "int32"), ("int32", "int16")} == set(CASTS)


@pytest.mark.parametrize("limit", [0.0, -0.0, 6.0, -2.5, float("inf"), float("nan")])
@pytest.mark.parametrize("row", ["min", "max"])
def test_bounds_keep_nan_and_signs_of_zero(row, limit, rng):
    axes = axes_of(16)
    for swapped in (False, True):
        sides = (element(0, axes), const(limit))
        value = make(row, *(sides[::-1] if swapped else sides))
        kernel = map_kernel(axes, [operand("x", "float32", 16), operand("y", "float32", 16)], value)
        x = np.array([0.0, -0.0, np.nan, np.inf, -np.inf, 6.0, -2.5, 1e-45] * 2, np.float32)
        check(kernel, {"x": x, "y": np.zeros(16, np.float32)})


def test_shifts_by_a_constant(rng):
    axes = axes_of(9)
    for dtype in ("int32", "uint32", "int64", "uint8", "int8"):
        for row in ("shift_left", "shift_right"):
            value = make(row, element(0, axes, dtype), const(3, dtype))
            kernel = map_kernel(axes, [operand("x", dtype, 9), operand("y", dtype, 9)], value)
            check(kernel, {"x": numbers(rng, dtype, 9), "y": numbers(rng, dtype, 9)})


def test_bits_of_numbers(rng):
    axes = axes_of(7)
    x = element(0, axes)
    operands = [
        operand("x", "float32", 7),
        operand("a", "int32", 7),
        operand("b", "uint32", 7),
        operand("c", "float32", 7),
    ]
    bits = bitcast(x, "int32")
    kernel = map_kernel(axes, operands, bits, bitcast(x, "uint32"), bitcast(bits ^ (-(2**31)), "float32"))
    plain = rng.normal(size=7).astype(np.float32)
    zeros = {"a": np.zeros(7, np.int32), "b": np.zeros(7, np.uint32), "c": np.zeros(7, np.float32)}
    check(kernel, {"x": plain, **zeros})


@pytest.mark.parametrize("length", [3, 4, 13])
@pytest.mark.parametrize("dtype", ["float32", "int32", "uint8", "int8", "bool"])
@pytest.mark.parametrize("stride,offset", [(1, 2), (0, 3), (2, 0), (-1, 12), (3, 1), (-2, 24)])
def test_views(dtype, stride, offset, length, rng):
    axes = axes_of(length)
    view = operand("x", dtype, length, layout=Layout((stride,), offset))
    other = operand("y", dtype, length, layout=Layout((2,), 1))
    plain = operand("z", dtype, length)
    value = element(0, axes, dtype)
    place = (axes[0].index,)
    stores = (Store(1, place, value), Store(2, place, value))
    kernel = Kernel("view", "map", axes, (view, other, plain), stores)
    check(kernel, {name: numbers(rng, dtype, 40) for name in "xyz"})


def test_indices_are_numbers(rng):
    batch = dims.size("batch", 1, 9)
    axes = axes_of(batch, 6)
    i, j = (axis.index for axis in axes)
    values = [index(e) for e in (i * 6 + j, 5 - j, j * batch - i, (i + 3 * j) // 4, (j - 3) // 2, dims.minimum(i, j))]
    values += [index((i - 2 * j) // batch), index(dims.maximum(j - i, 1) * i), index((7 * j - 20) // 3)]
    operands = [operand(f"y{k}", "int32", batch, 6) for k in range(len(values))]
    arrays = {f"y{k}": np.zeros(42, np.int32) for k in range(len(values))}
    check(map_kernel(axes, operands, *values), arrays, sizes={"batch": 7})
    for k, value in enumerate(values):
        check(map_kernel(axes, operands[k : k + 1], value), {f"y{k}": arrays[f"y{k}"]}, sizes={"batch": 7})


def test_a_guard_reads_only_where_it_may(rng):
    """The elements outside are beyond the memory: reading one traps."""
    axes = axes_of(6, 8)
    i, j = (axis.index for axis in axes)
    far = operand("x", "float32", 4, 8, layout=Layout((8, 1), 0))
    beyond = i * 100000 - 100000
    value = guard(inside(i - 1, 1), read(0, (beyond, j), "float32"), index_as_float(j))
    kernel = map_kernel(axes, [far, operand("y", "float32", 6, 8)], value)
    check(kernel, {"x": numbers(rng, "float32", 32), "y": np.zeros(48, np.float32)})


def index_as_float(j):
    return cast(index(j), "float32")


def test_padding_along_the_lanes(rng):
    axes = axes_of(3, 11)
    i, j = (axis.index for axis in axes)
    value = guard(inside(j - 2, 7), read(0, (i, j - 2), "float32"), const(-1.0))
    kernel = map_kernel(axes, [operand("x", "float32", 3, 7), operand("y", "float32", 3, 11)], value)
    check(kernel, {"x": numbers(rng, "float32", 21), "y": np.zeros(33, np.float32)})


def test_indices_from_data(rng):
    axes = axes_of(5, 6)
    i, j = (axis.index for axis in axes)
    row = datum(make("max", make("min", read(1, (i,), "int32"), const(3, "int32")), const(0, "int32")), 0, 3)
    operands = [operand("x", "float32", 4, 6), operand("ids", "int32", 6), operand("y", "float32", 5, 6)]
    arrays = {"x": numbers(rng, "float32", 24), "ids": numbers(rng, "int32", 6), "y": np.zeros(30, np.float32)}
    check(map_kernel(axes, operands, read(0, (row, j), "float32")), arrays)
    column = datum(read(1, (j,), "int32") & 3, 0, 5)
    check(map_kernel(axes, operands, read(0, (i * 3 // 4, column), "float32") * 2.0), arrays)


def test_what_is_used_twice_is_computed_once():
    axes = axes_of(8)
    x = element(0, axes)
    root = make("sqrt", x)
    operands = [operand("x", "float32", 8), operand("y", "float32", 8)]
    once, _ = assemble(map_kernel(axes, operands, root * x))
    shared, _ = assemble(map_kernel(axes, operands, root * root + root))
    sqrt = b"\xfd\xe3\x01"
    assert once.count(sqrt) == shared.count(sqrt) > 0


def test_a_fused_product_needs_a_fused_target(rng):
    axes = axes_of(8)
    x, y = element(0, axes), element(1, axes)
    operands = [operand(name, "float32", 8) for name in "xyz"]
    arrays = {name: rng.normal(size=8).astype(np.float32) for name in "xyz"}
    for value in (x * y + x, y + x * y, x - x * y, x * y - x):
        kernel = map_kernel(axes, operands, value)
        check(kernel, arrays)
        check(kernel, arrays, RELAXED, rtol=1e-5)
    madd = b"\xfd\x85\x02"
    kernel = map_kernel(axes, operands, x * y + x)
    assert madd not in assemble(kernel, PORTABLE)[0]
    assert madd in assemble(kernel, RELAXED)[0]


def test_a_row_that_is_not_spelled_is_named():
    axes = axes_of(4)
    kernel = map_kernel(axes, [operand("x", "float32", 4), operand("y", "float32", 4)], make("exp", element(0, axes)))
    with pytest.raises(CompileError, match=r"exp of float32.*decompose"):
        assemble(kernel)


def test_select_of_bools_and_conditions(rng):
    axes = axes_of(10)
    x, flag = element(0, axes), element(1, axes, "bool")
    value = select(make("and", flag, x > 0.0), make("not", flag), make("xor", flag, x < 1.0))
    operands = [operand("x", "float32", 10), operand("flag", "bool", 10), operand("y", "bool", 10)]
    arrays = {"x": numbers(rng, "float32", 10), "flag": numbers(rng, "bool", 10), "y": np.zeros(10, np.bool_)}
    check(map_kernel(axes, operands, value), arrays)
    counted = cast(value, "float32") + cast(value, "float32")
    operands[2] = operand("y", "float32", 10)
    got = run(map_kernel(axes, operands, counted), arrays | {"y": np.zeros(10, np.float32)})
    assert set(got["y"]) <= {0.0, 2.0}

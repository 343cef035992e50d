"""Does the code of a `contract` kernel compute products and convolutions, in whatever shape, tile and chunk?"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanlight.errors import FanlightError
from fanlight.ir import dim as dims
from fanlight.ir.dim import DimLike
from fanlight.ir.kernel import Kernel, Operand, Store
from fanlight.ir.scalar import Scalar, accumulator, const, make, read
from fanlight.ir.target import Target
from fanlight.targets.wasm.assembler import Module
from fanlight.targets.wasm.contract import emit_contract
from fanlight.targets.wasm.spelling import PORTABLE, RELAXED
from fanlight.targets.wasm.tile import Reduction, plan_sums
from fanlight.targets.wasm.tiling import best_tile, cut_rows
from targets.products import Case, axes_of, check, operand, run

TARGETS = pytest.mark.parametrize("target", [PORTABLE, RELAXED], ids=["portable", "relaxed"])
BATCH = dims.size("batch", 1, 64)

PRODUCTS = {
    "one element": Case({"m": 1}, {"k": 1}, 1),
    "one row": Case({"m": 1}, {"k": 40}, 24),
    "no row axis": Case({}, {"k": 37}, 19),
    "rest of rows and columns": Case({"m": 23}, {"k": 50}, 21),
    "narrow panels": Case({"m": 11}, {"k": 35}, 10, tile=(5, 4)),
    "wide panels": Case({"m": 6}, {"k": 41}, 70, tile=(1, 32)),
    "straight sum": Case({"m": 13}, {"k": 17}, 16),
    "unrolled by four with a rest": Case({"m": 13}, {"k": 47}, 16, unroll=4),
    "no terms": Case({"m": 7}, {"k": 0}, 9),
    "no rows": Case({"m": 0}, {"k": 3}, 9),
    "a transposed": Case({"m": 12}, {"k": 45}, 12, a={"m": 1, "k": 12}),
    "a backwards": Case({"m": 12}, {"k": 45}, 12, a={"m": -45, "k": -1}, offset=45 * 12 + 3),
    "b by rows, with a margin": Case({"m": 9}, {"k": 40}, 20, b={"k": 29, "column": 1}, offset=5),
    "output transposed": Case({"m": 9}, {"k": 40}, 20, out={"m": 1, "column": 11}),
    "batch of products": Case({"n": 3, "m": 7}, {"k": 36}, 12, b={"n": 36 * 13, "k": 13, "column": 1}),
    "batch of vectors": Case({"n": 3, "m": 5}, {"k": 36}, 12, b={"n": 36 * 13 * 5, "m": 36 * 13, "k": 13, "column": 1}),
    "sum over two axes": Case({"m": 7}, {"j": 3, "k": 20}, 9, a={"m": 100, "j": 30, "k": 1}),
    "sum over a short inner axis": Case({"m": 7}, {"j": 20, "k": 3}, 9, a={"m": 100, "j": 5, "k": 1}),
    "joined rows": Case({"n": 3, "h": 2, "w": 3}, {"k": 40}, 9),
    "rows that do not join": Case({"n": 2, "h": 3, "w": 14}, {"k": 40}, 9, a={"n": 4000, "h": 700, "w": 41, "k": 1}),
    "blocks of rows": Case({"m": 31}, {"k": 600}, 9),
    "blocks of outer rows": Case({"h": 11, "m": 7}, {"k": 150}, 9, a={"h": 1200, "m": 160, "k": 1}),
    "split sum of one axis": Case({"m": 6}, {"k": 300}, 9, split=1),
    "split sum": Case({"m": 13}, {"n": 3, "k": 40}, 17, split=1, a={"m": 1, "n": 600, "k": 13}),
}


@TARGETS
@pytest.mark.parametrize("name", PRODUCTS)
def test_products(name: str, target: Target) -> None:
    case = PRODUCTS[name]
    check(case.kernel(), target)
    check(case.kernel(), target, chunk=2)


OPEN = {
    "rows": Case({"m": BATCH}, {"k": 40}, 12),
    "rows of a transposed a": Case({"m": BATCH}, {"k": 40}, 12, a={"m": 1, "k": BATCH}),
    "rows of open length": Case({"m": 7}, {"k": BATCH}, 12, a={"m": BATCH, "k": 1}),
    "joined rows": Case({"n": BATCH, "p": 7}, {"k": 40}, 12),
    "outer rows": Case({"n": BATCH, "h": 2, "w": 9}, {"k": 40}, 12, a={"n": 1000, "h": 450, "w": 41, "k": 1}),
    "terms": Case({"m": 6}, {"k": BATCH}, 12, a={"m": 1, "k": 6}),
    "terms, unrolled by four": Case({"m": 6}, {"k": BATCH}, 12, a={"m": 1, "k": 6}, unroll=4),
    "terms on two axes": Case({"m": 6}, {"j": BATCH, "k": 5}, 12, a={"m": 1, "j": 40, "k": 6}),
    "columns": Case({"m": 6}, {"k": 33}, BATCH, b={"k": BATCH, "column": 1}),
    "columns of packed panels": Case({"m": 6}, {"k": 33}, BATCH),
    "columns without rows": Case({}, {"k": 33}, BATCH),
    "split batch": Case({"m": 6}, {"n": BATCH, "k": 33}, 12, split=1, a={"m": 1, "n": 33 * 6, "k": 6}),
}


@TARGETS
@pytest.mark.parametrize("name", OPEN)
def test_open_sizes(name: str, target: Target) -> None:
    for size in (1, 2, 4, 8, 11, 23):
        check(OPEN[name].kernel(), target, {"batch": size}, chunk=size % 3)


def convolution(
    batch: DimLike, height: int, width: int, channels: int, kernel: int, columns: int, stride: int = 1
) -> Case:
    """A valid convolution, channels last, with packed weights."""
    out_height, out_width = (height - kernel) // stride + 1, (width - kernel) // stride + 1
    line = width * channels
    return Case(
        {"n": batch, "h": out_height, "w": out_width},
        {"i": kernel, "j": kernel, "c": channels},
        columns,
        a={"n": height * line, "h": stride * line, "w": stride * channels, "i": line, "j": channels, "c": 1},
    )


def weight_gradient(
    batch: DimLike, height: int, width: int, channels: int, kernel: int, columns: int, split: int
) -> Case:
    """dW[i, j, c, o] = sum over n, h, w of x[n, h+i, w+j, c] * g[n, h, w, o]."""
    out_height, out_width = height - kernel + 1, width - kernel + 1
    line = width * channels
    return Case(
        {"i": kernel, "j": kernel, "c": channels},
        {"n": batch, "h": out_height, "w": out_width},
        columns,
        split=split,
        a={"n": height * line, "h": line, "w": channels, "i": line, "j": channels, "c": 1},
        b={"n": out_height * out_width * columns, "h": out_width * columns, "w": columns, "column": 1},
    )


@TARGETS
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize(("channels", "kernel"), [(1, 3), (3, 3), (4, 5), (2, 1)])
def test_convolutions(channels: int, kernel: int, stride: int, target: Target) -> None:
    check(convolution(BATCH, 9, 12, channels, kernel, 10, stride).kernel(), target, {"batch": 3}, chunk=2)


@TARGETS
@pytest.mark.parametrize("split", [0, 1])
def test_weight_gradients(split: int, target: Target) -> None:
    kernel = weight_gradient(BATCH, 7, 8, 3, 3, 9, split).kernel()
    for batch in (1, 3):
        check(kernel, target, {"batch": batch}, chunk=batch - 1)


def bias_and_residual(case: Case) -> tuple[Scalar, list[Operand]]:
    """clip(sum + bias[column] + residual[place], 0, 6), with operands 3 and 4."""
    value = make("add", accumulator("float32"), read(3, (case.column,), "float32"))
    value = make("add", value, read(4, case.place, "float32"))
    value = make("min", make("max", value, const(0.0)), const(6.0))
    shape = [*case.rows.values(), case.columns]
    return value, [operand("bias", [case.columns]), operand("residual", shape)]


@TARGETS
@pytest.mark.parametrize("columns", [1, 4, 7, 13, 16])
def test_epilogues_of_partial_panels(columns: int, target: Target) -> None:
    case = Case({"m": 12}, {"k": 33}, columns)
    check(case.kernel(*bias_and_residual(case)), target, chunk=7)


@TARGETS
def test_epilogues_of_several_rows_and_open_columns(target: Target) -> None:
    for case in (Case({"n": BATCH, "h": 2, "w": 9}, {"k": 20}, 9), Case({"m": 6}, {"k": 20}, BATCH)):
        check(case.kernel(*bias_and_residual(case)), target, {"batch": 3})


@TARGETS
@pytest.mark.parametrize("rows", [2, 4, 9, 13])
def test_rows_that_are_read_and_written_are_computed_once(rows: int, target: Target) -> None:
    """An optimizer's update as the epilogue of a weight gradient."""
    case = Case({"m": rows}, {"k": 33}, 13)
    update = make("sub", read(2, case.place, "float32"), make("mul", const(0.1), accumulator("float32")))
    check(case.kernel(update), target)
    check(case.kernel(update), target, chunk=3)


@TARGETS
def test_an_epilogue_that_does_not_run_along_the_lanes(target: Target) -> None:
    """Depth to space: neighbouring columns go to places that no stride describes."""
    case = Case({"h": 3, "w": 4}, {"k": 20}, 12)
    height, width = (axis.index for axis in axes_of(case.rows))
    block, channel = dims.floor_divide(case.column, 3), dims.modulo(case.column, 3)
    place = (height * 2 + dims.floor_divide(block, 2), width * 2 + dims.modulo(block, 2), channel)
    image = operand("image", [6, 8, 3])
    check(case.kernel(None, [image], image=Store(3, place, accumulator("float32"))), target)
    open_columns = replace(case, columns=BATCH)
    moved = (height, width, dims.floor_divide(open_columns.column * 2, 2) * 3)
    image = operand("image", [3, 4, 3 * BATCH])
    check(open_columns.kernel(None, [image], image=Store(3, moved, accumulator("float32"))), target, {"batch": 7})


@TARGETS
def test_several_outputs(target: Target) -> None:
    case = Case({"m": 12}, {"k": 33}, 13)
    positive = make("max", accumulator("float32"), const(0.0))
    stores = {"sum": Store(2, case.place, accumulator("float32")), "positive": Store(3, case.place, positive)}
    check(case.kernel(None, [operand("positive", [12, 13])], **stores), target)


STRIDES = st.integers(0, 3)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Kernel, int, Target]:
    """Products over up to two row and two reduce axes, with gaps in memory, any tile and any chunk."""
    rows = {name: draw(st.integers(1, 9)) for name in ("h", "w")[: draw(st.integers(0, 2))]}
    reduce = {name: draw(st.integers(1, 14)) for name in ("j", "k")[: draw(st.integers(0, 2))]}
    columns, tile = draw(st.integers(1, 18)), draw(st.sampled_from([(5, 8), (4, 8), (2, 4), (1, 16), (3, 12)]))

    def gapped(extents: Mapping[str, int], order: Sequence[str]) -> dict[str, DimLike]:
        strides, step = {}, 1
        for name in reversed(order):
            strides[name] = step
            step = step * extents[name] + draw(STRIDES)
        return strides

    a = gapped({**rows, **reduce}, draw(st.permutations([*rows, *reduce])))
    b = gapped({**reduce, "column": columns}, [*reduce, "column"]) if draw(st.booleans()) else None
    out = gapped({**rows, "column": columns}, draw(st.permutations([*rows, "column"])))
    unroll = draw(st.integers(1, 4))
    split = draw(st.integers(0, len(reduce)))
    case = Case(rows, reduce, columns, tile, unroll, split, a, b, out, draw(STRIDES))
    return case.kernel(), draw(st.integers(0, 4)), draw(st.sampled_from([PORTABLE, RELAXED]))


@given(cases())
def test_any_product(case: tuple[Kernel, int, Target]) -> None:
    kernel, chunk, target = case
    check(kernel, target, chunk=chunk)


def test_equal_rows_sum_in_equal_order() -> None:
    """Without fused arithmetic a row's sum has the same bits in whatever tile it lies."""
    kernel = Case({"m": 11}, {"k": 70}, 8).kernel()
    rng = np.random.default_rng(0)
    row = rng.standard_normal(70).astype(np.float32)
    buffers = [np.tile(row, 11), rng.standard_normal(560).astype(np.float32), np.zeros(88, np.float32)]
    whole = run(kernel, PORTABLE, {}, buffers, 0)[2].reshape(11, 8)
    chunks = run(kernel, PORTABLE, {}, buffers, 3)[2].reshape(11, 8)
    assert (whole == whole[0]).all()
    assert (chunks == whole).all()


@pytest.mark.parametrize("target", [PORTABLE, RELAXED])
def test_rows_are_cut_into_tiles(target: Target) -> None:
    for rows in range(1, 130):
        cut = cut_rows(rows, target.tile[0], target)
        assert sum(size * count for size, count in cut) == rows
        assert 1 <= len(cut) <= 2
        assert best_tile(rows, target) == cut[0][0] <= target.tile[0]
    assert cut_rows(0, 5, target) == ()


def test_tiles_are_chosen_by_price() -> None:
    assert cut_rows(28, 5, RELAXED) == ((5, 4), (4, 2))
    assert cut_rows(28, 4, PORTABLE) == ((4, 7),)
    assert cut_rows(10, 5, RELAXED) == ((5, 2),)


def test_short_sums_are_straight_code() -> None:
    assert len(plan_sums([Reduction(4, 40, 80), Reduction(8, 4, 32)], 2).straight) == 32
    plan = plan_sums([Reduction(5, 400, 320), Reduction(3, 40, 80)], 2)
    assert (len(plan.loops), len(plan.straight), plan.unroll) == (0, 15, 1)
    plan = plan_sums([Reduction(50, 400, 320), Reduction(3, 40, 80)], 4)
    assert (len(plan.loops), len(plan.straight), plan.unroll) == (1, 3, 1)
    plan = plan_sums([Reduction(50, 400, 320), Reduction(30, 40, 80)], 4)
    assert (len(plan.loops), len(plan.straight), plan.unroll) == (2, 1, 4)


def test_what_is_no_product_is_refused() -> None:
    kernel = Case({"m": 4}, {"k": 8}, 8).kernel()
    module = Module()
    module.memory(1)
    with pytest.raises(FanlightError, match="expected a product of two reads, got"):
        emit_contract(module, replace(kernel, value=const(1.0)), {}, PORTABLE)
    with pytest.raises(FanlightError, match="expected strides 0 and 1 along the lanes, got"):
        emit_contract(module, Case({"m": 4}, {"k": 8}, 8, b={"k": 1, "column": 8}).kernel(), {}, PORTABLE)
    with pytest.raises(FanlightError, match="expected a schedule for its product"):
        emit_contract(module, replace(kernel, schedule=None), {}, PORTABLE)

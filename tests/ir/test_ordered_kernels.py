"""Kernels that run in order (prefix, sort, scatter): how they read as text, and which rules verify holds them to."""

from dataclasses import replace

import pytest

from fanlight.errors import CompileError
from fanlight.ir.kernel import FOLD, SORT, Axis, Buffer, Kernel, Operand, Sorting, Store, dense
from fanlight.ir.parse_program import parse_kernel
from fanlight.ir.program_text import kernel_text
from fanlight.ir.scalar import accumulator, cast, const, datum, guard, index, make, read
from fanlight.ir.types import Type
from fanlight.ir.verify_kernel import verify_kernel

ROW, WALK = Axis("i", 3), Axis("r", 5)


def operand(name, dtype, *shape):
    return Operand(name, Type(dtype, shape), dense(Type(dtype, shape)))


X, Y = operand("x", "float32", 3, 5), operand("y", "float32", 3, 5)
PLACE = (ROW.index, WALK.index)
X_HERE = read(0, PLACE, "float32")
PREFIX = Kernel(
    "sums", "prefix", (ROW,), (X, Y), (Store(1, PLACE, accumulator("float32") * 2.0),), X_HERE, (WALK,), "add"
)
FOLDED = replace(PREFIX, value=accumulator("float32") * 0.5 + X_HERE, combine=FOLD)
KEY = (cast(cast(X_HERE, "int32"), "int64") << 32) | cast(index(WALK.index), "int64")
SORTED = Kernel(
    "order",
    "sort",
    (ROW,),
    (X, operand("y", "int32", 3, 2), operand("scratch", "int64", 2)),
    (Store(1, PLACE, cast(accumulator("int64"), "int32")),),
    KEY,
    (WALK,),
    SORT,
    Sorting(2, 2, True),
)
PREFIX_STORES = (Store(1, PLACE, cast(accumulator("float32"), "int32")),)
PICK = read(1, (ROW.index,), "int32")
THERE = (datum(make("min", make("max", PICK, const(0, "int32")), const(2, "int32")), 0, 2), WALK.index)
SCATTER = Kernel(
    "rows",
    "scatter",
    (ROW, WALK),
    (Y, operand("at", "int32", 3), X),
    (
        Store(
            0,
            THERE,
            guard(
                make("lt", PICK, const(3, "int32")),
                read(0, THERE, "float32") + read(2, PLACE, "float32"),
                read(0, THERE, "float32"),
            ),
        ),
    ),
)


def verify(kernel):
    buffers = {o.buffer: Buffer(o.buffer, o.type, "arena", 15, 0) for o in kernel.operands}
    verify_kernel(kernel, buffers, {}, "a test")


@pytest.mark.parametrize("kernel", [PREFIX, FOLDED, SORTED, SCATTER], ids=["prefix", "fold", "sort", "scatter"])
def test_kernels_that_run_in_order_are_sound_and_read_back(kernel):
    verify(kernel)
    assert parse_kernel(kernel_text(kernel)) == kernel


def test_kernels_that_run_in_order_read_well(golden):
    golden("ordered.txt", "\n".join(map(kernel_text, (PREFIX, FOLDED, SORTED, SCATTER))))


@pytest.mark.parametrize(
    "kernel,expected",
    [
        (replace(PREFIX, kind="reduce"), "indices of %1: expected sizes among"),
        (replace(FOLDED, combine="add"), "no accumulator before"),
        (replace(FOLDED, kind="reduce"), "expected a value with one of add, mul, max, min"),
        (replace(PREFIX, value=None, combine=""), "reduce axes only with a value"),
        (replace(PREFIX, combine=SORT), "add, mul, max, min, fold"),
        (replace(SORTED, combine="min"), "expected a value with one of sort"),
        (replace(SORTED, schedule=None), "sort: expected a schedule"),
        (replace(SORTED, schedule=Sorting(1, 2, True)), "room for 2 int64"),
        (replace(SORTED, schedule=Sorting(7, 2, True)), "a scratch operand"),
        (replace(SORTED, schedule=Sorting(2, 2, False)), "room for 10 int64"),
        (replace(SORTED, schedule=Sorting(2, 6, True)), "int64|at most 5 kept"),
        (replace(SORTED, value=X_HERE, stores=PREFIX_STORES), "one axis of int64"),
        (replace(SCATTER, value=X_HERE, combine="add"), "expected no value"),
        (replace(SCATTER, stores=(Store(0, (THERE[0], Axis("q", 5).index), const(0.0)),)), "indices of %0"),
    ],
)
def test_broken_rules_are_found(kernel, expected):
    buffers = {
        o.buffer: Buffer(o.buffer, o.type, "arena", 6 if o.buffer == "scratch" else 15, 0) for o in kernel.operands
    }
    with pytest.raises(CompileError, match=expected):
        verify_kernel(kernel, buffers, {}, "a test")

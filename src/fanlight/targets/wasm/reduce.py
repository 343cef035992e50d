"""How is a `reduce` kernel written? Four results at a time, four terms of one result at a time, or one by one.

In: a Kernel with a reduction. Out: a function (operand addresses..., begin, end). The order in which terms are combined
depends on shapes only. Chooses the way by what lies next to each other in memory; the ways are files of their own."""

from __future__ import annotations

from collections.abc import Mapping

from fanlight.ir.kernel import Axis, Kernel
from fanlight.ir.target import Target
from fanlight.targets.wasm.assembler import Function, Module
from fanlight.targets.wasm.nest import LANES, is_empty
from fanlight.targets.wasm.reduce_across import ReduceAcross, fits_across
from fanlight.targets.wasm.reduce_along import ReduceAlong
from fanlight.targets.wasm.reduction import Reduction
from fanlight.targets.wasm.vectorize import is_contiguous, is_vector_value


def emit_reduce(module: Module, kernel: Kernel, sizes: Mapping[str, int], target: Target, chunk: int = 0) -> Function:
    """The function of a `reduce` kernel; calls divide its axis number `chunk`."""
    return choose_way(kernel)(module, kernel, sizes, target, chunk).emit()


def choose_way(kernel: Kernel) -> type[Reduction]:
    """Lanes across results where their terms are neighbours, else along a sum whose terms are; gathers come last."""
    assert kernel.value is not None
    across = fits_across(kernel)
    along = bool(kernel.reduce) and not is_empty(kernel.reduce)
    along = along and is_vector_value(kernel.value, kernel.operands, kernel.reduce[-1].name)
    rows_across = across and is_contiguous([kernel.value], kernel.operands, kernel.axes[-1].name)
    rows_along = along and is_contiguous([kernel.value], kernel.operands, kernel.reduce[-1].name)
    few, many = LANES, 2 * LANES
    if rows_across and (_is_long(kernel.axes[-1], few) or not (rows_along and _is_long(kernel.reduce[-1], many))):
        return ReduceAcross
    if rows_along and _is_long(kernel.reduce[-1], few):
        return ReduceAlong
    if across and _is_long(kernel.axes[-1], few):
        return ReduceAcross
    if along and _is_long(kernel.reduce[-1], many):
        return ReduceAlong
    return Reduction


def _is_long(axis: Axis, length: int) -> bool:
    return not isinstance(axis.extent, int) or axis.extent >= length

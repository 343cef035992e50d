"""Is one long sum better computed in parts? Few results over many terms leave most threads idle, and round badly.

In: a fused kernel. Out: a kernel that combines each part, and one that combines the parts in their order; or the kernel
as it is. Parts depend on shapes only, so that one thread and several give the same bits. Knows no target."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fanlight.ir import dim as dims
from fanlight.ir.kernel import Axis, Kernel, Operand, Store, dense
from fanlight.ir.scalar import accumulator, read, rebuild
from fanlight.ir.types import Type, item_bytes
from fanlight.lowering.operands import drop_unused

LARGE = 1 << 16  # terms of all results together: below it threads gain nothing
SHARED = 8  # groups of results from which on threads share those
LANES, TILE = 16, 32  # results that are computed together: of a sum, of a product
MOST_PARTS = 512
LEAST_TERMS = 64  # of a part: the parts are written and read again
MOST_BYTES = 1 << 20  # of all parts


@dataclass(frozen=True, slots=True)
class Parts:
    """The axis over the parts, and what remains of the reduction in each; `indices` are those of the old axes."""

    axis: Axis
    reduce: tuple[Axis, ...]
    indices: dict[str, dims.DimLike]


def split_reduction(kernel: Kernel) -> tuple[list[Kernel], dict[str, Type]]:
    """The kernels that do what `kernel` does, in order, and the buffers that they add."""
    parts = _find_parts(kernel)
    if parts is None or kernel.value is None:
        return [kernel], {}
    type = Type(kernel.value.dtype, (parts.axis.extent, *(axis.extent for axis in kernel.axes)))
    buffer = f"{kernel.operands[kernel.stores[0].slot].buffer}/parts"
    partial = Operand(buffer, type, dense(type))
    place = (parts.axis.index, *(axis.index for axis in kernel.axes))
    slot = len(kernel.operands)
    first = replace(
        kernel,
        name=f"{kernel.name}_parts",
        axes=(parts.axis, *kernel.axes),
        operands=(*kernel.operands, partial),
        stores=(Store(slot, place, accumulator(kernel.value.dtype)),),
        value=rebuild(kernel.value, lambda _: None, parts.indices),
        reduce=parts.reduce,
    )
    second = replace(
        kernel,
        operands=(*kernel.operands, partial),
        value=read(slot, place, kernel.value.dtype),
        reduce=(parts.axis,),
    )
    return [drop_unused(first), drop_unused(second)], {buffer: type}


def _find_parts(kernel: Kernel) -> Parts | None:
    """What a part is: an index of the outermost reduced axis, or a piece of it where it is long."""
    if kernel.kind != "reduce" or kernel.value is None or not kernel.reduce:
        return None
    results = dims.upper(dims.product([axis.extent for axis in kernel.axes]))
    terms = dims.upper(dims.product([axis.extent for axis in kernel.reduce]))
    if results * terms < LARGE or results >= SHARED * (TILE if kernel.value.op == "mul" else LANES):
        return None
    outer = next((axis for axis in kernel.reduce if axis.extent != 1), kernel.reduce[0])
    others = tuple(axis for axis in kernel.reduce if axis is not outer)
    count = dims.upper(outer.extent)
    most = min(MOST_PARTS, MOST_BYTES // max(1, results * item_bytes(kernel.value.dtype)))
    if SHARED // 2 <= count <= most and terms // count >= LEAST_TERMS:
        return Parts(outer, others, {})
    if not isinstance(outer.extent, int):
        return None
    candidates = (k for k in range(min(most, 64), SHARED - 1, -1) if count % k == 0 and terms // k >= LEAST_TERMS)
    pieces = next(candidates, None)
    if pieces is None:
        return None
    part, inner = Axis(f"{outer.name}_part", pieces), Axis(outer.name, count // pieces)
    index = part.index * inner.extent + inner.index
    return Parts(part, (inner, *others), {outer.name: index})

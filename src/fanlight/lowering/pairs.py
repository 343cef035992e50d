"""How are products of narrow whole numbers added up two at a time? One sum becomes a sum over pairs of terms.

In: a kernel that is a product of int16 operands. Out: the same with its longest run of neighbouring terms as two axes,
the inner one of length 2; an operand with an odd number of them is copied first, with a zero behind each row."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fanlight.ir import dim as dims
from fanlight.ir.dim import DimLike
from fanlight.ir.kernel import Axis, Kernel, Operand, Store, dense
from fanlight.ir.scalar import Scalar, const, guard, inside, read, rebuild
from fanlight.ir.types import Type


@dataclass(frozen=True, slots=True)
class Paired:
    """`kernel` over pairs, its reads `a` and `b`, and where `b` has an element: beyond, zero stands for it."""

    before: list[Kernel]
    kernel: Kernel
    a: Scalar
    b: Scalar
    has_b: Scalar


def pair_terms(kernel: Kernel, a: Scalar, b: Scalar) -> Paired | None:
    """The kernel with its terms in pairs; None where no terms lie side by side in A."""
    slot, indices = a.attribute
    axis = next((axis for axis in kernel.reduce if _is_run(kernel.operands[slot], indices, axis)), None)
    if axis is None:
        return None
    assert isinstance(axis.extent, int)
    before: list[Kernel] = []
    operands = kernel.operands
    if axis.extent % 2:
        copy = _with_zeros(kernel, operands[slot], indices, axis)
        if copy is None:
            return None
        before.append(copy)
        operands = (*operands, copy.operands[1])
        a = read(len(operands) - 1, indices, a.dtype)
    half, inner = Axis(axis.name, -(-axis.extent // 2)), Axis(f"{axis.name}_pair", 2)
    index = half.index * 2 + inner.index
    place: dict[str, DimLike] = {axis.name: index}
    a, b = (rebuild(each, lambda _: None, place) for each in (a, b))
    reduce = (*(each for each in kernel.reduce if each is not axis), half, inner)
    return Paired(before, replace(kernel, operands=operands, reduce=reduce), a, b, inside(index, axis.extent))


def _is_run(operand: Operand, indices: tuple[DimLike, ...], axis: Axis) -> bool:
    is_known = isinstance(axis.extent, int)
    return is_known and dims.coefficient(operand.layout.address(indices), axis.name) == 1


def _with_zeros(kernel: Kernel, operand: Operand, indices: tuple[DimLike, ...], axis: Axis) -> Kernel | None:
    """The kernel that copies an operand with a zero behind each row; None where its rows are not the axis."""
    *outer, length = operand.type.shape
    if indices[-1] != axis.index or length != axis.extent:
        return None
    type = Type(operand.type.dtype, (*outer, length + 1))
    axes = tuple(Axis(f"i{k}", extent) for k, extent in enumerate(type.shape))
    place = tuple(each.index for each in axes)
    value = guard(inside(axes[-1].index, length), read(0, place, type.dtype), const(0, type.dtype))
    copy = Operand(f"{operand.buffer}/even/{kernel.name}", type, dense(type))
    return Kernel(f"even_{kernel.name}", "map", axes, (operand, copy), (Store(1, place, value),))

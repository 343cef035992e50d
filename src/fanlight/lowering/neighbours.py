"""Which operands are copied so that neighbouring results read neighbouring elements? Weights of a file whose order is
another one, such as the kernels of a depthwise convolution with the channel first.

In: a kernel that sums products, no `contract`. Out: kernels that copy, and the kernel that reads their copies. A copy
of state that stays as it is leaves the function; of all else it is worth its time where it is read often."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from fanlight.ir import dim as dims
from fanlight.ir.kernel import Kernel, Operand, Store, dense
from fanlight.ir.scalar import Scalar, read, rebuild
from fanlight.ir.types import Type
from fanlight.lowering.narrow import source
from fanlight.lowering.operands import drop_unused, replace_slot

OFTEN = 16  # times that each element is read, from which on a copy in each call pays


def copy_strided(kernel: Kernel, is_constant: Callable[[str], bool]) -> tuple[list[Kernel], dict[str, Type]]:
    """The kernels that do what `kernel` does, in order, and the buffers that they add."""
    value = kernel.value
    if kernel.kind != "reduce" or not kernel.axes or value is None or value.op != "mul":
        return [kernel], {}
    reads = [node for each in value.args if (node := source(each)) is not None]
    if len(reads) < 2:
        return [kernel], {}
    before: list[Kernel] = []
    added: dict[str, Type] = {}
    operands = list(kernel.operands)
    moved: dict[Scalar, Scalar] = {}
    for node in reads:
        copy = _copy_of(kernel, node, is_constant, f"{kernel.name}_{len(before)}")
        if copy is None:
            continue
        place = tuple(axis.index for axis in copy.axes)
        before.append(copy)
        operands.append(copy.operands[1])
        added[copy.operands[1].buffer] = copy.operands[1].type
        moved[node] = read(len(operands) - 1, place, node.dtype)
    if not before:
        return [kernel], {}
    changed = replace(kernel, operands=tuple(operands), value=rebuild(value, moved.get))
    return [*before, drop_unused(changed)], added


def _copy_of(kernel: Kernel, node: Scalar, is_constant: Callable[[str], bool], label: str) -> Kernel | None:
    """The kernel that copies what `node` reads into the order of loops, the last output axis last; None where it lies
    so already, or where copying costs more."""
    lane = kernel.axes[-1]
    slot, indices = node.attribute
    operand = kernel.operands[slot]
    address = operand.layout.address(indices)
    if dims.coefficient(address, lane.name) in (0, 1):
        return None
    used = dims.names(address)
    outer = [axis for axis in (*kernel.axes[:-1], *kernel.reduce) if axis.name in used]
    axes = (*outer, lane)
    if used - {axis.name for axis in axes}:
        return None
    count = dims.product([axis.extent for axis in axes])
    reads = dims.product([axis.extent for axis in (*kernel.axes, *kernel.reduce)])
    if dims.upper(count) > dims.upper(operand.type.count):
        return None
    if not is_constant(operand.buffer) and dims.upper(reads) < OFTEN * dims.upper(count):
        return None
    type = Type(node.dtype, tuple(axis.extent for axis in axes))
    copy = Operand(f"{operand.buffer}/neighbours/{label}", type, dense(type))
    place = tuple(axis.index for axis in axes)
    return Kernel(f"copy_{label}", "map", axes, (operand, copy), (Store(1, place, replace_slot(node, 0)),))

"""Which axis is innermost where the last one is shorter than a vector? The colours of a picture, say.

In and out: a `map` kernel. Its points may be computed in any order, so an axis along which elements are read one after
the other takes the short one's place."""

from __future__ import annotations

from dataclasses import replace

from fanlight.ir import dim as dims
from fanlight.ir.kernel import Axis, Kernel
from fanlight.ir.scalar import walk

LONG = 16  # elements of a row from which on storing them apart is worth it


def with_long_rows(kernel: Kernel, lanes: int) -> Kernel:
    """The kernel with a long innermost axis, if it has one."""
    if kernel.kind != "map" or len(kernel.axes) < 2:
        return kernel
    last = kernel.axes[-1]
    if not isinstance(last.extent, int) or last.extent >= lanes:
        return kernel
    reads = [
        kernel.operands[slot].layout.address(indices)
        for store in kernel.stores
        for node in walk(store.value)
        if node.op == "read"
        for slot, indices in [node.attribute]
    ]

    def is_row(axis: Axis) -> bool:
        steps = [dims.coefficient(address, axis.name) for address in reads]
        return dims.upper(axis.extent) >= LONG and 1 in steps and all(step in (0, 1) for step in steps)

    row = next((axis for axis in reversed(kernel.axes[:-1]) if is_row(axis)), None)
    if row is None:
        return kernel
    others = tuple(axis for axis in kernel.axes if axis is not row)
    return replace(kernel, axes=(*others, row))

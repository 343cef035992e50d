"""Which axes of a kernel may be divided, so that their parts run at the same time, in any order?

In: a kernel. Out: numbers of axes. Points of most kernels do not depend on each other; a scatter may store to one place
from all over, and a sort has one scratch. Knows no threads.
"""

from __future__ import annotations

from math import gcd

from fanlight.ir import dim as dims
from fanlight.ir.dim import DimLike
from fanlight.ir.kernel import Kernel, Store
from fanlight.ir.scalar import Datum


def free_axes(kernel: Kernel) -> tuple[int, ...]:
    """The numbers of the axes, outer to inner."""
    if kernel.kind == "sort":
        return ()
    numbers = range(len(kernel.axes))
    if kernel.kind != "scatter":
        return tuple(numbers)
    return tuple(k for k in numbers if all(is_apart(kernel, k, store) for store in kernel.stores))


def is_apart(kernel: Kernel, number: int, store: Store) -> bool:
    """Do different indices of an axis store to different places, whatever the other indices and the data are?"""
    moving = {axis.name for axis in kernel.axes}

    def named(atom: dims.Atom) -> DimLike | None:
        if not isinstance(atom, Datum):
            return None
        if any(size.name in moving for size in atom.sizes):
            moving.add(atom.key)
        return dims.size(atom.key, atom.low, atom.high)

    axis = kernel.axes[number]
    address = dims.substitute(kernel.operands[store.slot].layout.address(store.indices), named)
    step = dims.coefficient(address, axis.name)
    if not isinstance(step, int) or step <= 0:
        return False
    reach = step * (dims.upper(axis.extent) - 1)
    near: DimLike = 0  # shorter steps: they must stay between two of this axis
    far = 0  # what all longer steps are multiples of: they must leap over all of this axis
    for term, scale in dims.terms_of(address - axis.index * step):
        one = dims.from_terms({term: 1})
        if moving.isdisjoint(dims.names(one)):
            continue  # the same at all points
        if abs(scale) > reach:
            far = gcd(far, scale)
        else:
            near = near + one * scale
    low, high = dims.bounds(near)
    return high - low < step and (far == 0 or far > reach + high - low)

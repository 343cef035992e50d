"""Which loops of a kernel are one? Neighbouring axes are joined where every address stays affine in the joint index.

In: a Kernel. Out: a Kernel that does the same with fewer axes; axes of length 1 are gone, and operands are seen as flat
then. Products keep their axes: their emitter joins them itself. Knows no target."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from fanlight.ir import dim as dims
from fanlight.ir.dim import DimLike
from fanlight.ir.kernel import Axis, Kernel, Layout, Operand, Store
from fanlight.ir.scalar import Datum, Scalar, index, node_dims, read, rebuild, walk
from fanlight.ir.types import Type


def collapse(kernel: Kernel) -> Kernel:
    """`kernel` with as few axes as possible, among its output axes and among its reduced ones."""
    if kernel.kind == "contract":
        return kernel
    places = [_without_data(place) for place in _places(kernel)]
    joined = _Joined()
    axes = joined.join(kernel.axes, places)
    # The ranks of a sort are counted along its axis, even if there is but one.
    reduce = kernel.reduce if kernel.kind == "sort" else joined.join(kernel.reduce, places)
    if not joined.indices:
        return kernel
    flat = tuple(_flat(operand) for operand in kernel.operands)

    def leaf(node: Scalar) -> Scalar | None:
        if node.op != "read":
            return None
        slot, indices = node.attribute
        if flat[slot] is None:
            return None
        return read(slot, (kernel.operands[slot].layout.address(indices),), node.dtype)

    def moved_store(store: Store) -> Store:
        indices = store.indices
        if flat[store.slot] is not None:
            indices = (kernel.operands[store.slot].layout.address(indices),)
        indices = tuple(rebuild(index(i), leaf, joined.indices).attribute for i in indices)
        return Store(store.slot, indices, rebuild(store.value, leaf, joined.indices))

    return replace(
        kernel,
        axes=axes,
        reduce=reduce,
        operands=tuple(new or old for new, old in zip(flat, kernel.operands, strict=True)),
        stores=tuple(moved_store(store) for store in kernel.stores),
        value=None if kernel.value is None else rebuild(kernel.value, leaf, joined.indices),
    )


@dataclass(slots=True)
class _Joined:
    """What the old loop indices are in terms of the new ones."""

    indices: dict[str, DimLike] = field(default_factory=dict)

    def join(self, axes: Sequence[Axis], places: Sequence[DimLike]) -> tuple[Axis, ...]:
        """The axes that remain of `axes`."""
        groups: list[list[Axis]] = []
        for axis in axes:
            if axis.extent == 1:
                self.indices[axis.name] = 0
            elif groups and axis.extent != 0 and all(_continues(place, groups[-1][-1], axis) for place in places):
                groups[-1].append(axis)
            else:
                groups.append([axis])
        return tuple(self._joint(group) for group in groups)

    def _joint(self, group: Sequence[Axis]) -> Axis:
        """One axis for a group, which has the name of the outermost: `f -> (f // E1, f % E1)`."""
        if len(group) == 1:
            return group[0]
        joint = Axis(group[0].name, dims.product(axis.extent for axis in group))
        rest = joint.index
        for axis in reversed(group[1:]):
            self.indices[axis.name] = dims.modulo(rest, axis.extent)
            rest = dims.floor_divide(rest, axis.extent)
        self.indices[group[0].name] = rest
        return joint


def _continues(place: DimLike, outer: Axis, inner: Axis) -> bool:
    """Does a step of `outer` go as far as all steps of `inner` together?"""
    big, small = dims.coefficient(place, outer.name), dims.coefficient(place, inner.name)
    return big is not None and small is not None and big == small * inner.extent


def _places(kernel: Kernel) -> Iterator[DimLike]:
    """Every integer expression of the kernel: addresses, and indices that are used as numbers."""
    places = [index(kernel.operands[store.slot].layout.address(store.indices)) for store in kernel.stores]
    values = [store.value for store in kernel.stores]
    for root in (*places, *values, *([] if kernel.value is None else [kernel.value])):
        for node in walk(root):
            if node.op == "read":
                slot, indices = node.attribute
                yield kernel.operands[slot].layout.address(indices)
            else:
                yield from node_dims(node)


def _without_data(place: DimLike) -> DimLike:
    """`place` where an index read from data counts as a size: the reads inside it are places of their own."""
    return dims.substitute(place, lambda atom: dims.size(atom.key, -1) if isinstance(atom, Datum) else None)


def _flat(operand: Operand) -> Operand | None:
    """The operand as one row of elements, unless it runs backwards."""
    type, strides = operand.type, operand.layout.strides
    if any(dims.bounds(stride)[0] < 0 for stride in strides):
        return None
    last: DimLike = operand.layout.address(tuple(extent - 1 for extent in type.shape))
    return Operand(operand.buffer, Type(type.dtype, (dims.maximum(last + 1, 0),)), Layout((1,)))

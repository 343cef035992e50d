"""Which arrays are computed inside a larger one? Those of which only a copy is read: in a border, or joined to others.

In: kernels in order. Out: kernels in which those that compute such arrays store them where the copy would be, and what
is left of the larger array (the border, say) is stored part by part. Saves the copies, and of the two largest arrays of
many a network one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from fanlight.ir import dim as dims
from fanlight.ir.dim import DimLike
from fanlight.ir.kernel import Axis, Kernel, Layout, Operand, Step, Store, dense
from fanlight.ir.scalar import Scalar, conjunction, guard, index, inside, read, rebuild, walk
from fanlight.ir.types import Type
from fanlight.lowering.operands import drop_unused


@dataclass(frozen=True, slots=True)
class Part:
    """A box of a larger array: loops, the place there at each of their points, and what is stored."""

    axes: tuple[Axis, ...]
    place: tuple[DimLike, ...]
    value: Scalar

    @property
    def source(self) -> int | None:
        """The slot of what it is a copy of, point by point."""
        slot = self.value.attribute[0] if self.value.op == "read" else None
        is_copy = slot is not None and self.value.attribute[1] == tuple(axis.index for axis in self.axes)
        return slot if is_copy else None

    @property
    def reads(self) -> list[int]:
        """The slots of what it reads."""
        return [node.attribute[0] for node in walk(self.value) if node.op == "read"]


def compute_in_place(
    steps: Sequence[Step], buffers: Mapping[str, tuple[Type, str]], kept: Iterable[str]
) -> list[list[Step]]:
    """For each step, the steps that take its place. The buffers `kept` are read from outside."""
    taken: list[list[Step]] = [[step] for step in steps]
    touching = Counter(buffer for step in steps for buffer in step.touched)
    writing = Counter(buffer for step in steps for buffer in step.written)
    writer = {buffer: number for number, step in enumerate(steps) for buffer in step.written if writing[buffer] == 1}
    constant = {name for name, (_, space) in buffers.items() if space == "state" and not writing[name]}
    fixed = {name for name, (_, space) in buffers.items() if space != "arena"}.union(kept)
    for number, step in enumerate(steps):
        if step.touched - step.written <= constant:  # computed once, if nothing else writes there
            constant |= step.written
        if not isinstance(step, Kernel) or not (parts := _parts(step)):
            continue
        outer = _outer(step)
        if writer.get(outer.buffer) != number or buffers[outer.buffer][1] == "state":  # state is read until then
            continue
        rest: list[Kernel] = []
        reads = Counter(step.operands[slot].buffer for part in parts for slot in part.reads)
        for part in parts:
            inner = None if part.source is None else step.operands[part.source]
            if inner is not None and inner.buffer in writer.keys() - fixed - constant:
                maker = taken[writer[inner.buffer]]
                is_only = touching[inner.buffer] == 2 and reads[inner.buffer] == 1
                if is_only and (moved := _storing(maker[0], inner, outer, part)):
                    maker[0] = moved
                    continue
            store = Store(step.stores[0].slot, part.place, part.value)
            rest.append(drop_unused(replace(step, name=f"{step.name}/{len(rest)}", axes=part.axes, stores=(store,))))
        if len(rest) < len(parts):
            taken[number] = list(rest)
            fixed.add(outer.buffer)  # several kernels write it now
    return taken


def _outer(kernel: Kernel) -> Operand:
    return kernel.operands[kernel.stores[0].slot]


def _storing(step: Step, inner: Operand, outer: Operand, part: Part) -> Kernel | None:
    """The kernel that computes `inner`, storing it inside `outer`; None where it does more than store it."""
    if not isinstance(step, Kernel) or step.kind not in ("map", "reduce"):
        return None
    slots = [slot for slot, operand in enumerate(step.operands) if operand.buffer == inner.buffer]
    if len(slots) != 1 or sum(store.slot == slots[0] for store in step.stores) != 1:
        return None
    is_whole = Type(outer.type.dtype, tuple(axis.extent for axis in part.axes)) == inner.type
    if step.operands[slots[0]] != inner or inner.layout != dense(inner.type) or not is_whole:
        return None
    low = tuple(dims.replace_sizes(place, {axis.name: 0 for axis in part.axes}) for place in part.place)
    operands = list(step.operands)
    operands[slots[0]] = Operand(outer.buffer, inner.type, Layout(outer.layout.strides, outer.layout.address(low)))
    return replace(step, operands=tuple(operands))


def _parts(kernel: Kernel) -> list[Part]:
    """The parts of the array that a kernel pads or joins; nothing where it does something else."""
    if kernel.kind != "map" or len(kernel.stores) != 1 or _outer(kernel).layout != dense(_outer(kernel).type):
        return []
    (store,) = kernel.stores
    if store.value.op != "guard" or store.indices != tuple(axis.index for axis in kernel.axes):
        return []
    return _joined(kernel.axes, store.value) or _padded(kernel, store.value)


def _joined(axes: tuple[Axis, ...], value: Scalar) -> list[Part]:
    """Of what lies one after the other along an axis: `i < m ? a(i) : i - m < n ? b(i - m) : c(i - m - n)`."""
    first = value.args[0].args[0] if value.args[0].op == "lt" else None
    along = next((k for k, axis in enumerate(axes) if first == index(axis.index)), None)
    if along is None:
        return []
    axis, start, found = axes[along], 0, list[Part]()
    while value.op == "guard":
        condition, here, after = value.args
        extent = condition.args[1].attribute if condition.op == "lt" else None
        if not isinstance(extent, int | dims.Dim) or condition.args[0] != index(axis.index - start):
            break
        found.append(_part(axes, along, extent, start, here))
        start, value = start + extent, after
    found.append(_part(axes, along, axis.extent - start, start, value))
    return found if all(dims.bounds(part.axes[along].extent)[0] >= 0 for part in found) else []


def _part(axes: tuple[Axis, ...], along: int, extent: DimLike, start: DimLike, value: Scalar) -> Part:
    axis = Axis(axes[along].name, extent)
    moved = rebuild(value, lambda _: None, {axis.name: axis.index + start})
    around = (*axes[:along], axis, *axes[along + 1 :])
    return Part(around, tuple(each.index + (start if each is axis else 0) for each in around), moved)


def _padded(kernel: Kernel, value: Scalar) -> list[Part]:
    """Of an array in a border: the array, then the border along one axis after the other, within what the axes before
    it do not cover."""
    _, element, border = value.args
    if element.op != "read" or border.op != "const":
        return []
    axes = list(kernel.axes)
    slot, where = element.attribute
    inner = kernel.operands[slot].type.shape
    low = tuple(axis.index - place for axis, place in zip(axes, where, strict=True)) if len(where) == len(axes) else ()
    names = {axis.name for axis in axes}
    padded = [k for k, axis in enumerate(axes) if axis.extent != inner[k]] if low else []
    condition = conjunction(*(inside(where[k], inner[k]) for k in padded))
    is_constant = all(not names & {*dims.names(width)} and dims.bounds(width)[0] >= 0 for width in low)
    if not padded or not is_constant or value != guard(condition, element, border):
        return []
    found: list[Part] = []
    place: list[DimLike] = [axis.index for axis in axes]
    for k, axis in enumerate(kernel.axes):
        for width, at in _slabs(axis, inner[k], low[k]):
            found.append(Part((*axes[:k], *width, *axes[k + 1 :]), (*place[:k], at, *place[k + 1 :]), border))
        axes[k] = Axis(axis.name, inner[k])
        place[k] = axes[k].index + low[k]
    whole = read(slot, tuple(axis.index for axis in axes), element.dtype)
    return [Part(tuple(axes), tuple(place), whole), *found]


def _slabs(axis: Axis, extent: DimLike, front: DimLike) -> Iterator[tuple[tuple[Axis, ...], DimLike]]:
    """The border along one axis: loops, and the index there. Both sides at once where they are as wide."""
    back = axis.extent - extent - front
    if front == back != 0:
        side, within = Axis(f"{axis.name}_side", 2), Axis(axis.name, front)
        yield (side, within), side.index * (extent + front) + within.index
        return
    for width, begin in ((front, 0), (back, extent + front)):
        if width != 0:
            within = Axis(axis.name, width)
            yield (within,), within.index + begin

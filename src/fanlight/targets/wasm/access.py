"""Where do the factors of a `contract` kernel lie? Its axes, joined where possible, and byte strides along them.

In: a Kernel with a Contraction schedule. Out: Access. Knows no instruction and no target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fanlight.errors import FanlightError
from fanlight.ir import dim as dims
from fanlight.ir.dim import DimLike
from fanlight.ir.kernel import Axis, Contraction, Kernel, Store
from fanlight.ir.scalar import Scalar, node_dims, rebuild, walk
from fanlight.ir.types import item_bytes


@dataclass(frozen=True, slots=True)
class Factor:
    """One side of the product: its element lies `offset + i * strides["i"] + ...` bytes after the operand's base."""

    slot: int
    offset: DimLike
    strides: Mapping[str, DimLike]

    def along(self, axis: Axis) -> DimLike:
        return self.strides[axis.name]


@dataclass(frozen=True, slots=True)
class Access:
    """The loops of a contraction. If its first axis is a row, each index there is `first_rows` indices of `rows[0]`."""

    rows: tuple[Axis, ...]
    panel: Axis
    lane: Axis
    split: tuple[Axis, ...]
    reduce: tuple[Axis, ...]
    a: Factor
    b: Factor
    stores: tuple[Store, ...]
    first_rows: DimLike


def find_access(kernel: Kernel) -> Access:
    """The axes of `kernel`, neighbours joined where every address allows it. Raises where a factor is not affine."""
    schedule = kernel.schedule
    if not isinstance(schedule, Contraction):
        raise FanlightError(f"kernel {kernel.name!r}", expected="a Contraction as schedule", got=schedule)
    *rows, panel, lane = kernel.axes
    (slot_a, a), (slot_b, b) = _addresses(kernel, lane)
    stores = kernel.stores

    joined_rows: list[Axis] = []
    first_rows: DimLike = 1
    for position, axis in enumerate(rows):
        outer = joined_rows[-1] if joined_rows else None
        if position and axis.extent == 1:
            stores = _substitute(stores, {axis.name: 0})
        elif outer is not None and _joins(outer, axis, (a, b, *_epilogue_addresses(kernel, stores))):
            joined = Axis(axis.name, outer.extent * axis.extent)
            a, b = (_join_index(address, outer, joined) for address in (a, b))
            stores = _substitute(stores, {outer.name: 0, joined.name: joined.index})
            if len(joined_rows) == 1:
                first_rows = first_rows * axis.extent
            joined_rows[-1] = joined
        else:
            joined_rows.append(axis)
    axes = (*joined_rows, panel, lane, *kernel.reduce)
    item = item_bytes(kernel.operands[slot_a].type.dtype)
    factor_a, factor_b = (_factor(kernel.name, slot, place, axes, item) for slot, place in ((slot_a, a), (slot_b, b)))
    split, reduce = kernel.reduce[: schedule.split], kernel.reduce[schedule.split :]
    if is_paired(kernel):  # both terms of a pair are one element to the loops
        reduce = reduce[:-1]
    return Access(
        rows=tuple(joined_rows),
        panel=panel,
        lane=lane,
        split=split,
        reduce=reduce,
        a=factor_a,
        b=factor_b,
        stores=stores,
        first_rows=first_rows,
    )


def _addresses(kernel: Kernel, lane: Axis) -> tuple[tuple[int, DimLike], tuple[int, DimLike]]:
    """Slot and address, in elements, of A and of B. One operand may be both: B is the one that runs along the lanes."""
    reads = [each.args[0] if each.op == "cast" else each for each in kernel.value.args] if kernel.value else []
    if [(each.op, each.dtype) for each in reads] not in ([("read", "float32")] * 2, [("read", "int16")] * 2):
        raise FanlightError(f"kernel {kernel.name!r}", expected="a product of two reads", got=kernel.value)
    slots = [each.attribute[0] for each in reads]
    addresses = [kernel.operands[each.attribute[0]].layout.address(each.attribute[1]) for each in reads]
    along_lane = [dims.coefficient(address, lane.name) for address in addresses]
    step = 2 if is_paired(kernel) else 1
    if sorted(along_lane, key=str) != [0, step]:
        raise FanlightError(f"kernel {kernel.name!r}", expected=f"strides 0 and {step} along the lanes", got=along_lane)
    a = along_lane.index(0)
    return (slots[a], addresses[a]), (slots[1 - a], addresses[1 - a])


def is_paired(kernel: Kernel) -> bool:
    """Does the product add up pairs of int16? The last reduce axis is the pair's, neighbours in A and in B."""
    return kernel.value is not None and kernel.value.dtype == "int32"


def _factor(name: str, slot: int, address: DimLike, axes: Sequence[Axis], item: int) -> Factor:
    strides: dict[str, DimLike] = {}
    for axis in axes:
        stride = dims.coefficient(address, axis.name)
        if stride is None:
            raise FanlightError(f"kernel {name!r}", expected="an affine address", got=address, at=f"axis {axis.name!r}")
        strides[axis.name] = stride * item
    return Factor(slot, dims.replace_sizes(address, dict.fromkeys(strides, 0)) * item, strides)


def _epilogue_addresses(kernel: Kernel, stores: Sequence[Store]) -> list[DimLike]:
    """Every address and every index value that the stores use: joining axes must keep them all."""
    found: list[DimLike] = []
    for store in stores:
        found.append(kernel.operands[store.slot].layout.address(store.indices))
        for node in walk(store.value):
            if node.op == "read":
                found.append(kernel.operands[node.attribute[0]].layout.address(node.attribute[1]))
            else:
                found.extend(node_dims(node))
    return found


def _joins(outer: Axis, inner: Axis, addresses: Sequence[DimLike]) -> bool:
    """Whether `outer * inner.extent + inner` is all that the addresses know of the two."""
    for address in addresses:
        far, near = dims.coefficient(address, outer.name), dims.coefficient(address, inner.name)
        if far is None or near is None or far != near * inner.extent:
            return False
    return True


def _join_index(address: DimLike, outer: Axis, joined: Axis) -> DimLike:
    return dims.replace_sizes(address, {outer.name: 0, joined.name: joined.index})


def _substitute(stores: Sequence[Store], sizes: Mapping[str, DimLike]) -> tuple[Store, ...]:
    def moved(store: Store) -> Store:
        indices = tuple(dims.replace_sizes(index, sizes) for index in store.indices)
        return Store(store.slot, indices, rebuild(store.value, _keep, sizes))

    return tuple(moved(store) for store in stores)


def _keep(_: Scalar) -> None:
    return None

"""How is one kernel divided among threads? The axis, the length of a chunk and the number of chunks, from shapes alone.

In: a kernel. Out: a `Share`, or none where it is too small or of a kind that is not divided. Chunks do not depend on
the number of threads, and no result on chunks: each point is computed by one of them, in the same order of terms."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fanlight.ir import dim as dims
from fanlight.ir.dim import DimLike
from fanlight.ir.free_axes import free_axes
from fanlight.ir.kernel import Axis, Contraction, Kernel
from fanlight.targets.wasm.access import find_access
from fanlight.targets.wasm.contract_frame import chunk_axes
from fanlight.targets.wasm.nest import weight

# Nanoseconds, of one core of a laptop; only the order of magnitude matters.
SMALL = 20_000  # a kernel below it stays on one thread: a barrier costs about a twentieth of it
LEAST = 5_000  # a chunk's work
PRODUCTS = 16  # multiply-adds in a nanosecond
NODES = 2  # nodes of a scalar expression in a nanosecond, by vectors
IN_ORDER = {"prefix": 2, "scatter": 2, "sort": 12}  # how much longer a node takes where points wait for each other

MOST, WANTED = 32, 8  # chunks of a kernel: so many that uneven cores share fairly, and from how many on an axis will do
LANES = 16  # results that lie side by side and are computed together
LARGEST = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Share:
    """Chunk number c computes the indices `c * length .. min((c + 1) * length, extent) - 1` of an axis.

    `axis` numbers it as the emitter of the kernel's kind does; there are `count` chunks, at least one."""

    axis: int
    extent: DimLike
    length: DimLike
    count: DimLike


def cost(kernel: Kernel, axes: Iterable[Axis] | None = None) -> DimLike:
    """An estimate of the nanoseconds that one run takes on one thread, at the sizes of the call, or that the loops
    over some of its axes take."""
    points = dims.product([axis.extent for axis in (kernel.axes if axes is None else axes)])
    terms = dims.product([axis.extent for axis in kernel.reduce])
    ends = sum(1 + weight([store.value]) for store in kernel.stores)
    if isinstance(kernel.schedule, Contraction):
        return dims.floor_divide(points * (terms + PRODUCTS // NODES * ends), PRODUCTS)
    body = 0 if kernel.value is None else 1 + weight([kernel.value])
    if kernel.kind in IN_ORDER:
        return dims.floor_divide(points * terms * (body + ends) * IN_ORDER[kernel.kind], NODES)
    return dims.floor_divide(points * (terms * body + ends), NODES)


def is_small(kernel: Kernel) -> bool:
    """Does it take so little time at any sizes that it stays on one thread?"""
    return dims.upper(cost(kernel)) < SMALL


def share(kernel: Kernel) -> Share | None:
    """How `kernel` is divided, along an axis whose points do not depend on each other; None where there is none."""
    free = free_axes(kernel)
    if not free or is_small(kernel):
        return None
    axes, grains = _axes(kernel)
    chosen = _choose(axes, grains, free if kernel.kind == "scatter" else range(len(grains)))
    extent, grain = axes[chosen].extent, grains[chosen]
    length = dims.maximum(dims.ceil_divide(extent, MOST), _least(kernel, axes, chosen))
    length = dims.ceil_divide(length, grain) * grain
    return Share(chosen, extent, length, dims.maximum(dims.ceil_divide(extent, length), 1))


def _axes(kernel: Kernel) -> tuple[list[Axis], list[int]]:
    """The loops over points, outer to inner; and for those that may be divided, what the length of a chunk is a
    multiple of."""
    if not isinstance(kernel.schedule, Contraction):
        return list(kernel.axes), [1] * (len(kernel.axes) - 1) + [LANES]
    access = find_access(kernel)
    axes = chunk_axes(access)
    tiled = len(axes) - 2  # the innermost rows are cut into tiles
    grains = [kernel.schedule.tile_rows if k == tiled else 1 for k in range(len(axes))]
    return [*axes, access.lane], grains


def _choose(axes: list[Axis], grains: list[int], candidates: Sequence[int]) -> int:
    """Of the candidates, the outermost axis with enough chunks at the smallest sizes, since pages predict one sample at
    a time; else the one with most at the largest."""

    def chunks(number: int, end: int) -> int:
        return min(MOST, -(-dims.bounds(axes[number].extent)[end] // grains[number]))

    enough = next((number for number in candidates if chunks(number, 0) >= WANTED), None)
    return max(candidates, key=lambda number: (chunks(number, 1), -number)) if enough is None else enough


def _least(kernel: Kernel, axes: list[Axis], chosen: int) -> DimLike:
    """So many indices of an axis are worth a chunk of their own."""
    one = cost(kernel, [axis for number, axis in enumerate(axes) if number != chosen])
    low, high = dims.bounds(one)
    if low >= LEAST or high * max(PRODUCTS, NODES) > LARGEST:  # nor may it overflow where it is computed in a call
        return 1
    return dims.floor_divide(LEAST, dims.maximum(one, 1)) + 1

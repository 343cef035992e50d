"""Which kernels may run at the same time? Steps in order become phases, the work between two barriers.

In: steps with their shares, and where buffers lie. Out: phases of items; an item is a shared kernel, whose chunks are
claimed one by one, or small steps that one thread runs one after the other. Items of a phase touch no byte that
another of them writes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from fanlight.ir import dim as dims
from fanlight.ir.kernel import Buffer, Kernel, Loop, Step
from fanlight.targets.wasm.share import SMALL, Share, cost

MOST_ITEMS = 32  # of a phase: a chunk's item is found by going through them

Span = tuple[int, int]


@dataclass(slots=True)
class Item:
    """Work of one phase: all chunks of a shared kernel, or the only chunk of some small steps."""

    steps: list[Step]
    share: Share | None
    reads: list[Span] = field(default_factory=list)
    writes: list[Span] = field(default_factory=list)
    cost: int = 0

    @property
    def count(self) -> dims.DimLike:
        """How many chunks it has."""
        return 1 if self.share is None else self.share.count

    def meets(self, other: Item) -> bool:
        """Must one of the two wait for the other?"""
        return (
            overlap(self.writes, other.reads) or overlap(self.reads, other.writes) or overlap(self.writes, other.writes)
        )

    def take(self, other: Item) -> None:
        """Also runs what the other one does, afterwards."""
        self.steps += other.steps
        self.reads += other.reads
        self.writes += other.writes
        self.cost += other.cost


def cut_phases(
    steps: Iterable[Step], share: Callable[[Kernel], Share | None], buffers: Mapping[str, Buffer]
) -> list[list[Item]]:
    """The steps as phases, in order, each in the earliest phase that it may be in. Loops and branches are small steps
    here, whatever is in them."""
    phases: list[list[Item]] = []
    for step in steps:
        item = Item([step], share(step) if isinstance(step, Kernel) else None, cost=_cost(step))
        for name in sorted(step.touched):
            span = (buffers[name].offset, buffers[name].offset + buffers[name].bytes)
            (item.writes if name in step.written else item.reads).append(span)
        before = [other for other in phases[-1] if other.meets(item)] if phases else []
        chains = [other for other in phases[-1] if other.share is None] if phases else []
        if item.share is None and len(before) == 1 and before[0].share is None:
            before[0].take(item)
        elif not phases or before or len(phases[-1]) == MOST_ITEMS:
            phases.append([item])
        elif item.share is None and chains and chains[-1].cost + item.cost < SMALL:
            chains[-1].take(item)
        else:
            phases[-1].append(item)
    return phases


def _cost(step: Step) -> int:
    """Nanoseconds, at most."""
    if isinstance(step, Kernel):
        return dims.upper(cost(step))
    if isinstance(step, Loop):
        return dims.upper(step.extent) * sum(map(_cost, step.steps))
    return max(sum(map(_cost, step.yes)), sum(map(_cost, step.no)))


def overlap(some: Iterable[Span], others: Iterable[Span]) -> bool:
    """Do two lists of byte ranges have a byte in common?"""
    others = list(others)
    return any(a < d and c < b for a, b in some for c, d in others)

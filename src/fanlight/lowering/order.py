"""When may each kernel run? A list schedule that keeps state readable until its last reader is done.

The guard is computed as early as possible; no kernel that writes state runs before it, or before a kernel that reads
the old state."""

from __future__ import annotations

from fanlight.errors import CompileError
from fanlight.ir.kernel import Step

_NEW = "'"


class CycleError(CompileError):
    """State updates need each other's old values, so that none can be stored in place first."""


def new_name(label: str) -> str:
    """What the new content of a state buffer is called while old and new must be told apart."""
    return label + _NEW


def old_name(buffer: str) -> str:
    return buffer.removesuffix(_NEW)


def order_kernels(kernels: list[Step], written: frozenset[str], guard: str) -> tuple[list[Step], int]:
    """The kernels in order, and the number of the last kernel before the guard is read (-1: no guard).

    `written` are the state labels that are updated: `new_name(label)` is the updated content, `label` the old one."""
    needs = dependencies(kernels)
    producer = {buffer: k for k, kernel in enumerate(kernels) for buffer in kernel.written}
    early = ancestors(needs, producer[guard]) if guard else set()
    updates: set[int] = set()
    for label in written:
        writer = producer[new_name(label)]
        updates.add(writer)
        needs[writer] |= {k for k, other in enumerate(kernels) if k != writer and label in other.touched}
        if guard and writer in early:
            raise CycleError(f"expected a guard that does not need the new {label!r}, got one that does")
        if guard:
            needs[writer].add(producer[guard])
    order: list[int] = []
    finished: set[int] = set()
    waiting = sorted(range(len(kernels)), key=lambda k: (k not in early, k))
    guard_after = -1
    while waiting:
        ready = [k for k in waiting if needs[k] <= finished]
        if not ready:
            raise CycleError(
                f"expected an order in which all kernels can run, got a cycle at {kernels[waiting[0]].name}"
            )
        chosen = next(
            (k for k in ready if k in updates), ready[0]
        )  # updates first: they free the gradient that they read
        waiting.remove(chosen)
        finished.add(chosen)
        order.append(chosen)
        if guard and chosen == producer[guard]:
            guard_after = len(order) - 1
    return [kernels[k] for k in order], guard_after


def dependencies(kernels: list[Step]) -> list[set[int]]:
    """For each kernel, the kernels whose results it reads."""
    producer = {buffer: k for k, kernel in enumerate(kernels) for buffer in kernel.written}
    return [
        {producer[buffer] for buffer in kernel.touched if buffer in producer} - {k} for k, kernel in enumerate(kernels)
    ]


def ancestors(needs: list[set[int]], start: int) -> set[int]:
    """Everything that `start` needs, itself included."""
    found: set[int] = set()
    stack = [start]
    while stack:
        k = stack.pop()
        if k not in found:
            found.add(k)
            stack.extend(needs[k])
    return found

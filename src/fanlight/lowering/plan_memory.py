"""Where in memory does each buffer lie? One arena with reuse; state, derived buffers and the header never move.

In: the buffers of all functions with their first and last use. Out: byte offsets, and the peak, known before anything
runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from fanlight.errors import MemoryLimitError
from fanlight.ir.kernel import SLACK, Branch, Buffer, Kernel, Loop, Step, kernels_of

ALIGNMENT = 64  # bytes: a cache line
HEADER = 1024  # bytes at address 0 that no buffer uses, so that a zero pointer is never valid
LIMIT = 4 << 30  # the address space of WebAssembly


@dataclass(frozen=True, slots=True)
class Lifetime:
    """From the first kernel that touches a buffer to the last, both included."""

    first: int
    last: int


def lifetimes(
    steps: Iterable[Step], inputs: Iterable[str], outputs: Iterable[str], keep: Mapping[str, int]
) -> dict[str, Lifetime]:
    """Of every buffer that the kernels touch, numbered in the order in which they are written down. Inputs live from
    before the first kernel, outputs until after the last; `keep` maps a buffer to a kernel number until which it must
    live. What a loop shares with what is around it lives from its first kernel to its last."""
    found: dict[str, Lifetime] = {}
    count = _live(steps, 0, found)
    for name, last in keep.items():
        found[name] = Lifetime(found[name].first, max(found[name].last, last))
    for name in inputs:
        found[name] = Lifetime(-1, found[name].last if name in found else -1)
    for name in outputs:
        found[name] = Lifetime(found[name].first, count)
    return _through_loops(steps, 0, found)


def _live(steps: Iterable[Step], number: int, found: dict[str, Lifetime]) -> int:
    """Adds the uses of each buffer; returns the number of the next kernel."""

    def use(buffer: str, at: int) -> None:
        life = found.get(buffer, Lifetime(at, at))
        found[buffer] = Lifetime(min(life.first, at), max(life.last, at))

    for step in steps:
        if isinstance(step, Kernel):
            for operand in step.operands:
                use(operand.buffer, number)
            number += 1
        elif isinstance(step, Branch):
            use(step.condition, number)
            number = _live(step.no, _live(step.yes, number, found), found)
        else:
            for buffer in (*step.carries, *([step.guard] if step.guard else [])):
                use(buffer, number)
            number = _live(step.steps, number, found)
    return number


def _through_loops(steps: Iterable[Step], number: int, found: dict[str, Lifetime]) -> dict[str, Lifetime]:
    """The lifetimes, stretched to the ends of each loop that a buffer is also used outside of; outer loops first."""
    for step in steps:
        if isinstance(step, Kernel):
            number += 1
            continue
        is_loop = isinstance(step, Loop)
        inside = step.steps if is_loop else (*step.yes, *step.no)
        last = number + sum(1 for _ in kernels_of(inside)) - 1
        for name in step.touched if is_loop else ():
            life = found[name]
            if life.first < number or life.last > last or (is_loop and name in step.carries):
                found[name] = Lifetime(min(life.first, number), max(life.last, last))
        _through_loops(inside, number, found)
        number = last + 1
    return found


def plan_memory(
    fixed: Mapping[str, Buffer],
    arenas: Iterable[tuple[Mapping[str, Buffer], Mapping[str, Lifetime]]],
    limit: int,
    versions: int,
) -> tuple[dict[str, Buffer], int, int]:
    """All buffers with offsets, the byte offset of the version counters (`versions` int32), and the bytes of memory
    needed.

    `arenas` gives each function's own buffers with their lifetimes; functions do not run at the same time and share
    one arena. Raises MemoryLimitError where the plan exceeds `limit` bytes."""
    placed: dict[str, Buffer] = {}
    counters = HEADER
    top = _aligned(HEADER + 4 * versions)
    for name, buffer in fixed.items():
        placed[name] = replace(buffer, offset=top)
        top = _aligned(top + buffer.bytes + SLACK)
    peak = top
    for buffers, lives in arenas:
        peak = max(peak, _place(buffers, lives, top, placed))
    if peak > min(limit, LIMIT):
        largest = sorted(placed.values(), key=lambda b: -b.bytes)[:3]
        raise MemoryLimitError(
            f"expected a memory plan of at most {min(limit, LIMIT)} bytes, got {peak}; "
            f"use a smaller batch or raise max_memory (largest: {', '.join(f'{b.name} {b.bytes}' for b in largest)})"
        )
    return placed, counters, peak


def _place(buffers: Mapping[str, Buffer], lives: Mapping[str, Lifetime], bottom: int, placed: dict[str, Buffer]) -> int:
    """Largest first, each at the lowest address that no buffer alive at the same time covers. Returns the end of the
    highest."""
    peak = bottom
    done: list[tuple[Lifetime, int, int]] = []
    for name in sorted(buffers, key=lambda n: (-buffers[n].bytes, n)):
        life = lives[name]
        length = _aligned(buffers[name].bytes + SLACK)
        offset = bottom
        for other, begin, end in sorted(done, key=lambda entry: entry[1]):
            overlaps = life.first <= other.last and other.first <= life.last
            if overlaps and offset + length > begin and offset < end:
                offset = end
        done.append((life, offset, offset + length))
        placed[name] = replace(buffers[name], offset=offset)
        peak = max(peak, offset + length)
    return peak


def _aligned(address: int) -> int:
    return (address + ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT

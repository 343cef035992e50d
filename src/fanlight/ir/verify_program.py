"""Does a program keep its rules? Kernels read what was written, inside their buffers, and no two live buffers overlap.

Liveness is computed here once more, apart from the planner that used it. Raises CompileError with what and where.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping

from fanlight.errors import CompileError
from fanlight.ir import dim as dims
from fanlight.ir.kernel import Branch, Buffer, Kernel, Loop, Procedure, Program, Step, kernels_of
from fanlight.ir.types import item_bytes
from fanlight.ir.verify_kernel import check_sizes, read_slots, verify_kernel

SPACES = ("input", "output", "state", "derived", "arena")
FIXED = ("state", "derived")  # these live all the time


def verify_program(program: Program) -> None:
    """Raises CompileError where `program` breaks a rule of the IR."""
    check_buffers(program)
    state = {buffer for buffer in program.state.values()}
    derived: dict[int, set[str]] = {}
    for number, derivation in enumerate(program.derivations):
        where = f"derivation {number}"
        derived[number] = set(derivation.buffers)
        before = state | {b for k, d in enumerate(program.derivations) if k < number for b in d.buffers}
        written = check_order(program, derivation.kernels, before, {}, where)
        if not derived[number] <= written:
            raise CompileError(where, expected=f"kernels that write {sorted(derived[number])}", got=sorted(written))
        read = {operand.buffer for kernel in derivation.kernels for operand in kernel.operands} & state
        missing = {program.groups[name] for name, buffer in program.state.items() if buffer in read}
        if not missing <= set(derivation.groups):
            raise CompileError(where, expected=f"groups {sorted(missing)}", got=derivation.groups)
    for procedure in program.procedures.values():
        check_procedure(program, procedure, derived)


def check_buffers(program: Program) -> None:
    """Every buffer has its place in memory, large enough and aligned; fixed ones share it with none."""
    counters = 1 + max(program.groups.values(), default=-1) + len(program.derivations)
    fixed = [(program.versions, program.versions + 4 * counters, "the versions")]
    for name, buffer in program.buffers.items():
        where = f"buffer {name!r}"
        if buffer.space not in SPACES:
            raise CompileError(where, expected=f"a space of {', '.join(SPACES)}", got=buffer.space)
        if buffer.count < dims.upper(buffer.type.count):
            raise CompileError(where, expected=f"{dims.upper(buffer.type.count)} elements", got=buffer.count)
        end = buffer.offset + buffer.bytes
        if buffer.offset < 0 or end > program.bytes or buffer.offset % item_bytes(buffer.type.dtype):
            raise CompileError(where, expected=f"an aligned place in {program.bytes} bytes", got=f"@{buffer.offset}")
        if buffer.space in FIXED:
            fixed.append((buffer.offset, end, where))
    fixed.sort()
    for (_, end, first), (begin, _, second) in itertools.pairwise(fixed):
        if begin < end:
            raise CompileError("memory", expected="places of their own", got=f"{first} over {second}", at=begin)
    for name, buffer in program.buffers.items():
        if buffer.space not in FIXED:
            for begin, end, other in fixed:
                if buffer.offset < end and begin < buffer.offset + buffer.bytes:
                    raise CompileError("memory", expected="places of their own", got=f"{name!r} over {other}", at=begin)


def check_order(
    program: Program, steps: Iterable[Step], written: set[str], sizes: Mapping[str, dims.Size], where: str
) -> set[str]:
    """Each kernel is sound and reads what was written before it; returns all that is written in the end."""
    written = set(written)
    for number, step in enumerate(steps):
        at = f"step {number} {step.name!r} of {where}"
        for buffer in step.touched:
            if buffer not in program.buffers:
                raise CompileError("operand", expected="a buffer of the program", got=buffer, at=at)
        if isinstance(step, Loop):
            written = check_loop(program, step, written, sizes, at)
        elif isinstance(step, Branch):
            check_read(step.condition, written, "condition", at)
            sides = [check_order(program, side, written, sizes, at) for side in (step.yes, step.no)]
            written |= sides[0] & sides[1]
        else:
            verify_kernel(step, program.buffers, sizes, at)
            for slot in read_slots(step):
                check_read(step.operands[slot].buffer, written, f"operand {slot}", at)
            written |= step.written
    return written


def check_read(buffer: str, written: set[str], what: str, at: str) -> None:
    if buffer not in written:
        raise CompileError(what, expected="a buffer that was written", got=buffer, at=at)


def check_loop(program: Program, loop: Loop, written: set[str], sizes: Mapping[str, dims.Size], at: str) -> set[str]:
    """Its index is new, its carries hold something before, its guard is known when it is read."""
    if loop.size.name in sizes:
        raise CompileError("loop", expected="an index with a name of its own", got=loop.size.name, at=at)
    if loop.size.low != 0 or loop.size.high < dims.upper(loop.extent) - 1:
        raise CompileError("loop", expected=f"an index up to {dims.upper(loop.extent) - 1}", got=loop.size.high, at=at)
    check_sizes(loop.extent, frozenset(sizes.values()), "extent", at)
    for buffer in loop.carries:
        check_read(buffer, written, "carry", at)
    inner = {**sizes, loop.size.name: loop.size}
    after = check_order(program, loop.steps[: loop.guard_after + 1], written, inner, at)
    if loop.guard:
        check_read(loop.guard, after, "guard", at)
    return check_order(program, loop.steps[loop.guard_after + 1 :], after, inner, at)


def check_procedure(program: Program, procedure: Procedure, derived: Mapping[int, set[str]]) -> None:
    """The kernels of one function, in order, with its guard, its state and its memory."""
    where = f"procedure {procedure.name!r}"
    sizes = {size.name: size for size in procedure.sizes}
    for size in procedure.sizes:
        if size.high >= dims.UNBOUNDED:
            raise CompileError(f"size {size.name!r}", expected="an upper bound", got="none", at=where)
    given = set(program.state.values()) | {b for b in procedure.inputs.values() if b in program.buffers}
    available: set[str] = set()
    for number in procedure.derivations:
        needed = {o.buffer for k in program.derivations[number].kernels for o in k.operands} - derived[number]
        if not needed <= available | given:
            raise CompileError(
                f"derivation {number}", expected="one whose sources are derived before", got=sorted(needed), at=where
            )
        available |= derived[number]
    written = check_order(program, procedure.kernels, given | available, sizes, where)
    for name, buffer in procedure.outputs.items():
        if buffer not in written:
            raise CompileError(f"output {name!r}", expected="a buffer that was written", got=buffer, at=where)
    check_state_writes(program, procedure, where)
    check_lives(program, procedure, where)


def check_state_writes(program: Program, procedure: Procedure, where: str) -> None:
    """State is written after the guard only, and its groups are named; inputs and derived buffers are not written."""
    names = {buffer: name for name, buffer in program.state.items()}
    if procedure.guard and not -1 < procedure.guard_after < len(procedure.kernels):
        raise CompileError("guard", expected="the number of a kernel", got=procedure.guard_after, at=where)
    for number, kernel in enumerate(procedure.kernels):
        for buffer in kernel.written:
            at = f"kernel {number} {kernel.name!r} of {where}"
            space = program.buffers[buffer].space
            if space in ("input", "derived"):
                raise CompileError("store", expected="no store to inputs and derived buffers", got=buffer, at=at)
            if space != "state":
                continue
            if procedure.guard and number <= procedure.guard_after:
                raise CompileError("store", expected="state written after the guard", got=buffer, at=at)
            if program.groups[names[buffer]] not in procedure.groups:
                group = program.groups[names[buffer]]
                raise CompileError("groups", expected=f"group {group} of {buffer!r}", got=procedure.groups, at=at)
    before = set().union(*(k.written for k in procedure.kernels[: procedure.guard_after + 1]))
    if procedure.guard and procedure.guard not in before | set(procedure.inputs.values()):
        raise CompileError("guard", expected="a buffer written before it is read", got=procedure.guard, at=where)


def check_lives(program: Program, procedure: Procedure, where: str) -> None:
    """No two buffers that hold something at the same time share a byte."""
    uses: dict[str, set[int]] = {}
    rounds: list[tuple[int, int, Loop]] = []
    end = find_uses(procedure.kernels, 0, uses, rounds)
    for buffer in procedure.inputs.values():
        if buffer in program.buffers:  # nothing holds an input that nothing reads
            uses.setdefault(buffer, set()).add(-1)
    for buffer in procedure.outputs.values():
        uses.setdefault(buffer, set()).add(end)
    if procedure.guard:
        before = len(list(kernels_of(procedure.kernels[: procedure.guard_after + 1])))
        uses[procedure.guard].add(before - 1)
    for first, last, _ in rounds:  # outer loops first
        for found in uses.values():
            inside = {k for k in found if first <= k <= last}
            if inside and inside != found:  # a later round may read it, or the same round what an earlier one wrote
                found |= {first, last}
    lives = {name: (min(found), max(found)) for name, found in uses.items()}
    moving = [b for b in lives if program.buffers[b].space not in FIXED]
    moving.sort(key=lambda name: program.buffers[name].offset)
    for k, name in enumerate(moving):
        buffer = program.buffers[name]
        for other in moving[k + 1 :]:
            if program.buffers[other].offset >= buffer.offset + buffer.bytes:
                break
            if buffer.bytes and program.buffers[other].bytes and meet(lives[name], lives[other]):
                raise CompileError(
                    "memory",
                    expected="live buffers in places of their own",
                    got=f"{described(buffer, lives[name])} and {described(program.buffers[other], lives[other])}",
                    at=where,
                )


def find_uses(
    steps: Iterable[Step], number: int, uses: dict[str, set[int]], rounds: list[tuple[int, int, Loop]]
) -> int:
    """Notes which kernels use a buffer, in the order in which they are written down, and which belong to each loop;
    returns the number of the next kernel."""
    for step in steps:
        if isinstance(step, Kernel):
            for operand in step.operands:
                uses.setdefault(operand.buffer, set()).add(number)
            number += 1
        elif isinstance(step, Branch):
            uses.setdefault(step.condition, set()).add(number)
            number = find_uses(step.no, find_uses(step.yes, number, uses, rounds), uses, rounds)
        else:
            place, first = len(rounds), number
            after = find_uses(step.steps[: step.guard_after + 1], number, uses, rounds)
            if step.guard:
                uses.setdefault(step.guard, set()).add(max(after - 1, first))
            number = find_uses(step.steps[step.guard_after + 1 :], after, uses, rounds)
            for buffer in step.carries:
                uses.setdefault(buffer, set()).update({first - 1, number - 1})
            if number > first:
                rounds.insert(place, (first, number - 1, step))
    return number


def meet(first: tuple[int, int], second: tuple[int, int]) -> bool:
    return first[0] <= second[1] and second[0] <= first[1]


def described(buffer: Buffer, life: tuple[int, int]) -> str:
    end = buffer.offset + buffer.bytes
    return f"{buffer.name} at {buffer.offset} .. {end}, kernels {life[0]} .. {life[1]}"

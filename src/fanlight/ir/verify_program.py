"""Does a program keep its rules? Kernels read what was written, inside their buffers, and no two live buffers overlap.

Liveness is computed here once more, apart from the planner that used it. Raises CompileError with what and where.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping

from fanlight.errors import CompileError
from fanlight.ir import dim as dims
from fanlight.ir.kernel import Buffer, Kernel, Procedure, Program
from fanlight.ir.types import item_bytes
from fanlight.ir.verify_kernel import read_slots, verify_kernel

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
    program: Program, kernels: Iterable[Kernel], written: set[str], sizes: Mapping[str, dims.Size], where: str
) -> set[str]:
    """Each kernel is sound and reads what was written before it; returns all that is written in the end."""
    written = set(written)
    for number, kernel in enumerate(kernels):
        at = f"kernel {number} {kernel.name!r} of {where}"
        for operand in kernel.operands:
            if operand.buffer not in program.buffers:
                raise CompileError("operand", expected="a buffer of the program", got=operand.buffer, at=at)
        verify_kernel(kernel, program.buffers, sizes, at)
        for slot in read_slots(kernel):
            if kernel.operands[slot].buffer not in written:
                raise CompileError(
                    f"operand {slot}", expected="a buffer that was written", got=kernel.operands[slot].buffer, at=at
                )
        written |= kernel.written
    return written


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
    lives: dict[str, tuple[int, int]] = {}
    for number, kernel in enumerate(procedure.kernels):
        for operand in kernel.operands:
            first, _ = lives.get(operand.buffer, (number, number))
            lives[operand.buffer] = (first, number)
    end = len(procedure.kernels)
    for buffer in procedure.inputs.values():
        if buffer in program.buffers:  # nothing holds an input that nothing reads
            lives[buffer] = (-1, lives.get(buffer, (-1, -1))[1])
    for buffer in procedure.outputs.values():
        lives[buffer] = (lives[buffer][0] if buffer in lives else -1, end)
    if procedure.guard:
        first, last = lives[procedure.guard]
        lives[procedure.guard] = (first, max(last, procedure.guard_after))
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


def meet(first: tuple[int, int], second: tuple[int, int]) -> bool:
    return first[0] <= second[1] and second[0] <= first[1]


def described(buffer: Buffer, life: tuple[int, int]) -> str:
    end = buffer.offset + buffer.bytes
    return f"{buffer.name} at {buffer.offset} .. {end}, kernels {life[0]} .. {life[1]}"

"""How do threads agree on who does what? Functions over a few words of shared memory: open, claim, finish, close.

In: a module, and globals of each thread. Out: its functions. A phase ends when its last chunk is finished, whoever did
them: a thread that is late, or never comes, is not waited for. The words: ir/job.py."""

from __future__ import annotations

from fanlight.ir import job
from fanlight.targets.wasm.assembler import I32, I64, Function, Module

SPINS = 4000  # looks at a phase before a thread sleeps: some 10 microseconds
SECOND = 10**9  # nanoseconds of sleep, after which a thread looks whether it is to give up
PATIENCE = 30  # such seconds in one phase until it does so by itself
TIMED_OUT = 2  # what memory.atomic.wait64 says


def load(f: Function, word: int) -> None:
    """Pushes a word."""
    f.const(0)
    f.emit("i32.atomic.load", offset=word)


def _add(f: Function, word: int, value: int) -> None:
    """Adds to a word and pushes what it was."""
    f.const(0)
    f.const(value)
    f.emit("i32.atomic.rmw.add", offset=word)


def _push_next(f: Function, phase: int) -> None:
    """Pushes the ticket with which the phase after this thread's begins."""
    f.emit("global.get", phase)
    f.const(1)
    f.emit("i32.add")
    f.emit("i64.extend_i32_u")
    f.emit("i64.const", 32)
    f.emit("i64.shl")


def write_claim(module: Module, phase: int, may_ring: int, ring: int) -> Function:
    """`claim(total) -> chunk`: the number of a chunk of this phase; -1 where the phase is over, and the thread in the
    next one. Between the two it waits. Traps where the job was stopped."""
    f = module.function("claim", (I32,), (I32,))
    (total,) = f.parameters
    ticket, chunk, spins, seconds = f.local(I64), f.local(I32), f.local(I32), f.local(I32)
    with f.loop() as again:
        f.const(0)
        f.emit("i64.atomic.load", offset=job.TICKET)
        f.tee(ticket)
        f.emit("i64.const", 32)
        f.emit("i64.shr_u")
        f.emit("i32.wrap_i64")
        f.emit("global.get", phase)
        f.emit("i32.ne")
        with f.if_():
            f.emit("global.get", phase)
            f.const(1)
            f.emit("i32.add")
            f.emit("global.set", phase)
            f.const(-1)
            f.emit("return")
        f.get(ticket)
        f.emit("i32.wrap_i64")
        f.tee(chunk)
        f.get(total)
        f.emit("i32.lt_s")
        with f.if_():
            _wake_others(f, total, may_ring, ring)
            f.const(0)
            f.get(ticket)
            f.get(ticket)
            f.emit("i64.const", 1)
            f.emit("i64.add")
            f.emit("i64.atomic.rmw.cmpxchg", offset=job.TICKET)
            f.get(ticket)
            f.emit("i64.ne")
            f.branch_if(again)
            f.get(chunk)
            f.emit("return")
        f.get(spins)
        f.const(1)
        f.emit("i32.add")
        f.tee(spins)
        f.const(SPINS)
        f.emit("i32.lt_s")
        f.branch_if(again)
        _sleep(f, ticket, seconds)
        f.branch(again)
    f.emit("unreachable")
    return f


def _wake_others(f: Function, total: int, may_ring: int, ring: int) -> None:
    """Rings where there is something to share, once a job."""
    f.emit("global.get", may_ring)
    f.get(total)
    f.const(1)
    f.emit("i32.gt_s")
    f.emit("i32.and")
    with f.if_():
        f.const(0)
        f.emit("global.set", may_ring)
        f.call(ring)


def _sleep(f: Function, ticket: int, seconds: int) -> None:
    """Until the phase ends, or for a second: all of its chunks are claimed, so that the ticket stays what it is."""
    _add(f, job.WAITING, 1)
    f.emit("drop")
    f.const(0)
    f.get(ticket)
    f.emit("i64.const", SECOND)
    f.emit("memory.atomic.wait64", offset=job.TICKET)
    f.const(TIMED_OUT)
    f.emit("i32.eq")
    f.get(seconds)
    f.emit("i32.add")
    f.set(seconds)
    _add(f, job.WAITING, -1)
    f.emit("drop")
    f.get(seconds)
    f.const(PATIENCE)
    f.emit("i32.ge_s")
    with f.if_():
        f.const(0)
        f.const(job.LATE)
        f.emit("i32.atomic.store", offset=job.STOP)
    trap_if_stopped(f)


def trap_if_stopped(f: Function) -> None:
    """Ends this thread's part of the job."""
    load(f, job.STOP)
    with f.if_():
        f.emit("unreachable")


def write_is_behind(module: Module, phase: int, first: int) -> Function:
    """`is_behind() -> i32`: have the others gone on to a later phase than this thread's? The caller's never leaves."""
    f = module.function("is_behind", results=(I32,))
    f.const(0)
    f.emit("i64.atomic.load", offset=job.TICKET)
    f.emit("i64.const", 32)
    f.emit("i64.shr_u")
    f.emit("i32.wrap_i64")
    f.emit("global.get", phase)
    f.emit("i32.ne")
    f.emit("global.get", first)
    f.emit("i32.eqz")
    f.emit("i32.and")
    return f


def write_finish(module: Module, phase: int) -> Function:
    """`finish(total)`: one more chunk of this phase is done; the last one ends the phase."""
    f = module.function("finish", (I32,))
    (total,) = f.parameters
    _add(f, job.DONE, 1)
    f.const(1)
    f.emit("i32.add")
    f.get(total)
    f.emit("i32.eq")
    with f.if_():
        f.const(0)
        f.const(0)
        f.emit("i32.atomic.store", offset=job.DONE)
        f.const(0)
        _push_next(f, phase)
        f.emit("i64.atomic.store", offset=job.TICKET)
        # A thread that goes to sleep counts itself before it compares the ticket: it is seen here, or sees the new one.
        load(f, job.WAITING)
        with f.if_():
            f.const(0)
            f.const(-1)
            f.emit("memory.atomic.notify", offset=job.TICKET)
            f.emit("drop")
    return f


def write_open(module: Module, phase: int, may_ring: int, first: int) -> Function:
    """`open(number)`: body `number` becomes a job, whose phases no earlier job had; its sizes are written before."""
    f = module.function("open", (I32,))
    (number,) = f.parameters
    trap_if_stopped(f)
    f.const(0)
    f.emit("i64.atomic.load", offset=job.TICKET)
    f.emit("i64.const", 32)
    f.emit("i64.shr_u")
    f.emit("i32.wrap_i64")
    f.emit("global.set", phase)
    f.const(0)
    _push_next(f, phase)
    f.emit("i64.atomic.store", offset=job.TICKET)
    f.emit("global.get", phase)
    f.const(1)
    f.emit("i32.add")
    f.emit("global.set", phase)
    f.const(0)
    f.emit("global.get", phase)
    f.emit("i32.atomic.store", offset=job.BASE)
    f.const(0)
    f.get(number)
    f.emit("i32.atomic.store", offset=job.FUNCTION)
    for flag in (may_ring, first):
        f.const(1)
        f.emit("global.set", flag)
    _add(f, job.JOB, 1)
    f.emit("drop")
    return f


def write_close(module: Module) -> Function:
    """`close()`: no thread joins any more."""
    f = module.function("close")
    _add(f, job.JOB, 1)
    f.emit("drop")
    return f

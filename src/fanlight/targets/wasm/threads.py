"""How do several threads run one call? Each runs the same function; chunks are claimed, phases end together.

In: a Program. Out: a module that imports shared memory and `env.ring`, which wakes other threads. It exports what the
module for one thread does, and `help() -> i32`: another thread's part of the call that is open, 0 where there is none.
Why it is done so: docs/decisions/0009."""

from __future__ import annotations

from collections.abc import Sequence

from fanlight.errors import CompileError
from fanlight.ir import dim as dims
from fanlight.ir import job
from fanlight.ir.kernel import Branch, Derivation, Kernel, Loop, Procedure, Program, Step, kernels_of
from fanlight.ir.target import Target
from fanlight.targets.wasm.assembler import I32, Function, Label, Module
from fanlight.targets.wasm.barrier import load, write_claim, write_close, write_finish, write_is_behind, write_open
from fanlight.targets.wasm.emit import DONE, EMITTERS, REFUSED, Emission, Written, emit_dim, pages
from fanlight.targets.wasm.loops import Bound
from fanlight.targets.wasm.phases import Item, cut_phases
from fanlight.targets.wasm.share import Share, share


def emit_threads(program: Program, target: Target, names: bool = False, written: Written | None = None) -> bytes:
    """The module of `program` for any number of threads. Portable results are those of one thread, to the bit."""
    return _Threaded(program, target, written).run().encode(names=names)


class _Threaded(Emission):
    """One module while it is written. A body is a function that every thread of a job runs."""

    def _import_memory(self) -> None:
        module = self.module
        module.import_memory("env", "memory", pages(self.program), pages(self.program), shared=True)
        ring = module.import_function("env", "ring")
        self.phase = module.global_i32(0)  # the phase that this thread is in
        self.first = module.global_i32(0)  # whether it is the one that opened the job
        may_ring = module.global_i32(0)  # whether it has opened the job and not yet woken others
        self.claim = write_claim(module, self.phase, may_ring, ring)
        self.finish = write_finish(module, self.phase)
        self.is_behind = write_is_behind(module, self.phase, self.first)
        self.open, self.close = write_open(module, self.phase, may_ring, self.first), write_close(module)
        self.jobs: list[tuple[Function, Sequence[dims.Size]]] = []
        self.shares: dict[int, Share | None] = {}
        self.words: dict[int, int] = {}  # of divided loops and branches, by identity: where their decision is

    def run(self) -> Module:
        """The finished module."""
        module = super().run()
        self._write_help()
        return module

    def _share(self, kernel: Kernel) -> Share | None:
        """How a kernel is divided, if it is."""
        if id(kernel) not in self.shares:
            self.shares[id(kernel)] = share(kernel)
        return self.shares[id(kernel)]

    def _is_divided(self, step: Step) -> bool:
        """Do several threads go through a loop or branch, since there is something in it to share?"""
        if isinstance(step, Kernel) or not any(map(self._share, kernels_of([step]))):
            return False
        return self._word(step) is not None

    def _word(self, step: Loop | Branch) -> int | None:
        """Where the decision of a loop or branch is handed on; none where there is no room for one more."""
        if id(step) not in self.words and len(self.words) < job.MOST_DECISIONS:
            self.words[id(step)] = job.DECISIONS + 4 * len(self.words)
        return self.words.get(id(step))

    def _axis(self, kernel: Kernel) -> int:
        part = self._share(kernel)
        return part.axis if part else 0

    def _write(self, kernel: Kernel) -> Function:
        part = self._share(kernel)
        if part is None:
            return super()._write(kernel)
        return EMITTERS[kernel.kind](self.module, kernel, self.sizes, self.target, part.axis)

    def _run_kernel(self, function: Function, kernel: Kernel) -> None:
        part = self._share(kernel)
        if part is None:
            super()._run_kernel(function, kernel)
            return
        self._push_operands(function, kernel)
        function.const(0)
        emit_dim(function, part.extent, self.sizes)
        function.call(self._kernel(kernel))

    def _push_operands(self, function: Function, kernel: Kernel) -> None:
        for operand in kernel.operands:
            function.const(self.program.buffers[operand.buffer].offset)

    # Jobs

    def _derive(self, function: Function, derivation: Derivation, number: int) -> None:
        """A derivation is a job of its own: whether it is stale is for the caller's thread to say."""
        if not any(map(self._share, derivation.kernels)):
            super()._derive(function, derivation, number)
            return
        body = self.module.function(f"derive_{number}/body", results=(I32,))
        self._steps(body, derivation.kernels)
        body.const(DONE)
        self._run_job(function, body, ())
        function.emit("drop")

    def _body(self, function: Function, procedure: Procedure) -> None:
        if not any(map(self._share, kernels_of(procedure.kernels))):
            super()._body(function, procedure)
            return
        body = self.module.function(f"{procedure.name}/body", results=(I32,))
        split = procedure.guard_after + 1 if procedure.guard else 0
        self._steps(body, procedure.kernels[:split])
        if split:
            # Threads that are behind may stay: where the guard was false, no phase follows in which they could claim.
            self._decide(body, procedure.guard, job.STATUS)
            load(body, job.STATUS)
            body.emit("i32.eqz")
            with body.if_():
                body.const(REFUSED)
                body.emit("return")
        self._steps(body, procedure.kernels[split:])
        body.const(DONE)
        status = function.local(I32)
        self._run_job(function, body, procedure.sizes)
        function.tee(status)
        with function.if_():
            function.get(status)
            function.emit("return")

    def _run_job(self, function: Function, body: Function, sizes: Sequence[dims.Size]) -> None:
        """Opens a job, takes part in it, and leaves its status."""
        if len(sizes) > job.MOST_SIZES:
            raise CompileError(f"function {body.name!r}", expected=f"{job.MOST_SIZES} sizes", got=len(sizes))
        for position, size in enumerate(sizes):
            function.const(0)
            function.emit("global.get", self.sizes[size.name])
            function.emit("i32.atomic.store", offset=job.SIZES + 4 * position)
        function.const(len(self.jobs))
        function.call(self.open)
        function.call(body)
        function.call(self.close)
        self.jobs.append((body, sizes))

    # Steps

    def _steps(self, function: Function, steps: Sequence[Step]) -> None:
        """Phases; divided loops and branches, through which all threads go, are between them."""
        waiting: list[Step] = []
        for step in (*steps, None):
            if step is not None and not self._is_divided(step):
                waiting.append(step)
                continue
            for items in cut_phases(waiting, self._share, self.program.buffers):
                self._phase(function, items)
            waiting = []
            if step is not None:
                self._step(function, step)

    def _round(self, function: Function, loop: Loop, outside: Label) -> None:
        if not self._is_divided(loop):
            super()._round(function, loop, outside)
            return
        split = loop.guard_after + 1 if loop.guard else 0
        self._steps(function, loop.steps[:split])
        if loop.guard:
            self._push_decision(function, loop, loop.guard)
            function.emit("i32.eqz")
            function.branch_if(outside)
        self._steps(function, loop.steps[split:])

    def _branch(self, function: Function, branch: Branch) -> None:
        if not self._is_divided(branch):
            super()._branch(function, branch)
            return
        self._push_decision(function, branch, branch.condition)
        with function.if_():
            self._steps(function, branch.yes)
            function.else_()
            self._steps(function, branch.no)

    def _push_decision(self, f: Function, step: Loop | Branch, buffer: str) -> None:
        """Pushes a bool scalar on which the way of all threads depends. A thread that is behind no longer finds it, and
        leaves the job."""
        word, decision = self._word(step), f.local(I32)
        assert word is not None
        self._decide(f, buffer, word)
        load(f, word)
        f.set(decision)
        f.call(self.is_behind)  # after the word was read: it changes in a later phase only
        with f.if_():
            f.const(DONE)
            f.emit("return")
        f.get(decision)
        f.release(decision)

    def _decide(self, f: Function, buffer: str, word: int) -> None:
        """A phase in which the caller's thread copies a bool scalar to a word that kernels leave alone: other threads
        may have gone on, and stored something else in the buffer, before one reads it."""
        with f.loop() as again:
            f.emit("global.get", self.first)  # nothing to claim for the others: they wait
            f.call(self.claim)
            f.const(0)
            f.emit("i32.ge_s")
            with f.if_():
                f.const(0)
                self._load_bool(f, buffer)
                f.emit("i32.atomic.store", offset=word)
                f.const(1)
                f.call(self.finish)
                f.branch(again)

    def _phase(self, function: Function, items: Sequence[Item]) -> None:
        """Claims chunks and computes them until all are claimed, and waits until all are computed."""
        f = function
        counts = [self._bound(f, item.count) for item in items]
        total = self._bound(f, sum((item.count for item in items), start=0))
        chunk = f.local(I32)
        with f.loop() as again:
            total.push(f)
            f.call(self.claim)
            f.tee(chunk)
            f.const(0)
            f.emit("i32.ge_s")
            with f.if_():
                self._chunk(f, items, counts, chunk)
                total.push(f)
                f.call(self.finish)
                f.branch(again)
        for local in (chunk, *(bound.local for bound in (*counts, total))):
            if local is not None:
                f.release(local)

    def _bound(self, function: Function, dim: dims.DimLike) -> Bound:
        if isinstance(dim, int):
            return Bound(None, dim)
        local = function.local(I32)
        emit_dim(function, dim, self.sizes)
        function.set(local)
        return Bound(local)

    def _chunk(self, f: Function, items: Sequence[Item], counts: Sequence[Bound], chunk: int) -> None:
        """Computes one chunk: of the first item where its number is below that one's count, else of those after it."""
        if len(items) == 1:
            self._item(f, items[0], chunk)
            return
        f.get(chunk)
        counts[0].push(f)
        f.emit("i32.lt_s")
        with f.if_():
            self._item(f, items[0], chunk)
            f.else_()
            f.get(chunk)
            counts[0].push(f)
            f.emit("i32.sub")
            f.set(chunk)
            self._chunk(f, items[1:], counts[1:], chunk)

    def _item(self, f: Function, item: Item, chunk: int) -> None:
        part = item.share
        if part is None:
            for step in item.steps:
                self._step(f, step)
            return
        (kernel,) = kernels_of(item.steps)
        begin, end = f.local(I32), f.local(I32)
        self._push_operands(f, kernel)
        f.get(chunk)
        emit_dim(f, part.length, self.sizes)
        f.emit("i32.mul")
        f.tee(begin)
        f.get(begin)
        emit_dim(f, part.length, self.sizes)
        f.emit("i32.add")
        f.tee(end)
        emit_dim(f, part.extent, self.sizes)
        f.get(end)
        emit_dim(f, part.extent, self.sizes)
        f.emit("i32.lt_s")
        f.emit("select")
        f.call(self._kernel(kernel))
        f.release(begin)
        f.release(end)

    def _write_help(self) -> None:
        """A thread joins the open job, unless it was in it before: at its beginning, and goes past what is done."""
        f = self.module.function("help", results=(I32,), export=True)
        number, served = f.local(I32), self.module.global_i32(0)
        load(f, job.JOB)
        f.tee(number)
        f.const(1)
        f.emit("i32.and")
        f.emit("i32.eqz")
        f.get(number)
        f.emit("global.get", served)
        f.emit("i32.eq")
        f.emit("i32.or")
        load(f, job.STOP)
        f.emit("i32.or")
        with f.if_():
            f.const(0)
            f.emit("return")
        f.const(0)
        f.emit("global.set", self.first)
        load(f, job.BASE)
        f.emit("global.set", self.phase)
        for position, (body, sizes) in enumerate(self.jobs):
            load(f, job.FUNCTION)
            f.const(position)
            f.emit("i32.eq")
            with f.if_():
                for k, size in enumerate(sizes):
                    load(f, job.SIZES + 4 * k)
                    f.emit("global.set", self.sizes[size.name])
                # What was read belongs to one job only if that job is still open.
                load(f, job.JOB)
                f.get(number)
                f.emit("i32.eq")
                with f.if_():
                    f.get(number)
                    f.emit("global.set", served)
                    f.call(body)
                    f.emit("drop")
                    f.const(1)
                    f.emit("return")
        f.const(0)

"""How does a program become a WebAssembly module? A function for each distinct kernel, one exported for each procedure.

In: a Program with its memory plan, and the variant. Out: bytes that import only `env.memory`. Knows how kernels are
called, when derived state is stale, and what a call returns; loops are written by `map`, `reduce` and `contract`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from fanlight.errors import CompileError
from fanlight.ir import dim as dims
from fanlight.ir.dim import Dim, DimLike
from fanlight.ir.kernel import Branch, Derivation, Kernel, Loop, Procedure, Program, Step, kernels_of
from fanlight.ir.scalar import walk
from fanlight.ir.target import Target
from fanlight.targets.wasm.assembler import I32, Function, Label, Module
from fanlight.targets.wasm.contract import emit_contract
from fanlight.targets.wasm.map import emit_map
from fanlight.targets.wasm.prefix import emit_prefix
from fanlight.targets.wasm.reduce import emit_reduce
from fanlight.targets.wasm.scatter import emit_scatter
from fanlight.targets.wasm.sort import emit_sort

PAGE = 65536  # bytes of a page of WebAssembly memory
EMITTERS = {
    **{"map": emit_map, "reduce": emit_reduce, "contract": emit_contract},
    **{"prefix": emit_prefix, "scatter": emit_scatter, "sort": emit_sort},
}
ALIKE = ("map", "reduce")  # kinds whose functions call no others, and may be alike in several modules
DONE, REFUSED = 0, 1
MOST_PARAMETERS = 1000  # of one function, in every engine: the JavaScript interface of WebAssembly sets it


def pages(program: Program) -> int:
    """The pages of memory that the module imports."""
    return -(-program.bytes // PAGE)


Written = dict[object, Function]  # kernels of other modules of one program, which this one may have in common


def emit(
    program: Program, target: Target, names: bool = False, steps: bool = False, written: Written | None = None
) -> bytes:
    """The module of `program`. With `names` it carries the names of its functions; with `steps` kernel number k of a
    procedure p can also be called alone, as `p/k(runs)`, so many times at the sizes of the last call of p. Both are for
    profilers."""
    return Emission(program, target, written, steps).run().encode(names=names)


class Emission:
    """One module while it is written, for one thread; see `threads` for several."""

    def __init__(self, program: Program, target: Target, written: Written | None = None, steps: bool = False):
        self.program, self.target, self.steps = program, target, steps
        self.written = {} if written is None else written
        self.module = Module()
        open_sizes = {size.name for p in program.procedures.values() for size in p.sizes}
        open_sizes |= {name for p in program.procedures.values() for name in loop_indices(p.kernels)}
        self.sizes = {name: self.module.global_i32(0) for name in sorted(open_sizes)}
        self._import_memory()
        self.kernels: dict[object, Function] = {}
        self.bodies: dict[bytes, Function] = {}

    def _import_memory(self) -> None:
        self.module.import_memory("env", "memory", pages(self.program), pages(self.program))

    def run(self) -> Module:
        derivations = [self._derivation(d, k) for k, d in enumerate(self.program.derivations)]
        for procedure in self.program.procedures.values():
            self._procedure(procedure, derivations)
            for position, kernel in enumerate(kernels_of(procedure.kernels) if self.steps else ()):
                self._alone(f"{procedure.name}/{position}", kernel)
        return self.module

    def _kernel(self, kernel: Kernel) -> Function:
        """The function of a kernel; kernels that differ only in their buffers share one."""
        # Which operands share a buffer stays in the key: it decides whether a row may be computed twice.
        names = [o.buffer for o in kernel.operands]
        operands = tuple(replace(o, buffer=str(names.index(o.buffer))) for o in kernel.operands)
        key = (
            kernel.kind,
            kernel.axes,
            operands,
            kernel.stores,
            kernel.value,
            kernel.reduce,
            kernel.combine,
            kernel.schedule,
        )
        if key not in self.kernels:
            if kernel.kind not in EMITTERS:
                raise CompileError(
                    f"kernel {kernel.name!r}: expected one of {sorted(EMITTERS)}, got kind {kernel.kind!r}"
                )
            if len(kernel.operands) + 2 > MOST_PARAMETERS:
                expected = f"at most {MOST_PARAMETERS - 2:,} arrays that one kernel reads and writes"
                raise CompileError(expected=expected, got=f"{len(kernel.operands):,}", at=f"kernel {kernel.name!r}")
            function = self._written(kernel, key) if kernel.kind in ALIKE else self._write(kernel)
            twin = self.bodies.setdefault(function.key(), function)
            if twin is not function:
                self.module.discard(function)
            self.kernels[key] = twin
        return self.kernels[key]

    def _written(self, kernel: Kernel, key: object) -> Function:
        """The function of a kernel, which may have been written for another module of the same program."""
        target = self.target if depends_on_target(kernel) else None
        everything = (key, self._axis(kernel), target, tuple(self.sizes.items()))
        if everything in self.written:
            return self.module.copy(self.written[everything])
        self.written[everything] = self._write(kernel)
        return self.written[everything]

    def _axis(self, kernel: Kernel) -> int:
        """Which axis calls divide."""
        return 0

    def _write(self, kernel: Kernel) -> Function:
        return EMITTERS[kernel.kind](self.module, kernel, self.sizes, self.target)

    def _run_kernel(self, function: Function, kernel: Kernel) -> None:
        code = self._kernel(kernel)
        for operand in kernel.operands:
            function.const(self.program.buffers[operand.buffer].offset)
        function.const(0)
        emit_dim(function, kernel.axes[0].extent if kernel.axes else 1, self.sizes)
        function.call(code)

    def _alone(self, name: str, kernel: Kernel) -> None:
        """A function that runs a kernel as often as it is told, without a caller's overhead in between."""
        function = self.module.function(name, parameters=(I32,), export=True)
        (runs,) = function.parameters
        with function.block() as outside, function.loop() as again:
            function.get(runs)
            function.emit("i32.eqz")
            function.branch_if(outside)
            self._run_kernel(function, kernel)
            function.get(runs)
            function.const(1)
            function.emit("i32.sub")
            function.set(runs)
            function.branch(again)

    def _derivation(self, derivation: Derivation, number: int) -> Function:
        """Computes derived buffers if a version of the state that they come from differs from the stamp of the last
        time."""
        for kernel in derivation.kernels:
            self._kernel(kernel)
        function = self.module.function(f"derive_{number}")
        stamp = function.local(I32)
        stamps = self.program.versions + 4 * (1 + max(self.program.groups.values(), default=-1)) + 4 * number
        function.const(1)  # a version sum of 0 must differ from fresh memory
        for group in derivation.groups:
            function.const(0)
            function.emit("i32.load", offset=self.program.versions + 4 * group)
            function.emit("i32.add")
        function.tee(stamp)
        function.const(0)
        function.emit("i32.load", offset=stamps)
        function.emit("i32.ne")
        with function.if_():
            self._derive(function, derivation, number)
            function.const(0)
            function.get(stamp)
            function.emit("i32.store", offset=stamps)
        return function

    def _derive(self, function: Function, derivation: Derivation, number: int) -> None:
        """The kernels of a derivation, which is stale."""
        for kernel in derivation.kernels:
            self._run_kernel(function, kernel)

    def _procedure(self, procedure: Procedure, derivations: list[Function]) -> None:
        for kernel in kernels_of(procedure.kernels):
            self._kernel(kernel)
        parameters = (I32,) * len(procedure.sizes)
        function = self.module.function(procedure.name, parameters=parameters, results=(I32,), export=True)
        for size, parameter in zip(procedure.sizes, function.parameters, strict=True):
            function.get(parameter)
            function.emit("global.set", self.sizes[size.name])
        for number in procedure.derivations:
            function.call(derivations[number])
        self._body(function, procedure)
        for group in procedure.groups:
            function.const(0)
            function.const(0)
            function.emit("i32.load", offset=self.program.versions + 4 * group)
            function.const(1)
            function.emit("i32.add")
            function.emit("i32.store", offset=self.program.versions + 4 * group)
        function.const(DONE)

    def _body(self, function: Function, procedure: Procedure) -> None:
        """The steps of a procedure; ends the call where the guard is false."""
        for position, step in enumerate(procedure.kernels):
            self._step(function, step)
            if procedure.guard and position == procedure.guard_after:
                self._guard(function, procedure.guard)

    def _step(self, function: Function, step: Step) -> None:
        if isinstance(step, Kernel):
            self._run_kernel(function, step)
        elif isinstance(step, Loop):
            self._loop(function, step)
        else:
            self._branch(function, step)

    def _loop(self, function: Function, loop: Loop) -> None:
        """Counts the global of the loop index up, or down."""
        index = self.sizes[loop.size.name]
        remaining = function.local(I32)
        emit_dim(function, loop.extent, self.sizes)
        function.set(remaining)
        if loop.reverse:
            function.get(remaining)
            function.const(1)
            function.emit("i32.sub")
        else:
            function.const(0)
        function.emit("global.set", index)
        with function.block() as outside, function.loop() as again:
            function.get(remaining)
            function.emit("i32.eqz")
            function.branch_if(outside)
            self._round(function, loop, outside)
            function.emit("global.get", index)
            function.const(-1 if loop.reverse else 1)
            function.emit("i32.add")
            function.emit("global.set", index)
            function.get(remaining)
            function.const(1)
            function.emit("i32.sub")
            function.set(remaining)
            function.branch(again)
        if self.steps:  # a kernel of the loop that is called alone runs its round 0
            function.const(0)
            function.emit("global.set", index)
        function.release(remaining)

    def _round(self, function: Function, loop: Loop, outside: Label) -> None:
        self._stop(function, loop, -1, outside)
        for position, step in enumerate(loop.steps):
            self._step(function, step)
            self._stop(function, loop, position, outside)

    def _stop(self, function: Function, loop: Loop, position: int, outside: Label) -> None:
        if loop.guard and position == loop.guard_after:
            self._load_bool(function, loop.guard)
            function.emit("i32.eqz")
            function.branch_if(outside)

    def _branch(self, function: Function, branch: Branch) -> None:
        self._load_bool(function, branch.condition)
        with function.if_():
            for step in branch.yes:
                self._step(function, step)
            function.else_()
            for step in branch.no:
                self._step(function, step)

    def _load_bool(self, function: Function, buffer: str) -> None:
        function.const(0)
        function.emit("i32.load8_u", offset=self.program.buffers[buffer].offset)

    def _guard(self, function: Function, buffer: str) -> None:
        self._load_bool(function, buffer)
        function.emit("i32.eqz")
        with function.if_():
            function.const(REFUSED)
            function.emit("return")


def depends_on_target(kernel: Kernel) -> bool:
    """Does the kernel multiply floats or turn them into integers? All else has one form for all targets."""
    roots = [store.value for store in kernel.stores] + ([kernel.value] if kernel.value is not None else [])
    nodes = (node for root in roots for node in walk(root) if node.op in ("mul", "cast"))
    return any(node.args[0].dtype == "float32" for node in nodes)


def loop_indices(steps: Iterable[Step]) -> set[str]:
    """The names of the indices of all loops."""
    found: set[str] = set()
    for step in steps:
        if isinstance(step, Loop):
            found |= {step.size.name} | loop_indices(step.steps)
        elif isinstance(step, Branch):
            found |= loop_indices((*step.yes, *step.no))
    return found


def emit_dim(function: Function, dim: DimLike, sizes: Mapping[str, int]) -> None:
    """Pushes the value of a dim over open sizes."""
    if isinstance(dim, int):
        function.const(dim)
        return
    for position, (product, coefficient) in enumerate(dim.terms):
        function.const(coefficient)
        for atom in product:
            _emit_atom(function, atom, sizes)
            function.emit("i32.mul")
        if position:
            function.emit("i32.add")


def _emit_atom(function: Function, atom: dims.Atom, sizes: Mapping[str, int]) -> None:
    if isinstance(atom, dims.Size):
        function.emit("global.get", sizes[atom.name])
    elif isinstance(atom, dims.Floor):
        emit_dim(function, atom.left, sizes)
        emit_dim(function, atom.right, sizes)
        function.emit("i32.div_s")  # dims of shapes are never negative
    elif isinstance(atom, (dims.Least, dims.Greatest)):
        left, right = function.local(I32), function.local(I32)
        emit_dim(function, atom.left, sizes)
        function.tee(left)
        emit_dim(function, atom.right, sizes)
        function.tee(right)
        function.get(left)
        function.get(right)
        function.emit("i32.lt_s" if isinstance(atom, dims.Least) else "i32.gt_s")
        function.emit("select")
        function.release(left)
        function.release(right)
    else:
        raise CompileError(f"expected a dim over open sizes, got {Dim.of(atom)}")

"""How does a module become a program? Fuse, schedule, derive, decompose and place, for all functions together.

In: simplified graphs and a target. Out: one `Program`. Each step stands in a file of its own."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field, replace

from fanlight.ir import dim as dims
from fanlight.ir.graph import Graph
from fanlight.ir.instructions import APPROXIMATE
from fanlight.ir.kernel import Branch, Buffer, Derivation, Kernel, Loop, Procedure, Program, Step, kernels_of
from fanlight.ir.module import Module
from fanlight.ir.program_text import kernel_text
from fanlight.ir.scalar import node_dims, walk
from fanlight.ir.target import Target
from fanlight.ir.types import Type
from fanlight.lowering.collapse import collapse
from fanlight.lowering.decompose import decompose_kernel
from fanlight.lowering.fuse import Fused, fuse, rename, renamed
from fanlight.lowering.narrow import narrow
from fanlight.lowering.parts import compute_in_place
from fanlight.lowering.plan_memory import Lifetime, lifetimes, plan_memory
from fanlight.lowering.schedule import schedule

DEFAULT_LIMIT = 1 << 30  # bytes
CHEAP_TABLE = 8  # operations for each element of a constant that is computed again in each call


@dataclass(slots=True)
class _Lowered:
    """One function after scheduling."""

    fused: Fused
    steps: list[Step] = field(default_factory=list)
    derived: list[str] = field(default_factory=list)  # digests of the derivations it needs, in order
    types: dict[str, tuple[Type, str]] = field(default_factory=dict)
    guard_after: int = -1


@dataclass(slots=True)
class _Derived:
    kernel: Kernel
    buffers: dict[str, Type]
    reads: frozenset[str]  # the state that it is derived from


def lower(module: Module, target: Target, limit: int = DEFAULT_LIMIT) -> Program:
    """The program of all functions of `module` on `target`, in a memory plan of at most `limit` bytes."""
    derived: dict[str, _Derived] = {}
    functions = {name: _lower_function(graph, f"{name}/", target, derived) for name, graph in module.functions.items()}
    groups, group_count = _groups(module.functions, list(module.state))
    fixed: dict[str, Buffer] = {name: _buffer(name, spec.type, "state") for name, spec in module.state.items()}
    for entry in derived.values():
        fixed.update({name: _buffer(name, type, "derived") for name, type in entry.buffers.items()})
    arenas = [_arena(function) for function in functions.values()]
    buffers, versions, size = plan_memory(fixed, arenas, limit, group_count + len(derived))
    numbers = {digest: k for k, digest in enumerate(derived)}
    return Program(
        buffers=buffers,
        procedures={
            name: _procedure(name, module.functions[name], f, numbers, groups) for name, f in functions.items()
        },
        derivations=tuple(
            Derivation((d.kernel,), tuple(d.buffers), tuple(sorted({groups[s] for s in d.reads})))
            for d in derived.values()
        ),
        state={name: name for name in module.state},
        groups=groups,
        bytes=size,
        versions=versions,
    )


def _lower_function(graph: Graph, prefix: str, target: Target, derived: dict[str, _Derived]) -> _Lowered:
    fused = fuse(graph, prefix)
    steps, narrowed = narrow(fused.kernels, fused.buffers)
    types = {**fused.buffers} | {name: (type, "arena") for name, type in narrowed.items()}
    taken = compute_in_place(steps, types, {fused.guard, *fused.outputs.values()})
    steps = tuple(step for several in taken for step in several)
    after = sum(map(len, taken[: fused.guard_after + 1])) - 1
    fused = replace(fused, kernels=steps, buffers=types, guard_after=after)
    function = _Lowered(fused, types=dict(types))
    scheduling = _Scheduling(function, target, derived)
    function.steps, function.guard_after = scheduling.run(fused.kernels, fused.guard_after, None)
    return function


class _Scheduling:
    """Schedules the steps of one function. What depends on nothing that changes leaves the function, or a loop."""

    def __init__(self, function: _Lowered, target: Target, derived: dict[str, _Derived]):
        self.function, self.target, self.derived = function, target, derived
        fused = function.fused
        self.constant: dict[str, frozenset[str]] = {  # buffer -> the state it is derived from
            name: frozenset([name])
            for name, (_, space) in fused.buffers.items()
            if space == "state" and name not in fused.writes
        }
        self.names: dict[str, str] = {}  # buffer of a derived kernel -> its name shared by all functions
        self.writers = Counter(buffer for kernel in kernels_of(fused.kernels) for buffer in kernel.written)

    def run(self, steps: Iterable[Step], guard_after: int, loop: Loop | None) -> tuple[list[Step], int]:
        """The steps that do what `steps` do, and after which of them the guard is read. `loop` is the innermost loop
        around them."""
        found: list[Step] = []
        after = -1
        for position, step in enumerate(steps):
            step = rename(step, self.names)
            if isinstance(step, Loop):
                inside, last = self.run(step.steps, step.guard_after, step)
                invariant = self._invariant(inside, step)
                found += [each for each, is_first in zip(inside, invariant, strict=True) if is_first]
                rest = tuple(each for each, is_first in zip(inside, invariant, strict=True) if not is_first)
                found.append(replace(step, steps=rest, guard_after=last - sum(invariant[: last + 1])))
            elif isinstance(step, Branch):
                sides = (tuple(self.run(side, -1, None)[0]) for side in (step.yes, step.no))
                found.append(Branch(step.name, step.condition, *sides))
            else:
                found += self._kernel(step, loop)
            if position == guard_after:
                after = len(found) - 1
        return found, after

    def _kernel(self, kernel: Kernel, loop: Loop | None) -> list[Step]:
        still = frozenset[str]() if loop is None else kernel.touched - loop.written
        parts, added = schedule(kernel, self.target, lambda buffer: buffer in self.constant or buffer in still)
        self.function.types.update({name: (type, "arena") for name, type in added.items()})
        self.writers.update(list(added))
        found: list[Step] = []
        for part in parts:
            worthwhile = bool(part.touched - part.written) or _is_table(part)
            part = renamed(decompose_kernel(collapse(part), self.target), self.names)
            reads = part.touched - part.written
            if reads <= self.constant.keys() and worthwhile and not _is_open(part) and not self._is_visible(part):
                _derive(part, self.function, self.constant, self.names, self.derived)
            else:
                found.append(part)
        return found

    def _is_visible(self, kernel: Kernel) -> bool:
        """Does it write an output, state, the guard, or what another kernel writes too (a carry, say)?"""
        types, guard = self.function.types, self.function.fused.guard
        return any(types[b][1] != "arena" or b == guard or self.writers[b] > 1 for b in kernel.written)

    def _invariant(self, steps: Iterable[Step], loop: Loop) -> list[bool]:
        """Which steps do the same in each round? Scheduling has added buffers that the loop does not name yet."""
        varying = set(loop.written)
        found: list[bool] = []
        for step in steps:
            found.append(self._is_invariant(step, loop, varying))
            if not found[-1]:
                varying |= step.written
        return found

    def _is_invariant(self, step: Step, loop: Loop, varying: Set[str]) -> bool:
        """Is it a kernel that reads nothing of what varies, and alone writes its result?"""
        if not isinstance(step, Kernel) or loop.size in sizes_of(step):
            return False
        reads = step.touched - step.written
        alone = all(self.writers[b] == 1 and b not in loop.carries for b in step.written)
        return alone and reads.isdisjoint(varying)


def _is_table(kernel: Kernel) -> bool:
    """Are its numbers, which come from loop indices alone, worth keeping? Plain ones are quicker written again."""
    roots = [s.value for s in kernel.stores] + ([kernel.value] if kernel.value is not None else [])
    nodes = {node for root in roots for node in walk(root) if node.args}
    return len(nodes) > CHEAP_TABLE or any(node.op in APPROXIMATE for node in nodes)


def _is_open(kernel: Kernel) -> bool:
    """Does it depend on a size that only a call, or the step of a loop, knows?"""
    return bool(sizes_of(kernel) - {size for axis in (*kernel.axes, *kernel.reduce) for size in dims.sizes(axis.index)})


def sizes_of(kernel: Kernel) -> frozenset[dims.Size]:
    """Every size and loop index that a kernel names."""
    roots = [s.value for s in kernel.stores] + ([kernel.value] if kernel.value is not None else [])
    found = [d for root in roots for node in walk(root) for d in node_dims(node)]
    found += [i for s in kernel.stores for i in s.indices]
    found += [axis.extent for axis in (*kernel.axes, *kernel.reduce)]
    found += [d for o in kernel.operands for d in (*o.type.shape, *o.layout.strides, o.layout.offset)]
    return frozenset(size for d in found for size in dims.sizes(d))


def _derive(
    kernel: Kernel,
    function: _Lowered,
    constant: dict[str, frozenset[str]],
    names: dict[str, str],
    derived: dict[str, _Derived],
) -> None:
    """Moves `kernel` out of the function, into the derivations that all functions share."""
    reads = sorted({o.buffer for o in kernel.operands} - kernel.written)
    anonymous = renamed(kernel, {name: f"out{k}" for k, name in enumerate(sorted(kernel.written))})
    # By what it computes: how it is scheduled is each target's own, and all have one memory plan.
    digest = hashlib.sha256(kernel_text(replace(anonymous, name="", schedule=None)).encode()).hexdigest()[:12]
    own = {name: f"derived/{digest}{f'.{k}' if k else ''}" for k, name in enumerate(sorted(kernel.written))}
    sources = frozenset[str]().union(*(constant[name] for name in reads))
    for name, shared in own.items():
        constant[shared] = sources
        names[name] = shared
        function.types[shared] = (function.types.pop(name)[0], "derived")
    if digest not in derived:
        derived[digest] = _Derived(renamed(kernel, own), {s: function.types[s][0] for s in own.values()}, sources)
    if digest not in function.derived:
        function.derived.append(digest)


def _groups(functions: Mapping[str, Graph], state: list[str]) -> tuple[dict[str, int], int]:
    """State that the same functions write shares a version counter."""
    writers: dict[frozenset[str], int] = {}
    groups: dict[str, int] = {}
    for name in state:
        who = frozenset(f for f, graph in functions.items() if name in graph.writes)
        groups[name] = writers.setdefault(who, len(writers))
    return groups, len(writers)


def _buffer(name: str, type: Type, space: str) -> Buffer:
    return Buffer(name, type, space, dims.upper(type.count))


def _arena(function: _Lowered) -> tuple[dict[str, Buffer], dict[str, Lifetime]]:
    fused = function.fused
    before = sum(1 for _ in kernels_of(function.steps[: function.guard_after + 1]))
    keep = {fused.guard: before - 1} if fused.guard and function.guard_after >= 0 else {}
    lives = lifetimes(function.steps, fused.inputs.values(), fused.outputs.values(), keep)
    own = {
        n: _buffer(n, type, space)
        for n, (type, space) in function.types.items()
        if space in ("arena", "input", "output") and n in lives
    }
    return own, {n: lives[n] for n in own}


def _procedure(
    name: str, graph: Graph, function: _Lowered, numbers: Mapping[str, int], groups: Mapping[str, int]
) -> Procedure:
    fused = function.fused
    return Procedure(
        name=name,
        sizes=tuple(graph.sizes.values()),
        inputs=fused.inputs,
        outputs=fused.outputs,
        kernels=tuple(function.steps),
        derivations=tuple(numbers[d] for d in function.derived),
        guard=fused.guard,
        guard_after=function.guard_after,
        groups=tuple(sorted({groups[w] for w in fused.writes})),
    )

"""How does a module become a program? Fuse, schedule, derive, decompose and place, for all functions together.

In: simplified graphs and a target. Out: one `Program`. Each step stands in a file of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from fanlight.ir import dim as dims
from fanlight.ir.graph import Graph
from fanlight.ir.kernel import Buffer, Derivation, Kernel, Procedure, Program
from fanlight.ir.module import Module
from fanlight.ir.program_text import kernel_text
from fanlight.ir.target import Target
from fanlight.ir.types import Type
from fanlight.lowering.collapse import collapse
from fanlight.lowering.decompose import decompose_kernel
from fanlight.lowering.fuse import Fused, fuse, rename
from fanlight.lowering.plan_memory import Lifetime, lifetimes, plan_memory
from fanlight.lowering.schedule import schedule

DEFAULT_LIMIT = 1 << 30  # bytes


@dataclass(slots=True)
class _Lowered:
    """One function after scheduling."""

    fused: Fused
    kernels: list[Kernel] = field(default_factory=list)
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
    function = _Lowered(fused, types=dict(fused.buffers))
    constant: dict[str, frozenset[str]] = {  # buffer -> the state it is derived from
        name: frozenset([name])
        for name, (_, space) in fused.buffers.items()
        if space == "state" and name not in fused.writes
    }
    names: dict[str, str] = {}  # buffer of a derived kernel -> its name shared by all functions
    for position, kernel in enumerate(fused.kernels):
        kernel = rename(kernel, names)
        steps, added = schedule(kernel, target, constant.__contains__)
        function.types.update({name: (type, "arena") for name, type in added.items()})
        for step in steps:
            step = decompose_kernel(collapse(step), target)
            step = rename(step, names)
            reads = {o.buffer for o in step.operands} - step.written
            if reads <= constant.keys() and reads and not _is_open(step) and not _visible(step, function):
                _derive(step, function, constant, names, derived)
            else:
                function.kernels.append(step)
        if position == fused.guard_after:
            function.guard_after = len(function.kernels) - 1
    return function


def _visible(kernel: Kernel, function: _Lowered) -> bool:
    """Does it write an output, state or the guard?"""
    return any(function.types[b][1] != "arena" or b == function.fused.guard for b in kernel.written)


def _is_open(kernel: Kernel) -> bool:
    return any(isinstance(axis.extent, dims.Dim) for axis in (*kernel.axes, *kernel.reduce))


def _derive(
    kernel: Kernel,
    function: _Lowered,
    constant: dict[str, frozenset[str]],
    names: dict[str, str],
    derived: dict[str, _Derived],
) -> None:
    """Moves `kernel` out of the function, into the derivations that all functions share."""
    reads = sorted({o.buffer for o in kernel.operands} - kernel.written)
    anonymous = rename(kernel, {name: f"out{k}" for k, name in enumerate(sorted(kernel.written))})
    digest = hashlib.sha256(kernel_text(replace(anonymous, name="")).encode()).hexdigest()[:12]
    own = {name: f"derived/{digest}{f'.{k}' if k else ''}" for k, name in enumerate(sorted(kernel.written))}
    sources = frozenset[str]().union(*(constant[name] for name in reads))
    for name, shared in own.items():
        constant[shared] = sources
        names[name] = shared
        function.types[shared] = (function.types.pop(name)[0], "derived")
    if digest not in derived:
        derived[digest] = _Derived(rename(kernel, own), {s: function.types[s][0] for s in own.values()}, sources)
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
    keep = {fused.guard: function.guard_after} if fused.guard and function.guard_after >= 0 else {}
    lives = lifetimes(function.kernels, fused.inputs.values(), fused.outputs.values(), keep)
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
        kernels=tuple(function.kernels),
        derivations=tuple(numbers[d] for d in function.derived),
        guard=fused.guard,
        guard_after=function.guard_after,
        groups=tuple(sorted({groups[w] for w in fused.writes})),
    )

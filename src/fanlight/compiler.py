"""Read this first: the whole compiler, top to bottom.

In: a module (named graphs over one state) and a target. Out: a program, and code. Every stage stands in a file named
after it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from fanlight.ir.kernel import Program
from fanlight.ir.module import Module
from fanlight.ir.target import Target
from fanlight.ir.verify import verify_module, verify_program
from fanlight.lowering.lower import DEFAULT_LIMIT, lower
from fanlight.passes.differentiate import differentiate
from fanlight.passes.hoist import hoist
from fanlight.passes.simplify import simplify
from fanlight.passes.sink import sink
from fanlight.targets.wasm.emit import Written, emit
from fanlight.targets.wasm.spelling import PORTABLE, RELAXED

Record = Callable[[str, object], None]
T = TypeVar("T")

# The stages that rewrite graphs, in order, each with its reason.
GRAPH_STAGES = (
    ("differentiate", differentiate),  # first: gradients are written in the same ops, and profit from all that follows
    ("simplify", simplify),  # one value for equal expressions; what nothing needs is gone
    ("hoist", hoist),  # products that do not depend on a loop's carry are computed for all steps before it ...
    ("sink", sink),  # ... and those that no later step needs after it: both tidy up behind themselves
)

TARGETS: dict[str, Target] = {"wasm-portable": PORTABLE, "wasm-relaxed": RELAXED}


@dataclass(frozen=True, slots=True)
class Compiled:
    """A module, its program and its code for one target. `seconds` tells how long each stage took."""

    module: Module
    program: Program
    code: bytes
    target: Target
    seconds: dict[str, float] = field(default_factory=dict, compare=False)


def compile(
    module: Module,
    target: Target = PORTABLE,
    max_memory: int = DEFAULT_LIMIT,
    record: Record | None = None,
    names: bool = False,
) -> Compiled:
    """Compiles `module` for `target`. `record(stage, result)` is called after each stage, as `fanlight inspect` does.

    Raises CompileError for a program that contradicts itself and MemoryLimitError for a plan above `max_memory`
    bytes."""
    (compiled,) = compile_for(module, [target], max_memory, record, names)
    return compiled


def compile_for(
    module: Module,
    targets: Iterable[Target],
    max_memory: int = DEFAULT_LIMIT,
    record: Record | None = None,
    names: bool = False,
    written: Written | None = None,
) -> list[Compiled]:
    """What `compile` gives for each target. Graphs know no target, and kernels that several targets have in common are
    written once, and kept in `written`."""
    stages = _Stages(record or (lambda stage, result: None))
    current, written = module, {} if written is None else written
    for name, rewrite in GRAPH_STAGES:
        current = stages.run(name, lambda: current.rewritten(rewrite), verify_module)  # noqa: B023  # called at once
    found = []
    for target in targets:
        program = stages.run("lower", lambda: lower(current, target, max_memory), verify_program)  # noqa: B023  # the same
        code = stages.run("emit", lambda: emit(program, target, names, written=written))  # noqa: B023  # the same
        found.append(Compiled(current, program, code, target, dict(stages.seconds)))
    return found


class _Stages:
    """Runs stages one after the other: times each, verifies and records what it gives."""

    def __init__(self, record: Record):
        self.record = record
        self.seconds: dict[str, float] = {"verify": 0.0}

    def run(self, name: str, stage: Callable[[], T], verify: Callable[[T], object] = lambda result: None) -> T:
        begin = time.perf_counter()
        result = stage()
        end = time.perf_counter()
        verify(result)
        self.seconds[name] = end - begin
        self.seconds["verify"] += time.perf_counter() - end
        self.record(name, result)
        return result

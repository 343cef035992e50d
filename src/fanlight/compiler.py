"""Read this first: the whole compiler, top to bottom.

In: a module (named graphs over one state) and a target. Out: a program, and code. Every stage stands in a file named
after it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from fanlight.ir.kernel import Program
from fanlight.ir.module import Module
from fanlight.ir.target import Target
from fanlight.ir.verify import verify_module, verify_program
from fanlight.lowering.lower import DEFAULT_LIMIT, lower
from fanlight.passes.differentiate import differentiate
from fanlight.passes.simplify import simplify
from fanlight.targets.wasm.emit import emit
from fanlight.targets.wasm.spelling import PORTABLE, RELAXED

Record = Callable[[str, object], None]

# The stages that rewrite graphs, in order, each with its reason.
GRAPH_STAGES = (
    ("differentiate", differentiate),  # first: gradients are written in the same ops, and profit from all that follows
    ("simplify", simplify),  # one value for equal expressions; what nothing needs is gone
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
    seconds: dict[str, float] = {}

    def stage(name: str, run: Callable[[], object], verify: Callable[[object], object]) -> object:
        begin = time.perf_counter()
        result = run()
        seconds[name] = time.perf_counter() - begin
        verify(result)
        seconds["verify"] = seconds.get("verify", 0.0) + time.perf_counter() - begin - seconds[name]
        if record is not None:
            record(name, result)
        return result

    current = module
    for name, rewrite in GRAPH_STAGES:
        current = stage(name, lambda m=current, r=rewrite: m.rewritten(r), verify_module)
        assert isinstance(current, Module)
    program = stage("lower", lambda m=current: lower(m, target, max_memory), verify_program)
    assert isinstance(program, Program)
    code = stage("emit", lambda: emit(program, target, names), lambda _: None)
    assert isinstance(code, bytes)
    return Compiled(current, program, code, target, seconds)

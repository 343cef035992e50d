"""What goes on around an update: gradients that wait until there are enough, and averages of the weights.

As in Keras: `gradient_accumulation_steps`, `use_ema`. Knows no rule of an update.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from fanlight.ir.graph import Graph, State, Value, apply
from fanlight.ir.module import StateSpec
from fanlight.ir.types import Type
from fanlight.ops import functions as fn

Read = Callable[[str], Value]  # the content of a state array, by its full name
Values = Mapping[str, Value]
ITERATIONS = "optimizer/iterations"


def waiting(path: str) -> str:
    """Where the sum of the gradients of a weight waits."""
    return f"optimizer/{path}/gradient_accumulator"


def average(path: str) -> str:
    """Where the moving average of a weight is."""
    return f"optimizer/{path}/average"


def slots(parameters: Mapping[str, Type], name: Callable[[str], str]) -> dict[str, StateSpec]:
    """An array of zeros like each weight, called `name(path)`."""
    return {name(path): StateSpec(type, "slot", False, 0) for path, type in parameters.items()}


def accumulated(
    steps: int, state: Read, weights: Values, gradients: Values, update: Callable[[Read, Values, Values], Values]
) -> dict[str, Value]:
    """What `update` writes in every step of number `steps`, with the mean of the gradients since then; in the others
    gradients are added up, and all else stays."""
    calls = state(ITERATIONS)
    updates = calls // steps
    is_time = fn.equal((calls + 1) % steps, 0)
    sums = {path: state(waiting(path)) + g for path, g in gradients.items()}
    means = {path: total / steps for path, total in sums.items()}
    written = update(lambda name: updates if name == ITERATIONS else state(name), weights, means)
    old = {name: weights[name] if name in weights else state(name) for name in written}
    writes = {name: fn.where(is_time, new, old[name]) for name, new in written.items()}
    writes |= {waiting(path): fn.where(is_time, 0.0, total) for path, total in sums.items()}
    return writes | {ITERATIONS: calls + 1}


def averaged(
    momentum: float, overwrite: int | None, updates: Value, state: Read, writes: Values, paths: Iterable[str]
) -> dict[str, Value]:
    """The writes of a step with the averages that follow the new weights; each `overwrite` updates the weights become
    their averages. `updates` is how many there were before."""
    found = dict(writes)
    kept = fn.where(fn.not_equal(updates, 0), momentum, 0.0)
    for path in paths:
        found[average(path)] = new = kept * state(average(path)) + (1 - kept) * writes[path]
        if overwrite is not None:
            found[path] = fn.where(fn.equal((updates + 1) % overwrite, 0), new, writes[path])
    return found


def finalize(parameters: Mapping[str, Type]) -> Graph:
    """What a training ends with: weights become their averages."""
    return Graph((), {}, {path: apply(State(average(path), type)) for path, type in parameters.items()})

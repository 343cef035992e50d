"""What would make a model cheaper? Tries it: compiles the model frozen and with a smaller batch, and compares.

In: a bundle. Out: pairs of what to do and what it changes, as fractions of now. Measures no time: a step's scalar
operations stand for it."""

from __future__ import annotations

from dataclasses import dataclass

from fanlight.bundle.read import Bundle
from fanlight.compiler import compile
from fanlight.description import operations
from fanlight.ir.kernel import Program
from fanlight.loading import read_model
from fanlight.model import Model


@dataclass(frozen=True, slots=True)
class Alternative:
    """`step` and `memory` as fractions of what they are now; `trainable`: numbers that a step still changes."""

    what: str
    step: float
    memory: float
    trainable: int


def alternatives(bundle: Bundle, program: Program) -> list[Alternative]:
    """Training the last layer alone, and half the batch; nothing where the bundle does not train."""
    if bundle.manifest.training is None or read_model(bundle) is None:
        return []
    found = []
    frozen = read_model(bundle)
    assert frozen is not None
    if head := freeze(frozen):
        found.append(compare(f'freeze all layers but "{head}"', frozen, program))
    small = read_model(bundle)
    assert small is not None
    if small.batch_size > 1:
        small._batch = small.batch_size // 2
        found.append(compare(f"batches of {small.batch_size}", small, program, rows=2))
    return found


def freeze(model: Model) -> str:
    """Freezes every layer with parameters but the last; its name, or "" where there is but one."""
    layers = [layer for layer in model.layers if any(weight.trainable for weight in layer.weights.values())]
    for layer in layers[:-1]:
        layer.trainable = False
    return layers[-1].name if len(layers) > 1 else ""


def compare(what: str, model: Model, program: Program, rows: int = 1) -> Alternative:
    """A step for as many rows as now: `rows` steps of the other model's."""
    other = compile(model.module()).program
    trainable = sum(row.parameters for row in model.network.summary() if row.trainable)
    return Alternative(
        what, rows * step_operations(other) / step_operations(program), other.bytes / program.bytes, trainable
    )


def step_operations(program: Program) -> int:
    return sum(map(operations, program.procedures["train_step"].kernels))

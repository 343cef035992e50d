"""In which order does a Keras 3 file hold what an optimizer remembers? The step, the rate, then slots of all weights.

In: an optimizer, the weights that it trains in Keras's order. Out: names of its state arrays. Knows no files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from fanlight.ir.types import Type
from fanlight.training.adam import Nadam
from fanlight.training.adaptive import Adafactor, RMSprop
from fanlight.training.averaging import average, waiting
from fanlight.training.optimizer import SCALAR, Optimizer


class SavedSlot(NamedTuple):
    """One array of the file. `name` is that of the state array, None for zeros that Keras has and never reads."""

    name: str | None
    type: Type


def saved_slots(optimizer: Optimizer, parameters: Mapping[str, Type]) -> Iterator[SavedSlot]:
    """Everything after the step and the rate: see `build` of each class in keras/src/optimizers."""
    for is_kept, name in ((optimizer.use_ema, average), (optimizer.gradient_accumulation_steps, waiting)):
        yield from (SavedSlot(name(path), type) for path, type in parameters.items() if is_kept)
    for together in groups(optimizer):
        for path, type in parameters.items():
            specs = optimizer.slots_of(type)
            for slot in together:
                if slot in specs:
                    yield SavedSlot(f"optimizer/{path}/{slot}", specs[slot].type)
                else:  # Adafactor's: velocity of a matrix, rows and columns of a vector
                    yield SavedSlot(None, type if slot == "velocity" else SCALAR)
    if isinstance(optimizer, Nadam):
        yield SavedSlot("optimizer/u_product", SCALAR)


def groups(optimizer: Optimizer) -> list[tuple[str, ...]]:
    """The slots that stand together for each weight; one group follows the other."""
    if isinstance(optimizer, RMSprop):
        return [(slot,) for slot in optimizer.slots]
    slots = ("r", "c", "velocity") if isinstance(optimizer, Adafactor) else slots_of_any(optimizer)
    together = tuple(slot for slot in slots if slot != "velocity_hat")
    return [each for each in (together, ("velocity_hat",) if "velocity_hat" in slots else ()) if each]


def slots_of_any(optimizer: Optimizer) -> tuple[str, ...]:
    return tuple(optimizer.slots_of(Type("float32", (1,))))


def powers_after(optimizer: Optimizer, steps: int) -> dict[str, float]:
    """What the running products of constants are after so many steps; a Keras file does not have them."""
    updates = steps // (optimizer.gradient_accumulation_steps or 1)
    return {f"optimizer/{name}": float(factor) ** updates for name, factor in optimizer.powers.items()}

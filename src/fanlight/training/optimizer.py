"""What is an optimizer? Graph code that makes new weights, slots and counters of gradients and the old ones.

Learning rate, momentum and decay are state, so they change without compiling; a schedule is code. Knows no loss, no
layer, no data.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

from fanlight.errors import ShapeError
from fanlight.ir.graph import Value
from fanlight.ir.module import StateSpec
from fanlight.ir.types import Type, float32
from fanlight.layers.config import plain, to_json
from fanlight.ops import functions as fn
from fanlight.training import averaging, schedules
from fanlight.training.schedules import LearningRateSchedule

Read = Callable[[str], Value]  # the content of a state array of the optimizer, by its name without "optimizer/"
SCALAR = float32()


@dataclass(frozen=True)
class Optimizer(ABC):
    """A rule for the update of weights. The attributes are Keras's keyword arguments.

    `use_ema` follows the weights by a moving average, which they become at the end of `fit` and, where it is given,
    every `ema_overwrite_frequency` updates. `gradient_accumulation_steps` updates once in so many steps, by the mean
    gradient. `loss_scale_factor` is taken and changes nothing: gradients are float32 here.
    """

    learning_rate: Any = 0.01  # a number, a schedule, or a schedule's record
    weight_decay: float | None = field(default=None, kw_only=True)
    clipnorm: float | None = field(default=None, kw_only=True)
    clipvalue: float | None = field(default=None, kw_only=True)
    global_clipnorm: float | None = field(default=None, kw_only=True)
    use_ema: bool = field(default=False, kw_only=True)
    ema_momentum: float = field(default=0.99, kw_only=True)
    ema_overwrite_frequency: int | None = field(default=None, kw_only=True)
    loss_scale_factor: float | None = field(default=None, kw_only=True)
    gradient_accumulation_steps: int | None = field(default=None, kw_only=True)

    name: ClassVar[str] = ""

    def __post_init__(self) -> None:
        for each in fields(self):
            object.__setattr__(self, each.name, plain(getattr(self, each.name)))
        if isinstance(self.learning_rate, Mapping):
            object.__setattr__(self, "learning_rate", schedules.get(self.learning_rate))
        if sum(each is not None for each in (self.clipnorm, self.clipvalue, self.global_clipnorm)) > 1:
            raise ShapeError(type(self).__name__, expected="one of clipnorm, clipvalue and global_clipnorm", got="more")
        if not 0 <= self.ema_momentum <= 1:
            raise ShapeError(type(self).__name__, expected="ema_momentum from 0 to 1", got=self.ema_momentum)
        for name, least in (("ema_overwrite_frequency", 1), ("gradient_accumulation_steps", 2)):
            count = getattr(self, name)
            if count is not None and not (isinstance(count, int) and count >= least):
                raise ShapeError(type(self).__name__, expected=f"{name} from {least} on", got=repr(count))

    # What a subclass says

    @property
    def hyperparameters(self) -> tuple[str, ...]:
        """The attributes that are state, unless they are None or a schedule."""
        return ("learning_rate", "weight_decay")

    @property
    def slots(self) -> tuple[str, ...]:
        """The names of the arrays that go with each weight."""
        return ()

    def slots_of(self, type: Type) -> dict[str, StateSpec]:
        """The arrays that go with a weight of this type: name -> type and what it is at first."""
        return {slot: StateSpec(type, "slot", False, 0) for slot in self.slots}

    @property
    def powers(self) -> dict[str, float]:
        """Scalars that are multiplied by a factor in each step: name -> factor. All begin at 1."""
        return {}

    @abstractmethod
    def move(
        self, read: Read, powers: Mapping[str, Value], slots: Mapping[str, Value], w: Value, g: Value
    ) -> dict[str, Value]:
        """The new slots of weight w with gradient g, and the new weight under the empty name. `powers` are those after
        this step."""

    # What the builder of a step uses

    def state(self, parameters: Mapping[str, Type]) -> dict[str, StateSpec]:
        """Every state array of the optimizer, for these trainable weights."""
        found = {}
        for name in self.hyperparameters:
            if isinstance(getattr(self, name), float | int):
                found[f"optimizer/{name}"] = StateSpec(SCALAR, "hyperparameter", False, getattr(self, name))
        found["optimizer/iterations"] = StateSpec(Type("int32", ()), "counter", False, 0)
        for name in self.powers:
            found[f"optimizer/{name}"] = StateSpec(SCALAR, "counter", False, 1)
        for path, type in parameters.items():
            found |= {f"optimizer/{path}/{slot}": spec for slot, spec in self.slots_of(type).items()}
        if self.use_ema:
            found |= averaging.slots(parameters, averaging.average)
        if self.gradient_accumulation_steps:
            found |= averaging.slots(parameters, averaging.waiting)
        return found

    def update(
        self, state: Callable[[str], Value], weights: Mapping[str, Value], gradients: Mapping[str, Value]
    ) -> dict[str, Value]:
        """Every state array that a step writes, by its full name. `state` gives the content of one."""
        if steps := self.gradient_accumulation_steps:
            writes = averaging.accumulated(steps, state, weights, gradients, self.updated)
        else:
            writes = self.updated(state, weights, gradients)
        if self.use_ema:
            updates = state(averaging.ITERATIONS) // (steps or 1)
            rule = self.ema_momentum, self.ema_overwrite_frequency
            writes = averaging.averaged(*rule, updates, state, writes, gradients)
        return writes

    def updated(
        self, state: Callable[[str], Value], weights: Mapping[str, Value], gradients: Mapping[str, Value]
    ) -> dict[str, Value]:
        """What one update of the weights writes."""
        schedule = self.learning_rate if isinstance(self.learning_rate, LearningRateSchedule) else None
        scheduled = schedule and schedule.rate(fn.cast(state("optimizer/iterations"), "float32"))

        def read(name: str) -> Value:
            return scheduled if scheduled is not None and name == "learning_rate" else state(f"optimizer/{name}")

        writes = {"optimizer/iterations": read("iterations") + 1}
        powers = self.next_powers(read)
        writes.update({f"optimizer/{name}": value for name, value in powers.items()})
        for path, g in self.clipped(gradients).items():
            w = weights[path]
            if self.weight_decay is not None:
                w = w - w * read("weight_decay") * read("learning_rate")
            slots = {slot: read(f"{path}/{slot}") for slot in self.slots_of(w.type)}
            for slot, value in self.move(read, powers, slots, w, g).items():
                writes[f"optimizer/{path}/{slot}" if slot else path] = value
        return writes

    def next_powers(self, read: Read) -> dict[str, Value]:
        """The scalars of `powers` after one more step."""
        return {name: read(name) * factor for name, factor in self.powers.items()}

    def clipped(self, gradients: Mapping[str, Value]) -> Mapping[str, Value]:
        """The gradients within the limits that the attributes set, if any."""
        if self.clipvalue is not None:
            return {path: fn.clip(g, -self.clipvalue, self.clipvalue) for path, g in gradients.items()}
        if self.clipnorm is not None:
            return {path: g * shrink(norm([g]), self.clipnorm) for path, g in gradients.items()}
        if self.global_clipnorm is not None and gradients:
            factor = shrink(norm(list(gradients.values())), self.global_clipnorm)
            return {path: g * factor for path, g in gradients.items()}
        return gradients

    def attributes(self) -> dict[str, Any]:
        return {"name": self.name, **to_json(self)["config"]}


def norm(gradients: list[Value]) -> Value:
    """The square root of the sum of all squares."""
    total = fn.sum(fn.square(gradients[0]))
    for g in gradients[1:]:
        total = total + fn.sum(fn.square(g))
    return fn.sqrt(total)


def shrink(length: Value, limit: float) -> Value:
    """What a gradient of this length is multiplied by so that it has at most the length `limit`."""
    return fn.where(length > limit, limit / length, 1.0)


def root_mean_square(x: Value) -> Value:
    """The root of the mean of all squares."""
    return fn.sqrt(fn.mean(fn.square(x)))


def step_number(read: Read) -> Value:
    """The number of this step, from 1, as float32."""
    return fn.cast(read("iterations") + 1, "float32")

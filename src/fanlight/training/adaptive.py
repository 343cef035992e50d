"""How do weights move by what their gradients were like so far? Adagrad and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from fanlight.errors import ShapeError
from fanlight.ir.graph import Value
from fanlight.ir.module import StateSpec
from fanlight.ir.types import Type
from fanlight.ops import functions as fn
from fanlight.training.optimizer import Optimizer, Read, root_mean_square, step_number


@dataclass(frozen=True)
class RMSprop(Optimizer):
    """g divided by the root of a moving average of g^2 (Hinton's lecture 6)."""

    learning_rate: Any = 0.001
    rho: float = 0.9
    momentum: float = 0.0
    epsilon: float = 1e-7
    centered: bool = False
    name: ClassVar[str] = "rmsprop"

    @property
    def hyperparameters(self) -> tuple[str, ...]:
        return ("learning_rate", "weight_decay", *(("momentum",) if self.momentum else ()))

    @property
    def slots(self) -> tuple[str, ...]:
        extra = (("momentum",) if self.momentum else ()) + (("average_gradient",) if self.centered else ())
        return ("velocity", *extra)

    def move(
        self, read: Read, powers: Mapping[str, Value], slots: Mapping[str, Value], w: Value, g: Value
    ) -> dict[str, Value]:
        v = slots["velocity"] * self.rho + fn.square(g) * (1 - self.rho)
        new = {"velocity": v}
        spread = v + self.epsilon
        if self.centered:
            mean = new["average_gradient"] = slots["average_gradient"] * self.rho + g * (1 - self.rho)
            spread = v - fn.square(mean) + self.epsilon
        step = g * read("learning_rate") / fn.sqrt(spread)
        if self.momentum:
            step = new["momentum"] = slots["momentum"] * read("momentum") + step
        return new | {"": w - step}


@dataclass(frozen=True)
class Adagrad(Optimizer):
    """g divided by the root of the sum of all g^2 so far (Duchi and others 2011)."""

    learning_rate: Any = 0.001
    initial_accumulator_value: float = 0.1
    epsilon: float = 1e-7
    name: ClassVar[str] = "adagrad"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.initial_accumulator_value < 0:
            raise ShapeError("Adagrad", expected="no negative start", got=self.initial_accumulator_value)

    def slots_of(self, type: Type) -> dict[str, StateSpec]:
        return {"accumulator": StateSpec(type, "slot", False, self.initial_accumulator_value)}

    def move(
        self, read: Read, powers: Mapping[str, Value], slots: Mapping[str, Value], w: Value, g: Value
    ) -> dict[str, Value]:
        total = slots["accumulator"] + fn.square(g)
        return {"accumulator": total, "": w - g * read("learning_rate") / fn.sqrt(total + self.epsilon)}


@dataclass(frozen=True)
class Adadelta(Optimizer):
    """Steps in the unit of the weights: g by the root of a moving average of g^2, times that of the steps (Zeiler
    2012)."""

    learning_rate: Any = 0.001
    rho: float = 0.95
    epsilon: float = 1e-7
    name: ClassVar[str] = "adadelta"

    @property
    def slots(self) -> tuple[str, ...]:
        return ("accumulated_grad", "accumulated_delta_var")

    def move(
        self, read: Read, powers: Mapping[str, Value], slots: Mapping[str, Value], w: Value, g: Value
    ) -> dict[str, Value]:
        steps = slots["accumulated_delta_var"]
        grads = slots["accumulated_grad"] * self.rho + fn.square(g) * (1 - self.rho)
        step = fn.sqrt(steps + self.epsilon) * g / fn.sqrt(grads + self.epsilon)
        steps = steps * self.rho + fn.square(step) * (1 - self.rho)
        return {
            "accumulated_grad": grads,
            "accumulated_delta_var": steps,
            "": w - step * read("learning_rate"),
        }


@dataclass(frozen=True)
class Adafactor(Optimizer):
    """g by the root of a mean of g^2, of which a matrix keeps only the means of its rows and columns (Shazeer and
    Stern 2018)."""

    learning_rate: Any = 0.001
    beta_2_decay: float = -0.8
    epsilon_1: float = 1e-30
    epsilon_2: float = 1e-3
    clip_threshold: float = 1.0
    relative_step: bool = True
    name: ClassVar[str] = "adafactor"

    def slots_of(self, type: Type) -> dict[str, StateSpec]:
        shapes = {"velocity": type.shape}
        if type.rank >= 2:
            shapes = {"r": type.shape[:-1], "c": (*type.shape[:-2], type.shape[-1])}
        return {slot: StateSpec(Type(type.dtype, shape), "slot", False, 0) for slot, shape in shapes.items()}

    def move(
        self, read: Read, powers: Mapping[str, Value], slots: Mapping[str, Value], w: Value, g: Value
    ) -> dict[str, Value]:
        number = step_number(read)
        longest = fn.minimum(read("learning_rate"), 1 / fn.sqrt(number))
        alpha = fn.maximum(root_mean_square(w), self.epsilon_2) * longest
        old = 1 - fn.power(number, self.beta_2_decay)  # the weight of what was
        squares = fn.square(g) + self.epsilon_1
        if w.rank >= 2:
            r = slots["r"] * old + fn.mean(squares, axis=-1) * (1 - old)
            c = slots["c"] * old + fn.mean(squares, axis=-2) * (1 - old)
            new = {"r": r, "c": c}
            spread = fn.expand_dims(r / fn.mean(r, axis=-1, keepdims=True), -1) * fn.expand_dims(c, -2)
        else:
            spread = slots["velocity"] * old + squares * (1 - old)
            new = {"velocity": spread}
        step = g / fn.sqrt(spread)
        step = step / fn.maximum(root_mean_square(step) / self.clip_threshold, 1.0)
        return new | {"": w - step * alpha}


@dataclass(frozen=True)
class Ftrl(Optimizer):
    """Follow the regularized leader: weights as the minimum of all gradients so far and a penalty (McMahan and others
    2013)."""

    learning_rate: Any = 0.001
    learning_rate_power: float = -0.5
    initial_accumulator_value: float = 0.1
    l1_regularization_strength: float = 0.0
    l2_regularization_strength: float = 0.0
    l2_shrinkage_regularization_strength: float = 0.0
    beta: float = 0.0
    name: ClassVar[str] = "ftrl"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.learning_rate_power > 0:
            raise ShapeError("Ftrl", expected="no positive learning_rate_power", got=self.learning_rate_power)

    def slots_of(self, type: Type) -> dict[str, StateSpec]:
        start = StateSpec(type, "slot", False, self.initial_accumulator_value)
        return {"accumulator": start, "linear": StateSpec(type, "slot", False, 0)}

    def move(
        self, read: Read, powers: Mapping[str, Value], slots: Mapping[str, Value], w: Value, g: Value
    ) -> dict[str, Value]:
        rate, before = read("learning_rate"), slots["accumulator"]
        after = before + fn.square(g)
        grown, was = (fn.power(each, -self.learning_rate_power) for each in (after, before))
        linear = slots["linear"] + g + w * (2 * self.l2_shrinkage_regularization_strength) - (grown - was) / rate * w
        quadratic = grown / rate + 2 * (self.l2_regularization_strength + self.beta / (2.0 * rate))
        l1 = self.l1_regularization_strength
        return {"accumulator": after, "linear": linear, "": (fn.clip(linear, -l1, l1) - linear) / quadratic}

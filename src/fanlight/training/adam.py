"""How do weights move by moving averages of gradients and their squares? Adam and its family.

The powers of beta_1 and beta_2 are running products kept as state: exact arithmetic, the same on every platform.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from fanlight.ir.graph import Value
from fanlight.ops import functions as fn
from fanlight.training.optimizer import Optimizer, Read, norm


@dataclass(frozen=True)
class Moments(Optimizer):
    """Moving averages of g and g^2, and what corrects them for their start at zero."""

    learning_rate: Any = 0.001
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7

    @property
    def slots(self) -> tuple[str, ...]:
        return ("momentum", "velocity")

    @property
    def powers(self) -> dict[str, float]:
        return {"beta_1_power": self.beta_1, "beta_2_power": self.beta_2}

    def moments(self, slots: Mapping[str, Value], g: Value) -> tuple[Value, Value]:
        """Both averages after this step."""
        m, v = slots["momentum"], slots["velocity"]
        return m + (g - m) * (1 - self.beta_1), v + (fn.square(g) - v) * (1 - self.beta_2)


@dataclass(frozen=True)
class Adam(Moments):
    """Moving averages of g and g^2, corrected for their start at zero (Kingma and Ba 2014, before section 2.1)."""

    amsgrad: bool = False
    name: ClassVar[str] = "adam"

    @property
    def slots(self) -> tuple[str, ...]:
        return ("momentum", "velocity", *(("velocity_hat",) if self.amsgrad else ()))

    def move(
        self, read: Read, powers: Mapping[str, Value], slots: Mapping[str, Value], w: Value, g: Value
    ) -> dict[str, Value]:
        alpha = read("learning_rate") * fn.sqrt(1 - powers["beta_2_power"]) / (1 - powers["beta_1_power"])
        m, v = self.moments(slots, g)
        new = {"momentum": m, "velocity": v}
        if self.amsgrad:
            v = new["velocity_hat"] = fn.maximum(slots["velocity_hat"], v)
        return new | {"": w - m * alpha / (fn.sqrt(v) + self.epsilon)}


@dataclass(frozen=True)
class AdamW(Adam):
    """Adam with weight decay apart from the gradient (Loshchilov and Hutter 2019)."""

    weight_decay: float | None = field(default=0.004, kw_only=True)
    name: ClassVar[str] = "adamw"


@dataclass(frozen=True)
class Adamax(Moments):
    """Adam with the largest |g| in place of the mean of g^2 (Kingma and Ba 2014, section 7.1)."""

    name: ClassVar[str] = "adamax"

    @property
    def slots(self) -> tuple[str, ...]:
        return ("momentum", "norm")

    @property
    def powers(self) -> dict[str, float]:
        return {"beta_1_power": self.beta_1}

    def move(
        self, read: Read, powers: Mapping[str, Value], slots: Mapping[str, Value], w: Value, g: Value
    ) -> dict[str, Value]:
        m, u = slots["momentum"], slots["norm"]
        m = m + (g - m) * (1 - self.beta_1)
        u = fn.maximum(u * self.beta_2, fn.absolute(g))
        alpha = read("learning_rate") / (1 - powers["beta_1_power"])
        return {"momentum": m, "norm": u, "": w - m * alpha / (u + self.epsilon)}


@dataclass(frozen=True)
class Nadam(Moments):
    """Adam with Nesterov's momentum, which grows with the steps (Dozat 2015)."""

    name: ClassVar[str] = "nadam"

    @property
    def powers(self) -> dict[str, float]:
        return {"decay_power": 0.96, "beta_2_power": self.beta_2, "u_product": 1.0}

    def next_powers(self, read: Read) -> dict[str, Value]:
        found = super().next_powers(read)
        return found | {"u_product": read("u_product") * self._momentum(found["decay_power"])}

    def _momentum(self, decay_power: Value) -> Value:
        return self.beta_1 * (1 - 0.5 * decay_power)

    def move(
        self, read: Read, powers: Mapping[str, Value], slots: Mapping[str, Value], w: Value, g: Value
    ) -> dict[str, Value]:
        now, after = self._momentum(powers["decay_power"]), self._momentum(powers["decay_power"] * 0.96)
        m, v = self.moments(slots, g)
        ahead = m * (after / (1 - powers["u_product"] * after)) + g * ((1 - now) / (1 - powers["u_product"]))
        spread = fn.sqrt(v / (1 - powers["beta_2_power"])) + self.epsilon
        return {"momentum": m, "velocity": v, "": w - ahead * read("learning_rate") / spread}


@dataclass(frozen=True)
class Lion(Optimizer):
    """Steps of one length: the sign of a mean of g (Chen and others 2023)."""

    learning_rate: Any = 0.001
    beta_1: float = 0.9
    beta_2: float = 0.99
    name: ClassVar[str] = "lion"

    @property
    def slots(self) -> tuple[str, ...]:
        return ("momentum",)

    def move(
        self, read: Read, powers: Mapping[str, Value], slots: Mapping[str, Value], w: Value, g: Value
    ) -> dict[str, Value]:
        m = slots["momentum"]
        way = fn.sign(m * self.beta_1 + g * (1 - self.beta_1))
        return {"momentum": m * self.beta_2 + g * (1 - self.beta_2), "": w - way * read("learning_rate")}


@dataclass(frozen=True)
class Lamb(Moments):
    """Adam's step, as long as the weight is large (You and others 2020)."""

    name: ClassVar[str] = "lamb"

    def move(
        self, read: Read, powers: Mapping[str, Value], slots: Mapping[str, Value], w: Value, g: Value
    ) -> dict[str, Value]:
        m, v = self.moments(slots, g)
        step = (m / (1 - powers["beta_1_power"])) / (fn.sqrt(v / (1 - powers["beta_2_power"])) + self.epsilon)
        length, size = norm([step]), norm([w])
        has_both = fn.logical_and(size > 0, length > 0)
        ratio = fn.where(has_both, size / fn.where(has_both, length, 1.0), 1.0)
        return {"momentum": m, "velocity": v, "": w - step * (ratio * read("learning_rate"))}

"""How do weights move? Keras's optimizers as graph code: from gradients and slots to new weights and slots.

Learning rate, momentum and decay are state, so they change without compiling. Knows no loss, no layer, no data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, ClassVar

from fanlight.errors import ShapeError, UnknownNameError, UnsupportedOp
from fanlight.ir.graph import Value
from fanlight.ir.module import StateSpec
from fanlight.ir.types import Type, float32
from fanlight.layers.config import plain
from fanlight.ops import functions as fn

Read = Callable[[str], Value]  # the content of a state array of the optimizer, by its name without "optimizer/"
SCALAR = float32()


@dataclass(frozen=True)
class Optimizer:
    """A rule for the update of weights. The attributes are Keras's keyword arguments."""

    learning_rate: float = 0.01
    weight_decay: float | None = field(default=None, kw_only=True)
    clipnorm: float | None = field(default=None, kw_only=True)
    clipvalue: float | None = field(default=None, kw_only=True)
    global_clipnorm: float | None = field(default=None, kw_only=True)

    name: ClassVar[str] = ""
    # Attributes that are state: name -> ...
    hyperparameters: ClassVar[tuple[str, ...]] = ("learning_rate", "weight_decay")

    def __post_init__(self) -> None:
        for each in fields(self):
            object.__setattr__(self, each.name, plain(getattr(self, each.name)))
        if sum(each is not None for each in (self.clipnorm, self.clipvalue, self.global_clipnorm)) > 1:
            raise ShapeError(type(self).__name__, expected="one of clipnorm, clipvalue and global_clipnorm", got="more")

    # What a subclass says

    @property
    def slots(self) -> tuple[str, ...]:
        """The names of the arrays that go with each weight."""
        return ()

    @property
    def powers(self) -> dict[str, float]:
        """Scalars that are multiplied by a factor in each step: name -> factor."""
        return {}

    def move(
        self, read: Read, powers: Mapping[str, Value], slots: Mapping[str, Value], w: Value, g: Value
    ) -> dict[str, Value]:
        """The new slots of weight w with gradient g, and the new weight under the empty name."""
        raise NotImplementedError

    # What the builder of a step uses

    def state(self, parameters: Mapping[str, Type]) -> dict[str, StateSpec]:
        """Every state array of the optimizer, for these trainable weights."""
        found = {}
        for name in self.hyperparameters:
            if getattr(self, name) is not None:
                found[f"optimizer/{name}"] = StateSpec(SCALAR, "hyperparameter", False, getattr(self, name))
        found["optimizer/iterations"] = StateSpec(Type("int32", ()), "counter", False, 0)
        for name in self.powers:
            found[f"optimizer/{name}"] = StateSpec(SCALAR, "counter", False, 1)
        for path, type in parameters.items():
            for slot in self.slots:
                found[f"optimizer/{path}/{slot}"] = StateSpec(type, "slot", False, 0)
        return found

    def update(
        self, state: Callable[[str], Value], weights: Mapping[str, Value], gradients: Mapping[str, Value]
    ) -> dict[str, Value]:
        """Every state array that a step writes, by its full name. `state` gives the content of one."""

        def read(name: str) -> Value:
            return state(f"optimizer/{name}")

        writes = {"optimizer/iterations": read("iterations") + 1}
        powers = {name: read(name) * factor for name, factor in self.powers.items()}
        writes.update({f"optimizer/{name}": value for name, value in powers.items()})
        for path, g in self.clipped(gradients).items():
            w = weights[path]
            if self.weight_decay is not None:
                w = w - w * read("weight_decay") * read("learning_rate")
            slots = {slot: read(f"{path}/{slot}") for slot in self.slots}
            for slot, value in self.move(read, powers, slots, w, g).items():
                writes[f"optimizer/{path}/{slot}" if slot else path] = value
        return writes

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
        return {"name": self.name, **asdict(self)}


def norm(gradients: list[Value]) -> Value:
    """The square root of the sum of all squares."""
    total = fn.sum(fn.square(gradients[0]))
    for g in gradients[1:]:
        total = total + fn.sum(fn.square(g))
    return fn.sqrt(total)


def shrink(length: Value, limit: float) -> Value:
    """What a gradient of this length is multiplied by so that it has at most the length `limit`."""
    return fn.where(length > limit, limit / length, 1.0)


@dataclass(frozen=True)
class SGD(Optimizer):
    """w - learning_rate * g; with momentum v, w + v where v is v * momentum - learning_rate * g (Nesterov: one step
    ahead)."""

    learning_rate: float = 0.01
    momentum: float = 0.0
    nesterov: bool = False
    name: ClassVar[str] = "sgd"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.momentum <= 1:
            raise ShapeError("SGD", expected="a momentum from 0 to 1", got=self.momentum)

    @property
    def hyperparameters(self) -> tuple[str, ...]:  # type: ignore[override]
        return ("learning_rate", "weight_decay", *(("momentum",) if self.momentum else ()))

    @property
    def slots(self) -> tuple[str, ...]:
        return ("momentum",) if self.momentum else ()

    def move(
        self, read: Read, powers: Mapping[str, Value], slots: Mapping[str, Value], w: Value, g: Value
    ) -> dict[str, Value]:
        step = g * read("learning_rate")
        if not self.momentum:
            return {"": w - step}
        momentum = read("momentum")
        v = slots["momentum"] * momentum - step
        return {"momentum": v, "": w + (v * momentum - step) if self.nesterov else w + v}


@dataclass(frozen=True)
class Adam(Optimizer):
    """Moving averages of g and g^2, corrected for their start at zero (Kingma and Ba 2014, before section 2.1).

    The powers of beta_1 and beta_2 are running products kept as state: exact arithmetic, the same on every platform.
    """

    learning_rate: float = 0.001
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7
    amsgrad: bool = False
    name: ClassVar[str] = "adam"

    @property
    def slots(self) -> tuple[str, ...]:
        return ("momentum", "velocity", *(("velocity_hat",) if self.amsgrad else ()))

    @property
    def powers(self) -> dict[str, float]:
        return {"beta_1_power": self.beta_1, "beta_2_power": self.beta_2}

    def move(
        self, read: Read, powers: Mapping[str, Value], slots: Mapping[str, Value], w: Value, g: Value
    ) -> dict[str, Value]:
        alpha = read("learning_rate") * fn.sqrt(1 - powers["beta_2_power"]) / (1 - powers["beta_1_power"])
        m, v = slots["momentum"], slots["velocity"]
        m = m + (g - m) * (1 - self.beta_1)
        v = v + (fn.square(g) - v) * (1 - self.beta_2)
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
class RMSprop(Optimizer):
    """g divided by the root of a moving average of g^2 (Hinton's lecture 6)."""

    learning_rate: float = 0.001
    rho: float = 0.9
    momentum: float = 0.0
    epsilon: float = 1e-7
    centered: bool = False
    name: ClassVar[str] = "rmsprop"

    @property
    def hyperparameters(self) -> tuple[str, ...]:  # type: ignore[override]
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


OPTIMIZERS: dict[str, type[Optimizer]] = {each.name: each for each in (SGD, Adam, AdamW, RMSprop)}
# Keras's options that change nothing at these values.
UNUSED = {"use_ema": False, "ema_momentum": 0.99, "ema_overwrite_frequency": None, "loss_scale_factor": None}
UNUSED |= {"gradient_accumulation_steps": None}


def get(identifier: Any) -> Optimizer:
    """The optimizer of a name ("sgd", "adam", ...), of a record (`attributes()`, or Keras's `{"class_name",
    "config"}`), or itself."""
    if isinstance(identifier, Optimizer):
        return identifier
    config: dict[str, Any] = {}
    name = identifier
    if isinstance(identifier, Mapping):
        name = identifier.get("class_name") or identifier.get("name")
        config = dict(identifier.get("config") or (identifier if "class_name" not in identifier else {}))
        config.pop("name", None)
    kind = OPTIMIZERS.get(name.lower()) if isinstance(name, str) else None
    if kind is None:
        raise UnknownNameError("optimizer", expected=f"one of {', '.join(OPTIMIZERS)}", got=repr(identifier))
    config = {key: value for key, value in config.items() if key not in UNUSED or value != UNUSED[key]}
    known = [each.name for each in fields(kind)]
    if unknown := [key for key in config if key not in known]:
        raise UnsupportedOp(f"optimizer {name!r}", expected=f"only {', '.join(known)}", got=unknown)
    return kind(**config)

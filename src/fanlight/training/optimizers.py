"""How do weights move? Keras's optimizers as graph code: plain steps here, the others in `adam` and `adaptive`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar

from fanlight.errors import ShapeError, UnknownNameError, UnsupportedOp
from fanlight.ir.graph import Value
from fanlight.training import schedules as schedules
from fanlight.training.adam import Adam, Adamax, AdamW, Lamb, Lion, Nadam
from fanlight.training.adaptive import Adadelta, Adafactor, Adagrad, Ftrl, RMSprop
from fanlight.training.optimizer import Optimizer, Read


@dataclass(frozen=True)
class SGD(Optimizer):
    """w - learning_rate * g; with momentum v, w + v where v is v * momentum - learning_rate * g (Nesterov: one step
    ahead)."""

    learning_rate: Any = 0.01
    momentum: float = 0.0
    nesterov: bool = False
    name: ClassVar[str] = "sgd"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.momentum <= 1:
            raise ShapeError("SGD", expected="a momentum from 0 to 1", got=self.momentum)

    @property
    def hyperparameters(self) -> tuple[str, ...]:
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


CLASSES: tuple[type[Optimizer], ...] = (
    *(SGD, Adam, AdamW, Adamax, Nadam, Lion, Lamb, RMSprop, Adagrad, Adadelta, Adafactor, Ftrl),
)
OPTIMIZERS: dict[str, type[Optimizer]] = {each.name: each for each in CLASSES}
# Keras's options that change nothing at these values.


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
    known = [each.name for each in fields(kind)]
    if unknown := [key for key in config if key not in known]:
        raise UnsupportedOp(f"optimizer {name!r}", expected=f"only {', '.join(known)}", got=unknown)
    return kind(**config)

"""How does the learning rate change with the steps? Keras's schedules as graph code: from the number of steps done,
float32, to a rate. Whole numbers are exact up to 2^24 steps."""

from __future__ import annotations

import itertools
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from fanlight.errors import ShapeError, UnknownNameError, UnsupportedOp
from fanlight.ir.graph import Value
from fanlight.layers.config import from_json, plain
from fanlight.ops import functions as fn


@dataclass(frozen=True)
class LearningRateSchedule(ABC):
    """A rate for each step. The attributes are Keras's keyword arguments."""

    def __post_init__(self) -> None:
        for each in fields(self):
            object.__setattr__(self, each.name, plain(getattr(self, each.name)))
        for name in ("decay_steps", "first_decay_steps"):
            if getattr(self, name, 1) <= 0:
                raise ShapeError(type(self).__name__, expected=f"a positive {name}", got=getattr(self, name))

    @abstractmethod
    def rate(self, step: Value) -> Value:
        """The rate of the step before which `step` were done; both float32 scalars."""


@dataclass(frozen=True)
class _Decay(LearningRateSchedule):
    initial_learning_rate: float
    decay_steps: float
    decay_rate: float
    staircase: bool = False

    def _passed(self, step: Value) -> Value:
        """How many times `decay_steps` have passed."""
        passed = step / self.decay_steps
        return fn.floor(passed) if self.staircase else passed


@dataclass(frozen=True)
class ExponentialDecay(_Decay):
    """initial * decay_rate^(step / decay_steps), in whole powers as a staircase."""

    def rate(self, step: Value) -> Value:
        return self.initial_learning_rate * fn.power(self.decay_rate, self._passed(step))


@dataclass(frozen=True)
class InverseTimeDecay(_Decay):
    """initial / (1 + decay_rate * step / decay_steps), in whole parts as a staircase."""

    def rate(self, step: Value) -> Value:
        return self.initial_learning_rate / (1 + self.decay_rate * self._passed(step))


@dataclass(frozen=True)
class PiecewiseConstantDecay(LearningRateSchedule):
    """values[0] up to and with boundaries[0], then values[1] ... and at last values[-1]."""

    boundaries: tuple[float, ...]
    values: tuple[float, ...]

    def __post_init__(self) -> None:
        for name in ("boundaries", "values"):
            object.__setattr__(self, name, tuple(plain(each) for each in getattr(self, name)))
        if not self.boundaries or len(self.boundaries) != len(self.values) - 1:
            got = f"{len(self.boundaries)} boundaries, {len(self.values)} values"
            raise ShapeError("PiecewiseConstantDecay", expected="boundaries, and one value more", got=got)
        if any(a >= b for a, b in itertools.pairwise(self.boundaries)):
            raise ShapeError("PiecewiseConstantDecay", expected="boundaries in order", got=self.boundaries)

    def rate(self, step: Value) -> Value:
        found: Any = self.values[-1]
        for boundary, value in zip(reversed(self.boundaries), reversed(self.values[:-1]), strict=True):
            found = fn.where(step <= boundary, value, found)
        return found


@dataclass(frozen=True)
class PolynomialDecay(LearningRateSchedule):
    """From initial to end in `decay_steps`, as (1 - step / decay_steps)^power. With `cycle` the way becomes longer by
    itself each time that its end is reached."""

    initial_learning_rate: float
    decay_steps: float
    end_learning_rate: float = 0.0001
    power: float = 1.0
    cycle: bool = False

    def rate(self, step: Value) -> Value:
        if self.cycle:
            way = self.decay_steps * fn.maximum(fn.ceil(step / self.decay_steps), 1.0)
            passed = step / way
        else:
            passed = fn.minimum(step, float(self.decay_steps)) / self.decay_steps
        left = 1 - passed if self.power == 1 else fn.power(1 - passed, self.power)
        return (self.initial_learning_rate - self.end_learning_rate) * left + self.end_learning_rate


@dataclass(frozen=True)
class CosineDecay(LearningRateSchedule):
    """Half a cosine from initial, or after `warmup_steps` from `warmup_target`, to `alpha` times that (Loshchilov and
    Hutter 2016)."""

    initial_learning_rate: float
    decay_steps: float
    alpha: float = 0.0
    warmup_target: float | None = None
    warmup_steps: float = 0

    def rate(self, step: Value) -> Value:
        if self.warmup_target is None:
            return self._decayed(fn.minimum(step, float(self.decay_steps)), self.initial_learning_rate)
        warm = float(self.warmup_steps)
        decayed = self._decayed(fn.clip(step - warm, 0.0, float(self.decay_steps)), self.warmup_target)
        if not warm:
            return decayed
        rising = (self.warmup_target - self.initial_learning_rate) * (step / warm) + self.initial_learning_rate
        return fn.where(step < warm, rising, decayed)

    def _decayed(self, step: Value, start: float) -> Value:
        cosine = 0.5 * (1 + fn.cos(step / self.decay_steps * math.pi))
        return start * ((1 - self.alpha) * cosine + self.alpha)


@dataclass(frozen=True)
class CosineDecayRestarts(LearningRateSchedule):
    """Half a cosine again and again, each time `t_mul` times as long and from `m_mul` times the rate (Loshchilov and
    Hutter 2016)."""

    initial_learning_rate: float
    first_decay_steps: float
    t_mul: float = 2.0
    m_mul: float = 1.0
    alpha: float = 0.0

    @property
    def decay_steps(self) -> float:
        """Of the first time."""
        return self.first_decay_steps

    def rate(self, step: Value) -> Value:
        passed = step / self.first_decay_steps
        if self.t_mul == 1:
            restarts = fn.floor(passed)
            passed = passed - restarts
        else:
            restarts = fn.floor(fn.log(1 - passed * (1 - self.t_mul)) / math.log(self.t_mul))
            longer = fn.power(self.t_mul, restarts)
            passed = (passed - (1 - longer) / (1 - self.t_mul)) / longer
        cosine = 0.5 * (1 + fn.cos(passed * math.pi))
        if self.m_mul != 1:
            cosine = fn.power(self.m_mul, restarts) * cosine
        return self.initial_learning_rate * ((1 - self.alpha) * cosine + self.alpha)


CLASSES: tuple[type[LearningRateSchedule], ...] = (
    *(ExponentialDecay, InverseTimeDecay, PiecewiseConstantDecay, PolynomialDecay, CosineDecay, CosineDecayRestarts),
)


def get(record: Mapping[str, Any]) -> LearningRateSchedule:
    """The schedule of a record, `{"class_name", "config"}`, as Keras writes it too."""
    kind = {each.__name__: each for each in CLASSES}.get(str(record.get("class_name")))
    if kind is None:
        names = ", ".join(each.__name__ for each in CLASSES)
        raise UnknownNameError("learning_rate", expected=f"a number, or one of {names}", got=dict(record))
    config = {key: from_json(value) for key, value in dict(record.get("config") or {}).items() if key != "name"}
    known = [each.name for each in fields(kind)]
    if unknown := [key for key in config if key not in known]:
        raise UnsupportedOp(kind.__name__, expected=f"only {', '.join(known)}", got=unknown)
    return kind(**config)

"""What must a weight be after an update? Keras's constraints: from a weight to the nearest one that is allowed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fanlight.ir.graph import Value
from fanlight.layers.records import find
from fanlight.ops import functions as fn

EPSILON = 1e-7  # Keras's


@dataclass(frozen=True, slots=True)
class Constraint:
    """A rule that makes a weight an allowed one."""

    def __call__(self, w: Value) -> Value:
        raise NotImplementedError(f"{type(self).__name__} has no rule")


def length(w: Value, axis: Any) -> Value:
    """The Euclidean length along `axis`, which stays as 1."""
    axes = tuple(axis) if isinstance(axis, list | tuple) else (axis,)
    return fn.sqrt(fn.sum(fn.square(w), axis=axes, keepdims=True))


@dataclass(frozen=True, slots=True)
class MaxNorm(Constraint):
    """A length of at most `max_value` along `axis`."""

    max_value: float = 2.0
    axis: Any = 0

    def __call__(self, w: Value) -> Value:
        norms = length(w, self.axis)
        return w * (fn.clip(norms, 0.0, self.max_value) / (norms + EPSILON))


@dataclass(frozen=True, slots=True)
class NonNeg(Constraint):
    """No number below 0."""

    def __call__(self, w: Value) -> Value:
        return fn.maximum(w, 0.0)


@dataclass(frozen=True, slots=True)
class UnitNorm(Constraint):
    """A length of 1 along `axis`."""

    axis: Any = 0

    def __call__(self, w: Value) -> Value:
        return w / (length(w, self.axis) + EPSILON)


@dataclass(frozen=True, slots=True)
class MinMaxNorm(Constraint):
    """A length between `min_value` and `max_value` along `axis`; `rate` is how much of the way an update goes."""

    min_value: float = 0.0
    max_value: float = 1.0
    rate: float = 1.0
    axis: Any = 0

    def __call__(self, w: Value) -> Value:
        norms = length(w, self.axis)
        wanted = fn.clip(norms, self.min_value, self.max_value) * self.rate + norms * (1 - self.rate)
        return w * (wanted / (norms + EPSILON))


KINDS = {each.__name__: each for each in (MaxNorm, NonNeg, UnitNorm, MinMaxNorm)}
NAMED = {"max_norm": MaxNorm(), "non_neg": NonNeg(), "unit_norm": UnitNorm(), "min_max_norm": MinMaxNorm()}


def get(identifier: Any) -> Constraint | None:
    """The constraint of a name ("max_norm", "non_neg", ...), of a record (ours or Keras's), or itself; None is none."""
    return find("constraint", identifier, KINDS, NAMED)

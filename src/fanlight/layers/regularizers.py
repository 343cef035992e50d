"""What does a regularizer add to the loss? Keras's regularizers: a number for a weight or an output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fanlight.errors import ShapeError
from fanlight.ir.graph import Value
from fanlight.layers.records import find
from fanlight.ops import functions as fn


@dataclass(frozen=True, slots=True)
class Regularizer:
    """A rule that gives a scalar for a weight."""

    def __call__(self, x: Value) -> Value:
        raise NotImplementedError(f"{type(self).__name__} has no rule")


@dataclass(frozen=True, slots=True)
class L1(Regularizer):
    """`l1` times the sum of the absolute values."""

    l1: float = 0.01

    def __call__(self, x: Value) -> Value:
        return fn.sum(fn.absolute(x)) * self.l1


@dataclass(frozen=True, slots=True)
class L2(Regularizer):
    """`l2` times the sum of the squares."""

    l2: float = 0.01

    def __call__(self, x: Value) -> Value:
        return fn.sum(fn.square(x)) * self.l2


@dataclass(frozen=True, slots=True)
class L1L2(Regularizer):
    """`l1` times the sum of the absolute values plus `l2` times that of the squares."""

    l1: float = 0.0
    l2: float = 0.0

    def __call__(self, x: Value) -> Value:
        return L1(self.l1)(x) + L2(self.l2)(x)


@dataclass(frozen=True, slots=True)
class OrthogonalRegularizer(Regularizer):
    """`factor` times the mean absolute cosine of every two rows (or columns, by `mode`) of a matrix."""

    factor: float = 0.01
    mode: str = "rows"

    def __call__(self, x: Value) -> Value:
        if x.rank != 2 or self.mode not in ("rows", "columns"):
            got = f"{x.type}, mode={self.mode!r}"
            raise ShapeError("OrthogonalRegularizer", expected="a matrix, and mode 'rows' or 'columns'", got=got)
        axis = 1 if self.mode == "rows" else 0
        # Keras's normalize: the length is at least 1e-12.
        unit = x / fn.sqrt(fn.maximum(fn.sum(fn.square(x), axis=axis, keepdims=True), 1e-12))
        if self.mode == "columns":
            unit = fn.transpose(unit)
        count = int(unit.shape[0])  # pyright: ignore[reportArgumentType]  # weights have known lengths
        products = fn.matmul(unit, fn.transpose(unit)) * (1 - fn.eye(count))
        return fn.sum(fn.absolute(products)) * (0.5 * self.factor / (count * (count - 1) / 2))


KINDS = {each.__name__: each for each in (L1, L2, L1L2, OrthogonalRegularizer)}
NAMED = {"l1": L1(), "l2": L2(), "l1l2": L1L2(), "orthogonal_regularizer": OrthogonalRegularizer()}


def get(identifier: Any) -> Regularizer | None:
    """The regularizer of a name ("l1", "l2"), of a record (ours or Keras's), or itself; None is none."""
    return find("regularizer", identifier, KINDS, NAMED)

"""Which layers put the same numbers into another shape? Flatten, Reshape."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

from fanlight.ir import dim as dims
from fanlight.ir.graph import Value
from fanlight.layers.base import Layer
from fanlight.layers.context import Context
from fanlight.ops import functions as fn


@dataclass(eq=False, repr=False)
class Flatten(Layer):
    """`[batch, ...]` to `[batch, n]`, row-major."""

    data_format: str | None = None

    def call(self, context: Context, *values: Value) -> Value:
        (x,) = values
        return fn.reshape(x, (x.shape[0], dims.product(x.shape[1:])))


@dataclass(eq=False, repr=False)
class Reshape(Layer):
    """`[batch, ...]` to `[batch, *target_shape]`, row-major; one -1 is what the others leave."""

    target_shape: tuple[int, ...]

    def check(self) -> None:
        self.target_shape = tuple(self.target_shape)
        if self.target_shape.count(-1) > 1 or any(extent < 1 and extent != -1 for extent in self.target_shape):
            raise self.error("positive lengths and at most one -1", self.target_shape)

    def call(self, context: Context, *values: Value) -> Value:
        (x,) = values
        shape: list[Any] = list(self.target_shape)
        count, known = dims.product(x.shape[1:]), prod(extent for extent in shape if extent != -1)
        if -1 in shape:
            shape[shape.index(-1)] = count // known
        if dims.product(shape) != count:
            raise self.error(f"{dims.product(shape)} elements in each row", count, at=x.type)
        return fn.reshape(x, (x.shape[0], *shape))

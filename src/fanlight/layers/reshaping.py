"""Which layers put the same numbers into another shape? Flatten, Reshape, Permute, RepeatVector."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

from fanlight.ir import dim as dims
from fanlight.ir.graph import Value
from fanlight.layers.base import Layer, check_channels_last, check_rank
from fanlight.layers.context import Context
from fanlight.ops import functions as fn


@dataclass(eq=False, repr=False)
class Flatten(Layer):
    """`[batch, ...]` to `[batch, n]`, row-major; `[batch]` to `[batch, 1]`."""

    data_format: str | None = None

    def check(self) -> None:
        self.data_format = check_channels_last(self, self.data_format)

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


@dataclass(eq=False, repr=False)
class Permute(Layer):
    """The axes after the batch in another order: output axis k is input axis `dims[k - 1]`, counted from 1."""

    dims: tuple[int, ...]

    def check(self) -> None:
        self.dims = tuple(self.dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise self.error(f"each number from 1 to {len(self.dims)} once", self.dims)

    def call(self, context: Context, *values: Value) -> Value:
        (x,) = values
        check_rank(self, x.type, len(self.dims) + 1)
        return fn.transpose(x, (0, *self.dims))


@dataclass(eq=False, repr=False)
class RepeatVector(Layer):
    """`[batch, k]` to `[batch, n, k]`: each row n times."""

    n: int

    def check(self) -> None:
        if not isinstance(self.n, int) or self.n < 1:
            raise self.error("a positive whole number", repr(self.n))

    def call(self, context: Context, *values: Value) -> Value:
        (x,) = values
        check_rank(self, x.type, 2)
        return fn.repeat(fn.expand_dims(x, 1), self.n, axis=1)

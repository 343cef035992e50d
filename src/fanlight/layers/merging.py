"""Which layers make one value of several? Sums, products, extremes, means, joins, and products along an axis.

Names, defaults and meanings are Keras 3's, masks included.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from fanlight.ir.graph import Value
from fanlight.layers.base import Layer
from fanlight.layers.context import Context
from fanlight.ops import functions as fn

Masks = Sequence[Value | None]


class _Merge(Layer):
    """Values joined element by element. An input of lower rank gets axes of length 1 after its batch axis.

    Where each input has a mask, a step counts that counts in any of them.
    """

    def join(self, x: Value, y: Value) -> Value:
        """The result for two inputs."""
        raise NotImplementedError(f"{type(self).__name__} has no join")

    def merge(self, values: list[Value], masks: Masks) -> Value:
        """The result for all inputs, which have one rank."""
        return reduce(self.join, values)

    def call(self, context: Context, *values: Value, mask: Masks | None = None) -> Value:
        if len(values) < 2:
            raise self.error("a list of two inputs or more", len(values))
        rank = max(value.rank for value in values)
        aligned = [fn.reshape(x, (x.shape[0], *(1,) * (rank - x.rank), *x.shape[1:])) for x in values]
        masks = mask or (None,) * len(values)
        y = self.merge(aligned, [None if x.rank < rank else each for x, each in zip(values, masks, strict=True)])
        if (either := any_of(masks)) is not None:
            context.masks[y] = either
        return y


def any_of(masks: Masks) -> Value | None:
    """Where any of the masks holds; None where one is missing."""
    known = [mask for mask in masks if mask is not None]
    return reduce(fn.logical_or, known) if len(known) == len(masks) else None


def over(mask: Value, x: Value) -> Value:
    """A mask for each element of x, whose first axes it has."""
    return fn.broadcast_to(fn.reshape(mask, (*mask.shape, *(1,) * (x.rank - mask.rank))), x.shape)


@dataclass(eq=False, repr=False)
class Add(_Merge):
    """The sum of the inputs."""

    def join(self, x: Value, y: Value) -> Value:
        return x + y


@dataclass(eq=False, repr=False)
class Subtract(_Merge):
    """The first input minus the second."""

    def join(self, x: Value, y: Value) -> Value:
        return x - y

    def merge(self, values: list[Value], masks: Masks) -> Value:
        if len(values) != 2:
            raise self.error("a list of two inputs", len(values))
        return super().merge(values, masks)


@dataclass(eq=False, repr=False)
class Average(_Merge):
    """The mean of the inputs."""

    def join(self, x: Value, y: Value) -> Value:
        return x + y

    def merge(self, values: list[Value], masks: Masks) -> Value:
        return super().merge(values, masks) / float(len(values))


@dataclass(eq=False, repr=False)
class Multiply(_Merge):
    """The product of the inputs. A step of an input that its mask leaves out counts as 1, and as 0 where all do."""

    def join(self, x: Value, y: Value) -> Value:
        return x * y

    def merge(self, values: list[Value], masks: Masks) -> Value:
        pairs = zip(values, masks, strict=True)
        product = super().merge([x if mask is None else fn.where(over(mask, x), x, 1.0) for x, mask in pairs], masks)
        either = any_of(masks)
        return product if either is None else fn.where(over(either, product), product, 0.0)


class _Extreme(_Merge):
    """What Maximum and Minimum share: a step that a mask leaves out takes no part."""

    def merge(self, values: list[Value], masks: Masks) -> Value:
        y, known = values[0], masks[0]
        for x, mask in zip(values[1:], masks[1:], strict=True):
            if mask is not None:
                x = fn.where(over(mask, x), x, y)
            if known is not None:
                y = fn.where(over(known, y), y, x)
            known = None if mask is None or known is None else fn.logical_or(known, mask)
            y = self.join(y, x)
        return y


@dataclass(eq=False, repr=False)
class Maximum(_Extreme):
    """The largest of the inputs, element by element."""

    def join(self, x: Value, y: Value) -> Value:
        return fn.maximum(x, y)


@dataclass(eq=False, repr=False)
class Minimum(_Extreme):
    """The smallest of the inputs, element by element."""

    def join(self, x: Value, y: Value) -> Value:
        return fn.minimum(x, y)


@dataclass(eq=False, repr=False)
class Concatenate(Layer):
    """The inputs one after another along `axis`. Steps of an input without a mask all count."""

    axis: int = -1

    def call(self, context: Context, *values: Value, mask: Masks | None = None) -> Value:
        if len(values) < 2:
            raise self.error("a list of two inputs or more", len(values))
        y = fn.concatenate(list(values), axis=self.axis)
        if mask is not None:
            rank = next(each.rank for each in mask if each is not None)
            each = [fn.ones(x.shape[:rank], "bool") if m is None else m for x, m in zip(values, mask, strict=True)]
            axis = self.axis % y.rank
            context.masks[y] = fn.concatenate(each, axis=axis) if axis < rank else reduce(fn.logical_or, each)
        return y


@dataclass(eq=False, repr=False)
class Dot(Layer):
    """The sum of products of two inputs along an axis of each: `[batch, a, k]` and `[batch, b, k]` with axes=2 to
    `[batch, a, b]`; with `normalize`, of vectors of length 1 along these axes: the cosine.

    `axes` is one axis for both, or one for each; what comes out is `[batch, ...]`, the other axes of the first and then
    of the second, or `[batch, 1]` where there are none.
    """

    axes: Any
    normalize: bool = False

    def check(self) -> None:
        axes = self.axes if isinstance(self.axes, int) else tuple(self.axes)
        if isinstance(axes, tuple) and (len(axes) != 2 or not all(isinstance(each, int) for each in axes)):
            raise self.error("one axis, or two", repr(self.axes))
        self.axes = axes

    def call(self, context: Context, *values: Value) -> Value:
        if len(values) != 2:
            raise self.error("a list of two inputs", len(values))
        given = (self.axes,) * 2 if isinstance(self.axes, int) else self.axes
        axes = [axis % x.rank if -x.rank <= axis < x.rank else 0 for axis, x in zip(given, values, strict=True)]
        lengths = [x.shape[axis] for axis, x in zip(axes, values, strict=True)]
        if 0 in axes or lengths[0] != lengths[1]:
            found = " and ".join(str(x.type) for x in values)
            raise self.error("axes after the batch, of one length", f"axes={self.axes}", at=found)
        if self.normalize:
            values = tuple(unit(x, axis) for x, axis in zip(values, axes, strict=True))
        # Letters: z is the batch, k what is summed over, a, b, ... and n, o, ... the other axes.
        first, second = (
            ["z" if j == 0 else "k" if j == axis else chr(ord(letter) + j - 1) for j in range(x.rank)]
            for x, axis, letter in zip(values, axes, "an", strict=True)
        )
        kept = [letter for letter in (*first, *second) if letter not in "zk"]
        y = fn.einsum(f"{''.join(first)},{''.join(second)}->z{''.join(kept)}", *values)
        return y if kept else fn.expand_dims(y, -1)


def unit(x: Value, axis: int) -> Value:
    """Vectors along an axis, divided by their length, which is at least 1e-6, as in Keras."""
    return x / fn.sqrt(fn.maximum(fn.sum(fn.square(x), axis=axis, keepdims=True), 1e-12))

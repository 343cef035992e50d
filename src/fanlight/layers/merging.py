"""Which layers make one value of several? Add, Subtract, Multiply, Concatenate."""

from __future__ import annotations

from dataclasses import dataclass

from fanlight.ir.graph import Value
from fanlight.layers.base import Layer
from fanlight.layers.context import Context
from fanlight.ops import functions as fn


class _Merge(Layer):
    """What layers of several inputs, element by element, share."""

    def join(self, x: Value, y: Value) -> Value:
        raise NotImplementedError

    def call(self, context: Context, *values: Value) -> Value:
        if len(values) < 2:
            raise self.error("a list of two inputs or more", len(values))
        total = values[0]
        for value in values[1:]:
            total = self.join(total, value)
        return total


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


@dataclass(eq=False, repr=False)
class Multiply(_Merge):
    """The product of the inputs."""

    def join(self, x: Value, y: Value) -> Value:
        return x * y


@dataclass(eq=False, repr=False)
class Concatenate(Layer):
    """The inputs one after another along `axis`."""

    axis: int = -1

    def call(self, context: Context, *values: Value) -> Value:
        if len(values) < 2:
            raise self.error("a list of two inputs or more", len(values))
        return fn.concatenate(list(values), axis=self.axis)

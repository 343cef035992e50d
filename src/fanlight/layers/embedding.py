"""Which layers begin a sequence? Embedding, which turns numbers of words into vectors, and Masking.

Both say which steps count: a mask, bool `[batch, time]`, which the layers behind them hand on and heed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fanlight.ir.graph import Value
from fanlight.ir.types import Type, is_float
from fanlight.layers.base import Layer
from fanlight.layers.context import Context
from fanlight.ops import functions as fn


@dataclass(eq=False, repr=False)
class Embedding(Layer):
    """Row `x` of a table: integers `[batch, ...]` from 0 to below `input_dim` to `[batch, ..., output_dim]`.

    With `mask_zero` the steps that hold 0 do not count. Numbers beyond the table get its last row, where Keras gives
    NaN.
    """

    input_dim: int
    output_dim: int
    embeddings_initializer: Any = "uniform"
    embeddings_regularizer: Any = None
    embeddings_constraint: Any = None
    mask_zero: bool = False

    def check(self) -> None:
        for name, value in {"input_dim": self.input_dim, "output_dim": self.output_dim}.items():
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise self.error(f"a positive {name}", repr(value))

    def build(self, *types: Type) -> None:
        if len(types) != 1 or types[0].dtype == "bool":
            raise self.error("one input, of numbers", list(types))
        self.declare("embeddings", (self.input_dim, self.output_dim))

    def call(self, context: Context, *values: Value) -> Value:
        (x,) = values
        rows = fn.cast(x, "int32") if is_float(x.dtype) else x
        y = fn.take(self.weight(context, "embeddings"), rows, axis=0)
        if self.mask_zero:
            context.masks[y] = fn.not_equal(x, 0)
        return y


@dataclass(eq=False, repr=False)
class Masking(Layer):
    """x, `[batch, time, ...]`, without the steps that are `mask_value` throughout: they become 0 and do not count."""

    mask_value: float = 0.0

    def check(self) -> None:
        if not isinstance(self.mask_value, int | float):
            raise self.error("a number as mask_value", repr(self.mask_value))

    def call(self, context: Context, *values: Value) -> Value:
        (x,) = values
        counts = fn.any(fn.not_equal(x, self.mask_value), axis=-1, keepdims=True)
        y = fn.where(counts, x, 0)
        context.masks[y] = fn.squeeze(counts, axis=-1)
        return y

"""Which layers begin a sequence? Embedding, which turns numbers of words into vectors, ReversibleEmbedding, which turns
vectors back into scores of words, and Masking.

They say which steps count: a mask, bool `[batch, time]`, which the layers behind them hand on and heed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fanlight.errors import UnsupportedOp
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

    def call(self, context: Context, inputs: Value) -> Value:
        rows = fn.cast(inputs, "int32") if is_float(inputs.dtype) else inputs
        y = fn.take(self.weight(context, "embeddings"), rows, axis=0)
        if self.mask_zero:
            context.masks[y] = fn.not_equal(inputs, 0)
        return y


@dataclass(eq=False, repr=False)
class _BothWays(Layer):
    """What ReversibleEmbedding is given, in Keras's order."""

    input_dim: int
    output_dim: int
    tie_weights: bool = True
    embeddings_initializer: Any = "uniform"
    embeddings_regularizer: Any = None
    embeddings_constraint: Any = None
    mask_zero: bool = False
    reverse_dtype: str | None = None
    logit_soft_cap: float | None = None


@dataclass(eq=False, repr=False)
class ReversibleEmbedding(Embedding, _BothWays):
    """An Embedding; with `reverse=True` the scores of all words, `[batch, ..., output_dim]` to `[batch, ...,
    input_dim]`: x @ embeddings.T, or x @ reverse_embeddings without `tie_weights` (Press and Wolf 2017).

    `logit_soft_cap` c makes of scores y: c * tanh(y / c).
    """

    def check(self) -> None:
        super().check()
        if self.reverse_dtype not in (None, "float32"):
            raise UnsupportedOp(self.label, expected="reverse_dtype None or 'float32'", got=repr(self.reverse_dtype))
        if self.logit_soft_cap is not None and not self.logit_soft_cap > 0:
            raise self.error("a positive logit_soft_cap, or None", repr(self.logit_soft_cap))

    def build(self, *types: Type) -> None:
        super().build(*types)
        if not self.tie_weights:
            self.add_weight("reverse_embeddings", (self.output_dim, self.input_dim), self.embeddings_initializer)

    def call(self, context: Context, inputs: Value, reverse: bool = False) -> Value:
        if not reverse:
            return super().call(context, inputs)
        if inputs.rank < 2 or inputs.shape[-1] != self.output_dim or not is_float(inputs.dtype):
            raise self.error(f"vectors [batch, ..., {self.output_dim}] in reverse", inputs.type)
        if self.tie_weights:
            kernel = fn.transpose(self.weight(context, "embeddings"))
        else:
            kernel = self.weight(context, "reverse_embeddings")
        y, cap = fn.matmul(inputs, kernel), self.logit_soft_cap
        return y if cap is None else fn.tanh(y / cap) * cap


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

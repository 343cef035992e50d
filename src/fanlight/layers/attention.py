"""Which layers let each step of a query choose among values? Attention by products, and by sums.

The weights of a choice come from scores of query and key; the layers with heads are in multi_head_attention.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from fanlight.ir.graph import Value
from fanlight.ir.types import Type
from fanlight.layers.base import Layer
from fanlight.layers.context import Context
from fanlight.layers.dropout import Dropout
from fanlight.ops import functions as fn

MASKED = 1e9  # what Keras takes from the score of a step that does not count


@dataclass(eq=False, repr=False)
class Attention(Layer):
    """softmax(scores) @ value for a list [query, value] or [query, value, key]: `[batch, queries, d]`,
    `[batch, steps, e]` and `[batch, steps, d]` to `[batch, queries, e]` (Luong et al. 2015).

    Scores are query @ key transposed, times a trained number if `use_scale`; in mode "concat" they are
    w * sum(tanh(scale * (query + key))). With `return_attention_scores=True` the call gives (result, weights); with
    `use_causal_mask=True` no query sees a later step. `mask` is a list of the query's and the value's.
    """

    use_scale: bool = False
    score_mode: str = "dot"
    dropout: float = 0.0
    seed: int | None = None
    supports_masking: ClassVar[bool] = True

    def check(self) -> None:
        if self.score_mode not in ("dot", "concat"):
            raise self.error("score_mode 'dot' or 'concat'", repr(self.score_mode))

    def build(self, *types: Type) -> None:
        if len(types) not in (2, 3):
            raise self.error("a list [query, value] or [query, value, key]", list(types))
        self.declare_scores(types[0])
        if self.dropout > 0:
            self.add_part("dropout", Dropout(self.dropout, seed=self.seed))

    def declare_scores(self, query: Type) -> None:
        """Declare the weights of the scores."""
        if self.use_scale:
            self.add_weight("scale", (), "ones")
        if self.score_mode == "concat":
            self.add_weight("concat_score_weight", (), "ones")

    def scores(self, context: Context, query: Value, key: Value) -> Value:
        """How well each query fits each key: `[batch, queries, steps]`."""
        scale = self.weight(context, "scale") if self.use_scale else None
        if self.score_mode == "dot":
            found = fn.matmul(query, fn.swapaxes(key, -2, -1))
            return found if scale is None else found * scale
        pairs = fn.expand_dims(query, -2) + fn.expand_dims(key, -3)
        pairs = pairs if scale is None else pairs * scale
        return fn.sum(fn.tanh(pairs), axis=-1) * self.weight(context, "concat_score_weight")

    def call(
        self,
        context: Context,
        *values: Value,
        mask: tuple[Value | None, ...] | None = None,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> Value | tuple[Value, ...]:
        query, value, key = (*values, values[1])[:3]
        of_query, of_value = (None, None) if mask is None else mask[:2]
        scores = self.scores(context, query, key)
        seen = None if of_value is None else fn.expand_dims(of_value, -2)
        if use_causal_mask:
            seen = both(seen, causal(query, key))
        if seen is not None:
            scores = fn.where(seen, scores, scores - MASKED)
        weights = fn.softmax(scores, axis=-1)
        if self.dropout > 0:
            weights = self.run_part(context, "dropout", weights)
        y = fn.matmul(weights, value)
        if of_query is not None:
            y = fn.where(fn.expand_dims(of_query, -1), y, 0.0)
        return (y, weights) if return_attention_scores else y


@dataclass(eq=False, repr=False)
class AdditiveAttention(Attention):
    """Attention whose scores are sum(scale * tanh(query + key)), with one trained scale for each feature unless
    `use_scale` is False (Bahdanau et al. 2015)."""

    use_scale: bool = True
    score_mode: str = field(default="concat", init=False)

    def declare_scores(self, query: Type) -> None:
        if self.use_scale:
            self.add_weight("scale", (query.shape[-1],), "glorot_uniform")

    def scores(self, context: Context, query: Value, key: Value) -> Value:
        pairs = fn.tanh(fn.expand_dims(query, -2) + fn.expand_dims(key, -3))
        return fn.sum(pairs * self.weight(context, "scale") if self.use_scale else pairs, axis=-1)


def causal(query: Value, key: Value) -> Value:
    """`[1, queries, steps]`: which steps are not later than the query."""
    rows, columns = (fn.arange(x.shape[1]) for x in (query, key))
    return fn.expand_dims(fn.expand_dims(rows, -1) >= columns, 0)


def both(mask: Value | None, other: Any) -> Any:
    """Where two masks, or the one there is, are true."""
    return other if mask is None else mask if other is None else fn.logical_and(mask, other)

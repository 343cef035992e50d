"""Which layers attend with several heads at once? MultiHeadAttention, and GroupQueryAttention, whose heads share keys.

Each head projects query, key and value (layers of their own inside), attends, and all heads are projected together.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from string import ascii_lowercase
from typing import Any, ClassVar

from fanlight.ir.dim import known
from fanlight.ir.graph import Value
from fanlight.ir.types import Type
from fanlight.layers.attention import MASKED, both, causal
from fanlight.layers.base import Layer
from fanlight.layers.context import Context
from fanlight.layers.dropout import Dropout
from fanlight.layers.einsum_dense import EinsumDense
from fanlight.ops import functions as fn


class _Heads(Layer):
    """What both layers share: projections, masks, and a weighted mean of values by the softmax of scores."""

    dropout: float
    use_bias: bool
    use_gate: bool
    sliding_window: int | None
    seed: int | None
    supports_masking: ClassVar[bool] = True
    prefix: ClassVar[str] = ""  # of what a Keras file calls the projections

    def check_sizes(self, *names: str) -> None:
        for name in names:
            number = getattr(self, name)
            if not isinstance(number, int) or number < 1:
                raise self.error(f"a positive {name}", repr(number))

    def output_regularizer(self) -> Any:
        return None  # it is that of every projection

    def add_projection(self, part: str, bound: int, rank: int, shape: tuple[int, ...], activation: Any = None) -> None:
        """A layer that takes the last `bound` axes of an array of this rank to axes of this shape."""
        letters = ascii_lowercase
        free, taken = letters[: rank - bound], letters[rank - bound : rank]
        made = letters[rank : rank + len(shape)]
        names = [
            f"{name}_{kind}" for name in ("kernel", "bias") for kind in ("initializer", "regularizer", "constraint")
        ]
        projection = EinsumDense(
            f"{free}{taken},{taken}{made}->{free}{made}",
            (*(None,) * (len(free) - 1), *shape),
            activation,
            bias_axes=made if self.use_bias else None,
            activity_regularizer=self.activity_regularizer,
            **{name: getattr(self, name) for name in names},
        )
        self.add_part(part, projection)

    def add_dropout(self) -> None:
        if self.dropout > 0:
            self.add_part("dropout_layer", Dropout(self.dropout, seed=self.seed))

    def window(self, query: Value, value: Value) -> Value | None:
        """`[1, queries, steps]`: which steps are nearer than `sliding_window`."""
        if self.sliding_window is None:
            return None
        rows, columns = (fn.arange(x.shape[1]) for x in (query, value))
        return fn.expand_dims(fn.abs(fn.expand_dims(rows, -1) - columns) < self.sliding_window, 0)

    def seen(self, query: Value, value: Value, use_causal_mask: bool, **masks: Value | None) -> Value | None:
        """All masks together, `[batch, queries, steps]`: those of the inputs, of time, and the one that was given."""
        found = None
        for name, axis in (("query_mask", -1), ("value_mask", -2), ("key_mask", -2)):
            mask = masks[name]
            found = both(found, None if mask is None else fn.expand_dims(mask, axis))
        found = both(found, causal(query, value) if use_causal_mask else None)
        found = both(found, self.window(query, value))
        given = masks["attention_mask"]
        return both(found, None if given is None else fn.cast(given, "bool"))

    def weights_of(self, context: Context, scores: Value, seen: Value | None, axes: int) -> tuple[Value, Value]:
        """The softmax over the last `axes` axes of what is seen, as it is returned and as it is used."""
        if seen is not None:
            seen = with_heads(seen, scores.rank, axes)
            scores = fn.where(seen, scores, -MASKED)
        weights = fn.softmax(scores, axis=tuple(range(-axes, 0)))
        if seen is not None:
            weights = fn.where(seen, weights, 0.0)
            context.masks[weights] = seen  # as Keras's softmax leaves it
        return weights, self.run_part(context, "dropout_layer", weights) if self.dropout > 0 else weights

    def finish(self, context: Context, query: Value, y: Value) -> Value:
        """The gate and the last projection."""
        if self.use_gate:
            y = y * self.run_part(context, "_gate_dense", query)
        return self.run_part(context, f"{self.prefix}output_dense", y)

    def project(self, context: Context, query: Value, key: Value, value: Value) -> Iterator[Value]:
        """Query, key and value of every head."""
        for part, x in (("query", query), ("key", key), ("value", value)):
            yield self.run_part(context, f"{self.prefix}{part}_dense", x)


@dataclass(eq=False, repr=False)
class MultiHeadAttention(_Heads):
    """Attention of `num_heads` heads, softmax(query @ key / sqrt(key_dim)) @ value, and a projection of all of them
    (Vaswani et al. 2017).

    Called as `layer(query, value)` or `layer(query, value, key)`: `[batch, queries, d]` and `[batch, steps, ...]` to
    `[batch, queries, d]`, or `output_shape` in the place of d. `attention_mask` (true: look there) is
    `[batch, queries, steps]`; `use_causal_mask=True` hides later steps, `sliding_window` those farther away;
    `return_attention_scores=True` gives (result, weights `[batch, heads, queries, steps]`).
    """

    num_heads: int
    key_dim: int
    value_dim: int | None = None
    dropout: float = 0.0
    use_bias: bool = True
    output_shape: Any = None
    attention_axes: Any = None
    sliding_window: int | None = None
    flash_attention: bool | None = None
    kernel_initializer: Any = "glorot_uniform"
    bias_initializer: Any = "zeros"
    kernel_regularizer: Any = None
    bias_regularizer: Any = None
    kernel_constraint: Any = None
    bias_constraint: Any = None
    use_gate: bool = False
    seed: int | None = None

    def check(self) -> None:
        self.value_dim = self.value_dim or self.key_dim
        self.check_sizes("num_heads", "key_dim", "value_dim")
        for name in ("output_shape", "attention_axes"):
            given = getattr(self, name)
            setattr(self, name, (given,) if isinstance(given, int) else given and tuple(given))

    def build(self, *types: Type) -> None:
        if len(types) not in (2, 3):
            raise self.error("query and value, or query, value and key", list(types))
        query, value, key = (*types, types[1])[:3]
        if value.shape[1:-1] != key.shape[1:-1]:
            raise self.error("value and key of one shape but for the last axis", f"{value} and {key}")
        heads, values = (self.num_heads, self.key_dim), (self.num_heads, int(self.value_dim or 0))
        self.add_projection("query_dense", 1, query.rank, heads)
        self.add_projection("key_dense", 1, key.rank, heads)
        if self.use_gate:
            self.add_projection("_gate_dense", 1, query.rank, values, "sigmoid")
        self.add_projection("value_dense", 1, value.rank, values)
        shape = self.output_shape or (known(query.shape[-1]),)
        self.add_projection("output_dense", 2, query.rank + 1, shape)
        self.add_dropout()

    def call(  # pyright: ignore[reportIncompatibleMethodOverride]  # its arguments have Keras's names
        self,
        context: Context,
        query: Value,
        value: Value,
        key: Value | None = None,
        *,
        query_mask: Value | None = None,
        value_mask: Value | None = None,
        key_mask: Value | None = None,
        attention_mask: Value | None = None,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> Value | tuple[Value, ...]:
        key = value if key is None else key
        # As in Keras: a mask that is given for the query does not count, only the query's own; and what reads the
        # inputs after this layer finds them without masks.
        query_mask = context.masks.get(query)
        for x in (query, value, key):
            context.masks.pop(x, None)
        masks = dict(query_mask=query_mask, value_mask=value_mask, key_mask=key_mask, attention_mask=attention_mask)
        seen = self.seen(query, value, use_causal_mask, **masks)
        q, k, v = self.project(context, query, key, value)
        scale = 1 / math.sqrt(self.key_dim)
        if q.rank == 4 and self.dropout == 0 and not return_attention_scores:
            seen = None if seen is None else with_heads(seen, 4, 1)
            return self.finish(context, query, fn.dot_product_attention(q, k, v, mask=seen, scale=scale))
        axes = self.attention_axes or tuple(range(1, v.rank - 2))
        score, combine = equations(v.rank, tuple(axis % (v.rank - 1) for axis in axes))
        weights, used = self.weights_of(context, fn.einsum(score, k, q * scale), seen, len(axes))
        y = self.finish(context, query, fn.einsum(combine, used, v))
        return (y, weights) if return_attention_scores else y


@dataclass(eq=False, repr=False)
class GroupQueryAttention(_Heads):
    """Attention of `num_query_heads` heads, of which each run of equal length shares one of `num_key_value_heads` keys
    and values (Ainslie et al. 2023): `[batch, queries, d]` and `[batch, steps, d]` to `[batch, queries, d]`.

    Called as MultiHeadAttention.
    """

    head_dim: int
    num_query_heads: int
    num_key_value_heads: int
    dropout: float = 0.0
    use_bias: bool = True
    sliding_window: int | None = None
    flash_attention: bool | None = None
    kernel_initializer: Any = "glorot_uniform"
    bias_initializer: Any = "zeros"
    kernel_regularizer: Any = None
    bias_regularizer: Any = None
    kernel_constraint: Any = None
    bias_constraint: Any = None
    use_gate: bool = False
    seed: int | None = None
    prefix: ClassVar[str] = "_"

    @property
    def auto_name(self) -> str:
        return "grouped_query_attention"  # Keras's name of the class itself

    def check(self) -> None:
        self.check_sizes("head_dim", "num_query_heads", "num_key_value_heads")
        if self.num_query_heads % self.num_key_value_heads:
            raise self.error(f"a number of query heads that {self.num_key_value_heads} divides", self.num_query_heads)

    def build(self, *types: Type) -> None:
        if len(types) not in (2, 3) or any(type.rank != 3 for type in types):
            raise self.error("query and value, or query, value and key, all of rank 3", list(types))
        heads, shared = ((number, self.head_dim) for number in (self.num_query_heads, self.num_key_value_heads))
        self.add_projection("_query_dense", 1, 3, heads)
        self.add_projection("_key_dense", 1, 3, shared)
        if self.use_gate:
            self.add_projection("_gate_dense", 1, 3, heads, "sigmoid")
        self.add_projection("_value_dense", 1, 3, shared)
        self.add_projection("_output_dense", 2, 4, (known(types[0].shape[-1]),))
        self.add_dropout()

    def call(  # pyright: ignore[reportIncompatibleMethodOverride]  # its arguments have Keras's names
        self,
        context: Context,
        query: Value,
        value: Value,
        key: Value | None = None,
        *,
        query_mask: Value | None = None,
        value_mask: Value | None = None,
        key_mask: Value | None = None,
        attention_mask: Value | None = None,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> Value | tuple[Value, ...]:
        masks = dict(query_mask=query_mask, value_mask=value_mask, key_mask=key_mask, attention_mask=attention_mask)
        seen = self.seen(query, value, use_causal_mask, **masks)
        q, k, v = self.project(context, query, value if key is None else key, value)
        scale = 1 / math.sqrt(self.head_dim)
        if self.dropout == 0 and not return_attention_scores:
            seen = None if seen is None else with_heads(seen, 4, 1)
            return self.finish(context, query, fn.dot_product_attention(q, k, v, mask=seen, scale=scale))
        k, v = (fn.repeat(x, self.num_query_heads // self.num_key_value_heads, axis=2) for x in (k, v))
        weights, used = self.weights_of(context, fn.einsum("bquh,bkuh->buqk", q * scale, k), seen, 1)
        y = self.finish(context, query, fn.einsum("buqk,bkuh->bquh", used, v))
        return (y, weights) if return_attention_scores else y


def with_heads(mask: Value, rank: int, axes: int) -> Value:
    """A mask whose missing axes, the heads' among them, stand before the `axes` pairs that attend."""
    while mask.rank < rank:
        mask = fn.expand_dims(mask, -2 * axes - 1)
    return mask


def equations(rank: int, axes: tuple[int, ...]) -> tuple[str, str]:
    """(key, query -> scores), (scores, value -> result) for arrays `[..., heads, depth]` that attend along `axes`:
    for rank 4 "aecd,abcd->acbe" and "acbe,aecd->abcd"."""
    query = ascii_lowercase[:rank]
    others = dict(zip(axes, ascii_lowercase[rank:], strict=False))
    key = "".join(others.get(k, letter) for k, letter in enumerate(query))
    batch = "".join(letter for k, letter in enumerate(query[:-1]) if k not in axes)
    scores = batch + "".join(query[k] for k in axes) + "".join(key[k] for k in axes)
    return f"{key},{query}->{scores}", f"{scores},{key}->{query}"

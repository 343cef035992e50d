"""How do weights and masks make one number of many? Keras's reductions of losses and of metrics that are means.

In: numbers `[batch, ...]`, weights of rows `[batch]` or of what is in them `[batch, time]`, a bool mask. Out: scalars.
"""

from __future__ import annotations

from collections.abc import Callable

from fanlight.errors import ShapeError, UnsupportedOp
from fanlight.ir.graph import Value
from fanlight.ops import functions as fn
from fanlight.ops.reductions import count

MEANS = ("sum_over_batch_size", "mean")
REDUCTIONS = (*MEANS, "sum", "mean_with_sample_weight")


def check_reduction(reduction: str | None, at: str) -> None:
    """Raises UnsupportedOp for what gives no number that could be minimised."""
    if reduction not in REDUCTIONS:
        raise UnsupportedOp(f"reduction of {at}", expected=f"one of {', '.join(REDUCTIONS)}", got=repr(reduction))


def fitted(weights: Value, rank: int) -> Value:
    """`weights` in a rank that can be multiplied with values of `rank`: those of rows count for all that is in them."""
    while weights.rank > max(rank, 1) and weights.shape[-1] == 1:
        weights = weights[..., 0]
    if weights.rank > max(rank, 1):
        raise ShapeError("sample_weight", expected=f"at most {max(rank, 1)} axes", got=repr(weights.type))
    for _ in range(rank - weights.rank):
        weights = fn.expand_dims(weights, -1)
    return weights


def masked(weights: Value | None, mask: Value | None, is_mean: bool) -> Value | None:
    """The weights, 0 where the mask is false. For a mean those that are left count as if all were there."""
    if mask is None:
        return weights
    kept = fn.cast(mask, "float32")
    if is_mean:
        kept = kept * fn.divide_no_nan(count(mask), fn.sum(kept))
    if weights is None:
        return kept
    rank = max(weights.rank, kept.rank)
    return fitted(weights, rank) * fitted(kept, rank)


def reduced(values: Value, weights: Value | None, mask: Value | None, reduction: str) -> Value:
    """One number for a batch, as a loss of that reduction gives it."""
    weights = masked(weights, mask, reduction in MEANS)
    if weights is not None:
        weights = fitted(weights, values.rank)
        values = values * weights
    if values.rank == 0:
        return values
    total = fn.sum(values)
    if reduction == "sum":
        return total
    if reduction == "mean_with_sample_weight" and weights is not None:
        return fn.divide_no_nan(total, fn.sum(weights))
    return fn.divide_no_nan(total, count(values))


def of_rows(values: Value, weights: Value | None, reduce: Callable[..., Value] = fn.mean) -> tuple[Value, Value | None]:
    """Weighted values and weights `[batch]`: `reduce` makes one of what is in a row."""
    if weights is not None:
        weights = fitted(weights, min(weights.rank, values.rank))
        values = inner(values, weights.rank, reduce)
        weights = fn.broadcast_to(weights, values.shape)
        values, weights = values * weights, inner(weights, 1, reduce)
    return inner(values, 1, reduce), weights


def inner(values: Value, rank: int, reduce: Callable[..., Value]) -> Value:
    """`values` with at most so many axes."""
    return reduce(values, axis=tuple(range(rank, values.rank))) if values.rank > rank else values


def mean_parts(values: Value, weights: Value | None, mask: Value | None) -> tuple[Value, Value]:
    """(sum, count) that a mean over rows consists of; one number for a batch counts once."""
    values, weights = of_rows(values, masked(weights, mask, is_mean=False))
    if weights is None:
        return fn.sum(values), fn.size_of(values.shape[0] if values.rank else 1, "float32")
    return fn.sum(values), fn.sum(weights)

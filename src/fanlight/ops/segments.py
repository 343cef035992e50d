"""What comes together under one number? Sums and extremes of segments, counts, histograms.

The number of results must be known when a program is compiled: it is an argument, never found in the data.
"""

from __future__ import annotations

from collections.abc import Sequence

from fanlight.errors import ShapeError
from fanlight.ir.dim import DimLike
from fanlight.ir.graph import Value
from fanlight.ir.kernel import identity
from fanlight.ops.indexing import as_index
from fanlight.ops.pointwise import add, cast, divide, equal, maximum, multiply, subtract, where
from fanlight.ops.promote import Operand, as_value
from fanlight.ops.reductions import max, min
from fanlight.ops.scattering import scatter_into
from fanlight.ops.searching import searchsorted
from fanlight.ops.shapes import concatenate, full, iota, reshape

__all__ = [
    "bincount", "histogram", "segment_max", "segment_min", "segment_prod", "segment_sum",
]  # fmt: skip


def segment_sum(
    data: Operand, segment_ids: Operand, num_segments: DimLike | None = None, sorted: bool = False
) -> Value:
    """`out[k]`: the sum of the rows of `data` whose id is k; 0 for none. Ids outside 0 .. num_segments-1 are dropped.

    `sorted` promises ascending ids; it changes nothing here."""
    return _segments("add", data, segment_ids, num_segments)


def segment_prod(
    data: Operand, segment_ids: Operand, num_segments: DimLike | None = None, sorted: bool = False
) -> Value:
    """As `segment_sum`, with products; 1 for none."""
    return _segments("mul", data, segment_ids, num_segments)


def segment_max(
    data: Operand, segment_ids: Operand, num_segments: DimLike | None = None, sorted: bool = False
) -> Value:
    """As `segment_sum`, with the largest elements; the lowest value of the dtype for none."""
    return _segments("max", data, segment_ids, num_segments)


def segment_min(
    data: Operand, segment_ids: Operand, num_segments: DimLike | None = None, sorted: bool = False
) -> Value:
    """As `segment_sum`, with the smallest elements; the highest value of the dtype for none."""
    return _segments("min", data, segment_ids, num_segments)


def _segments(combine: str, data: Operand, segment_ids: Operand, count: DimLike | None) -> Value:
    value, ids = as_value(data), as_index(segment_ids)
    if count is None:
        raise ShapeError(
            f"segment_{'sum' if combine == 'add' else combine}",
            expected="num_segments, since the shape of a result cannot depend on data",
            got="none",
        )
    if ids.rank != 1 or not value.rank or value.shape[0] != ids.shape[0]:
        raise ShapeError("segments", expected="one id for each row of the data", got=f"{value.type} and {ids.type}")
    start = full((count, *value.shape[1:]), identity(combine, value.dtype), value.dtype)
    return scatter_into(start, value, [ids], (0,), 0, combine)


def bincount(x: Operand, weights: Operand | None = None, minlength: DimLike = 0, sparse: bool = False) -> Value:
    """How often each number 0 .. minlength-1 occurs in x, or the sum of the weights there; row by row for rank 2.

    Negative numbers count as 0.

    Differs: the result has `minlength` elements, since its shape cannot depend on data; larger numbers are left out.
    There are no sparse tensors."""
    if sparse:
        raise ShapeError("bincount", expected="sparse=False", got="sparse=True", do="use the dense result")
    index = as_index(x)
    if index.rank not in (1, 2):
        raise ShapeError("bincount", expected="numbers of rank 1 or 2", got=index.type)
    if minlength == 0:
        raise ShapeError(
            "bincount",
            expected="minlength, one more than the largest number: the shape of a result cannot depend on data",
            got=0,
        )
    weight = as_value(1) if weights is None else as_value(weights)
    batch = index.rank - 1
    start = full((*index.shape[:batch], minlength), 0, "int32" if weights is None else weight.dtype)
    return scatter_into(start, weight, [maximum(index, 0)], (batch,), batch, "add")


def histogram(x: Operand, bins: int = 10, range: Sequence[Operand] | None = None) -> tuple[Value, Value]:
    """How many elements lie in each of `bins` equal intervals, and their `bins + 1` edges. float32.

    `range` is the lowest and the highest edge, by default the extremes of x. An interval holds its lower edge, the last
    one both. NaN and what lies outside are left out."""
    value = reshape(cast(x, "float32"), (-1,))
    if isinstance(bins, bool) or not isinstance(bins, int) or bins < 1:
        raise ShapeError("histogram", expected="a number of bins", got=bins)
    low, high = _ends(value, range)
    steps = divide(cast(iota((bins,), 0), "float32"), float(bins))
    inner = add(low, multiply(subtract(high, low), steps))
    edges = concatenate([inner, reshape(high, (1,))])
    place = subtract(searchsorted(edges, value, "right"), 1)
    place = where(equal(value, high), bins - 1, place)
    counts = scatter_into(full((bins,), 0.0), 1.0, [place], (0,), 0, "add")
    return counts, edges


def _ends(value: Value, range: Sequence[Operand] | None) -> tuple[Value, Value]:
    """The lowest and the highest edge; half a unit apart from a single value."""
    if range is not None:
        low, high = (as_value(end, "float32") for end in range)
    elif value.shape == (0,):
        low, high = as_value(0.0), as_value(1.0)
    else:
        low, high = min(value), max(value)
    flat = equal(low, high)
    return where(flat, subtract(low, 0.5), low), where(flat, add(high, 0.5), high)

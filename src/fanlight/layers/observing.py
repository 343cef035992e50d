"""What does `adapt` see in data? Numbers of nested lists or arrays; their moments, and where equal shares end.

In: nested lists, or arrays with `tolist` and `shape`, NumPy's say; of these `mean` and `var` are used. Out: plain
numbers. Knows no layer.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from math import ceil, prod
from typing import Any

from fanlight.errors import ShapeError

Shape = tuple[int, ...]


def batches(data: Any) -> Iterator[Any]:
    """An array or nested lists of numbers as one batch; anything else that holds or gives arrays, one by one."""
    if hasattr(data, "shape") or is_nested(data):
        yield data
    else:
        yield from data


def is_nested(data: Any) -> bool:
    """Whether these are lists of lists of numbers, and not of arrays."""
    while isinstance(data, list | tuple) and data:
        data = data[0]
    return isinstance(data, int | float | str)


def numbers(data: Any, only_shape: bool = False) -> tuple[Shape, list[Any]]:
    """(shape, elements in row-major order) of nested lists, or of an array with `tolist`."""
    if only_shape and hasattr(data, "shape"):
        return tuple(data.shape), []
    flat, shape = [data.tolist() if hasattr(data, "tolist") else data], ()
    while flat and isinstance(flat[0], list | tuple):
        length = len(flat[0])
        if any(not isinstance(each, list | tuple) or len(each) != length for each in flat):
            raise ShapeError("adapt", expected=f"rows of {length} elements", got="rows of several lengths")
        shape, flat = (*shape, length), [element for each in flat for element in each]
    return shape, flat


def moments(data: Any, kept: Sequence[int]) -> tuple[Shape, int, list[float], list[float]]:
    """(lengths of the axes `kept`, how many elements each moment counts, means, variances), the moments row-major."""
    shape, flat = numbers(data, only_shape=hasattr(data, "mean"))
    lengths = tuple(shape[axis] for axis in kept)
    others = tuple(axis for axis in range(len(shape)) if axis not in kept)
    count = prod(shape[axis] for axis in others)
    if hasattr(data, "mean"):
        return lengths, count, numbers(data.mean(axis=others))[1], numbers(data.var(axis=others))[1]
    places = cells(shape, kept)
    sums = [0.0] * prod(lengths)
    for place, value in zip(places, flat, strict=True):
        sums[place] += value
    means = [total / count for total in sums]
    squares = [0.0] * len(means)
    for place, value in zip(places, flat, strict=True):
        squares[place] += (value - means[place]) ** 2
    return lengths, count, means, [total / count for total in squares]


def cells(shape: Shape, kept: Sequence[int]) -> list[int]:
    """For each element the place of its moment."""
    found = [0]
    for axis, length in enumerate(shape):
        factor = length if axis in kept else 1
        found = [place * factor + (k if axis in kept else 0) for place in found for k in range(length)]
    return found


def float32(value: float) -> float:
    """The nearest float32."""
    return struct.unpack("f", struct.pack("f", value))[0]


class Summary:
    """Where numbers lie, up to `epsilon` of their count: (value, weight) pairs, ascending, as Keras keeps them."""

    def __init__(self, epsilon: float):
        self.epsilon = epsilon
        self.pairs: list[tuple[float, float]] = []

    def add(self, values: Iterable[float]) -> None:
        """Takes more numbers in."""
        ordered = sorted(map(float32, values))
        step = max(len(ordered) * self.epsilon, 1.0)
        new = [(value, step) for value in ordered[int(step - 1) :: int(step)]]
        self.pairs = compressed(sorted([*self.pairs, *new]), self.epsilon)

    def boundaries(self, bins: int) -> list[float]:
        """The ends of all but the last of so many bins that weigh the same."""
        return [value for value, _ in compressed(self.pairs, 1 / bins)][:-1]


def compressed(pairs: list[tuple[float, float]], epsilon: float) -> list[tuple[float, float]]:
    """About 1 / epsilon pairs: the values at equal steps of the weight."""
    if len(pairs) * epsilon < 1:
        return pairs
    heaps = list(accumulate(weight for _, weight in pairs))
    parts = [heap / heaps[-1] for heap in heaps]
    wanted = [epsilon + k * epsilon for k in range(ceil(1 / epsilon))]
    values = [float32(interpolated(part, parts, [value for value, _ in pairs])) for part in wanted]
    reached = [interpolated(part, parts, heaps) for part in wanted]
    return [(v, b - a) for v, a, b in zip(values, [0.0, *reached], reached, strict=False)]


def interpolated(x: float, places: Sequence[float], values: Sequence[float]) -> float:
    """The value at x between ascending places; beyond their ends that of the end."""
    k = bisect_right(places, x)
    if k == 0 or k == len(places):
        return values[max(k - 1, 0)]
    part = (x - places[k - 1]) / (places[k] - places[k - 1])
    return values[k - 1] + part * (values[k] - values[k - 1])

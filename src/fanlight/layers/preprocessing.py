"""Which layers bring columns of numbers into the form that a network learns from? Scaled, in bins, one column a class.

`adapt` learns from data what a layer needs, before the network that holds it is compiled. Names, attributes and
meanings are Keras 3's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from fanlight.ir.graph import Value
from fanlight.ir.types import Type
from fanlight.layers.base import Layer
from fanlight.layers.context import Context
from fanlight.layers.initializers import Listed, listed
from fanlight.layers.observing import Summary, batches, moments, numbers
from fanlight.ops import functions as fn

MODES = ("int", "one_hot", "multi_hot", "count")
SMALLEST = 1e-7  # Keras's epsilon: a spread below it counts as it


@dataclass(eq=False, repr=False)
class Normalization(Layer):
    """(x - mean) / sqrt(variance), with one mean and variance for each position along `axis` (None: one for all).

    `invert` undoes that. Where mean and variance are not given they are weights, which `adapt` sets. Gives float32.
    """

    axis: Any = -1
    mean: Any = None
    variance: Any = None
    invert: bool = False
    supports_masking: ClassVar[bool] = True

    def check(self) -> None:
        self.axis = () if self.axis is None else (self.axis,) if isinstance(self.axis, int) else tuple(self.axis)
        self.learnt: tuple[list[float], list[float]] | None = None
        if (self.mean is None) != (self.variance is None):
            raise self.error("both a mean and a variance, or none", (self.mean, self.variance))
        if self.mean is not None:
            shapes = numbers(self.mean)[0], numbers(self.variance)[0]
            if shapes[0] != shapes[1] or len(shapes[0]) > len(self.axis):
                raise self.error(f"a mean and a variance of one shape, of rank {len(self.axis)} at most", shapes)

    def build(self, *types: Type) -> None:
        rank = types[0].rank
        if not all(-rank <= axis < rank for axis in self.axis):
            raise self.error(f"axes of an input of rank {rank}", self.axis, at=types[0])
        if self.mean is None:
            self.set_weights([types[0].shape[axis] for axis in self.kept(rank)])

    def set_weights(self, shape: Any) -> None:
        """Declares the statistics, which begin as they were learnt."""
        mean, variance = map(tuple, self.learnt or ((), ()))
        self.add_weight("mean", shape, Listed(mean) if mean else "zeros", role="statistic")
        self.add_weight("variance", shape, Listed(variance) if variance else "ones", role="statistic")
        self.add_weight("count", (), "zeros", role="statistic", dtype="int32")  # Keras's files hold it, unused

    def kept(self, rank: int) -> list[int]:
        """The axes along which the statistics differ, ascending."""
        return sorted(axis % rank for axis in self.axis)

    def adapt(self, data: Any) -> None:
        """Learns mean and variance (of the population) from an array, or from several that are batches of one set."""
        if self.mean is not None:
            raise self.error("a layer without a mean of its own", self.mean)
        count: int = 0
        shape: tuple[int, ...] = ()
        mean: list[float] = []
        variance: list[float] = []
        for batch in batches(data):
            rank = len(numbers(batch, only_shape=True)[0])
            found_shape, found_count, found_mean, found_variance = moments(batch, self.kept(rank))
            if count and found_shape != shape:
                raise self.error(f"batches with axes {shape}", found_shape)
            shape, count = found_shape, count + found_count
            part = found_count / count
            old = mean or [0.0] * len(found_mean)
            mean = [a * (1 - part) + b * part for a, b in zip(old, found_mean, strict=True)]
            spread = zip(variance or old, old, found_variance, found_mean, mean, strict=True)
            variance = [(v + (a - m) ** 2) * (1 - part) + (w + (b - m) ** 2) * part for v, a, w, b, m in spread]
        if not count:
            raise self.error("some data", "none")
        if "mean" in self.weights and self.weights["mean"].type.shape != shape:
            raise self.error(f"data with axes {self.weights['mean'].type.shape}", shape)
        self.learnt = mean, variance
        if "mean" in self.weights:
            self.set_weights(shape)

    def call(self, context: Context, *values: Value) -> Value:
        x = fn.cast(values[0], "float32")
        kept = self.kept(x.rank)
        parts = []
        for name in ("mean", "variance"):
            given = getattr(self, name)
            shape: list[Any] = [1] * x.rank
            if given is None:
                part = self.weight(context, name)
                for axis, extent in zip(kept, part.shape, strict=True):
                    if x.shape[axis] != extent:
                        raise self.error(f"length {extent} along axis {axis}", x.shape[axis], at=x.type)
            else:
                lengths, flat = numbers(given)
                part = fn.reshape(listed(flat, "float32"), lengths)
            for axis, extent in zip(reversed(kept), reversed(part.shape), strict=False):
                shape[axis] = extent
            parts.append(fn.reshape(part, tuple(shape)))
        mean, spread = parts[0], fn.maximum(fn.sqrt(parts[1]), SMALLEST)
        return mean + x * spread if self.invert else (x - mean) / spread


class Encoding(Layer):
    """What layers that number classes share."""

    def encoded(self, index: Value, mode: str, depth: int, weights: Value | None = None) -> Value:
        """Numbers of classes as `mode` says, float32: one column a class, which a row has (multi_hot), or how often."""
        if mode == "one_hot":
            if index.rank > 1 and index.shape[-1] == 1:
                index = fn.squeeze(index, -1)
            return fn.one_hot(index, depth)
        if index.rank < 2:
            raise self.error(f"an input of rank 2 or more for {mode} (batch first)", f"rank {index.rank}", index.type)
        if mode == "multi_hot":
            return fn.multi_hot(index, depth)
        each = fn.one_hot(index, depth)
        return fn.sum(each if weights is None else each * fn.expand_dims(weights, -1), axis=1)


@dataclass(eq=False, repr=False)
class CategoryEncoding(Encoding):
    """Class numbers `[batch, n]` as columns, float32: "multi_hot" `[batch, num_tokens]` has 1 for each class that
    occurs, "count" how often it does (each time as much as `count_weights`, of the same shape, says), "one_hot"
    `[batch, n, num_tokens]` keeps the places apart (`[batch, num_tokens]` for n = 1). Other numbers are left out."""

    num_tokens: int
    output_mode: str = "multi_hot"

    def check(self) -> None:
        if self.output_mode not in MODES[1:] or not isinstance(self.num_tokens, int) or self.num_tokens < 1:
            raise self.error(f"a positive num_tokens and a mode of {MODES[1:]}", (self.num_tokens, self.output_mode))

    def call(self, context: Context, *values: Value, count_weights: Value | None = None) -> Value:
        if count_weights is not None:
            if self.output_mode != "count":
                raise self.error("count_weights for output_mode 'count' alone", self.output_mode)
            count_weights = fn.cast(count_weights, "float32")
        return self.encoded(fn.cast(values[0], "int32"), self.output_mode, self.num_tokens, count_weights)


@dataclass(eq=False, repr=False)
class Discretization(Encoding):
    """The number of the bin in which each element lies, int32: k where bin_boundaries[k-1] <= x < bin_boundaries[k].

    `adapt` finds `num_bins` bins that hold equally many of the data, up to `epsilon` of them; it comes before the layer
    is used. Other output modes are those of CategoryEncoding.
    """

    bin_boundaries: Any = None
    num_bins: int | None = None
    epsilon: float = 0.01
    output_mode: str = "int"

    def check(self) -> None:
        if self.output_mode not in MODES:
            raise self.error(f"a mode of {MODES}", repr(self.output_mode))
        if self.bin_boundaries is None and (self.num_bins is None or self.num_bins < 1):
            raise self.error("bin_boundaries, or a positive num_bins", self.num_bins)
        if self.bin_boundaries is not None:
            self.bin_boundaries = tuple(float(each) for each in self.bin_boundaries)

    def adapt(self, data: Any) -> None:
        """Learns the boundaries from an array, or from several that are batches of one set."""
        if self.num_bins is None or self.built_for is not None:
            raise self.error("a layer with num_bins, before it is used", "one that has its boundaries")
        summary = Summary(self.epsilon)
        for batch in batches(data):
            summary.add(numbers(batch)[1])
        self.bin_boundaries = tuple(summary.boundaries(self.num_bins))

    def build(self, *types: Type) -> None:
        if self.bin_boundaries is None:
            raise self.error("bin_boundaries", "none", do="call adapt(data) first")
        if self.bin_boundaries:
            self.add_weight("bin_boundaries", (len(self.bin_boundaries),), Listed(self.bin_boundaries), role="data")

    def call(self, context: Context, *values: Value) -> Value:
        (x,) = values
        if self.bin_boundaries:
            index = fn.digitize(fn.cast(x, "float32"), self.weight(context, "bin_boundaries"))
        else:
            index = fn.zeros(x.shape, "int32")
        if self.output_mode == "int":
            return index
        return self.encoded(index, self.output_mode, len(self.bin_boundaries) + 1)

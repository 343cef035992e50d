"""What do layers that change images share? One form of images, and random numbers for each image of a batch.

A layer that varies images says two things: what it draws, under the names that Keras has for it, and what becomes of
the images then. Draws come from the context's random key, so a training step stays a pure function of its state.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from fanlight.ir.dim import DimLike
from fanlight.ir.graph import Value
from fanlight.layers.base import Layer, check_rank
from fanlight.layers.context import Context
from fanlight.ops import functions as fn

FORMATS = ("channels_last", "channels_first")
FILLS = ("reflect", "wrap", "constant", "nearest")
Drawn = Mapping[str, Value]


class ImageLayer(Layer):
    """Images `[batch, height, width, channels]` of any dtype, or channels first as `data_format` says, to float32."""

    data_format: Any

    def check(self) -> None:
        self.data_format = self.data_format or FORMATS[0]
        if self.data_format not in FORMATS:
            raise self.error(f"a data_format of {FORMATS}", repr(self.data_format))

    def call(self, context: Context, *values: Value) -> Value:
        check_rank(self, values[0].type, 4)
        x = fn.cast(values[0], "float32")
        is_first = self.data_format == FORMATS[1]
        y = self.changed(context, fn.transpose(x, (0, 2, 3, 1)) if is_first else x)
        return fn.transpose(y, (0, 3, 1, 2)) if is_first else y

    def changed(self, context: Context, x: Value) -> Value:
        """What becomes of channels-last float32 images."""
        raise NotImplementedError(f"{type(self).__name__} has no changed")


class Draws:
    """Random numbers for each of `count` images; every call gives others."""

    def __init__(self, key: Value, count: DimLike):
        self.count = count
        self._key, self._calls = key, 0

    def key(self) -> Value:
        """A key that no other draw has."""
        self._calls += 1
        return fn.random_fold_in(self._key, self._calls)

    def uniform(self, interval: tuple[float, float] = (0.0, 1.0), shape: tuple[DimLike, ...] = ()) -> Value:
        """Evenly from an interval, `[count, *shape]`."""
        return fn.random_uniform(self.key(), (self.count, *shape), *map(float, interval))

    def chance(self, probability: tuple[float, float]) -> Value:
        """True with a probability that is itself drawn from an interval, `[count]`."""
        return self.uniform() < self.uniform(probability)

    def sign(self, shape: tuple[DimLike, ...] = ()) -> Value:
        """1 or -1, `[count, *shape]`."""
        return fn.where(self.uniform(shape=shape) > 0.5, -1.0, 1.0)


class RandomImageLayer(ImageLayer):
    """In training each image is changed by numbers of its own; otherwise images stay as they are."""

    seed: Any
    # The lowest and highest value of each attribute that is an interval, or one number f for (-f, f) within these.
    intervals: ClassVar[Mapping[str, tuple[float, float]]] = {}
    fills: ClassVar[tuple[str, ...]] = FILLS

    def check(self) -> None:
        super().check()
        for name, bounds in self.intervals.items():
            setattr(self, name, interval(self, name, getattr(self, name), *bounds))
        if hasattr(self, "value_range"):
            self.value_range = value_range(self)
        for name, choices in (("fill_mode", self.fills), ("interpolation", ("nearest", "bilinear"))):
            if getattr(self, name, choices[0]) not in choices:
                raise self.error(f"{name} as one of {choices}", repr(getattr(self, name)))

    def changed(self, context: Context, x: Value) -> Value:
        if not context.training:
            return x
        return self.transform(x, self.draw(x, Draws(context.random_key(self.seed), x.shape[0])))

    def draw(self, x: Value, draws: Draws) -> Drawn:
        """The numbers for these images, by Keras's names."""
        raise NotImplementedError(f"{type(self).__name__} has no draw")

    def transform(self, x: Value, drawn: Drawn) -> Value:
        """The images as these numbers change them."""
        raise NotImplementedError(f"{type(self).__name__} has no transform")


def interval(layer: Layer, name: str, given: Any, low: float, high: float) -> tuple[float, float]:
    """f as (-f, f) cut off at `low`; a pair in ascending order, which must meet low .. high."""
    if isinstance(given, int | float):
        if not low <= given <= high:
            raise layer.error(f"{name} from {low} to {high}", given)
        return max(-abs(given), low), abs(given)
    pair = tuple(sorted(given))
    if len(pair) != 2 or pair[0] > high or pair[1] < low:
        raise layer.error(f"{name} as one number or two, from {low} to {high}", given)
    return pair


def value_range(layer: Any) -> tuple[float, float]:
    """Keras's lowest and highest value of a pixel."""
    pair = tuple(sorted(layer.value_range))
    if len(pair) != 2 or pair[0] == pair[1]:
        raise layer.error("value_range as two numbers", layer.value_range)
    return pair


def ranged(x: Value, source: tuple[float, float], target: tuple[float, float]) -> Value:
    """Pixels of one range of values as those of another."""
    if source == target:
        return x
    return (x - source[0]) / (source[1] - source[0]) * (target[1] - target[0]) + target[0]


def per_image(x: Value) -> Value:
    """One number for each image, `[n]`, where it meets all pixels: `[n, 1, 1, 1]`."""
    return fn.reshape(x, (x.shape[0], 1, 1, 1))

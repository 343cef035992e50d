"""Which layers vary images while a network learns? One resampling for turns, zoom, shear and moves; one for strokes.

Draws come from the context's random key, so a training step stays a pure function of its state.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from fanlight.ir.dim import DimLike
from fanlight.ir.graph import Value
from fanlight.layers.base import Layer, check_rank
from fanlight.layers.context import Context
from fanlight.ops import functions as fn


@dataclass(eq=False, repr=False)
class RandomAffine(Layer):
    """In training, resamples each image `[batch, h, w, c]` once, bilinearly, under its own random affine map.

    Each attribute is a pair (lowest, highest), or f for (-f, f), drawn evenly for every image; units are those of
    Keras's RandomRotation, RandomZoom and RandomTranslation: `rotation` in full turns (counterclockwise where
    positive), `zoom` by which an image gets smaller (0.2: the output shows 1.2 times the height and the width),
    `translation` in parts of the height and of the width (down and right where positive). `shear` is how far a row
    moves to the side, in parts of its distance from the middle. Outside the image there is `fill_value`.
    """

    rotation: Any = 0.0
    zoom: Any = 0.0
    translation: Any = 0.0
    shear: Any = 0.0
    fill_value: float = 0.0
    seed: int | None = None

    def check(self) -> None:
        for name in ("rotation", "zoom", "translation", "shear"):
            setattr(self, name, limits(self, name, getattr(self, name)))
        if self.zoom[0] <= -1:
            raise self.error("zoom above -1", self.zoom)

    def call(self, context: Context, *values: Value) -> Value:
        (x,) = values
        check_rank(self, x.type, 4)
        if not context.training:
            return x
        n, h, w = x.shape[:3]
        key = context.random_key(self.seed)
        draws = fn.random_uniform(key, (n, 5))

        def drawn(k: int, bounds: tuple[float, float]) -> Value:
            """Number k of each image, `[n, 1, 1]`."""
            low, high = bounds
            return fn.reshape(draws[:, k], (n, 1, 1)) * (high - low) + low

        angle, scale = drawn(0, self.rotation) * (2 * math.pi), drawn(1, self.zoom) + 1
        shear = drawn(2, self.shear)
        down, right = (drawn(k, self.translation) for k in (3, 4))
        rows, columns = from_middle(h, (h, 1)), from_middle(w, (1, w))
        # Where an output pixel comes from: first undo the translation, then turn, zoom and shear about the middle.
        rows, columns = rows - down * size(h), columns - right * size(w)
        cos, sin = fn.cos(angle) * scale, fn.sin(angle) * scale
        rows, columns = cos * rows + sin * columns, cos * columns - sin * rows
        columns = columns + shear * rows
        shape = (n, h, w)
        rows, columns = rows + (size(h) - 1) * 0.5, columns + (size(w) - 1) * 0.5
        return fn.sample_bilinear(x, fn.broadcast_to(rows, shape), fn.broadcast_to(columns, shape), self.fill_value)


def limits(layer: Layer, name: str, given: Any) -> tuple[float, float]:
    """f as (-f, f); a pair as it is."""
    low, high = (-abs(given), abs(given)) if isinstance(given, int | float) else tuple(given)
    if low > high:
        raise layer.error(f"{name} as (lowest, highest)", given)
    return float(low), float(high)


def from_middle(extent: DimLike, shape: tuple[DimLike, ...]) -> Value:
    """-1.5, -0.5, 0.5, 1.5: the distance of each pixel's centre from the middle."""
    places = fn.cast(fn.arange(extent), "float32") - (size(extent) - 1) * 0.5
    return fn.reshape(places, (1, *shape))


def size(extent: DimLike) -> Any:
    """A length as a float: a number, or a value where it is open."""
    return float(extent) if isinstance(extent, int) else fn.cast(fn.size_of(extent), "float32")


@dataclass(eq=False, repr=False)
class RandomStroke(Layer):
    """In training, makes the strokes of each image `[batch, h, w, c]` bolder or finer; ink has the higher values.

    `factor` is a pair (lowest, highest), or f for (-f, f), within -1 and 1, drawn evenly for every image: by that
    part each value goes up to the largest one of its 3 by 3 neighbourhood where it is positive, down to the smallest
    where negative.
    """

    factor: Any
    seed: int | None = None

    def check(self) -> None:
        self.factor = limits(self, "factor", self.factor)
        if not -1 <= self.factor[0] <= self.factor[1] <= 1:
            raise self.error("a factor between -1 and 1", self.factor)

    def call(self, context: Context, *values: Value) -> Value:
        (x,) = values
        check_rank(self, x.type, 4)
        if not context.training:
            return x
        low, high = self.factor
        factor = fn.random_uniform(context.random_key(self.seed), (x.shape[0], 1, 1, 1)) * (high - low) + low
        bold, fine = fn.max_pool(x, 3, 1, "same"), -fn.max_pool(-x, 3, 1, "same")
        return x + fn.where(factor > 0, bold - x, x - fine) * factor

"""What does a small handwritten sign mean? `Drawing`: graph code from a pad with ink on it to a few counts of points.

The counts look like those of the UCI handwritten digits, which NIST's preprocessing normalised: NISTIR 5469 (1994).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, ClassVar

from fanlight.errors import ShapeError
from fanlight.ir.graph import Value
from fanlight.ir.types import Shape, Type
from fanlight.layers.meanings import Meaning
from fanlight.ops import functions as fn

# Half the width, in points, of the hat through which the pad is seen; its standard deviation, 2.5 / sqrt(6), is 1.
REACH = 2.5
# Halvings of the interval in which the threshold lies: then it is known to 2^-12 of the largest value.
HALVINGS = 12


@dataclass(frozen=True)
class Drawing(Meaning):
    """A sign drawn with a pen: `[height, width, 1]` counts of ink, each from 0 to `levels`.

    The raw form is the pad, uint8 `[pad, pad, 1]`, 0 without and 255 with ink. `prepare` crops it to its ink (128 and
    more), and brings that to a grid of points, `sqrt(levels)` by `sqrt(levels)` of them for each count: as high as
    the grid, proportions kept, but no wider than `box` of the width; what would be wider is made narrower, up to
    three times, then lower. Of the points the most inked ones count, a part `ink` of all: whatever the pen, strokes
    have the width of the data. Without ink all counts are 0.

    Defaults are what the UCI digits have: 32 by 32 points, of which the sign covers 20 in width and inks 312 on
    average.
    """

    height: int = 8
    width: int = 8
    levels: int = field(default=16, kw_only=True)
    pad: int = field(default=140, kw_only=True)
    box: float = field(default=20 / 32, kw_only=True)
    ink: float = field(default=312 / 1024, kw_only=True)
    kind: ClassVar[str] = "drawing"

    def __post_init__(self) -> None:
        if self.levels != self.cell**2 or min(self.height, self.width, self.cell) < 1:
            raise ShapeError("Drawing", expected="positive sides, and a square number of levels", got=self)
        if self.pad < 2 or not 0 < self.box <= 1 or not 0 < self.ink < 1:
            raise ShapeError("Drawing", expected="a pad of 2 or more, and box and ink between 0 and 1", got=self)

    @property
    def cell(self) -> int:
        """The side of the square of points that one count is of."""
        return math.isqrt(self.levels)

    @property
    def shape(self) -> Shape:
        return self.height, self.width, 1

    @property
    def raw(self) -> Type:
        return Type("uint8", (self.pad, self.pad, 1))

    def prepare(self, value: Value) -> Value:
        """From pads `[batch, pad, pad, 1]`, uint8, to counts `[batch, height, width, 1]`, float32."""
        n = value.shape[0]
        pads = fn.reshape(value, (n, self.pad, self.pad))
        has_ink = pads >= 128
        (top, tall), (left, wide) = (span(fn.any(has_ink, axis=axis)) for axis in (2, 1))
        down, across = self.height * self.cell, self.width * self.cell
        # How many pixels of the pad one point is high and wide.
        step = fn.maximum(tall / down, wide / (3 * self.box * across))
        stride = fn.maximum(wide / (self.box * across), step)
        rows = hats(self.pad, down, top + tall * 0.5, step)
        columns = hats(self.pad, across, left + wide * 0.5, stride)
        seen = fn.matmul(fn.matmul(rows, fn.cast(pads, "float32")), fn.transpose(columns, (0, 2, 1)))
        points = most(seen, round(self.ink * down * across))
        counts = fn.sum(fn.reshape(points, (n, self.height, self.cell, self.width, self.cell)), axis=(2, 4))
        drawn = fn.reshape(fn.any(has_ink, axis=(1, 2)), (n, 1, 1))
        return fn.expand_dims(fn.where(drawn, counts, 0.0), -1)

    def to_manifest(self) -> dict[str, Any]:
        sides = {"height": self.height, "width": self.width, "channels": 1}
        return {"kind": self.kind, **sides, "levels": self.levels, "pad": self.pad}


def span(inked: Value) -> tuple[Value, Value]:
    """Of each row of bools `[n, length]`: the first true place, and the length up to the last one; `[n, 1, 1]`."""
    n, length = inked.shape
    places = fn.cast(fn.arange(length), "float32")
    first = fn.min(fn.where(inked, places, float(length)), axis=1)  # type: ignore[arg-type]
    last = fn.max(fn.where(inked, places, -1.0), axis=1)
    shape = (n, 1, 1)
    return fn.reshape(first, shape), fn.reshape(fn.maximum(last - first + 1, 1.0), shape)


def hats(pixels: int, points: int, middle: Value, step: Value) -> Value:
    """How much each point sees of each pixel of one axis, `[n, points, pixels]`: most at its centre, 1 in all.

    Points are `step` pixels apart. A point that is off the pad sees nothing.
    """
    places = fn.reshape(fn.cast(fn.arange(pixels), "float32") + 0.5, (1, 1, pixels))
    centres = fn.reshape(fn.cast(fn.arange(points), "float32") + (0.5 - points / 2), (1, points, 1)) * step + middle
    weights = fn.maximum(1 - fn.absolute(places - centres) / fn.maximum(REACH * step, 1.0), 0.0)
    return weights / fn.maximum(fn.sum(weights, axis=2, keepdims=True), 1e-3)


def most(seen: Value, count: int) -> Value:
    """1 for the `count` largest elements of each `[n, h, w]` and those equal to the last of them, but not for zeros;
    else 0.

    The threshold is found by halving intervals.
    """
    low = fn.zeros((seen.shape[0], 1, 1))
    high = fn.max(seen, axis=(1, 2), keepdims=True)
    for _ in range(HALVINGS):
        middle = (low + high) * 0.5
        above = fn.sum(fn.cast(seen > middle, "float32"), axis=(1, 2), keepdims=True)
        is_low = above > float(count)
        low, high = fn.where(is_low, middle, low), fn.where(is_low, high, middle)
    return fn.cast(seen > low, "float32")

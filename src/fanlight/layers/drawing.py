"""How does a pen drawing become a small image like those of the digits? As the digits themselves were made, as graph
code.

After the normalisation of NIST's form-based handprint recognition (Garris et al., NISTIR 5469, 1994), with which the
UCI digits were prepared: crop to the ink, scale, even out the stroke width, upright the slant, count ink in blocks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

from fanlight.errors import ShapeError
from fanlight.ir.graph import Value
from fanlight.ir.types import Shape, Type
from fanlight.layers.meanings import Meaning
from fanlight.ops import functions as fn

SIDE = 32  # points of the normalised drawing, each way
WIDTH = 20  # of which the box around the ink fills so many columns
NARROWEST = 0.625  # of its height: a narrower box (a one) is not stretched to the full width
FLATTEST = 0.5  # of its width: nor a flatter one (no digit, but a dash) to the full height
# More points of ink than this and the stroke is thinned once, or twice; fewer, and it is thickened.
THIN_TWICE, THIN, THICKEN, THICKEN_TWICE = 560, 412, 256, 108
EDGE = 2  # rows from the first and the last with ink: between them the slant is measured
SHORTEST = 5  # rows with ink that have no slant to speak of


@dataclass(frozen=True)
class Drawing(Meaning):
    """A sign drawn with a pen: `[height, width, 1]`, float32, each value how many points of a block hold ink.

    The raw form is the pad, uint8 `[pad, pad, 1]`, 0 without and 255 with ink, drawn anywhere on it and in any size.
    `height` and `width` divide 32; for 8 by 8 the values go from 0 to 16. An empty pad gives zeros.
    """

    height: int = 8
    width: int = 8
    pad: int = field(default=112, kw_only=True)
    kind: ClassVar[str] = "drawing"

    def __post_init__(self) -> None:
        if min(self.height, self.width) < 1 or SIDE % self.height or SIDE % self.width:
            raise ShapeError("Drawing", expected=f"sides that divide {SIDE}", got=(self.height, self.width))
        if self.pad < SIDE:
            raise ShapeError("Drawing pad", expected=f"at least {SIDE} pixels", got=self.pad)

    @property
    def shape(self) -> Shape:
        return self.height, self.width, 1

    @property
    def raw(self) -> Type:
        return Type("uint8", (self.pad, self.pad, 1))

    @property
    def levels(self) -> int:
        """The value of a block full of ink."""
        return SIDE // self.height * (SIDE // self.width)

    def to_manifest(self) -> dict[str, Any]:
        sides = {"height": self.height, "width": self.width, "channels": 1}
        return {"kind": self.kind, **sides, "levels": self.levels, "pad": self.pad}

    def prepare(self, value: Value) -> Value:
        """From pads `[batch, pad, pad, 1]`, uint8, to counts `[batch, height, width, 1]`, float32."""
        ink = fn.cast(fn.squeeze(value, 3) > 127, "float32")
        points = upright(even_stroke(boxed(ink, self.pad)))
        blocks = (value.shape[0], self.height, SIDE // self.height, self.width, SIDE // self.width)
        return fn.expand_dims(fn.sum(fn.reshape(points, blocks), axis=(2, 4)), 3)


def boxed(ink: Value, pad: int) -> Value:
    """The box around the ink at 32 rows and 20 columns (nearest points), amid empty columns: [n, 32, 32]."""
    top, bottom = extent(fn.max(ink, axis=2), pad)
    left, right = extent(fn.max(ink, axis=1), pad)
    height = fn.maximum(bottom - top, (right - left) * FLATTEST)
    width = fn.maximum(right - left, height * NARROWEST)
    top = (top + bottom) * 0.5 - height * 0.5
    left = (left + right) * 0.5 - width * 0.5
    rows = fn.expand_dims(top, 1) + middles(SIDE) * fn.expand_dims(height, 1)
    columns = fn.expand_dims(left, 1) + middles(WIDTH) * fn.expand_dims(width, 1)
    places = fn.expand_dims(to_index(rows), 2), fn.expand_dims(to_index(columns), 1)
    points = fn.gather(ink, places, batch=1)
    points = points * fn.expand_dims(within(rows, pad), 2) * fn.expand_dims(within(columns, pad), 1)
    border = (SIDE - WIDTH) // 2
    return fn.pad(points, ((0, 0), (0, 0), (border, border)))


def extent(present: Value, length: int) -> tuple[Value, Value]:
    """Of rows of 0 and 1, `[n, length]`: the index of the first 1, and that after the last; all of it if there is
    none."""
    places = fn.cast(fn.arange(length), "float32")
    first = fn.min(fn.where(present > 0, places, float(length)), axis=1)
    last = fn.max(fn.where(present > 0, places + 1, 0.0), axis=1)
    is_empty = last <= first
    return fn.where(is_empty, 0.0, first), fn.where(is_empty, float(length), last)


def middles(count: int) -> Value:
    """The middles of `count` equal parts of 0 .. 1: `[1, count]`."""
    return fn.expand_dims((fn.cast(fn.arange(count), "float32") + 0.5) * (1 / count), 0)


def within(places: Value, length: int) -> Value:
    """1 for places of 0 .. length, 0 outside."""
    return fn.cast(fn.logical_and(places >= 0, places < length), "float32")


def to_index(places: Value) -> Value:
    return fn.cast(fn.floor(places), "int32")


def even_stroke(points: Value) -> Value:
    """Thins what has much ink and thickens what has little, once or twice: the pen must not matter."""
    count = fn.sum(points, axis=(1, 2), keepdims=True)
    thin, thick = spread(points, fn.minimum), spread(points, fn.maximum)
    found = fn.where(count > THIN, thin, fn.where(count < THICKEN, thick, points))
    found = fn.where(count > THIN_TWICE, spread(thin, fn.minimum), found)
    return fn.where(count < THICKEN_TWICE, spread(thick, fn.maximum), found)


def spread(points: Value, extreme: Callable[..., Value]) -> Value:
    """The least or the most among each point and its four neighbours; outside there is no ink."""
    wide = fn.pad(points, ((0, 0), (1, 1), (1, 1)))
    before, middle, after = slice(0, SIDE), slice(1, SIDE + 1), slice(2, SIDE + 2)
    found = points
    for rows, columns in ((before, middle), (after, middle), (middle, before), (middle, after)):
        found = extreme(found, wide[:, rows, columns])
    return found


def upright(points: Value) -> Value:
    """Shears the drawing so that its left edges near the top and near the bottom stand one above the other."""
    present = fn.max(points, axis=2)
    first, last = extent(present, SIDE)
    high = to_index(fn.minimum(first + EDGE, SIDE - 1.0))
    low = to_index(fn.maximum(last - 1 - EDGE, 0.0))
    (upper, has_upper), (lower, has_lower) = left_edge(points, high), left_edge(points, low)
    is_tall = fn.sum(present, axis=1) > SHORTEST
    is_usable = fn.logical_and(fn.logical_and(has_upper, has_lower), is_tall)
    distance = fn.where(is_usable, fn.cast(low - high, "float32"), 1.0)
    slant = fn.where(is_usable, (upper - lower) / distance, 0.0)
    rows = fn.cast(fn.arange(SIDE), "float32") - SIDE / 2
    moves = to_index(fn.expand_dims(rows, 0) * fn.expand_dims(slant, 1) + 0.5)
    columns = fn.reshape(fn.arange(SIDE), (1, 1, SIDE)) - fn.expand_dims(moves, 2)
    row = fn.broadcast_to(fn.reshape(fn.arange(SIDE), (1, SIDE, 1)), columns.shape)
    return fn.gather(points, (row, columns), batch=1) * within(columns, SIDE)


def left_edge(points: Value, row: Value) -> tuple[Value, Value]:
    """The first column with ink in one row of each drawing (`row` is `[n]`), and whether there is one."""
    line = fn.squeeze(fn.gather(points, (fn.expand_dims(row, 1),), batch=1), 1)
    places = fn.cast(fn.arange(SIDE), "float32")
    return fn.min(fn.where(line > 0, places, float(SIDE)), axis=1), fn.max(line, axis=1) > 0

"""From one drawing of drawings.json to the pad's picture, as a canvas draws it with round caps and joins.

In: strokes of x,y pixels and the pen's width. Out: float32 ink, 0 to 1, smooth at the edges. It knows no digit.
"""

import math
from typing import TypedDict

import numpy as np


class Drawing(TypedDict):
    label: int
    hand: str
    width: int
    size: int
    strokes: list[list[int]]


def rasterize(drawing: Drawing, side: int | None = None) -> np.ndarray:
    """Returns the ink `[side, side]`; `side` divides the pad's size, and each pixel is the mean of those it covers."""
    size, radius = drawing["size"], drawing["width"] / 2
    side = side or size
    if size % side:
        raise ValueError(f"expected a side that divides the pad's {size} pixels, got {side}")
    distance = np.full((size, size), np.inf)  # of each pixel's centre to the pen's path
    for stroke in drawing["strokes"]:
        points = list(zip(stroke[::2], stroke[1::2], strict=True))
        for (xa, ya), (xb, yb) in zip(points, points[1:] or points, strict=False):
            left, right = reach(xa, xb, radius, size)
            top, bottom = reach(ya, yb, radius, size)
            x, y = np.arange(left, right) + 0.5, np.arange(top, bottom)[:, None] + 0.5
            length = math.hypot(xb - xa, yb - ya) ** 2 or 1
            t = np.clip(((x - xa) * (xb - xa) + (y - ya) * (yb - ya)) / length, 0, 1)
            near = np.hypot(x - xa - t * (xb - xa), y - ya - t * (yb - ya))
            part = distance[top:bottom, left:right]
            np.minimum(part, near, out=part)
    ink = np.clip(radius + 0.5 - distance, 0, 1).astype(np.float32)
    return ink.reshape(side, size // side, side, size // side).mean((1, 3))


def reach(a: float, b: float, radius: float, size: int) -> tuple[int, int]:
    """Returns the range of pixels along one axis that the pen may touch on its way from `a` to `b`."""
    return max(0, math.floor(min(a, b) - radius - 1)), min(size, math.ceil(max(a, b) + radius + 1))

"""Which layers spread the pixel values of images over their whole range? Linearly, or so that each is as frequent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from fanlight.ir import dim as dims
from fanlight.ir.graph import Value
from fanlight.layers.context import Context
from fanlight.layers.images import ImageLayer, ranged, value_range
from fanlight.ops import functions as fn

BYTES = (0, 255)


@dataclass(eq=False, repr=False)
class AutoContrast(ImageLayer):
    """Each channel of each image stretched over the whole value range, always; one of equal pixels stays as it is."""

    value_range: Any = BYTES
    data_format: str | None = field(default=None, kw_only=True)

    def check(self) -> None:
        super().check()
        self.value_range = value_range(self)

    def changed(self, context: Context, x: Value) -> Value:
        pixels = ranged(x, self.value_range, BYTES)
        low, high = fn.min(pixels, axis=(1, 2), keepdims=True), fn.max(pixels, axis=(1, 2), keepdims=True)
        scale = 255.0 / fn.where(high > low, high - low, 1.0)
        spread = fn.clip(pixels * scale - low * scale, 0.0, 255.0)
        return fn.where(high > low, ranged(spread, BYTES, self.value_range), x)


@dataclass(eq=False, repr=False)
class Equalization(ImageLayer):
    """In training, each channel with all of `bins` pixel values equally frequent, counted over the whole batch, as in
    Keras."""

    value_range: Any = BYTES
    bins: int = 256
    data_format: str | None = None

    def check(self) -> None:
        super().check()
        self.value_range = value_range(self)
        if not isinstance(self.bins, int) or self.bins < 1:
            raise self.error("a positive number of bins", self.bins)

    def changed(self, context: Context, x: Value) -> Value:
        if not context.training:
            return x
        pixels = ranged(x, self.value_range, BYTES)
        n, h, w, channels = x.shape
        top = self.bins - 1
        place = fn.clip(fn.cast(pixels * top / 255, "int32"), 0, top)
        rows = fn.reshape(fn.transpose(place, (3, 0, 1, 2)), (channels, dims.product((n, h, w))))
        counts = fn.bincount(rows, minlength=self.bins)
        reached = fn.cumsum(counts, axis=1)
        first = fn.min(fn.where(reached > 0, reached, 2**31 - 1), axis=1, keepdims=True)
        rest = reached[:, -1:] - first
        table = (reached - first) * 255 / fn.where(rest == 0, 1, rest)
        table = fn.clip(fn.round(table), 0.0, 255.0)
        index = fn.cast(fn.clip(pixels / 255 * top, 0, top), "int32")
        found = fn.gather(table, [fn.broadcast_to(fn.arange(channels), index.shape), index])
        is_plain = fn.sum(fn.cast(counts > 0, "int32"), axis=1) <= 1
        return ranged(fn.where(is_plain, pixels, found), BYTES, self.value_range)

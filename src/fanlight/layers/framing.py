"""Which layers make images larger or smaller at fixed factors and widths? UpSampling, ZeroPadding, Cropping.

In one to three dimensions, channels-last. Names, defaults and meanings are Keras 3's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from fanlight.ir.dim import DimLike
from fanlight.ir.graph import Value
from fanlight.layers.base import Layer, check_channels_last, check_rank, per_axis
from fanlight.layers.context import Context
from fanlight.ops import functions as fn
from fanlight.ops import image

INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5")

Widths = tuple[tuple[int, int], ...]


class _Framing(Layer):
    """What these layers share: a number of dimensions, and a data format where Keras's layer has one."""

    rank: ClassVar[int]

    def check(self) -> None:
        if hasattr(self, "data_format"):
            self.data_format = check_channels_last(self, self.data_format)

    def repeated(self, x: Value, factors: tuple[int, ...]) -> Value:
        """Each position as often as the factors say."""
        check_rank(self, x.type, self.rank + 2)
        for axis, factor in enumerate(factors, 1):
            x = fn.repeat(x, factor, axis=axis)
        return x

    def widths(self, attribute: str) -> Any:
        """An attribute as pairs of widths, before and after each axis; in one dimension as one pair.

        It may be one number for all, or a number or a pair for each axis.
        """
        given = getattr(self, attribute)
        axes = (given,) * self.rank if isinstance(given, int) else (given,) if self.rank == 1 else tuple(given)
        pairs = tuple((each, each) if isinstance(each, int) else tuple(each) for each in axes)
        whole = all(isinstance(width, int) and width >= 0 for pair in pairs for width in pair)
        if len(pairs) != self.rank or any(len(pair) != 2 for pair in pairs) or not whole:
            expected = f"{attribute} to be a whole number, or a number or two for each of {self.rank} axes"
            raise self.error(expected, repr(given))
        return pairs[0] if self.rank == 1 else pairs

    def pairs(self, x: Value, widths: Any) -> Widths:
        """Pairs for each axis of x."""
        check_rank(self, x.type, self.rank + 2)
        return ((0, 0), *((widths,) if self.rank == 1 else widths), (0, 0))


@dataclass(eq=False, repr=False)
class UpSampling1D(_Framing):
    """Each step `size` times in a row: `[batch, t, c]` to `[batch, t * size, c]`."""

    size: int = 2
    rank: ClassVar[int] = 1

    def check(self) -> None:
        super().check()
        (self.size,) = per_axis(self, "size", 1)

    def call(self, context: Context, *values: Value) -> Value:
        return self.repeated(values[0], (self.size,))


@dataclass(eq=False, repr=False)
class UpSampling2D(_Framing):
    """`[batch, h, w, c]` to `[batch, h * size[0], w * size[1], c]`: pixels repeated ("nearest"), or interpolated
    ("bilinear", "bicubic", "lanczos3", "lanczos5")."""

    size: Any = 2
    data_format: str | None = None
    interpolation: str = "nearest"
    rank: ClassVar[int] = 2

    def check(self) -> None:
        super().check()
        self.size = per_axis(self, "size", 2)
        self.interpolation = self.interpolation.lower()
        if self.interpolation not in INTERPOLATIONS:
            raise self.error(f"interpolation among {', '.join(INTERPOLATIONS)}", repr(self.interpolation))

    def call(self, context: Context, *values: Value) -> Value:
        (x,) = values
        if self.interpolation == "nearest":
            return self.repeated(x, self.size)
        check_rank(self, x.type, 4)
        height, width = x.shape[1:3]
        if not isinstance(height, int) or not isinstance(width, int):
            raise self.error("images of a known size, to interpolate", x.type)
        return image.resize(x, (height * self.size[0], width * self.size[1]), self.interpolation)


@dataclass(eq=False, repr=False)
class UpSampling3D(_Framing):
    """Each position repeated along each axis: `[batch, d, h, w, c]` to
    `[batch, d * size[0], h * size[1], w * size[2], c]`."""

    size: Any = 2
    data_format: str | None = None
    rank: ClassVar[int] = 3

    def check(self) -> None:
        super().check()
        self.size = per_axis(self, "size", 3)

    def call(self, context: Context, *values: Value) -> Value:
        return self.repeated(values[0], self.size)


@dataclass(eq=False, repr=False)
class _ZeroPadding(_Framing):
    padding: Any = 1
    data_format: str | None = None

    def check(self) -> None:
        super().check()
        self.padding = self.widths("padding")

    def call(self, context: Context, *values: Value) -> Value:
        return fn.pad(values[0], self.pairs(values[0], self.padding))


class ZeroPadding1D(_ZeroPadding):
    """Zeros before and after the steps: `[batch, t, c]` to `[batch, left + t + right, c]`.

    `padding` is one width or `(left, right)`.
    """

    rank = 1


class ZeroPadding2D(_ZeroPadding):
    """Zeros around images: `[batch, h, w, c]` to `[batch, top + h + bottom, left + w + right, c]`.

    `padding` is one width, `(rows, columns)` or `((top, bottom), (left, right))`.
    """

    rank = 2


class ZeroPadding3D(_ZeroPadding):
    """Zeros around `[batch, d, h, w, c]`. `padding` is one width, one for each axis, or a pair for each axis."""

    rank = 3


class _Cropping(_Framing):
    cropping: Any

    def check(self) -> None:
        super().check()
        self.cropping = self.widths("cropping")

    def call(self, context: Context, *values: Value) -> Value:
        (x,) = values
        start, extents = [], []
        for n, (before, after) in zip(x.shape, self.pairs(x, self.cropping), strict=True):
            if isinstance(n, int) and before + after >= n:
                raise self.error(f"more than {before + after} elements to crop from", n, at=x.type)
            start.append(before)
            extents.append(n - before - after if before or after else n)
        return fn.slice(x, tuple(start), tuple[DimLike, ...](extents))


@dataclass(eq=False, repr=False)
class Cropping1D(_Cropping):
    """Steps cut off: `[batch, t, c]` to `[batch, t - left - right, c]`. `cropping` is one width or `(left, right)`."""

    cropping: Any = 1
    rank: ClassVar[int] = 1


@dataclass(eq=False, repr=False)
class Cropping2D(_Cropping):
    """Borders cut off: `[batch, h, w, c]` to `[batch, h - top - bottom, w - left - right, c]`.

    `cropping` is one width, `(rows, columns)` or `((top, bottom), (left, right))`.
    """

    cropping: Any = 0
    data_format: str | None = None
    rank: ClassVar[int] = 2


@dataclass(eq=False, repr=False)
class Cropping3D(_Cropping):
    """Borders of `[batch, d, h, w, c]` cut off. `cropping` is one width, one for each axis, or a pair for each axis."""

    cropping: Any = 1
    data_format: str | None = None
    rank: ClassVar[int] = 3

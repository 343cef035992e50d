"""Where do TensorFlow's windows lie? Strides, pads and layouts of convolutions and poolings, from their attributes.

An image is channels-last while it is worked on; `last` and `back` are the ways there and back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

from fanlight.ir import dim as dims
from fanlight.ir.dim import Dim, DimLike
from fanlight.ir.graph import Value
from fanlight.ir.types import Shape
from fanlight.ops import functions as fn
from fanlight.ops.conv import Windows
from fanlight.ops.convolution import padding_widths

LAST = ("NHWC", "NDHWC", "NWC", "CHANNELS_LAST")
FIRST = ("NCHW", "NCDHW", "NCW", "CHANNELS_FIRST")
MOST_TAPS = 4096  # of windows that are written out
Pairs = Sequence[tuple[DimLike, DimLike]]


@dataclass(frozen=True)
class Frame:
    """The windows of a node over images of `extents`: its strides and dilations, and a pair of pads for each axis."""

    taps: tuple[int, ...]
    windows: Windows
    pads: Pairs

    @property
    def strides(self) -> tuple[int, ...]:
        return self.windows.strides

    def counts(self, extents: Shape) -> list[DimLike]:
        """How many windows there are along each axis."""
        reach = self.windows.reach(self.taps)
        return [
            dims.floor_divide(n + before + after - span, s) + 1
            for n, (before, after), span, s in zip(extents, self.pads, reach, self.strides, strict=True)
        ]


def is_first(use: Any) -> bool:
    """Whether channels come before positions."""
    layout = use["data_format"] or "NHWC"
    if layout not in LAST + FIRST:
        raise use.refuse(f"data_format {', '.join(LAST + FIRST)}", repr(layout))
    return layout in FIRST


def last(use: Any, x: Value) -> Value:
    return fn.transpose(x, (0, *range(2, x.rank), 1)) if is_first(use) else x


def back(use: Any, x: Value) -> Value:
    return fn.transpose(x, (0, x.rank - 1, *range(1, x.rank - 1))) if is_first(use) else x


def inner(use: Any, numbers: Any, count: int, what: str) -> tuple[Any, ...]:
    """Of numbers for all axes those for positions; the others must be 1."""
    if isinstance(numbers, int):
        numbers = [numbers] * count
    numbers = tuple(numbers)
    if len(numbers) == count + 2:
        outer = (numbers[0], numbers[1] if is_first(use) else numbers[-1])
        if outer != (1, 1):
            raise use.refuse(f"{what} of 1 along rows and channels", list(numbers))
        numbers = numbers[2:] if is_first(use) else numbers[1:-1]
    if len(numbers) != count or any(not isinstance(n, int) or n < 1 for n in numbers):
        raise use.error(f"{what} of {count} positive numbers", list(numbers))
    return numbers


def frame_of(use: Any, extents: Shape, taps: Any, strides: Any, dilations: Any = 1) -> Frame:
    """The windows of a node over images of these lengths."""
    count = len(extents)
    if any(isinstance(each, Dim) for each in taps):
        raise use.refuse("windows of known size", taps)
    windows = Windows(inner(use, strides, count, "strides"), inner(use, dilations, count, "dilations"))
    kind = str(use["padding"]).upper()
    if kind == "EXPLICIT":
        given = list(use["explicit_paddings"] or ())
        pairs = list(zip(given[::2], given[1::2], strict=True))
        if len(pairs) != count + 2 or any(n < 0 for n in given):
            raise use.error(f"explicit_paddings of {2 * count + 4} numbers from 0 up", given)
        outer = (pairs.pop(0), pairs.pop(0) if is_first(use) else pairs.pop())
        if outer != ((0, 0), (0, 0)):
            raise use.refuse("explicit_paddings of 0 along rows and channels", given)
        return Frame(tuple(taps), windows, pairs)
    if kind not in ("SAME", "VALID"):
        raise use.error("padding SAME, VALID or EXPLICIT", repr(use["padding"]))
    return Frame(tuple(taps), windows, padding_widths(kind.lower(), extents, tuple(taps), windows))


def shifted(x: Value, frame: Frame) -> list[Value]:
    """For each tap of a window what it sees: strided slices of images that have their pads."""
    if prod(frame.taps) > MOST_TAPS:
        raise NotImplementedError(f"windows of more than {MOST_TAPS} elements: {frame.taps}")
    bare = Frame(frame.taps, frame.windows, [(0, 0)] * len(frame.taps))
    counts = bare.counts(x.shape[1:-1])
    return [
        fn.slice(
            x,
            (0, *(k * d for k, d in zip(tap, frame.windows.dilation, strict=True)), 0),
            (x.shape[0], *counts, x.shape[-1]),
            (1, *frame.strides, 1),
        )
        for tap in product(*map(range, frame.taps))
    ]

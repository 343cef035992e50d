"""Where do ONNX's windows lie? Pads and lengths of convolutions and poolings, from attributes of all versions."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

from fanlight.ir import dim as dims
from fanlight.ir.dim import Dim, DimLike

Pairs = tuple[tuple[DimLike, DimLike], ...]
MOST_TAPS = 1 << 24


@dataclass(frozen=True)
class Windows:
    """One number, or one pair of pads, for each axis of an image."""

    taps: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    pads: Pairs

    @property
    def reaches(self) -> tuple[int, ...]:
        """How many elements a window spans."""
        return tuple((n - 1) * d + 1 for n, d in zip(self.taps, self.dilations, strict=True))

    @property
    def is_padded(self) -> bool:
        return any(each != 0 for pair in self.pads for each in pair)


def windows_of(use: Any, extents: tuple[DimLike, ...], taps: Any, has_pads: bool = True) -> Windows:
    """The windows of a node over an image of these lengths; without pads where these have another meaning."""
    count = len(extents)
    given = use["kernel_shape"] or taps
    if given is None or any(isinstance(each, Dim) for each in given):
        raise use.refuse("a kernel of known size", given)
    taps = tuple(int(each) for each in given)
    strides, dilations = (tuple(use[name] or (1,) * count) for name in ("strides", "dilations"))
    for name, each, length in (
        ("kernel_shape", taps, count),
        ("strides", strides, count),
        ("dilations", dilations, count),
    ):
        if len(each) != length or any(n < 1 for n in each):
            raise use.error(f"{name} of {length} positive numbers", each)
    if prod(taps) > MOST_TAPS:
        raise use.refuse(f"a kernel of at most {MOST_TAPS} taps", taps)
    reaches = Windows(taps, strides, dilations, ()).reaches
    auto = (use["auto_pad"] or "NOTSET") if has_pads else "VALID"
    if auto in ("SAME_UPPER", "SAME_LOWER"):
        pads = tuple(
            same(n, reach, s, auto == "SAME_UPPER") for n, reach, s in zip(extents, reaches, strides, strict=True)
        )
        return Windows(taps, strides, dilations, pads)
    if auto not in ("NOTSET", "VALID"):
        raise use.error("auto_pad NOTSET, VALID, SAME_UPPER or SAME_LOWER", repr(auto))
    said = list(use["pads"] or [0] * 2 * count) if auto == "NOTSET" else [0] * 2 * count
    if len(said) != 2 * count or any(each < 0 for each in said):
        raise use.error(f"{2 * count} pads from 0 up", said)
    pairs: Pairs = tuple(zip(said[:count], said[count:], strict=True))
    return Windows(taps, strides, dilations, pairs)


def same(extent: DimLike, reach: int, stride: int, upper: bool) -> tuple[DimLike, DimLike]:
    """Pads with which there are as many windows as strides begin; the odd one at the end, or at the start."""
    count = dims.ceil_divide(extent, stride)
    span = dims.add(dims.multiply(dims.add(count, -1), stride), reach)
    total = dims.maximum(dims.add(span, dims.multiply(extent, -1)), 0)
    small = dims.floor_divide(total, 2)
    large = dims.add(total, dims.multiply(small, -1))
    return (small, large) if upper else (large, small)


def ceiled(windows: Windows, extents: tuple[DimLike, ...]) -> tuple[DimLike, ...]:
    """What more is to be put at the end of each axis, so that a last window may begin within the image and the pads
    before it; less than nothing where one would begin behind."""
    found = []
    for extent, reach, stride, (before, after) in zip(
        extents, windows.reaches, windows.strides, windows.pads, strict=True
    ):
        length = dims.add(dims.add(extent, dims.add(before, after)), -reach)
        steps = dims.ceil_divide(length, stride)
        # A window that would begin behind the image and its pads in front does not exist.
        last = dims.floor_divide(dims.add(dims.add(extent, before), -1), stride)
        steps = dims.minimum(steps, last)
        more = dims.add(dims.multiply(steps, stride), dims.multiply(length, -1))
        found.append(dims.maximum(more, dims.multiply(after, -1)))
    return tuple(found)

"""What do ONNX's Resize and Upsample mean? One axis after the other: neighbours are read where they lie.

Where an element of the new axis lies in the old one is a fraction of whole numbers, so that no rounding decides which
neighbours are read; its terms may be open lengths.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from fanlight.importers.graphs.table import rule
from fanlight.ir import dim as dims
from fanlight.ir.dim import Dim, DimLike
from fanlight.ir.graph import Value
from fanlight.ir.types import is_float
from fanlight.ops import functions as fn

NARROW = 1 << 30  # numerators above it are int64
LETTERS = "abcdefghijklmnop"


@dataclass(frozen=True)
class Line:
    """One axis: its old and new length, the scale `up / down`, and the part of it that is taken (`low` to `high`).

    `span / pace` is the length that scaling alone gives, less 1."""

    axis: int
    old: DimLike
    new: DimLike
    up: DimLike
    down: DimLike
    span: DimLike
    pace: DimLike
    low: Fraction = Fraction(0)
    high: Fraction = Fraction(1)

    @property
    def is_same(self) -> bool:
        return self.old == self.new and self.up == self.down and (self.low, self.high) == (0, 1)


@dataclass(frozen=True)
class Places:
    """Element i of a new axis lies at `(slope * i + start) / unit` in the old one."""

    slope: DimLike
    start: DimLike
    unit: DimLike
    count: DimLike

    def numerators(self) -> Value:
        top = max(map(abs, dims.bounds(self.slope * self.count))) + max(map(abs, dims.bounds(self.start)))
        dtype = "int32" if 4 * (top + dims.upper(self.unit)) < NARROW else "int64"
        steps = fn.iota((self.count,), 0, dtype)
        return fn.add(fn.multiply(steps, fn.size_of(self.slope, dtype)), fn.size_of(self.start, dtype))


@rule("Resize", settings=(1, 2, 3))
def resize(use: Any, x: Value, *operands: Value | None) -> Value:
    if use.opset < 11:
        return resized(use, x, lines_by_scales(use, x, operands[0]), "asymmetric", "simple")
    roi, scales, sizes = (*operands, None, None, None)[:3]
    if sizes is not None and sizes.shape != (0,):
        lines = lines_by_sizes(use, x, sizes)
    elif scales is not None and scales.shape != (0,):
        lines = lines_by_scales(use, x, scales)
    else:
        raise use.error("sizes or scales", "neither")
    mode = use["coordinate_transformation_mode"]
    if mode == "tf_crop_and_resize":
        lines = cropped(use, lines, roi)
    return resized(use, x, lines, mode, use["nearest_mode"])


@rule("Upsample", settings=(1,))
def upsample(use: Any, x: Value, scales: Value | None = None) -> Value:
    given = use["scales"]
    if scales is None and given is None:
        given = [1.0, 1.0, use["height_scale"], use["width_scale"]]
    found = use.array(scales, "scales").tolist() if scales is not None else given
    return resized(use, x, scaled(use, x, list(range(x.rank)), found), "asymmetric", "floor")


# Lengths


def axes_of(use: Any, x: Value) -> list[int]:
    given = list(range(x.rank)) if use["axes"] is None else use["axes"]
    if any(not -x.rank <= axis < x.rank for axis in given) or len({axis % x.rank for axis in given}) != len(given):
        raise use.error(f"axes from 0 to {x.rank - 1}", given)
    return [axis % x.rank for axis in given]


def lines_by_scales(use: Any, x: Value, scales: Value | None) -> list[Line]:
    if scales is None:
        raise use.error("scales", "none")
    return scaled(use, x, axes_of(use, x), use.array(scales, "scales").tolist())


def scaled(use: Any, x: Value, axes: list[int], scales: list[Any]) -> list[Line]:
    if len(scales) != len(axes):
        raise use.error(f"{len(axes)} scales", scales)
    lines = []
    for axis, scale in zip(axes, scales, strict=True):
        if not isinstance(scale, Dim) and not 0 < scale < math.inf:
            raise use.error("scales above 0", scales)
        lines.append(line_of(axis, x.shape[axis], *ratio_of(scale)))
    return lines


def line_of(axis: int, old: DimLike, up: DimLike, down: DimLike, new: DimLike | None = None) -> Line:
    new = dims.floor_divide(old * up, down) if new is None else new
    return Line(axis, old, new, up, down, old * up - down, down)


def ratio_of(scale: Any) -> tuple[DimLike, DimLike]:
    """A scale as the fraction that was meant: 0.6 in float32 is not 3/5."""
    if isinstance(scale, Dim):
        return scale, 1
    near = meant(scale)
    return near.numerator, near.denominator


def meant(number: float) -> Fraction:
    exact = Fraction(float(number))
    near = exact.limit_denominator(1024)
    return near if abs(near - exact) <= abs(exact) / 2**23 else exact


def lines_by_sizes(use: Any, x: Value, sizes: Value) -> list[Line]:
    axes, wanted = axes_of(use, x), use.dims(sizes, "sizes")
    if len(wanted) != len(axes) or any(dims.bounds(each)[0] < 0 for each in wanted):
        raise use.error(f"{len(axes)} sizes from 0 up", wanted)
    policy = use["keep_aspect_ratio_policy"] or "stretch"
    if policy == "stretch":
        return [
            Line(axis, x.shape[axis], new, new, x.shape[axis], new - 1, 1) if new != x.shape[axis]
            else Line(axis, new, new, 1, 1, new - 1, 1)
            for axis, new in zip(axes, wanted, strict=True)
        ]  # fmt: skip
    if policy not in ("not_larger", "not_smaller"):
        raise use.error("keep_aspect_ratio_policy stretch, not_larger or not_smaller", repr(policy))
    olds = [x.shape[axis] for axis in axes]
    if any(isinstance(each, Dim) or each == 0 for each in (*wanted, *olds)):
        raise use.refuse("known lengths where the aspect ratio is kept", (olds, wanted))
    ratios = [Fraction(dims.known(new), dims.known(old)) for new, old in zip(wanted, olds, strict=True)]
    scale = min(ratios) if policy == "not_larger" else max(ratios)
    up, down = scale.numerator, scale.denominator
    return [line_of(axis, old, up, down, math.floor(scale * dims.known(old) + Fraction(1, 2)))
            for axis, old in zip(axes, olds, strict=True)]  # fmt: skip


def cropped(use: Any, lines: list[Line], roi: Value | None) -> list[Line]:
    """The axes with the part that a region of interest says."""
    if roi is None:
        raise use.error("a region of interest for tf_crop_and_resize", "none")
    ends = [meant(each) for each in use.array(roi, "a region of interest").tolist()]
    if len(ends) != 2 * len(lines):
        raise use.error(f"{2 * len(lines)} ends", len(ends))
    return [replace(line, low=ends[k], high=ends[k + len(lines)]) for k, line in enumerate(lines)]


# Places


def places_of(use: Any, line: Line, mode: str) -> Places:
    """Where the elements of a new axis lie, by `coordinate_transformation_mode`."""
    old, new, up, down = line.old, line.new, line.up, line.down
    if mode == "asymmetric":
        return Places(down, 0, up, new)
    if mode == "half_pixel":
        return Places(2 * down, down - up, 2 * up, new)
    if mode == "pytorch_half_pixel":  # a single element lies at 0
        return Places(2 * down, (down - up) * dims.minimum(dims.maximum(new - 1, 0), 1), 2 * up, new)
    if mode == "half_pixel_symmetric":
        return Places(2 * down, old * up - new * down + down - up, 2 * up, new)
    if mode == "tf_half_pixel_for_nn":
        return Places(2 * down, down, 2 * up, new)
    if mode == "align_corners":
        return Places((old - 1) * line.pace, 0, dims.maximum(line.span, 1), new)
    if mode != "tf_crop_and_resize":
        raise use.error("a coordinate_transformation_mode of the standard", repr(mode))
    unit = math.lcm(line.low.denominator, line.high.denominator)
    low, high = int(line.low * unit), int(line.high * unit)
    if line.span == 0:
        return Places(0, (old - 1) * (low + high), 2 * unit, new)
    if dims.bounds(line.span)[0] < 1:
        raise use.refuse("an axis that is known to have more than one element", line.new)
    return Places((old - 1) * (high - low) * line.pace, (old - 1) * low * line.span, unit * line.span, new)


def reduced(places: Places) -> Places:
    """The same fraction in smaller numbers."""
    terms = (places.slope, places.start, places.unit)
    if any(isinstance(each, Dim) for each in terms):
        return places
    common = math.gcd(*map(dims.known, terms))
    slope, start, unit = (dims.floor_divide(each, common) for each in terms)
    return Places(slope, start, unit, places.count)


# Values


def resized(use: Any, x: Value, lines: list[Line], mode: str, nearest: str) -> Value:
    """x with these axes resized."""
    kind = use["mode"]
    if kind not in ("nearest", "linear", "bilinear", "cubic"):
        raise use.error("mode nearest, linear or cubic", repr(kind))
    lines = [line for line in lines if not line.is_same]
    if any(line.old == 0 and line.new != 0 for line in lines):
        raise use.error("axes with elements", x.type)
    y = x if kind == "nearest" or is_float(x.dtype) else fn.cast(x, "float32")
    for line in lines:
        places = reduced(places_of(use, line, mode))
        moved = moved_along(use, y, line, places, kind, nearest)
        if mode == "tf_crop_and_resize":
            moved = extrapolated(use, moved, line, places)
        y = moved
    return y if y.dtype == x.dtype else rounded(y, x.dtype)


def rounded(y: Value, dtype: str) -> Value:
    """To the nearest whole number that the dtype has; a cast stops at its ends."""
    return fn.cast(fn.round(y), dtype)


def extrapolated(use: Any, y: Value, line: Line, places: Places) -> Value:
    """With `extrapolation_value` for what lies outside the old axis."""
    at = places.numerators()
    last = fn.size_of((line.old - 1) * places.unit, at.dtype)
    is_outside = beside(fn.logical_or(fn.less(at, 0), fn.greater(at, last)), y, line.axis)
    return fn.cast(fn.where(is_outside, use["extrapolation_value"] or 0.0, y), y.dtype)


def beside(row: Value, x: Value, axis: int) -> Value:
    """One number for each position along an axis."""
    return fn.reshape(row, tuple(row.shape[0] if k == axis else 1 for k in range(x.rank)))


def moved_along(use: Any, x: Value, line: Line, places: Places, kind: str, nearest: str) -> Value:
    if kind == "nearest":
        return taken(x, line, nearest_to(use, places, nearest, line))
    if use["antialias"]:
        if any(isinstance(each, Dim) for each in (line.old, line.new, line.up, line.down)):
            raise use.refuse("known lengths with antialias", x.type)
        if dims.known(line.up) < dims.known(line.down):
            return averaged(use, x, line, places, kind)
    at = places.numerators()
    unit = fn.size_of(places.unit, at.dtype)
    whole = fn.floor_divide(at, unit)
    part = fn.divide(fn.cast(fn.subtract(at, fn.multiply(whole, unit)), "float32"), fn.cast(unit, "float32"))
    if kind != "cubic":
        before, after = taken(x, line, whole), taken(x, line, fn.add(whole, 1))
        return fn.add(before, fn.multiply(beside(part, x, line.axis), fn.subtract(after, before)))
    return between_four(use, x, line, whole, part)


def taken(x: Value, line: Line, positions: Value) -> Value:
    """The elements at these positions, the first and the last one going on beyond the ends."""
    last = fn.size_of(line.old - 1, positions.dtype)
    return fn.gather(x, [fn.maximum(fn.minimum(positions, last), 0)], (line.axis,))


def nearest_to(use: Any, places: Places, how: str, line: Line) -> Value:
    at, unit = places.numerators(), places.unit
    if how == "simple":  # of version 10: what is lost is never the end
        shrinks = dims.bounds(line.down - line.up)[0] > 0
        how = "ceil" if shrinks else "floor"
    size = fn.size_of(unit, at.dtype)
    if how == "floor":
        return fn.floor_divide(at, size)
    if how == "ceil":
        return fn.floor_divide(fn.add(at, fn.size_of(unit - 1, at.dtype)), size)
    if how not in ("round_prefer_floor", "round_prefer_ceil"):
        raise use.error("nearest_mode round_prefer_floor, round_prefer_ceil, floor or ceil", repr(how))
    more = unit - 1 if how == "round_prefer_floor" else unit  # halves go down, or up
    twice = fn.add(fn.multiply(at, 2), fn.size_of(more, at.dtype))
    return fn.floor_divide(twice, fn.size_of(2 * unit, at.dtype))


def tent(distance: Value, a: float) -> Value:
    return fn.maximum(fn.subtract(1.0, distance), 0.0)


def keys(distance: Value, a: float) -> Value:
    """Cubic convolution (Keys, 1981), of distances from 0 up."""
    d = distance
    near = ((a + 2) * d - (a + 3)) * d * d + 1.0
    far = ((a * d - 5 * a) * d + 8 * a) * d - 4 * a
    return fn.where(fn.less_equal(d, 1.0), near, fn.where(fn.less(d, 2.0), far, 0.0))


def between_four(use: Any, x: Value, line: Line, whole: Value, part: Value) -> Value:
    """Weighs the two neighbours on each side."""
    a = use["cubic_coeff_a"]
    positions = [fn.add(whole, k) for k in (-1, 0, 1, 2)]
    weights = [keys(fn.absolute(fn.subtract(part, float(k))), a) for k in (-1, 0, 1, 2)]
    if use["exclude_outside"]:
        end = fn.size_of(line.old, whole.dtype)
        weights = [fn.where(fn.logical_and(fn.greater_equal(p, 0), fn.less(p, end)), weight, 0.0)
                   for p, weight in zip(positions, weights, strict=True)]  # fmt: skip
        total = weights[0] + weights[1] + weights[2] + weights[3]
        weights = [fn.divide(weight, total) for weight in weights]
    terms = [fn.multiply(taken(x, line, p), beside(weight, x, line.axis))
             for p, weight in zip(positions, weights, strict=True)]  # fmt: skip
    return terms[0] + terms[1] + terms[2] + terms[3]


def averaged(use: Any, x: Value, line: Line, places: Places, kind: str) -> Value:
    """Weighs all that a kernel sees which is as wide as the axis shrinks: a product with a table."""
    kernel, radius = (keys, 2) if kind == "cubic" else (tent, 1)
    slope, start, unit = map(dims.known, (places.slope, places.start, places.unit))
    old, new = dims.known(line.old), dims.known(line.new)
    scale = Fraction(dims.known(line.up), dims.known(line.down))
    before = after = 0
    if not use["exclude_outside"]:  # the ends go on as far as a kernel reaches
        ends = Fraction(start, unit), Fraction(slope * (new - 1) + start, unit)
        before = max(0, math.ceil(radius / scale - min(ends)))
        after = max(0, math.ceil(max(ends) + radius / scale - (old - 1)))
        pairs = [(before, after) if k == line.axis else (0, 0) for k in range(x.rank)]
        x = fn.pad(x, pairs, "edge")
    at = fn.reshape(places.numerators(), (new, 1))
    columns = fn.multiply(fn.subtract(fn.iota((1, old + before + after), 1, at.dtype), before), unit)
    distance = fn.absolute(fn.multiply(fn.cast(fn.subtract(columns, at), "float32"), float(scale / unit)))
    raw = kernel(distance, 0.0 if use["cubic_coeff_a"] is None else use["cubic_coeff_a"])
    weights = fn.divide(raw, fn.sum(raw, 1, keepdims=True))
    letters = LETTERS[: x.rank]
    one = letters[line.axis]
    return fn.contracted("z" + one, weights, letters, x, letters.replace(one, "z"))

"""What stands around an array? `pad`, with constants, or with what is inside: mirrored, repeated, wrapped, averaged.

Each border is a movement: slices, flips and copies that are joined, so that nothing is stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from fanlight.errors import ShapeError
from fanlight.ir import dim as dims
from fanlight.ir.dim import DimLike
from fanlight.ir.graph import Constant, Value, apply
from fanlight.ir.types import is_float
from fanlight.ops import padding
from fanlight.ops.pointwise import cast, multiply, round, where
from fanlight.ops.promote import Operand, as_value, constant, stretched
from fanlight.ops.reductions import max, mean, min
from fanlight.ops.shapes import all_equal, arange, concatenate, flip, ones, reshape, slice

__all__ = ["pad"]

Widths = int | Sequence[int] | Sequence[Sequence[DimLike]]
Pairs = Sequence[tuple[DimLike, DimLike]]


def pad(x: Operand, pad_width: Widths, mode: str = "constant", constant_values: Operand | None = None) -> Value:
    """More elements around each axis: `pad_width[k] = (before, after)`; one pair, or one number, stands for all axes.

    Modes: "constant" (0, or `constant_values`), "edge", "reflect", "symmetric", "wrap", "linear_ramp" (to 0),
    "maximum", "minimum", "mean", "empty" (0), as in NumPy."""
    operand = as_value(x)
    pairs = widths(pad_width, operand.rank)
    before, after = tuple(pair[0] for pair in pairs), tuple(pair[1] for pair in pairs)
    if all_equal((*before, *after), 0):
        return operand
    if mode not in ("constant", "empty"):
        if constant_values is not None:
            raise ShapeError("pad", expected='constant_values with mode="constant" only', got=f"mode={mode!r}")
        return bordered(operand, pairs, mode)
    if isinstance(constant_values, Value):
        inside = apply(padding.Pad(before, after, False), ones(operand.shape, "bool"))
        return where(inside, apply(padding.Pad(before, after, number_of(0, operand.dtype)), operand), constant_values)
    value = 0 if constant_values is None else constant_values
    return apply(padding.Pad(before, after, number_of(value, operand.dtype)), operand)


def widths(pad_width: Widths, rank: int) -> tuple[tuple[DimLike, DimLike], ...]:
    """A pair of widths for each axis."""
    if not isinstance(pad_width, Sequence):
        return ((pad_width, pad_width),) * rank
    is_pair = bool(pad_width) and not isinstance(pad_width[0], Sequence)
    given: Sequence[Any] = [pad_width] if is_pair else pad_width
    pairs = [(pair[0], pair[-1]) for pair in given if isinstance(pair, Sequence) and len(pair) in (1, 2)]
    pairs = pairs * rank if len(pairs) == 1 else pairs
    if len(pairs) != rank:
        raise ShapeError("pad", expected=f"a pair of widths for each of {rank} axes", got=pad_width)
    return tuple(pairs)


def number_of(value: float | int | bool, dtype: str) -> float | int | bool:
    """`value` as the Python number that an element of `dtype` is; raises DtypeError where it cannot be one."""
    op = constant(value, dtype).op
    assert isinstance(op, Constant)
    return op.value


MOST_IMAGES = 1024  # of an array beside each other
MODES = ("constant", "edge", "reflect", "symmetric", "wrap", "linear_ramp", "maximum", "minimum", "mean", "empty")


COPIES = ("edge", "reflect", "symmetric", "wrap")  # borders of elements of x, which do not depend on other axes


def bordered(x: Value, pairs: Pairs, mode: str) -> Value:
    """`x` with borders of its own elements."""
    if mode not in MODES:
        raise ShapeError("pad", expected=f"a mode of {', '.join(MODES)}", got=repr(mode))
    padded = [axis for axis, pair in enumerate(pairs) if not all_equal(pair, 0)]
    if empty := [axis for axis in padded if x.shape[axis] == 0]:
        raise ShapeError("pad", expected=f"elements to repeat for mode={mode!r}", got=x.type, at=f"axis {empty[0]}")
    if mode in COPIES and prod(len(_along(x, axis, pairs[axis], mode)) for axis in padded) <= MOST_IMAGES:
        return _copied(x, pairs, mode, padded)
    for axis in padded:
        x = concatenate(_along(x, axis, pairs[axis], mode), axis)
    return x


def _copied(x: Value, pairs: Pairs, mode: str, axes: list[int]) -> Value:
    """Each part along the first axis with its borders along the others: every part is a movement of x itself, so that
    nothing on the way is read twice and stored for it."""
    if not axes:
        return x
    first, *rest = axes
    return concatenate([_copied(part, pairs, mode, rest) for part in _along(x, first, pairs[first], mode)], first)


def _along(x: Value, axis: int, pair: tuple[DimLike, DimLike], mode: str) -> list[Value]:
    """x between its borders along one axis."""
    before, after = pair
    return [
        *_border(x, axis, before, mode, at_end=False),
        x,
        *_border(x, axis, after, mode, at_end=True),
    ]


def _border(x: Value, axis: int, width: DimLike, mode: str, at_end: bool) -> list[Value]:
    """The parts of one border, left to right."""
    if width == 0:
        return []
    if mode in ("reflect", "symmetric", "wrap"):
        parts = _mirrored(x, axis, width, mode, at_end)
        return parts if at_end else parts[::-1]
    shape = (*x.shape[:axis], width, *x.shape[axis + 1 :])
    if mode in ("maximum", "minimum"):
        return [stretched((max if mode == "maximum" else min)(x, axis, keepdims=True), shape)]
    if mode == "mean":
        centre = mean(x, axis, keepdims=True)
        return [stretched(centre if is_float(x.dtype) else cast(round(centre), x.dtype), shape)]
    edge = stretched(_part(x, axis, x.shape[axis] - 1 if at_end else 0, 1), shape)
    if mode == "edge":
        return [edge]
    if not isinstance(width, int):
        raise ShapeError("pad", expected="a known width for a ramp", got=width)
    steps = multiply(arange(width, dtype="float32"), 1 / width)  # from 0 at the outer end up to the edge
    along = reshape(steps, (width, *(1,) * (x.rank - 1 - axis)))
    ramp = multiply(edge, stretched(flip(along) if at_end else along, shape))
    return [ramp if is_float(x.dtype) else cast(ramp, x.dtype)]


def _part(x: Value, axis: int, start: DimLike, size: DimLike) -> Value:
    starts = tuple(start if k == axis else 0 for k in range(x.rank))
    return slice(x, starts, tuple(size if k == axis else n for k, n in enumerate(x.shape)))


def _mirrored(x: Value, axis: int, width: DimLike, mode: str, at_end: bool) -> list[Value]:
    """The parts of a border from the edge outwards: mirror images of x, then x, in turn; or x again and again."""
    extent = x.shape[axis]
    if mode == "reflect" and extent == 1:
        mode = "symmetric"  # the only element is its own image
    skip = 1 if mode == "reflect" else 0
    period = extent - skip
    parts: list[Value] = []
    is_image = mode != "wrap"
    while width != 0:
        if dims.bounds(period - width)[0] >= 0:
            taken = width
        elif isinstance(width, int) and isinstance(period, int):
            taken = period
        else:
            raise ShapeError("pad", expected=f"a width of at most {period}, provably", got=width, at=f"axis {axis}")
        if len(parts) == MOST_IMAGES:
            raise ShapeError("pad", expected=f"a border at most {MOST_IMAGES} times as long as the array", got=width)
        # An image begins beside the edge, a copy at the other end.
        from_end = at_end if is_image else not at_end
        start = extent - skip - taken if from_end else skip
        part = _part(x, axis, start, taken)
        parts.append(flip(part, axis) if is_image else part)
        width = width - taken
        is_image = is_image != (mode != "wrap")
    return parts

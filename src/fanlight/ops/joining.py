"""How are arrays put together and taken apart? NumPy's stacks and splits, rolls and turns, and patterns of axes.

All are movements: index arithmetic in the loops that read them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from fanlight.errors import ShapeError
from fanlight.ir import dim as dims
from fanlight.ir.dim import DimLike
from fanlight.ir.graph import Value
from fanlight.ops.promote import Operand, as_value
from fanlight.ops.shapes import (
    concatenate,
    cut,
    expand_dims,
    flip,
    normal_axes,
    ravel,
    reshape,
    split,
    squeeze,
    swapaxes,
    transpose,
)

__all__ = [
    "append", "array_split", "dsplit", "dstack", "fliplr", "flipud", "hsplit", "hstack", "rearrange", "roll", "rot90",
    "unstack", "vsplit", "vstack",
]  # fmt: skip

Cuts = int | Sequence[int]


def append(x1: Operand, x2: Operand, axis: int | None = None) -> Value:
    """x2 after x1 along an axis; without one, all elements of both in a row."""
    if axis is None:
        return concatenate([ravel(x1), ravel(x2)])
    return concatenate([x1, x2], axis)


def _at_least(x: Operand, rank: int) -> Value:
    """x with axes of length 1: in front for two, and behind for the third, as NumPy has it."""
    value = as_value(x)
    if value.rank < 2 <= rank:
        value = reshape(value, (1, *((1,) if value.rank == 0 else value.shape)))
    return expand_dims(value, -1) if value.rank < rank else value


def vstack(xs: Sequence[Operand]) -> Value:
    """The arrays below one another: along axis 0, vectors being rows."""
    return concatenate([_at_least(x, 2) for x in xs], 0)


def hstack(xs: Sequence[Operand]) -> Value:
    """The arrays side by side: along axis 1, vectors along axis 0."""
    values = [reshape(as_value(x), (1,)) if as_value(x).rank == 0 else as_value(x) for x in xs]
    return concatenate(values, 0 if values[0].rank == 1 else 1)


def dstack(xs: Sequence[Operand]) -> Value:
    """The arrays behind one another: along axis 2."""
    return concatenate([_at_least(x, 3) for x in xs], 2)


def array_split(x: Operand, indices_or_sections: Cuts, axis: int = 0) -> list[Value]:
    """So many parts along an axis, whose lengths differ by at most 1, or the parts between these positions."""
    value = as_value(x)
    (k,) = normal_axes(axis, value.rank)
    extent = value.shape[k]
    if not isinstance(indices_or_sections, int):
        return cut(value, indices_or_sections, k)
    if not isinstance(extent, int) or indices_or_sections < 1:
        what = "a known length, and at least one part"
        raise ShapeError("array_split", expected=what, got=f"{value.type} in {indices_or_sections} parts")
    length, longer = divmod(extent, indices_or_sections)
    return cut(value, [length * part + min(part, longer) for part in range(1, indices_or_sections)], k)


def vsplit(x: Operand, indices_or_sections: Cuts) -> list[Value]:
    """`split` along axis 0."""
    return split(x, indices_or_sections, 0)


def hsplit(x: Operand, indices_or_sections: Cuts) -> list[Value]:
    """`split` along axis 1, of a vector along axis 0."""
    return split(x, indices_or_sections, 0 if as_value(x).rank == 1 else 1)


def dsplit(x: Operand, indices_or_sections: Cuts) -> list[Value]:
    """`split` along axis 2."""
    return split(x, indices_or_sections, 2)


def unstack(x: Operand, num: int | None = None, axis: int = 0) -> list[Value]:
    """The arrays that lie along an axis, without it. Raises ShapeError where there are not `num`."""
    value = as_value(x)
    (k,) = normal_axes(axis, value.rank)
    extent = value.shape[k]
    if not isinstance(extent, int) or num not in (None, extent):
        raise ShapeError("unstack", expected=f"{num or 'a known number of'} arrays", got=value.type, at=f"axis {axis}")
    return [squeeze(part, k) for part in cut(value, range(1, extent), k)] if extent else []


def flipud(x: Operand) -> Value:
    """The rows (along axis 0) in reverse order."""
    return flip(x, 0)


def fliplr(x: Operand) -> Value:
    """The columns (along axis 1) in reverse order."""
    return flip(x, 1)


def roll(x: Operand, shift: int | Sequence[int], axis: int | Sequence[int] | None = None) -> Value:
    """The elements moved so many places along axes, those pushed out coming back in; without axes, in a row.

    Differs: the shifts are known numbers."""
    value = as_value(x)
    if axis is None:
        total = shift if isinstance(shift, int) else sum(shift)
        return reshape(roll(reshape(value, (value.type.count,)), total, 0), value.shape)
    axes = (axis,) if isinstance(axis, int) else tuple(axis)
    shifts = (shift,) * len(axes) if isinstance(shift, int) else tuple(shift)
    axes = axes * len(shifts) if len(axes) == 1 else axes
    shifts = shifts * len(axes) if len(shifts) == 1 else shifts
    turns: dict[int, int] = {}
    for each, by in zip(axes, shifts, strict=True):
        (k,) = normal_axes(each, value.rank)
        turns[k] = turns.get(k, 0) + by
    return _rolled(value, [*turns.items()])


def _rolled(x: Value, shifts: Sequence[tuple[int, int]]) -> Value:
    """Both parts along the first axis, each rolled along the others: parts of x itself, of which nothing is stored."""
    if not shifts:
        return x
    (axis, shift), *rest = shifts
    extent = x.shape[axis]
    if isinstance(extent, int):
        shift = shift % extent if extent else 0
    elif dims.bounds(extent)[0] < abs(shift):
        raise ShapeError("roll", expected=f"at least {abs(shift)} elements, provably", got=x.type, at=f"axis {axis}")
    if shift == 0:
        return _rolled(x, rest)
    parts = cut(x, [extent - shift if shift > 0 else -shift], axis)
    return concatenate([_rolled(part, rest) for part in parts[::-1]], axis)


def rot90(array: Operand, k: int = 1, axes: Sequence[int] = (0, 1)) -> Value:
    """The plane of two axes turned by k quarter turns, from the first towards the second."""
    value = as_value(array)
    if len(axes) != 2:
        raise ShapeError("rot90", expected="two axes", got=axes)
    first, second = normal_axes(tuple(axes), value.rank)
    turns = k % 4
    if turns == 2:
        return flip(value, (first, second))
    if turns == 1:
        return swapaxes(flip(value, second), first, second)
    return flip(swapaxes(value, first, second), second) if turns == 3 else value


def rearrange(tensor: Operand, pattern: str, **axes_lengths: int) -> Value:
    """The axes in the order of a pattern: "b (h p) w c -> b h w (p c)" cuts, moves and joins axes, as einops does.

    Names in parentheses are parts of one axis, the last one counting fastest; of their lengths all but one are given as
    keywords. "..." stands for axes without names. Raises ShapeError where pattern and shape do not fit."""
    value = as_value(tensor)
    sides = [_groups(side) for side in pattern.split("->")]
    if len(sides) != 2:
        raise ShapeError("rearrange", expected='a pattern "a b -> b a"', got=repr(pattern))
    hidden = value.rank - len(sides[0]) + 1
    dots = [[f"...{k}"] for k in range(hidden)] if ["..."] in sides[0] else []
    old, new = ([each for group in side for each in (dots if group == ["..."] else [group])] for side in sides)
    known: dict[str, DimLike] = dict(axes_lengths)
    if len(old) != value.rank:
        raise ShapeError("rearrange", expected=f"an array of {len(old)} axes", got=value.type, at=repr(pattern))
    for group, extent in zip(old, value.shape, strict=True):
        unknown = [name for name in group if name not in known]
        rest = dims.product(known[name] for name in group if name in known)
        if len(unknown) > 1 or (not unknown and rest != extent):
            what = f"lengths of ({' '.join(group)}) that make {extent}"
            raise ShapeError("rearrange", expected=what, got=axes_lengths, at=repr(pattern))
        if unknown:
            known[unknown[0]] = dims.floor_divide(extent, rest)
        if dims.product(known[name] for name in group) != extent:
            raise ShapeError("rearrange", expected=f"a length that {rest} divides", got=extent, at=repr(pattern))
    before, after = ([name for group in side for name in group] for side in (old, new))
    if sorted(before) != sorted(after) or len(set(before)) != len(before):
        raise ShapeError("rearrange", expected="each name once on both sides", got=repr(pattern))
    parts = transpose(reshape(value, [known[name] for name in before]), [before.index(name) for name in after])
    return reshape(parts, [dims.product(known[name] for name in group) for group in new])


def _groups(side: str) -> list[list[str]]:
    """The axes of one side of a pattern, each with the names of its parts; "1" has none."""
    tokens = re.findall(r"\([^()]*\)|\.\.\.|\w+", side)
    if "".join(tokens).replace(" ", "") != side.replace(" ", ""):
        raise ShapeError("rearrange", expected="names, parentheses and ...", got=repr(side))
    return [token.strip("()").split() if token[0] == "(" else [] if token == "1" else [token] for token in tokens]

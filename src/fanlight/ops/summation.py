"""What does Einstein's notation ask for? `einsum`: its parts become diagonals, sums, and products of two arrays.

Products of more than two arrays are taken pair by pair, the cheapest first.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from string import ascii_letters

from fanlight.errors import ShapeError
from fanlight.ir import dim as dims
from fanlight.ir.dim import DimLike
from fanlight.ir.graph import Value, apply
from fanlight.ir.types import Shape
from fanlight.ops.contraction import Einsum
from fanlight.ops.matmul import SUMMED
from fanlight.ops.pointwise import equal, multiply, where
from fanlight.ops.promote import Operand, as_value, result_dtype
from fanlight.ops.reductions import sum
from fanlight.ops.shapes import broadcast_to, iota, moveaxis, reshape, slice, transpose

__all__ = ["einsum"]

NARROW = 8  # a last axis shorter than a tile of a product is joined to the axis before it


def einsum(subscripts: str, *operands: Operand) -> Value:
    """Sums of products as in `numpy.einsum`: "bij,bjk->bik", "ii", "...ij,...jk", any number of operands.

    A letter stands for an axis. One that the result has not is summed; without "->" the result has those that come
    once, in alphabetical order. "..." stands for axes that are broadcast.
    """
    dtype = result_dtype(*operands)
    dtype = dtype if dtype in SUMMED else "int32"
    values = [as_value(x, dtype) for x in operands]
    terms, out = _parsed(subscripts, values)
    parts = [_distinct(value, letters) for value, letters in zip(values, terms, strict=True)]
    while len(parts) > 1:
        i, j = min(combinations(range(len(parts)), 2), key=lambda pair: _cost(parts, pair))
        rest = [part for k, part in enumerate(parts) if k not in (i, j)]
        needed = {*out, *(letter for _, letters in rest for letter in letters)}
        parts = [*rest, _product(parts[i], parts[j], needed, out if not rest else None)]
    value, letters = parts[0]
    value, letters = _summed(value, letters, {*out})
    order = [letters.index(letter) for letter in out]
    return transpose(value, order)


Part = tuple[Value, str]  # an array, and a letter for each of its axes


def _parsed(subscripts: str, values: Sequence[Value]) -> tuple[list[str], str]:
    """A letter for every axis of every operand, and the letters of the result; "..." gets letters of its own."""
    text = subscripts.replace(" ", "")
    given, arrow, out = text.partition("->")
    terms = given.split(",")
    plain = text.replace("...", "").replace(",", "").replace("->", "")
    if not all(letter in ascii_letters for letter in plain) or len(terms) != len(values):
        raise ShapeError("einsum", expected="letters for each operand: 'ij,jk->ik'", got=repr(subscripts))
    free = [letter for letter in ascii_letters if letter not in plain]
    dots = [
        value.rank - len(term.replace("...", "")) if "..." in term else 0
        for term, value in zip(terms, values, strict=True)
    ]
    if max(dots, default=0) > len(free) or min(dots, default=0) < 0:
        raise ShapeError("einsum", expected="a letter for each axis", got=[x.type for x in values], at=repr(subscripts))
    common = "".join(free[: max(dots, default=0)])
    full = [term.replace("...", common[len(common) - n :]) for term, n in zip(terms, dots, strict=True)]
    for term, value in zip(full, values, strict=True):
        if len(term) != value.rank:
            raise ShapeError("einsum", expected=f"{len(term)} axes for {term!r}", got=value.type, at=repr(subscripts))
    everything = "".join(full)
    if not arrow:
        once = sorted(letter for letter in {*everything} if everything.count(letter) == 1 and letter not in common)
        return full, common + "".join(once)
    result = out.replace("...", common)
    if len({*result}) != len(result) or not {*result} <= {*everything}:
        raise ShapeError("einsum", expected="distinct letters of the operands in the result", got=repr(subscripts))
    return full, result


def _distinct(value: Value, letters: str) -> Part:
    """The diagonal along axes that share a letter, so that each letter comes once."""
    for letter in dict.fromkeys(letters):
        while letters.count(letter) > 1:
            i, j = letters.index(letter), letters.rindex(letter)
            value = diagonal(moveaxis(value, (i, j), (-2, -1)))
            letters = letters[:i] + letters[i + 1 : j] + letters[j + 1 :] + letter
    return value, letters


def diagonal(x: Value) -> Value:
    """The elements of square matrices whose two last indices are equal."""
    n = x.shape[-1]
    if n != x.shape[-2]:
        raise ShapeError("einsum", expected="equal lengths of axes that share a letter", got=x.type)
    if not isinstance(n, int):
        return sum(where(equal(iota(x.shape, x.rank - 2), iota(x.shape, x.rank - 1)), x, 0), -1)
    flat = reshape(x, (*x.shape[:-2], n * n))
    return slice(flat, (0,) * flat.rank, (*x.shape[:-2], n), (*(1 for _ in x.shape[:-2]), n + 1))


def _extents(parts: Sequence[Part]) -> dict[str, DimLike]:
    """The length of each letter; 1 gives way to any other. Raises ShapeError where two lengths do not agree."""
    found: dict[str, DimLike] = {}
    for value, letters in parts:
        for letter, extent in zip(letters, value.shape, strict=True):
            known = found.get(letter, 1)
            if known not in (1, extent) and extent != 1:
                raise ShapeError("einsum", expected=f"length {known}", got=extent, at=f"letter {letter!r}")
            found[letter] = extent if known == 1 else known
    return found


def _cost(parts: Sequence[Part], pair: tuple[int, int]) -> int:
    """Products that a pair takes."""
    return dims.upper(dims.product(_extents([parts[k] for k in pair]).values()))


def _summed(value: Value, letters: str, needed: set[str]) -> Part:
    """Without the axes that nothing needs."""
    gone = [k for k, letter in enumerate(letters) if letter not in needed]
    return (sum(value, gone) if gone else value), "".join(letter for letter in letters if letter in needed)


def _product(first: Part, second: Part, needed: set[str], out: str | None) -> Part:
    """The product of two arrays, summed over the letters of both that nothing else needs."""
    extents = _extents([first, second])
    a, letters_a = _summed(*_whole(first, extents, second[1]), needed | {*second[1]})
    b, letters_b = _summed(*_whole(second, extents, first[1]), needed | {*first[1]})
    kept = {*letters_a, *letters_b} & needed
    if out is None:  # shared letters first, then those of the first operand, then those of the second
        order = sorted(kept, key=lambda each: (each not in letters_a or each not in letters_b, each not in letters_a))
        out = "".join(order)
    return contracted(letters_a, a, letters_b, b, out), out


def _whole(part: Part, extents: dict[str, DimLike], other: str) -> Part:
    """The array with axes of length 1 grown to the length that the other array has there."""
    value, letters = part
    shape = tuple(extents[letter] if letter in other else n for letter, n in zip(letters, value.shape, strict=True))
    return broadcast_to(value, shape), letters


def contracted(letters_a: str, a: Value, letters_b: str, b: Value, out: str) -> Value:
    """The product of two arrays, summed over the letters that `out` has not, which both have."""
    if {*letters_a, *letters_b} == {*out}:
        return multiply(_aligned(letters_a, a, out), _aligned(letters_b, b, out))
    pair = _joint(letters_a, a, letters_b, b, out)
    if pair is None:
        return apply(Einsum(letters_a, letters_b, out), a, b)
    letter, extent, shape_a, shape_b = pair
    shorter = [each.replace(letter, "") for each in (letters_a, letters_b, out)]
    found = apply(Einsum(*shorter), reshape(a, shape_a), reshape(b, shape_b))
    return reshape(found, (*found.shape[:-1], dims.floor_divide(found.shape[-1], extent), extent))


def _joint(letters_a: str, a: Value, letters_b: str, b: Value, out: str) -> tuple[str, int, Shape, Shape] | None:
    """Is the last letter of the result narrow, and does it follow the same letter wherever it stands? Then the two can
    be one: the letter to leave out, its length, and the operands' shapes without its axis."""
    if len(out) < 2:
        return None
    before, last = out[-2:]
    shapes: list[Shape] = []
    extent: DimLike = 0
    for letters, value in ((letters_a, a), (letters_b, b)):
        k = letters.find(last)
        if (k < 0) != (before not in letters) or (k >= 0 and letters[k - 1 : k + 1] != before + last):
            return None
        if k >= 0:
            extent = value.shape[k]
            shapes.append((*value.shape[: k - 1], value.shape[k - 1] * extent, *value.shape[k + 1 :]))
        else:
            shapes.append(value.shape)
    if not isinstance(extent, int) or not 1 < extent < NARROW:
        return None
    return last, extent, shapes[0], shapes[1]


def _aligned(letters: str, value: Value, out: str) -> Value:
    """The array with its axes in the order of `out`, and axes of length 1 for the letters that it has not."""
    order = sorted(range(len(letters)), key=lambda k: out.index(letters[k]))
    moved = transpose(value, order)
    rest = iter(moved.shape)
    return reshape(moved, tuple(next(rest) if letter in letters else 1 for letter in out))

"""How long is an axis, and where does an element lie? Integer expressions over named, bounded sizes.

Adds to the canonical sums of `ir.polynomial` (whose names this file passes on) what needs bounds: floor division,
minimum, maximum, and the interval that holds every value of an expression. Knows nothing of arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from math import gcd, isqrt
from typing import Any, Self

from fanlight.errors import ShapeError
from fanlight.ir.interning import find, keep
from fanlight.ir.polynomial import (
    UNBOUNDED,
    Atom,
    Bounds,
    Dim,
    DimLike,
    Product,
    Size,
    add,
    atoms,
    evaluate,
    from_terms,
    multiply,
    names,
    product,
    single_size,
    sizes,
    substitute,
    terms_of,
    text,
    wrapped,
)

__all__ = [
    "UNBOUNDED",
    "Atom",
    "Bounds",
    "Dim",
    "DimLike",
    "Floor",
    "Greatest",
    "Least",
    "Pair",
    "Product",
    "Size",
    "add",
    "atoms",
    "bounds",
    "ceil_divide",
    "coefficient",
    "evaluate",
    "floor_divide",
    "maximum",
    "minimum",
    "modulo",
    "multiply",
    "names",
    "product",
    "single_size",
    "replace_sizes",
    "size",
    "sizes",
    "substitute",
    "terms_of",
    "text",
    "upper",
    "wrapped",
]


LONGEST = 1 << 16  # letters of an expression
MOST_TRIED = 1 << 16  # numbers that may be divisors


def size(name: str, low: int = 1, high: int = UNBOUNDED) -> DimLike:
    """An open length called `name`, at least `low` and at most `high`."""
    return low if low == high else Dim.of(Size(name, low, high))


class Pair(Atom):
    """An atom made of two dims."""

    __slots__ = ("left", "right")
    left: DimLike
    right: DimLike
    _symbol = ""

    def __new__(cls, left: DimLike, right: DimLike) -> Self:
        parts = (cls, left, right)
        pair = find(parts)
        if pair is None:
            pair = object.__new__(cls)
            pair.left, pair.right = left, right
            pair.key = pair._text()
            if len(pair.key) > LONGEST:
                expected = f"an expression of open lengths of at most {LONGEST} letters"
                raise ShapeError("a length", expected=expected, got=f"{pair.key[:80]} ...")
            pair.bounds = pair._interval(bounds(left), bounds(right))
            pair = keep(parts, pair)
        return pair

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.left, self.right)

    def _text(self) -> str:
        return f"{self._symbol}({text(self.left)}, {text(self.right)})"

    def _interval(self, left: Bounds, right: Bounds) -> Bounds:
        raise NotImplementedError(f"{type(self).__name__} has no _interval")

    @property
    def sizes(self) -> frozenset[Size]:
        return sizes(self.left) | sizes(self.right)


class Floor(Pair):
    """`left // right`, rounded towards minus infinity; `right` is positive."""

    __slots__ = ()

    def _text(self) -> str:
        return f"{wrapped(self.left)}//{wrapped(self.right)}"

    @property
    def factor(self) -> str:
        return f"({self.key})"

    def _interval(self, left: Bounds, right: Bounds) -> Bounds:
        small, large = max(right[0], 1), max(right[1], 1)
        corners = [left[0] // small, left[0] // large, left[1] // small, left[1] // large]
        return min(corners), max(corners)

    def evaluate(self, values: Mapping[str, int]) -> int:
        return evaluate(self.left, values) // evaluate(self.right, values)

    def substitute(self, replace: Callable[[Atom], Any]) -> DimLike:
        return floor_divide(substitute(self.left, replace), substitute(self.right, replace))


class Least(Pair):
    """The smaller of two dims."""

    __slots__ = ()
    _symbol = "min"

    def _interval(self, left: Bounds, right: Bounds) -> Bounds:
        return min(left[0], right[0]), min(left[1], right[1])

    def evaluate(self, values: Mapping[str, int]) -> int:
        return min(evaluate(self.left, values), evaluate(self.right, values))

    def substitute(self, replace: Callable[[Atom], Any]) -> DimLike:
        return minimum(substitute(self.left, replace), substitute(self.right, replace))


class Greatest(Pair):
    """The larger of two dims."""

    __slots__ = ()
    _symbol = "max"

    def _interval(self, left: Bounds, right: Bounds) -> Bounds:
        return max(left[0], right[0]), max(left[1], right[1])

    def evaluate(self, values: Mapping[str, int]) -> int:
        return max(evaluate(self.left, values), evaluate(self.right, values))

    def substitute(self, replace: Callable[[Atom], Any]) -> DimLike:
        return maximum(substitute(self.left, replace), substitute(self.right, replace))


@lru_cache(maxsize=16384)
def floor_divide(a: DimLike, b: DimLike) -> DimLike:
    """`a // b` towards minus infinity; b must be positive. `(4*i + j) // 4 -> i` where 0 <= j < 4."""
    if isinstance(b, Dim):
        return _floor_open(a, b)
    if b <= 0:
        raise ValueError(f"expected a positive divisor, got {b}, at ({text(a)}) // {b}")
    if not isinstance(a, Dim):
        return a // b
    if b == 1:
        return a
    whole: dict[Product, int] = {}
    rest: dict[Product, int] = {}
    for term, scale in a.terms:
        if scale % b == 0:
            whole[term] = scale // b
        elif term:  # keep a term together: 3*i // 2 is not i + i//2
            rest[term] = scale
        else:
            whole[term], rest[term] = divmod(scale, b)
    left = from_terms(rest)
    return add(from_terms(whole), _floor_rest(left, b) if isinstance(left, Dim) else left // b)


def _floor_rest(left: Dim, b: int) -> DimLike:
    """`left // b` where b divides no coefficient of `left` and its constant lies in 0 .. b-1."""
    low, high = bounds(left)
    if low // b == high // b:
        return low // b
    if len(left.terms) == 1:
        term, scale = left.terms[0]
        if scale == 1 and len(term) == 1 and isinstance(term[0], Floor) and isinstance(term[0].right, int):
            return floor_divide(term[0].left, term[0].right * b)  # (u // a) // b -> u // (a*b)
    for factor in sorted({gcd(scale, b) for term, scale in left.terms if term}, reverse=True):
        if factor == 1:
            break
        # (c*u + v) // b -> u // (b/c) where c divides b and 0 <= v < c
        outer: dict[Product, int] = {}
        inner: dict[Product, int] = {}
        for term, scale in left.terms:
            if scale % factor == 0 or not term:
                outer[term], inner[term] = divmod(scale, factor)
            else:
                inner[term] = scale
        low, high = bounds(from_terms(inner))
        if low >= 0 and high < factor:
            return floor_divide(from_terms(outer), b // factor)
    return Dim.of(Floor(left, b))


def _floor_open(a: DimLike, b: Dim) -> DimLike:
    """`a // b` by an open length: what b divides term by term comes out, the rest stays under the bar."""
    if a == b:
        return 1
    whole: dict[Product, int] = {}
    rest = dict(terms_of(a))
    if len(b.terms) == 1:
        divisor, scale = b.terms[0]
        for term, coefficient in terms_of(a):
            remaining = list(term)
            for atom in divisor:
                if atom not in remaining:
                    break
                remaining.remove(atom)
            else:
                if coefficient % scale == 0:
                    whole[tuple(remaining)] = coefficient // scale
                    del rest[term]
    left = from_terms(rest)
    low, high = bounds(left)
    smallest = bounds(b)[0]
    if low >= 0 and high < smallest:
        return from_terms(whole)
    if high < 0 and -low <= smallest:
        return add(from_terms(whole), -1)
    return add(from_terms(whole), Dim.of(Floor(left, b)))


def modulo(a: DimLike, b: DimLike) -> DimLike:
    """`a % b`, in `0 .. b-1`."""
    return add(a, multiply(multiply(floor_divide(a, b), b), -1))


def ceil_divide(a: DimLike, b: DimLike) -> DimLike:
    """`a / b` rounded up."""
    return floor_divide(add(a, add(b, -1)), b)


def minimum(a: DimLike, b: DimLike) -> DimLike:
    """The smaller one; known at once where one is never larger than the other."""
    low, high = bounds(add(a, multiply(b, -1)))
    if high <= 0:
        return a
    return b if low >= 0 else Dim.of(Least(*sorted((a, b), key=text)))


def maximum(a: DimLike, b: DimLike) -> DimLike:
    """The larger one; known at once where one is never larger than the other."""
    low, high = bounds(add(a, multiply(b, -1)))
    if high <= 0:
        return b
    return a if low >= 0 else Dim.of(Greatest(*sorted((a, b), key=text)))


@lru_cache(maxsize=16384)
def bounds(dim: DimLike) -> Bounds:
    """The interval that holds every value of `dim` (inclusive; exact for sums of distinct sizes, else an enclosure)."""
    if not isinstance(dim, Dim):
        return dim, dim
    low = high = 0
    for term, scale in dim.terms:
        small = large = scale
        for atom in term:
            a, b = atom.bounds
            if a >= 0 and small >= 0:
                small, large = small * a, large * b
            else:
                corners = (small * a, small * b, large * a, large * b)
                small, large = min(corners), max(corners)
        low, high = low + small, high + large
    if low != high and len(dim.terms) > 1:
        for term, scale in dim.terms:
            if len(term) == 1 and isinstance(term[0], Floor) and isinstance(term[0].right, int):
                tighter = _remainder_bounds(dim, term[0], scale)
                low, high = max(low, tighter[0]), min(high, tighter[1])
            elif len(term) == 1 and isinstance(term[0], Least | Greatest):
                tighter = _choice_bounds(dim, term[0], scale)
                low, high = max(low, tighter[0]), min(high, tighter[1])
    return low, high


def _choice_bounds(dim: Dim, choice: Least | Greatest, scale: int) -> Bounds:
    """A sum of intervals loses that `n - min(n, 4)` is the larger of 0 and n - 4: look at both choices."""
    rest = add(dim, multiply(Dim.of(choice), -scale))
    a, b = (bounds(add(rest, multiply(side, scale))) for side in (choice.left, choice.right))
    pick = min if isinstance(choice, Least) == (scale > 0) else max
    return pick(a[0], b[0]), pick(a[1], b[1])


def _remainder_bounds(dim: Dim, floor: Floor, scale: int) -> Bounds:
    """A sum of intervals loses that `u - k*(u//k)`, which is `u % k`, lies in 0 .. k-1; here `u//k` is `floor`."""
    divisor = floor.right
    assert isinstance(divisor, int)
    best = (-UNBOUNDED, UNBOUNDED)
    for k in _divisors(gcd(divisor, scale)):
        times = -scale // k  # dim = rest + times * (u - k*(u//k))
        u = floor_divide(floor.left, divisor // k)
        rest = add(dim, multiply(add(multiply(Dim.of(floor), k), multiply(u, -1)), times))
        if len(terms_of(rest)) < len(dim.terms):
            low, high = bounds(rest)
            ends = (0, times * (k - 1))
            best = max(best[0], low + min(ends)), min(best[1], high + max(ends))
    return best


@lru_cache(maxsize=1024)
def _divisors(n: int) -> tuple[int, ...]:
    """The divisors of n but 1; of a huge n not those that lie between `MOST_TRIED` and n // `MOST_TRIED`."""
    small = [k for k in range(1, min(isqrt(n), MOST_TRIED) + 1) if n % k == 0]
    return tuple(sorted({*small, *(n // k for k in small)} - {1}))


def upper(dim: DimLike) -> int:
    """The largest value that `dim` can take."""
    return bounds(dim)[1]


def replace_sizes(dim: DimLike, values: Mapping[str, DimLike]) -> DimLike:
    """`dim` with the named sizes replaced by dims."""
    if not isinstance(dim, Dim) or not names(dim) & values.keys():
        return dim
    return substitute(dim, lambda atom: values.get(atom.name) if isinstance(atom, Size) else None)


@lru_cache(maxsize=16384)
def coefficient(dim: DimLike, name: str) -> DimLike | None:
    """The factor of the size `name` where `dim` is affine in it, else None (it occurs inside a floor, or squared)."""
    if name not in names(dim):
        return 0
    table: dict[Product, int] = {}
    for term, scale in terms_of(dim):
        inside = [atom for atom in term if any(size.name == name for size in atom.sizes)]
        if len(inside) > 1 or (inside and not isinstance(inside[0], Size)):
            return None
        if inside:
            rest = tuple(atom for atom in term if atom is not inside[0])
            table[rest] = table.get(rest, 0) + scale
    return from_terms(table)


def known(extent: DimLike) -> int:
    """A length as a number. Raises ShapeError where it is open until the function is called."""
    if not isinstance(extent, int):
        raise ShapeError("an axis", expected="a known length", got=extent, do="give the input a fixed shape")
    return extent

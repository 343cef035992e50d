"""How long is an axis, and where does an element lie? Integer expressions over named, bounded sizes, in one canonical form.

A dim is an `int` or a `Dim`: a sum of integer multiples of products of atoms. Atoms are `Size` (a name with an interval, e.g. the batch
size or a loop index), `Floor` (floor division), `Least` and `Greatest`, and whatever another room adds that has the same four members
(`bounds`, `evaluate`, `substitute`, `key`). Equal canonical forms are equal dims. Knows nothing of arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

UNBOUNDED = 1 << 40  # larger than any address; stands for "no upper bound"

Bounds = tuple[int, int]


class Atom:
    """An indivisible factor of a dim: hashable, bounded, and replaceable."""

    __slots__ = ()

    @property
    def bounds(self) -> Bounds:
        raise NotImplementedError

    @property
    def key(self) -> str:
        """The text that orders and prints this atom."""
        raise NotImplementedError

    def evaluate(self, values: Mapping[str, int]) -> int:
        raise NotImplementedError

    def substitute(self, replace: Callable[[Atom], Any]) -> DimLike:
        """This atom with `replace` applied inside it; `replace` has already declined the atom itself."""
        return Dim.of(self)

    def __repr__(self) -> str:
        return self.key


class Size(Atom):
    """A named integer with an inclusive interval: an open axis length or a loop index."""

    __slots__ = ("_hash", "high", "low", "name")

    def __init__(self, name: str, low: int = 1, high: int = UNBOUNDED):
        self.name, self.low, self.high = name, low, high
        self._hash = hash((name, low, high))

    @property
    def bounds(self) -> Bounds:
        return self.low, self.high

    @property
    def key(self) -> str:
        return self.name

    def evaluate(self, values: Mapping[str, int]) -> int:
        return values[self.name]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Size) and (self.name, self.low, self.high) == (other.name, other.low, other.high)

    def __hash__(self) -> int:
        return self._hash


class _Pair(Atom):
    """An atom made of two dims."""

    __slots__ = ("_hash", "_key", "left", "right")
    _symbol = ""

    def __init__(self, left: DimLike, right: DimLike):
        self.left, self.right = left, right
        self._hash = hash((type(self), left, right))
        self._key = self._text()

    def _text(self) -> str:
        return f"{self._symbol}({text(self.left)}, {text(self.right)})"

    @property
    def key(self) -> str:
        return self._key

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.left == other.left and self.right == other.right  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return self._hash


class Floor(_Pair):
    """`left // right`, rounded towards minus infinity; `right` is positive."""

    __slots__ = ()

    def _text(self) -> str:
        return f"{_wrapped(self.left)}//{_wrapped(self.right)}"

    @property
    def bounds(self) -> Bounds:
        (low, high), (small, large) = bounds(self.left), bounds(self.right)
        small = max(small, 1)
        corners = [low // small, low // large, high // small, high // large]
        return min(corners), max(corners)

    def evaluate(self, values: Mapping[str, int]) -> int:
        return evaluate(self.left, values) // evaluate(self.right, values)

    def substitute(self, replace: Callable[[Atom], Any]) -> DimLike:
        return floor_divide(substitute(self.left, replace), substitute(self.right, replace))


class Least(_Pair):
    """The smaller of two dims."""

    __slots__ = ()
    _symbol = "min"

    @property
    def bounds(self) -> Bounds:
        a, b = bounds(self.left), bounds(self.right)
        return min(a[0], b[0]), min(a[1], b[1])

    def evaluate(self, values: Mapping[str, int]) -> int:
        return min(evaluate(self.left, values), evaluate(self.right, values))

    def substitute(self, replace: Callable[[Atom], Any]) -> DimLike:
        return minimum(substitute(self.left, replace), substitute(self.right, replace))


class Greatest(_Pair):
    """The larger of two dims."""

    __slots__ = ()
    _symbol = "max"

    @property
    def bounds(self) -> Bounds:
        a, b = bounds(self.left), bounds(self.right)
        return max(a[0], b[0]), max(a[1], b[1])

    def evaluate(self, values: Mapping[str, int]) -> int:
        return max(evaluate(self.left, values), evaluate(self.right, values))

    def substitute(self, replace: Callable[[Atom], Any]) -> DimLike:
        return maximum(substitute(self.left, replace), substitute(self.right, replace))


Product = tuple[Atom, ...]


class Dim:
    """A canonical sum of products: `terms` maps a sorted product of atoms to its coefficient; the empty product is the constant."""

    __slots__ = ("_hash", "terms")

    def __init__(self, terms: tuple[tuple[Product, int], ...]):
        self.terms = terms
        self._hash = hash(terms)

    @staticmethod
    def of(atom: Atom) -> Dim:
        return Dim((((atom,), 1),))

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Dim) and self._hash == other._hash and self.terms == other.terms)

    def __hash__(self) -> int:
        return self._hash

    def __add__(self, other: DimLike) -> DimLike:
        return _add(self, other)

    def __sub__(self, other: DimLike) -> DimLike:
        return _add(self, _multiply(other, -1))

    def __rsub__(self, other: DimLike) -> DimLike:
        return _add(other, _multiply(self, -1))

    def __mul__(self, other: DimLike) -> DimLike:
        return _multiply(self, other)

    def __neg__(self) -> DimLike:
        return _multiply(self, -1)

    def __floordiv__(self, other: DimLike) -> DimLike:
        return floor_divide(self, other)

    def __rfloordiv__(self, other: DimLike) -> DimLike:
        return floor_divide(other, self)

    def __mod__(self, other: DimLike) -> DimLike:
        return modulo(self, other)

    __radd__ = __add__
    __rmul__ = __mul__

    def __repr__(self) -> str:
        return text(self)

    def __bool__(self) -> bool:
        raise TypeError(f"an open dim ({self}) has no truth value; compare with == or use its bounds")


DimLike = int | Dim


def size(name: str, low: int = 1, high: int = UNBOUNDED) -> DimLike:
    """An open length called `name`, at least `low` and at most `high`."""
    return low if low == high else Dim.of(Size(name, low, high))


def _terms(dim: DimLike) -> tuple[tuple[Product, int], ...]:
    if isinstance(dim, Dim):
        return dim.terms
    return (((), dim),) if dim else ()


def _product_key(product: Product) -> tuple[int, tuple[str, ...]]:
    return -len(product), tuple(atom.key for atom in product)


def _from_terms(table: Mapping[Product, int]) -> DimLike:
    kept = [(product, coefficient) for product, coefficient in table.items() if coefficient]
    if not kept:
        return 0
    if len(kept) == 1 and not kept[0][0]:
        return kept[0][1]
    if len(kept) > 1:
        kept.sort(key=lambda term: _product_key(term[0]))
    return Dim(tuple(kept))


def _add(a: DimLike, b: DimLike) -> DimLike:
    if isinstance(a, int) and isinstance(b, int):
        return a + b
    if a == 0:
        return b
    if b == 0:
        return a
    table = dict(_terms(a))
    for product, coefficient in _terms(b):
        table[product] = table.get(product, 0) + coefficient
    return _from_terms(table)


@lru_cache(maxsize=65536)
def _multiply(a: DimLike, b: DimLike) -> DimLike:
    if isinstance(a, int) and isinstance(b, int):
        return a * b
    if a == 1:
        return b
    if b == 1:
        return a
    table: dict[Product, int] = {}
    for left, p in _terms(a):
        for right, q in _terms(b):
            product = tuple(sorted(left + right, key=lambda atom: atom.key)) if left and right else left + right
            table[product] = table.get(product, 0) + p * q
    return _from_terms(table)


@lru_cache(maxsize=65536)
def floor_divide(a: DimLike, b: DimLike) -> DimLike:
    """`a // b` towards minus infinity; b must be positive. `(4*i + j) // 4 -> i` where 0 <= j < 4."""
    if isinstance(a, int) and isinstance(b, int):
        return a // b
    if b == 1:
        return a
    if a == b:
        return 1
    low, high = bounds(a)
    if isinstance(b, int):
        whole: dict[Product, int] = {}
        rest: dict[Product, int] = {}
        for product, coefficient in _terms(a):
            quotient, remainder = divmod(coefficient, b)
            if product and remainder:  # keep a term together: 3*i // 2 is not i + i//2
                quotient, remainder = 0, coefficient
            if quotient:
                whole[product] = quotient
            if remainder:
                rest[product] = remainder
        left = _from_terms(rest)
        low, high = bounds(left)
        if low // b == high // b:
            return _add(_from_terms(whole), low // b)
        if isinstance(left, Dim):
            inner = _nested_floor(left, b)
            return _add(_from_terms(whole), inner)
        return _add(_from_terms(whole), left // b)
    divided = _exact(a, b)
    if divided is not None:
        return divided
    if low >= 0 and high < bounds(b)[0]:
        return 0
    return Dim.of(Floor(a, b))


def _nested_floor(left: Dim, b: int) -> DimLike:
    """`(c*u + v) // b -> u // (b/c)` where c divides b and 0 <= v < c; `(u//a)//b -> u//(a*b)`."""
    if len(left.terms) == 1:
        product, coefficient = left.terms[0]
        if coefficient == 1 and len(product) == 1 and isinstance(product[0], Floor) and isinstance(product[0].right, int):
            return floor_divide(product[0].left, product[0].right * b)
    for factor in sorted({abs(c) for p, c in left.terms if p and 1 < abs(c) < b and b % abs(c) == 0}, reverse=True):
        high_part = {p: c // factor for p, c in left.terms if c % factor == 0}
        low_part = _from_terms({p: c for p, c in left.terms if c % factor})
        low, high = bounds(low_part)
        if low >= 0 and high < factor:
            return floor_divide(_from_terms(high_part), b // factor)
    return Dim.of(Floor(left, b))


def _exact(a: DimLike, b: Dim) -> DimLike | None:
    """`a / b` where b is one product that divides every term of a."""
    if len(b.terms) != 1:
        return None
    divisor, scale = b.terms[0]
    table: dict[Product, int] = {}
    for product, coefficient in _terms(a):
        rest = list(product)
        for atom in divisor:
            if atom not in rest:
                return None
            rest.remove(atom)
        if coefficient % scale:
            return None
        table[tuple(rest)] = coefficient // scale
    return _from_terms(table)


def modulo(a: DimLike, b: DimLike) -> DimLike:
    """`a % b`, in `0 .. b-1`."""
    return _add(a, _multiply(_multiply(floor_divide(a, b), b), -1))


def ceil_divide(a: DimLike, b: DimLike) -> DimLike:
    """`a / b` rounded up."""
    return floor_divide(_add(a, _add(b, -1)), b)


def minimum(a: DimLike, b: DimLike) -> DimLike:
    """The smaller one; known at once where the intervals do not overlap."""
    return _choose(a, b, Least, first_when_less=True)


def maximum(a: DimLike, b: DimLike) -> DimLike:
    """The larger one; known at once where the intervals do not overlap."""
    return _choose(a, b, Greatest, first_when_less=False)


def _choose(a: DimLike, b: DimLike, atom: type[_Pair], first_when_less: bool) -> DimLike:
    low, high = bounds(_add(a, _multiply(b, -1)))
    if high <= 0:
        return a if first_when_less else b
    if low >= 0:
        return b if first_when_less else a
    return Dim.of(atom(*sorted((a, b), key=text)))


@lru_cache(maxsize=65536)
def bounds(dim: DimLike) -> Bounds:
    """The interval that holds every value of `dim` (inclusive; exact for sums of distinct sizes, else an enclosure)."""
    if isinstance(dim, int):
        return dim, dim
    low = high = 0
    for product, coefficient in dim.terms:
        small, large = 1, 1
        for atom in product:
            a, b = atom.bounds
            corners = (small * a, small * b, large * a, large * b)
            small, large = min(corners), max(corners)
        ends = (small * coefficient, large * coefficient)
        low, high = low + min(ends), high + max(ends)
    if low != high:
        for product, coefficient in dim.terms:
            if len(product) == 1 and isinstance(product[0], Floor) and isinstance(product[0].right, int):
                tighter = _remainder_bounds(dim, product[0], coefficient)
                low, high = max(low, tighter[0]), min(high, tighter[1])
    return low, high


def _remainder_bounds(dim: Dim, floor: Floor, coefficient: int) -> Bounds:
    """A sum of intervals loses that `x//a - k*(x//(a*k))`, which is `x//a % k`, lies in 0 .. k-1 (a = 1: `x - k*(x//k)`)."""
    divisor = floor.right
    assert isinstance(divisor, int)
    best = (-UNBOUNDED, UNBOUNDED)
    for k in [k for k in range(2, divisor + 1) if divisor % k == 0 and coefficient % k == 0]:
        scale = -coefficient // k
        inner = floor_divide(floor.left, divisor // k)
        rest = _add(dim, _multiply(_add(_multiply(Dim.of(floor), k), _multiply(inner, -1)), scale))
        if len(_terms(rest)) < len(dim.terms):
            low, high = bounds(rest)
            ends = (0, scale * (k - 1))
            best = max(best[0], low + min(ends)), min(best[1], high + max(ends))
    return best


def evaluate(dim: DimLike, values: Mapping[str, int]) -> int:
    """The value of `dim` where each named size has the value given."""
    if isinstance(dim, int):
        return dim
    total = 0
    for product, coefficient in dim.terms:
        for atom in product:
            coefficient *= atom.evaluate(values)
        total += coefficient
    return total


def substitute(dim: DimLike, replace: Callable[[Atom], Any]) -> DimLike:
    """`dim` with atoms replaced: `replace(atom)` gives a dim, or None to look inside the atom."""
    if isinstance(dim, int):
        return dim
    total: DimLike = 0
    for product, coefficient in dim.terms:
        term: DimLike = coefficient
        for atom in product:
            found = replace(atom)
            term = _multiply(term, atom.substitute(replace) if found is None else found)
        total = _add(total, term)
    return total


def replace_sizes(dim: DimLike, values: Mapping[str, DimLike]) -> DimLike:
    """`dim` with the named sizes replaced by dims."""
    if isinstance(dim, int):
        return dim
    return substitute(dim, lambda atom: values.get(atom.name) if isinstance(atom, Size) else None)


def coefficient(dim: DimLike, name: str) -> DimLike | None:
    """The factor of the size `name` where `dim` is affine in it, else None (it occurs inside a floor, or squared)."""
    total: DimLike = 0
    for product, scale in _terms(dim):
        inside = [atom for atom in product if name in names(Dim.of(atom))]
        if not inside:
            continue
        if len(inside) > 1 or not isinstance(inside[0], Size):
            return None
        rest = tuple(atom for atom in product if atom is not inside[0])
        total = _add(total, _from_terms({rest: scale}))
    return total


@lru_cache(maxsize=65536)
def names(dim: DimLike) -> frozenset[str]:
    """The names of all sizes in `dim`, inside floors too."""
    if isinstance(dim, int):
        return frozenset()
    found: set[str] = set()
    for product, _ in dim.terms:
        for atom in product:
            if isinstance(atom, Size):
                found.add(atom.name)
            elif isinstance(atom, _Pair):
                found |= names(atom.left) | names(atom.right)
            else:
                found |= atom.names  # type: ignore[attr-defined]
    return frozenset(found)


def product(dims: Iterable[DimLike]) -> DimLike:
    """The product of dims; 1 for none."""
    total: DimLike = 1
    for each in dims:
        total = _multiply(total, each)
    return total


def upper(dim: DimLike) -> int:
    """The largest value that `dim` can take."""
    return bounds(dim)[1]


def _wrapped(dim: DimLike) -> str:
    written = text(dim)
    return f"({written})" if isinstance(dim, Dim) and (len(dim.terms) > 1 or "*" in written or "//" in written) else written


def text(dim: DimLike) -> str:
    """`dim` as it is printed and parsed: `2*batch + 1`."""
    if isinstance(dim, int):
        return str(dim)
    parts = []
    for product, coefficient in dim.terms:
        factors = [_wrapped(Dim.of(atom)) if isinstance(atom, Floor) and (len(product) > 1 or coefficient != 1) else atom.key for atom in product]
        if abs(coefficient) != 1 or not product:
            factors.insert(0, str(abs(coefficient)))
        sign = "-" if coefficient < 0 else "+"
        parts.append((sign, "*".join(factors)))
    first_sign, first = parts[0]
    return ("-" if first_sign == "-" else "") + first + "".join(f" {sign} {part}" for sign, part in parts[1:])

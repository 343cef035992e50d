"""How are integer expressions written down? Sums of integer multiples of products of atoms, in one canonical form.

A dim is an `int` or a `Dim`; equal canonical forms are equal dims. Atoms are `Size`, and what `ir.dim` (floors, minima)
and `ir.scalar` (indices read from data) add. This file adds, multiplies, substitutes and prints; it divides nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from fanlight.errors import ShapeError
from fanlight.ir.interning import find, keep

UNBOUNDED = 1 << 40  # larger than any address; stands for "no upper bound"
MOST_TERMS = 1 << 14  # of a product, before equal ones are added
MOST_FACTORS = 256  # of a term

Bounds = tuple[int, int]


class Atom:
    """An indivisible factor of a dim: bounded and replaceable. Equal atoms are one object.

    `key` is the text that orders and prints it, `bounds` the interval of its values.
    """

    __slots__ = ("__weakref__", "bounds", "key")
    bounds: Bounds
    key: str

    @property
    def factor(self) -> str:
        """The text inside a product."""
        return self.key

    @property
    def sizes(self) -> frozenset[Size]:
        """All sizes that this atom depends on."""
        raise NotImplementedError(f"{type(self).__name__} has no sizes")

    def evaluate(self, values: Mapping[str, int]) -> int:
        raise NotImplementedError(f"{type(self).__name__} has no evaluate")

    def substitute(self, replace: Callable[[Atom], Any]) -> DimLike:
        """This atom with `replace` applied inside it; `replace` has already declined the atom itself."""
        return Dim.of(self)

    def __repr__(self) -> str:
        return self.key


class Size(Atom):
    """A named integer with an inclusive interval: an open axis length or a loop index."""

    __slots__ = ("high", "low", "name")
    name: str
    low: int
    high: int

    def __new__(cls, name: str, low: int = 1, high: int = UNBOUNDED) -> Size:
        key = (cls, name, low, high)
        size = find(key)
        if size is None:
            size = object.__new__(cls)
            size.name, size.low, size.high = name, low, high
            size.key, size.bounds = name, (low, high)
            size = keep(key, size)
        return size

    def __reduce__(self) -> tuple[Any, ...]:
        return Size, (self.name, self.low, self.high)

    @property
    def sizes(self) -> frozenset[Size]:
        return frozenset((self,))

    def evaluate(self, values: Mapping[str, int]) -> int:
        return values[self.name]


Product = tuple[Atom, ...]


class Dim:
    """A sum: `terms` holds pairs of a sorted product of atoms and its factor; the empty product is the constant.

    Equal dims are one object."""

    __slots__ = ("__weakref__", "terms")
    terms: tuple[tuple[Product, int], ...]

    def __new__(cls, terms: tuple[tuple[Product, int], ...]) -> Dim:
        key = (cls, terms)
        dim = find(key)
        if dim is None:
            dim = object.__new__(cls)
            dim.terms = terms
            dim = keep(key, dim)
        return dim

    def __reduce__(self) -> tuple[Any, ...]:
        return Dim, (self.terms,)

    @staticmethod
    def of(atom: Atom) -> Dim:
        return Dim((((atom,), 1),))

    def __add__(self, other: DimLike) -> DimLike:
        return add(self, other)

    def __sub__(self, other: DimLike) -> DimLike:
        return add(self, multiply(other, -1))

    def __rsub__(self, other: DimLike) -> DimLike:
        return add(other, multiply(self, -1))

    def __mul__(self, other: DimLike) -> DimLike:
        return multiply(self, other)

    def __neg__(self) -> DimLike:
        return multiply(self, -1)

    def __floordiv__(self, other: DimLike) -> DimLike:
        from fanlight.ir import dim  # division needs bounds, which need this file

        return dim.floor_divide(self, other)

    def __rfloordiv__(self, other: DimLike) -> DimLike:
        from fanlight.ir import dim

        return dim.floor_divide(other, self)

    def __mod__(self, other: DimLike) -> DimLike:
        from fanlight.ir import dim

        return dim.modulo(self, other)

    def __rmod__(self, other: DimLike) -> DimLike:
        from fanlight.ir import dim

        return dim.modulo(other, self)

    __radd__ = __add__
    __rmul__ = __mul__

    def __repr__(self) -> str:
        return text(self)

    def __bool__(self) -> bool:
        raise TypeError(f"an open dim ({self}) has no truth value; compare with == or use its bounds")


DimLike = int | Dim


def terms_of(dim: DimLike) -> tuple[tuple[Product, int], ...]:
    """The terms of a dim; a number is one term of no atoms, zero is none."""
    if isinstance(dim, Dim):
        return dim.terms
    return (((), dim),) if dim else ()


@lru_cache(maxsize=16384)
def _order(product: Product) -> tuple[int, tuple[str, ...]]:
    """Longer products first, then by name; the constant is last."""
    return -len(product), tuple(atom.key for atom in product)


def _term_order(term: tuple[Product, int]) -> tuple[int, tuple[str, ...]]:
    return _order(term[0])


def from_terms(table: Mapping[Product, int]) -> DimLike:
    """The canonical dim of a table of coefficients, zeros among them."""
    kept = [term for term in table.items() if term[1]]
    if not kept:
        return 0
    if len(kept) == 1:
        return Dim(tuple(kept)) if kept[0][0] else kept[0][1]
    kept.sort(key=_term_order)
    return Dim(tuple(kept))


@lru_cache(maxsize=16384)
def add(a: DimLike, b: DimLike) -> DimLike:
    """`a + b`."""
    if not isinstance(a, Dim):
        if not isinstance(b, Dim):
            return a + b
        if a == 0:
            return b
    elif b == 0:
        return a
    table = dict(terms_of(a))
    for product, coefficient in terms_of(b):
        table[product] = table.get(product, 0) + coefficient
    return from_terms(table)


@lru_cache(maxsize=16384)
def multiply(a: DimLike, b: DimLike) -> DimLike:
    """`a * b`."""
    if not isinstance(a, Dim):
        if not isinstance(b, Dim):
            return a * b
        a, b = b, a
    if not isinstance(b, Dim):
        if b == 0:
            return 0
        return a if b == 1 else Dim(tuple((product, b * coefficient) for product, coefficient in a.terms))
    # The longest terms come first.
    terms, factors = len(a.terms) * len(b.terms), len(a.terms[0][0]) + len(b.terms[0][0])
    if terms > MOST_TERMS or factors > MOST_FACTORS:
        expected = f"at most {MOST_TERMS} terms of {MOST_FACTORS} factors"
        raise ShapeError("a product of open lengths", expected=expected, got=f"{terms} of {factors}")
    table: dict[Product, int] = {}
    for left, p in a.terms:
        for right, q in b.terms:
            product = tuple(sorted(left + right, key=_key)) if left and right else left + right
            table[product] = table.get(product, 0) + p * q
    return from_terms(table)


def _key(atom: Atom) -> str:
    return atom.key


def product(dims: Iterable[DimLike]) -> DimLike:
    """The product of dims; 1 for none."""
    total: DimLike = 1
    for each in dims:
        total = multiply(total, each)
    return total


def atoms(dim: DimLike) -> Iterator[Atom]:
    """The atoms of all terms, repeated where they occur repeatedly; not those inside other atoms."""
    for term, _ in terms_of(dim):
        yield from term


@lru_cache(maxsize=16384)
def sizes(dim: DimLike) -> frozenset[Size]:
    """All sizes in `dim`, inside other atoms too."""
    return frozenset(size for atom in atoms(dim) for size in atom.sizes)


@lru_cache(maxsize=16384)
def names(dim: DimLike) -> frozenset[str]:
    """The names of all sizes in `dim`, inside other atoms too."""
    return frozenset(size.name for size in sizes(dim))


def evaluate(dim: DimLike, values: Mapping[str, int]) -> int:
    """The value of `dim` where each named size has the value given."""
    if not isinstance(dim, Dim):
        return dim
    total = 0
    for product, coefficient in dim.terms:
        for atom in product:
            coefficient *= atom.evaluate(values)
        total += coefficient
    return total


def substitute(dim: DimLike, replace: Callable[[Atom], Any]) -> DimLike:
    """`dim` with atoms replaced: `replace(atom)` gives a dim, or None to look inside the atom."""
    if not isinstance(dim, Dim):
        return dim
    total: DimLike = 0
    for product, coefficient in dim.terms:
        term: DimLike = coefficient
        for atom in product:
            found = replace(atom)
            term = multiply(term, atom.substitute(replace) if found is None else found)
        total = add(total, term)
    return total


def text(dim: DimLike) -> str:
    """`dim` as it is printed and parsed: `2*batch + 1`."""
    if not isinstance(dim, Dim):
        return str(dim)
    written = ""
    for product, coefficient in dim.terms:
        if len(product) == 1 and abs(coefficient) == 1:
            factors = product[0].key if coefficient == 1 else product[0].factor
        else:
            scale = [str(abs(coefficient))] if abs(coefficient) != 1 or not product else []
            factors = "*".join(scale + [atom.factor for atom in product])
        sign = "-" if coefficient < 0 else "+"
        written += f" {sign} {factors}" if written else factors if sign == "+" else f"-{factors}"
    return written


def wrapped(dim: DimLike) -> str:
    """`dim` as it is printed beside `//`."""
    written = text(dim)
    is_one_word = not isinstance(dim, Dim) or (len(dim.terms) == 1 and "*" not in written and "//" not in written)
    return written if is_one_word else f"({written})"


def single_size(dim: DimLike) -> Size | None:
    """The size that `dim` is, if it is nothing but one."""
    if isinstance(dim, Dim) and len(dim.terms) == 1:
        factors, scale = dim.terms[0]
        if scale == 1 and len(factors) == 1 and isinstance(factors[0], Size):
            return factors[0]
    return None

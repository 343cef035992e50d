"""How is an integer expression computed? Sums of products of indices, open sizes and pointers become i32 instructions.

What was computed before is found again: scopes map what a local holds to that local, and a sum continues from the
longest part of it that a scope knows. In: dims. Out: instructions of one function. What data say, a subclass reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from fanlight.errors import CompileError
from fanlight.ir import dim as dims
from fanlight.ir.dim import Dim, DimLike
from fanlight.ir.scalar import Datum, Scalar
from fanlight.targets.wasm.assembler import I32, Function


@dataclass(frozen=True, slots=True)
class Index:
    """The value of a loop index: `local + constant`; without a local just the constant."""

    local: int | None
    constant: int = 0


# What a local can hold: ("dim", dim), ("scalar", node), ("splat", node: one value in all lanes), ("lanes:axis", node).
Item = tuple[str, DimLike | Scalar]


class Integers:
    """Emits integer expressions into `function`. `indices` are the loop indices by axis, as the emitters set them."""

    def __init__(self, function: Function, sizes: Mapping[str, int]):
        self.function = function
        self.indices: dict[str, Index] = {}
        self.numbers: frozenset[str] = frozenset()  # the indices that are just numbers now
        self._sizes = sizes
        self._pointers: dict[str, int] = {}
        self._scopes: list[dict[Item, int]] = [{}]

    @contextmanager
    def scope(self) -> Iterator[None]:
        """Each body of a loop and each branch is one: what is computed inside is forgotten at its end."""
        self._scopes.append({})
        yield
        for local in self._scopes.pop().values():
            self.function.release(local)

    @contextmanager
    def at(self, **indices: Index) -> Iterator[None]:
        """Loop indices for a while."""
        before = self.indices, self.numbers
        self.indices = before[0] | indices
        self.numbers = frozenset(name for name, index in self.indices.items() if index.local is None)
        yield
        self.indices, self.numbers = before

    def keep(self, item: Item, local: int) -> None:
        """`local` holds `item` until the innermost scope ends, and is released then."""
        self._scopes[-1][item] = local

    def known(self, item: Item) -> int | None:
        """The local that holds `item`."""
        for scope in reversed(self._scopes):
            if item in scope:
                return scope[item]
        return None

    def integer(self, dim: DimLike) -> None:
        """Pushes the value of `dim` as an i32."""
        self.push_dim(self.resolve_dim(dim))

    def resolve_dim(self, dim: DimLike, lane: str | None = None) -> DimLike:
        """`dim` where the constants of unrolled loop indices stand in place."""
        if isinstance(dim, int):
            return dim
        return dims.substitute(dim, lambda atom: self.moved(atom, lane) if isinstance(atom, dims.Size) else None)

    def moved(self, size: dims.Size, lane: str | None = None) -> DimLike | None:
        """What a loop index is replaced by. That of the `lane` stays even where it is a number to vary."""
        index = self.indices.get(size.name)
        if index is None or (not index.constant and (index.local is not None or size.name == lane)):
            return None
        return index.constant if index.local is None and size.name != lane else Dim.of(size) + index.constant

    def at_first_lane(self, dim: DimLike) -> DimLike:
        """`dim` where an index that is just a number, and left as the lane, counts from 0."""
        names = dims.names(dim) & self.numbers
        return dims.replace_sizes(dim, dict.fromkeys(names, 0)) if names else dim

    def push_dim(self, dim: DimLike) -> None:
        """Pushes a resolved dim."""
        function = self.function
        if isinstance(dim, int):
            function.const(_wrapped(dim))
            return
        local = self.known(("dim", dim))
        if local is not None:
            function.get(local)
            return
        begun = False
        local, rest = self._known_part(dim)
        if local is not None:
            function.get(local)
            begun = True
        for term in self.terms(rest):
            if isinstance(term, int):
                function.const(_wrapped(term))
                function.emit("i32.add")
            elif term.terms[0][1] < 0:
                if not begun:
                    function.const(0)
                self._push_term(-term)
                function.emit("i32.sub")
            else:
                self._push_term(term)
                if begun:
                    function.emit("i32.add")
            begun = True

    def dim_parts(self, dim: DimLike) -> list[DimLike]:
        """What is worth a local on the way to `dim`: the terms that no local holds yet, or what is inside a term."""
        if not isinstance(dim, Dim):
            return []
        _, rest = self._known_part(dim)
        terms = [t if t.terms[0][1] > 0 else -t for t in self.terms(rest) if isinstance(t, Dim)]
        if [*terms] != [dim]:
            return [t for t in terms if not self.is_plain(t)]
        found: list[DimLike] = []
        for atom in dim.terms[0][0]:
            if isinstance(atom, (dims.Floor, dims.Least, dims.Greatest)):
                found += [side for side in (atom.left, atom.right) if not self.is_plain(side)]
        return found

    @staticmethod
    def dim_data(dim: DimLike) -> list[Scalar]:
        """The scalar expressions that stand directly in the terms of `dim`."""
        if not isinstance(dim, Dim):
            return []
        return [atom.scalar for product, _ in dim.terms for atom in product if isinstance(atom, Datum)]

    @staticmethod
    def is_plain(dim: DimLike) -> bool:
        """Is `dim` a number, or what some local or global holds already?"""
        if isinstance(dim, int):
            return True
        (product, scale), *more = dim.terms
        return not more and scale == 1 and len(product) == 1 and isinstance(product[0], dims.Size)

    def terms(self, dim: DimLike) -> list[Dim | int]:
        """The terms of a sum, with one that is added first and the constant last."""
        if isinstance(dim, int):
            return [dim] if dim else []
        terms = [(product, scale) for product, scale in dim.terms if product]
        terms.sort(key=lambda term: (term[1] < 0, not self._is_pointer(term[0])))
        found: list[Dim | int] = [Dim((term,)) for term in terms]
        return found + [scale for product, scale in dim.terms if not product]

    def _is_pointer(self, product: dims.Product) -> bool:
        return len(product) == 1 and isinstance(product[0], dims.Size) and product[0].name in self._pointers

    def _known_part(self, dim: Dim) -> tuple[int | None, DimLike]:
        """The local that holds the most terms of `dim`, and what is left to add."""
        best, most, terms = None, 1, dict(dim.terms)
        for scope in self._scopes:
            for kind, held in scope:
                if kind != "dim" or not isinstance(held, Dim) or len(held.terms) <= most:
                    continue
                if all(terms.get(product) == scale for product, scale in held.terms):
                    best, most = held, len(held.terms)
        return (None, dim) if best is None else (self.known(("dim", best)), dim - best)

    def _push_term(self, term: DimLike) -> None:
        """Pushes one product, whose coefficient is positive."""
        assert isinstance(term, Dim)
        function = self.function
        local = self.known(("dim", term))
        if local is not None:
            function.get(local)
            return
        ((product, scale),) = term.terms
        for position, atom in enumerate(product):
            self._push_atom(atom)
            if position:
                function.emit("i32.mul")
        if scale & (scale - 1) == 0:
            if scale > 1:
                function.const(scale.bit_length() - 1)
                function.emit("i32.shl")
        else:
            function.const(_wrapped(scale))
            function.emit("i32.mul")

    def _push_atom(self, atom: dims.Atom) -> None:
        function = self.function
        if isinstance(atom, dims.Size):
            self._push_size(atom.name)
        elif isinstance(atom, dims.Floor):
            self._push_floor(atom)
        elif isinstance(atom, Datum):
            self.push_datum(atom.scalar)
        elif isinstance(atom, (dims.Least, dims.Greatest)):
            with self._held(atom.left) as left, self._held(atom.right) as right:
                for push in (left, right, left, right):
                    push()
                function.emit("i32.lt_s" if isinstance(atom, dims.Least) else "i32.gt_s")
                function.emit("select")
        else:
            raise CompileError(
                "index expression", expected="sizes, floors, min, max or data", got=atom, at=function.name
            )

    def _push_size(self, name: str) -> None:
        index = self.indices.get(name)
        if index is not None and index.local is not None:
            self.function.get(index.local)
        elif name in self._pointers:
            self.function.get(self._pointers[name])
        elif name in self._sizes:
            self.function.emit("global.get", self._sizes[name])
        else:
            known = sorted([*self.indices, *self._sizes])
            raise CompileError(
                "index expression", expected=f"one of {known}", got=f"size {name!r}", at=self.function.name
            )

    def _push_floor(self, atom: dims.Floor) -> None:
        """Division rounds towards zero, so a multiple of the divisor first makes the dividend positive."""
        function, (low, _) = self.function, dims.bounds(atom.left)
        right = atom.right
        if isinstance(right, int) and right & (right - 1) == 0:
            self.push_dim(atom.left)
            function.const(right.bit_length() - 1)
            function.emit("i32.shr_s")
            return
        lift = max(0, -(low // max(1, dims.bounds(right)[0])))
        self.push_dim(atom.left + lift * right if lift else atom.left)
        self.push_dim(right)
        function.emit("i32.div_u")
        if lift:
            function.const(lift)
            function.emit("i32.sub")

    @contextmanager
    def _held(self, dim: DimLike) -> Iterator[Callable[[], None]]:
        """Gives what pushes `dim`, computed once."""
        if self.is_plain(dim):
            yield lambda: self.push_dim(dim)
            return
        self.push_dim(dim)
        local = self.function.local(I32)
        self.function.set(local)
        yield lambda: self.function.get(local)
        self.function.release(local)

    def push_datum(self, node: Scalar) -> None:
        raise NotImplementedError(f"{type(self).__name__} has no push_datum")


def _wrapped(value: int) -> int:
    """`value` modulo 2^32, as addresses are."""
    return (value + (1 << 31)) % (1 << 32) - (1 << 31)

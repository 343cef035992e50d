"""What is the sum of products of two arrays over the axes that they share? One row, in Einstein's notation.

What `einsum` can have besides (one operand or many, repeated letters, letters of one operand that are summed) is
brought into this form in `summation`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from fanlight.errors import ShapeError
from fanlight.ir.dim import DimLike
from fanlight.ir.graph import Op, Value
from fanlight.ir.kernel import Axis, Nest, make_axes
from fanlight.ir.scalar import make, read
from fanlight.ir.types import Shape, Type
from fanlight.ops import functions as fn
from fanlight.ops.base import check_arity, check_dtype, listed
from fanlight.ops.matmul import SUMMED
from fanlight.ops.sample import Sample, sample


@dataclass(frozen=True)
class Einsum(Op):
    """`Einsum("ik", "kj", "ij")` is a matrix product: a letter stands for an axis, and those of no result are summed.

    No letter comes twice in an operand; one of an operand is in the other operand or in the result; one at least is
    summed.
    """

    name = "einsum"
    a: str
    b: str
    out: str

    def infer(self, *types: Type) -> Type:
        check_arity(self, types, 2)
        check_dtype(self, SUMMED, *types)
        extents = self.extents(types)
        return Type(types[0].dtype, tuple(extents[letter] for letter in self.out))

    def extents(self, types: tuple[Type, ...]) -> dict[str, DimLike]:
        """The length of each letter's axis; raises ShapeError where two do not agree, or where letters do not fit."""
        lone = {*self.a} ^ {*self.b}
        if any(len({*each}) != len(each) for each in (self.a, self.b, self.out)) or not lone <= {*self.out}:
            raise ShapeError(self.name, expected="distinct letters, each used twice", got=(self.a, self.b, self.out))
        if not {*self.out} < {*self.a, *self.b} or (len(self.a), len(self.b)) != tuple(t.rank for t in types):
            got = f"{listed(types)} for {self.a}, {self.b} -> {self.out}"
            raise ShapeError(self.name, expected="a letter for each axis, and one that is summed", got=got)
        extents: dict[str, DimLike] = {}
        for letters, type in zip((self.a, self.b), types, strict=True):
            for letter, extent in zip(letters, type.shape, strict=True):
                if extents.setdefault(letter, extent) != extent:
                    raise ShapeError(self.name, expected="equal lengths", got=listed(types), at=f"letter {letter!r}")
        return extents

    def nest(self, *types: Type) -> Nest:
        axes = make_axes(self.infer(*types).shape)
        extents = self.extents(types)
        summed = [letter for letter in self.a if letter not in self.out]
        reduced = tuple(Axis(f"r{k}", extents[letter]) for k, letter in enumerate(summed))
        index = {letter: axis.index for letter, axis in zip((*self.out, *summed), (*axes, *reduced), strict=True)}
        a, b = (
            read(slot, tuple(index[letter] for letter in letters), types[slot].dtype)
            for slot, letters in enumerate((self.a, self.b))
        )
        return Nest(axes, make("mul", a, b), reduced, "add")

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> tuple[Value | None, ...]:
        a, b = xs
        return fn.contracted(self.out, g, self.b, b, self.a), fn.contracted(self.a, a, self.out, g, self.b)

    def reference(self, *arrays: Any) -> Any:
        import numpy

        return numpy.einsum(f"{self.a},{self.b}->{self.out}", *arrays)

    @classmethod
    def samples(cls) -> Iterable[Sample]:
        cases: tuple[tuple[str, str, str, Shape, Shape], ...] = (
            *(("i", "i", "", (17,), (17,)), ("ik", "kj", "ij", (3, 5), (5, 9)), ("ki", "jk", "ij", (3, 2), (9, 3))),
            *(
                ("btnh", "bsnh", "bnts", (2, 3, 2, 4), (2, 5, 2, 4)),
                ("bnts", "bsnh", "btnh", (1, 2, 3, 4), (1, 4, 2, 5)),
            ),
            *(
                ("ibk", "kb", "ib", (2, 3, 4), (4, 3)),
                ("ijk", "jkl", "li", (2, 3, 4), (3, 4, 5)),
                ("ij", "ij", "", (2, 3), (2, 3)),
            ),
            ("ik", "kj", "ij", (2, 0), (0, 3)),
        )
        for first, second, out, x, y in cases:
            yield sample(cls(first, second, out), (x, "normal"), (y, "normal"))
        yield sample(cls("ik", "kj", "ji"), ((3, 2), "any", "int32"), ((2, 3), "any", "int32"))

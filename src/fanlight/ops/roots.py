"""Which numbers have the power 1? A row without operands: the table of roots of unity that a Fourier transform is."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from fanlight.errors import ShapeError
from fanlight.ir.graph import Op, Value
from fanlight.ir.kernel import Nest, make_axes
from fanlight.ir.scalar import cast, const, index, make, select
from fanlight.ir.types import Type
from fanlight.ops.base import check_arity, described, indices
from fanlight.ops.sample import Sample, sample

LARGEST = 2**28  # so that eight steps of a turn are an int32


@dataclass(frozen=True)
class Roots(Op):
    """`out[c, d, j, k]`: what part c of a number adds to part d of its product with exp(2 pi i j k / length).

    Part 0 is real, part 1 imaginary. Quarter turns are taken off in integers, so that sines and cosines have arguments
    in -pi/4 .. pi/4 only.
    """

    name = "roots"
    rows: int
    columns: int
    length: int

    def infer(self, *types: Type) -> Type:
        check_arity(self, types, 0)
        if min(self.rows, self.columns, self.length) < 1 or self.length > LARGEST:
            raise ShapeError(self.name, expected=f"lengths in 1 .. {LARGEST}", got=described(self))
        return Type("float32", (2, 2, self.rows, self.columns))

    def nest(self, *types: Type) -> Nest:
        axes = make_axes(self.infer(*types).shape)
        c, d, j, k = indices(axes)
        n = const(self.length, "int32")
        steps = make("remainder", index(j) * index(k), n)
        quarter = make("quotient", steps * 8 + n, n * 2)  # of a turn, to the nearest
        rest = cast(steps * 4 - quarter * n, "float32") * (math.pi / 2 / self.length)
        cosine, sine = make("cos", rest), make("sin", rest)
        turn = quarter + select(make("eq", index(c), index(d)), const(0, "int32"), const(3, "int32"))
        value = select(make("ne", turn & 1, const(0, "int32")), sine, cosine)  # the cosine of so many quarters more
        value = select(make("ne", (turn + 1) & 2, const(0, "int32")), -value, value)
        is_back = make("gt", index(c), index(d))  # the imaginary part takes the sine from the real one
        return Nest(axes, select(is_back, -value, value))

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> tuple[Value | None, ...]:
        return ()

    def reference(self, *arrays: Any) -> Any:
        import numpy

        steps = numpy.outer(numpy.arange(self.rows), numpy.arange(self.columns)) % self.length
        angles = 2 * numpy.pi * steps / self.length
        real, imaginary = numpy.cos(angles), numpy.sin(angles)
        return numpy.array([[real, imaginary], [-imaginary, real]])

    @classmethod
    def samples(cls) -> Iterable[Sample]:
        for rows, columns, length in ((1, 1, 1), (2, 4, 4), (3, 5, 7), (8, 8, 8), (2, 17, 16), (5, 3, 1000)):
            yield sample(cls(rows, columns, length))

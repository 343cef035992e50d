"""How are whole numbers scaled by fractions? Products of which the upper half is kept, shifts that round; no gradients.

Both are exact in int32, lane by lane, as gemmlowp and ARM's SQRDMULH and SRSHR have them: 8-bit networks are defined by
them. Source: gemmlowp, fixedpoint/fixedpoint.h.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from fanlight.errors import DtypeError
from fanlight.ir.graph import Op, Value
from fanlight.ir.scalar import Scalar, const, make
from fanlight.ops.base import Elementwise
from fanlight.ops.elementwise import Gradients

WORD = "int32"


def number(value: int) -> Scalar:
    return const(value, WORD)


def upper(x: Scalar) -> Scalar:
    """The upper 16 bits, with the sign."""
    return make("shift_right", x, number(16))


def lower(x: Scalar) -> Scalar:
    """The lower 16 bits, from 0 up."""
    return make("and", x, number(0xFFFF))


@dataclass(frozen=True)
class HighMultiply(Elementwise):
    """x * y / 2^31, rounded: floor((x * y + 2^30) / 2^31), modulo 2^32."""

    name = "high_multiply"
    arity = 2
    accepts = (WORD,)

    def scalar(self, *args: Scalar) -> Scalar:
        """With x = a * 2^16 + b, y = c * 2^16 + d: x*y = ac * 2^32 + (ad + bc) * 2^16 + bd."""
        x, y = args
        a, b, c, d = upper(x), lower(x), upper(y), lower(y)
        first = make("add", make("mul", a, d), lower(upper(make("mul", b, d))))
        second = make("add", make("mul", b, c), lower(first))
        high = make("add", make("add", make("mul", a, c), upper(first)), upper(second))
        two = make("and", make("shift_right", make("mul", x, y), number(30)), number(3))  # the upper bits of the rest
        rest = make("shift_right", make("add", two, number(1)), number(1))
        return make("add", make("add", high, high), rest)

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> Gradients:
        return None, None

    def reference(self, *arrays: Any) -> Any:
        import numpy

        x, y = (each.astype("int64") for each in arrays)
        with numpy.errstate(over="ignore"):
            return ((x * y + (1 << 30)) >> 31).astype("int32")


@dataclass(frozen=True)
class RoundingShift(Elementwise):
    """x / 2^places, rounded to the nearest whole number, halves away from 0."""

    name = "rounding_shift"
    accepts = (WORD,)
    places: int

    def result(self, *dtypes: str) -> str:
        if not 1 <= self.places <= 30:
            raise DtypeError(self.name, expected="from 1 to 30 places", got=self.places)
        return super().result(*dtypes)

    def scalar(self, *args: Scalar) -> Scalar:
        (x,) = args
        places = number(self.places)
        rest = make("and", x, number((1 << self.places) - 1))
        sign = make("shift_right", x, number(31))
        half = make("add", make("add", rest, number(1 << (self.places - 1))), sign)
        return make("add", make("shift_right", x, places), make("shift_right", half, places))

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> Gradients:
        return (None,)

    def reference(self, *arrays: Any) -> Any:
        import numpy

        x = arrays[0].astype("int64")
        half = 1 << (self.places - 1)
        return (numpy.sign(x) * ((abs(x) + half) >> self.places)).astype("int32")

    @classmethod
    def instances(cls) -> Iterable[Op]:
        return cls(1), cls(9), cls(30)

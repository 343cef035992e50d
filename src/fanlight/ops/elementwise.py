"""What is arithmetic, element by element? The rows of + - * / and their like, of rounding, and of sign and extremes.

Each row: the scalar expression, the gradient, the reference. Knows no broadcasting: that is in `functions`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from fanlight.ir.graph import Op, Value
from fanlight.ir.scalar import Scalar, const, make, select
from fanlight.ir.types import is_float
from fanlight.ops import functions as fn
from fanlight.ops.base import NUMBERS, Elementwise

Gradients = tuple[Value | None, ...]


@dataclass(frozen=True)
class Add(Elementwise):
    """x + y; integers wrap."""

    name = "add"
    arity, accepts = 2, NUMBERS

    def scalar(self, *args: Scalar) -> Scalar:
        return args[0] + args[1]

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> Gradients:
        return g, g

    def reference(self, *arrays: Any) -> Any:
        return arrays[0] + arrays[1]


@dataclass(frozen=True)
class Subtract(Elementwise):
    """x - y; integers wrap."""

    name = "subtract"
    arity, accepts = 2, NUMBERS

    def scalar(self, *args: Scalar) -> Scalar:
        return args[0] - args[1]

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> Gradients:
        return g, fn.negative(g)

    def reference(self, *arrays: Any) -> Any:
        return arrays[0] - arrays[1]


@dataclass(frozen=True)
class Multiply(Elementwise):
    """x * y; integers wrap."""

    name = "multiply"
    arity, accepts = 2, NUMBERS

    def scalar(self, *args: Scalar) -> Scalar:
        return args[0] * args[1]

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> Gradients:
        return fn.multiply(g, xs[1]), fn.multiply(g, xs[0])

    def reference(self, *arrays: Any) -> Any:
        return arrays[0] * arrays[1]


@dataclass(frozen=True)
class Divide(Elementwise):
    """x / y by IEEE 754: x/0 is an infinity, 0/0 is NaN."""

    name = "divide"
    arity = 2
    finite = "positive"

    def scalar(self, *args: Scalar) -> Scalar:
        return args[0] / args[1]

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> Gradients:
        part = fn.divide(g, xs[1])
        return part, fn.negative(fn.multiply(part, y))

    def reference(self, *arrays: Any) -> Any:
        return arrays[0] / arrays[1]


def integer_quotient(x: Scalar, y: Scalar) -> tuple[Scalar, Scalar]:
    """x // y towards minus infinity, and x % y with the sign of y; both 0 where y is 0, as NumPy has it.

    Division traps on 0 and on smallest // -1: both divisors are replaced by 1 first.
    """
    zero, one = const(0, x.dtype), const(1, x.dtype)
    is_zero = make("eq", y, zero)
    if x.dtype.startswith("uint"):
        safe = select(is_zero, one, y)
        return select(is_zero, zero, make("quotient", x, safe)), select(is_zero, zero, make("remainder", x, safe))
    is_minus_one = make("eq", y, const(-1, x.dtype))
    safe = select(make("or", is_zero, is_minus_one), one, y)
    remainder = make("remainder", x, safe)
    signs_differ = make("ne", make("lt", remainder, zero), make("lt", safe, zero))
    inexact = make("and", make("ne", remainder, zero), signs_differ)
    quotient = make("quotient", x, safe) - select(inexact, one, zero)
    quotient = select(is_zero, zero, select(is_minus_one, -x, quotient))
    return quotient, remainder + select(inexact, safe, zero)


def float_remainder(x: Scalar, y: Scalar) -> Scalar:
    """x - floor(x/y)*y, moved by one y where rounding took it out of its interval; 0 where that is not enough.

    Within an ulp of x while |x/y| < 2^24. An infinite y gives x or y, as the signs ask, like NumPy's `fmod` plus y.
    """
    zero = const(0.0)
    upwards = make("gt", y, zero)

    def is_below(value: Scalar) -> Scalar:
        return select(upwards, make("lt", value, zero), make("gt", value, zero))

    def is_beyond(value: Scalar) -> Scalar:
        return select(upwards, make("ge", value, y), make("le", value, y))

    remainder = x - make("floor", x / y) * y
    remainder = select(is_below(remainder), remainder + y, select(is_beyond(remainder), remainder - y, remainder))
    remainder = select(make("or", is_below(remainder), is_beyond(remainder)), zero, remainder)
    is_simple = make("and", make("eq", make("abs", y), const(math.inf)), make("lt", make("abs", x), const(math.inf)))
    return select(is_simple, select(is_below(x), y, x), remainder)


@dataclass(frozen=True)
class FloorDivide(Elementwise):
    """The largest whole number not above x / y. For integers, 0 where y is 0."""

    name = "floor_divide"
    arity, accepts = 2, NUMBERS
    finite = "positive"

    def scalar(self, *args: Scalar) -> Scalar:
        x, y = args
        return make("floor", x / y) if is_float(x.dtype) else integer_quotient(x, y)[0]

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> Gradients:
        return None, None

    def reference(self, *arrays: Any) -> Any:
        import numpy

        x, y = arrays
        return numpy.floor(x / y) if x.dtype.kind == "f" else x // y


@dataclass(frozen=True)
class Modulo(Elementwise):
    """x - floor(x / y) * y: the remainder that has the sign of y. For integers, 0 where y is 0."""

    name = "mod"
    arity, accepts = 2, NUMBERS
    finite, specials = "positive", "special"

    def scalar(self, *args: Scalar) -> Scalar:
        x, y = args
        return float_remainder(x, y) if is_float(x.dtype) else integer_quotient(x, y)[1]

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> Gradients:
        return g, fn.negative(fn.multiply(g, fn.floor_divide(*xs)))

    def reference(self, *arrays: Any) -> Any:
        return arrays[0] % arrays[1]


@dataclass(frozen=True)
class Negative(Elementwise):
    """-x; integers wrap."""

    name = "negative"
    accepts = NUMBERS

    def scalar(self, *args: Scalar) -> Scalar:
        return -args[0]

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> Gradients:
        return (fn.negative(g),)

    def reference(self, *arrays: Any) -> Any:
        return -arrays[0]


@dataclass(frozen=True)
class Absolute(Elementwise):
    """|x|; the smallest integer is its own. `kink` is the slope at 0: 1 (Keras on JAX) or 0 (PyTorch, TensorFlow)."""

    name = "absolute"
    accepts = ("float32", "int32", "int64", "int8")
    kink: int = 1

    @classmethod
    def instances(cls) -> Iterable[Op]:
        return cls(), cls(kink=0)

    def scalar(self, *args: Scalar) -> Scalar:
        return make("abs", args[0])

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> Gradients:
        if self.kink == 0:
            return (fn.multiply(g, fn.sign(xs[0])),)
        return (fn.where(fn.greater_equal(xs[0], 0), g, fn.negative(g)),)

    def reference(self, *arrays: Any) -> Any:
        import numpy

        return numpy.abs(arrays[0])


@dataclass(frozen=True)
class Sign(Elementwise):
    """-1, 0 or 1; zeros and NaN stay as they are."""

    name = "sign"
    accepts = ("float32", "int32", "int64", "int8")

    def scalar(self, *args: Scalar) -> Scalar:
        x = args[0]
        zero, one = const(0, x.dtype), const(1, x.dtype)
        return select(make("gt", x, zero), one, select(make("lt", x, zero), -one, x))

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> Gradients:
        return (None,)

    def reference(self, *arrays: Any) -> Any:
        import numpy

        return numpy.where(arrays[0] == 0, arrays[0], numpy.sign(arrays[0]))


class _Extreme(Elementwise):
    """What minimum and maximum share. NaN wins; -0 is below +0."""

    arity, accepts = 2, NUMBERS
    ties: str = "split"

    @classmethod
    def instances(cls) -> Iterable[Op]:
        return tuple(cls(ties=ties) for ties in TIES)  # type: ignore[call-arg]

    def _share(self, g: Value, wins: Value, loses: Value) -> Gradients:
        nothing = fn.zeros_like(g)
        if self.ties == "first":
            return fn.where(loses, nothing, g), fn.where(loses, g, nothing)
        if self.ties == "second":
            return fn.where(wins, g, nothing), fn.where(wins, nothing, g)
        half = fn.multiply(g, 0.5)
        first = fn.where(wins, g, fn.where(loses, nothing, half))
        return first, fn.where(loses, g, fn.where(wins, nothing, half))


TIES = (
    "split",
    "first",
    "second",
)  # who gets the gradient where both are equal: half each (JAX, PyTorch), or one of them


@dataclass(frozen=True)
class Maximum(_Extreme):
    """The larger one. `ties`: see TIES."""

    name = "maximum"
    ties: str = "split"

    def scalar(self, *args: Scalar) -> Scalar:
        return make("max", *args)

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> Gradients:
        return self._share(g, fn.greater(*xs), fn.less(*xs))

    def reference(self, *arrays: Any) -> Any:
        import numpy

        return numpy.maximum(*arrays)


@dataclass(frozen=True)
class Minimum(_Extreme):
    """The smaller one. `ties`: see TIES."""

    name = "minimum"
    ties: str = "split"

    def scalar(self, *args: Scalar) -> Scalar:
        return make("min", *args)

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> Gradients:
        return self._share(g, fn.less(*xs), fn.greater(*xs))

    def reference(self, *arrays: Any) -> Any:
        import numpy

        return numpy.minimum(*arrays)


@dataclass(frozen=True)
class StopGradient(Elementwise):
    """x, through which no gradient flows."""

    name = "stop_gradient"
    accepts = (*NUMBERS, "bool")

    def scalar(self, *args: Scalar) -> Scalar:
        return args[0]

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> Gradients:
        return (None,)

    def reference(self, *arrays: Any) -> Any:
        return arrays[0]


@dataclass(frozen=True)
class Recalled(Elementwise):
    """The second of two equal values, one computed anew and one kept from before; the gradient is the first one's."""

    name = "recalled"
    arity = 2
    accepts = ("float32",)

    def scalar(self, *args: Scalar) -> Scalar:
        return args[1]

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> Gradients:
        return g, None

    def reference(self, *arrays: Any) -> Any:
        return arrays[1]


class _Rounding(Elementwise):
    """Towards a whole number; the gradient is zero."""

    def scalar(self, *args: Scalar) -> Scalar:
        return make({"round": "nearest"}.get(self.name, self.name), args[0])

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> Gradients:
        return (None,)

    def reference(self, *arrays: Any) -> Any:
        import numpy

        return getattr(numpy, self.name)(arrays[0])


@dataclass(frozen=True)
class Floor(_Rounding):
    """The largest whole number not above x."""

    name = "floor"


@dataclass(frozen=True)
class Ceil(_Rounding):
    """The smallest whole number not below x."""

    name = "ceil"


@dataclass(frozen=True)
class Trunc(_Rounding):
    """The whole number next to x towards zero."""

    name = "trunc"


@dataclass(frozen=True)
class Round(_Rounding):
    """The nearest whole number, the even one of two."""

    name = "round"

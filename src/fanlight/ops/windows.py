"""Which weights fade a signal in and out? The windows of signal processing, of a known length. float32.

Differs from Keras in all: the length is a known number, not a value.
"""

from __future__ import annotations

import math

from fanlight.errors import ShapeError
from fanlight.ir.graph import Value
from fanlight.ops.elementary import i0
from fanlight.ops.pointwise import absolute, add, cos, divide, maximum, multiply, sqrt, square, subtract
from fanlight.ops.promote import Operand
from fanlight.ops.shapes import arange, ones

__all__ = ["bartlett", "blackman", "hamming", "hanning", "kaiser"]


def bartlett(x: int) -> Value:
    """A triangle of x weights, from 0 up to 1 and down to 0: 1 - |t|, t going from -1 to 1.

    Differs: the length is a known number."""
    return ones(_length(x)) if x < 2 else subtract(1.0, absolute(_ramp(x)))


def hanning(x: int) -> Value:
    """x weights (1 + cos(pi t)) / 2, t going from -1 to 1.

    Differs: the length is a known number."""
    return _cosines(x, 0.5, 0.5)


def hamming(x: int) -> Value:
    """x weights 0.54 + 0.46 cos(pi t), t going from -1 to 1.

    Differs: the length is a known number."""
    return _cosines(x, 0.54, 0.46)


def blackman(x: int) -> Value:
    """x weights 0.42 + 0.5 cos(pi t) + 0.08 cos(2 pi t), t going from -1 to 1.

    Differs: the length is a known number."""
    return _cosines(x, 0.42, 0.5, 0.08)


def kaiser(x: int, beta: Operand) -> Value:
    """x weights i0(beta sqrt(1 - t^2)) / i0(beta), t going from -1 to 1.

    Differs: the length is a known number."""
    if x < 2:
        return ones(_length(x))
    bow = sqrt(maximum(subtract(1.0, square(_ramp(x))), 0.0))
    return divide(i0(multiply(bow, beta)), i0(beta))


def _length(x: int) -> int:
    if not isinstance(x, int) or x < 0:
        raise ShapeError("a window", expected="a known length of at least 0", got=repr(x))
    return x


def _ramp(x: int) -> Value:
    """x numbers from -1 to 1."""
    return multiply(arange(1 - _length(x), x, 2, "float32"), 1 / (x - 1))


def _cosines(x: int, *weights: float) -> Value:
    if _length(x) < 2:
        return ones(x)
    first, *rest = weights
    waves = [multiply(cos(multiply(_ramp(x), math.pi * k)), weight) for k, weight in enumerate(rest, 1)]
    total = waves[0]
    for wave in waves[1:]:
        total = add(total, wave)
    return add(total, first)

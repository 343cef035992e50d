"""What are the parts of complex numbers? Of real numbers, and of pairs (real, imaginary), which stand for complex ones.

There is no complex dtype: what is complex in Keras is such a pair here.
"""

from __future__ import annotations

import math

from fanlight.errors import ShapeError
from fanlight.ir.graph import Value
from fanlight.ops.bits import bitcast
from fanlight.ops.fourier import Pair
from fanlight.ops.pointwise import cast, isnan, less, negative, where
from fanlight.ops.promote import Operand, as_value
from fanlight.ops.shapes import stack, zeros_like
from fanlight.ops.trigonometry import arctan2

__all__ = ["angle", "conj", "conjugate", "imag", "real", "view_as_complex", "view_as_real"]


def _parts(x: Operand | Pair) -> tuple[Value, Value | None]:
    """The real part, and the imaginary one of a pair."""
    if not isinstance(x, tuple):
        return as_value(x), None
    real, imaginary = (cast(part, "float32") for part in x)
    if real.shape != imaginary.shape:
        raise ShapeError("a complex array", expected=f"two parts {real.type}", got=imaginary.type)
    return real, imaginary


def real(x: Operand | Pair) -> Value:
    """The real part: of a real number, x."""
    return _parts(x)[0]


def imag(x: Operand | Pair) -> Value:
    """The imaginary part: of a real number, 0."""
    value, imaginary = _parts(x)
    return zeros_like(value) if imaginary is None else imaginary


def conjugate(x: Operand | Pair) -> Value | Pair:
    """The number with the opposite imaginary part: of a real number, x.

    Differs: complex arrays are pairs (real, imaginary)."""
    value, imaginary = _parts(x)
    return value if imaginary is None else (value, negative(imaginary))


conj = conjugate


def angle(x: Operand | Pair) -> Value:
    """The angle in the complex plane: of a real number 0, or pi where its sign is negative (of -0 too). float32."""
    value, imaginary = _parts(x)
    if imaginary is not None:
        return arctan2(imaginary, value)
    value = cast(value, "float32")
    return where(isnan(value), math.nan, where(less(bitcast(value, "int32"), 0), math.pi, 0.0))


def view_as_complex(x: Operand) -> Pair:
    """The numbers along the last axis, two each, as the parts of complex numbers.

    Differs: complex arrays are pairs (real, imaginary)."""
    value = cast(x, "float32")
    if value.rank == 0 or value.shape[-1] != 2:
        raise ShapeError("view_as_complex", expected="a last axis of length 2", got=value.type)
    return value[..., 0], value[..., 1]


def view_as_real(x: Operand | Pair) -> Value:
    """The parts of complex numbers along a new last axis of length 2.

    Differs: complex arrays are pairs (real, imaginary)."""
    return stack([real(x), imag(x)], -1)

"""How is a polynomial written as a scalar expression, how a sign is put on a number? For rows that need them.

Coefficients come from tools/special_polynomials.py.
"""

from __future__ import annotations

from collections.abc import Sequence

from fanlight.ir.scalar import Scalar, bitcast, const

SIGN_BIT = -(2**31)


def polynomial(coefficients: Sequence[float], x: Scalar) -> Scalar:
    """Horner's rule; the coefficient of the lowest power comes first."""
    *rest, total = (const(c) for c in coefficients)
    for c in reversed(rest):
        total = total * x + c
    return total


def with_sign(magnitude: Scalar, x: Scalar) -> Scalar:
    """`magnitude`, which is not negative, with the sign of x, of -0 too."""
    return bitcast(bitcast(magnitude, "int32") | (bitcast(x, "int32") & SIGN_BIT), "float32")

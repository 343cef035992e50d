"""Derives the polynomials of inverse trigonometric, error and Bessel functions: `python tools/special_polynomials.py`.

They stand in src/fanlight/ops/trigonometric.py and special.py. The method is that of polynomials.py; the values of
erfc and of the Bessel functions are SciPy's, in float64.
"""

from __future__ import annotations

import math

import numpy as np
from polynomials import float32_polynomial, series, show, wide
from scipy import special


def arctan_terms(k: int) -> float:
    return (-1) ** (k + 1) / (2 * k + 3)


def arcsin_terms(k: int) -> float:
    return math.comb(2 * k + 2, k + 1) / 4 ** (k + 1) / (2 * k + 3)


def scaled_erfc(q: np.ndarray) -> np.ndarray:
    """(1 + x) e^(x^2) erfc(x) for q = (x - 3) / (x + 3)."""
    x = (3 * (1 + q) / (1 - q)).astype(float)
    return wide(1) * special.erfcx(x) * (1 + x)


def bessel(order: int, z: np.ndarray, first: int = 0) -> np.ndarray:
    """The series of I0(x) or 2 I1(x) / x in z = (x / 2)^2, from term number `first` on, over z^first."""
    return series(lambda k: 1 / math.factorial(k + first) / math.factorial(k + first + order), z, 60)


def main() -> None:
    # arctan(x) = x (1 + z A(z)) with z = x^2, up to tan(pi / 8)
    top = math.tan(math.pi / 8) ** 2
    show("ARCTAN", float32_polynomial(lambda z: series(arctan_terms, z), lambda z: z, range(4), 0, top))
    # arcsin(x) = x (1 + z S(z)) with z = x^2, up to 1/2
    show("ARCSIN", float32_polynomial(lambda z: series(arcsin_terms, z, 60), lambda z: z, range(5), 0, 0.25))
    # erfc(x) = E(q) exp(-x^2) / (1 + x) with q = (x - 3) / (x + 3), for x from 0 to 10.1, where it is 0 in float32
    end = (10.1 - 3) / (10.1 + 3)
    show("ERFC", float32_polynomial(scaled_erfc, lambda q: 1 / scaled_erfc(q), range(10), -1, end))
    # I0(x) = 1 + z P(z) with z = (x / 2)^2 up to x = 8, above: exp(x) / sqrt(x) Q(1 / x); I1 alike, times x / 2
    for order, scaled, count in ((0, special.i0e, 10), (1, special.i1e, 9)):

        def near(z: np.ndarray, order: int = order) -> np.ndarray:
            return bessel(order, z, 1)

        def weight(z: np.ndarray, order: int = order) -> np.ndarray:
            return z / bessel(order, z)

        def far(u: np.ndarray, scaled: np.ufunc = scaled) -> np.ndarray:
            return wide(1) * scaled(1 / u.astype(float)) / np.sqrt(u.astype(float))

        show(f"I{order}_NEAR", float32_polynomial(near, weight, range(count), 0, 16))
        show(f"I{order}_FAR", float32_polynomial(far, lambda u, far=far: 1 / far(u), range(6), 1 / 1000, 1 / 8))


if __name__ == "__main__":
    main()

"""Derives the polynomials of inverse trigonometric, error and Bessel functions: `python tools/special_polynomials.py`.

They stand in src/fanlight/ops/trigonometric.py and special.py. The method is that of polynomials.py; the values of
erfc and of the Bessel functions are SciPy's, in float64.
"""

from __future__ import annotations

import math

import numpy as np
from polynomials import float32_polynomial, series, show, wide
from scipy import special


def main() -> None:
    # arctan(x) = x (1 + z A(z)) with z = x^2, up to tan(pi / 8)
    top = math.tan(math.pi / 8) ** 2
    arctan = lambda k: (-1) ** (k + 1) / (2 * k + 3)  # noqa: E731
    show("ARCTAN", float32_polynomial(lambda z: series(arctan, z), lambda z: z, range(4), 0, top))
    # arcsin(x) = x (1 + z S(z)) with z = x^2, up to 1/2
    arcsin = lambda k: math.comb(2 * k + 2, k + 1) / 4 ** (k + 1) / (2 * k + 3)  # noqa: E731
    show("ARCSIN", float32_polynomial(lambda z: series(arcsin, z, 60), lambda z: z, range(5), 0, 0.25))
    # erfc(x) = E(q) exp(-x^2) / (1 + x) with q = (x - 3) / (x + 3), for x from 0 to 10.1, where it is 0 in float32
    erfcx = lambda q: wide(1) * scaled_erfc(3 * (1 + q) / (1 - q))  # noqa: E731
    end = (10.1 - 3) / (10.1 + 3)
    show("ERFC", float32_polynomial(erfcx, lambda q: 1 / erfcx(q), range(10), -1, end))
    # I0(x) = 1 + z P(z) with z = (x / 2)^2 up to x = 8, above: exp(x) / sqrt(x) Q(1 / x); I1 alike, times x / 2
    small = lambda order: (
        lambda z: series(  # noqa: E731
            lambda k: 1 / math.factorial(k + 1) / math.factorial(k + 1 + order), z, 60
        )
    )
    whole = lambda order: lambda z: series(lambda k: 1 / math.factorial(k) / math.factorial(k + order), z, 60)  # noqa: E731
    for order, scaled, terms in ((0, special.i0e, 10), (1, special.i1e, 9)):
        weight = lambda z, order=order: z / whole(order)(z)  # noqa: E731
        show(f"I{order}_NEAR", float32_polynomial(small(order), weight, range(terms), 0, 16))
        far = lambda u, scaled=scaled: wide(1) * (scaled(1 / u.astype(float)) / np.sqrt(u.astype(float)))  # noqa: E731
        show(f"I{order}_FAR", float32_polynomial(far, lambda u, far=far: 1 / far(u), range(6), 1 / 1000, 1 / 8))


def scaled_erfc(x: np.ndarray) -> np.ndarray:
    return special.erfcx(x.astype(float)) * (1 + x.astype(float))


if __name__ == "__main__":
    main()

"""Derives the polynomials of src/fanlight/lowering/approximate.py: `python tools/polynomials.py` prints them.

Each is the minimax polynomial of a function on an interval, under a weight that makes errors relative to the result,
found with the exchange algorithm of Remez. Coefficients are rounded to float32 one after the other, lowest power
first, and the others fitted anew each time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np

Function = Callable[[np.ndarray], np.ndarray]
wide = np.longdouble  # where that is only a float64, the last digits of a coefficient may differ


def remez(f: Function, weight: Function, powers: Sequence[int], low: float, high: float) -> tuple[np.ndarray, float]:
    """The coefficients of `powers` that make the largest |weight * (f - p)| smallest, and that error."""
    count = len(powers) + 1
    grid = (low + high) / 2 - (high - low) / 2 * np.cos(np.linspace(0, math.pi, 20001)).astype(wide)
    values, weights = f(grid), weight(grid)
    nodes = np.linspace(0, len(grid) - 1, count + 2).astype(int)[1:-1]
    coefficients = np.zeros(len(powers))
    largest = math.inf
    for _ in range(60):
        x, w = grid[nodes], weights[nodes]
        matrix = np.column_stack([*(x**k for k in powers), (-1.0) ** np.arange(count) / w]).astype(np.float64)
        solution = np.linalg.solve(matrix, values[nodes].astype(np.float64))
        rest = values[nodes] - matrix.astype(wide) @ solution  # one step of refinement
        solution = solution + np.linalg.solve(matrix, rest.astype(np.float64))
        coefficients = solution[:-1]
        error = weights * (values - sum(wide(c) * grid**k for c, k in zip(coefficients, powers, strict=True)))
        largest = float(np.abs(error).max())
        if largest <= abs(solution[-1]) * 1.0001 + 1e-18:
            break
        nodes = extremes(error, count)
    return coefficients, largest


def extremes(error: np.ndarray, count: int) -> np.ndarray:
    """The places of `count` extremes of alternating sign, the largest ones."""
    signs = np.sign(error)
    borders = np.flatnonzero(signs[1:] != signs[:-1]) + 1
    places = [part[np.argmax(np.abs(error[part]))] for part in np.split(np.arange(len(error)), borders)]
    while len(places) > count:
        smaller_end = 0 if abs(error[places[0]]) < abs(error[places[-1]]) else -1
        places.pop(smaller_end)
    while len(places) < count:  # too few alternations yet: add points between
        gap = int(np.argmax(np.diff(places))) if len(places) > 1 else 0
        middle = (places[gap] + places[gap + 1]) // 2 if len(places) > 1 else len(error) // 2
        places.insert(gap + 1, middle)
    return np.array(places)


def float32_polynomial(f: Function, weight: Function, powers: Sequence[int], low: float, high: float) -> list[float]:
    """Minimax coefficients that are float32 numbers."""
    fixed: list[float] = []
    for k in range(len(powers)):

        def rest(x: np.ndarray) -> np.ndarray:
            return f(x) - sum(wide(c) * x**p for c, p in zip(fixed, powers[: len(fixed)], strict=True))

        coefficients, _ = remez(rest, weight, powers[k:], low, high)
        fixed.append(float(np.float32(coefficients[0])))
    x = np.linspace(low, high, 20001).astype(wide)
    error = weight(x) * (f(x) - sum(wide(c) * x**p for c, p in zip(fixed, powers, strict=True)))
    print(f"    largest error {float(np.abs(error[np.isfinite(error)]).max()):.3g}")
    return fixed


def show(name: str, coefficients: Sequence[float]) -> None:
    print(f"{name} = ({', '.join(f'{c:.9g}' for c in coefficients)})")


def parts(bits: int, count: int, digits: str) -> list[float]:
    """`digits`, a decimal number, as a sum: `count` numbers of `bits` bits, then a float32."""
    rest, found = Fraction(digits), []
    for _ in range(count):
        exponent = math.frexp(float(rest))[1]
        unit = Fraction(2) ** (exponent - bits)
        piece = (rest / unit).__floor__() * unit
        found.append(float(piece))
        rest -= piece
    return [*found, float(np.float32(float(rest)))]


def series(terms: Callable[[int], float], x: np.ndarray, count: int = 30) -> np.ndarray:
    return sum((wide(terms(k)) * x**k for k in range(count)), np.zeros_like(x))


def main() -> None:
    half = math.log(2) / 2
    # exp(r) = 1 + r + r^2 q(r)
    show(
        "EXP",
        float32_polynomial(
            lambda r: series(lambda k: 1 / math.factorial(k + 2), r),
            lambda r: r * r / np.exp(r),
            range(5),
            -half,
            half,
        ),
    )
    show("LN2", parts(15, 1, "0.693147180559945309417232121458176568"))
    # log(1 + f) = f - f^2/2 + s (f^2/2 + z L(z)) with s = f / (2 + f), z = s^2
    top = (math.sqrt(2) - 1) / (math.sqrt(2) + 1)
    show(
        "LOG",
        float32_polynomial(lambda z: series(lambda k: 2 / (2 * k + 3), z), lambda z: z / 2, range(4), 0, top * top),
    )
    # sin(r) = r (1 + z S(z)), cos(r) = 1 - z/2 + z^2 C(z) with z = r^2
    top = (math.pi / 4) ** 2
    sine = lambda k: (-1) ** (k + 1) / math.factorial(2 * k + 3)  # noqa: E731
    cosine = lambda k: (-1) ** k / math.factorial(2 * k + 4)  # noqa: E731
    show("SIN", float32_polynomial(lambda z: series(sine, z), lambda z: z, range(3), 0, top))
    show("COS", float32_polynomial(lambda z: series(cosine, z), lambda z: z * z / 0.7, range(3), 0, top))
    # erf(t) = t + t N(t^2) for small t, 1 - exp(F(t)) for large ones
    erf, erfc = (np.vectorize(g, otypes=[wide]) for g in (math.erf, math.erfc))
    edge = 0.921875
    near = lambda z: series(lambda k: (-1) ** k / math.factorial(k) / (2 * k + 1), z) * wide(2 / math.sqrt(math.pi)) - 1  # noqa: E731
    show(
        "ERF_NEAR",
        float32_polynomial(near, lambda z: np.sqrt(z) / np.maximum(erf(np.sqrt(z)), 1e-9), range(6), 0, edge**2),
    )
    show(
        "ERF_FAR",
        float32_polynomial(lambda t: np.log(erfc(t)), lambda t: erfc(t) / erf(t), range(7), edge, 4),
    )
    show("HALF_PI", parts(9, 5, "1.57079632679489661923132169163975144"))


if __name__ == "__main__":
    main()

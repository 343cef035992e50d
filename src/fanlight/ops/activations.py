"""Which other bends do networks use? Activations element by element, with Keras's formulas and slopes at kinks.

The common ones stand in nn.
"""

from __future__ import annotations

from fanlight.errors import ShapeError
from fanlight.ir.graph import Value
from fanlight.ops.pointwise import (
    absolute,
    add,
    cast,
    clip,
    divide,
    expm1,
    greater,
    greater_equal,
    less,
    less_equal,
    maximum,
    minimum,
    multiply,
    sigmoid,
    sqrt,
    square,
    subtract,
    tanh,
    where,
)
from fanlight.ops.promote import Operand, as_value, constant
from fanlight.ops.shapes import normal_axes, split

__all__ = [
    "celu", "glu", "hard_shrink", "soft_shrink", "sparse_plus", "sparse_sigmoid", "squareplus", "tanh_shrink",
    "threshold",
]  # fmt: skip


def celu(x: Operand, alpha: float = 1.0) -> Value:
    """max(x, 0) + min(0, alpha (e^(x / alpha) - 1)): `elu` with a continuous slope (Barron, 2017)."""
    value = cast(x, "float32")
    below = multiply(expm1(divide(minimum(value, 0.0), alpha)), alpha)
    return add(maximum(value, 0.0), below)


def glu(x: Operand, axis: int = -1) -> Value:
    """The first half along an axis times the sigmoid of the second. Raises ShapeError for an odd length."""
    value = cast(x, "float32")
    (k,) = normal_axes(axis, value.rank)
    extent = value.shape[k]
    if isinstance(extent, int) and extent % 2:
        raise ShapeError("glu", expected="an even length", got=value.type, at=f"axis {axis}")
    first, second = split(value, 2, k)
    return multiply(first, sigmoid(second))


def hard_shrink(x: Operand, threshold: float = 0.5) -> Value:
    """x where |x| is above the threshold, else 0."""
    value = cast(x, "float32")
    return where(greater(absolute(value), threshold), value, 0.0)


def soft_shrink(x: Operand, threshold: float = 0.5) -> Value:
    """x moved towards 0 by the threshold, at most to 0."""
    value = cast(x, "float32")
    below = where(less(value, -threshold), add(value, threshold), 0.0)
    return where(greater(value, threshold), subtract(value, threshold), below)


def sparse_plus(x: Operand) -> Value:
    """0 up to -1, x from 1 on, (x + 1)^2 / 4 between."""
    value = cast(x, "float32")
    middle = multiply(square(add(value, 1.0)), 0.25)
    return where(less_equal(value, -1.0), 0.0, where(greater_equal(value, 1.0), value, middle))


def sparse_sigmoid(x: Operand) -> Value:
    """(x + 1) / 2, but no less than 0 and no more than 1."""
    return multiply(clip(add(cast(x, "float32"), 1.0), 0.0, 2.0), 0.5)


def squareplus(x: Operand, b: float = 4) -> Value:
    """(x + sqrt(x^2 + b)) / 2 (Barron, 2021), without cancellation below 0."""
    value = cast(x, "float32")
    root = sqrt(add(square(value), b))
    return where(less(value, 0), divide(0.5 * b, subtract(root, value)), multiply(add(value, root), 0.5))


# Taylor of (x - tanh(x)) / x^3 in x^2.
TANH_SHRINK = (1 / 3, -2 / 15, 17 / 315, -62 / 2835, 1382 / 155925, -21844 / 6081075, 929569 / 638512875)


def tanh_shrink(x: Operand) -> Value:
    """x - tanh(x), near 0 by a series that keeps all digits."""
    value = cast(x, "float32")
    is_near = less(absolute(value), 0.5)
    near = where(is_near, value, 0.0)
    series = constant(0, "float32")
    for coefficient in reversed(TANH_SHRINK):
        series = add(multiply(series, square(near)), coefficient)
    return where(is_near, multiply(multiply(square(near), near), series), subtract(value, tanh(value)))


def threshold(x: Operand, threshold: float, default_value: float) -> Value:
    """x where it is above the threshold, else `default_value`."""
    value = as_value(x)
    return where(greater(value, threshold), value, default_value)

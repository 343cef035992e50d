"""What can be computed element by element? The functions for it, under the names of NumPy and keras.ops.

Each brings its operands to one dtype and shape and applies rows of elementwise, transcendental, comparison and bitwise.
"""

from __future__ import annotations

import math

from fanlight.errors import DtypeError
from fanlight.ir.graph import Op, Value, apply
from fanlight.ir.types import is_float
from fanlight.ops import bitwise, comparison, transcendental
from fanlight.ops import elementwise as rows
from fanlight.ops.power import Power
from fanlight.ops.promote import Operand, as_value, broadcast, elementwise, result_dtype

__all__ = [
    "abs", "absolute", "add", "bitcast", "bitwise_and", "bitwise_or", "bitwise_xor", "cast", "ceil", "clip", "cos",
    "divide", "equal", "erf", "exp", "expm1", "floor", "floor_divide", "greater", "greater_equal", "isfinite",
    "isinf", "isnan", "left_shift", "less", "less_equal", "log", "log1p", "log2", "log10", "logical_and",
    "logical_not", "logical_or", "logical_xor", "maximum", "minimum", "mod", "multiply", "negative", "not_equal",
    "power", "reciprocal", "right_shift", "round", "rsqrt", "sigmoid", "sign", "sin", "sqrt", "square",
    "stop_gradient", "subtract", "tan", "tanh", "true_divide", "trunc", "where",
]  # fmt: skip


def add(x: Operand, y: Operand) -> Value:
    """x + y; of bools, `logical_or`."""
    return _arithmetic(rows.Add(), comparison.LogicalOr(), x, y)


def subtract(x: Operand, y: Operand) -> Value:
    """x - y."""
    return elementwise(rows.Subtract(), x, y)


def multiply(x: Operand, y: Operand) -> Value:
    """x * y; of bools, `logical_and`."""
    return _arithmetic(rows.Multiply(), comparison.LogicalAnd(), x, y)


def _arithmetic(op: Op, of_bools: Op, x: Operand, y: Operand) -> Value:
    return elementwise(of_bools if result_dtype(x, y) == "bool" else op, x, y)


def divide(x: Operand, y: Operand) -> Value:
    """x / y as float32, whatever the operands are."""
    return elementwise(rows.Divide(), x, y, dtype="float32")


true_divide = divide


def floor_divide(x: Operand, y: Operand) -> Value:
    """The largest whole number not above x / y; of integers, 0 where y is 0."""
    return elementwise(rows.FloorDivide(), x, y)


def mod(x: Operand, y: Operand) -> Value:
    """x - floor(x / y) * y, which has the sign of y; of integers, 0 where y is 0."""
    return elementwise(rows.Modulo(), x, y)


def power(x: Operand, y: Operand) -> Value:
    """x to the power of y. A small whole y becomes products, 0.5 and -0.5 become roots; other powers are of floats."""
    if not isinstance(y, Value) and isinstance(x, Value):
        if y == int(y) and abs_number(y) <= 32 and (y >= 0 or is_float(x.dtype)) and x.dtype != "bool":
            base = x if isinstance(y, int) else as_value(x, "float32")
            return _whole_power(base, int(y)) if y >= 0 else reciprocal(_whole_power(base, -int(y)))
        if y in (0.5, -0.5):
            return sqrt(x) if y > 0 else rsqrt(x)
    dtype = result_dtype(x, y)
    if not is_float(dtype):
        raise DtypeError(
            "power", expected="float32, or a constant exponent from 0 to 32", got=dtype, do="cast an operand to float32"
        )
    return elementwise(Power(), x, y)


def abs_number(x: float) -> float:
    return -x if x < 0 else x


def _whole_power(x: Value, exponent: int) -> Value:
    """x * x * ... by repeated squaring."""
    if exponent == 0:
        return broadcast([as_value(1, x.dtype), x])[0]
    half = x if exponent == 1 else _whole_power(x, exponent // 2)
    if exponent == 1:
        return half
    square_of = multiply(half, half)
    return multiply(square_of, x) if exponent % 2 else square_of


def negative(x: Operand) -> Value:
    """-x."""
    return elementwise(rows.Negative(), x)


def absolute(x: Operand, kink: int = 1) -> Value:
    """|x|; the slope at 0 is `kink`: 1 as in JAX, or 0 as in PyTorch."""
    value = as_value(x)
    return value if value.dtype in ("uint8", "uint32", "bool") else apply(rows.Absolute(kink), value)


abs = absolute


def sign(x: Operand) -> Value:
    """-1, 0 or 1."""
    value = as_value(x)
    if value.dtype in ("uint8", "uint32"):
        return cast(not_equal(value, 0), value.dtype)
    return elementwise(rows.Sign(), value)


def maximum(x: Operand, y: Operand, ties: str = "split") -> Value:
    """The larger one, or NaN. Equal ones "split" the gradient, or `ties` gives it to the "first" or the "second"."""
    return _arithmetic(rows.Maximum(ties), comparison.LogicalOr(), x, y)


def minimum(x: Operand, y: Operand, ties: str = "split") -> Value:
    """The smaller one, or NaN. `ties` as in `maximum`."""
    return _arithmetic(rows.Minimum(ties), comparison.LogicalAnd(), x, y)


def clip(x: Operand, low: Operand | None, high: Operand | None, ties: str = "split") -> Value:
    """x moved into low .. high (None: no limit). At a limit x gets half the gradient; all of it where ties="first"."""
    value = as_value(x)
    if low is not None:
        value = maximum(value, low, ties)
    return value if high is None else minimum(value, high, ties)


def square(x: Operand) -> Value:
    """x * x."""
    value = as_value(x)
    return multiply(value, value)


def reciprocal(x: Operand) -> Value:
    """1 / x."""
    return divide(1.0, x)


def _float(op: Op, x: Operand) -> Value:
    return elementwise(op, x, dtype="float32")


def sqrt(x: Operand) -> Value:
    """The square root."""
    return _float(transcendental.Sqrt(), x)


def rsqrt(x: Operand) -> Value:
    """1 / sqrt(x)."""
    return divide(1.0, sqrt(x))


def exp(x: Operand) -> Value:
    """e to the power of x."""
    return _float(transcendental.Exp(), x)


def expm1(x: Operand) -> Value:
    """exp(x) - 1, exact near 0 too."""
    return _float(transcendental.Expm1(), x)


def log(x: Operand) -> Value:
    """The natural logarithm."""
    return _float(transcendental.Log(), x)


def log1p(x: Operand) -> Value:
    """log(1 + x), exact near 0 too."""
    return _float(transcendental.Log1p(), x)


def log2(x: Operand) -> Value:
    """The logarithm to base 2."""
    return multiply(log(x), 1 / math.log(2))


def log10(x: Operand) -> Value:
    """The logarithm to base 10."""
    return multiply(log(x), 1 / math.log(10))


def tanh(x: Operand) -> Value:
    """The hyperbolic tangent."""
    return _float(transcendental.Tanh(), x)


def sigmoid(x: Operand) -> Value:
    """1 / (1 + exp(-x))."""
    return _float(transcendental.Sigmoid(), x)


def erf(x: Operand) -> Value:
    """The error function."""
    return _float(transcendental.Erf(), x)


def sin(x: Operand) -> Value:
    """The sine of an angle in radians."""
    return _float(transcendental.Sin(), x)


def cos(x: Operand) -> Value:
    """The cosine of an angle in radians."""
    return _float(transcendental.Cos(), x)


def tan(x: Operand) -> Value:
    """The tangent of an angle in radians."""
    return divide(sin(x), cos(x))


def floor(x: Operand) -> Value:
    """The largest whole number not above x, as float32."""
    return _float(rows.Floor(), x)


def ceil(x: Operand) -> Value:
    """The smallest whole number not below x, as float32."""
    return _float(rows.Ceil(), x)


def trunc(x: Operand) -> Value:
    """The whole number next to x towards zero, as float32."""
    return _float(rows.Trunc(), x)


def round(x: Operand) -> Value:
    """The nearest whole number, the even one of two, as float32."""
    return _float(rows.Round(), x)


def equal(x: Operand, y: Operand) -> Value:
    """x == y."""
    return elementwise(comparison.Equal(), x, y)


def not_equal(x: Operand, y: Operand) -> Value:
    """x != y."""
    return elementwise(comparison.NotEqual(), x, y)


def _ordered(op: Op, x: Operand, y: Operand) -> Value:
    dtype = result_dtype(x, y)
    return elementwise(op, x, y, dtype="uint8" if dtype == "bool" else dtype)


def less(x: Operand, y: Operand) -> Value:
    """x < y."""
    return _ordered(comparison.Less(), x, y)


def less_equal(x: Operand, y: Operand) -> Value:
    """x <= y."""
    return _ordered(comparison.LessEqual(), x, y)


def greater(x: Operand, y: Operand) -> Value:
    """x > y."""
    return _ordered(comparison.Greater(), x, y)


def greater_equal(x: Operand, y: Operand) -> Value:
    """x >= y."""
    return _ordered(comparison.GreaterEqual(), x, y)


def logical_and(x: Operand, y: Operand) -> Value:
    """Both are true (not 0)."""
    return elementwise(comparison.LogicalAnd(), x, y, dtype="bool")


def logical_or(x: Operand, y: Operand) -> Value:
    """One of them is true, or both."""
    return elementwise(comparison.LogicalOr(), x, y, dtype="bool")


def logical_xor(x: Operand, y: Operand) -> Value:
    """Exactly one of them is true."""
    return elementwise(comparison.LogicalXor(), x, y, dtype="bool")


def logical_not(x: Operand) -> Value:
    """x is false (0)."""
    return elementwise(comparison.LogicalNot(), x, dtype="bool")


def isnan(x: Operand) -> Value:
    """Whether x is NaN."""
    value = as_value(x)
    return not_equal(value, value)


def isfinite(x: Operand) -> Value:
    """Whether x is neither NaN nor an infinity."""
    return less(absolute(as_value(x, "float32")), math.inf)


def isinf(x: Operand) -> Value:
    """Whether x is an infinity."""
    return equal(absolute(as_value(x, "float32")), math.inf)


def where(condition: Operand, x: Operand, y: Operand) -> Value:
    """x where the condition holds, else y."""
    dtype = result_dtype(x, y)
    return apply(comparison.Where(), *broadcast([as_value(condition, "bool"), as_value(x, dtype), as_value(y, dtype)]))


def cast(x: Operand, dtype: str) -> Value:
    """x in another dtype; float to integer goes towards zero and stops at the ends of the range, NaN becomes 0."""
    return as_value(as_value(x), dtype)


def bitcast(x: Value, dtype: str) -> Value:
    """The same 32 bits in another dtype."""
    return x if x.dtype == dtype else apply(bitwise.Bitcast(dtype), x)


def stop_gradient(x: Operand) -> Value:
    """x, through which no gradient flows."""
    return apply(rows.StopGradient(), as_value(x))


def _bits(op: Op, of_bools: Op | None, x: Operand, y: Operand) -> Value:
    return elementwise(of_bools if of_bools and result_dtype(x, y) == "bool" else op, x, y)


def bitwise_and(x: Operand, y: Operand) -> Value:
    """The bits set in both."""
    return _bits(bitwise.BitwiseAnd(), comparison.LogicalAnd(), x, y)


def bitwise_or(x: Operand, y: Operand) -> Value:
    """The bits set in one of them, or both."""
    return _bits(bitwise.BitwiseOr(), comparison.LogicalOr(), x, y)


def bitwise_xor(x: Operand, y: Operand) -> Value:
    """The bits set in exactly one of them."""
    return _bits(bitwise.BitwiseXor(), comparison.LogicalXor(), x, y)


def left_shift(x: Operand, y: Operand) -> Value:
    """x * 2^y modulo 2^bits."""
    return _bits(bitwise.LeftShift(), None, x, y)


def right_shift(x: Operand, y: Operand) -> Value:
    """x / 2^y rounded down."""
    return _bits(bitwise.RightShift(), None, x, y)

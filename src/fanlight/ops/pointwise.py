"""What can be computed element by element? The functions for it, under the names of NumPy and keras.ops.

Each brings its operands to one dtype and shape and applies rows of elementwise, transcendental, comparison and bitwise.
"""

from __future__ import annotations

import math

from fanlight.errors import DtypeError
from fanlight.ir.graph import Op, Value, apply
from fanlight.ir.types import is_float
from fanlight.ops import comparison, transcendental
from fanlight.ops import elementwise as rows
from fanlight.ops.power import IntegerPower, Power
from fanlight.ops.promote import Operand, as_value, broadcast, elementwise, result_dtype

__all__ = [
    "abs", "absolute", "add", "cast", "ceil", "clip", "cos", "divide", "equal", "erf", "exp", "expm1", "floor",
    "floor_divide", "greater", "greater_equal", "isfinite", "isinf", "isnan", "less", "less_equal", "log", "log1p",
    "log2", "log10", "logical_and", "logical_not", "logical_or", "logical_xor", "maximum", "minimum", "mod",
    "multiply", "negative", "not_equal", "power", "reciprocal", "round", "rsqrt", "sigmoid", "sign", "sin", "sqrt",
    "square", "stop_gradient", "subtract", "tan", "tanh", "true_divide", "trunc", "where",
]  # fmt: skip


def add(x1: Operand, x2: Operand) -> Value:
    """x1 + x2; of bools, `logical_or`."""
    return _arithmetic(rows.Add(), comparison.LogicalOr(), x1, x2)


def subtract(x1: Operand, x2: Operand) -> Value:
    """x1 - x2."""
    return elementwise(rows.Subtract(), x1, x2)


def multiply(x1: Operand, x2: Operand) -> Value:
    """x1 * x2; of bools, `logical_and`."""
    return _arithmetic(rows.Multiply(), comparison.LogicalAnd(), x1, x2)


def _arithmetic(op: Op, of_bools: Op, x: Operand, y: Operand) -> Value:
    return elementwise(of_bools if result_dtype(x, y) == "bool" else op, x, y)


def divide(x1: Operand, x2: Operand) -> Value:
    """x1 / x2 as float32, whatever the operands are."""
    return elementwise(rows.Divide(), x1, x2, dtype="float32")


true_divide = divide


def floor_divide(x1: Operand, x2: Operand) -> Value:
    """The largest whole number not above x1 / x2.

    Differs: integers divided by 0 give 0, as in NumPy, not -1."""
    return elementwise(rows.FloorDivide(), x1, x2)


def mod(x1: Operand, x2: Operand) -> Value:
    """x1 - floor(x1 / x2) * x2, which has the sign of x2.

    Differs: the rest of integers divided by 0 is 0, as in NumPy."""
    return elementwise(rows.Modulo(), x1, x2)


def power(x1: Operand, x2: Operand) -> Value:
    """x1 to the power of x2. A small whole number x2 becomes products, 0.5 and -0.5 become roots.

    Powers of integers wrap; a negative exponent gives 0 but for 1 and -1."""
    if isinstance(x1, Value) and not isinstance(x2, Value) and math.isfinite(x2):
        if x2 == int(x2) and abs_number(x2) <= 32 and (x2 >= 0 or is_float(x1.dtype)) and x1.dtype != "bool":
            base = x1 if isinstance(x2, int) else as_value(x1, "float32")
            return _whole_power(base, int(x2)) if x2 >= 0 else reciprocal(_whole_power(base, -int(x2)))
        if x2 in (0.5, -0.5):
            return sqrt(x1) if x2 > 0 else rsqrt(x1)
    dtype = result_dtype(x1, x2)
    if is_float(dtype):
        return elementwise(Power(), x1, x2)
    return elementwise(IntegerPower(), x1, x2, dtype="int32" if dtype == "bool" else dtype)


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


def maximum(x1: Operand, x2: Operand, ties: str = "split") -> Value:
    """The larger one, or NaN. Equal ones "split" the gradient, or `ties` gives it to the "first" or the "second"."""
    return _arithmetic(rows.Maximum(ties), comparison.LogicalOr(), x1, x2)


def minimum(x1: Operand, x2: Operand, ties: str = "split") -> Value:
    """The smaller one, or NaN. `ties` as in `maximum`."""
    return _arithmetic(rows.Minimum(ties), comparison.LogicalAnd(), x1, x2)


def clip(x: Operand, x_min: Operand | None, x_max: Operand | None, ties: str = "split") -> Value:
    """x moved into x_min .. x_max (None: no limit). At a limit x gets half the gradient, all of it for ties="first"."""
    value = as_value(x)
    value = cast(value, "int32") if value.dtype == "bool" else value
    if x_min is not None:
        value = maximum(value, x_min, ties)
    return value if x_max is None else minimum(value, x_max, ties)


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
    """The sine of an angle in radians.

    Differs: beyond |x| = 32768 the error grows as that of x itself."""
    return _float(transcendental.Sin(), x)


def cos(x: Operand) -> Value:
    """The cosine of an angle in radians.

    Differs: beyond |x| = 32768 the error grows as that of x itself."""
    return _float(transcendental.Cos(), x)


def tan(x: Operand) -> Value:
    """The tangent of an angle in radians.

    Differs: beyond |x| = 32768 the error grows as that of x itself."""
    return divide(sin(x), cos(x))


def floor(x: Operand) -> Value:
    """The largest whole number not above x, as float32."""
    return _float(rows.Floor(), x)


def ceil(x: Operand) -> Value:
    """The smallest whole number not below x, as float32."""
    return _float(rows.Ceil(), x)


def trunc(x: Operand) -> Value:
    """The whole number next to x towards zero; integers stay as they are."""
    value = as_value(x)
    return apply(rows.Trunc(), value) if is_float(value.dtype) else value


def round(x: Operand, decimals: int = 0) -> Value:
    """The nearest number with so many digits after the point, the even one of two; of whole numbers an integer.

    With negative `decimals`, the nearest multiple of 10 ** -decimals."""
    value = as_value(x)
    if not is_float(value.dtype):
        if decimals >= 0:
            return cast(value, "int32") if value.dtype == "bool" else value
        return cast(round(cast(value, "float32"), decimals), value.dtype)
    if decimals == 0:
        return apply(rows.Round(), value)
    factor = 10.0 ** abs_number(decimals)  # a whole number, so that nothing is rounded twice
    if decimals > 0:
        return divide(apply(rows.Round(), multiply(value, factor)), factor)
    return multiply(apply(rows.Round(), divide(value, factor)), factor)


def equal(x1: Operand, x2: Operand) -> Value:
    """x1 == x2."""
    return elementwise(comparison.Equal(), x1, x2)


def not_equal(x1: Operand, x2: Operand) -> Value:
    """x1 != x2."""
    return elementwise(comparison.NotEqual(), x1, x2)


def _ordered(op: Op, x: Operand, y: Operand) -> Value:
    dtype = result_dtype(x, y)
    return elementwise(op, x, y, dtype="uint8" if dtype == "bool" else dtype)


def less(x1: Operand, x2: Operand) -> Value:
    """x1 < x2."""
    return _ordered(comparison.Less(), x1, x2)


def less_equal(x1: Operand, x2: Operand) -> Value:
    """x1 <= x2."""
    return _ordered(comparison.LessEqual(), x1, x2)


def greater(x1: Operand, x2: Operand) -> Value:
    """x1 > x2."""
    return _ordered(comparison.Greater(), x1, x2)


def greater_equal(x1: Operand, x2: Operand) -> Value:
    """x1 >= x2."""
    return _ordered(comparison.GreaterEqual(), x1, x2)


def logical_and(x1: Operand, x2: Operand) -> Value:
    """Both are true (not 0)."""
    return elementwise(comparison.LogicalAnd(), x1, x2, dtype="bool")


def logical_or(x1: Operand, x2: Operand) -> Value:
    """One of them is true, or both."""
    return elementwise(comparison.LogicalOr(), x1, x2, dtype="bool")


def logical_xor(x1: Operand, x2: Operand) -> Value:
    """Exactly one of them is true."""
    return elementwise(comparison.LogicalXor(), x1, x2, dtype="bool")


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


def where(condition: Operand, x1: Operand | None = None, x2: Operand | None = None) -> Value:
    """x1 where the condition holds, else x2.

    Differs: x1 and x2 are needed; for the places where a condition holds see `nonzero`."""
    if x1 is None or x2 is None:
        raise DtypeError("where", expected="x1 and x2", got="None", do="use fl.nonzero(condition) for the places")
    dtype = result_dtype(x1, x2)
    return apply(
        comparison.Where(), *broadcast([as_value(condition, "bool"), as_value(x1, dtype), as_value(x2, dtype)])
    )


def cast(x: Operand, dtype: str) -> Value:
    """x in another dtype; float to integer goes towards zero and stops at the ends of the range, NaN becomes 0."""
    return as_value(as_value(x), dtype)


def stop_gradient(variable: Operand) -> Value:
    """The same value, through which no gradient flows."""
    return apply(rows.StopGradient(), as_value(variable))

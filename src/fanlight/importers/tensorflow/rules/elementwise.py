"""What do TensorFlow's elementwise operations mean? Arithmetic, comparison, logic, bits, rounding, casts, choices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fanlight.importers.graphs.numbers import cut_quotient
from fanlight.importers.tensorflow.rules.table import COMPLEX, dtype_named, op
from fanlight.ir.graph import Value
from fanlight.ir.types import is_float, item_bytes
from fanlight.ops import functions as fn
from fanlight.ops.known import known

UNARY: dict[str, Callable[..., Value]] = {
    **{"Abs": lambda x: fn.absolute(x, kink=0), "Acos": fn.arccos, "Acosh": fn.arccosh, "Asin": fn.arcsin},
    **{"Asinh": fn.arcsinh, "Atan": fn.arctan, "Atanh": fn.arctanh, "BesselI0": fn.i0, "Ceil": fn.ceil},
    **{
        "Cos": fn.cos,
        "Cosh": fn.cosh,
        "Erf": fn.erf,
        "Erfc": fn.erfc,
        "Erfinv": fn.erfinv,
        "Exp": fn.exp,
        "Expm1": fn.expm1,
    },
    **{"Floor": fn.floor, "Inv": fn.reciprocal, "Invert": fn.bitwise_invert, "IsFinite": fn.isfinite},
    **{"IsInf": fn.isinf, "IsNan": fn.isnan, "Log": fn.log, "Log1p": fn.log1p, "LogicalNot": fn.logical_not},
    **{"Reciprocal": fn.reciprocal, "Rint": fn.round, "Round": fn.round, "Rsqrt": fn.rsqrt, "Sign": fn.sign},
    **{"Sin": fn.sin, "Sinh": fn.sinh, "Sqrt": fn.sqrt, "Square": fn.square, "Tan": fn.tan},
}
BINARY: dict[str, Callable[..., Value]] = {
    **{
        "Atan2": fn.arctan2,
        "BitwiseAnd": fn.bitwise_and,
        "BitwiseOr": fn.bitwise_or,
        "BitwiseXor": fn.bitwise_xor,
    },
    **{"DivNoNan": fn.divide_no_nan, "Equal": fn.equal, "FloorDiv": fn.floor_divide, "FloorMod": fn.mod},
    **{"Greater": fn.greater, "GreaterEqual": fn.greater_equal, "Less": fn.less, "LessEqual": fn.less_equal},
    **{"LogicalAnd": fn.logical_and, "LogicalOr": fn.logical_or, "Mod": fn.fmod, "NotEqual": fn.not_equal},
    **{"TruncateMod": fn.fmod, "Maximum": lambda x, y: fn.maximum(x, y, ties="first")},
    "Minimum": lambda x, y: fn.minimum(x, y, ties="first"),
}


def one(function: Callable[..., Value]) -> Callable[..., Value]:
    return lambda use, x: function(x)


def two(function: Callable[..., Value]) -> Callable[..., Value]:
    return lambda use, x, y: function(x, y)


for _name, _function in UNARY.items():
    op(_name)(one(_function))
for _name, _function in BINARY.items():
    op(_name)(two(_function))


# Arithmetic. The sum of complex numbers is that of their parts; numbers of both kinds never meet.


@op("Add", "AddV2", takes_complex=True)
def add(use: Any, x: Value, y: Value) -> Value:
    return fn.add(x, y)


@op("Sub", takes_complex=True)
def subtract(use: Any, x: Value, y: Value) -> Value:
    return fn.subtract(x, y)


@op("Neg", takes_complex=True)
def negative(use: Any, x: Value) -> Value:
    return fn.negative(x)


@op("Mul", takes_complex=True)
def multiply(use: Any, x: Value, y: Value) -> Value:
    if use["T"] not in COMPLEX:
        return fn.multiply(x, y)
    (a, b), (c, d) = fn.view_as_complex(x), fn.view_as_complex(y)
    real, imaginary = fn.subtract(fn.multiply(a, c), fn.multiply(b, d)), fn.add(fn.multiply(a, d), fn.multiply(b, c))
    return fn.stack([real, imaginary], -1)


@op("AddN", "AccumulateNV2", takes_complex=True)
def add_all(use: Any, first: Value, *rest: Value) -> Value:
    for each in rest:
        first = fn.add(first, each)
    return first


@op("Div", "RealDiv", "TruncateDiv")
def divide(use: Any, x: Value, y: Value) -> Value:
    return cut_quotient(x, y)


@op("Pow")
def power(use: Any, x: Value, y: Value) -> Value:
    if not is_float(x.dtype):
        return fn.power(x, fn.cast(y, x.dtype))
    exponent = known(y)
    if exponent is not None and exponent.size == 1 and exponent.dtype != object:  # squares and roots as such
        return fn.add(fn.power(x, float(exponent.item())), fn.zeros(y.shape, x.dtype))
    # Where x is no more than 0, its logarithm is taken for 0, and so is the slope along y.
    has_slope = fn.greater(x, 0)
    slope = fn.multiply(fn.stop_gradient(fn.where(has_slope, fn.log(fn.where(has_slope, x, 1.0)), 0.0)), y)
    found = fn.power(x, fn.stop_gradient(y))
    return fn.add(found, fn.multiply(fn.stop_gradient(found), fn.subtract(slope, fn.stop_gradient(slope))))


@op("SquaredDifference")
def squared_difference(use: Any, x: Value, y: Value) -> Value:
    return fn.square(fn.subtract(x, y))


@op("MulNoNan")
def multiply_no_nan(use: Any, x: Value, y: Value) -> Value:
    return fn.where(fn.equal(y, 0.0), 0.0, fn.multiply(x, y))


@op("Xdivy")
def divide_zero(use: Any, x: Value, y: Value) -> Value:
    is_zero = fn.equal(x, 0.0)
    return fn.where(is_zero, 0.0, fn.divide(x, fn.where(is_zero, 1.0, y)))


@op("Xlogy")
def times_log(use: Any, x: Value, y: Value) -> Value:
    return fn.multiply(x, fn.log(fn.where(fn.equal(x, 0.0), 1.0, y)))


@op("Xlog1py")
def times_log1p(use: Any, x: Value, y: Value) -> Value:
    return fn.multiply(x, fn.log1p(fn.where(fn.equal(x, 0.0), 0.0, y)))


@op("ClipByValue")
def clip(use: Any, x: Value, low: Value, high: Value) -> Value:
    return fn.minimum(fn.maximum(x, low, ties="first"), high, ties="first")


@op("ApproximateEqual")
def nearly_equal(use: Any, x: Value, y: Value) -> Value:
    return fn.less(fn.absolute(fn.subtract(x, y)), use["tolerance"])


@op("BiasAdd", "BiasAddV1")
def add_bias(use: Any, x: Value, bias: Value) -> Value:
    if str(use["data_format"] or "NHWC").startswith("NC"):
        bias = fn.reshape(bias, (*bias.shape, *[1] * (x.rank - 2)))
    return fn.add(x, bias)


# Bits


@op("LeftShift")
def left_shift(use: Any, x: Value, y: Value) -> Value:
    return fn.left_shift(x, shifts(x, y))


@op("RightShift")
def right_shift(use: Any, x: Value, y: Value) -> Value:
    return fn.right_shift(x, shifts(x, y))


def shifts(x: Value, y: Value) -> Value:
    """By how many places: from 0 to the last one."""
    return fn.minimum(fn.maximum(y, 0), 8 * item_bytes(x.dtype) - 1)


# Casts


@op("Cast")
def cast(use: Any, x: Value) -> Value:
    return fn.cast(x, dtype_named(use, use["DstT"]))


@op("Bitcast")
def bit_cast(use: Any, x: Value) -> Value:
    dtype = dtype_named(use, use["type"])
    if item_bytes(dtype) != item_bytes(x.dtype) or "bool" in (dtype, x.dtype):
        raise use.refuse(f"a dtype of {item_bytes(x.dtype)} bytes", dtype)
    return fn.view(x, dtype)


# Choices


@op("Select")
def select(use: Any, condition: Value, x: Value, y: Value) -> Value:
    if condition.rank == 1 and x.rank > 1:  # one for each row
        condition = fn.reshape(condition, (*condition.shape, *[1] * (x.rank - 1)))
    return fn.where(condition, x, y)


@op("SelectV2")
def select_broadcast(use: Any, condition: Value, x: Value, y: Value) -> Value:
    return fn.where(condition, x, y)


# What changes nothing


@op("Identity", "Snapshot", "CheckNumerics", "DeepCopy", "PlaceholderWithDefault", "Print", takes_complex=True)
def identity(use: Any, x: Value, *rest: Value) -> Value:
    return x


@op("IdentityN", takes_complex=True)
def identities(use: Any, *xs: Value) -> tuple[Value, ...]:
    return xs


@op("StopGradient", "PreventGradient", takes_complex=True)
def stop_gradient(use: Any, x: Value) -> Value:
    return fn.stop_gradient(x)


@op("EnsureShape", takes_complex=True)
def ensure_shape(use: Any, x: Value) -> Value:
    wanted = use["shape"]
    if wanted is None or use["T"] in COMPLEX:
        return x
    if len(wanted) != x.rank or any(
        isinstance(n, int) and isinstance(extent, int) and n != extent
        for n, extent in zip(wanted, x.shape, strict=True)
    ):
        raise use.error(f"the shape {wanted}", x.type)
    return x

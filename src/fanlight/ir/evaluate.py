"""What value has a scalar expression? The slow, obvious meaning of each row of SCALARS, in plain Python with float32 rounding.

In: a node, the values of its sizes and loop indices, and `load(slot, indices)`. Out: a float, int or bool. Knows no arrays."""

from __future__ import annotations

import math
import operator
import struct
from collections.abc import Callable, Mapping
from typing import Any

from fanlight.ir import dim as dims
from fanlight.ir.dim import DimLike
from fanlight.ir.scalar import Datum, Scalar, to_float32, wrap_integer
from fanlight.ir.types import DTYPES, is_float


def _minimum(a: Any, b: Any) -> Any:
    if a != a or b != b:
        return math.nan
    if a == b == 0 and isinstance(a, float):
        return a if math.copysign(1, a) < 0 else b
    return min(a, b)


def _maximum(a: Any, b: Any) -> Any:
    if a != a or b != b:
        return math.nan
    if a == b == 0 and isinstance(a, float):
        return b if math.copysign(1, a) < 0 else a
    return max(a, b)


def _divide(a: float, b: float) -> float:
    if b != 0:
        return a / b
    if a == 0 or a != a:
        return math.nan
    return math.copysign(math.inf, a) * math.copysign(1, b)


def _whole(rounder: Callable[[float], int]) -> Callable[[float], float]:
    return lambda x: math.copysign(float(rounder(x)), x) if math.isfinite(x) else x


def _exp(x: float) -> float:
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf


def _log(x: float) -> float:
    if x == 0:
        return -math.inf
    return math.log(x) if x > 0 else math.nan


def _wave(function: Callable[[float], float]) -> Callable[[float], float]:
    return lambda x: function(x) if math.isfinite(x) else math.nan


def _quotient(a: int, b: int) -> int:
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


EVALUATE: dict[str, Callable[..., Any]] = {
    "neg": operator.neg,
    "abs": abs,
    "sqrt": lambda x: math.sqrt(x) if x >= 0 else math.nan,
    "floor": _whole(math.floor),
    "ceil": _whole(math.ceil),
    "trunc": _whole(math.trunc),
    "nearest": _whole(round),
    "exp": _exp,
    "log": _log,
    "tanh": math.tanh,
    "erf": math.erf,
    "sin": _wave(math.sin),
    "cos": _wave(math.cos),
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": _divide,
    "quotient": _quotient,
    "remainder": lambda a, b: a - b * _quotient(a, b),
    "min": _minimum,
    "max": _maximum,
    "and": operator.and_,
    "or": operator.or_,
    "xor": operator.xor,
    "not": operator.not_,
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
}


def evaluate_scalar(root: Scalar, values: Mapping[str, int], load: Callable[[int, tuple[int, ...]], Any] | None, total: Any = None) -> Any:
    """`root` where sizes and indices have `values`, reads come from `load`, and the accumulator is `total`."""
    known: dict[Scalar, Any] = {}

    def visit(node: Scalar) -> Any:
        if node not in known:
            known[node] = compute(node)
        return known[node]

    def compute(node: Scalar) -> Any:
        op = node.op
        if op == "const":
            return node.attribute
        if op == "accumulator":
            return total
        if op == "index":
            return evaluate_index(node.attribute, values, visit)
        if op == "read":
            if load is None:
                raise TypeError("a constant expression reads no operand")
            slot, indices = node.attribute
            return load(slot, tuple(evaluate_index(i, values, visit) for i in indices))
        if op in ("select", "guard"):
            return visit(node.args[1] if visit(node.args[0]) else node.args[2])
        return round_to(apply_scalar(node, [visit(a) for a in node.args]), node.dtype)

    return visit(root)


def evaluate_index(expression: DimLike, values: Mapping[str, int], visit: Callable[[Scalar], int]) -> int:
    """An index expression whose data-dependent parts are computed by `visit`."""
    if isinstance(expression, int):
        return expression

    def known(atom: dims.Atom) -> int | None:
        if isinstance(atom, dims.Size):
            return values[atom.name]
        return min(max(visit(atom.scalar), atom.low), atom.high) if isinstance(atom, Datum) else None

    result = dims.substitute(expression, known)
    assert isinstance(result, int), f"{expression} kept an unknown size"
    return result


def apply_scalar(node: Scalar, args: list[Any]) -> Any:
    """One row of SCALARS applied to Python values, before rounding."""
    source = node.args[0].dtype
    if node.op == "cast":
        return _cast(args[0], node.dtype)
    if node.op == "bitcast":
        return struct.unpack(_CODES[node.dtype], struct.pack(_CODES[source], args[0]))[0]
    if node.op in ("shift_left", "shift_right"):
        bits = 8 * DTYPES[source][1]
        return (operator.lshift if node.op == "shift_left" else operator.rshift)(args[0], args[1] % bits)
    return EVALUATE[node.op](*args)


_CODES = {"float32": "<f", "int32": "<i", "uint32": "<I"}


def _cast(value: Any, dtype: str) -> Any:
    if is_float(dtype):
        return float(value)
    if isinstance(value, float):
        if value != value:
            return 0
        bits = 8 * DTYPES[dtype][1]
        low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if dtype.startswith("int") else (0, (1 << bits) - 1)
        return low if value <= low else high if value >= high else math.trunc(value)
    return int(value)


def round_to(value: Any, dtype: str) -> Any:
    """`value` as an element of `dtype`: floats rounded to float32, integers wrapped."""
    if is_float(dtype):
        return to_float32(value)
    return bool(value) if dtype == "bool" else wrap_integer(value, dtype)

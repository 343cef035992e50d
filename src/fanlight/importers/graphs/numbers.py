"""How do graphs divide? Whole numbers are cut towards zero, as in C."""

from __future__ import annotations

from fanlight.ir import dim as dims
from fanlight.ir.graph import Value
from fanlight.ir.types import is_float
from fanlight.ops import functions as fn
from fanlight.ops.known import known


def cut_quotient(x: Value, y: Value) -> Value:
    """`x / y`; of whole numbers what is left after the fraction is cut off."""
    if is_float(x.dtype):
        return fn.divide(x, y)
    quotient = fn.floor_divide(x, y)
    if x.dtype in ("uint8", "uint32") or (is_natural(x) and is_natural(y)):
        return quotient
    rest = fn.subtract(x, fn.multiply(quotient, y))
    is_cut = fn.logical_and(fn.not_equal(rest, 0), fn.not_equal(fn.less(x, 0), fn.less(y, 0)))
    return fn.where(is_cut, fn.add(quotient, 1), quotient)


def is_natural(value: Value) -> bool:
    """Whether shapes and constants tell that nothing in it is below 0."""
    content = known(value)
    return content is not None and all(dims.bounds(each)[0] >= 0 for each in content.flat)

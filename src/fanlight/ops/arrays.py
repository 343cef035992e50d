"""What kind of array is it? Shapes and dtypes of values, and other things as values.

Facts that are known before anything runs come as Python's numbers, tuples and strings.
"""

from __future__ import annotations

from fanlight.errors import DtypeError
from fanlight.ir import dim as dims
from fanlight.ir.dim import DimLike
from fanlight.ir.graph import Value
from fanlight.ir.types import Shape
from fanlight.ops.promote import Operand, as_value

__all__ = ["array", "convert_to_tensor", "copy", "dtype", "ndim", "shape", "size"]


def array(x: Operand, dtype: str | None = None) -> Value:
    """x as an array, of another dtype if one is given; lists, numbers and NumPy arrays become tensors."""
    return as_value(x, dtype)


def convert_to_tensor(
    x: Operand, dtype: str | None = None, sparse: bool | None = None, ragged: bool | None = None
) -> Value:
    """x as an array, of another dtype if one is given; lists, numbers and NumPy arrays become tensors.

    Differs: there are no sparse and no ragged tensors."""
    if sparse or ragged:
        raise DtypeError("convert_to_tensor", expected="dense tensors", got="sparse or ragged", do="leave both out")
    return as_value(x, dtype)


def copy(x: Operand) -> Value:
    """x: arrays are never written to, so that a copy is the array itself."""
    return as_value(x)


def shape(x: Operand) -> Shape:
    """The length of each axis: numbers, or dims that are open until the function is called."""
    return as_value(x).shape


def ndim(x: Operand) -> int:
    """How many axes there are."""
    return as_value(x).rank


def size(x: Operand) -> DimLike:
    """How many elements there are."""
    return dims.product(as_value(x).shape)


def dtype(x: Operand) -> str:
    """The dtype's name, "float32" say."""
    return as_value(x).dtype

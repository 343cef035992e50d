"""What are the products of vectors and matrices? matmul, with vectors, broadcasting and leading axes as rows."""

from __future__ import annotations

from fanlight.errors import ShapeError
from fanlight.ir import dim as dims
from fanlight.ir.graph import Value, apply
from fanlight.ops.matmul import SUMMED, Matmul
from fanlight.ops.promote import Operand, as_value, broadcast_shape, result_dtype, stretched
from fanlight.ops.shapes import expand_dims, reshape

__all__ = ["matmul"]


def matmul(x1: Operand, x2: Operand) -> Value:
    """The matrix product over the last axis of x1 and the last but one of x2.

    Batch axes are broadcast, vectors are as in NumPy. Where x2 is one matrix, the leading axes of x1 are rows of one
    product.

    Differs: products of bools and of uint8 are int32.
    """
    dtype = result_dtype(x1, x2)
    dtype = dtype if dtype in SUMMED else "int32"
    x, y = as_value(x1, dtype), as_value(x2, dtype)
    if x.rank == 0 or y.rank == 0:
        raise ShapeError("matmul", expected="vectors or matrices", got=f"{x.type} and {y.type}", do="use * for numbers")
    if x.rank == 1 or y.rank == 1:
        first = expand_dims(x, 0) if x.rank == 1 else x
        second = expand_dims(y, 1) if y.rank == 1 else y
        product = matmul(first, second)
        kept = (
            *product.shape[:-2],
            *((product.shape[-2],) if x.rank > 1 else ()),
            *((product.shape[-1],) if y.rank > 1 else ()),
        )
        return reshape(product, kept)
    if y.rank == 2 and x.rank > 2:
        rows = reshape(x, (dims.product(x.shape[:-1]), x.shape[-1]))
        return reshape(apply(Matmul(), rows, y), (*x.shape[:-1], y.shape[-1]))
    batch = broadcast_shape(x.shape[:-2], y.shape[:-2])
    return apply(Matmul(), stretched(x, (*batch, *x.shape[-2:])), stretched(y, (*batch, *y.shape[-2:])))

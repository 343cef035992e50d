"""What lies on, below and above a diagonal? Diagonals taken out and put in, triangles, unit matrices.

Diagonals are movements: a diagonal of n by n is every (n + 1)-th element in row-major order.
"""

from __future__ import annotations

from fanlight.errors import ShapeError
from fanlight.ir.dim import DimLike
from fanlight.ir.graph import Value
from fanlight.ops.borders import pad
from fanlight.ops.pointwise import add, cast, equal, greater_equal, where
from fanlight.ops.promote import Operand, as_value, constant
from fanlight.ops.reductions import sum
from fanlight.ops.shapes import iota, moveaxis, normal_axes, ravel, reshape, slice

__all__ = ["diag", "diagflat", "diagonal", "eye", "identity", "trace", "tri", "tril", "triu"]


def diagonal(x: Operand, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Value:
    """The elements whose index along axis2 is `offset` above that along axis1, along a new last axis."""
    value = as_value(x)
    axes = normal_axes((axis1, axis2), value.rank)
    value = moveaxis(value, axes, (-2, -1))
    *lead, rows, columns = value.shape
    if not isinstance(rows, int) or not isinstance(columns, int):
        raise ShapeError("diagonal", expected="known lengths of both axes", got=value.type)
    length = max(min(rows - max(-offset, 0), columns - max(offset, 0)), 0)
    if length == 0:
        return reshape(slice(value, (0,) * value.rank, (*lead, 0, 0)), (*lead, 0))
    start = (*(0,) * len(lead), max(-offset, 0), max(offset, 0))
    flat = reshape(slice(value, start, (*lead, length, length)), (*lead, length * length))
    steps = (*(1,) * len(lead), length + 1)
    return slice(flat, (0,) * flat.rank, (*lead, length), steps)


def diag(x: Operand, k: int = 0) -> Value:
    """A matrix with a vector on its k-th diagonal and 0 elsewhere; of a matrix, its k-th diagonal."""
    value = as_value(x)
    if value.rank == 2:
        return diagonal(value, k)
    if value.rank != 1:
        raise ShapeError("diag", expected="a vector or a matrix", got=value.type)
    n = value.shape[0]
    if n == 0:
        return pad(reshape(value, (0, 0)), ((0, abs(k)), (0, abs(k))))
    # Rows of one element and n zeros, in a row but for the last n: each row begins one place further on.
    rows = reshape(pad(reshape(value, (n, 1)), ((0, 0), (0, n))), (n * (n + 1),))
    square = reshape(slice(rows, (0,), (n * n,)), (n, n))
    return pad(square, ((max(-k, 0), max(k, 0)), (max(k, 0), max(-k, 0))))


def diagflat(x: Operand, k: int = 0) -> Value:
    """A matrix with all elements of x, in row-major order, on its k-th diagonal and 0 elsewhere."""
    return diag(ravel(x), k)


def trace(x: Operand, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Value:
    """The sum along a diagonal; see `diagonal`."""
    return sum(diagonal(x, offset, axis1, axis2), -1)


def _offsets(rows: DimLike, columns: DimLike, k: int) -> tuple[Value, Value]:
    """The number of each row plus k, and of each column."""
    shape = (rows, columns)
    return add(iota(shape, 0), k), iota(shape, 1)


def eye(N: DimLike, M: DimLike | None = None, k: int = 0, dtype: str | None = None) -> Value:
    """N rows and M columns (N without one), 1 on the k-th diagonal and 0 elsewhere. float32 unless `dtype` is given."""
    row, column = _offsets(N, N if M is None else M, k)
    return cast(equal(row, column), dtype or "float32")


def identity(n: DimLike, dtype: str | None = None) -> Value:
    """The unit matrix of n rows. float32 unless `dtype` is given."""
    return eye(n, dtype=dtype)


def tri(N: DimLike, M: DimLike | None = None, k: int = 0, dtype: str | None = None) -> Value:
    """N rows and M columns (N without one), 1 up to the k-th diagonal and 0 above. float32 unless `dtype` is given."""
    row, column = _offsets(N, N if M is None else M, k)
    return cast(greater_equal(row, column), dtype or "float32")


def tril(x: Operand, k: int = 0) -> Value:
    """x with 0 above the k-th diagonal of its last two axes."""
    value = _matrices("tril", x)
    return where(tri(value.shape[-2], value.shape[-1], k, "bool"), value, constant(0, value.dtype))


def triu(x: Operand, k: int = 0) -> Value:
    """x with 0 below the k-th diagonal of its last two axes."""
    value = _matrices("triu", x)
    return where(tri(value.shape[-2], value.shape[-1], k - 1, "bool"), constant(0, value.dtype), value)


def _matrices(what: str, x: Operand) -> Value:
    value = as_value(x)
    if value.rank < 2:
        raise ShapeError(what, expected="at least two axes", got=value.type)
    return value

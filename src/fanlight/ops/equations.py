"""What solves linear equations? Triangular and general systems, inverses, determinants and least squares.

Matrices are the last two axes; all axes before them are a batch, broadcast as in `matmul`."""

from __future__ import annotations

from fanlight.errors import ShapeError
from fanlight.ir.graph import Value
from fanlight.ops import pointwise as p
from fanlight.ops.control import custom_gradient, scan
from fanlight.ops.factorizations import (
    column_vector,
    diagonal_of,
    identity,
    indices,
    lower_part,
    lu,
    matrix,
    row_vector,
    rows_and_columns,
    turned,
)
from fanlight.ops.indexing import take, take_along_axis
from fanlight.ops.linear import matmul
from fanlight.ops.promote import Operand, as_value, broadcast_shape
from fanlight.ops.reductions import max, prod, sum
from fanlight.ops.shapes import broadcast_to, iota, moveaxis, squeeze, zeros

__all__ = ["cholesky_inverse", "det", "inv", "logdet", "lstsq", "pinv", "slogdet", "solve", "solve_triangular"]

EPSILON = 2.0**-23  # of float32


def sides(name: str, a: Operand, b: Operand) -> tuple[Value, Value, bool]:
    """A square `a` and right sides `b` [..., n, columns] over one batch; whether b was one column, [..., n]."""
    a, b = matrix(name, a, is_square=True), as_value(b)
    b = b if b.dtype == "float32" else p.cast(b, "float32")
    is_vector = b.rank == a.rank - 1
    b = column_vector(b) if is_vector else b
    if b.rank < 2 or b.shape[-2] != a.shape[-1]:
        raise ShapeError(f"fl.{name}", expected=f"right sides with {a.shape[-1]} rows for {a.type}", got=b.type)
    batch = broadcast_shape(a.shape[:-2], b.shape[:-2])
    return broadcast_to(a, (*batch, *a.shape[-2:])), broadcast_to(b, (*batch, *b.shape[-2:])), is_vector


def solve_triangular(a: Operand, b: Operand, lower: bool = False) -> Value:
    """x with `a @ x = b`, by substitution; of `a` only the upper triangle counts, or the lower one."""
    a, b, is_vector = sides("solve_triangular", a, b)
    x = triangular(a, b, lower)
    return squeeze(x, -1) if is_vector else x


def triangular(a: Value, b: Value, lower: bool) -> Value:
    """x with `a @ x = b` for matrices b; a triangular."""

    @custom_gradient
    def solved(a: Value, b: Value):
        x = substituted(a, b, lower)

        def grad(g: Value) -> tuple[Value, Value]:
            gb = substituted(turned(a), g, not lower)
            ga = -matmul(gb, turned(x))
            return (lower_part(ga) if lower else turned(lower_part(turned(ga)))), gb

        return x, grad

    return solved(a, b)


def substituted(a: Value, b: Value, lower: bool) -> Value:
    """Row after row, from the first on where `a` is lower triangular, else from the last."""
    size = rows_and_columns(a)[0]
    line = column_vector(iota((size,), 0))

    def step(x: Value, given: tuple[Value, Value, Value]) -> tuple[Value, None]:
        number, row, right = given
        left = right - sum(matmul(row_vector(row), x), axis=-2)  # what is not solved yet is zero
        found = left / column_vector(take(row, number, axis=-1))
        return p.where(p.equal(line, number), row_vector(found), x), None

    rows = iota((size,), 0), moveaxis(a, -2, 0), moveaxis(b, -2, 0)
    return scan(step, zeros(b.shape), rows, reverse=not lower)[0]


def solve(a: Operand, b: Operand) -> Value:
    """x with `a @ x = b`, by LU with partial pivoting; b is [..., n] or [..., n, columns]. A singular matrix gives
    infinities or NaN."""
    a, b, is_vector = sides("solve", a, b)
    x = _solve(a, b)
    return squeeze(x, -1) if is_vector else x


@custom_gradient
def _solve(a: Value, b: Value):
    packed, _, order = lu(a)
    unit = p.where(p.equal(*indices(packed)), 1.0, lower_part(packed, strictly=True))  # L has ones on its diagonal
    x = substituted(packed, substituted(unit, in_order(b, order), lower=True), lower=False)

    def grad(g: Value) -> tuple[Value, Value]:
        inner = substituted(turned(unit), substituted(turned(packed), g, lower=True), lower=False)
        gb = in_order(inner, inverse(order))
        return -matmul(gb, turned(x)), gb

    return x, grad


def in_order(b: Value, order: Value) -> Value:
    """The rows of each matrix in another order, [..., rows]."""
    return take_along_axis(b, broadcast_to(column_vector(order), b.shape), axis=-2)


def inverse(order: Value) -> Value:
    """Where each row went: the inverse of a permutation."""
    line = iota((order.shape[-1],), 0)
    return sum(p.where(p.equal(row_vector(order), column_vector(line)), line, 0), axis=-1)


def inv(x: Operand) -> Value:
    """The inverse of each square matrix; infinities or NaN where there is none."""
    x = matrix("inv", x, is_square=True)
    return _solve(x, identity(x, rows_and_columns(x)[0]))


def det(x: Operand) -> Value:
    """The determinant of each square matrix. The gradient divides by it: NaN where it is 0."""
    return _det(matrix("det", x, is_square=True))


def signed(packed: Value, pivots: Value) -> tuple[Value, Value]:
    """The diagonal of U, and 1 or -1 for an even or odd number of swaps."""
    swaps = sum(p.cast(p.not_equal(pivots, iota((pivots.shape[-1],), 0)), "int32"), axis=-1)
    return diagonal_of(packed), 1.0 - 2.0 * p.cast(p.mod(swaps, 2), "float32")


@custom_gradient
def _det(a: Value):
    packed, pivots, _ = lu(a)
    diagonal, sign = signed(packed, pivots)
    value = prod(diagonal, axis=-1) * sign
    return value, lambda g: column_vector(column_vector(g * value)) * turned(inv(a))


def slogdet(x: Operand) -> tuple[Value, Value]:
    """The sign (-1, 0, 1) and the logarithm of the absolute value of each determinant."""
    return _slogdet(matrix("slogdet", x, is_square=True))


@custom_gradient
def _slogdet(a: Value):
    packed, pivots, _ = lu(a)
    diagonal, sign = signed(packed, pivots)
    found = prod(p.sign(diagonal), axis=-1) * sign, sum(p.log(p.abs(diagonal)), axis=-1)
    return found, lambda _, g: column_vector(column_vector(g)) * turned(inv(a))


def logdet(x: Operand) -> Value:
    """The logarithm of the determinant of each symmetric positive definite matrix."""
    return slogdet(x)[1]


def cholesky_inverse(x: Operand, upper: bool = False) -> Value:
    """The inverse of `L @ L.T` (with `upper`: `U.T @ U`) for each Cholesky factor x."""
    x = matrix("cholesky_inverse", x, is_square=True)
    factor = turned(x) if upper else x
    root = triangular(factor, identity(x, rows_and_columns(x)[0]), lower=True)
    return matmul(turned(root), root)


def pinv(x: Operand, rcond: float | None = None) -> Value:
    """The pseudo-inverse of each matrix, by singular values; those up to `rcond` times the largest count as zero, by
    default 10 * max(rows, columns) * eps, as in JAX."""
    from fanlight.ops.eigen import svd

    x = matrix("pinv", x)
    u, s, v = svd(x, full_matrices=False)
    least = 10 * builtins_max(rows_and_columns(x)) * EPSILON if rcond is None else rcond
    kept = p.greater(s, least * max(s, axis=-1, keepdims=True))
    reciprocals = p.where(kept, 1.0 / p.where(kept, s, 1.0), 0.0)
    return matmul(turned(v) * row_vector(reciprocals), turned(u))


def builtins_max(pair: tuple[int, int]) -> int:
    return pair[0] if pair[0] > pair[1] else pair[1]


def lstsq(a: Operand, b: Operand, rcond: float | None = None) -> Value:
    """The x of least norm that minimises `|a @ x - b|`; singular values up to `rcond` times the largest count as zero,
    by default max(rows, columns) * eps. b is [m] or [m, columns]."""
    a, b = matrix("lstsq", a), as_value(b)
    is_vector = b.rank == a.rank - 1
    b = column_vector(b) if is_vector else b
    if b.rank < 2 or b.shape[-2] != a.shape[-2]:
        raise ShapeError("fl.lstsq", expected=f"right sides with {a.shape[-2]} rows for {a.type}", got=b.type)
    least = builtins_max(rows_and_columns(a)) * EPSILON if rcond is None else rcond
    x = matmul(pinv(a, least), b)
    return squeeze(x, -1) if is_vector else x

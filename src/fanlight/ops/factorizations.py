"""Into which factors does a matrix fall? Cholesky, LU and QR of small matrices, as loops of array operations.

Matrices are the last two axes; all axes before them are a batch. Work is O(n^3), memory O(n^2); a loop runs once a row
or column, so matrices are meant to be small (up to some hundred rows)."""

from __future__ import annotations

from fanlight.errors import ShapeError
from fanlight.ir.graph import Value
from fanlight.ops import pointwise as p
from fanlight.ops.control import custom_gradient, fori_loop
from fanlight.ops.indexing import take, take_along_axis
from fanlight.ops.linear import matmul
from fanlight.ops.promote import Operand, as_value
from fanlight.ops.reductions import argmax, sum
from fanlight.ops.shapes import broadcast_to, concatenate, expand_dims, iota, swapaxes, zeros

__all__ = ["cholesky", "lu_factor", "qr"]


def matrix(name: str, x: Operand, is_square: bool = False) -> Value:
    """`x` as a float value whose last two axes are a matrix of known size."""
    value = as_value(x)
    if value.rank < 2 or not all(isinstance(extent, int) for extent in value.shape[-2:]):
        raise ShapeError(f"fl.{name}", expected="matrices of known size, [..., rows, columns]", got=value.type)
    if is_square and value.shape[-1] != value.shape[-2]:
        raise ShapeError(f"fl.{name}", expected="square matrices, [..., n, n]", got=value.type)
    return value if value.dtype == "float32" else p.cast(value, "float32")


def rows_and_columns(x: Value) -> tuple[int, int]:
    rows, columns = x.shape[-2:]
    assert isinstance(rows, int) and isinstance(columns, int)
    return rows, columns


def turned(x: Value) -> Value:
    """The transpose of each matrix."""
    return swapaxes(x, -1, -2)


def indices(x: Value) -> tuple[Value, Value]:
    """Row and column number of each element, [rows, columns]."""
    shape = rows_and_columns(x)
    return iota(shape, 0), iota(shape, 1)


def identity(x: Value, size: int) -> Value:
    """The identity of this size for each matrix of the batch."""
    eye = p.cast(p.equal(iota((size, size), 0), iota((size, size), 1)), "float32")
    return broadcast_to(eye, (*x.shape[:-2], size, size))


def lower_part(x: Value, strictly: bool = False) -> Value:
    row, column = indices(x)
    return p.where((p.greater if strictly else p.greater_equal)(row, column), x, 0.0)


def diagonal_of(x: Value) -> Value:
    """[..., min(rows, columns)]"""
    rows, columns = rows_and_columns(x)
    row, column = indices(x)
    kept = p.where(p.equal(row, column), x, 0.0)
    return sum(kept, axis=-2 if columns <= rows else -1)


def column_vector(x: Value) -> Value:
    return expand_dims(x, -1)


def row_vector(x: Value) -> Value:
    return expand_dims(x, -2)


def cholesky(x: Operand, upper: bool = False) -> Value:
    """L with `x = L @ L.T`, lower triangular, or its transpose with `upper`; of x only the symmetric part counts.

    NaN from the first column on that shows x not to be positive definite. The gradient is that of I. Murray,
    "Differentiation of the Cholesky decomposition" (2016)."""
    x = matrix("cholesky", x, is_square=True)
    factor = _cholesky((x + turned(x)) * 0.5)
    return turned(factor) if upper else factor


@custom_gradient
def _cholesky(a: Value):
    size = rows_and_columns(a)[0]
    row, column = iota((size,), 0), indices(a)[1]

    def step(j: Value, lower: Value) -> Value:
        done = matmul(lower, column_vector(take(lower, j, axis=-2)))
        left = take(a, j, axis=-1) - sum(done, axis=-1)
        root = p.sqrt(take(left, j, axis=-1))
        found = p.where(p.greater_equal(row, j), left / column_vector(root), 0.0)
        return p.where(p.equal(column, j), column_vector(found), lower)

    factor = fori_loop(0, size, step, zeros(a.shape))

    def grad(g: Value) -> Value:
        from fanlight.ops.equations import substituted

        inner = lower_part(matmul(turned(factor), g))
        inner = inner - 0.5 * p.where(p.equal(*indices(inner)), inner, 0.0)
        left = substituted(turned(factor), inner, lower=False)
        both = turned(substituted(turned(factor), turned(left), lower=False))
        return (both + turned(both)) * 0.5

    return factor, grad


def lu_factor(x: Operand) -> tuple[Value, Value]:
    """LU with partial pivoting, as LAPACK's getrf: both factors in one matrix, and the row (from 0) that each step
    swapped with its own."""
    packed, pivots, _ = lu(matrix("lu_factor", x))
    return packed, pivots


def lu(a: Value) -> tuple[Value, Value, Value]:
    """Both factors in one matrix; the pivots; the order of the rows: `a[order] = L @ U`."""
    rows, columns = rows_and_columns(a)
    batch, steps = a.shape[:-2], min(rows, columns)
    line = iota((rows,), 0)
    row, column = indices(a)
    order = broadcast_to(line, (*batch, rows))
    pivots = broadcast_to(iota((steps,), 0), (*batch, steps))

    def step(k: Value, carry: tuple[Value, Value, Value]) -> tuple[Value, Value, Value]:
        packed, pivots, order = carry
        size = p.where(p.greater_equal(line, k), p.abs(take(packed, k, axis=-1)), -1.0)
        best = column_vector(argmax(size, axis=-1))
        swapped = p.where(p.equal(line, k), best, p.where(p.equal(line, best), k, line))
        packed = take_along_axis(packed, broadcast_to(column_vector(swapped), a.shape), axis=-2)
        order = take_along_axis(order, swapped, axis=-1)
        pivots = p.where(p.equal(iota((steps,), 0), k), best, pivots)
        top = take(packed, k, axis=-2)
        pivot = column_vector(take(top, k, axis=-1))
        is_below = p.greater(line, k)
        can_divide = p.logical_and(is_below, p.not_equal(pivot, 0.0))
        factor = p.where(can_divide, take(packed, k, axis=-1) / p.where(p.equal(pivot, 0.0), 1.0, pivot), 0.0)
        reduced = packed - column_vector(factor) * row_vector(top)
        inside = p.logical_and(p.greater(row, k), p.greater(column, k))
        here = p.logical_and(p.greater(row, k), p.equal(column, k))
        return p.where(inside, reduced, p.where(here, column_vector(factor), packed)), pivots, order

    return fori_loop(0, steps, step, (a, pivots, order))


def qr(x: Operand, mode: str = "reduced") -> tuple[Value, Value]:
    """`x = Q @ R`, Q with orthonormal columns and R upper triangular, by Householder's reflections with LAPACK's signs.

    `mode` is "reduced" ([m, k] and [k, n], k = min(m, n)) or "complete" ([m, m] and [m, n]). Where m >= n the gradient
    of the reduced form is that of M. Seeger and others, "Auto-Differentiating Linear Algebra" (2017)."""
    x = matrix("qr", x)
    if mode not in ("reduced", "complete"):
        raise ShapeError("fl.qr", expected='mode "reduced" or "complete"', got=repr(mode))
    rows, columns = rows_and_columns(x)
    if mode == "reduced" and rows >= columns:
        return _reduced(x)
    q, r = householder(x)
    k = min(rows, columns) if mode == "reduced" else rows
    return q[..., :k], r[..., :k, :]


@custom_gradient
def _reduced(a: Value):
    columns = rows_and_columns(a)[1]
    q, r = householder(a)
    q, r = q[..., :columns], r[..., :columns, :]

    def grad(gq: Value, gr: Value) -> Value:
        from fanlight.ops.equations import substituted

        inner = matmul(r, turned(gr)) - matmul(turned(gq), q)
        below = lower_part(inner, strictly=True)
        copied = below + turned(below) + p.where(p.equal(*indices(inner)), inner, 0.0)
        return turned(substituted(r, turned(gq + matmul(q, copied)), lower=False))

    return (q, r), grad


def householder(a: Value) -> tuple[Value, Value]:
    """Q [m, m] and R [m, n] of each matrix."""
    rows, columns = rows_and_columns(a)
    line = iota((rows,), 0)
    row, column = indices(a)

    def step(k: Value, carry: tuple[Value, Value]) -> tuple[Value, Value]:
        q, r = carry
        x = p.where(p.greater_equal(line, k), take(r, k, axis=-1), 0.0)
        head = column_vector(take(x, k, axis=-1))
        tail = sum(p.square(p.where(p.greater(line, k), x, 0.0)), axis=-1, keepdims=True)
        is_done = p.equal(tail, 0.0)  # nothing below the diagonal: no reflection
        length = p.sqrt(p.where(is_done, 1.0, tail + p.square(head)))
        beta = p.where(p.less(head, 0.0), length, -length)
        v = p.where(p.equal(line, k), head - beta, x)
        scale = p.where(is_done, 0.0, 2.0 / p.where(is_done, 1.0, sum(p.square(v), axis=-1, keepdims=True)))
        r = r - column_vector(v * scale) * matmul(row_vector(v), r)
        q = q - matmul(q, column_vector(v)) * row_vector(v * scale)
        return q, r

    q, r = fori_loop(0, min(rows, columns), step, (identity(a, rows), a))
    return q, p.where(p.less_equal(row, column), r, 0.0)


def completed(q: Value) -> Value:
    """`q` [m, k] with orthonormal columns, or zero ones at the end, as an orthonormal [m, m]."""
    rows, columns = rows_and_columns(q)
    full, _ = householder(q)
    is_zero = p.equal(sum(p.square(q), axis=-2, keepdims=True), 0.0)
    first = p.where(is_zero, full[..., :columns], q)
    return first if rows == columns else concatenate([first, full[..., columns:]], axis=-1)

"""What are the eigenvalues and singular values of a matrix? Jacobi's rotations, many at once, a fixed number of sweeps.

A sweep lets each pair of columns meet once: columns stand in two rows of half the size, those above each other are
rotated, then all but the first move on by one place. Matrices are the last two axes, the others a batch."""

from __future__ import annotations

from collections.abc import Callable

from fanlight.ir.graph import Value
from fanlight.ops import pointwise as p
from fanlight.ops.control import custom_gradient, fori_loop
from fanlight.ops.factorizations import (
    column_vector,
    completed,
    diagonal_of,
    identity,
    indices,
    matrix,
    row_vector,
    rows_and_columns,
    turned,
)
from fanlight.ops.indexing import take_along_axis
from fanlight.ops.linear import matmul
from fanlight.ops.promote import Operand, as_value
from fanlight.ops.reductions import max, sum
from fanlight.ops.shapes import broadcast_to, concatenate, zeros
from fanlight.ops.sorting import argsort

__all__ = ["eigh", "matrix_rank", "svd"]

SWEEPS = 10  # convergence is quadratic: for some hundred columns of float32, eight are enough
HUGE = 1e30  # the eigenvalue of a column that fills up an odd number; it comes out last
EPSILON = 2.0**-23

Pair = tuple[Value, Value]
Values = tuple[Value, ...]


def rotation(first: Value, second: Value, mixed: Value) -> Pair:
    """Cosine and sine that make [[first, mixed], [mixed, second]] diagonal (Golub and Van Loan, 8.5.2)."""
    is_done = p.equal(mixed, 0.0)
    tau = (second - first) / (2.0 * p.where(is_done, 1.0, mixed))
    sign = p.where(p.less(tau, 0.0), -1.0, 1.0)
    size = p.abs(tau)
    # For large tau its square overflows; the tangent is 1 / (2 tau) there.
    tangent = sign / p.where(p.greater(size, 1e15), 2.0 * size, size + p.sqrt(1.0 + p.square(p.minimum(size, 1e15))))
    tangent = p.where(is_done, 0.0, tangent)
    cosine = 1.0 / p.sqrt(1.0 + p.square(tangent))
    return cosine, tangent * cosine


def rotated(x: Value, cosine: Value, sine: Value) -> Value:
    """The columns of x, in two halves, turned against each other and moved on; [..., rows, columns]."""
    half = rows_and_columns(x)[1] // 2
    c, s = row_vector(cosine), row_vector(sine)
    top, bottom = x[..., :half], x[..., half:]
    top, bottom = c * top - s * bottom, s * top + c * bottom
    if half == 1:
        return concatenate([top, bottom], axis=-1)
    moved = [top[..., :1], bottom[..., :1], top[..., 1:-1], bottom[..., 1:], top[..., -1:]]
    return concatenate([part for part in moved if part.shape[-1] != 0], axis=-1)


def swept(columns: int, step: Callable[[Values], Values], start: Values) -> Values:
    """All sweeps over an even number of columns."""
    return fori_loop(0, SWEEPS * (columns - 1), lambda _, carry: step(carry), start)


def eigh(x: Operand) -> tuple[Value, Value]:
    """Eigenvalues in ascending order and orthonormal eigenvectors, as columns, of each symmetric matrix; of x only the
    symmetric part counts. The gradient of the vectors is infinite where two eigenvalues are equal."""
    x = matrix("eigh", x, is_square=True)
    return _eigh((x + turned(x)) * 0.5)


@custom_gradient
def _eigh(a: Value):
    size = rows_and_columns(a)[0]
    values, vectors = jacobi(a) if size > 1 else (a[..., 0], identity(a, 1))

    def grad(gw: Value, gv: Value) -> Value:
        gaps = row_vector(values) - column_vector(values)
        is_same = p.equal(*indices(gaps))
        inverse = p.where(is_same, 0.0, 1.0 / p.where(is_same, 1.0, gaps))
        inner = inverse * matmul(turned(vectors), gv) + p.where(is_same, column_vector(gw), 0.0)
        both = matmul(matmul(vectors, inner), turned(vectors))
        return (both + turned(both)) * 0.5

    return (values, vectors), grad


def jacobi(a: Value) -> Pair:
    """Sorted eigenvalues and their vectors, by two-sided rotations."""
    size = rows_and_columns(a)[0]
    even = size + size % 2
    padded = extended(a, even)

    def step(carry: Values) -> Values:
        a, v = carry
        half = even // 2
        diagonal = diagonal_of(a)
        cosine, sine = rotation(diagonal[..., :half], diagonal[..., half:], diagonal_of(a[..., :half, half:]))
        a = turned(rotated(turned(rotated(a, cosine, sine)), cosine, sine))
        return a, rotated(v, cosine, sine)

    done, vectors = swept(even, step, (padded, identity(padded, even)))
    values = diagonal_of(done)
    order = argsort(values, axis=-1)[..., :size]
    sorted_vectors = take_along_axis(vectors, broadcast_to(row_vector(order), (*a.shape[:-2], even, size)), axis=-1)
    return take_along_axis(values, order, axis=-1), sorted_vectors[..., :size, :]


def extended(a: Value, size: int) -> Value:
    """`a` with a row and a column of its own more, where its number is odd; they stay apart."""
    rows = rows_and_columns(a)[0]
    if rows == size:
        return a
    wide = concatenate([a, zeros((*a.shape[:-1], 1))], axis=-1)
    tall = concatenate([wide, zeros((*a.shape[:-2], 1, size))], axis=-2)
    row, column = indices(tall)
    is_last = p.logical_and(p.equal(row, size - 1), p.equal(column, size - 1))
    return p.where(is_last, HUGE, tall)


def svd(x: Operand, full_matrices: bool = True, compute_uv: bool = True) -> tuple[Value, Value, Value] | Value:
    """`x = U @ diag(S) @ Vh`, S in descending order: (U, S, Vh), or S alone without `compute_uv`.

    By Hestenes's one-sided rotations, which find small values as exactly as large ones. Differentiable with
    `full_matrices=False` where the singular values differ; singular vectors may have other signs than elsewhere."""
    x = matrix("svd", x)
    rows, columns = rows_and_columns(x)
    if rows < columns:
        found = svd(turned(x), full_matrices, compute_uv)
        if isinstance(found, Value):
            return found
        u, s, v = found
        return turned(v), s, turned(u)
    if not compute_uv:
        return _singular(x)[1]
    u, s, v = _singular(x)
    return (completed(u) if full_matrices else u), s, v


@custom_gradient
def _singular(a: Value):
    """Of matrices with at least as many rows as columns: U [m, n], S [n], Vh [n, n]."""
    u, s, v = hestenes(a)

    def grad(gu: Value, gs: Value, gvh: Value) -> Value:
        is_same = p.equal(*indices(v))
        square = p.square(s)
        gaps = row_vector(square) - column_vector(square)
        inverse = p.where(is_same, 0.0, 1.0 / p.where(is_same, 1.0, gaps))
        gv = turned(gvh)
        of_u, of_v = matmul(turned(u), gu), matmul(turned(v), gv)
        by_u = inverse * (of_u - turned(of_u)) * row_vector(s)
        by_v = column_vector(s) * (inverse * (of_v - turned(of_v)))
        inner = by_u + by_v + p.where(is_same, column_vector(gs), 0.0)
        outside = (gu - matmul(u, of_u)) / row_vector(p.where(p.equal(s, 0.0), 1.0, s))
        return matmul(matmul(u, inner) + outside, turned(v))

    return (u, s, turned(v)), grad


def hestenes(a: Value) -> tuple[Value, Value, Value]:
    """U, S and V: columns of `a` are rotated until they are orthogonal; their lengths are S."""
    rows, size = rows_and_columns(a)
    even = size + size % 2
    padded = a if even == size else concatenate([a, zeros((*a.shape[:-1], 1))], axis=-1)
    half = even // 2

    def step(carry: Values) -> Values:
        a, v = carry
        top, bottom = a[..., :half], a[..., half:]
        lengths = sum(p.square(top), axis=-2), sum(p.square(bottom), axis=-2)
        cosine, sine = rotation(*lengths, sum(top * bottom, axis=-2))
        return rotated(a, cosine, sine), rotated(v, cosine, sine)

    start = padded, identity(padded, even)
    turned_a, v = swept(even, step, start) if even > 1 else start
    s = p.sqrt(sum(p.square(turned_a), axis=-2))
    # A column that was added is exactly zero, and comes after all others by its number.
    order = argsort(-s, axis=-1)[..., :size]
    s = take_along_axis(s, order, axis=-1)
    columns = take_along_axis(turned_a, broadcast_to(row_vector(order), (*a.shape[:-2], rows, size)), axis=-1)
    v = take_along_axis(v, broadcast_to(row_vector(order), (*a.shape[:-2], even, size)), axis=-1)[..., :size, :]
    u = columns / row_vector(p.where(p.equal(s, 0.0), 1.0, s))
    return u, s, v


def matrix_rank(x: Operand, tol: Operand | None = None) -> Value:
    """How many singular values of each matrix are above `tol`, by default max(rows, columns) * eps * the largest."""
    x = matrix("matrix_rank", x)
    rows, columns = rows_and_columns(x)
    s = svd(x, compute_uv=False)
    assert isinstance(s, Value)
    least = (rows if rows > columns else columns) * EPSILON * max(s, axis=-1) if tol is None else as_value(tol)
    return sum(p.cast(p.greater(s, column_vector(least)), "int32"), axis=-1)

"""What are the products of arrays besides matmul? Inner, outer and tensor products, correlations, distances.

Each is written with matmul or with a sum of products, so that the loops are those of a matrix product.
"""

from __future__ import annotations

import builtins
from collections.abc import Sequence

from fanlight.errors import ShapeError
from fanlight.ir import dim as dims
from fanlight.ir.graph import Value
from fanlight.ops.borders import pad
from fanlight.ops.diagonals import diagonal
from fanlight.ops.linear import matmul
from fanlight.ops.pointwise import cast, clip, divide, multiply, sqrt, square, subtract
from fanlight.ops.promote import Operand, as_value, broadcast_shape, stretched
from fanlight.ops.reductions import mean, sum
from fanlight.ops.shapes import (
    broadcast_to,
    concatenate,
    expand_dims,
    flip,
    moveaxis,
    normal_axes,
    ravel,
    reshape,
    slice,
    squeeze,
    transpose,
)

__all__ = ["cdist", "corrcoef", "correlate", "cross", "dot", "inner", "kron", "outer", "tensordot", "vdot"]

Axes = int | Sequence[int] | Sequence[Sequence[int]]


def dot(x1: Operand, x2: Operand) -> Value:
    """The sums of products along the last axis of x1 and the last but one of x2 (the only one of a vector).

    Unlike those of `matmul`, all leading axes of x1 meet all of x2; with a number, the product."""
    first, second = as_value(x1), as_value(x2)
    if first.rank == 0 or second.rank == 0:
        return multiply(first, second)
    return matmul(first, second) if second.rank < 3 else tensordot(first, second, ((-1,), (-2,)))


def outer(x1: Operand, x2: Operand) -> Value:
    """All products of an element of x1 and one of x2, both in row-major order: [count of x1, count of x2]."""
    return multiply(expand_dims(ravel(x1), 1), ravel(x2))


def inner(x1: Operand, x2: Operand) -> Value:
    """The sums of products along the last axes: [rest of x1, rest of x2]; with a number, the product."""
    first, second = as_value(x1), as_value(x2)
    if first.rank == 0 or second.rank == 0:
        return multiply(first, second)
    return tensordot(first, second, ((-1,), (-1,)))


def vdot(x1: Operand, x2: Operand) -> Value:
    """The sum of the products of all elements, both in row-major order."""
    return matmul(ravel(x1), ravel(x2))


def tensordot(x1: Operand, x2: Operand, axes: Axes = 2) -> Value:
    """The sums of products along axes: the last `axes` of x1 and the first of x2, or a pair of lists of axes.

    The other axes of x1 come first, then those of x2."""
    first, second = as_value(x1), as_value(x2)
    if isinstance(axes, int):
        pairs: list[Sequence[int]] = [range(first.rank - axes, first.rank), range(axes)]
    else:
        pairs = [(each,) if isinstance(each, int) else each for each in axes]
    if len(pairs) != 2 or len(pairs[0]) != len(pairs[1]):
        raise ShapeError("tensordot", expected="a number of axes, or a pair of equally long lists", got=axes)
    gone = normal_axes(tuple(pairs[0]), first.rank), normal_axes(tuple(pairs[1]), second.rank)
    lengths = [first.shape[k] for k in gone[0]]
    if lengths != [second.shape[k] for k in gone[1]]:
        what = f"equal lengths along the axes {gone[0]} and {gone[1]}"
        raise ShapeError("tensordot", expected=what, got=f"{first.type} and {second.type}")
    kept = [k for k in range(first.rank) if k not in gone[0]], [k for k in range(second.rank) if k not in gone[1]]
    shapes = [first.shape[k] for k in kept[0]], [second.shape[k] for k in kept[1]]
    total = dims.product(lengths)
    rows = reshape(transpose(first, [*kept[0], *gone[0]]), (dims.product(shapes[0]), total))
    columns = reshape(transpose(second, [*gone[1], *kept[1]]), (total, dims.product(shapes[1])))
    return reshape(matmul(rows, columns), (*shapes[0], *shapes[1]))


def kron(x1: Operand, x2: Operand) -> Value:
    """The Kronecker product: x2 times each element of x1, in the place of that element."""
    first, second = as_value(x1), as_value(x2)
    rank = builtins.max(first.rank, second.rank)
    long = [reshape(each, ((1,) * (rank - each.rank)) + each.shape) for each in (first, second)]
    wide = [expand_dims(each, range(1 - k, 2 * rank + 1 - k, 2) if rank else ()) for k, each in enumerate(long)]
    return reshape(multiply(*wide), tuple(m * n for m, n in zip(long[0].shape, long[1].shape, strict=True)))


def cross(
    x1: Operand, x2: Operand, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> Value:
    """The vector product along axes of length 3 or 2 (the third component being 0), which are last unless given.

    Of two vectors of length 2 only the third component, without an axis."""
    if axis is not None:
        axisa = axisb = axisc = axis
    first, second = moveaxis(x1, axisa, -1), moveaxis(x2, axisb, -1)
    lengths = first.shape[-1], second.shape[-1]
    if not {*lengths} <= {2, 3}:
        raise ShapeError("cross", expected="vectors of length 2 or 3", got=f"{first.type} and {second.type}")
    shape = broadcast_shape(first.shape[:-1], second.shape[:-1])

    def part(x: Value, k: int) -> Value:
        one = slice(x, (*(0,) * (x.rank - 1), k), (*x.shape[:-1], 1))
        return stretched(squeeze(one, -1), shape)

    def crossed(j: int, k: int) -> Value:
        return subtract(multiply(part(first, j), part(second, k)), multiply(part(first, k), part(second, j)))

    if lengths == (2, 2):
        return crossed(0, 1)
    first, second = _with_third(first), _with_third(second)
    found = concatenate([expand_dims(crossed(j, k), -1) for j, k in ((1, 2), (2, 0), (0, 1))], -1)
    return moveaxis(found, -1, axisc)


def _with_third(x: Value) -> Value:
    """Vectors of length 3: a third component of 0 where there is none."""
    return x if x.shape[-1] == 3 else pad(x, [*((0, 0) for _ in x.shape[:-1]), (0, 1)])


def sliding(x: Value, length: int) -> Value:
    """The windows of so many elements of a vector [n], one a column: [length, n - length + 1].

    Element [j, k] is x[j + k]: the vector again and again, cut into rows that are one element longer."""
    (n,) = x.shape
    count = n - length + 1
    rows = pad(reshape(broadcast_to(x, (length, n)), (length * n,)), ((0, length),))
    return slice(reshape(rows, (length, n + 1)), (0, 0), (length, count))


def correlate(x1: Operand, x2: Operand, mode: str = "valid") -> Value:
    """The sums of x1[n + k] x2[n] over n, for each shift k of two vectors. float32.

    Shifts are those for which the shorter one lies inside ("valid"), as many as the longer one has elements ("same"),
    or all for which they meet ("full")."""
    long, short = cast(x1, "float32"), cast(x2, "float32")
    n, m = (x.shape[0] if x.rank == 1 else None for x in (long, short))
    if not isinstance(n, int) or not isinstance(m, int) or n == 0 or m == 0:
        raise ShapeError("correlate", expected="vectors of known lengths", got=f"{long.type} and {short.type}")
    if mode not in ("valid", "same", "full"):
        raise ShapeError("correlate", expected='mode "valid", "same" or "full"', got=repr(mode))
    if n < m:
        return flip(correlate(short, long, mode), 0)
    before = {"valid": 0, "same": m // 2, "full": m - 1}[mode]
    after = {"valid": 0, "same": m - 1 - before, "full": m - 1}[mode]
    windows = sliding(pad(long, ((before, after),)), m)
    return sum(multiply(windows, expand_dims(short, 1)), 0)


def corrcoef(x: Operand) -> Value:
    """The correlation coefficients of the rows [variables, observations]: 1 on the diagonal, -1 .. 1 elsewhere."""
    value = cast(x, "float32")
    rows = expand_dims(value, 0) if value.rank < 2 else value
    centred = subtract(rows, mean(rows, 1, keepdims=True))
    products = matmul(centred, transpose(centred))
    spread = sqrt(diagonal(products))
    found = clip(divide(divide(products, expand_dims(spread, 1)), spread), -1.0, 1.0)
    return reshape(found, ()) if value.rank < 2 else found


def cdist(x: Operand, y: Operand) -> Value:
    """The Euclidean distances of all pairs of rows: [..., m, k] and [..., n, k] give [..., m, n]."""
    first, second = cast(x, "float32"), cast(y, "float32")
    if first.rank < 2 or second.rank < 2 or first.shape[-1] != second.shape[-1]:
        raise ShapeError("cdist", expected="rows of one length", got=f"{first.type} and {second.type}")
    return sqrt(sum(square(subtract(expand_dims(first, -2), expand_dims(second, -3))), -1))

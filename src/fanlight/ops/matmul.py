"""What is a product of matrices? One row, with batch dims that are equal in both operands.

Vectors, broadcasting and the merging of batch dims into rows are in `functions`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from fanlight.errors import ShapeError
from fanlight.ir.graph import Op, Value
from fanlight.ir.kernel import Axis, Nest, make_axes
from fanlight.ir.scalar import make, read
from fanlight.ir.types import Shape, Type
from fanlight.ops import functions as fn
from fanlight.ops.base import check_arity, check_dtype, indices, listed
from fanlight.ops.sample import Sample, sample

SUMMED = ("float32", "int32", "uint32", "int64")  # smaller dtypes are widened before products are added up


@dataclass(frozen=True)
class Matmul(Op):
    """`out[..., m, n] = sum over k of a[..., m, k] * b[..., k, n]`."""

    name = "matmul"

    def infer(self, *types: Type) -> Type:
        check_arity(self, types, 2)
        check_dtype(self, SUMMED, *types)
        a, b = types
        if a.rank < 2 or a.rank != b.rank or a.shape[:-2] != b.shape[:-2] or a.shape[-1] != b.shape[-2]:
            raise ShapeError(self.name, expected="[..., m, k] and [..., k, n] with equal batch dims", got=listed(types))
        return Type(a.dtype, (*a.shape[:-1], b.shape[-1]))

    def nest(self, *types: Type) -> Nest:
        a, b = types
        axes = make_axes(self.infer(a, b).shape)
        (*batch, m, n), inner = indices(axes), Axis("r0", a.shape[-1])
        value = make("mul", read(0, (*batch, m, inner.index), a.dtype), read(1, (*batch, inner.index, n), b.dtype))
        return Nest(axes, value, (inner,), "add")

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> tuple[Value | None, ...]:
        a, b = xs
        return fn.matmul(g, fn.swapaxes(b, -1, -2)), fn.matmul(fn.swapaxes(a, -1, -2), g)

    def reference(self, *arrays: Any) -> Any:
        return arrays[0] @ arrays[1]

    @classmethod
    def samples(cls) -> Iterable[Sample]:
        cases: tuple[tuple[Shape, Shape], ...] = (
            *(
                ((1, 1), (1, 1)),
                ((2, 3), (3, 5)),
                ((5, 8), (8, 16)),
                ((6, 7), (7, 17)),
                ((1, 9), (9, 1)),
                ((4, 0), (0, 3)),
            ),
            *(((0, 2), (2, 3)), ((2, 3, 4), (2, 4, 2)), ((2, 1, 3, 1), (2, 1, 1, 4))),
        )
        for a, b in cases:
            yield sample(cls(), (a, "normal"), (b, "normal"))
        yield sample(cls(), ((3, 2), "special"), ((2, 3), "special"))
        for dtype in SUMMED[1:]:
            yield sample(cls(), ((3, 2), "any", dtype), ((2, 3), "any", dtype))

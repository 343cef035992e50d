"""In which order do elements stand? One row: the positions of the smallest elements, from which `sorting` is written.

NaN counts as the largest number and -0 as +0; equal elements keep their order.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from fanlight.errors import ShapeError
from fanlight.ir import dim as dims
from fanlight.ir.dim import DimLike
from fanlight.ir.graph import Op, Value
from fanlight.ir.kernel import SORT, Axis, Nest, make_axes
from fanlight.ir.scalar import Scalar, accumulator, bitcast, cast, const, index, make, read, select
from fanlight.ir.types import Type
from fanlight.ops.base import check_arity, check_dtype, indices, static
from fanlight.ops.sample import Sample, sample

ACCEPTS = ("float32", "int32", "uint32", "uint8", "int8", "bool")  # of int64 the function sorts both halves
SIGN, REST = -(2**31), 2**31 - 1  # of an int32


@dataclass(frozen=True)
class Argsort(Op):
    """The positions along the last axis of its `count` smallest elements, or largest (`descending`), in order."""

    name = "argsort"
    count: DimLike
    descending: bool = False

    def infer(self, *types: Type) -> Type:
        check_arity(self, types, 1)
        (x,) = types
        check_dtype(self, ACCEPTS, x)
        if not x.rank or dims.bounds(x.shape[-1] - self.count)[0] < 0 or dims.bounds(self.count)[0] < 0:
            raise ShapeError(self.name, expected=f"an axis with at least {self.count} elements", got=x)
        return Type("int32", (*x.shape[:-1], self.count))

    def nest(self, *types: Type) -> Nest:
        (x,) = types
        axes, rank = make_axes(x.shape[:-1]), Axis("r0", x.shape[-1])
        place = (*indices(axes), rank.index)
        key = ordered(read(0, place, x.dtype))
        if self.descending:
            key = key ^ -1
        # The key stands above the position: no two items are equal, and equal keys keep their order.
        item = (cast(key, "int64") << 32) | cast(index(rank.index), "int64")
        result = cast(accumulator("int64"), "int32")
        return Nest(axes, item, (rank,), SORT, "sort", place, result)

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> tuple[Value | None, ...]:
        return (None,)

    def reference(self, *arrays: Any) -> Any:
        import numpy

        (x,) = arrays
        order = numpy.argsort(x, axis=-1, kind="stable")
        if self.descending:  # backwards, and equal ones backwards once more
            order = x.shape[-1] - 1 - numpy.argsort(x[..., ::-1], axis=-1, kind="stable")[..., ::-1]
        return order[..., : static(self, (self.count,))[0]].astype("int32")

    @classmethod
    def samples(cls) -> Iterable[Sample]:
        for n in range(18):
            for values in ("any", "tied"):
                yield sample(cls(n), ((n,), values))
                yield sample(cls(n, True), ((n,), values))
        for shape, count in (((3, 5), 2), ((2, 3, 40), 3), ((2, 40), 16), ((70,), 70), ((2, 33), 33), ((2, 65), 30)):
            yield sample(cls(count), (shape, "any"))
            yield sample(cls(count, True), (shape, "tied"))
        for dtype in ACCEPTS:
            yield sample(cls(19), ((2, 19), "any", dtype))
            yield sample(cls(4, True), ((2, 19), "any", dtype))
        yield sample(cls(3), ((0, 3), "any"))


def ordered(x: Scalar) -> Scalar:
    """An int32 that is smaller where x is smaller."""
    if x.dtype == "float32":
        bits = bitcast(x + 0.0, "int32")  # -0 + 0 is +0
        key = bits ^ ((bits >> 31) & REST)  # of negative numbers a larger magnitude is smaller
        return select(make("ne", x, x), const(REST, "int32"), key)
    if x.dtype == "uint32":
        return bitcast(x, "int32") ^ SIGN
    return cast(x, "int32")

"""Which element does the data ask for? The row whose index expressions hold data: gather. Its gradient is a scatter.

Indices are clamped to the array, so no read falls outside. Negative ones and one-hot codes: see `indexing`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from fanlight.errors import DtypeError, ShapeError
from fanlight.ir import dim as dims
from fanlight.ir.dim import DimLike
from fanlight.ir.graph import Op, Value
from fanlight.ir.kernel import Nest, make_axes
from fanlight.ir.scalar import Scalar, const, datum, index, make, read
from fanlight.ir.types import DTYPES, Shape, Type
from fanlight.ops import functions as fn
from fanlight.ops.base import check_axes, indices, listed, static
from fanlight.ops.sample import Sample, sample

CASES: tuple[tuple[tuple[int, ...], int, Shape, Shape], ...] = (  # axes, batch, array, indices
    *(
        ((0,), 0, (5,), ()),
        ((0,), 0, (5,), (7,)),
        ((0,), 0, (4, 3), (2,)),
        ((1,), 0, (2, 5, 3), (2, 2)),
        ((0,), 0, (3,), (0,)),
    ),
    *(((1,), 1, (2, 5), (2, 3)), ((1,), 1, (2, 5, 3), (2,)), ((2,), 1, (2, 2, 5), (2, 3))),
    *(((0, 1), 0, (3, 4), (5,)), ((1, 2), 1, (2, 4, 3, 2), (2, 2, 3)), ((1, 3), 1, (1, 3, 2, 4), (1, 3))),
)


def checked(op: Op, x: Type, picks: tuple[Type, ...], axes: tuple[int, ...], batch: int) -> None:
    """Raises an error where arrays of indices do not fit the axes that they index."""
    check_axes(op, axes, x.rank)
    if len(picks) != len(axes) or not axes or list(axes) != sorted(axes) or axes[0] < batch:
        raise ShapeError(
            op.name,
            expected=f"an index array for each of the ascending axes {axes} after {batch} batch axes",
            got=listed(picks),
        )
    if any(each.dtype != "int32" for each in picks):
        raise DtypeError(op.name, expected="int32 indices", got=listed(picks), do="cast them first")
    if any(each.shape != picks[0].shape for each in picks) or picks[0].shape[:batch] != x.shape[:batch]:
        raise ShapeError(
            op.name, expected=f"indices of one shape that begins with {x.shape[:batch]}", got=listed((x, *picks))
        )
    if any(x.shape[axis] == 0 for axis in axes):
        raise ShapeError(op.name, expected="axes with at least one element", got=x, at=f"axes {axes}")


def clamped(pick: Scalar, extent: DimLike) -> Scalar:
    return make("min", make("max", pick, const(0, "int32")), index(extent - 1))


def pick_indices(op: Op, picks: Any, shape: Shape, axes: tuple[int, ...], batch: int) -> list[Any]:
    """For references: a NumPy index array for each axis of x that is batch or indexed, in order, clamped."""
    import numpy

    extents = static(op, shape)
    grid = numpy.indices(picks[0].shape[:batch])
    rows = [g.reshape(g.shape + (1,) * (picks[0].ndim - batch)) for g in grid]
    return rows + [numpy.clip(pick, 0, extents[axis] - 1) for pick, axis in zip(picks, axes, strict=True)]


@dataclass(frozen=True)
class Gather(Op):
    """`out[b, p, q, r] = x[b, p, pick0[b, q], pick1[b, q], r]`: elements of x at int32 positions along `axes`.

    The first `batch` axes of x and of all index arrays are the same ones (b). The axes q of the index arrays come where
    the first indexed axis was; the other axes of x keep their order. Indices are clamped.
    """

    name = "gather"
    axes: tuple[int, ...]
    batch: int = 0

    def infer(self, *types: Type) -> Type:
        x, *picks = types
        checked(self, x, tuple(picks), self.axes, self.batch)
        kept = tuple(x.shape[k] for k in range(self.axes[0] + 1, x.rank) if k not in self.axes)
        return Type(x.dtype, (*x.shape[: self.axes[0]], *picks[0].shape[self.batch :], *kept))

    def nest(self, *types: Type) -> Nest:
        x, *picks = types
        axes = make_axes(self.infer(*types).shape)
        where = indices(axes)
        first, count = self.axes[0], picks[0].rank - self.batch
        at = (*where[: self.batch], *where[first : first + count])
        kept = iter((*where[:first], *where[first + count :]))
        source: list[DimLike] = []
        for k, extent in enumerate(x.shape):
            if k in self.axes:
                pick = clamped(read(1 + self.axes.index(k), at, "int32"), extent)
                source.append(datum(pick, 0, dims.upper(extent) - 1))
            else:
                source.append(next(kept))
        return Nest(axes, read(0, tuple(source), x.dtype))

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> tuple[Value | None, ...]:
        x, *picks = xs
        return fn.scattering.ungather(g, x, picks, self.axes, self.batch), *(None for _ in picks)

    def reference(self, *arrays: Any) -> Any:
        import numpy

        x, *picks = arrays
        middle = range(self.batch, self.axes[0])
        order = [
            *range(self.batch),
            *self.axes,
            *middle,
            *(k for k in range(self.axes[0], x.ndim) if k not in self.axes),
        ]
        found = x.transpose(order)[tuple(pick_indices(self, picks, x.shape, self.axes, self.batch))]
        count = (
            picks[0].ndim - self.batch
        )  # NumPy puts the index axes first: move what stood before the first indexed axis there
        return numpy.moveaxis(found, range(self.batch + count, self.batch + count + len(middle)), list(middle))

    @classmethod
    def samples(cls) -> Iterable[Sample]:
        for axes, batch, x, pick in CASES:
            picks = ((pick, "index", "int32"),) * len(axes)
            yield sample(cls(axes, batch), (x, "any"), *picks)
            yield sample(cls(axes, batch), (x, "normal"), *picks)
        for dtype in DTYPES:
            yield sample(cls((0,)), ((5,), "any", dtype), ((3,), "index", "int32"))

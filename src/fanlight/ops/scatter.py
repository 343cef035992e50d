"""Where do the data want an element to go? The row that changes an array at positions that are data: scatter.

Updates are taken in row-major order, so that equal positions have one answer. It is the mirror of `gather`: each is the
other's gradient. Functions that are written with it: see `scattering` and `segments`.
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
from fanlight.ir.scalar import Scalar, conjunction, const, datum, guard, index, make, read
from fanlight.ir.types import DTYPES, Type
from fanlight.ops import functions as fn
from fanlight.ops.base import NUMBERS, indices, static
from fanlight.ops.gather import CASES, Gather, checked, clamped
from fanlight.ops.sample import Sample, sample

COMBINES = ("", "add", "mul", "max", "min")  # "": an update replaces what was there
OUTSIDE = ("drop", "clip")  # what becomes of positions outside: no update, or the nearest element


@dataclass(frozen=True)
class Scatter(Op):
    """x where `x[b, p, pick0[b, q], pick1[b, q], r]` is combined with `updates[b, p, q, r]`, update after update.

    Operands: x, updates, then int32 positions for each of `axes`. Axes as in `gather`, of which this is the mirror.
    """

    name = "scatter"
    axes: tuple[int, ...]
    batch: int = 0
    combine: str = ""
    outside: str = "drop"

    def infer(self, *types: Type) -> Type:
        if len(types) < 2 or self.combine not in COMBINES or self.outside not in OUTSIDE:
            raise ShapeError(self.name, expected=f"x, updates and one of {COMBINES} and {OUTSIDE}", got=self)
        x, updates, *picks = types
        checked(self, x, tuple(picks), self.axes, self.batch)
        wanted = Gather(self.axes, self.batch).infer(x, *picks)
        if updates != wanted:
            raise ShapeError(self.name, expected=f"updates {wanted}", got=updates)
        if self.combine and x.dtype not in NUMBERS:
            raise DtypeError(self.name, expected=" or ".join(NUMBERS), got=x, do="cast it first")
        return x

    def nest(self, *types: Type) -> Nest:
        x, updates, *picks = types
        axes = make_axes(updates.shape)
        where = indices(axes)
        first, count = self.axes[0], picks[0].rank - self.batch
        at = (*where[: self.batch], *where[first : first + count])
        kept = iter((*where[:first], *where[first + count :]))
        place: list[DimLike] = []
        conditions: list[Scalar] = []
        for k, extent in enumerate(x.shape):
            if k not in self.axes:
                place.append(next(kept))
                continue
            pick = read(2 + self.axes.index(k), at, "int32")
            place.append(datum(clamped(pick, extent), 0, dims.upper(extent) - 1))
            conditions += [make("ge", pick, const(0, "int32")), make("lt", pick, index(extent))]
        old, update = read(0, tuple(place), x.dtype), read(1, where, x.dtype)
        value = make(self.combine, old, update) if self.combine else update
        if self.outside == "drop":
            value = guard(conjunction(*conditions), value, old)
        return Nest(axes, value, kind="scatter", place=tuple(place))

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> tuple[Value | None, ...]:
        x, updates, *picks = xs
        of_x, of_updates = {"": self._of_set, "add": self._of_add, "mul": self._of_mul}.get(
            self.combine, self._of_extreme
        )(g, y, x, updates, picks)
        return of_x, self._inside(of_updates, x, picks), *(None for _ in picks)

    # Gradients of x and of the updates. Positions outside are read as clamped ones here and masked afterwards.

    def _of_add(self, g: Value, y: Value, x: Value, updates: Value, picks: list[Value]) -> tuple[Value, Value]:
        return g, self._found(g, picks)

    def _of_set(self, g: Value, y: Value, x: Value, updates: Value, picks: list[Value]) -> tuple[Value, Value]:
        """Of several updates of one element the last one counts: it finds its own number there."""
        numbers = fn.row_major_index(updates.shape)
        written = self._into(fn.full(x.shape, -1, "int32"), numbers, picks, "")
        is_last = fn.equal(self._found(written, picks), numbers)
        kept = fn.where(fn.less(written, 0), g, 0.0)
        return kept, fn.where(is_last, self._found(g, picks), 0.0)

    def _of_mul(self, g: Value, y: Value, x: Value, updates: Value, picks: list[Value]) -> tuple[Value, Value]:
        """An update has the product of all other factors as its slope, which is not y / update where that is 0."""
        is_zero = fn.equal(updates, 0.0)
        others = fn.where(is_zero, 1.0, updates)
        rest = self._into(x, others, picks, "mul")  # x times all updates that are not 0
        zeros = self._into(fn.zeros(x.shape), fn.cast(is_zero, "float32"), picks, "add")
        alone = fn.where(fn.equal(zeros, 1.0), fn.multiply(g, rest), 0.0)
        slope = fn.where(is_zero, self._found(alone, picks), fn.divide(self._found(fn.multiply(g, y), picks), others))
        return self._into(g, updates, picks, "mul"), slope

    def _of_extreme(self, g: Value, y: Value, x: Value, updates: Value, picks: list[Value]) -> tuple[Value, Value]:
        """All that equal the extreme share its gradient, x too, as in JAX."""
        wins = fn.equal(updates, self._found(y, picks))
        stays = fn.equal(x, y)
        count = self._into(fn.cast(stays, "float32"), fn.cast(wins, "float32"), picks, "add")
        share = fn.divide(g, count)
        return fn.where(stays, share, 0.0), fn.where(wins, self._found(share, picks), 0.0)

    def _into(self, x: Value, updates: Value, picks: list[Value], combine: str) -> Value:
        return fn.apply(Scatter(self.axes, self.batch, combine, self.outside), x, updates, *picks)

    def _found(self, x: Value, picks: list[Value]) -> Value:
        return fn.apply(Gather(self.axes, self.batch), x, *picks)

    def _inside(self, found: Value, x: Value, picks: list[Value]) -> Value:
        """What belongs to dropped updates is 0."""
        if self.outside == "clip":
            return found
        inside: Value | None = None
        for pick, axis in zip(picks, self.axes, strict=True):
            is_in = fn.logical_and(fn.greater_equal(pick, 0), fn.less(pick, fn.size_of(x.shape[axis])))
            inside = is_in if inside is None else fn.logical_and(inside, is_in)
        assert inside is not None
        first, count = self.axes[0], picks[0].rank - self.batch
        shape = tuple(
            extent if k < self.batch or first <= k < first + count else 1 for k, extent in enumerate(found.shape)
        )
        return fn.where(fn.reshape(inside, shape), found, 0.0)

    def reference(self, *arrays: Any) -> Any:
        import numpy

        x, updates, *picks = arrays
        out, extents = x.copy(), static(self, x.shape)
        join = {"": lambda a, b: b, "add": numpy.add, "mul": numpy.multiply, "max": numpy.maximum, "min": numpy.minimum}
        first, count = self.axes[0], picks[0].ndim - self.batch
        for where in numpy.ndindex(updates.shape):
            at = (*where[: self.batch], *where[first : first + count])
            kept = iter((*where[:first], *where[first + count :]))
            chosen = {k: int(pick[at]) for k, pick in zip(self.axes, picks, strict=True)}
            place = tuple(chosen[k] if k in chosen else next(kept) for k in range(x.ndim))
            if self.outside == "clip":
                place = tuple(min(max(p, 0), extent - 1) for p, extent in zip(place, extents, strict=True))
            if all(0 <= p < extent for p, extent in zip(place, extents, strict=True)):
                out[place] = join[self.combine](out[place], updates[where])
        return out

    @classmethod
    def samples(cls) -> Iterable[Sample]:
        for axes, batch, x, pick in (*CASES, ((0,), 0, (4, 9), (3,)), ((0,), 0, (3, 2, 17), (6,))):
            picks = ((pick, "index", "int32"),) * len(axes)
            updates = Gather(axes, batch).infer(Type("float32", x), *(Type("int32", pick) for _ in axes)).shape
            for outside in OUTSIDE:
                for combine in COMBINES if outside == "drop" else ("add",):
                    op = cls(axes, batch, combine, outside)
                    yield sample(op, (x, "special"), (updates, "special"), *picks)
                    yield sample(op, (x, "distinct"), (updates, "normal"), *picks)
        for dtype in DTYPES:
            for combine in COMBINES if dtype in NUMBERS else ("",):
                x, updates = ((5, 6), "any", dtype), ((4, 6), "any", dtype)
                yield sample(cls((0,), combine=combine), x, updates, ((4,), "index", "int32"))

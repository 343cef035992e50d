"""How are several results reduced side by side? The lanes are neighbours along the innermost output axis.

In: a Kernel with a reduction whose terms are neighbours there too. Out: its function; up to 16 results in registers."""

from __future__ import annotations

from collections.abc import Sequence

from fanlight.ir import dim as dims
from fanlight.ir.kernel import Axis, Kernel
from fanlight.targets.wasm.assembler import I32, Function
from fanlight.targets.wasm.expressions import Index
from fanlight.targets.wasm.loops import Bound, counting
from fanlight.targets.wasm.nest import LANES, is_empty
from fanlight.targets.wasm.reduction import STRAIGHT, Reduction
from fanlight.targets.wasm.vectorize import is_vector_store, is_vector_value, may_overrun

VECTORS = 4  # accumulators side by side: enough to hide the latency of an addition


def fits_across(kernel: Kernel) -> bool:
    """Can the lanes be results? What is left of a vector is read too, though not stored."""
    if not kernel.axes or kernel.value is None:
        return False
    lane, operands = kernel.axes[-1].name, kernel.operands
    values = (kernel.value, *(store.value for store in kernel.stores))
    return (
        all(is_vector_value(value, operands, lane) for value in values)
        and all(is_vector_store(store, operands, lane) for store in kernel.stores)
        and _most_vectors(kernel) > 0
    )


def _most_vectors(kernel: Kernel) -> int:
    """How many vectors of which all but one lane lie beyond the end may be read; elements far apart allow fewer."""
    values = [value for value in (kernel.value, *(store.value for store in kernel.stores)) if value is not None]
    lane = kernel.axes[-1].name
    allowed = (n for n in range(VECTORS, 0, -1) if may_overrun(values, kernel.operands, lane, LANES * n - 1))
    return next(allowed, 0)


class ReduceAcross(Reduction):
    """One `reduce` kernel's function, with results as lanes."""

    def emit(self) -> Function:
        """The finished function."""
        axes, expressions = self.kernel.axes, self.expressions
        if is_empty(axes):
            return self.function
        self.lane = axes[-1].name
        with expressions.scope():
            self.hoist_terms({axis.name for axis in axes}, self.lane)
            self.loops(axes[:-1], lambda inner: self.hoist_terms(inner | {self.lane}, self.lane), self._row)
        return self.function

    def _row(self) -> None:
        axis = self.kernel.axes[-1]
        begin, end = self.bounds(axis)
        index = self.function.local(I32)
        if begin.local is None and end.local is None:
            self._static_row(axis, index, end.constant)
        else:
            vectors = self._count(axis.extent)
            with counting(self.function, index, begin, end, LANES * vectors):
                self._block(Index(index), vectors, end=end)
        self.function.release(index)

    def _static_row(self, axis: Axis, index: int, extent: int) -> None:
        vectors = self._count(extent)
        blocks, rest = divmod(extent, LANES * vectors)
        if blocks == 1:
            self._block(Index(None), vectors)
        elif blocks:
            with counting(self.function, index, Bound(None), Bound(None, extent - rest), LANES * vectors):
                self._block(Index(index), vectors)
        if rest:
            self._block(Index(None, extent - rest), -(-rest // LANES), last=(rest - 1) % LANES + 1)

    def _count(self, extent: dims.DimLike) -> int:
        """How many vectors a block has: few wasted lanes, and not too much code."""
        most = max(1, min(_most_vectors(self.kernel), STRAIGHT // (2 * self.weight)))
        if not isinstance(extent, int):
            return most
        needed = -(-extent // LANES)
        return min(range(most, 0, -1), key=lambda vectors: -(-needed // vectors) * vectors)

    def _block(self, start: Index, count: int, last: int = LANES, end: Bound | None = None) -> None:
        """`count` vectors of results, of the last of which `last` are stored; or those below `end`."""
        expressions, lane = self.expressions, self.lane
        totals = self.vectors(count)
        places = [{lane: Index(start.local, start.constant + k * LANES)} for k in range(count)]

        def hoist(inner: set[str]) -> None:
            for place in places:
                with expressions.at(**place):
                    expressions.hoist([self.value], inner, lane)

        with expressions.scope(), expressions.at(**{lane: start}):
            hoist({axis.name for axis in self.kernel.reduce})
            self.accumulate(list(zip(totals, places, strict=True)), lane, hoist)
            self._store(totals, places, last, end)
        for total in totals:
            self.function.release(total)

    def _store(self, totals: Sequence[int], places: Sequence[dict[str, Index]], last: int, end: Bound | None) -> None:
        function, expressions, stores = self.function, self.expressions, self.kernel.stores
        remaining = function.local(I32) if end is not None else -1
        for k, (total, place) in enumerate(zip(totals, places, strict=True)):
            expressions.accumulator = total
            with expressions.at(**place):
                if end is None:
                    expressions.store_vector(*stores, lane=self.lane, count=last if k == len(totals) - 1 else LANES)
                    continue
                start = place[self.lane]
                assert start.local is not None
                end.push(function)
                Bound(start.local, start.constant).push(function)
                function.emit("i32.sub")
                function.tee(remaining)
                function.const(0)
                function.emit("i32.gt_s")
                with function.if_():
                    expressions.store_remaining(*stores, lane=self.lane, remaining=remaining)
        if end is not None:
            function.release(remaining)

"""How is a `prefix` kernel written? Every point of the walked axis is stored, with what has been combined so far.

In: a Kernel whose stores stand inside its reduction. Out: a function (operand addresses..., begin, end). Rows that lie
next to each other are walked together, up to 16 at a time, with the accumulators in vectors; else one by one. Each row
is combined strictly in order, whatever the chunk."""

from __future__ import annotations

from collections.abc import Mapping

from fanlight.ir.kernel import FOLD, Kernel
from fanlight.ir.scalar import accumulator
from fanlight.ir.target import Target
from fanlight.targets.wasm.assembler import I32, Function, Module
from fanlight.targets.wasm.expressions import Index
from fanlight.targets.wasm.loops import Bound, counting
from fanlight.targets.wasm.nest import LANES, is_empty
from fanlight.targets.wasm.reduction import Reduction
from fanlight.targets.wasm.vectorize import is_contiguous, is_vector_store, is_vector_value, stride_along

VECTORS = 4  # accumulators side by side: enough to hide the latency of an addition
STRAIGHT = 64  # nodes: the code of all vectors together stays below


def emit_prefix(module: Module, kernel: Kernel, sizes: Mapping[str, int], target: Target, chunk: int = 0) -> Function:
    """The function of a `prefix` kernel; calls divide its axis number `chunk`."""
    return _Prefix(module, kernel, sizes, target, chunk).emit()


def fits_across(kernel: Kernel) -> bool:
    """Do rows that are neighbours in memory fill the lanes? They must be written as neighbours too."""
    if (
        not kernel.axes
        or kernel.value is None
        or (isinstance(extent := kernel.axes[-1].extent, int) and extent < LANES)
    ):
        return False
    lane, operands = kernel.axes[-1].name, kernel.operands
    values = [kernel.value, *(store.value for store in kernel.stores)]
    return (
        all(is_vector_value(value, operands, lane) for value in values)
        and is_contiguous(values, operands, lane)
        and all(
            is_vector_store(store, operands, lane) and stride_along(operands[store.slot], store.indices, lane) == 1
            for store in kernel.stores
        )
    )


class _Prefix(Reduction):
    def emit(self) -> Function:
        """The finished function."""
        axes = self.kernel.axes
        if is_empty((*axes, *self.kernel.reduce)):
            return self.function
        self.step = (
            self.value if self.kernel.combine == FOLD else self.combined(accumulator(self.value.dtype), self.value)
        )
        lane = axes[-1].name if fits_across(self.kernel) else None
        outer = axes if lane is None else axes[:-1]
        inner = {axis.name for axis in axes[len(outer) :]}
        with self.expressions.scope():
            self._hoist({axis.name for axis in axes}, lane)
            self.loops(outer, lambda more: self._hoist(more | inner, lane), self._row if lane is None else self._rows)
        return self.function

    def _hoist(self, inner: set[str], lane: str | None) -> None:
        """Computes what loops over the axes `inner`, and the walk, do not change."""
        walked = {axis.name for axis in self.kernel.reduce}
        self.expressions.hoist([self.value, *self.kernel.stores], inner | walked, lane)

    def _row(self) -> None:
        self._walk([self.function.local(self.type)], Index(None), None)

    def _rows(self) -> None:
        """Several vectors of rows at a time, then single ones, then the rows that fill none."""
        axis, function = self.kernel.axes[-1], self.function
        most = max(1, min(VECTORS, STRAIGHT // (2 * self.weight)))
        begin, end = self.bounds(axis)
        index = function.local(I32)
        for vectors in dict.fromkeys((most, 1, 0)):
            step = LANES * vectors or 1
            if begin.local is None and end.local is None:  # bounds that are numbers: no empty loop
                done = begin.constant + (end.constant - begin.constant) // step * step
                if done > begin.constant:
                    with counting(function, index, begin, Bound(None, done), step):
                        self._walk_at(index, vectors)
                begin = Bound(None, done)
            else:
                with counting(function, index, begin, end.plus(1 - step), step):
                    self._walk_at(index, vectors)
                begin = Bound(index)
        function.release(index)

    def _walk_at(self, index: int, vectors: int) -> None:
        lane = self.kernel.axes[-1].name
        with self.expressions.scope():
            if vectors:
                self._walk(self.vectors(vectors), Index(index), lane)
                return
            with self.expressions.at(**{lane: Index(index)}):
                self._hoist(set(), None)
                self._walk([self.function.local(self.type)], Index(index), None)

    def _walk(self, totals: list[int], start: Index, lane: str | None) -> None:
        """One walk along the reduced axes with these accumulators, the lanes of which begin at `start`."""
        expressions, function = self.expressions, self.function
        places = [{lane: Index(start.local, LANES * k)} if lane else {} for k in range(len(totals))]

        def hoist(inner: set[str]) -> None:
            for place in places:
                with expressions.at(**place):
                    expressions.hoist([self.value, *self.kernel.stores], inner, lane)

        def body() -> None:
            expressions.update(self.step, lane, list(zip(totals, places, strict=True)))
            for total, place in zip(totals, places, strict=True):
                expressions.accumulator = total
                with expressions.at(**place):
                    if lane is None:
                        expressions.store(*self.kernel.stores)
                    else:
                        expressions.store_vector(*self.kernel.stores, lane=lane)

        self.start(totals, lane)
        with expressions.scope():
            hoist({axis.name for axis in self.kernel.reduce})
            self.loops(self.kernel.reduce, hoist, body)
        for total in totals:
            function.release(total)

"""How are several results reduced side by side? The lanes are neighbours along the innermost output axis.

In: a Kernel with a reduction whose terms are neighbours there too. Out: its function. Registers hold up to 16 results
along that axis, or those of some successive indices of the axis before it where these use the same elements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fanlight.ir import dim as dims
from fanlight.ir.kernel import Kernel
from fanlight.ir.scalar import walk
from fanlight.ir.target import Target
from fanlight.targets.wasm.assembler import I32, Function, Module
from fanlight.targets.wasm.expressions import Index
from fanlight.targets.wasm.loops import Bound, counting
from fanlight.targets.wasm.nest import LANES, is_empty
from fanlight.targets.wasm.reduction import STRAIGHT, Reduction
from fanlight.targets.wasm.vectorize import is_vector_store, is_vector_value, may_overrun

VECTORS = 4  # accumulators side by side: enough to hide the latency of an addition
POSITIONS = (4, 3, 2)  # how many indices of the axis before it may share loads
REGISTERS = 14  # vectors that may be alive at once, beside what a product needs

Place = Mapping[str, Index]


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

    def __init__(self, module: Module, kernel: Kernel, sizes: Mapping[str, int], target: Target, chunk: int = 0):
        super().__init__(module, kernel, sizes, target, chunk)
        self.lane = kernel.axes[-1].name
        self.row = self._row_length()
        self.positions = self._shared_positions()

    def emit(self) -> Function:
        """The finished function."""
        axes, expressions = self.kernel.axes, self.expressions
        if is_empty(axes):
            return self.function
        outer = axes[:-1] if self.positions == 1 else axes[:-2]
        inner = {axis.name for axis in axes[len(outer) :]}
        with expressions.scope():
            self.hoist_terms({axis.name for axis in axes}, self.lane)
            self.loops(
                outer,
                lambda more: self.hoist_terms(more | inner, self.lane),
                self._lanes if self.positions == 1 else self._position_blocks,
            )
        return self.function

    # Several positions

    def _row_length(self) -> int:
        """How many successive terms are straight code."""
        last = self.kernel.reduce[-1].extent if self.kernel.reduce else 0
        return last if isinstance(last, int) else 0

    def _shared_positions(self) -> int:
        """How many indices of the last but one axis are computed together: as many as registers allow, if that saves
        loads."""
        axes, operands = self.kernel.axes, self.kernel.operands
        extent = axes[-2].extent if len(axes) > 1 and axes[-2] is not self.chunk else None
        if not isinstance(extent, int) or not 1 < self.row <= 8:
            return 1
        stored = {operands[store.slot].buffer for store in self.kernel.stores}
        read = {operands[slot].buffer for slot in self._slots_read()}
        alone, _ = self._loads(1)
        for count in POSITIONS:
            loads, shared = self._loads(count)
            repeats = extent % count and stored & read  # a result that is read must not be stored twice
            fits = shared + count <= REGISTERS and count * self.row * self.weight <= STRAIGHT
            if count <= extent and fits and not repeats and loads * 4 <= alone * count * 3:
                return count
        return 1

    def _slots_read(self) -> set[int]:
        values = (self.value, *(store.value for store in self.kernel.stores))
        return {node.attribute[0] for value in values for node in walk(value) if node.op == "read"}

    def _loads(self, positions: int) -> tuple[int, int]:
        """How many elements the terms of a row need at so many positions, and how many of these more than once."""
        last, before = self.kernel.reduce[-1].name, self.kernel.axes[-2].name
        uses: dict[object, int] = {}
        for p in range(positions):
            for k in range(self.row):
                with self.expressions.at(**{before: Index(0, p), last: Index(None, k)}):
                    for item in self.expressions.reads(self.value, self.lane):
                        uses[item] = uses.get(item, 0) + 1
        return len(uses), sum(1 for count in uses.values() if count > 1)

    def _position_blocks(self) -> None:
        """A loop over blocks of positions; the last block is moved back so that it ends with the last position."""
        axis, count, function = self.kernel.axes[-2], self.positions, self.function
        assert isinstance(axis.extent, int)
        index = function.local(I32)
        with counting(function, index, Bound(None), Bound(None, axis.extent), count):
            position = index
            if axis.extent % count:
                position = function.local(I32)
                for _ in range(2):
                    function.get(index)
                    function.const(axis.extent - count)
                function.emit("i32.lt_s")
                function.emit("select")
                function.set(position)
            with self.expressions.scope(), self.expressions.at(**{axis.name: Index(position)}):
                self.hoist_terms({self.lane}, self.lane)
                self._lanes()
            if position != index:
                function.release(position)
        function.release(index)

    # Several lanes

    def _lanes(self) -> None:
        axis = self.kernel.axes[-1]
        begin, end = self.bounds(axis)
        index = self.function.local(I32)
        if begin.local is None and end.local is None:
            self._static_lanes(index, end.constant)
        else:
            vectors = self._count(axis.extent)
            with counting(self.function, index, begin, end, LANES * vectors):
                self._block(Index(index), vectors, end=end)
        self.function.release(index)

    def _static_lanes(self, index: int, extent: int) -> None:
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
        if self.positions > 1:
            return 1
        most = max(1, min(_most_vectors(self.kernel), STRAIGHT // (2 * self.weight)))
        if not isinstance(extent, int):
            return most
        needed = -(-extent // LANES)
        return min(range(most, 0, -1), key=lambda vectors: -(-needed // vectors) * vectors)

    def _block(self, start: Index, count: int, last: int = LANES, end: Bound | None = None) -> None:
        """`count` vectors of results, of the last of which `last` are stored; or those below `end`."""
        expressions, lane = self.expressions, self.lane
        places: list[Place] = [{lane: Index(start.local, start.constant + k * LANES)} for k in range(count)]
        if self.positions > 1:
            before = self.kernel.axes[-2].name
            local = expressions.indices[before].local
            places = [{**place, before: Index(local, p)} for place in places for p in range(self.positions)]
        totals = self.vectors(len(places))

        def hoist(inner: set[str]) -> None:
            for place in places:
                with expressions.at(**place):
                    expressions.hoist([self.value], inner, lane)

        with expressions.scope(), expressions.at(**places[0]):
            hoist({axis.name for axis in self.kernel.reduce})
            together = self.row if self.positions > 1 else 1
            self.accumulate(list(zip(totals, places, strict=True)), lane, hoist, together)
            self._store(totals, places, last, end)
        for total in totals:
            self.function.release(total)

    def _store(self, totals: Sequence[int], places: Sequence[Place], last: int, end: Bound | None) -> None:
        function, expressions, stores = self.function, self.expressions, self.kernel.stores
        remaining = function.local(I32) if end is not None else -1
        if self.positions > 1:
            expressions.hoist(stores, {self.kernel.axes[-2].name}, self.lane)
        for k, (total, place) in enumerate(zip(totals, places, strict=True)):
            expressions.accumulator = total
            with expressions.at(**place):
                if end is None:
                    is_last = k + self.positions >= len(totals)
                    expressions.store_vector(*stores, lane=self.lane, count=last if is_last else LANES)
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

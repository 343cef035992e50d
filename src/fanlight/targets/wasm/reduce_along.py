"""How is one long sum computed with vectors? The lanes are neighbouring terms of the innermost reduced axis.

In: a Kernel with a reduction whose terms are neighbours there. Out: its function. Several accumulators hide the
latency of an addition; at the end they are combined pairwise, and then with the terms that fill no vector."""

from __future__ import annotations

from collections.abc import Sequence

from fanlight.ir import dim as dims
from fanlight.ir.scalar import accumulator, index, make, select
from fanlight.targets.wasm.assembler import I32, V128, Function
from fanlight.targets.wasm.expressions import Index
from fanlight.targets.wasm.loops import Bound, counting
from fanlight.targets.wasm.nest import LANES, is_empty
from fanlight.targets.wasm.reduction import Reduction
from fanlight.targets.wasm.vectorize import may_overrun

SMALL = 12  # nodes: terms up to this have four accumulators, up to twice as much two
REPEATED = 24  # nodes: what fills no vector has code of its own up to this, and masks in the loop beyond
STRAIGHT = 64  # nodes: short loops are written without a loop


class ReduceAlong(Reduction):
    """One `reduce` kernel's function, with terms as lanes."""

    def emit(self) -> Function:
        """The finished function."""
        axes, reduce, expressions = self.kernel.axes, self.kernel.reduce, self.expressions
        if is_empty(axes):
            return self.function
        self.axis, self.lane = reduce[-1], reduce[-1].name
        self.begin_lane, self.end_lane = self.bounds(self.axis)
        self.step = self.combined(accumulator(self.value.dtype), self.value)
        with expressions.scope():
            self._hoist({axis.name for axis in axes})
            self.loops(axes, self._hoist, self._point)
        return self.function

    def _hoist(self, inner: set[str]) -> None:
        reduced = {axis.name for axis in self.kernel.reduce}
        self.expressions.hoist([self.value], inner | reduced, self.lane)
        self.expressions.hoist(self.kernel.stores, inner)

    def _point(self) -> None:
        function, expressions = self.function, self.expressions
        extent = self.axis.extent
        masked = self.weight > REPEATED and extent % LANES != 0
        masked = masked and may_overrun([self.value], self.kernel.operands, self.lane, LANES - 1)
        count = 1 if masked or self.weight > 2 * SMALL else 2 if self.weight > SMALL else 4
        if isinstance(extent, int):
            count = min(count, -(-extent // LANES) if masked else extent // LANES)
        totals, rest = self.vectors(count), function.local(self.type)
        has_rest = not masked and extent % LANES != 0
        self.start(totals, self.lane)
        if has_rest:
            self.start([rest], None)
        outer = self.kernel.reduce[:-1]

        def hoist(inner: set[str]) -> None:
            expressions.hoist([self.value], inner | {self.lane}, self.lane)

        if masked:
            self.loops(outer, hoist, lambda: self._masked(totals[0]))
        else:
            self.loops(outer, hoist, lambda: self._terms(totals, rest))
        self._join(totals, rest, has_rest)
        expressions.accumulator = rest
        expressions.store(*self.kernel.stores)
        for local in (*totals, rest):
            function.release(local)

    def _masked(self, total: int) -> None:
        """One loop; lanes beyond the end count as the value that changes nothing."""
        extent, lane = self.axis.extent, self.lane
        # Not the axis's own index, whose bounds say that it is always below the extent.
        place = dims.size(lane, 0, dims.upper(extent) + LANES)
        is_term = make("lt", index(place), index(extent))
        step = self.combined(accumulator(self.value.dtype), select(is_term, self.value, self.neutral))
        local = self.function.local(I32)
        with counting(self.function, local, self.begin_lane, self.end_lane, LANES):
            self.expressions.update(step, lane, [(total, {lane: Index(local)})])
        self.function.release(local)

    def _terms(self, totals: Sequence[int], rest: int) -> None:
        """Vectors, several at a time, then one at a time, then single terms."""
        function, expressions, count = self.function, self.expressions, len(totals)
        local, extent = function.local(I32), self.axis.extent
        if isinstance(extent, int):
            vectors, left = divmod(extent, LANES)
            blocks = vectors // count if vectors * self.weight > STRAIGHT else 0
            done = blocks * count * LANES
            if blocks:
                with counting(function, local, Bound(None), Bound(None, done), LANES * count):
                    self._block(totals, Index(local), count)
            self._block(totals, Index(None, done), vectors - blocks * count)
            for k in range(left):
                expressions.update(self.step, None, [(rest, {self.lane: Index(None, vectors * LANES + k)})])
        else:
            begin = self.begin_lane
            for several in dict.fromkeys((count, 1)):
                end = self.end_lane.plus(1 - LANES * several)
                with counting(function, local, begin, end, LANES * several):
                    self._block(totals, Index(local), several)
                begin = Bound(local)
            with expressions.scope():
                expressions.hoist([self.value], {self.lane})
                with counting(function, local, begin, self.end_lane):
                    expressions.update(self.step, None, [(rest, {self.lane: Index(local)})])
        function.release(local)

    def _block(self, totals: Sequence[int], start: Index, count: int) -> None:
        """Straight code for `count` vectors of terms, each into the next accumulator in turn."""
        expressions, size = self.expressions, len(totals)
        with expressions.scope():
            if count > 1:
                with expressions.at(**{self.lane: start}):
                    expressions.hold_addresses([self.value], self.lane)
            places = [{self.lane: Index(start.local, start.constant + k * LANES)} for k in range(count)]
            for k in range(0, count, max(size, 1)):
                expressions.update(self.step, self.lane, list(zip(totals, places[k : k + size], strict=False)))

    def _join(self, totals: Sequence[int], scalar: int, has_rest: bool) -> None:
        """Combines all accumulators into `scalar`: the vectors pairwise, then their lanes, then what it holds, if that
        is the rest."""
        function, expressions, lane = self.function, self.expressions, self.lane
        left = list(totals)
        while len(left) > 1:
            half = (len(left) + 1) // 2
            for a, b in zip(left, left[half:], strict=False):
                expressions.vector(self.combined(self.held(a), self.held(b)), lane)
                function.set(a)
            left = left[:half]
        total, other = left[0], function.local(V128)
        for width in (8, 4):  # bytes: the upper half of what is left comes down
            function.get(total)
            function.get(total)
            function.emit("i8x16.shuffle", *(k % width + width for k in range(16)))
            function.set(other)
            expressions.vector(self.combined(self.held(total), self.held(other)), lane)
            function.set(total)
        function.release(other)
        function.get(total)
        function.emit("f32x4.extract_lane" if self.type == "f32" else "i32x4.extract_lane", 0)
        if self.value.dtype == "bool":
            function.const(1)
            function.emit("i32.and")
        if not has_rest:
            function.set(scalar)
            return
        joined = function.local(self.type)
        function.set(joined)
        expressions.scalar(self.combined(self.held(joined), self.held(scalar)))
        function.set(scalar)
        function.release(joined)

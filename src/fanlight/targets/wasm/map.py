"""How is a `map` kernel written? Loops over its axes; the innermost one handles four points at a time.

In: a Kernel without a reduction. Out: a function (operand addresses..., begin, end). Where neighbours along the
innermost axis cannot be computed at once, it is a plain loop. Small bodies are repeated, large ones written once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from fanlight.ir.kernel import Axis, Kernel, Store
from fanlight.ir.scalar import Scalar
from fanlight.ir.target import Target
from fanlight.targets.wasm.assembler import I32, Function, Module
from fanlight.targets.wasm.expressions import Index
from fanlight.targets.wasm.loops import Bound, counting
from fanlight.targets.wasm.nest import LANES, Nest, is_empty, weight
from fanlight.targets.wasm.segments import Segment, assume, common_condition, cut
from fanlight.targets.wasm.vectorize import may_overrun

REPEATED = 24  # nodes: bodies up to this are written twice in a row, and again for what is left
STRAIGHT = 48  # nodes: a short innermost loop is written without a loop if all its bodies together stay below

Stores = Sequence[Store]


def emit_map(module: Module, kernel: Kernel, sizes: Mapping[str, int], target: Target, chunk: int = 0) -> Function:
    """The function of a `map` kernel; calls divide its axis number `chunk`."""
    return Map(module, kernel, sizes, target, chunk).emit()


class Map(Nest):
    """One kernel's function while it is written."""

    def emit(self) -> Function:
        axes, stores, expressions = self.kernel.axes, self.kernel.stores, self.expressions
        if is_empty(axes):
            return self.function
        if not axes:
            expressions.store(*stores)
            return self.function
        self.prepare_extents(axes)
        lane = axes[-1]
        segments = cut(stores, lane) if lane is not self.chunk else []
        if self.are_vectors(stores):
            self.nest(axes[:-1], stores, lane.name, lambda: self.row(stores, *self.bounds(lane)))
        elif any(self.are_vectors(segment.stores) for segment in segments):
            self.nest(axes[:-1], stores, None, lambda: self._segments(segments))
        else:
            self.nest(axes, stores, None, lambda: expressions.store(*stores))
        return self.function

    def are_vectors(self, stores: Stores) -> bool:
        return all(self.expressions.is_vector_store(store, self.kernel.axes[-1].name) for store in stores)

    def nest(
        self, axes: Sequence[Axis], roots: Sequence[Store | Scalar], lane: str | None, body: Callable[[], None]
    ) -> None:
        """Loops over `axes`; what `roots` need and the loops further in do not change is computed outside of them."""
        rest = {axis.name for axis in self.kernel.axes[len(axes) :]}
        with self.expressions.scope():
            self.expressions.hoist(roots, {axis.name for axis in self.kernel.axes}, lane)
            self.loops(axes, lambda inner: self.expressions.hoist(roots, inner | rest, lane), body)

    def _segments(self, segments: Sequence[Segment]) -> None:
        expressions, lane = self.expressions, self.kernel.axes[-1].name
        for segment in segments:
            begin, end = Bound(None, segment.begin), Bound(None, segment.end)
            with expressions.scope():
                if self.are_vectors(segment.stores):
                    expressions.hoist(segment.stores, {lane}, lane)
                    self.row(segment.stores, begin, end)
                    continue
                expressions.hoist(segment.stores, {lane})
                self._points(segment.stores, begin, end)

    def row(self, stores: Stores, begin: Bound, end: Bound) -> None:
        """The innermost loop, by vectors; a short one is written twice if its condition holds everywhere or nowhere."""
        function, expressions, lane = self.function, self.expressions, self.kernel.axes[-1].name
        condition = common_condition(stores, lane) if weight(stores) <= REPEATED else None
        if condition is None:
            self._vector_row(stores, begin, end)
            return
        expressions.scalar(condition)
        with function.if_():
            self._hoisted_row(assume(stores, {condition: True}), begin, end)
            function.else_()
            self._hoisted_row(assume(stores, {condition: False}), begin, end)

    def _hoisted_row(self, stores: Stores, begin: Bound, end: Bound) -> None:
        lane = self.kernel.axes[-1].name
        with self.expressions.scope():
            self.expressions.hoist(stores, {lane}, lane)
            self._vector_row(stores, begin, end)

    def _vector_row(self, stores: Stores, begin: Bound, end: Bound) -> None:
        size, lane = weight(stores), self.kernel.axes[-1].name
        index = self.function.local(I32)
        overrun = may_overrun([s.value for s in stores], self.kernel.operands, lane, LANES - 1)
        if begin.local is None and end.local is None:
            self._static_row(stores, index, begin.constant, end.constant, overrun)
        elif size > REPEATED and overrun:
            self._once(stores, index, begin, end)
        else:
            self._twice(stores, index, begin, end, 2 if size <= REPEATED else 1)
        self.function.release(index)

    def _static_row(self, stores: Stores, index: int, begin: int, end: int, overrun: bool) -> None:
        size = max(weight(stores), 1)
        vectors, rest = divmod(end - begin, LANES)
        last = end - rest
        pieces = vectors + (1 if overrun else rest) * (rest > 0)
        if pieces * size <= STRAIGHT or pieces == 1:
            self._vectors(stores, Index(None, begin), vectors)
            self._rest(stores, last, rest, overrun)
        elif size > REPEATED and overrun and rest:
            self._once(stores, index, Bound(None, begin), Bound(None, end))
        else:
            repeat = 2 if size <= REPEATED and vectors % 2 == 0 else 1
            if vectors:
                with counting(self.function, index, Bound(None, begin), Bound(None, last), LANES * repeat):
                    self._vectors(stores, Index(index), repeat)
            self._rest(stores, last, rest, overrun)

    def _vectors(self, stores: Stores, start: Index, count: int) -> None:
        """Straight code for `count` vectors."""
        expressions, lane = self.expressions, self.kernel.axes[-1].name
        with expressions.scope():
            if count > 1:
                with expressions.at(**{lane: start}):
                    expressions.hold_addresses(stores, lane)
            for k in range(count):
                with expressions.at(**{lane: Index(start.local, start.constant + k * LANES)}):
                    expressions.store_vector(*stores, lane=lane)

    def _rest(self, stores: Stores, start: int, count: int, overrun: bool) -> None:
        """Straight code for fewer than four points."""
        expressions, lane = self.expressions, self.kernel.axes[-1].name
        if count and overrun:
            with expressions.at(**{lane: Index(None, start)}):
                expressions.store_vector(*stores, lane=lane, count=count)
            return
        for k in range(count):
            with expressions.at(**{lane: Index(None, start + k)}):
                expressions.store(*stores)

    def _once(self, stores: Stores, index: int, begin: Bound, end: Bound) -> None:
        """One body, which stores four points or what is left of them."""
        function, expressions, lane = self.function, self.expressions, self.kernel.axes[-1].name
        remaining = function.local(I32)
        with counting(function, index, begin, end, LANES):
            end.push(function)
            function.get(index)
            function.emit("i32.sub")
            function.set(remaining)
            with expressions.at(**{lane: Index(index)}):
                expressions.store_remaining(*stores, lane=lane, remaining=remaining)
        function.release(remaining)

    def _twice(self, stores: Stores, index: int, begin: Bound, end: Bound, repeat: int) -> None:
        """A loop over vectors, then one over the points that are left."""
        with counting(self.function, index, begin, end.plus(1 - LANES * repeat), LANES * repeat):
            self._vectors(stores, Index(index), repeat)
        with self.expressions.scope():
            self.expressions.hoist(stores, {self.kernel.axes[-1].name})
            self._points(stores, Bound(index), end)

    def _points(self, stores: Stores, begin: Bound, end: Bound) -> None:
        """A loop over single points; few of them are straight code."""
        expressions, lane = self.expressions, self.kernel.axes[-1].name
        if begin.local is None and end.local is None and end.constant - begin.constant <= 2:
            for k in range(begin.constant, end.constant):
                with expressions.at(**{lane: Index(None, k)}):
                    expressions.store(*stores)
            return
        index = self.function.local(I32) if begin.local is None else begin.local
        with (
            counting(self.function, index, begin, end),
            expressions.at(**{lane: Index(index)}),
        ):
            expressions.store(*stores)
        if begin.local is None:
            self.function.release(index)

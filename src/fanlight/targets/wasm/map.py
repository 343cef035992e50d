"""How is a `map` kernel written? Loops over its axes; the innermost one handles four points at a time.

In: a Kernel without a reduction. Out: a function (operand addresses..., begin, end). Where neighbours along the
innermost axis cannot be computed at once, it is a plain loop. Small bodies are repeated, large ones written once."""

from __future__ import annotations

from collections.abc import Mapping

from fanlight.ir.kernel import Axis, Kernel
from fanlight.ir.target import Target
from fanlight.targets.wasm.assembler import I32, Function, Module
from fanlight.targets.wasm.expressions import Index
from fanlight.targets.wasm.loops import Bound, counting
from fanlight.targets.wasm.nest import LANES, Nest, is_empty, weight
from fanlight.targets.wasm.vectorize import may_overrun

REPEATED = 24  # nodes: bodies up to this are written twice in a row, and again for what is left
STRAIGHT = 48  # nodes: a short innermost loop is written without a loop if all its bodies together stay below


def emit_map(module: Module, kernel: Kernel, sizes: Mapping[str, int], target: Target) -> Function:
    """The function of a `map` kernel."""
    return _Map(module, kernel, sizes, target).emit()


class _Map(Nest):
    def emit(self) -> Function:
        axes, stores, expressions = self.kernel.axes, self.kernel.stores, self.expressions
        if is_empty(axes):
            return self.function
        if not axes:
            expressions.store(*stores)
            return self.function
        lane = axes[-1].name
        vector = all(expressions.is_vector_store(store, lane) for store in stores)
        self.prepare_extents(axes)
        names = [axis.name for axis in axes]
        with expressions.scope():
            expressions.hoist(stores, set(names), lane if vector else None)
            if vector:
                self.loops(
                    axes[:-1],
                    lambda inner: expressions.hoist(stores, inner | {lane}, lane),
                    lambda: self._row(axes[-1]),
                )
            else:
                self.loops(axes, lambda inner: expressions.hoist(stores, inner), lambda: expressions.store(*stores))
        return self.function

    def _row(self, axis: Axis) -> None:
        """The innermost loop, by vectors."""
        begin, end = self.bounds(axis)
        size = weight(self.kernel.stores)
        index = self.function.local(I32)
        overrun = may_overrun([s.value for s in self.kernel.stores], self.kernel.operands, axis.name, LANES - 1)
        if begin.local is None and end.local is None:
            self._static_row(axis, index, end.constant, size, overrun)
        elif size > REPEATED and overrun:
            self._once(axis, index, begin, end)
        else:
            self._twice(axis, index, begin, end, 2 if size <= REPEATED else 1)
        self.function.release(index)

    def _static_row(self, axis: Axis, index: int, extent: int, size: int, overrun: bool) -> None:
        vectors, rest = divmod(extent, LANES)
        pieces = vectors + (1 if overrun else rest) * (rest > 0)
        if pieces * size <= STRAIGHT or pieces == 1:
            self._vectors(axis, Index(None), vectors)
            self._rest(axis, Index(None, vectors * LANES), rest, overrun)
        elif size > REPEATED and overrun and rest:
            self._once(axis, index, Bound(None), Bound(None, extent))
        else:
            repeat = 2 if size <= REPEATED and vectors % 2 == 0 else 1
            if vectors:
                with counting(self.function, index, Bound(None), Bound(None, vectors * LANES), LANES * repeat):
                    self._vectors(axis, Index(index), repeat)
            self._rest(axis, Index(None, vectors * LANES), rest, overrun)

    def _vectors(self, axis: Axis, start: Index, count: int) -> None:
        """Straight code for `count` vectors."""
        expressions, stores = self.expressions, self.kernel.stores
        with expressions.scope():
            if count > 1:
                with expressions.at(**{axis.name: start}):
                    expressions.hold_addresses(stores, axis.name)
            for k in range(count):
                with expressions.at(**{axis.name: Index(start.local, start.constant + k * LANES)}):
                    expressions.store_vector(*stores, lane=axis.name)

    def _rest(self, axis: Axis, start: Index, count: int, overrun: bool) -> None:
        """Straight code for fewer than four points."""
        expressions, stores = self.expressions, self.kernel.stores
        if count and overrun:
            with expressions.at(**{axis.name: start}):
                expressions.store_vector(*stores, lane=axis.name, count=count)
            return
        for k in range(count):
            with expressions.at(**{axis.name: Index(None, start.constant + k)}):
                expressions.store(*stores)

    def _once(self, axis: Axis, index: int, begin: Bound, end: Bound) -> None:
        """One body, which stores four points or what is left of them."""
        function, expressions = self.function, self.expressions
        remaining = function.local(I32)
        with counting(function, index, begin, end, LANES):
            end.push(function)
            function.get(index)
            function.emit("i32.sub")
            function.set(remaining)
            with expressions.at(**{axis.name: Index(index)}):
                expressions.store_remaining(*self.kernel.stores, lane=axis.name, remaining=remaining)
        function.release(remaining)

    def _twice(self, axis: Axis, index: int, begin: Bound, end: Bound, repeat: int) -> None:
        """A loop over vectors, then one over the points that are left."""
        function, expressions = self.function, self.expressions
        with counting(function, index, begin, end.plus(1 - LANES * repeat), LANES * repeat):
            self._vectors(axis, Index(index), repeat)
        with expressions.scope():
            expressions.hoist(self.kernel.stores, {axis.name})
            with (
                counting(function, index, Bound(index), end),
                expressions.at(**{axis.name: Index(index)}),
            ):
                expressions.store(*self.kernel.stores)

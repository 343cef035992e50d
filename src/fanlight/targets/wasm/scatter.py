"""How is a `scatter` kernel written? As a map whose loops run in order, and which looks where it stores before it does.

In: a Kernel without a reduction whose stores may meet. Out: a function (operand addresses..., begin, end). Along an
innermost axis on which the places are neighbours it stores four at a time; updates outside cost one comparison."""

from __future__ import annotations

from collections.abc import Mapping

from fanlight.ir.kernel import Kernel, Store
from fanlight.ir.scalar import Scalar
from fanlight.ir.target import Target
from fanlight.targets.wasm.assembler import Function, Module
from fanlight.targets.wasm.map import Map
from fanlight.targets.wasm.nest import is_empty
from fanlight.targets.wasm.vectorize import varies


def emit_scatter(module: Module, kernel: Kernel, sizes: Mapping[str, int], target: Target, chunk: int = 0) -> Function:
    """The function of a `scatter` kernel; calls divide its axis number `chunk`."""
    return _Scatter(module, kernel, sizes, target, chunk).emit()


class _Scatter(Map):
    def emit(self) -> Function:
        """The finished function."""
        axes, operands, expressions = self.kernel.axes, self.kernel.operands, self.expressions
        if is_empty(axes):
            return self.function
        stored = {operands[store.slot].buffer for store in self.kernel.stores}
        expressions.keep_fresh(slot for slot, operand in enumerate(operands) if operand.buffer in stored)
        self.prepare_extents(axes)
        (store,) = self.kernel.stores
        condition, store = self._apart(store)
        lane = axes[-1].name if axes and self.are_vectors([store]) else None
        if condition is not None and lane is not None and varies(condition, lane):
            lane = None
        outer = axes if lane is None else axes[:-1]

        def update() -> None:
            if lane is None:
                expressions.store(store)
            else:
                self.row([store], *self.bounds(axes[-1]))

        def checked() -> None:
            assert condition is not None
            expressions.scalar(condition)
            with self.function.if_(), expressions.scope():
                if lane is not None:
                    expressions.hoist([store], {lane}, lane)
                update()

        if condition is None:
            self.nest(outer, [store], lane, update)
        else:
            self.nest(outer, [condition], None, checked)
        return self.function

    def _apart(self, store: Store) -> tuple[Scalar | None, Store]:
        """Where only some points change anything: the condition, and the store without it."""
        value, operands = store.value, self.kernel.operands
        if value.op == "guard" and value.args[2].op == "read":
            slot, indices = value.args[2].attribute
            if operands[slot].buffer == operands[store.slot].buffer and indices == store.indices:
                return value.args[0], Store(store.slot, store.indices, value.args[1])
        return None, store

"""How is an op written into the loop that reads it? Substitutes nests into nests by replacing indices.

In: which values lie in buffers, and the nest of every op. Out: scalar expressions over operand slots. Decides
nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fanlight.ir import scalar
from fanlight.ir.dim import DimLike
from fanlight.ir.graph import Constant, SizeOf, Value
from fanlight.ir.kernel import Nest, Operand, dense
from fanlight.ir.scalar import Scalar
from fanlight.ir.types import Type

Place = tuple[DimLike, ...]


@dataclass(frozen=True, slots=True)
class Home:
    """Where a value lies: in a buffer of `type`, behind leading indices (the step of a loop, say)."""

    buffer: str
    type: Type
    lead: Place = ()


@dataclass(frozen=True, slots=True)
class Scope:
    """What is known about values, those around a loop's body included: where they lie, how they are computed, and of
    which value around it an input of the body is the slice at some leading indices."""

    homes: Mapping[int, Home]
    nests: Mapping[int, Nest]
    slices: Mapping[int, tuple[Value, Place]]


class Inliner:
    """Builds the expressions of one kernel. `root` is the value that the kernel computes, `pending` the reduction it
    ends, if any."""

    def __init__(self, scope: Scope, root: Value | None, pending: Value | None):
        self.scope, self.root, self.pending = scope, root, pending
        self.operands: list[Operand] = []
        self._slots: dict[str, int] = {}
        self._done: dict[tuple[int, Place], Scalar] = {}

    def slot(self, buffer: str, type: Type, fresh: bool = False) -> int:
        """The operand slot of a buffer; a `fresh` one is never shared with reads."""
        if fresh or buffer not in self._slots:
            self.operands.append(Operand(buffer, type, dense(type)))
            if fresh:
                return len(self.operands) - 1
            self._slots[buffer] = len(self.operands) - 1
        return self._slots[buffer]

    def element(self, value: Value, place: Place) -> Scalar:
        """The element of `value` at `place`."""
        key = (id(value), place)
        if key not in self._done:
            self._done[key] = self._element(value, place)
        return self._done[key]

    def _element(self, value: Value, place: Place) -> Scalar:
        if isinstance(value.op, Constant):
            return scalar.const(value.op.value, value.op.dtype)
        if isinstance(value.op, SizeOf):
            return scalar.index(value.op.size)
        if id(value) in self.scope.slices:
            source, lead = self.scope.slices[id(value)]
            return self.element(source, (*lead, *place))
        home = self.scope.homes.get(id(value))
        if value is self.pending and value is not self.root and home is None:
            return self.scope.nests[id(value)].result or scalar.accumulator(value.dtype)
        if home is not None and value is not self.root:
            return scalar.read(self.slot(home.buffer, home.type), (*home.lead, *place), value.dtype)
        return self.body(value, place)

    def body(self, value: Value, place: Place) -> Scalar:
        """What `value` computes at `place`, its operands substituted."""
        nest = self.scope.nests[id(value)]
        sizes = {axis.name: index for axis, index in zip(nest.axes, place, strict=True)}
        assert not set(sizes) & {a.name for a in nest.reduce}, f"{value.op.name}: output and reduce axes share a name"

        def leaf(node: Scalar) -> Scalar | None:
            return self.element(value.inputs[node.attribute[0]], node.attribute[1]) if node.op == "read" else None

        return scalar.rebuild(nest.value, leaf, sizes)

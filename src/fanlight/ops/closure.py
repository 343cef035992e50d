"""How does a traced function become the body of a loop or branch? What it uses from outside becomes captured inputs.

In: the values that a function made of its leaves. Out: a graph of its own, and the values around it that it captures.
What does not depend on the leaves is left outside: it is computed once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from fanlight.ir.control import Iteration
from fanlight.ir.graph import Constant, Gradient, Graph, Input, Item, Op, SizeOf, State, Value, apply, topological
from fanlight.ir.text import sizes_in
from fanlight.ops.elementwise import Recalled
from fanlight.ops.movement import BroadcastTo


def height(graph: Graph) -> int:
    """How many loops stand inside each other."""
    return max((op_height(value.op) for value in graph.order), default=0)


def op_height(op: Op) -> int:
    inside = max(map(height, op.bodies.values()), default=0)
    return inside + 1 if isinstance(op, Iteration) else inside


def index_name(graph: Graph) -> str:
    """The loop index of a loop with this body: loops inside each other have different ones."""
    return f"step{height(graph)}"


def is_literal(value: Value) -> bool:
    """Is it a number or size, repeated perhaps, which a body may write down itself?"""
    if isinstance(value.op, BroadcastTo):
        value = value.inputs[0]
    return isinstance(value.op, Constant | SizeOf)


@dataclass
class Closure:
    """Turns roots into graphs over `leaves`. `start` is the serial number of the first value that may be inside;
    `index` the loop index; `lazy`: all that is younger than `start` stays inside, though it depends on no leaf."""

    start: int
    leaves: Sequence[Value] = ()
    index: str = ""
    lazy: bool = False
    captured: list[Value] = field(default_factory=list)  # what is outside, in the order of the inputs
    inputs: list[Value] = field(default_factory=list)  # what stands for it inside
    done: dict[int, Value] = field(default_factory=dict)  # a value -> what stands for it inside

    def run(self, roots: Sequence[Value]) -> list[Value]:
        """What stands for `roots` inside."""
        inside = self._inside(roots)
        for value in topological(roots):
            if id(value) in inside and id(value) not in self.done:
                inputs = tuple(self._stand_in(x, inside) for x in value.inputs)
                same = all(x is y for x, y in zip(inputs, value.inputs, strict=True))
                self.done[id(value)] = value if same else Value(value.op, inputs, value.type)
        return [self._stand_in(root, inside) for root in roots]

    def _stand_in(self, value: Value, inside: set[int]) -> Value:
        if id(value) not in self.done:
            if is_literal(value) or id(value) in inside:
                return value
            leaf = apply(Input(f"outer{len(self.inputs)}", value.type))
            self.captured.append(value)
            self.inputs.append(leaf)
            self.done[id(value)] = leaf
        return self.done[id(value)]

    def _inside(self, roots: Sequence[Value]) -> set[int]:
        """The values that are computed inside, the leaves among them."""
        order = topological(roots)
        seeds: set[int] = set()  # values outside on which something inside depends nevertheless
        while True:
            inside = {id(leaf) for leaf in self.leaves}
            free: set[int] = set()  # made inside of constants alone
            for value in order:
                if isinstance(value.op, Input | State) or id(value) in seeds:
                    continue
                young = value.serial >= self.start
                if young and all(id(x) in free for x in value.inputs) and not isinstance(value.op, Gradient):
                    free.add(id(value))
                depends = any(id(x) in inside or id(x) in seeds for x in value.inputs) or self._names_index(value)
                if depends or (young and self.lazy and not self._is_item_outside(value, inside)):
                    inside.add(id(value))
            more = self._differentiated(order, inside) - seeds
            if not more:
                return inside | free
            seeds |= more

    def _names_index(self, value: Value) -> bool:
        young = self.index and value.serial >= self.start
        return bool(young) and any(size.name == self.index for size in sizes_in(value.op))

    @staticmethod
    def _is_item_outside(value: Value, inside: set[int]) -> bool:
        return isinstance(value.op, Item) and id(value.inputs[0]) not in inside

    def _differentiated(self, order: Iterable[Value], inside: set[int]) -> set[int]:
        """Values outside that something inside is differentiated with respect to: what depends on them must be inside
        too, or the gradient would not find its way."""
        gradients = (v.inputs for v in order if isinstance(v.op, Gradient) and id(v.inputs[0]) in inside)
        return {id(wrt) for _, wrt in gradients if id(wrt) not in inside}


def instantiate(
    graph: Graph, leaves: Mapping[str, Value], recalled: Mapping[int, Value] | None = None
) -> tuple[dict[str, Value], dict[str, Value], Value | None]:
    """The outputs, writes and guard of a body where its inputs and state, by label, are these values.

    `recalled` are values of the body, by id, that are known from before; only their gradients go the way through it."""
    done: dict[int, Value] = {}
    for value in graph.order:
        if isinstance(value.op, Input | State):
            done[id(value)] = leaves[value.op.label]
        else:
            inputs = tuple(done[id(x)] for x in value.inputs)
            same = all(x is y for x, y in zip(inputs, value.inputs, strict=True))
            done[id(value)] = value if same else Value(value.op, inputs, value.type)
        if recalled and id(value) in recalled:
            done[id(value)] = apply(Recalled(), done[id(value)], recalled[id(value)])
    return (
        {name: done[id(value)] for name, value in graph.outputs.items()},
        {name: done[id(value)] for name, value in graph.writes.items()},
        None if graph.guard is None else done[id(graph.guard)],
    )

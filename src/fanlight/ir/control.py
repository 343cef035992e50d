"""What is a loop, what is a branch? Ops whose attributes are graphs; their rows, with gradients, are in `ops.loop`.

A body is a graph like any other: its inputs are what it is given, its state is what it carries from step to step.
The interpreter, the printer and the lowering know these two forms and nothing of the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from fanlight.errors import ShapeError
from fanlight.ir import dim as dims
from fanlight.ir.dim import Dim, DimLike
from fanlight.ir.graph import Constant, Graph, Leaf, Op, Value
from fanlight.ir.types import Type, Types

LONGEST = 2**31 - 1  # steps of a loop without a bound: its index is an int32


@dataclass(frozen=True)
class Iteration(Op):
    """Runs `body` for `index` = 0 .. length-1, backwards where `reverse`, or until its guard is false.

    Operands: the carries as they are before the first step, in the order of the body's writes; then what the first
    `slices` inputs of the body are slices of along a new leading axis; then its other inputs, equal at every step.
    Results: the carries after the last step, then each output of the body stacked along a new leading axis. With a
    guard there are no outputs, since the number of steps is not known."""

    body: Graph
    index: str
    length: DimLike = LONGEST
    slices: int = 0
    reverse: bool = False

    @property
    def own_sizes(self) -> frozenset[str]:
        return frozenset([self.index])

    @property
    def bodies(self) -> dict[str, Graph]:
        return {"body": self.body}

    @property
    def size(self) -> dims.Size:
        """The loop index, as what `SizeOf` and index expressions of the body name."""
        return dims.Size(self.index, 0, max(dims.upper(self.length) - 1, 0))

    @property
    def step(self) -> DimLike:
        """The loop index as an integer expression."""
        return dims.size(self.index, 0, self.size.high)

    @property
    def carries(self) -> tuple[str, ...]:
        return tuple(self.body.writes)

    def operand_types(self) -> tuple[Type, ...]:
        """The types of the operands, in order."""
        given = [v.type for v in self.body.inputs]
        stacked = [self.stacked(type) for type in given[: self.slices]]
        return (*(v.type for v in self.body.writes.values()), *stacked, *given[self.slices :])

    def stacked(self, type: Type) -> Type:
        return Type(type.dtype, (self.length, *type.shape))

    def infer(self, *types: Type) -> Types:
        expected = self.operand_types()
        if types != expected:
            raise ShapeError(self.name, expected=list(expected), got=list(types))
        if self.body.guard is not None and (self.body.outputs or self.slices):
            raise ShapeError(self.name, expected="no slices or outputs where a guard ends the loop", got=self.index)
        for label, type in self.body.state.items():
            if label not in self.body.writes or self.body.writes[label].type != type:
                raise ShapeError(self.name, expected=f"the carry {label!r} to stay {type}", got=self.body.writes)
        stacked = tuple(self.stacked(v.type) for v in self.body.outputs.values())
        return Types((*expected[: len(self.carries)], *stacked))

    def split(self, operands: tuple[Any, ...]) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        """The operands as carries, slices and the rest, by label of the body."""
        count = len(self.carries)
        given = [label_of(v) for v in self.body.inputs]
        middle = count + self.slices
        return (
            dict(zip(self.carries, operands[:count], strict=True)),
            dict(zip(given[: self.slices], operands[count:middle], strict=True)),
            dict(zip(given[self.slices :], operands[middle:], strict=True)),
        )


@dataclass(frozen=True)
class Choice(Op):
    """Runs `yes` where the first operand, a bool scalar, is true, else `no`; the other one does not run.

    Operands: the condition, the inputs of `yes`, those of `no`. Results: the outputs, alike in both."""

    yes: Graph
    no: Graph

    @property
    def bodies(self) -> dict[str, Graph]:
        return {"yes": self.yes, "no": self.no}

    def infer(self, *types: Type) -> Types:
        given = tuple(v.type for v in (*self.yes.inputs, *self.no.inputs))
        if types != (Type("bool", ()), *given):
            raise ShapeError(self.name, expected=[Type("bool", ()), *given], got=list(types))
        one, other = ({k: v.type for k, v in side.outputs.items()} for side in (self.yes, self.no))
        if one != other or list(one) != list(other):
            raise ShapeError(self.name, expected=f"equal results of both sides: {one}", got=other)
        return Types(tuple(one.values()))

    def split(self, operands: tuple[Any, ...]) -> tuple[Any, dict[str, Any], dict[str, Any]]:
        """The condition, and what each side is given, by label."""
        condition, *rest = operands
        count = len(self.yes.inputs)
        yes, no = ([label_of(v) for v in side.inputs] for side in (self.yes, self.no))
        return condition, dict(zip(yes, rest[:count], strict=True)), dict(zip(no, rest[count:], strict=True))


@dataclass(frozen=True)
class Passing(Op):
    """Its results are its first operands: as many as `results` says. The others, and `rule`, concern its gradient."""

    rule: Graph
    results: int

    @property
    def bodies(self) -> dict[str, Graph]:
        return {"rule": self.rule}


def label_of(value: Value) -> str:
    """The name of an input or state value."""
    assert isinstance(value.op, Leaf), value
    return value.op.label


def with_bodies(op: Op, change: Callable[[Graph], Graph]) -> Op:
    """The op with its bodies changed; itself where that changes nothing."""
    bodies = op.bodies
    changed = {name: change(graph) for name, graph in bodies.items()}
    return replace(op, **changed) if any(changed[k] is not bodies[k] for k in bodies) else op  # type: ignore[type-var]


def replace_sizes(graph: Graph, values: Mapping[str, DimLike]) -> Graph:
    """The graph where named sizes are other dims, in types, attributes and bodies."""
    done: dict[int, Value] = {}
    for value in graph.order:
        inputs = tuple(done[id(x)] for x in value.inputs)
        op, type = moved(value.op, values), moved(value.type, values)
        same = op is value.op and type == value.type and all(x is y for x, y in zip(inputs, value.inputs, strict=True))
        done[id(value)] = value if same else Value(op, inputs, type)
    if all(done[id(v)] is v for v in graph.order):
        return graph
    return Graph(
        tuple(done[id(v)] for v in graph.inputs),
        {k: done[id(v)] for k, v in graph.outputs.items()},
        {k: done[id(v)] for k, v in graph.writes.items()},
        None if graph.guard is None else done[id(graph.guard)],
    )


def moved(item: Any, values: Mapping[str, DimLike]) -> Any:
    """A dim, type, op, graph or tuple of those where named sizes are other dims; itself where none occurs."""
    if isinstance(item, Dim):
        return dims.replace_sizes(item, values)
    if isinstance(item, Type):
        shape = moved(item.shape, values)
        return item if shape is item.shape else Type(item.dtype, shape)
    if isinstance(item, Types):
        members = moved(item.members, values)
        return item if members is item.members else Types(members)
    if isinstance(item, Graph):
        return replace_sizes(item, values)
    if isinstance(item, Op):
        if isinstance(item, Constant):
            return item
        inner = {k: v for k, v in values.items() if k not in item.own_sizes}
        new = {}
        for field in fields(item):  # type: ignore[arg-type]
            old = getattr(item, field.name)
            changed = moved(old, inner if isinstance(old, Graph | Op) else values)
            if changed is not old and (isinstance(old, Graph) or changed != old):
                new[field.name] = changed
        return replace(item, **new) if new else item  # type: ignore[type-var]
    if isinstance(item, tuple):
        new = tuple(moved(each, values) for each in item)
        return item if all(a is b for a, b in zip(new, item, strict=True)) else new
    return item

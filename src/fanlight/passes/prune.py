"""What of a loop or branch does nothing need? Results that nobody takes, and what was carried or computed for them.

In and out: graphs with the same results. Also brings the operands of bodies into their simplest form: numbers are
written inside, equal operands are one, and what a loop carries without changing it is an operand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from fanlight.ir.control import Choice, Iteration, label_of
from fanlight.ir.graph import Constant, Graph, Input, Item, Op, State, Value, apply
from fanlight.ir.types import DTYPES, Type
from fanlight.ops.closure import instantiate, is_literal
from fanlight.ops.movement import BroadcastTo


@dataclass(frozen=True)
class Pruned:
    """A loop or branch with fewer results: its op and operands, the new numbers of its results by the old ones, and
    the operands that are results as they are. Without an op nothing is left of it."""

    op: Op | None
    inputs: tuple[Value, ...]
    numbers: dict[int, int]
    through: dict[int, Value] = field(default_factory=dict)


def prune(graph: Graph) -> Graph:
    """`graph` without results of loops and branches that nothing needs, in bodies too."""
    if not any(value.op.bodies for value in graph.order):
        return graph
    used: dict[int, set[int]] = {}  # loop or branch -> the numbers of its results that something needs
    live = {id(root) for root in graph.roots}
    made: dict[int, Pruned] = {}
    for value in reversed(graph.order):
        if id(value) not in live:
            continue
        inputs = value.inputs
        if isinstance(value.op, Item):
            used.setdefault(id(inputs[0]), set()).add(value.op.index)
        elif isinstance(value.op, Iteration | Choice):
            taken = used.get(id(value), set())
            op = value.op
            made[id(value)] = pruned = (
                _iteration(op, inputs, taken) if isinstance(op, Iteration) else _choice(op, inputs, taken)
            )
            inputs = (*pruned.inputs, *pruned.through.values())
        live.update(id(x) for x in inputs)
    done: dict[int, Value] = {}
    for value in graph.order:
        if id(value) not in live and not isinstance(value.op, Input):
            continue
        if id(value) in made:
            pruned = made[id(value)]
            if pruned.op is not None:
                done[id(value)] = apply(pruned.op, *(done[id(x)] for x in pruned.inputs))
        elif isinstance(value.op, Item) and id(value.inputs[0]) in made:
            pruned, number = made[id(value.inputs[0])], value.op.index
            if number in pruned.through:
                done[id(value)] = done[id(pruned.through[number])]
            elif pruned.op is None:
                done[id(value)] = _empty(value.type)
            else:
                done[id(value)] = apply(Item(pruned.numbers[number]), done[id(value.inputs[0])])
        else:
            inputs = tuple(done[id(x)] for x in value.inputs)
            same = all(x is y for x, y in zip(inputs, value.inputs, strict=True))
            done[id(value)] = value if same else Value(value.op, inputs, value.type)
    return Graph(
        tuple(done[id(v)] for v in graph.inputs),
        {k: done[id(v)] for k, v in graph.outputs.items()},
        {k: done[id(v)] for k, v in graph.writes.items()},
        None if graph.guard is None else done[id(graph.guard)],
    )


def _iteration(op: Iteration, inputs: tuple[Value, ...], used: set[int]) -> Pruned:
    """The loop with the results `used`. What it carries without changing it becomes an operand."""
    carries, labels = op.carries, list(op.body.outputs)
    if op.length == 0:
        return Pruned(None, (), {}, {k: x for k, x in enumerate(inputs[: len(carries)]) if k in used})
    initial = dict(zip(carries, inputs[: len(carries)], strict=True))
    still = [label for label in carries if _is_still(op.body, label)]
    leaves = {v.op.label: v for v in op.body.order if isinstance(v.op, Input | State)}
    leaves |= {label: apply(Input(label, op.body.writes[label].type)) for label in still}
    body = with_leaves(op.body, leaves) if still else op.body
    given = [*zip(op.body.inputs, inputs[len(carries) :], strict=True), *((leaves[k], initial[k]) for k in still)]
    outputs = {label: body.outputs[label] for k, label in enumerate(labels, len(carries)) if k in used}
    needed = {label for k, label in enumerate(carries) if k in used and label not in still}
    while True:
        writes = {label: value for label, value in body.writes.items() if label in needed}
        smaller = prune(Graph(tuple(inner for inner, _ in given), outputs, writes, body.guard))
        reached = reachable(smaller)
        more = {v.op.label for v in reached if isinstance(v.op, State)} - needed
        if not more:
            break
        needed |= more
    read = {id(v) for v in reached}
    pairs = [(inner, outer) for inner, (_, outer) in zip(smaller.inputs, given, strict=True)]
    kept = [(inner, outer) for inner, outer in pairs if id(inner) in read]
    numbers: dict[int, int] = {}
    for k, label in enumerate((*carries, *labels)):
        if label in needed if k < len(carries) else k in used:
            numbers[k] = len(numbers)
    new = replace(
        op,
        body=replace(smaller, inputs=tuple(inner for inner, _ in kept)),
        slices=sum(1 for inner, _ in pairs[: op.slices] if id(inner) in read),
    )
    through = {k: initial[label] for k, label in enumerate(carries) if k in used and label in still}
    return Pruned(new, (*(initial[k] for k in carries if k in needed), *(outer for _, outer in kept)), numbers, through)


def _empty(type: Type) -> Value:
    """An array without elements."""
    nothing = apply(Constant({"float": 0.0, "int": 0, "bool": False}[DTYPES[type.dtype][2]], type.dtype))
    return apply(BroadcastTo(type.shape), nothing)


def _choice(op: Choice, inputs: tuple[Value, ...], used: set[int]) -> Pruned:
    """The branch with the results `used`."""
    labels = [label for k, label in enumerate(op.yes.outputs) if k in used]
    operands, sides, rest = [inputs[0]], [], list(inputs[1:])
    for side in (op.yes, op.no):
        smaller = prune(Graph(side.inputs, {label: side.outputs[label] for label in labels}))
        read = {id(v) for v in reachable(smaller)}
        given = [(inner, rest.pop(0)) for inner in smaller.inputs]
        operands += [outer for inner, outer in given if id(inner) in read]
        sides.append(replace(smaller, inputs=tuple(inner for inner, _ in given if id(inner) in read)))
    numbers = {old: new for new, old in enumerate(sorted(used))}
    return Pruned(replace(op, yes=sides[0], no=sides[1]), tuple(operands), numbers)


def reachable(graph: Graph) -> Sequence[Value]:
    """What the roots of a graph need: its order, without inputs that nothing reads."""
    return Graph((), graph.outputs, graph.writes, graph.guard).order


def settle(op: Op, inputs: tuple[Value, ...]) -> tuple[Op, tuple[Value, ...]]:
    """A loop or branch with its operands in their simplest form."""
    if isinstance(op, Iteration):
        count = len(op.carries)
        body, rest = _settled(op.body, inputs[count:], op.slices)
        return (op, inputs) if body is op.body else (replace(op, body=body), (*inputs[:count], *rest))
    assert isinstance(op, Choice)
    middle = 1 + len(op.yes.inputs)
    yes, given = _settled(op.yes, inputs[1:middle], 0)
    no, other = _settled(op.no, inputs[middle:], 0)
    if yes is op.yes and no is op.no:
        return op, inputs
    return replace(op, yes=yes, no=no), (inputs[0], *given, *other)


def _is_still(body: Graph, label: str) -> bool:
    new = body.writes[label].op
    return isinstance(new, State) and new.label == label


def _settled(body: Graph, inputs: Sequence[Value], slices: int) -> tuple[Graph, tuple[Value, ...]]:
    """The body and its operands after the first `slices`, where numbers are inside and equal operands one."""
    leaves: dict[str, Value] = {v.op.label: v for v in body.order if isinstance(v.op, Input | State)}
    first: dict[int, Value] = {}
    kept: list[tuple[Value, Value]] = []
    changed = False
    for k, (inner, outer) in enumerate(zip(body.inputs, inputs, strict=True)):
        if k >= slices and is_literal(outer):
            leaves[label_of(inner)], changed = outer, True
        elif k >= slices and id(outer) in first:
            leaves[label_of(inner)], changed = first[id(outer)], True
        else:
            kept.append((inner, outer))
            if k >= slices:
                first[id(outer)] = inner
    if not changed:
        return body, tuple(inputs)
    smaller = with_leaves(body, leaves)
    return replace(smaller, inputs=tuple(inner for inner, _ in kept)), tuple(outer for _, outer in kept)


def with_leaves(body: Graph, leaves: dict[str, Value]) -> Graph:
    """The body over other leaves, by label; its inputs are left as they were."""
    outputs, writes, guard = instantiate(body, leaves)
    return Graph(body.inputs, outputs, writes, guard)

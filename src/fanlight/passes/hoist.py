"""What in a loop need not wait for its turn? Values that do not depend on the carry are computed before it.

What is equal at all steps moves out as it is. Of what differs from step to step, products and other reductions are
computed for all steps at once, with the elementwise ops that end them: `x[t] @ w` becomes one product. Cheap
elementwise values stay, to save memory; outputs that do not depend on the carry leave the loop altogether."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from fanlight.ir.control import Choice, Iteration, with_bodies
from fanlight.ir.graph import Constant, Graph, Input, Item, Leaf, SizeOf, State, Value, apply, rewrite
from fanlight.ir.text import sizes_in
from fanlight.ops.batched import Vectorizer, is_vectorizable
from fanlight.ops.closure import is_literal
from fanlight.passes.simplify import simplify

Loops = Callable[[Iteration, tuple[Value, ...]], tuple[Value, list[Value]] | None]


def hoist(graph: Graph) -> Graph:
    """`graph` with as little as possible inside its loops."""
    return each_loop(graph, hoisted)


def each_loop(graph: Graph, change: Loops) -> Graph:
    """`graph` where `change(loop, operands)` gave another loop and what its results are, inner loops first."""
    if not has_loops(graph):
        return graph
    results: dict[int, list[Value]] = {}

    def visit(value: Value, inputs: tuple[Value, ...]) -> Value:
        if isinstance(value.op, Item) and id(inputs[0]) in results:
            return results[id(inputs[0])][value.op.index]
        op = with_bodies(value.op, lambda body: each_loop(body, change)) if value.op.bodies else value.op
        found = change(op, inputs) if isinstance(op, Iteration) else None
        if found is not None:
            loop, results[id(loop)] = found
            return loop
        same = op is value.op and all(x is y for x, y in zip(inputs, value.inputs, strict=True))
        return value if same else Value(op, inputs, value.type)

    return simplify(rewrite(graph, visit))


def has_loops(graph: Graph) -> bool:
    return any(isinstance(v.op, Iteration) or any(map(has_loops, v.op.bodies.values())) for v in graph.order)


def hoisted(op: Iteration, inputs: tuple[Value, ...]) -> tuple[Value, list[Value]] | None:
    """The loop without what can be computed before it, and what its results are now; None where that is nothing."""
    body = Dependence(op)
    _, slices, given = op.split(inputs)
    leaves = {v.op.label: v for v in op.body.inputs if isinstance(v.op, Input)}
    known = {id(leaves[k]): (x, True) for k, x in slices.items()} | {
        id(leaves[k]): (x, False) for k, x in given.items()
    }
    vectorizer = Vectorizer(op.index, op.length, known)
    count = len(op.carries)
    outputs = dict(op.body.outputs)
    early = {label: value for label, value in outputs.items() if not body.waits(value)}
    kept = {label: value for label, value in outputs.items() if label not in early}
    stay = [*op.body.writes.values(), *kept.values(), *([op.body.guard] if op.body.guard is not None else [])]
    fronts: dict[int, Value] = {}  # what is computed before the loop, where the loop reads it
    if op.body.guard is None:
        fronts = {id(v): v for v in body.reduced()}
    order: list[Value] = []
    seen: set[int] = set()
    stack = list(stay)
    while stack:
        value = stack.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if id(value) in fronts or (body.is_invariant(value) and not is_literal(value)):
            if not isinstance(value.op, Leaf):
                order.append(value)
        else:
            stack += value.inputs
    if not order and not early:
        return None
    done: dict[int, Value] = {}
    extra_slices: list[tuple[Value, Value]] = []
    extra: list[tuple[Value, Value]] = []
    for number, value in enumerate(reversed(order)):
        outside, is_batched = vectorizer.lift(value)
        done[id(value)] = leaf = apply(Input(f"early{number}_{op.index}_{value.serial}", value.type))
        (extra_slices if is_batched else extra).append((leaf, outside))
    new = rebuilt(stay, done)
    own = op.body.inputs
    pairs = list(zip(own, inputs[count:], strict=True))
    pairs = [*pairs[: op.slices], *extra_slices, *pairs[op.slices :], *extra]
    graph = Graph(
        tuple(leaf for leaf, _ in pairs),
        {label: new[id(value)] for label, value in kept.items()},
        {label: new[id(value)] for label, value in op.body.writes.items()},
        None if op.body.guard is None else new[id(op.body.guard)],
    )
    smaller = relabelled(replace(op, body=graph, slices=op.slices + len(extra_slices)))
    loop = apply(smaller, *inputs[:count], *(x for _, x in pairs))
    results = [apply(Item(k), loop) for k in range(count)]
    for label in outputs:
        if label in early:
            results.append(vectorizer.stacked(early[label]))
        else:
            results.append(apply(Item(count + list(kept).index(label)), loop))
    return loop, results


class Dependence:
    """On what do the values of a body depend: the carry, the step, or neither?"""

    def __init__(self, op: Iteration):
        self.op, graph = op, op.body
        self.roots = {id(v) for v in graph.roots}
        self.users: dict[int, dict[int, Value]] = {id(v): {} for v in graph.order}
        self.carried: set[int] = set()
        self.moving: set[int] = set()
        self.bound: set[int] = set()  # those that cannot be computed for all steps at once, or need one that cannot
        slices = {id(v) for v in graph.inputs[: op.slices]}
        for value in graph.order:
            for x in value.inputs:
                self.users[id(x)][id(value)] = value
            if isinstance(value.op, State) or any(id(x) in self.carried for x in value.inputs):
                self.carried.add(id(value))
            names_index = any(size.name == op.index for size in sizes_in(value.op))
            if id(value) in slices or names_index or any(id(x) in self.moving for x in value.inputs):
                self.moving.add(id(value))
            if id(value) in self.carried or id(value) in self.moving:
                is_bound = not isinstance(value.op, Leaf) and not is_vectorizable(value.op)
                if id(value) in self.carried or is_bound or any(id(x) in self.bound for x in value.inputs):
                    self.bound.add(id(value))

    def is_invariant(self, value: Value) -> bool:
        """Is it equal at all steps?"""
        return id(value) not in self.carried and id(value) not in self.moving

    def waits(self, value: Value) -> bool:
        """Must it be computed in its step?"""
        return id(value) in self.bound or self.op.body.guard is not None

    def reduced(self) -> Iterable[Value]:
        """Values with a reduction that need not wait, each with the elementwise ops that nothing else reads it for."""
        for value in self.op.body.order:
            if id(value) in self.bound or id(value) not in self.moving or not is_reduction(value):
                continue
            while id(value) not in self.roots and len(self.users[id(value)]) == 1:
                (user,) = self.users[id(value)].values()
                if id(user) in self.bound or not user.op.elementwise:
                    break
                value = user
            yield value


def is_reduction(value: Value) -> bool:
    """Does its loop nest sum over something?"""
    if isinstance(value.op, Leaf | Constant | SizeOf | Choice | Item) or not is_vectorizable(value.op):
        return False
    return bool(value.op.nest(*(x.type for x in value.inputs)).reduce)


def rebuilt(roots: Iterable[Value], done: dict[int, Value]) -> dict[int, Value]:
    """What the roots, and all that they need, become where some values are replaced."""
    roots = list(roots)
    made = dict(done)
    stack = [root for root in roots]
    while stack:
        value = stack[-1]
        missing = [x for x in value.inputs if id(x) not in made] if id(value) not in made else []
        if missing:
            stack += missing
            continue
        stack.pop()
        if id(value) not in made:
            inputs = tuple(made[id(x)] for x in value.inputs)
            same = all(x is y for x, y in zip(inputs, value.inputs, strict=True))
            made[id(value)] = value if same else Value(value.op, inputs, value.type)
    return made


def relabelled(op: Iteration) -> Iteration:
    """The loop whose body's inputs are called x0, x1, ... and outer0, outer1, ..., so that equal bodies read alike."""
    leaves: dict[int, Value] = {}
    for k, leaf in enumerate(op.body.inputs):
        label = f"x{k}" if k < op.slices else f"outer{k - op.slices}"
        leaves[id(leaf)] = apply(Input(label, leaf.type))
    body = op.body
    roots = [*body.outputs.values(), *body.writes.values(), *([body.guard] if body.guard is not None else [])]
    new = rebuilt(roots, leaves)
    graph = Graph(
        tuple(leaves[id(leaf)] for leaf in body.inputs),
        {label: new[id(value)] for label, value in body.outputs.items()},
        {label: new[id(value)] for label, value in body.writes.items()},
        None if body.guard is None else new[id(body.guard)],
    )
    return replace(op, body=graph)

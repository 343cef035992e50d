"""What in a loop can wait until all steps are done? Products that no later step needs are computed after it.

A carry that is only added to becomes one sum over all steps: the weight gradients of a recurrent net are one product
each. An output that is a product of what the carry needs is computed for all steps at once. What these read, and
depends on the carry, is stacked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from fanlight.ir.control import Iteration
from fanlight.ir.graph import Graph, Item, State, Value, apply
from fanlight.ops import elementwise
from fanlight.ops import functions as fn
from fanlight.ops.batched import Vectorizer, is_vectorizable
from fanlight.passes.hoist import Dependence, each_loop, is_reduction
from fanlight.passes.simplify import is_literal


def sink(graph: Graph) -> Graph:
    """`graph` with what can wait behind its loops."""
    return each_loop(graph, sunk)


@dataclass
class Total:
    """A carry that is only added to: the terms that leave the loop, and those that stay."""

    label: str
    leaf: Value
    late: list[Value] = field(default_factory=list)
    staying: list[Value] = field(default_factory=list)


def sunk(op: Iteration, inputs: tuple[Value, ...]) -> tuple[Value, list[Value]] | None:
    """The loop without what can be computed after it, and what its results are now; None where that is nothing."""
    if op.body.guard is not None:
        return None
    body = Dependence(op)
    totals = [total for label in op.carries if (total := find_total(op, body, label)) is not None]
    own = {total.label for total in totals}
    needed = ancestors(value for label, value in op.body.writes.items() if label not in own)
    stacked = {id(v) for v in op.body.outputs.values()}
    late = Late(body, needed, stacked)
    outputs = {label: v for label, v in op.body.outputs.items() if id(v) not in needed and late.take(v)}
    for products in (True, False):  # what products need stacked, sums may use
        for total in totals:
            terms, total.staying = total.staying, []
            for term in terms:
                fits = late.has_product(term) == products and (
                    late.take(term) if is_summable(term) else late.is_stacked(term)
                )
                (total.late if fits else total.staying).append(term)
    if not outputs and not any(total.late for total in totals):
        return None
    writes = dict(op.body.writes)
    for total in totals:
        if total.late:
            new = total.leaf
            for term in total.staying:
                new = fn.add(new, term)
            writes[total.label] = new
    kept = {label: v for label, v in op.body.outputs.items() if label not in outputs}
    known_labels = {id(v): label for label, v in kept.items()}
    for number, value in enumerate(late.boundary.values()):
        if id(value) not in known_labels:
            known_labels[id(value)] = f"late{number}"
            kept[f"late{number}"] = value
    count = len(op.carries)
    loop = apply(replace(op, body=replace(op.body, outputs=kept, writes=writes)), *inputs)
    places = {label: count + k for k, label in enumerate(kept)}
    known = {key: (apply(Item(places[known_labels[key]]), loop), True) for key in late.boundary}
    for k, leaf in enumerate(op.body.inputs):
        known[id(leaf)] = inputs[count + k], k < op.slices
    vectorizer = Vectorizer(op.index, op.length, known)
    results = [apply(Item(k), loop) for k in range(count)]
    for total in totals:
        k = op.carries.index(total.label)
        for position, term in enumerate(total.late):
            part = vectorizer.summed(term) if is_summable(term) else fn.sum(vectorizer.stacked(term), 0)
            is_first = position == 0 and not total.staying
            if is_first and is_literal(inputs[k], 0):  # 0 + x -> x
                results[k] = part
            else:
                results[k] = fn.add(inputs[k] if is_first else results[k], part)
    for label, value in op.body.outputs.items():
        if label in outputs:
            results.append(vectorizer.stacked(value))
        else:
            results.append(apply(Item(places[label]), loop))
    return loop, results


class Late:
    """Which values can be computed after the loop, and what must be stacked for them. `needed` are those that later
    steps need, `stacked` those that are stacked already."""

    def __init__(self, body: Dependence, needed: set[int], stacked: set[int]):
        self.body, self.needed, self.stacked = body, needed, set(stacked)
        self.boundary: dict[int, Value] = {}  # what is to be stacked, by id

    def take(self, value: Value) -> bool:
        """Puts `value` behind the loop if that pays: there is a product in it, or all that it reads is stacked."""
        edge, inside = self.edge(value)
        if not any(is_reduction(v) for v in inside):
            return False
        if not any(is_product(v) for v in inside) and any(id(v) not in self.stacked for v in edge):
            return False
        self.boundary |= {id(v): v for v in edge}
        self.stacked |= {id(v) for v in edge}
        return True

    def is_stacked(self, value: Value) -> bool:
        """Is it stacked itself, or something that need not wait for the carry?"""
        return id(value) in self.stacked or id(value) not in self.body.bound

    def has_product(self, value: Value) -> bool:
        return any(is_product(v) for v in self.edge(value)[1])

    def edge(self, value: Value) -> tuple[list[Value], list[Value]]:
        """The values that `value` is computed from outside and that depend on the carry; and those in between."""
        edge: dict[int, Value] = {}
        inside: dict[int, Value] = {}
        stack = [value]
        while stack:
            each = stack.pop()
            if id(each) in edge or id(each) in inside:
                continue
            carried = id(each) in self.body.carried or id(each) in self.body.bound
            stays = id(each) in self.needed and not each.op.movement
            if carried and (isinstance(each.op, State) or stays or not is_vectorizable(each.op)):
                edge[id(each)] = each
            else:
                inside[id(each)] = each
                stack += each.inputs
        return [*edge.values()], [*inside.values()]


def find_total(op: Iteration, body: Dependence, label: str) -> Total | None:
    """The carry as a total, if the body does nothing with it but add to it."""
    leaf = next((v for v in op.body.order if isinstance(v.op, State) and v.op.label == label), None)
    if leaf is None or id(leaf) in body.roots:
        return None
    total, value = Total(label, leaf), leaf
    while value is not op.body.writes[label]:
        users = [*body.users[id(value)].values()]
        if len(users) != 1 or not isinstance(users[0].op, elementwise.Add):
            return None
        x, y = users[0].inputs
        if x is y or (id(value) in body.roots and value is not leaf):
            return None
        total.staying.append(y if x is value else x)
        value = users[0]
    written = sum(1 for v in (*op.body.outputs.values(), *op.body.writes.values()) if v is value)
    return total if written == 1 and not body.users[id(value)] else None


def ancestors(roots: Iterable[Value]) -> set[int]:
    return {id(v) for v in Graph((), {str(k): v for k, v in enumerate(roots)}).order}


def is_summable(value: Value) -> bool:
    """Is the sum of it over all steps one loop nest?"""
    return is_reduction(value) and value.op.nest(*(x.type for x in value.inputs)).combine == "add"


def is_product(value: Value) -> bool:
    """Is it a sum of products of two arrays?"""
    if not is_reduction(value):
        return False
    nest = value.op.nest(*(x.type for x in value.inputs))
    return nest.combine == "add" and nest.value.op == "mul" and all(a.op == "read" for a in nest.value.args)

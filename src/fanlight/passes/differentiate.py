"""What is the gradient? Expands every `Gradient` value of a graph by reverse-mode differentiation, graph to graph.

In: a graph that may hold `ir.graph.Gradient` values, nested ones too. Out: the same graph without them. Each op brings
its own gradient rule; this file knows the order in which rules are asked and where a gradient may flow.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fanlight.errors import CompileError
from fanlight.ir.control import Choice, Iteration, with_bodies
from fanlight.ir.graph import Constant, Gradient, Graph, Item, Leaf, Value, apply, rewrite, topological
from fanlight.ir.types import Type, Types, is_float
from fanlight.ops import functions
from fanlight.ops.elementwise import Recalled
from fanlight.ops.loop import WithGradient


def differentiate(graph: Graph) -> Graph:
    """`graph` with every `Gradient` expanded.

    All gradients of one scalar share one backward sweep; those of a gradient come after the inner one, since a value
    is rewritten after its inputs. Raises CompileError where an op on the path has no gradient.
    """
    wanted: dict[int, list[Value]] = {}  # id of a scalar -> what it is differentiated with respect to
    for value in graph.order:
        if isinstance(value.op, Gradient):
            wanted.setdefault(id(value.inputs[0]), []).append(value.inputs[1])
    if not wanted and not any(value.op.bodies for value in graph.order):
        return graph
    new: dict[int, Value] = {}
    swept: dict[int, dict[int, Value]] = {}

    def change(value: Value, inputs: tuple[Value, ...]) -> Value:
        fresh = expand(value) if isinstance(value.op, Gradient) else renew(value, inputs)
        new[id(value)] = fresh
        return fresh

    def expand(value: Value) -> Value:
        of, wrt = value.inputs
        if id(of) not in swept:
            # What is not rewritten yet comes after `of`, so `of` does not depend on it and its gradient is zero.
            ready = [new[id(each)] for each in wanted[id(of)] if id(each) in new]
            swept[id(of)] = gradients(new[id(of)], ready)
        found = swept[id(of)].get(id(new[id(wrt)]))
        return zeros(wrt.type) if found is None else found

    # Bodies come last: the rules of loops copy what is written there, and write more gradients down in new ones.
    return rewrite(rewrite(graph, change), inner)


def inner(value: Value, inputs: tuple[Value, ...]) -> Value:
    """`value` over other inputs, the gradients in its bodies expanded; gradients of one's own have done their work."""
    if isinstance(value.op, Item) and isinstance(inputs[0].op, WithGradient):
        return inputs[0].inputs[value.op.index]
    if isinstance(value.op, Iteration | Choice):
        return Value(with_bodies(value.op, differentiate), inputs, value.type)
    return renew(value, inputs)


def renew(value: Value, inputs: tuple[Value, ...]) -> Value:
    """`value` over other inputs; itself where they are the same."""
    if all(x is y for x, y in zip(value.inputs, inputs, strict=True)):
        return value
    return Value(value.op, inputs, value.type)


def gradients(of: Value, wrt: Iterable[Value]) -> dict[int, Value]:
    """The gradient of the scalar `of` with respect to each value of `wrt` that it depends on, by the value's id."""
    targets = {id(each): each for each in wrt}
    order = topological([of])
    on_path: set[int] = set()  # values through which a gradient reaches a target; integers and bools stop it
    for value in order:
        reaches = id(value) in targets or any(id(x) in on_path for x in value.inputs)
        if reaches and (isinstance(value.type, Types) or is_float(value.dtype)):
            on_path.add(id(value))
    if id(of) not in on_path:
        return {}
    kept = {id(value.inputs[0]): value for value in order if isinstance(value.op, Recalled)}
    incoming: dict[int, Value] = {id(of): Value(Constant(1.0, "float32"), (), of.type)}
    several: dict[int, list[Value | None]] = {}  # of a loop or branch: the gradient of each of its results
    for value in reversed(order):
        if isinstance(value.op, Item):
            if id(value) in incoming:
                _collect(value.op.index, incoming[id(value)], value.inputs[0], several)
            continue
        g = several.get(id(value)) if isinstance(value.type, Types) else incoming.get(id(value))
        if g is None or not any(id(x) in on_path for x in value.inputs):
            continue
        for position, (x, part) in enumerate(
            zip(value.inputs, rule(value, kept.get(id(value), value), g, targets), strict=True)
        ):
            if part is None or id(x) not in on_path:
                continue
            if part.type != x.type:
                raise CompileError(
                    f"gradient of {value.op.name}", expected=x.type, got=part.type, at=f"input {position} of {value!r}"
                )
            incoming[id(x)] = functions.add(incoming[id(x)], part) if id(x) in incoming else part
    return {key: incoming[key] for key in targets if key in incoming}


def _collect(number: int, g: Value, source: Value, several: dict[int, list[Value | None]]) -> None:
    """Adds the gradient of one result of the loop or branch `source` to those of the others."""
    assert isinstance(source.type, Types)
    parts = several.setdefault(id(source), [None] * len(source.type.members))
    known = parts[number]
    parts[number] = g if known is None else functions.add(known, g)


def rule(value: Value, result: Value, g: Any, targets: Mapping[int, Value]) -> tuple[Value | None, ...]:
    """What the op of `value` says about the gradients of its inputs, where its `result` may be kept from before."""
    try:
        parts = value.op.gradient(g, result, value.inputs)
    except NotImplementedError as error:
        raise CompileError(
            f"gradient of {value.op.name}",
            expected="a differentiable op",
            got=str(error),
            at=f"{value!r} of {', '.join(map(repr, value.inputs))}, between the loss and {named(targets.values())}",
            do="freeze what comes before it, or use an op with a gradient",
        ) from error
    if len(parts) != len(value.inputs):
        raise CompileError(
            f"gradient of {value.op.name}", expected=f"{len(value.inputs)} values", got=len(parts), at=repr(value)
        )
    return parts


def named(values: Iterable[Value]) -> str:
    """The first few of `values`, by their labels where they have one."""
    texts = [f"{v.op.name} {v.op.label!r}" if isinstance(v.op, Leaf) else repr(v) for v in values]
    return ", ".join(texts[:3]) + (f" and {len(texts) - 3} more" if len(texts) > 3 else "")


def zeros(type: Type) -> Value:
    """An array of zeros."""
    scalar = apply(Constant(0.0, type.dtype))
    return functions.broadcast_to(scalar, type.shape) if type.shape else scalar

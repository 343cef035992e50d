"""What does a graph give? Every op through its NumPy `reference`: the first rung of the ladder.

In: a graph, arrays by input name, state by name. Out: outputs and writes by name. Open dims are bound from the inputs
first.
"""

from dataclasses import fields, replace

import numpy as np

from fanlight.ir import dim as dims
from fanlight.ir.control import moved
from fanlight.ir.graph import Constant, Graph, Input, Item, SizeOf, State
from fanlight.passes.differentiate import differentiate


def evaluate_graph(graph: Graph, inputs=(), state=None) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """(outputs, writes) by name. `inputs` is a dict by name, or arrays in order. Where the guard is false nothing is
    written.

    Gradients are expanded first. Wrong shapes and dtypes of inputs and state are refused.
    """
    graph = differentiate(graph)
    arrays = inputs if isinstance(inputs, dict) else {v.op.label: x for v, x in zip(graph.inputs, inputs, strict=True)}
    sizes: dict[str, int] = {}
    for value in graph.inputs:
        bind(value.type, np.shape(arrays[value.op.label]), sizes)
    known: dict[int, np.ndarray] = {}
    with np.errstate(all="ignore"):
        for value in graph.order:
            operands = [known[id(x)] for x in value.inputs]
            known[id(value)] = evaluate(value, operands, arrays, state or {}, sizes)
    outputs = {name: known[id(value)] for name, value in graph.outputs.items()}
    if graph.guard is not None and not known[id(graph.guard)]:
        return outputs, {}
    return outputs, {name: known[id(value)] for name, value in graph.writes.items()}


def bind(type, shape, sizes) -> None:
    """Learn from an argument's shape what the open sizes are."""
    assert len(shape) == type.rank, f"expected {type}, got shape {shape}"
    for extent, length in zip(type.shape, shape, strict=True):
        if isinstance(extent, dims.Dim):
            (product, coefficient), *rest = extent.terms
            if not rest and len(product) == 1 and coefficient == 1 and isinstance(product[0], dims.Size):
                assert sizes.setdefault(product[0].name, length) == length, f"two lengths for {product[0].name}"
                assert product[0].low <= length <= product[0].high, f"{product[0].name} = {length} is out of bounds"


def evaluate(value, operands, arrays, state, sizes) -> np.ndarray:
    """The array of one value."""
    op = value.op
    if isinstance(op, Item):
        return operands[0][op.index]
    if op.bodies:
        return [np.asarray(y) for y in moved(op, sizes).reference(*operands)]
    shape = tuple(dims.evaluate(extent, sizes) for extent in value.shape)
    if isinstance(op, Input | State):
        source = arrays if isinstance(op, Input) else state
        array = np.asarray(source[op.label])
        assert array.shape == shape, f"{op.name} {op.label!r}: expected shape {shape}, got {array.shape}"
        assert array.dtype == value.dtype, f"{op.name} {op.label!r}: expected {value.dtype}, got {array.dtype}"
        return array
    if isinstance(op, Constant):
        return np.asarray(op.value, value.dtype)
    if isinstance(op, SizeOf):
        return np.asarray(dims.evaluate(op.size, sizes), "int32")
    array = np.asarray(closed(op, sizes).reference(*operands))
    assert array.shape == shape, f"{op}: expected shape {shape}, got {array.shape}"
    return array.astype(value.dtype, copy=False)


def closed(op, sizes):
    """`op` with numbers in place of the open dims among its attributes."""
    changes = {}
    for each in fields(op):
        old = getattr(op, each.name)
        new = numbers(old, sizes)
        if new != old:
            changes[each.name] = new
    return replace(op, **changes) if changes else op


def numbers(value, sizes):
    if isinstance(value, dims.Dim):
        return dims.evaluate(value, sizes)
    if isinstance(value, tuple):
        return tuple(numbers(each, sizes) for each in value)
    return value

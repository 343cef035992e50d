"""How are graphs and modules printed? One line a value; `ir.parse` reads the same text back.

In: a graph, or a module. Out: text that names everything but the Python objects. Kernels are in `ir.program_text`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from fanlight.errors import CompileError
from fanlight.ir import dim as dims
from fanlight.ir.control import Iteration
from fanlight.ir.graph import Constant, Graph, Leaf, Op, Value
from fanlight.ir.module import Module
from fanlight.ir.types import Type, Types

PLAIN_NAME = re.compile(r"[A-Za-z_][\w./-]*")  # printed as it is; any other name is quoted


def name_text(name: str) -> str:
    """A name of an input, output, state array or function."""
    return name if PLAIN_NAME.fullmatch(name) else repr(name)


def attribute_text(value: Any) -> str:
    """An attribute of an op: a number, string, dim, type, another op, or a tuple of those."""
    if isinstance(value, tuple):
        return f"({', '.join(map(attribute_text, value))}{',' if len(value) == 1 else ''})"
    if isinstance(value, dims.Dim):
        return dims.text(value)
    if isinstance(value, Op):
        return operation_text(value, [])
    if value is None or isinstance(value, bool | int | float | str | Type):
        return repr(value)
    raise CompileError("print a graph", expected="attributes of numbers, strings, dims, types, tuples", got=repr(value))


def operation_text(op: Op, arguments: list[str]) -> str:
    """`matmul(%0, %1)`: an op with what it is applied to and its attributes."""
    if isinstance(op, Leaf):
        return f"{op.name}({op.label!r})"
    if isinstance(op, Constant):
        return f"{op.name}({op.value!r})"
    plain = {name: value for name, value in op.attributes().items() if not isinstance(value, Graph)}
    attributes = [f"{name}={attribute_text(value)}" for name, value in plain.items()]
    return f"{op.name}({', '.join([*arguments, *attributes])})"


def graph_sizes(graph: Graph) -> dict[str, dims.Size]:
    """Every size that occurs in a graph, by name: in types, and in the attributes of ops."""
    found = {size.name: size for value in graph.order for size in sizes_in((value.type, value.op))}
    return dict(sorted(found.items()))


def sizes_in(item: Any) -> set[dims.Size]:
    """The sizes in a dim, type, op, body or tuple of those; not the loop index that only a body knows."""
    if isinstance(item, dims.Dim):
        return set(dims.sizes(item))
    if isinstance(item, Type):
        return sizes_in(item.shape)
    if isinstance(item, Types):
        return sizes_in(item.members)
    if isinstance(item, Graph):
        return set(graph_sizes(item).values())
    if isinstance(item, Op):
        return {size for size in sizes_in(tuple(item.attributes().values())) if size.name not in item.own_sizes}
    return set().union(*map(sizes_in, item)) if isinstance(item, tuple) else set()


def graph_text(graph: Graph, name: str = "graph") -> str:
    """`graph` as text, a line for each value and root:

    graph predict(image: f32[batch, 64]) where 1 <= batch <= 32
      %0: f32[batch, 64] = input('image')
      %1: f32[64, 10] = state('dense/kernel')
      %2: f32[batch, 10] = matmul(%0, %1)
      output probabilities = %2
    """
    lines = body_lines(graph)
    header = f"graph {name_text(name)}({arguments_text(graph)}){where_text(graph_sizes(graph).values())}"
    return "\n".join([header, *lines]) + "\n"


def arguments_text(graph: Graph) -> str:
    return ", ".join(f"{name_text(label_of(v))}: {v.type!r}" for v in graph.inputs)


def body_lines(graph: Graph) -> list[str]:
    """A line for each value and root; below a loop or branch its bodies, each from `begin` to `end`."""
    numbers: dict[int, str] = {}
    lines: list[str] = []
    for value in graph.order:
        numbers[id(value)] = f"%{len(numbers)}"
        operation = operation_text(value.op, [numbers[id(x)] for x in value.inputs])
        lines.append(f"  {numbers[id(value)]}: {value.type!r} = {operation}")
        for name, body in value.op.bodies.items():
            index = where_text([value.op.size]) if isinstance(value.op, Iteration) else ""
            lines += [f"    begin {name}({arguments_text(body)}){index}"]
            lines += [*(f"    {line}" for line in body_lines(body)), "    end"]
    for kind, roots in (("output", graph.outputs), ("write", graph.writes)):
        lines += [f"  {kind} {name_text(key)} = {numbers[id(value)]}" for key, value in roots.items()]
    if graph.guard is not None:
        lines.append(f"  guard {numbers[id(graph.guard)]}")
    return lines


def label_of(value: Value) -> str:
    """The name of an input."""
    if not isinstance(value.op, Leaf):
        raise CompileError("print a graph", expected="inputs that are `input` values", got=repr(value))
    return value.op.label


def size_text(size: dims.Size) -> str:
    """A size with its interval: `1 <= batch <= 32`."""
    return f"{size.low} <= {size.name}" + (f" <= {size.high}" if size.high < dims.UNBOUNDED else "")


def where_text(sizes: Iterable[dims.Size]) -> str:
    """` where 1 <= batch <= 32, ...`; nothing where there are no open sizes."""
    texts = [size_text(size) for size in sizes]
    return f" where {', '.join(texts)}" if texts else ""


def module_text(module: Module) -> str:
    """`module` as text: its state, the meanings of its inputs and outputs, then its graphs."""
    lines = ["module"]
    for name, spec in module.state.items():
        kind = f"{spec.role} {'trainable' if spec.trainable else 'frozen'} {spec.initial!r}"
        lines.append(f"  state {name_text(name)}: {spec.type!r} = {kind}")
    for name, meaning in module.meanings.items():
        lines.append(f"  meaning {name_text(name)} = {json.dumps(meaning)}")
    return "\n".join([*lines, "", *(graph_text(graph, name) for name, graph in module.functions.items())])

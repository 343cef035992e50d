"""What does the text of a graph or module say? Reads what `ir.text` prints.

In: text, and the table of ops by name, since `ir` knows no ops. Out: the graph; types are inferred anew and must agree.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from fanlight.errors import ModelFormatError
from fanlight.ir.dim import Dim, Size, upper
from fanlight.ir.graph import Constant, Gradient, Graph, Input, Item, Op, SizeOf, State, Value, apply
from fanlight.ir.module import Module, StateSpec
from fanlight.ir.reading import (
    NAME_TEXT,
    TYPE_TEXT,
    TYPES_TEXT,
    Lines,
    Reader,
    match,
    numbered,
    read_expression,
    read_name,
    read_sizes,
)
from fanlight.ir.types import Type, Types

Ops = Mapping[str, Callable[..., Op]]

_OWN: Ops = {SizeOf.name: SizeOf, Gradient.name: Gradient, Item.name: Item}

_NAME = rf"(?P<name>{NAME_TEXT})"
_TYPE = rf"(?P<type>{TYPE_TEXT})"
_ARGUMENTS = rf"(?P<arguments>(?:{NAME_TEXT}: {TYPE_TEXT}(?:, {NAME_TEXT}: {TYPE_TEXT})*)?)"
_HEADER = re.compile(rf"graph {_NAME}\({_ARGUMENTS}\)(?: where (?P<where>.*))?")
_ARGUMENT = re.compile(rf"{_NAME}: {_TYPE}(?:, |$)")
_VALUE = re.compile(rf"%(?P<number>\d+): (?P<type>{TYPES_TEXT}) = (?P<operation>.*)")
_BEGIN = re.compile(rf"begin {_NAME}\({_ARGUMENTS}\)(?: where (?P<where>.*))?")
_ROOT = re.compile(rf"(?P<kind>output|write) {_NAME} = %(?P<number>\d+)")
_GUARD = re.compile(r"guard %(?P<number>\d+)")
_STATE = re.compile(rf"state {_NAME}: {_TYPE} = (?P<role>\w+) (?P<kind>trainable|frozen) (?P<initial>.*)")
_MEANING = re.compile(rf"meaning {_NAME} = (?P<meaning>.*)")


def parse_graph(text: str, ops: Ops) -> Graph:
    """The graph that `graph_text` printed. Raises ModelFormatError where the text is not one, and names the line."""
    graphs = list(_graphs(Lines(text), ops))
    if len(graphs) != 1:
        raise ModelFormatError("text of the IR", expected="one graph", got=len(graphs))
    return graphs[0][1]


def parse_module(text: str, ops: Ops) -> Module:
    """The module that `module_text` printed. Raises ModelFormatError where the text is not one, and names the line."""
    lines = Lines(text)
    with lines.take() as line:
        if line != "module":
            raise ValueError("expected 'module'")
    state: dict[str, StateSpec] = {}
    meanings: dict[str, Mapping[str, Any]] = {}
    reader = Reader({})
    while lines and not lines.starts("graph "):
        with lines.take() as line:
            if found := _STATE.fullmatch(line):
                initial = reader.literal(read_expression(found["initial"]))
                trainable = found["kind"] == "trainable"
                state[read_name(found["name"])] = StateSpec(
                    reader.type(found["type"]), found["role"], trainable, initial
                )
            else:
                found = match(_MEANING, line, "a state, a meaning or a graph")
                meanings[read_name(found["name"])] = json.loads(found["meaning"])
    return Module(dict(_graphs(lines, ops)), state, meanings)


def _graphs(lines: Lines, ops: Ops) -> Iterator[tuple[str, Graph]]:
    while lines:
        with lines.take() as line:
            header = match(_HEADER, line, "graph name(input: type, ...) where low <= size <= high, ...")
            reader = Reader(read_sizes(header["where"]))
            arguments = _arguments(header["arguments"], reader)
        yield read_name(header["name"]), _body(lines, ops, arguments, reader)


def _arguments(text: str, reader: Reader) -> dict[str, Type]:
    return {read_name(found["name"]): reader.type(found["type"]) for found in _ARGUMENT.finditer(text)}


def _body(lines: Lines, ops: Ops, arguments: Mapping[str, Type], reader: Reader) -> Graph:
    values: list[Value] = []
    roots: dict[str, dict[str, Value]] = {"output": {}, "write": {}}
    guard: Value | None = None
    while lines and not lines.starts("graph ") and not lines.is_next("end"):
        with lines.take() as line:
            if found := _VALUE.fullmatch(line):
                if int(found["number"]) != len(values):
                    raise ValueError(f"expected %{len(values)}, since values are numbered in order")
                type, bodies = reader.types(found["type"]), _bodies(lines, ops, reader)
                values.append(_operation(found["operation"], type, values, bodies, reader, ops))
            elif found := _ROOT.fullmatch(line):
                roots[found["kind"]][read_name(found["name"])] = values[int(found["number"])]
            else:
                found = match(_GUARD, line, "a value, an output, a write or a guard")
                guard = values[int(found["number"])]
    inputs = {value.op.label: value for value in values if isinstance(value.op, Input)}
    wrong = [name for name, type in arguments.items() if name not in inputs or inputs[name].type != type]
    if wrong or len(inputs) != len(arguments):
        raise ModelFormatError("text of the IR", expected=f"inputs {list(arguments)}", got=f"{list(inputs)}")
    return Graph(tuple(inputs[name] for name in arguments), roots["output"], roots["write"], guard)


def _bodies(lines: Lines, ops: Ops, reader: Reader) -> dict[str, Graph]:
    """The graphs between `begin` and `end` that follow a loop or branch."""
    found: dict[str, Graph] = {}
    while lines.starts("begin "):
        with lines.take() as line:
            header = match(_BEGIN, line, "begin name(input: type, ...) where low <= index <= high")
            inner = Reader({**reader.sizes, **read_sizes(header["where"])})
            arguments = _arguments(header["arguments"], inner)
        found[header["name"]] = _body(lines, ops, arguments, inner)
        with lines.take() as line:
            if line != "end":
                raise ValueError("expected 'end'")
    return found


def _operation(
    text: str, type: Type | Types, values: list[Value], bodies: dict[str, Graph], reader: Reader, ops: Ops
) -> Value:
    call = read_expression(text)
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
        raise ValueError("expected an op with its operands and attributes in parentheses")
    name = call.func.id
    if isinstance(type, Type) and name in ("input", "state"):
        return apply((Input if name == "input" else State)(reader.literal(call.args[0]), type))
    if isinstance(type, Type) and name == "constant":
        return apply(Constant(reader.literal(call.args[0]), type.dtype))
    operands = [values[numbered(node, "%")] for node in call.args]
    result = apply(_op(call, bodies, reader, ops), *operands)
    if result.type != type:
        raise ValueError(f"expected {type!r}, but {name} gives {result.type!r}")
    return result


def _op(call: ast.Call, bodies: dict[str, Graph], reader: Reader, ops: Ops) -> Op:
    """An op with its attributes. One of them may be an op, which may name the size `index`, below `extent`."""
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    kind = _OWN.get(name) or ops.get(name)
    if kind is None:
        raise ValueError(f"expected a known op, got {ast.unparse(call.func)!r}")
    found: dict[str, Any] = {}
    for keyword in call.keywords:
        if keyword.arg == "op" and isinstance(keyword.value, ast.Call):
            index = Size(found["index"], 0, max(upper(found["extent"]) - 1, 0))
            found["op"] = _op(keyword.value, {}, Reader({**reader.sizes, index.name: Dim.of(index)}), ops)
        else:
            found[str(keyword.arg)] = reader.literal(keyword.value)
    return kind(**bodies, **found)

"""What does the text of a graph or module say? Reads what `ir.text` prints.

In: text, and the table of ops by name, since `ir` knows no ops. Out: the graph; types are inferred anew and must agree.
Nothing is executed: expressions are read by Python's parser and taken apart node by node.
"""

from __future__ import annotations

import ast
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from fanlight.errors import ModelFormatError
from fanlight.ir import dim as dims
from fanlight.ir.graph import Constant, Gradient, Graph, Input, Op, SizeOf, State, Value, apply
from fanlight.ir.module import Module, StateSpec
from fanlight.ir.types import DTYPES, Type

Ops = Mapping[str, Callable[..., Op]]

_SHORT = {short: dtype for dtype, (short, _, _) in DTYPES.items()}
_ANY_NAME = r"(?:[A-Za-z_][\w./-]*|'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")"
_NAME = rf"(?P<name>{_ANY_NAME})"
_ANY_TYPE = r"\w+\[[^\]]*\]"
_ANY_ARGUMENT = rf"{_ANY_NAME}: {_ANY_TYPE}"
_ARGUMENTS = rf"(?P<arguments>(?:{_ANY_ARGUMENT}(?:, {_ANY_ARGUMENT})*)?)"
_HEADER = re.compile(rf"graph {_NAME}\({_ARGUMENTS}\)(?: where (?P<where>.*))?")
_ARGUMENT = re.compile(rf"{_NAME}: (?P<type>{_ANY_TYPE})(?:, |$)")
_SIZE = re.compile(r"(?P<low>-?\d+) <= (?P<name>\w+)(?: <= (?P<high>-?\d+))?")
_VALUE = re.compile(r"%(?P<number>\d+): (?P<type>\w+\[[^\]]*\]) = (?P<operation>.*)")
_ROOT = re.compile(rf"(?P<kind>output|write) {_NAME} = %(?P<number>\d+)")
_GUARD = re.compile(r"guard %(?P<number>\d+)")
_STATE = re.compile(
    rf"state {_NAME}: (?P<type>\w+\[[^\]]*\]) = (?P<role>\w+) (?P<kind>trainable|frozen) (?P<initial>.*)"
)
_MEANING = re.compile(rf"meaning {_NAME} = (?P<meaning>.*)")


def parse_graph(text: str, ops: Ops) -> Graph:
    """The graph that `graph_text` printed. Raises ModelFormatError where the text is not one, and names the line."""
    lines = _lines(text)
    graphs = list(_graphs(lines, ops))
    if len(graphs) != 1 or lines:
        raise ModelFormatError("graph text", expected="one graph", got=f"{len(graphs)} graphs, {len(lines)} lines left")
    return graphs[0][1]


def parse_module(text: str, ops: Ops) -> Module:
    """The module that `module_text` printed. Raises ModelFormatError where the text is not one, and names the line."""
    lines = _lines(text)
    if not lines or lines.pop(0)[1] != "module":
        raise ModelFormatError("module text", expected="'module' in the first line", got=text[:40])
    state: dict[str, StateSpec] = {}
    meanings: dict[str, Mapping[str, Any]] = {}
    while lines and not lines[0][1].startswith("graph "):
        number, line = lines.pop(0)
        with _At(number, line):
            if found := _STATE.fullmatch(line):
                type, initial = _type(found["type"], {}), _literal(_expression(found["initial"]), {})
                state[_name(found["name"])] = StateSpec(type, found["role"], found["kind"] == "trainable", initial)
            elif found := _MEANING.fullmatch(line):
                meanings[_name(found["name"])] = json.loads(found["meaning"])
            else:
                raise ValueError("expected a state, a meaning or a graph")
    return Module(dict(_graphs(lines, ops)), state, meanings)


class _At:
    """Turns what goes wrong inside into a ModelFormatError that names the line."""

    def __init__(self, number: int, line: str):
        self.where = f"line {number}: {line[:120]}"

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, Exception) and not isinstance(error, ModelFormatError):
            raise ModelFormatError("graph text", got=str(error), at=self.where) from error


def _lines(text: str) -> list[tuple[int, str]]:
    return [(number, line.strip()) for number, line in enumerate(text.split("\n"), 1) if line.strip()]


def _name(text: str) -> str:
    return ast.literal_eval(text) if text[0] in "'\"" else text


def _graphs(lines: list[tuple[int, str]], ops: Ops) -> Iterator[tuple[str, Graph]]:
    """Takes graphs from the front of `lines`."""
    while lines:
        number, line = lines.pop(0)
        with _At(number, line):
            header = _HEADER.fullmatch(line)
            if header is None:
                raise ValueError("expected: graph name(input: type, ...) where low <= size <= high, ...")
            sizes = {size: dim for size, dim in map(_size, filter(None, (header["where"] or "").split(", ")))}
            arguments = _arguments(header["arguments"], sizes)
        yield _name(header["name"]), _body(lines, ops, arguments, sizes)


def _size(text: str) -> tuple[str, dims.DimLike]:
    found = _SIZE.fullmatch(text)
    if found is None:
        raise ValueError(f"expected low <= size <= high, got {text!r}")
    high = int(found["high"]) if found["high"] else dims.UNBOUNDED
    return found["name"], dims.Dim.of(dims.Size(found["name"], int(found["low"]), high))


def _arguments(text: str, sizes: Mapping[str, dims.DimLike]) -> dict[str, Type]:
    found: dict[str, Type] = {}
    place = 0
    while place < len(text):
        match = _ARGUMENT.match(text, place)
        if match is None:
            raise ValueError(f"expected an input and its type, got {text[place:]!r}")
        found[_name(match["name"])] = _type(match["type"], sizes)
        place = match.end()
    return found


def _body(
    lines: list[tuple[int, str]], ops: Ops, arguments: Mapping[str, Type], sizes: Mapping[str, dims.DimLike]
) -> Graph:
    values: list[Value] = []
    roots: dict[str, dict[str, Value]] = {"output": {}, "write": {}}
    guard: Value | None = None
    while lines and not lines[0][1].startswith("graph "):
        number, line = lines.pop(0)
        with _At(number, line):
            if found := _VALUE.fullmatch(line):
                if int(found["number"]) != len(values):
                    raise ValueError(f"expected %{len(values)}, since values are numbered in order")
                values.append(_operation(found["operation"], _type(found["type"], sizes), values, sizes, ops))
            elif found := _ROOT.fullmatch(line):
                roots[found["kind"]][_name(found["name"])] = values[int(found["number"])]
            elif found := _GUARD.fullmatch(line):
                guard = values[int(found["number"])]
            else:
                raise ValueError("expected a value, an output, a write or a guard")
    inputs = {value.op.label: value for value in values if isinstance(value.op, Input)}
    missing = [name for name, type in arguments.items() if name not in inputs or inputs[name].type != type]
    if missing or len(inputs) != len(arguments):
        raise ModelFormatError("graph text", expected=f"inputs {list(arguments)}", got=f"{list(inputs)}")
    return Graph(tuple(inputs[name] for name in arguments), roots["output"], roots["write"], guard)


def _operation(text: str, type: Type, values: list[Value], sizes: Mapping[str, dims.DimLike], ops: Ops) -> Value:
    call = _expression(text)
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
        raise ValueError("expected an op with its operands and attributes in parentheses")
    name = call.func.id
    if name in ("input", "state"):
        return apply((Input if name == "input" else State)(_literal(call.args[0], sizes), type))
    if name == "constant":
        return apply(Constant(_literal(call.args[0], sizes), type.dtype))
    kind = _OWN.get(name) or ops.get(name)
    if kind is None:
        raise ValueError(f"expected a known op, got {name!r}")
    operands = []
    for node in call.args:
        if not isinstance(node, ast.Name) or not node.id.startswith("_value_"):
            raise ValueError(f"expected values as operands, got {ast.unparse(node)}")
        operands.append(values[int(node.id.removeprefix("_value_"))])
    op = kind(**{str(keyword.arg): _literal(keyword.value, sizes) for keyword in call.keywords})
    result = apply(op, *operands)
    if result.type != type:
        raise ValueError(f"expected {type!r}, but {name} gives {result.type!r}")
    return result


_OWN: Ops = {SizeOf.name: SizeOf, Gradient.name: Gradient}

_NO_PYTHON = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|%\d+|\[\]")  # strings stay as they are


def _expression(text: str) -> ast.expr:
    """The text as Python's parser reads it, with values as names and an index for the empty shape."""

    def spell(found: re.Match[str]) -> str:
        word = found[0]
        return f"_value_{word[1:]}" if word[0] == "%" else "[()]" if word == "[]" else word

    return ast.parse(_NO_PYTHON.sub(spell, text), mode="eval").body


def _type(text: str, sizes: Mapping[str, dims.DimLike]) -> Type:
    return _literal(_expression(text), sizes)


_NAMED = {"inf": math.inf, "nan": math.nan}
_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: dims.add,
    ast.Sub: lambda a, b: dims.add(a, dims.multiply(b, -1)),
    ast.Mult: dims.multiply,
    ast.FloorDiv: dims.floor_divide,
}
_CHOICE = {"min": dims.minimum, "max": dims.maximum}


def _literal(node: ast.expr, sizes: Mapping[str, dims.DimLike]) -> Any:
    """A number, string, dim, type, or a tuple of those."""
    if isinstance(node, ast.Constant) and not isinstance(node.value, bytes | complex):
        return node.value
    if isinstance(node, ast.Tuple):
        return tuple(_literal(item, sizes) for item in node.elts)
    if isinstance(node, ast.Name):
        if node.id in sizes:
            return sizes[node.id]
        if node.id in _NAMED:
            return _NAMED[node.id]
        raise ValueError(f"expected a size that the graph declares, got {node.id!r}")
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_literal(node.operand, sizes)
    if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
        return _BINARY[type(node.op)](_dim(node.left, sizes), _dim(node.right, sizes))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _CHOICE:
        return _CHOICE[node.func.id](*(_dim(item, sizes) for item in node.args))
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id in _SHORT:
        shape = _literal(node.slice, sizes)
        return Type(_SHORT[node.value.id], shape if isinstance(shape, tuple) else (shape,))
    raise ValueError(f"expected a number, string, dim or tuple, got {ast.unparse(node)}")


def _dim(node: ast.expr, sizes: Mapping[str, dims.DimLike]) -> dims.DimLike:
    """A length; nothing else takes part in arithmetic, so that no text grows into a large string."""
    value = _literal(node, sizes)
    if isinstance(value, bool) or not isinstance(value, int | dims.Dim):
        raise ValueError(f"expected a dim, got {ast.unparse(node)}")
    return value

"""What do all printed forms of the IR share? Names, sizes, dims, types and literals, read from text.

Nothing is executed: expressions are read by Python's parser and taken apart node by node. `ir.parse` and
`ir.parse_program` read whole graphs and programs with this.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from fanlight.errors import ModelFormatError
from fanlight.ir import dim as dims
from fanlight.ir.types import STORED, Type, Types

SHORT = {short: dtype for dtype, (short, _, _) in STORED.items()}

# Parts of line patterns
NAME_TEXT = r"(?:[A-Za-z_][\w./-]*|'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")"
TYPE_TEXT = r"\w+\[[^\]]*\]"
TYPES_TEXT = rf"(?:{TYPE_TEXT}|\((?:{TYPE_TEXT},? ?)*\))"  # also several: `(f32[4], i32[])`

_SIZE = re.compile(r"(?P<low>-?\d+) <= (?P<name>\w+)(?: <= (?P<high>-?\d+))?")
# What is no Python and is spelled otherwise; strings are matched too, so that they stay as they are.
_NO_PYTHON = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|[%$]\d+|\[\]|\b(?:and|or|not)(?=\()")
_SPELLED = {"%": "_value_", "$": "_part_"}
_NUMBERS = {"inf": math.inf, "nan": math.nan}
_BINARY: dict[type[ast.operator], Callable[[Any, Any], dims.DimLike]] = {
    ast.Add: dims.add,
    ast.Sub: lambda a, b: dims.add(a, dims.multiply(b, -1)),
    ast.Mult: dims.multiply,
    ast.FloorDiv: dims.floor_divide,
}
_CHOICE = {"min": dims.minimum, "max": dims.maximum}


class Lines:
    """The lines of a text, taken one by one from the front; empty ones are left out."""

    def __init__(self, text: str):
        self.rest = [(number, line.strip()) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
        self.rest.reverse()

    def __bool__(self) -> bool:
        return bool(self.rest)

    def starts(self, *words: str) -> bool:
        """Does the next line begin with one of these?"""
        return bool(self.rest) and self.rest[-1][1].startswith(words)

    def is_next(self, line: str) -> bool:
        return bool(self.rest) and self.rest[-1][1] == line

    def take(self) -> At:
        if not self.rest:
            raise ModelFormatError("text of the IR", expected="one more line", got="the end")
        return At(*self.rest.pop())


class At:
    """One line; as a context it turns what goes wrong inside into a ModelFormatError that names the line."""

    def __init__(self, number: int, line: str):
        self.number, self.line = number, line

    def __enter__(self) -> str:
        return self.line

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, Exception) and not isinstance(error, ModelFormatError):
            where = f"line {self.number}: {self.line[:120]}"
            raise ModelFormatError("text of the IR", got=str(error) or type(error).__name__, at=where) from error


def match(pattern: re.Pattern[str], line: str, expected: str) -> re.Match[str]:
    found = pattern.fullmatch(line)
    if found is None:
        raise ValueError(f"expected {expected}, got {line[:120]!r}")
    return found


def read_name(text: str) -> str:
    return ast.literal_eval(text) if text[0] in "'\"" else text


def read_expression(text: str) -> ast.expr:
    """The text as Python's parser reads it: `%1` and `$1` are names, `[]` has an index, `or(...)` is `or_(...)`."""

    def spell(found: re.Match[str]) -> str:
        word = found[0]
        if word[0] in _SPELLED:
            return _SPELLED[word[0]] + word[1:]
        return "[()]" if word == "[]" else word + "_" if word in ("and", "or", "not") else word

    return ast.parse(_NO_PYTHON.sub(spell, text), mode="eval").body


def numbered(node: ast.expr, sign: str) -> int:
    """The number of `%1` or `$1`, whichever `sign` says."""
    if not isinstance(node, ast.Name) or not node.id.startswith(_SPELLED[sign]):
        raise ValueError(f"expected {sign} and a number, got {ast.unparse(node)}")
    return int(node.id.removeprefix(_SPELLED[sign]))


def read_sizes(text: str | None) -> dict[str, dims.DimLike]:
    """`1 <= batch <= 32, ...` as sizes by name."""
    found = [match(_SIZE, each, "low <= size <= high") for each in filter(None, (text or "").split(", "))]
    return {
        each["name"]: dims.Dim.of(
            dims.Size(each["name"], int(each["low"]), int(each["high"]) if each["high"] else dims.UNBOUNDED)
        )
        for each in found
    }


class Reader:
    """Reads what may stand in a graph over these sizes."""

    def __init__(self, sizes: Mapping[str, dims.DimLike]):
        self.sizes = sizes

    def types(self, text: str) -> Type | Types:
        """A type, or in parentheses those of a loop's or branch's results."""
        value = self.literal(read_expression(text))
        several = isinstance(value, tuple) and all(isinstance(each, Type) for each in value)
        return Types(value) if several else self.type(text)

    def type(self, text: str) -> Type:
        value = self.literal(read_expression(text))
        if not isinstance(value, Type):
            raise ValueError(f"expected a type, got {text!r}")
        return value

    def literal(self, node: ast.expr) -> Any:
        """A number, string, dim, type, or a tuple of those."""
        if isinstance(node, ast.Constant) and not isinstance(node.value, bytes | complex):
            return node.value
        if isinstance(node, ast.Tuple):
            return tuple(map(self.literal, node.elts))
        if isinstance(node, ast.Name):
            if node.id in self.sizes:
                return self.sizes[node.id]
            if node.id in _NUMBERS:
                return _NUMBERS[node.id]
            raise ValueError(f"expected one of the sizes {sorted(self.sizes)}, got {node.id!r}")
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return -self.literal(node.operand)
        if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
            return _BINARY[type(node.op)](self.dim(node.left), self.dim(node.right))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            return self.call(node.func.id, node.args)
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id in SHORT:
            return Type(SHORT[node.value.id], self.dims(node.slice))
        raise ValueError(f"expected a number, string, dim or tuple, got {ast.unparse(node)}")

    def call(self, name: str, args: list[ast.expr]) -> Any:
        """`min(a, b)` and `max(a, b)` of dims."""
        if name not in _CHOICE or len(args) != 2:
            raise ValueError(f"expected a number, string, dim or tuple, got a call of {name!r}")
        return _CHOICE[name](self.dim(args[0]), self.dim(args[1]))

    def dim(self, node: ast.expr) -> dims.DimLike:
        """A length or index. Nothing else takes part in arithmetic, so that no text grows into a large string."""
        value = self.literal(node)
        if isinstance(value, bool) or not isinstance(value, int | dims.Dim):
            raise ValueError(f"expected a dim, got {ast.unparse(node)}")
        return value

    def dims(self, node: ast.expr) -> tuple[dims.DimLike, ...]:
        """What stands between brackets: one dim or several."""
        return tuple(map(self.dim, node.elts if isinstance(node, ast.Tuple) else [node]))

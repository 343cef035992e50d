"""What is computed for one element? Typed scalar expressions: the bodies of ops and kernels.

Leaves: `const`, `index` (an integer expression over loop indices), `read` (an element of an operand), `accumulator` (the finished
reduction, in epilogues only). Every other node is a row of `SCALARS`, which targets spell; what a target cannot spell is decomposed.
`guard(c, x, y)` evaluates only the side it needs; `select` evaluates both. Knows nothing of loops or memory."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from fanlight.ir import dim as dims
from fanlight.ir.dim import Atom, Bounds, Dim, DimLike
from fanlight.ir.types import DTYPES, is_float

# name: (number of arguments, which dtypes, result: "same" as the first argument, "bool", or "attribute" for the node's own)
SCALARS: dict[str, tuple[int, str, str]] = {
    "neg": (1, "float int", "same"),
    "abs": (1, "float int", "same"),
    "sqrt": (1, "float", "same"),
    "floor": (1, "float", "same"),
    "ceil": (1, "float", "same"),
    "trunc": (1, "float", "same"),
    "nearest": (1, "float", "same"),  # ties to even, IEEE 754 roundToIntegralTiesToEven
    "exp": (1, "float", "same"),
    "log": (1, "float", "same"),
    "tanh": (1, "float", "same"),
    "erf": (1, "float", "same"),
    "sin": (1, "float", "same"),
    "cos": (1, "float", "same"),
    "add": (2, "float int", "same"),
    "sub": (2, "float int", "same"),
    "mul": (2, "float int", "same"),
    "div": (2, "float", "same"),
    "quotient": (2, "int", "same"),  # towards zero; the divisor is not 0
    "remainder": (2, "int", "same"),  # sign of the dividend; the divisor is not 0
    "min": (2, "float int", "same"),  # NaN if either is NaN; -0 < +0
    "max": (2, "float int", "same"),
    "and": (2, "int bool", "same"),
    "or": (2, "int bool", "same"),
    "xor": (2, "int bool", "same"),
    "not": (1, "bool", "same"),
    "shift_left": (2, "int", "same"),  # by the count modulo the width
    "shift_right": (2, "int", "same"),  # arithmetic for signed, logical for unsigned
    "eq": (2, "float int bool", "bool"),
    "ne": (2, "float int bool", "bool"),
    "lt": (2, "float int", "bool"),
    "le": (2, "float int", "bool"),
    "gt": (2, "float int", "bool"),
    "ge": (2, "float int", "bool"),
    "select": (3, "float int bool", "second"),
    "guard": (3, "float int bool", "second"),
    "cast": (1, "float int bool", "attribute"),  # float to int: towards zero, saturating, NaN to 0
    "bitcast": (1, "float int", "attribute"),  # between 4-byte dtypes
}


class Scalar:
    """One node. `attribute`: the value of a const, the dim of an index, (slot, indices) of a read; else None."""

    __slots__ = ("_hash", "args", "attribute", "dtype", "op")

    def __init__(self, op: str, args: tuple[Scalar, ...], dtype: str, attribute: Any = None):
        self.op, self.args, self.dtype, self.attribute = op, args, dtype, attribute
        self._hash = hash((op, args, dtype, self._attribute_key()))

    def _attribute_key(self) -> Any:
        if self.op == "const" and isinstance(self.attribute, float):
            return struct.pack("<d", self.attribute)  # tells -0.0 from 0.0, and NaN equals itself
        return self.attribute

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return (
            isinstance(other, Scalar)
            and self._hash == other._hash
            and self.op == other.op
            and self.dtype == other.dtype
            and self._attribute_key() == other._attribute_key()
            and self.args == other.args
        )

    def __hash__(self) -> int:
        return self._hash

    def __repr__(self) -> str:
        return text(self)

    def __add__(self, other: ScalarLike) -> Scalar:
        return make("add", self, _like(other, self))

    def __sub__(self, other: ScalarLike) -> Scalar:
        return make("sub", self, _like(other, self))

    def __rsub__(self, other: ScalarLike) -> Scalar:
        return make("sub", _like(other, self), self)

    def __mul__(self, other: ScalarLike) -> Scalar:
        return make("mul", self, _like(other, self))

    def __truediv__(self, other: ScalarLike) -> Scalar:
        return make("div", self, _like(other, self))

    def __rtruediv__(self, other: ScalarLike) -> Scalar:
        return make("div", _like(other, self), self)

    def __neg__(self) -> Scalar:
        return make("neg", self)

    def __lt__(self, other: ScalarLike) -> Scalar:
        return make("lt", self, _like(other, self))

    def __le__(self, other: ScalarLike) -> Scalar:
        return make("le", self, _like(other, self))

    def __gt__(self, other: ScalarLike) -> Scalar:
        return make("gt", self, _like(other, self))

    def __ge__(self, other: ScalarLike) -> Scalar:
        return make("ge", self, _like(other, self))

    def __and__(self, other: ScalarLike) -> Scalar:
        return make("and", self, _like(other, self))

    def __or__(self, other: ScalarLike) -> Scalar:
        return make("or", self, _like(other, self))

    def __xor__(self, other: ScalarLike) -> Scalar:
        return make("xor", self, _like(other, self))

    def __lshift__(self, other: ScalarLike) -> Scalar:
        return make("shift_left", self, _like(other, self))

    def __rshift__(self, other: ScalarLike) -> Scalar:
        return make("shift_right", self, _like(other, self))

    __radd__ = __add__
    __rmul__ = __mul__


ScalarLike = Scalar | int | float | bool


def _like(value: ScalarLike, other: Scalar) -> Scalar:
    return value if isinstance(value, Scalar) else const(value, other.dtype)


def const(value: int | float | bool, dtype: str = "float32") -> Scalar:
    """A literal. Float literals are rounded to float32 at once."""
    if is_float(dtype):
        return Scalar("const", (), dtype, to_float32(float(value)))
    return Scalar("const", (), dtype, bool(value) if dtype == "bool" else wrap_integer(int(value), dtype))


def index(expression: DimLike) -> Scalar:
    """An integer expression over loop indices and sizes, as an int32."""
    return const(expression, "int32") if isinstance(expression, int) else Scalar("index", (), "int32", expression)


def read(slot: int, indices: tuple[DimLike, ...], dtype: str) -> Scalar:
    """Element `indices` of operand `slot`; out of bounds is undefined: put a `guard` around it."""
    return Scalar("read", (), dtype, (slot, indices))


def accumulator(dtype: str) -> Scalar:
    """The finished value of the kernel's reduction."""
    return Scalar("accumulator", (), dtype)


def make(op: str, *args: Scalar) -> Scalar:
    """A row of SCALARS applied to arguments, constants folded. Raises TypeError where dtypes do not fit."""
    arity, kinds, result = SCALARS[op]
    if len(args) != arity:
        raise TypeError(f"{op} expects {arity} arguments, got {len(args)}")
    operands = args[1:] if op in ("select", "guard") else args
    dtype = operands[0].dtype
    if any(a.dtype != dtype for a in operands) or DTYPES[dtype][2] not in kinds.split():
        raise TypeError(f"{op} expects {kinds} arguments of one dtype, got {', '.join(a.dtype for a in args)}")
    if op in ("select", "guard") and args[0].op == "const":
        return args[1] if args[0].attribute else args[2]
    if op == "mul" and args[1].op == "const" and args[1].attribute == 1:  # x * 1 -> x
        return args[0]
    if op == "mul" and args[0].op == "const" and args[0].attribute == 1:
        return args[1]
    node = Scalar(op, args, "bool" if result == "bool" else dtype)
    return _folded(node)


def cast(value: Scalar, dtype: str) -> Scalar:
    """`value` as `dtype`: float to int goes towards zero and saturates, NaN gives 0; to bool is `!= 0`."""
    if value.dtype == dtype:
        return value
    if dtype == "bool":
        return make("ne", value, const(0, value.dtype))
    return _folded(Scalar("cast", (value,), dtype))


def bitcast(value: Scalar, dtype: str) -> Scalar:
    """The same 32 bits under another dtype."""
    return value if value.dtype == dtype else _folded(Scalar("bitcast", (value,), dtype))


def select(condition: Scalar, yes: Scalar, no: Scalar) -> Scalar:
    return yes if yes == no else make("select", condition, yes, no)


def guard(condition: Scalar, yes: Scalar, no: Scalar) -> Scalar:
    """`yes` where the condition holds, else `no`; the other side is not evaluated, so its reads may lie outside."""
    return make("guard", condition, yes, no)


def inside(expression: DimLike, extent: DimLike) -> Scalar:
    """`0 <= expression < extent`, without the comparisons that the bounds already prove."""
    condition = const(True, "bool")
    low, _ = dims.bounds(expression)
    if low < 0:
        condition = make("ge", index(expression), index(0))
    if dims.bounds(extent - expression)[0] <= 0:
        condition = conjunction(condition, make("lt", index(expression), index(extent)))
    return condition


def conjunction(*conditions: Scalar) -> Scalar:
    """All conditions; true ones vanish."""
    total = const(True, "bool")
    for each in conditions:
        if each.op == "const":
            if not each.attribute:
                return each
        elif total.op == "const":
            total = each
        else:
            total = make("and", total, each)
    return total


def _folded(node: Scalar) -> Scalar:
    if not all(a.op == "const" for a in node.args):
        return node
    return const(evaluate(node, {}, None), node.dtype)


class Datum(Atom):
    """An index that is itself data: an int32 scalar expression inside an index expression, known to lie in `low .. high`."""

    __slots__ = ("_hash", "high", "low", "scalar")

    def __init__(self, scalar: Scalar, low: int, high: int):
        self.scalar, self.low, self.high = scalar, low, high
        self._hash = hash((scalar, low, high))

    @property
    def bounds(self) -> Bounds:
        return self.low, self.high

    @property
    def key(self) -> str:
        return f"<{text(self.scalar)}>"

    @property
    def names(self) -> frozenset[str]:
        return index_names(self.scalar)

    def evaluate(self, values: Mapping[str, int]) -> int:
        raise TypeError("an index read from data has no value without the data; use scalar.evaluate_index")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Datum) and (self.low, self.high) == (other.low, other.high) and self.scalar == other.scalar

    def __hash__(self) -> int:
        return self._hash


def datum(scalar: Scalar, low: int, high: int) -> DimLike:
    """`scalar` (int32) as an index expression; the caller promises `low <= scalar <= high`, by clamping where it is data."""
    return int(scalar.attribute) if scalar.op == "const" else Dim.of(Datum(scalar, low, high))


def walk(root: Scalar) -> Iterator[Scalar]:
    """Every distinct node below `root`, arguments first, through data-dependent indices too."""
    seen: set[Scalar] = set()
    stack: list[tuple[Scalar, bool]] = [(root, False)]
    while stack:
        node, ready = stack.pop()
        if node in seen:
            continue
        if ready:
            seen.add(node)
            yield node
        else:
            stack.append((node, True))
            stack.extend((a, False) for a in (*reversed(node.args), *index_data(node)))


def node_dims(node: Scalar) -> tuple[DimLike, ...]:
    """The integer expressions that a node carries."""
    if node.op == "index":
        return (node.attribute,)
    return node.attribute[1] if node.op == "read" else ()


def index_data(node: Scalar) -> list[Scalar]:
    """The scalar expressions inside the indices of a node."""
    found: list[Scalar] = []
    for expression in node_dims(node):
        _collect_data(expression, found)
    return found


def _collect_data(expression: DimLike, found: list[Scalar]) -> None:
    if isinstance(expression, Dim):
        for product, _ in expression.terms:
            for atom in product:
                if isinstance(atom, Datum):
                    found.append(atom.scalar)
                elif not isinstance(atom, dims.Size):
                    _collect_data(atom.left, found)  # type: ignore[attr-defined]
                    _collect_data(atom.right, found)  # type: ignore[attr-defined]


def index_names(root: Scalar) -> frozenset[str]:
    """The names of all sizes and loop indices that an expression depends on."""
    found: set[str] = set()
    for node in walk(root):
        for expression in node_dims(node):
            found |= dims.names(expression)
    return frozenset(found)


def rebuild(root: Scalar, leaf: Callable[[Scalar], Scalar | None], sizes: Mapping[str, DimLike] | None = None) -> Scalar:
    """`root` with leaves replaced (`leaf` gives a node, or None to keep it) and named sizes substituted in every index first."""
    done: dict[Scalar, Scalar] = {}

    def move(expression: DimLike) -> DimLike:
        def replace(atom: Atom) -> DimLike | None:
            if isinstance(atom, dims.Size):
                return sizes.get(atom.name) if sizes else None
            if isinstance(atom, Datum):
                return datum(done[atom.scalar], atom.low, atom.high)
            return None

        return dims.substitute(expression, replace)

    for node in walk(root):
        fresh = node
        if node.op == "index":
            fresh = index(move(node.attribute))
        elif node.op == "read":
            fresh = read(node.attribute[0], tuple(move(i) for i in node.attribute[1]), node.dtype)
        elif node.args:
            args = tuple(done[a] for a in node.args)
            if args != node.args:
                if node.op == "cast":
                    fresh = cast(args[0], node.dtype)
                elif node.op == "bitcast":
                    fresh = bitcast(args[0], node.dtype)
                else:
                    fresh = make(node.op, *args)
        if not fresh.args:
            replaced = leaf(fresh)
            fresh = fresh if replaced is None else replaced
        done[node] = fresh
    return done[root]


def to_float32(value: float) -> float:
    """`value` rounded to the nearest float32; overflow gives an infinity."""
    try:
        return struct.unpack("<f", struct.pack("<f", value))[0]
    except OverflowError:
        return math.copysign(math.inf, value)


def wrap_integer(value: int, dtype: str) -> int:
    """`value` modulo 2^bits, in the range of `dtype`."""
    bits = 8 * DTYPES[dtype][1]
    value &= (1 << bits) - 1
    return value - (1 << bits) if dtype.startswith("int") and value >> (bits - 1) else value


def evaluate(node: Scalar, values: Mapping[str, int], load: Callable[..., Any] | None) -> Any:
    """The value of `node`: see `ir.evaluate`. Imported late, since folding needs it and it needs this file."""
    from fanlight.ir.evaluate import evaluate_scalar

    return evaluate_scalar(node, values, load)


def text(node: Scalar) -> str:
    """`node` as it is printed: `add(%0[i, j], 1.0)`."""
    if node.op == "const":
        return repr(node.attribute) if node.dtype in ("float32", "int32", "bool") else f"{DTYPES[node.dtype][0]}({node.attribute})"
    if node.op == "index":
        return f"[{dims.text(node.attribute)}]"
    if node.op == "read":
        slot, indices = node.attribute
        return f"%{slot}[{', '.join(dims.text(i) for i in indices)}]"
    if node.op == "accumulator":
        return "acc"
    name = f"{node.op}.{DTYPES[node.dtype][0]}" if node.op in ("cast", "bitcast") else node.op
    return f"{name}({', '.join(text(a) for a in node.args)})"

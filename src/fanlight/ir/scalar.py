"""What is computed for one element? Typed scalar expressions: the bodies of ops and kernels.

Leaves: `const`, `index` (an integer expression over loop indices), `read` (an element of an operand), `accumulator`
(the finished reduction, in epilogues only). Every other node is a row of `SCALARS`. `guard(c, x, y)` evaluates only the
side that it needs; `select` evaluates both. Knows nothing of loops or memory."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from fanlight.ir import dim as dims
from fanlight.ir.dim import Atom, Bounds, Dim, DimLike
from fanlight.ir.instructions import APPROXIMATE, SCALARS
from fanlight.ir.interning import find, keep
from fanlight.ir.number import to_float32, wrap_integer
from fanlight.ir.types import DTYPES, STORED, is_float


class Scalar:
    """One node. `attribute`: the value of a const, the dim of an index, (slot, indices) of a read; else None.

    Equal nodes are one object, so that comparing expressions with shared parts costs nothing."""

    __slots__ = ("__weakref__", "args", "attribute", "dtype", "op")
    op: str
    args: tuple[Scalar, ...]
    dtype: str
    attribute: Any

    def __new__(cls, op: str, args: tuple[Scalar, ...], dtype: str, attribute: Any = None) -> Scalar:
        # The bytes of a float tell -0.0 from 0.0, and NaN equals itself.
        key = (cls, op, args, dtype, struct.pack("<d", attribute) if isinstance(attribute, float) else attribute)
        node = find(key)
        if node is None:
            node = object.__new__(cls)
            node.op, node.args, node.dtype, node.attribute = op, args, dtype, attribute
            node = keep(key, node)
        return node

    def __reduce__(self) -> tuple[Any, ...]:
        return Scalar, (self.op, self.args, self.dtype, self.attribute)

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
    kind = STORED[dtype][2] if op == "guard" else DTYPES[dtype][2] if dtype in DTYPES else ""
    if any(a.dtype != dtype for a in operands) or kind not in kinds.split():
        raise TypeError(f"{op} expects {kinds} arguments of one dtype, got {', '.join(a.dtype for a in args)}")
    if op in ("select", "guard") and args[0].op == "const":
        return args[1] if args[0].attribute else args[2]
    if op == "mul" and args[1].op == "const" and args[1].attribute == 1:  # x * 1 -> x
        return args[0]
    if op == "mul" and args[0].op == "const" and args[0].attribute == 1:
        return args[1]
    if op in ("and", "or") and dtype == "bool":
        for this, other in (args, args[::-1]):
            if this.op == "const":  # true and x -> x, false or x -> x, and their duals
                return other if this.attribute == (op == "and") else this
    if dtype == "int32" and (op in _PROVABLE or op in ("min", "max")) and all(a.op in ("index", "const") for a in args):
        low, high = dims.bounds(args[0].attribute - args[1].attribute)
        if op in ("min", "max"):
            if high <= 0 or low >= 0:  # one of them is never the larger one
                return args[int((high <= 0) == (op == "max"))]
        elif (known := _PROVABLE[op]((low, high))) is not None:
            return const(known, "bool")
    node = Scalar(op, args, "bool" if result == "bool" else dtype)
    return _folded(node)


def _always(holds: bool, fails: bool) -> bool | None:
    return True if holds else False if fails else None


# What the bounds of a - b say about a comparison of two integer expressions.
_PROVABLE: dict[str, Callable[[Bounds], bool | None]] = {
    "lt": lambda d: _always(d[1] < 0, d[0] >= 0),
    "le": lambda d: _always(d[1] <= 0, d[0] > 0),
    "gt": lambda d: _always(d[0] > 0, d[1] <= 0),
    "ge": lambda d: _always(d[0] >= 0, d[1] < 0),
    "eq": lambda d: _always(d[0] == d[1] == 0, d[0] > 0 or d[1] < 0),
    "ne": lambda d: _always(d[0] > 0 or d[1] < 0, d[0] == d[1] == 0),
}


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
    if not all(a.op == "const" for a in node.args) or node.op in APPROXIMATE:
        return node
    if node.op in ("quotient", "remainder") and node.args[1].attribute == 0:  # undefined; perhaps a guard avoids it
        return node
    return const(evaluate(node, {}, None), node.dtype)


class Datum(Atom):
    """An index that is itself data: an int32 expression inside an index expression, known to lie in `low .. high`."""

    __slots__ = ("high", "low", "scalar")
    scalar: Scalar
    low: int
    high: int

    def __new__(cls, scalar: Scalar, low: int, high: int) -> Datum:
        parts = (cls, scalar, low, high)
        atom = find(parts)
        if atom is None:
            atom = object.__new__(cls)
            atom.scalar, atom.low, atom.high = scalar, low, high
            atom.key, atom.bounds = f"data({text(scalar)}, {low}, {high})", (low, high)
            atom = keep(parts, atom)
        return atom

    def __reduce__(self) -> tuple[Any, ...]:
        return Datum, (self.scalar, self.low, self.high)

    @property
    def sizes(self) -> frozenset[dims.Size]:
        return frozenset(size for node in walk(self.scalar) for d in node_dims(node) for size in dims.sizes(d))

    def evaluate(self, values: Mapping[str, int]) -> int:
        raise TypeError("an index read from data has no value without the data; use evaluate.evaluate_scalar")

    def substitute(self, replace: Callable[[Atom], Any]) -> DimLike:
        return datum(_rebuild(self.scalar, lambda _: None, replace), self.low, self.high)


def datum(scalar: Scalar, low: int, high: int) -> DimLike:
    """`scalar` (int32) as an index expression; the caller promises `low <= scalar <= high`, by clamping data."""
    if scalar.op in ("const", "index"):
        return scalar.attribute
    return Dim.of(Datum(scalar, low, high))


def walk(root: Scalar) -> Iterator[Scalar]:
    """Every distinct node below `root`, arguments first, through data-dependent indices too."""
    return iter(_below(root))


@lru_cache(maxsize=2048)
def _below(root: Scalar) -> tuple[Scalar, ...]:
    order: list[Scalar] = []
    seen: set[Scalar] = set()
    stack: list[tuple[Scalar, bool]] = [(root, False)]
    while stack:
        node, ready = stack.pop()
        if node in seen:
            continue
        if ready:
            seen.add(node)
            order.append(node)
        else:
            stack.append((node, True))
            stack.extend((a, False) for a in (*reversed(node.args), *index_data(node)))
    return tuple(order)


def node_dims(node: Scalar) -> tuple[DimLike, ...]:
    """The integer expressions that a node carries."""
    if node.op == "index":
        return (node.attribute,)
    return node.attribute[1] if node.op == "read" else ()


def index_data(node: Scalar) -> list[Scalar]:
    """The scalar expressions inside the indices of a node."""
    return [each.scalar for expression in node_dims(node) for each in data_atoms(expression)]


@lru_cache(maxsize=16384)
def data_atoms(expression: DimLike) -> tuple[Datum, ...]:
    """What an index expression takes from data, inside floors and minima too."""
    found: list[Datum] = []
    for atom in dims.atoms(expression):
        if isinstance(atom, Datum):
            found.append(atom)
        elif isinstance(atom, dims.Pair):
            found += data_atoms(atom.left) + data_atoms(atom.right)
    return tuple(found)


def index_names(root: Scalar) -> frozenset[str]:
    """The names of all sizes and loop indices that an expression depends on."""
    return frozenset(name for node in walk(root) for expression in node_dims(node) for name in dims.names(expression))


def rebuild(
    root: Scalar, leaf: Callable[[Scalar], Scalar | None], sizes: Mapping[str, DimLike] | None = None
) -> Scalar:
    """`root` with named sizes substituted in every index, then leaves replaced: `leaf` gives a node or None."""
    if not sizes:
        return _rebuild(root, leaf, None)
    return _rebuild(root, leaf, lambda atom: sizes.get(atom.name) if isinstance(atom, dims.Size) else None)


def transform(root: Scalar, change: Callable[[Scalar], Scalar | None]) -> Scalar:
    """`root` with `change` applied to every node, arguments first: it gives another node, or None to keep this one."""
    return _rebuild(root, change, None, everywhere=True)


def _rebuild(
    root: Scalar,
    change: Callable[[Scalar], Scalar | None],
    replace: Callable[[Atom], DimLike | None] | None,
    everywhere: bool = False,
) -> Scalar:
    done: dict[Scalar, Scalar] = {}

    def replace_atom(atom: Atom) -> DimLike | None:
        if isinstance(atom, Datum):
            return datum(done[atom.scalar], atom.low, atom.high)
        return replace(atom) if replace else None

    def move(expression: DimLike) -> DimLike:
        return dims.substitute(expression, replace_atom) if replace or data_atoms(expression) else expression

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
        if everywhere or not node.args:  # what folds to a leaf was a leaf before, and is changed already
            changed = change(fresh)
            fresh = fresh if changed is None else changed
        done[node] = fresh
    return done[root]


def evaluate(node: Scalar, values: Mapping[str, int], load: Callable[..., Any] | None) -> Any:
    """The value of `node`, see `ir.evaluate`; imported late, since folding needs it and it needs this file."""
    from fanlight.ir.evaluate import evaluate_scalar

    return evaluate_scalar(node, values, load)


def text(node: Scalar) -> str:
    """`node` as it is printed: `add(%0[i, j], 1.0)`."""
    if node.op == "const":
        plain = node.dtype in ("float32", "int32", "bool")
        return repr(node.attribute) if plain else f"{STORED[node.dtype][0]}({node.attribute})"
    if node.op == "index":
        return f"[{dims.text(node.attribute)}]"
    if node.op == "read":
        slot, indices = node.attribute
        return f"%{slot}[{', '.join(dims.text(i) for i in indices)}]"
    if node.op == "accumulator":
        return "acc"
    return f"{row_text(node)}({', '.join(text(a) for a in node.args)})"


def row_text(node: Scalar) -> str:
    """The name of a node's row, with the dtype where the arguments do not tell it: `cast.f32`."""
    return f"{node.op}.{STORED[node.dtype][0]}" if node.op in ("cast", "bitcast") else node.op

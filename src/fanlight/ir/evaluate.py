"""What value has a scalar expression? The meaning of each row of SCALARS, in plain Python with float32 rounding.

In: a node, the values of sizes and loop indices, and `load(slot, indices)`. Out: a float, int or bool. No arrays.
"""

from __future__ import annotations

import math
import operator
import struct
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from fanlight.errors import CompileError
from fanlight.ir import dim as dims
from fanlight.ir.dim import DimLike
from fanlight.ir.number import integer_range, integer_to_float32, round_to, to_float32
from fanlight.ir.scalar import Datum, Scalar, data_atoms, index_data
from fanlight.ir.types import DTYPES, is_float


def _minimum(a: Any, b: Any) -> Any:
    if a != a or b != b:
        return math.nan
    if a == b == 0 and isinstance(a, float):
        return a if math.copysign(1, a) < 0 else b
    return min(a, b)


def _maximum(a: Any, b: Any) -> Any:
    if a != a or b != b:
        return math.nan
    if a == b == 0 and isinstance(a, float):
        return b if math.copysign(1, a) < 0 else a
    return max(a, b)


def _divide(a: float, b: float) -> float:
    if b != 0:
        return a / b
    if a == 0 or a != a:
        return math.nan
    return math.copysign(math.inf, a) * math.copysign(1, b)


def _whole(rounder: Callable[[float], int]) -> Callable[[float], float]:
    return lambda x: math.copysign(float(rounder(x)), x) if math.isfinite(x) else x


def _exp(x: float) -> float:
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf


def _log(x: float) -> float:
    if x == 0:
        return -math.inf
    return math.log(x) if x > 0 else math.nan


def _wave(function: Callable[[float], float]) -> Callable[[float], float]:
    return lambda x: function(x) if math.isfinite(x) else math.nan


def _quotient(a: int, b: int) -> int:
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


EVALUATE: dict[str, Callable[..., Any]] = {
    "neg": operator.neg,
    "abs": abs,
    "sqrt": lambda x: math.sqrt(x) if x >= 0 else math.nan,
    "floor": _whole(math.floor),
    "ceil": _whole(math.ceil),
    "trunc": _whole(math.trunc),
    "nearest": _whole(round),
    "exp": _exp,
    "log": _log,
    "tanh": math.tanh,
    "erf": math.erf,
    "sin": _wave(math.sin),
    "cos": _wave(math.cos),
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": _divide,
    "quotient": _quotient,
    "remainder": lambda a, b: a - b * _quotient(a, b),
    "min": _minimum,
    "max": _maximum,
    "and": operator.and_,
    "or": operator.or_,
    "xor": operator.xor,
    "not": operator.not_,
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
}

Load = Callable[[int, tuple[int, ...]], Any]


class Point(NamedTuple):
    """Where an expression is evaluated, and what is known there so far."""

    values: Mapping[str, int]
    load: Load | None
    total: Any
    known: dict[Scalar, Any]


Step = Callable[[Point], Any]


class Evaluator:
    """An expression made ready to be evaluated at many points. `exact` keeps doubles where float32 would be rounded."""

    def __init__(self, root: Scalar, exact: bool = False):
        self.root, self.exact = root, exact
        self.plans: dict[Scalar, list[tuple[Scalar, Step]]] = {}
        self.steps: dict[Scalar, Step] = {}

    def __call__(self, values: Mapping[str, int], load: Load | None = None, total: Any = None) -> Any:
        return self._run(self.root, Point(values, load, total, {}))

    def _run(self, root: Scalar, point: Point) -> Any:
        known = point.known
        plan = self.plans.get(root)
        if plan is None:
            plan = self.plans[root] = [(node, self._step(node)) for node in needed(root)]
        for node, step in plan:
            if node not in known:
                known[node] = step(point)
        return known[root]

    def _step(self, node: Scalar) -> Step:
        if node not in self.steps:
            self.steps[node] = self._make_step(node)
        return self.steps[node]

    def _make_step(self, node: Scalar) -> Step:
        op, args = node.op, node.args
        if op == "const":
            return lambda point: node.attribute
        if op == "accumulator":
            return lambda point: point.total
        if op == "index":
            return _index_step(node.attribute)
        if op == "read":
            slot, places = node.attribute[0], tuple(_index_step(place) for place in node.attribute[1])
            return lambda point: _loaded(point, slot, tuple(place(point) for place in places))
        if op == "guard":
            condition, yes, no = args
            return lambda point: self._run(yes if point.known[condition] else no, point)
        if op == "select":
            condition, yes, no = args
            return lambda point: point.known[yes if point.known[condition] else no]
        function = _function(node, self.exact)
        if len(args) == 1:
            only = args[0]
            return lambda point: function(point.known[only])
        first, second = args
        return lambda point: function(point.known[first], point.known[second])


def needed(root: Scalar) -> list[Scalar]:
    """The nodes that `root` needs in any case, arguments first: not the sides of guards, of which one is evaluated."""
    order: list[Scalar] = []
    seen: set[Scalar] = set()
    stack: list[tuple[Scalar, bool]] = [(root, False)]
    while stack:
        node, ready = stack.pop()
        if ready:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            below = node.args[:1] if node.op == "guard" else node.args
            stack.extend((each, False) for each in (*reversed(below), *index_data(node)))
    return order


def _loaded(point: Point, slot: int, indices: tuple[int, ...]) -> Any:
    if point.load is None:
        raise CompileError("evaluate", expected="an expression without reads", got=f"a read of operand {slot}")
    return point.load(slot, indices)


def _index_step(expression: DimLike) -> Step:
    """How an index expression is evaluated; its data-dependent parts are known before."""
    if not isinstance(expression, dims.Dim):
        return lambda point: expression
    if not data_atoms(expression):
        return lambda point: dims.evaluate(expression, point.values)

    def step(point: Point) -> int:
        def replace(atom: dims.Atom) -> int | None:
            if isinstance(atom, dims.Size):
                return point.values[atom.name]
            return _checked(atom, point.known[atom.scalar]) if isinstance(atom, Datum) else None

        result = dims.substitute(expression, replace)
        assert isinstance(result, int), f"{expression} kept an unknown size"
        return result

    return step


def _checked(datum: Datum, value: int) -> int:
    if not datum.low <= value <= datum.high:
        raise CompileError(
            "an index from data", expected=f"{datum.low} .. {datum.high}", got=value, at=datum.key, do="clamp it"
        )
    return value


def _function(node: Scalar, exact: bool) -> Callable[..., Any]:
    """A row of SCALARS as a function of Python values, rounded to the node's dtype."""
    dtype = node.dtype
    function = _row(node)
    if exact and is_float(dtype):
        return function
    if is_float(dtype):
        return lambda *args: to_float32(function(*args))
    return lambda *args: round_to(function(*args), dtype)


def _row(node: Scalar) -> Callable[..., Any]:
    source, dtype = node.args[0].dtype, node.dtype
    if node.op == "cast":
        return lambda value: _cast(value, dtype)
    if node.op == "bitcast":
        return lambda value: struct.unpack(_CODES[dtype], struct.pack(_CODES[source], value))[0]
    if node.op in ("shift_left", "shift_right"):
        bits = 8 * DTYPES[source][1]
        shift = operator.lshift if node.op == "shift_left" else operator.rshift
        return lambda value, count: shift(value, count % bits)
    return EVALUATE[node.op]


_CODES = {"float32": "<f", "int32": "<i", "uint32": "<I"}


def _cast(value: Any, dtype: str) -> Any:
    if is_float(dtype):
        return value if isinstance(value, float) else integer_to_float32(value)
    if isinstance(value, float):
        if value != value:
            return 0
        low, high = integer_range(dtype)
        return low if value <= low else high if value >= high else math.trunc(value)
    return int(value)


def evaluate_scalar(root: Scalar, values: Mapping[str, int], load: Load | None = None, total: Any = None) -> Any:
    """`root` where sizes and indices have `values`, reads come from `load`, and the accumulator is `total`."""
    return Evaluator(root)(values, load, total)

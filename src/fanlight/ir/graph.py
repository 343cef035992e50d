"""What is computed? Ops, values and graphs; pure, without data.

    value := op(value, ...) : type        graph := inputs, outputs {name: value}, writes {state name: value}, guard

An `Op` is an immutable record of what one operation means; the rows stand in `ops/`. Knows no loops, no targets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from itertools import count
from typing import Any, ClassVar

from fanlight.errors import DtypeError, ShapeError
from fanlight.ir import dim as dims
from fanlight.ir.kernel import Nest
from fanlight.ir.types import Type, Types, is_float


class Op:
    """The meaning of one operation. A frozen dataclass whose fields are its attributes; see `ops/` for the rows.

    `infer` gives the result's type or raises ShapeError/DtypeError. `nest` gives the loop nest. `gradient(g, y, xs)`
    gives one value (or None: no gradient flows) for each input. `reference(*arrays)` is an independent NumPy meaning.
    `samples()` are the cases that tests run."""

    name: ClassVar[str] = ""
    elementwise: ClassVar[bool] = (
        False  # value at an index depends on the operands at that index only, all of one shape
    )
    movement: ClassVar[bool] = False  # every element is a copy of an operand's element or a constant

    def infer(self, *types: Type) -> Any:
        """The type of the result: a Type, but Types where the op has bodies (`ir.control`)."""
        raise NotImplementedError(f"{self.name} has no type rule")

    def nest(self, *types: Type) -> Nest:
        raise NotImplementedError(f"{self.name} has no loop nest")

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> tuple[Value | None, ...]:
        raise NotImplementedError(f"{self.name} is not differentiable")

    def reference(self, *arrays: Any) -> Any:
        raise NotImplementedError(f"{self.name} has no reference")

    @classmethod
    def samples(cls) -> Iterable[Any]:
        return ()

    def attributes(self) -> dict[str, Any]:
        """The attributes by name, in the order of their fields."""
        return {f.name: getattr(self, f.name) for f in fields(self)}  # type: ignore[arg-type]

    @property
    def own_sizes(self) -> frozenset[str]:
        """The sizes that its attributes name and nothing around it knows: a loop index."""
        return frozenset()

    @property
    def bodies(self) -> dict[str, Graph]:
        """The attributes that are graphs: what a loop or branch (`ir.control`) runs."""
        return {}


OPERATORS: dict[str, Callable[..., Any]] = {}  # Python operator name -> function of values; `ops.functions` fills it


SERIALS = count()


def _operator(name: str, reflected: bool = False) -> Callable[..., Any]:
    if reflected:
        return lambda self, other: OPERATORS[name](other, self)
    return lambda self, *others: OPERATORS[name](self, *others)


class Value:
    """One result in a graph. Compared by identity; `==` is not elementwise (use `equal`).

    A loop or branch has several results: `type` is a `Types` then, and only `Item` values take it as an input."""

    __slots__ = ("inputs", "op", "serial", "type")

    def __init__(self, op: Op, inputs: tuple[Value, ...], type: Type):
        self.op, self.inputs, self.type = op, inputs, type
        self.serial = next(SERIALS)  # younger values have larger ones: what a body made, and what was there before

    @property
    def dtype(self) -> str:
        return self.type.dtype

    @property
    def shape(self) -> tuple[dims.DimLike, ...]:
        return self.type.shape

    @property
    def rank(self) -> int:
        return len(self.type.shape)

    def __repr__(self) -> str:
        return f"<{self.op.name}: {self.type}>"

    def __bool__(self) -> bool:
        raise TypeError("a traced value has no truth value; use fl.where(condition, x, y) or fl.cond(condition, f, g)")

    __add__, __radd__ = _operator("add"), _operator("add", True)
    __sub__, __rsub__ = _operator("subtract"), _operator("subtract", True)
    __mul__, __rmul__ = _operator("multiply"), _operator("multiply", True)
    __truediv__, __rtruediv__ = _operator("divide"), _operator("divide", True)
    __floordiv__, __rfloordiv__ = _operator("floor_divide"), _operator("floor_divide", True)
    __mod__, __rmod__ = _operator("mod"), _operator("mod", True)
    __pow__, __rpow__ = _operator("power"), _operator("power", True)
    __matmul__, __rmatmul__ = _operator("matmul"), _operator("matmul", True)
    __neg__ = _operator("negative")
    __lt__, __le__ = _operator("less"), _operator("less_equal")
    __gt__, __ge__ = _operator("greater"), _operator("greater_equal")
    __and__, __rand__ = _operator("bitwise_and"), _operator("bitwise_and", True)
    __or__, __ror__ = _operator("bitwise_or"), _operator("bitwise_or", True)
    __xor__, __rxor__ = _operator("bitwise_xor"), _operator("bitwise_xor", True)
    __lshift__, __rlshift__ = _operator("left_shift"), _operator("left_shift", True)
    __rshift__, __rrshift__ = _operator("right_shift"), _operator("right_shift", True)
    __invert__, __abs__ = _operator("bitwise_invert"), _operator("absolute")
    __getitem__ = _operator("getitem")


def apply(op: Op, *inputs: Value) -> Value:
    """The value of `op` applied to `inputs`; its type is inferred, wrong inputs raise here."""
    return Value(op, inputs, op.infer(*(x.type for x in inputs)))


@dataclass(frozen=True)
class Leaf(Op):
    """A value that a graph does not compute."""

    label: str
    type: Type

    def infer(self, *types: Type) -> Type:
        return self.type


@dataclass(frozen=True)
class Input(Leaf):
    """An argument of the function."""

    name: ClassVar[str] = "input"


@dataclass(frozen=True)
class State(Leaf):
    """The content of a named state array when the function is entered."""

    name: ClassVar[str] = "state"


@dataclass(frozen=True)
class Constant(Op):
    """One number, of rank 0."""

    name: ClassVar[str] = "constant"
    value: float | int | bool
    dtype: str

    def infer(self, *types: Type) -> Type:
        return Type(self.dtype, ())


@dataclass(frozen=True)
class SizeOf(Op):
    """A dim as an int32 scalar: the number of rows in this call, say."""

    name: ClassVar[str] = "size_of"
    size: dims.DimLike

    def infer(self, *types: Type) -> Type:
        return Type("int32", ())


@dataclass(frozen=True)
class Gradient(Op):
    """The gradient of a scalar (input 0) with respect to input 1; `passes.differentiate` expands it."""

    name: ClassVar[str] = "gradient"

    def infer(self, *types: Type) -> Type:
        of, wrt = types
        if of.shape or not is_float(of.dtype):
            raise ShapeError(
                "gradient", expected="a float scalar to differentiate", got=of, do="reduce it, by a mean say"
            )
        if not is_float(wrt.dtype):
            raise DtypeError("gradient", expected="a float value to differentiate with respect to", got=wrt)
        return wrt


@dataclass(frozen=True)
class Item(Op):
    """One of the results of a loop or branch."""

    name: ClassVar[str] = "item"
    index: int

    def infer(self, *types: Type | Types) -> Type:
        (several,) = types
        if not isinstance(several, Types) or not 0 <= self.index < len(several.members):
            raise ShapeError("item", expected=f"several results, one of number {self.index}", got=several)
        return several.members[self.index]


def topological(roots: Iterable[Value]) -> list[Value]:
    """Every value that the roots need, inputs first, each once."""
    order: list[Value] = []
    seen: set[int] = set()
    stack: list[tuple[Value, bool]] = [(root, False) for root in reversed(list(roots))]
    while stack:
        value, ready = stack.pop()
        if ready:
            order.append(value)
        elif id(value) not in seen:
            seen.add(id(value))
            stack.append((value, True))
            stack.extend((x, False) for x in reversed(value.inputs))
    return order


@dataclass(frozen=True, eq=False)
class Graph:
    """One function: what it takes, what it gives, which state it writes.

    Where `guard` (a bool scalar) is false nothing is written."""

    inputs: tuple[Value, ...]
    outputs: Mapping[str, Value]
    writes: Mapping[str, Value] = field(default_factory=dict)
    guard: Value | None = None

    @property
    def roots(self) -> list[Value]:
        return [*self.outputs.values(), *self.writes.values(), *([self.guard] if self.guard is not None else [])]

    @cached_property
    def order(self) -> list[Value]:
        """Every value in an order in which it can be computed; unused inputs come first."""
        return topological([*self.inputs, *self.roots])

    @cached_property
    def state(self) -> dict[str, Type]:
        """Every state array that is read or written, with its type."""
        found = {v.op.label: v.type for v in self.order if isinstance(v.op, State)}
        return found | {name: v.type for name, v in self.writes.items()}

    @cached_property
    def sizes(self) -> dict[str, dims.Size]:
        """Every open size in the shapes of the inputs, by name."""
        found: dict[str, dims.Size] = {}
        for value in self.inputs:
            for extent in value.shape:
                if isinstance(extent, dims.Dim):
                    for product, _ in extent.terms:
                        found.update({a.name: a for a in product if isinstance(a, dims.Size)})
        return found


def rewrite(graph: Graph, change: Callable[[Value, tuple[Value, ...]], Value]) -> Graph:
    """`graph` with `change(value, new inputs)` applied to every value, inputs first."""
    done: dict[int, Value] = {}
    for value in graph.order:
        done[id(value)] = change(value, tuple(done[id(x)] for x in value.inputs))
    return Graph(
        tuple(done[id(v)] for v in graph.inputs),
        {k: done[id(v)] for k, v in graph.outputs.items()},
        {k: done[id(v)] for k, v in graph.writes.items()},
        None if graph.guard is None else done[id(graph.guard)],
    )

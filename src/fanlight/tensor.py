"""What does a Python user hold? Arrays that are computed when they are looked at, and functions of them.

A Tensor is a concrete array or a pending graph over concrete arrays. Concrete arrays are inputs of a graph, never
constants, and compiled graphs are kept by structure: a loop compiles once. Gradients are in gradients.py, NumPy's way
of writing in operators.py, and tracing.py makes functions part of a module."""

from __future__ import annotations

import atexit
import inspect
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, wraps
from types import ModuleType
from typing import Any

from fanlight.compiler import compile
from fanlight.content import as_content, as_number, content_text, dtype_name, engine_of, fixed, is_array
from fanlight.errors import DtypeError, FanlightError
from fanlight.ir.graph import Graph, Input, Leaf, Op, Value, topological
from fanlight.ir.module import Module
from fanlight.ir.text import graph_text, operation_text
from fanlight.ir.types import Type
from fanlight.ops import functions
from fanlight.ops.operators import ARRAYS, Operators

MOST_PENDING = (
    2000  # values: a longer pending graph is evaluated, so that loops without a look at the result stay bounded
)
MOST_PROGRAMS = 256

Tree = Any  # arrays in nested tuples, lists and dicts


class _Leaf(Value):
    """An input of a pending graph; `array` is its content, None while a function is being traced."""

    __slots__ = ("array",)

    def __init__(self, type: Type, array: Any, label: str = ""):
        super().__init__(Input(label, type), (), type)
        self.array = array


class Tensor(Operators):
    """An array of `dtype` and `shape`: concrete, or pending until `.numpy()`, `float()`, `bool()` or printing needs
    it."""

    __slots__ = ("_content", "_group", "_pending", "_value")

    def __init__(self, value: Any):
        if isinstance(value, Tensor):
            value = value._value
        if not isinstance(value, Value):
            array = as_content(value)
            value = _Leaf(Type(str(array.dtype), array.shape), array)
        self._value: Value = value
        self._content: Any = value.array if isinstance(value, _Leaf) else None
        self._pending = 0 if isinstance(value, _Leaf) else 1
        self._group: list[Tensor] = [self]  # what is computed together with this one

    @property
    def shape(self) -> tuple[Any, ...]:
        return self._value.shape

    @property
    def dtype(self) -> str:
        return self._value.dtype

    @property
    def ndim(self) -> int:
        return self._value.rank

    @property
    def size(self) -> Any:
        return self._value.type.count

    def apply(self, name: str, *args: Any, **kwargs: Any) -> Any:
        return _lifted(name)(*args, **kwargs)

    def numpy(self) -> Any:
        """The content as a NumPy array that cannot be written to; computes what is pending. In a page whose program has
        not imported NumPy it is an `arrays.Array`."""
        if self._content is None:
            evaluate(self._group)
        assert self._content is not None
        return self._content

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        array = self.numpy().__array__()
        return array.astype(dtype) if dtype is not None else array

    def _settle(self) -> None:
        """Forgets what a computed tensor came from."""
        if self._content is not None and not isinstance(self._value, _Leaf):
            self._value = _Leaf(Type(str(self._content.dtype), self._content.shape), self._content)
            group: list[Tensor] = [self]
            self._pending, self._group = 0, group

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("a tensor of rank 0 has no length")
        return self.shape[0]

    def __iter__(self) -> Any:
        return (self[k] for k in range(len(self)))

    def __repr__(self) -> str:
        if isinstance(self._value, _Leaf) and self._content is None:
            return f"Tensor({self._value.type}, traced)"
        return f"Tensor({content_text(self.numpy(), 'Tensor(')}, {self._value.type})"

    __hash__ = object.__hash__


# --- recording: what a function does is kept whole

_depth: ContextVar[int] = ContextVar("depth", default=0)


@contextmanager
def recording() -> Iterator[None]:
    """While a function is recorded, looking at a tensor does not cut it off from what it came from, and nothing is
    computed on the way."""
    token = _depth.set(_depth.get() + 1)
    try:
        yield
    finally:
        _depth.reset(token)


def is_recording() -> bool:
    return _depth.get() > 0


def lift(function: Callable[..., Any], public: str | None = None) -> Callable[..., Any]:
    """`function` of graph values as a function of tensors, arrays, lists and numbers; graph values pass through, and a
    symbol of a network records the call, under the name `public`."""
    annotations = {name: str(p.annotation) for name, p in inspect.signature(function).parameters.items()}
    kinds = {name: p.kind for name, p in inspect.signature(function).parameters.items()}
    more = next((name for name, kind in kinds.items() if kind is inspect.Parameter.VAR_POSITIONAL), "")
    names = [name for name, kind in kinds.items() if kind is not inspect.Parameter.KEYWORD_ONLY]

    def prepared(name: str, x: Any) -> Any:
        return _prepared(x, name, annotations.get(name, ""))

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        symbol = next((x for x in leaves_of((args, kwargs)) if isinstance(x, Operators) and not is_tensor(x)), None)
        if symbol is not None:  # it records the call
            return symbol.apply(public or function.__name__, *args, **kwargs)
        # Too many arguments are refused where the function is called.
        args = tuple(prepared(names[k] if k < len(names) else more, x) for k, x in enumerate(args))
        kwargs = {name: prepared(name, x) for name, x in kwargs.items()}
        leaves = leaves_of((args, kwargs))
        inside = any(isinstance(x, Value) for x in leaves)
        args, kwargs = mapped((args, kwargs), _value_of if inside else _value_or_body)
        result = function(*args, **kwargs)
        return result if inside else mapped(result, lambda v: lifted(v, leaves))

    return call


def lifted(result: Any, leaves: Sequence[Any]) -> Any:
    """What a function of graph values gives, among tensors: a tensor for a value, a function of tensors for a
    function."""
    if not callable(result):
        return pending(result, leaves) if isinstance(result, Value) else result

    @wraps(result)
    def call(*args: Any) -> Any:
        given = leaves_of(args)
        found = result(*mapped(args, _value_of))
        inside = any(isinstance(x, Value) for x in given)
        return found if inside else mapped(found, lambda v: lifted(v, given))

    return call


def lift_module(module: ModuleType) -> ModuleType:
    """A module of functions of graph values, such as `fl.image`, as one of functions of tensors."""
    lifted = ModuleType(module.__name__, module.__doc__)
    first = module.__name__.rpartition(".")[2]
    functions = {name: lift(getattr(module, name), f"{first}.{name}") for name in module.__all__}
    vars(lifted).update(functions, __all__=module.__all__)
    return lifted


@cache
def _lifted(name: str) -> Callable[..., Any]:
    return lift(getattr(functions, name))


def _prepared(x: Any, name: str, annotation: str) -> Any:
    """An argument as a function of graph values takes it, but for tensors: lists become arrays where arrays belong,
    and NumPy's numbers Python's elsewhere."""
    if annotation == "Operand | Pair":  # a tuple of arrays is a complex one, all else one array
        annotation = "Any" if _is_complex(x) else "Operand"
    if annotation in ARRAYS:
        is_list = isinstance(x, (list, tuple)) and not any(isinstance(y, (Tensor, Value)) for y in leaves_of(x))
        is_number = annotation == "Value" and isinstance(x, (bool, int, float))
        return Tensor(x) if is_list or is_number else x
    if annotation == "Sequence[Operand]" and isinstance(x, (list, tuple)):
        return [_prepared(y, name, "Operand") for y in x]
    if name == "dtype" and x is not None:
        return dtype_name(x)
    if x is not None and is_array(x) and x.ndim and annotation != "Any":
        return tuple(x.tolist())
    if isinstance(x, int) and annotation == "Sequence[DimLike]":
        return (x,)
    if isinstance(x, float) and annotation in ("int", "DimLike", "DimLike | None"):
        raise DtypeError(f"argument {name!r}", expected="a whole number", got=x, do="pass np.arange(...), say")
    return mapped(x, as_number)


def _is_complex(x: Any) -> bool:
    return isinstance(x, tuple) and all(isinstance(y, (Tensor, Value)) or is_array(y) for y in x)


def _value_of(x: Any) -> Any:
    if isinstance(x, Tensor):
        if not is_recording():
            x._settle()
        return x._value
    return Tensor(x)._value if is_array(x) else x


def _value_or_body(x: Any) -> Any:
    """As `_value_of`; the body of a loop or branch takes and gives tensors where it was written among tensors."""
    if isinstance(x, Tensor) or not callable(x):
        return _value_of(x)

    @wraps(x)
    def body(*args: Any) -> Any:
        with recording():
            result = x(*mapped(args, lambda v: Tensor(v) if isinstance(v, Value) else v))
        return mapped(result, _value_or_body)

    return body


def pending(value: Value, sources: Sequence[Any] = ()) -> Tensor:
    """The tensor of a value that comes from `sources`; evaluated if too much is waiting."""
    tensor = Tensor(value)
    tensor._pending = 1 + sum(x._pending for x in sources if isinstance(x, Tensor))
    if tensor._pending > MOST_PENDING and not is_recording():
        order = topological([value])
        tensor._pending = len(order)
        if len(order) > MOST_PENDING and all(not isinstance(v, _Leaf) or v.array is not None for v in order):
            tensor.numpy()
    return tensor


def leaves_of(tree: Tree) -> list[Any]:
    """Everything in nested tuples, lists and dicts (by sorted key), left to right."""
    if isinstance(tree, dict):
        return [leaf for key in sorted(tree) for leaf in leaves_of(tree[key])]
    return [leaf for item in tree for leaf in leaves_of(item)] if isinstance(tree, (tuple, list)) else [tree]


def mapped(tree: Tree, change: Callable[[Any], Any]) -> Tree:
    """The tree with every leaf changed, in the order of `leaves_of`."""
    if isinstance(tree, dict):
        changed = {key: mapped(tree[key], change) for key in sorted(tree)}
        return {key: changed[key] for key in tree}
    if isinstance(tree, (tuple, list)):
        return type(tree)(mapped(item, change) for item in tree)
    return change(tree)


# --- evaluation

_programs: OrderedDict[Any, Any] = OrderedDict()
atexit.register(_programs.clear)  # while the modules that an engine needs for its end are still there


def structure(order: Sequence[Value], roots: Sequence[Value]) -> tuple[Any, ...]:
    """A key that two graphs share exactly if they compute the same from inputs of the same types."""
    number = {id(value): k for k, value in enumerate(order)}
    rows = tuple((_meaning(v.op), v.type, tuple(number[id(x)] for x in v.inputs)) for v in order)
    return rows, tuple(number[id(root)] for root in roots)


def _meaning(op: Op) -> Any:
    """Equal for ops that mean the same: bodies of loops are graphs, which are compared by their text."""
    if isinstance(op, Leaf):
        return type(op).__name__
    return (operation_text(op, []), *map(graph_text, op.bodies.values())) if op.bodies else op


def evaluate(tensors: Sequence[Tensor]) -> None:
    """Computes all pending tensors together."""
    waiting = [t for t in tensors if t._content is None]
    if not waiting:
        return
    roots = [t._value for t in waiting]
    order = topological(roots)
    leaves = [v for v in order if isinstance(v, _Leaf)]
    if any(isinstance(v.op, Leaf) and getattr(v, "array", None) is None for v in order):
        raise FanlightError(
            "a tensor of a function that is being traced has no content yet",
            expected="array operations only",
            do="use fl.where(condition, x, y) or fl.cond instead of `if`, fl.scan or fl.while_loop instead of loops "
            "that end by a value, and return what you want to see",
        )
    key = structure(order, roots)
    if key not in _programs:
        _programs[key] = _compiled(leaves, roots)
        while len(_programs) > MOST_PROGRAMS:
            _programs.popitem(last=False)
    _programs.move_to_end(key)
    outputs = _programs[key].call("run", {f"x{k}": leaf.array for k, leaf in enumerate(leaves)})
    for k, tensor in enumerate(waiting):
        tensor._content = fixed(outputs[f"y{k}"])
        if not is_recording():
            tensor._settle()


def _compiled(leaves: Sequence[_Leaf], roots: Sequence[Value]) -> Any:
    names = {id(leaf): f"x{k}" for k, leaf in enumerate(leaves)}
    graph = rebuilt(
        leaves,
        lambda leaf: Value(Input(names[id(leaf)], leaf.type), (), leaf.type),
        {f"y{k}": r for k, r in enumerate(roots)},
    )
    compiled = compile(Module({"run": graph}, {}))
    return engine_of(compiled.program, compiled.code)


def rebuilt(leaves: Sequence[Value], replace: Callable[[Any], Value], outputs: Mapping[str, Value]) -> Graph:
    """The graph of `outputs` with every leaf replaced; replaced leaves that are inputs become its inputs, in order."""
    done = {id(leaf): replace(leaf) for leaf in leaves}
    for value in topological(outputs.values()):
        if id(value) not in done:
            done[id(value)] = Value(value.op, tuple(done[id(x)] for x in value.inputs), value.type)
    inputs = tuple(v for v in (done[id(leaf)] for leaf in leaves) if isinstance(v.op, Input))
    return Graph(inputs, {name: done[id(v)] for name, v in outputs.items()})


# --- functions


def function(f: Callable[..., Any]) -> Callable[..., Any]:
    """Marks `f`, a function of arrays, as one to be compiled: its results are computed together, in one call.

    Arrays in nested tuples, lists and dicts may go in and come out. Control flow on values is not possible inside: use
    `fl.where`."""

    @wraps(f)
    def call(*args: Any, **kwargs: Any) -> Any:
        args, kwargs = mapped((args, kwargs), as_tensor)
        with recording():
            result = together(f(*args, **kwargs))
        if not is_recording():
            compute(result)
        return result

    call.__wrapped__ = f  # type: ignore[attr-defined]
    return call


def trace_leaf(op: Leaf) -> Tensor:
    """A tensor without content: an argument or state array of a function that is being traced."""
    leaf = _Leaf(op.type, None, op.label)
    leaf.op = op
    return Tensor(leaf)


def as_tensor(x: Any) -> Any:
    """Arrays and floating-point numbers as tensors; all else as it is."""
    return Tensor(x) if is_array(x) or (isinstance(x, float) and not isinstance(x, bool)) else x


def together(tree: Tree) -> Tree:
    """Makes the pending tensors of a result one group, so that looking at one computes all."""
    found = [x for x in leaves_of(tree) if isinstance(x, Tensor)]
    for tensor in found:
        tensor._group = found
    return tree


def compute(tree: Tree) -> None:
    """Computes the pending tensors of a tree, in one call."""
    evaluate([x for x in leaves_of(tree) if isinstance(x, Tensor)])


def is_tensor(x: Any) -> bool:
    """Whether x is a tensor, or a value of a graph; NumPy arrays, lists and numbers are not."""
    return isinstance(x, (Tensor, Value))


def convert_to_numpy(x: Any) -> Any:
    """The content of a tensor, or a list or number, as a NumPy array. Raises an error while a function is traced."""
    return Tensor(x).numpy()

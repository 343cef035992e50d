"""What does a Python user hold? Arrays that are computed when they are looked at, traced functions, and their
gradients.

A Tensor is a concrete array or a pending graph over concrete arrays. Concrete arrays are inputs of a graph, never
constants, and compiled graphs are kept by structure: a loop compiles once. `functions.py` beside this file exports
traced functions to a page."""

from __future__ import annotations

import atexit
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any

import numpy as np

from fanlight.compiler import compile
from fanlight.engines.wasm import WasmEngine
from fanlight.errors import DtypeError, FanlightError, ShapeError
from fanlight.ir.graph import Graph, Input, Leaf, Value, topological
from fanlight.ir.module import Module
from fanlight.ir.types import DTYPES, Type
from fanlight.ops import functions

MOST_PENDING = (
    2000  # values: a longer pending graph is evaluated, so that loops without a look at the result stay bounded
)
MOST_PROGRAMS = 256

Tree = Any  # arrays in nested tuples, lists and dicts


class _Leaf(Value):
    """An input of a pending graph; `array` is its content, None while a function is being traced."""

    __slots__ = ("array",)

    def __init__(self, type: Type, array: np.ndarray | None, label: str = ""):
        super().__init__(Input(label, type), (), type)
        self.array = array


def _from_array(array: Any) -> np.ndarray:
    """`array` in a dtype that Fanlight computes with; float64 becomes float32 and Python's integers int32."""
    found = np.asarray(array)
    narrower = {"float64": "float32", "float16": "float32"}.get(found.dtype.name, found.dtype.name)
    if narrower == "int64" and (found.size == 0 or (abs(found) < 2**31).all()):
        narrower = "int32"
    if narrower not in DTYPES:
        raise DtypeError("array", expected=f"one of {sorted(DTYPES)}", got=str(found.dtype))
    return np.ascontiguousarray(found, dtype=narrower).reshape(found.shape)


class Tensor:
    """An array of `dtype` and `shape`: concrete, or pending until `.numpy()`, `float()`, `bool()` or printing needs
    it."""

    __slots__ = ("_group", "_pending", "_value")
    __array_priority__ = 1000  # NumPy leaves `array + tensor` to the tensor

    def __init__(self, value: Any):
        if isinstance(value, Tensor):
            value = value._value
        if not isinstance(value, Value):
            array = _from_array(value)
            value = _Leaf(Type(array.dtype.name, array.shape), array)
        self._value: Value = value
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

    @property
    def T(self) -> Tensor:
        return _lifted(functions.transpose)(self)

    def numpy(self) -> np.ndarray:
        """The content as a NumPy array; computes what is pending."""
        if not isinstance(self._value, _Leaf):
            evaluate(self._group)
        assert isinstance(self._value, _Leaf)
        if self._value.array is None:
            raise FanlightError(
                "a tensor of a function that is being traced has no content yet",
                expected="array operations only",
                do="use fl.where(condition, x, y) or fl.cond instead of `if`, and return what you want to see",
            )
        return self._value.array

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        array = self.numpy()
        return array.astype(dtype) if dtype is not None else array

    def item(self) -> Any:
        return self.numpy().item()

    def __float__(self) -> float:
        return float(self.numpy())

    def __int__(self) -> int:
        return int(self.numpy())

    def __bool__(self) -> bool:
        return bool(self.numpy())

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("a tensor of rank 0 has no length")
        return self.shape[0]

    def __iter__(self) -> Any:
        item = _operator("getitem")
        return (item(self, k) for k in range(len(self)))

    def __repr__(self) -> str:
        if isinstance(self._value, _Leaf) and self._value.array is None:
            return f"Tensor({self._value.type}, traced)"
        return f"Tensor({np.array2string(self.numpy(), separator=', ', prefix='Tensor(')}, {self._value.type})"

    __hash__ = object.__hash__


_METHODS = ("reshape", "transpose", "sum", "mean", "max", "min", "argmax", "argmin", "prod", "any", "all", "astype")


def _lifted(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function` of graph values as a function of tensors, arrays and numbers; graph values pass through."""

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        leaves = _leaves((args, kwargs))
        if not any(isinstance(x, (Tensor, np.ndarray, np.generic)) for x in leaves):
            if any(isinstance(x, Value) for x in leaves):
                return function(*args, **kwargs)
            args = tuple(
                Tensor(a) if k == 0 and isinstance(a, (list, int, float, bool)) else a for k, a in enumerate(args)
            )
        args, kwargs = _mapped((args, kwargs), _value_of)
        result = function(*args, **kwargs)
        inside = any(isinstance(x, Value) for x in leaves)
        return result if inside else _mapped(result, lambda v: _pending(v, leaves) if isinstance(v, Value) else v)

    return call


lift = _lifted


def _value_of(x: Any) -> Any:
    if isinstance(x, Tensor):
        return x._value
    return Tensor(x)._value if isinstance(x, (np.ndarray, np.generic)) else x


def _pending(value: Value, sources: Sequence[Any] = ()) -> Tensor:
    tensor = Tensor(value)
    tensor._pending = 1 + sum(x._pending for x in sources if isinstance(x, Tensor))
    if tensor._pending > MOST_PENDING:
        order = topological([value])
        tensor._pending = len(order)
        if len(order) > MOST_PENDING and all(not isinstance(v, _Leaf) or v.array is not None for v in order):
            tensor.numpy()
    return tensor


def _is_branch(x: Any) -> bool:
    return isinstance(x, (tuple, list, dict))


def _leaves(tree: Tree) -> list[Any]:
    """Everything in nested tuples, lists and dicts (by sorted key), left to right."""
    if isinstance(tree, dict):
        return [leaf for key in sorted(tree) for leaf in _leaves(tree[key])]
    return [leaf for item in tree for leaf in _leaves(item)] if _is_branch(tree) else [tree]


def _mapped(tree: Tree, change: Callable[[Any], Any]) -> Tree:
    """The tree with every leaf changed, in the order of `_leaves`."""
    if isinstance(tree, dict):
        changed = {key: _mapped(tree[key], change) for key in sorted(tree)}
        return {key: changed[key] for key in tree}
    if isinstance(tree, (tuple, list)):
        return type(tree)(_mapped(item, change) for item in tree)
    return change(tree)


# --- evaluation

_programs: OrderedDict[Any, WasmEngine] = OrderedDict()
atexit.register(_programs.clear)  # while the modules that an engine needs for its end are still there


def structure(order: Sequence[Value], roots: Sequence[Value]) -> tuple[Any, ...]:
    """A key that two graphs share exactly if they compute the same from inputs of the same types."""
    number = {id(value): k for k, value in enumerate(order)}
    rows = tuple(
        (type(v.op).__name__ if isinstance(v.op, Leaf) else v.op, v.type, tuple(number[id(x)] for x in v.inputs))
        for v in order
    )
    return rows, tuple(number[id(root)] for root in roots)


def evaluate(tensors: Sequence[Tensor]) -> None:
    """Computes all pending tensors together and makes them concrete."""
    pending = [t for t in tensors if not isinstance(t._value, _Leaf)]
    if not pending:
        return
    roots = [t._value for t in pending]
    order = topological(roots)
    leaves = [v for v in order if isinstance(v, _Leaf)]
    if any(leaf.array is None for leaf in leaves):
        raise FanlightError(
            "a tensor of a function that is being traced has no content yet",
            expected="array operations only",
            do="use fl.where(condition, x, y) or fl.cond instead of `if`, and return what you want to see",
        )
    key = structure(order, roots)
    if key not in _programs:
        _programs[key] = _compiled(leaves, roots)
        while len(_programs) > MOST_PROGRAMS:
            _programs.popitem(last=False)
    _programs.move_to_end(key)
    outputs = _programs[key].call("run", {f"x{k}": leaf.array for k, leaf in enumerate(leaves)})
    for k, tensor in enumerate(pending):
        array = outputs[f"y{k}"]
        tensor._value, tensor._pending, tensor._group = _Leaf(Type(array.dtype.name, array.shape), array), 0, [tensor]


def _compiled(leaves: Sequence[_Leaf], roots: Sequence[Value]) -> WasmEngine:
    names = {id(leaf): f"x{k}" for k, leaf in enumerate(leaves)}
    graph = rebuilt(
        leaves,
        lambda leaf: Value(Input(names[id(leaf)], leaf.type), (), leaf.type),
        {f"y{k}": r for k, r in enumerate(roots)},
    )
    compiled = compile(Module({"run": graph}, {}))
    return WasmEngine(compiled.program, compiled.code)


def rebuilt(leaves: Sequence[Value], replace: Callable[[Any], Value], outputs: Mapping[str, Value]) -> Graph:
    """The graph of `outputs` with every leaf replaced; replaced leaves that are inputs become its inputs, in order."""
    done = {id(leaf): replace(leaf) for leaf in leaves}
    for value in topological(outputs.values()):
        if id(value) not in done:
            done[id(value)] = Value(value.op, tuple(done[id(x)] for x in value.inputs), value.type)
    inputs = tuple(v for v in (done[id(leaf)] for leaf in leaves) if isinstance(v.op, Input))
    return Graph(inputs, {name: done[id(v)] for name, v in outputs.items()})


# --- functions and gradients


def function(f: Callable[..., Any]) -> Callable[..., Any]:
    """Marks `f`, a function of arrays, as one to be compiled: its results are computed together, in one call.

    Arrays in nested tuples, lists and dicts may go in and come out. Control flow on values is not possible inside: use
    `fl.where`."""

    @wraps(f)
    def call(*args: Any, **kwargs: Any) -> Any:
        args, kwargs = _mapped((args, kwargs), _as_tensor)
        return _together(f(*args, **kwargs))

    call.__wrapped__ = f  # type: ignore[attr-defined]
    return call


def trace_leaf(op: Leaf) -> Tensor:
    """A tensor without content: an argument or state array of a function that is being traced."""
    leaf = _Leaf(op.type, None, op.label)
    leaf.op = op
    return Tensor(leaf)


def _as_tensor(x: Any) -> Any:
    return Tensor(x) if isinstance(x, (np.ndarray, np.generic, float)) and not isinstance(x, bool) else x


def _together(tree: Tree) -> Tree:
    """Makes the pending tensors of a result one group, so that looking at one computes all."""
    found = [x for x in _leaves(tree) if isinstance(x, Tensor)]
    for tensor in found:
        tensor._group = found
    return tree


def value_and_grad(
    f: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """A function that returns `(value, gradients)`: the scalar that `f` returns, and its gradient with respect to the
    arguments `argnums` (trees of arrays), each in the argument's own structure. With `has_aux`, `f` returns `(scalar,
    anything)`.

    Raises ShapeError where `f` returns no scalar, DtypeError where an argument is not floating."""
    numbers = (argnums,) if isinstance(argnums, int) else tuple(argnums)

    @wraps(f)
    def call(*args: Any, **kwargs: Any) -> Any:
        args, kwargs = _mapped((args, kwargs), _as_tensor)
        bad = [x for k in numbers for x in _leaves(args[k]) if not isinstance(x, Tensor) or x.dtype != "float32"]
        if bad:
            raise DtypeError(
                "fl.grad", expected="float arrays as the arguments to differentiate", got=repr(bad[0])[:80]
            )
        result = f(*args, **kwargs)
        value, aux = result if has_aux else (result, None)
        if not isinstance(value, Tensor) or value.shape != ():
            raise ShapeError(
                "fl.grad",
                expected="a function that returns a scalar",
                got=getattr(value, "shape", type(value).__name__),
            )

        def gradient(x: Tensor) -> Tensor:
            found = functions.gradient(value._value, x._value)
            assert isinstance(found, Value)
            return _pending(found, [value])

        gradients = tuple(_mapped(args[k], gradient) for k in numbers)
        found = gradients[0] if isinstance(argnums, int) else gradients
        return _together(((value, aux) if has_aux else value, found))

    return call


def grad(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """The gradient of a function that returns a scalar, with respect to argument number `argnums`: see
    `value_and_grad`."""
    both = value_and_grad(f, argnums)

    @wraps(f)
    def call(*args: Any, **kwargs: Any) -> Any:
        return both(*args, **kwargs)[1]

    return call


def _operator(name: str, reflected: bool = False) -> Callable[..., Any]:
    lifted = _lifted(getattr(functions, name))
    if reflected:
        return lambda self, other: lifted(other, self)
    return lambda self, *others: lifted(self, *others)


def _install() -> None:
    """Gives Tensor NumPy's operators and methods, from the functions of graph values."""
    pairs = {
        "add": "add",
        "sub": "subtract",
        "mul": "multiply",
        "truediv": "divide",
        "floordiv": "floor_divide",
        "mod": "mod",
    }
    pairs |= {"pow": "power", "matmul": "matmul", "and": "logical_and", "or": "logical_or", "xor": "logical_xor"}
    for python, name in pairs.items():
        setattr(Tensor, f"__{python}__", _operator(name))
        setattr(Tensor, f"__r{python}__", _operator(name, reflected=True))
    single = {
        "lt": "less",
        "le": "less_equal",
        "gt": "greater",
        "ge": "greater_equal",
        "eq": "equal",
        "ne": "not_equal",
    }
    single |= {"neg": "negative", "abs": "absolute", "invert": "logical_not", "getitem": "getitem"}
    for python, name in single.items():
        setattr(Tensor, f"__{python}__", _operator(name))
    for name in _METHODS:
        setattr(Tensor, name, _operator("cast" if name == "astype" else name))


_install()

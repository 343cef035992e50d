"""How does a Python function become part of a module? Its arrays become graph inputs, its first argument the state.

In: functions of `(state, inputs...)`, and a tree of arrays. Out: a module and the arrays by name. Knows no files."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, get_origin

from fanlight.errors import DtypeError, ShapeError, UnknownNameError
from fanlight.ir import dim as dims
from fanlight.ir.graph import Graph, Input, Leaf, State, Value, topological
from fanlight.ir.module import Module, StateSpec
from fanlight.ir.types import DTYPES, Type
from fanlight.ops import functions
from fanlight.tensor import Tensor, Tree, recording, trace_leaf

DEFAULT_BATCH = 32  # the bound of the size "batch" where `dims` gives none


@dataclass(frozen=True)
class TensorSpec:
    """The type of an argument of an exported function: a shape of numbers and names of open sizes, and a dtype.

    >>> def step(state, x: fl.TensorSpec(("batch", 2)), y: fl.TensorSpec(("batch",), "int32")): ...

    Type checkers prefer `Rows = Annotated[fl.Tensor, fl.TensorSpec(("batch", 2))]` and `x: Rows`."""

    shape: tuple[int | str, ...]
    dtype: str = "float32"

    def __post_init__(self) -> None:
        if self.dtype not in DTYPES:
            raise DtypeError("TensorSpec", expected=f"one of {sorted(DTYPES)}", got=repr(self.dtype))

    def to_type(self, bounds: Mapping[str, int]) -> Type:
        """This type with every named size bounded; raises ShapeError where a bound is missing."""
        extents: list[dims.DimLike] = []
        for extent in self.shape:
            if isinstance(extent, str):
                high = bounds.get(extent, DEFAULT_BATCH if extent == "batch" else None)
                if high is None:
                    raise ShapeError(
                        f"open size {extent!r}", expected="a bound", got="none", do=f"add dims={{{extent!r}: 512}}, say"
                    )
                extents.append(dims.size(extent, 1, high))
            else:
                extents.append(extent)
        return Type(self.dtype, tuple(extents))


def flatten_state(tree: Tree, path: str = "") -> dict[str, Any]:
    """The arrays of nested dicts, lists and tuples by path: `{"dense": {"kernel": ...}}` -> `dense/kernel`."""
    if isinstance(tree, Mapping):
        pairs = [(str(key), item) for key, item in tree.items()]
    elif isinstance(tree, (list, tuple)):
        pairs = [(str(k), item) for k, item in enumerate(tree)]
    else:
        return {path or "state": Tensor(tree).numpy()}
    found: dict[str, Any] = {}
    for key, item in pairs:
        found |= flatten_state(item, f"{path}/{key}" if path else key)
    return found


def trace_module(
    named: Mapping[str, Callable[..., Any]], state: Tree = None, bounds: Mapping[str, int] | None = None
) -> tuple[Module, dict[str, Any]]:
    """The module of functions that share `state`, and its arrays by name.

    Each function takes the state first, if there is any, then arguments annotated with `fl.TensorSpec`. It returns
    outputs (a tensor, a tuple, or a dict by name), or a pair of the new state, in the structure of the old, and
    outputs. Where an output is called "loss", nothing is written unless it is finite."""
    arrays = {} if state is None else flatten_state(state)
    types = {name: Type(str(array.dtype), array.shape) for name, array in arrays.items()}
    graphs = {name: _trace(name, f, state, types, bounds or {}) for name, f in named.items()}
    trained = {name for graph in graphs.values() for name in graph.writes}
    specs = {n: StateSpec(t, "parameter" if t.dtype == "float32" else "data", n in trained) for n, t in types.items()}
    return Module(graphs, specs), arrays


def _trace(
    name: str, f: Callable[..., Any], state: Tree, types: Mapping[str, Type], bounds: Mapping[str, int]
) -> Graph:
    parameters = list(inspect.signature(getattr(f, "__wrapped__", f), eval_str=True).parameters.values())
    leaves = {path: trace_leaf(State(path, type)) for path, type in types.items()}
    arguments: list[Any] = []
    if state is not None:
        if not parameters:
            raise UnknownNameError(f"function {name!r}", expected="the state as first argument", got="no arguments")
        parameters = parameters[1:]
        arguments.append(_rebuilt(state, leaves))
    inputs = {}
    for parameter in parameters:
        spec = parameter.annotation
        if get_origin(spec) is Annotated:
            spec = next((each for each in spec.__metadata__ if isinstance(each, TensorSpec)), spec)
        if not isinstance(spec, TensorSpec):
            do = f'write {parameter.name}: fl.TensorSpec(("batch", 4)), say'
            if state is None and parameter is parameters[0]:
                do += "; if it is the state, give it with state=..."
            raise DtypeError(
                f"argument {parameter.name!r} of {name!r}",
                expected="an annotation",
                got="none" if spec is inspect.Parameter.empty else repr(spec),
                do=do,
            )
        inputs[parameter.name] = trace_leaf(Input(parameter.name, spec.to_type(bounds)))
    with recording():
        result = f(*arguments, *inputs.values())
    writes: dict[str, Value] = {}
    if state is not None and isinstance(result, tuple) and len(result) == 2 and _same_structure(result[0], state):
        new, result = result
        for path, value in _paths(new).items():
            if value.type != types[path]:
                raise ShapeError(f"new state {path!r} of {name!r}", expected=types[path], got=value.type)
            if value is not leaves[path]._value:
                writes[path] = value
    outputs = _outputs(name, result)
    guard = (
        functions.isfinite(outputs["loss"])
        if "loss" in outputs and outputs["loss"].type == Type("float32", ())
        else None
    )
    graph = Graph(tuple(t._value for t in inputs.values()), outputs, writes, guard if writes else None)
    for value in topological(graph.roots):
        if isinstance(value.op, Leaf) and getattr(value, "array", None) is not None:
            raise UnknownNameError(
                f"function {name!r}",
                expected="arrays from its arguments only",
                got=f"an array {value.type} from outside",
                do="put it into the state",
            )
    return graph


def _rebuilt(tree: Tree, leaves: Mapping[str, Tensor], path: str = "") -> Tree:
    if isinstance(tree, Mapping):
        return {key: _rebuilt(item, leaves, f"{path}/{key}" if path else str(key)) for key, item in tree.items()}
    if isinstance(tree, (list, tuple)):
        return type(tree)(_rebuilt(item, leaves, f"{path}/{k}" if path else str(k)) for k, item in enumerate(tree))
    return leaves[path or "state"]


def _same_structure(a: Tree, b: Tree) -> bool:
    if isinstance(b, Mapping):
        return isinstance(a, Mapping) and set(a) == set(b) and all(_same_structure(a[key], b[key]) for key in b)
    if isinstance(b, (list, tuple)):
        return type(a) is type(b) and len(a) == len(b) and all(map(_same_structure, a, b))
    return isinstance(a, Tensor)


def _paths(tree: Tree, path: str = "") -> dict[str, Value]:
    if isinstance(tree, Mapping):
        pairs = [(str(key), item) for key, item in tree.items()]
    elif isinstance(tree, (list, tuple)):
        pairs = [(str(k), item) for k, item in enumerate(tree)]
    else:
        return {path or "state": tree._value}
    found: dict[str, Value] = {}
    for key, item in pairs:
        found |= _paths(item, f"{path}/{key}" if path else key)
    return found


def _outputs(name: str, result: Any) -> dict[str, Value]:
    if isinstance(result, Tensor):
        result = {"output": result}
    if isinstance(result, (tuple, list)):
        result = {f"output_{k}": item for k, item in enumerate(result)}
    if not isinstance(result, Mapping) or not all(isinstance(item, Tensor) for item in result.values()):
        raise DtypeError(f"function {name!r}", expected="tensors, or a dict of them by name", got=type(result).__name__)
    return {key: item._value for key, item in result.items()}

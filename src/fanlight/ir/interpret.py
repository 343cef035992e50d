"""What does a graph compute? The slow, obvious interpreter: every op's loop nest, point by point, in plain Python.

In: a graph, arrays for its inputs and state. Out: arrays for its outputs and writes. It defines what the compiled code
must give; it asks an op for its nest and for nothing else, never for its reference.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fanlight.errors import CompileError, ShapeError, UnknownNameError
from fanlight.ir import dim as dims
from fanlight.ir.control import Choice, Iteration, Passing
from fanlight.ir.evaluate import EVALUATE, Evaluator, Load
from fanlight.ir.graph import Constant, Graph, Input, Item, SizeOf, State, Value
from fanlight.ir.kernel import FOLD, Axis, Nest, identity
from fanlight.ir.number import round_to
from fanlight.ir.scalar import Scalar, accumulator
from fanlight.ir.scalar import index as index_of
from fanlight.ir.types import Type, is_float


@dataclass(frozen=True, slots=True)
class Array:
    """A dense row-major array: a dtype, the lengths of its axes, and its elements in one list."""

    dtype: str
    shape: tuple[int, ...]
    data: list[Any]

    def __post_init__(self) -> None:
        if len(self.data) != count(self.shape):
            raise ShapeError("array", expected=f"{count(self.shape)} elements, {self.shape}", got=len(self.data))

    @staticmethod
    def of(nested: Any, dtype: str = "float32", exact: bool = False) -> Array:
        """The array of nested lists, a number, or whatever has `tolist` and `shape` as NumPy's arrays do."""
        shape: tuple[int, ...]
        if hasattr(nested, "tolist"):
            shape, nested = tuple(nested.shape), nested.tolist()
        else:
            shape = nested_shape(nested)
        keep = exact and is_float(dtype)
        return Array(dtype, shape, [x if keep else round_to(x, dtype) for x in flat(nested, len(shape))])

    def nested(self) -> Any:
        """The elements as nested lists; a number for rank 0."""
        rows: list[Any] = self.data
        for k in range(len(self.shape) - 1, 0, -1):
            length = self.shape[k]
            rows = [rows[i * length : (i + 1) * length] for i in range(count(self.shape[:k]))]
        return rows if self.shape else rows[0]

    def __getitem__(self, indices: tuple[int, ...]) -> Any:
        return self.data[position(indices, self.shape)]


def count(shape: Iterable[int]) -> int:
    total = 1
    for extent in shape:
        total *= extent
    return total


def position(indices: tuple[int, ...], shape: tuple[int, ...]) -> int:
    """The row-major position of an element. Raises CompileError outside the shape: no kernel may read there."""
    place = 0
    for index, extent in zip(indices, shape, strict=True):
        if not 0 <= index < extent:
            raise CompileError("interpreter", expected=f"an element of {shape}", got=f"index {indices}")
        place = place * extent + index
    return place


def nested_shape(nested: Any) -> tuple[int, ...]:
    if not isinstance(nested, list | tuple):
        return ()
    return (len(nested), *nested_shape(nested[0])) if nested else (0,)


def flat(nested: Any, rank: int) -> list[Any]:
    """The elements of nested lists of this depth."""
    for _ in range(rank - 1):
        nested = list(itertools.chain.from_iterable(nested))
    return list(nested) if rank else [nested]


Arrays = Mapping[str, Any]


def interpret(
    graph: Graph,
    inputs: Arrays,
    state: Arrays | None = None,
    sizes: Mapping[str, int] | None = None,
    exact: bool = False,
) -> tuple[dict[str, Array], dict[str, Array]]:
    """The outputs and the state written, by name. Where the guard is false nothing is written.

    Inputs and state are Arrays, nested lists or NumPy arrays. Open sizes come from the shapes of the inputs, or from
    `sizes`. `exact` keeps doubles where float32 would be rounded, for gradient checks.
    """
    given = {"input": dict(inputs), "state": dict(state or {})}
    known = dict(sizes or {})
    for value in graph.inputs:
        label = getattr(value.op, "label", "")
        if label not in given["input"]:
            raise UnknownNameError("interpreter", expected=f"input {label!r}", got=sorted(given["input"]))
        given["input"][label] = array = as_array(given["input"][label], value.dtype, exact)
        bind_sizes(value.type, array.shape, known, f"input {label!r}")
    outputs, writes = run_graph(graph, given["input"], given["state"], known, exact)
    return outputs, writes or {}


def run_graph(
    graph: Graph, inputs: Arrays, state: Arrays, sizes: Mapping[str, int], exact: bool
) -> tuple[dict[str, Array], dict[str, Array] | None]:
    """The outputs and the state written of a function or body, by name; None for what a false guard does not write."""
    given = {"input": inputs, "state": state}
    results: dict[int, Any] = {}  # of a loop or branch, a list of arrays
    for value in graph.order:
        if isinstance(value.op, Input | State):
            results[id(value)] = leaf(value, given[value.op.name], sizes, exact)
        else:
            results[id(value)] = evaluate_value(value, [results[id(x)] for x in value.inputs], sizes, exact)
    outputs = {name: results[id(value)] for name, value in graph.outputs.items()}
    if graph.guard is not None and not results[id(graph.guard)].data[0]:
        return outputs, None
    return outputs, {name: results[id(value)] for name, value in graph.writes.items()}


def as_array(value: Any, dtype: str, exact: bool = False) -> Array:
    return value if isinstance(value, Array) else Array.of(value, dtype, exact)


def bind_sizes(type: Type, shape: tuple[int, ...], sizes: dict[str, int], where: str) -> None:
    """Gives each open size that is an axis of its own the length found; raises ShapeError where lengths disagree."""
    if len(shape) != type.rank:
        raise ShapeError(where, expected=type, got=f"shape {shape}")
    for extent, length in zip(type.shape, shape, strict=True):
        atoms = list(dims.atoms(extent))
        if len(atoms) == 1 and isinstance(atoms[0], dims.Size) and extent == dims.Dim.of(atoms[0]):
            sizes.setdefault(atoms[0].name, length)
    check_shape(type, shape, sizes, where)


def check_shape(type: Type, shape: tuple[int, ...], sizes: Mapping[str, int], where: str) -> None:
    expected = actual_shape(type, sizes)
    if expected != shape:
        raise ShapeError(where, expected=f"{type}, here {expected}", got=shape)


def actual_shape(type: Type, sizes: Mapping[str, int]) -> tuple[int, ...]:
    """The shape where the open sizes have these values."""
    return tuple(dims.evaluate(extent, sizes) for extent in type.shape)


def leaf(value: Value, given: Arrays, sizes: Mapping[str, int], exact: bool) -> Array:
    """The array given for an input or state value."""
    label = getattr(value.op, "label", "")
    if label not in given:
        raise UnknownNameError("interpreter", expected=f"{value.op.name} {label!r}", got=sorted(given))
    array = as_array(given[label], value.dtype, exact)
    check_shape(value.type, array.shape, sizes, f"{value.op.name} {label!r}")
    return array


def evaluate_value(value: Value, operands: list[Any], sizes: Mapping[str, int], exact: bool) -> Any:
    """One value of a graph from the arrays of its inputs: an array, or a list of them for a loop or branch."""
    if isinstance(value.op, Iteration):
        return run_iteration(value.op, operands, sizes, exact)
    if isinstance(value.op, Choice):
        condition, yes, no = value.op.split(tuple(operands))
        body, given = (value.op.yes, yes) if condition.data[0] else (value.op.no, no)
        return list(run_graph(body, given, {}, sizes, exact)[0].values())
    if isinstance(value.op, Passing):
        return operands[: value.op.results]
    if isinstance(value.op, Item):
        return operands[0][value.op.index]
    shape = actual_shape(value.type, sizes)
    if isinstance(value.op, Constant):
        return Array(value.dtype, shape, [round_to(value.op.value, value.dtype)])
    if isinstance(value.op, SizeOf):
        return Array(value.dtype, shape, [dims.evaluate(value.op.size, sizes)])
    nest = value.op.nest(*(x.type for x in value.inputs))

    def load(slot: int, indices: tuple[int, ...]) -> Any:
        return operands[slot][indices]

    try:
        if nest.kind:
            return evaluate_in_order(nest, operands, Array(value.dtype, shape, [None] * count(shape)), sizes, exact)
        body = loop_body(nest.value, nest.reduce, nest.combine, exact)
        values = dict(sizes)
        data = [body(values, load) for _ in points(nest.axes, values)]
    except CompileError as error:
        raise CompileError(f"{error}", at=f"{value!r} of {', '.join(map(repr, value.inputs))}") from error
    return Array(value.dtype, shape, data)


def run_iteration(op: Iteration, operands: list[Array], sizes: Mapping[str, int], exact: bool) -> list[Array]:
    """The carries after the last step, then the stacked outputs."""
    state, slices, given = op.split(tuple(operands))
    length = dims.evaluate(op.length, sizes)
    rows: dict[str, dict[int, list[Any]]] = {name: {} for name in op.body.outputs}
    for step in range(length - 1, -1, -1) if op.reverse else range(length):
        inputs = given | {name: row(array, step) for name, array in slices.items()}
        outputs, writes = run_graph(op.body, inputs, state, {**sizes, op.index: step}, exact)
        if writes is None:
            break
        state = {**state, **writes}
        for name, array in outputs.items():
            rows[name][step] = array.data
    stacked = []
    for name, value in op.body.outputs.items():
        data = list(itertools.chain.from_iterable(rows[name][step] for step in range(length)))
        stacked.append(Array(value.dtype, (length, *actual_shape(value.type, sizes)), data))
    return [*state.values(), *stacked]


def row(array: Array, number: int) -> Array:
    """One slice along the first axis."""
    size = count(array.shape[1:])
    return Array(array.dtype, array.shape[1:], array.data[number * size : (number + 1) * size])


def evaluate_in_order(nest: Nest, operands: list[Array], out: Array, sizes: Mapping[str, int], exact: bool) -> Array:
    """A nest that says where it stores: fills `out`, which of a scatter is also what operand 0 reads."""
    arrays = list(operands)
    if nest.kind == "scatter":
        out.data[:] = operands[0].data
        arrays[0] = out

    def load(slot: int, indices: tuple[int, ...]) -> Any:
        return arrays[slot][indices]

    is_scatter, keep = nest.kind == "scatter", out.shape[-1] if out.shape else 1
    stored = nest.value if is_scatter else nest.result or accumulator(nest.value.dtype)
    result, place = Evaluator(stored, exact), [Evaluator(index_of(each)) for each in nest.place]
    values = dict(sizes)
    combined = None if is_scatter else nest.value
    for total in totals(nest.kind, nest.axes, combined, nest.reduce, nest.combine, (values, load), keep, exact):
        where = position(tuple(each(values, load) for each in place), out.shape)
        out.data[where] = result(values, load, total)
    return out


Body = Callable[[dict[str, int], Load], Any]


def totals(
    kind: str,
    axes: tuple[Axis, ...],
    value: Scalar | None,
    reduce: tuple[Axis, ...],
    combine: str,
    at: tuple[dict[str, int], Load],
    keep: int = 0,
    exact: bool = False,
) -> Iterator[Any]:
    """Goes through the points at which a kernel stores, in order, and gives what is accumulated there; `at` holds the
    indices, which are set, and what reads. A sort stores its first `keep` values."""
    values, load = at
    if value is None or kind not in ("prefix", "sort"):
        body = (lambda values, load: None) if value is None else loop_body(value, reduce, combine, exact)
        for _ in points(axes, values):
            yield body(values, load)
        return
    evaluator = Evaluator(value, exact)
    for _ in points(axes, values):
        if kind == "sort":
            found = sorted(evaluator(values, load) for _ in points(reduce, values))
            for rank, total in enumerate(found[:keep]):
                values.update({axis.name: rank for axis in reduce})
                yield total
            continue
        total, join = start_of(combine, value.dtype), joining(evaluator, combine, value.dtype, exact)
        for _ in points(reduce, values):
            total = join(total, values, load)
            yield total


def start_of(combine: str, dtype: str) -> Any:
    """The value that a reduction starts from."""
    start = identity(combine, dtype)
    return float(start) if is_float(dtype) else start


def joining(evaluator: Evaluator, combine: str, dtype: str, exact: bool) -> Callable[..., Any]:
    """How the next term comes to what has been combined before: `join(total, values, load)`."""
    if combine == FOLD:
        return lambda total, values, load: evaluator(values, load, total)
    join, keep = EVALUATE[combine], exact and is_float(dtype)
    if keep:
        return lambda total, values, load: join(total, evaluator(values, load))
    return lambda total, values, load: round_to(join(total, evaluator(values, load)), dtype)


def loop_body(value: Scalar, reduce: tuple[Axis, ...], combine: str, exact: bool = False) -> Body:
    """What is computed at one point: the value, or its reduction in row-major order of the reduce axes."""
    evaluator = Evaluator(value, exact)
    if not combine:
        return evaluator
    start, join = start_of(combine, value.dtype), joining(evaluator, combine, value.dtype, exact)

    def body(values: dict[str, int], load: Load) -> Any:
        total = start
        for _ in points(reduce, values):
            total = join(total, values, load)
        return total

    return body


def points(axes: tuple[Axis, ...], values: dict[str, int]) -> Iterator[None]:
    """Sets the indices of `axes` in `values` to each point in turn, the last axis running fastest."""
    names = [axis.name for axis in axes]
    for place in itertools.product(*(range(dims.evaluate(axis.extent, values)) for axis in axes)):
        values.update(zip(names, place, strict=True))
        yield

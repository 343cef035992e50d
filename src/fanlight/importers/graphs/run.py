"""What does a graph compute? Node after node, each by its rule, on values.

In: prepared records, values by name. Out: values. Knows no single operator and no layer.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fanlight.errors import FanlightError, MemoryLimitError, ModelFormatError, UnsupportedOp
from fanlight.importers.graphs.records import MOST_AXES, Graph, Node
from fanlight.importers.graphs.table import RULES
from fanlight.ir import dim as dims
from fanlight.ir.dim import DimLike
from fanlight.ir.graph import Value
from fanlight.ir.types import DTYPES, Types, item_bytes
from fanlight.layers.context import Context
from fanlight.ops import known

LARGEST = 4 << 30  # bytes of one value: no page has more
# What arithmetic is done in.
DTYPE_OF = {
    **{each: each for each in DTYPES},
    **dict.fromkeys(("float64", "float16", "bfloat16"), "float32"),
}


@dataclass
class Spent:
    """What loops have cost so far, in the whole graph."""

    written_out: int = 0  # rounds
    counted: int = 0  # rounds that were counted before anything is computed


class Held(ABC):
    """A result that lives between nodes alone, such as a list of tensors."""

    @property
    @abstractmethod
    def values(self) -> tuple[Value, ...]:
        """The arrays that it consists of."""


@dataclass(frozen=True)
class Use:
    """A node while it is traced, as its rule sees it."""

    node: Node
    context: Context
    outer: Mapping[str, Value]  # what graphs in attributes may read
    spent: Spent = field(default_factory=Spent)

    @property
    def opset(self) -> int:
        return self.node.attributes["opset"]

    def __getitem__(self, name: str) -> Any:
        """An attribute; None where it has no value."""
        return self.node.attributes.get(name)

    def axis(self, rank: int) -> int:
        """The attribute `axis` of an array of so many axes, counted from the first."""
        axis = self["axis"]
        if not -rank <= axis < rank:
            raise self.error(f"an axis from {-rank} to {rank - 1}", axis)
        return axis % rank

    def wants(self, output: int) -> bool:
        """Whether somebody asks for that output."""
        return output < len(self.node.outputs) and bool(self.node.outputs[output])

    def writes_out(self, rounds: int, most: int) -> bool:
        """Whether so many rounds more may be written out, of at most so many in all; they count as such then."""
        is_little = self.spent.written_out + rounds <= most
        self.spent.written_out += rounds if is_little else 0
        return is_little

    def error(self, expected: object, got: object) -> ModelFormatError:
        return ModelFormatError(self.node.label, expected=expected, got=got)

    def refuse(self, expected: object, got: object, do: str | None = None) -> UnsupportedOp:
        return UnsupportedOp(self.node.label, expected=expected, got=got, do=do)

    def array(self, value: Value, what: str) -> Any:
        """The content of an operand as a NumPy array, of objects where dims are in it. Raises UnsupportedOp where it
        depends on data."""
        found = known.known(value)
        if found is None:
            raise self.refuse(f"{what} that shapes and constants tell", "one that depends on data")
        return found

    def dims(self, value: Value, what: str) -> tuple[DimLike, ...]:
        """The content of an operand as lengths."""
        return known.as_dims(self.array(value, what))

    def ints(self, value: Value, what: str) -> tuple[int, ...]:
        """The content of an operand as numbers."""
        found = self.dims(value, what)
        if any(isinstance(each, dims.Dim) for each in found):
            raise self.refuse(f"{what} of known numbers", found)
        return tuple(int(each) for each in found)  # type: ignore[arg-type]  # no Dim is among them

    def run(self, graph: Graph, values: Sequence[Value]) -> list[Value]:
        """A graph among the attributes, for these inputs."""
        if len(values) != len(graph.inputs):
            raise self.error(f"a graph of {len(values)} inputs", len(graph.inputs))
        named = {slot.name: value for slot, value in zip(graph.inputs, values, strict=True)}
        return run_graph(graph, {**self.outer, **named}, self.context, self.spent)


def run_graph(graph: Graph, given: Mapping[str, Value], context: Context, spent: Spent | None = None) -> list[Value]:
    """The outputs of a graph where `given` has its inputs, and what it reads from outside."""
    values, spent = dict(given), spent or Spent()
    values.update({name: constant(array) for name, array in graph.tensors.items()})
    for node in graph.nodes:
        results = run_node(node, [read(values, name, node) for name in node.inputs], values, context, spent)
        values.update({name: y for name, y in zip(node.outputs, results, strict=False) if name})
    return [read(values, slot.name, None) for slot in graph.outputs]  # type: ignore[misc]  # an output has a name


def read(values: Mapping[str, Value], name: str, node: Node | None) -> Value | None:
    """The value of that name; None where an input is left out."""
    if name and name not in values:
        label = node.label if node else "graph"
        raise ModelFormatError(label, expected="names that are defined before", got=repr(name))
    return values[name] if name else None


def run_node(
    node: Node,
    operands: Sequence[Value | None],
    outer: Mapping[str, Value],
    context: Context,
    spent: Spent | None = None,
) -> tuple[Value, ...]:
    """The outputs of a node, as far as its rule goes. Raises ModelFormatError, or UnsupportedOp for what is not built,
    each with the node's name."""
    use = Use(node, context, outer, spent or Spent())
    check_types(use, operands)
    given = list(operands)
    while given and given[-1] is None:
        given.pop()
    try:
        return results_of(use, RULES[node.kind].function(use, *given))
    except (ModelFormatError, UnsupportedOp, MemoryLimitError):
        raise
    except NotImplementedError as error:
        raise UnsupportedOp(node.label, expected="a kind of it that is built", got=error) from error
    except FanlightError as error:
        raise ModelFormatError(node.label, expected="operands that fit", got=error.message) from error
    except (TypeError, ValueError, KeyError, IndexError, AttributeError, OverflowError, ZeroDivisionError) as error:
        got = f"{', '.join(map(described, operands))}: {error}"
        raise ModelFormatError(node.label, expected="operands that fit", got=got[:300]) from error


def results_of(use: Use, result: Any) -> tuple[Value, ...]:
    """What a rule gave, one for each output that somebody asks for, in bounds."""
    results = tuple(result) if isinstance(result, tuple | list) else (result,)
    if any(use.node.outputs[len(results) :]):
        raise use.refuse(f"at most {len(results)} outputs", len(use.node.outputs))
    for y in (y for each in results for y in (each.values if isinstance(each, Held) else (each,))):
        if not isinstance(y.type, Types) and y.rank > MOST_AXES:
            raise use.error(f"results of at most {MOST_AXES} axes", y.type)
        if any(dims.bounds(extent)[0] < 0 for extent in y.shape):
            raise use.error("lengths from 0 up", y.type)
        if not isinstance(y.type, Types) and dims.upper(y.type.count) * item_bytes(y.dtype) > LARGEST:
            open_dims = {name for extent in y.shape for name in dims.names(extent)}
            if not open_dims:
                raise use.error("results below 4 GiB", y.type)
    return results


def described(operand: Any) -> str:
    """An operand, for messages."""
    return "none" if operand is None else repr(operand.type if isinstance(operand, Value) else operand)


def check_types(use: Use, operands: Sequence[Value | None]) -> None:
    """Raises ModelFormatError where operands that the standard wants of one dtype have several."""
    found: dict[str, str] = {}
    for x, kind in zip(operands, use["types"] or (), strict=False):
        if x is not None and kind and found.setdefault(kind, x.dtype) != x.dtype:
            got = ", ".join(map(described, operands))
            raise use.error("operands of one dtype", got)


def constant(array: Any) -> Value:
    """A value with the content of an array."""
    return known.written(in_dtype(array, "a constant"), DTYPE_OF[str(array.dtype)])


def in_dtype(array: Any, what: str) -> Any:
    """The array in the dtype that arithmetic is done in. Raises UnsupportedOp for dtypes that there are not."""
    dtype = DTYPE_OF.get(str(array.dtype))
    if dtype is None:
        raise UnsupportedOp(what, expected=f"one of {', '.join(DTYPE_OF)}", got=str(array.dtype))
    return array.astype(dtype, copy=False)

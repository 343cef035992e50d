"""What does a model consist of that is a graph, in plain words? Nodes, graphs and tensors, and the same as JSON has
them.

Knows neither protobuf nor what an operator means.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

CONTAINERS = ("sequence", "map", "optional", "sparse_tensor")  # in the place of a dtype: what is no tensor
MOST_AXES = 32  # of one tensor
Extent = int | str | None  # of an axis: its length, the name of one that is open, or nothing said


@dataclass(frozen=True)
class Slot:
    """An input or output as a graph declares it: `dtype` is None where the file says nothing, so is `shape`. What is no
    tensor has one of `CONTAINERS` as its dtype."""

    name: str
    dtype: str | None = None
    shape: tuple[Extent, ...] | None = None


@dataclass(frozen=True)
class Node:
    """One use of an operator. An empty name among `inputs` or `outputs` stands for one that is left out.

    Attributes are numbers, strings, NumPy arrays, graphs, and lists of these. `captures` are the names from outside
    that the graphs among them use.
    """

    op: str
    domain: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """`Conv`, or `com.microsoft.Gelu` outside the standard."""
        return f"{self.domain}.{self.op}" if self.domain else self.op

    @property
    def label(self) -> str:
        """`Conv "/features/0/Conv"`, for messages."""
        return f'{self.kind} "{self.name or next(iter(self.outputs), "")}"'

    @property
    def graphs(self) -> dict[str, Graph]:
        return {name: each for name, each in self.attributes.items() if isinstance(each, Graph)}

    @property
    def captures(self) -> tuple[str, ...]:
        """Names from outside that the graphs among its attributes read, each once."""
        return tuple(dict.fromkeys(name for graph in self.graphs.values() for name in graph.free))

    @property
    def reads(self) -> tuple[str, ...]:
        """Every name that must be known before it runs."""
        return tuple(dict.fromkeys((*filter(None, self.inputs), *self.captures)))


@dataclass(frozen=True)
class Graph:
    """Nodes in the order in which they run. `tensors` are initializers, NumPy arrays by name."""

    name: str
    nodes: tuple[Node, ...]
    inputs: tuple[Slot, ...]
    outputs: tuple[Slot, ...]
    tensors: Mapping[str, Any] = field(default_factory=dict)

    @property
    def free(self) -> tuple[str, ...]:
        """Names that it reads and does not define."""
        own = {*self.tensors, *(slot.name for slot in self.inputs)}
        found: dict[str, None] = {}
        for node in self.nodes:
            found.update(dict.fromkeys(name for name in node.reads if name not in own))
            own.update(node.outputs)
        found.update(dict.fromkeys(slot.name for slot in self.outputs if slot.name not in own))
        return tuple(found)


@dataclass(frozen=True)
class Function:
    """An operator that a file brings with it, written with others. `attributes` are defaults by name, None for none."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]
    nodes: tuple[Node, ...]
    opsets: Mapping[str, int]


@dataclass(frozen=True)
class Reference:
    """An attribute of a node in a function that is the function's attribute of that name."""

    name: str


@dataclass(frozen=True)
class Model:
    """A whole file; `at` names it in messages, `opsets` are the versions of the operators by domain."""

    at: str
    graph: Graph
    opsets: Mapping[str, int]
    functions: Mapping[str, Function] = field(default_factory=dict)  # by kind
    ir_version: int = 0
    producer: str = ""


# As JSON


def to_json(value: Any) -> Any:
    """A node, a graph, an array or an attribute as JSON has it."""
    if isinstance(value, Graph):
        parts = {name: to_json(getattr(value, name)) for name in ("nodes", "inputs", "outputs", "tensors")}
        return {"graph": value.name, **parts}
    if isinstance(value, Node):
        return [value.op, value.domain, value.name, list(value.inputs), list(value.outputs), to_json(value.attributes)]
    if isinstance(value, Slot):
        return [value.name, value.dtype, None if value.shape is None else list(value.shape)]
    if hasattr(value, "tolist") and hasattr(value, "dtype"):
        return {"array": value.ravel().tolist(), "dtype": str(value.dtype), "shape": list(value.shape)}
    if isinstance(value, Mapping):
        return {name: to_json(each) for name, each in value.items()}
    return [to_json(each) for each in value] if isinstance(value, list | tuple) else value


def from_json(value: Any) -> Any:
    """An attribute from what `to_json` made of it: lists stay lists."""
    if isinstance(value, list):
        return [from_json(each) for each in value]
    if not isinstance(value, Mapping):
        return value
    if "array" in value:
        import numpy

        return numpy.array(value["array"], value["dtype"]).reshape(value["shape"])
    if "graph" in value:
        nodes = tuple(map(node_from_json, value["nodes"]))
        inputs, outputs = (tuple(map(slot_from_json, value[side])) for side in ("inputs", "outputs"))
        return Graph(value["graph"], nodes, inputs, outputs, from_json(value["tensors"]))
    return {name: from_json(each) for name, each in value.items()}


def node_from_json(value: Any) -> Node:
    op, domain, name, inputs, outputs, attributes = value
    return Node(op, domain, name, tuple(inputs), tuple(outputs), from_json(attributes))


def slot_from_json(value: Any) -> Slot:
    name, dtype, shape = value
    return Slot(name, dtype, None if shape is None else tuple(shape))


def walk(graph: Graph) -> Iterator[Node]:
    """Every node, those of graphs inside nodes too."""
    for node in graph.nodes:
        yield node
        for inner in node.graphs.values():
            yield from walk(inner)

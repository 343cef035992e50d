"""Which network is in a graph? Its nodes as layers joined by symbols, its tensors as state.

In: a `Model` of records. Out: a `Network`, and arrays by the paths of its state.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from fanlight.errors import FanlightError, MemoryLimitError, ModelFormatError, UnknownNameError, UnsupportedOp
from fanlight.importers.graphs.layer import GraphNode
from fanlight.importers.graphs.naming import Names, cleaned
from fanlight.importers.graphs.records import CONTAINERS, Graph, Model, Node, Slot
from fanlight.importers.graphs.run import DTYPE_OF, Spent, in_dtype
from fanlight.importers.graphs.table import RULES
from fanlight.ir import dim as dims
from fanlight.ir.types import is_float
from fanlight.layers import Input, Network, Symbol
from fanlight.layers.input import BATCH, InputLayer
from fanlight.layers.meanings import Image, Meaning

MOST_NUMBERS = 4096  # of a tensor that is written out in a graph; larger ones are state
FEW = 16  # numbers of a weight of integers that is a part of the code
SHORT = 64  # numbers of a tensor that may be written out again and again ...
MOST_WRITTEN = 4096  # ... and the numbers that longer ones put into the code, each time that a node reads one
OURS = ("optimizer/", "seed/", "metric/")  # what names of state of our own begin with


@dataclass(frozen=True)
class Format:
    """What a format adds: its name in messages and in names of networks; how its records become ready to be traced, or
    a refusal that names every operator Fanlight lacks; and the layer that a node is."""

    label: str
    prefix: str
    prepared: Callable[[Model], Graph]
    node: type[GraphNode]


@dataclass
class Built:
    """A network and its arrays by path."""

    network: Network
    arrays: dict[str, Any]


def build(
    model: Model,
    format: Format,
    inputs: Mapping[str, Any] | None = None,
    outputs: Mapping[str, Meaning] | None = None,
    bounds: Mapping[str, int] | None = None,
    parameters: frozenset[str] | None = None,
) -> Built:
    """The network of a model. `inputs` say what inputs mean, by name, or are arrays that inputs always have; `outputs`
    what outputs mean; `bounds` are the largest lengths of open axes by name; `parameters` which tensors are trained,
    where that is known better than by looking at them.

    Raises UnsupportedOp for what Fanlight lacks, ModelFormatError where the file contradicts itself."""
    given = dict(inputs or {})
    names = [slot.name for slot in model.graph.inputs]
    ends = [slot.name for slot in model.graph.outputs]
    for what, said, known in (("inputs", given, names), ("outputs", outputs or {}, ends)):
        if unknown := sorted(set(said) - set(known)):
            raise UnknownNameError(what, expected=f"names among {known}", got=unknown)
    meanings = {name: each for name, each in given.items() if isinstance(each, Meaning)}
    fixed = {name: each for name, each in given.items() if not isinstance(each, Meaning)}
    graph = format.prepared(replace(model, graph=with_constants(model.graph, fixed)) if fixed else model)
    builder = Builder(model, format, graph, meanings, dict(outputs or {}), dict(bounds or {}), parameters)
    try:
        return builder.run()
    except (ModelFormatError, UnsupportedOp, MemoryLimitError, UnknownNameError):
        raise
    except FanlightError as error:
        raise ModelFormatError(format.label, expected="nodes that fit together", got=error, at=model.at) from error
    except RecursionError as error:
        raise ModelFormatError(format.label, expected="graphs less deep", got="too deep", at=model.at) from error


def with_constants(graph: Graph, fixed: Mapping[str, Any]) -> Graph:
    """The graph with these inputs as constants."""
    import numpy

    tensors = dict(graph.tensors)
    for slot in graph.inputs:
        if slot.name in fixed:
            tensors[slot.name] = numpy.asarray(fixed[slot.name], slot.dtype)
    return replace(graph, inputs=tuple(slot for slot in graph.inputs if slot.name not in fixed), tensors=tensors)


@dataclass
class Builder:
    """What one file has made so far."""

    model: Model
    format: Format
    graph: Graph
    meanings: dict[str, Meaning]
    results: dict[str, Meaning]
    bounds: dict[str, int]
    parameters: frozenset[str] | None
    symbols: dict[str, Symbol] = field(default_factory=dict)
    arrays: dict[str, Any] = field(default_factory=dict)
    names: Names = field(default_factory=Names)
    spent: Spent = field(default_factory=Spent)
    written: int = 0  # numbers of longer tensors that are part of the code

    def error(self, expected: object, got: object, do: str | None = None) -> ModelFormatError:
        return ModelFormatError(self.format.label, expected=expected, got=got, at=self.model.at, do=do)

    def run(self) -> Built:
        inputs = [self.input(slot) for slot in self.graph.inputs]
        for node in self.graph.nodes:
            self.add(node)
        return self.built(inputs)

    def built(self, inputs: list[Symbol]) -> Built:
        """The network of what has been added."""
        outputs: dict[str, Symbol] = {}
        results: dict[str, Meaning] = {}
        names = Names()
        for slot in self.graph.outputs:
            if slot.dtype in CONTAINERS:
                got = f"output {slot.name!r} of {slot.dtype}"
                raise UnsupportedOp(self.format.label, expected="tensors", got=got, at=self.model.at)
            if slot.name not in self.symbols:
                raise self.error("outputs that nodes make of inputs", repr(slot.name))
            name = names.take(cleaned(slot.name) or "node")
            outputs[name] = self.symbols[slot.name]
            if slot.name in self.results:
                results[name] = self.results[slot.name]
        if not inputs or not outputs:
            raise self.error("inputs and outputs", f"{len(inputs)} and {len(outputs)}")
        name = cleaned(self.graph.name) or None
        network = Network(inputs, outputs, name=name, meanings=results, prefix=self.format.prefix)
        network.source = self.source(inputs, outputs)
        table = network.weight_table()
        return Built(network, {name: array for name, array in self.arrays.items() if name in table})

    def source(self, inputs: list[Symbol], outputs: Mapping[str, Symbol]) -> dict[str, Any]:
        """What the file called things, for the way back."""
        slots = zip(inputs, self.graph.inputs, strict=True)
        return {
            **{"format": self.format.prefix, "opsets": dict(self.model.opsets), "ir_version": self.model.ir_version},
            "inputs": {
                str(symbol.layer.name): {"name": slot.name, "dtype": symbol.dtype, "shape": list(slot.shape or ())}
                for symbol, slot in slots
            },
            "outputs": dict(zip(outputs, (slot.name for slot in self.graph.outputs), strict=True)),
        }

    # Inputs

    def input(self, slot: Slot) -> Symbol:
        """The symbol of an input; the first axis is that of the rows."""
        if slot.dtype is None or (slot.shape is None and slot.dtype not in CONTAINERS):
            raise self.error(f"the dtype and shape of input {slot.name!r}", "none")
        dtype = DTYPE_OF.get(slot.dtype)
        if dtype is None:
            expected = f"one of {', '.join(DTYPE_OF)} as input"
            raise UnsupportedOp(
                self.format.label, expected=expected, got=f"{slot.name!r} of {slot.dtype}", at=self.model.at
            )
        name = self.layer_name(slot.name)
        if not slot.shape:
            raise UnsupportedOp(
                self.format.label, expected="inputs with rows", got=f"{slot.name!r}, a single number", at=self.model.at
            )
        rows, *rest = slot.shape
        if any(extent == 0 for extent in slot.shape):
            raise self.error(f"an input {slot.name!r} with elements", slot.shape)
        row = tuple(self.extent(each, slot.name, k + 1) for k, each in enumerate(rest))
        batch = rows if isinstance(rows, int) else None
        symbol: Any
        if (meaning := self.meanings.get(slot.name)) is not None:
            takes_bytes = dtype == "uint8" and isinstance(meaning, Image) and meaning.is_plain
            symbol = Input(meaning, batch_size=batch, name=name, dtype="uint8" if takes_bytes else None)
            self.symbols[slot.name] = self.as_declared(symbol, meaning, row, slot)
        else:
            symbol = InputLayer(name=name, shape=row, dtype=dtype, batch_size=batch)()
            self.symbols[slot.name] = symbol
        return symbol

    def extent(self, extent: Any, name: str, axis: int) -> Any:
        """The length of an axis: a number, or a dim with the bound that was given for its name."""
        if isinstance(extent, int):
            return extent
        word = cleaned_dim(extent, name, axis)
        bound = self.bounds.get(str(extent), self.bounds.get(word, dims.UNBOUNDED))
        return dims.size(word, 1, bound)

    def as_declared(self, symbol: Symbol, meaning: Meaning, row: tuple[Any, ...], slot: Slot) -> Symbol:
        """Rows of a meaning as the graph wants them: pictures are channels-first there, as a rule."""
        y: Any = symbol
        if isinstance(meaning, Image) and not agrees(symbol.shape[1:], row):
            from fanlight.layers.operation import Operation

            y = Operation("transpose", name=f"{symbol.layer.name}_channels_first")(symbol, axes=(0, 3, 1, 2))
        if not agrees(y.shape[1:], row):
            raise self.error(f"rows of {list(row)} for input {slot.name!r}", f"{meaning} of {list(symbol.shape[1:])}")
        return y

    # Nodes

    def add(self, node: Node) -> None:
        """Makes a layer of a node, and symbols of its outputs."""
        rule = RULES[node.kind]
        read: list[Symbol] = []
        operands: list[Any] = []
        tables = node.inputs[len(node.inputs) - len(node.attributes.get("tables", ())) :]
        wanted = set(wanted_known(node))
        for position, name in enumerate((*node.inputs, *node.captures)):
            is_captured = position >= len(node.inputs)
            is_setting = name in wanted if is_captured else position in rule.settings
            is_parameter = position in rule.parameters or name in tables
            operand = self.operand(name, node, is_setting, is_parameter, read)
            if (
                position in rule.statistics
                and self.parameters is None
                and isinstance(operand, dict)
                and "weight" in operand
            ):
                operand["trainable"] = False
            operands.append(operand)
        layer = self.format.node(name=self.layer_name(node.name or node.op.lower()), node=node, operands=operands)
        layer.spent = self.spent
        results = layer(*read) if read else layer()
        layer.spent = None
        results = results if isinstance(results, tuple) else (results,)
        for name, symbol in zip(filter(None, node.outputs), results, strict=True):
            self.symbols[name] = symbol

    def operand(self, name: str, node: Node, is_setting: bool, is_parameter: bool, read: list[Symbol]) -> Any:
        """Where a node finds what it reads under that name."""
        if not name:
            return None
        if name in self.symbols:
            read.append(self.symbols[name])
            return len(read) - 1
        if name not in self.graph.tensors:
            raise ModelFormatError(node.label, expected="names that are defined before", got=repr(name))
        array = in_dtype(self.graph.tensors[name], f"tensor {name!r}")
        if not self.is_state(name, array, is_setting, is_parameter):
            self.written += array.size if array.size > SHORT else 0
            return {"value": array}
        path = f"weights/{name}" if name.startswith(OURS) else name
        self.arrays[path] = array
        trained = is_float(str(array.dtype)) and (self.parameters is None or name in self.parameters)
        return {"weight": path, "shape": list(array.shape), "dtype": str(array.dtype), "trainable": trained}

    def is_state(self, name: str, array: Any, is_setting: bool, is_parameter: bool) -> bool:
        """Whether a tensor is an array of its own in the bundle, rather than a part of the code."""
        is_much = array.size > SHORT and self.written + array.size > MOST_WRITTEN
        if is_much or array.size > MOST_NUMBERS or (is_parameter and array.size > FEW):
            return True
        if is_setting or not is_float(str(array.dtype)) or array.size == 0:
            return False
        return array.size > 1 or is_parameter or bool(self.parameters and name in self.parameters)

    def layer_name(self, name: str) -> str:
        return self.names.take(cleaned(name) or "node")


def wanted_known(node: Node) -> Iterator[str]:
    """What the nodes in the graphs of a node read where shapes and constants must tell what it is."""
    for graph in node.graphs.values():
        for each in graph.nodes:
            yield from (each.inputs[k] for k in RULES[each.kind].settings if k < len(each.inputs))
            yield from wanted_known(each)


def cleaned_dim(extent: Any, name: str, axis: int) -> str:
    """The name of an open axis, as dims have names."""
    word = re.sub(r"\W", "_", str(extent or f"{name}_{axis}"))
    word = word if word[:1].isalpha() else f"n_{word}"
    return f"{word}_{axis}" if word == BATCH else word


def agrees(shape: tuple[Any, ...], row: tuple[Any, ...]) -> bool:
    """Whether rows may have both shapes: open axes fit any length."""
    return len(shape) == len(row) and all(
        isinstance(b, dims.Dim) or isinstance(a, dims.Dim) or a == b for a, b in zip(shape, row, strict=True)
    )

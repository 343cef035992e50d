"""What is in a TensorFlow Lite file? Bytes -> records, within bounds; trusts nothing, and knows no operator.

In: a path, or bytes. Out: a `File`: a `Model` whose nodes say how their 8-bit numbers are meant (`given` and `made`,
one entry for each input and output) and which `dtypes` they give, and what metadata says of inputs and outputs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite, prod
from pathlib import Path
from typing import Any

from fanlight.errors import UnknownNameError, UnsupportedOp
from fanlight.importers.files import whole_file
from fanlight.importers.graphs.naming import Names
from fanlight.importers.graphs.records import MOST_AXES, Extent, Graph, Model, Node, Slot
from fanlight.importers.tflite.schema import DTYPES, Bounds, members

MOST_TENSORS, MOST_NODES, MOST_GRAPHS, MOST_BUFFERS = 20_000, 20_000, 1000, 40_000
MOST_VARIABLE = 1 << 20  # numbers of a variable
VARIABLES = ("float32", "int32", "int8", "uint8", "bool", "int64")
MOST_OPERANDS = 4096  # of one node
MOST_CHANNELS = 1 << 20  # that have a scale each
MOST_REPEATED = 4  # times the file's size: the bytes of all constants, some of which share a buffer
DOMAIN = "tfl"
METADATA = "TFLITE_METADATA"
INNER = "_subgraph_index"  # ends the names of options that are graphs
DEEPEST = 16  # graphs inside nodes inside graphs
LAYOUT = {"int4": "uint8", "bfloat16": "uint16"}  # what lies in the file in the place of a dtype NumPy has not

Cut = Mapping[str, Any] | Sequence[str] | None
Quantization = dict[str, Any]  # scale and zero of numbers; lists of them, and an axis, where each channel has its own


@dataclass(frozen=True)
class Tensor:
    """One tensor of a subgraph. `array` is its content where that is a constant."""

    name: str
    dtype: str
    shape: tuple[Extent, ...]
    quantization: Quantization | None
    array: Any = None
    is_variable: bool = False


@dataclass(frozen=True)
class File:
    """What was read: the model, how inputs and outputs are quantized, and metadata where there are some: their bytes,
    the names of inputs and outputs in its order, and the whole file, at whose end labels may be."""

    model: Model
    quantized: Mapping[str, Quantization]
    metadata: bytes | None = None
    ends: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    data: bytes = field(default=b"", repr=False)


def read_file(path: Path, outputs: Cut = None, signature: str | None = None) -> File:
    """The model in a file, cut at `outputs`; of several signatures the one of that name."""
    return read_bytes(whole_file(path, "TensorFlow Lite file", "a .tflite file"), str(path), outputs, signature)


def read_bytes(data: bytes, at: str, outputs: Cut = None, signature: str | None = None) -> File:
    """The model in the bytes of a file; `at` names it in messages."""
    return Reader(Bounds(data, at)).file(outputs, signature)


class Reader:
    """Reads one file; counts what it has seen."""

    def __init__(self, bounds: Bounds):
        self.bounds = bounds
        self.root = bounds.model()
        self.constants = 0  # bytes of tensors
        self.inner: dict[int, tuple[Graph, int]] = {}  # graphs inside nodes, and how many nodes they are written out
        self.open: list[int] = []  # graphs that are being read

    def error(self, expected: object, got: object, place: str = "") -> Any:
        return self.bounds.error(expected, got, place)

    def file(self, outputs: Cut, signature: str | None) -> File:
        bounds, root = self.bounds, self.root
        bounds.check_table(root, "the model")
        with bounds.reading("the model"):
            if root.Version() != 3:
                raise self.error("version 3", root.Version(), "the model")
            graphs = bounds.several(root, "Subgraphs", MOST_GRAPHS, "the model")
            self.buffers = bounds.several(root, "Buffers", MOST_BUFFERS, "the model")
            codes = bounds.several(root, "OperatorCodes", MOST_NODES, "the model")
        self.codes = [self.code(each, f"operator code {k}") for k, each in enumerate(codes)]
        number, said = self.signature(signature, len(graphs))
        if not graphs:
            raise self.error("a graph", "none")
        self.graphs = graphs
        graph, tensors, ends = self.graph(number, said)
        self.size(graph, "the model")
        kept = cut(graph, outputs)
        quantized = {each.name: each.quantization for each in tensors if each.quantization}
        model = Model(bounds.at, kept, {DOMAIN: 3}, producer=self.description())
        return File(model, quantized, self.metadata(), ends, bounds.data)

    def description(self) -> str:
        with self.bounds.reading("description"):
            return self.bounds.word(self.root.Description(), "description")

    def code(self, table: Any, place: str) -> str:
        """The name of an operator; CUSTOM brings its own."""
        with self.bounds.reading(place):
            number = max(table.BuiltinCode(), table.DeprecatedBuiltinCode())
            custom = self.bounds.word(table.CustomCode(), place)
        name = members("BuiltinOperator").get(number)
        if name is None:
            return f"operator_{number}"
        return f"CUSTOM:{custom or 'without a name'}" if name == "CUSTOM" else name

    def signature(self, wanted: str | None, graphs: int) -> tuple[int, tuple[dict[int, str], dict[int, str]]]:
        """The number of the graph to read, and names of its inputs and outputs by tensor."""
        bounds, found = self.bounds, {}
        with bounds.reading("signatures"):
            for k, each in enumerate(bounds.several(self.root, "SignatureDefs", MOST_GRAPHS, "signatures")):
                place = f"signature {k}"
                sides = tuple(
                    {m.TensorIndex(): bounds.word(m.Name(), place)
                     for m in bounds.several(each, side, MOST_OPERANDS, place)} for side in ("Inputs", "Outputs")
                )  # fmt: skip
                if each.SubgraphIndex() >= graphs:
                    raise self.error(f"a graph below {graphs}", each.SubgraphIndex(), place)
                found[bounds.word(each.SignatureKey(), place)] = each.SubgraphIndex(), sides
        if wanted is not None and wanted not in found:
            raise UnknownNameError("signature", expected=f"one of {sorted(found)}", got=repr(wanted))
        first = next((each for each in found.values() if each[0] == 0), (0, ({}, {})))
        return found[wanted] if wanted is not None else found.get("serving_default", first)

    # Graphs

    def graph(self, number: int, said: Any) -> tuple[Graph, list[Tensor], Any]:
        bounds, table, place = self.bounds, self.graphs[number], f"graph {number}"
        self.open.append(number)
        with bounds.reading(place):
            entries = bounds.several(table, "Tensors", MOST_TENSORS, place)
            inputs, outputs = (bounds.numbers(table, side, MOST_OPERANDS, place) for side in ("Inputs", "Outputs"))
            operators = bounds.several(table, "Operators", MOST_NODES, place)
            name = bounds.word(table.Name(), place)
        names = Names()
        wanted = {**said[1], **said[0]}
        for k in wanted:
            self.check_number(k, entries, "signatures")
        called = {k: names.take(word) for k, word in wanted.items() if word}
        tensors = []
        for k, each in enumerate(entries):
            where = f"{place} tensor {k}"
            with bounds.reading(where):
                own = called.get(k) or names.take(bounds.word(each.Name(), where) or f"tensor_{k}")
                tensors.append(self.tensor(each, own, where))
        for k in (*inputs, *outputs):
            self.check_number(k, tensors, f"{place} inputs and outputs")
        nodes = tuple(self.node(each, tensors, f"{place} operator {k}") for k, each in enumerate(operators))
        self.check_order(nodes, tensors, inputs, place)
        slots = [tuple(slot(tensors[k]) for k in side) for side in (inputs, outputs)]
        fixed = {each.name: each.array for each in tensors if each.array is not None}
        fixed |= {each.name: self.zeros(each, place) for each in tensors if each.is_variable}
        ends = tuple(each.name for each in slots[0]), tuple(each.name for each in slots[1])
        name = Path(self.bounds.at).stem if name in ("", "main") else name
        self.open.pop()
        return Graph(name, nodes, slots[0], slots[1], fixed), tensors, ends

    def inside(self, number: int, place: str) -> Graph:
        """The graph of that number, which a node runs."""
        if number in self.open or not 0 <= number < len(self.graphs):
            raise self.error(f"a graph below {len(self.graphs)} that is not around it", number, place)
        if len(self.open) > DEEPEST:
            raise self.error(f"graphs at most {DEEPEST} deep", "more", place)
        if number not in self.inner:
            found = self.graph(number, ({}, {}))[0]
            self.inner[number] = found, self.size(found, place)
        return self.inner[number][0]

    def size(self, graph: Graph, place: str) -> int:
        """How many nodes a graph is with those of the graphs inside."""
        sizes = {id(each): count for each, count in self.inner.values()}
        total = sum(1 + sum(sizes[id(each)] for each in node.graphs.values()) for node in graph.nodes)
        if total > MOST_NODES:
            raise self.error(f"at most {MOST_NODES} nodes", total, place)
        return total

    def check_number(self, k: int, tensors: Sequence[Any], place: str) -> None:
        if not 0 <= k < len(tensors):
            raise self.error(f"numbers of {len(tensors)} tensors", k, place)

    def check_order(self, nodes: Sequence[Node], tensors: Sequence[Tensor], inputs: Sequence[int], place: str) -> None:
        """Raises ModelFormatError where a tensor is made twice, or read before it is made."""
        known = {tensors[k].name for k in inputs} | {each.name for each in tensors if each.array is not None}
        if len(set(inputs)) != len(inputs):
            raise self.error("each input once", list(inputs)[:20], place)
        known |= {each.name for each in tensors if each.is_variable}
        for node in nodes:
            if missing := next((name for name in node.inputs if name and name not in known), None):
                raise self.error("tensors that are made before they are read", f"{missing!r} in {node.label}", place)
            if twice := next((name for name in node.outputs if name in known), None):
                raise self.error("each tensor made once", f"{twice!r} again in {node.label}", place)
            known.update(node.outputs)

    def node(self, table: Any, tensors: Sequence[Tensor], place: str) -> Node:
        bounds = self.bounds
        with bounds.reading(place):
            sides = [bounds.numbers(table, side, MOST_OPERANDS, place) for side in ("Inputs", "Outputs")]
            code = table.OpcodeIndex()
            kind = table.BuiltinOptionsType()
            if code >= len(self.codes):
                raise self.error(f"an operator code below {len(self.codes)}", code, place)
            for k in sides[0] + sides[1]:
                if k != -1 or k in sides[1]:
                    self.check_number(k, tensors, place)
            union = table.BuiltinOptions() if kind else None
            if kind not in members("BuiltinOptions") or (kind and union is None):
                raise self.error("options of a known kind", kind, place)
            attributes = {} if union is None else bounds.options(members("BuiltinOptions")[kind], union, place)
        for name in [each for each in attributes if each.endswith(INNER)]:
            attributes[name.removesuffix(INNER)] = self.inside(attributes.pop(name), place)
        read = [None if k == -1 else tensors[k] for k in sides[0]]
        made = [tensors[k] for k in sides[1]]
        for name, side in (("given", read), ("made", made)):
            if any(each is not None and each.quantization for each in side):
                attributes[name] = [each and each.quantization for each in side]
        attributes["dtypes"] = [each.dtype for each in made]
        inputs, outputs = tuple("" if each is None else each.name for each in read), tuple(each.name for each in made)
        return Node(self.codes[code], DOMAIN, next(iter(outputs), ""), inputs, outputs, attributes)

    # Tensors

    def tensor(self, table: Any, name: str, place: str) -> Tensor:
        bounds = self.bounds
        dtype = DTYPES.get(table.Type())
        if dtype is None:
            raise self.error(f"a dtype among {', '.join(DTYPES.values())}", table.Type(), place)
        shape = bounds.numbers(table, "Shape", MOST_AXES, place)
        signature = bounds.numbers(table, "ShapeSignature", MOST_AXES, place)
        if signature and len(signature) != len(shape):
            raise self.error(f"a shape signature of {len(shape)} axes", signature, place)
        if any(extent < 0 for extent in shape) or any(extent < -1 for extent in signature):
            raise self.error("lengths from 0 up", shape, place)
        quantization = self.quantization(table, dtype, shape, place)
        array = self.constant(table, dtype, tuple(shape), place)
        opened = tuple(None if extent == -1 else extent for extent in signature) if signature else tuple(shape)
        return Tensor(name, dtype, opened, quantization, array, bool(table.IsVariable()) and array is None)

    def quantization(self, table: Any, dtype: str, shape: list[int], place: str) -> Quantization | None:
        said = table.Quantization()
        if said is None:
            return None
        bounds = self.bounds
        bounds.check_table(said, f"{place} quantization")
        scales, zeros = (bounds.numbers(said, each, MOST_CHANNELS, place) for each in ("Scale", "ZeroPoint"))
        axis = said.QuantizedDimension()
        if said.DetailsType():
            raise UnsupportedOp("TensorFlow Lite file", expected="scales and zero points",
                                got="a custom quantization", at=f"{bounds.at}, {place}")  # fmt: skip
        if not scales or dtype not in ("int8", "uint8", "int16", "int32", "int4"):
            return None
        zeros = zeros or [0] * len(scales)
        if len(zeros) == 1 and len(scales) > 1:
            zeros = zeros * len(scales)
        low, high = (0, 255) if dtype == "uint8" else (-128, 127) if dtype in ("int8", "int4") else (-(2**31), 2**31)
        if len(zeros) != len(scales) or not all(low <= each <= high for each in zeros):
            raise self.error(f"{len(scales)} zero points of {dtype}", zeros[:8], place)
        if not all(isfinite(each) and each > 0 for each in scales):
            if dtype == "int32":  # a bias: its scale is that of its product
                return None
            raise self.error("scales above 0", scales[:8], place)
        if len(scales) == 1:
            return {"dtype": dtype, "scale": scales[0], "zero": zeros[0]}
        if not 0 <= axis < len(shape) or shape[axis] != len(scales):
            raise self.error(f"a scale for each place of an axis of {shape}", f"{len(scales)} along {axis}", place)
        return {"dtype": dtype, "scale": scales, "zero": zeros, "axis": axis}

    def constant(self, table: Any, dtype: str, shape: tuple[int, ...], place: str) -> Any:
        """The content of a tensor that has some."""
        number = table.Buffer()
        if number >= len(self.buffers):
            raise self.error(f"a buffer below {len(self.buffers)}", number, place)
        data = self.content(self.buffers[number], f"{place} buffer {number}") if number else None
        if data is None or table.IsVariable():
            return None
        if dtype in ("string", "resource", "variant", "complex64", "complex128"):
            raise UnsupportedOp("TensorFlow Lite file", expected="constants of numbers", got=dtype, at=self.bounds.at)
        if table.Sparsity() is not None:
            expected = "dense tensors"
            raise UnsupportedOp("TensorFlow Lite file", expected=expected, got="a sparse one",
                                do="convert the model without sparsity", at=f"{self.bounds.at}, {place}")  # fmt: skip
        return self.array(data, dtype, shape, place)

    def array(self, data: Any, dtype: str, shape: tuple[int, ...], place: str) -> Any:
        import numpy

        held = numpy.dtype(LAYOUT.get(dtype, dtype))
        count = prod(shape)
        size = -(-count // 2) if dtype == "int4" else count * held.itemsize
        if len(data) != size:
            raise self.error(f"{size} bytes for {dtype}{list(shape)}", len(data), place)
        self.constants += count * max(held.itemsize, 4 if dtype in ("float16", "bfloat16") else 1)
        if self.constants > MOST_REPEATED * len(self.bounds.data):
            raise self.error("buffers that are not read over and over", f"{self.constants} bytes", place)
        found = data.view(held) if data.ctypes.data % held.itemsize == 0 else data.copy().view(held)
        if dtype == "bfloat16":
            return (found.astype("uint32") << 16).view("float32").reshape(shape)
        if dtype == "int4":
            pair = numpy.stack([found << 4, found & 0xF0], -1).view("int8") >> 4
            return pair.reshape(-1)[:count].reshape(shape)
        return found.reshape(shape)

    def zeros(self, tensor: Tensor, place: str) -> Any:
        """With what a variable begins, at each call."""
        import numpy

        shape = tuple(extent for extent in tensor.shape if isinstance(extent, int))
        if len(shape) != len(tensor.shape) or prod(shape) > MOST_VARIABLE or tensor.dtype not in VARIABLES:
            expected = f"variables of {', '.join(VARIABLES)}, of at most {MOST_VARIABLE} numbers"
            raise self.error(expected, f"{tensor.dtype}{list(tensor.shape)}", f"{place} {tensor.name!r}")
        return numpy.zeros(shape, tensor.dtype)

    def content(self, buffer: Any, place: str) -> Any:
        """The bytes of a buffer, inside the flatbuffer or behind it; None for none."""
        import numpy

        length = buffer.DataLength()
        if length:
            if length > len(self.bounds.data):
                raise self.error("a length inside the file", length, place)
            found = buffer.DataAsNumpy()
            return found
        offset, size = buffer.Offset(), buffer.Size()
        if offset <= 1:  # 0 and 1 mean none
            return None
        if offset + size > len(self.bounds.data):
            raise self.error(f"a place in {len(self.bounds.data)} bytes", f"{size} at {offset}", place)
        return numpy.frombuffer(self.bounds.data, "uint8", size, offset)

    def metadata(self) -> bytes | None:
        """The bytes of the metadata, a flatbuffer of its own."""
        bounds = self.bounds
        with bounds.reading("metadata"):
            for each in bounds.several(self.root, "Metadata", 1000, "metadata"):
                if bounds.word(each.Name(), "metadata") == METADATA:
                    if each.Buffer() >= len(self.buffers):
                        raise self.error(f"a buffer below {len(self.buffers)}", each.Buffer(), "metadata")
                    found = self.content(self.buffers[each.Buffer()], "metadata")
                    return None if found is None else found.tobytes()
        return None


def slot(tensor: Tensor) -> Slot:
    return Slot(tensor.name, tensor.dtype, tensor.shape)


def cut(graph: Graph, outputs: Cut) -> Graph:
    """The graph with the nodes that its outputs need, which may be any tensors in it. A mapping that says what outputs
    of the file mean cuts nothing."""
    ends = graph.outputs
    if outputs is not None and not (isinstance(outputs, Mapping) and {*outputs} <= {each.name for each in ends}):
        made = {name for node in graph.nodes for name in node.outputs}
        if unknown := [name for name in outputs if name not in made]:
            near = [name for name in made if any(word in name or name in word for word in unknown)]
            expected = f"names of tensors that nodes make, such as {sorted(near or made)[:8]}"
            raise UnknownNameError("outputs", expected=expected, got=unknown)
        known = {each.name: each for each in graph.outputs}
        ends = tuple(known.get(name, Slot(name)) for name in dict.fromkeys(outputs))
    wanted = {each.name for each in ends}
    nodes: list[Node] = []
    for node in reversed(graph.nodes):
        if wanted & set(node.outputs):
            nodes.append(node)
            wanted.update(node.inputs)
    tensors = {name: array for name, array in graph.tensors.items() if name in wanted}
    return Graph(graph.name, tuple(reversed(nodes)), graph.inputs, ends, tensors)

"""What is in an ONNX file? Bytes -> records, within bounds; trusts nothing, and knows no operator.

In: a path, or bytes and the folder in which external data may lie. Out: a `Model`. Tensors become NumPy arrays.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import prod
from pathlib import Path
from typing import Any

from fanlight.errors import ModelFormatError, UnsupportedOp
from fanlight.importers.files import LARGEST_FILE, whole_file
from fanlight.importers.graphs.records import MOST_AXES, Extent, Function, Graph, Model, Node, Reference, Slot

MOST_NODES = 100_000
DEEPEST = 16  # graphs inside nodes inside graphs
DEFAULT_OPSET = 1  # of a file that says none
STANDARD = ("", "ai.onnx")  # two names of one domain


def read_file(path: Path) -> Model:
    """The model in a file. Raises ModelFormatError where it is broken, StorageError where it is not there."""
    return read_bytes(whole_file(path, "ONNX file", "an ONNX file"), str(path), path.parent)


def read_bytes(data: bytes, at: str, folder: Path | None = None) -> Model:
    """The model in the bytes of a file; `at` names it in messages."""
    try:
        from google.protobuf.message import DecodeError
        from onnx import ModelProto
    except ImportError as error:
        do = 'install it: pip install "fanlight[onnx]"'
        raise UnsupportedOp("load", expected="the package onnx, to read .onnx", got="none", do=do) from error
    try:
        proto = ModelProto.FromString(data)
    except DecodeError as error:
        raise ModelFormatError("ONNX file", expected="a whole model", got=error, at=at) from error
    if not proto.HasField("graph"):
        raise ModelFormatError("ONNX file", expected="a graph", got="none", at=at)
    return Reader(at, folder).model(proto)


class Reader:
    """Reads one file; counts what it has seen."""

    def __init__(self, at: str, folder: Path | None):
        self.at, self.folder = at, folder
        self.nodes = 0

    def error(self, expected: object, got: object, place: str = "") -> ModelFormatError:
        return ModelFormatError("ONNX file", expected=expected, got=str(got)[:200], at=f"{self.at} {place}".strip())

    def word(self, value: Any) -> str:
        """A name; protobuf gives bytes where they are no text."""
        if isinstance(value, bytes):
            raise self.error("names in UTF-8", value)
        return value

    def words(self, values: Iterable[Any]) -> tuple[str, ...]:
        return tuple(map(self.word, values))

    def model(self, proto: Any) -> Model:
        functions = {}
        for each in proto.functions:
            functions[kind_of(self.word(each.domain), self.word(each.name))] = self.function(each)
        opsets = self.opsets(proto.opset_import)
        graph = self.graph(proto.graph, 0)
        return Model(self.at, graph, opsets, functions, proto.ir_version, text(proto.producer_name))

    def opsets(self, entries: Iterable[Any]) -> dict[str, int]:
        found = {standard(self.word(each.domain)): each.version for each in entries}
        found.setdefault("", DEFAULT_OPSET)
        if any(not 0 < version < 1 << 31 for version in found.values()):
            raise self.error("positive versions of operators", found)
        return found

    def function(self, proto: Any) -> Function:
        defaults = {self.word(each.name): self.attribute(each, 1) for each in proto.attribute_proto}
        attributes = dict.fromkeys(self.words(proto.attribute)) | defaults
        nodes = tuple(self.node(each, 1) for each in proto.node)
        names = self.words(proto.input), self.words(proto.output)
        return Function(*names, attributes, nodes, self.opsets(proto.opset_import))

    def graph(self, proto: Any, depth: int) -> Graph:
        if depth > DEEPEST:
            raise self.error(f"graphs at most {DEEPEST} deep", "more")
        if len(proto.sparse_initializer):
            raise UnsupportedOp("ONNX file", expected="dense initializers", got="sparse ones", at=self.at)
        tensors: dict[str, Any] = {}
        for each in proto.initializer:
            name = self.word(each.name)
            if not name or name in tensors:
                raise self.error("a name of its own for each initializer", repr(name))
            tensors[name] = self.tensor(each)
        inputs, outputs = (tuple(self.slot(each, depth) for each in side) for side in (proto.input, proto.output))
        nodes = tuple(self.node(each, depth) for each in proto.node)
        defined = [slot.name for slot in inputs] + [name for node in nodes for name in node.outputs if name]
        if twice := next((name for name, count in counted(defined).items() if count > 1), None):
            raise self.error("each name defined once", f"{twice!r} again")
        if clash := next((name for node in nodes for name in node.outputs if name and name in tensors), None):
            raise self.error("each name defined once", f"{clash!r} again")
        # Before version 4 initializers had to be among the inputs.
        kept = tuple(slot for slot in inputs if slot.name not in tensors)
        return Graph(self.word(proto.name), nodes, kept, outputs, tensors)

    def slot(self, proto: Any, depth: int) -> Slot:
        name = self.word(proto.name)
        if not name:
            raise self.error("names of inputs and outputs", "none")
        kind = proto.type.WhichOneof("value")
        if kind is None:
            return Slot(name)
        if kind != "tensor_type" and depth == 0:
            return Slot(name, kind.removesuffix("_type"))
        if kind != "tensor_type":
            got = f"{name!r} of {kind.removesuffix('_type')}"
            raise UnsupportedOp("ONNX file", expected="tensors", got=got, at=self.at)
        tensor = proto.type.tensor_type
        shape: list[Extent] = []
        for each in tensor.shape.dim:
            length: Extent = {"dim_value": each.dim_value, "dim_param": self.word(each.dim_param) or None}.get(
                str(each.WhichOneof("value"))
            )
            if isinstance(length, int) and length < 0:
                raise self.error("lengths from 0 up", length, f"{name!r}")
            shape.append(length)
        if len(shape) > MOST_AXES:
            raise self.error(f"at most {MOST_AXES} axes", len(shape), f"{name!r}")
        has_shape = tensor.HasField("shape")
        dtype = self.dtype(tensor.elem_type, name) if tensor.elem_type else None
        return Slot(name, dtype, tuple(shape) if has_shape else None)

    def node(self, proto: Any, depth: int) -> Node:
        self.nodes += 1
        if self.nodes > MOST_NODES:
            raise self.error(f"at most {MOST_NODES} nodes", "more")
        attributes: dict[str, Any] = {}
        for each in proto.attribute:
            name = self.word(each.name)
            if name in attributes:
                raise self.error("each attribute once", repr(name), f"{proto.op_type} {proto.name!r}")
            attributes[name] = self.attribute(each, depth)
        kind = self.word(proto.op_type), standard(self.word(proto.domain)), self.word(proto.name)
        return Node(*kind, self.words(proto.input), self.words(proto.output), attributes)

    def attribute(self, proto: Any, depth: int) -> Any:
        from onnx import AttributeProto as Kind

        if proto.ref_attr_name:
            return Reference(self.word(proto.ref_attr_name))
        match proto.type:
            case Kind.FLOAT:
                return proto.f
            case Kind.INT:
                return proto.i
            case Kind.STRING:
                return text(proto.s)
            case Kind.TENSOR:
                return self.tensor(proto.t)
            case Kind.GRAPH:
                return self.graph(proto.g, depth + 1)
            case Kind.FLOATS:
                return list(proto.floats)
            case Kind.INTS:
                return list(proto.ints)
            case Kind.STRINGS:
                return [text(each) for each in proto.strings]
            case Kind.TENSORS:
                return [self.tensor(each) for each in proto.tensors]
            case Kind.UNDEFINED:  # old files: the field that is set says it
                found = [name for name in ("floats", "ints", "strings") if len(getattr(proto, name))]
                found += [name for name in ("f", "i", "s", "t") if proto.HasField(name)]
                if len(found) == 1:
                    value = getattr(proto, found[0])
                    if found[0] == "t":
                        return self.tensor(value)
                    return text(value) if found[0] == "s" else value if found[0] in "fi" else [*map(plain, value)]
        raise UnsupportedOp("ONNX file", expected="numbers, strings, tensors and graphs as attributes",
                            got=f"{proto.name!r} of kind {proto.type}", at=self.at)  # fmt: skip

    def dtype(self, number: int, name: str) -> str:
        from onnx import TensorProto
        from onnx.helper import tensor_dtype_to_np_dtype

        if number == TensorProto.STRING:
            return "string"
        try:
            return str(tensor_dtype_to_np_dtype(number))
        except KeyError:
            raise self.error("a known dtype", number, repr(name)) from None

    def tensor(self, proto: Any) -> Any:
        """A tensor as an array; of strings as one of objects."""
        import numpy
        from onnx import TensorProto, numpy_helper

        place = f"tensor {proto.name!r}"
        shape = tuple(proto.dims)
        if len(shape) > MOST_AXES or any(extent < 0 for extent in shape):
            raise self.error(f"at most {MOST_AXES} axes of lengths from 0 up", shape, place)
        dtype = self.dtype(proto.data_type, proto.name)
        if dtype == "string":
            if len(proto.string_data) != prod(shape):
                raise self.error(f"{prod(shape)} strings", len(proto.string_data), place)
            return numpy.array([text(each) for each in proto.string_data], object).reshape(shape)
        bits = 4 if proto.data_type in (TensorProto.INT4, TensorProto.UINT4) else 8 * numpy.dtype(dtype).itemsize
        size = -(-prod(shape) * bits // 8)
        if size > LARGEST_FILE:
            raise self.error("at most 4 GiB", f"{size} bytes", place)
        if proto.data_location == TensorProto.EXTERNAL:
            return self.external(proto, size, place, dtype, shape)
        held = len(proto.raw_data) if proto.HasField("raw_data") else None
        if held is not None and held != size:
            raise self.error(f"{size} bytes for {shape}", held, place)
        try:
            return numpy_helper.to_array(proto)
        except (ValueError, TypeError, OverflowError) as error:
            raise self.error(f"{prod(shape)} numbers for {shape}", error, place) from error

    def external(self, proto: Any, size: int, place: str, dtype: str, shape: tuple[int, ...]) -> Any:
        """A tensor whose bytes lie in another file of the same folder."""
        import numpy

        said = {text(each.key): text(each.value) for each in proto.external_data}
        location = said.get("location", "")
        if self.folder is None:
            raise self.error("all tensors in the file itself", f"external data {location!r}", place)
        root = self.folder.resolve()
        try:
            path = (root / location).resolve()
            is_inside = bool(location) and path.is_relative_to(root) and path.is_file()
            offset, length = int(said.get("offset", 0)), int(said.get("length", size))
        except (ValueError, OSError) as error:
            raise self.error("a place in the model's folder", said, place) from error
        if not is_inside:
            raise self.error("external data in the model's own folder", repr(location), place)
        if length != size or offset < 0 or offset + length > path.stat().st_size:
            got = f"{length} at {offset} of {path.stat().st_size}"
            raise self.error(f"{size} bytes in the file", got, place)
        return numpy.fromfile(path, dtype, prod(shape), offset=offset).reshape(shape)


def standard(domain: str) -> str:
    return "" if domain in STANDARD else domain


def kind_of(domain: str, name: str) -> str:
    return f"{standard(domain)}.{name}" if standard(domain) else name


def text(data: Any) -> str:
    return data.decode("utf-8", "replace") if isinstance(data, bytes) else str(data)


def plain(value: Any) -> Any:
    return text(value) if isinstance(value, bytes) else value


def counted(names: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for name in names:
        found[name] = found.get(name, 0) + 1
    return found

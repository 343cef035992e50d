"""How does a network become an ONNX file? The nodes that it came from, with the weights of now; and a new head, if any.

In: a network that was read from an ONNX file, and its arrays by path. Out: the bytes of a file. Layers that ONNX has no
operator for in `WRITERS` are refused by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fanlight.errors import UnsupportedOp
from fanlight.layers.base import Layer, Symbol
from fanlight.layers.calling import Call
from fanlight.layers.input import InputLayer
from fanlight.layers.meanings import Image
from fanlight.layers.network import Network

IR_VERSION = 8  # of a file whose source says none


def onnx_file(network: Network, arrays: Mapping[str, Any]) -> bytes:
    """The bytes of an ONNX file. Raises UnsupportedOp for a network that did not come from one, and with the names of
    all layers that cannot be written."""
    import onnx
    from onnx import helper

    source = network.source
    if source.get("format") != "onnx":
        do = "save it as .keras, or as a folder"
        raise UnsupportedOp("save", expected="a model that was loaded from an ONNX file", got=network.label, do=do)
    writer = Writer(network, arrays, max(int(source["opsets"].get("", 13)), 7))
    writer.run()
    graph = helper.make_graph(
        writer.nodes, network.name or "graph", writer.inputs(), writer.outputs(), list(writer.tensors.values())
    )
    opsets = [helper.make_opsetid(domain, version) for domain, version in source["opsets"].items()]
    model = helper.make_model(graph, opset_imports=opsets, producer_name="fanlight")
    model.ir_version = max(int(source.get("ir_version") or IR_VERSION), 4)
    data: bytes = onnx.ModelProto.SerializeToString(model)
    return data


@dataclass
class Writer:
    """What has been written so far: nodes, and tensors by name."""

    network: Network
    arrays: Mapping[str, Any]
    opset: int
    nodes: list[Any] = field(default_factory=list)
    tensors: dict[str, Any] = field(default_factory=dict)
    names: dict[tuple[Call, int], str] = field(default_factory=dict)

    def run(self) -> None:
        missing = [
            f"{layer.name} ({layer.kind})"
            for layer in self.network.layers
            if is_tabled(layer)
            or not (hasattr(layer, "node") or layer.kind in WRITERS or is_turned_input(self.network, layer))
        ]
        if missing:
            expected = f"layers that ONNX files hold, {', '.join(WRITERS)}"
            raise UnsupportedOp("save", expected=expected, got=", ".join(missing))
        for call in self.network.calls:
            if hasattr(call.layer, "node"):
                self.node(call)
            elif is_turned_input(self.network, call.layer):  # pictures are channels-first in the file
                (x,) = call.inputs
                self.names[call, 0] = self.names[x.call, 0]
            else:
                self.names[call, 0] = WRITERS[call.layer.kind](self, call, call.layer)

    def name(self, symbol: Symbol) -> str:
        return self.names[symbol.call, symbol.position]

    def tensor(self, name: str, array: Any) -> str:
        from onnx import numpy_helper

        self.tensors[name] = numpy_helper.from_array(array, name)
        return name

    def add(self, op: str, inputs: list[str], output: str, **attributes: Any) -> str:
        """A node of the standard with one output."""
        from onnx import helper

        self.nodes.append(helper.make_node(op, inputs, [output], output, **attributes))
        return output

    def weight(self, layer: Layer, name: str) -> str:
        """A weight of one of Fanlight's own layers as a tensor."""
        path = layer.weight_path(str(layer.name), name)
        return self.tensor(path, self.arrays[path])

    def node(self, call: Call) -> None:
        """The node that a layer came from."""
        layer: Any = call.layer
        node, sources = layer.node, layer.operands
        inputs = list(node.inputs)
        for position, source in enumerate(sources):
            name = (*node.inputs, *node.captures)[position]
            if isinstance(source, int):
                found = self.name(call.inputs[source])
                if position >= len(inputs) and found != name:
                    raise UnsupportedOp("save", expected="graphs inside nodes under their old names", got=node.label)
                if position < len(inputs):
                    inputs[position] = found
            elif source is not None:
                self.tensor(name, self.arrays[source["weight"]] if "weight" in source else source["value"])
        self.nodes.append(node_proto(node, inputs))
        for position, name in enumerate(filter(None, node.outputs)):
            self.names[call, position] = name

    def inputs(self) -> list[Any]:
        """What the graph takes, as the file declared it."""
        from onnx import helper

        found = []
        for name, symbol in zip(self.network.input_names, self.network.inputs, strict=True):
            old = self.network.source["inputs"][name]
            found.append(helper.make_tensor_value_info(old["name"], elem_type(old["dtype"]), old["shape"]))
            self.names.setdefault((symbol.call, symbol.position), old["name"])
        return found

    def outputs(self) -> list[Any]:
        """What the graph gives, under the names of the file, or of the new head."""
        from onnx import helper

        olds = self.network.source["outputs"]
        found = []
        for name, symbol in zip(self.network.output_names, self.network.outputs, strict=True):
            wanted, have = olds.get(name, name), self.name(symbol)
            if have != wanted:
                self.add("Identity", [have], wanted)
            shape = [each if isinstance(each, int) else repr(each) for each in symbol.shape]
            found.append(helper.make_tensor_value_info(wanted, elem_type(symbol.dtype), shape))
        return found


def elem_type(dtype: str) -> int:
    import numpy
    from onnx.helper import np_dtype_to_tensor_dtype

    return int(np_dtype_to_tensor_dtype(numpy.dtype(dtype)))


def is_tabled(layer: Any) -> bool:
    """Is it a node whose attributes have become weights, which have no way back?"""
    return hasattr(layer, "node") and "tables" in layer.node.attributes


def is_turned_input(network: Network, layer: Layer) -> bool:
    """Is it what takes pictures, channels last, to the channels-first input of the file?"""
    if layer.kind != "Operation":
        return False
    (call,) = (each for each in network.calls if each.layer is layer)
    first = call.inputs[0].layer if call.inputs else None
    return isinstance(first, InputLayer) and isinstance(first.meaning, Image)


def node_proto(node: Any, inputs: list[str]) -> Any:
    from onnx import helper

    attributes = {name: attribute(each) for name, each in node.attributes.items() if name not in ("opset", "types")}
    return helper.make_node(node.op, inputs, list(node.outputs), node.name, domain=node.domain, **attributes)


def attribute(value: Any) -> Any:
    """An attribute as protobuf has it: arrays as tensors, graphs with their nodes."""
    from onnx import helper, numpy_helper

    if hasattr(value, "dtype"):
        return numpy_helper.from_array(value)
    if not hasattr(value, "nodes"):
        return value
    inputs, outputs = (
        [
            helper.make_tensor_value_info(slot.name, elem_type(slot.dtype), slot.shape)
            if slot.dtype
            else helper.make_value_info(slot.name, helper.make_tensor_type_proto(1, None))
            for slot in side
        ]
        for side in (value.inputs, value.outputs)
    )
    tensors = [numpy_helper.from_array(array, name) for name, array in value.tensors.items()]
    nodes = [node_proto(each, list(each.inputs)) for each in value.nodes]
    return helper.make_graph(nodes, value.name, inputs, outputs, tensors)


# Layers of a new head


def write_input(writer: Writer, call: Call, layer: Any) -> str:
    return str(writer.network.source["inputs"][str(layer.name)]["name"])


def write_dense(writer: Writer, call: Call, layer: Any) -> str:
    y = writer.add("MatMul", [writer.name(call.inputs[0]), writer.weight(layer, "kernel")], f"{layer.name}/product")
    if layer.use_bias:
        y = writer.add("Add", [y, writer.weight(layer, "bias")], f"{layer.name}/sum")
    return activated(writer, layer, y)


ACTIVATIONS = {"relu": "Relu", "sigmoid": "Sigmoid", "tanh": "Tanh", "softmax": "Softmax", "softplus": "Softplus"}


def activated(writer: Writer, layer: Any, y: str) -> str:
    if layer.activation in (None, "linear"):
        return y
    if layer.activation not in ACTIVATIONS:
        expected = f"an activation of {', '.join(ACTIVATIONS)}"
        raise UnsupportedOp("save", expected=expected, got=f"{layer.activation} in {layer.name}")
    attributes = {"axis": -1} if layer.activation == "softmax" else {}
    return writer.add(ACTIVATIONS[layer.activation], [y], f"{layer.name}/{layer.activation}", **attributes)


def write_activation(writer: Writer, call: Call, layer: Any) -> str:
    return activated(writer, layer, writer.name(call.inputs[0]))


def write_pooling(writer: Writer, call: Call, layer: Any) -> str:
    axes = list(range(1, len(call.inputs[0].shape) - 1))
    x, output = writer.name(call.inputs[0]), f"{layer.name}/mean"
    keep = int(layer.keepdims)
    if writer.opset < 18:
        return writer.add("ReduceMean", [x], output, axes=axes, keepdims=keep)
    import numpy

    return writer.add("ReduceMean", [x, writer.tensor(f"{layer.name}/axes", numpy.array(axes))], output, keepdims=keep)


def write_flatten(writer: Writer, call: Call, layer: Any) -> str:
    return writer.add("Flatten", [writer.name(call.inputs[0])], f"{layer.name}/flat", axis=1)


def write_same(writer: Writer, call: Call, layer: Any) -> str:
    return writer.name(call.inputs[0])


def write_operation(writer: Writer, call: Call, layer: Any) -> str:
    if layer.function != "transpose":
        raise UnsupportedOp("save", expected="fl.transpose alone, of functions", got=layer.label)
    axes = list((layer.options | dict(call.arguments))["axes"])
    return writer.add("Transpose", [writer.name(call.inputs[0])], f"{layer.name}/turned", perm=axes)


WRITERS: dict[str, Callable[[Writer, Call, Any], str]] = {
    "InputLayer": write_input,
    "Dense": write_dense,
    "Activation": write_activation,
    **dict.fromkeys(("GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalAveragePooling3D"), write_pooling),
    "Flatten": write_flatten,
    "Dropout": write_same,
    "Operation": write_operation,
}

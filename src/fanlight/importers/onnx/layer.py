"""What is a node of an ONNX graph among Keras-style layers? A layer whose weights keep the names that the file gave.

So a loaded graph has layers to freeze, to cut at and to list, and its weights are found by PyTorch's names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from fanlight.errors import ModelFormatError
from fanlight.importers.onnx.records import Node, from_json, node_from_json, to_json
from fanlight.importers.onnx.run import constant, run_node
from fanlight.ir.graph import Value
from fanlight.ir.types import Type
from fanlight.layers.base import Layer
from fanlight.layers.context import Context
from fanlight.layers.registered import BUILT_IN

FIRST = re.compile("Conv|.*Pool|BatchNorm|InstanceNorm|GroupNorm|Resize|Upsample|DepthToSpace|SpaceToDepth|LRN")
LAST = re.compile("MatMul|Gemm|LayerNorm|RMSNorm|Attention|Gather|Transpose|Einsum|LSTM|GRU|RNN|Reshape")
KEPT = ("Softmax", "Sigmoid")  # of whose operands losses know a stable form


@dataclass(eq=False, repr=False)
class ONNXNode(Layer):
    """One node. `operands` say, for each input of the node and then for each name that graphs inside it capture, where
    it comes from: a number is the layer's input of that number, a dict with "weight" a state array, with "value" a
    constant, None nothing."""

    node: Any = None
    operands: Any = ()

    def check(self) -> None:
        if not isinstance(self.node, Node):
            self.node = node_from_json(self.node)

    @property
    def kind(self) -> str:
        return self.node.kind

    @property
    def label(self) -> str:
        return self.node.label

    @property
    def channels_first(self) -> bool | None:  # pyright: ignore[reportIncompatibleVariableOverride]  # as its node says
        """ONNX's images are channels-first; sequences of vectors, as products make them, are not."""
        return True if FIRST.match(self.node.op) else False if LAST.match(self.node.op) else None

    @property
    def auto_name(self) -> str:
        return self.node.op.lower()

    def lost(self) -> str | None:
        """Batch normalization and dropout of a file that was exported for inference."""
        outputs = sum(1 for name in self.node.outputs if name)
        if self.node.op == "BatchNormalization" and outputs == 1:
            return "batch normalization goes by its stored statistics"
        is_off = self.node.op == "Dropout" and len([each for each in self.operands if each is not None]) < 3
        return "dropout drops nothing" if is_off else None

    def attributes(self) -> dict[str, Any]:
        own = {"name": self.name, "trainable": self.trainable, "node": to_json(self.node)}
        return {**own, "operands": [to_json(each) for each in self.operands]}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        try:
            return cls(name=config["name"], trainable=config["trainable"], node=config["node"],
                       operands=[from_json(each) for each in config["operands"]])  # fmt: skip
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ModelFormatError("ONNXNode", expected="a node and its operands", got=repr(error)[:120]) from error

    def build(self, *types: Type) -> None:
        for each in self.operands:
            if isinstance(each, Mapping) and "weight" in each:
                role = "parameter" if each["trainable"] else "statistic"
                self.add_weight(each["weight"], each["shape"], "zeros", each["trainable"], role, each["dtype"])

    def weight_path(self, path: str, name: str) -> str:
        parent = path.rpartition("/")[0]
        return f"{parent}/{name}" if parent else name

    def weight(self, context: Context, name: str) -> Value:
        return context.trained(self.weight_path(context.path(""), name), self.weights[name].type)

    def operand(self, context: Context, source: Any, values: tuple[Value, ...]) -> Value | None:
        if isinstance(source, Mapping):
            return self.weight(context, source["weight"]) if "weight" in source else constant(source["value"])
        return None if source is None else values[source]

    def call(self, context: Context, *values: Value) -> tuple[Value, ...]:
        found: list[Value | None] = [self.operand(context, each, values) for each in self.operands]
        count = len(self.node.inputs)
        outer = {name: x for name, x in zip(self.node.captures, found[count:], strict=True) if x is not None}
        first, *rest = run_node(self.node, found[:count], outer, context)
        if self.node.kind == "BatchNormalization" and rest and context.training:
            self.keep_statistics(context, rest[:2])
        if self.node.kind in KEPT and (x := found[0]) is not None:
            context.logits[first] = (self.node.op.lower(), x)
        return tuple(y for y, name in zip((first, *rest), self.node.outputs, strict=False) if name)

    def channel_axes(self, name: str) -> tuple[int, ...]:
        """Which axes of a weight count output channels."""
        last = self.weights[name].type.rank - 1
        held = [each["weight"] if isinstance(each, Mapping) and "weight" in each else None for each in self.operands]
        position = held.index(name)
        match self.node.op:
            case "Conv":
                return (0,)
            case "ConvTranspose":
                return (1,)
            case "Gemm" if position < 2:
                is_turned = bool(self.node.attributes["transB" if position else "transA"])
                return (int(is_turned != bool(position)),)
            case "MatMul" if position == 0:
                return (last - 1,)
            case "LSTM" | "GRU" | "RNN":
                return (0, 1)
        return (last,)

    def keep_statistics(self, context: Context, moved: Sequence[Value]) -> None:
        """Writes the running mean and variance that a batch normalization in training gives."""
        for source, value in zip(self.operands[3:5], moved, strict=True):
            if isinstance(source, Mapping) and "weight" in source:
                context.updates[self.weight_path(context.path(""), source["weight"])] = value


BUILT_IN["ONNXNode"] = ONNXNode

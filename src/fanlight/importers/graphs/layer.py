"""What is a node of a graph among Keras-style layers? A layer whose weights keep the names that the file gave.

So a loaded graph has layers to freeze, to cut at and to list, and its weights are found by the names that their
framework gave them. What depends on operators, each format adds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from fanlight.errors import ModelFormatError
from fanlight.importers.graphs.records import Node, from_json, node_from_json, to_json
from fanlight.importers.graphs.run import Spent, constant, run_node
from fanlight.ir.graph import Value
from fanlight.ir.types import Type
from fanlight.layers.base import Layer
from fanlight.layers.context import Context


@dataclass(eq=False, repr=False)
class GraphNode(Layer):
    """One node. `operands` say, for each input of the node and then for each name that graphs inside it capture, where
    it comes from: a number is the layer's input of that number, a dict with "weight" a state array, with "value" a
    constant, None nothing."""

    node: Any = None
    operands: Any = ()
    spent: Spent | None = field(default=None, init=False)  # while the graph is opened, what all of its loops cost

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
        """Where the channels of its result lie; None where the node does not say."""
        return None

    @property
    def auto_name(self) -> str:
        return self.node.op.lower()

    def lost(self) -> str | None:
        """What of its training a file that was made for inference has lost; None for nothing."""
        return None

    def keep(self, context: Context, operands: Sequence[Value | None], results: Sequence[Value]) -> None:
        """What the node leaves behind beside its results: new statistics, what losses have a stable form of."""

    def attributes(self) -> dict[str, Any]:
        own = {"name": self.name, "trainable": self.trainable, "node": to_json(self.node)}
        return {**own, "operands": [to_json(each) for each in self.operands]}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        try:
            return cls(name=config["name"], trainable=config["trainable"], node=config["node"],
                       operands=[from_json(each) for each in config["operands"]])  # fmt: skip
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ModelFormatError(cls.__name__, expected="a node and its operands", got=repr(error)[:120]) from error

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
        results = run_node(self.node, found[:count], outer, context, self.spent)
        given = tuple(y for y, name in zip(results, self.node.outputs, strict=False) if name)
        if any(not isinstance(y, Value) for y in given):
            raise ModelFormatError(self.label, expected="tensors as outputs", got="a list of tensors")
        self.keep(context, found, results)
        return given

    def position_of(self, name: str) -> int:
        """Which operand a weight is."""
        held = [each["weight"] if isinstance(each, Mapping) and "weight" in each else None for each in self.operands]
        return held.index(name)

    def channel_axes(self, name: str) -> tuple[int, ...]:
        """Which axes of a weight count output channels."""
        return (self.weights[name].type.rank - 1,)

    def write(self, context: Context, position: int, value: Value) -> None:
        """Gives a weight, the operand at that position, a new value; nothing where it is none."""
        source = self.operands[position]
        if isinstance(source, Mapping) and "weight" in source:
            context.updates[self.weight_path(context.path(""), source["weight"])] = value

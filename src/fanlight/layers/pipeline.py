"""Which layer is several in a row? Pipeline, of layers that prepare data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fanlight.errors import UnsupportedOp
from fanlight.ir.graph import Value
from fanlight.layers.base import Layer
from fanlight.layers.context import Context


@dataclass(eq=False, repr=False)
class Pipeline(Layer):
    """The layers one after another, each with one output."""

    layers: Any

    def check(self) -> None:
        from fanlight.layers import LAYERS

        made = []
        for each in self.layers:
            if isinstance(each, Mapping):
                if each["class_name"] not in LAYERS:
                    raise UnsupportedOp(self.label, expected="layers that exist", got=repr(each["class_name"]))
                each = LAYERS[each["class_name"]].from_config(each["config"])
            made.append(each)
        self.layers = tuple(made)
        for layer in self.layers:
            name, number = layer.auto_name, 0
            while f"layers/{name}" in self.parts:
                number += 1
                name = f"{layer.auto_name}_{number}"
            self.add_part(f"layers/{name}", layer)

    def call(self, context: Context, *values: Value) -> Value:
        (x,) = values
        for name in self.parts:
            x = self.run_part(context, name, x)
        return x

"""Which layer is several in a row? Pipeline, of layers that prepare data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fanlight.ir.graph import Value
from fanlight.layers.base import Layer
from fanlight.layers.context import Context
from fanlight.layers.nested import layer_from


@dataclass(eq=False, repr=False)
class Pipeline(Layer):
    """The layers one after another, each with one output."""

    layers: Any

    def check(self) -> None:
        self.layers = tuple(layer_from(each, self) for each in self.layers)
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

"""Which layers do residual blocks of `keras.applications` have, beyond those of keras.layers? Names are Keras's."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from fanlight.ir.graph import Value
from fanlight.ir.types import Shape, Type
from fanlight.layers.base import Layer
from fanlight.layers.context import Context
from fanlight.layers.dropout import Dropping
from fanlight.layers.initializers import Constant


@dataclass(eq=False, repr=False)
class LayerScale(Layer):
    """x times a trained factor for each channel, which begins at `init_values` (Touvron et al. 2021)."""

    init_values: float
    projection_dim: int

    def build(self, *types: Type) -> None:
        if types[0].shape[-1:] != (self.projection_dim,):
            raise self.error(f"{self.projection_dim} channels last", types[0])
        self.add_weight("gamma", (self.projection_dim,), Constant(self.init_values))

    def call(self, context: Context, *values: Value) -> Value:
        return values[0] * self.weight(context, "gamma")


@dataclass(eq=False, repr=False)
class StochasticDepth(Dropping):
    """In training whole samples are set to 0 with probability `drop_path_rate`, the others divided by 1 - that rate
    (Huang et al. 2016)."""

    drop_path_rate: float

    seed: int | None = field(default=None, init=False)

    strength: ClassVar[str] = "drop_path_rate"

    def drawn(self, x: Value) -> Shape:
        return (x.shape[0], *(1,) * (x.rank - 1))

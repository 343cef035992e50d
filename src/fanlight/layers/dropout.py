"""Which layer forgets on purpose? Dropout, whose rate is state and can be changed without compiling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fanlight.errors import UnsupportedOp
from fanlight.ir.graph import Value
from fanlight.ir.types import Type
from fanlight.layers.base import Layer
from fanlight.layers.context import Context
from fanlight.layers.initializers import Constant
from fanlight.ops import functions as fn


@dataclass(eq=False, repr=False)
class Dropout(Layer):
    """In training, sets elements to 0 with probability `rate` and divides the others by 1 - rate; otherwise x itself.

    `noise_shape` (None: that of x) has 1 where one draw serves a whole axis, as in Keras.
    """

    rate: float
    noise_shape: Any = None
    seed: int | None = None

    def check(self) -> None:
        if not 0 <= self.rate <= 1:
            raise self.error("a rate from 0 to 1", self.rate)
        if self.noise_shape is not None:
            self.noise_shape = tuple(self.noise_shape)

    def build(self, *types: Type) -> None:
        if self.noise_shape is not None and len(self.noise_shape) != types[0].rank:
            raise UnsupportedOp(self.label, expected=f"a noise_shape of rank {types[0].rank}", got=self.noise_shape)
        self.add_weight("rate", (), Constant(self.rate), role="hyperparameter")

    def call(self, context: Context, *values: Value) -> Value:
        (x,) = values
        if not context.training:
            return x
        keep = 1 - self.weight(context, "rate")
        given = self.noise_shape or (None,) * x.rank
        shape = tuple(own if each is None else each for own, each in zip(x.shape, given, strict=True))
        kept = fn.broadcast_to(fn.random_uniform(context.random_key(self.seed), shape) < keep, x.shape)
        # Where nothing is kept, x / keep and its gradient are not used, but must not be NaN.
        return fn.where(kept, x / fn.maximum(keep, 1e-7), 0.0)

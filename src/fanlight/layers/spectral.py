"""How is the largest gain of a layer kept at 1? SpectralNormalization divides its kernel by its largest singular value.

In: a layer with a `kernel` or `embeddings`. Out: what that layer gives.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fanlight.errors import UnsupportedOp
from fanlight.ir.graph import Value
from fanlight.ir.types import Type
from fanlight.layers.base import Layer
from fanlight.layers.context import Context
from fanlight.layers.initializers import TruncatedNormal
from fanlight.layers.nested import layer_from
from fanlight.ops import functions as fn

KERNELS = ("kernel", "embeddings")


@dataclass(eq=False, repr=False)
class SpectralNormalization(Layer):
    """A layer whose kernel, as a matrix of its last axis, is divided by its largest singular value at the begin of each
    training step (Miyato and others 2018); the optimizer goes on from there. `power_iterations` estimate that value,
    from the statistic `vector_u` that the last step left.

    Differs: a frozen layer, and one that is called again in the same step, is not divided. On JAX, Keras divides for
    the loss alone, and keeps what was; here it is as with its other backends. Embeddings of integers stay floats.
    """

    layer: Any
    power_iterations: int = 1

    def check(self) -> None:
        if not isinstance(self.power_iterations, int) or self.power_iterations < 1:
            raise self.error("a positive number of power_iterations", repr(self.power_iterations))
        self.layer = self.add_part("layer", layer_from(self.layer, self))

    def build(self, *types: Type) -> None:
        self.layer.ensure_built(*types)
        names = [name for name in KERNELS if name in self.layer.weights]
        if not names:
            expected = "a layer with a weight called kernel or embeddings"
            raise UnsupportedOp(self.label, expected=expected, got=self.layer.label)
        self.kernel = names[0]
        shape = (1, self.layer.weights[self.kernel].type.shape[-1])
        self.add_weight("vector_u", shape, TruncatedNormal(stddev=0.02), role="statistic")

    @property
    def saved_too(self) -> tuple[str, ...]:
        return (f"layer/{self.kernel}",)

    def call(self, context: Context, inputs: Value) -> Value:
        if context.training and self.layer.trainable:
            self.normalize(context)
        return self.run_part(context, "layer", inputs)

    def normalize(self, context: Context) -> None:
        """Let the kernel of this step be divided by its largest singular value."""
        u = self.weight(context, "vector_u")
        with context.scope("layer"):
            kernel = self.layer.weight(context, self.kernel)
            if context.is_replaced(self.kernel):
                return
            rows = fn.reshape(kernel, (-1, u.shape[1]))
            old, v = u, u
            for _ in range(self.power_iterations):
                v = unit(fn.matmul(u, fn.transpose(rows)))
                u = unit(fn.matmul(v, rows))
            u, v = fn.stop_gradient(u), fn.stop_gradient(v)
            is_zero = fn.all(fn.equal(kernel, 0.0))
            sigma = fn.reshape(fn.matmul(fn.matmul(v, rows), fn.transpose(u)), ())
            context.replace(self.kernel, kernel / fn.where(is_zero, 1.0, sigma))
        context.update("vector_u", fn.where(is_zero, old, u))


def unit(row: Value) -> Value:
    """A row `[1, n]` of length 1."""
    return fn.normalize(row, axis=-1, epsilon=1e-7)  # keras.config.epsilon()

"""What do activations compute? Keras's activation functions by name.

A table; where Keras leaves a kink or a constant open, the row says what its JAX backend does. Knows no layer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fanlight.errors import UnknownNameError
from fanlight.ir.graph import Value
from fanlight.layers.context import Context
from fanlight.ops import functions as fn


def linear(x: Value) -> Value:
    return x


ACTIVATIONS: dict[str, Callable[[Value], Value]] = {
    "linear": linear,
    "relu": fn.relu,
    "relu6": fn.relu6,
    "leaky_relu": fn.leaky_relu,
    "elu": fn.elu,
    "selu": fn.selu,
    "sigmoid": fn.sigmoid,
    "hard_sigmoid": fn.hard_sigmoid,
    "tanh": fn.tanh,
    "softmax": fn.softmax,
    "log_softmax": fn.log_softmax,
    "softplus": fn.softplus,
    "softsign": fn.softsign,
    "silu": fn.silu,
    "hard_silu": fn.hard_silu,
    "gelu": lambda x: fn.gelu(x, approximate=False),
    "mish": fn.mish,
    "exponential": fn.exp,
    "celu": fn.celu,
    "hard_shrink": fn.hard_shrink,
    "hard_tanh": fn.hard_tanh,
    "log_sigmoid": fn.log_sigmoid,
    "soft_shrink": fn.soft_shrink,
    "sparse_plus": fn.sparse_plus,
    "sparse_sigmoid": fn.sparse_sigmoid,
    "sparsemax": fn.sparsemax,
    "squareplus": fn.squareplus,
    "tanh_shrink": fn.tanh_shrink,
}
# What files of Keras before 3 and of TensorFlow.js mean, for which Keras 3 has no name.
OLD: dict[str, Callable[[Value], Value]] = {
    "hard_sigmoid_2": lambda x: fn.clip(x * 0.2 + 0.5, 0.0, 1.0),
    "gelu_new": lambda x: fn.gelu(x, approximate=True),
}
ACTIVATIONS |= OLD
ALIASES = {"swish": "silu", "hard_swish": "hard_silu"}


def get(identifier: Any) -> str:
    """The name in ACTIVATIONS; None is `linear`."""
    name = "linear" if identifier is None else identifier
    name = ALIASES.get(name, name) if isinstance(name, str) else getattr(name, "__name__", repr(name))
    if name not in ACTIVATIONS:
        raise UnknownNameError("activation", expected=f"one of {', '.join(ACTIVATIONS)}", got=repr(identifier))
    return name


def activate(context: Context, identifier: Any, x: Value) -> Value:
    """The activation of that name, None for none, of x. The context remembers what a sigmoid or a softmax over the
    last axis was applied to, so that a crossentropy can start from there."""
    name = get(identifier)
    y = ACTIVATIONS[name](x)
    if name in ("sigmoid", "softmax"):
        context.logits[y] = (name, x)
    return y

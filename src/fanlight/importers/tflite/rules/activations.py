"""What do TensorFlow Lite's activations mean? Those that are nodes, and those that are fused into others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import fanlight.importers.tensorflow.rules.activations as tensorflow
from fanlight.importers.tflite.rules.fixed import ENDS, away, dequantized, quantized, requantized, single
from fanlight.importers.tflite.rules.table import given, is_quantized, made, op
from fanlight.ir.graph import Value
from fanlight.ops import functions as fn

CLAMPS = {"RELU": (0.0, None), "RELU6": (0.0, 6.0), "RELU_N1_TO_1": (-1.0, 1.0), "RELU_0_TO_1": (0.0, 1.0)}


def between(x: Value, low: float | None, high: float | None) -> Value:
    if (low, high) == (0.0, None):
        return fn.relu(x)
    return fn.relu6(x) if (low, high) == (0.0, 6.0) else fn.clip(x, low, high)


def activated(use: Any, x: Value) -> Value:
    """A float result with what its node has fused into it."""
    name = use["fused_activation_function"] or "NONE"
    if name == "NONE":
        return x
    if name in CLAMPS:
        return between(x, *CLAMPS[name])
    if name == "TANH":
        return fn.tanh(x)
    raise use.refuse(f"a fused activation of {', '.join(['NONE', *CLAMPS, 'TANH'])}", name)


def fused_ends(use: Any, said: dict[str, Any]) -> tuple[int, int]:
    """The least and the largest 8-bit number that a fused activation lets through."""
    name = use["fused_activation_function"] or "NONE"
    if name != "NONE" and name not in CLAMPS:
        raise use.refuse(f"a fused activation of {', '.join(['NONE', *CLAMPS])} of 8-bit numbers", name)
    return ends_of(name, said)


def ends_of(name: str, said: dict[str, Any]) -> tuple[int, int]:
    least, most = ENDS[said["dtype"]]
    low, high = CLAMPS.get(name, (None, None))

    def level(x: float) -> int:
        return said["zero"] + away(single(x / said["scale"]))

    return (
        least if low is None else max(least, min(level(low), most)),
        most if high is None else min(most, max(level(high), least)),
    )


def clamp(name: str) -> Callable[..., Value]:
    def run(use: Any, x: Value) -> Value:
        old, new = given(use, 0), made(use)
        if not is_quantized(use) or old is None or new is None or x.dtype == "float32":
            return between(x, *CLAMPS[name])
        return fn.clip(requantized(x, old, new), *ends_of(name, new))

    return run


for _name in CLAMPS:
    op(_name, bytes_="own")(clamp(_name))
op("PRELU", parameters=(1,))(tensorflow.parametric_relu)
op("LEAKY_RELU", bytes_="table")(tensorflow.leaky_relu)
op("LOG_SOFTMAX")(tensorflow.log_softmax)


@op("LOGISTIC", bytes_="table")
def logistic(use: Any, x: Value) -> Value:
    return fn.sigmoid(x)


@op("TANH", bytes_="table")
def tanh(use: Any, x: Value) -> Value:
    return fn.tanh(x)


@op("ELU", bytes_="table")
def elu(use: Any, x: Value) -> Value:
    return tensorflow.elu(x)


@op("GELU", bytes_="table")
def gelu(use: Any, x: Value) -> Value:
    return fn.gelu(x, approximate=bool(use["approximate"]))


@op("HARD_SWISH", bytes_="table")
def hard_swish(use: Any, x: Value) -> Value:
    return fn.multiply(x, fn.multiply(fn.relu6(fn.add(x, 3.0)), 1 / 6))


@op("SOFTMAX", bytes_="own")
def softmax(use: Any, x: Value) -> Value:
    beta = 1.0 if use["beta"] is None else use["beta"]
    old, new = given(use, 0), made(use)
    if is_quantized(use):
        if old is None or new is None:
            raise use.refuse("8-bit numbers with scales on both sides", x.type)
        x = dequantized(x, old)
    y = fn.softmax(x if beta == 1 else fn.multiply(x, beta))
    return y if new is None or old is None else quantized(y, new)

"""What do ONNX's random operators mean? Numbers drawn anew at each call, from the context's keys.

The standard says no generator: with a seed, too, numbers differ from those of other runtimes.
"""

from __future__ import annotations

from typing import Any

from fanlight.importers.graphs.table import rule
from fanlight.importers.onnx.rules.elementwise import dtype_named
from fanlight.ir.graph import Value
from fanlight.ops import functions as fn


def key_of(use: Any) -> Value:
    return use.context.random_key(use["seed"])


def dtype_of(use: Any, default: str) -> str:
    return default if use["dtype"] is None else dtype_named(use, use["dtype"])


def uniform(use: Any, shape: Any, dtype: str) -> Value:
    return fn.cast(fn.random_uniform(key_of(use), shape, use["low"], use["high"]), dtype)


def normal(use: Any, shape: Any, dtype: str) -> Value:
    return fn.cast(fn.random_normal(key_of(use), shape, use["mean"], use["scale"]), dtype)


@rule("RandomUniform")
def random_uniform(use: Any) -> Value:
    return uniform(use, tuple(use["shape"]), dtype_of(use, "float32"))


@rule("RandomUniformLike")
def random_uniform_like(use: Any, x: Value) -> Value:
    return uniform(use, x.shape, dtype_of(use, x.dtype))


@rule("RandomNormal")
def random_normal(use: Any) -> Value:
    return normal(use, tuple(use["shape"]), dtype_of(use, "float32"))


@rule("RandomNormalLike")
def random_normal_like(use: Any, x: Value) -> Value:
    return normal(use, x.shape, dtype_of(use, x.dtype))


@rule("Bernoulli")
def bernoulli(use: Any, x: Value) -> Value:
    return fn.cast(fn.random_bernoulli(key_of(use), x.shape, x), dtype_of(use, x.dtype))


@rule("Multinomial")
def multinomial(use: Any, x: Value) -> Value:
    return fn.cast(fn.random_categorical(key_of(use), x, use["sample_size"]), dtype_of(use, "int32"))

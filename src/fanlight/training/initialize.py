"""How does training begin? The graph `init`: from one seed to the first content of every state array.

Each weight's key depends on the seed and on its own path alone, so a model with one more layer starts the others
alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from zlib import crc32

from fanlight.ir.graph import Graph, Input, Value, apply
from fanlight.ir.module import StateSpec
from fanlight.layers.base import Weight
from fanlight.layers.context import KEY, KEY_TYPE
from fanlight.ops import functions as fn


def initialize(weights: Mapping[str, Weight], others: Mapping[str, StateSpec]) -> Graph:
    """`init`: takes `seed` (uint32[2]), writes the weights by their initializers all other state by its `initial`."""
    seed = apply(Input("seed", KEY_TYPE))
    writes: dict[str, Value] = {}
    for path, weight in weights.items():
        key = key_of(seed, path) if weight.initializer.needs_key else seed
        writes[path] = weight.initializer(key, weight.type)
    for path, spec in others.items():
        writes[path] = key_of(seed, KEY) if path == KEY else fn.full(spec.type.shape, spec.initial, spec.type.dtype)
    return Graph((seed,), {}, writes)


def key_of(seed: Value, path: str) -> Value:
    """The key that belongs to a path. CRC-32 (ISO 3309) makes a number of it, the same everywhere."""
    return fn.random_fold_in(seed, crc32(path.encode()))

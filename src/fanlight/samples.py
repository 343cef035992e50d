"""What does a page compare its own results with? Small random inputs of each function, and what they give in Python.

In: a compiled module, its manifest, its weights. Out: arrays by name. Knows no format."""

from __future__ import annotations

import math
import struct
from array import array
from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

from fanlight.arrays import FORMATS, Array, native
from fanlight.bundle.manifest import Function, Manifest, StateSlot
from fanlight.compiler import Compiled
from fanlight.content import engine_of
from fanlight.ir import dim as dims
from fanlight.ir.types import Type

ROWS = 2
LARGE = 16_384  # numbers of a row, from which on one row of one such input says enough
STATE_BYTES = 4096  # larger arrays are told apart well enough by the outputs that depend on them

Arrays = Mapping[str, Any]


def self_test(compiled: Compiled, manifest: Manifest, weights: Arrays) -> dict[str, Any]:
    """One small input for each function with what comes out and, where it is small, the state after the call: what a
    page's `model.selfTest()` compares. Every function begins with the exported state."""
    engine = engine_of(compiled.program, compiled.code)
    begin = dict(weights) | {slot.name: initial_array(slot) for slot in manifest.state if slot.name not in weights}
    rng = Random(0)
    found: dict[str, Any] = {}
    for name, function in manifest.functions.items():
        inputs = sample_inputs(manifest, name, rng, 1 if is_large(function) else ROWS)
        if not inputs:
            continue
        # Training and evaluation take what predict took: it is in the file once.
        shared = {key: found[f"predict/input/{key}"] for key in inputs if f"predict/input/{key}" in found}
        shared = {key: a for key, a in shared.items() if (a.dtype, a.shape) == (inputs[key].dtype, inputs[key].shape)}
        shared = {key: array for key, array in shared.items() if array.size >= LARGE}
        inputs |= shared
        engine.set_state(begin)
        outputs = engine.call(name, inputs)
        small = [key for key in function.writes if begin[key].nbytes <= STATE_BYTES]
        found |= {f"{name}/input/{key}": array for key, array in inputs.items() if key not in shared}
        found |= {f"{name}/output/{key}": array for key, array in outputs.items()}
        found |= {f"{name}/state/{key}": engine.get_state(key) for key in small}
    return found


def is_large(function: Function) -> bool:
    """Whether a row of an input is a picture rather than a few numbers."""
    rows = [[extent for extent in slot.shape if isinstance(extent, int)] for slot in function.inputs]
    return any(math.prod(row) >= LARGE for row in rows)


def sample_inputs(manifest: Manifest, name: str, rng: Random, rows: int = ROWS) -> dict[str, Any]:
    """Random arguments of a function by name, of so many rows; numbers of classes are ones that exist."""
    function = manifest.functions[name]
    sizes = {size.name: min(size.high, max(size.low, rows)) for size in function.sizes}
    return {
        slot.name: sample(Type(slot.dtype, slot.shape), sizes, manifest.meanings.get(slot.name, {}), rng)
        for slot in function.inputs
    }


def sample(type: Type, sizes: Mapping[str, int], meaning: Mapping[str, Any], rng: Random) -> Any:
    shape = tuple(dims.evaluate(extent, sizes) for extent in type.shape)
    count = math.prod(shape)
    numbers: Iterator[Any]
    if type.dtype == "float32":
        numbers = (rng.random() for _ in range(count))
    elif type.dtype == "uint8":  # pictures: bars, which take little room in the file
        numbers = (k // 5 % 3 * 127 for k in range(count))
    else:
        high = len(meaning["labels"]) if "labels" in meaning else 2
        numbers = (rng.randrange(high) for _ in range(count))
    code = FORMATS[type.dtype]
    return native(Array(type.dtype, shape, array("B" if code == "?" else code, numbers).tobytes()))


def initial_array(slot: StateSlot) -> Any:
    """What a state array begins with where no file holds it."""
    number = struct.pack(f"<{FORMATS[slot.dtype]}", slot.initial or 0)
    return native(Array(slot.dtype, slot.shape, number * math.prod(slot.shape)))

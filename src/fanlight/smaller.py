"""How do the weights of an export get smaller? As float16, as int8 with a scale for each output channel, without their
smallest ones; and what that changes is told.

In: a model, its state, what was asked. Out: how each array is stored, and its parts; or the arrays again. Conducts: the
graphs that expand them in a page are written by passes/expand.py."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np

from fanlight.errors import ModelFormatError, ShapeError, UnknownNameError
from fanlight.importers.graphs.layer import GraphNode
from fanlight.ir import dim as dims
from fanlight.ir.control import label_of
from fanlight.ir.module import Module
from fanlight.layers.network import Network
from fanlight.passes.expand import FORMATS, GRID, MASK, SCALE, Stored, expand, forms_to
from fanlight.samples import ROWS, sample

if TYPE_CHECKING:
    from fanlight.model import Model

LARGE = 20_000  # numbers from which on an array is int8: errors of smaller ones cost much, and save little
FEWEST = 32  # numbers of an array that is worth a change
HIGHEST = 127
LARGEST_HALF, SMALLEST_HALF = 65504.0, 2.0**-14  # of float16, with all of its digits
MANY = 1024  # numbers of an array that may stay in the 8 bits in which it came
STEPS = 256  # of 8 bits
ROUNDING = 2.0**-22  # of the largest number: what float32 makes of a step and an offset
# Scales that are tried, as parts of the one that reaches the largest weight of a channel.
TRIED = tuple(1 - step / 256 for step in range(-4, 20))

Arrays = Mapping[str, Any]


def smaller(
    model: Model, module: Module, weights: Arrays, quantize: str | None, prune: float, train: bool, data: Any
) -> tuple[Module, dict[str, np.ndarray], dict[str, Any]]:
    """The module and the state of an export that stores its weights in fewer bytes, and how, as JSON has it; prints
    what that changes."""
    forms, stored = stored_forms(model.network, module, weights, quantize, prune, train)
    sizes = {name: ROWS for value in module.functions["predict"].inputs for d in value.shape for name in dims.names(d)}
    rng = Random(0)
    inputs = {label_of(value): sample(value.type, sizes, {}, rng) for value in module.functions["predict"].inputs}
    print_changes(model, weights, stored, forms, inputs, data)
    return expand(module, forms), stored, forms_to(forms)


# --- what is stored how


def stored_forms(
    network: Network, module: Module, weights: Arrays, quantize: str | None, prune: float, train: bool
) -> tuple[dict[str, Stored], dict[str, np.ndarray]]:
    """How each array is stored that gets smaller, and all state with the parts of these in their place.

    What a function of the page writes stays float32."""
    if quantize is not None and quantize not in FORMATS:
        raise UnknownNameError("export", expected=f"quantize={' or '.join(map(repr, FORMATS))}", got=repr(quantize))
    if not isinstance(prune, int | float) or isinstance(prune, bool) or not 0 <= prune < 1:
        do = "0.5 leaves out the half of the weights that is smallest"
        raise ShapeError("export", expected="prune from 0 to below 1", got=repr(prune), do=do)
    written = {name for key, graph in module.functions.items() if key != "init" for name in graph.writes}
    axes = channel_axes(network)
    forms: dict[str, Stored] = {}
    parts: dict[str, np.ndarray] = {}
    for name, array in weights.items():
        spec, given = module.state[name], np.asarray(array)
        is_weight = spec.role in ("parameter", "statistic") and given.dtype == np.float32 and name not in written
        is_fit = is_weight and given.size >= FEWEST and bool(np.isfinite(given).all())
        found = stored_form(given, quantize, float(prune), axes[name]) if is_fit else None
        if found is None:
            parts[name] = given
        else:
            forms[name], made = found
            parts |= {name + suffix: part for suffix, part in made.items()}
    return forms, parts


def channel_axes(network: Network) -> dict[str, tuple[int, ...]]:
    """Which axes of each weight count the output channels of its layer."""
    found = {}
    for path, layer in network.walk():
        kind = type(layer).__name__
        for name, weight in layer.weights.items():
            last = weight.type.rank - 1
            if isinstance(layer, GraphNode):
                axes = layer.channel_axes(name)
            elif kind.startswith("Depthwise") or name == "depthwise_kernel":
                axes = (last - 1, last)
            else:
                axes = (last - 1,) if "Transpose" in kind else (last,)
            found[layer.weight_path(path, name)] = axes
    return found


def as_they_came(
    network: Network, module: Module, weights: Arrays
) -> tuple[Module, dict[str, np.ndarray], dict[str, Any]]:
    """The module and the state of an export where weights that came from 8 bits stay in 8 bits, and which do."""
    forms, stored = stored_forms(network, module, weights, None, 0.0, False)
    return expand(module, forms), stored, forms_to(forms)


def stored_form(
    array: np.ndarray, quantize: str | None, prune: float, axes: tuple[int, ...]
) -> tuple[Stored, dict[str, np.ndarray]] | None:
    """How one array is stored, and its parts by what follows its name; None where it stays as it is."""
    if not prune and (found := grid_form(array, axes)):
        return found
    kept = kept_by_magnitude(array, prune) if prune and array.ndim > 1 else None
    if kept is not None:
        array = np.where(kept, array, np.float32(0))
    parts: dict[str, np.ndarray] = {}
    form, scale, numbers = "float32", (), array
    if quantize == "int8" and array.ndim > 1 and array.size >= LARGE:
        scales = best_scales(array, axes)
        form, scale, numbers = "int8", scales.shape, (nearest(array, scales) + 128).astype(np.uint8)
        parts[SCALE] = pairs_of((scales.view(np.uint32) >> 16).astype(np.uint16))
    elif quantize is not None and fits_half(array):
        form, numbers = "float16", pairs_of(array.astype(np.float16).view(np.uint16))
    elif kept is None:
        return None
    parts[""] = numbers if kept is None else numbers[kept]
    if kept is not None:
        bits = np.packbits(kept.reshape(-1), bitorder="little")
        parts[MASK] = np.pad(bits, (0, -len(bits) % 4)).view(np.uint32)
    return Stored(array.shape, form, scale, None if kept is None else int(kept.sum())), parts


def grid_form(array: np.ndarray, axes: tuple[int, ...]) -> tuple[Stored, dict[str, np.ndarray]] | None:
    """An array whose numbers lie on at most 256 steps of equal height: all of them, or those of each channel."""
    if array.size < MANY or array.min() == array.max():
        return None
    near = ROUNDING * np.abs(array).max()
    for kept in ((), axes):
        rows = np.moveaxis(array, kept, range(len(kept))).reshape(prod(array.shape[axis] for axis in kept), -1)
        steps = []
        for row in rows:
            steps.append(step_of(row, near))
            if not steps[-1]:
                break
        else:
            shape = tuple(extent if axis in kept else 1 for axis, extent in enumerate(array.shape))
            step = np.array(steps, np.float32).reshape(shape)
            least = rows.min(axis=1).reshape(shape)
            numbers = np.rint((array - least) / step)
            if np.abs(numbers * step + least - array).max() <= near:
                parts = {"": numbers.astype(np.uint8), GRID: np.stack([step, least])}
                return Stored(array.shape, "grid", shape), parts
    return None


def step_of(numbers: np.ndarray, near: float) -> float:
    """The height of the steps that numbers lie on, as near as that; 0 where they lie on none, or on more than 256."""
    if np.unique(numbers[:MANY]).size > STEPS:
        return 0.0
    found = np.unique(numbers).astype(np.float64)
    if found.size == 1:  # of one number alone any step is one
        return 1.0 if len(numbers) < MANY else 0.0
    if found.size > STEPS:
        return 0.0
    reach, gap = found[-1] - found[0], np.diff(found).min()
    for part in range(1, STEPS):  # the smallest gap is so many steps
        count = round(reach / gap * part)
        if count >= STEPS:
            break
        step = reach / count  # all gaps together tell it best: the smallest one has its own rounding
        if np.abs(np.rint((found - found[0]) / step) * step + found[0] - found).max() <= near:
            return float(step)
    return 0.0


def kept_by_magnitude(array: np.ndarray, prune: float) -> np.ndarray:
    """Where the numbers are that stay when the smallest part `prune` goes; one at least does."""
    gone = min(int(array.size * prune), array.size - 1)
    order = np.argsort(np.abs(array), axis=None, kind="stable")
    kept = np.ones(array.size, bool)
    kept[order[:gone]] = False
    return kept.reshape(array.shape)


def fits_half(array: np.ndarray) -> bool:
    """Whether float16 keeps 11 bits: of each number of a vector (one divides by variances), else of the largest."""
    sizes = np.abs(array)
    counted = sizes[sizes > 0] if array.ndim < 2 else sizes.max()
    return bool(sizes.max() <= LARGEST_HALF) and bool(np.all(counted >= SMALLEST_HALF))


def best_scales(array: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """For each channel the bfloat16 scale of the least squared error, near the one that reaches its largest weight."""
    others = tuple(axis for axis in range(array.ndim) if axis not in axes)
    largest = np.abs(array).max(axis=others, keepdims=True)
    best = to_bfloat16(np.where(largest > 0, largest / np.float32(HIGHEST), np.float32(1)))
    least = np.full(best.shape, np.inf)
    for part in TRIED:
        scale = to_bfloat16(np.where(largest > 0, largest * np.float32(part / HIGHEST), np.float32(1)))
        error = np.square(nearest(array, scale) * scale - array, dtype=np.float64).sum(axis=others, keepdims=True)
        best, least = np.where(error < least, scale, best), np.minimum(error, least)
    return best


def nearest(array: np.ndarray, scales: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(array / scales), -HIGHEST, HIGHEST)


def to_bfloat16(array: np.ndarray) -> np.ndarray:
    """The nearest numbers whose lower 16 bits are 0; positive ones."""
    bits = array.view(np.uint32).astype(np.uint64) + 0x8000
    return (bits.astype(np.uint32) & np.uint32(0xFFFF0000)).view(np.float32)


def pairs_of(words: np.ndarray) -> np.ndarray:
    """Words of 16 bits as two bytes along a last axis, the lower one first."""
    return np.stack([(words & 255).astype(np.uint8), (words >> 8).astype(np.uint8)], -1)


# --- and back


def expanded_arrays(arrays: Arrays, forms: Mapping[str, Stored]) -> dict[str, Any]:
    """All state as float32, as a page's graphs expand it, to the bit; arrays that are no parts stay as they are."""
    found = dict(arrays)
    for name, form in forms.items():
        types = form.parts(name)
        parts = {part: np.asarray(found.pop(part)) for part in types if part in found}
        if not parts:
            continue
        wrong = [part for part, type in types.items() if part not in parts or parts[part].shape != type.shape]
        if wrong:
            raise ModelFormatError("weights", expected=f"{name!r} as {form.format}", got=f"another {wrong[0]!r}")
        found[name] = expanded_array(parts, name, form)
    return found


def expanded_array(parts: Mapping[str, np.ndarray], name: str, form: Stored) -> np.ndarray:
    numbers = parts[name]
    if form.format == "grid":
        step, least = parts[name + GRID]
        return numbers.astype(np.float32) * step + least
    if form.format == "int8":
        numbers = numbers.astype(np.float32) - np.float32(128)
    elif form.format == "float16":
        numbers = word(numbers).view(np.float16).astype(np.float32)
    if form.kept is not None:
        bits = np.unpackbits(parts[name + MASK].view(np.uint8), bitorder="little")[: prod(form.shape)].astype(bool)
        if bits.sum() != form.kept:
            raise ModelFormatError("weights", expected=f"{form.kept} bits in {name + MASK!r}", got=int(bits.sum()))
        whole = np.zeros(prod(form.shape), np.float32)
        whole[bits] = numbers
        numbers = whole.reshape(form.shape)
    if form.scale:
        numbers = numbers * (word(parts[name + SCALE]).astype(np.uint32) << np.uint32(16)).view(np.float32)
    return numbers


def word(pairs: np.ndarray) -> np.ndarray:
    return pairs[..., 0].astype(np.uint16) | pairs[..., 1].astype(np.uint16) << np.uint16(8)


# --- what it changes


def print_changes(
    model: Model, before: Arrays, stored: Arrays, forms: Mapping[str, Stored], inputs: Arrays, data: Any = None
) -> None:
    """Prints the bytes before and after, the largest change of an output for `inputs` and, for `data` (x, y), what is
    measured on it before and after. The model has the weights `before`, also afterwards."""
    sizes = [sum(array.nbytes for array in arrays.values()) for arrays in (before, stored)]
    kinds = [form.format for form in forms.values()]
    counts = ", ".join(f"{kinds.count(kind)} arrays as {kind}" for kind in dict.fromkeys(kinds)) or "no array fits"
    pruned = [form for form in forms.values() if form.kept is not None]
    if pruned:
        share = 1 - sum(form.kept or 0 for form in pruned) / sum(prod(form.shape) for form in pruned)
        counts += f", {share:.0%} of their weights left out"
    share = sizes[1] / max(sizes[0], 1)
    print(f"weights: {sizes[0]:,} bytes -> {sizes[1]:,} ({share:.1%}): {counts}; the others stay as they are")
    found = []
    try:
        for arrays in (before, expanded_arrays(stored, forms)):
            model.set_weights({name: arrays[name] for name in forms})
            outputs = model.engine.call("predict", inputs)
            found.append((outputs, model.evaluate(*data) if data is not None else {}))
    finally:
        model.set_weights({name: before[name] for name in forms})
    for name, first in found[0][0].items():
        change, reach = np.abs(found[1][0][name] - first).max(), np.abs(first).max()
        print(f"largest change of output {name!r}: {change:.2e}, of numbers up to {reach:.2e}")
    for name, first in found[0][1].items():
        print(f"{name}: {first:.4f} -> {found[1][1][name]:.4f}")

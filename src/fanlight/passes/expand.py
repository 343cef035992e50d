"""How does a program read weights that are stored in fewer bytes? Its graphs expand them, which is done once, at load.

In: a module, and how its state arrays are stored. Out: a module whose state is what is stored, of the same functions.
What is stored is state alone, so what is made of it is derived state. Knows no array.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from math import prod
from typing import Any

from fanlight.errors import ModelFormatError
from fanlight.ir import dim as dims
from fanlight.ir.graph import State, Value, apply, rewrite
from fanlight.ir.module import Module, StateSpec
from fanlight.ir.types import Type
from fanlight.ops import functions as fn

FORMATS = ("int8", "float16")
SCALE, MASK, GRID = "/scale", "/mask", "/grid"  # what follows the name of an array in the names of its other parts
WORD = 32  # bits of a mask's word


@dataclass(frozen=True, slots=True)
class Stored:
    """How one float32 array of shape `shape` is stored.

    `format`: "int8" are whole numbers from -127 to 127, as uint8 with 128 added, times a bfloat16 scale each, `scale`
    being the shape of these against the array: (1, 1, 1, c) for one an output channel. "float16" are the two bytes of
    IEEE's half precision. "grid" are whole numbers from 0 to 255 times a step plus an offset, float32 arrays of shape
    `scale`: what a file of 8-bit weights holds, without loss. "float32" is for arrays that are only pruned. `kept`: of
    a pruned array, how many numbers are stored; bit k % 32 of word k // 32 of a mask says whether element k is one of
    them, else it is 0.
    """

    shape: tuple[int, ...]
    format: str
    scale: tuple[int, ...] = ()
    kept: int | None = None

    def parts(self, name: str) -> dict[str, Type]:
        """The state arrays that take the place of `name`."""
        shape = self.shape if self.kept is None else (self.kept,)
        pair = (*shape, 2) if self.format == "float16" else shape
        found = {name: Type("float32" if self.format == "float32" else "uint8", pair)}
        if self.format == "grid":
            found[name + GRID] = Type("float32", (2, *self.scale))
        elif self.scale:
            found[name + SCALE] = Type("uint8", (*self.scale, 2))
        if self.kept is not None:
            found[name + MASK] = Type("uint32", (-(-prod(self.shape) // WORD),))
        return found


def expand(module: Module, stored: Mapping[str, Stored]) -> Module:
    """The module that finds `stored` in its state. `init` leaves these arrays alone."""
    if not stored:
        return module
    state: dict[str, StateSpec] = {}
    for name, spec in module.state.items():
        types = stored[name].parts(name) if name in stored else {name: spec.type}
        state |= {part: replace(spec, type=type) for part, type in types.items()}
    functions = {}
    for key, graph in module.functions.items():
        made: dict[str, Value] = {}

        def change(value: Value, inputs: tuple[Value, ...], made: dict[str, Value] = made) -> Value:
            if isinstance(value.op, State) and value.op.label in stored:
                name = value.op.label
                return made[name] if name in made else made.setdefault(name, expanded(name, stored[name]))
            return apply(value.op, *inputs) if inputs else value

        kept = {name: value for name, value in graph.writes.items() if name not in stored}
        if kept or graph.outputs:
            functions[key] = rewrite(replace(graph, writes=kept), change)
    return Module(functions, state, module.meanings)


def expanded(name: str, stored: Stored) -> Value:
    """The array that was stored, from its parts."""
    parts = {part: apply(State(part, type)) for part, type in stored.parts(name).items()}
    numbers = parts[name]
    if stored.format == "int8":
        numbers = fn.cast(numbers, "float32") - 128.0
    elif stored.format == "float16":
        numbers = half(numbers)
    elif stored.format == "grid":
        grid = parts[name + GRID]
        return fn.cast(numbers, "float32") * grid[0] + grid[1]
    if stored.kept is not None:
        numbers = spread(numbers, parts[name + MASK], stored.shape)
    return numbers * bfloat16(parts[name + SCALE]) if stored.scale else numbers


def word(pairs: Value) -> Value:
    """Two bytes along the last axis, the lower one first, as int32. A sum has a buffer of its own: no kernel that reads
    the numbers puts them together again for each of its elements."""
    places = fn.iota(pairs.type.shape, pairs.rank - 1, "int32") * 8
    return fn.sum(fn.left_shift(fn.cast(pairs, "int32"), places), axis=-1)


def bfloat16(pairs: Value) -> Value:
    """The upper half of a float32's bits."""
    return fn.bitcast(word(pairs) << 16, "float32")


def half(pairs: Value) -> Value:
    """IEEE 754 binary16, finite: its exponent begins 112 below that of float32, also of subnormal numbers."""
    bits = word(pairs)
    magnitude = fn.bitcast((bits & 0x7FFF) << 13, "float32") * 2.0**112
    return fn.where(bits > 0x7FFF, -magnitude, magnitude)


def spread(numbers: Value, mask: Value, shape: tuple[int, ...]) -> Value:
    """The numbers where the mask has a bit, else 0."""
    count = prod(shape)
    words = dims.known(mask.type.shape[0])
    ends = fn.cumsum(ones(mask))
    before = fn.cast(ends - ones(mask), "int32")
    bits = fn.iota((words, WORD), 1, "uint32")
    own = fn.reshape(mask, (words, 1))
    is_kept = fn.equal(fn.right_shift(own, bits) & 1, 1)
    rank = ones(own & (fn.left_shift(fn.ones((words, WORD), "uint32"), bits) - 1))
    place = fn.reshape(before, (words, 1)) + fn.cast(rank, "int32")
    found = fn.where(is_kept, fn.take(numbers, place), 0.0)
    return fn.reshape(fn.reshape(found, (words * WORD,))[:count], shape)


def ones(words: Value) -> Value:
    """How many bits of each word are set (Hacker's Delight, section 5-1)."""
    pairs = words - (fn.right_shift(words, 1) & 0x55555555)
    fours = (pairs & 0x33333333) + (fn.right_shift(pairs, 2) & 0x33333333)
    eights = (fours + fn.right_shift(fours, 4)) & 0x0F0F0F0F
    return fn.cast(fn.right_shift(eights * 0x01010101, 24), "int32")


def forms_to(forms: Mapping[str, Stored]) -> dict[str, Any]:
    """As JSON has it."""
    return {name: asdict(form) for name, form in forms.items()}


def forms_from(record: Any) -> dict[str, Stored]:
    """Raises ModelFormatError for what is no record of stored arrays."""
    try:
        found = {}
        for name, each in (record or {}).items():
            shape, scale = (tuple(map(int, each[key])) for key in ("shape", "scale"))
            kept = None if each["kept"] is None else int(each["kept"])
            fits = min((*shape, *scale, 1)) >= 1 and each["format"] in ("float32", "grid", *FORMATS)
            if (
                not fits
                or (kept is not None and not 1 <= kept <= prod(shape))
                or (each["format"] == "grid") > bool(scale)
            ):
                raise ValueError(f"{name}: {each}"[:100])
            found[str(name)] = Stored(shape, each["format"], scale, kept)
        return found
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ModelFormatError("stored weights", expected="their formats", got=repr(error)[:120]) from None

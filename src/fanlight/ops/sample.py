"""On which cases is an op tested? A sample is an op with the types of its inputs and a hint for the values of each.

Data only: the tests make the arrays. Knows no op.
"""

from __future__ import annotations

from dataclasses import dataclass

from fanlight.ir.graph import Op
from fanlight.ir.types import Shape, Type

# What the elements of an input are like. Only inputs without special values are used to test gradients.
VALUES = {
    "any": "every kind of element: NaN, infinities, -0, the smallest and largest of an integer dtype",
    "special": "NaN, infinities, -0 and ordinary numbers",
    "normal": "spread around 0, none of them near a whole number or near 0",
    "positive": "between 0.2 and 4",
    "unit": "between -0.9 and 0.9",
    "above one": "between 1.2 and 5",
    "distinct": "no two elements closer than 0.1",
    "tied": "few different values, so that many are equal",
    "index": "integers from -2 to 6",
}

# The lengths at which loops over SIMD vectors of four go wrong, and empty arrays.
SHAPES: tuple[Shape, ...] = ((), (0,), (1,), (2,), (3,), (5,), (16,), (17,), (2, 3), (3, 1, 4))


@dataclass(frozen=True, slots=True)
class Sample:
    """`op` on inputs of these types, whose elements are like `values` says (a key of VALUES for each input)."""

    op: Op
    types: tuple[Type, ...]
    values: tuple[str, ...]


def sample(op: Op, *inputs: tuple[Shape, str] | tuple[Shape, str, str]) -> Sample:
    """A sample whose inputs are written (shape, values), or (shape, values, dtype) where it is not float32."""
    types = tuple(Type(entry[2] if len(entry) == 3 else "float32", entry[0]) for entry in inputs)
    return Sample(op, types, tuple(entry[1] for entry in inputs))

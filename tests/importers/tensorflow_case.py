"""What is a case of one of TensorFlow's operations? Its inputs and attributes, written in a line, and how it is run.

`known(...)` stands for an input that shapes and constants tell, such as a new shape; the others are data.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Known:
    """An input that is a constant in the graph."""

    array: Any


@dataclass(frozen=True)
class Case:
    """One use of an operation. `outputs` says how many of its results are compared, None for all; `by` computes them
    with TensorFlow's public functions, for operations that only TensorFlow.js knows. `unlike` are floats that are data,
    counted from 0, for which TensorFlow has no gradient, or another one."""

    op: str
    inputs: tuple[Any, ...]
    attributes: dict[str, Any] = field(default_factory=dict)
    outputs: int | None = None
    by: Callable[..., Any] | None = None
    lot: bool = False  # what it gives is drawn: only dtype and shape are compared
    unlike: tuple[int, ...] = ()

    @property
    def arrays(self) -> list[Any]:
        return [each.array if isinstance(each, Known) else each for each in self.inputs]

    @property
    def key(self) -> str:
        """Names the case by what it is, so that another case never meets its golden arrays."""
        parts = [self.op, repr(sorted(self.attributes.items())), str(self.outputs)]
        for each, array in zip(self.inputs, self.arrays, strict=True):
            parts.append(f"{isinstance(each, Known)} {array.dtype} {array.shape} {zlib.crc32(array.tobytes())}")
        return f"{self.op} {zlib.crc32('|'.join(parts).encode()):08x}"


CASES: list[Case] = []


def case(
    op: str, *inputs: Any, outputs: Any = None, by: Any = None, lot: Any = False, unlike: Any = (), **said: Any
) -> None:
    """Adds a case to the list."""
    CASES.append(Case(op, inputs, said, outputs, by, lot, unlike))


def known(value: Any, dtype: str = "int32") -> Known:
    return Known(np.asarray(value, dtype))


def floats(*shape: int, salt: int = 0, low: float | None = None, high: float = 1.0) -> Any:
    """Numbers with two digits: normally distributed ones, or those from `low` to `high`."""
    draw = np.random.default_rng([salt, *shape])
    found = draw.standard_normal(shape) if low is None else draw.uniform(low, high, shape)
    return np.asarray(found).round(2).astype("float32")


def ints(*shape: int, low: int = -5, high: int = 6, dtype: str = "int32", salt: int = 0) -> Any:
    return np.asarray(np.random.default_rng([salt, *shape]).integers(low, high, shape)).astype(dtype)


def bools(*shape: int, salt: int = 0) -> Any:
    return np.random.default_rng([salt, *shape]).integers(0, 2, shape).astype(bool)


def pairs(*shape: int, salt: int = 0) -> Any:
    """Complex numbers."""
    return (floats(*shape, salt=salt) + 1j * floats(*shape, salt=salt + 1)).astype("complex64")


def listed(*numbers: Any, dtype: str = "float32") -> Any:
    return np.asarray(numbers, dtype)

"""What is a case of one of TensorFlow Lite's operators? A file with one node: its operands, options and results.

`known(...)` is an operand that is a constant in the file, such as weights or a new shape; others are data.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from importers.tensorflow_case import floats as floats
from importers.tflite_file import Op, T, written


@dataclass(frozen=True)
class Case:
    """One use of an operator. `steps` is by how much 8-bit results may differ, in steps of their scale."""

    op: str
    operands: tuple[T | None, ...]
    kind: str
    options: dict[str, Any]
    made: tuple[T, ...]
    data: tuple[bool, ...]
    steps: int

    @property
    def arrays(self) -> list[Any]:
        """What is given to the file, in the order of its inputs."""
        return [t.array for t, is_data in zip(self.operands, self.data, strict=True) if t is not None and is_data]

    @property
    def file(self) -> bytes:
        tensors, inputs, places = [], [], []
        for t, is_data in zip(self.operands, self.data, strict=True):
            places.append(-1 if t is None else len(tensors))
            if t is not None:
                if is_data:
                    inputs.append(len(tensors))
                tensors.append(replace(t, array=None) if is_data else t)
        outputs = list(range(len(tensors), len(tensors) + len(self.made)))
        return written([Op(self.op, places, outputs, self.kind, self.options)], [*tensors, *self.made], inputs, outputs)

    @property
    def key(self) -> str:
        """Names the case by what it is, so that another case never meets its golden arrays."""
        seed = zlib.crc32(self.file)
        for array in self.arrays:
            seed = zlib.crc32(np.ascontiguousarray(array).tobytes(), seed)
        return f"{self.op} {seed:08x}"

    @property
    def is_quantized(self) -> bool:
        return any(t.dtype in ("int8", "uint8") and t.scale is not None for t in self.made)


CASES: list[Case] = []


@dataclass
class Known:
    """An operand that is a constant in the file."""

    tensor: T


def known(array: Any, dtype: str | None = None, **more: Any) -> Known:
    found = np.asarray(array, dtype or ("int32" if not hasattr(array, "dtype") else None))
    return Known(T(found.shape, str(found.dtype), found, **more))


def q(dtype: str, *shape: int, scale: float = 0.05, zero: int = 3, salt: int = 0) -> T:
    """8-bit numbers of all sizes."""
    low, high = (0, 256) if dtype == "uint8" else (-128, 128)
    array = np.random.default_rng([salt, *shape]).integers(low, high, shape).astype(dtype)
    return T(shape, dtype, array, scale, zero)


def out(dtype: str = "float32", scale: Any = None, zero: int = 0) -> T:
    return T((), dtype, None, scale, zero)


def case(op: str, *operands: Any, kind: str = "", made: Any = None, steps: int = 0, **options: Any) -> None:
    """Adds a case to the list. Operands are data as arrays or `T`, `known(...)`, or None."""
    found, data = [], []
    for each in operands:
        is_data = each is not None and not isinstance(each, Known)
        if isinstance(each, Known):
            each = each.tensor
        elif is_data and not isinstance(each, T):
            each = T(np.shape(each), str(np.asarray(each).dtype), np.asarray(each))
        found.append(each)
        data.append(is_data)
    results = (out(),) if made is None else (made,) if isinstance(made, T) else tuple(made)
    CASES.append(Case(op, tuple(found), kind, options, results, tuple(data), steps))

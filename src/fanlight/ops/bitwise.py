"""What happens to the bits of integers? Rows for hashes and random bits; no gradients.

Bool operands belong to the logical rows in `comparison`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from fanlight.errors import DtypeError
from fanlight.ir.graph import Op, Value
from fanlight.ir.scalar import Scalar, bitcast, make
from fanlight.ops.base import INTEGERS, Elementwise
from fanlight.ops.elementwise import Gradients

WORDS = ("float32", "int32", "uint32")  # dtypes of 32 bits


class _Bitwise(Elementwise):
    arity = 2
    accepts = INTEGERS
    row: ClassVar[str] = ""

    def scalar(self, *args: Scalar) -> Scalar:
        return make(self.row, *args)

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> Gradients:
        return None, None

    def reference(self, *arrays: Any) -> Any:
        import numpy

        return getattr(numpy, self.name)(*arrays)


@dataclass(frozen=True)
class BitwiseAnd(_Bitwise):
    """The bits set in both."""

    name, row = "bitwise_and", "and"


@dataclass(frozen=True)
class BitwiseOr(_Bitwise):
    """The bits set in one of them, or both."""

    name, row = "bitwise_or", "or"


@dataclass(frozen=True)
class BitwiseXor(_Bitwise):
    """The bits set in exactly one of them."""

    name, row = "bitwise_xor", "xor"


class _Shift(_Bitwise):
    def reference(self, *arrays: Any) -> Any:
        import numpy

        x, count = arrays
        return getattr(numpy, self.name)(x, count % (8 * x.dtype.itemsize))


@dataclass(frozen=True)
class LeftShift(_Shift):
    """x * 2^y modulo 2^bits; y is taken modulo the number of bits."""

    name, row = "left_shift", "shift_left"


@dataclass(frozen=True)
class RightShift(_Shift):
    """x / 2^y rounded down; y is taken modulo the number of bits. Signed dtypes are filled with copies of the sign."""

    name, row = "right_shift", "shift_right"


@dataclass(frozen=True)
class Bitcast(Elementwise):
    """The same 32 bits in another dtype."""

    name = "bitcast"
    accepts = WORDS
    dtype: str

    def result(self, *dtypes: str) -> str:
        super().result(*dtypes)
        if self.dtype not in WORDS:
            raise DtypeError(self.name, expected=f"one of {', '.join(WORDS)}", got=repr(self.dtype))
        return self.dtype

    def scalar(self, *args: Scalar) -> Scalar:
        return bitcast(args[0], self.dtype)

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> Gradients:
        return (g if xs[0].dtype == self.dtype else None,)

    def reference(self, *arrays: Any) -> Any:
        return arrays[0].view(self.dtype)

    @classmethod
    def instances(cls) -> Iterable[Op]:
        return tuple(cls(dtype) for dtype in WORDS)

"""What are the random bits number n of a key? Threefry-2x32 with 20 rounds, as integer arithmetic for one element.

J. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011. The same on every target, without state.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from fanlight.errors import ShapeError
from fanlight.ir.graph import Op, Value
from fanlight.ir.scalar import Scalar, make
from fanlight.ops.base import Elementwise
from fanlight.ops.elementwise import Gradients

ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))  # Salmon et al., table 2
PARITY = 0x1BD11BDA  # of the key schedule, as in Skein


@dataclass(frozen=True)
class Threefry(Elementwise):
    """Word 0 or 1 of the block that the key (operands 0 and 1) gives for the counter (operands 2 and 3)."""

    name = "threefry"
    arity, accepts = 4, ("uint32",)
    word: int

    def result(self, *dtypes: str) -> str:
        if self.word not in (0, 1):
            raise ShapeError(self.name, expected="word 0 or 1", got=self.word)
        return super().result(*dtypes)

    def scalar(self, *args: Scalar) -> Scalar:
        first, second, x, y = args
        keys = (first, second, first ^ second ^ PARITY)
        x, y = x + first, y + second
        for block in range(5):
            for turn in ROTATIONS[block % 2]:
                x = x + y
                y = make("or", y << turn, y >> (32 - turn)) ^ x
            x = x + keys[(block + 1) % 3]
            y = y + keys[(block + 2) % 3] + (block + 1)
        return (x, y)[self.word]

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> Gradients:
        return None, None, None, None

    def reference(self, *arrays: Any) -> Any:
        import numpy

        with numpy.errstate(over="ignore"):
            first, second, x, y = (numpy.asarray(array, "uint32") for array in arrays)
            keys = [first, second, first ^ second ^ numpy.uint32(PARITY)]
            x, y = x + first, y + second
            for number in range(20):
                turn = numpy.uint32(ROTATIONS[number // 4 % 2][number % 4])
                x = x + y
                y = (y << turn | y >> (numpy.uint32(32) - turn)) ^ x
                if number % 4 == 3:
                    block = number // 4 + 1
                    x, y = x + keys[block % 3], y + keys[(block + 1) % 3] + numpy.uint32(block)
            return (x, y)[self.word]

    @classmethod
    def instances(cls) -> Iterable[Op]:
        return cls(0), cls(1)

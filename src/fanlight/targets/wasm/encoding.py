"""How numbers and the immediates of instructions become bytes: LEB128, IEEE 754, alignments, lanes.

In: a row of the opcode table and Python values. Out: bytes; a ValueError says what was expected. It knows no function.
"""

import math
import struct
from collections.abc import Callable
from typing import Any

from fanlight.targets.wasm.opcodes import INSTRUCTIONS, Instruction, ValueType

VALUE_TYPE_CODES: dict[ValueType, int] = {"i32": 0x7F, "i64": 0x7E, "f32": 0x7D, "f64": 0x7C, "v128": 0x7B}

# Immediates, offset and alignment exponent of one instruction -> all its bytes.
Encoder = Callable[[tuple[Any, ...], int, int | None], bytes]


def unsigned(value: int) -> bytes:
    """Unsigned LEB128: seven bits a byte, lowest first."""
    if 0 <= value < 0x80:
        return bytes((value,))
    if value < 0:
        raise ValueError(f"expected a number >= 0, got {value}")
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def signed(value: int) -> bytes:
    """Signed LEB128: two's complement, seven bits a byte, ending where the sign bit agrees."""
    if -0x40 <= value < 0x40:
        return bytes((value & 0x7F,))
    out = bytearray()
    while not -0x40 <= value < 0x40:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value & 0x7F)
    return bytes(out)


def vector(items: list[bytes]) -> bytes:
    """A counted sequence, as the binary format writes lists."""
    return unsigned(len(items)) + b"".join(items)


def string(text: str) -> bytes:
    """A counted UTF-8 string."""
    encoded = text.encode()
    return unsigned(len(encoded)) + encoded


def value_types(types: tuple[ValueType, ...]) -> bytes:
    """A counted list of types."""
    return vector([bytes((VALUE_TYPE_CODES[type_],)) for type_ in types])


def integer(value: int, bits: int) -> bytes:
    """The immediate of i32.const or i64.const; signed and unsigned spellings of the same bits are equal."""
    if not -(1 << bits - 1) <= value < 1 << bits:
        raise ValueError(f"expected an integer of {bits} bits, got {value}")
    return signed(value - (1 << bits) if value >= 1 << bits - 1 else value)


def float32(value: float) -> bytes:
    """The nearest float32; every NaN becomes the canonical one, so that the bytes are the same on every platform."""
    if math.isnan(value):
        return b"\x00\x00\xc0\x7f"
    try:
        return struct.pack("<f", value)
    except OverflowError:
        raise ValueError(f"expected a number within the range of float32, got {value!r}") from None


def float64(value: float) -> bytes:
    """A float64; every NaN becomes the canonical one."""
    return b"\x00\x00\x00\x00\x00\x00\xf8\x7f" if math.isnan(value) else struct.pack("<d", value)


def lanes(values: tuple[int, ...], bound: int) -> bytes:
    """Lane numbers, one byte each."""
    for lane in values:
        if not 0 <= lane < bound:
            raise ValueError(f"expected a lane from 0 to {bound - 1}, got {lane}")
    return bytes(values)


def vector_bytes(value: bytes) -> bytes:
    """The immediate of v128.const."""
    if not isinstance(value, (bytes, bytearray)) or len(value) != 16:
        raise ValueError(f"expected 16 bytes, got {value!r}")
    return bytes(value)


def _without_memory(code: bytes, count: int, encode: Callable[..., bytes]) -> Encoder:
    """An instruction with `count` immediates that neither loads nor stores."""

    def encode_instruction(immediates: tuple[Any, ...], offset: int, align: int | None) -> bytes:
        if len(immediates) != count:
            raise ValueError(f"expected {count} immediates, got {len(immediates)}")
        if offset or align is not None:
            raise ValueError("expected neither offset nor align, as it accesses no memory")
        return code + encode(*immediates)

    return encode_instruction


def _with_memory(instruction: Instruction, size: int, lane_bound: int) -> Encoder:
    """A load or store of naturally `size` bytes; `lane_bound` is 0 where no lane follows."""
    code, natural = instruction.code, size.bit_length() - 1
    atomic = ".atomic." in instruction.name
    natural_code = code + bytes((natural,))
    count = 1 if lane_bound else 0

    def encode_instruction(immediates: tuple[Any, ...], offset: int, align: int | None) -> bytes:
        if len(immediates) != count:
            raise ValueError(f"expected {count} immediates, got {len(immediates)}")
        if offset >= 1 << 32:
            raise ValueError(f"expected an offset below 2**32, got {offset}")
        if align is None:
            out = natural_code + unsigned(offset)
        elif 0 <= align <= natural and (align == natural or not atomic):
            out = code + bytes((align,)) + unsigned(offset)
        else:
            raise ValueError(
                f"expected align (the base-2 logarithm of bytes) "
                f"{'equal to' if atomic else 'from 0 to'} {natural}, got {align}"
            )
        return out + lanes(immediates, lane_bound) if count else out

    return encode_instruction


def _structured(immediates: tuple[Any, ...], offset: int, align: int | None) -> bytes:
    raise ValueError("expected with function.block(), loop(), if_() or else_(), got emit()")


def _encode_labels(code: bytes) -> Encoder:
    def encode_instruction(immediates: tuple[Any, ...], offset: int, align: int | None) -> bytes:
        if not immediates or offset or align is not None:
            raise ValueError(f"expected label depths, the default last, got {immediates}")
        return code + unsigned(len(immediates) - 1) + b"".join(map(unsigned, immediates))

    return encode_instruction


def _encoder(instruction: Instruction) -> Encoder:
    code = instruction.code
    match instruction.immediates:
        case ("memory", size):
            return _with_memory(instruction, int(size), 0)
        case ("memory", size, "lane", bound):
            return _with_memory(instruction, int(size), int(bound))
        case ("lane", bound):
            return _without_memory(code, 1, lambda lane: lanes((lane,), int(bound)))
        case ("shuffle",):
            return _without_memory(code, 16, lambda *values: lanes(values, 32))
        case ("index",):
            return _without_memory(code, 1, unsigned)
        case ("index", "index"):
            return _without_memory(code, 2, lambda first, second: unsigned(first) + unsigned(second))
        case ("i32",):
            return _without_memory(code, 1, lambda value: integer(value, 32))
        case ("i64",):
            return _without_memory(code, 1, lambda value: integer(value, 64))
        case ("f32",):
            return _without_memory(code, 1, float32)
        case ("f64",):
            return _without_memory(code, 1, float64)
        case ("v128",):
            return _without_memory(code, 1, vector_bytes)
        case ("labels",):
            return _encode_labels(code)
        case ("structured",):
            return _structured
        case other:
            raise ValueError(f"expected known immediates in the table of opcodes, got {other} at {instruction.name}")


# Two tables, so that the most frequent case, no immediates, costs one look-up.
PLAIN_CODES: dict[str, bytes] = {row.name: row.code for row in INSTRUCTIONS.values() if not row.immediates}
ENCODERS: dict[str, Encoder] = {row.name: _encoder(row) for row in INSTRUCTIONS.values() if row.immediates}

"""How do named arrays become bytes? As safetensors: deterministic to write, bounded to read, in shards a host accepts.

In: `Array`s, or NumPy arrays (anything with dtype, shape and tobytes). Out: bytes, and back. Knows no model.
Format: https://huggingface.co/docs/safetensors (8 bytes of header length, a JSON header, then the data)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from fanlight.arrays import Array
from fanlight.bundle.record import Record, parse_json
from fanlight.errors import DtypeError, ModelFormatError
from fanlight.ir.dim import product
from fanlight.ir.types import item_bytes

SHARD_BYTES = 24 << 20  # static hosts refuse files above 25 MiB
HEADER_BYTES = 100_000_000  # the limit of the reference implementation
MOST_LENGTH = 1 << 40  # of an axis; products are checked against the data

CODES = {"float32": "F32", "int32": "I32", "uint32": "U32", "int64": "I64", "uint8": "U8", "int8": "I8", "bool": "BOOL"}
DTYPE_OF_CODE = {code: dtype for dtype, code in CODES.items()}

__all__ = ["Array", "ArrayLike", "exactly", "from_safetensors", "shards", "to_safetensors"]


class ArrayLike(Protocol):
    """What NumPy's arrays have of what is asked here."""

    @property
    def dtype(self) -> Any: ...

    @property
    def shape(self) -> tuple[int, ...]: ...

    def tobytes(self) -> bytes: ...


def exactly(array: ArrayLike) -> Array:
    """The array in its own dtype; DtypeError for what no page can hold, such as float64."""
    if str(array.dtype) not in CODES:
        raise DtypeError(expected=f"one of {', '.join(CODES)}", got=array.dtype, at="an array to be written")
    return Array.of(array)


def to_safetensors(arrays: Mapping[str, ArrayLike], metadata: Mapping[str, str] | None = None) -> bytes:
    """The bytes of a safetensors file; larger items first, so that every array lies at a multiple of its item."""
    found = {name: exactly(array) for name, array in arrays.items()}
    order = sorted(found, key=lambda name: -item_bytes(found[name].dtype))
    header: dict[str, Any] = {"__metadata__": dict(metadata)} if metadata else {}
    position = 0
    for name in order:
        array = found[name]
        end = position + len(array.data)
        header[name] = {"dtype": CODES[array.dtype], "shape": list(array.shape), "data_offsets": [position, end]}
        position = end
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return b"".join([len(text).to_bytes(8, "little"), text, *(found[name].data for name in order)])


def from_safetensors(data: bytes, at: str = "a safetensors file") -> dict[str, Array]:
    """The arrays of a safetensors file, by name; ModelFormatError where it is broken. The arrays share `data`."""
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or length > min(HEADER_BYTES, len(data) - 8):
        raise ModelFormatError(expected="a header inside the file", got=f"{length} bytes of {len(data)}", at=at)
    header = Record(parse_json(data[8 : 8 + length], f"{at}: header", HEADER_BYTES), at)
    header.value.pop("__metadata__", None)
    body = memoryview(data)[8 + length :]
    arrays: dict[str, Array] = {}
    spans: list[tuple[int, int]] = []
    for name, value in header.value.items():
        entry = Record(value, f"{at}: {name[:80]}")
        dtype = DTYPE_OF_CODE[entry.one_of("dtype", DTYPE_OF_CODE)]
        shape = tuple(entry.items("shape"))
        offsets = entry.items("data_offsets")
        if not all(type(n) is int and 0 <= n <= MOST_LENGTH for n in [*shape, *offsets]) or len(offsets) != 2:
            raise ModelFormatError(expected="lengths and two offsets", got=f"{shape}, {offsets}", at=entry.at)
        start, end = offsets
        if end - start != product(shape) * item_bytes(dtype):
            raise ModelFormatError(expected=f"{dtype}{list(shape)}", got=f"{end - start} bytes", at=entry.at)
        spans.append((start, end))
        arrays[name] = Array(dtype, shape, body[start:end])
    position = 0
    for start, end in sorted(spans):
        if start != position:
            raise ModelFormatError(expected=f"data at {position}", got=start, at=at)
        position = end
    if position != len(body):
        raise ModelFormatError(expected=f"{position} bytes of data", got=len(body), at=at)
    return arrays


def shards(arrays: Mapping[str, ArrayLike]) -> Iterable[dict[str, Array]]:
    """The arrays in parts of at most SHARD_BYTES, in order; an array above that is a part of its own."""
    part: dict[str, Array] = {}
    size = 0
    for name, array in arrays.items():
        found = exactly(array)
        # A header's entry is some 100 bytes and the name.
        needed = len(found.data) + len(name.encode()) + 200
        if part and size + needed > SHARD_BYTES:
            yield part
            part, size = {}, 0
        part[name] = found
        size += needed
    if part:
        yield part

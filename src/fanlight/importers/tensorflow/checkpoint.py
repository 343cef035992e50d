"""Which arrays are in a TensorFlow checkpoint? `x.index`, a sorted table of where each lies, and `x.data-*`.

In: the path that the files' names begin with. Out: arrays by key. The table is LevelDB's, with blocks that TensorFlow
never compresses; sums of blocks are checked, those of arrays are not: these are as long as they must be.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from math import prod
from pathlib import Path
from typing import Any

from fanlight.errors import UnsupportedOp
from fanlight.importers.files import LARGEST_FILE
from fanlight.importers.tensorflow.schema import dtype_name, parsed
from fanlight.importers.tensorflow.values import Bounds

MAGIC = (0xDB4775248B80FB57).to_bytes(8, "little")  # the last bytes of a LevelDB table
FOOTER, TRAILER = 48, 5  # bytes: where two blocks lie, and the magic; a block's compression and sum
LARGEST_INDEX = 64 << 20
MOST_ENTRIES, LONGEST_KEY = 200_000, 1 << 16
MASK = 0xA282EAD8  # LevelDB's: a sum that is stored among what is summed is turned, and this is added
CASTAGNOLI = 0x82F63B78  # the polynomial of CRC-32C, bits reversed


@dataclass
class Checkpoint:
    """The arrays under one prefix; `entries` say where each lies."""

    prefix: Path
    bounds: Bounds
    entries: dict[str, Any] = field(default_factory=dict)
    shards: int = 1

    def array(self, key: str) -> Any:
        """The array of a key. Raises ModelFormatError where it is not there, or not as long as its shape says."""
        import numpy

        place = f"array {key!r}"
        if key not in self.entries:
            raise self.bounds.error(f"an array {key!r} in the checkpoint", f"keys such as {sorted(self.entries)[:4]}")
        said = self.entries[key]
        dtype, shape = dtype_name(said.dtype), self.bounds.shape(said.shape, place)
        if dtype is None or shape is None or None in shape:
            raise self.bounds.error("a known dtype and shape", f"{dtype}, {shape}", place)
        if len(said.slices) or dtype in ("string", "variant", "resource"):
            got, at = "slices" if len(said.slices) else dtype, f"{self.bounds.at}, {key}"
            raise UnsupportedOp("checkpoint", expected="whole arrays of numbers", got=got, at=at)
        if not 0 <= said.shard_id < self.shards:
            raise self.bounds.error(f"a shard below {self.shards}", said.shard_id, place)
        path = self.prefix.with_name(f"{self.prefix.name}.data-{said.shard_id:05d}-of-{self.shards:05d}")
        length = path.stat().st_size if path.is_file() else -1
        if length < 0:
            raise self.bounds.error(f"a file {path.name}", "none", place)
        if said.offset < 0 or said.size < 0 or said.offset + said.size > length or said.size > LARGEST_FILE:
            raise self.bounds.error(f"bytes within {length}", f"{said.size} at {said.offset}", place)
        extents = tuple(each for each in shape if each is not None)
        if prod(extents) > max(said.size, 0):
            raise self.bounds.error(f"{prod(extents)} numbers", f"{said.size} bytes", place)
        data = numpy.fromfile(path, "uint8", said.size, offset=said.offset)
        return self.bounds.array(data.tobytes(), dtype, extents, place)


def read_checkpoint(prefix: Path, bounds: Bounds) -> Checkpoint:
    """The checkpoint of these files. Raises ModelFormatError where its table is broken."""
    path = prefix.with_name(prefix.name + ".index")
    if not path.is_file():
        raise bounds.error(f"a file {path.name} with the values of variables", "none")
    if path.stat().st_size > LARGEST_INDEX:
        raise bounds.error(f"an index of at most {LARGEST_INDEX} bytes", path.stat().st_size, path.name)
    found = Checkpoint(prefix, bounds)
    place = f"{bounds.at}, {path.name}"
    for key, value in Table(path.read_bytes(), Bounds(place)).entries():
        if not key:
            header = parsed("BundleHeaderProto", value, place)
            if header.endianness != 0:
                raise UnsupportedOp("checkpoint", expected="numbers little end first", got="big end first", at=place)
            found.shards = header.num_shards
        else:
            found.entries[key.decode("utf-8", "replace")] = parsed("BundleEntryProto", value, place)
    return found


@dataclass
class Table:
    """A sorted table in LevelDB's format: blocks of entries, and a block that says where these lie."""

    data: bytes
    bounds: Bounds
    count: int = 0

    def entries(self) -> Iterator[tuple[bytes, bytes]]:
        """Every key with its value."""
        if len(self.data) < FOOTER or not self.data.endswith(MAGIC):
            raise self.bounds.error("a table's last bytes", self.data[-8:])
        footer = self.data[-FOOTER:]
        _, at = self.handle(footer, 0)  # a block about the table, which TensorFlow leaves empty
        (offset, size), _ = self.handle(footer, at)
        for _, value in self.block(offset, size):
            (begin, length), _ = self.handle(value, 0)
            yield from self.block(begin, length)

    def block(self, offset: int, size: int) -> Iterator[tuple[bytes, bytes]]:
        """The entries of a block: each key says how much of the one before it begins with."""
        if offset + size + TRAILER > len(self.data) or size < 4:
            raise self.bounds.error(f"a block within {len(self.data)} bytes", f"{size} at {offset}")
        block, trailer = self.data[offset : offset + size], self.data[offset + size : offset + size + TRAILER]
        if trailer[0] != 0:
            raise UnsupportedOp("checkpoint", expected="a table that is not compressed", got="a compressed one",
                                at=self.bounds.at)  # fmt: skip
        if masked(crc32c(block + trailer[:1])) != int.from_bytes(trailer[1:], "little"):
            raise self.bounds.error("a block with the sum that it says", "another")
        restarts = int.from_bytes(block[-4:], "little")
        end = size - 4 - 4 * restarts
        key, at = b"", 0
        while at < end:
            shared, at = self.number(block, at)
            fresh, at = self.number(block, at)
            length, at = self.number(block, at)
            self.count += 1
            is_sound = shared <= len(key) and shared + fresh <= LONGEST_KEY and self.count <= MOST_ENTRIES
            if not is_sound or at + fresh + length > end:
                raise self.bounds.error("entries within their block", f"{shared}, {fresh}, {length} at {at}")
            key = key[:shared] + block[at : at + fresh]
            yield key, block[at + fresh : at + fresh + length]
            at += fresh + length

    def handle(self, data: bytes, at: int) -> tuple[tuple[int, int], int]:
        """Where a block lies."""
        offset, at = self.number(data, at)
        size, at = self.number(data, at)
        return (offset, size), at

    def number(self, data: bytes, at: int) -> tuple[int, int]:
        """A number in groups of seven bits, and where it ends."""
        value = 0
        for k in range(10):
            if at + k >= len(data):
                break
            value |= (data[at + k] & 127) << (7 * k)
            if data[at + k] < 128:
                return value, at + k + 1
        raise self.bounds.error("a number of at most ten bytes", data[at : at + 10])


@cache
def remainders() -> list[int]:
    """CRC-32C of each byte."""
    found = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ (CASTAGNOLI if value & 1 else 0)
        found.append(value)
    return found


def crc32c(data: bytes) -> int:
    table, value = remainders(), 0xFFFFFFFF
    for byte in data:
        value = (value >> 8) ^ table[(value ^ byte) & 255]
    return value ^ 0xFFFFFFFF


def masked(value: int) -> int:
    return ((value >> 15 | value << 17) + MASK) & 0xFFFFFFFF

"""Has something left the page? Values that exist nowhere else, and a search for them under every plain coat.

In: what was put into a page, and bytes that were seen outside of it. Out: whether they hold it, and how it is written.
What is encrypted or compressed cannot be found: for that, requests are counted."""

from __future__ import annotations

import base64
import binascii
import re
import secrets
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

import numpy as np

WINDOW = 8  # bytes in a row that cannot be there by chance
LEAST_VARIETY = 4  # different bytes in a window that says something: black pixels are everywhere
DEPTH = 3  # coats: base64 in base64 in a query
LONGEST = 4 << 20  # bytes that are searched; a page sends none

_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{12,}={0,2}")
_HEX = re.compile(rb"(?:[0-9a-fA-F]{2}){8,}")
_NUMBER = re.compile(rb"-?\d+\.\d{4,}(?:e-?\d+)?")
_BYTES = re.compile(rb"\d{1,3}(?:[,\s]+\d{1,3}){7,}")


@dataclass
class Canary:
    """One secret text, and numbers and bytes that were added to it."""

    text: str = field(default_factory=lambda: f"cn{secrets.token_hex(7)}")  # 16 letters: fields may take no more
    windows: set[bytes] = field(default_factory=set)
    numbers: set[bytes] = field(default_factory=set)  # float32, as bytes

    def number(self, low: float = 0.0, high: float = 1.0) -> str:
        """A number between two others, as a visitor would type it; with more digits than chance explains."""
        value = low + (high - low) * (0.1 + 0.8 * secrets.randbelow(10**9) / 10**9)
        self.numbers.add(struct.pack("<f", value))
        return f"{value:.9f}"

    def add(self, array: np.ndarray) -> None:
        """Adds what an array holds: its bytes and, if it has any, its fractions."""
        self.add_bytes(array.tobytes(), array.dtype.itemsize)
        if array.dtype == np.float32:
            fractions = array[array != np.round(array)]
            self.numbers |= {struct.pack("<f", value) for value in fractions.ravel()}

    def add_bytes(self, data: bytes, step: int = 1) -> None:
        """Adds every run of WINDOW bytes that says something."""
        pieces = (data[at : at + WINDOW] for at in range(0, len(data) - WINDOW + 1, step))
        self.windows |= {piece for piece in pieces if len(set(piece)) >= LEAST_VARIETY}

    def found_in(self, data: bytes) -> list[str]:
        """How the canary is written in `data`: "plain", "base64", "hex in base64", ...; empty where it is not."""
        return sorted({coat or "plain" for coat, bare in undressed(data[:LONGEST], DEPTH) if self._is_in(bare)})

    def _is_in(self, data: bytes) -> bool:
        lower = data.lower()
        texts = (self.text.encode(), self.text[::-1].encode(), self.text.encode("utf-16-le"))
        if any(text in lower for text in texts):
            return True
        if self.numbers and any(struct.pack("<f", value) in self.numbers for value in numbers_in(data)):
            return True
        if not self.windows or len(data) < WINDOW:
            return False
        return any(data[at : at + WINDOW] in self.windows for at in range(len(data) - WINDOW + 1))


def numbers_in(data: bytes) -> Iterator[float]:
    """The decimal fractions that a text names."""
    for found in _NUMBER.finditer(data):
        value = float(found[0])
        if abs(value) < 3e38:
            yield value


def undressed(data: bytes, depth: int) -> Iterator[tuple[str, bytes]]:
    """`data`, and what it is once percent signs, base64, hexadecimal digits or lists of bytes are read; with the names
    of what was read."""
    yield "", data
    if not depth:
        return
    for coat, bare in coats(data):
        for inner, core in undressed(bare, depth - 1):
            yield f"{inner} in {coat}" if inner else coat, core


def coats(data: bytes) -> Iterator[tuple[str, bytes]]:
    """What a text holds under one coat."""
    if b"%" in data and (bare := unquote_to_bytes(data)) != data:
        yield "URL encoding", bare
    for found in _BASE64.finditer(data):
        letters = found[0].rstrip(b"=").translate(bytes.maketrans(b"-_", b"+/"))
        for start in range(4):  # something else may stand before it
            part = letters[start:]
            part = part[: len(part) - (len(part) % 4 == 1)]
            try:
                yield "base64", base64.b64decode(part + b"=" * (-len(part) % 4), validate=True)
            except binascii.Error:
                continue
    for found in _HEX.finditer(data):
        yield "hexadecimal", bytes.fromhex(found[0].decode())
        yield "hexadecimal", bytes.fromhex(found[0][1:-1].decode())
    for found in _BYTES.finditer(data):
        values = [int(value) for value in re.split(rb"[,\s]+", found[0])]
        if max(values) < 256:
            yield "decimal bytes", bytes(values)

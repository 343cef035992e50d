"""What is in a bundle? Reads a folder or the one-file form back: manifest, weights, graph, each file verified.

In: a path. Out: a `Bundle`; ModelFormatError or IntegrityError where it is broken. Reads only the files that the
manifest names, inside the folder."""

from __future__ import annotations

import base64
import hashlib
import re
import zlib
from dataclasses import dataclass, field
from pathlib import Path

from fanlight.bundle.manifest import LONGEST_MANIFEST, NAME, PACKED, Manifest
from fanlight.bundle.weights import Array, from_safetensors
from fanlight.errors import IntegrityError, ModelFormatError, StorageError

LONGEST_CONTENT = 1 << 30  # bytes of a packed file when it is unpacked
_BLOCK = re.compile(rb'<script type="application/gzip" data-file="([^"]*)">([A-Za-z0-9+/=]*)</script>')


@dataclass(frozen=True)
class Bundle:
    """A bundle on the disk. Files are read, and verified, when they are asked for."""

    path: Path
    manifest: Manifest
    inline: dict[str, bytes] = field(default_factory=dict, repr=False)

    def file(self, name: str) -> bytes:
        """The bytes of a file that the manifest lists; IntegrityError where they are not the ones that it states."""
        stated = self.manifest.files.get(name)
        if stated is None:
            raise ModelFormatError(expected="a file that the manifest lists", got=repr(name), at=self.path)
        if self.path.is_dir():
            data = read_bytes(self.path / name, stated.bytes)
        else:
            data = unpack(self.inline.get(name, b""), stated.bytes, f"{self.path}: {name}")
        if len(data) != stated.bytes or hashlib.sha256(data).hexdigest() != stated.sha256:
            got = f"{len(data)} bytes, or others"
            do = "copy or export the whole folder again"
            raise IntegrityError(
                name, expected=f"the {stated.bytes} bytes of the manifest", got=got, at=self.path, do=do
            )
        return data

    def content(self, name: str) -> bytes:
        """What a file holds, which may be packed."""
        data = self.file(name)
        return inflated(data, LONGEST_CONTENT, f"{self.path}: {name}") if name.endswith(PACKED) else data

    def weights(self) -> dict[str, Array]:
        """The state arrays that the bundle holds, by name; those left out have an initial value in the manifest."""
        arrays: dict[str, Array] = {}
        for name in self.manifest.weights:
            arrays |= from_safetensors(self.content(name), str(self.path / name))
        for name, array in arrays.items():
            slot = self.manifest.slot(name)
            if slot is None or (slot.dtype, slot.shape) != (array.dtype, array.shape):
                expected = "no such state" if slot is None else f"{slot.dtype}{list(slot.shape)}"
                raise ModelFormatError(f"weights {name!r}", expected=expected, got=f"{array.dtype}{list(array.shape)}")
        return arrays

    def graph(self) -> bytes | None:
        """The bytes of graph.json.gz, if the bundle has it."""
        return None if self.manifest.graph is None else self.file(self.manifest.graph)

    def verify(self) -> None:
        """Reads every file; IntegrityError for the first that is not what the manifest states."""
        for name in self.manifest.files:
            self.file(name)


def read_bundle(path: str | Path) -> Bundle:
    """The bundle in a folder, or in one HTML file."""
    where = Path(path)
    if where.is_dir():
        return Bundle(where, Manifest.from_bytes(read_bytes(where / NAME, LONGEST_MANIFEST), str(where / NAME)))
    try:
        blocks = dict(_BLOCK.findall(where.read_bytes()))
    except OSError as error:
        raise StorageError("a bundle", expected="a folder or an HTML file", got=error, at=where) from error
    inline = {name.decode("utf-8", "replace"): data for name, data in blocks.items()}
    if NAME not in inline:
        raise ModelFormatError(expected=f"an exported page with {NAME} in it", got="none", at=where)
    at = f"{where}: {NAME}"
    return Bundle(where, Manifest.from_bytes(unpack(inline[NAME], LONGEST_MANIFEST, at), at), inline)


def read_bytes(path: Path, most: int) -> bytes:
    """A file's bytes; IntegrityError where it is missing or longer than it may be."""
    try:
        with path.open("rb") as file:
            data = file.read(most + 1)
    except OSError as error:
        do = "is it the folder that an export wrote?"
        raise StorageError("a bundle", expected=path.name, got=error.strerror, at=path.parent, do=do) from error
    if len(data) > most:
        raise IntegrityError(path.name, expected=f"at most {most} bytes", got="more", at=path.parent)
    return data


def unpack(data: bytes, most: int, at: str) -> bytes:
    """What base64 and gzip hold, never more than `most` bytes of it."""
    try:
        return inflated(base64.b64decode(data, validate=True), most, at)
    except ValueError as error:
        raise IntegrityError(expected="base64", got=error, at=at) from None


def inflated(data: bytes, most: int, at: str) -> bytes:
    """What gzip holds, never more than `most` bytes of it."""
    try:
        found = zlib.decompressobj(wbits=31).decompress(data, most + 1)
    except zlib.error as error:
        raise IntegrityError(expected="compressed bytes", got=error, at=at) from None
    if len(found) > most:
        raise IntegrityError(expected=f"at most {most} bytes", got="more", at=at)
    return found

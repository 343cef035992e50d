"""What do inputs and outputs mean, as metadata say? Pictures and how their pixels are scaled, names of classes.

In: a `File`. Out: meanings by name. Metadata are a flatbuffer of their own (TensorFlow Lite's metadata_schema.fbs), the
labels a text file in a zip behind the model. What is broken about them is an error of the file, as in the rest of it.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Mapping
from io import BytesIO
from typing import Any

from fanlight.errors import ModelFormatError
from fanlight.importers.graphs.records import Slot
from fanlight.importers.tflite.read import File
from fanlight.layers.meanings import Classes, Image, Meaning

IDENTIFIER = b"M001"
LONGEST = 16 << 20  # bytes of a file of labels
MOST = 4096  # entries of a list
BYTE, FLOAT, INT = "<B", "<f", "<i"
# Places of fields in their tables.
GRAPHS = 3
INPUTS, OUTPUTS = 2, 3
CONTENT, UNITS, FILES = 3, 4, 6
KIND, VALUE = 0, 1  # of a union
IMAGE, NORMALIZATION, AXIS_LABELS = 2, 1, 2


class Table:
    """One table of a flatbuffer: its fields by place. Every offset is checked."""

    def __init__(self, data: bytes, start: int):
        self.data, self.start = data, start
        self.fields = start - self.number(INT, start)
        self.size = self.number("<H", self.fields)

    def number(self, kind: str, at: int) -> Any:
        if not 0 <= at <= len(self.data) - struct.calcsize(kind):
            raise ValueError(f"an offset outside: {at} of {len(self.data)}")
        return struct.unpack_from(kind, self.data, at)[0]

    def at(self, place: int) -> int | None:
        """Where a field stands; None where it is left out."""
        entry = 4 + 2 * place
        offset = self.number("<H", self.fields + entry) if entry < self.size else 0
        return self.start + offset if offset else None

    def plain(self, place: int, kind: str) -> Any:
        at = self.at(place)
        return 0 if at is None else self.number(kind, at)

    def table(self, place: int) -> Table | None:
        at = self.at(place)
        return None if at is None else Table(self.data, at + self.number("<I", at))

    def entries(self, place: int) -> tuple[int, int]:
        """Where a list begins, and how many entries it has."""
        at = self.at(place)
        if at is None:
            return 0, 0
        start = at + self.number("<I", at)
        count = self.number("<I", start)
        if count > MOST:
            raise ValueError(f"a list of {count}, more than {MOST}")
        return start + 4, count

    def tables(self, place: int) -> list[Table]:
        start, count = self.entries(place)
        places = range(start, start + 4 * count, 4)
        return [Table(self.data, at + self.number("<I", at)) for at in places]

    def floats(self, place: int) -> list[float]:
        start, count = self.entries(place)
        return [self.number(FLOAT, start + 4 * k) for k in range(count)]

    def text(self, place: int) -> str:
        at = self.at(place)
        if at is None:
            return ""
        start = at + self.number("<I", at)
        length = self.number("<I", start)
        if length > len(self.data):
            raise ValueError(f"a text of {length} bytes")
        return self.data[start + 4 : start + 4 + length].decode("utf-8", "replace")


def meanings_of(file: File) -> tuple[dict[str, Meaning], dict[str, Meaning]]:
    """Of inputs and outputs by name, as far as the file says. Raises ModelFormatError where metadata are broken."""
    data = file.metadata
    if data is None:
        return {}, {}
    try:
        if data[4:8] != IDENTIFIER:
            raise ValueError(f"metadata that begin with {data[:8]!r}, not M001")
        graphs = Table(data, struct.unpack_from("<I", data)[0]).tables(GRAPHS)
        if not graphs:
            return {}, {}
        slots = {slot.name: slot for slot in (*file.model.graph.inputs, *file.model.graph.outputs)}
        sides = [zip(names, graphs[0].tables(place), strict=False)
                 for names, place in zip(file.ends, (INPUTS, OUTPUTS), strict=True)]  # fmt: skip
        pictures = {name: found for name, each in sides[0] if name in slots and (found := picture(slots[name], each))}
        return pictures, {
            name: found for name, each in sides[1] if name in slots and (found := classes(file, slots[name], each))
        }
    except (ValueError, struct.error, IndexError) as error:
        got = f"{error}"[:200]
        raise ModelFormatError("TensorFlow Lite metadata", expected="offsets and lengths inside them", got=got,
                               at=file.model.at) from error  # fmt: skip


def picture(slot: Slot, said: Table) -> Meaning | None:
    """An input of pictures whose pixels are scaled in a known way."""
    content = said.table(CONTENT)
    shape = slot.shape or ()
    if content is None or content.plain(KIND, BYTE) != IMAGE or len(shape) != 4:
        return None
    rest = [each for each in shape[1:] if isinstance(each, int)]
    if len(rest) != 3 or min(rest) < 1 or rest[2] not in (1, 2, 3, 4):
        return None
    for unit in said.tables(UNITS):
        options = unit.table(VALUE)
        if options is not None and unit.plain(KIND, BYTE) == NORMALIZATION:
            mean, std = options.floats(0), options.floats(1)
            if {len(mean), len(std)} <= {1, rest[2]} and all(each > 0 for each in std):
                return Image(rest[0], rest[1], rest[2], **scaling(mean, std))
    return None


def scaling(mean: list[float], std: list[float]) -> Mapping[str, Any]:
    """(pixel - mean) / std in the words of `Image`."""
    if set(mean) == {127.5} and set(std) == {127.5}:
        return {"preset": "tf"}
    if set(mean) == {0.0} and set(std) == {255.0}:
        return {"preset": "unit"}
    if set(mean) == {0.0} and set(std) == {1.0}:
        return {}
    return {"mean": tuple(each / 255 for each in mean), "std": tuple(each / 255 for each in std)}


def classes(file: File, slot: Slot, said: Table) -> Meaning | None:
    """An output whose last axis has labels."""
    for each in said.tables(FILES):
        if each.plain(2, BYTE) == AXIS_LABELS and (labels := labels_in(file, each.text(0))):
            return Classes.from_lines(labels) if (slot.shape or (None,))[-1] == len(labels) else None
    return None


def labels_in(file: File, name: str) -> list[str]:
    """The lines of a file in the zip behind the model."""
    try:
        with zipfile.ZipFile(BytesIO(file.data)) as archive:
            if name not in archive.namelist():
                return []
            with archive.open(name) as lines:
                data = lines.read(LONGEST + 1)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise ValueError(f"labels {name!r} that cannot be read: {error}") from error
    if len(data) > LONGEST:
        raise ValueError(f"labels of more than {LONGEST} bytes")
    return [line for line in data.decode("utf-8", "replace").splitlines() if line.strip()]

"""Writes the metadata of a TensorFlow Lite file: a picture with its scaling, classes with a file of labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import flatbuffers

IMAGE, NORMALIZATION, AXIS_LABELS = 2, 1, 2


def described(
    mean: Sequence[float] = (), std: Sequence[float] = (), labels: str | None = None, picture: bool = False
) -> bytes:
    """The flatbuffer: one input and one output."""
    b = flatbuffers.Builder(256)

    def table(**fields: Any) -> int:
        """Fields by `_place`: pairs of a kind and a value."""
        b.StartObject(8)
        for name, (kind, value) in fields.items():
            place = int(name.removeprefix("_"))
            if kind == "offset":
                b.PrependUOffsetTRelativeSlot(place, value, 0)
            else:
                b.PrependUint8Slot(place, value, 0)
        return b.EndObject()

    def several(items: Sequence[int]) -> int:
        b.StartVector(4, len(items), 4)
        for each in reversed(items):
            b.PrependUOffsetTRelative(each)
        return b.EndVector()

    def floats(numbers: Sequence[float]) -> int:
        b.StartVector(4, len(numbers), 4)
        for each in reversed(numbers):
            b.PrependFloat32(each)
        return b.EndVector()

    said: dict[str, Any] = {}
    if mean:
        options = table(_0=("offset", floats(mean)), _1=("offset", floats(std)))
        unit = table(_0=("byte", NORMALIZATION), _1=("offset", options))
        said["_4"] = ("offset", several([unit]))
    if picture:
        image = table(_0=("byte", 1))
        said["_3"] = ("offset", table(_0=("byte", IMAGE), _1=("offset", image)))
    taken = table(**said)
    files: dict[str, Any] = {}
    if labels is not None:
        name = b.CreateString(labels)
        files["_6"] = ("offset", several([table(_0=("offset", name), _2=("byte", AXIS_LABELS))]))
    given = table(**files)
    graph = table(_2=("offset", several([taken])), _3=("offset", several([given])))
    root = table(_3=("offset", several([graph])))
    b.Finish(root, b"M001")
    return bytes(b.Output())

"""How is an HDF5 file read that nobody vouches for? Its own arrays of plain numbers, within bounds, and nothing else.

In: bytes. Out: arrays by path, texts of attributes. Follows no link and opens no other file. Knows no Keras.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count, takewhile
from math import prod
from typing import Any

import numpy as np

from fanlight.errors import FanlightError, ModelFormatError, StorageError

DEEPEST, MOST_OBJECTS = 64, 200_000
LARGEST_ATTRIBUTE = 64 << 20
EXPANSION, SLACK = 200, 1 << 20  # an array is at most so many times what is stored of it, and that much more

Arrays = dict[str, Any]


@contextmanager
def open_hdf5(data: bytes, at: str) -> Iterator[Any]:
    """The root group. Whatever is wrong with the file inside the block is a ModelFormatError."""
    try:
        import h5py
    except ImportError as error:
        do = 'pip install "fanlight[keras]"'
        raise StorageError("Keras file", expected="h5py, which reads HDF5", got="none", at=at, do=do) from error
    try:
        with h5py.File(io.BytesIO(data), "r") as root:
            yield root
    except FanlightError:
        raise
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, MemoryError, AttributeError) as error:
        raise ModelFormatError("Keras file", expected="a whole HDF5 file", got=error, at=at) from error


def content(group: Any, at: str) -> tuple[Arrays, dict[str, Any]]:
    """(every array, every group) below a group, by their paths from there."""
    arrays: Arrays = {}
    groups: dict[str, Any] = {}
    waiting = [(group, "", 0)]
    while waiting:
        here, path, depth = waiting.pop()
        if depth > DEEPEST:
            raise ModelFormatError("HDF5", expected=f"groups at most {DEEPEST} deep", got="more", at=f"{at}, {path}")
        for name in here:
            full = f"{path}/{name}" if path else name
            each = own(here, name, f"{at}, {full}")
            if hasattr(each, "keys"):
                groups[full] = each
                waiting.append((each, full, depth + 1))
            else:
                arrays[full] = array(each, f"{at}, {full}")
            if len(arrays) + len(groups) > MOST_OBJECTS:
                raise ModelFormatError("HDF5", expected=f"at most {MOST_OBJECTS} objects", got="more", at=at)
    return arrays, groups


def own(group: Any, name: str, at: str) -> Any:
    """What lies in the group itself under that name; links to elsewhere are refused."""
    import h5py

    if not isinstance(group.get(name, getlink=True), h5py.HardLink):
        raise ModelFormatError("HDF5", expected="content of the file itself", got="a link", at=at)
    each = group[name]
    if not isinstance(each, h5py.Group | h5py.Dataset):
        raise ModelFormatError("HDF5", expected="groups and arrays", got=type(each).__name__, at=at)
    return each


def array(dataset: Any, at: str) -> Any:
    """The numbers of a dataset, once its header is believable."""
    kind, shape = dataset.dtype, dataset.shape
    if kind.kind not in "fiub" or shape is None or kind.subdtype is not None:
        raise ModelFormatError("HDF5", expected="an array of numbers", got=kind, at=at)
    if dataset.external or dataset.is_virtual:
        raise ModelFormatError("HDF5", expected="content of the file itself", got="a reference to another", at=at)
    size, stored = prod(int(n) for n in shape) * kind.itemsize, dataset.id.get_storage_size()
    if size > stored * EXPANSION + SLACK:
        got = f"shape {list(shape)}, {size} bytes from {stored} stored"
        raise ModelFormatError("HDF5", expected="an array in proportion to the file", got=got, at=at)
    return np.asarray(dataset[()])


def attribute(group: Any, name: str, at: str) -> str | None:
    """The text of an attribute, None where there is none."""
    found = texts(group, name, at) if name in group.attrs else [None]
    return found[0] if len(found) == 1 else None


def names(group: Any, name: str, at: str) -> list[str]:
    """The texts of an attribute; Keras cuts a long list into `name0`, `name1`, ..."""
    numbered = (f"{name}{number}" for number in count())
    parts = [name] if name in group.attrs else takewhile(lambda each: each in group.attrs, numbered)
    return [each for part in parts for each in texts(group, part, at)]


def texts(group: Any, name: str, at: str) -> list[str]:
    """The text, or the texts, of one attribute."""
    header = group.attrs.get_id(name)
    if prod(int(n) for n in header.shape or ()) * header.dtype.itemsize > LARGEST_ATTRIBUTE:
        raise ModelFormatError("HDF5", expected="an attribute of at most 64 MiB", got="more", at=f"{at}, {name}")
    value = np.asarray(group.attrs[name]).tolist()
    found = [each.decode("utf-8", "replace") if isinstance(each, bytes) else each for each in listed(value)]
    if not all(isinstance(each, str) for each in found):
        raise ModelFormatError("HDF5", expected="texts", got=str(value)[:80], at=f"{at}, {name}")
    return found


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]

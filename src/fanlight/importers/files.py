"""What is in a file? All of it, within what a page can hold."""

from __future__ import annotations

from pathlib import Path

from fanlight.errors import ModelFormatError, StorageError

LARGEST_FILE = 4 << 30  # bytes: no page has more memory


def whole_file(path: Path, label: str, expected: str) -> bytes:
    """The bytes of a file. Raises ModelFormatError where it is too large, StorageError where it cannot be read."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise ModelFormatError(label, expected="at most 4 GiB", got=path.stat().st_size, at=path)
        return path.read_bytes()
    except OSError as error:
        raise StorageError("load", expected=expected, got=error.strerror, at=path) from error

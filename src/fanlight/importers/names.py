"""Which importer reads a file? By its name; knows no format."""

from __future__ import annotations

from pathlib import Path

KERAS = (".keras", ".h5", ".hdf5")


def is_keras(path: Path) -> bool:
    """Whether a file has a name that Keras gives to models and weights."""
    return path.suffix.lower() in KERAS


def is_onnx(path: Path) -> bool:
    """Whether a file has the name of an ONNX model."""
    return path.suffix.lower() == ".onnx"

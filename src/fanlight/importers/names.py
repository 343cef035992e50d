"""Which importer reads a file? By its name; knows no format."""

from __future__ import annotations

from pathlib import Path

SAVED_MODEL, TOPOLOGY = "saved_model.pb", "model.json"  # what folders of TensorFlow and TensorFlow.js hold
KERAS = (".keras", ".h5", ".hdf5")


def is_keras(path: Path) -> bool:
    """Whether a file has a name that Keras gives to models and weights."""
    return path.suffix.lower() in KERAS


def is_onnx(path: Path) -> bool:
    """Whether a file has the name of an ONNX model."""
    return path.suffix.lower() == ".onnx"


def is_tflite(path: Path) -> bool:
    """Whether a file has the name of a TensorFlow Lite model."""
    return path.suffix.lower() == ".tflite"


def is_tensorflow(path: Path) -> bool:
    """Whether a path has the name of a frozen graph or of a model.json, or is a folder with a model of TensorFlow's."""
    if path.is_dir():
        names = (SAVED_MODEL, TOPOLOGY) if not (path / "fanlight.json").exists() else ()
        return any((path / name).is_file() for name in names)
    return path.suffix.lower() in (".pb", ".json")

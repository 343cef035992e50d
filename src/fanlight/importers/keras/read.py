"""What is in a Keras file? Bytes -> a config and arrays, within bounds; trusts nothing, and knows no layer.

In: `.keras` (a zip of Keras 3), `.h5`/`.hdf5` (a whole model of Keras 2 or 3), `.weights.h5`. Out: a `KerasFile`.
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fanlight.errors import ModelFormatError, UnsupportedOp
from fanlight.importers.files import LARGEST_FILE, whole_file
from fanlight.importers.keras.hdf5 import Arrays, attribute, content, names, open_hdf5, own

ZIP, HDF5 = b"PK\x03\x04", b"\x89HDF\r\n\x1a\n"
LARGEST_JSON = 64 << 20
EXPANSION, SLACK = 200, 1 << 20  # what is unpacked is at most so many times what is stored, and that much more
MOST_ENTRIES = 10_000

Config = Mapping[str, Any]


@dataclass
class KerasFile:
    """What a file holds. `config` is `{"class_name", "config"}` of the model, None where a file has weights alone.

    `places` are arrays as Keras 3 lays them out, `layers/dense/vars/0`; `layers` those of a file laid out as in Keras
    2: for each layer its name and its arrays in order; `named` those of TensorFlow.js, `dense/kernel`. Two of them are
    empty. `optimizer` is the optimizer's state in
    order, each with its name.
    """

    at: str
    version: str = ""
    config: Config | None = None
    training: Config | None = None
    places: Arrays = field(default_factory=dict)
    layers: list[tuple[str, list[Any]]] = field(default_factory=list)
    named: Arrays = field(default_factory=dict)
    optimizer: list[tuple[str, Any]] = field(default_factory=list)
    assets: dict[str, bytes] = field(default_factory=dict)

    def error(self, expected: object, got: object, do: str | None = None) -> ModelFormatError:
        return ModelFormatError("Keras file", expected=expected, got=got, at=self.at, do=do)


def read_file(path: Path) -> KerasFile:
    """The content of a Keras file. Raises ModelFormatError where it is broken, StorageError where it is not there."""
    data = whole_file(path, "Keras file", "a Keras file")
    return read_bytes(data, str(path))


def read_bytes(data: bytes, at: str) -> KerasFile:
    """The content of the bytes of a Keras file; `at` names it in messages."""
    if data.startswith(ZIP):
        return read_archive(data, at)
    if data.startswith(HDF5):
        return read_hdf5(data, at)
    got = f"bytes that begin with {data[:8]!r}"
    raise ModelFormatError("Keras file", expected="a zip (.keras) or an HDF5 file (.h5)", got=got, at=at)


# Keras 3


def read_archive(data: bytes, at: str) -> KerasFile:
    """A `.keras` file: config.json, metadata.json, model.weights.h5 and assets."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        entries = {each.filename: each for each in archive.infolist()}
        if len(entries) > MOST_ENTRIES:
            raise ModelFormatError("Keras file", expected=f"at most {MOST_ENTRIES} entries", got=len(entries), at=at)
        config = json_entry(archive, entries, "config.json", at)
        metadata = json_entry(archive, entries, "metadata.json", at) if "metadata.json" in entries else {}
        if "model.weights.h5" not in entries:
            others = sorted(name for name in entries if name.startswith("model.weights"))
            do = "save it with Keras's weights_format='h5'" if others else None
            raise ModelFormatError("Keras file", expected="model.weights.h5", got=others or "no weights", at=at, do=do)
        weights = entry_bytes(archive, entries["model.weights.h5"], LARGEST_FILE, at)
        assets = {
            name: entry_bytes(archive, entry, LARGEST_JSON, at)
            for name, entry in entries.items()
            if name.startswith("assets/") and not entry.is_dir()
        }
    # NotImplementedError is what zipfile raises for a way to compress that it does not know.
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, RuntimeError, ValueError, OSError) as error:
        if isinstance(error, (ModelFormatError, UnsupportedOp)):
            raise
        raise ModelFormatError("Keras file", expected="a whole zip", got=error, at=at) from error
    training = config.get("compile_config")
    file = KerasFile(at, str(metadata.get("keras_version", "3")), config, training, assets=assets)
    fill_places(file, weights)
    return file


def json_entry(archive: zipfile.ZipFile, entries: Mapping[str, zipfile.ZipInfo], name: str, at: str) -> Config:
    if name not in entries:
        raise ModelFormatError("Keras file", expected=f"an entry {name}", got=sorted(entries)[:8], at=at)
    return parsed(entry_bytes(archive, entries[name], LARGEST_JSON, at), f"{at}, {name}")


def entry_bytes(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, limit: int, at: str) -> bytes:
    """One entry of a zip, unpacked within the bounds whatever its header says."""
    limit = min(limit, entry.compress_size * EXPANSION + SLACK)
    with archive.open(entry) as stream:
        data = stream.read(limit + 1)
    if len(data) > limit:
        got = f"more than {limit} from {entry.compress_size} stored"
        raise ModelFormatError("Keras file", expected="bytes in proportion", got=got, at=f"{at}, {entry.filename}")
    return data


def parsed(text: Any, at: str) -> Config:
    """A JSON object. Raises ModelFormatError for anything else."""
    try:
        found = json.loads(text)
    except (ValueError, TypeError, RecursionError) as error:
        raise ModelFormatError("config", expected="JSON", got=error, at=at) from error
    if not isinstance(found, dict):
        raise ModelFormatError("config", expected="a JSON object", got=type(found).__name__, at=at)
    return found


def fill_places(file: KerasFile, data: bytes) -> None:
    """The arrays of a file laid out as in Keras 3, by place; the optimizer's apart."""
    with open_hdf5(data, file.at) as root:
        found, _ = content(root, file.at)
    slots: dict[int, Any] = {}
    for place, array in found.items():
        place = place.replace("_layer_checkpoint_dependencies/", "layers/")  # of Keras 2.13
        if place.startswith("optimizer/vars/") and place.rpartition("/")[2].isdigit():
            slots[int(place.rpartition("/")[2])] = array
        else:
            file.places[place] = array
    file.optimizer = [("", slots[number]) for number in sorted(slots)]


# Keras 2, and Keras 3's legacy form


def read_hdf5(data: bytes, at: str) -> KerasFile:
    """A `.h5` file: with a model_config attribute a whole model, else weights alone, in either layout."""
    with open_hdf5(data, at) as root:
        config, training = (attribute(root, name, at) for name in ("model_config", "training_config"))
        version = str(attribute(root, "keras_version", at) or "")
        has_layers = "layer_names" in root.attrs or "layer_names0" in root.attrs
        if config is None and not has_layers:
            file = KerasFile(at, version or "3")
            fill_places(file, data)
            return file
        file = KerasFile(at, version)
        if config is not None:
            file.config = parsed(config, f"{at}, model_config")
            file.training = None if training is None else parsed(training, f"{at}, training_config")
        if not has_layers and "model_weights" not in root:
            raise file.error("a group model_weights", sorted(root)[:8])
        group = root if has_layers else own(root, "model_weights", at)
        file.version = version or str(attribute(group, "keras_version", at) or "1")
        arrays, groups = content(group, at)
        for layer in names(group, "layer_names", at):
            if layer not in groups:
                raise file.error(f"a group for layer {layer!r}", "none")
            file.layers.append((layer, [array for _, array in in_order(file, arrays, groups[layer], f"{layer}/")]))
        if "optimizer_weights" in root:
            state = own(root, "optimizer_weights", at)
            file.optimizer = in_order(file, content(state, at)[0], state, "")
    return file


def in_order(file: KerasFile, arrays: Arrays, group: Any, path: str) -> list[tuple[str, Any]]:
    """The arrays of a group with their names, in the order in which its attribute lists them."""
    listed = names(group, "weight_names", file.at)
    if missing := [name for name in listed if path + name not in arrays]:
        raise file.error(f"arrays {missing[:4]} in {path or 'the optimizer'}", "none")
    return [(name, arrays[path + name]) for name in listed]

"""Models of TensorFlow.js as its converter writes them: a graph's constants move into shards, the rest becomes JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from google.protobuf import json_format

from fanlight.importers.tensorflow.schema import message, parsed
from fanlight.importers.tensorflow.values import Bounds

SHARD = "group1-shard{}of{}.bin"


def graph_of(path: Path) -> Any:
    return parsed("GraphDef", path.read_bytes(), str(path))


def topology(graph: Any) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """A GraphDef as JSON, and its constants."""
    copy = message("GraphDef")()
    copy.CopyFrom(graph)
    arrays = {}
    for node in copy.node:
        if node.op == "Const":
            tensor = node.attr["value"].tensor
            arrays[node.name] = Bounds("a test").tensor(tensor, node.name)
            kept = {"dtype": tensor.dtype, "tensor_shape": tensor.tensor_shape}
            tensor.CopyFrom(message("TensorProto")(**kept))
    return json_format.MessageToDict(copy), arrays


def packed(array: np.ndarray, stored: str | None) -> tuple[dict[str, Any], bytes]:
    """The entry of a weight, and its bytes in a shard."""
    if array.dtype == object:
        texts = [each.encode() for each in array.ravel()]
        return {"dtype": "string"}, b"".join(len(each).to_bytes(4, "little") + each for each in texts)
    dtype = {"f": "float32", "b": "bool"}.get(array.dtype.kind, "int32")
    if stored is None or dtype == "bool":
        return {"dtype": dtype}, array.astype("uint8" if dtype == "bool" else dtype).tobytes()
    if stored == "float16":
        return {"dtype": dtype, "quantization": {"dtype": stored}}, array.astype(stored).tobytes()
    least, most = float(array.min()), float(array.max())
    scale = (most - least) / np.iinfo(stored).max or 1.0
    quantization = {"dtype": stored, "min": least, "scale": scale, "original_dtype": dtype}
    return {"dtype": dtype, "quantization": quantization}, np.round((array - least) / scale).astype(stored).tobytes()


def write(folder: Path, model: dict[str, Any], arrays: dict[str, np.ndarray], stored: Any = None, **more: Any) -> Path:
    """model.json and two shards, the second of which begins within a weight. `stored` names for some arrays, or for
    all, the dtype of the shard."""
    folder.mkdir(parents=True, exist_ok=True)
    entries, data = [], b""
    for name, array in arrays.items():
        entry, part = packed(array, stored.get(name) if isinstance(stored, dict) else stored)
        entries.append({"name": name, "shape": list(array.shape), **entry})
        data += part
    half = len(data) // 2 + 1
    paths = [SHARD.format(k, 2) for k in (1, 2)]
    for path, part in zip(paths, (data[:half], data[half:]), strict=True):
        (folder / path).write_bytes(part)
    manifest = [{"paths": paths, "weights": entries}]
    said = {"modelTopology": model, "weightsManifest": manifest, **more}
    (folder / "model.json").write_text(json.dumps(said))
    return folder / "model.json"

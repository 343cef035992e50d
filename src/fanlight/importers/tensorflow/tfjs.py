"""What is in a model.json of TensorFlow.js? Its topology, a graph's or that of layers, and arrays from its shards.

In: a path. Out: a `Topology`; arrays are read when they are asked for. Shards lie in the model's own folder, and
weights that are stored in 8 or 16 bits come as the numbers that they stand for.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import prod
from pathlib import Path
from typing import Any

from fanlight.errors import ModelFormatError, StorageError, UnsupportedOp
from fanlight.importers.files import LARGEST_FILE
from fanlight.importers.graphs.records import Slot
from fanlight.importers.tensorflow.schema import dtype_name, message
from fanlight.importers.tensorflow.values import MOST_AXES, Bounds, text

LARGEST_JSON = 256 << 20  # graphs with small constants in them are long
MOST_WEIGHTS = 100_000
GRAPH, LAYERS = "graph-model", "layers-model"
STORED = {"float32": "float32", "int32": "int32", "bool": "uint8"}  # dtypes of weights, and how they lie in a shard
BASE64 = re.compile(r"[A-Za-z0-9+/_-]*={0,2}")
PACKED = ("uint8", "uint16")  # numbers that mean min + scale * number


@dataclass(frozen=True)
class Weight:
    """Where a weight lies in its group of shards, which are one file behind another."""

    group: int
    offset: int
    dtype: str
    stored: str
    shape: tuple[int, ...]
    quantization: Mapping[str, Any] | None
    is_optimizer: bool = False  # what an optimizer remembers


@dataclass
class Topology:
    """What a model.json holds. `kind` is GRAPH or LAYERS, `model` the graph's nodes or the config of layers."""

    bounds: Bounds
    kind: str
    model: Mapping[str, Any]
    said: Mapping[str, Any]
    weights: dict[str, Weight] = field(default_factory=dict)
    groups: list[bytes] = field(default_factory=list)

    def array(self, name: str) -> Any:
        """A weight; None where there is none of that name."""
        import numpy

        weight = self.weights.get(name)
        if weight is None:
            return None
        if weight.dtype == "string":
            return strings(self, weight, name)[0]
        stored = numpy.dtype(weight.stored).newbyteorder("<")
        data = self.groups[weight.group]
        found = numpy.frombuffer(data, stored, prod(weight.shape), weight.offset).reshape(weight.shape)
        if weight.quantization and weight.stored in PACKED:
            least, scale = (float(weight.quantization[key]) for key in ("min", "scale"))
            whole = found * scale + least
            return (numpy.round(whole) if weight.dtype == "int32" else whole).astype(weight.dtype)
        return found.astype(weight.dtype)


def read_topology(path: Path) -> Topology:
    """The content of a model.json. Raises ModelFormatError where it or a shard is broken, StorageError where it is not
    there."""
    bounds = Bounds(str(path))
    said = parsed(path, bounds)
    model = said.get("modelTopology")
    if not isinstance(model, dict):
        raise bounds.error("a modelTopology", type(model).__name__)
    kind = said.get("format") or (GRAPH if "node" in model else LAYERS)
    if kind not in (GRAPH, LAYERS):
        raise bounds.error(f"format {GRAPH} or {LAYERS}", repr(kind))
    found = Topology(bounds, kind, model, said)
    manifest = said.get("weightsManifest", [])
    if not isinstance(manifest, list):
        raise bounds.error("a list as weightsManifest", type(manifest).__name__)
    for group in manifest:
        add_group(found, group, path.parent)
    return found


def parsed(path: Path, bounds: Bounds) -> dict[str, Any]:
    try:
        if path.stat().st_size > LARGEST_JSON:
            raise bounds.error(f"at most {LARGEST_JSON} bytes", path.stat().st_size)
        said = json.loads(path.read_bytes())
    except OSError as error:
        raise StorageError("load", expected="a model.json", got=error.strerror, at=path) from error
    except (ValueError, RecursionError) as error:
        if isinstance(error, ModelFormatError):
            raise
        raise bounds.error("JSON", error) from error
    if not isinstance(said, dict):
        raise bounds.error("a JSON object", type(said).__name__)
    return said


# Weights


def add_group(found: Topology, group: Any, folder: Path) -> None:
    """The weights of one group, which lie one behind another in its shards."""
    bounds = found.bounds
    if not isinstance(group, dict) or not all(isinstance(group.get(key), list) for key in ("paths", "weights")):
        raise bounds.error("paths and weights of a group", str(group)[:80])
    found.groups.append(b"".join(shard(folder, each, bounds) for each in group["paths"]))
    number, offset, length = len(found.groups) - 1, 0, len(found.groups[-1])
    for each in group["weights"]:
        name = each.get("name") if isinstance(each, dict) else None
        if not isinstance(name, str) or name in found.weights or len(found.weights) >= MOST_WEIGHTS:
            raise bounds.error("a name of its own for each weight", repr(name))
        weight = replace(entry(each, number, offset, bounds), is_optimizer=each.get("group") == "optimizer")
        found.weights[name] = weight
        if weight.dtype == "string":
            offset = strings(found, weight, name)[1]
            continue
        import numpy

        size = prod(weight.shape) * numpy.dtype(weight.stored).itemsize
        if offset + size > length:
            raise bounds.error(f"{offset + size} bytes in {group['paths']}", length, f"weight {name!r}")
        if prod(weight.shape) * 4 > LARGEST_FILE:
            raise bounds.error("at most 4 GiB", prod(weight.shape) * 4, f"weight {name!r}")
        offset += size


def shard(folder: Path, name: Any, bounds: Bounds) -> bytes:
    """The bytes of a shard, which lies in the model's own folder."""
    root = folder.resolve()
    try:
        path = (root / str(name)).resolve()
        is_inside = isinstance(name, str) and path.is_relative_to(root) and path.is_file()
        if not is_inside:
            raise bounds.error("shards in the model's own folder", repr(name))
        if path.stat().st_size > LARGEST_FILE:
            raise bounds.error("at most 4 GiB", path.stat().st_size, str(name))
        return path.read_bytes()
    except (ValueError, OSError) as error:
        if isinstance(error, ModelFormatError):
            raise
        raise bounds.error("shards in the model's own folder", error) from error


def entry(said: Mapping[str, Any], group: int, offset: int, bounds: Bounds) -> Weight:
    """One weight of the manifest, its description checked."""
    place = f"weight {said.get('name')!r}"
    shape, dtype, packed = said.get("shape"), said.get("dtype"), said.get("quantization")
    if not isinstance(shape, list) or len(shape) > MOST_AXES or not all(type(n) is int and n >= 0 for n in shape):
        raise bounds.error(f"a shape of at most {MOST_AXES} lengths from 0 up", shape, place)
    if dtype == "complex64":
        raise UnsupportedOp("model.json", expected="weights of real numbers", got=dtype, at=f"{bounds.at}, {place}")
    if dtype not in (*STORED, "string"):
        raise bounds.error(f"dtype {', '.join(STORED)} or string", repr(dtype), place)
    if packed is None:
        return Weight(group, offset, str(dtype), STORED.get(str(dtype), ""), tuple(shape), None)
    stored = packed.get("dtype") if isinstance(packed, dict) else None
    if stored == "float16" and dtype == "float32":
        return Weight(group, offset, dtype, stored, tuple(shape), packed)
    numbers = [packed.get(key) for key in ("min", "scale")] if stored in PACKED else []
    if dtype not in ("float32", "int32") or not numbers or not all(type(each) in (int, float) for each in numbers):
        expected = f"float16, or {' or '.join(PACKED)} with min and scale"
        raise bounds.error(f"weights stored as {expected}", str(packed)[:80], place)
    return Weight(group, offset, str(dtype), str(stored), tuple(shape), packed)


def strings(found: Topology, weight: Weight, name: str) -> tuple[Any, int]:
    """The texts of a weight, each after its length in four bytes, and where they end."""
    import numpy

    data, offset, texts = found.groups[weight.group], weight.offset, []
    for _ in range(min(prod(weight.shape), len(data) + 1)):
        end = offset + 4 + int.from_bytes(data[offset : offset + 4], "little")
        if end > len(data) or offset + 4 > len(data):
            raise found.bounds.error(f"bytes up to {end}", len(data), f"weight {name!r}")
        texts.append(text(data[offset + 4 : end]))
        offset = end
    return numpy.array(texts, object).reshape(weight.shape), offset


# The graph


def graph_of(found: Topology) -> Any:
    """The GraphDef of a graph model."""
    from google.protobuf import json_format

    kind = message("GraphDef")
    try:
        for node in [*found.model.get("node", ()), *functions_nodes(found.model)]:
            for value in (node.get("attr") or {}).values():
                check_bytes(value)
        return json_format.ParseDict(dict(found.model), kind(), ignore_unknown_fields=True)
    except (json_format.ParseError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise found.bounds.error("nodes of a graph", error, "modelTopology") from error


def functions_nodes(model: Mapping[str, Any]) -> list[Any]:
    library = model.get("library") or {}
    return [node for each in library.get("function", ()) for node in each.get("nodeDef", ())]


def check_bytes(value: Any) -> None:
    """Strings are written in base64, by old converters as lists of their bytes, which become base64 here. Raises
    ValueError for what is neither; the parser of JSON would skip wrong letters."""
    if isinstance(value.get("s"), list):
        value["s"] = base64.b64encode(bytes(value["s"])).decode()
    texts = [value.get("s"), *((value.get("list") or {}).get("s") or ())]
    tensor = value.get("tensor") or {}
    texts += [tensor.get("tensorContent"), *(tensor.get("stringVal") or ())]
    for each in texts:
        if each is not None and not BASE64.fullmatch(each):
            raise ValueError(f"no base64: {each[:40]!r}")


def ends_of(found: Topology) -> tuple[dict[str, Slot], dict[str, Slot]]:
    """Inputs and outputs as the file's signature has them; none where it has no signature."""
    details = found.said.get("userDefinedMetadata")
    said = found.said.get("signature") or (details.get("signature") if isinstance(details, dict) else None) or {}
    from google.protobuf import json_format

    sides = []
    for side in ("inputs", "outputs"):
        entries = said.get(side) if isinstance(said, dict) else None
        slots: dict[str, Slot] = {}
        if not isinstance(entries or {}, dict):
            raise found.bounds.error("a signature by names", str(entries)[:80])
        for key, each in (entries or {}).items():
            try:
                info = json_format.ParseDict(each, message("TensorInfo")(), ignore_unknown_fields=True)
            except (json_format.ParseError, TypeError, ValueError, AttributeError) as error:
                raise found.bounds.error("tensors in the signature", error, repr(key)) from error
            slots[key.removesuffix(":0")] = slot_of(info, found.bounds, key)
        sides.append(slots)
    return sides[0], sides[1]


def slot_of(info: Any, bounds: Bounds, key: str) -> Slot:
    """The tensor that a signature means."""
    if not info.name:
        raise UnsupportedOp("signature", expected="dense tensors", got=f"{key!r}, another kind", at=bounds.at)
    shape = bounds.shape(info.tensor_shape, key) if info.HasField("tensor_shape") else None
    return Slot(info.name, dtype_name(info.dtype), shape)


def layers_config(found: Topology) -> Mapping[str, Any]:
    """The config of a model of layers, `{"class_name", "config"}`."""
    config = found.model.get("model_config", found.model)
    if isinstance(config, str):
        try:
            config = json.loads(config)
        except (ValueError, RecursionError) as error:
            raise found.bounds.error("JSON", error, "model_config") from error
    if not isinstance(config, dict) or "class_name" not in config:
        raise found.bounds.error("a model_config with class_name", str(config)[:80])
    return config

"""Models of TensorFlow.js that are broken or mean harm: each a name, and files by name, made from a small sound one."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

Change = Callable[[Any], Any]
HUGE = 1 << 40


def sound_json() -> dict[str, Any]:
    shape = {"tensorShape": {"dim": [{"size": "4"}, {"size": "3"}]}, "dtype": "DT_FLOAT"}
    attributes = {"dtype": {"type": "DT_FLOAT"}, "shape": {"shape": {"dim": [{"size": "-1"}, {"size": "4"}]}}}
    nodes = [
        {"name": "x", "op": "Placeholder", "attr": attributes},
        {"name": "w", "op": "Const", "attr": {"value": {"tensor": shape}, "dtype": {"type": "DT_FLOAT"}}},
        {"name": "h", "op": "MatMul", "input": ["x", "w"], "attr": {"T": {"type": "DT_FLOAT"}}},
        {"name": "y", "op": "Relu", "input": ["h"], "attr": {"T": {"type": "DT_FLOAT"}}},
    ]
    weights = [{"name": "w", "shape": [4, 3], "dtype": "float32"}]
    manifest = [{"paths": ["shard.bin"], "weights": weights}]
    return {"format": "graph-model", "modelTopology": {"node": nodes}, "weightsManifest": manifest}


def entry(said: Any, **change: Any) -> None:
    said["weightsManifest"][0]["weights"][0] |= change


def paths(said: Any, *names: Any) -> None:
    said["weightsManifest"][0]["paths"] = list(names)


def attribute(said: Any, **value: Any) -> None:
    said["modelTopology"]["node"][3]["attr"]["padding"] = value


def deep(levels: int) -> Any:
    found: Any = {}
    for _ in range(levels):
        found = {"func": {"name": "f", "attr": {"a": found}}}
    return found


JSON: dict[str, Change] = {
    "no topology": lambda m: m.pop("modelTopology"),
    "a topology that is a list": lambda m: m.update(modelTopology=[]),
    "a format that there is not": lambda m: m.update(format="tensor-model"),
    "a format that is a list": lambda m: m.update(format=["graph-model"]),
    "nodes that are a number": lambda m: m["modelTopology"].update(node=3),
    "nodes that are texts": lambda m: m["modelTopology"].update(node=["Relu"]),
    "attributes that are a list": lambda m: m["modelTopology"]["node"][0].update(attr=[1]),
    "a manifest that is an object": lambda m: m.update(weightsManifest={}),
    "a group that is a text": lambda m: m.update(weightsManifest=["w"]),
    "weights that are a number": lambda m: m["weightsManifest"][0].update(weights=3),
    "a missing shard": lambda m: paths(m, "none.bin"),
    "a shard of the system": lambda m: paths(m, "/etc/passwd"),
    "a shard above the folder": lambda m: paths(m, "../../../../../../etc/passwd"),
    "a shard that is the folder": lambda m: paths(m, "."),
    "a shard with a null byte": lambda m: paths(m, "a\0b"),
    "a shard that is a number": lambda m: paths(m, 3),
    "no shards": lambda m: paths(m),
    "a weight of 4 TB": lambda m: entry(m, shape=[HUGE, 1]),
    "a weight beyond all numbers": lambda m: entry(m, shape=[1 << 62, 1 << 62]),
    "a weight beyond its shard": lambda m: entry(m, shape=[4, 4]),
    "a weight of negative length": lambda m: entry(m, shape=[-4, -3]),
    "a weight of half a length": lambda m: entry(m, shape=[4, 2.5]),
    "a weight of a thousand axes": lambda m: entry(m, shape=[1] * 1000),
    "a weight without a name": lambda m: entry(m, name=None),
    "a weight twice": lambda m: m["weightsManifest"][0]["weights"].append({"name": "w", "shape": [], "dtype": "bool"}),
    "a weight of an unknown dtype": lambda m: entry(m, dtype="float63"),
    "a weight of another shape": lambda m: entry(m, shape=[3, 4]),
    "texts beyond the shard": lambda m: entry(m, dtype="string"),
    "as many texts as there are stars": lambda m: entry(m, dtype="string", shape=[HUGE, HUGE]),
    "numbers in 8 bits without a scale": lambda m: entry(m, quantization={"dtype": "uint8", "min": 0}),
    "numbers in 8 bits with a scale in words": lambda m: entry(
        m, quantization={"dtype": "uint8", "min": 0, "scale": "1"}),
    "numbers in 3 bits": lambda m: entry(m, quantization={"dtype": "uint3", "min": 0, "scale": 1}),
    "numbers in bits of a list": lambda m: entry(m, quantization=["uint8"]),
    "a length that is a word": lambda m: m["modelTopology"]["node"][0]["attr"]["shape"]["shape"]["dim"].append(
        {"size": "many"}),
    "wrong letters in base64": lambda m: attribute(m, s="V!A@L#I$D%"),
    "base64 that ends too soon": lambda m: attribute(m, s="VkFMSUQ=="[:5]),
    "bytes that are none": lambda m: attribute(m, s=[86, 300]),
    "attributes 150 deep": lambda m: m["modelTopology"]["node"][3]["attr"].update(a=deep(150)),
    "a signature that is a list": lambda m: m.update(signature={"inputs": [1], "outputs": {}}),
    "a signature of numbers": lambda m: m.update(signature={"inputs": {"x": 3}, "outputs": {"y": 4}}),
    "a signature of tensors that are not there": lambda m: m.update(
        signature={"inputs": {"x": {"name": "x:0"}}, "outputs": {"y": {"name": "nothing:0"}}}),
    "layers without a class": lambda m: [m.update(format="layers-model"), m.update(modelTopology={"config": {}})],
    "layers that are a text": lambda m: [
        m.update(format="layers-model"), m.update(modelTopology={"model_config": "{"})],
}  # fmt: skip


def json_files() -> Iterator[tuple[str, dict[str, bytes]]]:
    shard = np.ones((4, 3), "float32").tobytes()
    whole = json.dumps(sound_json()).encode()
    for name, data in {
        "nothing": b"",
        "half of it": whole[: len(whole) // 2],
        "a list": b"[1, 2]",
        "no text": b"\xff\xfe" * 100,
        "brackets in brackets": b"[" * 200_000,
        "not a number": whole.replace(b'"-1"', b"NaN"),
    }.items():
        yield f"json: {name}", {"model.json": data, "shard.bin": shard}
    for name, change in JSON.items():
        said = copy.deepcopy(sound_json())
        change(said)
        yield f"json: {name}", {"model.json": json.dumps(said).encode(), "shard.bin": shard}

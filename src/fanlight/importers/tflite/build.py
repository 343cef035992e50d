"""Which network is in a TensorFlow Lite file? What an 8-bit input or output means has floats there; but the pixels of
a picture of bytes are its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fanlight.importers.graphs.build import Built, Format
from fanlight.importers.graphs.build import build as build_graph
from fanlight.importers.graphs.naming import Names
from fanlight.importers.graphs.records import Graph, Model, Node, Slot
from fanlight.importers.tflite.layer import TFLiteNode
from fanlight.importers.tflite.operators import prepared
from fanlight.importers.tflite.read import DOMAIN, File
from fanlight.importers.tflite.rules.fixed import BYTES, ENDS
from fanlight.layers.meanings import Image, Meaning

TFLITE = Format("TensorFlow Lite file", "tflite", prepared, TFLiteNode)


def build(
    file: File,
    inputs: Mapping[str, Any] | None = None,
    outputs: Mapping[str, Meaning] | None = None,
    bounds: Mapping[str, int] | None = None,
) -> Built:
    """The network of a file; see `graphs.build`."""
    inputs = {name: unscaled(meaning, file.quantized.get(name)) for name, meaning in (inputs or {}).items()}
    model = replace(file.model, graph=with_floats(file, inputs, outputs or {}))
    return build_graph(model, TFLITE, inputs, outputs, bounds)


def unscaled(meaning: Any, said: Mapping[str, Any] | None) -> Any:
    """The picture whose pixels an 8-bit input takes as they are, where scaling them and making them 8 bits again would
    give the same but for rounding: what TensorFlow Lite's own readers of pictures do."""
    if not isinstance(meaning, Image) or not said or said["dtype"] not in BYTES or "axis" in said:
        return meaning
    low, high = ENDS[said["dtype"]]
    for pixel in range(256):
        whole = (min(max(x / said["scale"] + said["zero"], low), high) for x in meaning.scaled(pixel))
        if any(abs(each - low - pixel) > 1 for each in whole):
            return meaning
    return replace(meaning, preset=None, mean=None, std=None, order=meaning.to_manifest()["order"])


def bytes_of(name: str, inner: str, said: dict[str, Any], meaning: Any) -> Node:
    """What makes floats 8 bits: as the file says, but pixels that are not scaled are the numbers themselves."""
    if isinstance(meaning, Image) and replace(meaning, order="rgb").is_plain:
        said = {"dtype": said["dtype"], "scale": 1.0, "zero": ENDS[said["dtype"]][0]}
    return Node("QUANTIZE", DOMAIN, "", (name,), (inner,), {"given": [None], "made": [said]})


def with_floats(file: File, inputs: Mapping[str, Any], outputs: Mapping[str, Meaning]) -> Graph:
    """The graph, of which 8-bit inputs and outputs with a meaning are floats, made 8 bits or read from such by nodes of
    their own; but not the inputs that are pictures of bytes."""
    graph = file.model.graph
    names = Names({slot.name for slot in graph.inputs} | {name for node in graph.nodes for name in node.outputs})
    before: list[Node] = []
    after: list[Node] = []
    renamed: dict[str, str] = {}  # what reads an input reads its 8-bit form

    def said_of(slot: Slot) -> dict[str, Any] | None:
        said = file.quantized.get(slot.name)
        return said if said and said["dtype"] in BYTES and "axis" not in said else None

    slots = list(graph.inputs)
    for k, slot in enumerate(slots):
        meaning = inputs.get(slot.name)
        if slot.dtype == "uint8" and isinstance(meaning, Image) and meaning.is_plain:
            continue  # the numbers are the pixels
        if (said := said_of(slot)) and isinstance(meaning, Meaning):
            renamed[slot.name] = names.take(f"{slot.name}/quantized")
            before.append(bytes_of(slot.name, renamed[slot.name], said, meaning))
            slots[k] = replace(slot, dtype="float32")
    nodes = [replace(each, inputs=tuple(renamed.get(name, name) for name in each.inputs)) for each in graph.nodes]
    ends = list(graph.outputs)
    for k, slot in enumerate(ends):
        if (said := said_of(slot)) and isinstance(outputs.get(slot.name), Meaning):
            inner = names.take(f"{slot.name}/quantized")
            nodes = [renamed_node(each, slot.name, inner) for each in nodes]
            after.append(Node("DEQUANTIZE", DOMAIN, "", (inner,), (slot.name,), {"given": [said], "made": [None]}))
            ends[k] = replace(slot, dtype="float32")
    return replace(graph, nodes=(*before, *nodes, *after), inputs=tuple(slots), outputs=tuple(ends))


def renamed_node(node: Node, old: str, new: str) -> Node:
    """The node with another name for a tensor."""
    inputs, outputs = (tuple(new if name == old else name for name in side) for side in (node.inputs, node.outputs))
    return replace(node, inputs=inputs, outputs=outputs)


__all__ = ["TFLITE", "Model", "build"]

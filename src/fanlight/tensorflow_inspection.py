"""What should one know of a TensorFlow file before it is converted? Its signatures, operations, weights and work, and
what is refused.

In: a path. Out: facts as JSON has them, and the same as lines and tables. Compiles nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fanlight.errors import FanlightError, UnknownNameError
from fanlight.importers.graphs.records import Model
from fanlight.importers.graphs.survey import Refusal, Survey, reason, survey
from fanlight.importers.keras.rules import classes_in, is_known
from fanlight.importers.tensorflow.build import TENSORFLOW
from fanlight.importers.tensorflow.files import read_graph, read_topology, read_topology_graph
from fanlight.importers.tensorflow.operators import arranged
from fanlight.importers.tensorflow.saved_model import signatures_of
from fanlight.importers.tensorflow.tfjs import LAYERS, Topology, layers_config
from fanlight.inspection import convert_command, size_of
from fanlight.onnx_inspection import (
    SUGGESTED,
    Traced,
    open_axes,
    operator_facts,
    refusal_cells,
    slot_facts,
    type_text,
    weight_facts,
    work,
)
from fanlight.tensorflow_files import file_of, layers_model

Facts = dict[str, Any]


def inspect_tensorflow(path: Path, signature: str | None = None) -> Facts:
    """What is in a SavedModel's folder, a frozen .pb file or a model.json. `signature` says which function of a
    SavedModel is looked into; else it is the usual one, or the first. Raises ModelFormatError where the file is broken,
    UnknownNameError for another signature."""
    place = file_of(path)
    signatures = signatures_of(place) if place.is_dir() else {}
    names = list(signatures)
    if signature is not None and signature not in names:
        known = f"one of {names}" if names else "a SavedModel"
        raise UnknownNameError("inspect --signature", expected=known, got=signature)
    if place.suffix.lower() == ".json":
        found = read_topology(place)
        if found.kind == LAYERS:
            return of_layers(path, found)
        return of_graph(path, found.kind, read_topology_graph(found), None, {}, None)
    if not place.is_dir():
        return of_graph(path, "frozen graph", read_graph(place)[0], None, {}, None)
    chosen = signature or "serving_default"
    if chosen not in names:
        chosen = names[0]
    model, trained = read_graph(place, None, chosen)
    return of_graph(path, "SavedModel", model, trained, signatures, chosen)


def of_graph(
    path: Path,
    kind: str,
    model: Model,
    trained: frozenset[str] | None,
    signatures: Mapping[str, Any],
    chosen: str | None,
) -> Facts:
    try:
        found = survey(model, TENSORFLOW, arranged(model), parameters=trained)
    except FanlightError as error:
        found = Survey(model.graph, Counter(), [Refusal("the file", (), reason(error))])
    network = None if found.built is None else found.built.network
    nodes = [] if network is None else [Traced(network, call) for call in network.calls if hasattr(call.layer, "node")]
    operators = [{**each, "name": each["name"].removeprefix("tf.")} for each in operator_facts(found, nodes)]
    axes = [] if network is None else open_axes(network)
    several = len(signatures) > 1 and chosen != "serving_default"
    return {
        **beginning(path, kind, model.producer),
        "signatures": [
            {"name": name, **{side: [slot_facts(slot) for slot in slots] for side, slots in sides.items()}}
            for name, sides in signatures.items()
        ],
        "signature": chosen,
        "inputs": [slot_facts(slot) for slot in model.graph.inputs],
        "outputs": [slot_facts(slot) for slot in model.graph.outputs],
        "nodes": found.operators.total(),
        "operators": operators,
        "weights": weight_facts(found.graph, network),
        "multiply_adds": None if network is None else work(nodes),
        "lost": [] if network is None else sorted({note for layer in network.layers if (note := layer.lost())}),
        "convertible": network is not None,
        "refused": refusals(found.refusals),
        "open": axes,
        "next": next_step(path, network is not None, axes, chosen if several else None),
    }


def of_layers(path: Path, found: Topology) -> Facts:
    """What is in a model of layers."""
    config = layers_config(found)
    kinds = Counter(kind for kind, _ in classes_in(config, found.bounds.at))
    refused: list[Refusal] = []
    network = None
    try:
        network = layers_model(found).network
    except FanlightError as error:
        refused.append(Refusal("the file", (), reason(error)))
    symbols = [] if network is None else network.inputs
    ends = {} if network is None else dict(zip(network.output_names, network.outputs, strict=True))
    arrays = [weight for weight in found.weights.values() if not weight.is_optimizer]
    numbers = [count_of(weight.shape) for weight in arrays]
    state = {} if network is None else network.state()
    trainable = sum(each.type.count for each in state.values() if each.trainable and isinstance(each.type.count, int))
    return {
        **beginning(path, found.kind, str(found.said.get("generatedBy") or found.said.get("convertedBy") or "")),
        "signatures": [],
        "signature": None,
        "inputs": [symbol_facts(str(symbol.layer.name), symbol) for symbol in symbols],
        "outputs": [symbol_facts(name, symbol) for name, symbol in ends.items()],
        "nodes": kinds.total(),
        "operators": [
            {"name": kind, "count": count, "supported": is_known(kind), "gradient": None, "note": ""}
            for kind, count in sorted(kinds.items(), key=lambda item: (-item[1], item[0]))
        ],
        "weights": {"tensors": len(arrays), "numbers": sum(numbers), "bytes": sum(map(len, found.groups)),
                    "trainable": None if network is None else trainable},
        "multiply_adds": None,
        "lost": [],
        "convertible": network is not None,
        "refused": refusals(refused),
        "open": [],
        "next": next_step(path, network is not None, [], None),
    }  # fmt: skip


def beginning(path: Path, kind: str, producer: str) -> Facts:
    files = [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]
    if path.suffix.lower() == ".json":
        files = [each for each in path.parent.iterdir() if each.suffix in (".json", ".bin")]
    size = sum(each.stat().st_size for each in files)
    facts = {"ok": True, "source": str(path), "form": "tensorflow", "kind": kind, "bytes": size}
    return {**facts, "producer": producer}


def count_of(shape: Sequence[int]) -> int:
    count = 1
    for extent in shape:
        count *= extent
    return count


def symbol_facts(name: str, symbol: Any) -> Facts:
    shape = [extent if isinstance(extent, int) else None for extent in symbol.shape]
    return {"name": name, "dtype": symbol.dtype, "shape": shape}


def refusals(found: Sequence[Refusal]) -> list[Facts]:
    return [{"what": each.what.removeprefix("tf."), "nodes": list(each.nodes), "why": each.why} for each in found]


def next_step(path: Path, is_whole: bool, axes: Sequence[str], signature: str | None) -> str:
    """A sentence with what to type next."""
    if not is_whole:
        return (
            "next: it cannot be converted as it is; cut it before what is refused, --output NODE; docs/tensorflow.md "
            "says which operations there are, and what each leaves out"
        )
    options = [word for name in axes for word in ("--dim", f"{name}={SUGGESTED}")]
    text = f"next: {convert_command(path, *options, *(['--signature', signature] if signature else []))}"
    return text + (f" (with the largest lengths of {' and '.join(axes)})" if axes else "")


# --- print


def headline(found: Mapping[str, Any]) -> list[str]:
    by = f", written by {found['producer']}" if found["producer"] else ""
    weights = found["weights"]
    trained = "" if weights["trainable"] is None else f"; training changes {weights['trainable']:,}"
    stored = f"{weights['tensors']:,} tensors, {weights['numbers']:,} numbers, {size_of(weights['bytes'])}"
    lines = [f"{found['kind']}, {size_of(found['bytes'])}{by}", f"weights: {stored}{trained}"]
    if found["signature"]:
        others = [each["name"] for each in found["signatures"] if each["name"] != found["signature"]]
        lines.append(f"signature {found['signature']}" + (f"; there are also {', '.join(others)}" if others else ""))
    if found["multiply_adds"]:
        lines.append(f"work: {found['multiply_adds']:,} multiply-adds of products and convolutions for one row")
    if found["lost"]:
        lines.append(f"made for inference: {' and '.join(found['lost'])}")
    return lines


def tables(found: Mapping[str, Any]) -> list[tuple[str, Sequence[str], list[Sequence[str]]]]:
    sides = [(side, slot) for side in ("inputs", "outputs") for slot in found[side]]
    said = {True: "yes", False: "no", None: ""}
    what = "layers" if found["kind"] == LAYERS else "operations"
    others: list[Sequence[str]] = [
        (each["name"], ", ".join(map(named, each["inputs"])), ", ".join(map(named, each["outputs"])))
        for each in found["signatures"]
        if each["name"] != found["signature"]
    ]
    return [
        ("inputs and outputs", ("", "name", "type"), [(side[:-1], s["name"], type_text(s)) for side, s in sides]),
        ("other signatures", ("signature", "inputs", "outputs"), others),
        (
            f"{found['nodes']:,} {what}",
            (what[:-1], "nodes:", "Fanlight has it", "gradient", "not built"),
            [
                (each["name"], f"{each['count']:,}", said[each["supported"]], said[each["gradient"]], each["note"])
                for each in found["operators"]
            ],
        ),
        ("refused", ("what", "nodes", "why"), [refusal_cells(each) for each in found["refused"]]),
    ]


def named(slot: Mapping[str, Any]) -> str:
    return f"{slot['name']} {type_text(slot)}"

"""How is a network written down, without its weights? As a JSON record: layers, and what each call of one reads.

In: a network, or a record. Out: the other one. The record is like the config of a functional Keras model, but plainer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fanlight.errors import ModelFormatError, UnsupportedOp
from fanlight.layers.base import Layer, Symbol
from fanlight.layers.config import to_json
from fanlight.layers.meanings import from_record as meaning_from
from fanlight.layers.network import Network

Place = list[Any]  # [layer name, which call of it, which output]


def to_record(network: Network) -> dict[str, Any]:
    """`{"name", "prefix", "layers", "inputs", "outputs", "meanings"}`; a symbol is `[layer, call, output]`."""
    numbers: dict[str, int] = {}
    places: dict[int, tuple[str, int]] = {}
    for call in network.calls:
        name = str(call.layer.name)
        places[call.serial] = name, numbers.setdefault(name, 0)
        numbers[name] += 1

    def place(symbol: Symbol) -> Place:
        return [*places[symbol.call.serial], symbol.position]

    layers = []
    for layer in network.layers:
        calls = [[place(symbol) for symbol in call.inputs] for call in network.calls if call.layer is layer]
        layers.append({"class_name": type(layer).__name__, "config": layer.attributes(), "calls": calls})
    return {
        **{"name": network.name, "prefix": network.auto_name, "layers": layers},
        "inputs": [place(symbol) for symbol in network.inputs],
        "outputs": dict(zip(network.output_names, map(place, network.outputs), strict=True)),
        "meanings": to_json(network.meanings),
    }


def from_record(record: Mapping[str, Any]) -> Network:
    """The network of a record. Raises ModelFormatError where the record contradicts itself, UnsupportedOp for layers
    that do not exist."""
    from fanlight.layers import LAYERS

    kinds: dict[str, type[Layer]] = {**LAYERS, "Network": Network}
    try:
        names = [entry["class_name"] for entry in record["layers"]]
        if unknown := [name for name in names if name not in kinds]:
            raise UnsupportedOp("network", expected=f"layers among {', '.join(kinds)}", got=", ".join(unknown))
        layers = {}
        waiting: list[tuple[str, int, Layer, list[Place]]] = []
        for entry in record["layers"]:
            layer = kinds[entry["class_name"]].from_config(entry["config"])
            layers[str(layer.name)] = layer
            waiting += [(str(layer.name), number, layer, places) for number, places in enumerate(entry["calls"])]
        made = connect(waiting)
        inputs = [made[name, call][position] for name, call, position in record["inputs"]]
        outputs = {key: made[name, call][position] for key, (name, call, position) in record["outputs"].items()}
        meanings = {name: meaning_from(each) for name, each in record["meanings"].items()}
        return Network(inputs, outputs, name=record["name"], meanings=meanings, prefix=record["prefix"])
    except (KeyError, IndexError, TypeError, ValueError) as error:
        if isinstance(error, UnsupportedOp):
            raise
        raise ModelFormatError("network", expected="a record of layers and their calls", got=repr(error)) from error


def connect(waiting: list[tuple[str, int, Layer, list[Place]]]) -> dict[tuple[str, int], tuple[Symbol, ...]]:
    """The outputs of every call, each made once what it reads is there."""
    made: dict[tuple[str, int], tuple[Symbol, ...]] = {}
    while waiting:
        later = []
        for name, number, layer, places in waiting:
            # The calls of one layer are numbered in the order in which they are made.
            if all((each[0], each[1]) in made for each in places) and (number == 0 or (name, number - 1) in made):
                result = layer(*(made[each[0], each[1]][each[2]] for each in places))
                made[name, number] = result if isinstance(result, tuple) else (result,)
            else:
                later.append((name, number, layer, places))
        if len(later) == len(waiting):
            missing = sorted({str(each[0]) for _, _, _, places in later for each in places})
            raise ModelFormatError(
                "network", expected="calls that read what other calls give", got=f"{missing} missing"
            )
        waiting = later
    return made

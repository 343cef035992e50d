"""How is a network written down, without its weights? As a JSON record: layers, and what each call of one reads.

In: a network, or a record. Out: the other one. The record is like the config of a functional Keras model, but plainer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fanlight.errors import ModelFormatError, UnsupportedOp
from fanlight.layers.base import Layer, Symbol
from fanlight.layers.config import from_json, to_json
from fanlight.layers.meanings import from_record as meaning_from
from fanlight.layers.network import Network
from fanlight.layers.registered import check_known, class_name, class_named

Place = Sequence[Any]  # [layer name, which call of it, which output]


@dataclass(frozen=True)
class Waiting:
    """A call that is still to be made."""

    layer: Layer
    number: int
    places: list[Place]
    arguments: Mapping[str, Any]

    @property
    def name(self) -> str:
        return str(self.layer.name)

    @property
    def reads(self) -> list[Place]:
        return [*self.places, *places_in(self.arguments)]


def to_record(network: Network) -> dict[str, Any]:
    """`{"name", "prefix", "layers", "inputs", "outputs", "meanings"}`; a symbol is `[layer, call, output]`.

    A layer with arguments by name has them for each call; a symbol among them is `{"symbol": [layer, call, output]}`.
    """
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
        calls = [call for call in network.calls if call.layer is layer]
        places_read = [[place(symbol) for symbol in call.inputs] for call in calls]
        layers.append({"class_name": class_name(layer), "config": layer.attributes(), "calls": places_read})
        if any(call.arguments for call in calls):
            layers[-1]["arguments"] = [to_json(call.filled(lambda x: {"symbol": place(x)})) for call in calls]
    return {
        **{"name": network.name, "prefix": network.auto_name, "layers": layers},
        "inputs": [place(symbol) for symbol in network.inputs],
        "outputs": dict(zip(network.output_names, map(place, network.outputs), strict=True)),
        "meanings": to_json(network.meanings),
        **({"source": to_json(network.source)} if network.source else {}),
    }


def from_record(record: Mapping[str, Any]) -> Network:
    """The network of a record. Raises ModelFormatError where the record contradicts itself, UnsupportedOp for layers
    that do not exist."""
    try:
        check_known((entry["class_name"] for entry in record["layers"]), "network")
        layers = {}
        waiting: list[Waiting] = []
        for entry in record["layers"]:
            layer = class_named(entry["class_name"], "network").from_config(entry["config"])
            layers[str(layer.name)] = layer
            arguments = entry.get("arguments") or [{}] * len(entry["calls"])
            for number, (places, named) in enumerate(zip(entry["calls"], arguments, strict=True)):
                waiting.append(Waiting(layer, number, places, from_json(named)))
        made = connect(waiting)
        inputs = [made[name, call][position] for name, call, position in record["inputs"]]
        outputs = {key: made[name, call][position] for key, (name, call, position) in record["outputs"].items()}
        meanings = {name: meaning_from(each) for name, each in record["meanings"].items()}
        network = Network(inputs, outputs, name=record["name"], meanings=meanings, prefix=record["prefix"])
        network.source = record.get("source", {})
        return network
    except (KeyError, IndexError, TypeError, ValueError) as error:
        if isinstance(error, UnsupportedOp):
            raise
        raise ModelFormatError("network", expected="a record of layers and their calls", got=repr(error)) from error


def connect(waiting: list[Waiting]) -> dict[tuple[str, int], tuple[Symbol, ...]]:
    """The outputs of every call, each made once what it reads is there."""
    made: dict[tuple[str, int], tuple[Symbol, ...]] = {}
    while waiting:
        later = []
        for call in waiting:
            # The calls of one layer are numbered in the order in which they are made.
            before = [(call.name, call.number - 1)] if call.number else []
            if all((name, number) in made for name, number, *_ in [*call.reads, *before]):
                result = call.layer(*(find(made, each) for each in call.places), **fill(made, call.arguments))
                made[call.name, call.number] = result if isinstance(result, tuple) else (result,)
            else:
                later.append(call)
        if len(later) == len(waiting):
            missing = sorted({str(place[0]) for call in later for place in call.reads})
            raise ModelFormatError(
                "network", expected="calls that read what other calls give", got=f"{missing} missing"
            )
        waiting = later
    return made


def find(made: Mapping[tuple[str, int], tuple[Symbol, ...]], place: Place) -> Symbol:
    name, number, position = place
    return made[name, number][position]


def fill(made: Mapping[tuple[str, int], tuple[Symbol, ...]], argument: Any) -> Any:
    """An argument of a record, with symbols in their places."""
    if isinstance(argument, tuple):
        return tuple(fill(made, each) for each in argument)
    if not isinstance(argument, Mapping):
        return argument
    if set(argument) == {"symbol"}:
        return find(made, argument["symbol"])
    return {key: fill(made, each) for key, each in argument.items()}


def places_in(argument: Any) -> Iterator[Place]:
    """The places of all symbols in an argument of a record."""
    if isinstance(argument, Mapping) and set(argument) == {"symbol"}:
        yield argument["symbol"]
    elif isinstance(argument, Mapping | tuple):
        for each in argument.values() if isinstance(argument, Mapping) else argument:
            yield from places_in(each)

"""Which network is in a Keras file? Its config, Sequential or functional, as layers of Fanlight joined by symbols.

In: a `KerasFile`, or the config of a live model. Out: a `Network`, and in which order the file has its layers. Knows
no weight.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fanlight.errors import FanlightError, ModelFormatError, UnsupportedOp
from fanlight.importers.keras.calls import InboundCall, Place, filled, inbound_calls, is_old, is_place, place_of
from fanlight.importers.keras.rules import (
    NETWORKS,
    OPERATION,
    REGISTER,
    class_of,
    classes_in,
    clean,
    entries,
    is_before_3,
    is_known,
    layer_config,
    operation_config,
    with_old_activations,
)
from fanlight.layers import Input, InputLayer, Network, Operation, Symbol
from fanlight.layers.base import Layer
from fanlight.layers.registered import class_named

DEEPEST, MOST_LAYERS = 32, 20_000
SHARED = "share layers only within one model"


@dataclass
class Built:
    """A network of a file; `orders` has for it and each one inside it the layers in the order of the file."""

    network: Network
    orders: dict[Network, list[Layer]] = field(default_factory=dict)


def build(entry: Any, at: str, version: str = "3") -> Built:
    """The network of a model's config, `{"class_name", "config"}`, whose functions mean what they mean in that version.

    Raises UnsupportedOp with every class that Fanlight lacks, ModelFormatError where the config contradicts itself.
    """
    builder = Builder(at)
    try:
        if is_before_3(version):
            entry = with_old_activations(entry)
        check_classes(entry, at)
        network = builder.network(entry, 0)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
        if isinstance(error, (ModelFormatError, UnsupportedOp)):
            raise
        if isinstance(error, FanlightError):
            raise ModelFormatError("config", expected="layers that fit together", got=error, at=at) from error
        raise ModelFormatError("config", expected="a model", got=repr(error)[:200], at=at) from error
    return Built(network, builder.orders)


def check_classes(entry: Any, at: str) -> None:
    """Raises UnsupportedOp that names all classes of a model that Fanlight lacks, with their layers."""
    kind = class_of(entry, at)
    if kind not in NETWORKS:
        do = "save a Sequential or functional model"
        raise UnsupportedOp("Keras file", expected="a Sequential or functional model", got=kind, at=at, do=do)
    found: dict[str, list[str]] = {}
    for kind, name in classes_in(entry, at):
        found.setdefault(kind, []).append(name)
    if sum(map(len, found.values())) > MOST_LAYERS:
        raise ModelFormatError("config", expected=f"at most {MOST_LAYERS} layers", got="more", at=at)
    missing = {kind: places for kind, places in found.items() if not is_known(kind)}
    if missing:
        got = ", ".join(f"{kind} ({', '.join(places[:3])})" for kind, places in missing.items())
        do = "a Lambda is code, which no file may bring" if "Lambda" in missing else REGISTER
        raise UnsupportedOp("Keras file", expected="layers that Fanlight has", got=got, at=at, do=do)


class Builder:
    """What one file has made so far: a layer that stands in it twice is one layer."""

    def __init__(self, at: str) -> None:
        self.at = at
        self.orders: dict[Network, list[Layer]] = {}
        self.shared: set[int] = set()

    def error(self, expected: object, got: object) -> ModelFormatError:
        return ModelFormatError("config", expected=expected, got=str(got)[:200], at=self.at)

    def layer(self, entry: Mapping[str, Any], depth: int) -> Layer:
        """The layer of an entry, a nested model among them."""
        number = entry.get("shared_object_id")
        if number in self.shared:
            got = f"{entry.get('name') or entry['config'].get('name')} again"
            raise UnsupportedOp("Keras file", expected="each layer in one model", got=got, at=self.at, do=SHARED)
        if isinstance(number, int):
            self.shared.add(number)
        kind = class_of(entry, self.at)
        if kind in NETWORKS:
            return self.network(entry, depth)
        if kind.startswith(OPERATION):
            return Operation.from_config(operation_config(entry, self.at))
        config = layer_config(entry, self.at)
        if kind == "InputLayer":
            return input_layer(config, entry["config"])
        return class_named(kind, self.at).from_config(config)

    def network(self, entry: Mapping[str, Any], depth: int) -> Network:
        if depth > DEEPEST:
            raise self.error(f"models at most {DEEPEST} deep", "more")
        config = entry["config"]
        if class_of(entry, self.at) == "Sequential":
            network = self.sequential(entry, depth)
        else:
            network = self.functional(entry, depth)
        if isinstance(config, Mapping) and config.get("trainable") is False:
            network.trainable = False
        return network

    def sequential(self, entry: Mapping[str, Any], depth: int) -> Network:
        config = {} if isinstance(entry["config"], list) else entry["config"]
        layers = [self.layer(each, depth + 1) for each in entries(entry, self.at)]
        source: Any
        if isinstance(layers[0], Network):
            (symbol,) = layers[0].inputs
            source = Input(tuple(symbol.shape[1:]), dtype=symbol.dtype)
        elif not isinstance(layers[0], InputLayer):
            first = entries(entry, self.at)[0]["config"]
            shape = first.get("batch_input_shape") or first.get("batch_shape") or config.get("build_input_shape")
            if not isinstance(shape, list):
                do = "begin the Sequential with keras.Input(shape), or call it before you save it"
                raise ModelFormatError("config", expected="the shape of the input", got="none", at=self.at, do=do)
            source = Input(tuple(shape[1:]), dtype=dtype_of(first))
        else:
            source = layers.pop(0)()
        network = Network.sequential([source, *layers], name=clean(config.get("name") or entry.get("name")))
        self.orders[network] = layers
        return network

    def functional(self, entry: Mapping[str, Any], depth: int) -> Network:
        config = entry["config"]
        layers: dict[str, Layer] = {}
        calls: list[InboundCall] = []
        has_old_nodes = False
        for each in entries(entry, self.at):
            layer = self.layer(each, depth + 1)
            layer.name = layer.name or clean(each.get("name"))
            if (name := str(layer.name)) in layers:
                raise self.error("different names of layers", f"{name!r} twice")
            layers[name] = layer
            has_old_nodes |= is_old(each.get("inbound_nodes"))
            calls += inbound_calls(name, each.get("inbound_nodes"), self.at)
        networks = {name for name, layer in layers.items() if isinstance(layer, Network)}
        # Where a model within a model is counted from 1: its call 0 is the one that made it. In Keras 3 that is so for
        # the ends of a model alone, and not for a Sequential.
        shifted = networks if has_old_nodes else {name for name in networks if layers[name].auto_name == "functional"}
        made = connect(layers, calls, networks if has_old_nodes else set(), self.at)
        inputs, outputs = (ends(config.get(key), made, shifted, self.at) for key in ("input_layers", "output_layers"))
        network = Network(flat(inputs), outputs if isinstance(outputs, Mapping) else flat(outputs))
        network.name = clean(config.get("name") or entry.get("name"))
        self.orders[network] = list(layers.values())
        return network


Made = dict[tuple[str, int], tuple[Symbol, ...]]


def connect(layers: Mapping[str, Layer], calls: list[InboundCall], shifted: set[str], at: str) -> Made:
    """The outputs of every call, each made once what it reads is there."""
    made: Made = {}

    def key(place: Place) -> tuple[str, int]:
        return place.layer, place.call - (place.layer in shifted)

    def symbol(place: Place) -> Symbol:
        outputs = made[key(place)]
        if place.output >= len(outputs):
            raise ModelFormatError("config", expected=f"an output below {len(outputs)}", got=list(place), at=at)
        return outputs[place.output]

    waiting: dict[tuple[str, int], InboundCall] = {(call.layer, call.number): call for call in calls}
    readers: dict[tuple[str, int], list[tuple[str, int]]] = {}
    missing: dict[tuple[str, int], int] = {}
    for this, call in waiting.items():
        # The calls of one layer are numbered in the order in which they are made.
        needs = {key(place) for place in call.reads} | ({(call.layer, call.number - 1)} if call.number else set())
        missing[this] = len(needs)
        for each in needs:
            readers.setdefault(each, []).append(this)
    ready = [this for this in waiting if not missing[this]]
    for this in ready:  # grows while it is walked
        call = waiting[this]
        layer = layers[call.layer]
        arguments = {name: filled(value, symbol) for name, value in call.kwargs.items()}
        result = layer(*(filled(each, symbol) for each in call.args), **arguments)
        made[this] = result if isinstance(result, tuple) else (result,)
        for reader in readers.get(this, ()):
            missing[reader] -= 1
            if not missing[reader]:
                ready.append(reader)
    if rest := sorted(str(name) for name, _ in waiting.keys() - made.keys()):
        raise ModelFormatError("config", expected="calls that read what others give", got=f"{rest[:6]} never", at=at)
    return made


def ends(struct: Any, made: Made, shifted: set[str], at: str) -> Any:
    """The symbols of input_layers or output_layers: one place, or a list or dict of them."""
    if is_place(struct):
        place = place_of(struct, at)
        outputs = made.get((place.layer, place.call - (place.layer in shifted)), ())
        if place.output >= len(outputs):
            raise ModelFormatError("config", expected="ends of the model among its layers", got=struct, at=at)
        return outputs[place.output]
    if isinstance(struct, Mapping):
        return {key: ends(each, made, shifted, at) for key, each in struct.items()}
    if not isinstance(struct, list) or not struct:
        raise ModelFormatError("config", expected="ends, [layer, call, output]", got=str(struct)[:80], at=at)
    return [ends(each, made, shifted, at) for each in struct]


def flat(ends: Any) -> list[Symbol]:
    """The symbols of ends, without their nesting."""
    if isinstance(ends, Symbol):
        return [ends]
    return [symbol for each in (ends.values() if isinstance(ends, Mapping) else ends) for symbol in flat(each)]


def input_layer(config: Mapping[str, Any], original: Mapping[str, Any]) -> Layer:
    """The place of one argument. Raises UnsupportedOp for inputs that are no plain arrays of one length."""
    if original.get("sparse") or original.get("ragged"):
        got = "a sparse or ragged one"
        raise UnsupportedOp(f"input {config.get('name')!r}", expected="a plain array as input", got=got)
    shape = original.get("batch_shape") or original.get("batch_input_shape")
    if not isinstance(shape, list) or not shape:
        raise ModelFormatError("config", expected="the shape of an input", got=str(shape)[:80])
    return InputLayer(name=config.get("name"), shape=tuple(shape[1:]), dtype=dtype_of(original))


def dtype_of(config: Mapping[str, Any]) -> str:
    """The dtype of an input; half precision is float32, which all is computed in."""
    dtype = config.get("dtype") or "float32"
    if isinstance(dtype, Mapping):
        dtype = (dtype.get("config") or {}).get("name")
    return "float32" if dtype in ("float16", "bfloat16", "mixed_float16", "mixed_bfloat16", "float64") else str(dtype)

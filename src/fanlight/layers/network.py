"""What is a network? Layers joined by symbols: which there are, which state they need, and the graph that they make.

In: the symbols of inputs and outputs, or a list of layers. Out: a `trace` into output Values, state declarations, a
table. A network is a layer too. Knows no loss, no optimizer, no engine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

from fanlight.errors import ShapeError, UnknownLayerError, UnknownNameError, UnsupportedOp
from fanlight.ir.dim import known
from fanlight.ir.graph import Value
from fanlight.ir.module import StateSpec
from fanlight.ir.types import Type
from fanlight.layers.base import Call, Layer, Symbol, Weight, outputs_of
from fanlight.layers.context import Context
from fanlight.layers.initializers import Constant
from fanlight.layers.input import InputLayer
from fanlight.layers.meanings import Classes, Meaning


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a summary."""

    name: str
    kind: str
    output: tuple[Type, ...]
    parameters: int
    trainable: int
    inputs: tuple[str, ...]


class Network(Layer):
    """A graph of layers from `inputs` to `outputs`, each a symbol, a list of symbols, or a dict of them by name.

    Layers without a name get Keras's, numbered within the network in the order of their first use: `dense`, `dense_1`.
    Inputs are named by their layers; so are outputs, unless they come as a dict. `meanings` says what outputs mean.
    """

    def __init__(
        self,
        inputs: Any,
        outputs: Any,
        *,
        name: str | None = None,
        meanings: Mapping[str, Meaning] | None = None,
        prefix: str = "functional",
    ):
        self.inputs = tuple(symbols(inputs))
        self.outputs = tuple(symbols(outputs))
        self._prefix = prefix
        self._is_ready = False
        self.begins_with: Mapping[str, Any] = {}  # arrays by path, of a model that became part of another one
        self.source: Mapping[str, Any] = {}  # of a network from a file: its format, and what the file called things
        self.calls = calls_between(self.inputs, self.outputs)
        self.layers: tuple[Layer, ...] = tuple(dict.fromkeys(call.layer for call in self.calls))
        name_layers(self.layers)
        super().__init__(name=name)
        self.input_names = unique(self.inputs, "input")
        self.output_names = list(outputs) if isinstance(outputs, Mapping) else unique(self.outputs, "output")
        self.meanings: dict[str, Meaning] = dict(meanings or {})
        if unknown := [each for each in self.meanings if each not in self.output_names]:
            raise UnknownNameError(self.label, expected=f"meanings of outputs, {self.output_names}", got=unknown)
        for each, symbol in zip(self.output_names, self.outputs, strict=True):
            meaning = self.meanings.get(each)
            if isinstance(meaning, Classes) and symbol.shape[-1:] != meaning.shape:
                labels = f"{len(meaning.labels)} labels and {meaning.spare} spare"
                raise ShapeError(f"output {each!r}", expected=f"{symbol.shape[-1]} classes", got=labels)
        check_places(self)
        self._is_ready = True

    @classmethod
    def sequential(
        cls, layers: Iterable[Layer | Symbol], name: str | None = None, meanings: Mapping[str, Meaning] | None = None
    ) -> Network:
        """Layers one after another; the first is `fl.Input(...)`."""
        chain = list(layers)
        if chain and isinstance(chain[0], InputLayer):
            chain[0] = chain[0]()
        if not chain or not isinstance(chain[0], Symbol):
            got = type(chain[0]).__name__ if chain else "no layer"
            raise ShapeError("Sequential", expected="fl.Input(shape) as the first element", got=got)
        first = symbol = chain[0]
        for layer in chain[1:]:
            if not isinstance(layer, Layer):
                raise TypeError(f"Sequential: expected layers after the input, got {type(layer).__name__}")
            symbol = layer(symbol)
            if not isinstance(symbol, Symbol):
                raise ShapeError(layer.label, expected="one output, inside a Sequential", got=len(symbol))
        return cls([first], [symbol], name=name, meanings=meanings, prefix="sequential")

    @property
    def auto_name(self) -> str:
        return self._prefix

    # The layers

    @property
    def trainable(self) -> bool:
        """Whether any layer is trainable; setting it sets all layers, as in Keras."""
        return any(layer.trainable for layer in self.layers if not isinstance(layer, InputLayer))

    @trainable.setter
    def trainable(self, value: bool) -> None:  # pyright: ignore[reportIncompatibleVariableOverride]
        if self._is_ready:  # the dataclass sets every field once while it is made
            for layer in self.layers:
                layer.trainable = value

    def layer(self, name: str) -> Layer:
        """The layer of that name, `base/conv2d` for one inside another network."""
        first, _, rest = name.partition("/")
        for layer in self.layers:
            if layer.name == first:
                if rest and isinstance(layer, Network):
                    return layer.layer(rest)
                if not rest:
                    return layer
        raise UnknownLayerError(self.label, expected=f"one of {[each.name for each in self.layers]}", got=repr(name))

    def symbol(self, name: str) -> Symbol:
        """The first output of the layer of that name where it is first used: where another head can be put on."""
        layer = self.layer(name)
        for call in self.calls:
            if call.layer is layer:
                return outputs_of(call)[0]
        raise UnknownLayerError(self.label, expected="a layer of this network itself", got=repr(name))

    def weight_table(self) -> dict[str, Weight]:
        """Every state array of the network by path, `base/conv2d/kernel`; those of frozen layers are not trainable."""
        found: dict[str, Weight] = {}
        for path, layer in self.walk():
            for name, weight in layer.weights.items():
                full = layer.weight_path(path, name)
                trained = weight.trainable and layer.trainable
                trained |= full in found and found[full].trainable  # a weight of several layers
                found[full] = replace(weight, trainable=trained)
        return found

    def walk(self, path: str = "") -> Iterator[tuple[str, Layer]]:
        """Every layer with its path; nested networks and the parts of layers are opened."""
        for layer in self.layers:
            yield from layer.walk(f"{path}/{layer.name}" if path else str(layer.name))

    def beginnings(self, path: str = "") -> Iterator[tuple[str, Any]]:
        """(path, array) of what networks inside this one begin with."""
        for name, array in self.begins_with.items():
            yield f"{path}{name}", array
        for layer in self.layers:
            if isinstance(layer, Network):
                yield from layer.beginnings(f"{path}{layer.name}/")

    def state(self) -> dict[str, StateSpec]:
        """What a module that holds this network declares."""
        return {path: declare(weight) for path, weight in self.weight_table().items()}

    # The graph

    def input_types(self) -> dict[str, Type]:
        """The types of the inputs by name; their batch is an open dim."""
        return {name: symbol.type for name, symbol in zip(self.input_names, self.inputs, strict=True)}

    def trace(self, values: Mapping[str, Value], context: Context) -> dict[str, Value]:
        """The outputs by name for inputs by name."""
        if set(values) != set(self.input_names):
            raise UnknownNameError(self.label, expected=f"inputs {self.input_names}", got=sorted(values))
        outputs = self.call(context, *(values[name] for name in self.input_names))
        return dict(zip(self.output_names, outputs, strict=True))

    def call(self, context: Context, *values: Value) -> tuple[Value, ...]:
        if len(values) != len(self.inputs):
            raise self.error(f"{len(self.inputs)} inputs ({', '.join(self.input_names)})", len(values))
        known: dict[tuple[Call, int], Value] = {}
        for name, symbol, value in zip(self.input_names, self.inputs, values, strict=True):
            check_input(self, name, symbol.type, value.type)
            known[symbol.call, symbol.position] = value
        for call in self.calls:
            if (call, 0) in known:
                continue
            with context.scope(str(call.layer.name)):
                read = [known[each.call, each.position] for each in call.inputs]
                arguments = call.filled(lambda symbol: known[symbol.call, symbol.position])
                results = call.layer.run(context, *read, **arguments)
            known.update({(call, k): result for k, result in enumerate(results)})
        return tuple(known[symbol.call, symbol.position] for symbol in self.outputs)

    # Words about it

    def input_meanings(self) -> dict[str, Meaning]:
        """What inputs mean, by name, where they say so."""
        pairs = zip(self.input_names, self.inputs, strict=True)
        found = {name: symbol.layer.means() for name, symbol in pairs}
        return {name: meaning for name, meaning in found.items() if meaning is not None}

    def prepared_meanings(self) -> dict[str, Meaning]:
        """The meanings of inputs whose raw form is prepared first; one of uint8 takes pixels as they are."""
        types = self.input_types()
        return {
            name: meaning
            for name, meaning in self.input_meanings().items()
            if meaning.raw is not None and not meaning.takes_raw(types[name].dtype)
        }

    def output_meanings(self) -> dict[str, Meaning]:
        """What outputs mean, by name: as given, or as a layer says that only activations follow."""
        found = {}
        for name, symbol in zip(self.output_names, self.outputs, strict=True):
            meaning = self.meanings.get(name) or means(symbol)
            if meaning is not None:
                found[name] = meaning
        return found

    def summary(self) -> list[Row]:
        """One row for each layer in order: what `model.summary()` shows."""
        rows = []
        for layer in self.layers:
            counts = [
                (prod(known(n) for n in each.type.shape), each.trainable and part.trainable)
                for _, part in layer.walk("")
                for each in part.weights.values()
                if each.role in ("parameter", "statistic")
            ]
            calls = [call for call in self.calls if call.layer is layer]
            sources = dict.fromkeys(str(symbol.layer.name) for call in calls for symbol in call.reads)
            outputs = tuple(symbol.type for symbol in outputs_of(calls[0]))
            total, trainable = sum(n for n, _ in counts), sum(n for n, kept in counts if kept)
            rows.append(Row(str(layer.name), layer.kind, outputs, total, trainable, tuple(sources)))
        return rows

    def attributes(self) -> dict[str, Any]:
        """The architecture as JSON has it; see `layers.architecture`."""
        from fanlight.layers.architecture import to_record

        return to_record(self)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Network:
        """A network from `attributes()`."""
        from fanlight.layers.architecture import from_record

        return from_record(config)

    def __repr__(self) -> str:
        ends = f"{', '.join(self.input_names)} -> {', '.join(self.output_names)}"
        return f"<{self.label}: {ends}, {len(self.layers)} layers>"


def declare(weight: Weight) -> StateSpec:
    initial = weight.initializer.value if isinstance(weight.initializer, Constant) else 0
    return StateSpec(weight.type, weight.role, weight.trainable, initial)


def symbols(given: Any) -> list[Symbol]:
    """One symbol, or those of a list or dict."""
    each = list(given.values()) if isinstance(given, Mapping) else given if isinstance(given, Sequence) else [given]
    for symbol in each:
        if not isinstance(symbol, Symbol):
            raise TypeError(
                f"Network: expected symbols, got {type(symbol).__name__}; fl.Input(...) gives the first ones"
            )
    return list(each)


def calls_between(inputs: tuple[Symbol, ...], outputs: tuple[Symbol, ...]) -> tuple[Call, ...]:
    """Every call that the outputs need and the inputs do not replace, in the order in which they were made."""
    stops = {symbol.call for symbol in inputs}
    found: set[Call] = set(stops)
    stack = [symbol.call for symbol in outputs]
    while stack:
        call = stack.pop()
        if call in found:
            continue
        if isinstance(call.layer, InputLayer):
            raise UnknownNameError(
                "Network",
                expected="every input that an output depends on among the inputs",
                got=f"{call.layer.label} missing",
            )
        found.add(call)
        stack.extend(symbol.call for symbol in call.reads)
    found -= {call for call in stops if not isinstance(call.layer, InputLayer)}
    return tuple(sorted(found, key=lambda call: call.serial))


def name_layers(layers: Iterable[Layer]) -> None:
    """Give a name to each layer that has none: the first free one of `dense`, `dense_1`, ..."""
    layers = list(layers)
    taken: dict[str, Layer] = {}
    for layer in layers:
        if layer.name is not None and taken.setdefault(layer.name, layer) is not layer:
            raise UnknownLayerError("Network", expected="different names of layers", got=f"{layer.name!r} twice")
    for layer in layers:
        if layer.name is None:
            name, number = layer.auto_name, 0
            while name in taken:
                number += 1
                name = f"{layer.auto_name}_{number}"
            layer.name = name
            taken[name] = layer


def unique(ends: tuple[Symbol, ...], what: str) -> list[str]:
    """The names of the symbols' layers; more than one output of a layer is numbered."""
    names: list[str] = []
    for symbol in ends:
        name, number = str(symbol.layer.name), 0
        while name in names:
            number += 1
            name = f"{symbol.layer.name}_{number}"
        names.append(name)
    return names


def means(symbol: Symbol) -> Meaning | None:
    """What a layer says about its output, or the one before it where it is an activation."""
    while True:
        meaning = symbol.layer.means()
        if meaning is not None or not symbol.layer.keeps_meaning or not symbol.call.inputs:
            return meaning
        symbol = symbol.call.inputs[0]


def check_places(network: Network) -> None:
    """Raises UnsupportedOp where a layer stands in two layers or models: it would have two sets of weights."""
    places: dict[Layer, str] = {}
    for path, layer in network.walk():
        if layer.weights and places.setdefault(layer, path) != path:
            got = f"{layer.label} at {places[layer]} and {path}"
            do = "call it as often as you like, but from one layer or model"
            raise UnsupportedOp(network.label, expected="each layer in one layer or model", got=got, do=do)


def check_input(network: Network, name: str, expected: Type, got: Type) -> None:
    """Raises ShapeError where an input cannot be what the network was made for; open dims are left to the layers."""
    fits = expected.dtype == got.dtype and expected.rank == got.rank
    pairs = zip(expected.shape, got.shape, strict=False)
    if not fits or any(isinstance(a, int) and isinstance(b, int) and a != b for a, b in pairs):
        raise network.error(f"{expected} as input {name!r}", got)

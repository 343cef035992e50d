"""How does a network learn something else? What it knows is frozen, and a new head takes the place of the old one or
stands beside it.

In: a network. Out: trainable flags, another network that shares layers with the first. Knows no weights' content.
"""

from __future__ import annotations

from typing import Any

from fanlight.errors import ShapeError, UnknownLayerError, UnknownNameError, UnsupportedOp
from fanlight.layers.base import Layer, Symbol
from fanlight.layers.core import Dense
from fanlight.layers.dropout import Dropout
from fanlight.layers.meanings import Classes
from fanlight.layers.network import Network
from fanlight.layers.operation import Operation


def set_trainable(network: Network, value: bool, since: str | None = None, until: str | None = None) -> None:
    """Sets `trainable` of the layers from `since` to `until`, both included, in the order of `network.layers`; names
    may lead into nested networks: `base/block_3`. Raises UnknownLayerError."""
    for name in filter(None, (since, until)):
        network.layer(name)
    first, _, inner_first = (since or "").partition("/")
    last, _, inner_last = (until or "").partition("/")
    is_inside = since is None
    for layer in network.layers:
        begins, ends = layer.name == first and since is not None, layer.name == last and until is not None
        is_inside = is_inside or begins
        inner = (inner_first or None) if begins else None, (inner_last or None) if ends else None
        if is_inside and isinstance(layer, Network):
            set_trainable(layer, value, *inner)
        elif is_inside:
            layer.trainable = value
        if ends:
            break


def replace_head(network: Network, head: Any, at: str | None = None, name: str = "probabilities") -> Network:
    """The network with another head behind the layer `at`; without it, behind the last layer that makes features.

    `head` is a number of classes, their labels, an `fl.Classes`, a layer, or a list of layers. For classes, the head
    is global average pooling where the features have places, and a Dense layer called `name` with softmax. `at` may be
    an output: then nothing is cut off, and so it is where the only output has places. What the old head had is gone;
    the layers before it are the same objects."""
    cut = last_features(network) if at is None else named(network, at)
    layers = new_layers(head, cut, name)
    y: Any = cut
    for layer in layers:
        y = layer(y)
    meanings = {name: labels} if isinstance(labels := classes_of(head), Classes) else None
    ends = {name: y} if classes_of(head) is not None else [y]
    made = Network(list(network.inputs), ends, name=network.name, meanings=meanings, prefix=network.auto_name)
    made.source = network.source
    return made


def add_head(network: Network, head: Any, at: str, name: str) -> Network:
    """The network with a further head behind the layer or output `at`, whose output is called `name`: all outputs that
    it had stay, and what comes before `at` is computed once for them all."""
    if name in network.output_names:
        expected = f"a name beside the outputs {network.output_names}"
        raise UnknownNameError("add_head", expected=expected, got=repr(name), do='call it something else: name="..."')
    y: Any = named(network, at)
    for layer in new_layers(head, y, name):
        y = layer(y)
    labels = classes_of(head)
    meanings = network.meanings | ({name: labels} if isinstance(labels, Classes) else {})
    ends = dict(zip(network.output_names, network.outputs, strict=True)) | {name: y}
    made = Network(list(network.inputs), ends, name=network.name, meanings=meanings, prefix=network.auto_name)
    made.source = network.source
    return made


def named(network: Network, at: str) -> Symbol:
    """The output of that name, or the first output of the layer of that name."""
    ends = dict(zip(network.output_names, network.outputs, strict=True))
    return ends[at] if at in ends else network.symbol(at)


def last_features(network: Network) -> Symbol:
    """What the last layer with weights reads, and not through dropout: VGG16's second Dense, MobileNetV2's pooling.

    A network without a head gives features itself. So does one whose output has places; where places are pooled and
    nothing says that they were of classes, as softmax does, it is not known."""
    do = 'name the layer or the output that the new head reads: at="..."'
    if len(network.outputs) != 1:
        raise UnknownLayerError(network.label, expected="one output", got=network.output_names, do=do)
    (symbol,) = network.outputs
    if has_places(symbol):
        return symbol
    is_scored = False
    while True:
        if len(symbol.call.inputs) != 1:
            got = f"{symbol.layer.label} with {len(symbol.call.inputs)} inputs"
            raise UnknownLayerError(network.label, expected="a last layer with weights, and one input", got=got, do=do)
        is_scored = is_scored or gives_scores(symbol.layer)
        if any(each.weights for _, each in symbol.layer.walk("") if not is_dropout(each)):
            break
        symbol = symbol.call.inputs[0]
    if has_places(symbol) and not is_scored:
        (output,) = network.output_names
        got = f"what {symbol.layer.label} makes, pooled: features or classes"
        before = symbol.call.inputs[0].layer.name
        do = f'name what the new head reads: at="{output}" puts it on top, at="{before}" in place'
        raise UnknownLayerError(network.label, expected="a head that can be told from features", got=got, do=do)
    symbol = symbol.call.inputs[0]
    while isinstance(symbol.layer, Dropout) and len(symbol.call.inputs) == 1:
        symbol = symbol.call.inputs[0]
    return symbol


def has_places(symbol: Symbol) -> bool:
    return len(symbol.shape) > 2


def gives_scores(layer: Layer) -> bool:
    """Whether the layer makes probabilities of classes."""
    said = layer.attributes()
    names = {str(name).lower() for name in (layer.kind, said.get("activation"), said.get("function"))}
    return not names.isdisjoint(("softmax", "sigmoid", "logsoftmax", "log_softmax"))


def is_dropout(layer: Layer) -> bool:
    return isinstance(layer, Dropout)  # its rate is state, but no weight


def classes_of(head: Any) -> int | Classes | None:
    """How many classes a head is to tell apart, with their labels where they are given; None for layers."""
    if isinstance(head, Classes) or type(head) is int:
        return head
    labels: list[Any] = list(head) if isinstance(head, list | tuple) else []
    return Classes(tuple(labels)) if labels and all(isinstance(each, str) for each in labels) else None


def new_layers(head: Any, cut: Symbol, name: str) -> list[Layer]:
    """The layers of a head for the features `cut`."""
    classes = classes_of(head)
    if classes is None:
        layers = list(head) if isinstance(head, list | tuple) else [head]
        if not layers or not all(isinstance(each, Layer) for each in layers):
            expected = "a number of classes, labels, or layers"
            raise ShapeError("replace_head", expected=expected, got=repr(head)[:80])
        return layers
    units = classes if isinstance(classes, int) else int(classes.shape[0])  # type: ignore[call-overload]
    return [*pooling(cut), Dense(units, "softmax", name=name)]


def pooling(cut: Symbol) -> list[Layer]:
    """Global average pooling where the features have places: `[batch, ..., c]`."""
    from fanlight.layers import LAYERS

    if len(cut.shape) < 3:
        return []
    turn: list[Layer] = []
    if channels_lie_first(cut):
        axes = (0, *range(2, len(cut.shape)), 1)
        turn = [Operation("transpose", options={"axes": axes}, name="channels_last")]
    kind = f"GlobalAveragePooling{len(cut.shape) - 2}D"
    if kind not in LAYERS:
        do = "give a list of layers instead of classes"
        raise UnsupportedOp("replace_head", expected="features that can be pooled", got=cut.type, do=do)
    return [*turn, LAYERS[kind]()]


def channels_lie_first(symbol: Symbol) -> bool:
    """Whether features have their channels before their places: the layer that made them knows, or one before it."""
    seen = symbol
    while seen.layer.channels_first is None and seen.call.inputs:
        seen = seen.call.inputs[0]
    return bool(seen.layer.channels_first)

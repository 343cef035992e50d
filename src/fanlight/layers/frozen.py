"""What does a step compute again and again, the same for a row each time? The frozen trunk, before anything random.

In: a network with its trainable flags. Out: two networks over the same layers, trunk and head. Knows no training.
"""

from __future__ import annotations

from fanlight.ir.graph import Graph, Input, apply
from fanlight.ir.text import graph_text
from fanlight.layers.base import Call, Layer, stand_in
from fanlight.layers.context import Context
from fanlight.layers.input import InputLayer
from fanlight.layers.network import Network


def split(network: Network) -> tuple[Network, Network] | None:
    """(trunk, head): the trunk gives the features that the head reads, and no step changes what it gives for a row.

    None where nothing worth it is frozen: no layer with weights, or one behind what is random in training; and where
    what the head reads does not lie row by row."""
    fixed: set[Call] = set()
    # What shapes and constants tell: whoever reads it makes it, since a feature would be data.
    told = {symbol.call for call in network.calls for symbol in call.reads if symbol.content is not None}
    for call in network.calls:
        if call in told:
            continue
        if all(symbol.call in fixed or symbol.content is not None for symbol in call.reads) and is_fixed(call):
            fixed.add(call)
    has_weights = any(has_numbers(call.layer) for call in fixed)
    ends = {(symbol.call, symbol.position): symbol for symbol in network.outputs}
    if not has_weights or any(call in fixed for call, _ in ends):
        return None
    needed = {call for call, _ in ends}
    for call in reversed(network.calls):
        if call in needed and call not in fixed:
            needed.update(symbol.call for symbol in call.reads)
    rest = [call for call in network.calls if call in needed and call not in fixed]
    read = [symbol for call in rest for symbol in call.reads if symbol.call in fixed]
    features = list({(symbol.call, symbol.position): symbol for symbol in read}.values())
    if any(symbol.shape[:1] != network.inputs[0].shape[:1] for symbol in features):  # no numbers of a row
        return None
    outputs = dict(zip(network.output_names, network.outputs, strict=True))
    head = Network(features, outputs)
    return Network(list(network.inputs), dict(zip(head.input_names, features, strict=True))), head


def is_fixed(call: Call) -> bool:
    """Whether the layer gives the same for a row in every step: no weight of it is trained, nothing is drawn, nothing
    is written down, no mask goes with its outputs, and training asks nothing else of it than prediction."""
    if isinstance(call.layer, InputLayer):
        return True
    if any(weight.trainable and each.trainable for _, each in call.layer.walk("") for weight in each.weights.values()):
        return False
    texts = []
    for training in (True, False):
        context = Context(training)
        values = {
            symbol: apply(Input(f"x{k}", symbol.type)) if symbol.content is None else stand_in(symbol)
            for k, symbol in enumerate(call.reads)
        }
        with context.scope(str(call.layer.name)):
            read = (values[symbol] for symbol in call.inputs)
            outputs = call.layer.run(context, *read, **call.filled(values.__getitem__))
        if context.is_random or context.updates or context.losses or context.masks:
            return False
        inputs = tuple(x for symbol, x in values.items() if symbol.content is None)
        texts.append(graph_text(Graph(inputs, {f"y{k}": y for k, y in enumerate(outputs)})))
    return texts[0] == texts[1]


def has_numbers(layer: Layer) -> bool:
    """Whether it multiplies by something learnt."""
    return any(weight.role == "parameter" for _, each in layer.walk("") for weight in each.weights.values())

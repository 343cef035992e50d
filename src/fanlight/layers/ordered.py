"""In which order does Keras have the layers of a model? By their depth, counted from the outputs.

In: a network. Out: its layers. A file of Keras 3 numbers its folders so, and an optimizer its slots. Knows no file.
"""

from __future__ import annotations

from fanlight.layers.base import Layer
from fanlight.layers.calling import Call, Symbol
from fanlight.layers.input import InputLayer
from fanlight.layers.network import Network


def keras_order(network: Network) -> list[Layer]:
    """The layers as `keras.Model.layers` has them: the farthest from the outputs first, those of one depth in the
    order in which a walk from the outputs back meets them. See `map_graph` in keras/src/ops/function.py."""
    if network.auto_name == "sequential":
        return list(network.layers)
    stops = {symbol.call for symbol in network.inputs}
    met: dict[Layer, int] = {}
    calls = walked_back(network, stops, met)
    depths: dict[Call, int] = {}
    of_layer: dict[Layer, int] = {}
    for call in reversed(calls):
        depth = max(depths.get(call, 0), of_layer.get(call.layer, 0))
        depths[call] = of_layer[call.layer] = depth
        for symbol in () if call in stops else call.reads:
            depths[symbol.call] = max(depth + 1, depths.get(symbol.call, 0))
    for layer in network.layers:  # inputs that no output depends on
        if isinstance(layer, InputLayer) and layer not in of_layer:
            of_layer[layer], met[layer] = 0, -1
    return sorted(of_layer, key=lambda layer: (-of_layer[layer], met[layer]))


def walked_back(network: Network, stops: set[Call], met: dict[Layer, int]) -> list[Call]:
    """Every call, each after what it reads, from the outputs depth first; `met` numbers layers as they are met."""
    done: dict[Call, None] = {}
    for output in network.outputs:
        stack = [(output.call, waiting(output.call, stops))] if output.call not in done else []
        while stack:
            call, reads = stack[-1]
            met.setdefault(call.layer, len(met))
            while reads and reads[-1].call in done:
                reads.pop()
            if reads:
                following = reads.pop().call
                stack.append((following, waiting(following, stops)))
            else:
                done[call] = None
                stack.pop()
    return list(done)


def waiting(call: Call, stops: set[Call]) -> list[Symbol]:
    """What a call reads, the first last."""
    return [] if call in stops else list(call.reads)[::-1]

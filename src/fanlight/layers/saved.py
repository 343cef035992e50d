"""Where in a Keras 3 file does a weight of a layer stand? Numbered within its layer; parts are folders.

In: a layer and its path. Out: places such as `cell/vars/0`, each with the path of a state array. Knows no files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from fanlight.ir.types import Type
from fanlight.layers.base import Layer
from fanlight.layers.input import InputLayer
from fanlight.layers.network import Network

SAVED = ("parameter", "statistic")  # roles of what Keras saves too
Order = Callable[[Network], Sequence[Layer]]  # the layers of a network, in the order of a file


def own_order(network: Network) -> Sequence[Layer]:
    """The layers in the order of their first use."""
    return network.layers


def saved_variables(layer: Layer, path: str, order: Order = own_order) -> Iterator[tuple[str, str]]:
    """(place below the layer's own, full path of the state array) of every weight that a Keras file holds.

    Keras numbers what a layer can train before what it cannot, each in the order of declaration. The layers of a
    network are folders named by their classes: `layers/dense`, `layers/dense_1`, ...
    """
    names = [name for name, weight in layer.weights.items() if weight.role in SAVED]
    names.sort(key=lambda name: layer.weights[name].role != "parameter")
    for number, name in enumerate([*layer.saved_too, *names]):
        yield f"vars/{number}", f"{path}/{name}"
    inside = folders(order(layer)) if isinstance(layer, Network) else layer.parts
    for name, part in inside.items():
        below = f"{path}/{part.name}" if isinstance(layer, Network) else f"{path}/{name}"
        for place, full in saved_variables(part, below.lstrip("/"), order):
            yield f"{name}/{place}", full


def folders(layers: Sequence[Layer]) -> dict[str, Layer]:
    """The folders of a network's layers. Inputs have them too, but nothing in them."""
    used: dict[str, int] = {}
    found = {}
    for layer in layers:
        if isinstance(layer, InputLayer):
            continue
        kind = layer.auto_name
        used[kind] = used.get(kind, -1) + 1
        found[f"layers/{kind}_{used[kind]}" if used[kind] else f"layers/{kind}"] = layer
    return found


def trained(network: Network, order: Order = own_order) -> dict[str, Type]:
    """The weights that training changes, in the order in which an optimizer of Keras has their slots."""
    state = network.state()
    paths = [path for _, path in saved_variables(network, "", order)]
    return {path: state[path].type for path in paths if state[path].trainable}

"""Where in a Keras 3 file does a weight of a layer stand? Numbered within its layer; parts are folders.

In: a layer and its path. Out: places such as `cell/vars/0`, each with the path of a state array. Knows no files.
"""

from __future__ import annotations

from collections.abc import Iterator

from fanlight.layers.base import Layer

SAVED = ("parameter", "statistic")  # roles of what Keras saves too


def saved_variables(layer: Layer, path: str) -> Iterator[tuple[str, str]]:
    """(place below the layer's own, full path of the state array) of every weight that a Keras file holds.

    Keras numbers what a layer can train before what it cannot, each in the order of declaration.
    """
    names = [name for name, weight in layer.weights.items() if weight.role in SAVED]
    names.sort(key=lambda name: layer.weights[name].role != "parameter")
    for number, name in enumerate(names):
        yield f"vars/{number}", f"{path}/{name}"
    for name, part in layer.parts.items():
        for place, full in saved_variables(part, f"{path}/{name}"):
            yield f"{name}/{place}", full

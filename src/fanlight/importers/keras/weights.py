"""Which array of a Keras file is which weight? By place in a file of Keras 3, by order in one laid out as in Keras 2.

In: a network, the order of its layers, a `KerasFile`. Out: arrays by the paths of the state, checked. Knows no config.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from fanlight.importers.keras.read import KerasFile
from fanlight.ir.module import StateSpec
from fanlight.layers.base import Layer
from fanlight.layers.network import Network
from fanlight.layers.saved import Order, saved_variables


def weights(file: KerasFile, network: Network, order: Order) -> dict[str, Any]:
    """The arrays of a network's weights by path. Raises ModelFormatError where they are missing, more, or others."""
    pairs = (by_name if file.named else by_order if file.layers else by_place)(file, network, order)
    state = network.state()
    return {path: checked(file, path, state[path], array) for path, array in pairs}


def by_place(file: KerasFile, network: Network, order: Order) -> Iterator[tuple[str, Any]]:
    expected = dict(saved_variables(network, "", order))
    if missing := [place for place in expected if place not in file.places]:
        named = ", ".join(f"{place} ({expected[place]})" for place in missing[:4])
        raise file.error(f"{len(expected)} weights", f"none at {named}")
    of_layers = (place for place in file.places if place.startswith("layers/"))
    if more := [place for place in of_layers if place not in expected]:
        raise file.error(f"{len(expected)} weights", f"others at {', '.join(more[:4])}")
    for place, path in expected.items():
        yield path, file.places[place]


def by_name(file: KerasFile, network: Network, order: Order) -> Iterator[tuple[str, Any]]:
    return ((path, file.named[name]) for path, name in names_by_path(file, network, order))


def names_by_path(file: KerasFile, network: Network, order: Order) -> Iterator[tuple[str, str]]:
    """How the file calls the weight at a path: by the names of a layer and of its weights; in their order where a layer
    has layers of its own, which are called otherwise here."""
    state = network.state()
    layers = {str(layer.name): in_old_order(layer, order, state, path) for layer, path in leaves(network, order, "")}
    found: dict[str, list[str]] = {}
    for name in file.named:
        if (owner := owner_of(name, layers)) is None:
            raise file.error(f"weights of layers {list(layers)[:6]}", repr(name))
        found.setdefault(owner, []).append(name)
    for owner, paths in layers.items():
        names = found.get(owner, [])
        if len(names) != len(paths):
            raise file.error(f"{len(paths)} weights of layer {owner!r}", names or "none")
        ours, theirs = ({each.rpartition("/")[2]: each for each in side} for side in (paths, names))
        if len(ours) == len(paths) and set(ours) == set(theirs):
            names = [theirs[each] for each in ours]
        yield from zip(paths, names, strict=True)


def leaves(network: Network, order: Order, path: str) -> Iterator[tuple[Layer, str]]:
    """Layers that are no models, with their paths."""
    for layer in order(network):
        below = f"{path}/{layer.name}" if path else str(layer.name)
        if isinstance(layer, Network):
            yield from leaves(layer, order, below)
        else:
            yield layer, below


def owner_of(name: str, layers: Collection[str]) -> str | None:
    """The layer whose name is among the parts of a weight's, `dense` of `model/dense/kernel`."""
    parts = name.split("/")[:-1]
    wholes = ("/".join(parts[k:n]) for k in range(len(parts)) for n in range(len(parts), k, -1))
    return next((each for each in wholes if each in layers), None)


def by_order(file: KerasFile, network: Network, order: Order) -> Iterator[tuple[str, Any]]:
    """As Keras: the layers that have weights, one after another, and in each what it trains before what it does not."""
    state = network.state()
    ours = [(layer, found) for layer in order(network) if (found := in_old_order(layer, order, state))]
    theirs = [(name, arrays) for name, arrays in file.layers if arrays]
    if len(ours) != len(theirs):
        raise file.error(f"{len(ours)} layers with weights", len(theirs))
    for (layer, paths), (name, arrays) in zip(ours, theirs, strict=True):
        if len(paths) != len(arrays):
            raise file.error(f"{len(paths)} arrays for {layer.label}", f"{len(arrays)} in {name!r}")
        yield from zip(paths, arrays, strict=True)


def in_old_order(layer: Layer, order: Order, state: Mapping[str, StateSpec], path: str | None = None) -> list[str]:
    """The paths of a layer's weights, each once: first those that are trained."""
    paths = dict.fromkeys(path for _, path in saved_variables(layer, path or str(layer.name), order))
    return sorted(paths, key=lambda path: not state[path].trainable)


def checked(file: KerasFile, path: str, spec: StateSpec, array: Any) -> Any:
    """The array, if it can be the content of that state."""
    if array.shape != spec.type.shape:
        raise file.error(f"shape {list(spec.type.shape)} for {path}", list(array.shape))
    if array.dtype.kind != np.dtype(spec.type.dtype).kind:
        raise file.error(f"{spec.type.dtype} for {path}", array.dtype)
    return np.ascontiguousarray(array, dtype=spec.type.dtype).reshape(array.shape)  # it makes scalars vectors


def order_of(orders: Mapping[Network, Sequence[Layer]]) -> Order:
    return lambda network: orders[network]

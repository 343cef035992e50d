"""How does a model come out of what TensorFlow or TensorFlow.js wrote? Network and weights; of layers what they were
compiled with, too.

In: paths, meanings of inputs. Out: models. Conducts the importers; knows no byte of a file."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fanlight.errors import UnknownNameError
from fanlight.importers.graphs.records import Graph
from fanlight.importers.keras.build import build as build_layers
from fanlight.importers.keras.read import KerasFile
from fanlight.importers.keras.weights import names_by_path, order_of
from fanlight.importers.names import SAVED_MODEL, TOPOLOGY
from fanlight.importers.tensorflow.build import build
from fanlight.importers.tensorflow.files import read_graph, read_topology, read_topology_graph
from fanlight.importers.tensorflow.tfjs import LAYERS, Topology
from fanlight.importers.tensorflow.tfjs_layers import layers_file, remembered
from fanlight.keras_files import model_of
from fanlight.layers.saved import Order, trained
from fanlight.training import optimizers
from fanlight.training.optimizer import SCALAR
from fanlight.training.saved import powers_after

if TYPE_CHECKING:
    from fanlight.model import Model


def load_tensorflow(
    path: Path,
    inputs: Mapping[str, Any] | None = None,
    outputs: Mapping[str, Any] | Sequence[str] | None = None,
    dims: Mapping[str, int] | None = None,
    signature: str | None = None,
) -> Model:
    """The model of a SavedModel's folder, a frozen .pb file or a model.json; what may be said, see `loading.load`."""
    from fanlight.model import Model

    path = file_of(path)
    parameters = None
    meanings = {name: each for name, each in outputs.items() if each} if isinstance(outputs, Mapping) else None
    cut = [outputs] if isinstance(outputs, str) else outputs
    if path.suffix.lower() == ".json":
        found = read_topology(path)
        if signature or (found.kind == LAYERS and (inputs or outputs or dims)):
            expected = "a signature of a SavedModel, inputs, outputs and dims of a graph"
            raise UnknownNameError("load", expected=expected, got=f"{path.name}, a {found.kind}", do="leave them out")
        if found.kind == LAYERS:
            return layers_model(found)
        file = read_topology_graph(found, cut)
    else:
        file, parameters = read_graph(path, cut, signature)
    built = build(file, inputs, meanings, dims, parameters)
    model = Model.of_network(built.network)
    model._state = built.arrays
    return model


def file_of(path: Path) -> Path:
    """The model.json of a folder of TensorFlow.js; any other path as it is."""
    return path / TOPOLOGY if path.is_dir() and not (path / SAVED_MODEL).is_file() else path


def graph_in(path: Path, outputs: Sequence[str] | None = None, signature: str | None = None) -> Graph:
    """The graph of a file, as its inputs and outputs are asked for before it is loaded."""
    path = file_of(path)
    if path.suffix.lower() != ".json":
        return read_graph(path, outputs, signature)[0].graph
    if (found := read_topology(path)).kind == LAYERS:
        expected = "a graph, of whose inputs and outputs that can be said"
        raise UnknownNameError("convert", expected=expected, got=f"{path.name}, a {LAYERS}", do="leave it out")
    return read_topology_graph(found, outputs).graph


def layers_model(found: Topology) -> Model:
    """The model of layers: what Keras wrote, in JSON, with weights by name."""
    file = layers_file(found)
    built = build_layers(file.config, file.at, file.version)
    model = model_of(replace(file, optimizer=[]), built)
    if file.optimizer and model.recipe:
        model._state |= optimizer_state(model, file, order_of(built.orders))
    return model


def optimizer_state(model: Model, file: KerasFile, order: Order) -> dict[str, Any]:
    """What the optimizer remembers, by the names of our state; nothing, with a warning, where it does not fit."""
    optimizer = optimizers.get(model.recipe["optimizer"])
    names = dict(names_by_path(file, model.network, order))
    slots = {path: names[path] for path in trained(model.network, order)}
    kind = type(optimizer).__name__
    found = remembered(file, kind, optimizer.slots_of(SCALAR), slots, optimizer.learning_rate)
    if found is None:
        got = f"its state in the file is not that of a {kind} of these weights"
        warnings.warn(f"{file.at}: the optimizer begins anew, {got}", stacklevel=4)
        return {}
    arrays, steps = found
    powers = {name: np.array(each, "float32") for name, each in powers_after(optimizer, steps).items()}
    return arrays | powers | {"optimizer/iterations": np.array(steps, "int32")}

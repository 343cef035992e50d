"""How does a model come out of what TensorFlow or TensorFlow.js wrote? Network and weights; of layers what they were
compiled with, too.

In: paths, meanings of inputs. Out: models. Conducts the importers; knows no byte of a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fanlight.errors import UnknownNameError
from fanlight.importers.graphs.records import Graph
from fanlight.importers.keras.build import build as build_layers
from fanlight.importers.keras.read import KerasFile
from fanlight.importers.names import SAVED_MODEL, TOPOLOGY
from fanlight.importers.tensorflow.build import build
from fanlight.importers.tensorflow.files import read_graph, read_topology, read_topology_graph
from fanlight.importers.tensorflow.tfjs import LAYERS, Topology, layers_config
from fanlight.keras_files import model_of

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
    config = layers_config(found)
    arrays = {name: found.array(name) for name in found.weights}
    training = found.model.get("training_config")
    version = str(found.model.get("keras_version", "2"))
    file = KerasFile(found.bounds.at, version, config, training, named=arrays)
    return model_of(file, build_layers(config, file.at))

"""Which reader is for a path? A folder is a SavedModel, .pb a frozen graph, .json a model of TensorFlow.js.

Out: a `Model` of records, and which of its tensors are trained, where the file tells that.
"""

from __future__ import annotations

from pathlib import Path

from fanlight.errors import UnknownNameError
from fanlight.importers.files import whole_file
from fanlight.importers.graphs.records import Model
from fanlight.importers.tensorflow.read import Cut, Source, read
from fanlight.importers.tensorflow.saved_model import FILE, read_saved_model
from fanlight.importers.tensorflow.schema import parsed
from fanlight.importers.tensorflow.tfjs import GRAPH, Topology, ends_of, graph_of, read_topology
from fanlight.importers.tensorflow.values import Bounds


def read_graph(path: Path, outputs: Cut = None, signature: str | None = None) -> tuple[Model, frozenset[str] | None]:
    """The graph of a frozen .pb file or a SavedModel, cut at `outputs`."""
    if path.is_dir() or path.name == FILE:
        source, variables = read_saved_model(path if path.is_dir() else path.parent, signature)
        model = read(source, outputs)
        return model, frozenset(variables.trained) if variables.names else None
    if signature is not None:
        raise UnknownNameError("load", expected="a signature of a SavedModel alone", got=path.name, do="leave it out")
    return read(frozen(path), outputs), None


def read_topology_graph(found: Topology, outputs: Cut = None) -> Model:
    """The graph of a TensorFlow.js graph model."""
    assert found.kind == GRAPH
    inputs, ends = ends_of(found)
    return read(Source(graph_of(found), found.bounds, inputs, ends, constant=found.array,
                       producer="TensorFlow.js"), outputs)  # fmt: skip


def frozen(path: Path) -> Source:
    """The graph of a .pb file."""
    data = whole_file(path, "TensorFlow file", "a frozen graph")
    return Source(parsed("GraphDef", data, str(path)), Bounds(str(path)))


__all__ = ["read_graph", "read_topology", "read_topology_graph"]

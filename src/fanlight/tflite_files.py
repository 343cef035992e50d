"""How does a model come out of a TensorFlow Lite file? Network and weights, and the meanings that its metadata tell.

In: paths, meanings of inputs. Out: models. Conducts the importer; knows no byte of a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fanlight.importers.graphs.records import Graph
from fanlight.importers.tflite.build import build
from fanlight.importers.tflite.metadata import meanings_of
from fanlight.importers.tflite.read import read_file

if TYPE_CHECKING:
    from fanlight.model import Model


def load_tflite(
    path: Path,
    inputs: Mapping[str, Any] | None = None,
    outputs: Mapping[str, Any] | Sequence[str] | None = None,
    dims: Mapping[str, int] | None = None,
    signature: str | None = None,
) -> Model:
    """The model of a .tflite file; what may be said, see `loading.load`. An input or output that is said to be None has
    no meaning, whatever the metadata tell."""
    from fanlight.model import Model

    file = read_file(path, [outputs] if isinstance(outputs, str) else outputs, signature)
    taken, given = meanings_of(file)
    said = {**taken, **(inputs or {})}
    results = {**given, **(outputs if isinstance(outputs, Mapping) else {})}
    built = build(file, present(said), present(results), dims)
    model = Model.of_network(built.network)
    model._state = built.arrays
    return model


def present(meanings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: each for name, each in meanings.items() if each is not None}


def graph_in(path: Path, outputs: Sequence[str] | None = None, signature: str | None = None) -> Graph:
    """The graph of a file, as its inputs and outputs are asked for before it is loaded."""
    return read_file(path, outputs, signature).model.graph

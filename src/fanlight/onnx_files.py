"""How does a model come out of an ONNX file? Network and weights; what it is trained with is up to its owner.

In: paths, meanings of inputs. Out: models. Conducts the importer; knows no byte of a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fanlight.errors import UnknownNameError
from fanlight.importers.graphs.records import Model as OnnxModel
from fanlight.importers.names import is_tensorflow, is_tflite
from fanlight.importers.onnx.build import build
from fanlight.importers.onnx.read import read_file
from fanlight.layers.meanings import Classes, Image

if TYPE_CHECKING:
    from fanlight.model import Model


def load_onnx(path: Path, **said: Any) -> Model:
    """The model of an ONNX file; what `said` may say, see `loading.load`."""
    return model_of(read_file(path), **said)


def model_of(
    file: OnnxModel,
    inputs: Mapping[str, Any] | None = None,
    outputs: Mapping[str, Any] | None = None,
    dims: Mapping[str, int] | None = None,
    parameters: frozenset[str] | None = None,
) -> Model:
    """The model of what was read; `parameters` are the tensors that are trained, where that is known."""
    from fanlight.model import Model

    built = build(file, inputs, outputs, dims, parameters)
    model = Model.of_network(built.network)
    model._state = built.arrays
    return model


def described(
    path: Path,
    image: str | None,
    labels: Path | None,
    dims: Iterable[str],
    outputs: Sequence[str] = (),
    signature: str | None = None,
) -> dict[str, Any]:
    """What a command line says of an ONNX file, TensorFlow's or TensorFlow Lite's, as `loading.load` takes it: that its
    input of rank 4 takes pictures, the labels of its first output, "words=128" for the length of an axis."""
    said: dict[str, Any] = {}
    bounds = {}
    for each in dims:
        name, _, bound = each.partition("=")
        if not name or not bound.isdecimal():
            raise UnknownNameError("--dim", expected="a name and a length, words=128", got=repr(each))
        bounds[name] = int(bound)
    if bounds:
        said["dims"] = bounds
    if signature:
        said["signature"] = signature
    if outputs:
        said["outputs"] = list(outputs)
    if not image and labels is None:
        return said
    if is_tflite(path):
        from fanlight.tflite_files import graph_in

        graph = graph_in(path, outputs or None, signature)
    elif is_tensorflow(path):
        from fanlight.tensorflow_files import graph_in

        graph = graph_in(path, outputs or None, signature)
    else:
        graph = read_file(path).graph
    if image:
        slot = next((slot for slot in graph.inputs if len(slot.shape or ()) == 4), None)
        extents = slot.shape[1:] if slot is not None and slot.shape else ()
        if slot is None or not all(isinstance(each, int) for each in extents):
            raise UnknownNameError(
                "--image", expected="an input of known [rows, channels, height, width]", got=str(path)
            )
        channels, height, width = (int(str(each)) for each in extents)
        if channels > 4 >= width:  # channels last
            height, width, channels = channels, height, width
        said["inputs"] = {slot.name: Image(height, width, channels, preset=image)}
    if labels is not None:
        said["outputs"] = {**dict.fromkeys(outputs), graph.outputs[0].name: Classes.from_file(labels)}
    return said

"""How does a model come back from files? Bundle -> model or functions, with its weights; and what other tools wrote.

In: paths. Out: models. Conducts bundle, importers and engines; knows no format.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fanlight.arrays import Array, native
from fanlight.bundle.read import Bundle, read_bundle
from fanlight.bundle.weights import from_safetensors
from fanlight.content import IN_PAGE
from fanlight.described import DescribedModel
from fanlight.errors import ModelFormatError, StorageError, UnknownNameError, UnsupportedOp
from fanlight.exported import Functions
from fanlight.importers.names import is_keras, is_onnx, is_tensorflow, is_tflite
from fanlight.ir.module import Module
from fanlight.ir.parse import parse_module
from fanlight.layers.architecture import from_record
from fanlight.ops.registry import all_ops
from fanlight.passes.expand import expand, forms_from
from fanlight.samples import initial_array

if TYPE_CHECKING:
    from fanlight.model import Model

LARGEST_GRAPH = 256 << 20  # bytes of graph.json after decompression


def load(
    path: str | Path,
    weights: str | Path | None = None,
    inputs: Mapping[str, Any] | None = None,
    outputs: Mapping[str, Any] | Sequence[str] | None = None,
    dims: Mapping[str, int] | None = None,
    signature: str | None = None,
) -> Any:
    """Opens what `save` or `export` wrote: a Model, or the Functions that `fl.export` wrote; or a model that another
    tool wrote: x.keras, x.h5, x.hdf5 (Keras), x.onnx (PyTorch, scikit-learn and others), the folder of a SavedModel or
    a frozen x.pb (TensorFlow), model.json (TensorFlow.js, graphs and layers), x.tflite (TensorFlow Lite).

    `weights` is a .safetensors file, such as one that a page downloaded, whose arrays replace the saved ones. Of an
    ONNX file, `inputs` says what inputs are: a meaning, `{"image": fl.Image(224, 224, preset="torch")}`, or an array
    that an input always has; `outputs` what outputs are, `{"scores": fl.Classes(labels)}`; `dims` bounds open axes by
    name, `{"sequence": 128}`. The same goes for a graph of TensorFlow, where `outputs` may also be a list of names of
    tensors at which the graph is cut, `["dense_1/Relu"]`, or say what these mean; `signature` chooses one
    of a SavedModel's. All of this goes for TensorFlow Lite too, whose own metadata say what pictures and classes are
    unless you do: `None` for an input or output that is to stay plain numbers.

    Raises ModelFormatError for a file that is broken or of another model, UnsupportedOp with the names of all layers or
    operators that Fanlight lacks."""
    path = Path(path)
    is_file = not path.is_dir()
    said = {"inputs": inputs, "outputs": outputs, "dims": dims}
    has_signature = is_tensorflow(path) or (is_tflite(path) and is_file)
    has_graph = has_signature or (is_onnx(path) and is_file)
    if (any(said.values()) and not has_graph) or (signature and not has_signature):
        expected = (
            "inputs, outputs and dims for ONNX and TensorFlow alone, signature for a SavedModel or TensorFlow Lite"
        )
        raise UnknownNameError("load", expected=expected, got=path.name, do="leave them out")
    if has_signature:
        said["signature"] = signature
    if has_graph or (is_file and is_keras(path)):
        model: Any = _foreign(path, said)
        bundle = None
    else:
        bundle = read_bundle(path)
        model = read_model(bundle)
        if model is None:
            model = Functions(bundle.manifest.name, read_module(bundle), graph_record(bundle).get("state"))
        if IN_PAGE and isinstance(model, DescribedModel):
            return _in_page(model, bundle, None if weights is None else Path(weights))
        model.set_weights(_restored(bundle, model))
    if weights is not None:
        model.set_weights(read_weights(Path(weights), model, bundle))
    return model


def _foreign(path: Path, said: Mapping[str, Any]) -> Model:
    if IN_PAGE:
        raise UnsupportedOp("load", expected="a folder that Fanlight exported, in a browser's Python", got=path.name)
    from fanlight import keras_files, onnx_files, tensorflow_files, tflite_files

    if is_tflite(path):
        return tflite_files.load_tflite(path, **said)
    if is_tensorflow(path):
        return tensorflow_files.load_tensorflow(path, **said)
    return keras_files.load_keras(path) if is_keras(path) else onnx_files.load_onnx(path, **said)


def _in_page(model: Any, bundle: Bundle, weights: Path | None) -> Any:
    """The model with the arrays that it begins with when the page's runtime takes it."""
    state = {slot.name: slot for slot in bundle.manifest.state}
    files = [_expanded(bundle, bundle.weights()), *([] if weights is None else [_read(weights)])]
    arrays = {name: initial_array(slot) for name, slot in state.items()}
    for found in files:
        _check_state(found, {name: (slot.dtype, slot.shape) for name, slot in state.items()}, model.name, bundle.path)
        arrays |= found
    model._state = arrays
    return model


def read_model(bundle: Bundle) -> Model | None:
    """The model of a bundle as it was described: no weights yet, nothing compiled. None where it has no layers."""
    record = graph_record(bundle)
    if "network" not in record:
        return None
    from fanlight import Model  # in a page another one than in Python elsewhere

    for kind in ("onnx.layer", "tensorflow.layer", "tensorflow.corner_upsampling", "tflite.layer"):
        import_module(f"fanlight.importers.{kind}")  # makes the classes of its nodes known
    try:
        model = Model.of_network(from_record(record["network"]), int(record.get("batch", 32)))
        if recipe := record.get("recipe"):
            model.compile(**recipe)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        if type(error).__module__.startswith("fanlight"):
            raise
        raise ModelFormatError("graph.json.gz", expected="a network", got=repr(error)[:120], at=bundle.path) from error
    return model


def read_module(bundle: Bundle) -> Module:
    """The module of a bundle, as it was before the compiler's first stage."""
    record = graph_record(bundle)
    if isinstance(text := record.get("module"), str):
        return expand(parse_module(text, all_ops()), forms_from(record.get("stored")))
    model = read_model(bundle)
    if model is None:
        raise ModelFormatError("graph.json.gz", expected="a network or a module", got="neither", at=bundle.path)
    module = model.module(bool(model.recipe), record.get("sample_weight", False))
    return expand(module, forms_from(record.get("stored")))


def graph_record(bundle: Bundle) -> dict[str, Any]:
    data = bundle.graph()
    if data is None:
        raise ModelFormatError("load", expected="a bundle with its graph", got="none", at=bundle.path)
    return _unpacked(data, str(bundle.path))


def _restored(bundle: Bundle, model: Model | Functions) -> dict[str, Any]:
    arrays = _expanded(bundle, {name: native(array) for name, array in bundle.weights().items()})
    known = model.engine.program.state
    missing = {slot.name: slot for slot in bundle.manifest.state if slot.name in known and slot.name not in arrays}
    arrays |= {name: initial_array(slot) for name, slot in missing.items()}
    return {name: array for name, array in arrays.items() if name in known}


def _expanded(bundle: Bundle, arrays: dict[str, Any]) -> dict[str, Any]:
    """The arrays as float32 that the bundle stores in fewer bytes."""
    if not (stored := graph_record(bundle).get("stored")):
        return arrays
    if IN_PAGE:
        do = "open it where Python runs outside a page"
        raise UnsupportedOp("load", expected="weights as float32", got="quantized or pruned ones", do=do)
    from fanlight import smaller

    return smaller.expanded_arrays(arrays, forms_from(stored))


def read_weights(path: Path, model: Model | Functions, bundle: Bundle | None = None) -> dict[str, Any]:
    """State arrays from a safetensors file, such as a page's download; ModelFormatError where they are another
    model's."""
    arrays = _read(path)
    if bundle is not None:
        arrays = {name: Array.of(array) for name, array in _expanded(bundle, dict(arrays)).items()}
    types = {name: model.engine.program.buffers[name].type for name in model.engine.program.state}
    _check_state(arrays, {name: (type.dtype, type.shape) for name, type in types.items()}, model.name, path)
    return {name: native(array) for name, array in arrays.items()}


def _read(path: Path) -> dict[str, Array]:
    try:
        return from_safetensors(path.read_bytes(), str(path))
    except OSError as error:
        raise StorageError("weights", expected="a safetensors file", got=error.strerror, at=path) from error


def _check_state(arrays: Mapping[str, Array], state: Mapping[str, Any], name: str, at: Path) -> None:
    wrong = [f"{n}: {a.dtype}{list(a.shape)}" for n, a in arrays.items() if state.get(n) != (a.dtype, a.shape)]
    if wrong:
        raise ModelFormatError("weights", expected=f"state of {name!r}", got="; ".join(wrong[:4]), at=at)


def _unpacked(data: bytes, at: str) -> dict[str, Any]:
    unzip = zlib.decompressobj(wbits=31)
    try:
        text = unzip.decompress(data, LARGEST_GRAPH)
        record = json.loads(text)
    except (zlib.error, ValueError, RecursionError) as error:
        raise ModelFormatError("graph.json.gz", expected="compressed JSON", got=error, at=at) from None
    if not isinstance(record, dict) or record.get("format") != 1:
        raise ModelFormatError("graph.json.gz", expected="format 1", got=str(record)[:80], at=at)
    return record

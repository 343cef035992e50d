"""How does a network become a Keras file? Its config in Keras 3's words, and its arrays in Keras's places.

In: a network, arrays by path, what it was compiled with as records. Out: the bytes of a `.keras` or `.weights.h5` file.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from inspect import Parameter
from typing import Any

from fanlight.errors import StorageError, UnsupportedOp
from fanlight.ir.dim import Dim
from fanlight.layers import constraints, initializers, regularizers
from fanlight.layers.activations import OLD
from fanlight.layers.architecture import to_record
from fanlight.layers.base import Layer, outputs_of
from fanlight.layers.config import to_json
from fanlight.layers.input import InputLayer
from fanlight.layers.keras_operations import KIND_OF, MODULE_OF, called_with
from fanlight.layers.network import Network, unique
from fanlight.layers.operation import Operation, dtype_of, leaves, subscript
from fanlight.layers.ordered import keras_order
from fanlight.layers.own import Layer as OwnLayer
from fanlight.layers.registered import class_name
from fanlight.layers.saved import saved_variables

VERSION = "3.15.1"  # of Keras, whose words these are
EPOCH = (1980, 1, 1, 0, 0, 0)  # the first time that a zip can say: equal models are equal bytes
# What Keras has not: what the writer of a model can do about it.
OURS = {
    "RandomAffine": "augment in Keras with its own layers, and save the model from after it",
    "RandomStroke": "save the model from after it",
    "Drawing": "save the model from after it: what it draws is a picture",
    "CornerUpSampling2D": "interpolate with fl.layers.UpSampling2D, which goes by the middles of pixels",
    "ClassMask": "save the model up to it: its input are the scores of all classes",
}
# Layers of Keras whose constructors do not take `trainable`.
WITHOUT_TRAINABLE = {"Discretization", "Pipeline", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D"}
LAYER_MODULES: dict[str, str] = dict.fromkeys(("LayerScale", "StochasticDepth"), "keras.src.applications.convnext")
MODULES = {
    **dict.fromkeys(initializers.CLASSES, "keras.initializers"),
    **dict.fromkeys(regularizers.KINDS, "keras.regularizers"),
    **dict.fromkeys(constraints.KINDS, "keras.constraints"),
}


def keras_archive(
    network: Network,
    arrays: Mapping[str, Any],
    training: Mapping[str, Any] | None = None,
    optimizer: Iterable[Any] = (),
) -> bytes:
    """The bytes of a `.keras` file. `training` is a compile config, `optimizer` what it remembers, in Keras's order."""
    check(network)
    config = model_entry(network) | ({"compile_config": dict(training)} if training else {})
    metadata = {"keras_version": VERSION, "date_saved": datetime.now(UTC).strftime("%Y-%m-%d@%H:%M:%S")}
    entries = {
        "metadata.json": json.dumps(metadata).encode(),
        "config.json": json.dumps(config).encode(),
        "model.weights.h5": keras_weights(network, arrays, optimizer),
    }
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in entries.items():
            archive.writestr(zipfile.ZipInfo(name, EPOCH), data)
    return stream.getvalue()


def keras_weights(network: Network, arrays: Mapping[str, Any], optimizer: Iterable[Any] = ()) -> bytes:
    """The bytes of a `.weights.h5` file."""
    try:
        import h5py
    except ImportError as error:
        do = 'pip install "fanlight[keras]"'
        raise StorageError("save", expected="h5py, which writes HDF5", got="none", do=do) from error
    stream = io.BytesIO()
    with h5py.File(stream, "w") as root:
        for place, path in saved_variables(network, "", keras_order):
            root[place] = arrays[path]
        for number, array in enumerate(optimizer):
            root[f"optimizer/vars/{number}"] = array
    return stream.getvalue()


def check(network: Network) -> None:
    """Raises UnsupportedOp that names every layer without a twin in Keras."""
    ours = {type(layer).__name__: path for path, layer in network.walk() if type(layer).__name__ in OURS}
    old = {str(getattr(layer, key)): path for path, layer in network.walk()
           for key in ("activation", "recurrent_activation") if getattr(layer, key, None) in OLD}  # fmt: skip
    functions = {f"fl.{layer.function}": path for path, layer in network.walk()
                 if isinstance(layer, Operation) and layer.function not in KIND_OF}  # fmt: skip
    if missing := ours | old | functions:
        got = ", ".join(f"{kind} ({path})" for kind, path in missing.items())
        do = "; ".join(OURS.get(kind, "write it with functions that Keras has") for kind in missing)
        raise UnsupportedOp("save", expected="layers that Keras has", got=got, do=do)


# The config


def model_entry(network: Network) -> dict[str, Any]:
    """`{"class_name", "config", ...}` of a network: a Sequential, or a functional model."""
    if network.auto_name == "sequential":
        first = network.inputs[0].layer
        layers = [layer_entry(layer) for layer in dict.fromkeys((first, *network.layers))]
        config = {"name": network.name or "sequential", "trainable": True, "layers": layers}
        return {"module": "keras", "class_name": "Sequential", "config": config, "registered_name": None}
    config = {"name": network.name or "functional", "trainable": True, **functional(network)}
    return {
        "module": "keras.src.models.functional",
        "class_name": "Functional",
        "config": config,
        "registered_name": "Functional",
    }


def functional(network: Network) -> dict[str, Any]:
    """Layers with the calls of each, and the ends."""
    record = to_record(network)
    numbers: dict[str, int] = {}
    types = {}
    for call in network.calls:
        name = str(call.layer.name)
        types[name, numbers.get(name, 0)] = [symbol.type for symbol in outputs_of(call)]
        numbers[name] = numbers.get(name, 0) + 1
    models = (layer for layer in network.layers if isinstance(layer, Network))
    nested = {str(layer.name) for layer in models if layer.auto_name != "sequential"}

    def tensor(place: Any) -> dict[str, Any]:
        name, number, output = place
        type = types[name, number][output]
        config = {"shape": shape_of(type.shape), "dtype": type.dtype, "keras_history": [name, number, output]}
        return {"class_name": "__keras_tensor__", "config": config}

    def end(place: Any) -> list[Any]:  # a model within the model counts from 1 here
        return [place[0], place[1] + (place[0] in nested), place[2]]

    by_name = {entry["config"]["name"]: entry for entry in record["layers"]}
    layers = []
    for layer in keras_order(network):
        entry = by_name[str(layer.name)]
        arguments = entry.get("arguments") or [{}] * len(entry["calls"])
        nodes = []
        for places, named in zip(entry["calls"], arguments, strict=True):
            tensors = [tensor(place) for place in places]
            args = [tensors] if takes_list(layer) else tensors
            if isinstance(layer, Operation):
                nodes.append(operation_node(layer, args, filled(named, tensor)))
            elif not isinstance(layer, InputLayer):
                node = {"args": args, "kwargs": filled(named, tensor)}
                is_meant = "training" in named  # Keras passes over it in `fit` and `predict`
                nodes.append(node | ({"fanlight": {"training": named["training"]}} if is_meant else {}))
        own = operation_entry(layer, arguments) if isinstance(layer, Operation) else layer_entry(layer)
        layers.append(own | {"name": str(layer.name), "inbound_nodes": nodes})
    inputs = [end(place) for place in record["inputs"]]
    outputs = [end(place) for place in record["outputs"].values()]
    is_named = list(record["outputs"]) != unique(network.outputs, "output")
    return {
        "layers": layers,
        "input_layers": alone(inputs),
        "output_layers": dict(zip(record["outputs"], outputs, strict=True)) if is_named else alone(outputs),
    }


def alone(ends: list[Any]) -> Any:
    """Ends of a model: a model of one array takes, or gives, an array and no list of one."""
    return ends[0] if len(ends) == 1 else ends


def operation_entry(layer: Operation, arguments: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """`x * 2` as Keras writes it: what is not an array stands in the config, which all calls share."""
    kind = str(KIND_OF.get(layer.function))
    config: dict[str, Any] = {"name": layer.name} | layer.options
    for named in arguments:
        config |= {key: value for key, value in named.items() if key not in called_with(kind)}
    return {
        "module": f"keras.src.ops.{MODULE_OF[kind]}",
        "class_name": kind,
        "config": to_json(config),
        "registered_name": kind,
    }


def operation_node(layer: Operation, args: list[Any], named: dict[str, Any]) -> dict[str, Any]:
    """A call of it: arrays, by position where there are any number of them."""
    kind = str(KIND_OF.get(layer.function))
    kwargs = {key: each for key, each in named.items() if key in called_with(kind)}
    for key, each in kwargs.items():
        kwargs[key] = subscript_entry(subscript(each)) if layer.takes_key(key) else array_entry(each)
    if (several := layer.takes_many()) and several in kwargs:
        args = [*args, *kwargs.pop(several)]
    return {"args": args, "kwargs": kwargs}


def array_entry(value: Any) -> Any:
    """Numbers in lists as Keras writes an array; all else as it is."""
    numbers = leaves(value) if isinstance(value, list) else ()
    if not numbers or not all(isinstance(each, bool | int | float) for each in numbers):
        return value
    return {"class_name": "__numpy__", "config": {"value": value, "dtype": dtype_of(numbers)}}


def subscript_entry(key: Any) -> Any:
    """A subscript as Keras writes it."""
    if isinstance(key, slice):
        config = {"start": key.start, "stop": key.stop, "step": key.step}
        return {"class_name": "__slice__", "config": config}
    if key is Ellipsis:
        return {"class_name": "__ellipsis__", "config": {}}
    return [subscript_entry(each) for each in key] if isinstance(key, tuple) else key


def filled(argument: Any, tensor: Any) -> Any:
    """Arguments of a call, with tensors for the places of symbols."""
    if isinstance(argument, Mapping):
        if set(argument) == {"symbol"}:
            return tensor(argument["symbol"])
        return {key: filled(each, tensor) for key, each in argument.items()}
    return [filled(each, tensor) for each in argument] if isinstance(argument, list | tuple) else argument


def takes_list(layer: Layer) -> bool:
    """Whether Keras's layer takes its inputs as one list: those that join, and models of several inputs."""
    if isinstance(layer, Network):
        return len(layer.inputs) > 1
    parameters = list(layer.call_signature().parameters.values())
    return len(layer.built_for or ()) > 1 and bool(parameters) and parameters[0].kind is Parameter.VAR_POSITIONAL


def layer_entry(layer: Layer) -> dict[str, Any]:
    """One layer as Keras writes it."""
    if isinstance(layer, Network):
        return model_entry(layer)
    config = layer.attributes()
    if isinstance(layer, InputLayer):
        config = {"batch_shape": [None, *shape_of(layer.shape)], "dtype": layer.dtype, "name": layer.name}
    if isinstance(layer, OwnLayer):
        return entry(class_name(layer), config, "")
    kind = type(layer).__name__
    return entry(kind, config, LAYER_MODULES.get(kind, "keras.layers"))


def entry(kind: str, config: Mapping[str, Any], module: str) -> dict[str, Any]:
    left_out = {"trainable", "activity_regularizer"} if kind in WITHOUT_TRAINABLE else set()
    plain = {key: value_of(each) for key, each in config.items() if key not in left_out}
    if ">" in kind:  # a registered one
        return {"module": None, "class_name": kind.partition(">")[2], "config": plain, "registered_name": kind}
    return {"module": module, "class_name": kind, "config": plain, "registered_name": None}


def value_of(value: Any) -> Any:
    """An attribute in Keras's form: records say their module."""
    if isinstance(value, list | tuple):
        return [value_of(each) for each in value]
    if not isinstance(value, Mapping):
        return value
    kind = value.get("class_name")
    if isinstance(kind, str) and isinstance(value.get("config"), Mapping):
        is_layer = "trainable" in value["config"]  # there is an Identity of either kind
        return entry(kind, value["config"], "keras.layers" if is_layer else MODULES.get(kind, "keras.layers"))
    return {key: value_of(each) for key, each in value.items()}


def shape_of(shape: Iterable[Any]) -> list[int | None]:
    """A shape with None for open axes."""
    return [None if isinstance(extent, Dim) else extent for extent in shape]

"""What does Fanlight call what a Keras config says? A table of rules, for layers whose attributes have had other names.

In: the config of one layer, of any Keras from 2.0 on. Out: the same in the words of Keras 3. Makes no layer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from inspect import signature
from typing import Any

from fanlight.errors import ModelFormatError, UnsupportedOp
from fanlight.layers import Network
from fanlight.layers.config import is_default
from fanlight.layers.keras_operations import function_of
from fanlight.layers.operation import known_function
from fanlight.layers.registered import known_class, registered_class

Config = dict[str, Any]

REGISTER = "fl.register adds layers"
OPERATION = "ops."  # before the class of what is no layer in Keras
NETWORKS = ("Sequential", "Functional", "Model")
# How a layer was made, not what it computes: keys that Keras 2 writes and Keras 3 takes no notice of.
FORGOTTEN = {"batch_input_shape", "input_dtype", "input_length", "time_major"}
# Of layers that have kernels under other names, Keras 2 writes the attributes of `kernel` too, which they do not use.
UNUSED_KERNEL = ("kernel_initializer", "kernel_regularizer", "kernel_constraint")


def renamed(**names: str) -> Callable[[Config], Config]:
    """A rule: these keys have new names."""
    return lambda config: {names.get(key, key): value for key, value in config.items()}


def without(*keys: str) -> Callable[[Config], Config]:
    """A rule: these keys say nothing."""
    return lambda config: {key: value for key, value in config.items() if key not in keys}


def batch_normalization(config: Config) -> Config:
    """Keras 2 writes the axis as a list of one."""
    axis = config.get("axis")
    return config | {"axis": axis[0]} if isinstance(axis, list) and len(axis) == 1 else config


def gated(config: Config) -> Config:
    """Before Keras 2.1 there was no reset_after, and no GRU that had it."""
    return {"reset_after": False} | config


def reshape(config: Config) -> Config:
    """TensorFlow.js writes null for the length that follows from the others."""
    return config | {"target_shape": [-1 if each is None else each for each in config.get("target_shape") or ()]}


RULES: dict[str, Callable[[Config], Config]] = {
    "BatchNormalization": batch_normalization,
    "DepthwiseConv1D": without("filters", "groups", *UNUSED_KERNEL),
    "DepthwiseConv2D": without("filters", "groups", *UNUSED_KERNEL),
    "GRU": gated,
    "GRUCell": gated,
    "LeakyReLU": renamed(alpha="negative_slope"),
    "ReLU": renamed(theta="threshold"),  # of ThresholdedReLU
    "Reshape": reshape,
    "SeparableConv1D": without(*UNUSED_KERNEL),
    "SeparableConv2D": without(*UNUSED_KERNEL),
}
CLASSES = {"BatchNormalizationV1": "BatchNormalization", "BatchNormalizationV2": "BatchNormalization"}
CLASSES |= {"Convolution2D": "Conv2D", "Convolution1D": "Conv1D", "SeparableConvolution2D": "SeparableConv2D"}
CLASSES |= {"MaxPool2D": "MaxPooling2D", "AvgPool2D": "AveragePooling2D", "GlobalAvgPool2D": "GlobalAveragePooling2D"}
CLASSES |= {"ThresholdedReLU": "ReLU"}


# Functions that were others before Keras 3, and keys under which they stand.
OLD_FUNCTIONS = {"hard_sigmoid": "hard_sigmoid_2"}
FUNCTION_KEYS = ("activation", "recurrent_activation")


def is_before_3(version: str) -> bool:
    """Whether that version's words have their old meanings: Keras 1 and 2, and TensorFlow.js."""
    return not version.partition(".")[0].isdecimal() or int(version.partition(".")[0]) < 3


def with_old_activations(value: Any) -> Any:
    """A config in which functions that are others today have names of their own."""
    if isinstance(value, list):
        return [with_old_activations(each) for each in value]
    if not isinstance(value, Mapping):
        return value
    return {
        key: OLD_FUNCTIONS.get(each, each) if key in FUNCTION_KEYS and isinstance(each, str)
        else with_old_activations(each)
        for key, each in value.items()
    }  # fmt: skip


def class_of(entry: Any, at: str) -> str:
    """The class of a layer's entry, by Keras's name; registered classes are `package>name`."""
    if not isinstance(entry, Mapping) or not isinstance(entry.get("class_name"), str):
        raise ModelFormatError("config", expected="a layer with a class_name", got=str(entry)[:80], at=at)
    if not isinstance(entry.get("config"), (Mapping, list)):
        raise ModelFormatError("config", expected="a layer's config", got=str(entry.get("config"))[:80], at=at)
    if (registered := registered_class(entry)) is not None:
        return registered
    name = str(entry["class_name"]).rpartition(">")[2]
    return OPERATION + name if is_operation(entry) else CLASSES.get(name, name)


def is_operation(entry: Mapping[str, Any]) -> bool:
    """Whether an entry is `x * 2` between layers: its class is called Multiply, as a layer's is."""
    return ".ops" in str(entry.get("module"))


def operation_config(entry: Mapping[str, Any], at: str) -> Config:
    """The config of the `Operation` that does what an operation of Keras's graph does."""
    function = str(function_of(class_of(entry, at).removeprefix(OPERATION)))
    given = {key: simplified(value, at) for key, value in entry["config"].items() if key not in ("name", "trainable")}
    known = signature(known_function(function)).parameters
    options = {key: value for key, value in given.items() if key in known and value != known[key].default}
    if unknown := [key for key, value in given.items() if key not in known and not is_default(key, value)]:
        expected = f"of fl.{function} only {sorted(known)}"
        raise UnsupportedOp("Keras file", expected=expected, got=f"{unknown[0]}={given[unknown[0]]!r}", at=at)
    name = str(entry.get("name") or entry["config"].get("name") or "")
    return {"name": clean(name or None), "function": function, "options": options}


def is_known(kind: str) -> bool:
    """Whether Fanlight has the layer, or the operation, of that name."""
    if kind.startswith(OPERATION):
        return function_of(kind.removeprefix(OPERATION)) is not None
    return known_class(kind) not in (None, Network)


def layer_config(entry: Mapping[str, Any], at: str) -> Config:
    """The config of a layer in the words of Keras 3; those of layers inside it too."""
    config = {key: simplified(value, at) for key, value in entry["config"].items() if key not in FORGOTTEN}
    name = config.get("name")
    if name is not None and not isinstance(name, str):
        raise ModelFormatError("config", expected="a layer's name", got=str(name)[:80], at=at)
    config["name"] = clean(name or str(entry.get("name") or "") or None)
    return RULES.get(class_of(entry, at), dict)(config)


def clean(name: str | None) -> str | None:
    """A name without the slashes that Keras 2 let into names."""
    return name and name.replace("/", "_")


def simplified(value: Any, at: str) -> Any:
    """A value of a config: functions by their names, marked tuples and numbers plain, layers with their own rules."""
    if isinstance(value, list):
        return [simplified(each, at) for each in value]
    if not isinstance(value, Mapping):
        return value
    kind, config = value.get("class_name"), value.get("config")
    if kind in ("function", "builtin_function_or_method") and isinstance(config, str):
        return config
    if kind == "__tuple__":
        return [simplified(each, at) for each in value.get("items") or config or ()]
    if kind == "__numpy__" or value.get("type") == "ndarray":
        return value["value"] if "value" in value else (config or {}).get("value")
    if isinstance(kind, str) and isinstance(config, Mapping):
        registered = str(value.get("registered_name") or kind)
        if known_class(name := class_of(value, at)) is not None:
            return {"class_name": name, "config": layer_config(value, at)}
        if ">" in registered and not str(value.get("module")).startswith("keras"):
            raise UnsupportedOp("Keras file", expected="layers that Fanlight has", got=registered, at=at, do=REGISTER)
    return {key: simplified(each, at) for key, each in value.items()}


def classes_in(entry: Any, at: str) -> Iterator[tuple[str, str]]:
    """(class, name) of every layer in a model's entry, those of nested models and of wrappers included."""
    kind = class_of(entry, at)
    config = entry["config"]
    if kind in NETWORKS:
        for each in entries(entry, at):
            yield from classes_in(each, at)
        return
    name = entry.get("name") or (config.get("name") if isinstance(config, Mapping) else "")
    yield kind, str(name)
    for value in config.values() if isinstance(config, Mapping) else ():
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, Mapping) and each.get("module") == "keras.layers":
                yield from classes_in(each, at)


def entries(entry: Mapping[str, Any], at: str) -> list[Any]:
    """The entries of a model's layers; the config of an old Sequential is their list."""
    config = entry["config"]
    found = config if isinstance(config, list) else config.get("layers")
    if not isinstance(found, list) or not found:
        raise ModelFormatError("config", expected="a list of layers", got=str(found)[:80], at=at)
    return found

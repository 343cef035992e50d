"""What do layers mean that TensorFlow.js saved itself? Almost what Keras 2 means by them; the rest is here.

In: a `Topology`. Out: a `KerasFile`, and what its optimizer remembers in our words. Knows no model.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fanlight.importers.keras.read import KerasFile
from fanlight.importers.tensorflow.corner_upsampling import CornerUpSampling2D
from fanlight.importers.tensorflow.tfjs import Topology, layers_config

OWN = "tfjs-layers"  # how the version begins of what it saved itself; else it is that of Keras
STEP = "iter"
# Optimizers: Keras's class, and its words for theirs.
OPTIMIZERS = {"RMSProp": "RMSprop", "Momentum": "SGD"}
WORDS = {
    **{"learningRate": "learning_rate", "beta1": "beta_1", "beta2": "beta_2", "useNesterov": "nesterov"},
    "initialAccumulatorValue": "initial_accumulator_value",
}
# Class -> our slot -> how its arrays are called behind the weight's name.
SLOTS: dict[str, dict[str, str]] = {
    "Adam": {"momentum": "m", "velocity": "v"},
    "Adamax": {"momentum": "m", "norm": "v"},
    "RMSprop": {"velocity": "rms", "momentum": "momentum", "average_gradient": "mg"},
    "Adagrad": {"accumulator": "accumulator"},
    "Adadelta": {"accumulated_grad": "accum_grad", "accumulated_delta_var": "accum_var"},
    "SGD": {"momentum": "momentum"},
}


def layers_file(found: Topology) -> KerasFile:
    """What a model.json of layers holds, in the words of Keras 2."""
    version = str(found.model.get("keras_version", "2"))
    training = found.model.get("training_config") or found.said.get("trainingConfig")
    config = layers_config(found)
    if version.startswith(OWN):
        config, training = in_keras_words(config), training_in_keras_words(training)
    arrays = {name: found.array(name) for name, weight in found.weights.items() if not weight.is_optimizer}
    remembered = [(name, found.array(name)) for name, weight in found.weights.items() if weight.is_optimizer]
    return KerasFile(found.bounds.at, version, config, training, named=arrays, optimizer=remembered)


def in_keras_words(value: Any) -> Any:
    """A config without the keys that are TensorFlow.js's alone, and with the class of what it computes in its own
    way."""
    if isinstance(value, list):
        return [in_keras_words(each) for each in value]
    if not isinstance(value, Mapping):
        return value
    found = {key: in_keras_words(each) for key, each in value.items()}
    config = found.get("config")
    if not isinstance(config, dict):
        return found
    match found.get("class_name"):
        case "RNN" if "cell" in config:
            config.pop("cells", None)
        case "UpSampling2D" if config.get("interpolation") == "bilinear":
            found["class_name"] = CornerUpSampling2D.__name__
    return found


def training_in_keras_words(training: Any) -> Any:
    """A compile config with the optimizer in Keras's words."""
    optimizer = training.get("optimizer_config") if isinstance(training, Mapping) else None
    if not isinstance(optimizer, Mapping) or not isinstance(optimizer.get("config"), Mapping):
        return training
    kind = str(optimizer.get("class_name"))
    config = {WORDS.get(key, key): value for key, value in optimizer["config"].items()}
    if kind == "RMSProp" and "decay" in config:  # of the average, not of the rate
        config["rho"] = config.pop("decay")
    optimizer = {"class_name": OPTIMIZERS.get(kind, kind), "config": config}
    return {**training, "optimizer_config": optimizer}


def remembered(file: KerasFile, kind: str, slots: Iterable[str], names: Mapping[str, str], rate: float) -> Any:
    """The arrays of an optimizer's slots by their paths, and the number of steps; None where the file has others.
    `names` are those of the weights that are trained, by path."""
    arrays = dict(file.optimizer)
    if STEP not in arrays or arrays[STEP].size != 1:
        return None
    found = {}
    for path, name in names.items():
        for slot in slots:
            array = arrays.get(f"{name}/{SLOTS.get(kind, {}).get(slot)}")
            if array is None or array.shape != file.named[name].shape:
                return None
            # Their momentum is a sum of gradients, ours of steps.
            found[f"optimizer/{path}/{slot}"] = array * -rate if kind == "SGD" else array
    return found, int(arrays[STEP].reshape(()))

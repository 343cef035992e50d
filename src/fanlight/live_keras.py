"""How does a live Keras model become ours? Its config, its arrays and what it was compiled with, without a file.

In: a `keras.Model` of Keras 3, on any backend. Out: a model. Goes the way of a file from there on."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from fanlight.errors import ModelFormatError, UnsupportedOp
from fanlight.importers.keras.build import SHARED, build
from fanlight.importers.keras.read import KerasFile
from fanlight.keras_files import model_of

if TYPE_CHECKING:
    from fanlight.model import Model


def from_keras(model: Any) -> Model:
    """The Fanlight model that a live Keras 3 model is: the same layers, a copy of its weights, compiled as it is, with
    the optimizer's state. Raises UnsupportedOp where Fanlight lacks layers; all of them are named.

    >>> fl.from_keras(keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])).export("site/")
    """
    import keras

    if not isinstance(model, keras.Model):
        raise ModelFormatError("from_keras", expected="a Keras 3 model", got=type(model).__name__)
    if not model.built:
        do = "call it once, or begin it with keras.Input"
        raise ModelFormatError("from_keras", expected="a model that has its weights", got="none yet", do=do)
    entry = json.loads(json.dumps(keras.saving.serialize_keras_object(model)))
    file = KerasFile(f"Keras model {model.name!r}", keras.__version__, entry, entry.get("compile_config"))
    built = build(entry, file.at)
    counts = Counter(id(layer) for layer in layers_in(model))
    if twice := [layer.name for layer in layers_in(model) if counts[id(layer)] > 1]:
        raise UnsupportedOp("from_keras", expected="each layer in one model", got=f"{twice[0]} in two", do=SHARED)

    def arrays(variables: Any) -> list[Any]:
        return [keras.ops.convert_to_numpy(each) for each in variables]

    file.layers = [
        (layer.name, arrays([*layer.trainable_weights, *layer.non_trainable_weights])) for layer in model.layers
    ]
    if (optimizer := getattr(model, "optimizer", None)) is not None:
        file.optimizer = [("", array) for array in arrays(optimizer.variables)]
    return model_of(file, built)


def layers_in(model: Any) -> Iterator[Any]:
    """Every layer of a Keras model and of the models in it."""
    for layer in model.layers:
        yield layer
        if hasattr(layer, "layers"):
            yield from layers_in(layer)

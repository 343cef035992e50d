"""How does a model go back into a Keras file? Network, weights, what was given to `compile`, and the optimizer's state.

In: a model and its state. Out: files. Conducts exporters and training; knows no byte of a file."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from fanlight.bundle.write import write_file
from fanlight.described import DescribedModel
from fanlight.errors import UnsupportedOp
from fanlight.exporters.keras import entry, keras_archive, keras_weights
from fanlight.layers.ordered import keras_order
from fanlight.layers.saved import trained
from fanlight.training import optimizers
from fanlight.training.optimizer import Optimizer
from fanlight.training.saved import saved_slots

Arrays = Mapping[str, Any]


def save_keras(model: DescribedModel, path: Path, arrays: Arrays) -> Path:
    """Writes `x.keras`, which Keras 3 opens and goes on training. A loss or metric of one's own is not in it: the
    model is then to be compiled again, as a warning says."""
    record = model.recipe_record() if model.recipe else None
    if model.recipe and record is None:
        warnings.warn(f"{path}: saved without loss and optimizer, since functions of one's own are in them: call "
                      "compile after loading", stacklevel=4)  # fmt: skip
    if record is None:
        write_file(path, keras_archive(model.network, arrays))
        return path
    optimizer = optimizers.get(model.recipe["optimizer"])
    training = {
        "optimizer": optimizer_entry(optimizer, arrays),
        "loss": by_output(model, {name: loss_entry(each) for name, each in record["loss"].items()}),
        "loss_weights": record["loss_weights"],
        "metrics": record["metrics"],
        **{"weighted_metrics": None, "run_eagerly": False, "steps_per_execution": 1, "jit_compile": "auto"},
    }
    write_file(path, keras_archive(model.network, arrays, training, optimizer_arrays(model, optimizer, arrays)))
    return path


def save_weights(model: DescribedModel, path: Path, arrays: Arrays) -> Path:
    """Writes `x.weights.h5`: the weights alone, in Keras 3's places."""
    if not path.name.endswith(".weights.h5"):
        raise UnsupportedOp("save_weights", expected="a name that ends in .weights.h5", got=path.name)
    write_file(path, keras_weights(model.network, arrays))
    return path


def optimizer_arrays(model: DescribedModel, optimizer: Optimizer, arrays: Arrays) -> list[Any]:
    """What the optimizer remembers, in Keras's order: the step, the rate where it is a number, the slots."""
    found = [np.asarray(arrays["optimizer/iterations"], "int32")]
    if "optimizer/learning_rate" in arrays:
        found.append(np.asarray(arrays["optimizer/learning_rate"], "float32"))
    for slot in saved_slots(optimizer, trained(model.network, keras_order)):
        shape: Any = slot.type.shape
        found.append(np.zeros(shape, "float32") if slot.name is None else arrays[slot.name])
    return found


def optimizer_entry(optimizer: Optimizer, arrays: Arrays) -> dict[str, Any]:
    """The optimizer's record, with rates as they are now."""
    config = optimizer.attributes()
    for name in optimizer.hyperparameters:
        if f"optimizer/{name}" in arrays:
            config[name] = float(arrays[f"optimizer/{name}"])
    found = entry(type(optimizer).__name__, config, "keras.optimizers")
    if isinstance(rate := found["config"]["learning_rate"], dict):
        rate["module"] = "keras.optimizers.schedules"
    return found


def loss_entry(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """A loss's record."""
    from fanlight.training.losses import LOSSES

    return entry(LOSSES[attributes["name"]].__name__, attributes, "keras.losses")


def by_output(model: DescribedModel, losses: dict[str, Any]) -> Any:
    """Losses as Keras takes them: one for one output, else by name."""
    return next(iter(losses.values())) if len(model.output_names) == 1 else losses

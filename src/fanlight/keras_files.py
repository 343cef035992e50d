"""How does a model come out of a Keras file? Network, weights, what was given to `compile`, and the optimizer's state.

In: paths. Out: models. Conducts importers and training; knows no byte of a file."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fanlight.errors import FanlightError
from fanlight.importers.keras.build import Built, build
from fanlight.importers.keras.read import KerasFile, read_file
from fanlight.importers.keras.training import recipe
from fanlight.importers.keras.weights import order_of, weights
from fanlight.layers.ordered import keras_order
from fanlight.layers.saved import Order, trained
from fanlight.training import optimizers
from fanlight.training.saved import SavedSlot, powers_after, saved_slots
from fanlight.training.schedules import LearningRateSchedule

if TYPE_CHECKING:
    from fanlight.model import Model

Arrays = dict[str, Any]


def load_keras(path: Path) -> Model:
    """The model of a Keras file, compiled as it was there; a warning says what of that Fanlight lacks."""
    file = read_file(path)
    if file.config is None:
        raise file.error("a whole model", "weights alone", "build the model, then call model.load_weights(path)")
    return model_of(file, build(file.config, file.at))


def model_of(file: KerasFile, built: Built) -> Model:
    """The model of what was read."""
    from fanlight.model import Model

    order = order_of(built.orders)
    arrays = weights(file, built.network, order)
    model = Model.of_network(built.network)
    if compiled(model, file) and file.optimizer:
        arrays |= optimizer_state(model, file, order)
    model._state = arrays
    return model


def load_weights(model: Model, path: Path) -> None:
    """Takes the weights of a Keras file, whole or weights alone, for a model of the same layers in the same order."""
    file = read_file(path)
    model.set_weights(weights(file, model.network, keras_order))


def compiled(model: Model, file: KerasFile) -> bool:
    """Compiles the model as the file says, as far as Fanlight can; whether it did."""
    if not (given := recipe(file.training, file.at)):
        return False
    try:
        model.compile(**given)
    except FanlightError as error:
        rest: dict[str, Any] = given | {"metrics": []}
        try:
            model.compile(**rest)
        except FanlightError as other:
            warnings.warn(f"{file.at}: not compiled, call model.compile yourself; {other}", stacklevel=5)
            return False
        warnings.warn(f"{file.at}: compiled without the file's metrics, {error}", stacklevel=5)
    return True


def optimizer_state(model: Model, file: KerasFile, order: Order) -> Arrays:
    """What the optimizer remembers, by the names of our state; nothing where the file has none, and with a warning
    where what it has does not fit."""
    optimizer = optimizers.get(model.recipe["optimizer"])
    is_old = file.version.startswith("2")
    first = 1 if is_old or isinstance(optimizer.learning_rate, LearningRateSchedule) else 2
    (head, rest), slots = (file.optimizer[:first], file.optimizer[first:]), slots_of(model, order, is_old)
    if len(file.optimizer) <= 2 and slots:  # it has not trained yet
        return {}
    fits = len(rest) == len(slots) and len(head) == first and all(array.size == 1 for _, array in head)
    pairs = list(zip(slots, rest, strict=True)) if fits else []
    if not fits or any(not is_slot(slot, name, array, is_old) for slot, (name, array) in pairs):
        warnings.warn(f"{file.at}: the optimizer begins anew, its state in the file is not that of a "
                      f"{type(optimizer).__name__} of these weights", stacklevel=5)  # fmt: skip
        return {}
    steps = int(head[0][1].reshape(()))
    found: Arrays = {"optimizer/iterations": np.array(steps, "int32")}
    if first == 2:
        found["optimizer/learning_rate"] = np.array(head[1][1], "float32").reshape(())
    found |= {name: np.array(each, "float32") for name, each in powers_after(optimizer, steps).items()}
    return found | {slot.name: np.array(array, "float32") for slot, (_, array) in pairs if slot.name}


def slots_of(model: Model, order: Order, is_old: bool) -> list[SavedSlot]:
    """The arrays after the step and the rate. In Keras 2 one slot of all weights follows another."""
    optimizer = optimizers.get(model.recipe["optimizer"])
    found = list(saved_slots(optimizer, trained(model.network, order)))
    names = optimizer.slots
    return sorted(found, key=lambda slot: names.index(str(slot.name).rpartition("/")[2])) if is_old and names else found


def is_slot(slot: SavedSlot, name: str, array: Any, is_old: bool) -> bool:
    """Whether an array can be that slot. Before Keras 3 its name must say so: Keras sorted weights by name once."""
    weight = "/".join(str(slot.name).split("/")[-3:-1])
    return array.shape == slot.type.shape and (not is_old or weight in name)

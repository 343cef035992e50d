"""Is a live Keras model taken over whole? Predictions, and training that goes on."""

import keras
import pytest

import fanlight as fl
from fanlight.errors import ModelFormatError, UnsupportedOp
from importers.keras_models import MODELS, built, check_same, losses_of_steps, one, rows, targets
from layers.nearness import error


@pytest.mark.parametrize("name", MODELS)
def test_the_same_model(name):
    model = built(name)
    check_same(fl.from_keras(model), model)


def test_training_goes_on():
    model = built("branches")
    model.compile("adam", loss=["mse", "mae"])
    x, y = one(rows(model)), targets(model)
    losses_of_steps(model, x, y, 3)
    ours = fl.from_keras(model)
    assert error(losses_of_steps(ours, x, y), losses_of_steps(model, x, y)) <= 1e-5


def test_what_it_does_not_take():
    shared = keras.layers.Dense(3)
    inner = keras.Sequential([keras.Input((3,)), shared])
    x = keras.Input((3,))
    with pytest.raises(UnsupportedOp, match="in two"):
        fl.from_keras(keras.Model(x, inner(shared(x))))
    with pytest.raises(ModelFormatError, match="a Keras 3 model, got int"):
        fl.from_keras(3)
    with pytest.raises(ModelFormatError, match="none yet"):
        fl.from_keras(keras.Sequential([keras.layers.Dense(2)]))

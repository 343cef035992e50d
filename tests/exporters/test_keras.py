"""Does Keras open what Fanlight saved? Predictions, compile config and optimizer state, and back again."""

import keras
import numpy as np
import pytest

import fanlight as fl
from fanlight.arrays import Array
from fanlight.errors import UnsupportedOp
from fanlight.keras_saving import save_keras, save_weights
from importers.keras_models import MODELS, built, check_same, losses_of_steps, one, rows, targets
from layers.nearness import error


@pytest.mark.parametrize("name", MODELS)
def test_keras_opens_what_is_saved(name, tmp_path):
    """Read from Keras, saved, read by Keras and by Fanlight: always the same model."""
    theirs = built(name)
    theirs.save(tmp_path / "theirs.keras")
    ours = fl.load(tmp_path / "theirs.keras")
    ours.save(tmp_path / "ours.keras")
    again = keras.saving.load_model(tmp_path / "ours.keras")
    check_same(ours, again)
    check_same(fl.load(tmp_path / "ours.keras"), theirs)
    ours.save_weights(tmp_path / "x.weights.h5")
    for weight in again.weights:
        weight.assign(weight * 0 + 1)
    again.load_weights(tmp_path / "x.weights.h5")
    check_same(ours, again)


def test_arrays_of_a_python_in_a_page_are_written_alike(tmp_path):
    model = network()
    model.compile("adam", "mse")
    state = model.weights()
    plain = {name: Array.of(array) for name, array in state.items()}
    for write, name in ((save_weights, "x.weights.h5"), (save_keras, "x.keras")):
        (tmp_path / "a").mkdir(exist_ok=True)
        write(model, tmp_path / "a" / name, plain)
        write(model, tmp_path / name, state)
    other, third = network(), fl.load(tmp_path / "a" / "x.keras")
    other.load_weights(tmp_path / "a" / "x.weights.h5")
    for name, array in fl.load(tmp_path / "x.keras").weights().items():
        np.testing.assert_array_equal(third.weights()[name], array, err_msg=name)
    for name, array in other.weights().items():
        np.testing.assert_array_equal(array, state[name], err_msg=name)


def network() -> fl.Model:
    """Two branches whose layers come in another order than Keras sorts them."""
    a, b = fl.Input((3,), name="a"), fl.Input((4,), name="b")
    late = fl.layers.Dense(2, name="late")(b)
    x = fl.layers.Dense(5, activation="tanh", kernel_regularizer="l2", kernel_initializer="he_normal")(a)
    x = fl.layers.BatchNormalization()(fl.layers.Dense(2)(x))
    return fl.Model([a, b], fl.layers.Dense(3, activation="softmax")(fl.layers.Add()([late, x])), name="two")


OPTIMIZERS = {
    "adam": fl.optimizers.Adam(0.01, amsgrad=True),
    "sgd": fl.optimizers.SGD(fl.optimizers.schedules.ExponentialDecay(0.1, 3, 0.5), momentum=0.9),
    "rmsprop": fl.optimizers.RMSprop(0.01, momentum=0.5, centered=True),
    "nadam": fl.optimizers.Nadam(0.01),
    "adafactor": fl.optimizers.Adafactor(0.01),
    "averages": fl.optimizers.Adam(0.01, use_ema=True, gradient_accumulation_steps=2),
}
OFTEN = ("adam", "sgd", "averages")


@pytest.mark.parametrize("name", [n if n in OFTEN else pytest.param(n, marks=pytest.mark.full) for n in OPTIMIZERS])
def test_training_goes_on_in_keras_and_back(name, tmp_path):
    ours = network()
    ours.compile(OPTIMIZERS[name], loss="categorical_crossentropy", metrics=["accuracy"])
    ours.predict([[[0.0] * 3], [[0.0] * 4]])
    ours.save(tmp_path / "first.keras")
    theirs = keras.saving.load_model(tmp_path / "first.keras")
    x, y = one(rows(theirs)), targets(theirs)
    losses_of_steps(ours, x, y, 4)
    ours.save(tmp_path / "model.keras")
    theirs = keras.saving.load_model(tmp_path / "model.keras")
    assert error(losses_of_steps(theirs, x, y, 4), losses_of_steps(ours, x, y, 4)) <= 1e-5
    theirs.save(tmp_path / "back.keras")
    back = fl.load(tmp_path / "back.keras")
    assert error(losses_of_steps(back, x, y, 4), losses_of_steps(ours, x, y, 4)) <= 2e-5


def test_what_is_fixed_stays_fixed(tmp_path):
    """`training=False`, which Keras passes over, is in the file for Fanlight."""
    x, inner = fl.Input((200,)), fl.Input((200,))
    noise = fl.layers.Network(inner, fl.layers.Dropout(0.5)(inner))
    ours = fl.Model(x, fl.layers.PReLU(alpha_initializer="ones")(noise(x, training=False)))
    ours.compile("sgd", "mse")
    theirs, back = keras.saving.load_model(ours.save(tmp_path / "x.keras")), fl.load(tmp_path / "x.keras")
    ones = np.ones((4, 200), "float32")
    assert ours.train_on_batch(ones, ones)["loss"] == back.train_on_batch(ones, ones)["loss"] == 0
    assert abs(theirs.train_on_batch(ones, ones) - 1) < 0.2  # half are 2, half are 0


def test_what_was_learnt_in_a_page_goes_back(tmp_path):
    ours = network()
    ours.compile("adam", loss="categorical_crossentropy")
    ours.export(tmp_path / "site", train=True)
    ours.seed = 3
    ours.reset(3)
    ours.save(tmp_path / "learnt.safetensors")
    site = fl.load(tmp_path / "site", weights=tmp_path / "learnt.safetensors")
    check_same(ours, keras.saving.load_model(site.save(tmp_path / "back.keras")))


def test_what_keras_has_not_is_refused(tmp_path):
    model = fl.Sequential([fl.Input(fl.Image(8, 8, channels=1)), fl.layers.RandomAffine(), fl.layers.Flatten()])
    with pytest.raises(UnsupportedOp, match=r"RandomAffine \(random_affine\)"):
        model.save(tmp_path / "x.keras")
    with pytest.raises(UnsupportedOp, match=r"write \.keras"):
        network().save(tmp_path / "x.h5")

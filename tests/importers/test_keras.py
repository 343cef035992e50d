"""Does a Keras file become the same model? Predictions, training that goes on, and what is refused."""

import json
import warnings
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers as L

import fanlight as fl
from fanlight.errors import ModelFormatError, UnsupportedOp
from importers.keras_models import MODELS, built, check_same, losses_of_steps, one, rows, targets
from layers.nearness import error


def saved(model, path: Path) -> Path:
    with warnings.catch_warnings():  # h5py and Keras's advice about .h5
        warnings.simplefilter("ignore")
        model.save(path)
    return path


@pytest.mark.parametrize("ending", [".keras", ".h5"])
@pytest.mark.parametrize("name", MODELS)
def test_a_file_is_the_same_model(name, ending, tmp_path):
    model = built(name)
    check_same(fl.load(saved(model, tmp_path / f"model{ending}")), model)


OPTIMIZERS = {
    "sgd": lambda: keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True),
    "plain": lambda: keras.optimizers.SGD(0.05),
    "adam": lambda: keras.optimizers.Adam(0.01, amsgrad=True, clipnorm=1.0),
    "adamw": lambda: keras.optimizers.AdamW(keras.optimizers.schedules.ExponentialDecay(0.02, 4, 0.5)),
    "adamax": lambda: keras.optimizers.Adamax(0.01),
    "rmsprop": lambda: keras.optimizers.RMSprop(0.01, momentum=0.5, centered=True),
    "adagrad": lambda: keras.optimizers.Adagrad(0.05),
    "adadelta": lambda: keras.optimizers.Adadelta(0.5),
    "adafactor": lambda: keras.optimizers.Adafactor(0.01),
    "nadam": lambda: keras.optimizers.Nadam(0.01),
    "averages": lambda: keras.optimizers.Adam(0.01, use_ema=True, ema_overwrite_frequency=2),
    "lion": lambda: keras.optimizers.Lion(0.001),
    "lamb": lambda: keras.optimizers.Lamb(0.01),
    "ftrl": lambda: keras.optimizers.Ftrl(0.05),
}


OFTEN = ("sgd", "adam", "rmsprop", "adafactor", "averages")  # one for each way in which slots are ordered


@pytest.mark.parametrize("name", [n if n in OFTEN else pytest.param(n, marks=pytest.mark.full) for n in OPTIMIZERS])
def test_training_goes_on(name, tmp_path):
    model = built("branches")
    model.compile(OPTIMIZERS[name](), loss=["mse", "huber"], loss_weights=[1.0, 2.0])
    x, y = one(rows(model)), targets(model)
    losses_of_steps(model, x, y, 5)
    ours = fl.load(saved(model, tmp_path / "model.keras"))
    expected = losses_of_steps(model, x, y, 5)
    assert error(losses_of_steps(ours, x, y, 5), expected) <= 1e-5
    assert len(set(expected)) == 5


@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_calls_train_whatever_keras_notes_of_them(ending, tmp_path):
    """Keras 3 notes training=False with each call, and its `fit` trains all: statistics move, and what drops, drops."""
    model = built("nested")
    model.compile("sgd", loss="mse")
    x, y = one(rows(model)), targets(model)
    ours = fl.load(saved(model, tmp_path / f"model{ending}"))
    assert error(losses_of_steps(ours, x, y, 3), losses_of_steps(model, x, y, 3)) <= 1e-5
    check_same(ours, model)

    x, inner = keras.Input((200,)), keras.Input((200,))
    noise = keras.Model(inner, L.Dropout(0.5)(L.GaussianNoise(0.1)(inner)))
    model = keras.Model(x, L.PReLU(alpha_initializer="ones")(noise(x, training=False)))
    model.compile("sgd", "mse")
    ours = fl.load(saved(model, tmp_path / f"noisy{ending}"))
    ones = np.ones((4, 200), "float32")
    assert abs(ours.train_on_batch(ones, ones)["loss"] - 1) < 0.2  # half are 2, half are 0
    assert ours.evaluate(ones, ones)["loss"] < 0.1


def test_a_frozen_trunk_stays_frozen(tmp_path):
    model = built("frozen")
    model.compile("adam", loss="mse", metrics=["mae"])
    x, y = one(rows(model)), targets(model)
    ours = fl.load(saved(model, tmp_path / "model.keras"))
    before = ours.weights()
    assert error(losses_of_steps(ours, x, y), losses_of_steps(model, x, y)) <= 1e-5
    after = ours.weights()
    changed = {name for name, array in after.items() if not np.array_equal(array, before[name])}
    assert {"head/kernel", "head/bias"} <= changed
    assert not any(name.startswith("trunk/") for name in changed)


def test_training_goes_on_from_a_legacy_file(tmp_path):
    model = built("chain")
    model.compile(keras.optimizers.Adam(0.01), loss="categorical_crossentropy", metrics=["accuracy"])
    x, y = one(rows(model)), targets(model)
    model.layers[-2].rate = 0.0
    losses_of_steps(model, x, y, 3)
    ours = fl.load(saved(model, tmp_path / "model.h5"))
    assert error(losses_of_steps(ours, x, y, 3), losses_of_steps(model, x, y, 3)) <= 1e-5


def test_weights_alone(tmp_path):
    model, other = built("nested"), built("nested", seed=5)
    model.save_weights(tmp_path / "x.weights.h5")
    ours = fl.load(saved(other, tmp_path / "other.keras"))
    ours.load_weights(tmp_path / "x.weights.h5")
    check_same(ours, model)
    with pytest.raises(ModelFormatError, match=r"load_weights"):
        fl.load(tmp_path / "x.weights.h5")
    with pytest.raises(ModelFormatError, match=r"expected .* weights, got none at layers/"):
        fl.load(saved(built("branches"), tmp_path / "third.keras")).load_weights(tmp_path / "x.weights.h5")


@keras.saving.register_keras_serializable("mine")
class Double(L.Layer):
    def call(self, x):
        return x * 2


def test_every_unknown_layer_is_named(tmp_path):
    inner = keras.Sequential([keras.Input((3,)), L.Lambda(lambda x: x, name="code")])
    model = keras.Sequential([keras.Input((3,)), Double(name="twice"), inner, L.Dense(2)])
    path = saved(model, tmp_path / "model.keras")
    with pytest.raises(UnsupportedOp, match=r"Double \(twice\), Lambda \(code\)"):
        fl.load(path)


class Subclassed(keras.Model):
    def call(self, x):
        return x


def test_a_subclassed_model_is_refused(tmp_path):
    model = Subclassed()
    model(np.zeros((1, 2), "float32"))
    with pytest.raises(UnsupportedOp, match=r"functional model, got Subclassed"):
        fl.load(saved(model, tmp_path / "model.keras"))


def test_a_loss_that_is_not_there_leaves_the_model_uncompiled(tmp_path):
    def strange(y, p):
        return (y - p) ** 2

    model = built("late_chain")
    model.compile("sgd", loss=strange)
    path = saved(model, tmp_path / "model.keras")
    with pytest.warns(UserWarning, match="not compiled"):
        ours = fl.load(path)
    assert not ours.recipe
    check_same(ours, model)


def test_files_of_keras_2_13(tmp_path):
    """The folders of its archives had another name."""
    model = built("late_chain")
    path = saved(model, tmp_path / "model.keras")
    import h5py

    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    weights = tmp_path / "w.h5"
    weights.write_bytes(entries["model.weights.h5"])
    with h5py.File(weights, "a") as root:
        root.move("layers", "_layer_checkpoint_dependencies")
    entries["model.weights.h5"] = weights.read_bytes()
    entries["metadata.json"] = json.dumps({"keras_version": "2.13.1"}).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    check_same(fl.load(path), model)

"""Does training on stored features give the same bits as running the frozen trunk each time, only where it may?"""

import numpy as np
import pytest

import fanlight as fl
from fanlight import features
from fanlight.errors import UnknownLayerError

layers = fl.layers


def data(rows=24, classes=3):
    rng = np.random.default_rng(0)
    return rng.random((rows, 12, 12, 3), np.float32), rng.integers(0, classes, rows)


def trunk():
    """Convolutions, batch normalisation with moving statistics of its own, a residual."""
    x = fl.Input((12, 12, 3), name="image")
    y = layers.Conv2D(8, 3, padding="same", use_bias=False, name="stem")(x)
    y = layers.BatchNormalization(name="norm")(y)
    y = layers.ReLU(name="relu")(y)
    z = layers.DepthwiseConv2D(3, padding="same", name="depthwise")(y)
    y = layers.Add(name="join")([y, z])
    y = layers.GlobalAveragePooling2D(name="pool")(y)
    return fl.Model(x, layers.Dense(10, activation="softmax", name="old")(y), name="trunk")


def with_statistics(model):
    """Moving statistics that are not those of a new network."""
    rng = np.random.default_rng(1)
    model.set_weights(
        {
            name: array + rng.random(array.shape, np.float32)
            for name, array in model.weights().items()
            if "moving" in name
        }
    )
    return model


def transferred(head: object = 3):
    model = with_statistics(trunk())
    model.freeze()
    model.replace_head(head)
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


HEADS = {
    "classes": 3,
    "layers with dropout and batch normalisation": [
        layers.Dense(16, activation="relu", kernel_regularizer="l2"),
        layers.Dropout(0.3),
        layers.BatchNormalization(),
        layers.Dense(3, activation="softmax"),
    ],
}


@pytest.mark.parametrize("head", HEADS)
def test_stored_features_give_the_same_losses_and_weights(head, monkeypatch):
    x, y = data()
    found = []
    for limit in (features.LIMIT, 0):
        monkeypatch.setattr(features, "LIMIT", limit)
        given = HEADS[head]
        if isinstance(given, list):
            given = [type(each).from_config({**each.attributes(), "name": None}) for each in given]
        model = transferred(given)
        history = model.fit(x, y, epochs=3, batch_size=7, validation_split=0.25, verbose=0).history
        found.append((history, model.weights()))
    assert found[0][0] == found[1][0]
    for name, array in found[0][1].items():
        np.testing.assert_array_equal(array, found[1][1][name], err_msg=name)
    assert {"loss", "val_loss", "accuracy", "val_accuracy"} == set(found[0][0])


def test_the_trunk_runs_once_for_each_row(monkeypatch):
    x, y = data()
    model = transferred()
    calls = []
    call = model.engine.call
    monkeypatch.setattr(model.engine, "call", lambda name, inputs: calls.append(name) or call(name, inputs))
    model.fit(x, y, epochs=4, batch_size=32, verbose=0)
    assert calls == ["features", "features", *["train_head"] * 4]  # one row first, to see how much it takes


def test_too_many_features_are_not_kept_and_it_says_so(monkeypatch, capsys):
    x, y = data()
    monkeypatch.setattr(features, "LIMIT", 24 * 8 * 4 - 1)
    model = transferred()
    calls = []
    call = model.engine.call
    monkeypatch.setattr(model.engine, "call", lambda name, inputs: calls.append(name) or call(name, inputs))
    model.fit(x, y, verbose=2)
    assert set(calls) == {"features", "train_step"}
    assert "each step runs" in capsys.readouterr().err


def functions(model):
    return set(model.module().functions)


def test_the_module_says_whether_it_applies():
    assert {"features", "train_head", "evaluate_head"} <= functions(transferred())

    everything = trunk()
    everything.compile(loss="sparse_categorical_crossentropy")
    assert "features" not in functions(everything)

    augmented = fl.Sequential(
        [
            fl.Input((12, 12, 3)),
            layers.RandomAffine(rotation=0.1),
            layers.Conv2D(4, 3, name="frozen"),
            layers.Flatten(),
            layers.Dense(3, activation="softmax"),
        ]
    )
    augmented.freeze(until="frozen")
    augmented.compile(loss="sparse_categorical_crossentropy")
    assert "features" not in functions(augmented)

    forgetful = fl.Sequential(
        [
            fl.Input((12, 12, 3)),
            layers.Conv2D(4, 3, name="early"),
            layers.Dropout(0.5),
            layers.Conv2D(4, 3, name="late"),
            layers.Flatten(),
            layers.Dense(3, activation="softmax"),
        ]
    )
    forgetful.freeze(until="late")
    forgetful.compile(loss="sparse_categorical_crossentropy")
    assert forgetful.module().functions["features"].outputs.keys() == {"early"}  # the cut is before what is random


def test_features_may_be_several_and_an_input_may_be_one(monkeypatch):
    image = fl.Input((4,), name="image")
    other = fl.Input((2,), name="other")
    frozen = layers.Dense(5, name="frozen", trainable=False)(image)
    trained = layers.Dense(3, name="trained")(layers.Concatenate()([frozen, other]))
    joined = layers.Concatenate(name="joined")([trained, frozen, image])
    rng = np.random.default_rng(0)
    x = {"image": rng.random((9, 4), np.float32), "other": rng.random((9, 2), np.float32)}
    y = rng.random((9, 1), np.float32)
    found = []
    for limit in (features.LIMIT, 0):
        monkeypatch.setattr(features, "LIMIT", limit)
        model = fl.Model([image, other], layers.Dense(1, name="y")(joined))
        model.compile(loss="mse")
        assert model.module().functions["features"].outputs.keys() == {"concatenate", "frozen", "image"}
        found.append(model.fit(x, y, batch_size=4, epochs=2, verbose=0).history)
    assert found[0] == found[1]


def test_an_exported_page_has_the_functions(tmp_path):
    model = transferred()
    model.export(tmp_path / "site", train=True)
    loaded = fl.load(tmp_path / "site")
    x, y = data()
    first, second = (each.fit(x, y, epochs=2, verbose=0).history for each in (model, loaded))
    assert first == second


def test_unknown_layers_are_refused():
    with pytest.raises(UnknownLayerError, match="expected one of"):
        transferred().freeze(until="nowhere")

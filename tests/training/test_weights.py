"""Do weights, masks and metrics count in a model as in Keras? Training and evaluation through compiled code."""

import keras
import numpy as np
import pytest

import fanlight as fl
from fanlight.errors import FanlightError, ShapeError, UnknownNameError
from fanlight.layers import Network
from fanlight.training import build_module


def pair(network_of, recipe):
    """Our model and Keras's with the same weights: `network_of(kind)` gives (inputs, outputs)."""
    keras.utils.clear_session()  # it numbers metrics of all models
    ours = fl.Model(*network_of(fl.layers))
    theirs = keras.Model(*network_of(keras.layers))
    metrics = recipe.pop("metrics_of", lambda kind: {})
    ours.compile(**recipe, **metrics(fl.metrics))
    theirs.compile(**recipe, **metrics(keras.metrics))
    state = ours.weights()
    for variable in theirs.weights:
        variable.assign(state[variable.path])
    return ours, theirs


def compare(ours, theirs):
    """The same names, in any order, and the same values."""
    assert set(ours) == set(theirs)
    for name, value in theirs.items():
        np.testing.assert_allclose(ours[name], np.asarray(value), rtol=3e-5, atol=3e-6, err_msg=name)


def trained(ours, theirs, x, y, **options):
    """Two epochs without shuffling, then weights and a second evaluation."""
    plan = {"epochs": 2, "batch_size": 8, "shuffle": False, "verbose": 0} | options
    found = ours.fit(x, y, **plan).history
    expected = theirs.fit(x, y, **plan).history
    compare(found, expected)
    state = ours.weights()
    for variable in theirs.weights:
        np.testing.assert_allclose(state[variable.path], np.asarray(variable), rtol=2e-5, atol=2e-6)


def classifier(kind):
    inputs = kind.Input((5,), name="x")
    return inputs, kind.Dense(3, activation="softmax", name="y")(inputs)


def test_sample_and_class_weights_and_metrics_with_state(rng):
    recipe = {
        "optimizer": "sgd",
        "loss": "categorical_crossentropy",
        "metrics_of": lambda kind: {
            "metrics": ["accuracy", kind.AUC(num_thresholds=20), kind.F1Score(average="macro")],
            "weighted_metrics": ["accuracy", kind.Precision(thresholds=0.4), kind.Recall(class_id=1, thresholds=0.3)],
        },
    }
    ours, theirs = pair(classifier, recipe)
    x = rng.normal(size=(20, 5)).astype("float32")
    y = np.eye(3, dtype="float32")[rng.integers(0, 3, 20)]
    weights = rng.random(20).astype("float32")
    held = x[:9], y[:9], weights[:9]
    trained(ours, theirs, x, y, sample_weight=weights, validation_data=held)
    trained(ours, theirs, x, y, class_weight={0: 2.0, 2: 0.25}, validation_split=0.25)
    theirs.reset_metrics()
    expected = theirs.train_on_batch(x[:8], y[:8], sample_weight=weights[:8], return_dict=True)
    compare(ours.train_on_batch(x[:8], y[:8], sample_weight=weights[:8]), expected)


def forked(kind):
    inputs = kind.Input((4,), name="x")
    return inputs, [kind.Dense(2, name="a")(inputs), kind.Dense(1, activation="sigmoid", name="b")(inputs)]


@pytest.mark.parametrize("given", ["one", "list", "dict"])
def test_several_outputs(rng, given):
    recipe = {
        "optimizer": "sgd",
        "loss": {"a": "mse", "b": "binary_crossentropy"},
        "loss_weights": {"a": 0.5, "b": 2.0},
        "metrics_of": lambda kind: {
            "metrics": {"a": ["mae", kind.RootMeanSquaredError()], "b": [kind.AUC(num_thresholds=10)]},
            "weighted_metrics": {"a": ["mae"], "b": ["accuracy"]},
        },
    }
    ours, theirs = pair(forked, recipe)
    x, a = (rng.normal(size=(16, n)).astype("float32") for n in (4, 2))
    b = rng.integers(0, 2, (16, 1)).astype("float32")
    first, second = (rng.random(16).astype("float32") for _ in range(2))
    weights = {"one": first, "list": [first, second], "dict": {"a": first, "b": second}}[given]
    y = {"a": a, "b": b} if given == "dict" else [a, b]
    plan = {"epochs": 2, "batch_size": 8, "shuffle": False, "verbose": 0}
    found = ours.fit(x, y, sample_weight=weights, **plan).history
    weights = [first, first if given == "one" else second]  # the form that Keras takes for a list of outputs
    compare(found, theirs.fit(x, [a, b], sample_weight=weights, **plan).history)


def sequence(kind):
    inputs = kind.Input((6,), dtype="int32", name="x")
    embedded = kind.Embedding(9, 4, mask_zero=True, name="embedded")(inputs)
    return inputs, kind.Dense(3, activation="softmax", name="y")(embedded)


@pytest.mark.parametrize("weighted", [False, True])
def test_masks_and_weights_of_steps(rng, weighted):
    recipe = {"optimizer": "sgd", "loss": "sparse_categorical_crossentropy"}
    recipe |= {"metrics_of": lambda kind: {"metrics": ["accuracy"], "weighted_metrics": ["accuracy"]}}
    ours, theirs = pair(sequence, recipe)
    x, y = rng.integers(0, 9, (12, 6)).astype("int32"), rng.integers(0, 3, (12, 6)).astype("int32")
    x[:, 4:] *= rng.integers(0, 2, (12, 2)).astype("int32")
    weights = rng.random((12, 6)).astype("float32") if weighted else None
    plan = {"batch_size": 8, "verbose": 0, "sample_weight": weights}
    compare(ours.evaluate(x, y, 8, sample_weight=weights), theirs.evaluate(x, y, return_dict=True, **plan))
    plan |= {"shuffle": False, "epochs": 2}
    # In training Keras on JAX loses the mask on its way to the metrics; on other backends it does not.
    losses = [model.fit(x, y, **plan).history["loss"] for model in (ours, theirs)]
    np.testing.assert_allclose(*losses, rtol=1e-5)


def test_weights_of_rows_count_for_their_steps(rng):
    ours, _ = pair(sequence, {"optimizer": "sgd", "loss": "sparse_categorical_crossentropy"})
    x, y = rng.integers(1, 9, (8, 6)).astype("int32"), rng.integers(0, 3, (8, 6)).astype("int32")
    rows = rng.random(8).astype("float32")
    found = ours.evaluate(x, y, sample_weight=rows)["loss"]
    assert found == pytest.approx(ours.evaluate(x, y, sample_weight=np.repeat(rows[:, None], 6, 1))["loss"], rel=1e-6)
    with pytest.raises(ShapeError, match="sample_weight"):
        ours.evaluate(x, y, sample_weight=rows[:5])


def test_a_confusion_matrix_stays_an_array_in_logs(rng):
    ours, _ = pair(classifier, {"optimizer": "sgd", "loss": "sparse_categorical_crossentropy"})
    ours.compile("sgd", "sparse_categorical_crossentropy", metrics=[fl.metrics.ConfusionMatrix()])
    x, y = rng.normal(size=(20, 5)).astype("float32"), rng.integers(0, 3, 20)
    history = ours.fit(x, y, epochs=2, batch_size=8, verbose=0)
    assert history.history["confusion_matrix"][1].sum() == 20 and "confusion" not in repr(history)
    found = ours.evaluate(x, y)["confusion_matrix"]
    expected = np.zeros((3, 3))
    np.add.at(expected, (y, ours.predict(x).argmax(-1)), 1)
    np.testing.assert_array_equal(found, expected)


def test_bundles_take_weights_where_they_are_asked_for(tmp_path, rng):
    ours, _ = pair(classifier, {"optimizer": "adam", "loss": "sparse_categorical_crossentropy"})
    metrics = [fl.metrics.SparseTopKCategoricalAccuracy(2), "accuracy"]
    weighted = [fl.metrics.ConfusionMatrix()]
    ours.compile("adam", "sparse_categorical_crossentropy", metrics=metrics, weighted_metrics=weighted)
    x, y = rng.normal(size=(20, 5)).astype("float32"), rng.integers(0, 3, 20)
    ours.fit(x, y, sample_weight=np.ones(20), verbose=0)
    plain, weighted = (
        fl.load(ours.export(tmp_path / str(asked), train=True, sample_weight=asked)) for asked in (False, True)
    )
    from fanlight.bundle.read import read_bundle

    manifests = [read_bundle(tmp_path / name).manifest for name in ("False", "True")]
    assert [each.training.weight_names for each in manifests] == [(), ("sample_weight",)]
    assert all("reset_metrics" in each.functions for each in manifests)
    names = {slot.name for slot in manifests[1].functions["train_step"].inputs}
    assert names == {"x", "target", "sample_weight"}
    loss = ours.evaluate(x, y)
    for model in (plain, weighted):
        compare(model.evaluate(x, y), loss)
    assert not any(name.startswith("metric/") for name in read_bundle(tmp_path / "True").weights())


def test_wrong_requests_are_refused(rng):
    ours, _ = pair(classifier, {"optimizer": "sgd", "loss": "sparse_categorical_crossentropy"})
    x, y = rng.normal(size=(4, 5)).astype("float32"), rng.integers(0, 3, 4)
    with pytest.raises(UnknownNameError, match="class_weight without sample_weight"):
        ours.fit(x, y, sample_weight=np.ones(4), class_weight={0: 2.0})
    with pytest.raises(UnknownNameError, match="outputs among"):
        ours.fit(x, y, sample_weight={"z": np.ones(4)})
    with pytest.raises(FanlightError, match="sample_weight"):
        ours.fit(x, y, sample_weight=np.ones((4, 3, 2)))
    forks = Network(*forked(fl.layers))
    with pytest.raises(UnknownNameError, match="outputs with a loss"):
        build_module(forks, {"a": "mse"}, "sgd", {"b": ["mae"]})

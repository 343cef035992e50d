"""Does a model behave as a Keras user expects: fit, evaluate, predict, and clear errors that lose nothing?"""

import numpy as np
import pytest

import fanlight as fl
from fanlight import fitting
from fanlight.bundle.read import read_bundle
from fanlight.errors import DtypeError, NonFiniteLossError, ShapeError, UnknownNameError, UnsupportedOp
from fanlight.loading import read_module
from fanlight.training import shuffle

LABELS = ["setosa", "versicolor", "virginica"]


def small(meanings=None):
    model = fl.Sequential(
        [
            fl.Input((4,), name="flower"),
            fl.layers.Dense(8, activation="relu"),
            fl.layers.Dense(3, activation="softmax", name="species"),
        ],
        meanings=meanings,
    )
    model.compile(optimizer=fl.optimizers.Adam(0.02), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


@pytest.fixture(scope="module")
def iris():
    return fl.datasets.iris()


@pytest.fixture(scope="module")
def trained(iris):
    model = small({"species": fl.Classes(LABELS)})
    (x, y), _ = iris
    model.fit(x, y, epochs=60, batch_size=16, verbose=0)
    return model


def test_it_learns(trained, iris):
    _, (x, y) = iris
    logs = trained.evaluate(x, y)
    assert logs["accuracy"] >= 0.9
    assert trained.history.history["loss"][-1] < trained.history.history["loss"][0] / 2
    assert trained.history.epoch == list(range(60))


def test_predictions_have_rows_and_names(trained, iris):
    _, (x, _) = iris
    many = np.tile(x, (5, 1))  # more rows than one call takes
    found = trained.predict(many)
    assert found.shape == (len(many), 3)
    np.testing.assert_allclose(found.sum(1), 1, rtol=1e-5)
    np.testing.assert_array_equal(found[: len(x)], trained.predict({"flower": x}))
    np.testing.assert_array_equal(trained.predict([x])[:1], trained.predict(x[:1]))


def test_classify_names_the_best(trained, iris):
    _, (x, _) = iris
    (best,) = trained.classify(x[:1], top=2)
    assert len(best) == 2
    assert best[0][0] in LABELS
    assert best[0][1] >= best[1][1]
    with pytest.raises(UnknownNameError, match=r"fl\.Classes"):
        small().classify(x)


def test_the_same_seed_gives_the_same_bits(iris):
    (x, y), _ = iris
    histories = []
    for _ in range(2):
        model = small()
        histories.append(model.fit(x, y, epochs=3, batch_size=16, verbose=0).history["loss"])
    assert histories[0] == histories[1]


def test_fit_in_two_parts_is_fit_in_one(iris):
    (x, y), _ = iris
    whole, parts = small(), small()
    whole.fit(x, y, epochs=4, batch_size=16, verbose=0)
    parts.fit(x, y, epochs=1, batch_size=16, verbose=0)
    parts.fit(x, y, epochs=3, batch_size=16, verbose=0)
    for name, array in whole.weights().items():
        np.testing.assert_array_equal(array, parts.weights()[name])


def test_larger_batches_keep_the_state(iris):
    (x, y), _ = iris
    model = small()
    model.fit(x, y, epochs=2, batch_size=8, verbose=0)
    before = model.predict(x)
    model._require_batch(64)
    np.testing.assert_array_equal(model.predict(x), before)
    assert set(model.train_on_batch(x[:64], y[:64])) == {"loss", "accuracy"}


def test_validation(iris):
    (x, y), (x_test, y_test) = iris
    model = small()
    history = model.fit(x, y, epochs=2, validation_data=(x_test, y_test), verbose=0).history
    assert set(history) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert history["val_accuracy"][-1] == pytest.approx(model.evaluate(x_test, y_test)["accuracy"])
    assert "val_loss" in model.fit(x, y, validation_split=0.2, verbose=0).history


def test_on_epoch_end_can_stop(iris):
    (x, y), _ = iris
    assert len(small().fit(x, y, epochs=9, verbose=0, on_epoch_end=lambda epoch, logs: epoch == 1).epoch) == 2


def test_a_learning_rate_changes_without_compiling(iris):
    (x, y), _ = iris
    model = small()
    model.fit(x, y, epochs=1, verbose=0)
    compiled = model.compiled
    model.set_weights({"optimizer/learning_rate": np.float32(0)})
    before = model.weights()["dense/kernel"]
    model.fit(x, y, epochs=1, verbose=0)
    np.testing.assert_array_equal(model.weights()["dense/kernel"], before)
    assert model.compiled is compiled


def test_a_loss_that_is_not_finite_stops_and_keeps_the_state(iris):
    (x, y), _ = iris
    model = small()
    model.fit(x, y, epochs=1, verbose=0)
    before = model.weights()
    broken = x.copy()
    broken[:] = np.nan
    with pytest.raises(NonFiniteLossError, match="epoch 2, step 1"):
        model.fit(broken, y, epochs=1, verbose=0)
    for name, array in model.weights().items():
        np.testing.assert_array_equal(array, before[name])


def test_wrong_input_is_refused_before_anything_runs(trained, iris):
    (x, y), _ = iris
    with pytest.raises(ShapeError, match="expected"):
        trained.predict(x[:, :3])
    with pytest.raises(UnknownNameError, match="flower"):
        trained.predict({"animal": x})
    with pytest.raises(DtypeError, match="complex"):
        trained.predict(x.astype(complex))
    with pytest.raises(ShapeError, match="rows"):
        trained.fit(x, y[:-1], verbose=0)
    with pytest.raises(ShapeError, match="at least one row"):
        trained.predict(x[:0])
    with pytest.raises(UnknownNameError, match="state"):
        trained.set_weights({"nobody": x})
    with pytest.raises(ShapeError, match="shape"):
        trained.set_weights({"dense/kernel": x})
    uncompiled = fl.Sequential([fl.Input((4,)), fl.layers.Dense(3)])
    with pytest.raises(UnknownNameError, match=r"model\.compile"):
        uncompiled.fit(x, y)


def test_mistakes_of_the_first_hour_are_answered(iris, tmp_path):
    (x, y), _ = iris
    model = small()
    with pytest.raises(ShapeError, match=r"classes, 0 to 2, got 3"):
        model.fit(x, y + 1)
    with pytest.raises(ShapeError, match=r'one-hot.*loss="categorical_crossentropy"'):
        model.fit(x, np.eye(3)[y])
    with pytest.raises(ShapeError, match=r"one row; put it into a list"):
        model.predict(x[0])
    with pytest.raises(ShapeError, match="positive batch_size"):
        model.fit(x, y, batch_size=0)
    with pytest.raises(UnknownNameError, match="adamm"):
        model.compile("adamm", "mse")
    with pytest.raises(DtypeError, match=r"page=fl\.Page"):
        model.export(tmp_path / "site", page="Iris")
    with pytest.raises(UnsupportedOp, match=r"\.safetensors"):
        model.save(tmp_path / "model.pb")
    with pytest.raises(UnsupportedOp, match=r"loaded from an ONNX file.* as \.keras"):
        model.save(tmp_path / "model.onnx")
    with pytest.raises(ShapeError, match="expected 3 classes, got 2 labels"):
        small({"species": fl.Classes(["a", "b"])})
    model.fit(x, y.astype(float), verbose=0)  # whole numbers, whatever their dtype


def test_several_inputs_and_outputs():
    a, b = fl.Input((3,), name="a"), fl.Input((2,), name="b")
    joined = fl.layers.Concatenate()([a, b])
    first = fl.layers.Dense(1, name="first")(joined)
    second = fl.layers.Dense(2, activation="softmax", name="second")(joined)
    model = fl.Model([a, b], [first, second])
    model.compile("sgd", loss={"first": "mse", "second": "sparse_categorical_crossentropy"})
    rng = np.random.default_rng(0)
    x = {"a": rng.normal(size=(20, 3)), "b": rng.normal(size=(20, 2))}
    y = {"first": rng.normal(size=(20, 1)), "second": rng.integers(0, 2, 20)}
    history = model.fit(x, y, epochs=2, verbose=0).history
    assert set(history) == {"loss", "first_loss", "second_loss"}
    found = model.predict(x)
    assert found["first"].shape == (20, 1)
    assert found["second"].shape == (20, 2)


def test_a_loss_may_be_any_function(iris):
    (x, y), _ = iris
    model = fl.Sequential([fl.Input((4,)), fl.layers.Dense(1)])
    model.compile("adam", loss=lambda true, found: fl.mean(fl.absolute(true - found), axis=-1))
    target = y[:, None].astype("f")
    expected = float(np.abs(target - model.predict(x)).mean())
    assert model.evaluate(x, target)["loss"] == pytest.approx(expected, rel=1e-5)


def test_a_loss_of_ones_own_is_exported(iris, tmp_path):
    (x, y), _ = iris
    model = fl.Sequential([fl.Input((4,)), fl.layers.Dense(1)])
    with pytest.raises(UnknownNameError, match=r"model\.compile first"):
        model.export(tmp_path / "site", train=True)
    model.compile("adam", loss=lambda true, found: fl.mean(fl.absolute(true - found), axis=-1))
    bundle = read_bundle(model.export(tmp_path / "site", train=True))
    assert "train_step" in bundle.manifest.functions
    assert "train_step" in read_module(bundle).functions
    loaded = fl.load(tmp_path / "site")
    np.testing.assert_array_equal(loaded.predict(x), model.predict(x))
    with pytest.raises(UnknownNameError, match=r"model\.compile first"):
        loaded.fit(x, y)


def test_the_quick_permutation_is_the_defined_one():
    for count, seed, epoch in [(1, 0, 0), (7, 3, 1), (100, 2**32 - 1, 9)]:
        assert fitting.permutation(count, seed, epoch).tolist() == shuffle.permutation(count, seed, epoch)


def test_a_summary_names_every_layer(trained, capsys):
    trained.summary()
    shown = capsys.readouterr().out
    assert "species (Dense)" in shown
    assert "f32[batch, 8]" in shown
    assert "67 parameters" in shown
    assert "<table>" in trained._repr_html_()


def test_a_model_that_only_predicts_compiles_no_steps(rng):
    model = fl.Sequential([fl.Input((3,)), fl.layers.Dense(2, name="dense")])
    model.compile("adam", "mse")
    x, y = rng.normal(size=(8, 3)).astype("float32"), rng.normal(size=(8, 2)).astype("float32")
    first = model.predict(x)
    assert model._engine is None
    assert model.weights()["dense/kernel"].shape == (3, 2) and model._engine is None
    np.testing.assert_array_equal(model.predict(x), first)
    model.fit(x, y, epochs=2, verbose=0)
    assert not np.array_equal(model.predict(x), first)


def test_a_model_with_nothing_left_to_train_predicts(rng):
    model = fl.Sequential([fl.Input((3,)), fl.layers.Dense(2)])
    model.compile("adam", "mse")
    model.freeze()
    assert model.predict(rng.normal(size=(4, 3)).astype("float32")).shape == (4, 2)


def test_weights_are_asked_for_without_compiling_steps():
    model, other = small(), small()
    model.seed = other.seed = 7
    found = model.weights()
    assert model._engine is None
    expected = {name: other.engine.get_state(name) for name in other.engine.program.state}
    assert found.keys() == expected.keys()
    found["species/bias"][...] = 9  # a copy
    model.seed = 8  # too late: the model has begun
    for weights in (model.weights(), {name: model.engine.get_state(name) for name in found}):
        for name, array in expected.items():
            np.testing.assert_array_equal(weights[name], array, err_msg=name)
            assert weights[name].dtype == array.dtype
    model.reset(8)
    assert not np.array_equal(model.weights()["species/kernel"], expected["species/kernel"])

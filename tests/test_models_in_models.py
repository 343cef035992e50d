"""Can a model be a layer of another one, as in Keras? With the weights that it has."""

import numpy as np
import pytest

import fanlight as fl
from fanlight.errors import ShapeError


@pytest.fixture
def base():
    return fl.Sequential([fl.Input((4,)), fl.layers.Dense(3, "relu"), fl.layers.BatchNormalization()], name="base")


@pytest.fixture
def x():
    return np.random.default_rng(0).normal(size=(5, 4)).astype("float32")


def test_a_model_on_symbols_brings_its_weights(base, x, tmp_path):
    base.compile("adam", "mse")
    base.fit(x, np.ones((5, 3), "float32"), epochs=3, verbose=0)
    rows = fl.Input((4,))
    model = fl.Model(rows, base(rows, training=False) * 2)
    np.testing.assert_allclose(model.predict(x), 2 * base.predict(x), rtol=1e-6)
    model.compile("sgd", "mse")
    before = base.predict(x)
    model.fit(x, np.ones((5, 3), "float32"), epochs=1, verbose=0)
    np.testing.assert_array_equal(base.predict(x), before)  # a copy
    model.save(tmp_path / "model")
    np.testing.assert_array_equal(fl.load(tmp_path / "model").predict(x), model.predict(x))


def test_a_model_in_a_sequential(base, x):
    model = fl.Sequential([base, fl.layers.Dense(2)])
    assert model.input_names and model.predict(x).shape == (5, 2)
    inner = {name.removeprefix("base/"): array for name, array in model.weights().items() if name.startswith("base/")}
    for name, array in base.weights().items():
        np.testing.assert_array_equal(inner[name], array)


def test_models_in_models_in_models(base, x):
    rows = fl.Input((4,))
    middle = fl.Model(rows, base(rows) + 1, name="middle")
    outer = fl.Model(rows, middle(rows) * 3)
    np.testing.assert_allclose(outer.predict(x), 3 * (base.predict(x) + 1), rtol=1e-6)


def test_arrays_are_predicted(base, x):
    np.testing.assert_array_equal(base(x), base.predict(x))


def test_symbols_of_another_shape_are_refused(base):
    with pytest.raises(ShapeError, match=r"f32\[batch, 4\]"):
        base(fl.Input((5,)))

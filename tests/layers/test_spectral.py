"""Is a kernel kept at gain 1 through a training, as with Keras's backends that keep it?"""

import os
import subprocess
import sys

import numpy as np
import pytest

import fanlight as fl
from fanlight.errors import FanlightError

TRAINED = """
import sys, keras, numpy as np
given = dict(np.load(sys.argv[1]))
x = keras.Input((4,))
inner = keras.layers.Dense(3, activation="tanh", kernel_regularizer="l2", name="inner")
layer = keras.layers.SpectralNormalization(inner, power_iterations=2, name="unit")
model = keras.Model(x, keras.layers.Dense(1, name="last")(layer(x)))
model.compile(keras.optimizers.SGD(0.1, momentum=0.5), "mse")
places = {"unit/layer/kernel": inner.kernel, "unit/layer/bias": inner.bias, "unit/vector_u": layer.vector_u}
places |= {"last/kernel": model.layers[-1].kernel, "last/bias": model.layers[-1].bias}
for path, variable in places.items():
    variable.assign(given[path])
losses = model.fit(given["x"], given["y"], batch_size=8, epochs=3, shuffle=False, verbose=0).history["loss"]
after = {path: keras.ops.convert_to_numpy(variable) for path, variable in places.items()}
np.savez(sys.argv[2], losses=losses, prediction=model.predict(given["x"], verbose=0), **after)
"""


def model_of(units=3):
    x = fl.Input((4,), name="x")
    inner = fl.layers.Dense(units, activation="tanh", kernel_regularizer="l2", name="inner")
    layer = fl.layers.SpectralNormalization(inner, power_iterations=2, name="unit")
    model = fl.Model(x, fl.layers.Dense(1, name="last")(layer(x)))
    model.compile(fl.optimizers.SGD(0.1, momentum=0.5), "mse")
    return model


@pytest.mark.full
def test_a_training_as_with_keras_on_pytorch(rng, tmp_path):
    """On JAX, Keras does not keep the divided kernel; on PyTorch it does, and the optimizer goes on from there."""
    pytest.importorskip("torch", reason="PyTorch is not installed")
    model = model_of()
    x, y = rng.normal(size=(24, 4)).astype("float32"), rng.normal(size=(24, 1)).astype("float32")
    begun = {path: array for path, array in model.weights().items() if not path.startswith("optimizer")}
    np.savez(tmp_path / "given.npz", x=x, y=y, **begun)
    command = [sys.executable, "-c", TRAINED, str(tmp_path / "given.npz"), str(tmp_path / "found.npz")]
    subprocess.run(command, check=True, env=os.environ | {"KERAS_BACKEND": "torch"}, timeout=300)
    theirs = dict(np.load(tmp_path / "found.npz"))
    losses = model.fit(x, y, batch_size=8, epochs=3, shuffle=False, verbose=0).history["loss"]
    np.testing.assert_allclose(losses, theirs.pop("losses"), rtol=2e-5)
    np.testing.assert_allclose(model.predict(x), theirs.pop("prediction"), atol=1e-5)
    for path, array in theirs.items():
        np.testing.assert_allclose(model.weights()[path], array, rtol=1e-4, atol=1e-5, err_msg=path)


def test_the_gain_stays_near_one(rng):
    model = model_of()
    model.set_weights({"unit/layer/kernel": 20 * model.weights()["unit/layer/kernel"]})
    x, y = rng.normal(size=(24, 4)).astype("float32"), rng.normal(size=(24, 1)).astype("float32")
    model.fit(x, y, batch_size=8, epochs=4, verbose=0)
    assert 0.8 < np.linalg.norm(model.weights()["unit/layer/kernel"], 2) < 1.2


def test_a_frozen_layer_stays(rng):
    model = model_of()
    model.network.layers[1].trainable = False
    model.compile("sgd", "mse")
    before = model.weights()
    model.fit(rng.normal(size=(24, 4)).astype("float32"), np.zeros((24, 1), "float32"), verbose=0)
    for path in ("unit/layer/kernel", "unit/vector_u"):
        np.testing.assert_array_equal(model.weights()[path], before[path])


def test_what_has_no_kernel_is_refused():
    with pytest.raises(FanlightError, match="a layer with a weight called kernel or embeddings, got LSTM"):
        fl.layers.SpectralNormalization(fl.layers.LSTM(3))(fl.Input((4, 3)))
    with pytest.raises(FanlightError, match="a positive number of power_iterations"):
        fl.layers.SpectralNormalization(fl.layers.Dense(3), power_iterations=0)

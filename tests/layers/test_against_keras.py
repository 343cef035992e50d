"""Do layers compute what Keras's layers compute? Values, gradients and statistics, over many configurations."""

import keras
import numpy as np
import pytest

from fanlight import layers
from layers.keras_twin import compare

IMAGE, ROWS = (3, 7, 6, 4), (5, 6)


def made(kind: str, *arguments, **attributes):
    """Our layer and Keras's, made in the same words."""
    return getattr(layers, kind)(*arguments, **attributes), getattr(keras.layers, kind)(*arguments, **attributes)


def spread(rng, *shape) -> np.ndarray:
    """Numbers without ties."""
    return rng.permutation(np.linspace(-2, 2, int(np.prod(shape)))).reshape(shape).astype("float32")


@pytest.mark.parametrize(
    "attributes",
    [dict(units=3), dict(units=4, use_bias=False, activation="softmax"), dict(units=1, activation="sigmoid")],
)
@pytest.mark.parametrize("shape", [ROWS, (2, 3, 5)])
def test_dense(rng, attributes, shape):
    compare(*made("Dense", **attributes), spread(rng, *shape))


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize(
    ("attributes", "shape"),
    [
        (dict(), ROWS),
        (dict(momentum=0.9, epsilon=1e-2), IMAGE),
        (dict(axis=1, center=False), IMAGE),
        (dict(scale=False), IMAGE),
        (dict(trainable=False), ROWS),
    ],
)
def test_batch_normalization(rng, attributes, shape, training):
    compare(*made("BatchNormalization", **attributes), spread(rng, *shape), training=training, tolerance=5e-6)


# Keras's sparsemax gives zeros for some rows; tests/ops/keras_cases_neural.py compares it where it adds up to 1.
NAMES = sorted({*layers.activations.ACTIVATIONS, *layers.activations.ALIASES} - {"sparsemax", *layers.activations.OLD})


@pytest.mark.parametrize("name", NAMES)
def test_activations(rng, name):
    x = np.concatenate([spread(rng, 4, 9) * 2, np.array([[-30, -7, -3, -1, 1, 3, 5, 7, 30]], "float32")])
    compare(*made("Activation", name), x, tolerance=5e-6)


@pytest.mark.parametrize("name", ["relu", "relu6", "leaky_relu", "elu", "softplus", "hard_sigmoid"])
def test_activations_at_their_kinks(name):
    compare(*made("Activation", name), np.array([[-3.0, 0.0, 3.0, 6.0]], "float32"))


def test_the_comparison_notices_a_difference(rng):
    ours, theirs = layers.BatchNormalization(momentum=0.9), keras.layers.BatchNormalization(momentum=0.8)
    with pytest.raises(AssertionError, match="moving_mean"):
        compare(ours, theirs, spread(rng, *ROWS), training=True)
    with pytest.raises(AssertionError, match="gradient of input"):
        compare(layers.Activation("relu"), layers_with_other_gradient(), spread(rng, *ROWS))


def layers_with_other_gradient():
    """A Keras layer with relu's values and no gradient."""

    class Stopped(keras.layers.Layer):
        def call(self, x):
            return keras.ops.stop_gradient(keras.ops.relu(x))

    return Stopped()

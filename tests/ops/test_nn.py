"""Do activations and cross-entropies give what Keras gives, gradients included?"""

import jax
import numpy as np
import pytest
from keras import activations
from keras import ops as keras_ops

from fanlight.errors import ShapeError
from fanlight.ops import functions as fn
from ops.cases import fixed_weights, gradients, run

X = np.float32([-30, -7, -3, -1.5, -1, -0.4, 0, 0.3, 1, 2.2, 3, 6, 7, 30])

ACTIVATIONS = [
    "relu", "relu6", "leaky_relu", "elu", "selu", "gelu", "silu", "softplus", "softsign", "sigmoid", "hard_sigmoid",
    "hard_silu", "hard_tanh", "mish", "log_sigmoid", "tanh", "softmax", "log_softmax",
]  # fmt: skip


@pytest.fixture(scope="module")
def expected():
    """Values and slopes from Keras on JAX, compiled once."""
    weights = fixed_weights(X.shape)

    def all_of_them():
        return {name: jax.vjp(getattr(keras_ops, name, activations.mish), X) for name in ACTIVATIONS}

    return jax.jit(lambda: {name: (value, vjp(weights)[0]) for name, (value, vjp) in all_of_them().items()})()


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(name, expected):
    value, slope = expected[name]
    function = getattr(fn, name)
    np.testing.assert_allclose(run(function, X), value, rtol=2e-6, atol=1e-6)
    np.testing.assert_allclose(gradients(function, X)[0], slope, rtol=1e-5, atol=1e-6)


def test_exact_gelu():
    expected = keras_ops.gelu(X, approximate=False)
    np.testing.assert_allclose(run(lambda x: fn.gelu(x, False), X), expected, rtol=2e-6, atol=1e-6)


def test_large_inputs_give_finite_values_and_slopes():
    x = np.float32([-1e4, -100, 100, 1e4])
    for name in ACTIVATIONS:
        function = getattr(fn, name)
        assert np.isfinite(run(function, x)).all(), name
        assert np.isfinite(gradients(function, x)[0]).all(), name


def test_softmax_over_several_axes():
    x = np.random.default_rng(0).normal(size=(2, 3, 4)).astype("float32")
    for axis in (-1, 0, (1, 2)):
        expected = jax.nn.softmax(x, axis)
        np.testing.assert_allclose(run(lambda x, a=axis: fn.softmax(x, a), x), expected, rtol=1e-5)


LOGITS = np.random.default_rng(1).normal(0, 3, (4, 3)).astype("float32")
CHANCES = np.exp(LOGITS) / np.exp(LOGITS).sum(1, keepdims=True)
LABELS = np.array([0, 2, 1, 1], "int32")
CODES = np.eye(3, dtype="float32")[LABELS]


@pytest.mark.parametrize("from_logits", [False, True])
@pytest.mark.parametrize("name", ["categorical_crossentropy", "sparse_categorical_crossentropy", "binary_crossentropy"])
def test_crossentropies(name, from_logits):
    target = LABELS if name.startswith("sparse") else CODES
    output = LOGITS if from_logits else CHANCES

    def theirs(output):
        return getattr(keras_ops, name)(target, output, from_logits=from_logits)

    def ours(output, target):
        return getattr(fn, name)(target, output, from_logits)

    weights = fixed_weights(CODES.shape if name.startswith("binary") else LABELS.shape)
    value, (slope,) = jax.jit(lambda x: (theirs(x), jax.vjp(theirs, x)[1](weights)))(output)
    np.testing.assert_allclose(run(ours, output, target), value, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(gradients(ours, output, target, weights=weights)[0], slope, rtol=1e-4, atol=1e-6)


def test_crossentropies_at_the_edge():
    certain = np.float32([[1, 0, 0]])
    wrong = run(lambda x, y: fn.sparse_categorical_crossentropy(y, x), certain, np.array([1], "int32"))
    np.testing.assert_allclose(wrong, -np.log(1e-7), rtol=1e-6)
    logits = np.float32([[1000, -1000, 0]])
    assert run(lambda x, y: fn.sparse_categorical_crossentropy(y, x, True), logits, np.array([1], "int32")) == 2000
    labels = np.array([[0], [3]], "uint8")  # a column of labels; one of them no class
    found = run(lambda x, y: fn.sparse_categorical_crossentropy(y, x, True), LOGITS[:2], labels)
    assert found[1] == 0 and found.shape == (2,)


def test_targets_of_another_shape_are_refused():
    for call in (
        lambda: fn.categorical_crossentropy(fn.zeros((3, 2)), fn.zeros((3, 3))),
        lambda: fn.sparse_categorical_crossentropy(fn.zeros((2,), "int32"), fn.zeros((3, 3))),
        lambda: fn.binary_crossentropy(fn.zeros((3,)), fn.zeros((3, 1))),
    ):
        with pytest.raises(ShapeError, match="crossentropy: expected a target"):
            call()

"""Do whole models over time learn as in Keras? Same weights, same batches: the losses of 100 steps side by side."""

import keras
import numpy as np
import pytest

import fanlight as fl
from layers.layer_test import paired

STEPS, BATCH = 100, 8


def characters(m):
    """The next character of a text."""
    x = m.Input((9,), dtype="int32")
    y = m.layers.Embedding(12, 6, name="embedding")(x)
    y = m.layers.LSTM(16, name="lstm")(y)
    return m.Model(x, m.layers.Dense(12, "softmax", name="next")(y))


def addition(m):
    """Sums, digit by digit: what the encoder ends with is where the decoder begins."""
    x = m.Input((5, 12))
    _, h, c = m.layers.LSTM(16, return_state=True, name="encoder")(x)
    y = m.layers.RepeatVector(3, name="repeat")(h)
    y = m.layers.LSTM(16, return_sequences=True, name="decoder")(y, initial_state=[h, c])
    y = m.layers.TimeDistributed(m.layers.Dense(12, "softmax", name="digit"), name="digits")(y)
    return m.Model(x, y)


def moods(m):
    """One class for rows of words of different lengths, from both ends."""
    x = m.Input((7,), dtype="int32")
    y = m.layers.Embedding(20, 5, mask_zero=True, name="embedding")(x)
    y = m.layers.Bidirectional(m.layers.GRU(6, return_sequences=True, name="gru"), name="both")(y)
    y = m.layers.GRU(8, reset_after=False, name="last")(y)
    return m.Model(x, m.layers.Dense(3, "softmax", name="mood")(y))


def batches(make, rng):
    """Inputs and targets of every step."""
    for _ in range(STEPS):
        if make is characters:
            text = (np.cumsum(rng.integers(1, 3, (BATCH, 10)), axis=1) % 12).astype("int32")
            yield text[:, :9], text[:, 9]
        elif make is addition:
            numbers = rng.integers(0, 50, (BATCH, 2))
            rows = [f"{a:2}+{b:2}" for a, b in numbers]
            sums = [f"{a + b:3}" for a, b in numbers]
            codes = [np.array([["0123456789+ ".index(sign) for sign in row] for row in each]) for each in (rows, sums)]
            yield np.eye(12, dtype="float32")[codes[0]], codes[1].astype("int32")
        else:
            words = rng.integers(1, 20, (BATCH, 7))
            words[np.arange(7) >= rng.integers(1, 8, (BATCH, 1))] = 0
            yield words.astype("int32"), (words.max(1) // 7).astype("int32")


@pytest.mark.parametrize("make", [characters, pytest.param(addition, marks=pytest.mark.full), moods])
def test_losses_are_those_of_keras(rng, make):
    keras.utils.set_random_seed(1)
    theirs, ours = make(keras), make(fl)
    loss = "sparse_categorical_crossentropy"
    theirs.compile(keras.optimizers.Adam(0.01), loss)
    ours.compile(fl.optimizers.Adam(0.01), loss)
    for layer in theirs.layers:
        if layer.weights:
            places = paired(layer, ours.get_layer(layer.name))
            ours.set_weights({path: np.asarray(variable) for path, variable in places.items()})
    curve = []
    for x, y in batches(make, rng):
        expected = theirs.train_on_batch(x, y)
        curve.append((float(ours.train_on_batch(x, y)["loss"]), float(np.asarray(expected).ravel()[0])))
        theirs.reset_metrics()
    found, expected = np.array(curve).T
    np.testing.assert_allclose(found, expected, atol=1e-3)
    assert expected[-10:].mean() < 0.9 * expected[:10].mean()

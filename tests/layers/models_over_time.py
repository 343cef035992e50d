"""Which models over time learn beside Keras's? Each written once for both, with the batches that it learns from.

`twins` gives both, with the same weights; `keras_losses` what Keras's loses, step by step."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

import fanlight as fl
from layers.layer_test import paired

STEPS, BATCH = 100, 8
Batches = list[tuple[np.ndarray, np.ndarray]]


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


def tags(m):
    """A class for every word of rows of different lengths; what is behind a row's end does not count."""
    x = m.Input((7,), dtype="int32")
    y = m.layers.Embedding(20, 5, mask_zero=True, name="embedding")(x)
    y = m.layers.GRU(8, return_sequences=True, name="gru")(y)
    return m.Model(x, m.layers.Dense(3, "softmax", name="tag")(y))


def transformer(m):
    """The next word, by causal attention and two products, each beside what came in."""
    given = m.Input((8,), dtype="int32")
    x = m.layers.Embedding(12, 16, name="words")(given)
    heads = m.layers.MultiHeadAttention(2, 8, name="heads")(x, x, use_causal_mask=True)
    x = m.layers.LayerNormalization(name="norm_1")(m.layers.Add()([x, heads]))
    y = m.layers.Dense(16, name="narrow")(m.layers.Dense(32, activation="gelu", name="wide")(x))
    x = m.layers.LayerNormalization(name="norm_2")(m.layers.Add()([x, y]))
    return m.Model(given, m.layers.Dense(12, activation="softmax", name="next")(x))


def batch_of(make: Callable[[Any], Any], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and targets of one step."""
    if make is characters:
        text = np.cumsum(rng.integers(1, 3, (BATCH, 10)), axis=1) % 12
        return text[:, :9].astype("int32"), text[:, 9].astype("int32")
    if make is addition:
        numbers = rng.integers(0, 50, (BATCH, 2))
        texts = [f"{a:2}+{b:2}" for a, b in numbers], [f"{a + b:3}" for a, b in numbers]
        rows, sums = (np.array([["0123456789+ ".index(sign) for sign in row] for row in each]) for each in texts)
        return np.eye(12, dtype="float32")[rows], sums.astype("int32")
    if make is transformer:
        text = rng.integers(0, 12, (BATCH, 9)).astype("int32")
        for k in range(2, 9):  # the next word is the sum of the last two
            text[:, k] = (text[:, k - 1] + text[:, k - 2]) % 12
        return text[:, :-1], text[:, 1:]
    words = rng.integers(1, 20, (BATCH, 7)).astype("int32")
    classes = words // 7
    is_behind = np.arange(7) >= rng.integers(1, 8, (BATCH, 1))
    words[is_behind] = 0
    if make is moods:
        return words, words.max(1) // 7
    classes[is_behind] = rng.integers(0, 3, is_behind.sum())
    return words, classes


def batches(make: Callable[[Any], Any], rng: np.random.Generator) -> Batches:
    return [batch_of(make, rng) for _ in range(STEPS)]


def twins(make: Callable[[Any], Any]) -> tuple[Any, fl.Model]:
    """Keras's model and ours with the same weights, ready to be trained."""
    keras.utils.set_random_seed(1)
    theirs, ours = make(keras), make(fl)
    loss = "sparse_categorical_crossentropy"
    theirs.compile(keras.optimizers.Adam(0.01), loss)
    ours.compile(fl.optimizers.Adam(0.01), loss)
    for layer in theirs.layers:
        if layer.weights:
            places = paired(layer, ours.get_layer(layer.name))
            ours.set_weights({path: np.asarray(variable) for path, variable in places.items()})
    return theirs, ours


def keras_losses(theirs: Any, rows: Batches) -> np.ndarray:
    """The loss of every step; that something is learnt is seen to."""
    losses = []
    for x, y in rows:
        losses.append(float(np.asarray(theirs.train_on_batch(x, y)).ravel()[0]))
        theirs.reset_metrics()
    found = np.array(losses)
    assert found[-10:].mean() < 0.9 * found[:10].mean()
    return found

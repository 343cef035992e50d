"""Does a small transformer learn as Keras's does, step by step, from the same weights and batches?"""

import keras
import numpy as np

import fanlight as fl
from layers.layer_test import paired

WORDS, LENGTH, WIDTH = 12, 8, 16


def block(layers, x):
    """Causal attention and two products, each beside what came in."""
    x = layers.LayerNormalization(name="norm_1")(
        layers.Add()([x, layers.MultiHeadAttention(2, 8, name="heads")(x, x, use_causal_mask=True)])
    )
    y = layers.Dense(WIDTH, name="narrow")(layers.Dense(2 * WIDTH, activation="gelu", name="wide")(x))
    return layers.LayerNormalization(name="norm_2")(layers.Add()([x, y]))


def words(layers, given):
    x = block(layers, layers.Embedding(WORDS, WIDTH, name="words")(given))
    return layers.Dense(WORDS, activation="softmax", name="next")(x)


def test_a_hundred_steps_are_keras_steps(rng):
    given = keras.Input((LENGTH,), dtype="int32")
    theirs = keras.Model(given, words(keras.layers, given))
    symbol = fl.Input((LENGTH,), dtype="int32", name="text")
    ours = fl.Model(symbol, words(fl.layers, symbol))
    for model in (theirs, ours):
        optimizer = (keras if model is theirs else fl).optimizers.Adam(0.01)
        model.compile(optimizer, "sparse_categorical_crossentropy")
    state = {}
    for layer in ours.network.layers[1:]:
        state |= {path: np.asarray(each) for path, each in paired(theirs.get_layer(layer.name), layer).items()}
    ours.set_weights(state)
    losses = []
    for _ in range(100):
        # The next word is the sum of the last two.
        text = rng.integers(0, WORDS, (8, LENGTH + 1)).astype("int32")
        for k in range(2, LENGTH + 1):
            text[:, k] = (text[:, k - 1] + text[:, k - 2]) % WORDS
        x, y = text[:, :-1], text[:, 1:]
        theirs.reset_metrics()
        losses.append((float(theirs.train_on_batch(x, y)), float(ours.train_on_batch(x, y)["loss"])))
    expected, found = np.transpose(losses)
    assert expected[-1] < 0.8 * expected[0]
    np.testing.assert_allclose(found, expected, atol=1e-3)

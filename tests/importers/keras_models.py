"""Small Keras models of every form: chains, graphs, models in models, shared layers, arguments of calls.

Out: names -> functions that build one, with weights drawn from a seed; and what compares it with Fanlight's.
"""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers as L

from layers.nearness import error


def chain() -> Any:
    return keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            L.Conv2D(4, 3, strides=2, padding="same", activation="relu"),
            L.BatchNormalization(),
            L.DepthwiseConv2D(3),
            L.Flatten(),
            L.Dropout(0.5),
            L.Dense(5, activation="softmax", kernel_regularizer=keras.regularizers.L2(0.01)),
        ]
    )


def late_chain() -> Any:
    """Built by its first call."""
    model = keras.Sequential([L.Dense(3), L.ReLU(max_value=6.0), L.Dense(2, use_bias=False)])
    model(np.zeros((1, 4), "float32"))
    return model


def branches() -> Any:
    """Several inputs and outputs, one layer used twice, layers of one class at several depths."""
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    shared = L.Dense(3, activation="tanh", name="shared")
    x, y = shared(a), shared(b)
    far = L.Dense(3, name="far")(L.Dense(6, name="near")(y))
    joined = L.Concatenate()([L.Add()([x, far]), L.Subtract()([x, y])])
    return keras.Model([a, b], [L.Dense(2, name="first")(joined), L.Dense(1, name="second")(x)])


def nested() -> Any:
    """A model in a model in a model, called more than once, once with training=False."""
    inner = keras.Sequential([keras.Input((4,)), L.Dense(3, name="d"), L.BatchNormalization()], name="inner")
    i = keras.Input((4,))
    middle = keras.Model(i, [inner(i), L.Dense(2)(i)], name="middle")
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    x, u = middle(a, training=False)
    y, v = middle(b)
    joined = L.Concatenate()([L.Add()([x, y]), u, v])
    tail = keras.Sequential([keras.Input((7,)), L.Dense(2)], name="tail")
    return keras.Model([a, b], {"z": L.Dense(2)(joined), "w": tail(joined), "q": middle(L.Dense(4)(joined))[1]})


def frozen() -> Any:
    """A trunk that does not train, below a head that does."""
    trunk = keras.Sequential([keras.Input((5,)), L.Dense(4), L.BatchNormalization(), L.Dense(3)], name="trunk")
    trunk.trainable = False
    x = keras.Input((5,))
    return keras.Model(x, L.Dense(2, name="head")(trunk(x, training=False)))


def recurrent() -> Any:
    """Words, and a loop that begins with the states of another."""
    words, steps = keras.Input((5,), dtype="int32", name="words"), keras.Input((4, 2), name="steps")
    _, h, c = L.LSTM(3, return_state=True)(L.Embedding(7, 4)(words))
    y = L.LSTM(3, return_sequences=True)(steps, initial_state=[h, c])
    return keras.Model([words, steps], L.GRU(2)(y))


MODELS: dict[str, Callable[[], Any]] = {
    each.__name__: each for each in (chain, late_chain, branches, nested, frozen, recurrent)
}


def built(name: str, seed: int = 0) -> Any:
    """The model of that name with random weights; variances stay positive."""
    model = MODELS[name]()
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        low = 0.5 if "variance" in weight.path else -1.0
        weight.assign(rng.uniform(low, 1.0, weight.shape).astype("float32"))
    return model


def rows(model: Any, count: int = 4, seed: int = 1) -> list[np.ndarray]:
    """An array for each input; integers are from 0 to 6."""
    rng = np.random.default_rng(seed)
    if any("int" in each.dtype for each in model.inputs):
        draws = [rng.uniform(-1, 7, (count, *each.shape[1:])) for each in model.inputs]
        return [np.maximum(x, 0).astype(each.dtype) for x, each in zip(draws, model.inputs, strict=True)]
    return [rng.uniform(-1, 1, (count, *each.shape[1:])).astype("float32") for each in model.inputs]


def targets(model: Any, count: int = 4, seed: int = 2) -> Any:
    """An array for each output, nested as the outputs are."""
    rng = np.random.default_rng(seed)
    arrays = [rng.uniform(0, 1, (count, *y.shape[1:])).astype("float32") for y in model.outputs]
    struct = getattr(model, "_outputs_struct", None)
    return dict(zip(struct, arrays, strict=True)) if isinstance(struct, dict) else one(arrays)


def one(arrays: list[np.ndarray]) -> Any:
    return arrays[0] if len(arrays) == 1 else arrays


def by_name(model: Any, predicted: Any) -> list[np.ndarray]:
    """What either framework predicts, as arrays in the order of the Fanlight model's outputs."""
    if isinstance(predicted, dict):
        return [predicted[name] for name in model.output_names]
    return list(predicted) if isinstance(predicted, list | tuple) else [predicted]


def check_same(model: Any, keras_model: Any, tolerance: float = 1e-5) -> None:
    """Both predict the same."""
    x = one(rows(keras_model))
    ours, theirs = model.predict(x), keras_model.predict(x, verbose=0)
    for y, expected in zip(by_name(model, ours), by_name(model, theirs), strict=True):
        assert error(y, expected) <= tolerance


def losses_of_steps(model: Any, x: Any, y: Any, steps: int = 3) -> list[float]:
    """The losses of so many training steps of either framework on the same batch."""
    found = []
    for _ in range(steps):
        if isinstance(model, keras.Model):
            found.append(float(model.train_on_batch(x, y, return_dict=True)["loss"]))
            model.reset_metrics()
        else:
            found.append(float(model.train_on_batch(x, y)["loss"]))
    return found

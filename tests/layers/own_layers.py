"""Which layers of one's own do tests train? Each class is written once, for Keras and for Fanlight."""

import keras
import numpy as np

import fanlight as fl


def linear(package, ops):
    """One class for both: `package` is keras or fl, `ops` its functions."""

    class Linear(package.layers.Layer):
        def __init__(self, units, activation=None, **kwargs):
            super().__init__(**kwargs)
            self.units = units
            self.activation = activation

        def build(self, input_shape):
            self.w = self.add_weight(
                shape=(input_shape[-1], self.units), initializer="glorot_uniform", regularizer="l2", name="w"
            )
            self.b = self.add_weight(shape=(self.units,), initializer="zeros", constraint="non_neg", name="b")
            self.steps = self.add_weight(shape=(), initializer="zeros", trainable=False, name="steps")

        def call(self, x, training=None):
            if training:
                self.steps.assign_add(1.0)
            y = ops.matmul(x, self.w) + self.b
            self.add_loss(0.01 * ops.mean(y * y))
            return ops.tanh(y) if self.activation == "tanh" else y

        def get_config(self):
            return super().get_config() | {"units": self.units, "activation": self.activation}

    return Linear


def block(package, ops):
    """A layer of layers: an attribute, a list, a layer of one's own among them."""
    inner = linear(package, ops)

    class Block(package.layers.Layer):
        def __init__(self, width=4, **kwargs):
            super().__init__(**kwargs)
            self.width = width
            self.first = inner(width, activation="tanh")
            self.rest = [package.layers.Dense(width, activation="tanh") for _ in range(2)]
            self.rest.append(package.layers.BatchNormalization())

        def build(self, input_shape):
            self.scale = self.add_weight(shape=(self.width,), initializer="ones", name="scale")

        def call(self, x):
            x = self.first(x)
            for layer in self.rest:
                x = layer(x)
            return x * self.scale

    return Block


def data(rows=40):
    rng = np.random.default_rng(2)
    x = rng.normal(size=(rows, 3)).astype("float32")
    return x, (x @ rng.normal(size=(3, 1)) + 0.5).astype("float32")


def twins(make, shape=(3,)):
    """(our model, Keras's) of the same layers, with Keras's weights."""
    theirs = keras.Sequential([keras.Input(shape), *make(keras, keras.ops)])
    ours = fl.Sequential([fl.Input(shape), *make(fl, fl)])
    return ours, theirs


def with_weights_of(theirs, ours, path):
    theirs.save_weights(path)
    ours.load_weights(path)


def trained(layers, epochs=2):
    model = fl.Sequential([fl.Input((3,)), *layers, fl.layers.Dense(1)])
    model.compile("adam", "mse")
    model.fit(*data(), epochs=epochs, verbose=0)
    return model

"""How long does a training step of a small convolutional network take, beside TensorFlow.js?

The network of the TensorFlow.js MNIST tutorial, batches of 64 and Adam, on the handwritten digits that come with
Fanlight, enlarged to 28x28. Both sides begin with the same weights and get the same batches; the page compares the
first losses, then times both in turn."""

from __future__ import annotations

import numpy as np
from report import Report
from training.beside import Training, beside_tensorflow

import fanlight as fl

BATCH, BATCHES = 64, 8
WANTED = 1 / 40
TITLE = f"a training step of the tutorial's network, batch {BATCH}"

# Multiply-adds of one image: two convolutions (5x5 from 28x28x1 and from 12x12x8) and the dense layer, forward and for
# the weights' gradients; and for the inputs' gradients of all but the first. Direct algorithm.
FIRST, SECOND, DENSE = 24 * 24 * 8 * 25, 8 * 8 * 16 * 200, 256 * 10
FLOPS = 2 * BATCH * (2 * FIRST + 3 * SECOND + 3 * DENSE)


def network() -> fl.Model:
    """The tutorial's network, ready to be exported."""
    model = fl.Sequential(
        [
            fl.Input((28, 28, 1), name="image"),
            fl.layers.Conv2D(8, 5, activation="relu", name="conv1"),
            fl.layers.MaxPooling2D(),
            fl.layers.Conv2D(16, 5, activation="relu", name="conv2"),
            fl.layers.MaxPooling2D(),
            fl.layers.Flatten(),
            fl.layers.Dense(10, activation="softmax", name="dense"),
        ],
        name="tutorial",
    )
    model.compile(optimizer="adam", loss="categorical_crossentropy")
    return model


def batches() -> tuple[np.ndarray, np.ndarray]:
    """Images and one-hot targets: each pixel of a digit becomes 3x3, with a margin of 2."""
    (x, y), _ = fl.datasets.digits()
    chosen = np.random.default_rng(0).permutation(len(x))[: BATCH * BATCHES]
    large = np.kron(x[chosen, :, :, 0] / np.float32(16), np.ones((3, 3), np.float32))
    images = np.pad(large, ((0, 0), (2, 2), (2, 2))).astype(np.float32)
    return images[..., None], np.eye(10, dtype=np.float32)[y[chosen]]


def training() -> Training:
    images, targets = batches()
    return Training("training", TITLE, network(), images, targets, BATCH, FLOPS, WANTED)


def measure(quick: bool) -> Report:
    return beside_tensorflow(training(), quick)

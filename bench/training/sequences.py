"""How long does a training step of a recurrent network take, beside TensorFlow.js?

An LSTM of 64 units over 40 steps with a dense layer on its last output, batches of 32 and Adam; sequences and classes
are random numbers."""

from __future__ import annotations

import numpy as np
from report import Report
from training.beside import Training, beside_tensorflow

import fanlight as fl

UNITS, STEPS, FEATURES, CLASSES = 64, 40, 64, 10
BATCH, BATCHES = 32, 8
WANTED = 1 / 25
TITLE = f"a training step of an LSTM, {UNITS} units over {STEPS} steps of {FEATURES} numbers, batch {BATCH}"

# Multiply-adds of one sequence: four gates of the input and of the state, forward and for the weights' gradients; the
# state's gradients; the dense layer, three times. Direct algorithm.
GATES = STEPS * 4 * UNITS
FLOPS = 2 * BATCH * (GATES * (2 * (FEATURES + UNITS) + UNITS) + 3 * UNITS * CLASSES)


def network() -> fl.Model:
    """The network, ready to be exported."""
    layers = [
        fl.Input((STEPS, FEATURES), name="x"),
        fl.layers.LSTM(UNITS, name="lstm"),
        fl.layers.Dense(CLASSES, activation="softmax", name="dense"),
    ]
    model = fl.Sequential(layers, name="sequences")
    model.compile(optimizer="adam", loss="categorical_crossentropy")
    return model


def training() -> Training:
    random = np.random.default_rng(0)
    inputs = random.normal(0, 1, (BATCH * BATCHES, STEPS, FEATURES)).astype(np.float32)
    targets = np.eye(CLASSES, dtype=np.float32)[random.integers(0, CLASSES, BATCH * BATCHES)]
    return Training("sequences", TITLE, network(), inputs, targets, BATCH, FLOPS, WANTED)


def measure(quick: bool) -> Report:
    return beside_tensorflow(training(), quick)

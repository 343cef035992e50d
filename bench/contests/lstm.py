"""How long does an LSTM with 64 units take over 40 steps of one sequence, beside TensorFlow.js and ONNX Runtime Web?"""

from __future__ import annotations

import numpy as np
from contests.contest import Job, run_contest
from contests.onnx_file import onnx_file
from report import Report

import fanlight as fl

UNITS, STEPS, FEATURES = 64, 40, 64
TENSORFLOW = 1 / 20
TITLE = f"an LSTM with {UNITS} units over {STEPS} steps of {FEATURES} numbers, one sequence"


def recurrent() -> Job:
    """Gates in Keras's order: input, forget, cell, output; the last output is the result."""
    random = np.random.default_rng(0)
    kernel = random.normal(0, 0.1, (FEATURES, 4 * UNITS)).astype(np.float32)
    recurrent_kernel = random.normal(0, 0.1, (UNITS, 4 * UNITS)).astype(np.float32)
    bias = random.normal(0, 0.1, 4 * UNITS).astype(np.float32)
    weights = {"kernel": kernel, "recurrent": recurrent_kernel, "bias": bias}
    return Job(
        name="lstm",
        call=last_output,
        inputs={"x": random.normal(0, 1, (1, STEPS, FEATURES)).astype(np.float32)},
        flops=2 * STEPS * 4 * UNITS * (FEATURES + UNITS),
        weights=weights,
        onnx=as_onnx(**weights),
        tensorflow=TENSORFLOW,
    )


def last_output(weights: dict[str, fl.Tensor], x: fl.Tensor) -> fl.Tensor:
    """The cell in Fanlight's low-level API: a loop over the steps, which come first."""

    def step(carry: tuple[fl.Tensor, fl.Tensor], x_t: fl.Tensor) -> tuple[tuple[fl.Tensor, fl.Tensor], None]:
        h, c = carry
        gates = x_t @ weights["kernel"] + h @ weights["recurrent"] + weights["bias"]
        i, f, z, o = fl.split(gates, 4, axis=-1)
        c = fl.sigmoid(f) * c + fl.sigmoid(i) * fl.tanh(z)
        h = fl.sigmoid(o) * fl.tanh(c)
        return (h, c), None

    start = fl.zeros((1, UNITS))
    (h, _), _ = fl.scan(step, (start, start), fl.transpose(x, (1, 0, 2)))
    return h


def as_onnx(kernel: np.ndarray, recurrent: np.ndarray, bias: np.ndarray) -> bytes:
    """ONNX has the gates as input, output, forget, cell, and weights with rows for units."""
    order = [0, 3, 1, 2]

    def reordered(array: np.ndarray) -> np.ndarray:
        return np.concatenate([np.split(array, 4, axis=-1)[k] for k in order], axis=-1)

    stored = {
        "W": np.ascontiguousarray(reordered(kernel).T)[None],
        "R": np.ascontiguousarray(reordered(recurrent).T)[None],
        "B": np.concatenate([reordered(bias), np.zeros(4 * UNITS, np.float32)])[None],
        "axis": np.array([0], np.int64),
    }
    nodes = [
        ("Transpose", ("x",), ("steps",), {"perm": [1, 0, 2]}),
        ("LSTM", ("steps", "W", "R", "B"), ("", "last"), {"hidden_size": UNITS}),
        ("Squeeze", ("last", "axis"), ("y",), {}),
    ]
    return onnx_file(nodes, {"x": (1, STEPS, FEATURES)}, ("y", (1, UNITS)), stored)


def measure(quick: bool) -> Report:
    return run_contest("lstm", TITLE, [recurrent()], quick)

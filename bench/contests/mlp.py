"""How long does a multilayer perceptron take, 784-512-512-10 on 64 rows, beside all peers?"""

from __future__ import annotations

import itertools

import numpy as np
from contests.contest import Job, run_contest
from contests.onnx_file import onnx_file
from contests.tflite_file import Step, tflite_file
from report import Report

import fanlight as fl

ROWS, WIDTHS = 64, (784, 512, 512, 10)
FASTEST, SHARE = 0.85, 0.7
TITLE = f"a prediction of {ROWS} rows by a {'-'.join(map(str, WIDTHS))} network"


def perceptron() -> Job:
    """Dense layers with relu, softmax at the end; weights of He's spread."""
    random = np.random.default_rng(0)
    weights: dict[str, np.ndarray] = {}
    nodes, steps, x = [], [], "x"
    shapes: dict[str, tuple[int, ...]] = {"x": (ROWS, WIDTHS[0])}
    stored: dict[str, np.ndarray] = {}
    for k, (taken, given) in enumerate(itertools.pairwise(WIDTHS)):
        last = k == len(WIDTHS) - 2
        weights[f"w{k}"] = random.normal(0, np.sqrt(2 / taken), (taken, given)).astype(np.float32)
        weights[f"b{k}"] = random.normal(0, 0.1, given).astype(np.float32)
        nodes.append(("Gemm", (x, f"w{k}", f"b{k}"), (f"a{k}",), {}))
        nodes.append(("Softmax", (f"a{k}",), ("y",), {"axis": 1}) if last else ("Relu", (f"a{k}",), (f"h{k}",), {}))
        shapes[f"h{k}"] = (ROWS, given)
        stored |= {f"w{k}": np.ascontiguousarray(weights[f"w{k}"].T), f"b{k}": weights[f"b{k}"]}
        fields = {"FusedActivationFunction": 0 if last else 1}
        steps.append(Step("FULLY_CONNECTED", (x, f"w{k}", f"b{k}"), (f"h{k}",), "FullyConnectedOptions", fields))
        x = f"h{k}"
    shapes["y"] = (ROWS, WIDTHS[-1])
    steps.append(Step("SOFTMAX", (x,), ("y",), "SoftmaxOptions", {"Beta": 1.0}))
    return Job(
        name="mlp",
        call=predict,
        inputs={"x": random.uniform(0, 1, (ROWS, WIDTHS[0])).astype(np.float32)},
        flops=2 * ROWS * sum(a * b for a, b in itertools.pairwise(WIDTHS)),
        weights=weights,
        onnx=onnx_file(nodes, {"x": shapes["x"]}, ("y", shapes["y"]), weights),
        tflite=tflite_file(steps, shapes, stored, ["x"], ["y"]),
        fastest=FASTEST,
        share=SHARE,
    )


def predict(weights: dict[str, fl.Tensor], x: fl.Tensor) -> fl.Tensor:
    """The network in Fanlight's low-level API."""
    for k in range(len(WIDTHS) - 1):
        x = x @ weights[f"w{k}"] + weights[f"b{k}"]
        x = fl.relu(x) if k < len(WIDTHS) - 2 else fl.softmax(x)
    return x


def measure(quick: bool) -> Report:
    return run_contest("mlp", TITLE, [perceptron()], quick)

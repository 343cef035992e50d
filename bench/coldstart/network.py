"""Which network is started cold? A small CNN for 8x8 digits, for Fanlight and as files for the peers."""

from __future__ import annotations

from typing import Any

import numpy as np
from contests.onnx_file import onnx_file
from contests.tflite_file import Step, tflite_file

import fanlight as fl

CONVOLUTIONS = (("conv1", 1, 12), ("conv2", 12, 12), ("conv3", 12, 16))  # name, channels in and out, 3x3, same


def network() -> fl.Model:
    """Three convolutions, pooling after the second, a dense layer: the network of the digits demo without its pad."""
    layers: Any = fl.layers
    return fl.Sequential(
        [
            fl.Input((8, 8, 1), name="image"),
            layers.Conv2D(12, 3, padding="same", activation="relu", name="conv1"),
            layers.Conv2D(12, 3, padding="same", activation="relu", name="conv2"),
            layers.MaxPooling2D(),
            layers.Conv2D(16, 3, padding="same", activation="relu", name="conv3"),
            layers.Flatten(),
            layers.Dense(10, activation="softmax", name="dense"),
        ],
        name="digits",
    )


def as_onnx(weights: dict[str, np.ndarray]) -> bytes:
    """Channels first, as ONNX has it; the dense layer's rows are in channels-last order, hence the transposition."""
    nodes, stored, x = [], {}, "image"
    for name, _, _ in CONVOLUTIONS:
        stored[f"{name}/kernel"] = np.ascontiguousarray(weights[f"{name}/kernel"].transpose(3, 2, 0, 1))
        stored[f"{name}/bias"] = weights[f"{name}/bias"]
        taken = (x, f"{name}/kernel", f"{name}/bias")
        nodes.append(("Conv", taken, (f"{name}/sum",), {"pads": [1, 1, 1, 1], "kernel_shape": [3, 3]}))
        nodes.append(("Relu", (f"{name}/sum",), (name,), {}))
        x = name
        if name == "conv2":
            nodes.append(("MaxPool", (x,), ("pooled",), {"kernel_shape": [2, 2], "strides": [2, 2]}))
            x = "pooled"
    nodes.append(("Transpose", (x,), ("last",), {"perm": [0, 2, 3, 1]}))
    nodes.append(("Flatten", ("last",), ("flat",), {"axis": 1}))
    nodes.append(("Gemm", ("flat", "dense/kernel", "dense/bias"), ("logits",), {}))
    nodes.append(("Softmax", ("logits",), ("y",), {"axis": 1}))
    stored |= {name: weights[name] for name in ("dense/kernel", "dense/bias")}
    return onnx_file(nodes, {"image": (1, 1, 8, 8)}, ("y", (1, 10)), stored)


def as_tflite(weights: dict[str, np.ndarray]) -> bytes:
    """Channels last, kernels as [out, height, width, in]."""
    shapes: dict[str, tuple[int, ...]] = {"image": (1, 8, 8, 1)}
    steps, stored, x, side = [], {}, "image", 8
    fields = {"Padding": 0, "StrideW": 1, "StrideH": 1, "FusedActivationFunction": 1}
    fields |= {"DilationWFactor": 1, "DilationHFactor": 1}
    for name, _, given in CONVOLUTIONS:
        stored[f"{name}/kernel"] = np.ascontiguousarray(weights[f"{name}/kernel"].transpose(3, 0, 1, 2))
        stored[f"{name}/bias"] = weights[f"{name}/bias"]
        shapes[name] = (1, side, side, given)
        steps.append(Step("CONV_2D", (x, f"{name}/kernel", f"{name}/bias"), (name,), "Conv2DOptions", fields))
        x = name
        if name == "conv2":
            side //= 2
            shapes["pooled"] = (1, side, side, given)
            pool = {"Padding": 1, "StrideW": 2, "StrideH": 2, "FilterWidth": 2, "FilterHeight": 2}
            steps.append(Step("MAX_POOL_2D", (x,), ("pooled",), "Pool2DOptions", pool))
            x = "pooled"
    count = side * side * CONVOLUTIONS[-1][2]
    shapes |= {"flat": (1, count), "logits": (1, 10), "y": (1, 10)}
    stored["shape"] = np.array([1, count], np.int32)
    stored["dense/kernel"] = np.ascontiguousarray(weights["dense/kernel"].T)
    stored["dense/bias"] = weights["dense/bias"]
    steps.append(Step("RESHAPE", (x, "shape"), ("flat",)))
    steps.append(Step("FULLY_CONNECTED", ("flat", "dense/kernel", "dense/bias"), ("logits",), "FullyConnectedOptions"))
    steps.append(Step("SOFTMAX", ("logits",), ("y",), "SoftmaxOptions", {"Beta": 1.0}))
    return tflite_file(steps, shapes, stored, ["image"], ["y"])

"""Writes small networks as TensorFlow's converter makes them, and what TensorFlow Lite's interpreter gives for them.

    PYTHONPATH=src:tests:<folder of tensorflow-cpu> python tests/importers/tflite_networks.py

TensorFlow is no dependency of the project: `pip install --target <folder> tensorflow-cpu` puts it aside. The files lie
in tests/importers/tflite/, beside answers.npz.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

os.environ.update(
    TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="", TF_USE_LEGACY_KERAS="0", KERAS_BACKEND="tensorflow"
)
import tensorflow as tf  # pyright: ignore[reportMissingImports]  # only who writes the files has it

FOLDER = Path(__file__).parent / "tflite"
ROWS = 2


def pictures(count: int) -> Any:
    return np.random.default_rng(count).uniform(-1, 1, (count, 12, 12, 3)).astype("float32")


def convolutional() -> Any:
    """Convolutions of all kinds, normalized, with a shortcut; pooled; classes."""
    layers = tf.keras.layers
    x = start = tf.keras.Input((12, 12, 3), name="picture")
    x = layers.Conv2D(40, 3, strides=2, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    x = branch = layers.ReLU(6.0)(x)
    x = layers.DepthwiseConv2D(3, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    x = layers.Activation("hard_swish")(x)
    x = layers.Conv2D(40, 1)(x)
    x = layers.Add()([x, branch])
    x = layers.Concatenate()([layers.MaxPooling2D(2)(x), layers.AveragePooling2D(2)(x)])
    x = layers.Conv2DTranspose(6, 3, strides=2, padding="same")(x)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dense(16, activation="relu")(x)
    x = layers.Dense(5, activation="softmax", name="scores")(x)
    model = tf.keras.Model(start, x)
    draw = np.random.default_rng(3)
    for each in model.weights:
        noise = draw.standard_normal(each.shape) * (0.3 if len(each.shape) > 1 else 0.1)
        each.assign(np.abs(noise) + 0.5 if "variance" in each.path or "gamma" in each.path else noise)
    return model


def recurrent() -> Any:
    layers = tf.keras.layers
    start = tf.keras.Input((7, 4), batch_size=1, name="sequence")
    x = layers.LSTM(6)(start)
    model = tf.keras.Model(start, layers.Dense(3)(x))
    draw = np.random.default_rng(4)
    for each in model.weights:
        each.assign(draw.standard_normal(each.shape) * 0.4)
    return model


def converted(model: Any, kind: str) -> bytes:
    """As the converter writes it: of floats, with weights of 8 or 16 bits, or of 8-bit numbers throughout."""
    made = tf.lite.TFLiteConverter.from_keras_model(model)
    if kind != "float":
        made.optimizations = [tf.lite.Optimize.DEFAULT]
    if kind == "float16":
        made.target_spec.supported_types = [tf.float16]
    if kind in ("whole", "bytes"):
        made.representative_dataset = lambda: ([each[None]] for each in pictures(64))
        made.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    if kind == "bytes":
        made.inference_input_type = made.inference_output_type = tf.uint8
    return made.convert()


def answers(data: bytes, x: Any) -> Any:
    """What the reference kernels give for each row."""
    kind = tf.lite.experimental.OpResolverType.BUILTIN_REF
    found = []
    for row in x:
        run = tf.lite.Interpreter(model_content=data, experimental_op_resolver_type=kind)
        run.allocate_tensors()
        run.set_tensor(run.get_input_details()[0]["index"], row[None])
        run.invoke()
        found.append(run.get_tensor(run.get_output_details()[0]["index"])[0])
    return np.stack(found)


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    made: dict[str, Any] = {}
    x = pictures(ROWS)
    network = convolutional()
    for kind in ("float", "float16", "dynamic", "whole", "bytes"):
        data = converted(network, kind)
        (FOLDER / f"{kind}.tflite").write_bytes(data)
        given = np.random.default_rng(8).integers(0, 256, x.shape).astype("uint8") if kind == "bytes" else x
        made[f"{kind}_x"], made[f"{kind}_y"] = given, answers(data, given)
    sequences = np.random.default_rng(5).standard_normal((ROWS, 7, 4)).astype("float32")
    data = converted(recurrent(), "float")
    (FOLDER / "recurrent.tflite").write_bytes(data)
    made["recurrent_x"], made["recurrent_y"] = sequences, answers(data, sequences)
    np.savez_compressed(FOLDER / "answers.npz", **made)


if __name__ == "__main__":
    main()

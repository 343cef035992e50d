"""Graphs with loops, branches and lists of tensors, as TensorFlow writes them, in both of its forms.

`pip install --target FOLDER tensorflow-cpu`, then `PYTHONPATH=FOLDER python tests/importers/tensorflow_control.py`:
writes `tensorflow/control/*.pb` and control.npz, inputs and what TensorFlow gives. The tests read these."""

from __future__ import annotations

from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent / "tensorflow" / "control"


def cases(tf, keras):
    """name -> (function, arrays)"""
    random = np.random.default_rng(0)

    def numbers(*shape):
        return random.normal(0, 0.5, shape).astype("float32")

    w = tf.constant(numbers(3, 3))

    def few(x):
        return tf.while_loop(lambda i, x: i < 3, lambda i, x: (i + 1, tf.tanh(x @ w)), (0, x))[1]

    def many(x):
        return tf.while_loop(lambda i, x: i < 12, lambda i, x: (i + 1, tf.tanh(x @ w) + x), (0, x))[1]

    def data(x):
        return tf.while_loop(lambda x: tf.reduce_sum(tf.abs(x)) < 50.0, lambda x: (x * 1.5,), (x,))[0]

    def nested(x):
        def outer(i, x):
            return i + 1, tf.while_loop(lambda j, y: j < 2, lambda j, y: (j + 1, y * 1.1 + w[0]), (0, x))[1]

        return tf.while_loop(lambda i, x: i < 6, outer, (0, x))[1]

    def branch(x):
        return tf.cond(tf.reduce_sum(x) > 0.0, lambda: x * 2.0, lambda: x - 1.0)

    def known_branch(x):
        return tf.cond(tf.shape(x)[1] > 2, lambda: x * 2.0, lambda: x - 1.0)

    def case(x):
        index = tf.cast(tf.reduce_sum(tf.abs(x)) * 10.0, tf.int32) % 3
        return tf.switch_case(index, [lambda: x, lambda: x * 2.0, lambda: x * 3.0])

    def mapped(x):
        return tf.map_fn(lambda row: tf.nn.softmax(row) * tf.reduce_sum(row), x)

    def one(x):
        return tf.map_fn(lambda row: row * 2.0 - 1.0, x[:1])

    def accumulated(x):
        return tf.scan(lambda a, row: a * 0.5 + row, x)

    lstm = keras.Sequential([keras.Input((7, 3)), keras.layers.LSTM(4, return_sequences=True), keras.layers.GRU(5)])
    rows = numbers(5, 3)
    return {
        **{name: (function, rows) for name, function in (
            ("few", few), ("many", many), ("data", data), ("nested", nested), ("branch", branch),
            ("known_branch", known_branch), ("case", case), ("mapped", mapped), ("one", one),
            ("accumulated", accumulated),
        )},
        "recurrent": (lambda x: lstm(x), numbers(2, 7, 3)),
    }  # fmt: skip


def main() -> None:
    import keras
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    FOLDER.mkdir(parents=True, exist_ok=True)
    arrays = {}
    for name, (function, x) in cases(tf, keras).items():
        arrays[f"{name}/x"] = x
        arrays[f"{name}/y"] = np.asarray(function(tf.constant(x)))
        concrete = tf.function(function).get_concrete_function(tf.TensorSpec(x.shape, tf.float32, "x"))
        for form, lowered in (("functional", False), ("frames", True)):
            graph = convert_variables_to_constants_v2(concrete, lower_control_flow=lowered).graph.as_graph_def()
            for node in graph.node:
                for key in [key for key in node.attr if key.startswith("_")]:
                    del node.attr[key]
            (FOLDER / f"{name}.{form}.pb").write_bytes(graph.SerializeToString())
    np.savez_compressed(FOLDER / "control.npz", **arrays)


if __name__ == "__main__":
    main()

"""Small files that TensorFlow wrote, with what it computes from them: run with TensorFlow installed to write them anew.

python tests/importers/tensorflow_files.py tests/importers/tensorflow
"""

import json
import shutil
import sys
from pathlib import Path

import numpy as np

X = [[1.0, 2.0], [-3.0, 0.5]]
DTYPES = ("float16", "bfloat16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32")
DTYPES += ("uint64", "bool", "complex64")


def write(folder: Path) -> None:
    import tensorflow as tf

    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    expected = {"served": served(tf, folder), "keras": of_keras(tf, folder), "old": old(tf, folder)}
    constants(tf, folder / "constants.pb")
    for path in folder.rglob("fingerprint.pb"):
        path.unlink()
    for path in [*folder.rglob("assets")]:
        path.rmdir()
    (folder / "expected.json").write_text(json.dumps({"x": X, **expected}, indent=1) + "\n")


def served(tf, folder: Path) -> dict:
    """A SavedModel with three signatures, and one of them frozen."""

    class Served(tf.Module):
        def __init__(self):
            super().__init__()
            self.kernel = tf.Variable(np.linspace(-1, 1, 4, dtype="float32").reshape(2, 2), name="kernel")
            self.bias = tf.Variable([0.5, -0.25], name="bias", trainable=False)

        @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32, name="x")])
        def inner(self, x):
            return tf.nn.relu(x @ self.kernel + self.bias)

        @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32, name="x")])
        def scores(self, x):
            y = self.inner(x)
            return {"scores": tf.nn.softmax(y, name="softmax"), "best": tf.math.top_k(y, 1).indices}

        @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32, name="x")])
        def repeat(self, x):
            return tf.while_loop(lambda k, v: k < 3, lambda k, v: (k + 1, v @ self.kernel), [0, x])[1]

        @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32), tf.TensorSpec([], tf.bool)])
        def choose(self, x, flag):
            return tf.cond(flag, lambda: x @ self.kernel, lambda: x * 2.0)

    model = Served()
    signatures = {"scores": model.scores, "repeat": model.repeat, "choose": model.choose}
    tf.saved_model.save(model, str(folder / "served"), signatures=signatures)
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    frozen = convert_variables_to_constants_v2(model.scores.get_concrete_function()).graph.as_graph_def()
    (folder / "frozen.pb").write_bytes(frozen.SerializeToString())
    found = model.scores(tf.constant(X))
    return {"scores": found["scores"].numpy().tolist(), "best": found["best"].numpy().tolist(),
            "inner": model.inner(tf.constant(X)).numpy().tolist()}  # fmt: skip


def of_keras(tf, folder: Path) -> list:
    """What `export` of a Keras model writes."""
    tf.keras.utils.set_random_seed(3)
    layers = [tf.keras.Input((2,), name="x"), tf.keras.layers.Dense(3, activation="relu", name="hidden"),
              tf.keras.layers.Dense(2, activation="softmax", name="scores")]  # fmt: skip
    model = tf.keras.Sequential(layers)
    model.export(folder / "keras", verbose=False)
    return model(tf.constant(X)).numpy().tolist()


def old(tf, folder: Path) -> list:
    """TensorFlow 1: a session's SavedModel with variables of references, and the same frozen."""
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        x = v1.placeholder("float32", [None, 2], name="x")
        kernel = v1.get_variable("dense/kernel", initializer=np.eye(2, 3, dtype="float32"), use_resource=False)
        bias = v1.get_variable("dense/bias", initializer=np.ones(3, "float32"), use_resource=True)
        v1.get_variable("step", initializer=7, trainable=False)
        scale = v1.get_variable("scale", initializer=2.0, trainable=False, use_resource=False)
        rate = v1.placeholder_with_default(tf.constant(1.0), [], name="rate")
        hidden = tf.nn.relu(x @ kernel + bias, name="hidden")
        y = tf.identity(hidden * scale * rate, name="y")
        session.run(v1.global_variables_initializer())
        v1.saved_model.simple_save(session, str(folder / "old"), {"in": x}, {"out": y})
        frozen = v1.graph_util.convert_variables_to_constants(session, v1.get_default_graph().as_graph_def(), ["y"])
        (folder / "old.pb").write_bytes(frozen.SerializeToString())
        return session.run(y, {x: X}).tolist()


def constants(tf, path: Path) -> None:
    """A constant of each dtype, in the fields that messages have for it, and as bytes."""
    graph = tf.compat.v1.GraphDef()

    def add(name: str, proto) -> None:
        node = graph.node.add(name=name, op="Const")
        node.attr["value"].tensor.CopyFrom(proto)
        node.attr["dtype"].type = proto.dtype

    for dtype in DTYPES:
        values = tf.cast(tf.constant([1, 0, 3, 1, 1, 1]), dtype)
        add(f"{dtype}/bytes", tf.make_tensor_proto(values.numpy(), dtype))
        short = tf.make_tensor_proto(values[0].numpy(), dtype)  # single numbers stand in fields
        for value in values[1:3]:
            short.MergeFrom(tf.make_tensor_proto(value.numpy(), dtype))
        short.tensor_shape.dim.add(size=6)
        add(f"{dtype}/field", short)
    add("text", tf.make_tensor_proto(["to be", "or not"]))
    path.write_bytes(graph.SerializeToString())


if __name__ == "__main__":
    write(Path(sys.argv[1]))

"""SavedModels and frozen graphs of every kind that TensorFlow 2.21 writes, with what it computes from them.

`pip install --target FOLDER tensorflow-cpu tf_keras`, then `PYTHONPATH=tests:FOLDER python
tests/importers/tensorflow_models.py [name ...]`: writes `tensorflow/models/NAME.zip`, a SavedModel, or NAME.pb, and
NAME.npz: inputs `x/...` and outputs `y/...` by name. The tests read these.
"""

from __future__ import annotations

import os
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="", TF_ENABLE_ONEDNN_OPTS="0")
os.environ["KERAS_BACKEND"] = "tensorflow"
import keras  # pyright: ignore[reportMissingImports]  # only who writes the files has it
import tensorflow as tf  # pyright: ignore[reportMissingImports]  # the same

FOLDER = Path(__file__).parent / "tensorflow" / "models"
EPOCH = (1980, 1, 1, 0, 0, 0)
Write = Callable[[Path], None]
MODELS: dict[str, Callable[[], tuple[Write, dict[str, np.ndarray], str | None]]] = {}
GRAPHS: dict[str, Callable[[], tuple]] = {}
MORE: dict[str, dict[str, np.ndarray]] = {}  # what is kept beside inputs and outputs
random = np.random.default_rng(0)


def numbers(*shape, scale=0.6):
    return random.normal(0, scale, shape).astype("float32")


def model(function):
    """A case that writes a SavedModel: its writer, inputs by name, and the signature."""
    MODELS[function.__name__] = function
    return function


def graph(function):
    """A case that is frozen: a function of tensors, inputs by name, and where a CPU has not its operations a function
    that gives the same."""
    GRAPHS[function.__name__] = function
    return function


def spread(network):
    """Weights that are not those of a beginning."""
    for each in network.weights:
        if each.dtype.startswith("float") if isinstance(each.dtype, str) else each.dtype.is_floating:
            is_scale = any(word in each.name for word in ("gamma", "variance"))
            each.assign(np.abs(numbers(*each.shape)) + 0.5 if is_scale else numbers(*each.shape, scale=0.4))
    return network


def exported(network):
    return lambda folder: spread(network).export(folder, verbose=False)


def saved(module, **signatures):
    return lambda folder: tf.saved_model.save(module, str(folder), signatures=signatures or None)


L = keras.layers


# Keras 3


@model
def keras_pictures():
    """Every kind of convolution, normalized, with open rows."""
    x = keras.Input((9, 8, 3), name="image")
    y = L.Conv2D(4, 3, strides=2, padding="same", use_bias=False)(L.Rescaling(1 / 127.5, -1)(x))
    y = L.ReLU(6)(L.BatchNormalization()(y))
    y = L.DepthwiseConv2D(3, depth_multiplier=2, padding="same")(y)
    y = L.SeparableConv2D(5, 3, depth_multiplier=2, activation="silu", padding="same")(y)
    up = L.Conv2DTranspose(3, 3, strides=2, padding="same")(y)
    up = L.UpSampling2D(2, interpolation="bilinear")(up)
    wide = L.Conv2D(4, 2, dilation_rate=2, groups=1, activation="gelu")(L.ZeroPadding2D(((1, 0), (0, 2)))(up))
    pooled = L.Concatenate()([L.GlobalAveragePooling2D()(y), L.GlobalMaxPooling2D()(wide)])
    return exported(keras.Model(x, [L.Dense(3, activation="softmax", name="classes")(pooled), up])), {
        "image": random.integers(0, 255, (2, 9, 8, 3)).astype("float32")
    }, None  # fmt: skip


@model
def keras_ends():
    """Two inputs by name, one of whole numbers, and outputs by name."""
    words, numbers_ = keras.Input((6,), dtype="int32", name="words"), keras.Input((4,), name="numbers")
    y = L.GlobalAveragePooling1D()(L.Embedding(9, 5)(words))
    y = L.Dot(1, normalize=True)([L.Dense(4, activation="elu")(y), numbers_])
    z = L.LayerNormalization()(L.PReLU()(L.Dense(4)(numbers_)))
    made = keras.Model({"words": words, "numbers": numbers_}, {"alike": y, "normal": z})
    return exported(made), {"words": random.integers(0, 9, (3, 6)).astype("int32"), "numbers": numbers(3, 4)}, None


@model
def keras_recurrent():
    """Loops over lists of tensors, forwards and backwards, and one that is written out."""
    x = keras.Input((6, 3), name="x")
    y = L.Bidirectional(L.LSTM(3, return_sequences=True))(x)
    y = L.GRU(4, return_sequences=True, reset_after=True)(y)
    y = L.LSTM(3, return_sequences=True, unroll=True)(y)
    y = L.GRU(3, return_sequences=True, reset_after=False, go_backwards=True)(y)
    return exported(keras.Model(x, [L.SimpleRNN(2)(y), L.ConvLSTM1D(2, 2)(L.Reshape((3, 2, 3))(y))])), {
        "x": numbers(2, 6, 3)
    }, None  # fmt: skip


@model
def keras_loops():
    """Loops that are trained: with the gradients of a mean squared error with respect to every weight."""
    made = keras.Sequential([keras.Input((6, 3), name="x"), L.LSTM(4, return_sequences=True), L.GRU(3), L.Dense(2)])
    x, target = numbers(4, 6, 3), numbers(4, 2)

    def write(folder):
        spread(made).export(folder, verbose=False)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((made(x) - target) ** 2)
        weights = made.trainable_variables
        slopes = zip(weights, tape.gradient(loss, weights), strict=True)
        MORE["keras_loops"] = {"target": target, **{f"g/{each.path}": slope for each, slope in slopes}}

    return write, {"x": x}, None


@model
def keras_attention():
    """A block of a transformer."""
    x = keras.Input((5, 8), name="x")
    y = L.Add()([x, L.MultiHeadAttention(2, 4)(x, x, use_causal_mask=True)])
    y = L.LayerNormalization(epsilon=1e-6)(y)
    y = L.Add()([y, L.Dense(8)(L.Dense(12, activation="gelu")(y))])
    return exported(keras.Model(x, L.GroupNormalization(2)(y))), {"x": numbers(2, 5, 8)}, None


@model
def keras_prepared():
    """Layers that prepare data."""
    x = keras.Input((4,), name="x")
    normal = L.Normalization(mean=[0.1, 0.2, 0.3, 0.4], variance=[1.0, 2.0, 3.0, 4.0])(x)
    kinds = keras.Input((2,), dtype="int32", name="kinds")
    coded = L.CategoryEncoding(5, output_mode="multi_hot")(kinds)
    steps = L.Discretization(bin_boundaries=[-0.5, 0.0, 0.5])(x)
    made = keras.Model([x, kinds], [L.Dense(3)(L.Concatenate()([normal, coded])), steps])
    return exported(made), {"x": numbers(3, 4), "kinds": random.integers(0, 5, (3, 2)).astype("int32")}, None


@model
def keras_sound():
    """One dimension and three."""
    x = keras.Input((12, 2), name="x")
    y = L.Conv1D(4, 3, padding="causal", dilation_rate=2, activation="relu")(x)
    y = L.MaxPooling1D(2)(L.SeparableConv1D(6, 3, padding="same")(y))
    y = L.Conv1DTranspose(3, 3, strides=2, padding="same")(y)
    z = L.Conv3D(2, 2, padding="same")(L.Reshape((3, 2, 3, 2))(y))
    return exported(keras.Model(x, [L.AveragePooling3D((2, 1, 2))(z), L.UpSampling1D(2)(y)])), {
        "x": numbers(2, 12, 2)
    }, None  # fmt: skip


@model
def keras_trained():
    """Compiled, trained a little, and saved with all of its functions."""
    made = keras.Sequential([keras.Input((4,)), L.Dense(5, activation="tanh"), L.Dropout(0.5), L.Dense(2)])
    made.compile("adam", "mse")
    made.fit(numbers(8, 4), numbers(8, 2), epochs=1, verbose=0)
    return saved(made), {"inputs": numbers(3, 4)}, None


@model
def keras_2():
    """What tf_keras saves: signatures, losses, training functions and all."""
    import tf_keras  # pyright: ignore[reportMissingImports]  # the same

    old = tf_keras.layers
    x = tf_keras.Input((7, 6, 3), name="image")
    y = old.BatchNormalization()(old.Conv2D(4, 3, activation="relu")(x))
    y = old.LSTM(3)(old.Reshape((5, 16))(old.DepthwiseConv2D(2, depth_multiplier=1, padding="same")(y)))
    made = tf_keras.Model(x, old.Dense(2, activation="softmax", name="scores")(y))
    made.compile("adam", "categorical_crossentropy")
    made.fit(numbers(4, 7, 6, 3), np.eye(2, dtype="float32")[[0, 1, 0, 1]], verbose=0)
    return lambda folder: made.save(str(folder), save_format="tf"), {"image": numbers(2, 7, 6, 3)}, None


# tf.Module


class Shared(tf.Module):
    """Signatures over the same variables, through calls of calls."""

    def __init__(self):
        super().__init__()
        self.kernel = tf.Variable(numbers(3, 3), name="kernel")
        self.steps = tf.Variable(3, trainable=False, name="steps")
        self.scale = [tf.Variable(0.5, name="scale"), tf.Variable(numbers(3), name="offset")]

    @tf.function
    def inner(self, x):
        return tf.tanh(x @ self.kernel) * self.scale[0]

    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32, name="x")])
    def middle(self, x):
        return self.inner(self.inner(x) + self.scale[1])

    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32, name="x")])
    def first(self, x):
        return {"both": self.middle(x) + self.inner(x), "best": tf.argmax(self.middle(x), 1)}

    @tf.function(input_signature=[tf.TensorSpec([2, 3], tf.float32, name="x")])
    def looped(self, x):
        kept = tf.TensorArray(tf.float32, 4)
        for k in tf.range(4):
            x = self.inner(x) + tf.cast(k, tf.float32) * self.scale[1]
            kept = kept.write(k, tf.reduce_sum(x, 1))
        return {"last": x, "kept": kept.stack()}

    @tf.function(input_signature=[tf.TensorSpec([None, None, 3], tf.float32, name="x")])
    def rows(self, x):
        flat = tf.reshape(x, [-1, 3]) @ self.kernel
        return {"rows": tf.reshape(flat, tf.shape(x)), "longest": tf.reduce_max(tf.norm(x, axis=-1), axis=1)}

    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32, name="x")])
    def recursive(self, x):
        def body(k, x):
            y = tf.cond(tf.reduce_sum(x) > 0.0, lambda: self.inner(x), lambda: x * self.scale[0])
            return k + 1, y

        return {"y": tf.while_loop(lambda k, x: k < self.steps_known, body, (0, x))[1]}

    steps_known = 3


def of_shared(name, x):
    def make():
        module = Shared()
        names = ("first", "looped", "rows", "recursive")
        return saved(module, **{each: getattr(module, each) for each in names}), {"x": x}, name

    MODELS[f"module_{name}"] = make


class Switched(tf.Module):
    """One of several branches is taken, each with variables of its own."""

    def __init__(self):
        super().__init__()
        self.kernels = [tf.Variable(numbers(3, 3), name=f"kernel_{k}") for k in range(3)]

    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32, name="x")])
    def run(self, x):
        number = tf.cast(tf.reduce_max(x) * 4.0, tf.int32) % 3
        return {"y": tf.switch_case(number, [lambda kernel=each: tf.tanh(x @ kernel) for each in self.kernels])}


@model
def module_switched():
    module = Switched()
    return saved(module, switched=module.run), {"x": numbers(2, 3)}, "switched"


of_shared("first", numbers(4, 3))
of_shared("looped", numbers(2, 3))
of_shared("rows", numbers(2, 5, 3))
of_shared("recursive", numbers(2, 3))


@model
def lookups():
    """Tables of whole numbers."""

    class Lookups(tf.Module):
        def __init__(self):
            super().__init__()
            content = tf.lookup.KeyValueTensorInitializer(
                tf.constant([3, 7, 11, 2], tf.int64), tf.constant([0.5, 1.5, -1.0, 2.0]))  # fmt: skip
            self.table = tf.lookup.StaticHashTable(content, -9.0)

        @tf.function(input_signature=[tf.TensorSpec([None], tf.int64, name="x")])
        def __call__(self, x):
            return {"y": self.table.lookup(x), "size": x * self.table.size()}

    module = Lookups()
    return saved(module, serving_default=module.__call__), {"x": np.array([7, 5, 3, 2, 11, 0])}, None


@model
def keras_lookup():
    """Keras's table of whole numbers."""
    x = keras.Input((3,), dtype="int64", name="x")
    y = L.IntegerLookup(vocabulary=[12, 36, 1138, 42], num_oov_indices=1)(x)
    made = keras.Model(x, L.Dense(2)(L.CategoryEncoding(5, output_mode="multi_hot")(y)))
    return exported(made), {"x": np.array([[12, 36, 1138], [42, 12, 7]])}, None


@model
def learning_phase():
    """TensorFlow 1: what is trained in one way and used in another, as a switch that a placeholder turns."""
    v1 = tf.compat.v1
    x, w = numbers(3, 4), numbers(4, 4)

    def write(folder):
        v1.disable_control_flow_v2()
        try:
            with tf.Graph().as_default(), v1.Session() as session:
                given = v1.placeholder("float32", [None, 4], name="x")
                phase = v1.placeholder_with_default(tf.constant(False), [], name="learning_phase")
                kernel = v1.get_variable("kernel", initializer=w, use_resource=False)
                y = tf.nn.relu(given @ kernel)
                y = v1.cond(phase, lambda: tf.nn.dropout(y, 0.5), lambda: tf.identity(y))
                y = v1.while_loop(lambda k, z: k < 3, lambda k, z: (k + 1, tf.tanh(z @ kernel)), [0, y])[1]
                session.run(v1.global_variables_initializer())
                v1.saved_model.simple_save(session, str(folder), {"x": given}, {"y": tf.identity(y, name="end")})
        finally:
            v1.enable_control_flow_v2()

    return write, {"x": x}, None


# Files


def packed(folder, path):
    """A folder as a zip whose bytes depend on nothing else."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for each in sorted(folder.rglob("*")):
            if each.is_file() and each.name not in ("fingerprint.pb", "keras_metadata.pb"):
                entry = zipfile.ZipInfo(str(each.relative_to(folder)), EPOCH)
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, each.read_bytes())


def keep(name, xs, ys):
    arrays = {f"x/{key}": x for key, x in xs.items()} | {f"y/{key}": np.asarray(y) for key, y in ys.items()}
    np.savez_compressed(FOLDER / f"{name}.npz", **arrays, **MORE.get(name, {}))


def write_model(name):
    write, xs, signature = MODELS[name]()
    with TemporaryDirectory() as place:
        folder = Path(place) / name
        write(folder)
        run = tf.saved_model.load(str(folder)).signatures[signature or "serving_default"]
        keep(name, xs, run(**{key: tf.constant(x) for key, x in xs.items()}))
        packed(folder, FOLDER / f"{name}.zip")


def write_graph(name):
    from tensorflow.python.framework import convert_to_constants  # pyright: ignore[reportMissingImports]  # the same

    function, xs, *twin = GRAPHS[name]()
    specs = [tf.TensorSpec(x.shape, x.dtype, key) for key, x in xs.items()]
    concrete = tf.function(function).get_concrete_function(*specs)
    concrete = convert_to_constants.convert_variables_to_constants_v2(concrete)
    found = (twin[0] if twin else concrete)(*map(tf.constant, xs.values()))
    definition = concrete.graph.as_graph_def()
    for node in definition.node:
        for key in [key for key in node.attr if key.startswith("_")]:
            del node.attr[key]
    names = [each.name.removesuffix(":0") for each in concrete.outputs]
    if not name.startswith("refused_"):
        keep(name, xs, dict(zip(names, tf.nest.flatten(found), strict=True)))
    (FOLDER / f"{name}.pb").write_bytes(definition.SerializeToString())


def main(names):
    from importers import tensorflow_graphs, tensorflow_lists  # noqa: F401  # their cases

    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in names or [*MODELS, *GRAPHS]:
        try:
            write_model(name) if name in MODELS else write_graph(name)
        except Exception as error:
            print(f"{name}: {type(error).__name__}: {str(error)[:600]}")


if __name__ == "__main__":
    sys.modules["importers.tensorflow_models"] = sys.modules["__main__"]
    main(sys.argv[1:])

"""Do operations between a Keras model's layers become functions of Fanlight, and these operations of Keras?"""

import importlib
import inspect

import keras
import numpy as np
import pytest

import fanlight as fl
from fanlight.errors import UnsupportedOp
from fanlight.layers.keras_operations import MODULE_OF, called_with, function_of
from fanlight.layers.operation import known_function
from layers.nearness import error

LACKING = {"LayerNorm": {"rms_scaling"}}  # refused where it is true


@pytest.mark.parametrize("kind", sorted(MODULE_OF))
def test_the_table_is_keras(kind):
    """Each class is where the table says, and splits its arguments so between config and call."""
    theirs = getattr(importlib.import_module(f"keras.src.ops.{MODULE_OF[kind]}"), kind)
    ours = set(inspect.signature(known_function(function_of(kind))).parameters)
    in_call = [name for name in inspect.signature(theirs.call).parameters if name not in ("self", "kwargs")]
    in_config = set(inspect.signature(theirs.__init__).parameters) - {"self", "name", "kwargs"}
    assert set(in_call) == set(called_with(kind))
    assert in_config | set(in_call) <= ours | LACKING.get(kind, set())


def inputs():
    return keras.Input((3, 4), name="x"), keras.Input((3, 4), name="y")


K = keras.ops
FUNCTIONS = {
    "arithmetic": lambda x, y: 1 / (x * 2 + y**2 + 1) - 3,
    "negation": lambda x, y: -abs(x) // 2 + y % 0.5,
    "subscripts": lambda x, y: x[:, 1:, ..., None] + K.expand_dims(y[:, 1:], -1),
    "the class of a picture": lambda x, y: x[:, 0] * np.float32([1, 2, 3, 4]) + y[:, -1],
    "joins": lambda x, y: K.stack([K.concatenate([x, y], axis=-1), K.concatenate([y, x], axis=-1)], axis=1),
    "products": lambda x, y: K.einsum("bij,bkj->bik", x, y) + K.matmul(x, K.transpose(y, (0, 2, 1))),
    "choices": lambda x, y: K.where(K.logical_and(x > y, y != 0.5), x, 0.0) + K.maximum(x, y),
    "casts": lambda x, y: K.cast(x >= y, "float32") * K.clip(x, 0.3, 0.7),
    "reductions": lambda x, y: K.mean(x, axis=1, keepdims=True) + K.max(y, axis=-1, keepdims=True) + K.sum(x),
    "shapes": lambda x, y: K.squeeze(K.reshape(x, (-1, 12, 1)), -1) + K.reshape(K.swapaxes(y, 1, 2), (-1, 12)),
    "activations": lambda x, y: keras.activations.gelu(x) + K.softmax(y) + keras.activations.relu(x, max_value=0.5),
    "splits": lambda x, y: K.split(x, 2, axis=-1)[1] * K.split(y, [2], axis=-1)[0],
    "pictures": lambda x, y: K.image.resize(K.expand_dims(x * y, -1), (5, 6)),
    "normal forms": lambda x, y: K.normalize(x) + K.logsumexp(y, axis=-1, keepdims=True) + K.cumsum(x, axis=1),
    "one place": lambda x, y: K.one_hot(K.argmax(x, axis=-1), 4) + K.take(y, 2, axis=-1)[..., None],
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_both_ways(name, tmp_path):
    x, y = inputs()
    model = keras.Model([x, y], FUNCTIONS[name](x, y))
    model.save(tmp_path / "keras.keras")
    rng = np.random.default_rng(5)
    data = [rng.uniform(0.1, 1, (5, 3, 4)).astype("float32") for _ in range(2)]
    expected = np.asarray(model(data))
    ours = fl.load(tmp_path / "keras.keras")
    assert error(ours.predict(data), expected) <= 1e-5
    ours.save(tmp_path / "ours.keras")
    assert error(keras.saving.load_model(tmp_path / "ours.keras")(data), expected) <= 1e-5
    assert error(fl.from_keras(model).predict(data), expected) <= 1e-5


def test_a_mask_that_keras_writes_as_a_comparison(tmp_path):
    words = keras.Input((6,), dtype="int32")
    x = keras.layers.Embedding(9, 4, mask_zero=True)(words)
    model = keras.Model(words, keras.layers.Dense(2)(keras.layers.Bidirectional(keras.layers.GRU(3))(x)))
    model.save(tmp_path / "keras.keras")
    data = np.array([[3, 4, 0, 0, 0, 0], [1, 2, 3, 4, 5, 0], [0, 0, 0, 0, 0, 0]], "int32")
    ours, expected = fl.load(tmp_path / "keras.keras"), np.asarray(model(data))
    assert error(ours.predict(data), expected) <= 1e-5
    ours.save(tmp_path / "ours.keras")
    assert error(keras.saving.load_model(tmp_path / "ours.keras")(data), expected) <= 1e-5


def test_a_function_that_keras_has_not_is_named(tmp_path):
    x = fl.Input((4,))
    with pytest.raises(UnsupportedOp, match=r"fl\.cummax"):
        fl.Model(x, fl.cummax(x, axis=1)).save(tmp_path / "model.keras")


def test_an_operation_that_fanlight_lacks_is_refused(tmp_path):
    x = keras.Input((4, 4))
    keras.Model(x, keras.ops.real(keras.ops.eig(x)[0])).save(tmp_path / "model.keras")
    with pytest.raises(UnsupportedOp, match="Eig"):
        fl.load(tmp_path / "model.keras")

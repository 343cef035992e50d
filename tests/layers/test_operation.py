"""Can one write arithmetic between layers? Operators and functions of `fl.*` on symbols, recorded as layers."""

import json

import numpy as np
import pytest

import fanlight as fl
from fanlight.errors import ShapeError, UnsupportedOp
from fanlight.layers.architecture import from_record, to_record


def model_of(function, *shapes):
    symbols = [fl.Input(shape) for shape in shapes]
    return fl.Model(symbols, function(*symbols))


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


# (of symbols, of NumPy arrays)
FUNCTIONS = {
    "arithmetic": (lambda x, y: 1 / (x * 2 + y**2 + 1) - 3, lambda x, y: 1 / (x * 2 + y**2 + 1) - 3),
    "a subscript": (lambda x, y: x[:, 1:, ..., None] + y[:, 0, 2, None, None, None], None),
    "an array": (lambda x, y: x * np.float32([1, 2, 3, 4]) + y, None),
    "a join": (lambda x, y: fl.concatenate([x, y], axis=-1), lambda x, y: np.concatenate([x, y], axis=-1)),
    "products": (
        lambda x, y: fl.einsum("bij,bkj->bik", x, y) + x @ fl.transpose(y, (0, 2, 1)),
        lambda x, y: 2 * np.einsum("bij,bkj->bik", x, y),
    ),
    "a choice": (
        lambda x, y: fl.where(x > y, x, fl.softmax(y)),
        lambda x, y: np.where(x > y, x, softmax(y)),
    ),
    "shapes": (
        lambda x, y: fl.reshape(fl.mean(x, axis=1, keepdims=True), (-1, 2, 2)),
        lambda x, y: x.mean(1, keepdims=True).reshape(-1, 2, 2),
    ),
    "methods": (lambda x, y: x.reshape(-1, 12).sum(axis=1) + np.tanh(y).max(axis=(1, 2)), None),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_is_written_is_computed(name):
    ours, numpys = FUNCTIONS[name]
    model = model_of(ours, (3, 4), (3, 4))
    rng = np.random.default_rng(2)
    x, y = (rng.uniform(0.1, 1, (5, 3, 4)).astype("float32") for _ in range(2))
    np.testing.assert_allclose(model.predict([x, y]), (numpys or ours)(x, y), rtol=1e-5, atol=1e-6)
    record = json.loads(json.dumps(to_record(model.network)))
    again = fl.Model.of_network(from_record(record))
    np.testing.assert_array_equal(again.predict([x, y]), model.predict([x, y]))


def test_several_outputs_are_several_symbols():
    first, second = fl.split(fl.Input((4,)), 2, axis=1)
    assert first.shape[1:] == second.shape[1:] == (2,)


def test_a_function_of_images_is_one_too():
    model = model_of(lambda x: fl.image.resize(x, (4, 4)), (2, 2, 1))
    x = np.ones((1, 2, 2, 1), "float32")
    np.testing.assert_allclose(model.predict(x), np.ones((1, 4, 4, 1)), rtol=1e-6)


def test_gradients_pass(tmp_path):
    x = fl.Input((2,))
    model = fl.Model(x, fl.layers.Dense(1)(x * 2 - 1)[:, 0])
    model.compile(fl.optimizers.Adam(0.1), "mse")
    data = np.random.default_rng(0).normal(size=(64, 2)).astype("float32")
    history = model.fit(data, data.sum(1), epochs=20, verbose=0)
    assert history.history["loss"][-1] < history.history["loss"][0] / 10
    model.export(tmp_path / "site", train=True)
    assert fl.load(tmp_path / "site").predict(data[:3]) == pytest.approx(model.predict(data[:3]), abs=1e-6)


@pytest.mark.parametrize(
    ("wrong", "error", "says"),
    [
        (lambda x: bool(x), TypeError, "no truth value"),
        (lambda x: float(x), TypeError, "no content"),
        (lambda x: list(x), TypeError, "unstack"),
        (lambda x: fl.shape(x), ShapeError, "gives arrays"),
        (lambda x: x + np.zeros((200, 100)), UnsupportedOp, "at most 4096 numbers"),
        (lambda x: fl.relu(x, x, x), TypeError, "too many"),
        (lambda x: x[:, 9], ShapeError, "below 4"),
        (lambda x: fl.layers.Operation("system")(x), UnsupportedOp, r"fl\.\*"),
        (lambda x: fl.layers.Operation("image.system")(x), UnsupportedOp, r"fl\.image"),
    ],
)
def test_what_cannot_be_is_said(wrong, error, says):
    with pytest.raises(error, match=says):
        wrong(fl.Input((4,)))

"""Do regularizers and constraints do what Keras's do: on their own, and in a training step?"""

import keras
import numpy as np
import pytest

import fanlight as fl
from evaluate import evaluate_graph
from fanlight.errors import UnknownNameError, UnsupportedOp
from fanlight.ir.graph import Graph, Input, apply
from fanlight.ir.types import Type
from fanlight.layers import constraints, regularizers

REGULARIZERS = [
    ("L1", dict(l1=0.5)),
    ("L2", dict(l2=0.3)),
    ("L1L2", dict(l1=0.1, l2=0.2)),
    ("OrthogonalRegularizer", dict(factor=0.5)),
    ("OrthogonalRegularizer", dict(factor=0.25, mode="columns")),
]
CONSTRAINTS = [
    ("MaxNorm", dict(max_value=0.7)),
    ("MaxNorm", dict(max_value=0.7, axis=(0, 1))),
    ("NonNeg", {}),
    ("UnitNorm", dict(axis=1)),
    ("MinMaxNorm", dict(min_value=0.5, max_value=1.0, rate=0.8)),
]


def value_of(rule, array):
    x = apply(Input("x", Type("float32", array.shape)))
    found, _ = evaluate_graph(Graph((x,), {"y": rule(x)}), [array])
    return found["y"]


@pytest.mark.parametrize(("name", "options"), REGULARIZERS)
def test_regularizers(rng, name, options):
    theirs, w = getattr(keras.regularizers, name)(**options), rng.normal(size=(4, 3)).astype("float32")
    ours = regularizers.get({"class_name": name, "config": theirs.get_config()})
    assert ours == getattr(regularizers, name)(**options)
    np.testing.assert_allclose(value_of(ours, w), np.asarray(theirs(keras.ops.convert_to_tensor(w))), rtol=2e-6)


@pytest.mark.parametrize(("name", "options"), CONSTRAINTS)
def test_constraints(rng, name, options):
    theirs, w = getattr(keras.constraints, name)(**options), rng.normal(size=(4, 3)).astype("float32")
    ours = constraints.get({"class_name": name, "config": theirs.get_config()})
    np.testing.assert_allclose(value_of(ours, w), np.asarray(theirs(keras.ops.convert_to_tensor(w))), rtol=2e-6)


def test_what_is_not_known_is_refused():
    with pytest.raises(UnknownNameError, match="l3"):
        fl.layers.Dense(1, kernel_regularizer="l3")
    with pytest.raises(UnsupportedOp, match="l9"):
        regularizers.get({"class_name": "L1", "config": {"l9": 1}})


def test_a_step_of_training_counts_both(rng):
    words = dict(
        kernel_regularizer="l2", bias_regularizer="l1", kernel_constraint="max_norm", bias_constraint="non_neg"
    )
    dense = keras.layers.Dense(4, **words, activity_regularizer=keras.regularizers.L1L2(0.25, 0.5), name="first")
    ours = fl.Sequential([fl.Input((3,)), fl.layers.Dense.from_config(dense.get_config()), fl.layers.Dense(1)])
    theirs = keras.Sequential([keras.Input((3,)), dense, keras.layers.Dense(1)])
    ours.compile("sgd", "mse")
    theirs.compile("sgd", "mse")
    weights = [rng.normal(size=w.shape).astype("float32") * 3 for w in theirs.get_weights()]
    theirs.set_weights(weights)
    ours.set_weights(dict(zip(["first/kernel", "first/bias", "dense/kernel", "dense/bias"], weights, strict=True)))
    x, y = rng.normal(size=(8, 3)).astype("float32"), rng.normal(size=(8, 1)).astype("float32")
    for _ in range(3):
        theirs.reset_metrics()
        np.testing.assert_allclose(ours.train_on_batch(x, y)["loss"], theirs.train_on_batch(x, y), rtol=2e-5)
    for array, expected in zip(weights_of(ours), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(array, expected, rtol=2e-5, atol=1e-6)
    np.testing.assert_allclose(ours.evaluate(x, y)["loss"], theirs.evaluate(x, y, verbose=0), rtol=2e-5)


def weights_of(model):
    state = model.weights()
    return [state[name] for name in ("first/kernel", "first/bias", "dense/kernel", "dense/bias")]

"""Are losses and metrics Keras's? Values and gradients, from probabilities and from logits, in and out of bounds."""

import keras
import numpy as np
import pytest

from evaluate import evaluate_graph
from fanlight.errors import ShapeError, UnknownNameError, UnsupportedOp
from fanlight.ir.graph import Graph, Input, apply
from fanlight.ir.types import Type
from fanlight.ops import functions as fn
from fanlight.training import losses

N, CLASSES = 6, 5


def evaluate(loss, target, prediction, activation=None):
    """(value of each row, gradient of their mean) of a loss on `prediction`, or on an activation of it."""
    y = apply(Input("y", loss.target(Type("float32", prediction.shape))))
    x = apply(Input("x", Type("float32", prediction.shape)))
    output, logits = x, None
    if activation:
        output = getattr(fn, activation)(x)
        logits = (activation, x)
    each = loss.each(y, output, logits)
    graph = Graph((y, x), {"each": each, "gradient": fn.gradient(fn.mean(each), x)})
    found, _ = evaluate_graph(graph, [target.astype(y.dtype), prediction])
    return found["each"], found["gradient"]


def keras_loss(function, target, prediction, activation=None):
    import jax

    def each(x):
        output = getattr(keras.ops, activation)(x) if activation else x
        return function(target, output)

    return np.asarray(each(prediction)), np.asarray(jax.grad(lambda x: keras.ops.mean(each(x)))(prediction))


def softmax(x):
    powers = np.exp(x - x.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def keras_function(name, **options):
    """Keras's function of that name; one of them has no defaults."""
    if name == "categorical_generalized_cross_entropy":
        options = {"q": 0.5, **options}
    return lambda target, prediction: getattr(keras.losses, name)(target, prediction, **options)


def rows(rng, name):
    """(targets, predictions) that a loss of probabilities takes, or the logits of CTC, the directions of Circle."""
    if name == "ctc":
        labels = np.int32([[1, 2, 2, 0, 0, 0, 0], [3, 1, 4, 1, 0, 0, 0], [0] * 7, [4, 4, 4, 4, 0, 0, 0]])
        return labels, rng.normal(size=(4, 7, CLASSES)).astype("float32")
    prediction = rng.normal(size=(N, CLASSES))
    if name == "circle":
        lengths = np.linalg.norm(prediction, axis=-1, keepdims=True)
        return np.int32([0, 1, 0, 2, 1, 3]), (prediction / lengths).astype("float32")
    return targets(rng, name), softmax(prediction).astype("float32")


def targets(rng, name):
    if name.startswith(("sparse", "categorical_generalized")):
        return rng.integers(0, CLASSES, N).astype("int32")
    if name in ("categorical_crossentropy", "categorical_focal_crossentropy", "kl_divergence"):
        return softmax(rng.normal(size=(N, CLASSES))).astype("float32")
    return rng.integers(0, 2, (N, CLASSES)).astype("float32")


@pytest.mark.parametrize("name", losses.LOSSES)
def test_each_row(rng, name):
    target, prediction = rows(rng, name)
    ours = evaluate(losses.get(name), target, prediction)
    theirs = keras_loss(keras_function(name), target, prediction)
    np.testing.assert_allclose(ours[0], theirs[0], rtol=2e-6, atol=2e-7)
    np.testing.assert_allclose(ours[1], theirs[1], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "activation"),
    [
        ("sparse_categorical_crossentropy", "softmax"),
        ("categorical_crossentropy", "softmax"),
        ("binary_crossentropy", "sigmoid"),
    ],
)
def test_on_logits(rng, name, activation):
    x, target = (3 * rng.normal(size=(N, CLASSES))).astype("float32"), targets(rng, name)
    with_logits = evaluate(losses.get({"name": name, "from_logits": True}), target, x)
    behind = evaluate(losses.get(name), target, x, activation)
    theirs = keras_loss(lambda t, p: getattr(keras.losses, name)(t, p, from_logits=True), target, x)
    on_probabilities = keras_loss(getattr(keras.losses, name), target, x, activation)
    for ours in (with_logits, behind):
        for expected in (theirs, on_probabilities):
            np.testing.assert_allclose(ours[0], expected[0], rtol=5e-6, atol=1e-6)
            np.testing.assert_allclose(ours[1], expected[1], rtol=1e-4, atol=1e-6)


def test_beyond_the_cut_the_stable_form_goes_on():
    x, target = np.array([[40.0, 0.0, 0.0]], "float32"), np.array([1], "int32")
    loss, gradient = evaluate(losses.get("sparse_categorical_crossentropy"), target, x, "softmax")
    keras_value, keras_gradient = keras_loss(keras.losses.sparse_categorical_crossentropy, target, x, "softmax")
    assert loss[0] == 40 and abs(keras_value[0] - 16.118) < 1e-3  # -log(1e-7)
    np.testing.assert_allclose(gradient, [[1, -1, 0]], atol=1e-6)
    assert not keras_gradient.any()


@pytest.mark.parametrize("name", ["binary_crossentropy", "categorical_crossentropy"])
def test_label_smoothing(rng, name):
    prediction, target = softmax(rng.normal(size=(N, CLASSES))).astype("float32"), targets(rng, name)
    ours = evaluate(losses.get({"name": name, "label_smoothing": 0.2}), target, prediction)
    theirs = keras_loss(lambda t, p: getattr(keras.losses, name)(t, p, label_smoothing=0.2), target, prediction)
    np.testing.assert_allclose(ours[0], theirs[0], rtol=2e-6)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("huber", dict(delta=0.3)),
        ("binary_focal_crossentropy", dict(apply_class_balancing=True, alpha=0.4, gamma=1.5)),
        ("binary_focal_crossentropy", dict(from_logits=True, label_smoothing=0.1)),
        ("categorical_focal_crossentropy", dict(alpha=0.6, gamma=3.0, label_smoothing=0.2)),
        ("categorical_focal_crossentropy", dict(from_logits=True)),
        ("categorical_generalized_cross_entropy", dict(q=0.8)),
        ("tversky", dict(alpha=0.2, beta=0.9)),
        ("circle", dict(gamma=20.0, margin=0.25)),
        ("circle", dict(remove_diagonal=False)),
    ],
    ids=str,
)
def test_options(rng, name, options):
    target, prediction = rows(rng, name)
    if options.get("from_logits"):
        prediction = rng.normal(size=(N, CLASSES)).astype("float32")
    ours = evaluate(losses.get({"name": name, **options}), target, prediction)
    theirs = keras_loss(keras_function(name, **options), target, prediction)
    np.testing.assert_allclose(ours[0], theirs[0], rtol=5e-6, atol=2e-7)
    np.testing.assert_allclose(ours[1], theirs[1], rtol=2e-5, atol=1e-6)


def test_hinges_take_signs(rng):
    prediction, target = rng.normal(size=(N, CLASSES)).astype("float32"), rng.choice([-1, 1], (N, CLASSES))
    for name in ("hinge", "squared_hinge"):
        ours = evaluate(losses.get(name), target.astype("float32"), prediction)
        theirs = keras_loss(getattr(keras.losses, name), target.astype("float32"), prediction)
        np.testing.assert_allclose(ours[0], theirs[0], rtol=2e-6)


@pytest.mark.parametrize("kind", losses.CLASSES, ids=lambda kind: kind.__name__)
def test_what_keras_writes_is_read(kind):
    theirs = getattr(keras.losses, kind.__name__)()
    assert losses.get(keras.losses.serialize(theirs)) == kind()
    assert losses.get(kind().attributes()) == kind()


def test_options_that_are_not_there_are_refused():
    with pytest.raises(UnsupportedOp, match="ignore_class"):
        losses.get(keras.losses.serialize(keras.losses.SparseCategoricalCrossentropy(ignore_class=3)))
    with pytest.raises(UnsupportedOp, match="reduction"):
        losses.get(keras.losses.serialize(keras.losses.Huber(reduction=None)))
    with pytest.raises(ShapeError, match="positive delta"):
        losses.Huber(delta=0)


def test_a_class_that_does_not_exist_costs_nothing():
    x = np.zeros((2, CLASSES), "float32")
    loss, gradient = evaluate(losses.get("sparse_categorical_crossentropy"), np.array([-1, 7]), x, "softmax")
    assert not loss.any() and not gradient.any()


def test_traced_functions():
    loss = losses.get(lambda t, p: fn.mean(fn.absolute(t - p), axis=-1))
    each, _ = evaluate(loss, np.ones((2, 3), "float32"), np.full((2, 3), 3, "float32"))
    assert list(each) == [2, 2]
    with pytest.raises(ShapeError, match="one number for each row"):
        evaluate(losses.get(lambda t, p: fn.mean(t - p, axis=0)), np.ones((2, 3)), np.ones((2, 3), "float32"))


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "mean_with_sample_weight"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("labels", [[0, 1, 0, 2, 1, 3], [0] * 6, [0, 1, 2, 3, 4, 5]], ids=["some", "one", "all"])
def test_rows_without_a_pair_do_not_count_in_circle(rng, reduction, weighted, labels):
    """One loss of the batch, and its gradient, with rows that have no other of their class, or none but those."""
    import jax

    _, prediction = rows(rng, "circle")
    given = {"y": np.int32(labels), "p": prediction} | ({"w": rng.random(N).astype("float32")} if weighted else {})
    values = {name: apply(Input(name, Type(str(a.dtype), a.shape))) for name, a in given.items()}
    total = losses.Circle(reduction=reduction)(values["y"], values["p"], values.get("w"))
    graph = Graph(tuple(values.values()), {"total": total, "gradient": fn.gradient(total, values["p"])})
    found, _ = evaluate_graph(graph, given)
    theirs = keras.losses.Circle(reduction=reduction)
    expected, gradient = jax.value_and_grad(lambda p: theirs(given["y"], p, given.get("w")))(prediction)
    np.testing.assert_allclose(found["total"], expected, rtol=5e-6)
    np.testing.assert_allclose(found["gradient"], gradient, rtol=2e-5, atol=1e-5)


def test_the_shapes_of_predictions_are_checked():
    with pytest.raises(ShapeError, match=r"'ctc': expected logits \[batch, time, classes\]"):
        losses.CTC().target(Type("float32", (2, 3)))
    with pytest.raises(ShapeError, match=r"'circle': expected embeddings \[batch, features\]"):
        losses.Circle().target(Type("float32", (2, 3, 4)))


def test_unknown_names_are_refused():
    with pytest.raises(UnknownNameError, match="one of mean_squared_error"):
        losses.get("square")


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "mean", "sum", "mean_with_sample_weight"])
@pytest.mark.parametrize("weights", [None, "rows", "steps"])
@pytest.mark.parametrize("masked", [False, True])
def test_reductions(rng, reduction, weights, masked):
    steps = 3 if weights == "steps" or masked else None
    shape = (N, *([steps] if steps else []), CLASSES)
    target, prediction = (rng.normal(size=shape).astype("float32") for _ in range(2))
    inputs = {"y": target, "p": prediction}
    if weights:
        inputs["w"] = rng.random(shape[:2] if weights == "steps" else (N,)).astype("float32")
    if masked:
        inputs["m"] = rng.random((N, 3)) < 0.6
    values = {name: apply(Input(name, Type(str(a.dtype), a.shape))) for name, a in inputs.items()}
    loss = losses.get({"name": "mse", "reduction": reduction})
    total = loss(values["y"], values["p"], values.get("w"), values.get("m"))
    found, _ = evaluate_graph(Graph(tuple(values.values()), {"total": total}), inputs)
    theirs = keras.losses.MeanSquaredError(reduction=reduction)
    tensor = keras.ops.convert_to_tensor(prediction)
    if masked:
        tensor._keras_mask = keras.ops.convert_to_tensor(inputs["m"])
    given = inputs.get("w")
    if given is not None and given.ndim < len(shape) - 1:
        given = given[:, None]  # Keras wants one axis a step
    np.testing.assert_allclose(found["total"], theirs(target, tensor, given), rtol=2e-6)

"""Does a module train as Keras does? Steps on the same weights and batches: losses, metrics, weights and statistics."""

import keras
import numpy as np
import pytest

from evaluate import evaluate_graph
from fanlight import layers
from fanlight.errors import ShapeError, UnknownNameError
from fanlight.layers import Network
from fanlight.layers.meanings import Classes, Image, Number
from fanlight.ops import functions as fn
from fanlight.training import build_module, training_manifest

CLASSES = 4


def stack(kind):
    """The layers of a small classifier, ours or Keras's."""
    return [
        kind.Conv2D(4, 3, activation="relu", name="stem"),
        kind.BatchNormalization(name="norm"),
        kind.MaxPooling2D(name="pool"),
        kind.Flatten(name="flat"),
        kind.Dense(CLASSES, activation="softmax", name="probabilities"),
    ]


def start(module, seed=1) -> dict[str, np.ndarray]:
    """All state, as `init` writes it."""
    _, state = evaluate_graph(module.functions["init"], {"seed": np.array([0, seed], "uint32")})
    assert set(state) == set(module.state)
    for path, array in state.items():
        assert (array.dtype, array.shape) == (module.state[path].type.dtype, module.state[path].type.shape), path
    return state


def batches(rng, count, rows):
    for _ in range(count):
        x = rng.normal(size=(rows, 6, 6, 2)).astype("float32")
        yield x, rng.integers(0, CLASSES, rows).astype("int32")


@pytest.mark.parametrize(
    ("kind", "attributes"),
    [
        ("SGD", dict(learning_rate=0.1)),
        ("SGD", dict(learning_rate=0.05, momentum=0.9)),
        ("SGD", dict(learning_rate=0.05, momentum=0.9, nesterov=True)),
        ("Adam", dict(learning_rate=0.01)),
    ],
)
def test_five_steps_are_keras_steps(rng, kind, attributes):
    network = Network.sequential([layers.Input((6, 6, 2), name="image"), *stack(layers)])
    module = build_module(
        network, "sparse_categorical_crossentropy", {"name": kind, **attributes}, ["accuracy"], batch=8
    )
    state = start(module)

    model = keras.Sequential([keras.Input((6, 6, 2)), *stack(keras.layers)])
    model.compile(
        getattr(keras.optimizers, kind)(**attributes), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    ours_of = {variable.path: variable.path.partition("/")[2] for variable in model.weights}
    for variable in model.weights:
        variable.assign(state[ours_of[variable.path]])

    for x, y in batches(rng, 5, 8):
        model.reset_metrics()
        theirs = model.train_on_batch(x, y, return_dict=True)
        ours, writes = evaluate_graph(module.functions["train_step"], {"image": x, "target": y}, state)
        state |= writes
        assert abs(ours["loss"] - theirs["loss"]) < 1e-5
        assert abs(ours["accuracy"] - theirs["accuracy"]) < 1e-6
    for variable in model.weights:
        np.testing.assert_allclose(state[ours_of[variable.path]], np.asarray(variable), atol=2e-5)

    x, y = next(batches(rng, 1, 5))  # fewer rows than the bound
    ours, writes = evaluate_graph(module.functions["evaluate_step"], {"image": x, "target": y}, state)
    theirs = model.evaluate(x, y, verbose=0, return_dict=True)
    assert not writes
    assert ours["loss/count"] == ours["accuracy/count"] == 5
    assert ours["accuracy/sum"] == round(5 * theirs["accuracy"])
    assert abs(ours["loss/sum"] / 5 - theirs["loss"]) < 1e-5
    predicted, _ = evaluate_graph(module.functions["predict"], {"image": x}, state)
    np.testing.assert_allclose(predicted["probabilities"], model.predict(x, verbose=0), atol=1e-5)


def regression(*, metrics=("mae",), loss="mse", batch=4, **build):
    network = Network.sequential([layers.Input((3,), name="x"), layers.Dense(2, name="y")])
    return network, build_module(network, loss, "sgd", metrics, batch=batch, **build)


def test_a_loss_that_is_not_finite_writes_nothing():
    _, module = regression()
    state, x = start(module), np.full((2, 3), np.inf, "float32")
    outputs, writes = evaluate_graph(
        module.functions["train_step"], {"x": x, "target": np.zeros((2, 2), "float32")}, state
    )
    assert not np.isfinite(outputs["loss"]) and not writes


def test_frozen_weights_stay_and_have_no_slots():
    network = Network.sequential([layers.Input((3,)), layers.Dense(4, trainable=False), layers.Dense(2)])
    module = build_module(network, "mse", "adam")
    writes = module.functions["train_step"].writes
    assert "dense_1/kernel" in writes and "dense/kernel" not in writes
    assert "optimizer/dense/kernel/momentum" not in module.state
    network.trainable = False
    with pytest.raises(UnknownNameError, match="a trainable weight"):
        build_module(network, "mse", "adam")


def test_several_outputs(rng):
    x = layers.Input((3,), name="x")
    a, b = layers.Dense(2, name="a")(x), layers.Dense(3, activation="softmax", name="b")(x)
    network = Network(x, [a, b])
    module = build_module(
        network,
        {"a": "mse", "b": "sparse_categorical_crossentropy"},
        "sgd",
        {"b": ["accuracy"]},
        loss_weights={"a": 0.5},
    )
    inputs = {"x": rng.normal(size=(4, 3)).astype("float32")}
    inputs |= {"target_a": np.ones((4, 2), "float32"), "target_b": np.zeros(4, "int32")}
    found, _ = evaluate_graph(module.functions["train_step"], inputs, start(module))
    assert abs(found["loss"] - (0.5 * found["a_loss"] + found["b_loss"])) < 1e-6
    assert found["b_accuracy/count"] == 4
    record = training_manifest(network, ["mse", "sparse_categorical_crossentropy"], "sgd", [["mae"], ["accuracy"]])
    assert record["outputs"] == ["loss", "a_loss", "b_loss", "a_mae", "b_accuracy"]
    assert record["target_names"] == ["target_a", "target_b"]


def test_initial_weights_depend_on_seed_and_path_alone():
    _, module = regression()
    network = Network.sequential([layers.Input((3,)), layers.Dense(3, name="first"), layers.Dense(2, name="y")])
    longer = start(build_module(network, "mse", "adam"))
    first, again, other = start(module, 1), start(module, 1), start(module, 2)
    assert np.array_equal(first["y/kernel"], again["y/kernel"]) and np.array_equal(
        first["y/kernel"], longer["y/kernel"]
    )
    assert not np.array_equal(first["y/kernel"], other["y/kernel"])


def test_prepare_and_meanings():
    pixels = layers.Input(Image(2, 2, 3, preset="tf"), name="image")
    logits = layers.Dense(3)(layers.Flatten()(pixels))
    network = Network(pixels, layers.ClassMask(Classes(["a", "b"], spare=1))(logits))
    module = build_module(network, "sparse_categorical_crossentropy", "sgd")
    assert module.meanings["image"]["kind"] == "image"
    assert module.meanings["class_mask"] == module.meanings["target"]
    assert module.meanings["target"] == {"kind": "classes", "labels": ["a", "b"], "spare": 1}
    raw = np.array([0, 255] * 6, "uint8").reshape(1, 2, 2, 3)
    found, _ = evaluate_graph(module.functions["prepare"], {"image": raw})
    assert np.array_equal(found["image"], np.where(raw, 1, -1)) and found["image"].dtype == "float32"
    assert module.state["class_mask"].role == "hyperparameter"
    assert list(start(module)["class_mask"]) == [1, 1, 0]


def test_an_output_may_be_given_its_meaning():
    x = layers.Input((3,))
    network = Network(x, layers.Dense(1, name="price")(x), meanings={"price": Number("EUR")})
    assert build_module(network).meanings == {"price": {"kind": "number", "unit": "EUR"}}
    with pytest.raises(UnknownNameError, match="meanings of outputs"):
        Network(x, layers.Dense(1, name="price")(x), meanings={"prize": Number("EUR")})


def test_dropout_draws_anew_in_each_step():
    network = Network.sequential([layers.Input((200,), name="x"), layers.Dropout(0.5), layers.Dense(1, use_bias=False)])
    module = build_module(network, lambda t, p: fn.square(p[:, 0]), "sgd")
    state, x = start(module), np.ones((1, 200), "float32")
    inputs = {"x": x, "target": np.zeros((1, 1), "float32")}
    state["dense/kernel"] = np.ones((200, 1), "float32")
    found = []
    for step in range(3):
        outputs, writes = evaluate_graph(module.functions["train_step"], inputs, state)
        found.append(float(outputs["loss"]))
        assert writes["seed/step"] == step + 1
        state["seed/step"] = writes["seed/step"]
    assert len(set(found)) == 3 and all(150**2 < loss < 250**2 for loss in found)
    state["dropout/rate"] = np.float32(1)
    outputs, writes = evaluate_graph(module.functions["train_step"], inputs, state)
    assert outputs["loss"] == 0 and np.isfinite(writes["dense/kernel"]).all()


def test_open_axes_need_bounds():
    network = Network.sequential([layers.Input(("sequence", 3), name="x"), layers.Dense(2)])
    with pytest.raises(ShapeError, match="open axis 'sequence': expected a bound"):
        build_module(network)
    predict = build_module(network, dims={"sequence": 16}).functions["predict"]
    assert predict.sizes["sequence"].high == 16 and predict.sizes["batch"].high == 32


def test_wrong_requests_are_refused():
    network, _ = regression()
    with pytest.raises(UnknownNameError, match="a loss, where there is an optimizer"):
        build_module(network, None, "sgd")
    with pytest.raises(UnknownNameError, match="outputs among"):
        build_module(network, {"z": "mse"}, "sgd")

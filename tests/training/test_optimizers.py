"""Do optimizers move weights as Keras's do? Fifty steps with the same gradients, slots included."""

import keras
import numpy as np
import pytest

from evaluate import evaluate_graph
from fanlight.errors import ShapeError, UnknownNameError, UnsupportedOp
from fanlight.ir.graph import Graph, Input, State, apply
from fanlight.ir.types import Type
from fanlight.training import optimizers

SHAPES = {"dense/kernel": (4, 3), "dense/bias": (3,)}

CASES = [
    ("SGD", dict()),
    ("SGD", dict(learning_rate=0.1, momentum=0.9)),
    ("SGD", dict(learning_rate=0.1, momentum=0.9, nesterov=True, weight_decay=0.01)),
    ("SGD", dict(clipvalue=0.3)),
    ("SGD", dict(clipnorm=0.5)),
    ("SGD", dict(global_clipnorm=0.5)),
    ("SGD", dict(global_clipnorm=500.0)),
    ("Adam", dict()),
    ("Adam", dict(learning_rate=0.05, beta_1=0.8, beta_2=0.9, epsilon=1e-3)),
    ("Adam", dict(amsgrad=True)),
    ("AdamW", dict(learning_rate=0.01)),
    ("RMSprop", dict()),
    ("RMSprop", dict(learning_rate=0.01, rho=0.8, momentum=0.5, centered=True)),
    ("Adamax", dict(learning_rate=0.02)),
    ("Nadam", dict(learning_rate=0.02, beta_1=0.8)),
    ("Lion", dict(learning_rate=0.01, weight_decay=0.02)),
    ("Lamb", dict(learning_rate=0.02)),
    ("Adagrad", dict(learning_rate=0.1, initial_accumulator_value=0.3)),
    ("Adadelta", dict(learning_rate=1.0, rho=0.9)),
    ("Adafactor", dict(learning_rate=0.05)),
    ("Adafactor", dict(learning_rate=0.3, beta_2_decay=-0.5, clip_threshold=0.7)),
    ("Ftrl", dict(learning_rate=0.1)),
    (
        "Ftrl",
        dict(
            learning_rate=0.2,
            learning_rate_power=-0.4,
            l1_regularization_strength=0.05,
            l2_regularization_strength=0.1,
            l2_shrinkage_regularization_strength=0.2,
            beta=0.1,
        ),
    ),
]
CASES += [
    ("SGD", dict(learning_rate=0.1, use_ema=True)),
    ("Adam", dict(learning_rate=0.05, use_ema=True, ema_momentum=0.7, ema_overwrite_frequency=7)),
    ("Adam", dict(learning_rate=0.05, gradient_accumulation_steps=4, clipnorm=0.5)),
    ("SGD", dict(learning_rate=0.1, momentum=0.9, weight_decay=0.1, gradient_accumulation_steps=3)),
    ("Nadam", dict(gradient_accumulation_steps=2, use_ema=True, ema_momentum=0.8, ema_overwrite_frequency=5)),
    ("RMSprop", dict(loss_scale_factor=4.0)),
]
STEPS = 50


def step_graph(optimizer) -> tuple[Graph, dict]:
    """One update with the gradients as inputs, and the state that it needs."""
    types = {path: Type("float32", shape) for path, shape in SHAPES.items()}
    specs = optimizer.state(types)
    gradients = {path: apply(Input(path, type)) for path, type in types.items()}
    weights = {path: apply(State(path, type)) for path, type in types.items()}
    read = {path: apply(State(path, spec.type)) for path, spec in specs.items()}
    writes = optimizer.update(read.__getitem__, weights, gradients)
    initial = {path: np.full(spec.type.shape, spec.initial, spec.type.dtype) for path, spec in specs.items()}
    return Graph(tuple(gradients.values()), {}, writes), initial


@pytest.mark.parametrize(("kind", "attributes"), CASES, ids=lambda each: str(each))
def test_fifty_steps(rng, kind, attributes):
    graph, state = step_graph(getattr(optimizers, kind)(**attributes))
    theirs = getattr(keras.optimizers, kind)(**attributes)
    variables = {path: keras.Variable(rng.normal(size=shape).astype("float32")) for path, shape in SHAPES.items()}
    state |= {path: np.asarray(variable) for path, variable in variables.items()}
    for _ in range(STEPS):
        gradients = {path: rng.normal(size=shape).astype("float32") for path, shape in SHAPES.items()}
        given = [g * (theirs.loss_scale_factor or 1) for g in gradients.values()]  # which Keras divides by it
        theirs.apply([keras.ops.convert_to_tensor(g) for g in given], list(variables.values()))
        state |= evaluate_graph(graph, gradients, state)[1]
    for path, variable in variables.items():
        np.testing.assert_allclose(
            state[path], np.asarray(variable), rtol=2e-6, atol=1e-6, err_msg=path
        )  # fifty roundings
    if theirs.use_ema:
        for path, expected in zip(SHAPES, theirs._model_variables_moving_average, strict=True):
            np.testing.assert_allclose(state[f"optimizer/{path}/average"], np.asarray(expected), rtol=2e-6, atol=1e-6)
    assert state["optimizer/iterations"] == STEPS


def test_slots_are_keras_slots(rng):
    graph, state = step_graph(optimizers.Adam())
    theirs = keras.optimizers.Adam()
    variable = keras.Variable(np.zeros((4, 3), "float32"), name="kernel")
    g = rng.normal(size=(4, 3)).astype("float32")
    theirs.apply([keras.ops.convert_to_tensor(g)], [variable])
    state |= {path: np.zeros(shape, "float32") for path, shape in SHAPES.items()}
    _, writes = evaluate_graph(graph, {"dense/kernel": g, "dense/bias": np.zeros(3, "float32")}, state)
    for slot in ("momentum", "velocity"):
        (expected,) = [np.asarray(v) for v in theirs.variables if v.path.endswith(slot)]
        np.testing.assert_allclose(writes[f"optimizer/dense/kernel/{slot}"], expected, rtol=1e-6)


def test_the_learning_rate_is_state(rng):
    graph, state = step_graph(optimizers.SGD(0.5))
    state |= {path: np.zeros(shape, "float32") for path, shape in SHAPES.items()}
    gradients = {path: np.ones(shape, "float32") for path, shape in SHAPES.items()}
    state["optimizer/learning_rate"] = np.float32(2)
    assert np.all(evaluate_graph(graph, gradients, state)[1]["dense/bias"] == -2)


def test_what_keras_saves_is_read():
    theirs = keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True)
    ours = optimizers.get(keras.optimizers.serialize(theirs))
    assert ours == optimizers.SGD(ours.learning_rate, 0.9, True) and abs(ours.learning_rate - 0.1) < 1e-6
    assert optimizers.get(ours.attributes()) == ours
    theirs = keras.optimizers.Adam(use_ema=True, ema_overwrite_frequency=3, gradient_accumulation_steps=2)
    ours = optimizers.get(keras.optimizers.serialize(theirs))
    assert (ours.use_ema, ours.ema_overwrite_frequency, ours.gradient_accumulation_steps) == (True, 3, 2)
    with pytest.raises(UnsupportedOp, match="jit_compile"):
        optimizers.get({"class_name": "SGD", "config": {"jit_compile": True}})


def test_wrong_requests_are_refused():
    with pytest.raises(UnknownNameError, match="one of sgd, adam, adamw, adamax"):
        optimizers.get("adagrand")
    with pytest.raises(ShapeError, match="momentum from 0 to 1"):
        optimizers.SGD(momentum=2.0)

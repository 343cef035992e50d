"""Do schedules give Keras's learning rates, alone and in an optimizer's steps, and are its records read?"""

import keras
import numpy as np
import pytest

from evaluate import evaluate_graph
from fanlight.errors import ShapeError, UnknownNameError
from fanlight.ir.graph import Graph, Input, State, apply
from fanlight.ir.types import Type
from fanlight.training import optimizers, schedules

CASES = [
    ("ExponentialDecay", (0.1, 30, 0.9), {}),
    ("ExponentialDecay", (0.1, 30, 0.5), dict(staircase=True)),
    ("InverseTimeDecay", (0.1, 20, 0.5), {}),
    ("InverseTimeDecay", (0.1, 20, 0.5), dict(staircase=True)),
    ("PiecewiseConstantDecay", ([10, 25, 70], [0.5, 0.1, 0.05, 0.01]), {}),
    ("PolynomialDecay", (0.1, 60), {}),
    ("PolynomialDecay", (0.1, 25, 0.01, 2.5), {}),
    ("PolynomialDecay", (0.1, 25, 0.01, 0.5), dict(cycle=True)),
    ("CosineDecay", (0.1, 60), {}),
    ("CosineDecay", (0.01, 60, 0.2), dict(warmup_target=0.3, warmup_steps=20)),
    ("CosineDecay", (0.01, 60), dict(warmup_target=0.3)),
    ("CosineDecayRestarts", (0.1, 10.5), {}),
    ("CosineDecayRestarts", (0.1, 16), dict(t_mul=1.0, m_mul=0.8, alpha=0.1)),
    ("CosineDecayRestarts", (0.1, 9.5, 1.5), dict(m_mul=0.7)),
]


@pytest.mark.parametrize(("kind", "arguments", "options"), CASES, ids=str)
def test_a_hundred_steps(kind, arguments, options):
    ours, theirs = getattr(schedules, kind)(*arguments, **options), make_keras(kind, arguments, options)
    step = apply(Input("step", Type("float32", (100,))))
    graph = Graph((step,), {"rate": ours.rate(step)})
    found = evaluate_graph(graph, [np.arange(100, dtype="float32")])[0]["rate"]
    np.testing.assert_allclose(found, [float(theirs(k)) for k in range(100)], rtol=2e-5, atol=1e-7)
    assert schedules.get(keras.optimizers.schedules.serialize(theirs)) == ours


def make_keras(kind, arguments, options):
    return getattr(keras.optimizers.schedules, kind)(*arguments, **options)


def test_an_optimizer_follows_its_schedule(rng):
    ours = optimizers.AdamW(schedules.CosineDecay(0.01, 15, warmup_target=0.1, warmup_steps=5), weight_decay=0.1)
    theirs = keras.optimizers.AdamW(
        keras.optimizers.schedules.CosineDecay(0.01, 15, warmup_target=0.1, warmup_steps=5), weight_decay=0.1
    )
    type = Type("float32", (3, 2))
    specs = ours.state({"w": type})
    assert "optimizer/learning_rate" not in specs
    g, w = apply(Input("g", type)), apply(State("w", type))
    read = {path: apply(State(path, spec.type)) for path, spec in specs.items()}
    graph = Graph((g,), {}, ours.update(read.__getitem__, {"w": w}, {"w": g}))
    state = {path: np.full(spec.type.shape, spec.initial, spec.type.dtype) for path, spec in specs.items()}
    variable = keras.Variable(rng.normal(size=(3, 2)).astype("float32"))
    state["w"] = np.asarray(variable)
    for _ in range(25):
        gradient = rng.normal(size=(3, 2)).astype("float32")
        theirs.apply([keras.ops.convert_to_tensor(gradient)], [variable])
        state |= evaluate_graph(graph, [gradient], state)[1]
    np.testing.assert_allclose(state["w"], np.asarray(variable), rtol=5e-6, atol=1e-6)


def test_records_carry_the_schedule():
    ours = optimizers.SGD(schedules.PiecewiseConstantDecay([3], [0.1, 0.01]), momentum=0.9)
    assert optimizers.get(ours.attributes()) == ours
    theirs = keras.optimizers.SGD(keras.optimizers.schedules.PiecewiseConstantDecay([3], [0.1, 0.01]), momentum=0.9)
    assert optimizers.get(keras.optimizers.serialize(theirs)) == ours


def test_wrong_schedules_are_refused():
    with pytest.raises(ShapeError, match="one value more"):
        schedules.PiecewiseConstantDecay([1, 2], [0.1, 0.2])
    with pytest.raises(ShapeError, match="in order"):
        schedules.PiecewiseConstantDecay([2, 1], [0.1, 0.2, 0.3])
    with pytest.raises(ShapeError, match="positive decay_steps"):
        schedules.CosineDecay(0.1, 0)
    with pytest.raises(UnknownNameError, match="a number, or one of ExponentialDecay"):
        optimizers.SGD({"class_name": "Mine", "config": {}})

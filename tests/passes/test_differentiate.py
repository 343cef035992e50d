"""Are gradients of composites those of finite differences, and are mistakes told?"""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import assume, given

from fanlight.errors import CompileError, DtypeError, ShapeError
from fanlight.ir import dim as dims
from fanlight.ir.graph import Gradient, Graph, Input, Op, State, apply
from fanlight.ir.interpret import interpret
from fanlight.ir.types import Type, float32, is_float
from fanlight.ir.verify import verify_graph
from fanlight.ops import functions as fn
from fanlight.passes.differentiate import differentiate
from random_graphs import cases

STEP = 1e-5


def gradient(of, wrt):
    return apply(Gradient(), of, wrt)


def run(graph, inputs, state=None):
    outputs, _ = interpret(graph, inputs, state, exact=True)
    return {name: np.array(array.nested()) for name, array in outputs.items()}


@given(cases(steps=6, smooth=True))
def test_gradients_are_finite_differences(case):
    outputs = [v for v in case.graph.outputs.values() if is_float(v.dtype)]
    assume(outputs)
    loss = fn.add(fn.mean(fn.square(outputs[-1])), fn.sum(fn.sin(outputs[0])))
    leaves = {v.op.label: v for v in case.graph.order if isinstance(v.op, State) or v.op == case.graph.inputs[0].op}
    graph = differentiate(Graph(case.graph.inputs, {name: gradient(loss, v) for name, v in leaves.items()}))
    verify_graph(graph)
    arrays = {name: np.asarray(a, float) for name, a in {**case.inputs, **case.state}.items() if name in leaves}
    rng = np.random.default_rng(3)
    directions = {name: rng.normal(size=a.shape) for name, a in arrays.items()}

    def moved(step):
        shifted = {name: a + step * directions[name] for name, a in arrays.items()}
        inputs = {name: shifted.get(name, a) for name, a in case.inputs.items()}
        state = {name: shifted.get(name, a) for name, a in case.state.items()}
        return run(Graph(case.graph.inputs, {"loss": loss}), inputs, state)["loss"]

    slope = (moved(STEP) - moved(-STEP)) / (2 * STEP)
    assume(np.isfinite(slope) and abs(slope) < 1e6)
    found = run(graph, case.inputs, case.state)
    total = sum(np.sum(found[name] * directions[name]) for name in leaves)
    assert total == pytest.approx(slope, rel=1e-3, abs=1e-4)


x = apply(Input("x", float32()))
SCALAR = {"x": 3.0}


def test_gradients_of_gradients():
    y = x * x * x * x
    first = gradient(y, x)
    second = gradient(first, x)
    third = gradient(second * second, x)  # d (12 x^2)^2 / dx = 576 x^3
    found = run(differentiate(Graph((x,), {"first": first, "second": second, "third": third})), SCALAR)
    assert found == {"first": 108.0, "second": 108.0, "third": 576.0 * 27}


def test_an_intermediate_value_may_be_asked_for():
    a = x * x
    b = a * x
    graph = differentiate(
        Graph((x,), {"da": gradient(b + a * 2.0, a), "db": gradient(b * b, b), "self": gradient(b, b)})
    )
    assert run(graph, SCALAR) == {"da": 5.0, "db": 54.0, "self": 1.0}


def test_where_no_path_exists_the_gradient_is_zero():
    batch = dims.size("batch", 1, 4)
    z = apply(Input("z", float32(batch, 2)))
    rounded = fn.sum(fn.cast(fn.cast(z, "int32"), "float32"))
    later = gradient(x * x, z) + 1.0
    graph = differentiate(
        Graph((x, z), {"none": gradient(x * x, z), "int": gradient(rounded + x, z), "later": gradient(x, later)})
    )
    found = run(graph, {**SCALAR, "z": np.ones((3, 2))})
    assert all(np.array_equal(array, np.zeros((3, 2))) for array in found.values())


def test_all_gradients_of_one_scalar_share_a_sweep():
    w = [apply(State(f"w{k}", float32())) for k in range(8)]
    loss = x
    for each in w:
        loss = fn.tanh(loss * each)
    one = len(differentiate(Graph((x,), {"g0": gradient(loss, w[0])})).order)
    all_of_them = len(differentiate(Graph((x,), {f"g{k}": gradient(loss, v) for k, v in enumerate(w)})).order)
    assert all_of_them <= one + len(w)


def test_a_graph_without_gradients_is_the_same_graph():
    graph = Graph((x,), {"y": x * x})
    assert differentiate(graph) is graph


def test_a_deep_graph_needs_no_deep_stack():
    y = x
    for _ in range(3000):
        y = y * 0.999
    assert run(differentiate(Graph((x,), {"g": gradient(y, x)})), SCALAR)["g"] == pytest.approx(0.999**3000, rel=1e-4)


@dataclass(frozen=True)
class Opaque(Op):
    name = "opaque"

    def infer(self, *types):
        return types[0]


@dataclass(frozen=True)
class Wrong(Opaque):
    name = "wrong"

    def gradient(self, g, y, xs):
        return (fn.reshape(g, (1,)),)


def test_an_op_without_a_gradient_is_named_with_its_place():
    w = apply(State("head/kernel", float32()))
    with pytest.raises(CompileError, match=r"gradient of opaque: .*between the loss and state 'head/kernel'; freeze"):
        differentiate(Graph((x,), {"g": gradient(apply(Opaque(), w * x), w)}))
    # Off the path it does no harm.
    differentiate(Graph((x,), {"g": gradient(apply(Opaque(), x) * w, w)}))


def test_a_gradient_of_the_wrong_type_is_named():
    with pytest.raises(CompileError, match=r"gradient of wrong: expected f32\[\], got f32\[1\], at input 0"):
        differentiate(Graph((x,), {"g": gradient(apply(Wrong(), x), x)}))


def test_only_float_scalars_have_gradients():
    n = apply(Input("n", Type("int32", (2,))))
    with pytest.raises(ShapeError, match="expected a float scalar"):
        gradient(fn.cast(n, "float32"), x)
    with pytest.raises(DtypeError, match="expected a float value"):
        gradient(x, n)

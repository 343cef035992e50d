"""Do loops keep their values while what need not be inside leaves them, and does it leave?"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import fanlight as fl
from evaluate import evaluate_graph
from fanlight.compiler import GRAPH_STAGES, compile
from fanlight.engines.wasm import WasmEngine
from fanlight.ir.control import Iteration
from fanlight.ir.graph import Graph, Input, State, apply
from fanlight.ir.kernel import Loop, kernels_of
from fanlight.ir.module import Module, StateSpec
from fanlight.ir.parse import parse_graph
from fanlight.ir.text import graph_text
from fanlight.ir.types import Type
from fanlight.ops import functions as fn
from fanlight.ops.registry import all_ops
from fanlight.passes.differentiate import differentiate
from fanlight.passes.hoist import hoist
from fanlight.passes.simplify import simplify
from fanlight.passes.sink import sink


def lstm(m, scan, split, x, w, r, b):
    """The last state and all outputs of an LSTM over x [batch, steps, features]."""

    def cell(carry, row):
        h, c = carry
        i, f, g, o = split(m.matmul(row, w) + m.matmul(h, r) + b)
        c = sigmoid(f) * c + sigmoid(i) * m.tanh(g)
        h = sigmoid(o) * m.tanh(c)
        return (h, c), h

    sigmoid = jax.nn.sigmoid if m is jnp else m.sigmoid
    zeros = m.zeros((x.shape[0], r.shape[0]))
    (h, _), ys = scan(cell, (zeros, zeros), m.transpose(x, (1, 0, 2)))
    return h, ys


def module(batch, steps, features, units):
    """A training step of an LSTM by its last state, and its outputs."""
    x = apply(Input("x", Type("float32", (batch, steps, features))))
    y = apply(Input("y", Type("float32", (batch, units))))
    types = {"w": (features, 4 * units), "r": (units, 4 * units), "b": (4 * units,)}
    state = {name: apply(State(name, Type("float32", shape))) for name, shape in types.items()}

    def run():
        return lstm(fn, fn.scan, lambda z: fn.split(z, 4, -1), x, *state.values())

    loss = fn.mean(fn.square(run()[0] - y))
    slopes = fn.gradient(loss, list(state.values()))
    new = {name: value - slope * 2.0 for (name, value), slope in zip(state.items(), slopes, strict=True)}
    h, ys = run()
    graphs = {"train": Graph((x, y), {"loss": loss}, new), "predict": Graph((x,), {"h": h, "ys": ys})}
    return Module(graphs, {name: StateSpec(value.type) for name, value in state.items()})


def arrays(batch, steps, features, units):
    rng = np.random.default_rng(0)

    def normal(*shape):
        return (rng.normal(size=shape) * 0.4).astype("float32")

    state = {"w": normal(features, 4 * units), "r": normal(units, 4 * units), "b": normal(4 * units)}
    return {"x": normal(batch, steps, features), "y": np.tanh(normal(batch, units))}, state


def jax_loss(x, y, state):
    h, _ = lstm(jnp, jax.lax.scan, lambda z: jnp.split(z, 4, -1), x, *(state[key] for key in "wrb"))
    return jnp.mean((h - y) ** 2)


def test_an_lstm_keeps_its_values_through_every_stage():
    sizes = (3, 4, 2, 5)
    graph = module(*sizes).functions["train"]
    inputs, state = arrays(*sizes)
    slopes = jax.grad(jax_loss, 2)(inputs["x"], inputs["y"], state)
    for name, stage in GRAPH_STAGES:
        graph = stage(graph)
        outputs, writes = evaluate_graph(graph, inputs, state)
        np.testing.assert_allclose(outputs["loss"], jax_loss(**inputs, state=state), rtol=1e-5, err_msg=name)
        for key, slope in slopes.items():
            np.testing.assert_allclose(writes[key], state[key] - 2.0 * slope, rtol=1e-4, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("batch", [1, 4])
def test_an_lstm_trains(batch):
    sizes = (batch, 6, 3, 8)
    inputs, state = arrays(*sizes)
    compiled = compile(module(*sizes))
    engine = WasmEngine(compiled.program, compiled.code)
    engine.set_state(state)
    expected, losses = dict(state), []
    for _ in range(40):
        losses.append(float(engine.call("train", inputs)["loss"]))
        slopes = jax.grad(jax_loss, 2)(inputs["x"], inputs["y"], expected)
        expected = {name: value - 2.0 * slopes[name] for name, value in expected.items()}
    assert losses[-1] < 0.6 * losses[0]
    for name, value in expected.items():
        np.testing.assert_allclose(engine.get_state(name), value, rtol=2e-3, atol=2e-4)


def test_an_lstm_is_three_products_around_two_loops_of_few_kernels():
    compiled = compile(module(32, 40, 16, 64))
    train = compiled.program.procedures["train"].kernels
    first, second = [step for step in train if isinstance(step, Loop)]
    assert [kernel.kind for kernel in kernels_of([first])] == ["contract", "map"]
    assert sorted(kernel.kind for kernel in kernels_of([second])) == ["contract", "map", "map"]
    places = [k for k, step in enumerate(train) if isinstance(step, Loop)]
    kinds = [getattr(step, "kind", "loop") for step in train]
    assert kinds[: places[0]].count("contract") == 1  # x @ w for all steps
    assert kinds[places[0] : places[1]].count("contract") == 0  # h @ r is kept from the first loop
    assert kinds[places[1] :].count("contract") == 2  # the gradients of w and r, with their updates
    predict = compiled.program.procedures["predict"]
    (loop,) = [step for step in predict.kernels if isinstance(step, Loop)]
    assert [kernel.kind for kernel in kernels_of([loop])] == ["contract", "map"]
    assert len(predict.derivations) == 2  # both weights are packed once, not in every call or step


def test_the_text_of_an_lstm(golden):
    graph = simplify(differentiate(module(2, 3, 4, 5).functions["train"]))
    after = sink(hoist(graph))
    golden("lstm-before.txt", graph_text(graph))
    golden("lstm-after.txt", graph_text(after))
    for each in (graph, after):
        assert graph_text(parse_graph(graph_text(each), all_ops())) == graph_text(each)


def loops_in(graph):
    return [value for value in graph.order if isinstance(value.op, Iteration)]


def staged(function, *arrays):
    """A function of arrays as the stages leave it, and its values before and after."""
    inputs = tuple(apply(Input(f"x{k}", Type("float32", x.shape))) for k, x in enumerate(arrays))
    results = function(*inputs)
    graph = Graph(inputs, {f"y{k}": value for k, value in enumerate(results)})
    before, _ = evaluate_graph(graph, arrays)
    for _, stage in GRAPH_STAGES:
        graph = stage(graph)
    after, _ = evaluate_graph(graph, arrays)
    for name, array in before.items():
        np.testing.assert_allclose(after[name], array, rtol=1e-5, atol=1e-5)
    return graph


X = np.random.default_rng(1).normal(size=(4, 3)).astype("float32")
W = np.random.default_rng(2).normal(size=(3, 3)).astype("float32")


def test_a_map_is_no_loop():
    graph = staged(lambda x, w: [fn.map(lambda row: fn.softmax(fn.matmul(row, w)), x)], X, W)
    assert not loops_in(graph)


def test_a_step_that_names_its_number_is_no_loop_either():
    def run(x, w):
        total = fn.fori_loop(0, 4, lambda i, c: c + fn.sum(fn.take(x, i, 0)) * fn.cast(i, "float32"), 0.0)
        return [total, fn.scan(lambda c, v: (c, fn.sum(v) * 2.0), 0.0, x)[1]]

    graph = staged(run, X, W)
    assert len(loops_in(graph)) <= 1


def test_outputs_that_are_products_wait_for_the_end():
    def run(x, w):
        h, ys = fn.scan(lambda c, v: ((new := fn.tanh(c + v)), fn.matmul(new, w)), fn.zeros((3,)), x)
        return [h, ys]

    (loop,) = loops_in(staged(run, X, W))
    assert not any(value.op.name in ("matmul", "batched") for value in loop.op.body.order)


def test_what_the_carry_needs_stays():
    def run(x, w):
        h, ys = fn.scan(lambda c, v: (fn.tanh(fn.matmul(c, w) + v), fn.exp(v)), fn.zeros((3,)), x)
        return [h, ys]

    (loop,) = loops_in(staged(run, X, W))
    assert any(value.op.name == "matmul" for value in loop.op.body.order)
    assert len(loop.op.body.outputs) == 0


def test_a_while_loop_keeps_its_steps():
    def run(x, w):
        steps = fn.while_loop(
            lambda i, c: fn.sum(c) < 50.0, lambda i, c: (i + 1, c + fn.sum(fn.matmul(w, w)) ** 2), (0, 1.0)
        )
        return list(steps)

    (loop,) = loops_in(staged(run, X, W))
    assert not any(value.op.name == "matmul" for value in loop.op.body.order)


def test_starting_values_are_added():
    def run(x, w):
        return [fn.scan(lambda c, v: (c + fn.matmul(fn.reshape(v, (3, 1)), fn.reshape(v, (1, 3))), None), w, x)[0]]

    assert not loops_in(staged(run, X, W))


def test_gradient_of_what_is_batched():
    found = fl.grad(lambda x, w: fl.sum(fl.square(fl.vectorized_map(lambda v: fl.tanh(v @ w), x))), (0, 1))(X, W)
    expected = jax.grad(lambda x, w: jnp.sum(jax.vmap(lambda v: jnp.tanh(v @ w))(x) ** 2), (0, 1))(X, W)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a.numpy(), b, rtol=1e-4, atol=1e-5)

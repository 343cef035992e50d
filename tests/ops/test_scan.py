"""Does a scan do what `jax.lax.scan` does: forwards, backwards, nested, at any length, with its gradients?"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import fanlight as fl
from fanlight.compiler import compile
from fanlight.engines.wasm import WasmEngine
from fanlight.errors import DtypeError, ShapeError
from fanlight.ir import dim as dims
from fanlight.ir.graph import Graph, Input, apply
from fanlight.ir.interpret import interpret
from fanlight.ir.interpret_program import call_program
from fanlight.ir.module import Module
from fanlight.ir.parse import parse_graph
from fanlight.ir.parse_program import parse_program
from fanlight.ir.program_text import program_text
from fanlight.ir.text import graph_text
from fanlight.ir.types import Type
from fanlight.ops import functions as fn
from fanlight.ops.registry import all_ops
from ops.cases import to_numpy


def normal(*shape):
    return np.random.default_rng(len(shape)).normal(size=shape).astype("float32")


def recurrent(m, scan):
    """Two carries, one of them a number; outputs of two kinds; weights from outside."""

    def run(w, b, xs):
        def step(carry, x):
            h, count = carry
            h = m.tanh(m.matmul(h, w) + x + b)
            return (h, count + 1), {"h": h, "twice": h * 2.0}

        (h, count), ys = scan(step, (m.zeros((2, 3)), 0), xs)
        return h, count, ys["h"], ys["twice"]

    return run


def nested(m, scan):
    """A loop in a loop, which reads carries and slices of both."""

    def run(w, b, xs):
        def step(c, x):
            def inner(d, row):
                d = m.tanh(d * row + c + b)
                return d, d * x

            d, rows = scan(inner, c, w)
            return c + d, m.sum(rows, 0) + d

        c, ys = scan(step, m.zeros((2, 3)), xs)
        return c, ys

    return run


def backwards(m, scan):
    return lambda w, b, xs: scan(lambda c, x: (m.sin(c * w[0] + x), c), m.zeros((2, 3)) + b, xs, reverse=True)


def counting(m, scan):
    """Without slices, and a carry that swaps with another."""
    return lambda w, b, xs: scan(lambda c, _: ((c[1], c[0] * b), None), (xs[0], xs[1]), None, length=5)[0]


FUNCTIONS = {f.__name__: f for f in (recurrent, nested, backwards, counting)}
ARRAYS = (normal(3, 3) * 0.5, normal(3), normal(4, 2, 3))


@pytest.mark.parametrize("make", FUNCTIONS.values(), ids=FUNCTIONS)
def test_scan_is_that_of_jax(make):
    found = make(fl, fl.scan)(*map(fl.Tensor, ARRAYS))
    expected = make(jnp, jax.lax.scan)(*ARRAYS)
    for a, b in zip(jax.tree.leaves(list(found)), jax.tree.leaves(list(expected)), strict=True):
        np.testing.assert_allclose(a.numpy(), b, rtol=1e-5, atol=1e-5)


def loss_of(m, make, scan):
    def loss(*arrays):
        results = make(m, scan)(*arrays)
        return sum(m.sum(m.square(y)) for y in results if y.dtype == "float32")

    return loss


@pytest.mark.parametrize("make", FUNCTIONS.values(), ids=FUNCTIONS)
def test_gradients_are_those_of_jax(make):
    found = fl.grad(loss_of(fl, make, fl.scan), (0, 1, 2))(*ARRAYS)
    expected = jax.grad(loss_of(jnp, make, jax.lax.scan), (0, 1, 2))(*ARRAYS)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a.numpy(), b, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("make", [recurrent, nested], ids=["recurrent", "nested"])
def test_second_derivatives_are_those_of_jax(make):
    def twice(m, grad, scan):
        return grad(lambda *arrays: m.sum(m.square(grad(loss_of(m, make, scan), 0)(*arrays))), 0)

    found = twice(fl, fl.grad, fl.scan)(*ARRAYS)
    expected = twice(jnp, jax.grad, jax.lax.scan)(*ARRAYS)
    np.testing.assert_allclose(found.numpy(), expected, rtol=2e-3, atol=2e-3)


def test_gradient_inside_a_step():
    """Steps of descent in a loop, with a gradient through them."""

    def run(m, grad, scan):
        def loss(rate, start):
            def step(w, _):
                return w - rate * grad(lambda v: m.sum(m.square(m.sin(v)) * start))(w), None

            return m.sum(scan(step, start, None, length=3)[0])

        return grad(loss, (0, 1))

    start = normal(4)
    for a, b in zip(
        run(fl, fl.grad, fl.scan)(fl.Tensor(0.1), start), run(jnp, jax.grad, jax.lax.scan)(0.1, start), strict=True
    ):
        np.testing.assert_allclose(a.numpy(), b, rtol=1e-4, atol=1e-5)


def open_graph():
    """A scan over an open number of steps and rows, forwards and its gradient."""
    steps, batch = dims.size("steps", 1, 6), dims.size("batch", 1, 4)
    x = apply(Input("x", Type("float32", (steps, batch, 3))))
    w = apply(Input("w", Type("float32", (3, 3))))
    start = fn.zeros((batch, 3))
    h, ys = fn.scan(lambda c, v: (fn.tanh(fn.matmul(c, w) + v), fn.sum(c)), start, x)
    g = fn.gradient(fn.sum(h) + fn.sum(fn.square(ys)), w)
    return Graph((x, w), {"h": h, "ys": ys, "g": g})


@pytest.mark.parametrize("shape", [(6, 4, 3), (1, 1, 3), (4, 2, 3)])
def test_open_lengths(shape):
    compiled = compile(Module({"f": open_graph()}, {}))
    arrays = {"x": normal(*shape), "w": normal(3, 3)}

    def function(w, x):
        return jax.lax.scan(lambda c, v: (jnp.tanh(c @ w + v), jnp.sum(c)), jnp.zeros(shape[1:]), x)

    def loss(w):
        h, ys = function(w, arrays["x"])
        return jnp.sum(h) + jnp.sum(ys**2)

    h, ys = function(arrays["w"], arrays["x"])
    expected = {"h": h, "ys": ys, "g": jax.grad(loss)(arrays["w"])}
    compiled_found = WasmEngine(compiled.program, compiled.code).call("f", arrays)
    interpreted, _ = interpret(compiled.module.functions["f"], arrays)
    _, planned, _ = call_program(compiled.program, "f", arrays)
    for name, array in expected.items():
        for each in (compiled_found[name], to_numpy(interpreted[name]), to_numpy(planned[name])):
            np.testing.assert_allclose(each, array, rtol=1e-4, atol=1e-4)


def test_text_reads_back():
    compiled = compile(Module({"f": open_graph()}, {}))
    text = graph_text(compiled.module.functions["f"])
    assert graph_text(parse_graph(text, all_ops())) == text
    text = program_text(compiled.program)
    assert program_text(parse_program(text)) == text


@pytest.mark.parametrize(
    ("step", "error", "message"),
    [
        (lambda c, x: (c[:1], x), ShapeError, "carry 0.*as it began"),
        (lambda c, x: (fl.cast(c, "int32"), x), DtypeError, "carry 0.*cast inside"),
        (lambda c, x: ((c, c), x), ShapeError, "a carry like"),
        (lambda c, x: c, ShapeError, r"returns \(carry, y\)"),
        (lambda c, x: (c if c.sum() > 0 else -c, x), Exception, "fl.where"),
    ],
)
def test_wrong_bodies_are_refused(step, error, message):
    with pytest.raises(error, match=message):
        fl.scan(step, fl.zeros((3,)), normal(4, 3))


def test_lengths_must_agree():
    with pytest.raises(ShapeError, match="a first axis of 4"):
        fl.scan(lambda c, x: (c, None), 0.0, (normal(4), normal(3)))
    with pytest.raises(ShapeError, match="xs, or a length"):
        fl.scan(lambda c, x: (c, None), 0.0)


def test_a_number_takes_the_dtype_of_the_body():
    total, _ = fl.scan(lambda c, x: (c + x, None), 0, normal(5))
    np.testing.assert_allclose(total.numpy(), normal(5).sum(), rtol=1e-6)


def test_equal_loops_compile_once(monkeypatch):
    def total():
        return fl.scan(lambda c, x: (c * 1.5 + x, None), 0.0, normal(6))[0].numpy()

    total()
    monkeypatch.setattr("fanlight.tensor.compile", None)
    total()


@pytest.mark.parametrize("reverse", [False, True])
def test_checkpoints_trade_memory_for_time(reverse):
    xs = normal(50, 2, 3)

    def loss(m, scan, **more):
        def step(c, x):
            c = m.tanh(m.matmul(c, ARRAYS[0]) + x)
            return c, m.sum(c)

        def run(x):
            c, ys = scan(step, m.zeros((2, 3)), x, reverse=reverse, **more)
            return m.sum(c) + m.sum(m.square(ys))

        return run

    found = fl.grad(loss(fl, fl.scan, checkpoint_every=7))(xs)
    expected = jax.grad(loss(jnp, jax.lax.scan))(xs)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-3, atol=1e-4)


def test_checkpoints_keep_fewer_carries():
    def arena(**more):
        x = apply(Input("x", Type("float32", (256, 64, 4))))
        c, _ = fn.scan(lambda c, v: (fn.sin(c * 1.5) + fn.mean(v), None), fn.zeros((64, 64)), x, **more)
        graph = Graph((x,), {"g": fn.gradient(fn.sum(c), x)})
        return compile(Module({"f": graph}, {})).program.bytes

    assert arena(checkpoint_every=16) < 0.25 * arena()


def test_length_zero():
    total, ys = fl.scan(lambda c, x: (c + x, c), fl.Tensor(2.0), np.zeros(0, "float32"))
    assert float(total) == 2.0 and ys.shape == (0,)

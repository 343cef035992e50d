"""Do branches and the other loops do what JAX and Keras do, with their gradients?"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from keras import ops as keras_ops

import fanlight as fl
from fanlight.compiler import compile
from fanlight.engines.wasm import WasmEngine
from fanlight.errors import CompileError, DtypeError, ShapeError
from fanlight.ir.graph import Graph, Input, apply
from fanlight.ir.interpret_program import call_program
from fanlight.ir.kernel import Branch, kernels_of
from fanlight.ir.module import Module
from fanlight.ir.parse import parse_graph
from fanlight.ir.parse_program import parse_program
from fanlight.ir.program_text import program_text
from fanlight.ir.text import graph_text
from fanlight.ir.types import Type
from fanlight.ops import functions as fn
from fanlight.ops.registry import all_ops

X = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")
W = np.random.default_rng(1).normal(size=(3, 3)).astype("float32")


def either(m, cond):
    """Captures values from outside, one of them on both sides, and computes more inside."""

    def run(x, w, limit):
        y = m.matmul(x, w)

        def yes():
            return m.tanh(m.matmul(y, w)), m.sum(x) * 2

        def no():
            return y * x, 1.0 - m.sum(w)

        return cond(m.sum(x) > limit, yes, no)

    return run


def in_a_scan(m, cond):
    scan = fl.scan if m is fl else jax.lax.scan

    def run(x, w, limit):
        def step(c, row):
            c = cond(m.sum(c) > limit, lambda: m.sin(c) + row, lambda: m.matmul(w, c) + 1.0)
            return c, m.sum(c)

        return scan(step, w[0], x)

    return run


def choosing(m, switch_cond):
    switch = fl.switch if m is fl else jax.lax.switch

    def run(x, w, limit):
        branches = [lambda v: v * 2.0, lambda v: m.sin(v), lambda v: v + w[1]]
        pick = m.cast(limit, "int32") if m is fl else limit.astype("int32")
        return [switch(pick + k, branches, x) for k in (-1, 0, 1, 5)]

    return run


FUNCTIONS = {f.__name__: f for f in (either, in_a_scan, choosing)}


@pytest.mark.parametrize("limit", [-10.0, 0.3, 10.0])
@pytest.mark.parametrize("make", FUNCTIONS.values(), ids=FUNCTIONS)
def test_branches_are_those_of_jax(make, limit):
    found = make(fl, fl.cond)(fl.Tensor(X), fl.Tensor(W), fl.Tensor(limit))
    expected = make(jnp, jax.lax.cond)(X, W, jnp.float32(limit))
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a.numpy(), b, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("limit", [-10.0, 0.3, 10.0])
@pytest.mark.parametrize("make", FUNCTIONS.values(), ids=FUNCTIONS)
def test_gradients_are_those_of_jax(make, limit):
    def loss(m, cond, c):
        return lambda x, w: sum(m.sum(m.square(y)) for y in make(m, cond)(x, w, c))

    found = fl.grad(loss(fl, fl.cond, fl.Tensor(limit)), (0, 1))(X, W)
    expected = jax.grad(loss(jnp, jax.lax.cond, jnp.float32(limit)), (0, 1))(X, W)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a.numpy(), b, rtol=1e-4, atol=1e-4)


def test_only_one_side_runs_and_it_computes_what_was_written_there():
    x, c = apply(Input("x", Type("float32", (4, 4)))), apply(Input("c", Type("bool", ())))
    y = fn.cond(c, lambda: fn.matmul(x, fn.tanh(x)), lambda: x)
    compiled = compile(Module({"f": Graph((x, c), {"y": y})}, {}))
    (branch,) = [step for step in compiled.program.procedures["f"].kernels if isinstance(step, Branch)]
    assert any(kernel.kind == "contract" for kernel in kernels_of(branch.yes))
    assert len(list(kernels_of(compiled.program.procedures["f"].kernels))) == len(list(kernels_of([branch])))
    for text, parse, printed in (
        (graph_text(compiled.module.functions["f"]), lambda t: parse_graph(t, all_ops()), graph_text),
        (program_text(compiled.program), parse_program, program_text),
    ):
        assert printed(parse(text)) == text
    array = np.eye(4, dtype="float32") * 0.5
    for condition in (True, False):
        given = {"x": array, "c": np.array(condition)}
        found = WasmEngine(compiled.program, compiled.code).call("f", given)["y"]
        np.testing.assert_allclose(found, array @ np.tanh(array) if condition else array, rtol=1e-6)
        _, planned, _ = call_program(compiled.program, "f", given)
        np.testing.assert_allclose(np.array(planned["y"].nested()), found, rtol=1e-6)


def test_conditions_known_in_python_choose_at_once():
    assert fl.cond(True, lambda: 1, lambda: 2) == 1
    assert fl.switch(7, [lambda: 1, lambda: 2]) == 2


def test_while_loop_is_that_of_keras():
    def run(m, x):
        return m.while_loop(lambda i, v: m.sum(v) < 100.0, lambda i, v: (i + 1, v * 1.5 + m.cast(i, "float32")), (0, x))

    found, expected = run(fl, fl.Tensor(X**2)), run(keras_ops, X**2)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a.numpy(), b, rtol=1e-5)
    assert int(fl.while_loop(lambda i: i < 10, lambda i: i + 3, fl.Tensor(np.int32(0)))) == 12
    assert int(fl.while_loop(lambda i: i < 10, lambda i: i + 3, fl.Tensor(np.int32(0)), maximum_iterations=2)) == 6
    assert float(fl.while_loop(lambda v: v < 10.0, lambda v: v * 2.0, fl.Tensor(50.0))) == 50.0


def test_gradient_of_a_bounded_while_loop():
    def found(x):
        return fl.sum(fl.while_loop(lambda v: fl.sum(v) < 100.0, lambda v: v * v + v, x, maximum_iterations=9))

    def expected(x):
        while jnp.sum(x) < 100.0:
            x = x * x + x
        return jnp.sum(x)

    x = np.float32([0.5, 0.2])
    np.testing.assert_allclose(fl.grad(found)(x).numpy(), jax.grad(expected)(x), rtol=1e-4)


def test_gradient_of_an_unbounded_while_loop_is_refused():
    with pytest.raises(CompileError, match=r"maximum_iterations, or use fl\.scan or fl\.fori_loop"):
        fl.grad(lambda x: fl.while_loop(lambda v: v < 100.0, lambda v: v * v, x))(fl.Tensor(2.0))


def test_fori_loop_is_that_of_jax():
    def run(m, loop, x, upper):
        return loop(2, upper, lambda i, v: m.sin(v) * 1.5 + i, x)

    np.testing.assert_allclose(
        run(fl, fl.fori_loop, fl.Tensor(X), 7).numpy(), run(jnp, jax.lax.fori_loop, X, 7), rtol=1e-5
    )
    open_end = run(fl, fl.fori_loop, fl.Tensor(X), fl.Tensor(np.int32(7)))
    np.testing.assert_allclose(open_end.numpy(), run(jnp, jax.lax.fori_loop, X, 7), rtol=1e-5)
    found = fl.grad(lambda x: fl.sum(run(fl, fl.fori_loop, x, 7)))(X)
    np.testing.assert_allclose(
        found.numpy(), jax.grad(lambda x: jnp.sum(run(jnp, jax.lax.fori_loop, x, 7)))(X), rtol=1e-4, atol=1e-5
    )


def test_loops_inside_each_other_count_apart():
    def run(m, loop):
        return loop(0, 3, lambda i, v: loop(0, 4, lambda j, u: u * 2 + i * j, v), 1)

    assert int(run(fl, fl.fori_loop)) == int(run(jnp, jax.lax.fori_loop))


def test_map_and_vectorized_map_are_those_of_jax():
    def row(m):
        return lambda pair: (m.matmul(pair[0], W), m.sum(pair[0]) + pair[1])

    y = np.arange(4, dtype="float32")
    for function in (fl.map, fl.vectorized_map):
        for a, b in zip(function(row(fl), (X, y)), jax.vmap(lambda *pair: row(jnp)(pair))(X, y), strict=True):
            np.testing.assert_allclose(a.numpy(), b, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("axis", [0, 1])
def test_associative_scan_is_that_of_jax(reverse, axis):
    def combine(a, b):
        return a[0] * b[0], a[1] * b[0] + b[1]

    elems = (X, X * 0.5)
    expected = jax.lax.associative_scan(combine, elems, reverse=reverse, axis=axis)
    for a, b in zip(fl.associative_scan(combine, elems, reverse, axis), expected, strict=True):
        np.testing.assert_allclose(a.numpy(), b, rtol=1e-5, atol=1e-6)


def test_custom_gradient_is_that_of_keras():
    def make(m):
        @m.custom_gradient
        def log1pexp(x):
            e = m.exp(x)

            def grad(*args, upstream=None):
                if upstream is None:
                    (upstream,) = args
                return m.multiply(upstream, 1.0 - 1.0 / m.add(1, e))

            return m.log(1 + e), grad

        return log1pexp

    x = np.float32([0.3, 100.0])
    found, expected = make(fl), make(keras_ops)
    np.testing.assert_allclose(found(x).numpy()[0], expected(x)[0], rtol=1e-6)
    np.testing.assert_allclose(
        fl.grad(lambda v: fl.sum(found(v) * 2.0))(x).numpy(), jax.grad(lambda v: jnp.sum(expected(v) * 2.0))(x)
    )
    second = fl.grad(lambda v: fl.sum(fl.grad(lambda u: fl.sum(found(u)))(v)))(x[:1])
    np.testing.assert_allclose(second.numpy(), jax.grad(lambda v: jax.grad(expected)(v))(x[0])[None], rtol=1e-5)


def test_custom_gradient_inside_a_scan():
    @fl.custom_gradient
    def doubled(x):
        return x * 2.0, lambda g: g * 10.0

    found = fl.grad(lambda x: fl.scan(lambda c, _: (doubled(c), None), x, length=3)[0])(fl.Tensor(1.0))
    assert float(found) == 1000.0


@pytest.mark.parametrize(
    ("run", "error", "message"),
    [
        (lambda c: fl.cond(c > 0, lambda: c, lambda: (c, c)), ShapeError, "equal results"),
        (lambda c: fl.cond(c > 0, lambda: c, lambda: fl.zeros((2,))), ShapeError, "result 0.*of true_fn.*of false_fn"),
        (lambda c: fl.cond(c > 0, lambda: c, lambda: fl.cast(c, "int32")), DtypeError, "result 0"),
        (lambda c: fl.cond(fl.zeros((2,)) > 0, lambda: c, lambda: c), ShapeError, "scalar condition.*fl.where"),
        (lambda c: fl.while_loop(lambda v: v > fl.zeros((2,)), lambda v: v, c), ShapeError, "scalar condition"),
        (lambda c: fl.custom_gradient(lambda v: (v, lambda g: (g, g)))(c), ShapeError, "return one for each"),
    ],
)
def test_mistakes_are_explained(run, error, message):
    with pytest.raises(error, match=message):
        value = run(fl.Tensor(1.0))
        fl.grad(lambda v: run(v))(fl.Tensor(1.0))
        float(value)

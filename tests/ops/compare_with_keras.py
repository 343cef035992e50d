"""Do two libraries agree on a call? Runs cases with Fanlight and with Keras on JAX and compares all that comes out.

All cases of one function are compiled together, into one WebAssembly module here and one JAX program there.
"""

import warnings

import jax
import jax.numpy as jnp
import keras
import numpy as np

import fanlight as fl
from fanlight.compiler import compile
from fanlight.engines.wasm import WasmEngine
from fanlight.ir.graph import Value
from fanlight.ir.interpret import interpret
from fanlight.ir.module import Module
from fanlight.ops import functions
from fanlight.passes.differentiate import differentiate
from fanlight.tensor import leaves_of, mapped
from ops.cases import to_numpy
from ops.keras_traces import arrays_in, called, inputs_of, traced, wants_gradient, weighted, weights, with_arrays

SHORT = {"int64": "int32", "uint64": "uint32", "float64": "float32"}  # JAX computes with 32 bits


def run_compiled(name, cases):
    """For each case: what came out, left to right, and the gradients."""
    traces = [traced(name, each) for each in cases]
    graphs = {f"f{k}": weighted(graph) for k, (graph, _) in enumerate(traces) if graph.outputs}
    engine = None
    if graphs:
        compiled = compile(Module(graphs, {}))
        engine = WasmEngine(compiled.program, compiled.code)
    results = []
    for k, (each, (_, plain)) in enumerate(zip(cases, traces, strict=True)):
        given = engine.call(f"f{k}", inputs_of(graphs[f"f{k}"], each)) if engine and f"f{k}" in graphs else {}
        results.append(assembled(given, plain))
    return results


def assembled(outputs, plain):
    values = [outputs[f"y{k}"] if isinstance(y, Value) else y for k, y in enumerate(plain)]
    return values, [outputs[f"g{k}"] for k in range(sum(key[0] == "g" for key in outputs))]


def check_interpreted(name, case):
    """The interpreter gives what the compiled code gives."""
    graph, plain = traced(name, case)
    if not graph.outputs:
        return
    graph = weighted(graph)
    outputs, _ = interpret(differentiate(graph), inputs_of(graph, case))
    found = assembled({key: to_numpy(value) for key, value in outputs.items()}, plain)
    (expected,) = run_compiled(name, [case])
    for ours, theirs in zip([*found[0], *found[1]], [*expected[0], *expected[1]], strict=True):
        agree(ours, theirs, case, f"{name}: interpreter against compiled code", dtypes=False)


def check_eager(name, case):
    """`fl.name` of arrays gives the same as the compiled graph."""
    if name not in functions.__all__:
        return
    found = leaves_of(getattr(fl, name)(*case.args, **case.kwargs))
    (expected,) = run_compiled(name, [case])
    for ours, theirs in zip(found, expected[0], strict=True):
        agree(ours.numpy() if isinstance(ours, fl.Tensor) else ours, theirs, case, f"fl.{name} of arrays")


# --- Keras on JAX


def is_float_array(y):
    return hasattr(y, "dtype") and str(y.dtype) == "float32"


def run_keras(name, cases):
    """As `run_compiled`, with keras.ops; cases with an oracle take their values from it and have no gradients."""
    traced = [k for k, case in enumerate(cases) if case.jit and case.oracle is None]
    statics = {}

    def everything(arrays):
        return {k: of_keras(name, cases[k], arrays[k], statics.setdefault(k, [])) for k in traced}

    given = {k: [jnp.asarray(x) for x in arrays_in(cases[k])] for k in traced}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of limits that Keras computes with NumPy
        compiled = jax.jit(everything)(given) if traced else {}
    results = []
    for k, case in enumerate(cases):
        if case.oracle is not None:
            results.append((leaves_of(case.oracle(*case.args, **case.kwargs)), None))
            continue
        plain = []
        found = compiled[k] if k in compiled else of_keras(name, case, [jnp.asarray(x) for x in arrays_in(case)], plain)
        values = iter(found[0])
        merged = [np.asarray(next(values)) if is_array else y for is_array, y in statics.get(k) or plain]
        results.append((merged, [np.asarray(g) for g in found[1]]))
    return results


def of_keras(name, case, arrays, plain):
    """Arrays that came out, and gradients; `plain` gets (is it an array, what it is if not) for each output."""

    def outputs(xs):
        args, kwargs = with_arrays(case, xs)
        return leaves_of(called(case, name, keras.ops, args, kwargs))

    floats = [k for k, x in enumerate(arrays) if x.dtype == jnp.float32]

    def loss(chosen):
        xs = list(arrays)
        for k, x in zip(floats, chosen, strict=True):
            xs[k] = x
        parts = [jnp.sum(y * weights(k, y.shape)) for k, y in enumerate(outputs(xs)) if is_float_array(y)]
        return sum(parts, jnp.float32(0))

    results = outputs(arrays)
    plain[:] = [(isinstance(y, jax.Array), None if isinstance(y, jax.Array) else y) for y in results]
    differentiable = wants_gradient(case) and any(is_float_array(y) for y in results)
    gradients = jax.grad(loss)([arrays[k] for k in floats]) if differentiable else []
    return [y for y in results if isinstance(y, jax.Array)], gradients


# --- both


def compare(name, cases):
    """Raises AssertionError where Fanlight and Keras disagree on a case."""
    for k, (case, ours, theirs) in enumerate(
        zip(cases, run_compiled(name, cases), run_keras(name, cases), strict=True)
    ):
        where = f"{name}, case {k}: {described(case)}"
        assert len(ours[0]) == len(theirs[0]), f"{where}: {len(ours[0])} results, not {len(theirs[0])}"
        for number, (found, expected) in enumerate(zip(ours[0], theirs[0], strict=True)):
            agree(found, expected, case, f"{where}: result {number}")
        if theirs[1] is not None:
            assert len(ours[1]) == len(theirs[1]), f"{where}: {len(ours[1])} gradients, not {len(theirs[1])}"
            for number, (found, expected) in enumerate(zip(ours[1], theirs[1], strict=True)):
                agree(found, expected, case, f"{where}: gradient {number}")


def agree(found, expected, case, where, dtypes=True):
    if not isinstance(expected, np.ndarray | np.generic):
        assert found == expected, f"{where}: {found!r}, not {expected!r}"
        return
    found = np.asarray(found)
    assert found.shape == expected.shape, f"{where}: shape {found.shape}, not {expected.shape}"
    kinds = [SHORT.get(str(x.dtype), str(x.dtype)) for x in (found, expected)]
    assert not dtypes or kinds[0] == kinds[1], f"{where}: dtype {kinds[0]}, not {kinds[1]}"
    finite = np.abs(expected[np.isfinite(expected)]) if expected.dtype.kind in "fc" else np.zeros(0)
    scale = max(1.0, float(finite.max(initial=0)))
    exact = expected.dtype.kind != "f"
    np.testing.assert_allclose(
        found, expected, rtol=0 if exact else case.rtol, atol=0 if exact else case.atol * scale, err_msg=where
    )


def described(case):
    """The arguments, arrays by dtype and shape."""
    args, kwargs = mapped(
        (case.args, case.kwargs), lambda x: f"{x.dtype}{list(x.shape)}" if isinstance(x, np.ndarray) else x
    )
    return ", ".join([*map(str, args), *(f"{name}={value}" for name, value in kwargs.items())])

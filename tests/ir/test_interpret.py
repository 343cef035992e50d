"""Does the interpreter compute what NumPy computes, and does it refuse what has no meaning?

Random graphs are compared with the ops' references, which the interpreter never sees.
"""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given

from evaluate import evaluate_graph
from fanlight.errors import CompileError, ShapeError, UnknownNameError
from fanlight.ir import dim as dims
from fanlight.ir.graph import Graph, Input, Op, State, apply
from fanlight.ir.interpret import Array, interpret
from fanlight.ir.kernel import Axis, Nest
from fanlight.ir.scalar import const, read
from fanlight.ir.types import Type, float32
from fanlight.ops import functions as fn
from random_graphs import cases

BATCH = dims.size("batch", 1, 4)


@given(cases())
def test_random_graphs_compute_what_the_references_do(case):
    outputs, writes = interpret(case.graph, case.inputs, case.state)
    expected, expected_writes = evaluate_graph(case.graph, case.inputs, case.state)
    assert writes.keys() == expected_writes.keys()
    for found, references in ((outputs, expected), (writes, expected_writes)):
        for name, array in found.items():
            got = np.array(array.nested(), array.dtype)
            assert got.shape == references[name].shape
            np.testing.assert_allclose(got, references[name], rtol=1e-4, atol=1e-4, err_msg=name)


@dataclass(frozen=True)
class Given(Op):
    """An op that is one nest."""

    body: Nest
    result: Type
    name = "given"

    def infer(self, *types):
        return self.result

    def nest(self, *types):
        return self.body


def run(body, shape, *arrays):
    inputs = [apply(Input(f"x{k}", Type(str(a.dtype), a.shape))) for k, a in enumerate(arrays)]
    value = apply(Given(body, Type(body.value.dtype, shape)), *inputs)
    outputs, _ = interpret(Graph(tuple(inputs), {"y": value}), {f"x{k}": a for k, a in enumerate(arrays)})
    return np.array(outputs["y"].nested(), value.dtype)


i, j, k = Axis("i", 3), Axis("j", 4), Axis("k", 5)


@pytest.mark.parametrize(
    ("combine", "reference"), [("add", np.sum), ("mul", np.prod), ("max", np.max), ("min", np.min)]
)
@pytest.mark.parametrize("dtype", ["float32", "int32"])
def test_a_reduction(rng, combine, reference, dtype):
    x = (rng.normal(size=(3, 4, 5)) * 3).astype(dtype)
    body = Nest((i,), read(0, (i.index, j.index, k.index), dtype), (j, k), combine)
    np.testing.assert_allclose(run(body, (3,), x), reference(x, axis=(1, 2)), rtol=1e-5)


def test_sums_are_rounded_in_row_major_order():
    x = np.array([1e8, 1.0, -1e8, 1.0], "float32")
    axis = Axis("k", 4)
    assert run(Nest((), read(0, (axis.index,), "float32"), (axis,), "add"), (), x) == 1.0
    inputs = (apply(Input("x", float32(4))),)
    graph = Graph(inputs, {"y": fn.sum(inputs[0])})
    assert interpret(graph, {"x": x}, exact=True)[0]["y"].data == [2.0]


def test_a_product_of_matrices_over_an_open_batch(rng):
    a, b = rng.normal(size=(3, 4)).astype("float32"), rng.normal(size=(4, 2)).astype("float32")
    x, w = apply(Input("x", float32(BATCH, 4))), apply(State("w", float32(4, 2)))
    outputs, writes = interpret(Graph((x,), {"y": x @ w}, {"w": w * 2.0}), {"x": a}, {"w": b})
    np.testing.assert_allclose(outputs["y"].nested(), a @ b, rtol=1e-5)
    np.testing.assert_array_equal(writes["w"].nested(), b * 2)


def test_where_the_guard_is_false_nothing_is_written():
    x = apply(Input("x", float32()))
    graph = Graph((x,), {"y": x}, {"w": x}, fn.isfinite(x))
    assert interpret(graph, {"x": 1.0})[1].keys() == {"w"}
    assert interpret(graph, {"x": float("nan")})[1] == {}


def test_what_has_no_meaning_is_refused():
    x = apply(Input("x", float32(BATCH, 4)))
    graph = Graph((x,), {"y": x + 1.0})
    with pytest.raises(UnknownNameError, match="expected input 'x'"):
        interpret(graph, {})
    with pytest.raises(ShapeError, match=r"input 'x': expected f32\[batch, 4\], got shape \(4,\)"):
        interpret(graph, {"x": [1.0] * 4})
    with pytest.raises(ShapeError, match=r"expected f32\[batch, 4\], here \(2, 4\), got \(2, 3\)"):
        interpret(graph, {"x": [[1.0] * 3] * 2})
    outside = Nest((i,), read(0, (i.index + 1,), "float32"))
    with pytest.raises(CompileError, match=r"expected an element of \(3,\), got index \(3,\)"):
        run(outside, (3,), np.zeros(3, "float32"))


def test_arrays_from_and_to_nested_lists():
    for nested in (1.5, [], [1.0, 2.0], [[1.0], [2.0]], [[[1.0, 2.0]], [[3.0, 4.0]]]):
        assert Array.of(nested).nested() == nested
    assert Array.of(np.zeros((0, 3))).shape == (0, 3)
    assert Array.of([0.1]).data == [float(np.float32(0.1))]
    assert Array.of([300, -1], "uint8").data == [44, 255]
    assert Array.of([[1.0, 2.0], [3.0, 4.0]])[1, 0] == 3.0
    with pytest.raises(ShapeError, match="expected 2 elements"):
        Array("float32", (2,), [1.0])


def test_an_empty_reduction_gives_the_identity():
    body = Nest((i,), const(1.0), (Axis("k", 0),), "max")
    assert run(body, (3,)).tolist() == [-np.inf] * 3

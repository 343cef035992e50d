"""Does the low-level API do what NumPy does, compile once, and differentiate?"""

import numpy as np
import pytest

import fanlight as fl
from fanlight import tensor
from fanlight.errors import DtypeError, FanlightError, ShapeError


def test_operators_follow_numpy():
    a = np.arange(6, dtype=np.float32).reshape(2, 3) + 1
    b = np.array([2.0, 4.0, 8.0], np.float32)
    t = fl.Tensor(a)
    for got, expected in [
        (t + b, a + b),
        (1 - t, 1 - a),
        (t * 2, a * 2),
        (b / t, b / a),
        (-t, -a),
        (t @ a.T, a @ a.T),
        (t[0, 1:], a[0, 1:]),
        (t.sum(), a.sum()),
        (t.T, a.T),
        (t.reshape((3, 2)), a.reshape(3, 2)),
        (t > 2, a > 2),
        (fl.maximum(t, 3), np.maximum(a, 3)),
        (fl.mean(t, axis=0), a.mean(0)),
    ]:
        np.testing.assert_allclose(got.numpy(), expected, rtol=1e-6)
        assert got.numpy().dtype == expected.dtype


def test_nothing_is_computed_before_it_is_looked_at(monkeypatch):
    calls = []
    run = tensor.WasmEngine.call
    monkeypatch.setattr(tensor.WasmEngine, "call", lambda self, *args: calls.append(1) or run(self, *args))
    x = fl.Tensor([1.0, 2.0])
    y = x * 3 + 1
    assert not calls
    assert y.numpy().tolist() == [4.0, 7.0]
    assert y.numpy().tolist() == [4.0, 7.0]
    assert len(calls) == 1


def test_a_loop_compiles_once(monkeypatch):
    compiled = []
    compile = tensor.compile
    monkeypatch.setattr(tensor, "compile", lambda *args: compiled.append(1) or compile(*args))
    x = fl.Tensor(np.full(7, 0.5, np.float32))
    for _ in range(10):
        x = x * 1.25 - 0.125
        x.numpy()
    assert len(compiled) == 1


def test_a_long_pending_graph_is_evaluated_on_its_way():
    x = fl.Tensor(np.zeros(3, np.float32))
    for _ in range(tensor.MOST_PENDING + 10):
        x = x + 1
    assert x._pending <= tensor.MOST_PENDING
    assert x.numpy().tolist() == [tensor.MOST_PENDING + 10] * 3


def test_gradients_of_trees():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(7, 4)).astype("f"), rng.normal(size=(7, 2)).astype("f")
    w = {"kernel": rng.normal(size=(4, 2)).astype("f"), "bias": np.zeros(2, "f")}

    def loss(w, x, y):
        return fl.mean((x @ w["kernel"] + w["bias"] - y) ** 2)

    value, gradients = fl.value_and_grad(loss)(w, x, y)
    error = x @ w["kernel"] - y
    np.testing.assert_allclose(float(value), (error**2).mean(), rtol=1e-6)
    np.testing.assert_allclose(gradients["kernel"].numpy(), x.T @ error / 7, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(gradients["bias"].numpy(), error.sum(0) / 7, rtol=1e-5, atol=1e-6)


def test_gradient_of_a_gradient():
    second = fl.grad(lambda x: fl.grad(lambda z: z * z * z)(x))
    assert float(second(np.float32(2.0))) == pytest.approx(12.0)


def test_tensors_computed_together_are_computed_once(monkeypatch):
    calls = []
    run = tensor.WasmEngine.call
    monkeypatch.setattr(tensor.WasmEngine, "call", lambda self, *args: calls.append(1) or run(self, *args))

    @fl.function
    def pair(x):
        return x + 1, {"double": x * 2}

    a, b = pair(np.float32([1, 2]))
    assert a.numpy().tolist() == [2, 3]
    assert b["double"].numpy().tolist() == [2, 4]
    assert len(calls) == 1


def test_errors_say_what_to_do():
    with pytest.raises(DtypeError, match="float"):
        fl.grad(lambda x: x)(np.int32(1))
    with pytest.raises(ShapeError, match="scalar"):
        fl.grad(lambda x: x * 2)(np.float32([1, 2]))
    with pytest.raises(ShapeError, match="lengths"):
        fl.Tensor([1.0, 2.0]) + fl.Tensor([1.0, 2.0, 3.0])
    with pytest.raises(DtypeError, match="complex"):
        fl.Tensor(np.array([1j]))


def test_a_traced_value_has_no_truth():
    from fanlight.tracing import TensorSpec, trace_module

    def f(x: TensorSpec((3,))):
        return x if x[0] > 0 else -x

    with pytest.raises(FanlightError, match=r"fl\.where"):
        trace_module({"f": f})

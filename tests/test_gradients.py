"""Are gradients of Python functions those of calculus, whatever else the function does?"""

import numpy as np
import pytest

import fanlight as fl
from fanlight import tensor
from fanlight.errors import DtypeError, ShapeError

X = np.float32([1, 2, 3])


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


def test_several_arguments_and_more_results():
    def f(a, b):
        return fl.sum(a * b), {"product": a * b}

    (value, aux), (ga, gb) = fl.value_and_grad(f, argnums=(0, 1), has_aux=True)(X, 2 * X)
    assert (float(value), aux["product"].numpy().tolist()) == (28, [2, 8, 18])
    np.testing.assert_array_equal(ga, 2 * X)
    np.testing.assert_array_equal(gb, X)


def test_looking_at_a_value_keeps_its_gradient(capsys):
    def f(w):
        y = w * 2
        print(y)
        return fl.sum(y**2) if float(y[0]) > 0 else fl.sum(y)

    np.testing.assert_array_equal(fl.grad(f)(X), 8 * X)
    assert "[2., 4., 6.]" in capsys.readouterr().out


def test_a_long_function_keeps_its_gradient(monkeypatch):
    monkeypatch.setattr(tensor, "MOST_PENDING", 50)

    def f(w):
        for _ in range(60):
            w = w + 0.125
        return fl.sum(w * w)

    np.testing.assert_allclose(fl.grad(f)(X), 2 * (X + 7.5))


def test_functions_of_numpy_have_gradients_or_are_refused():
    np.testing.assert_allclose(fl.grad(lambda w: np.sum(np.tanh(w)))(X), 1 - np.tanh(X) ** 2, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(fl.grad(lambda w: np.mean(X * w))(X), X / 3, rtol=1e-6)
    with pytest.raises(DtypeError, match=r"np\.spacing: .* x\.numpy\(\)"):
        fl.grad(lambda w: fl.sum(np.spacing(w)))(X)


def test_each_argument_has_its_own_part():
    x = fl.Tensor(X)
    np.testing.assert_array_equal(fl.grad(lambda a, b: fl.sum(a * b))(x, x), X)
    np.testing.assert_array_equal(fl.grad(lambda a: fl.sum(a * x))(x), X)


def test_updates_that_nobody_looks_at_stay_small(monkeypatch):
    compiled = []
    compile = tensor.compile
    monkeypatch.setattr(tensor, "compile", lambda *args: compiled.append(1) or compile(*args))
    w = fl.Tensor(X)
    for _ in range(20):
        w = w - 0.1 * fl.grad(lambda w: fl.sum(w**2))(w)
    assert len(compiled) <= 2
    np.testing.assert_allclose(w, X * 0.8**20, rtol=1e-5)


def test_errors_say_what_to_do():
    with pytest.raises(DtypeError, match="float"):
        fl.grad(lambda x: x)(np.int32(1))
    with pytest.raises(ShapeError, match="scalar"):
        fl.grad(lambda x: x * 2)(np.float32([1, 2]))
    with pytest.raises(ShapeError, match=r"without float\(\)"):
        fl.grad(lambda x: float(x))(1.0)
    with pytest.raises(ShapeError, match="argument number 1"):
        fl.grad(lambda x: x, argnums=1)(1.0)

"""Do the reductions give what NumPy and JAX give, for every choice of axes?"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fanlight.errors import ShapeError
from fanlight.ir.dim import size
from fanlight.ops import functions as fn
from ops.cases import fixed_weights, gradients, run

X = np.random.default_rng(0).normal(size=(2, 3, 4)).astype("float32")
AXES = [None, 0, -1, (0, 2), (1, -1), ()]
NAMES = ["sum", "prod", "max", "min", "mean", "var", "std", "any", "all"]


@pytest.mark.parametrize("axis", AXES, ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_values(name, axis):
    for keepdims in (False, True):
        found = run(partial(getattr(fn, name), axis=axis, keepdims=keepdims), X)
        np.testing.assert_allclose(found, getattr(np, name)(X, axis=axis, keepdims=keepdims), rtol=1e-5, atol=1e-6)


def test_gradients():
    cases = [(name, axis, keepdims) for name in NAMES[:7] for axis, keepdims in ((1, False), ((0, 2), True))]
    weights = {1: fixed_weights((2, 4)), (0, 2): fixed_weights((1, 3, 1))}

    def slope(x, name, axis, keepdims):
        return jax.vjp(lambda x: getattr(jnp, name)(x, axis, keepdims=keepdims), x)[1](weights[axis])[0]

    expected = jax.jit(lambda x: [slope(x, *case) for case in cases])(X)
    for (name, axis, keepdims), wanted in zip(cases, expected, strict=True):
        function = partial(getattr(fn, name), axis=axis, keepdims=keepdims)
        ours = gradients(function, X, weights=weights[axis])[0]
        np.testing.assert_allclose(ours, wanted, rtol=1e-4, atol=1e-5, err_msg=f"{name} over {axis}")


@pytest.mark.parametrize("axis", [None, 0, 1, -1])
@pytest.mark.parametrize("name", ["argmax", "argmin"])
def test_positions_of_extremes(name, axis):
    x = np.float32([[1, 3, 3, 0], [np.nan, 5, np.nan, 2], [-0.0, 0.0, -np.inf, -np.inf]])
    for keepdims in (False, True):
        found = run(partial(getattr(fn, name), axis=axis, keepdims=keepdims), x)
        np.testing.assert_array_equal(found, getattr(np, name)(x, axis, keepdims=keepdims))
    assert run(getattr(fn, name), np.array([0, 1, 1, 0], bool)) == (1 if name == "argmax" else 0)
    assert run(getattr(fn, name), np.array([7, 255, 0], "uint8")) == (1 if name == "argmax" else 2)


def test_dtypes_are_widened_before_they_are_added_up():
    x = np.full((3, 100), 200, "uint8")
    assert run(fn.sum, x) == 60000
    assert run(fn.sum, np.full((3, 100), -100, "int8")) == -30000
    assert fn.sum(fn.zeros((3,), "uint8")).dtype == "uint32"
    assert fn.sum(fn.zeros((3,), "int8")).dtype == fn.prod(fn.zeros((3,), "int8")).dtype == "int32"
    assert fn.sum(fn.zeros((3,), "bool")).dtype == "int32"
    assert fn.mean(fn.zeros((3,), "int32")).dtype == "float32"
    assert fn.max(fn.zeros((3,), "bool")).dtype == "bool"


def test_logsumexp_does_not_overflow():
    x = np.float32([[1000, 1000.5], [-np.inf, -np.inf], [np.inf, 0], [-2000, -2001]])
    expected = [1000 + np.log(1 + np.exp(0.5)), -np.inf, np.inf, -2000 + np.log(1 + np.exp(-1))]
    np.testing.assert_allclose(run(lambda x: fn.logsumexp(x, -1), x), expected, rtol=1e-6)
    weights = fixed_weights((2, 1, 4))
    softmax = np.exp(X) / np.exp(X).sum(1, keepdims=True)
    ours = gradients(lambda x: fn.logsumexp(x, 1, True), X, weights=weights)[0]
    np.testing.assert_allclose(ours, softmax * weights, rtol=1e-5, atol=1e-6)


def test_equal_extremes_share_the_gradient_or_the_first_gets_it():
    x, ones = np.float32([[2, 5, 5], [1, 1, 1]]), np.ones(2, "float32")
    shares = gradients(lambda x: fn.max(x, 1), x, weights=ones)[0]
    np.testing.assert_allclose(shares, [[0, 0.5, 0.5], [1 / 3, 1 / 3, 1 / 3]])
    first = gradients(lambda x: fn.max(x, 1, ties="first"), x, weights=ones)[0]
    assert first.tolist() == [[0, 1, 0], [1, 0, 0]]


def test_products_with_zeros_have_gradients():
    x = np.float32([[2, 3, 4], [0, 3, 4], [0, 0, 4]])
    slopes = gradients(lambda x: fn.prod(x, 1), x, weights=np.ones(3, "float32"))[0]
    assert slopes.tolist() == [[12, 8, 6], [12, 0, 0], [0, 0, 0]]


def test_means_over_open_axes_divide_by_the_actual_length():
    n = size("batch", 1, 32)
    x = np.arange(12, dtype="float32").reshape(4, 3)
    np.testing.assert_allclose(run(lambda x: fn.mean(x, 0), x, shapes=[(n, 3)]), x.mean(0))
    np.testing.assert_allclose(run(fn.var, x, shapes=[(n, 3)]), x.var(), rtol=1e-6)
    slope = run(lambda x: fn.gradient(fn.mean(x * x), x), x, shapes=[(n, 3)])
    np.testing.assert_allclose(slope, 2 * x / 12, rtol=1e-6)


def test_wrong_axes_are_refused():
    x = fn.zeros((2, 3))
    for axis in (2, -3, (0, 0), (0, -2)):
        with pytest.raises(ShapeError, match=r"distinct axes in -2 .. 1"):
            fn.sum(x, axis)
    with pytest.raises(ShapeError, match="at least one element"):
        fn.max(fn.zeros((2, 0)), 1)

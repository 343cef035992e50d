"""Do the elementwise functions give what NumPy and JAX give, in value, dtype and gradient?"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fanlight.ops import functions as fn
from ops.cases import gradients, run

X = np.array([-3.7, -2.0, -1.2, -0.5, -0.1, 0.2, 0.5, 1.0, 1.7, 2.5, 6.0, 8.3], "float32")
P = np.abs(X) + np.float32(0.05)

TABLE = {
    "square": X, "reciprocal": P, "sqrt": P, "exp": X, "expm1": X, "log": P, "log1p": P, "log2": P, "log10": P,
    "tanh": X, "sin": X, "cos": X, "tan": X, "sign": X, "floor": X, "ceil": X, "trunc": X, "round": X,
    "absolute": X, "negative": X, "isnan": X, "isfinite": X, "isinf": X,
}  # fmt: skip


@pytest.fixture(scope="module")
def slopes():
    """What JAX gives for every function of the table, compiled once."""

    def all_slopes():
        functions = {name: getattr(jnp, name) for name in TABLE if not name.startswith("is")}
        return {name: jax.vjp(f, TABLE[name])[1](np.ones_like(X))[0] for name, f in functions.items()}

    return jax.jit(all_slopes)()


@pytest.mark.parametrize("name", TABLE)
def test_functions_of_one_operand(name, slopes):
    x, function, expected = TABLE[name], getattr(fn, name), getattr(np, name)
    found = run(function, x)
    np.testing.assert_allclose(found, expected(x), rtol=2e-6, atol=1e-6)
    if found.dtype != bool:
        ours = gradients(function, x, weights=np.ones_like(x))[0]
        np.testing.assert_allclose(ours, slopes[name], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", ["exp", "sqrt", "log", "floor", "reciprocal", "sigmoid"])
def test_functions_of_integers_are_float32(name):
    assert getattr(fn, name)(fn.arange(3)).dtype == "float32"


def test_accuracy_near_zero():
    x = np.float32([1e-8, -1e-8, 1e-4, -1e-4, 0.01, -0.01, 0.3, -0.3, 1.5, 20, 80])
    exact = x.astype("float64")
    np.testing.assert_allclose(run(fn.expm1, x), np.expm1(exact), rtol=4e-7)
    np.testing.assert_allclose(run(fn.log1p, x), np.log1p(exact), rtol=4e-7)
    np.testing.assert_allclose(run(fn.sigmoid, x * 4), 1 / (1 + np.exp(-exact * 4)), rtol=4e-7)
    assert run(fn.expm1, [-200.0, 200.0, np.inf, -np.inf]).tolist() == [-1, np.inf, np.inf, -1]


def test_powers_are_accurate_over_their_whole_range():
    rng = np.random.default_rng(3)
    x = np.exp(rng.uniform(-80, 80, 400)).astype("float32")
    y = (rng.uniform(-86, 86, 400) / np.log(x)).astype("float32")
    exact = x.astype("float64") ** y
    np.testing.assert_allclose(run(fn.power, x, y), exact, rtol=4 * 2.0**-23)
    near = np.float32(1) + rng.uniform(-1e-3, 1e-3, 100).astype("float32")
    np.testing.assert_allclose(
        run(fn.power, near, y[:100] * 1000), near.astype("float64") ** (y[:100] * 1000), rtol=5e-7
    )


def test_powers_by_constants():
    x = X[X != 0]
    for exponent in (0, 1, 2, 3, 7, -1, -2, 2.0, 0.5, -0.5):
        base = x if isinstance(exponent, int) or exponent == 2 else P
        expected = base.astype("float64") ** exponent
        np.testing.assert_allclose(run(lambda x, e=exponent: x**e, base), expected, rtol=2e-6)
    assert run(lambda n: n**3, np.array([-2, 3], "int32")).tolist() == [-8, 27]
    assert run(lambda n: n**2.0, np.array([3], "int32")).dtype == float
    base = np.array([-2, 3, 0, -1, 7, -1, 1, 5], "int32")
    exponent = np.array([31, 5, 0, -3, 40, -2, -9, -1], "int32")
    assert run(fn.power, base, exponent).tolist() == [-(2**31), 243, 1, -1, np.int32(7**40 % 2**32 - 2**32), 1, 1, 0]


def test_special_powers():
    cases = [(0.0, 0.0), (-0.0, -1.0), (-0.0, -2.0), (1.0, np.nan), (np.nan, 0.0), (2.0, 128.0), (2.0, -149.0)]
    cases += [(-2.0, 3.0), (-2.0, 0.5), (-1.0, np.inf), (0.5, np.inf), (2.0, -np.inf)]
    cases += [(-np.inf, 3.0), (-np.inf, 0.5), (np.inf, -1.0)]
    x, y = np.float32(cases).T
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(run(fn.power, x, y), np.float32(x) ** np.float32(y))


def test_integer_division_rounds_down_and_never_traps():
    x = np.array([7, -7, 7, -7, 5, -5, -(2**31), 2**31 - 1, 0], "int32")
    y = np.array([2, 2, -2, -2, 0, 0, -1, 3, 5], "int32")
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(run(fn.floor_divide, x, y), np.where(y == 0, 0, x // np.where(y == 0, 1, y)))
        np.testing.assert_array_equal(run(fn.mod, x, y), np.where(y == 0, 0, x % np.where(y == 0, 1, y)))


def test_operators():
    x, y = X, P

    def values(x, y):
        return [x + y, 2 - x, x * y, x / y, y // 0.7, y % 0.7, -x, x > 1, x <= y, (x < 1) & (y > 1), ~(x < 1), x**2]

    for found, expected in zip(run(values, x, y), values_of_numpy(x, y), strict=True):
        np.testing.assert_allclose(found, expected, rtol=2e-6, atol=1e-6)


def values_of_numpy(x, y):
    small = np.float32(0.7)
    return [x + y, 2 - x, x * y, x / y, y // small, y % small, -x, x > 1, x <= y, (x < 1) & (y > 1), ~(x < 1), x**2]


def test_bools_are_combined_not_added():
    x, y = np.array([0, 0, 1, 1], bool), np.array([0, 1, 0, 1], bool)
    for name in ("add", "multiply", "maximum", "minimum"):
        np.testing.assert_array_equal(run(getattr(fn, name), x, y), getattr(np, name)(x, y))
    assert run(fn.greater, x, y).tolist() == [False, False, True, False]


TIES = np.float32([-1, 0, 1])


def test_kinks_follow_jax():
    ours = [fn.abs, lambda x: fn.maximum(x, 0.0), lambda x: fn.minimum(1.0, x), lambda x: fn.clip(x, 0.0, 1.0)]
    theirs = [jnp.abs, lambda x: jnp.maximum(x, 0.0), lambda x: jnp.minimum(1.0, x), lambda x: jnp.clip(x, 0.0, 1.0)]
    ones = np.ones_like(TIES)
    expected = jax.jit(lambda x: [jax.vjp(each, x)[1](ones)[0] for each in theirs])(TIES)
    for function, slopes in zip(ours, expected, strict=True):
        np.testing.assert_allclose(gradients(function, TIES, weights=ones)[0], slopes)


def test_kinks_of_other_frameworks():
    ones = np.ones_like(TIES)
    assert gradients(lambda x: fn.abs(x, kink=0), TIES, weights=ones)[0].tolist() == [-1, 0, 1]
    assert gradients(lambda x: fn.clip(x, 0.0, 1.0, ties="first"), TIES, weights=ones)[0].tolist() == [0, 1, 1]
    assert gradients(lambda x: fn.maximum(x, 0.0, ties="second"), TIES, weights=ones)[0].tolist() == [0, 0, 1]


def test_where_hides_what_it_does_not_choose():
    x = np.float32([-1, 0, 4])
    found = gradients(lambda x: fn.where(x > 0, fn.log(x), 0.0), x, weights=np.ones(3, "float32"))[0]
    assert found[2] == 0.25 and not np.isnan(found[2])
    assert run(lambda x: fn.where(True, x, 2), np.array([1], "int32")).tolist() == [1]


def test_stopped_gradients_are_zero():
    assert gradients(lambda x: x * fn.stop_gradient(x), [3.0], weights=np.ones(1, "float32"))[0].tolist() == [3]

"""Are numbers distributed as their names say? Kolmogorov-Smirnov and chi-squared tests with fixed keys, against SciPy.

With a right sampler each p-value below 0.001 comes once in a thousand; the keys are fixed, so that it does not come.
"""

import jax
import numpy as np
import pytest
from scipy import stats

import fanlight as fl
from fanlight.errors import DtypeError, ShapeError
from fanlight.ir.dim import size
from fanlight.ops import functions as fn
from ops.cases import gradients, run

KEY = np.array([0x13198A2E, 0x03707344], "uint32")
UNLIKELY = 1e-3
COUNT = 5000


def drawn(sample, *arrays):
    """Compiled, as a page would draw them."""
    return fl.function(sample)(KEY, *arrays).numpy()


def check_moments(numbers, distribution):
    """Mean and variance within four standard errors."""
    mean, variance, kurtosis = (float(each) for each in distribution.stats("mvk"))
    assert abs(numbers.mean() - mean) < 4 * np.sqrt(variance / numbers.size)
    assert abs(numbers.var() - variance) < 4 * variance * np.sqrt((kurtosis + 2) / numbers.size)


@pytest.mark.parametrize(
    ("sample", "distribution"),
    [
        (lambda k: fl.random_uniform(k, (COUNT,), -2, 3), stats.uniform(-2, 5)),
        (lambda k: fl.random_normal(k, (COUNT,), 3.0, 2.0), stats.norm(3, 2)),
        (lambda k: fl.random_truncated_normal(k, (COUNT,), 1.0, 2.0), stats.truncnorm(-2, 2, 1, 2)),
    ],
    ids=["uniform", "normal", "truncated_normal"],
)
def test_plain_distributions(sample, distribution):
    numbers = drawn(sample)
    assert stats.kstest(numbers, distribution.cdf).pvalue > UNLIKELY
    check_moments(numbers, distribution)


@pytest.mark.parametrize("alpha", [0.1, 0.7, 1.0, 2.5, 40.0, 1000.0])
def test_gamma(alpha):
    numbers = drawn(lambda k: fl.random_gamma(k, (COUNT,), alpha))
    assert stats.kstest(numbers, stats.gamma(alpha).cdf).pvalue > UNLIKELY
    check_moments(numbers, stats.gamma(alpha))


@pytest.mark.parametrize(("alpha", "beta"), [(0.05, 0.2), (0.5, 0.5), (2.0, 3.0), (50.0, 1.0)])
def test_beta(alpha, beta):
    numbers = drawn(lambda k: fl.random_beta(k, (COUNT,), alpha, beta))
    assert stats.kstest(numbers, stats.beta(alpha, beta).cdf).pvalue > UNLIKELY
    check_moments(numbers, stats.beta(alpha, beta))


@pytest.mark.parametrize(
    ("n", "p"), [(5, 0.3), (100, 0.02), (100, 0.5), (40, 0.95), (1000, 0.9), (100000, 0.4), (24, 0.42)]
)
def test_binomial(n, p):
    numbers = drawn(lambda k: fl.random_binomial(k, (COUNT,), n, p))
    distribution = stats.binom(n, p)
    np.testing.assert_array_equal(numbers, np.round(numbers))
    edges = np.unique([-1, *distribution.ppf(np.linspace(0.02, 0.98, 25)), n])
    expected = np.diff(distribution.cdf(edges)) * COUNT
    found = np.histogram(numbers, edges + 0.5)[0]
    assert found.sum() == COUNT
    assert stats.chisquare(found, expected * COUNT / expected.sum()).pvalue > UNLIKELY
    check_moments(numbers, distribution)


def test_parameters_are_broadcast():
    alpha = np.float32([[0.5], [3.0], [20.0]])
    numbers = drawn(lambda k, a: fl.random_gamma(k, (3, COUNT), a), alpha)
    for row, shape in zip(numbers, alpha[:, 0], strict=True):
        assert stats.kstest(row, stats.gamma(shape).cdf).pvalue > UNLIKELY
    counts, chances = np.int32([[4], [300]]), np.float32([0.0, 1.0])
    assert drawn(lambda k, n, p: fl.random_binomial(k, (2, 2), n, p), counts, chances).tolist() == [[0, 4], [0, 300]]


def test_categories():
    chances = np.float32([[0.1, 0.2, 0.7], [0.5, 0.5, 0.0]])
    with np.errstate(divide="ignore"):
        logits = np.log(chances) + np.float32([[3], [-2]])
    numbers = drawn(lambda k, x: fl.random_categorical(k, x, COUNT), logits)
    assert numbers.shape == (2, COUNT) and numbers.dtype == "int32"
    found = np.bincount(numbers[0], minlength=3)
    assert stats.chisquare(found, chances[0] * COUNT).pvalue > UNLIKELY
    found = np.bincount(numbers[1], minlength=3)
    assert found[2] == 0 and stats.chisquare(found[:2]).pvalue > UNLIKELY


@pytest.mark.parametrize(
    ("low", "high", "dtype"),
    [
        (0, 10, "int32"),
        (-5, 1_000_000, "int32"),
        (-(2**31), 2**31 - 1, "int32"),
        (3, 3, "int32"),
        (0, 200, "uint8"),
        (-100, 100, "int8"),
    ],
)
def test_integers_are_those_of_jax(low, high, dtype):
    with jax.threefry_partitionable(True):
        key = jax.random.wrap_key_data(KEY, impl="threefry2x32")
        expected = np.asarray(jax.random.randint(key, (40,), low, high, dtype="int32"))
    found = drawn(lambda k: fl.random_randint(k, (40,), low, high, dtype))
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(("shape", "axis"), [((7,), 0), ((5, 3), 0), ((2, 6), 1), ((3000,), 0)])
def test_shuffles_are_those_of_jax(shape, axis):
    x = np.arange(np.prod(shape), dtype="int32").reshape(shape)
    for independent in (False, True):
        with jax.threefry_partitionable(True):
            key = jax.random.wrap_key_data(KEY, impl="threefry2x32")
            expected = jax.random.permutation(key, x, axis, independent=independent)
        found = drawn(lambda k, x: fl.random_shuffle(k, x, axis, independent), x)  # noqa: B023  # it is called at once
        np.testing.assert_array_equal(found, expected)


def test_the_interpreter_draws_the_same():
    found = run(lambda k: fn.random_gamma(k, (6,), 2.5), KEY)
    np.testing.assert_allclose(drawn(lambda k: fl.random_gamma(k, (6,), 2.5)), found, rtol=1e-5)
    found = run(lambda k: fn.random_binomial(k, (6,), 50, 0.3), KEY)
    np.testing.assert_array_equal(drawn(lambda k: fl.random_binomial(k, (6,), 50, 0.3)), found)


def test_an_element_does_not_depend_on_how_many_there_are():
    batch = size("batch", 1, 8)
    x = np.zeros((5,), "float32")
    found = run(lambda k, x: fn.random_gamma(k, x.shape, 0.5), KEY, x, shapes=[(2,), (batch,)])
    np.testing.assert_array_equal(found, run(lambda k: fn.random_gamma(k, (5,), 0.5), KEY))


def test_no_gradient_flows_through_samples():
    alpha = np.float32([0.5, 2.0])
    slope = gradients(lambda a, k: fn.multiply(fn.random_gamma(k, (2,), a), 3.0), alpha, KEY)[0]
    assert slope.tolist() == [0, 0]


def test_dropout_with_shared_lots():
    x = np.ones((3, 4, 50), "float32")
    found = drawn(lambda k, x: fl.dropout(x, k, 0.5, noise_shape=(None, 1, None)), x)
    assert (found == found[:, :1]).all() and set(np.unique(found)) == {0.0, 2.0}


def test_wrong_parameters_are_refused():
    key = fn.zeros((2,), "uint32")
    with pytest.raises(DtypeError, match="expected int32, uint32, uint8 or int8"):
        fn.random_randint(key, (3,), 0, 5, "float32")
    with pytest.raises(ShapeError, match=r"expected logits \[batch, classes\]"):
        fn.random_categorical(key, fn.zeros((3,)), 2)
    with pytest.raises(ShapeError, match="expected a noise_shape of 1 lengths"):
        fn.dropout(fn.zeros((3,)), key, 0.5, (1, 1))

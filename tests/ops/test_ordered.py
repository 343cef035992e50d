"""Do running sums, sorting, scattering and searching keep the promises that keras.ops does not make?

Against NumPy and JAX; what keras.ops has too is compared with it in keras_cases_ordered.py.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import fanlight as fl
from fanlight.errors import DtypeError, ShapeError
from fanlight.ir.dim import size
from fanlight.ops import functions as fn
from ops.cases import gradients, run

X = np.random.default_rng(3).normal(size=(3, 7)).astype("float32")
SPECIAL = np.float32([2, np.nan, -0.0, 3, 0.0, -np.inf, np.nan, np.inf, 2])


# Running


@pytest.mark.parametrize("axis", [0, 1, None])
@pytest.mark.parametrize("name", ["sum", "prod"])
def test_exclusive_and_reverse(name, axis):
    ours, numpys = getattr(fn, f"cum{name}"), getattr(np, f"cum{name}")
    flat, k = (X.ravel(), 0) if axis is None else (X, axis)
    start = np.full_like(np.take(flat, [0], k), name == "prod")
    rest = np.take(flat, range(flat.shape[k] - 1), k)
    shifted = np.concatenate([start, numpys(rest, k)], k)
    np.testing.assert_allclose(run(lambda x: ours(x, axis, exclusive=True), X), shifted, rtol=1e-5)
    backwards = np.flip(numpys(np.flip(flat, k), k), k)
    np.testing.assert_allclose(run(lambda x: ours(x, axis, reverse=True), X), backwards, rtol=1e-5)
    both = run(lambda x: ours(x, axis, exclusive=True, reverse=True), X)
    np.testing.assert_allclose(
        np.take(both, range(flat.shape[k] - 1), k), np.take(backwards, range(1, flat.shape[k]), k), rtol=1e-5
    )


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("name", ["cummax", "cummin", "cumlogsumexp", "cumprod"])
def test_values_and_gradients_are_those_of_jax(name, reverse):
    ours = getattr(fn, "logcumsumexp" if name == "cumlogsumexp" else name)
    x = X * 3
    x[1, 2:4] = 0 if name == "cumprod" else [1.25, -1.5]
    theirs = getattr(jax.lax, name)
    for axis in (0, 1):
        expected, back = jax.vjp(lambda x, axis=axis: theirs(x, axis, reverse), x)
        np.testing.assert_allclose(run(lambda x, axis=axis: ours(x, axis, reverse=reverse), x), expected, rtol=1e-5)
        weights = np.random.default_rng(5).normal(size=x.shape).astype("float32")
        found = gradients(lambda x, axis=axis: ours(x, axis, reverse=reverse), x, weights=weights)[0]
        np.testing.assert_allclose(found, back(weights)[0], rtol=1e-4, atol=1e-4)


def test_logcumsumexp_neither_overflows_nor_loses_small_beginnings():
    x = np.float32([-1000, -1000.5, 0, 1000, -np.inf])
    expected = [-1000, -1000 + np.log(1 + np.exp(-0.5)), 0, 1000, 1000]
    np.testing.assert_allclose(run(lambda x: fn.logcumsumexp(x, 0), x), expected, rtol=1e-6)
    empty = run(lambda x: fn.logcumsumexp(x, 0), np.float32([-np.inf, -np.inf, -700, -np.inf, np.inf, 1]))
    np.testing.assert_allclose(empty, [-np.inf, -np.inf, -700, -700, np.inf, np.inf])


def test_the_latest_of_equal_extremes_gets_the_gradient():
    x, ones = np.float32([1, 3, 3, 2, 3]), np.ones(5, "float32")
    assert gradients(lambda x: fn.cummax(x, 0), x, weights=ones)[0].tolist() == [1, 1, 2, 0, 1]
    backwards = gradients(lambda x: fn.cummax(x, 0, reverse=True), x, weights=ones)[0]
    assert backwards.tolist() == [0, 2, 1, 0, 2]
    np.testing.assert_array_equal(run(lambda x: fn.cummax(x, 0), SPECIAL)[:1], [2])
    assert np.isnan(run(lambda x: fn.cummin(x, 0), SPECIAL)[1:]).all()
    assert run(lambda x: fn.cummax(x, 0), np.array([0, 1, 0], bool)).dtype == bool


def test_linear_recurrence():
    a, b = X, X[::-1].copy()
    expected, total = np.zeros_like(b), np.zeros(3, "float32")
    for k in range(7):
        total = a[:, k] * total + b[:, k]
        expected[:, k] = total
    np.testing.assert_allclose(run(fn.linear_recurrence, a, b), expected, rtol=1e-5)
    np.testing.assert_allclose(fl.linear_recurrence(0.5, np.ones(3, "float32")).numpy(), [1, 1.5, 1.75])


# Sorting


@pytest.mark.parametrize("descending", [False, True])
def test_nan_zeros_and_ties_are_ordered(descending):
    expected = jnp.argsort(SPECIAL, descending=descending)
    np.testing.assert_array_equal(run(lambda x: fn.argsort(x, descending=descending), SPECIAL), expected)
    np.testing.assert_array_equal(
        run(lambda x: fn.sort(x, descending=descending), SPECIAL), jnp.sort(SPECIAL, descending=descending)
    )


def test_long_integers_are_sorted_by_both_halves():
    ends = np.iinfo("int64")
    x = np.array([ends.max, -1, 2**32, 0, ends.min, 2**32 - 1, -(2**32), 5, 2**40 + 7, 2**40 + 6, -1, ends.min + 1])
    np.testing.assert_array_equal(run(fn.argsort, x), np.argsort(x, kind="stable"))
    np.testing.assert_array_equal(run(fn.sort, x), np.sort(x))
    np.testing.assert_array_equal(run(lambda x: fn.top_k(x, 3), x)[1], [0, 8, 9])


def test_an_open_batch_is_sorted():
    batch = size("batch", 1, 8)
    values, places = run(lambda x: fn.top_k(x, 2), X, shapes=[(batch, 7)])
    np.testing.assert_array_equal(values, np.sort(X)[:, :-3:-1])
    np.testing.assert_array_equal(places, np.argsort(-X, kind="stable")[:, :2])
    np.testing.assert_allclose(run(lambda x: fn.median(x, 0), X, shapes=[(batch, 7)]), np.median(X, 0), rtol=1e-6)


def test_the_gradient_of_a_maximum_of_k_reaches_those_k():
    slopes = gradients(lambda x: fn.top_k(x, 2)[0], X, weights=np.ones((3, 2), "float32"))[0]
    np.testing.assert_array_equal(slopes, np.sort(X)[:, -2:-1] <= X)


# Scattering


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_put_along_axis(axis):
    index = np.argsort(X, axis)[:2].astype("int32") if axis == 0 else np.argsort(X, axis)[:, :4].astype("int32")
    values = np.random.default_rng(8).normal(size=index.shape).astype("float32")
    expected = X.copy()
    np.put_along_axis(expected, index, values, axis)
    np.testing.assert_array_equal(run(lambda x, i, v: fn.put_along_axis(x, i, v, axis), X, index, values), expected)
    np.testing.assert_array_equal(
        run(lambda x, i, v: fn.put_along_axis(x, i - x.shape[axis], v, axis), X, index, values), expected
    )
    flat = X.copy()
    np.put_along_axis(flat, np.array([3, 20, 3]), np.float32([1, 2, 5]), None)
    ours = run(lambda x, v: fn.put_along_axis(x, fn.stack([3, 20, 3]), v), X, np.float32([1, 2, 5]))
    np.testing.assert_array_equal(ours, flat)


@pytest.mark.parametrize("reduction", [None, "add", "mul", "max", "min"])
def test_gradients_of_scattering_are_those_of_jax(reduction):
    """Where positions differ, JAX has them all; equal ones and those outside stand in keras_cases_ordered.py."""
    at, updates = np.int32([[2], [0]]), X[:2, ::-1].copy()
    name = {None: "set", "mul": "multiply"}.get(reduction, reduction)
    weights = np.random.default_rng(6).normal(size=X.shape).astype("float32")
    _, back = jax.vjp(lambda x, u: getattr(x.at[at[:, 0]], name)(u, unique_indices=True), X, updates)
    ours = gradients(
        lambda x, u: fn.scatter_update(x, fn.stack([fn.stack([2]), fn.stack([0])]), u, reduction),
        X,
        updates,
        weights=weights,
    )
    for found, expected in zip(ours, back(weights), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_gradients_of_products_at_one_position():
    """Every factor has the product of all others as its slope, zeros too."""
    at = np.int32([[0], [0], [1], [1], [0]])
    x, updates = np.float32([2, 3, 5]), np.float32([4, 0.5, 0, 7, 3])
    for k, zero in enumerate((updates, np.float32([4, 0, 0, 0, 3]))):
        slopes = gradients(
            lambda x, u, at: fn.scatter_update(x, at, u, "mul"), x, zero, at, weights=np.ones(3, "float32")
        )
        expected = [[6, 0, 1], [3, 24, 21, 0, 4]] if k == 0 else [[0, 0, 1], [0, 24, 0, 0, 0]]
        for found, wanted in zip(slopes, expected, strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-6)


def test_the_gradient_of_long_lists_of_indices(rng):
    index = rng.integers(-50, 50, 400).astype("int32")
    table = rng.normal(size=(50, 3)).astype("float32")
    weights = rng.normal(size=(400, 3)).astype("float32")
    expected = np.zeros_like(table)
    np.add.at(expected, index, weights)
    found = gradients(lambda t, i: fn.take(t, i, 0), table, index, weights=weights)[0]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_positions_outside_keep_their_meaning():
    """`take` reads the nearest element, and its gradient goes there; updates outside are dropped."""
    index = np.int32([-9, 1, 9])
    slopes = gradients(lambda x, i: fn.take(x, i, 1), X, index, weights=np.ones((3, 3), "float32"))[0]
    np.testing.assert_array_equal(slopes, np.tile([1, 1, 0, 0, 0, 0, 1], (3, 1)))
    found = run(lambda x, i: fn.scatter_update(x, fn.expand_dims(i, 1), 0.0), X[0], index)
    assert (found != X[0]).tolist() == [False, True, *[False] * 5]


# Searching


def test_what_is_found_fills_the_front():
    x = np.float32([[0, 3, 0], [np.nan, 0, -2]])
    for count in (6, 4, 2):
        theirs = [np.asarray(each) for each in jnp.nonzero(x, size=count, fill_value=-1)]
        for ours, expected in zip(run(lambda x, n=count: list(fn.nonzero(x, n, -1)), x), theirs, strict=True):
            np.testing.assert_array_equal(ours, expected)
    assert len(fn.nonzero(fn.ones(()))) == 0
    found = run(lambda x: fn.unique(x, size=3, fill_value=9, return_counts=True), np.int32([5, 5, 5]))
    assert [each.tolist() for each in found] == [[5, 9, 9], [3, 0, 0]]


def test_searching_open_arrays():
    n = size("n", 1, 90)
    x = np.int32([4, 2, 4, 9, 2, 2, 7])
    assert run(fn.unique, x, shapes=[(n,)]).tolist() == [2, 4, 7, 9, 2, 2, 2]
    assert run(lambda x: fn.nonzero(fn.less(x, 4))[0], x, shapes=[(n,)]).tolist() == [1, 4, 5, 0, 0, 0, 0]
    assert run(lambda x: fn.isin(fn.stack([2, 3, 9]), x), x, shapes=[(n,)]).tolist() == [True, False, True]
    assert run(lambda x: fn.searchsorted(fn.sort(x), fn.stack([1, 4, 10])), x, shapes=[(n,)]).tolist() == [0, 3, 7]


def test_searching_many_finds_what_numpy_finds(rng):
    for length in (1, 32, 33, 64, 100, 1000):
        places = np.sort(rng.integers(0, length, length)).astype("float32")
        wanted = rng.integers(-2, length + 2, 50).astype("float32")
        for side in ("left", "right"):
            found = run(lambda s, v, side=side: fn.searchsorted(s, v, side), places, wanted)
            np.testing.assert_array_equal(found, np.searchsorted(places, wanted, side))


def test_what_depends_on_data_is_refused_with_the_reason():
    x = fn.zeros((4,), "int32")
    for call, reason in (
        (lambda: fn.bincount(x), "minlength"),
        (lambda: fn.segment_sum(x, x), "num_segments"),
        (lambda: fn.unique(fn.zeros((0,))), "at least one element"),
        (lambda: fn.unique(fn.zeros((2, 70)), axis=0), "at most 64"),
        (lambda: fn.top_k(x, 5), "at least 5"),
        (lambda: fn.argpartition(x, 4), "a place"),
        (lambda: fn.quantile(x, fn.zeros((2, 2))), "rank 0 or 1"),
        (lambda: fn.searchsorted(fn.zeros((2, 2)), x), "rank 1"),
        (lambda: fn.histogram(x, 0), "a number of bins"),
        (lambda: fn.scatter_update(x, fn.zeros((2, 2), "int32"), 0), "indices"),
        (lambda: fn.put_along_axis(fn.zeros((2, 3)), x, 0.0, 1), "rank 2"),
        (lambda: fn.scatter_update(x, fn.zeros((3, 1), "int32"), fn.zeros((2,), "int32")), "broadcast to it"),
        (lambda: fn.slice_update(x, [0, 0], x), "each axis"),
    ):
        with pytest.raises(ShapeError, match=reason):
            call()
    with pytest.raises(DtypeError, match="'add'"):
        fn.scatter_update(x, fn.zeros((1, 1), "int32"), 1, "divide")
    with pytest.raises(DtypeError, match="linear"):
        fn.quantile(x, 0.5, method="cubic")
    with pytest.raises(DtypeError, match="side"):
        fn.searchsorted(x, x, "middle")

"""Do indices that are data find what NumPy finds, and never read outside?"""

import numpy as np
import pytest

from fanlight.errors import DtypeError, ShapeError
from fanlight.ir.dim import size
from fanlight.ops import functions as fn
from ops.cases import gradients, run

X = np.random.default_rng(1).normal(size=(3, 4, 2)).astype("float32")


@pytest.mark.parametrize("axis", [None, 0, 1, -1])
@pytest.mark.parametrize("shape", [(), (5,), (2, 3)])
def test_take(axis, shape):
    count = X.size if axis is None else X.shape[axis]
    index = np.random.default_rng(2).integers(-count, count, shape).astype("int32")
    found = run(lambda x, i: fn.take(x, i, axis), X, index)
    np.testing.assert_array_equal(found, np.take(X, index, axis))
    slopes = gradients(lambda x, i: fn.take(x, i, axis), X, index, weights=np.ones(found.shape, "float32"))[0]
    taken = np.bincount(np.take(np.arange(X.size).reshape(X.shape), index, axis).ravel(), minlength=X.size)
    np.testing.assert_array_equal(slopes, taken.reshape(X.shape))


def test_positions_outside_are_clamped():
    index = np.array([-9, -1, 0, 3, 4, 99], "int32")
    np.testing.assert_array_equal(run(lambda x, i: fn.take(x, i, 1), X, index), X[:, [0, 3, 0, 3, 3, 3]])
    np.testing.assert_array_equal(run(lambda x, i: fn.gather(x, [i], [1]), X, index), X[:, [0, 0, 0, 3, 3, 3]])


def test_take_along_axis():
    for axis in (0, 1, -1):
        index = np.argsort(X, axis).astype("int32")
        found = run(lambda x, i, axis=axis: fn.take_along_axis(x, i, axis), X, index)
        np.testing.assert_array_equal(found, np.take_along_axis(X, index, axis))


def test_subscript_by_an_array():
    index = np.array([2, 0, 0], "int32")
    np.testing.assert_array_equal(run(lambda x, i: x[i], X, index), X[index])
    np.testing.assert_array_equal(run(lambda x, i: x[1:, i, None, :1], X, index), X[1:, index, None, :1])
    np.testing.assert_array_equal(run(lambda x, i: x[i, i - 1], X, index), X[index, index - 1])
    with pytest.raises(DtypeError, match="indices: expected integers"):
        run(lambda x, i: x[i], X, index.astype("float32"))


def test_gather_broadcasts_positions_and_sorts_axes():
    rows, columns = np.array([[0], [2]], "int32"), np.array([1, 3, 0], "uint8")
    expected = X[rows, columns]
    np.testing.assert_array_equal(run(lambda x, r, c: fn.gather(x, [r, c]), X, rows, columns), expected)
    np.testing.assert_array_equal(run(lambda x, r, c: fn.gather(x, [c, r], (1, 0)), X, rows, columns), expected)


def test_gather_with_open_batch():
    batch = size("batch", 1, 8)
    index = np.array([[0, 3], [1, 1], [2, 0]], "int32")
    found = run(lambda x, i: fn.gather(x, [i], batch=1), X, index, shapes=[(batch, 4, 2), (batch, 2)])
    np.testing.assert_array_equal(found, np.take_along_axis(X, index[:, :, None], 1))


def test_one_hot():
    labels = np.array([[0, 2], [3, -1]], "int32")
    expected = (labels[..., None] == np.arange(3)).astype("float32")
    np.testing.assert_array_equal(run(lambda x: fn.one_hot(x, 3), labels), expected)
    np.testing.assert_array_equal(run(lambda x: fn.one_hot(x, 3, 0), labels), np.moveaxis(expected, -1, 0))
    assert run(lambda x: fn.one_hot(x, 3, dtype="bool"), labels.astype("uint8")).dtype == bool


def test_wrong_positions_are_refused():
    x, index = fn.zeros((3, 4)), fn.zeros((2,), "int32")
    for call in (
        lambda: fn.gather(x, [index, index], (0, 0)), lambda: fn.gather(x, [index], (0,), batch=1),
        lambda: fn.gather(x, [index], (1,), batch=1), lambda: fn.gather(fn.zeros((0, 4)), [index], (0,)),
        lambda: fn.take_along_axis(x, fn.zeros((2, 2), "int32"), 1),
    ):  # fmt: skip
        with pytest.raises(ShapeError, match="expected"):
            call()

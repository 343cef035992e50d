"""Do images look the same between their pixels as in JAX and SciPy?"""

import jax
import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from fanlight.errors import ShapeError
from fanlight.ir.dim import size
from fanlight.ops import functions as fn
from ops.cases import fixed_weights, gradients, run

X = np.random.default_rng(4).normal(size=(2, 5, 4, 2)).astype("float32")


@pytest.mark.parametrize("method", ["bilinear", "nearest"])
@pytest.mark.parametrize("shape", [(10, 8), (5, 4), (3, 3), (7, 1), (1, 9), (4, 6)], ids=str)
def test_resize(shape, method):
    expected = jax.image.resize(X, (2, *shape, 2), method, antialias=False)
    np.testing.assert_allclose(run(lambda x: fn.resize(x, *shape, method), X), expected, rtol=1e-5, atol=1e-6)


def test_resize_gradient():
    weights = fixed_weights((2, 7, 3, 2))
    theirs = jax.grad(lambda x: (jax.image.resize(x, (2, 7, 3, 2), "bilinear", antialias=False) * weights).sum())(X)
    ours = gradients(lambda x: fn.resize(x, 7, 3), X, weights=weights)[0]
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5)


def test_nearest_keeps_the_dtype():
    x = np.arange(4, dtype="uint8").reshape(1, 2, 2, 1)
    found = run(lambda x: fn.resize(x, 4, 4, "nearest"), x)
    assert found.dtype == "uint8" and found.reshape(4, 4).tolist() == [
        [0, 0, 1, 1],
        [0, 0, 1, 1],
        [2, 2, 3, 3],
        [2, 2, 3, 3],
    ]


ROWS = np.float32([[[-1.5, 0, 0.25], [1.5, 3.75, 4]], [[4.5, 2, 9], [0, 1.1, 3.3]]])
COLUMNS = np.float32([[[0, 0.5, 2.9], [3, 1.2, -0.5]], [[1, -3, 2], [3.6, 0.1, 2.2]]])


@pytest.mark.parametrize(("fill", "mode"), [(None, "nearest"), (-1.0, "grid-constant")])
def test_sample_bilinear(fill, mode):
    found = run(lambda x, r, c: fn.sample_bilinear(x, r, c, fill), X, ROWS, COLUMNS)
    for n in range(2):
        for c in range(2):
            at = np.stack([ROWS[n], COLUMNS[n]])
            expected = map_coordinates(X[n, :, :, c], at, order=1, mode=mode, cval=fill or 0)
            np.testing.assert_allclose(found[n, :, :, c], expected, rtol=1e-5, atol=1e-5)


def test_sample_bilinear_gradients():
    weights, step = fixed_weights((2, 2, 3, 2)), 1e-4
    slopes = gradients(fn.sample_bilinear, X, ROWS + 0.03, COLUMNS + 0.03, weights=weights, exact=True)
    for k, slope in enumerate(slopes):
        direction = np.random.default_rng(k).normal(size=slope.shape)
        arrays = (X, ROWS + np.float32(0.03), COLUMNS + np.float32(0.03))
        ends = [run(fn.sample_bilinear, *arrays, exact=True, moves={k: s * step * direction}) for s in (1, -1)]
        expected = ((ends[0] - ends[1]) * weights).sum() / (2 * step)
        np.testing.assert_allclose((slope * direction).sum(), expected, rtol=1e-5)


def test_sample_bilinear_with_open_batch():
    batch = size("batch", 1, 8)
    shapes = [(batch, 5, 4, 2), (batch, 2, 3), (batch, 2, 3)]
    found = run(fn.sample_bilinear, X, ROWS, COLUMNS, shapes=shapes)
    np.testing.assert_array_equal(found, run(fn.sample_bilinear, X, ROWS, COLUMNS))


def test_wrong_images_are_refused():
    for call in (
        lambda: fn.resize(fn.zeros((5, 4, 2)), 2, 2),
        lambda: fn.resize(fn.zeros((1, 5, 4, 2)), 2, 2, "cubic"),
        lambda: fn.resize(fn.zeros((1, size("h"), 4, 2)), 2, 2),
        lambda: fn.sample_bilinear(fn.zeros((2, 5, 4, 2)), fn.zeros((1, 2, 3)), fn.zeros((1, 2, 3))),
    ):
        with pytest.raises(ShapeError, match="expected"):
            call()

"""Do images look the same between their pixels as in SciPy? What Keras has is compared in keras_cases_image.py."""

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

import fanlight as fl
from fanlight.errors import ShapeError
from fanlight.ir.dim import size
from fanlight.ops import functions as fn
from ops.cases import fixed_weights, gradients, run

X = np.random.default_rng(4).normal(size=(2, 5, 4, 2)).astype("float32")


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


def test_elastic_transform_moves_pixels_by_smooth_noise():
    key = np.array([3, 4], "uint32")

    def moved(x, key):
        """The image, and how far pixels of two ramps have moved."""
        ramp = fn.stack([fn.iota((2, 16, 16), 1, "float32"), fn.iota((2, 16, 16), 2, "float32")], -1)
        both = [fn.image.elastic_transform(each, 2.0, 1.5, fill_mode="nearest", seed=key) for each in (x, ramp)]
        return [*both, ramp]

    x = np.random.default_rng(0).normal(size=(2, 16, 16, 3)).astype("float32")
    found, places, ramp = run(moved, x, key)
    shift = places - ramp
    assert 0.2 < np.abs(shift).mean() < 2 and np.abs(np.diff(shift, axis=1)).mean() < 0.6
    assert abs(np.corrcoef(shift[..., 0].ravel(), shift[..., 1].ravel())[0, 1]) < 0.4, "rows and columns on their own"
    for n in range(2):
        expected = map_coordinates(x[n, :, :, 1], np.moveaxis(places[n], -1, 0), order=1, mode="nearest")
        np.testing.assert_allclose(found[n, :, :, 1], expected, rtol=1e-3, atol=1e-3)
    still = run(lambda x, key: fn.image.elastic_transform(x, 0.0, seed=key), x, key)
    np.testing.assert_allclose(still, x, rtol=1e-6)


def test_images_are_functions_of_tensors_too():
    x = np.arange(12, dtype="float32").reshape(3, 4, 1)
    assert isinstance(fl.image.resize(x, (6, 8)), fl.Tensor)
    np.testing.assert_array_equal(fl.image.crop_images(x, 1, 1, target_height=2, target_width=2).numpy(), x[1:, 1:3])


def test_wrong_images_are_refused():
    for call in (
        lambda: fn.image.resize(fn.zeros((5, 4)), (2, 2)),
        lambda: fn.image.resize(fn.zeros((1, 5, 4, 2)), (2, 2, 2)),
        lambda: fn.image.resize(fn.zeros((1, 5, 4, 2)), (2, 2), "cubic"),
        lambda: fn.image.resize(fn.zeros((1, size("h"), 4, 2)), (2, 2)),
        lambda: fn.image.resize(fn.zeros((1, 5, 4, 2)), (2, 2), crop_to_aspect_ratio=True, pad_to_aspect_ratio=True),
        lambda: fn.image.scale_and_translate(fn.zeros((4,)), (4,), fn.zeros((2,)), fn.zeros((2,)), (0,), "linear"),
        lambda: fn.image.scale_and_translate(fn.zeros((4,)), (4,), fn.ones((1,)), fn.zeros((1,)), (0,), "nearest"),
        lambda: fn.image.map_coordinates(fn.zeros((4, 3)), fn.zeros((3, 5)), 1),
        lambda: fn.image.map_coordinates(fn.zeros((4, 3)), fn.zeros((2, 5)), 2),
        lambda: fn.image.affine_transform(fn.zeros((1, 5, 4, 2)), fn.zeros((1, 6))),
        lambda: fn.image.perspective_transform(fn.zeros((1, 5, 4, 2)), fn.zeros((1, 4, 2)), fn.zeros((1, 3, 2))),
        lambda: fn.image.pad_images(fn.zeros((1, 5, 4, 2)), 1, 1, 1),
        lambda: fn.image.pad_images(fn.zeros((1, 5, 4, 2)), 1, 1, target_height=3, target_width=9),
        lambda: fn.image.crop_images(fn.zeros((1, 5, 4, 2)), 1, 1, target_height=6, target_width=2),
        lambda: fn.image.rgb_to_grayscale(fn.zeros((1, 5, 4, 2))),
        lambda: fn.image.elastic_transform(fn.zeros((1, 5, 4, 2))),
        lambda: fn.image.extract_patches(fn.zeros((5, 4)), 2),
        lambda: fn.sample_bilinear(fn.zeros((2, 5, 4, 2)), fn.zeros((1, 2, 3)), fn.zeros((1, 2, 3))),
    ):
        with pytest.raises(ShapeError, match="expected"):
            call()

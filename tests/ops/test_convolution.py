"""Do convolutions and pooling hold where keras.ops has no say: open lengths, second gradients, wrong arguments?

What Keras has is compared with it in keras_cases_convolution.py.
"""

import jax
import numpy as np
import pytest
from jax import lax

from fanlight.errors import ShapeError
from fanlight.ir.dim import size
from fanlight.ops import functions as fn
from ops.cases import fixed_weights, gradients, run

RNG = np.random.default_rng(5)


def random(*shape):
    return RNG.normal(size=shape).astype("float32")


def close(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


PADDINGS = [
    ((1, 6, 7, 2), (2, 3, 2, 2), (2, 1), [(1, 0), (2, 2)], (1, 1)),
    ((1, 9, 8, 2), (2, 3, 2, 2), (2, 3), [(1, 0), (2, 2)], (2, 1)),
]


@pytest.mark.parametrize("case", PADDINGS, ids=str)
def test_explicit_padding(case):
    image, kernel, strides, padding, dilation = case
    x, k = random(*image), random(*kernel)

    def theirs(x, k):
        numbers = ("NHWC", "HWIO", "NHWC")
        return lax.conv_general_dilated(x, k, strides, padding, rhs_dilation=dilation, dimension_numbers=numbers)

    def ours(x, k):
        return fn.conv(x, k, strides, padding, None, dilation)

    found = run(ours, x, k)
    weights = fixed_weights(found.shape)
    value, slopes = jax.jit(lambda x, k, w: (theirs(x, k), jax.vjp(theirs, x, k)[1](w)))(x, k, weights)
    close(found, value)
    for mine, expected in zip(gradients(ours, x, k, weights=weights), slopes, strict=True):
        close(mine, expected)


def test_causal_padding_sees_no_future():
    x, k = random(1, 6, 2), random(3, 2, 1)
    found = run(lambda x, k: fn.conv(x, k, padding="causal", dilation_rate=2), x, k)
    close(found, run(lambda x, k: fn.conv(x, k, padding=[(4, 0)], dilation_rate=2), x, k))
    assert found.shape == (1, 6, 1)


def test_a_depthwise_convolution_is_one_group_a_channel():
    x, k = random(1, 6, 5, 3), random(3, 2, 3, 2)
    for strides, padding, dilation in ((1, "same", 1), (2, "same", 1), (1, "valid", 2), (2, "valid", 1)):
        grouped = k.reshape(3, 2, 1, 6)
        found = run(lambda x, k: fn.depthwise_conv(x, k, strides, padding, None, dilation), x, k)  # noqa: B023
        close(found, run(lambda x, k: fn.conv(x, k, strides, padding, None, dilation), x, grouped))  # noqa: B023


def test_strides_of_pooling_default_to_the_window():
    x = random(1, 6, 5, 2)
    close(run(lambda x: fn.max_pool(x, (3, 2)), x), run(lambda x: fn.max_pool(x, (3, 2), (3, 2)), x))
    close(run(lambda x: fn.average_pool(x, 2), x), run(lambda x: fn.average_pool(x, 2, 2), x))


def test_the_first_of_equal_elements_gets_the_gradient():
    x = np.zeros((1, 2, 4, 1), "float32")
    slope = gradients(lambda x: fn.max_pool(x, 2), x, weights=np.float32([2, 3]).reshape(1, 1, 2, 1))[0]
    assert slope.reshape(2, 4).tolist() == [[2, 0, 3, 0], [0, 0, 0, 0]]


def test_open_heights_and_widths():
    h, w = size("h", 4, 64), size("w", 4, 64)
    x, k = random(1, 5, 6, 2), random(3, 3, 2, 2)

    def function(x, k):
        return fn.average_pool(fn.max_pool(fn.conv(x, k, 2, "same"), 2, 1, "same"), 2, 1, "same")

    def slope(x, k):
        return fn.gradient(fn.sum(fn.square(function(x, k))), x)

    close(run(function, x, k, shapes=[(1, h, w, 2), k.shape]), run(function, x, k))
    close(run(slope, x, k, shapes=[(1, h, w, 2), k.shape]), run(slope, x, k))


def test_second_gradients():
    x, k = random(1, 4, 4, 2), random(2, 2, 2, 3)

    def ours(x, k):
        slope = fn.gradient(fn.sum(fn.power(fn.max_pool(fn.conv(x, k), 2, 1), 3)), x)
        return fn.gradient(fn.sum(fn.square(slope)), [x, k])

    def theirs(x, k):
        y = lax.conv_general_dilated(x, k, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC"))
        windows = [y[:, i : i + 2, j : j + 2] for i in (0, 1) for j in (0, 1)]
        return (jax.numpy.stack(windows).max(0) ** 3).sum()

    expected = jax.jit(jax.grad(lambda x, k: (jax.grad(theirs)(x, k) ** 2).sum(), (0, 1)))(x, k)
    for found, wanted in zip(run(ours, x, k), expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-3)


def test_wrong_images_and_kernels_are_refused():
    x = fn.zeros((1, 4, 4, 3))
    kernel = fn.zeros((3, 3, 3, 2))
    for call in (
        lambda: fn.conv(x, fn.zeros((3, 3, 4, 2))),
        lambda: fn.conv(x, fn.zeros((5, 5, 3, 2))),
        lambda: fn.conv(x[0], kernel),
        lambda: fn.conv(x, kernel, padding="full"),
        lambda: fn.conv(x, kernel, strides=0),
        lambda: fn.conv(x, kernel, strides=(1, 1, 1)),
        lambda: fn.conv(x, fn.zeros((3, 3, 1, 4))),
        lambda: fn.conv(x, kernel, padding=[(1, 1)]),
        lambda: fn.conv(x, kernel, data_format="NCHW"),
        lambda: fn.conv_transpose(x, fn.zeros((3, 3, 2, 4))),
        lambda: fn.conv_transpose(x, fn.zeros((3, 3, 2, 3)), padding="causal"),
        lambda: fn.depthwise_conv(x, fn.zeros((3, 3, 2, 1))),
        lambda: fn.max_pool(x, 5),
        lambda: fn.average_pool(x[0, 0], 2),
    ):
        with pytest.raises(ShapeError, match="expected"):
            call()

"""Do products, convolutions and pooling give what NumPy, JAX and Keras give, with their gradients?"""

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


SHAPES = [
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((3,), (3, 2)),
    ((2, 3), (3, 4)),
    ((5, 2, 3), (3, 4)),
    ((2, 1, 2, 3), (4, 3, 2)),
    ((3,), (2, 3, 2)),
]


@pytest.mark.parametrize("shapes", SHAPES, ids=str)
def test_matmul(shapes):
    a, b = random(*shapes[0]), random(*shapes[1])
    found = run(fn.matmul, a, b)
    assert found.shape == (a @ b).shape
    close(found, a @ b)
    weights = fixed_weights(found.shape)
    slopes = jax.jit(lambda a, b, w: jax.vjp(jax.numpy.matmul, a, b)[1](w))(a, b, weights)
    for ours, expected in zip(gradients(fn.matmul, a, b, weights=weights), slopes, strict=True):
        close(ours, expected)


def test_matmul_of_open_batches():
    batch = size("batch", 1, 8)
    a, b = random(3, 2, 4), random(4, 5)
    close(run(fn.matmul, a, b, shapes=[(batch, 2, 4), (4, 5)]), a @ b)
    integers = np.array([[1, 2], [3, 4]], "uint8")
    assert run(lambda x: x @ x, integers).tolist() == [[7, 10], [15, 22]]
    with pytest.raises(ShapeError, match=r"matmul: expected \[..., m, k\] and \[..., k, n\]"):
        fn.matmul(fn.zeros((2, 3)), fn.zeros((2, 3)))


CONVOLUTIONS = [  # image, kernel, strides, padding, dilation, groups
    ((2, 5, 6, 3), (3, 2, 3, 4), 1, "valid", 1, 1),
    ((1, 5, 6, 2), (3, 3, 2, 3), 1, "same", 1, 1),
    ((1, 6, 5, 2), (3, 2, 2, 3), 2, "same", 1, 1),
    ((1, 7, 7, 1), (2, 2, 1, 2), (3, 2), "same", 1, 1),
    ((1, 6, 7, 2), (2, 3, 2, 2), (2, 1), [(1, 0), (2, 2)], 1, 1),
    ((1, 7, 6, 2), (2, 3, 2, 2), 1, "same", (2, 1), 1),
    ((1, 4, 5, 4), (2, 2, 2, 6), 1, "same", 1, 2),
    ((1, 5, 5, 3), (3, 3, 1, 6), 2, "valid", 1, 3),
]


def both(x):
    return (x, x) if isinstance(x, int) else tuple(x)


@pytest.mark.parametrize("case", CONVOLUTIONS, ids=str)
def test_conv2d(case):
    image, kernel, strides, padding, dilation, groups = case
    x, k = random(*image), random(*kernel)

    def theirs(x, k):
        numbers = ("NHWC", "HWIO", "NHWC")
        how = padding.upper() if isinstance(padding, str) else padding
        return lax.conv_general_dilated(
            x, k, both(strides), how, rhs_dilation=both(dilation), dimension_numbers=numbers, feature_group_count=groups
        )

    def ours(x, k):
        return fn.conv2d(x, k, strides, padding, dilation, groups)

    found = run(ours, x, k)
    weights = fixed_weights(found.shape)
    value, slopes = jax.jit(lambda x, k, w: (theirs(x, k), jax.vjp(theirs, x, k)[1](w)))(x, k, weights)
    close(found, value)
    for mine, expected in zip(gradients(ours, x, k, weights=weights), slopes, strict=True):
        close(mine, expected)


@pytest.mark.parametrize(
    ("strides", "padding", "dilation"), [(1, "same", 1), (2, "same", 1), (1, "valid", 2), (2, "valid", 1)]
)
def test_depthwise_conv2d(strides, padding, dilation):
    x = random(1, 6, 5, 3)
    for multiplier in (1, 2):
        k = random(3, 2, 3, multiplier)
        grouped = k.reshape(3, 2, 1, 3 * multiplier)  # JAX and Keras: one group a channel
        ours = run(lambda x, k: fn.depthwise_conv2d(x, k, strides, padding, dilation), x, k)
        close(ours, run(lambda x, k: fn.conv2d(x, k, strides, padding, dilation, 3), x, grouped))


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(("taps", "strides"), [((3, 2), (2, 2)), ((2, 2), (3, 1)), ((4, 3), (2, 3)), ((1, 1), (2, 2))])
def test_conv2d_transpose(taps, strides, padding):
    from keras import ops as keras_ops

    x, k = random(1, 3, 4, 2), random(*taps, 3, 2)
    expected = np.asarray(keras_ops.conv_transpose(x, k, strides, padding))
    found = run(lambda x, k: fn.conv2d_transpose(x, k, strides, padding), x, k)
    assert found.shape == expected.shape
    close(found, expected)


def test_conv1d():
    x, k = random(2, 7, 3), random(3, 3, 2)
    expected = lax.conv_general_dilated(x, k, (2,), "SAME", dimension_numbers=("NWC", "WIO", "NWC"))
    close(run(lambda x, k: fn.conv1d(x, k, 2, "same"), x, k), expected)


POOLS = [
    ((1, 4, 6, 2), 2, None, "valid"),
    ((2, 5, 5, 1), 2, None, "same"),
    ((1, 7, 6, 1), 3, 2, "same"),
    ((1, 5, 4, 2), (3, 2), 1, "same"),
    ((1, 5, 5, 1), 2, 3, "valid"),
]


@pytest.mark.parametrize("case", POOLS, ids=str)
@pytest.mark.parametrize("kind", ["max", "average"])
def test_pooling(kind, case):
    shape, window, strides, padding = case
    x = RNG.permutation(np.prod(shape)).reshape(shape).astype("float32")
    ours = fn.max_pool2d if kind == "max" else fn.average_pool2d
    size, step = (1, *both(window), 1), (1, *both(window if strides is None else strides), 1)

    def reduce(x, start, operation):
        return lax.reduce_window(x, start, operation, size, step, padding.upper())

    def theirs(x):
        if kind == "max":
            return reduce(x, -np.inf, lax.max)
        return reduce(x, 0.0, lax.add) / reduce(np.ones(shape, "float32"), 0.0, lax.add)

    found = run(lambda x: ours(x, window, strides, padding), x)
    weights = fixed_weights(found.shape)
    value, (slope,) = jax.jit(lambda x, w: (theirs(x), jax.vjp(theirs, x)[1](w)))(x, weights)
    close(found, value)
    close(gradients(lambda x: ours(x, window, strides, padding), x, weights=weights)[0], slope)


def test_the_first_of_equal_elements_gets_the_gradient():
    x = np.zeros((1, 2, 4, 1), "float32")
    slope = gradients(lambda x: fn.max_pool2d(x, 2), x, weights=np.float32([2, 3]).reshape(1, 1, 2, 1))[0]
    assert slope.reshape(2, 4).tolist() == [[2, 0, 3, 0], [0, 0, 0, 0]]


def test_pooling_of_sequences():
    x = random(1, 6, 2)
    close(run(lambda x: fn.max_pool1d(x, 2), x), x.reshape(1, 3, 2, 2).max(2))
    close(run(lambda x: fn.average_pool1d(x, 3, 3), x), x.reshape(1, 2, 3, 2).mean(2))


def test_open_heights_and_widths():
    h, w = size("h", 4, 64), size("w", 4, 64)
    x, k = random(1, 5, 6, 2), random(3, 3, 2, 2)

    def function(x, k):
        return fn.average_pool2d(fn.max_pool2d(fn.conv2d(x, k, 2, "same"), 2, 1, "same"), 2, 1, "same")

    def slope(x, k):
        return fn.gradient(fn.sum(fn.square(function(x, k))), x)

    close(run(function, x, k, shapes=[(1, h, w, 2), k.shape]), run(function, x, k))
    close(run(slope, x, k, shapes=[(1, h, w, 2), k.shape]), run(slope, x, k))


def test_second_gradients():
    x, k = random(1, 4, 4, 2), random(2, 2, 2, 3)

    def ours(x, k):
        slope = fn.gradient(fn.sum(fn.power(fn.max_pool2d(fn.conv2d(x, k), 2, 1), 3)), x)
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
        lambda: fn.conv2d(x, fn.zeros((3, 3, 4, 2))),
        lambda: fn.conv2d(x, fn.zeros((5, 5, 3, 2))),
        lambda: fn.conv2d(x[0], kernel),
        lambda: fn.conv2d(x, kernel, padding="full"),
        lambda: fn.conv2d(x, kernel, strides=0),
        lambda: fn.conv2d(x, kernel, strides=(1, 1, 1)),
        lambda: fn.conv2d(x, fn.zeros((3, 3, 1, 4)), groups=3),
        lambda: fn.depthwise_conv2d(x, fn.zeros((3, 3, 2, 1))),
        lambda: fn.max_pool2d(x, 5),
        lambda: fn.average_pool2d(x[0], 2),
    ):
        with pytest.raises(ShapeError, match="expected"):
            call()

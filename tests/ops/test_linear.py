"""Do products, convolutions and pooling give what NumPy, JAX and Keras give, with their gradients?"""

import jax
import numpy as np
import pytest

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
    assert run(lambda x: x @ x, np.array([[100, 100], [3, -100]], "int8")).tolist() == [[10300, 0], [0, 10300]]
    with pytest.raises(ShapeError, match=r"matmul: expected \[..., m, k\] and \[..., k, n\]"):
        fn.matmul(fn.zeros((2, 3)), fn.zeros((2, 3)))

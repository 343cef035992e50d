"""Are random numbers those of JAX's Threefry, and distributed as their names say?"""

import jax
import numpy as np
import pytest

from fanlight.errors import DtypeError, ShapeError
from fanlight.ir.dim import size
from fanlight.ops import functions as fn
from fanlight.ops.threefry import Threefry
from ops.cases import gradients, run

KEY = np.array([0x13198A2E, 0x03707344], "uint32")


@pytest.fixture(scope="module")
def jax_key():
    with jax.threefry_partitionable(True):
        yield jax.random.wrap_key_data(KEY, impl="threefry2x32")


def test_known_answers():
    """From Random123's kat_vectors: threefry2x32, 20 rounds."""
    vectors = [
        (0x00000000, 0x00000000, 0x00000000, 0x00000000, 0x6B200159, 0x99BA4EFE),
        (0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0x1CB996FC, 0xBB002BE7),
        (0x13198A2E, 0x03707344, 0x243F6A88, 0x85A308D3, 0xC4923A9C, 0x483DF7A0),
    ]
    table = np.array(vectors, "uint32").T
    for word in (0, 1):
        found = run(lambda *xs, word=word: fn.apply(Threefry(word), *xs), *table[:4])
        np.testing.assert_array_equal(found, table[4 + word])
        np.testing.assert_array_equal(Threefry(word).reference(*table[:4]), table[4 + word])


def test_bits_and_keys_are_those_of_jax(jax_key):
    for shape in ((), (1,), (7,), (2, 3)):
        np.testing.assert_array_equal(
            run(lambda k, s=shape: fn.random_bits(k, s), KEY), jax.random.bits(jax_key, shape)
        )
    split = jax.random.key_data(jax.random.split(jax_key, 3))
    np.testing.assert_array_equal(run(lambda k: fn.random_split(k, 3), KEY), split)
    for data in (0, 1, 2**31):
        folded = jax.random.key_data(jax.random.fold_in(jax_key, data))
        np.testing.assert_array_equal(run(lambda k, d=data: fn.random_fold_in(k, d), KEY), folded)
    step = np.array(17, "int32")
    folded = jax.random.key_data(jax.random.fold_in(jax_key, 17))
    np.testing.assert_array_equal(run(fn.random_fold_in, KEY, step), folded)


def test_numbers_are_those_of_jax(jax_key):
    shape = (4, 16)
    np.testing.assert_array_equal(run(lambda k: fn.random_uniform(k, shape), KEY), jax.random.uniform(jax_key, shape))
    scaled = jax.random.uniform(jax_key, shape, minval=-2, maxval=3)
    np.testing.assert_allclose(run(lambda k: fn.random_uniform(k, shape, -2, 3), KEY), scaled, rtol=1e-6)
    normal = jax.random.normal(jax_key, shape)
    np.testing.assert_allclose(run(lambda k: fn.random_normal(k, shape), KEY), normal, rtol=1e-5, atol=1e-6)
    truncated = jax.random.truncated_normal(jax_key, -2, 2, shape)
    np.testing.assert_allclose(
        run(lambda k: fn.random_truncated_normal(k, shape), KEY), truncated, rtol=2e-5, atol=1e-5
    )
    chance = jax.random.bernoulli(jax_key, 0.3, shape)
    np.testing.assert_array_equal(run(lambda k: fn.random_bernoulli(k, shape, 0.3), KEY), chance)


def test_open_shapes_number_elements_alike():
    batch = size("batch", 1, 8)
    x = np.zeros((3, 5), "float32")
    found = run(lambda k, x: fn.random_bits(k, x.shape), KEY, x, shapes=[(2,), (batch, 5)])
    np.testing.assert_array_equal(found, run(lambda k: fn.random_bits(k, (3, 5)), KEY))


def test_erfinv_inverts_erf():
    from scipy.special import erfinv

    x = np.concatenate([np.linspace(-0.999, 0.999, 101), [1e-6, 1 - 2.0**-24, -1 + 2.0**-24]]).astype("float32")
    np.testing.assert_allclose(run(fn.erfinv, x), erfinv(x.astype("float64")), rtol=1e-6)
    assert run(fn.erfinv, [1.0, -1.0]).tolist() == [np.inf, -np.inf]
    assert np.isnan(run(fn.erfinv, [1.5]))


def test_normal_numbers_are_normal():
    numbers = run(lambda k: fn.random_normal(k, (2000,), 3.0, 2.0), KEY)
    assert abs(numbers.mean() - 3) < 0.15 and abs(numbers.std() - 2) < 0.1
    assert np.abs(run(lambda k: fn.random_truncated_normal(k, (500,)), KEY)).max() <= 2


def test_dropout_keeps_the_mean_and_its_gradient_is_the_mask():
    x = np.ones(1000, "float32")
    rate = np.array(0.25, "float32")
    found = run(lambda k, x, r: fn.dropout(x, k, r), KEY, x, rate)
    assert set(np.unique(found)) == {0.0, np.float32(1 / 0.75)}
    assert abs(found.mean() - 1) < 0.1
    slope = gradients(lambda x, k: fn.dropout(x, k, 0.25), x, KEY, weights=x)[0]
    np.testing.assert_array_equal(slope, found)


def test_wrong_keys_are_refused():
    with pytest.raises(ShapeError, match=r"a random key: expected u32\[2\]"):
        fn.random_bits(fn.zeros((3,), "uint32"))
    with pytest.raises(DtypeError, match=r"a random key: expected u32\[2\]"):
        fn.random_bits(fn.zeros((2,), "int32"))

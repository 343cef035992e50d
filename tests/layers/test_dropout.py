"""What do layers that disturb do while training? Their exact meaning given the draws, and the draws' statistics."""

import numpy as np
import pytest

import fanlight as fl
from fanlight import layers
from fanlight.errors import ShapeError
from layers.test_state import apply_layer


def trained(layer, x, **state):
    """What the layer gives while training; `state` is its strength, as a page may have changed it."""
    return apply_layer(layer, x, {f"{layer.name}/{name}": np.float32(value) for name, value in state.items()})["y"]


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_spatial_dropout_keeps_or_drops_whole_channels(rng, rank):
    x = rng.uniform(1, 2, (40, *(3,) * rank, 25)).astype("float32")
    layer = getattr(layers, f"SpatialDropout{rank}D")(0.3, name="s")
    ratio = (trained(layer, x, rate=0.3) / x).reshape(40, -1, 25)
    np.testing.assert_allclose(ratio, np.broadcast_to(ratio[:, :1], ratio.shape), rtol=1e-6)
    kept = ratio[:, 0] > 0
    np.testing.assert_allclose(ratio[:, 0][kept], 1 / 0.7, rtol=1e-6)
    assert abs(kept.mean() - 0.7) < 0.06  # four standard deviations of 1000 draws


def test_gaussian_dropout_multiplies_by_noise_around_one(rng):
    x = rng.uniform(1, 2, (100, 100)).astype("float32")
    ratio = trained(layers.GaussianDropout(0.2, name="g"), x, rate=0.2) / x
    assert abs(ratio.mean() - 1) < 0.02 and abs(ratio.std() - np.sqrt(0.2 / 0.8)) < 0.02


def test_gaussian_noise_adds_noise_around_zero(rng):
    x = rng.normal(size=(100, 100)).astype("float32")
    noise = trained(layers.GaussianNoise(0.3, name="g"), x, stddev=0.3) - x
    assert abs(noise.mean()) < 0.012 and abs(noise.std() - 0.3) < 0.01


@pytest.mark.parametrize("noise_shape", [None, (None, 1)])
def test_alpha_dropout_keeps_mean_and_variance(rng, noise_shape):
    rate, low = 0.2, -1.6732632423543772 * 1.0507009873554805
    x = rng.normal(size=(300, 100)).astype("float32")
    y = trained(layers.AlphaDropout(rate, noise_shape=noise_shape, name="a"), x, rate=rate)
    scale = ((1 - rate) * (1 + rate * low**2)) ** -0.5
    kept, dropped = scale * x - scale * low * rate, scale * low - scale * low * rate
    is_kept = np.isclose(y, kept, atol=1e-5)
    assert np.all(is_kept | np.isclose(y, dropped, atol=1e-5))
    if noise_shape is None:
        assert abs(is_kept.mean() - 0.8) < 0.01 and abs(y.mean()) < 0.03 and abs(y.std() - 1) < 0.03
    else:
        assert all(row.all() or row.sum() < 3 for row in is_kept)


def test_strengths_that_make_no_sense_are_refused():
    for make in (lambda: layers.AlphaDropout(1.0), lambda: layers.GaussianDropout(1), lambda: layers.GaussianNoise(2)):
        with pytest.raises(ShapeError, match="from 0 to"):
            make()
    with pytest.raises(ShapeError, match="expected l1 and l2"):
        layers.ActivityRegularization(0.1, activity_regularizer="l2")


def test_dropout_may_draw_when_a_model_predicts(tmp_path):
    """Monte Carlo dropout: the spread of many predictions."""
    x = layers.Input((8,))
    model = fl.Model(x, layers.Dropout(0.5)(layers.Dense(8, "relu", kernel_initializer="identity")(x), training=True))
    model.compile(fl.optimizers.SGD(0.0), "mse")
    ones = np.ones((50, 8), "float32")
    first, second = model.predict(ones), model.predict(ones)
    assert set(np.unique(first)) == {0.0, 2.0} and not np.array_equal(first, second)
    model.export(tmp_path / "site")
    again = fl.load(tmp_path / "site")
    assert not np.array_equal(again.predict(ones), again.predict(ones))
    assert model.evaluate(ones, ones, verbose=0)["loss"] == pytest.approx(1, abs=0.01)
    model.fit(ones, ones, epochs=1, verbose=0)

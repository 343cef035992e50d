"""Do the image networks of keras.applications become the same models? From `.keras` files, with random weights."""

import keras
import numpy as np
import pytest
from keras.src.applications import convnext

import fanlight as fl
from fanlight import layers
from layers.nearness import error

MOST = 1e-4  # largest difference before the final activation, relative to the largest score or 1

# name -> the side of a square picture, and the largest value of a pixel
NETWORKS = {
    "MobileNetV2": (96, 1),
    "MobileNetV3Small": (96, 255),
    "MobileNetV3Large": (96, 255),
    "EfficientNetB0": (96, 255),
    "ResNet50": (64, 255),
    "DenseNet121": (64, 255),
    "Xception": (96, 1),
    "InceptionV3": (96, 1),
    "NASNetMobile": (96, 1),
    "ConvNeXtTiny": (64, 255),
    "VGG16": (64, 255),
}


def random_network(name: str, size: int) -> keras.Model:
    """The network of that name, statistics of batch normalization included in what is random."""
    keras.utils.set_random_seed(1)
    make = getattr(keras.applications, name)
    model = make(weights=None, classifier_activation=None, input_shape=(size, size, 3))
    rng = np.random.default_rng(2)
    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.moving_mean.assign(rng.normal(0, 0.1, layer.moving_mean.shape))
            layer.moving_variance.assign(rng.uniform(0.5, 1.5, layer.moving_variance.shape))
        if isinstance(layer, convnext.LayerScale):  # which begin at 1e-6, as if there were no blocks
            layer.gamma.assign(rng.uniform(0.1, 1, layer.gamma.shape))
    return model


@pytest.mark.full
@pytest.mark.parametrize("name", NETWORKS)
def test_the_same_scores(name, tmp_path):
    size, high = NETWORKS[name]
    model = random_network(name, size)
    model.save(tmp_path / "theirs.keras")
    x = np.random.default_rng(3).uniform(0, high, (2, size, size, 3)).astype("float32")
    expected = model.predict(x, verbose=0)
    assert expected.std() > 1e-3
    ours = fl.load(tmp_path / "theirs.keras")
    assert error(ours.predict(x), expected) <= MOST
    ours.save(tmp_path / "ours.keras")
    back = keras.saving.load_model(tmp_path / "ours.keras")
    assert error(back.predict(x, verbose=0), expected) <= MOST


def test_blocks_of_convnext(tmp_path):
    x = keras.Input((4, 4, 6))
    y = keras.layers.DepthwiseConv2D(3, padding="same")(x)
    y = convnext.LayerScale(0.5, 6)(keras.layers.LayerNormalization(epsilon=1e-6)(y))
    model = keras.Model(x, keras.layers.Add()([x, convnext.StochasticDepth(0.25)(y)]))
    model.save(tmp_path / "theirs.keras")
    data = np.random.default_rng(4).normal(size=(3, 4, 4, 6)).astype("float32")
    ours = fl.load(tmp_path / "theirs.keras")
    assert error(ours.predict(data), model.predict(data, verbose=0)) <= 1e-5
    ours.save(tmp_path / "ours.keras")
    assert error(keras.saving.load_model(tmp_path / "ours.keras").predict(data, verbose=0), ours.predict(data)) <= 1e-5


def test_stochastic_depth_drops_whole_samples():
    x = layers.Input((3, 2))
    model = fl.Model(x, layers.StochasticDepth(0.25)(x, training=True))
    found = model.predict(np.ones((4000, 3, 2), "float32"), batch_size=1000)
    assert not np.array_equal(found[:1000], found[1000:2000])
    kept = found[:, 0, 0] > 0
    assert np.array_equal(found, np.where(kept[:, None, None], np.float32(1 / 0.75), 0) * np.ones((1, 3, 2), "float32"))
    assert abs(kept.mean() - 0.75) < 0.03  # 4 deviations


def test_a_scale_for_other_channels_is_refused():
    with pytest.raises(fl.errors.ShapeError, match="5 channels last"):
        layers.LayerScale(1.0, 5)(layers.Input((6,)))

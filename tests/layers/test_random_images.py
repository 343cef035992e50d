"""Do layers that vary images do with their draws what Keras's do? And are the draws what they should be?

Bits differ from Keras's by design: so Keras's layers are given the numbers that ours drew.
"""

import keras
import numpy as np
import pytest

from evaluate import evaluate_graph
from fanlight import layers
from fanlight.errors import ShapeError, UnsupportedOp
from fanlight.ir.graph import Graph, Input, apply
from fanlight.ir.types import Type
from fanlight.layers import Context
from fanlight.layers.images import Draws
from fanlight.ops.warping import elastic_transform
from layers.layer_test import descend
from layers.nearness import error

SEED = {"seed/key": np.array([1, 2], "uint32"), "seed/step": np.int32(0)}

# The layers that draw, with attributes that vary everything.
VARIED = {
    "RandomFlip": [dict(mode=mode) for mode in ("horizontal", "vertical", "horizontal_and_vertical")],
    "RandomRotation": [dict(factor=0.2, fill_mode="constant", fill_value=9.0)],
    "RandomZoom": [dict(height_factor=0.3), dict(height_factor=0.3, width_factor=(-0.4, 0.1), fill_mode="wrap")],
    "RandomTranslation": [dict(height_factor=0.3, width_factor=(-0.2, 0.4), fill_mode="nearest")],
    "RandomShear": [dict(x_factor=0.4, y_factor=0.2)],
    "RandomPerspective": [dict(factor=0.7, scale=0.5, fill_value=5.0)],
    "RandomContrast": [dict(factor=0.6)],
    "RandomBrightness": [dict(factor=0.6)],
    "RandomGrayscale": [dict(factor=0.4)],
    "RandomHue": [dict(factor=0.6)],
    "RandomSaturation": [dict(factor=(0.1, 0.8))],
    "RandomInvert": [dict(factor=0.9)],
    "RandomPosterization": [dict(factor=(2, 6))],
    "RandomColorDegeneration": [dict(factor=0.8)],
    "Solarization": [dict(addition_factor=0.3, threshold_factor=(0.1, 0.9)), dict(threshold_factor=0.7)],
    "RandomSharpness": [dict(factor=0.8)],
    "RandomGaussianBlur": [dict(factor=0.8, kernel_size=5, sigma=(0.2, 0.9))],
    "RandomErasing": [dict(factor=0.8), dict(fill_value=7.0), dict(fill_value=(1.0, 2.0, 300.0), scale=(0.3, 0.5))],
}
EACH = [(name, config) for name, configs in VARIED.items() for config in configs]
LABELS = [f"{name}-{k}" for name, configs in VARIED.items() for k in range(len(configs))]


def drawn_graph(layer, shape) -> Graph:
    """The images, and what was drawn for them."""
    x, context = apply(Input("x", Type("float32", shape))), Context(training=True)
    drawn = layer.draw(x, Draws(context.random_key(), shape[0]))
    return Graph((x,), {"y": layer.transform(x, drawn), **drawn})


def photos(rng, n=8, height=7, width=9) -> np.ndarray:
    return rng.uniform(0, 255, (n, height, width, 3)).astype("float32")


def transformed(theirs, x, drawn):
    """Keras's images for numbers that we drew."""
    drawn = drawn.get("should_apply", drawn | {"input_shape": x.shape})
    return np.asarray(theirs.transform_images(x, drawn, training=True))


@pytest.mark.parametrize(("name", "config"), EACH, ids=LABELS)
def test_a_draw_means_what_it_means_in_keras(rng, name, config):
    x, layer = photos(rng), getattr(layers, name)(**config)
    graph = drawn_graph(layer, x.shape)
    found, _ = evaluate_graph(graph, {"x": x}, SEED)
    drawn = {key: value for key, value in found.items() if key != "y"}
    theirs = getattr(keras.layers, name)(**config)
    assert error(found["y"], transformed(theirs, x, drawn)) <= 1e-5
    descend(graph, {"x": x}, SEED, found, {})


@pytest.mark.parametrize(("name", "config"), EACH, ids=LABELS)
def test_each_image_has_a_draw_of_its_own_and_inference_none(rng, name, config):
    x = np.repeat(photos(rng, 1), 16, axis=0)
    layer = getattr(layers, name)(**config, name="it")
    y = run(layer, x)
    assert y.dtype == "float32" and y.shape == x.shape
    if name not in ("RandomGaussianBlur", "RandomPosterization"):
        count = len(np.unique(y.reshape(16, -1).round(3), axis=0))
        assert count == 2 if name in ("RandomFlip", "RandomGrayscale", "RandomInvert") else count >= 4, count
    np.testing.assert_array_equal(run(layer, x, training=False), x)
    np.testing.assert_array_equal(
        run(layer, x, training=False), getattr(keras.layers, name)(**config)(x, training=False)
    )
    pixels = x.astype("uint8")
    np.testing.assert_array_equal(run(layer, pixels, training=False), pixels.astype("float32"))
    assert error(run(layer, pixels), run(layer, pixels.astype("float32"))) == 0


def run(layer, x, training=True):
    """What a layer gives, as the references compute it."""
    value, context = apply(Input("x", Type(str(x.dtype), x.shape))), Context(training=training)
    with context.scope("it"):
        (y,) = layer.run(context, value)
    return evaluate_graph(Graph((value,), {"y": y}), [x], SEED)[0]["y"]


def spread(name, config, key, shape=(4000, 6, 8, 3)) -> np.ndarray:
    """Many draws of one number."""
    layer, x = getattr(layers, name)(**config), apply(Input("x", Type("float32", shape)))
    value = layer.draw(x, Draws(Context(training=True).random_key(), shape[0]))[key]
    return evaluate_graph(Graph((), {"y": value}), [], SEED)[0]["y"]


@pytest.mark.parametrize(
    ("name", "config", "key", "low", "high"),
    [
        ("RandomRotation", dict(factor=(-0.1, 0.3)), "angle", -36, 108),
        ("RandomZoom", dict(height_factor=0.2), "height_zoom", 0.8, 1.2),
        ("RandomTranslation", dict(height_factor=0.0, width_factor=0.5), "translations", -4, 4),
        ("RandomContrast", dict(factor=0.4), "contrast_factor", 1, 1.4),
        ("RandomContrast", dict(factor=(0.5, 0.8)), "contrast_factor", 0.5, 1.8),
        ("RandomBrightness", dict(factor=0.2, value_range=(0, 1)), "rgb_delta", -0.2, 0.2),
        ("RandomHue", dict(factor=0.6), "factor", -0.3, 0.3),
        ("RandomColorDegeneration", dict(factor=(0.2, 0.5)), "factor", 0.2, 0.5),
        ("Solarization", dict(addition_factor=0.4), "additions", 0, 102),
        ("RandomSharpness", dict(factor=0.5), "factor", 0, 0.5),
    ],
)
def test_draws_are_even(name, config, key, low, high):
    found = spread(name, config, key).reshape(4000, -1)[:, 0]
    assert low <= found.min() <= low + 0.01 * (high - low) and high - 0.01 * (high - low) <= found.max() <= high
    counts, _ = np.histogram(found, 10, (low, high))
    assert counts.min() > 310 and counts.max() < 490


@pytest.mark.parametrize(
    ("name", "config", "key", "probability"),
    [
        ("RandomFlip", {}, "flips", 0.5),
        ("RandomGrayscale", dict(factor=0.3), "should_apply", 0.3),
        ("RandomInvert", dict(factor=(0.2, 0.6)), "apply_inversion", 0.4),
        ("RandomPerspective", dict(factor=(0.8, 0.8)), "apply_perspective", 0.8),
        ("RandomErasing", dict(factor=(0.0, 1.0)), "apply_erasing", 0.5),
        ("RandomGaussianBlur", dict(factor=(1.0, 1.0)), "should_apply_blur", 1.0),
    ],
)
def test_chances_are_kept(name, config, key, probability):
    assert abs(spread(name, config, key).mean() - probability) <= 0.03


def test_whole_numbers_of_bits_are_equally_likely():
    counts = np.bincount(spread("RandomPosterization", dict(factor=(2, 6)), "shift_factor"), minlength=9)
    assert not counts[:3].any() and not counts[7:].any() and counts[3:7].min() > 900
    assert (spread("RandomPosterization", dict(factor=3), "shift_factor") >= 6).all()  # 1 or 2 bits, as in Keras


def test_a_part_of_each_image_is_cut_out(rng):
    x, layer = photos(rng, 40), layers.RandomCrop(4, 5, name="it")
    graph = drawn_graph(layer, x.shape)
    found, _ = evaluate_graph(graph, {"x": x}, SEED)
    theirs = keras.layers.RandomCrop(4, 5)
    for image, y, h, w in zip(x, found["y"], found["h_start"], found["w_start"], strict=True):
        np.testing.assert_array_equal(y, theirs.transform_single_image(image, (int(h), int(w)), training=True))
    assert set(found["h_start"]) == {0, 1, 2, 3} and set(found["w_start"]) == {0, 1, 2, 3, 4}
    descend(graph, {"x": x}, SEED, found, {})


@pytest.mark.parametrize("size", [(4, 5), (9, 9), (7, 4), (12, 20)])
def test_inference_cuts_out_the_middle(rng, size):
    x, layer = photos(rng), layers.RandomCrop(*size, name="it")
    expected = keras.preprocessing.image.smart_resize(x, size)
    assert error(run(layer, x, training=False), expected) <= 1e-5
    if size[0] >= 7 or size[1] >= 9:
        assert error(run(layer, x), expected) <= 1e-5


@pytest.mark.parametrize("scale", [(0.6, 0.6), (0.0, 1.0), (0.0, 0.0)])
def test_pixels_move_by_smooth_noise(rng, scale):
    x, layer = photos(rng, 8, 12, 15), layers.RandomElasticTransform(factor=(0.4, 0.8), scale=scale)
    graph = drawn_graph(layer, x.shape)
    found, _ = evaluate_graph(graph, {"x": x}, SEED)
    strength = float(found["distortion_factor"])
    assert scale[0] - 1e-6 <= strength <= scale[1] + 1e-6
    moved = np.abs(found["y"] - x).max((1, 2, 3)) > 1e-3
    np.testing.assert_array_equal(moved, found["apply_transform"] & (strength > 0))
    descend(graph, {"x": x}, SEED, found, {})
    if scale[0]:  # then the Gaussian is as wide as in the function
        image, key = apply(Input("x", Type("float32", x.shape))), apply(Input("key", Type("uint32", (2,))))
        expected = elastic_transform(image, 0.1 * 15 * strength, 0.05 * 12 * strength, seed=key)
        theirs = evaluate_graph(Graph((image, key), {"y": expected}), [x, found["seed"]])[0]["y"]
        assert error(found["y"][moved], np.clip(theirs, 0, 255)[moved]) <= 1e-4


def test_jitter_does_all_of_it(rng):
    x = photos(rng)
    config = dict(brightness_factor=(0.2, 0.2), saturation_factor=(0.4, 0.4), contrast_factor=(-0.3, 0.3), seed=2)
    layer, theirs = layers.RandomColorJitter(**config, name="it"), keras.layers.RandomColorJitter(**config)
    assert error(run(layer, x), theirs(x, training=True)) <= 1e-5
    layer = layers.RandomColorJitter.from_config(theirs.get_config())
    assert list(layer.parts) == ["random_brightness", "random_contrast", "random_saturation"]
    np.testing.assert_array_equal(run(layer, x, training=False), x)


@pytest.mark.parametrize("value_range", [(0, 255), (0, 1)])
@pytest.mark.parametrize("name", ["AutoContrast", "Equalization"])
def test_histograms_are_spread_as_in_keras(rng, name, value_range):
    x = (rng.uniform(0.1, 0.7, (3, 8, 6, 3)) ** 2 * value_range[1]).astype("float32")
    x[0, ..., 0] = x[0, 0, 0, 0]  # no contrast at all
    x = np.concatenate([x, np.zeros_like(x[..., :1])], -1)
    layer, theirs = getattr(layers, name)(value_range, name="it"), getattr(keras.layers, name)(value_range)
    for training in (False, True):
        assert error(run(layer, x, training), theirs(x, training=training)) <= 1e-5
    pixels = np.round(x * (255 / value_range[1])).astype("uint8")
    if value_range[1] == 255:
        assert error(run(layer, pixels), theirs(pixels, training=True)) <= 1e-5


def test_channels_may_come_first(rng):
    x = photos(rng)
    for name, config in EACH:
        kind = getattr(layers, name)
        last, first = (
            run(kind(**config, data_format=form, name="it"), y).transpose(back)
            for form, y, back in (
                ("channels_last", x, (0, 1, 2, 3)),
                ("channels_first", x.transpose(0, 3, 1, 2), (0, 2, 3, 1)),
            )
        )
        np.testing.assert_array_equal(last, first)


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ShapeError, match="fill_mode"):
        layers.RandomRotation(0.1, fill_mode="mirror")
    with pytest.raises(ShapeError, match="from -1 to 1"):
        layers.RandomRotation(1.5)
    with pytest.raises(ShapeError, match="above -1"):
        layers.RandomZoom((-1.0, 0.1))
    with pytest.raises(ShapeError, match="odd"):
        layers.RandomGaussianBlur(kernel_size=4)
    with pytest.raises(ShapeError, match="rank 4"):
        layers.RandomFlip().infer(Type("float32", (3, 4)))
    with pytest.raises(UnsupportedOp, match="bounding_box_format"):
        layers.RandomFlip.from_config(keras.layers.RandomFlip(bounding_box_format="xyxy").get_config())

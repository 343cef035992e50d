"""What happens to state: how weights start, what a class mask does, how images are varied, and that draws are pure."""

import keras
import numpy as np
import pytest

from evaluate import evaluate_graph
from fanlight import layers
from fanlight.errors import ShapeError, UnknownNameError
from fanlight.ir.graph import Graph, Input, apply
from fanlight.ir.types import Type
from fanlight.layers import Context, initializers
from fanlight.ops import functions as fn

SEED = {"seed/key": np.array([1, 2], "uint32"), "seed/step": np.int32(0)}


@pytest.mark.parametrize("name", sorted(set(initializers.NAMED) - {"orthogonal", "identity"}))
@pytest.mark.parametrize("shape", [(60, 50), (3, 3, 20, 30), (3000,)])
def test_initializers_have_keras_spread(name, shape):
    key = apply(Input("key", Type("uint32", (2,))))
    value = initializers.get(name)(key, Type("float32", shape))
    ours = evaluate_graph(Graph((key,), {"y": value}), [np.array([3, 4], "uint32")])[0]["y"]
    keras.utils.set_random_seed(1)
    theirs = np.asarray(keras.initializers.get(name)(shape))
    assert ours.shape == theirs.shape and ours.dtype == "float32"
    assert abs(ours.mean() - theirs.mean()) <= 0.1 * theirs.std()
    assert abs(ours.std() - theirs.std()) <= 0.06 * theirs.std()
    if "random_normal" not in name:
        assert abs(np.abs(ours).max() - np.abs(theirs).max()) <= 0.05 * np.abs(theirs).max()


def test_records_of_keras_initializers_are_read():
    for name in initializers.NAMED:
        record = keras.initializers.serialize(keras.initializers.get(name))
        assert initializers.get(record) == initializers.NAMED[name], record
    assert initializers.get(keras.initializers.serialize(keras.initializers.Constant(3.0))) == initializers.Constant(
        3.0
    )
    with pytest.raises(UnknownNameError, match="glorot_uniform"):
        initializers.get("stft")


def drawn(initializer, *shape):
    """A weight of this shape as it begins."""
    key = apply(Input("key", Type("uint32", (2,))))
    graph = Graph((key,), {"y": initializer(key, Type("float32", shape))})
    return evaluate_graph(graph, [np.array([3, 4], "uint32")])[0]["y"]


@pytest.mark.parametrize("shape", [(4, 4), (6, 3), (3, 6), (2, 2, 3, 5), (1, 4)])
def test_orthogonal_weights_have_orthonormal_rows_or_columns(shape):
    weight = drawn(initializers.get({"class_name": "OrthogonalInitializer", "config": {"gain": 2.0}}), *shape)
    matrix = weight.reshape(-1, shape[-1]) / 2
    product = matrix.T @ matrix if matrix.shape[0] >= matrix.shape[1] else matrix @ matrix.T
    np.testing.assert_allclose(product, np.eye(len(product)), atol=2e-6)


def test_orthogonal_weights_are_spread_evenly():
    weight = drawn(initializers.get("orthogonal"), 40, 40)
    assert abs(weight.mean()) < 0.02 and abs(np.trace(weight)) < 4  # a trace has variance 1
    assert abs((weight**4).mean() * 40**2 / 3 - 1) < 0.2  # as normal numbers of variance 1/40


def test_identity_is_keras_identity():
    for shape in ((3, 3), (2, 4)):
        theirs = np.asarray(keras.initializers.Identity(2.0)(shape))
        np.testing.assert_array_equal(drawn(initializers.Identity(2.0), *shape), theirs)
    for name in ("identity", "IdentityInitializer", {"class_name": "IdentityInitializer", "config": {}}):
        assert initializers.get(name) == initializers.Identity()
    for name in ("orthogonal", "identity"):
        with pytest.raises(ShapeError, match="rank 2"):
            drawn(initializers.get(name), 3)


def apply_layer(layer, x, state, training=True):
    context, value = Context(training=training), apply(Input("x", Type("float32", x.shape)))
    layer.ensure_built(value.type)
    with context.scope(layer.name):
        y = layer.call(context, value)
    graph = Graph((value,), {"y": y, "dx": fn.gradient(fn.sum(fn.square(y)), value)})
    return evaluate_graph(graph, [x], SEED | state)[0]


def test_a_class_mask_switches_classes_off(rng):
    mask = layers.ClassMask(3, spare=2, name="class_mask")
    x = rng.normal(size=(4, 5)).astype("float32")
    state = {"class_mask": np.array([1, 1, 1, 1, 0], "float32")}
    found = apply_layer(mask, x, state)["y"]
    powers = np.exp(found - found.max(-1, keepdims=True))
    probabilities = powers / powers.sum(-1, keepdims=True)
    assert not probabilities[:, 4].any() and probabilities[:, :4].all()
    np.testing.assert_array_equal(found[:, :4], x[:, :4])
    with pytest.raises(ShapeError, match="5 logits"):
        layers.ClassMask(3, spare=2)(layers.Input((3,)))


def test_dropout_keeps_the_expected_sum(rng):
    x = np.ones((50, 60), "float32")
    found = apply_layer(layers.Dropout(0.25, name="d"), x, {"d/rate": np.float32(0.25)})["y"]
    assert set(np.unique(found)) == {0, np.float32(1 / 0.75)}
    assert abs(found.mean() - 1) < 0.05
    rows = apply_layer(layers.Dropout(0.5, noise_shape=(None, 1), name="d"), x, {"d/rate": np.float32(0.5)})["y"]
    assert np.array_equal(rows, rows[:, :1].repeat(60, 1)) and len(np.unique(rows)) == 2
    off = apply_layer(layers.Dropout(0.25, name="d"), x, {}, training=False)
    assert np.array_equal(off["y"], x)


def test_draws_depend_on_path_step_and_use_alone(rng):
    def drawn(path, step=0, uses=1):
        context = Context(training=True)
        with context.scope(path):
            keys = [context.random_key() for _ in range(uses)]
        graph = Graph((), {"key": keys[-1]})
        return tuple(evaluate_graph(graph, {}, SEED | {"seed/step": np.int32(step)})[0]["key"])

    assert drawn("a") == drawn("a")
    assert len({drawn("a"), drawn("b"), drawn("a", step=1), drawn("a", uses=2)}) == 4


@pytest.mark.parametrize(
    ("attributes", "theirs"),
    [
        (dict(rotation=(0.1, 0.1)), lambda: keras.layers.RandomRotation((0.1, 0.1), "constant")),
        (dict(zoom=(0.3, 0.3)), lambda: keras.layers.RandomZoom((0.3, 0.3), fill_mode="constant")),
        (dict(zoom=(-0.3, -0.3)), lambda: keras.layers.RandomZoom((-0.3, -0.3), fill_mode="constant")),
        (dict(translation=(0.1, 0.1)), lambda: keras.layers.RandomTranslation((0.1, 0.1), (0.1, 0.1), "constant")),
    ],
)
def test_random_affine_has_keras_units(rng, attributes, theirs):
    x = rng.normal(size=(2, 7, 9, 2)).astype("float32")
    found = apply_layer(layers.RandomAffine(**attributes, name="a"), x, {})["y"]
    np.testing.assert_allclose(found, np.asarray(theirs()(x, training=True)), atol=1e-5)


def test_random_affine_varies_each_image(rng):
    x = np.repeat(rng.normal(size=(1, 6, 6, 1)), 3, 0).astype("float32")
    layer = layers.RandomAffine(rotation=0.1, zoom=0.1, translation=0.1, shear=0.2, name="a")
    found = apply_layer(layer, x, {})["y"]
    assert not np.allclose(found[0], found[1]) and not np.allclose(found[1], found[2])
    assert np.array_equal(apply_layer(layer, x, {}, training=False)["y"], x)
    sheared = apply_layer(layers.RandomAffine(shear=(1, 1), name="a"), np.eye(5, dtype="float32")[None, ..., None], {})
    assert np.array_equal(sheared["y"][0, :, 2, 0], np.ones(5))  # the diagonal becomes a column


def test_random_stroke_makes_strokes_bolder_or_finer(rng):
    x = rng.normal(size=(1, 6, 6, 1)).astype("float32")
    padded = np.pad(x[0, :, :, 0], 1, constant_values=np.nan)
    around = np.lib.stride_tricks.sliding_window_view(padded, (3, 3))
    for factor, expected in ((1, np.nanmax(around, axis=(2, 3))), (-1, np.nanmin(around, axis=(2, 3)))):
        found = apply_layer(layers.RandomStroke((factor, factor), name="s"), x, {})["y"]
        np.testing.assert_allclose(found[0, :, :, 0], expected, atol=1e-6)
    many = apply_layer(layers.RandomStroke(0.5, name="s"), x.repeat(8, 0), {})["y"].mean((1, 2, 3))
    assert many.min() < x.mean() < many.max()

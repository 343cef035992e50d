"""Do meanings turn raw data into what the model sees: pixels as Keras's preprocessing does it, words of tables?"""

import keras
import numpy as np
import pytest

import fanlight as fl
from evaluate import evaluate_graph
from fanlight import layers
from fanlight.errors import ShapeError, StorageError, UnknownNameError
from fanlight.ir.graph import Graph, Input, apply
from fanlight.ir.types import Type
from fanlight.layers import Network
from fanlight.layers.describe import describe
from fanlight.layers.meanings import Classes, Image, Number, Table, from_record


def prepared(meaning, rows):
    value = apply(Input("x", Type(meaning.raw.dtype, (len(rows), *meaning.raw.shape))))
    result = meaning.prepare(value)
    assert result.type == Type(meaning.dtype, (len(rows), *meaning.shape))
    return evaluate_graph(Graph((value,), {"y": result}), [rows])[0]["y"]


@pytest.mark.parametrize("preset", ["tf", "torch", "caffe"])
def test_presets_are_keras_modes(rng, preset):
    pixels = rng.integers(0, 256, (2, 4, 5, 3)).astype("uint8")
    expected = keras.src.applications.imagenet_utils.preprocess_input(pixels.astype("float32"), mode=preset)
    np.testing.assert_allclose(prepared(Image(4, 5, preset=preset), pixels), expected, atol=1e-5, rtol=1e-6)


def test_an_image_is_left_alone_unless_told_otherwise(rng):
    pixels = rng.integers(0, 256, (2, 4, 5, 1)).astype("uint8")
    assert np.array_equal(prepared(Image(4, 5, 1), pixels), pixels.astype("float32"))
    assert np.array_equal(prepared(Image(4, 5, 1, preset="unit"), pixels), pixels / np.float32(255))
    standard = prepared(Image(4, 5, 1, mean=0.5, std=0.25), pixels)
    np.testing.assert_allclose(standard, (pixels / np.float32(255) - 0.5) / 0.25, atol=1e-6)
    assert np.array_equal(prepared(Image(4, 5, 3, order="bgr"), pixels.repeat(3, -1)), pixels.repeat(3, -1))


def test_pixels_go_into_bytes_as_they_are(rng):
    x = layers.Input(Image(4, 5, 3), dtype="uint8", name="x")
    network = Network(x, layers.Rescaling(2.0, name="twice")(x))
    assert not network.prepared_meanings()
    model = fl.Model.of_network(network)
    pixels = rng.integers(0, 256, (2, 4, 5, 3)).astype("uint8")
    assert np.array_equal(model.predict(pixels), 2.0 * pixels)
    assert "prepare" not in model.module().functions
    for scaled in (Image(4, 5, 3, preset="tf"), Image(4, 5, 3, order="bgr"), Image(4, 5, 3, mean=0, std=1)):
        with pytest.raises(ShapeError, match="float32 for pixels that are scaled"):
            layers.Input(scaled, dtype="uint8")
        with pytest.raises(ShapeError, match="float32 for pixels that are scaled"):
            describe(network, scaled)
    assert layers.Input(Image(4, 5, 1, order="bgr"), dtype="uint8").dtype == "uint8"  # one channel has no order
    with pytest.raises(ShapeError, match="float32 or uint8 for a picture"):
        layers.Input(Image(4, 5, 3), dtype="int32")


@pytest.mark.parametrize("std", [0.0, (0.5, 0.0, 0.5), float("nan")])
def test_a_spread_of_nothing_is_refused(std):
    with pytest.raises(UnknownNameError, match="Image std: expected finite numbers other than 0"):
        Image(4, 5, 3, std=std)


def test_an_image_describes_itself():
    record = Image(4, 5, preset="torch", fit="pad").to_manifest()
    assert record["kind"] == "image" and record["fit"] == "pad" and record["scale"] == 255
    assert record["mean"] == [0.485, 0.456, 0.406]


def test_words_become_columns():
    table = Table(["length", "colour", "width"], {"colour": ["red", "green", "blue"]})
    assert table.shape == (5,) and table.raw.shape == (3,)
    rows = np.array([[1.5, 2, 7], [2.5, 0, 8]], "float32")
    assert prepared(table, rows).tolist() == [[1.5, 0, 0, 1, 7], [2.5, 1, 0, 0, 8]]
    assert table.to_manifest()["categories"] == {"colour": ["red", "green", "blue"]}
    assert Table(["a", "b"]).raw is None


@pytest.mark.parametrize(
    "meaning",
    [Image(2, 3, mean=(1, 2, 3)), Table(["a"], {"a": ["x", "y"]}), Classes(["0", "1"], spare=3), Number("m")],
)
def test_records_are_read_back(meaning):
    from fanlight.layers.config import to_json

    assert from_record(to_json(meaning)) == meaning
    assert meaning.to_manifest()["kind"] == meaning.kind


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: Image(4, 4, preset="vgg"), UnknownNameError),
        (lambda: Image(4, 4, preset="tf", mean=1), UnknownNameError),
        (lambda: Image(0, 4), ShapeError),
        (lambda: Image(4, 4, 1, mean=(1, 2, 3)), ShapeError),
        (lambda: Table(["a", "a"]), UnknownNameError),
        (lambda: Table(["a"], {"b": ["x"]}), UnknownNameError),
        (lambda: Classes(["a", "a"]), UnknownNameError),
    ],
)
def test_nonsense_is_refused(make, error):
    with pytest.raises(error):
        make()


def test_a_network_is_told_later_what_its_ends_mean():
    x = layers.Input((4, 4, 3), name="pixels")
    network = Network(x, layers.Dense(2, name="answer")(layers.Flatten()(x)))
    describe(network, Image(4, 4, preset="unit"), {"answer": Classes(["no", "yes"])})
    assert network.input_meanings() == {"pixels": Image(4, 4, preset="unit")}
    assert network.output_meanings() == {"answer": Classes(["no", "yes"])}
    with pytest.raises(ShapeError, match=r"pixels.*\(5, 4, 3\)"):
        describe(network, Image(5, 4))
    with pytest.raises(ShapeError, match="2 classes"):
        describe(network, outputs=Classes(["no", "yes", "perhaps"]))
    with pytest.raises(UnknownNameError, match="nothing"):
        describe(network, {"nothing": Image(4, 4)})


def test_labels_come_from_a_file(tmp_path):
    (tmp_path / "labels.txt").write_text("crane\nowl, strix\n\ncrane\n", "utf-8")
    assert Classes.from_file(tmp_path / "labels.txt").labels == ("crane", "owl, strix", "crane (2)")
    with pytest.raises(StorageError, match="one label a line"):
        Classes.from_file(tmp_path / "nothing.txt")

"""Does a look-up give what Keras documents? Its own layer asks for TensorFlow: the meaning is written down here."""

import numpy as np
import pytest

from fanlight import layers
from fanlight.errors import ShapeError, UnsupportedOp
from fanlight.ir.types import Type
from layers.test_preprocessing import values_of

IDS = np.array([[12, 36, -7], [7, 1000, 42], [0, 12, -1]], "int32")


def test_integers_have_places():
    layer = layers.IntegerLookup(vocabulary=[12, 36, 1000, 42])
    found = values_of(layer, IDS)
    assert found.dtype == "int64"
    np.testing.assert_array_equal(found, [[1, 2, 0], [0, 3, 4], [0, 1, 0]])
    masked = layers.IntegerLookup(vocabulary=[12, 36, 1000, 42], mask_token=0, num_oov_indices=3)
    np.testing.assert_array_equal(values_of(masked, IDS), [[4, 5, 1 + -7 % 3], [1 + 7 % 3, 6, 7], [0, 4, 1 + -1 % 3]])
    assert masked.get_vocabulary() == [0, -1, -1, -1, 12, 36, 1000, 42]
    again = layers.IntegerLookup(vocabulary=masked.get_vocabulary(), mask_token=0, num_oov_indices=3)
    assert again.vocabulary == masked.vocabulary


def test_places_have_integers():
    layer = layers.IntegerLookup(vocabulary=[12, 36, 1000, 42], mask_token=0, invert=True)
    np.testing.assert_array_equal(values_of(layer, np.array([[0, 1, 2], [5, 6, -1]])), [[0, -1, 12], [42, -1, -1]])


def test_classes_are_encoded():
    def encoded(mode, **options):
        return values_of(layers.IntegerLookup(vocabulary=[12, 36], mask_token=0, output_mode=mode, **options), IDS)

    np.testing.assert_array_equal(encoded("multi_hot"), [[1, 1, 1], [1, 0, 0], [1, 1, 0]])
    np.testing.assert_array_equal(encoded("count"), [[1, 1, 1], [3, 0, 0], [1, 1, 0]])
    np.testing.assert_array_equal(encoded("one_hot")[2], [[0, 0, 0], [0, 1, 0], [1, 0, 0]])
    assert encoded("count", max_tokens=5, pad_to_max_tokens=True).shape == (3, 5)


def test_adapt_orders_by_frequency(rng):
    layer = layers.IntegerLookup(mask_token=0, max_tokens=5)
    layer.adapt([np.array([[3, 3, 5, 0, 0, 0]]), np.array([[9, 9, 9, 5, 7, 8]])])
    assert layer.vocabulary == (9, 5, 3)
    layer = layers.IntegerLookup()
    layer.adapt([[4, 4, -1], [2, 2, 8]])
    assert layer.get_vocabulary() == [-1, 4, 2, 8]
    tokens = rng.permutation(5000)[:700] - 2500
    many = layers.IntegerLookup(vocabulary=tokens)
    x = rng.integers(-2600, 2600, (50, 20)).astype("int32")
    places = {int(token): place for place, token in enumerate(tokens, 1)}
    np.testing.assert_array_equal(values_of(many, x), np.vectorize(lambda token: places.get(token, 0))(x))


def test_what_a_graph_cannot_do_is_refused():
    with pytest.raises(UnsupportedOp, match="num_oov_indices"):
        layers.IntegerLookup(num_oov_indices=0)
    with pytest.raises(UnsupportedOp, match="floormod"):
        layers.IntegerLookup(oov_method="farmhash")
    with pytest.raises(UnsupportedOp, match="idf_weights"):
        layers.IntegerLookup.from_config({"vocabulary": [1], "vocabulary_size": 2, "idf_weights": [1.0]})
    with pytest.raises(ShapeError, match="different tokens"):
        layers.IntegerLookup(vocabulary=[1, 1])
    with pytest.raises(ShapeError, match="adapt"):
        layers.IntegerLookup().infer(Type("int32", (2, 3)))
    layer = layers.IntegerLookup(vocabulary=[1, 2])
    layer.infer(Type("int32", (2, 3)))
    with pytest.raises(ShapeError, match="not used yet"):
        layer.adapt([[1]])

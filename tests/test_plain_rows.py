"""Do rows become the same arrays with NumPy and without?"""

import numpy as np
import pytest

import fanlight as fl
from fanlight import plain_rows, rows
from fanlight.arrays import Array
from fanlight.errors import FanlightError
from fanlight.ir.dim import size
from fanlight.ir.types import Type

WORDS = fl.Table(("weight", "colour"), categories={"colour": ("red", "green")})
NUMBERS = fl.Table(("weight", "age"))
IMAGE = fl.Image(2, 2, channels=1, preset="unit")
CLASSES = fl.Classes(("small", "large"))
BATCH = size("batch", 1, 8)

INPUTS = [
    (None, [[1, 2], [3, 4]]),
    (None, [[1.5], [2]]),
    (WORDS, [[0.5, "green"], [1, "red"]]),
    (WORDS, [{"colour": "green", "weight": 0.5}, {"weight": 2, "colour": "red", "name": "x"}]),
    (WORDS, {"colour": ["red", "green"], "weight": [1, 2]}),
    (WORDS, {"colour": "red", "weight": 1}),
    (WORDS, [[1.0, 0, 1]]),
    (NUMBERS, [{"weight": 1, "age": 2}]),
    (NUMBERS, [[1, 2], [3, 4]]),
    (IMAGE, Array("uint8", (1, 2, 2, 1), bytes([0, 1, 2, 255]))),
    (IMAGE, [[[[0.5], [1]], [[0], [1]]]]),
]
TARGETS = [
    (CLASSES, ["small", "large"], Type("int32", (BATCH,)), 2),
    (CLASSES, [0, 1], Type("int32", (BATCH,)), 2),
    (None, [[0.0], [1.0]], Type("int32", (BATCH,)), 2),
    (None, [1.5, 2], Type("float32", (BATCH, 1)), None),
    (None, [[1.5], [2]], Type("float32", (BATCH, 1)), None),
]
WRONG = [
    (WORDS, [[0.5, "pink"]]),
    (WORDS, [{"weight": 1}]),
    (NUMBERS, [{"weight": "much", "age": 1}]),
]


@pytest.mark.parametrize(("meaning", "value"), INPUTS)
def test_inputs_become_the_same(meaning, value):
    expected, was_raw = rows.input_array(meaning, value, "x")
    found, is_raw = plain_rows.input_array(meaning, value, "x")
    assert is_raw == was_raw
    np.testing.assert_array_equal(np.asarray(found), expected)


@pytest.mark.parametrize(("meaning", "value", "type", "classes"), TARGETS)
def test_targets_become_the_same(meaning, value, type, classes):
    expected = rows.shaped_target(rows.target_array(meaning, value, "y"), type, classes, "y")
    found = plain_rows.shaped_target(plain_rows.target_array(meaning, value, "y"), type, classes, "y")
    assert found.dtype == type.dtype
    np.testing.assert_array_equal(np.asarray(found), expected)


def test_short_rows_of_labels_are_filled_up_alike():
    type = Type("int32", (BATCH, 4))
    for value in ([[1, 2], [3, 0]], [[1, 2, 3, 4]], [[1, 2, 3, 4, 5]]):
        expected = rows.filled(rows.as_array(value), type, 0)
        np.testing.assert_array_equal(np.asarray(plain_rows.filled(Array.of(value), type, 0)), expected)
        assert expected.shape[1] == max(4, len(value[0]))


@pytest.mark.parametrize("rank", [1, 2])
def test_weights_of_samples_become_the_same(rank):
    target = [[1, 2, 3], [4, 5, 6]]
    given = [None, [0.5, 2.0], *([[[1, 2, 3], [0, 0.5, 1]]] if rank == 2 else [])]
    for weights in given:
        expected = rows.shaped_weights(weights, np.array(target), rank, "sample_weight")
        found = plain_rows.shaped_weights(weights, Array.of(target), rank, "sample_weight")
        np.testing.assert_array_equal(np.asarray(found), expected)
    for module, rows_of in ((rows, np.array(target)), (plain_rows, Array.of(target))):
        with pytest.raises(FanlightError, match="sample_weight"):
            module.shaped_weights([1.0, 2, 3], rows_of, rank, "sample_weight")


@pytest.mark.parametrize(("meaning", "value"), WRONG)
def test_what_is_wrong_is_said_alike(meaning, value):
    said = []
    for module in (rows, plain_rows):
        with pytest.raises(FanlightError) as caught:
            module.input_array(meaning, value, "x")
        said.append((type(caught.value), caught.value.message.split(", got")[0]))
    assert said[0] == said[1]


def test_targets_that_do_not_fit_are_refused():
    type = Type("int32", (BATCH,))
    for value in ([0, 2], [-1, 0], [[0, 1], [1, 0]]):
        for module in (rows, plain_rows):
            with pytest.raises(FanlightError, match="numbers of classes"):
                module.shaped_target(module.target_array(None, value, "y"), type, 2, "y")
    for module in (rows, plain_rows):
        with pytest.raises(FanlightError, match="put it into a list"):
            module.check_rows(module.as_array([1, 2]), Type("float32", (BATCH, 2)), "x")

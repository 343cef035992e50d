"""Do errors read as promised, and are they the built-in exceptions that a caller would catch?"""

import doctest
import inspect
import pickle

import pytest

from fanlight import errors

CLASSES = [item for item in vars(errors).values() if inspect.isclass(item)]


def test_the_example_of_describe_is_true():
    assert doctest.testmod(errors).failed == 0


@pytest.mark.parametrize("error", CLASSES)
def test_a_message_says_all_its_parts(error):
    raised = error('Dense "head"', expected="f32[batch, 4]", got="f32[4]", at="input 0", do="add a batch axis")
    assert str(raised) == 'Dense "head": expected f32[batch, 4], got f32[4], at input 0; add a batch axis'


@pytest.mark.parametrize("error", CLASSES)
def test_parts_survive_the_way_to_another_process(error):
    raised = pickle.loads(pickle.dumps(error("weights", got=3)))
    assert (type(raised), str(raised), raised.got) == (error, "weights: got 3", 3)


@pytest.mark.parametrize("error", [item for item in CLASSES if item is not errors.FanlightError])
def test_an_error_is_also_a_built_in_one(error):
    assert issubclass(error, errors.FanlightError)
    assert any(base.__module__ == "builtins" and base not in errors.FanlightError.__mro__ for base in error.__mro__)
    assert error.__doc__ and len(error.__doc__.splitlines()) == 1


def test_a_part_that_is_missing_leaves_no_punctuation():
    assert errors.describe(expected="a number") == "expected a number"
    assert errors.describe("page") == "page"
    assert errors.describe("page", do="export it") == "page; export it"
    assert errors.describe("loss", got=0) == "loss: got 0"

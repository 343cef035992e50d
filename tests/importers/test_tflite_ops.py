"""Do TensorFlow Lite's operators give what its reference kernels gave? 8-bit numbers to the bit, but where a case says
how many steps it may be away."""

from functools import cache
from pathlib import Path

import pytest

from importers.tflite_cases import CASES
from importers.tflite_nodes import answers_of, by_operator
from importers.tflite_table import text

OPERATORS = by_operator(CASES)


@cache
def answers(name):
    return answers_of(OPERATORS[name])


@pytest.mark.parametrize("name", OPERATORS)
def test_an_operator_gives_what_the_reference_kernels_gave(name):
    wrong = [each.wrong for each in answers(name) if each.wrong]
    assert not wrong, "\n".join(wrong)


def test_the_table_of_operators_is_true(golden):
    golden("tflite.md", text({name: answers(name) for name in OPERATORS}), Path(__file__).parents[2] / "docs")

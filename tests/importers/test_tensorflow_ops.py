"""Do TensorFlow's operations give what TensorFlow gave, gradients too? What is not built is refused in words."""

import pytest

from fanlight.errors import ModelFormatError, UnsupportedOp
from importers.tensorflow_cases import CASES, REFUSED
from importers.tensorflow_nodes import answers_of, by_operation, traced

OPERATIONS = by_operation(CASES)


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_gives_what_tensorflow_gave(name):
    wrong = [each.wrong or each.refused for each in answers_of(OPERATIONS[name]) if each.wrong or each.refused]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(("word", "case"), REFUSED, ids=[f"{case.op}-{word}" for word, case in REFUSED])
def test_what_is_not_built_is_refused_in_words(word, case):
    with pytest.raises((UnsupportedOp, ModelFormatError), match=word):
        traced(case, case.attributes, case.outputs or 1, [])

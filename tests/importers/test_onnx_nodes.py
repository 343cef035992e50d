"""Do all operators give what the onnx package's own node tests want? What is not built is refused, never wrong."""

from pathlib import Path

from importers.onnx_nodes import answers
from importers.onnx_table import text

LEAST = 1150  # cases that pass


def test_no_case_is_wrong_or_crashes():
    wrong = {name: each.error for name, each in answers().items() if each.error}
    assert not wrong, "\n".join(f"{name}: {error}" for name, error in wrong.items())


def test_most_cases_pass():
    assert sum(each.refused is None and each.error is None for each in answers().values()) >= LEAST


def test_the_table_of_operators_is_true(golden):
    golden("onnx.md", text(answers()), folder=Path(__file__).parents[2] / "docs")

"""Is the API reference true, and is everything public described? Golden files that reference.py writes."""

from pathlib import Path

import pytest

from reference import PAGES, text, unwritten


@pytest.mark.parametrize("name", PAGES)
def test_the_reference_is_true(golden, name):
    golden(f"{name}.md", text(PAGES[name]), folder=Path(__file__).parents[1] / "docs" / "reference")


def test_everything_public_has_words():
    assert unwritten() == []

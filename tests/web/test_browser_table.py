"""Is the table of docs/browsers.md what the browsers have? Also for other versions than those it names."""

from pathlib import Path

import pytest

from browsers.features import FEATURES
from web.browser import BLANK

TABLE = Path(__file__).parents[2] / "docs" / "browsers.md"


def stated() -> dict[str, dict[str, str]]:
    """Browser -> feature -> yes or no, from the first table."""
    table = TABLE.read_text(encoding="utf-8").split("\n\n| has ")[1].split("\n\n")[0]
    head, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    return {name.split()[0]: {row[0]: row[k] for row in rows} for k, name in enumerate(head, 1)}


@pytest.mark.full
def test_the_table_is_what_is_there(tab, line_site):
    tab.goto(line_site.address + BLANK)
    found = {name: "yes" if has else "no" for name, has in tab.evaluate(FEATURES).items()}
    assert found == stated()[tab.browser.split()[0]]

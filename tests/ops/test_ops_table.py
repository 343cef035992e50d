"""Does docs/ops.md say what is there? It is a golden file that ops_table.py writes."""

from pathlib import Path

from ops.ops_table import text


def test_the_table_of_functions_is_true(golden):
    golden("ops.md", text(), folder=Path(__file__).parents[2] / "docs")

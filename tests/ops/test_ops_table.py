"""Does docs/ops.md say what is there? It is a golden file that tools/ops_table.py writes."""

import importlib.util
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_table_of_functions_is_true(golden):
    spec = importlib.util.spec_from_file_location("ops_table", ROOT / "tools" / "ops_table.py")
    table = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(table)
    golden("ops.md", table.text(), folder=ROOT / "docs")

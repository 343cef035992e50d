"""Do the committed speed results carry what makes them believable? The script that made them, machine and figures."""

import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
RESULTS = sorted((ROOT / "bench" / "results").glob("*.json"))


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.stem)
def test_a_result_names_its_script_and_machine(path):
    record = json.loads(path.read_text(encoding="utf-8"))
    assert Path(record["script"]).stem == path.stem
    assert (ROOT / record["script"]).is_file()
    assert record["machine"].keys() >= {"processor", "cores", "browser"}
    assert record["rows"]
    for row in record["rows"]:
        assert row["fanlight"] > 0 and row["peer"] > 0
        assert row["ratio"] == pytest.approx(row["fanlight"] / row["peer"], rel=1e-3)

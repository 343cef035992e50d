"""Do the guides tell the truth? Their Python runs from top to bottom, in an empty folder beside the real model files.

Blocks of ```python run in one namespace; a line `# needs: NAME` at the top of a block names a file of ../shared/data
that the block opens, without which the rest of the guide is not run.
"""

import os
import re
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DATA = ROOT.parent / "shared" / "data"
GUIDES = ["from-keras.md", "own-layers.md"]


def blocks(text: str) -> list[str]:
    """The Python of a guide, piece by piece."""
    return re.findall(r"```python\n(.*?)```", text, re.DOTALL)


@pytest.mark.filterwarnings("default::UserWarning")  # what a reader sees too
@pytest.mark.parametrize("name", GUIDES)
def test_the_guide_runs(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    space: dict = {}
    for number, source in enumerate(blocks((ROOT / "docs" / name).read_text(encoding="utf-8"))):
        for needed in re.findall(r"# needs: (\S+)", source):
            found = next(iter(DATA.rglob(needed)), None)
            if found is None:
                pytest.skip(f"{needed} is not in ../shared/data; the rest of {name} was not run")
            shutil.copy(found, tmp_path / needed)
        exec(compile(source, f"{name}, block {number + 1}", "exec"), space)
    assert os.listdir(tmp_path)


def test_the_errors_of_the_guide_to_hosting_are_what_the_runtime_says():
    table = (ROOT / "docs" / "hosting.md").read_text(encoding="utf-8").partition("| what it says |")[2]
    said = re.findall(r"^\| `(.*?)` \|", table, re.MULTILINE)
    runtime = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src/fanlight/web").glob("*.js"))
    for message in said:
        # What differs from case to case: names of files, numbers, and what a browser adds.
        parts = [part.strip(" :()") for part in re.split(r"…|: |\d+|\S+\.\S+|Failed to.*", message)]
        assert any(len(part) > 8 for part in parts), message
        assert all(part in runtime for part in parts), message
    assert len(said) >= 7

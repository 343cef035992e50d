"""Is the page runtime within its budget?

In: budgets.toml and the modules of src/fanlight/web. Measures what a host sends: comments stripped, gzip -9.
Does not know what an export writes; the tests of exports read their numbers through the `budgets` fixture.
"""

import gzip
import tomllib
from collections import Counter
from pathlib import Path

import pytest
from rjsmin import jsmin

ROOT = Path(__file__).parent.parent
WEB = ROOT / "src" / "fanlight" / "web"
BUDGETS = tomllib.loads((ROOT / "budgets.toml").read_text(encoding="utf-8"))


def transfer_size(path: Path) -> int:
    """The bytes that a visit downloads for one module."""
    stripped = jsmin(path.read_text(encoding="utf-8"))
    assert isinstance(stripped, str)
    return len(gzip.compress(stripped.encode(), compresslevel=9, mtime=0))


@pytest.mark.parametrize("part", BUDGETS["web"])
def test_a_part_of_the_runtime_is_within_its_budget(part):
    budget = BUDGETS["web"][part]
    sizes = {name: transfer_size(WEB / name) for name in budget["files"]}
    spent, limit = sum(sizes.values()), budget["kilobytes"] * 1000
    rows = "\n".join(f"{size:7d}  {name}" for name, size in sorted(sizes.items(), key=lambda row: -row[1]))
    assert spent <= limit, f"{part}: {spent} bytes of {limit}\n{rows}"


def test_every_module_belongs_to_one_part():
    owners = Counter(name for budget in BUDGETS["web"].values() for name in budget["files"])
    missing = [name for name in owners if not (WEB / name).is_file()]
    assert not missing, f"budgets.toml lists files that are not in web/: {missing}"
    for path in WEB.rglob("*.js"):
        name = path.relative_to(WEB)
        if not any(name.match(pattern) for pattern in BUDGETS["unbudgeted"]):
            count = owners[name.as_posix()]
            assert count == 1, f"web/{name} is in {count} budgets; it belongs in exactly one of budgets.toml"

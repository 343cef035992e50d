"""Is the page runtime within its budget?

In: budgets.toml and the runtime as an export links it. Measures what a host sends: comments stripped, gzip -9. Does not
know what an export writes besides; the tests of exports read their numbers through the `budgets` fixture.
"""

import gzip
import re
import tomllib
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from fanlight.bundle.contents import PAGE_SCRIPT
from fanlight.bundle.link import link_folder

ROOT = Path(__file__).parent.parent
BUDGETS = tomllib.loads((ROOT / "budgets.toml").read_text(encoding="utf-8"))


@cache
def transfer_sizes() -> dict[str, int]:
    """The bytes that a visit downloads for each linked file, by its name without the hash."""
    linked = link_folder([PAGE_SCRIPT], {})
    return {
        re.sub(r"\.[0-9a-f]{8,12}\.", ".", name): len(gzip.compress(text.encode(), compresslevel=9, mtime=0))
        for name, text in linked.items()
    }


@pytest.mark.parametrize("part", BUDGETS["web"])
def test_a_part_of_the_runtime_is_within_its_budget(part):
    budget = BUDGETS["web"][part]
    sizes = {name: transfer_sizes()[name] for name in budget["files"]}
    spent, limit = sum(sizes.values()), budget["kilobytes"] * 1000
    rows = "\n".join(f"{size:7d}  {name}" for name, size in sorted(sizes.items(), key=lambda row: -row[1]))
    assert spent <= limit, f"{part}: {spent} bytes of {limit}\n{rows}"


def test_every_file_belongs_to_one_part():
    owners = Counter(name for budget in BUDGETS["web"].values() for name in budget["files"])
    missing = [name for name in owners if name not in transfer_sizes()]
    assert not missing, f"budgets.toml lists files that no export has: {missing}"
    for name in transfer_sizes():
        if not any(Path(name).match(pattern) for pattern in BUDGETS["unbudgeted"]):
            count = owners[name]
            assert count == 1, f"{name} is in {count} budgets; it belongs in exactly one of budgets.toml"

"""Does docs/hosting.md say what the tests try? Its links, snippets and commands are those of this folder."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "hosting.md"
TEXT = PAGE.read_text(encoding="utf-8")


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def test_links_lead_somewhere():
    anchors = {re.sub(r"[^\w -]", "", name.lower()).replace(" ", "-") for name in re.findall(r"^#+ (.+)$", TEXT, re.M)}
    for link in re.findall(r"\]\(([^)]+)\)", TEXT):
        where = link.removeprefix("#") in anchors if link.startswith("#") else (PAGE.parent / link).exists()
        assert where, link


@pytest.mark.parametrize(
    ("start", "fixture"),
    [
        ("function useModel() {", "vite-react/src/main.jsx"),
        ("const model = shallowRef();", "vite-vue/src/Flowers.vue"),
        ('{ "extends": "@parcel/config-default"', "others/.parcelrc"),
    ],
)
def test_snippets_are_those_of_the_projects(start, fixture):
    (block,) = [block for block in re.findall(r"```\w*\n(.*?)```", TEXT, re.S) if block.startswith(start)]
    there = (HERE / fixture).read_text(encoding="utf-8")
    if fixture.endswith("rc"):
        assert re.sub(r"\s", "", block) == re.sub(r"\s", "", there)
        return
    # What a snippet adds to the project stands in one of its lines.
    known = lines(there)
    if "useModel" in start:
        known = [line.replace("load({ thread: 'worker', signal: leaving.signal })", LOAD) for line in known]
    assert [line for line in lines(block) if line not in known] == []


LOAD = "load({ signal: leaving.signal })"


@pytest.mark.parametrize("tool", ["esbuild main.js", "rollup main.js", "bun build main.js", "esbuild answers.js"])
def test_commands_are_those_of_the_tests(tool):
    command = next(line for line in TEXT.splitlines() if line.startswith(tool)).split("   ")[0]
    tests = "".join(
        (HERE / name).read_text(encoding="utf-8") for name in ("test_bundlers.py", "test_service_workers.py")
    )
    for part in re.findall(r"--[a-z]+(?:[:=][\w.]+)?", command):
        assert part in tests, f"no test runs {tool} with {part}"

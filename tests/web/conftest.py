"""Folders with hand-made models, written once and served."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from fanlight.bundle.write import write_bundle
from fanlight.server.serve import running
from web.browser import add_blank_page
from web.hand_made import line, pixels


@dataclass(frozen=True)
class Site:
    """A bundle in a folder that nobody changes, and where it is served."""

    folder: Path
    address: str


def served(folder: Path, model) -> Iterator[Site]:
    write_bundle(folder, *model)
    add_blank_page(folder)
    with running(folder) as address:
        yield Site(folder, address)


@pytest.fixture(scope="session")
def line_site(tmp_path_factory) -> Iterator[Site]:
    yield from served(tmp_path_factory.mktemp("line") / "site", line())


@pytest.fixture(scope="session")
def small_site(tmp_path_factory) -> Iterator[Site]:
    """The same model with an estimate that lets it run on the page's thread."""
    yield from served(tmp_path_factory.mktemp("small") / "site", line(operations=100))


@pytest.fixture(scope="session")
def pixels_site(tmp_path_factory) -> Iterator[Site]:
    yield from served(tmp_path_factory.mktemp("pixels") / "site", pixels())

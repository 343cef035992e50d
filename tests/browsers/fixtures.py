"""The browsers that tests run in: Chromium in every tier, Firefox and WebKitGTK in the full one.

`tab` is a fresh page of each in turn. A browser starts when it is first asked for and serves the whole session; one
that hung and was ended is started again. One that is not installed is not run."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from browsers.firefox import Firefox
from browsers.webkit import WebKit
from fanlight.errors import BrowserError
from fanlight.verification.chromium import Chromium
from fanlight.verification.tab import Browser, Tab

OTHERS = {"firefox": Firefox, "webkit": WebKit}
BROWSERS = ["chromium", *(pytest.param(name, marks=pytest.mark.full) for name in OTHERS)]


@pytest.fixture(scope="session")
def started(request) -> Iterator[Callable[[str], Browser]]:
    """Gives a running browser by its name."""
    running: dict[str, Firefox | WebKit] = {}

    def start(name: str) -> Browser:
        if name == "chromium":
            return Chromium(request.getfixturevalue("browser"))
        if name not in running or not running[name].is_running:
            try:
                running[name] = OTHERS[name]()
            except BrowserError as error:
                if error.got == "none":
                    pytest.skip(f"{name}: not installed")
                raise
        return running[name]

    yield start
    for browser in running.values():
        browser.close()


@pytest.fixture(params=BROWSERS)
def any_browser(request, started) -> Browser:
    """Each browser in turn."""
    return started(request.param)


@pytest.fixture
def tab(any_browser) -> Iterator[Tab]:
    """A fresh page of each browser in turn; an error in it fails the test."""
    with any_browser.tab() as tab:
        yield tab
        assert not tab.errors, tab.errors

"""How does a measurement run in Firefox? With the driver of the tests.

In: a folder, the name of its page and its settings. Out: what the page leaves in `window.result`, and the browser's
version. Measures nothing."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from chromium import SECONDS

from fanlight.server.serve import running


def run_in_firefox(folder: Path, page: str, settings: Mapping[str, float]) -> tuple[dict[str, Any], str]:
    """Stops with the page's own message where it failed."""
    sys.path.append(str(Path(__file__).parents[1] / "tests"))
    from browsers.firefox import Firefox

    firefox = Firefox()
    try:
        with running(folder) as address, firefox.tab() as tab:
            tab.goto(f"{address}{page}?{urlencode(settings)}")
            tab.until("window.result !== undefined", SECONDS)
            result = tab.look("window.result")
            if "error" in result:
                raise SystemExit(f"{page}: {result['error']}")
            return result, tab.browser
    finally:
        firefox.close()

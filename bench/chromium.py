"""How does a measurement run in a browser? A folder is staged and served, one page of headless Chromium works on it.

In: files, the name of the page and its settings. Out: what the page leaves in `window.result`. Measures nothing."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlencode

from fanlight.ir.target import Target
from fanlight.server.serve import running
from fanlight.targets.wasm.peak import FLOPS, peak_module
from fanlight.targets.wasm.spelling import RELAXED

FLAGS = (
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
NO_GPU = ("--disable-gpu",)
SOFTWARE_GPU = ("--use-angle=swiftshader", "--enable-unsafe-swiftshader")  # WebGL where there is no GPU
SECONDS = 900  # the longest measurement


@contextmanager
def staged(files: Iterable[Path], data: Mapping[str, bytes | str]) -> Iterator[Path]:
    """A folder with copies of `files` and, by name, with `data`; it is gone afterwards."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        for path in files:
            shutil.copy(path, folder / path.name)
        for place, content in data.items():
            path = folder / place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        yield folder


def run_page(
    folder: Path, page: str, settings: Mapping[str, float], flags: Iterable[str] = NO_GPU
) -> tuple[dict[str, Any], str]:
    """What the page of `folder` measured, and the browser's version; stops with the page's own message where it
    failed."""
    from playwright.sync_api import sync_playwright

    with running(folder) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=[*FLAGS, *flags])
        tab = browser.new_page()
        tab.on("pageerror", lambda error: print(error, file=sys.stderr))
        tab.goto(f"{address}{page}?{urlencode(settings)}")
        # Seldom: a question at every frame would keep a core busy.
        tab.wait_for_function("window.result !== undefined", timeout=SECONDS * 1000, polling=500)
        result = json.loads(tab.evaluate("JSON.stringify(window.result)"))
        version = browser.version
        browser.close()
    if "error" in result:
        raise SystemExit(f"{page}: {result['error']}")
    return result, version


def peak_files(target: Target = RELAXED) -> dict[str, bytes]:
    """The kernel that shows what a core can do at most, and what a page has to know of it."""
    return {"peak.wasm": peak_module(target), "peak.json": json.dumps({"flops": FLOPS}).encode()}


def chromium_path() -> str:
    """The installed Chromium."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    raise SystemExit("expected an installed Chromium, got none; run make setup")

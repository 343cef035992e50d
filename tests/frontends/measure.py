"""What does a visitor download from each front end's build? Prints the table of docs/hosting.md.

    PYTHONPATH=tests python tests/frontends/measure.py

In: the projects of this folder, with the model of the tests. Out: kilobytes of 1000, each file compressed by gzip -9,
until the model is loaded and after it has been trained and tested. Needs npm's registry and Chromium."""

from __future__ import annotations

import gzip
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from fanlight.server.serve import running
from frontends.conftest import export_flowers
from frontends.projects import plain, project

SERVED = ("--host", "127.0.0.1", "--port", "PORT", "--strictPort")


@contextmanager
def built(name: str, bundle: Path) -> Iterator[str]:
    """The address of what a front end makes of the bundle."""
    with ExitStack() as stack:
        if name == "plain":
            folder = plain(Path(stack.enter_context(tempfile.TemporaryDirectory())) / "www", bundle)
            yield stack.enter_context(running(folder))
            return
        at = {"next": "app"}.get(name, "src")
        has_page = name in ("vite-react", "vite-vue", "next")
        found = stack.enter_context(project({"parcel": "others"}.get(name, name), bundle, at, has_page))
        commands = {"parcel": ["parcel", "build", "src/index.html"], "next": ["next", "build"], "webpack": ["webpack"]}
        found.run(*commands.get(name, ["vite", "build"]))
        if name == "webpack":
            shutil.copy(found.folder / "src" / "index.html", found.folder / "dist")
        if name == "next":
            yield stack.enter_context(found.started("next", "start", "--hostname", "127.0.0.1", "--port", "PORT"))
        else:
            yield stack.enter_context(running(found.folder / "dist"))


def measure(browser: Browser, address: str) -> list[dict[str, float]]:
    """Kilobytes by kind of file, first when the model is loaded and then when it has been trained."""
    context = browser.new_context()
    page = context.new_page()
    bodies: dict[str, int] = {}

    def note(response) -> None:
        if response.url.startswith(address):
            bodies[response.url] = len(gzip.compress(response.body(), 9, mtime=0))

    context.on("response", note)
    page.goto(address)
    steps = []
    page.locator("button:not([disabled])").wait_for(timeout=30_000)
    for act in (lambda: None, lambda: page.locator("button").click()):
        act()
        if steps:
            page.locator("output:not(:empty)").wait_for(timeout=30_000)
        page.wait_for_load_state("networkidle")
        kinds = {"all": 0.0, "wasm": 0.0}
        for url, size in bodies.items():
            kinds["all"] += size / 1000
            kinds["wasm"] += size / 1000 if ".wasm" in url else 0
        steps.append(kinds)
    context.close()
    return steps


def main() -> None:
    folder = Path(tempfile.mkdtemp()) / "site"
    bundle = export_flowers(folder).folder
    print("| front end | until the model is loaded | after it has been trained | WebAssembly in it |")
    print("|---|---:|---:|---:|")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        for name in ("plain", "vite-react", "vite-vue", "webpack", "parcel", "next"):
            with built(name, bundle) as address:
                loaded, trained = measure(browser, address)
            print(f"| {name} | {loaded['all']:.1f} | {trained['all']:.1f} | {trained['wasm']:.1f} |", flush=True)
        browser.close()


if __name__ == "__main__":
    main()

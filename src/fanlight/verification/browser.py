"""How is an export looked at as a visitor would? A headless Chromium, a place that serves the folder, and notes of what
happens in its pages.

In: a bundle. Out: pages, and what they asked for and complained about. Needs Playwright and Chromium, and says so."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from importlib.resources import files
from typing import Any, TypeVar

from fanlight.bundle.page import POLICY
from fanlight.bundle.read import Bundle
from fanlight.errors import BrowserError
from fanlight.server.serve import running

T = TypeVar("T")

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# The browser's own services rest. Nothing leaves this machine: no name but this machine's own is known.
FLAGS = (
    "--disable-quic",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost, EXCLUDE *.localhost",
)
SECONDS = 60  # the longest that a page may take
BLANK = "fanlight-verify.html"  # a page that no folder has: without content, under the policy of every exported page
READY = "html[data-state=ready], html[data-state=failed]"
OWN_SCHEMES = ("blob:", "data:", "about:")


def in_own_thread(work: Callable[[], T]) -> T:
    """Runs `work` where no event loop runs: Playwright's plain API refuses to start inside one, as notebooks have."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result()


@contextmanager
def chromium(flags: Iterable[str] = ()) -> Iterator[Any]:
    """A running Chromium. Raises BrowserError where Playwright or Chromium is missing."""
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        raise BrowserError(
            "verify", expected="Playwright, which drives the browser", got="none", do="pip install playwright"
        ) from None
    path = next(filter(None, map(shutil.which, NAMES)), None)
    ways: list[dict[str, Any]] = [{"executable_path": path}] if path else [{}, {"channel": "chrome"}]
    with sync_playwright() as playwright:
        problems = []
        for way in ways:
            try:
                browser = playwright.chromium.launch(args=[*FLAGS, *flags], **way)
                break
            except Error as error:
                problems.append(str(error).strip().splitlines()[0])
        else:
            do = "install Chromium (on Debian: apt-get install chromium), or run: playwright install chromium"
            raise BrowserError("verify", expected="a Chromium that starts", got="; ".join(problems), do=do)
        try:
            yield browser
        finally:
            browser.close()


@dataclass(frozen=True)
class Site:
    """A bundle where a browser finds it: a served folder, or one file on the disk."""

    bundle: Bundle
    address: str

    @property
    def is_folder(self) -> bool:
        return self.bundle.path.is_dir()

    @property
    def has_page(self) -> bool:
        return not self.is_folder or "index.html" in self.bundle.manifest.files

    @property
    def page_address(self) -> str:
        """The bundle's page, or an empty one where it has none."""
        return self.address if self.has_page else self.address + BLANK

    def owns(self, url: str) -> bool:
        """Whether a request stays with the bundle: its own origin, or nothing that leaves the browser."""
        return url.startswith((self.address, *OWN_SCHEMES))


@contextmanager
def opened(bundle: Bundle, is_isolated: bool = True) -> Iterator[Site]:
    """Serves a folder, with or without the headers that isolate it from other origins; one file lies where it is."""
    if not bundle.path.is_dir():
        yield Site(bundle, bundle.path.absolute().as_uri())
        return
    with running(bundle.path, is_isolated=is_isolated) as address:
        yield Site(bundle, address)


@dataclass(frozen=True)
class Sent:
    """One request, as the driver of the browser reports it."""

    method: str
    url: str
    headers: str
    body: bytes


@dataclass
class Visit:
    """One browser context with its first page on a site; all that happens is noted, also in workers and new windows."""

    site: Site
    context: Any
    requests: list[Sent] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    openings: list[str] = field(default_factory=list)  # windows, navigations, web sockets, downloads, dialogs

    def __post_init__(self) -> None:
        context = self.context
        context.set_default_timeout(SECONDS * 1000)
        context.route(f"**/{BLANK}", lambda route: route.fulfill(body=blank_page(), content_type="text/html"))
        context.on("request", self._note_request)
        context.on("console", self._note_console)
        context.on("weberror", lambda error: self.troubles.append(f"uncaught: {error.error}"))

    @cached_property
    def page(self) -> Any:
        page = self.context.new_page()
        self.context.on("page", lambda new: self.openings.append(f"window {new.url}"))
        page.on("websocket", lambda socket: self.openings.append(f"web socket {socket.url}"))
        page.on("download", lambda file: self.openings.append(f"download {file.suggested_filename}"))
        page.on("dialog", self._close_dialog)
        return page

    def start(self) -> str:
        """Opens the page and waits for it; gives what it says of itself: ready, failed, or nothing."""
        from playwright.sync_api import TimeoutError

        self.page.goto(self.site.page_address)
        if not self.site.has_page:
            return ""
        try:
            self.page.wait_for_selector(READY, state="attached")
        except TimeoutError:
            got = f"nothing in {SECONDS} seconds"
            do = "say in it: document.documentElement.dataset.state = 'ready', or 'failed'"
            raise BrowserError("page", expected="<html> with its data-state", got=got, do=do) from None
        return self.page.evaluate("document.documentElement.dataset.state")

    def need_model(self) -> None:
        """Loads the module beside a page that does not hand out its model: scripts of this folder then find it."""
        if self.site.is_folder and not self.page.evaluate("!!(globalThis.fanlightPage?.model ?? globalThis.verified)"):
            self.run("selftest.js", {"index": self.site.address + "index.js", "options": {}})

    def run(self, script: str, given: Any = None) -> Any:
        """Runs a script of this folder in the page: an asynchronous function of one argument."""
        return self.page.evaluate(script_text(script), given)

    def until(self, expression: str, given: Any = None) -> None:
        """Waits until an expression is true; asked from outside, since a page's policy lets no text run in it."""
        end = time.monotonic() + SECONDS
        while not self.page.evaluate(expression, given):
            if time.monotonic() > end:
                raise BrowserError("verify", expected=expression, got=f"nothing in {SECONDS} seconds")
            self.page.wait_for_timeout(50)

    def cut_network(self) -> None:
        """From now on nothing can be reached."""
        self.context.set_offline(True)
        self.context.route("**/*", lambda route: route.abort())

    def _note_request(self, request: Any) -> None:
        headers = "\n".join(f"{name}: {value}" for name, value in request.headers.items())
        self.requests.append(Sent(request.method, request.url, headers, request.post_data_buffer or b""))

    def _note_console(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.troubles.append(f"{message.type}: {message.text}")

    def _close_dialog(self, dialog: Any) -> None:
        self.openings.append(f"dialog {dialog.message}")
        dialog.dismiss()


@contextmanager
def visiting(browser: Any, site: Site) -> Iterator[Visit]:
    """A visit with storage of its own, which is gone afterwards."""
    context = browser.new_context()
    try:
        yield Visit(site, context)
    finally:
        context.close()


def blank_page() -> str:
    meta = f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">'
    head = f'<head><meta charset="utf-8">{meta}<title>Empty</title></head>'
    return f'<!doctype html><html lang="en">{head}<body></body></html>'


def script_text(name: str) -> str:
    return (files("fanlight") / "verification" / name).read_text(encoding="utf-8")

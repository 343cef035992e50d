"""A tab of WebKitGTK, which has Safari's engine, driven by WebDriver: https://www.w3.org/TR/webdriver2/.

In: Debian's webkit2gtk-driver and xvfb. Out: tabs, each a browser of its own. The driver tells neither requests nor the
console: errors are noted from the moment on at which a page is loaded. Knows no page."""

from __future__ import annotations

import base64
import json
import shutil
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from browsers.actions import key_actions, mouse_actions
from browsers.process import LOG, Process
from fanlight.errors import BrowserError
from fanlight.verification.tab import PATIENCE, Browser, Point, Tab

START = 30  # seconds
SCREEN = (1600, 6000)
# Root may not use WebKit's sandbox, and there need not be a GPU.
ENVIRONMENT = {
    "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1",
    "LIBGL_ALWAYS_SOFTWARE": "1",
    "GSETTINGS_BACKEND": "memory",
    "GIO_USE_VFS": "local",
    "NO_AT_BRIDGE": "1",
    # Safari has it in isolated pages; here it is hidden, though WebAssembly's shared memory is there.
    "JSC_useSharedArrayBuffer": "1",
}
# The tool bar would keep the window wider than a phone.
STYLE = "* { min-width: 0; padding: 0; margin: 0; border-width: 0; font-size: 1px; }"

# The driver runs a function of the caller's arguments and a callback, which comes last.
CALL = """const [text, done] = arguments;
(%s)(text).then((value) => done({ value }), (error) => done({ error: String(error) }));"""

NOTE_ERRORS = """async () => {
  if (globalThis.notedErrors) return '';
  const noted = [];
  Object.defineProperty(globalThis, 'notedErrors', { value: noted });
  addEventListener('error', ({ message }) => noted.push(message || 'an element failed to load'), true);
  addEventListener('unhandledrejection', ({ reason }) => noted.push(String(reason)));
  addEventListener('securitypolicyviolation', (event) => noted.push(`${event.violatedDirective} ${event.blockedURI}`));
  for (const name of ['error', 'warn']) console[name] = (...values) => void noted.push(values.join(' '));
  return '';
}"""
TAKE_ERRORS = "async () => JSON.stringify(globalThis.notedErrors?.splice(0) ?? [])"


UNFINISHED = ".wkdownload"


class WebKit(Browser):
    """An X server and WebKit's driver, which starts the browser. Raises BrowserError where something is missing."""

    def __init__(self) -> None:
        for program, package in (("WebKitWebDriver", "webkit2gtk-driver"), ("Xvfb", "xvfb")):
            if shutil.which(program) is None:
                raise BrowserError("WebKit", expected=program, got="none", do=f"apt-get install {package}")
        self._start()

    def _start(self) -> None:
        with ExitStack() as stack:
            width, height = SCREEN
            screen = ["-screen", "0", f"{width}x{height}x24", "-nolisten", "tcp", "-displayfd", "1"]
            self.display = Process(["Xvfb", *screen])
            stack.callback(self.display.kill)
            number = self.display.wait_for(r"(?m)^(\d+)\n", START)
            self.port = free_port()
            self.process = Process(
                ["WebKitWebDriver", f"--port={self.port}"],
                {**ENVIRONMENT, "DISPLAY": f":{number}"},
                {".config/gtk-3.0/gtk.css": STYLE},
            )
            stack.callback(self.process.kill)
            self._wait_for_driver()
            self.name = "WebKitGTK"
            self.stack = stack.pop_all()

    def _wait_for_driver(self) -> None:
        end = time.monotonic() + START
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                if time.monotonic() > end or not self.process.is_running:
                    raise BrowserError("WebKit", expected="its driver to answer", got=self.process.log[-500:]) from None
                time.sleep(0.05)

    def send(self, method: str, path: str, body: Any = None) -> Any:
        """One command and its answer. Out of time, all is ended: it may hang."""
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"http://127.0.0.1:{self.port}{path}", data, method=method)
        try:
            with urlopen(request, timeout=self.patience) as answer:
                return json.load(answer)["value"]
        except HTTPError as error:
            got = " ".join(json.load(error)["value"].values())
            raise BrowserError(f"WebKit: {method} {path}", expected="success", got=got[:1000]) from None
        except (OSError, HTTPException) as error:
            self.close()
            raise BrowserError(f"WebKit: {method} {path}", expected="an answer", got=f"none: {error!r}") from None

    @property
    def is_running(self) -> bool:
        return self.process.is_running

    def tab(self, width: int = 1280, height: int = 900) -> WebKitTab:
        """Now and then a browser that begins on a busy machine never says so: then all begins anew, once."""
        self.patience = START
        try:
            return WebKitTab(self, width, height)
        except BrowserError:
            if self.is_running:
                raise
            self._start()
            return WebKitTab(self, width, height)
        finally:
            self.patience = Browser.patience

    def close(self) -> None:
        self.stack.close()


class WebKitTab(Tab):
    """A browser of its own, which takes half a second; its storage is in memory."""

    tells_requests = False

    def __init__(self, webkit: WebKit, width: int, height: int) -> None:
        options = {"binary": mini_browser(), "args": ["--automation"]}
        created = webkit.send(
            "POST", "/session", {"capabilities": {"alwaysMatch": {"webkitgtk:browserOptions": options}}}
        )
        super().__init__(f"WebKitGTK {created['capabilities']['browserVersion']}")
        webkit.name = self.browser
        self.webkit = webkit
        self.session = f"/session/{created['sessionId']}"
        milliseconds = int(PATIENCE * 1000)
        self.send("POST", "timeouts", {"script": milliseconds, "pageLoad": milliseconds})
        self.resize(width, height)

    def send(self, method: str, command: str, body: Any = None) -> Any:
        return self.webkit.send(method, f"{self.session}/{command}", body)

    def goto(self, address: str) -> None:
        self.send("POST", "url", {"url": address})
        self.run(NOTE_ERRORS, "")

    def reload(self) -> None:
        self.send("POST", "refresh", {})
        self.run(NOTE_ERRORS, "")

    def run(self, function: str, text: str) -> str:
        found = self.send("POST", "execute/async", {"script": CALL % function, "args": [text]})
        if "error" in found:
            raise BrowserError(self.browser, expected="a script that runs", got=found["error"])
        return found["value"]

    @property
    def errors(self) -> list[str]:
        if self.webkit.is_running:
            self._errors += json.loads(self.run(TAKE_ERRORS, ""))
        return self._errors

    def move(self, path: Sequence[Point], is_pressed: bool = False) -> None:
        self.send("POST", "actions", {"actions": mouse_actions(path, is_pressed)})

    def press(self, *keys: str) -> None:
        self.send("POST", "actions", {"actions": key_actions(keys)})

    def screenshot(self) -> bytes:
        return base64.b64decode(self.send("GET", "screenshot"))

    def resize(self, width: int, height: int) -> None:
        """The window has a tool bar, and follows a moment later."""
        inside = "[innerWidth, innerHeight]"
        bar = self.send("GET", "window/rect")["height"] - self.look("innerHeight")
        self.send("POST", "window/rect", {"width": width, "height": height + bar})
        self.until(f"String({inside}) === '{width},{height}'", 10)

    def download(self, act: Callable[[], object]) -> bytes:
        """Files come into the home folder; one that lay there would keep its name from the next."""
        for path in self._files():
            path.unlink()
        act()
        end = time.monotonic() + PATIENCE
        while not (new := [path for path in self._files() if path.suffix != UNFINISHED and path.stat().st_size]):
            if time.monotonic() > end:
                raise BrowserError(self.browser, expected="a download", got="none")
            time.sleep(0.05)
        data = b""
        while data != (data := new[0].read_bytes()):  # as long as it grows
            time.sleep(0.2)
        new[0].unlink()
        return data

    def _files(self) -> list[Path]:
        return [path for path in self.webkit.process.home.iterdir() if path.is_file() and path.name != LOG]

    def cut_network(self, is_cut: bool = True) -> bool:
        return False

    def close(self) -> None:
        if self.webkit.is_running:
            self.webkit.send("DELETE", self.session)


def mini_browser() -> str:
    """The browser that comes with the driver."""
    found = sorted(Path("/usr/lib").glob("*/webkit*gtk-*/MiniBrowser"))
    if not found:
        raise BrowserError("WebKit", expected="MiniBrowser", got="none", do="apt-get install webkit2gtk-driver")
    return str(found[-1])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]

"""A tab of Firefox, driven by WebDriver BiDi, which Firefox speaks itself: https://w3c.github.io/webdriver-bidi/.

In: the installed Firefox. Out: tabs, each in a container with storage of its own. Knows no page."""

from __future__ import annotations

import base64
import json
import re
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from browsers.actions import key_actions, mouse_actions
from browsers.process import Process
from fanlight.errors import BrowserError
from fanlight.verification.tab import PATIENCE, Browser, Point, Tab

NAMES = ("firefox-esr", "firefox")
START = 30  # seconds
# The browser's own services rest.
PREFERENCES = {
    "app.normandy.enabled": False,
    "app.update.disabledForTesting": True,
    "browser.safebrowsing.update.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "dom.push.serverURL": "",
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,#remote-settings-dummy/v1",
    "toolkit.telemetry.server": "",
}
EVENTS = ["log.entryAdded", "network.beforeRequestSent", "browsingContext.downloadEnd"]


class Firefox(Browser):
    """A headless Firefox with a fresh profile. Raises BrowserError where it does not start."""

    def __init__(self) -> None:
        from websockets.sync.client import connect

        path = next(filter(None, map(shutil.which, NAMES)), None)
        if path is None:
            raise BrowserError("Firefox", expected="one to be installed", got="none", do="apt-get install firefox-esr")
        self.events: list[tuple[str, dict]] = []
        self.last = 0
        with ExitStack() as stack:
            command = [path, "--headless", "--no-remote", "--profile", "{home}", "--remote-debugging-port=0"]
            self.process = Process(command, files={"user.js": preferences_text()})
            stack.callback(self.process.kill)
            address = self.process.wait_for(r"WebDriver BiDi listening on (ws://\S+)", START)
            # A ping would draw a random number in a thread of its own, while Hypothesis draws.
            options = {"max_size": None, "compression": None, "ping_interval": None}
            self.socket = stack.enter_context(connect(f"{address}/session", **options))
            found = self.send("session.new", capabilities={})["capabilities"]
            self.send("session.subscribe", events=EVENTS)
            self.send(
                "browser.setDownloadBehavior",
                downloadBehavior={"type": "allowed", "destinationFolder": str(self.process.home)},
            )
            self.name = "Firefox " + re.match(r"\d+\.\d+", found["browserVersion"])[0]  # pyright: ignore
            self.stack = stack.pop_all()

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command and its answer; events that come before it are kept."""
        self.last += 1
        self.socket.send(json.dumps({"id": self.last, "method": method, "params": parameters}))
        end = time.monotonic() + self.patience
        while (answer := self.receive(end, method)).get("id") != self.last:
            pass
        if answer["type"] == "error":
            raise BrowserError(f"Firefox: {method}", expected="success", got=f"{answer['error']}: {answer['message']}")
        return answer["result"]

    def receive(self, end: float, what: str) -> dict[str, Any]:
        """The next message; an event is noted. Out of time, the browser is ended: it may hang."""
        try:
            message = json.loads(self.socket.recv(max(0.0, end - time.monotonic())))
        except (TimeoutError, EOFError, OSError) as error:
            self.close()
            raise BrowserError("Firefox", expected=f"an answer to {what}", got=f"none: {error!r}") from None
        if "method" in message:
            self.events.append((message["method"], message["params"]))
        return message

    @property
    def is_running(self) -> bool:
        return self.process.is_running

    def tab(self, width: int = 1280, height: int = 900) -> FirefoxTab:
        return FirefoxTab(self, width, height)

    def close(self) -> None:
        self.stack.close()


class FirefoxTab(Tab):
    """A tab in a container of its own."""

    def __init__(self, firefox: Firefox, width: int, height: int) -> None:
        super().__init__(firefox.name)
        self.firefox = firefox
        self.container = firefox.send("browser.createUserContext")["userContext"]
        created = firefox.send("browsingContext.create", type="tab", userContext=self.container)
        self.context = created["context"]
        self.resize(width, height)

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        try:
            return self.firefox.send(method, context=self.context, **parameters)
        finally:
            self._sort_events()

    def _sort_events(self) -> None:
        """Takes what was heard of this tab."""
        heard, self.firefox.events = self.firefox.events, []
        for method, found in heard:
            if method == "network.beforeRequestSent" and found["context"] == self.context:
                self.requests.append(found["request"]["url"])
            elif method == "log.entryAdded" and found["source"].get("context") == self.context:
                if found["level"] in ("error", "warn"):
                    self._errors.append(found["text"])
            elif method == "browsingContext.downloadEnd" and found["context"] == self.context:
                self.downloaded = Path(found["filepath"])

    def goto(self, address: str) -> None:
        self.send("browsingContext.navigate", url=address, wait="complete")

    def reload(self) -> None:
        self.send("browsingContext.reload", wait="complete")

    def run(self, function: str, text: str) -> str:
        try:
            found = self.firefox.send(
                "script.callFunction",
                functionDeclaration=function,
                arguments=[{"type": "string", "value": text}],
                target={"context": self.context},
                awaitPromise=True,
            )
        finally:
            self._sort_events()
        if found["type"] == "exception":
            raise BrowserError(self.browser, expected="a script that runs", got=found["exceptionDetails"]["text"])
        return found["result"]["value"]

    def move(self, path: Sequence[Point], is_pressed: bool = False) -> None:
        self.send("input.performActions", actions=mouse_actions(path, is_pressed))

    def press(self, *keys: str) -> None:
        self.send("input.performActions", actions=key_actions(keys))

    def screenshot(self) -> bytes:
        return base64.b64decode(self.send("browsingContext.captureScreenshot")["data"])

    def resize(self, width: int, height: int) -> None:
        self.send("browsingContext.setViewport", viewport={"width": width, "height": height})

    def download(self, act: Callable[[], object]) -> bytes:
        self.downloaded: Path | None = None
        act()
        end = time.monotonic() + PATIENCE
        while self.downloaded is None:
            self.firefox.receive(end, "a download")
            self._sort_events()
        try:
            return self.downloaded.read_bytes()
        finally:
            self.downloaded.unlink()

    def cut_network(self, is_cut: bool = True) -> bool:
        condition = {"type": "offline"} if is_cut else None
        self.firefox.send("emulation.setNetworkConditions", networkConditions=condition, contexts=[self.context])
        return True

    def close(self) -> None:
        if self.firefox.is_running:
            self.firefox.send("browser.removeUserContext", userContext=self.container)


def preferences_text() -> str:
    return "".join(f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in PREFERENCES.items())

"""A tab of Chromium, driven by Playwright. In: a running browser of Playwright. Knows no page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from fanlight.errors import BrowserError
from fanlight.verification.tab import PATIENCE, Browser, Point, Tab


class Chromium(Browser):
    """A browser that Playwright started; it is ended by whoever started it."""

    def __init__(self, driven: Any) -> None:
        self.driven = driven
        self.name = f"Chromium {driven.version.split('.')[0]}"

    def tab(self, width: int = 1280, height: int = 900) -> ChromiumTab:
        return ChromiumTab(self.name, self.driven.new_context(viewport={"width": width, "height": height}))

    def close(self) -> None:
        self.driven.close()


class ChromiumTab(Tab):
    """One context of Playwright with one page."""

    def __init__(self, browser: str, context: Any) -> None:
        super().__init__(browser)
        self.context = context
        context.set_default_timeout(PATIENCE * 1000)
        context.on("request", lambda request: self.requests.append(request.url))
        self.page = context.new_page()
        self.page.on("pageerror", lambda error: self._errors.append(str(error)))
        self.page.on("console", self._note)

    def _note(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self._errors.append(message.text)

    def goto(self, address: str) -> None:
        self.page.goto(address)

    def reload(self) -> None:
        self.page.reload()

    def run(self, function: str, text: str) -> str:
        from playwright.sync_api import Error

        try:
            return self.page.evaluate(function, text)
        except Error as error:
            raise BrowserError(self.browser, expected="a script that runs", got=error.message) from None

    def move(self, path: Sequence[Point], is_pressed: bool = False) -> None:
        mouse = self.page.mouse
        mouse.move(*path[0])
        if is_pressed:
            mouse.down()
        for point in path[1:]:
            mouse.move(*point)
        if is_pressed:
            mouse.up()

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def screenshot(self) -> bytes:
        return self.page.screenshot()

    def resize(self, width: int, height: int) -> None:
        self.page.set_viewport_size({"width": width, "height": height})

    def download(self, act: Callable[[], object]) -> bytes:
        with self.page.expect_download() as waiting:
            act()
        return Path(waiting.value.path()).read_bytes()

    def cut_network(self, is_cut: bool = True) -> bool:
        self.context.set_offline(is_cut)
        return True

    def close(self) -> None:
        self.context.close()

"""What can be done with a page in any browser? Open it, ask it, point, type, look.

In: what a driver provides (a few primitives). Out: the acts of a visitor, by selectors. Knows no browser, no page."""

from __future__ import annotations

import json
import time
from abc import ABC, abstractmethod
from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Self

from fanlight.errors import BrowserError

Point = tuple[float, float]
PATIENCE = 60.0  # seconds: the longest that anything may take

# Functions go in as text and get and give JSON, so that every browser hands over the same: typed arrays become lists.
_ENVELOPE = """async (text) => {
  const plain = (_, v) => (ArrayBuffer.isView(v) ? Array.from(v, Number) : typeof v === 'bigint' ? Number(v) : v);
  const late = new Promise((_, reject) => {
    setTimeout(() => reject(new Error('nothing in SECONDS seconds')), 1000 * SECONDS);
  });
  return JSON.stringify((await Promise.race([(FUNCTION)(JSON.parse(text)), late])) ?? null, plain);
}"""

# Where an element is, once it is shown, enabled and brought into view; null before.
_PLACE = """(selector) => {
  const element = document.querySelector(selector);
  if (!element?.checkVisibility() || element.disabled) return null;
  element.scrollIntoView({ block: 'center', behavior: 'instant' });
  const { left, top, width, height } = element.getBoundingClientRect();
  const hit = document.elementFromPoint(left + width / 2, top + height / 2);
  return element.contains(hit) ? [left, top, width, height] : null;
}"""

_FOCUS = """(selector) => {
  const element = document.querySelector(selector);
  element.focus();
  element.select?.();
}"""

_SELECT = """({ selector, value }) => {
  const list = document.querySelector(selector);
  list.value = value;
  for (const event of ['input', 'change']) list.dispatchEvent(new Event(event, { bubbles: true }));
}"""

# A file as a visitor's choice. File pickers belong to the system: no driver can click through them.
_CHOOSE = """({ selector, name, bytes }) => {
  const transfer = new DataTransfer();
  transfer.items.add(new File([Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0))], name));
  const input = document.querySelector(selector);
  input.files = transfer.files;
  input.dispatchEvent(new Event('change', { bubbles: true }));
}"""


class Tab(ABC):
    """One page of a browser, with storage of its own."""

    tells_requests = True

    def __init__(self, browser: str) -> None:
        self.browser = browser
        self.requests: list[str] = []  # addresses asked for, workers' too
        self._errors: list[str] = []

    @property
    def errors(self) -> list[str]:
        """Uncaught errors, and what went to the console as an error or a warning."""
        return self._errors

    # What a driver provides

    @abstractmethod
    def goto(self, address: str) -> None:
        """Opens an address and waits until it is loaded."""

    @abstractmethod
    def reload(self) -> None:
        """Opens the same address again."""

    @abstractmethod
    def run(self, function: str, text: str) -> str:
        """Calls `async (text) => text` in the page; an error in it raises BrowserError."""

    @abstractmethod
    def move(self, path: Sequence[Point], is_pressed: bool = False) -> None:
        """Leads the mouse along points of the window; pressed: from the first to the last with the button down."""

    @abstractmethod
    def press(self, *keys: str) -> None:
        """Types keys one after the other: characters, or names such as "Enter", "ArrowUp", "Home"."""

    @abstractmethod
    def screenshot(self) -> bytes:
        """The window as PNG."""

    @abstractmethod
    def resize(self, width: int, height: int) -> None:
        """Makes the window's inside so large."""

    @abstractmethod
    def download(self, act: Callable[[], object]) -> bytes:
        """The file that the page downloads when `act` is done."""

    @abstractmethod
    def cut_network(self, is_cut: bool = True) -> bool:
        """Cuts the network off, or joins it again; False where the browser cannot."""

    @abstractmethod
    def close(self) -> None:
        """Ends the page; its storage is gone."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # What a visitor does with it

    def evaluate(self, function: str, argument: Any = None) -> Any:
        """What a JavaScript function of one argument gives; both are JSON."""
        envelope = _ENVELOPE.replace("SECONDS", f"{PATIENCE:.0f}").replace("FUNCTION", function)
        return json.loads(self.run(envelope, json.dumps(argument)))

    def look(self, expression: str) -> Any:
        """The value of a JavaScript expression."""
        return self.evaluate(f"() => ({expression})")

    def until(self, condition: str, seconds: float = PATIENCE) -> None:
        """Waits for an expression to be true; asked from outside, since a page's policy lets no text run in it."""
        end = time.monotonic() + seconds
        while not self.look(f"!!({condition})"):
            if time.monotonic() > end:
                raise BrowserError(self.browser, expected=condition, got=f"nothing in {seconds:.0f} seconds")
            time.sleep(0.02)

    def until_state(self, selector: str, *states: str, seconds: float = PATIENCE) -> str:
        """Waits for an element's data-state, and gives it."""
        state = f"document.querySelector({json.dumps(selector)})?.dataset.state"
        self.until(f"{json.dumps(states)}.includes({state})", seconds)
        return self.look(state)

    def read(self, selector: str, member: str) -> Any:
        """A property of an element: "value", "disabled", "dataset.label"."""
        return self.look(f"document.querySelector({json.dumps(selector)}).{member}")

    def text(self, selector: str) -> str:
        return self.read(selector, "innerText")

    def count(self, selector: str) -> int:
        return self.look(f"document.querySelectorAll({json.dumps(selector)}).length")

    def place(self, selector: str) -> tuple[float, float, float, float]:
        """Left, top, width and height of an element in the window, once it can be clicked and stands still."""
        end = time.monotonic() + PATIENCE
        before = None
        while (place := self.evaluate(_PLACE, selector)) is None or place != before:
            if time.monotonic() > end:
                raise BrowserError(self.browser, expected=f"{selector} to click", got="none, or it is covered")
            before = place
            time.sleep(0.02)
        return place[0], place[1], place[2], place[3]

    def click(self, selector: str, x: float = 0.5, y: float = 0.5) -> None:
        """Clicks on an element; x and y are fractions of its sides."""
        left, top, width, height = self.place(selector)
        self.move([(left + x * width, top + y * height)], is_pressed=True)

    def draw(self, selector: str, strokes: Iterable[Sequence[Point]]) -> None:
        """Draws with the mouse; points are fractions of the element's sides."""
        left, top, width, height = self.place(selector)
        for stroke in strokes:
            self.move([(left + x * width, top + y * height) for x, y in stroke], is_pressed=True)

    def focus(self, selector: str) -> None:
        self.evaluate(_FOCUS, selector)

    def fill(self, selector: str, text: str) -> None:
        """Types into a field, in place of what it holds."""
        self.focus(selector)
        self.press(*text)

    def select(self, selector: str, value: str) -> None:
        """Chooses an option: the list that opens belongs to the system, and no driver can click there."""
        self.evaluate(_SELECT, {"selector": selector, "value": value})

    def choose_file(self, selector: str, name: str, data: bytes) -> None:
        """Gives a file to a file field."""
        self.evaluate(_CHOOSE, {"selector": selector, "name": name, "bytes": b64encode(data).decode()})


class Browser(ABC):
    """A running browser."""

    name: str  # with its version: "Firefox 153.7"
    patience = PATIENCE + 10  # seconds that it may leave a command unanswered; a page's promises end before

    @abstractmethod
    def tab(self, width: int = 1280, height: int = 900) -> Tab:
        """A fresh page of a window so large inside, its storage empty."""

    @abstractmethod
    def close(self) -> None:
        """Ends the browser."""

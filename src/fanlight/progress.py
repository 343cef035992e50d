"""How does someone who waits see that a model learns? A live bar in a terminal or a notebook, a line for past epochs.

In: epochs, steps and what was measured. Out: text on standard error, or a notebook's output. Knows no model."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from html import escape
from typing import Any

Logs = Mapping[str, float]

INTERVAL = 0.1  # seconds between two drawings: a small step takes microseconds
MOST_LINES = 20  # epochs of which each leaves a line; of more, every tenth part does


def described(logs: Logs) -> str:
    """`loss 0.1234, accuracy 0.9876`; arrays, such as a confusion matrix, are left out."""
    numbers = {name: value for name, value in logs.items() if not getattr(value, "shape", ())}
    return ", ".join(
        f"{name} {value:.4g}" if value >= 1e4 else f"{name} {value:.4f}" for name, value in numbers.items()
    )


class Progress:
    """Says nothing: what others build on. `first` is the number of epochs that earlier calls of `fit` made."""

    def __init__(self, epochs: int, rows: int, first: int = 0):
        self.epochs, self.rows, self.first = first + epochs, rows, first
        self.done = 0  # rows of this epoch
        self._drawn = time.monotonic()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def step(self, epoch: int, rows: int, averages: Any) -> None:
        """After each step; `averages.values()` has what was measured in this epoch."""
        self.done += rows
        now = time.monotonic()
        if now - self._drawn >= INTERVAL:
            self._drawn = now
            self.draw(self.label(epoch), described(averages.values()))

    def epoch(self, epoch: int, logs: Logs) -> None:
        """After each epoch."""
        self.done = 0
        every = 1 if self.epochs - self.first <= MOST_LINES else -(-(self.epochs - self.first) // 10)
        is_last = epoch + 1 == self.epochs
        self.end(self.label(epoch), described(logs), is_last or (epoch - self.first) % every == 0)

    def label(self, epoch: int) -> str:
        return f"epoch {epoch + 1:{len(str(self.epochs))}}/{self.epochs}"

    def draw(self, label: str, text: str) -> None:
        """Shows where the running epoch is."""

    def end(self, label: str, text: str, is_kept: bool) -> None:
        """Shows what an epoch came to."""


class Lines(Progress):
    """One plain line for an epoch: for files and pipes."""

    def end(self, label: str, text: str, is_kept: bool) -> None:
        if is_kept:
            print(f"{label}  {text}", file=sys.stderr, flush=True)


class Terminal(Progress):
    """A live bar below the lines."""

    def __enter__(self) -> Progress:
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn
        from rich.progress import Progress as Bars

        columns = TextColumn("{task.description}"), BarColumn(24), TextColumn("{task.fields[text]}")
        self._bars = Bars(*columns, console=Console(stderr=True), transient=True)
        self._task = self._bars.add_task("", total=self.rows, text="", visible=False)
        self._bars.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._bars.stop()

    def draw(self, label: str, text: str) -> None:
        self._bars.update(self._task, description=label, completed=self.done, text=text, visible=True)

    def end(self, label: str, text: str, is_kept: bool) -> None:
        if is_kept:
            self._bars.console.print(f"{label}  {text}", markup=False, highlight=False)


class Notebook(Progress):
    """One bar in the output of the cell, with what the last epoch came to."""

    def __enter__(self) -> Progress:
        from IPython.display import HTML, display

        self._html = HTML
        self._last, self._began = "", time.monotonic()
        self._output: Any = display(HTML(self.html("", "")), display_id=True)
        return self

    def __exit__(self, *error: object) -> None:
        seconds = time.monotonic() - self._began
        self.show(self._last if error[0] else f"{self._last} <small>({seconds:.1f} s)</small>")

    def html(self, label: str, text: str) -> str:
        style = 'style="width: 16em; vertical-align: middle"'
        bar = f'<progress {style} value="{self.done}" max="{self.rows}"></progress>'
        return f"<code>{escape(label)}</code> {bar} <span>{escape(text)}</span>"

    def show(self, html: str) -> None:
        if self._output is not None:
            self._output.update(self._html(html))

    def draw(self, label: str, text: str) -> None:
        self.show(self.html(label, text))

    def end(self, label: str, text: str, is_kept: bool) -> None:
        self.done = self.rows
        self._last = self.html(label, text)
        self.done = 0


class PageProgress(Progress):
    """Tells the page around a browser's Python: its function `fanlightProgress({ epoch, epochs, rows, done, logs })`,
    where it has one; `done` rows of an epoch under way, undefined at its end. Of a compilation it hears
    `{ stage: "compiling" }` and `{ stage: "compiled", seconds, bytes }`."""

    def tell(self, epoch: int, logs: Logs, done: int | None) -> None:
        tell_page(epoch=epoch, epochs=self.epochs, rows=self.rows, done=done, logs=dict(logs))

    def step(self, epoch: int, rows: int, averages: Any) -> None:
        self.done += rows
        now = time.monotonic()
        if now - self._drawn >= INTERVAL:
            self._drawn = now
            self.tell(epoch, averages.values(), self.done)

    def epoch(self, epoch: int, logs: Logs) -> None:
        self.done = 0
        self.tell(epoch, logs, None)


def shown(logs: dict[str, float], verbose: int | str) -> dict[str, float]:
    """What an evaluation found; printed, too, where `verbose` is 1 or 2."""
    if verbose in (1, 2):
        print(" - ".join(f"{name}: {value:.4f}" for name, value in logs.items()))
    return logs


def progress_for(epochs: int, rows: int, verbose: int | str, first: int = 0) -> Progress:
    """The progress that fits where the program runs. `verbose`: 0 for none, 1 for a bar, 2 for lines, "auto" for a bar
    where someone can see one, else none. A page that has a function `fanlightProgress` hears of it unless 0 or 2."""
    if verbose == 2:
        return Lines(epochs, rows, first)
    if verbose != 0 and sys.platform == "emscripten" and is_heard():
        return PageProgress(epochs, rows, first)
    if verbose != 0 and is_notebook():
        return Notebook(epochs, rows, first)
    if verbose != 0 and sys.stderr.isatty():
        return Terminal(epochs, rows, first)
    return Progress(epochs, rows, first) if verbose in (0, "auto") else Lines(epochs, rows, first)


def tell_page(**said: Any) -> None:
    """Tells the page around a browser's Python, where it has the function `fanlightProgress`."""
    import js
    from pyodide.ffi import to_js

    if is_heard():
        js.fanlightProgress(to_js(said, dict_converter=js.Object.fromEntries))


def is_heard() -> bool:
    """Whether the page around a browser's Python wants to know."""
    import js

    return hasattr(js, "fanlightProgress")


def is_notebook() -> bool:
    """Whether cells are run, in Jupyter or what is like it."""
    if "IPython" not in sys.modules:
        return False
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    return shell is not None and type(shell).__name__ != "TerminalInteractiveShell"

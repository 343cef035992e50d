"""What is written down of epochs, and what is set before them? A history, a table as CSV, a learning rate."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, Any

from fanlight.callbacks.callback import Callback, Logs


class History(Callback):
    """`epoch` numbers and, by name, one value an epoch in `history`; `fit` returns such a one anyway."""

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.epoch: list[int] = []
        self.history: dict[str, list[Any]] = {}

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)


class LearningRateScheduler(Callback):
    """Sets the learning rate before each epoch: `schedule(epoch, rate)` or `schedule(epoch)` gives it."""

    def __init__(self, schedule: Callable[..., float], verbose: int = 0):
        self.schedule, self.verbose = schedule, verbose

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        rate = self.model.learning_rate
        try:
            rate = self.schedule(epoch, rate)
        except TypeError:  # as in Keras: one that takes the epoch alone
            rate = self.schedule(epoch)
        self.model.learning_rate = float(rate)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if logs is not None:
            logs["learning_rate"] = self.model.learning_rate


class CSVLogger(Callback):
    """Writes a line for each epoch into the file `filename`; with `append` it goes on with one that is there."""

    def __init__(self, filename: str | Path, separator: str = ",", append: bool = False):
        self.path, self.separator, self.append = Path(filename), separator, append
        self._file: IO[str] | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        has_header = self.append and self.path.exists() and self.path.stat().st_size > 0
        self._file = self.path.open("a" if self.append else "w", newline="")
        self._has_header, self._names = has_header, None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        logs = logs or {}
        assert self._file is not None
        if self._names is None:
            names = sorted(logs)
            if not any(name.startswith("val_") for name in names):
                names += [f"val_{name}" for name in names]  # a later epoch may validate
            self._names = names
            self._writer = csv.DictWriter(self._file, ["epoch", *names], delimiter=self.separator)
            if not self._has_header:
                self._writer.writeheader()
        row = {name: self._cell(logs.get(name, "NA")) for name in self._names}
        self._writer.writerow({"epoch": epoch, **row})
        self._file.flush()

    @staticmethod
    def _cell(value: Any) -> Any:
        is_list = isinstance(value, Iterable) and not isinstance(value, str)
        return f'"[{", ".join(map(str, value))}]"' if is_list else value

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self._file is not None:
            self._file.close()

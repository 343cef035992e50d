"""How does Python train? Epochs over batches, with validation, shuffling, history and a progress bar, on any engine.

In: an engine with `train_step` and `evaluate_step`, arrays, Keras's options. Out: a History. The page's `fit` does the
same in JavaScript, in the same order, so that both give the same losses. Knows no layers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from fanlight.errors import NonFiniteLossError, ShapeError, UnknownNameError
from fanlight.progress import Progress, described
from fanlight.training.shuffle import MASK, PARITY, ROTATIONS

if TYPE_CHECKING:
    import numpy as np

Arrays = dict[str, Any]
Logs = dict[str, float]


class Engine(Protocol):
    """What training needs of an engine."""

    def call(self, name: str, inputs: Mapping[str, Any]) -> Arrays: ...


@dataclass(repr=False)
class History:
    """What `fit` saw: `epoch` numbers and, by name, one value an epoch in `history`; `seconds` and `steps` it took."""

    history: dict[str, list[float]] = field(default_factory=dict)
    epoch: list[int] = field(default_factory=list)
    seconds: float = 0.0
    steps: int = 0

    def add(self, epoch: int, logs: Logs) -> None:
        self.epoch.append(epoch)
        for name, value in logs.items():
            self.history.setdefault(name, []).append(value)

    def __repr__(self) -> str:
        last = described({name: values[-1] for name, values in self.history.items()})
        epochs = f"{len(self.epoch)} epoch{'' if len(self.epoch) == 1 else 's'}"
        return f"<History: {epochs}, {self.steps} steps in {self.seconds:.2f} s{'; last ' if last else ''}{last}>"


def check_plan(batch_size: int, epochs: int) -> None:
    """Raises ShapeError where `fit` cannot go through its epochs."""
    if batch_size < 1 or epochs < 0:
        got = f"batch_size={batch_size}, epochs={epochs}"
        raise ShapeError("fit", expected="a positive batch_size, and no negative epochs", got=got)


def named(values: Any, names: Sequence[str], what: str) -> dict[str, Any]:
    """An array, a list in order, or a dict by name, by name."""
    if isinstance(values, Mapping):
        if set(values) != set(names):
            raise UnknownNameError(what, expected=sorted(names), got=sorted(map(str, values)))
        return {name: values[name] for name in names}
    if len(names) == 1 and not (isinstance(values, (list, tuple)) and len(values) == 1 and _rank(values[0]) > 1):
        values = [values]
    if not isinstance(values, (list, tuple)) or len(values) != len(names):
        raise ShapeError(what, expected=f"{len(names)} arrays: {list(names)}", got=_received(values))
    return dict(zip(names, values, strict=True))


def _rank(value: Any) -> int:
    """How many axes an array or nested lists have."""
    if hasattr(value, "shape"):
        return len(value.shape)
    return 1 + _rank(value[0] if len(value) else 0) if isinstance(value, (list, tuple)) else 0


def _received(values: Any) -> str:
    return f"{len(values)} arrays" if isinstance(values, (list, tuple)) else type(values).__name__


def row_count(arrays: Arrays, what: str) -> int:
    """The number of rows that all arrays share; raises ShapeError where they differ."""
    counts = {name: len(a) if a.ndim else None for name, a in arrays.items()}
    if len(set(counts.values())) != 1 or None in counts.values():
        raise ShapeError(what, expected="the same number of rows in every array", got=counts)
    return next(iter(counts.values())) or 0


def batches(arrays: Arrays, size: int, order: np.ndarray | None = None) -> Iterator[Arrays]:
    """Slices of at most `size` rows, in `order`."""
    count = row_count(arrays, "batches")
    for start in range(0, count, size):
        rows = slice(start, start + size) if order is None else order[start : start + size]
        yield {name: a[rows] for name, a in arrays.items()}


def permutation(count: int, seed: int, epoch: int) -> np.ndarray:
    """`training.shuffle.permutation`, for many rows at once."""
    import numpy as np

    keys = [np.uint32(seed & MASK), np.uint32(epoch & MASK), np.uint32((seed ^ epoch ^ PARITY) & MASK)]
    x = np.arange(count, dtype=np.uint32) + keys[0]
    y = np.full(count, keys[1])
    for turn in range(20):
        rotation = np.uint32(ROTATIONS[turn % 8])
        x = x + y
        y = (y << rotation | y >> (np.uint32(32) - rotation)) ^ x
        if turn % 4 == 3:
            injection = turn // 4 + 1
            x = x + keys[injection % 3]
            y = y + np.uint32((int(keys[(injection + 1) % 3]) + injection) & MASK)
    return np.argsort(x, kind="stable")


class Averages:
    """Means over rows, from the `q/sum` and `q/count` that steps give for each quantity q."""

    def __init__(self) -> None:
        self._sums: Logs = {}
        self._counts: Logs = {}

    def add(self, outputs: Mapping[str, Any]) -> None:
        for name, value in outputs.items():
            quantity, _, part = name.rpartition("/")
            if part in ("sum", "count"):
                table = self._sums if part == "sum" else self._counts
                table[quantity] = table.get(quantity, 0.0) + float(value)

    def values(self) -> Logs:
        return {name: total / self._counts[name] for name, total in self._sums.items()}


def evaluate(engine: Engine, arrays: Arrays, batch_size: int) -> Logs:
    """Loss and metrics over all rows."""
    averages = Averages()
    for batch in batches(arrays, batch_size):
        averages.add(engine.call("evaluate_step", batch))
    return averages.values()


def fit(
    engine: Engine,
    arrays: Arrays,
    *,
    epochs: int,
    batch_size: int,
    shuffle: bool,
    seed: int,
    first_epoch: int = 0,
    validation: Arrays | None = None,
    on_epoch_end: Callable[[int, Logs], object] | None = None,
    progress: Progress | None = None,
    nan: str = "stop",
) -> History:
    """Trains for `epochs`; the order of epoch e depends on `seed` and e only. A loss that is not finite stops with
    NonFiniteLossError (the state is that of the step before), or is skipped with `nan="continue"`.

    `on_epoch_end(epoch, logs)` may return True to stop early."""
    count = row_count(arrays, "fit")
    if count == 0:
        raise ShapeError("fit", expected="at least one row", got="none")
    history = History()
    begin = time.perf_counter()
    for epoch in range(first_epoch, first_epoch + epochs):
        averages = Averages()
        order = permutation(count, seed, epoch) if shuffle else None
        for step, batch in enumerate(batches(arrays, batch_size, order)):
            rows = row_count(batch, "fit")
            try:
                averages.add(engine.call("train_step", batch))
            except NonFiniteLossError as error:
                if nan != "continue":
                    raise NonFiniteLossError(
                        f"fit, epoch {epoch + 1}, step {step + 1}",
                        expected="a finite loss",
                        got="NaN or infinity",
                        do="the state is that of the step before; lower the learning rate or check the data",
                    ) from error
            history.steps += 1
            if progress is not None:
                progress.step(epoch, rows, averages)
        logs = averages.values()
        if validation is not None:
            logs |= {f"val_{name}": value for name, value in evaluate(engine, validation, batch_size).items()}
        history.add(epoch, logs)
        if progress is not None:
            progress.epoch(epoch, logs)
        if on_epoch_end is not None and on_epoch_end(epoch, logs) is True:
            break
    history.seconds = time.perf_counter() - begin
    return history

"""How does Python train? Epochs over batches, with validation, shuffling, history and a progress bar, on any engine.

In: an engine with `train_step` and `evaluate_step`, arrays, Keras's options. Out: a History. The page's `fit` does the
same in JavaScript, in the same order, so that both give the same losses. Knows no layers."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from fanlight.callbacks import Callbacks
from fanlight.errors import NonFiniteLossError, ShapeError, UnknownNameError
from fanlight.progress import Progress, described
from fanlight.training.shuffle import MASK, PARITY, ROTATIONS

if TYPE_CHECKING:
    import numpy as np

Arrays = dict[str, Any]
Logs = dict[str, Any]  # numbers, and arrays of metrics that are some


class Engine(Protocol):
    """What training needs of an engine: a program with its procedures, and calls."""

    @property
    def program(self) -> Any: ...

    def call(self, name: str, inputs: Mapping[str, Any]) -> Arrays: ...


@dataclass(repr=False)
class History:
    """What `fit` saw: `epoch` numbers and, by name, one value an epoch in `history`; `seconds` and `steps` it took."""

    history: dict[str, list[Any]] = field(default_factory=dict)
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


def joined(parts: Sequence[Arrays], what: str) -> Arrays:
    """The arrays of all batches by name, one after the other."""
    import numpy as np

    if len(parts) == 1:
        return parts[0]
    if alone := [name for name, array in parts[0].items() if not array.ndim]:
        expected = f"one batch, since these outputs are single numbers: {', '.join(alone)}"
        raise ShapeError(what, expected=expected, got=f"{len(parts)} batches", do="pass fewer rows at a time")
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


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
    """What steps measured since a reset: means over rows, of the `q/sum` and `q/count` that steps give for a quantity
    q, and the last value of what they give alone, which is a metric with state."""

    def __init__(self, engine: Engine):
        if "reset_metrics" in engine.program.procedures:
            engine.call("reset_metrics", {})
        self._parts: dict[str, tuple[float, float]] = {}
        self._values: Logs = {}

    def add(self, outputs: Mapping[str, Any]) -> None:
        for name, value in outputs.items():
            if "/" in name and name.rpartition("/")[2] in ("sum", "count"):
                continue
            if f"{name}/sum" in outputs:
                total, count = self._parts.get(name, (0.0, 0.0))
                self._parts[name] = total + float(outputs[f"{name}/sum"]), count + float(outputs[f"{name}/count"])
                self._values[name] = 0.0
            else:
                self._values[name] = value if value.shape else float(value)

    def values(self) -> Logs:
        means = {name: total / count if count else 0.0 for name, (total, count) in self._parts.items()}
        return self._values | means


def evaluate(engine: Engine, arrays: Arrays, batch_size: int) -> Logs:
    """Loss and metrics over all rows."""
    averages = Averages(engine)
    for batch in batches(arrays, batch_size):
        averages.add(engine.call("evaluate_step", batch))
    return averages.values()


class Feed:
    """The batches of each epoch. `passes(k)` gives those of one pass over the data; an epoch is one, or `steps` batches
    that go on where the last epoch ended."""

    def __init__(self, passes: Callable[[int], Iterable[Arrays]], steps: int | None = None, first: int = 0):
        self.passes, self.steps, self.number = passes, steps, first
        self._open: Iterator[Arrays] = iter(())

    def epoch(self, epoch: int) -> Iterator[Arrays]:
        if self.steps is None:
            yield from self.passes(epoch)
            return
        for _ in range(self.steps):
            batch = next(self._open, None)
            if batch is None:
                self._open = iter(self.passes(self.number))
                self.number += 1
                batch = next(self._open, None)
            if batch is None:
                return
            yield batch


def shuffled(arrays: Arrays, batch_size: int, seed: int | None) -> Callable[[int], Iterator[Arrays]]:
    """Passes over arrays; the order of each depends on `seed` and its number only, None leaves the rows as they are."""
    count = row_count(arrays, "fit")
    if count == 0:
        raise ShapeError("fit", expected="at least one row", got="none")
    return lambda number: batches(arrays, batch_size, None if seed is None else permutation(count, seed, number))


def fit(
    engine: Engine,
    feed: Feed,
    *,
    epochs: int,
    callbacks: Callbacks,
    first_epoch: int = 0,
    first_count: int = 0,
    validate: Callable[[], Logs] | None = None,
    validates: Callable[[int], bool] = lambda epoch: True,
    on_epoch_end: Callable[[int, Logs], object] | None = None,
    progress: Progress | None = None,
    nan: str = "stop",
) -> History:
    """Trains for `epochs`, the first of which is number `first_epoch`; callbacks count from `first_count`. A loss that
    is not finite stops with NonFiniteLossError (the state is that of the step before), or is skipped with
    `nan="continue"`.

    `on_epoch_end(epoch, logs)` may return True to stop early."""
    history = History()
    begin = time.perf_counter()
    logs: Logs = {}
    callbacks.tell("on_train_begin")
    for epoch in range(first_epoch, first_epoch + epochs):
        number = epoch - first_epoch + first_count
        averages = Averages(engine)
        callbacks.tell("on_epoch_begin", number)
        for step, batch in enumerate(feed.epoch(epoch)):
            rows = row_count(batch, "fit")
            callbacks.tell("on_train_batch_begin", step)
            is_finite = True
            try:
                averages.add(engine.call("train_step", batch))
            except NonFiniteLossError as error:
                is_finite = False
                if callbacks.hears_steps:
                    callbacks.tell("on_train_batch_end", step, {"loss": math.nan})
                if nan != "continue" and not callbacks.is_stopped:
                    raise NonFiniteLossError(
                        f"fit, epoch {epoch + 1}, step {step + 1}",
                        expected="a finite loss",
                        got="NaN or infinity",
                        do="the state is that of the step before; lower the learning rate or check the data",
                    ) from error
            history.steps += 1
            if progress is not None:
                progress.step(epoch, rows, averages)
            if is_finite and callbacks.hears_steps:
                callbacks.tell("on_train_batch_end", step, averages.values())
            if callbacks.is_stopped:
                break
        logs = averages.values()
        if validate is not None and validates(number):
            callbacks.tell("on_test_begin")
            logs |= {f"val_{name}": value for name, value in validate().items()}
            callbacks.tell("on_test_end")
        callbacks.tell("on_epoch_end", number, logs)
        history.add(epoch, logs)
        if progress is not None:
            progress.epoch(epoch, logs)
        if (on_epoch_end is not None and on_epoch_end(epoch, logs) is True) or callbacks.is_stopped:
            break
    if "finalize" in engine.program.procedures:  # weights become their averages
        engine.call("finalize", {})
    callbacks.tell("on_train_end", logs)
    history.seconds = time.perf_counter() - begin
    return history

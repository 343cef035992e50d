"""How do Keras's callbacks follow a training that runs in the page's runtime? They hear of its epochs here, in between.

In: callbacks, a model of a browser's Python, what the runtime tells. Out: a history. The training waits for them: what
they read is the state of that moment, and what they change is written before it goes on. Needs Pyodide."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fanlight.arrays import Array
from fanlight.callbacks import BackupAndRestore, Callback, Callbacks, LambdaCallback, ModelCheckpoint, TerminateOnNaN
from fanlight.engines.runtime import Runtime
from fanlight.errors import UnknownNameError, UnsupportedOp
from fanlight.fitting import Arrays, History, Logs
from fanlight.progress import Progress

if TYPE_CHECKING:
    from fanlight.page_model import Model

RATE = "optimizer/learning_rate"
UNHEARD = ("on_batch_begin", "on_train_batch_begin", "on_test_begin", "on_test_end")
STEPS = ("on_batch_end", "on_train_batch_end")


class Moment:
    """The model as callbacks see it. At once, on the state of the moment: `learning_rate`, `learnt()`,
    `set_weights(...)` and `save(...)`. All else is the model's own, to be awaited in an asynchronous callback."""

    def __init__(self, model: Model, runtime: Runtime):
        self._model, self._runtime = model, runtime
        self._state: Arrays = {}
        self._changed: Arrays = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    @property
    def stop_training(self) -> bool:
        return self._model.stop_training

    @stop_training.setter
    def stop_training(self, is_wanted: bool) -> None:
        self._model.stop_training = is_wanted

    @property
    def learning_rate(self) -> float:
        """The optimizer's learning rate."""
        if RATE not in self._state:
            do = "compile with a number as learning_rate"
            raise UnknownNameError("learning_rate", expected="an optimizer with one", got="none, or a schedule", do=do)
        return float(Array.of(self._state[RATE]).item())

    @learning_rate.setter
    def learning_rate(self, rate: float) -> None:
        _ = self.learning_rate
        self.set_weights({RATE: rate})

    def learnt(self) -> Arrays:
        """What `predict` depends on, by name: parameters and statistics."""
        roles = {slot.name: slot.role for slot in self._runtime.manifest.state}
        return {name: a for name, a in self._state.items() if roles[name] in ("parameter", "statistic")}

    def set_weights(self, arrays: Mapping[str, Any]) -> None:
        """Replaces state arrays by name, before the training goes on."""
        dtypes = {slot.name: slot.dtype for slot in self._runtime.manifest.state}
        if unknown := [name for name in arrays if name not in dtypes]:
            raise UnknownNameError("set_weights", expected=f"names among {[*dtypes]}", got=unknown)
        made = {name: Array.of(array, dtypes[name]) for name, array in arrays.items()}
        self._state |= made
        self._changed |= made

    def save(self, path: str | Path) -> Path:
        """As the model's `save`."""
        return self._model.written(Path(path), self._state)

    async def begin(self) -> None:
        """Reads the state that callbacks are to see."""
        self._state = await self._runtime.state()

    async def end(self) -> None:
        """Writes what they changed."""
        changed, self._changed = self._changed, {}
        if changed:
            await self._runtime.set_state(changed)


class Following:
    """What hears of a training while it runs: a history, a progress, the user's callbacks and function.

    `rows` are those that are trained on, `epochs` how many the training makes; the first is number `first`, and
    callbacks count from `first_count`."""

    def __init__(
        self,
        model: Model,
        runtime: Runtime,
        callbacks: Sequence[Callback],
        params: Mapping[str, Any],
        *,
        history: History,
        progress: Progress,
        epochs: int,
        first: int,
        first_count: int,
        rows: int,
        batch_size: int,
        on_epoch_end: Callable[[int, Logs], object] | None,
    ):
        self.moment = Moment(model, runtime)
        self.callbacks = Callbacks(callbacks, self.moment, params)
        self.wants_steps = any(hears(each, name) for each in self.callbacks.all for name in STEPS)
        self.history, self.progress, self.user = history, progress, on_epoch_end
        self.epochs, self.first, self.first_count, self.rows, self.batch_size = (
            epochs,
            first,
            first_count,
            rows,
            batch_size,
        )
        self.begin = time.perf_counter()
        self.error: Exception | None = None
        self.partial: Logs | None = None  # of an epoch that a callback ends
        self.last: Logs = {}

    async def tell(self, event: str, *args: Any) -> None:
        """Calls the method `event` of each that has one, in order; what is asynchronous is awaited."""
        heard = [each for each in self.callbacks.all if hears(each, event)]
        if heard:
            await self.moment.begin()
        for each in heard:
            result = getattr(each, event)(*args)
            if inspect.isawaitable(result):
                await result
        await self.moment.end()

    async def started(self) -> None:
        """Before the first step."""
        await self.tell("on_train_begin")
        if self.epochs:
            await self.tell("on_epoch_begin", self.first_count)

    async def batch(self, batch: int, logs: Logs) -> bool | None:
        """After a step; False ends the training."""
        if self.callbacks.is_stopped or self.error is not None:
            return False
        size = min(self.batch_size, self.rows - batch * self.batch_size)
        self.progress.step(self.first + len(self.history.epoch), size, Logged(logs))
        if not self.wants_steps:
            return None
        try:
            await self.tell("on_train_batch_end", batch, logs)
        except Exception as error:
            self.error = error
        if self.callbacks.is_stopped:
            self.partial = logs
        return False if self.callbacks.is_stopped or self.error is not None else None

    async def epoch(self, epoch: int, logs: Logs) -> Logs | None:
        """After an epoch: the logs with what callbacks added, or None where the training ends."""
        number = self.first + epoch
        self.partial = None
        try:
            await self.tell("on_epoch_end", self.first_count + epoch, logs)
            self.last = logs
            self.history.add(number, logs)
            self.progress.epoch(number, logs)
            result = None if self.user is None else self.user(number, logs)
            result = await result if inspect.isawaitable(result) else result
            if result is True or self.callbacks.is_stopped:
                return None
            if epoch + 1 < self.epochs:
                await self.tell("on_epoch_begin", self.first_count + epoch + 1)
            return logs
        except Exception as error:  # on its way through JavaScript it would lose its class and its traceback
            self.error = error
            return None

    async def ended(self) -> None:
        """After the last step."""
        if self.error is not None:
            raise self.error
        await self.tell("on_train_end", self.last)


class Logged(dict[str, float]):
    """Logs where averages are asked for: `values()` gives them whole."""

    def values(self) -> Any:
        return dict(self)


def hears(callback: Callback, event: str) -> bool:
    """Whether anything happens in it at an event."""
    idle = [getattr(kind, event, None) for kind in (Callback, LambdaCallback)]
    if event == "on_train_batch_end" and hears(callback, "on_batch_end"):
        return True
    return event in vars(callback) or getattr(type(callback), event) not in idle


def check_asked(callbacks: Sequence[Callback] | Callback | None, **plain: bool) -> list[Callback]:
    """The callbacks of a training, as a list. Raises UnsupportedOp for those that hear of what no training in a page
    tells, and for what is asked for that is not `plain`."""
    expected = "arrays x and y, whole epochs, each of them validated, nan='stop'"
    for name, is_plain in plain.items():
        if not is_plain:
            raise UnsupportedOp("fit in a page", expected=expected, got=name.replace("no_", "no "))
    found = [callbacks] if isinstance(callbacks, Callback) else list(callbacks or ())
    for each in found:
        got, do = type(each).__name__, ""
        if isinstance(each, BackupAndRestore):
            do = "its folder would go with the page; save in on_epoch_end what is to stay, elsewhere"
        elif isinstance(each, TerminateOnNaN) and not each.raise_error:
            do = "a loss that is not finite ends every training here, with NonFiniteLossError"
        elif isinstance(each, ModelCheckpoint) and each.every.steps is not None:
            got, do = f"{got}(save_freq={each.every.steps})", 'write save_freq="epoch"'
        elif unheard := [name for name in UNHEARD if hears(each, name)]:
            got, do = f"{got}.{unheard[0]}", "the runtime tells of epochs and of the ends of steps"
        if do:
            raise UnsupportedOp("fit in a page", expected="callbacks that follow epochs", got=got, do=do)
    return found

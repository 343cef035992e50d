"""What is a callback? Methods that `fit` calls, with the model and what was measured so far, and the list of them.

Knows no single training; what it may use of the model is what a user may."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fanlight.errors import NonFiniteLossError

Logs = dict[str, Any]


class Callback:
    """Follows a training. `self.model` is the model; `self.params` has `epochs`, `steps` (None where nobody knows) and
    `verbose`. `self.model.stop_training = True` ends it after the step, or the epoch, that runs. Epochs and steps
    count from 0 in each `fit`, or from its `initial_epoch`."""

    model: Any = None
    params: Mapping[str, Any] = {}  # replaced, never changed

    def set_model(self, model: Any) -> None:
        self.model = model

    def set_params(self, params: Mapping[str, Any]) -> None:
        self.params = params

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Before the first epoch."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """After the last epoch; `logs` are its."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Before an epoch."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """After an epoch and its validation; what is added to `logs` is in the history."""

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a step."""

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a step; `logs` are the means since the epoch began."""

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Keras's other name of `on_batch_begin`."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Keras's other name of `on_batch_end`."""
        self.on_batch_end(batch, logs)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Before a validation."""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """After a validation."""


class Callbacks:
    """Several callbacks as one, for a training of `model`."""

    def __init__(self, callbacks: Sequence[Callback] | Callback | None, model: Any, params: Mapping[str, Any]):
        given = [callbacks] if isinstance(callbacks, Callback) else list(callbacks or ())
        self.all, self.model = given, model
        model.stop_training = False
        for each in given:
            each.set_model(model)
            each.set_params(params)
        self.hears_steps = any(hears_steps(each) for each in given)

    @property
    def is_stopped(self) -> bool:
        return self.model.stop_training

    def tell(self, event: str, *args: Any) -> None:
        """Calls the method `event` of each, in order."""
        for each in self.all:
            getattr(each, event)(*args)


def hears_steps(callback: Callback) -> bool:
    """Whether anything happens in it at the end of a step; else nobody has to know the means."""
    kind = type(callback)
    return any(
        getattr(kind, name) is not getattr(Callback, name)
        for name in ("on_batch_end", "on_train_batch_end", "on_batch_begin", "on_train_batch_begin")
    )


class LambdaCallback(Callback):
    """Functions in place of methods: `LambdaCallback(on_epoch_end=lambda epoch, logs: print(logs["loss"]))`."""

    def __init__(self, **functions: Callable[..., Any] | None):
        for event, function in functions.items():
            if not event.startswith("on_") or not hasattr(Callback, event):
                known = [name for name in vars(Callback) if name.startswith("on_")]
                raise TypeError(f"LambdaCallback: expected functions of {', '.join(known)}, got {event}")
            if function is not None:
                setattr(self, event, function)

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Replaced by the function of that name, where there is one."""


class TerminateOnNaN(Callback):
    """Ends the training where a loss is not finite; its state is that of the step before. With `raise_error` it
    raises NonFiniteLossError, as `fit` does without this callback."""

    def __init__(self, raise_error: bool = False):
        self.raise_error = raise_error

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        loss = (logs or {}).get("loss")
        if loss is not None and not math.isfinite(loss):
            if self.raise_error:
                raise NonFiniteLossError(f"fit, step {batch + 1}", expected="a finite loss", got=str(loss))
            print(f"step {batch + 1}: the loss is {loss}, the training ends", file=sys.stderr)
            self.model.stop_training = True

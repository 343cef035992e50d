"""What is done when a quantity gets better no more? Stop, go slower: callbacks that compare with the best so far."""

from __future__ import annotations

import sys
import warnings
from typing import Any

from fanlight.callbacks.callback import Callback, Logs
from fanlight.errors import ShapeError, UnknownNameError


class Monitor(Callback):
    """Watches the quantity `monitor`. With `mode` "auto" the metric says whether more is better."""

    def __init__(
        self, monitor: str = "val_loss", mode: str = "auto", baseline: float | None = None, min_delta: float = 0.0
    ):
        if mode not in ("auto", "min", "max"):
            raise UnknownNameError(type(self).__name__, expected="mode auto, min or max", got=repr(mode))
        self.monitor, self.mode, self.min_delta = monitor, mode, abs(min_delta)
        self.best = baseline

    @property
    def more_is_better(self) -> bool:
        if self.mode != "auto":
            return self.mode == "max"
        name = self.monitor.removeprefix("val_")
        direction = "down" if name.endswith("loss") else self.model.direction_of(name)
        if direction is None:
            do = 'say mode="min" or mode="max"'
            raise UnknownNameError(type(self).__name__, expected="a metric with a direction", got=self.monitor, do=do)
        return direction == "up"

    def is_better(self, value: float, than: float | None) -> bool:
        """Whether `value` passes `than` by more than `min_delta`."""
        if than is None:
            return True
        return value - self.min_delta > than if self.more_is_better else value + self.min_delta < than

    def value(self, logs: Logs | None) -> Any:
        """The quantity, or None with a warning where it was not measured."""
        found = (logs or {}).get(self.monitor)
        if found is None:
            known = ", ".join(logs or {})
            warnings.warn(f"{type(self).__name__}: no {self.monitor!r} was measured, only {known}", stacklevel=3)
        return found


class EarlyStopping(Monitor):
    """Ends the training when `monitor` got better by more than `min_delta` in none of `patience` epochs.

    `baseline`: to be passed too. `restore_best_weights`: the model ends with the weights of its best epoch.
    `start_from_epoch`: earlier ones do not count."""

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ):
        super().__init__(monitor, mode, min_delta=min_delta)
        self.patience, self.verbose, self.baseline = patience, verbose, baseline
        self.restore_best_weights, self.start_from_epoch = restore_best_weights, start_from_epoch
        self.on_train_begin()

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.wait = self.stopped_epoch = self.best_epoch = 0
        self.best, self.best_weights = None, None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        value = self.value(logs)
        if value is None or epoch < self.start_from_epoch:
            return
        is_better = self.is_better(value, self.best)
        if self.restore_best_weights and (is_better or self.best_weights is None):
            self.best_weights, self.best_epoch = self.model.learnt(), epoch
        self.wait += 1
        if is_better:
            self.best, self.best_epoch = value, epoch
            if self.baseline is None or self.is_better(value, self.baseline):
                self.wait = 0
        elif self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self.verbose and self.stopped_epoch:
            print(f"epoch {self.stopped_epoch + 1}: {self.monitor} got better no more", file=sys.stderr)
        if self.best_weights is not None:
            self.model.set_weights(self.best_weights)


class ReduceLROnPlateau(Monitor):
    """Multiplies the learning rate by `factor`, down to `min_lr`, when `monitor` got better by more than `min_delta`
    in none of `patience` epochs; then waits `cooldown` epochs before it counts again."""

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ):
        super().__init__(monitor, mode, min_delta=min_delta)
        if factor >= 1:
            raise ShapeError("ReduceLROnPlateau", expected="a factor below 1", got=factor)
        self.factor, self.patience, self.verbose = factor, patience, verbose
        self.cooldown, self.min_lr = cooldown, min_lr
        self.on_train_begin()

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.best = None
        self.wait = self.cooldown_counter = 0

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        logs = {} if logs is None else logs
        logs["learning_rate"] = rate = self.model.learning_rate
        value = self.value(logs)
        if value is None:
            return
        if self.cooldown_counter:
            self.cooldown_counter -= 1
            self.wait = 0
        if self.is_better(value, self.best):
            self.best, self.wait = value, 0
        elif not self.cooldown_counter:
            self.wait += 1
            if self.wait >= self.patience and rate > self.min_lr:
                self.model.learning_rate = max(rate * self.factor, self.min_lr)
                self.cooldown_counter, self.wait = self.cooldown, 0
                if self.verbose:
                    print(f"epoch {epoch + 1}: learning rate {self.model.learning_rate:.3g}", file=sys.stderr)

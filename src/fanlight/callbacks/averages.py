"""Which weights are looked at while a training goes on? With SwapEMAWeights, the moving averages that the optimizer
keeps; the steps go on with the weights themselves."""

from __future__ import annotations

from typing import Any

from fanlight.callbacks.callback import Callback, Logs
from fanlight.errors import UnsupportedOp
from fanlight.training.averaging import average


class SwapEMAWeights(Callback):
    """Validates with the averages that an optimizer with `use_ema=True` keeps of the weights. With `swap_on_epoch` they
    are the model's from the end of an epoch to the next one's begin too, for a ModelCheckpoint that stands behind this
    callback, say.

    Meanwhile the weights wait here, and the averages stay where they are (in Keras the two change places), so that a
    training that is stopped ends with the averages too. Raises UnsupportedOp where the optimizer keeps none."""

    def __init__(self, swap_on_epoch: bool = False):
        self.swap_on_epoch = swap_on_epoch
        self.waiting: dict[str, Any] | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.waiting = None

    def on_test_begin(self, logs: Logs | None = None) -> None:
        self.show_averages()

    def on_test_end(self, logs: Logs | None = None) -> None:
        self.show_weights()

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self.show_weights()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self.swap_on_epoch:
            self.show_averages()

    def show_averages(self) -> None:
        """The model has the averages; its weights wait."""
        state = self.model.weights()
        averages = {path: state[average(path)] for path in state if average(path) in state}
        if not averages:
            do = "compile with fl.optimizers.SGD(use_ema=True), say"
            raise UnsupportedOp("SwapEMAWeights", expected="an optimizer with use_ema=True", got="none", do=do)
        self.waiting = {path: state[path] for path in averages}
        self.model.set_weights(averages)

    def show_weights(self) -> None:
        """The model has its weights back."""
        if self.waiting is not None:
            self.model.set_weights(self.waiting)
            self.waiting = None

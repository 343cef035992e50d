"""How is a training kept while it runs? Checkpoints, and a backup from which an interrupted one goes on."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

from fanlight.callbacks.callback import Callback, Logs
from fanlight.callbacks.monitoring import Monitor
from fanlight.errors import UnknownNameError, UnsupportedOp


class Every:
    """Counts steps: whether `save_freq` of them, a number or "epoch", have passed."""

    def __init__(self, save_freq: str | int, at: str):
        if save_freq != "epoch" and not isinstance(save_freq, int):
            raise UnknownNameError(at, expected="save_freq 'epoch' or a number of steps", got=repr(save_freq))
        self.steps = None if isinstance(save_freq, str) else save_freq
        self.seen = 0

    def step(self) -> bool:
        self.seen += 1
        is_due = self.steps is not None and self.seen >= self.steps
        self.seen = 0 if is_due else self.seen
        return is_due


class ModelCheckpoint(Monitor):
    """Saves the model after each epoch, or each `save_freq` steps: all of it, or with `save_weights_only` its state.

    `filepath` may have fields, `model-{epoch:02d}-{val_loss:.2f}`, and is what `model.save` takes; `save_best_only`
    saves where `monitor` is better than ever, and than `initial_value_threshold`."""

    def __init__(
        self,
        filepath: str | Path,
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
    ):
        super().__init__(monitor, mode, initial_value_threshold)
        self.filepath, self.verbose, self.save_best_only = str(filepath), verbose, save_best_only
        if save_weights_only and not self.filepath.endswith(".safetensors"):
            raise UnsupportedOp("ModelCheckpoint", expected="a path that ends in .safetensors", got=self.filepath)
        self.every = Every(save_freq, "ModelCheckpoint")
        self.epoch = 0

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self.epoch = epoch

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if self.every.step():
            self.save({"epoch": self.epoch + 1, "batch": batch + 1, **(logs or {})})

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self.every.steps is None:
            self.save({"epoch": epoch + 1, **(logs or {})})

    def save(self, fields: Logs) -> None:
        if self.save_best_only:
            value = self.value(fields)
            if value is not None and not self.is_better(value, self.best):
                return
            self.best = self.best if value is None else value
        try:
            path = Path(self.filepath.format(**fields))
        except KeyError as error:
            raise UnknownNameError("ModelCheckpoint", expected=f"fields among {[*fields]}", got=str(error)) from None
        path.parent.mkdir(parents=True, exist_ok=True)
        self.model.save(path)
        if self.verbose:
            print(f"epoch {fields['epoch']}: saved as {path}", file=sys.stderr)


class BackupAndRestore(Callback):
    """Keeps the state in the folder `backup_dir` after each epoch, or each `save_freq` steps: the same `fit`, called
    again after an interruption, goes on with the epoch that was not done. At the end the folder is deleted, unless
    `delete_checkpoint=False`."""

    def __init__(self, backup_dir: str | Path, save_freq: str | int = "epoch", delete_checkpoint: bool = True):
        if not str(backup_dir):
            raise UnknownNameError("BackupAndRestore", expected="a folder", got="none")
        self.folder, self.delete_checkpoint = Path(backup_dir), delete_checkpoint
        self.every = Every(save_freq, "BackupAndRestore")
        self.epoch = 0

    def restore(self, model: Any) -> int | None:
        """Sets the model's state to the backup's, if there is one; the epoch to begin with."""
        record = self.folder / "training.json"
        if not record.exists():
            return None
        from fanlight.loading import read_weights

        found = json.loads(record.read_text())
        model.set_weights(read_weights(self.folder / found["weights"], model))
        return int(found["epoch"])

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self.epoch = epoch

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if self.every.step():
            self.save()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.epoch = epoch + 1
        if self.every.steps is None:
            self.save()

    def save(self) -> None:
        """Two files in turn, then the record that names the whole one."""
        self.folder.mkdir(parents=True, exist_ok=True)
        record = self.folder / "training.json"
        last = json.loads(record.read_text())["weights"] if record.exists() else ""
        name = "b.safetensors" if last == "a.safetensors" else "a.safetensors"
        self.model.save(self.folder / name)
        new = self.folder / "training.json.new"
        new.write_text(json.dumps({"epoch": self.epoch, "weights": name}))
        new.replace(record)

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self.delete_checkpoint and self.folder.exists():
            shutil.rmtree(self.folder)

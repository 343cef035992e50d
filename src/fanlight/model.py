"""What does a Keras user hold? Models: built from layers or loaded, trained, evaluated, exported.

Conducts the rooms: `layers` describe, `training` builds the step graphs, the compiler compiles, an engine holds the
state. Knows no layer and no instruction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fanlight import fitting, rows
from fanlight.compiler import TARGETS, Compiled, compile
from fanlight.engines.wasm import WasmEngine
from fanlight.errors import ShapeError, UnknownNameError
from fanlight.fitting import Arrays, History, Logs
from fanlight.ir.module import Module
from fanlight.layers.input import Input
from fanlight.layers.meanings import Table
from fanlight.layers.network import Network
from fanlight.progress import progress_for
from fanlight.training import optimizers
from fanlight.training.losses import SparseCategoricalCrossentropy, TracedLoss
from fanlight.training.steps import Objective, build_module, objectives_for

PREDICT_BATCH = 32  # rows of one call of `predict`; longer inputs are split

__all__ = ["Input", "Model", "Sequential", "load"]


class Model:
    """A network with its state: `Model(inputs, outputs)` from symbols, or `Sequential`.

    Inputs are arrays, a list in input order, or a dict by name; outputs an array, or a dict by name where there are
    several. Rows come first: shape [rows, ...]."""

    def __init__(self, inputs: Any, outputs: Any, name: str = "model", meanings: Mapping[str, Any] | None = None):
        self._start(Network(inputs, outputs, name=name, meanings=meanings))

    def _start(self, network: Network) -> None:
        self.network = network
        self.recipe: dict[str, Any] = {}  # optimizer, loss, metrics, loss_weights, as given to `compile`
        self.history: History | None = None
        self.seed = 0
        self._engine: WasmEngine | None = None
        self._compiled: Compiled | None = None
        self._batch = 32
        self._state: Arrays = {}
        self.objectives: list[Objective] = []
        self._epochs = 0
        self._reproducible = True

    @classmethod
    def of_network(cls, network: Network, batch_size: int = 32) -> Model:
        """The model of a network that exists already."""
        model = cls.__new__(cls)
        model._start(network)
        model._batch = batch_size
        return model

    # --- facts

    @property
    def name(self) -> str:
        return self.network.name or self.network.auto_name

    @property
    def layers(self) -> Sequence[Any]:
        return self.network.layers

    @property
    def input_names(self) -> list[str]:
        return self.network.input_names

    @property
    def output_names(self) -> list[str]:
        return self.network.output_names

    def get_layer(self, name: str) -> Any:
        return self.network.layer(name)

    def summary(self) -> None:
        """Prints the table of layers: outputs, parameters, and how many of these training changes."""
        from rich.console import Console

        from fanlight.display import summary_table

        Console().print(summary_table(self.network))

    def __repr__(self) -> str:
        sides = [
            zip(names, symbols, strict=True)
            for names, symbols in ((self.input_names, self.network.inputs), (self.output_names, self.network.outputs))
        ]
        taken, given = (", ".join(f"{name} {symbol.type}" for name, symbol in side) for side in sides)
        return f"<{type(self).__name__} {self.name!r}: {taken} -> {given}>"

    def _repr_html_(self) -> str:
        from fanlight.display import summary_html

        return summary_html(self.network)

    # --- compiling

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = (),
        reproducible: bool = True,
    ) -> None:
        """Chooses optimizer, loss and metrics, by Keras's names or as objects; a loss may be any function of
        `(y_true, y_pred)`. `reproducible=False` lets Python use fused multiply-add: faster, other last bits."""
        optimizers.get(optimizer)
        recipe = {"optimizer": optimizer, "loss": loss, "metrics": metrics, "loss_weights": loss_weights}
        self.objectives = objectives_for(self.network, loss, metrics, loss_weights)
        self._reproducible = reproducible
        self._forget_program()
        self.recipe = recipe

    def module(self, train: bool = True) -> Module:
        """The graphs of this model: `init`, `predict`, and with `train` the training and evaluation steps."""
        return build_module(self.network, **(self.recipe if train else {}), batch=self._batch)

    @property
    def batch_size(self) -> int:
        """The largest batch that a training step takes without being compiled again."""
        return self._batch

    def recipe_record(self) -> dict[str, Any] | None:
        """What was given to `compile`, as JSON; None where functions are in it, which no file can hold."""
        metrics = self.recipe["metrics"]
        by_output = metrics if isinstance(metrics, Mapping) else {"": metrics}
        names = [m for each in by_output.values() for m in (each if isinstance(each, (list, tuple)) else [each])]
        has_functions = any(isinstance(each.loss, TracedLoss) for each in self.objectives)
        if has_functions or not all(isinstance(name, str) for name in names):
            return None
        return {
            "optimizer": optimizers.get(self.recipe["optimizer"]).attributes(),
            "loss": {each.output: each.loss.attributes() for each in self.objectives},
            "metrics": metrics,
            "loss_weights": self.recipe["loss_weights"],
        }

    @property
    def engine(self) -> WasmEngine:
        """The instance that holds the state; compiled when first needed."""
        if self._engine is None:
            target = TARGETS["wasm-portable" if self._reproducible else "wasm-relaxed"]
            self._compiled = compile(self.module(), target)
            engine = WasmEngine(self._compiled.program, self._compiled.code)
            engine.call("init", {"seed": seed_words(self.seed)})
            known = {name: a for name, a in self._state.items() if name in engine.program.state}
            engine.set_state(known)
            self._engine = engine
        return self._engine

    @property
    def compiled(self) -> Compiled:
        """The program and its code."""
        assert self.engine is not None and self._compiled is not None
        return self._compiled

    def _forget_program(self) -> None:
        if self._engine is not None:
            self._state = self._engine.state()
        self._engine = self._compiled = None

    def _require_batch(self, size: int) -> None:
        """Makes room for batches of `size` rows; compiles again only where they were smaller."""
        if size > self._batch or (self._epochs == 0 and size != self._batch):
            self._forget_program()
            self._batch = size

    # --- state

    def weights(self) -> Arrays:
        """All state by name: parameters, statistics, optimizer slots, hyperparameters."""
        return self.engine.state()

    def set_weights(self, arrays: Mapping[str, Any]) -> None:
        """Replaces state arrays by name; names, shapes and dtypes are checked before anything changes."""
        self.engine.set_state(arrays)

    def reset(self, seed: int = 0) -> None:
        """Forgets everything learnt: all state as `init` makes it from `seed`."""
        self.seed = seed
        self._epochs = 0
        self.engine.call("init", {"seed": seed_words(seed)})

    # --- use

    def predict(self, x: Any, batch_size: int | None = None, verbose: int | str = "auto") -> Any:
        """The outputs for all rows of `x`: an array, or a dict by output name."""
        arrays = self._inputs(x, "predict")
        size = min(batch_size or PREDICT_BATCH, PREDICT_BATCH)
        if fitting.row_count(arrays, "predict") == 0:
            raise ShapeError("predict", expected="at least one row", got="none")
        parts = [self.engine.call("predict", batch) for batch in fitting.batches(arrays, size)]
        outputs = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        return next(iter(outputs.values())) if len(outputs) == 1 else outputs

    __call__ = predict

    def classify(self, x: Any, top: int = 5) -> list[list[tuple[str, float]]]:
        """For each row the `top` labels with their probabilities; the output must mean `fl.Classes`."""
        name = self.output_names[0]
        labels = getattr(self.network.output_meanings().get(name), "labels", None)
        if labels is None:
            raise UnknownNameError(
                f"output {name!r}",
                expected="labels",
                got="none",
                do=f'give the model meanings={{"{name}": fl.Classes([...])}}',
            )
        outputs = self.predict(x)
        rows = outputs[name] if isinstance(outputs, dict) else outputs
        best = np.argsort(-rows, axis=1, kind="stable")[:, : min(top, len(labels))]
        return [
            [(labels[k], float(row[k])) for k in order if k < len(labels)]
            for row, order in zip(rows, best, strict=True)
        ]

    def _inputs(self, x: Any, what: str) -> Arrays:
        """Inputs by name, as the model sees them: rows in their raw form are prepared."""
        meanings, types = self.network.input_meanings(), self.network.input_types()
        only = self.input_names[0]
        is_table = isinstance(meanings.get(only), Table) and len(self.input_names) == 1
        if is_table and not (isinstance(x, Mapping) and set(x) == {only}) and rows.columns_of(x) is not None:
            x = {only: x}
        found: Arrays = {}
        for name, value in fitting.named(x, self.input_names, f"inputs of {what}").items():
            place = f"input {name!r} of {what}"
            found[name], is_raw = rows.input_array(meanings.get(name), value, place)
            rows.check_rows(found[name], types[name], place)
            if is_raw and len(found[name]):
                functions = self.engine.program.procedures
                prepare = "prepare" if "prepare" in functions else f"prepare_{name}"
                parts = fitting.batches({name: found[name]}, PREDICT_BATCH)
                found[name] = np.concatenate([self.engine.call(prepare, part)[name] for part in parts])
        return found

    def _arrays(self, x: Any, y: Any, what: str) -> Arrays:
        if not self.objectives:
            raise UnknownNameError(what, expected="a compiled model", got="none", do="call model.compile first")
        by_target = {each.target: each for each in self.objectives}
        if isinstance(y, Mapping):  # by output name, as in Keras, or by target name
            by_output = {each.output: target for target, each in by_target.items()}
            y = {by_output.get(name, name): value for name, value in y.items()}
        meanings = self.network.output_meanings()
        outputs = dict(zip(self.output_names, self.network.outputs, strict=True))
        arrays = self._inputs(x, what)
        for name, value in fitting.named(y, list(by_target), f"targets of {what}").items():
            place, objective = f"target {name!r} of {what}", by_target[name]
            array = rows.target_array(meanings.get(objective.output), value, place)
            is_sparse = isinstance(objective.loss, SparseCategoricalCrossentropy)
            classes = outputs[objective.output].shape[-1] if is_sparse else None
            arrays[name] = rows.shaped_target(array, objective.target_type, classes, place)
        return arrays

    def fit(
        self,
        x: Any,
        y: Any,
        batch_size: int = 32,
        epochs: int = 1,
        verbose: int | str = "auto",
        validation_split: float = 0.0,
        validation_data: tuple[Any, Any] | None = None,
        shuffle: bool = True,
        on_epoch_end: Callable[[int, Logs], object] | None = None,
        nan: str = "stop",
    ) -> History:
        """Trains as Keras does: the last `validation_split` of the rows validate; the order of each epoch comes from
        the model's seed. Runs the very code that an exported page runs. `verbose`: see `progress.progress_for`."""
        if batch_size < 1 or epochs < 0:
            got = f"batch_size={batch_size}, epochs={epochs}"
            raise ShapeError("fit", expected="a positive batch_size, and no negative epochs", got=got)
        self._require_batch(batch_size)
        arrays = self._arrays(x, y, "fit")
        validation = None if validation_data is None else self._arrays(*validation_data, "fit's validation_data")
        count = fitting.row_count(arrays, "fit")
        if validation is None and validation_split:
            kept = int(count * (1 - validation_split))
            validation = {name: a[kept:] for name, a in arrays.items()}
            arrays = {name: a[:kept] for name, a in arrays.items()}
            count = kept
        engine = self.engine
        with progress_for(epochs, count, verbose, self._epochs) as progress:
            self.history = fitting.fit(
                engine,
                arrays,
                epochs=epochs,
                batch_size=batch_size,
                shuffle=shuffle,
                seed=self.seed,
                first_epoch=self._epochs,
                validation=validation,
                on_epoch_end=on_epoch_end,
                progress=progress,
                nan=nan,
            )
        self._epochs += len(self.history.epoch)
        return self.history

    def train_on_batch(self, x: Any, y: Any) -> Logs:
        """One training step; its loss and metrics by name."""
        arrays = self._arrays(x, y, "train_on_batch")
        self._require_batch(fitting.row_count(arrays, "train_on_batch"))
        averages = fitting.Averages()
        averages.add(self.engine.call("train_step", arrays))
        return averages.values()

    def evaluate(self, x: Any, y: Any, batch_size: int = 32) -> Logs:
        """Loss and metrics over all rows, by name."""
        arrays = self._arrays(x, y, "evaluate")
        return fitting.evaluate(self.engine, arrays, min(batch_size, self._batch))

    # --- files

    def export(self, path: str | Path, train: bool = False, page: Any = None, **options: Any) -> Path:
        """Writes the folder `path` (or, if it ends in .html, one file) that runs this model in a page: see
        `publishing.export_model` for the options."""
        from fanlight.publishing import export_model

        return export_model(self, Path(path), train=train, page=page, **options)

    def save(self, path: str | Path) -> Path:
        """Saves model and state: a folder that `fl.load` opens and a page can use; or the state, as x.safetensors."""
        from fanlight.publishing import save_model

        return save_model(self, Path(path))

    def show(self, page: Any = None, height: int = 640) -> Any:
        """The model's page inside a notebook: `page`, or all that fits; `height` in pixels."""
        from fanlight.publishing import show_model

        return show_model(self, page, height)


class Sequential(Model):
    """Layers one after the other; the first is `fl.Input`.

    >>> model = fl.Sequential([fl.Input((4,)), fl.layers.Dense(3, activation="softmax")])"""

    def __init__(self, layers: Sequence[Any], name: str = "sequential", meanings: Mapping[str, Any] | None = None):
        self._start(Network.sequential(layers, name=name, meanings=meanings))


def seed_words(seed: int) -> np.ndarray:
    """A seed as the two words of a Threefry key."""
    return np.array([seed & 0xFFFFFFFF, (seed >> 32) & 0xFFFFFFFF], np.uint32)


def load(path: str | Path, weights: str | Path | None = None) -> Any:
    """Opens what `save` or `export` wrote: a Model, or the Functions that `fl.export` wrote. `weights` is a
    .safetensors file, such as one that a page downloaded, whose arrays replace the saved ones. Raises ModelFormatError
    for a file that is broken or of another model."""
    from fanlight import publishing

    return publishing.load(Path(path), None if weights is None else Path(weights))

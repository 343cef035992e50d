"""What does a Keras user hold? Models: built from layers or loaded, trained, evaluated, exported.

Conducts the rooms: `layers` describe, `training` builds the step graphs, the compiler compiles, an engine holds the
state. Knows no layer and no instruction."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from fanlight import fitting
from fanlight.callbacks import BackupAndRestore, Callback, Callbacks
from fanlight.compiler import TARGETS, Compiled, compile
from fanlight.described import DescribedModel
from fanlight.engines.wasm import WasmEngine
from fanlight.errors import ShapeError, UnknownNameError
from fanlight.features import on_features
from fanlight.fitting import Arrays, History, Logs
from fanlight.ir.module import Module
from fanlight.ir.types import Type
from fanlight.layers.calling import Symbol, frozen, leaves
from fanlight.layers.input import Input
from fanlight.layers.network import Network
from fanlight.progress import progress_for, shown
from fanlight.targets.wasm.threads import emit_threads

PREDICT_BATCH = 32  # rows of one call of `predict`; longer inputs are split

__all__ = ["Input", "Model", "Sequential"]


class Model(DescribedModel):
    """A network with its state: `Model(inputs, outputs)` from symbols, or `Sequential`.

    Inputs are arrays, a list in input order, or a dict by name; outputs an array, or a dict by name where there are
    several. Rows come first: shape [rows, ...]."""

    def _start(self, network: Network) -> None:
        super()._start(network)
        self._engine: WasmEngine | None = None
        self._predictor: WasmEngine | None = None  # without steps of training, while nothing asks for these
        self._compiled: Compiled | None = None
        self._is_begun = False  # whether `_state` is whole: what the next program begins with
        self._threads = 1
        self.stop_training = False  # set by a callback: the training ends after the step or epoch that runs

    @property
    def threads(self) -> int:
        """How many threads a call uses; the results are the same to the bit unless `reproducible=False`."""
        return self._threads

    @threads.setter
    def threads(self, count: int) -> None:
        if count < 1:
            raise ShapeError("threads", expected="a positive number", got=count)
        self._forget_program()
        self._threads = count

    @property
    def engine(self) -> WasmEngine:
        """The instance that holds the state; compiled when first needed."""
        if self._engine is None:
            self._engine, self._compiled = self._started(self.module())
            self._predictor = None
        return self._engine

    def _started(self, module: Module) -> tuple[WasmEngine, Compiled]:
        """An engine of this module with the model's state."""
        target = TARGETS["wasm-portable" if self._reproducible else "wasm-relaxed"]
        compiled = compile(module, target)
        code = emit_threads(compiled.program, target) if self._threads > 1 else compiled.code
        engine = WasmEngine(compiled.program, code, self._threads)
        engine.call("init", {"seed": seed_words(self.seed)})
        engine.set_state({name: a for name, a in self._state.items() if name in engine.program.state})
        return engine, compiled

    def _prediction(self) -> WasmEngine:
        """An engine that predicts: of a model that was not trained yet, one that can do nothing else, since steps of
        training take much longer to compile."""
        carries = any(spec.role == "carried" for spec in self.network.state().values())
        if self._engine is not None or not self.recipe or carries:
            return self.engine
        if self._predictor is None:
            self._predictor, _ = self._started(self.module(train=False))
        return self._predictor

    @property
    def compiled(self) -> Compiled:
        """The program and its code."""
        assert self.engine is not None and self._compiled is not None
        return self._compiled

    def _forget_program(self) -> None:
        if self._engine is not None:
            self._state = self._engine.state()
        self._engine = self._compiled = self._predictor = None
        self._is_begun = False

    def _require_batch(self, size: int) -> None:
        """Makes room for batches of `size` rows; compiles again only where they were smaller."""
        if size > self._batch or (self._epochs == 0 and size != self._batch):
            self._forget_program()
            self._batch = size

    # --- state

    def weights(self) -> Arrays:
        """All state by name: parameters, statistics, optimizer slots, hyperparameters."""
        return self._engine.state() if self._engine else {name: array.copy() for name, array in self._held().items()}

    def _held(self) -> Arrays:
        """All state by name, to be read at once and not to be changed."""
        if self._engine is not None:
            return self._engine.state()
        if not self._is_begun:  # what trains and predicts is not compiled for it
            module = self.module()
            given = {name: Type(str(array.dtype), array.shape) for name, array in self._state.items()}
            if all(given.get(name) == spec.type for name, spec in module.state.items()):
                self._state = {name: self._state[name] for name in module.state}
            else:
                engine, _ = self._started(replace(module, functions={"init": module.functions["init"]}))
                self._state = engine.state()
            self._is_begun = True
        return self._state

    def set_weights(self, arrays: Mapping[str, Any]) -> None:
        """Replaces state arrays by name; names, shapes and dtypes are checked before anything changes."""
        self.engine.set_state(arrays)

    def reset(self, seed: int = 0) -> None:
        """Forgets everything learnt: all state as `init` makes it from `seed`."""
        self.seed = seed
        self._epochs = 0
        self.engine.call("init", {"seed": seed_words(seed)})

    def reset_states(self) -> None:
        """Lets stateful layers begin anew: what they carry from batch to batch becomes 0."""
        carried = [path for path, spec in self.network.state().items() if spec.role == "carried"]
        self.set_weights({path: np.zeros_like(self.engine.get_state(path)) for path in carried})

    # --- use

    def predict(self, x: Any, batch_size: int | None = None, verbose: int | str = "auto") -> Any:
        """The outputs for all rows of `x`: an array, or a dict by output name."""
        arrays = self._inputs(x, "predict")
        size = min(batch_size or PREDICT_BATCH, PREDICT_BATCH)
        if fitting.row_count(arrays, "predict") == 0:
            raise ShapeError("predict", expected="at least one row", got="none")
        engine = self._prediction()
        parts = [engine.call("predict", batch) for batch in fitting.batches(arrays, size)]
        outputs = fitting.joined(parts, "predict")
        return next(iter(outputs.values())) if len(outputs) == 1 else outputs

    def __call__(self, *inputs: Any, **arguments: Any) -> Any:
        """`predict` for arrays; on symbols a layer of another model, which begins with a copy of these weights."""
        if any(isinstance(each, Symbol) for each in leaves(frozen((*inputs, *arguments.values())))):
            return self.as_layer()(*inputs, **arguments)
        return self.predict(*inputs, **arguments)

    def as_layer(self) -> Network:
        """The layer that `model(symbol)` puts into another model."""
        table = self.network.weight_table()
        self.network.begins_with = {path: array for path, array in self.weights().items() if path in table}
        return self.network

    def classify(self, x: Any, top: int = 5) -> list[list[tuple[str, float]]]:
        """For each row the `top` labels with their probabilities; the output must mean `fl.Classes`."""
        name, labels = self.output_names[0], self._labels()
        outputs = self.predict(x)
        found = outputs[name] if isinstance(outputs, dict) else outputs
        best = np.argsort(-found, axis=1, kind="stable")[:, : min(top, len(labels))]
        return [
            [(labels[k], float(row[k])) for k in order if k < len(labels)]
            for row, order in zip(found, best, strict=True)
        ]

    def _inputs(self, x: Any, what: str) -> Arrays:
        """Inputs by name, as the model sees them: rows in their raw form are prepared."""
        found: Arrays = {}
        for name, (array, is_raw) in self._rows_of(x, what).items():
            found[name] = array
            if is_raw:
                engine = self._prediction() if what == "predict" else self.engine
                functions = engine.program.procedures
                prepare = "prepare" if "prepare" in functions else f"prepare_{name}"
                parts = fitting.batches({name: array}, PREDICT_BATCH)
                found[name] = np.concatenate([engine.call(prepare, part)[name] for part in parts])
        return found

    def _arrays(
        self, x: Any, y: Any, what: str, weights: Any = None, class_weight: Mapping[int, float] | None = None
    ) -> Arrays:
        targets = self._targets_of(y, what)
        return self._inputs(x, what) | targets | self._weights_of(weights, class_weight, targets)

    def fit(
        self,
        x: Any,
        y: Any = None,
        batch_size: int = 32,
        epochs: int = 1,
        verbose: int | str = "auto",
        callbacks: Sequence[Callback] | Callback | None = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: Mapping[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int | None = None,
        steps_per_epoch: int | None = None,
        validation_freq: int | Collection[int] = 1,
        on_epoch_end: Callable[[int, Logs], object] | None = None,
        nan: str = "stop",
    ) -> History:
        """Trains as Keras does: the last `validation_split` of the rows validate; the order of each epoch comes from
        the model's seed. Runs the very code that an exported page runs. `verbose`: see `progress.progress_for`.

        Without `y`, `x` gives batches: `(inputs, targets)` or `(inputs, targets, weights)`, once an epoch, or
        `steps_per_epoch` of them. `sample_weight` says how much rows, or steps of rows, count: an array, or one for
        each output; `class_weight` says it by class. `validation_data` may have weights as its third member;
        `validation_freq` says after which epochs it is used. With `initial_epoch` the training ends with number
        `epochs`, as in Keras; else it makes `epochs` more."""
        fitting.check_plan(batch_size, epochs)
        followers = [callbacks] if isinstance(callbacks, Callback) else list(callbacks or ())
        begun = [each.restore(self) for each in followers if isinstance(each, BackupAndRestore)]
        initial_epoch = next((each for each in begun if each is not None), initial_epoch)
        first = self._epochs if initial_epoch is None else initial_epoch
        left = epochs if initial_epoch is None else max(epochs - initial_epoch, 0)
        validation = None
        if y is None:
            source = fitting.Feed(self._passes(x, class_weight), steps_per_epoch, first)
            count, steps = 0, steps_per_epoch
            if validation_data is not None:
                held_x, held_y, *weights = validation_data
                validation = self._with_weights(self._arrays(held_x, held_y, "fit's validation_data", *weights))
            engine: fitting.Engine = Growing(self)
        else:
            self._require_batch(batch_size)
            arrays = self._arrays(x, y, "fit", sample_weight, class_weight)
            if validation_data is not None:
                x, y, *weights = validation_data
                validation = self._with_weights(self._arrays(x, y, "fit's validation_data", *weights))
            arrays = self._with_weights(arrays)
            count = fitting.row_count(arrays, "fit")
            if validation is None and validation_split:
                kept = int(count * (1 - validation_split))
                validation = {name: a[kept:] for name, a in arrays.items()}
                if class_weight is not None:  # of training alone, as in Keras
                    names = {each.weights_name for each in self.objectives}
                    validation = self._with_weights({name: a for name, a in validation.items() if name not in names})
                arrays = {name: a[:kept] for name, a in arrays.items()}
                count = kept
            engine, (arrays, validation) = on_features(self.engine, arrays, validation, verbose)
            passes = fitting.shuffled(arrays, batch_size, self.seed if shuffle else None)
            source = fitting.Feed(passes, steps_per_epoch, first)
            steps = steps_per_epoch or -(-count // batch_size)
        held, freq = validation, validation_freq
        with progress_for(left, count, verbose, first) as progress:
            self.history = fitting.fit(
                engine,
                source,
                epochs=left,
                callbacks=Callbacks(followers, self, {"epochs": epochs, "steps": steps, "verbose": verbose}),
                first_epoch=first,
                first_count=initial_epoch or 0,
                validate=None if held is None else lambda: fitting.evaluate(engine, held, min(batch_size, self._batch)),
                validates=lambda epoch: (epoch + 1) % freq == 0 if isinstance(freq, int) else epoch + 1 in freq,
                on_epoch_end=on_epoch_end,
                progress=progress,
                nan=nan,
            )
        self._epochs = first + len(self.history.epoch)
        return self.history

    def _passes(self, source: Iterable[Any], class_weight: Any) -> Callable[[int], Iterator[Arrays]]:
        """Passes over a user's batches, `(inputs, targets)` or `(inputs, targets, weights)`."""

        def run(number: int) -> Iterator[Arrays]:
            for batch in source:
                if not isinstance(batch, list | tuple) or not 2 <= len(batch) <= 3:
                    got = type(batch).__name__
                    raise ShapeError("fit", expected="batches (inputs, targets) or (inputs, targets, weights)", got=got)
                x, y, *weights = batch
                given = weights[0] if weights else None
                yield self._with_weights(self._arrays(x, y, "fit", given, class_weight))

        return run

    @property
    def learning_rate(self) -> float:
        """The optimizer's learning rate; it is state, so that setting it compiles nothing."""
        return float(self.engine.get_state(self._rate()))

    @learning_rate.setter
    def learning_rate(self, rate: float) -> None:
        self.engine.set_state({self._rate(): np.float32(rate)})

    def _rate(self) -> str:
        name = "optimizer/learning_rate"
        if name not in self.engine.program.state:
            do = "compile with a number as learning_rate"
            raise UnknownNameError("learning_rate", expected="an optimizer with one", got="none, or a schedule", do=do)
        return name

    def learnt(self) -> Arrays:
        """What `predict` depends on, by name: parameters and statistics."""
        roles = {name: spec.role for name, spec in self.compiled.module.state.items()}
        return {name: a for name, a in self.engine.state().items() if roles[name] in ("parameter", "statistic")}

    def train_on_batch(
        self, x: Any, y: Any, sample_weight: Any = None, class_weight: Mapping[int, float] | None = None
    ) -> Logs:
        """One training step; its loss and metrics by name."""
        arrays = self._with_weights(self._arrays(x, y, "train_on_batch", sample_weight, class_weight))
        self._require_batch(fitting.row_count(arrays, "train_on_batch"))
        averages = fitting.Averages(self.engine)
        averages.add(self.engine.call("train_step", arrays))
        return averages.values()

    def evaluate(
        self, x: Any, y: Any, batch_size: int = 32, verbose: int | str = "auto", sample_weight: Any = None
    ) -> Logs:
        """Loss and metrics over all rows, by name; 1 or 2 as `verbose` prints them too."""
        arrays = self._with_weights(self._arrays(x, y, "evaluate", sample_weight))
        logs = fitting.evaluate(self.engine, arrays, min(batch_size, self._batch))
        return shown(logs, verbose)

    # --- files

    def export(self, path: str | Path, train: bool = False, page: Any = None, **options: Any) -> Path:
        """Writes the folder `path` (or, if it ends in .html, one file) that runs this model in a page: see
        `publishing.export_model` for the options."""
        from fanlight.publishing import export_model

        return export_model(self, Path(path), self._held(), train=train, page=page, **options)

    def save(self, path: str | Path) -> Path:
        """Saves model and state: a folder that `fl.load` opens and a page can use; x.keras, which Keras opens too; or
        the state alone, as x.safetensors."""
        from fanlight.publishing import save_model

        return save_model(self, Path(path), self._held())

    def save_weights(self, path: str | Path) -> Path:
        """Writes `x.weights.h5`, which `load_weights` and Keras's own take for a model of the same layers."""
        from fanlight.keras_saving import save_weights

        return save_weights(self, Path(path), self.weights())

    def load_weights(self, path: str | Path) -> None:
        """Takes the weights of a Keras file, `x.weights.h5` or a whole model, that has the same layers in the same
        order; raises ModelFormatError where it has others."""
        from fanlight.keras_files import load_weights

        load_weights(self, Path(path))

    def show(self, page: Any = None, height: int = 640) -> Any:
        """The model's page inside a notebook: `page`, or all that fits; `height` in pixels."""
        from fanlight.publishing import show_model

        return show_model(self, self.weights(), page, height)


class Growing:
    """The engine of a model whose batches come one by one: it makes room for larger ones."""

    def __init__(self, model: Model):
        self.model = model

    @property
    def program(self) -> Any:
        return self.model.engine.program

    def call(self, name: str, inputs: Mapping[str, Any]) -> Arrays:
        if name == "train_step" and (rows := fitting.row_count(dict(inputs), "fit")) > self.model.batch_size:
            self.model._require_batch(rows)
        return self.model.engine.call(name, inputs)


class Sequential(Model):
    """Layers one after the other; the first is `fl.Input`.

    >>> model = fl.Sequential([fl.Input((4,)), fl.layers.Dense(3, activation="softmax")])"""

    def __init__(self, layers: Sequence[Any], name: str = "sequential", meanings: Mapping[str, Any] | None = None):
        blocks = [layer.as_layer() if isinstance(layer, Model) else layer for layer in layers]
        if blocks and isinstance(blocks[0], Network):  # which says what it takes
            first = blocks[0].inputs[0]
            blocks.insert(0, Input(first.layer.means() or first.shape[1:], dtype=first.dtype))
        self._start(Network.sequential(blocks, name=name, meanings=meanings))


def seed_words(seed: int) -> np.ndarray:
    """A seed as the two words of a Threefry key."""
    return np.array([seed & 0xFFFFFFFF, (seed >> 32) & 0xFFFFFFFF], np.uint32)

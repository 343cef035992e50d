"""What does a Keras user hold in a browser's Python? Models whose methods are awaited: the page's runtime trains them.

`history = await model.fit(x, y)` compiles here, hands the code to the runtime (`engines/runtime.py`), and lets the page
live meanwhile. Names, options and numbers are those of `model.Model`. Needs Pyodide."""

from __future__ import annotations

import asyncio
import hashlib
import inspect
import time
import warnings
from collections.abc import Callable, Coroutine, Generator, Mapping, Sequence
from dataclasses import replace
from functools import cache, wraps
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fanlight.arrays import Array
from fanlight.bundle.link import link_script
from fanlight.bundle.manifest import FileEntry, Manifest
from fanlight.callbacks import Callback
from fanlight.compiler import TARGETS, compile
from fanlight.described import DescribedModel
from fanlight.description import describe_module
from fanlight.engines.runtime import Runtime
from fanlight.errors import FanlightError, ShapeError, StorageError
from fanlight.fitting import Arrays, History, Logs, check_plan, row_count
from fanlight.layers.network import Network
from fanlight.page_fitting import RATE, Following, check_asked
from fanlight.progress import Progress, progress_for, shown, tell_page


class Awaited:
    """What a method gives that is to be awaited; looking at it before says how to write it."""

    def __init__(self, name: str, work: Coroutine[Any, Any, Any]):
        self._name, self._work, self._begun = name, work, False

    def __await__(self) -> Generator[Any, Any, Any]:
        self._begun = True
        return self._work.__await__()

    def _missing(self, *_: object) -> Any:
        # Also asked for by iter(), len(), float(): a result was expected.
        do = "in a browser results come later, so that the page stays alive"
        name = self._name
        raise FanlightError(f"model.{name}", expected=f"await model.{name}(...)", got=f"model.{name}(...)", do=do)

    def __getattr__(self, attribute: str) -> Any:
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        return self._missing()

    __getitem__ = __iter__ = __len__ = __float__ = __int__ = __bool__ = __format__ = _missing

    def __repr__(self) -> str:
        return f"<model.{self._name}(...) was not awaited: write await model.{self._name}(...)>"

    def __del__(self) -> None:
        if not self._begun:
            self._work.close()
            name = self._name
            warnings.warn(f"model.{name}(...) did nothing: write await model.{name}(...)", RuntimeWarning, stacklevel=2)


def awaited(method: Callable[..., Coroutine[Any, Any, Any]]) -> Callable[..., Any]:
    """A method that gives an Awaited."""

    @wraps(method)
    def call(self: Any, *args: Any, **kwargs: Any) -> Awaited:
        inspect.signature(method).bind(self, *args, **kwargs)  # wrong arguments are refused at once
        return Awaited(method.__name__, method(self, *args, **kwargs))

    return call


@cache
def scripts() -> dict[str, str]:
    """The runtime's JavaScript, out of this package."""
    return {
        "page": link_script("python.js", {"files.js": "embedded.js", "threads.js": "alone.js"}),
        "worker": link_script("worker.js"),
    }


class Model(DescribedModel):
    """A network with its state, which the page's runtime holds: `Model(inputs, outputs)`, or `Sequential`.

    Inputs are lists, buffers or arrays, a list in input order, or a dict by name. Results are NumPy arrays where the
    program has imported NumPy, else `arrays.Array`s, which read like lists."""

    def _start(self, network: Network) -> None:
        super()._start(network)
        self._runtime: Runtime | None = None
        self._stale: Runtime | None = None  # holds the state until the next program does
        self._turn = asyncio.Lock()
        self.stop_training = False  # a callback's word that the training is to end

    async def _ready(self) -> Runtime:
        """The runtime's model; compiled and handed over when first needed. `init` makes its state there."""
        async with self._turn:
            if self._runtime is None:
                if self._stale is not None:
                    self._state = await self._stale.state()
                    self._stale.dispose()
                    self._stale = None
                runtime = await self._handed_over()
                await runtime.reset(self.seed)
                state = {slot.name: slot for slot in runtime.manifest.state}
                known = {n: a for n, a in self._state.items() if n in state and tuple(a.shape) == state[n].shape}
                await runtime.set_state({name: Array.of(array) for name, array in known.items()})
                self._runtime = runtime
        return self._runtime

    async def _handed_over(self) -> Runtime:
        begin = time.perf_counter()
        tell_page(stage="compiling")
        await asyncio.sleep(0)  # what was printed before is shown meanwhile
        module = self.module()
        variants = ["portable"] if self._reproducible else ["portable", "relaxed"]
        compiled = {variant: compile(module, TARGETS[f"wasm-{variant}"]) for variant in variants}
        size = sum(len(each.code) for each in compiled.values())
        tell_page(stage="compiled", seconds=time.perf_counter() - begin, bytes=size)
        training = self.training_record() if self.recipe else None
        manifest = describe_module(module, compiled["portable"].program, self.name, training)
        files = {f"{variant}.wasm": each.code for variant, each in compiled.items()}
        return await Runtime.load(bundled(manifest, files), files, scripts(), self._reproducible)

    def _forget_program(self) -> None:
        self._stale = self._runtime or self._stale
        self._runtime = None

    def _require_batch(self, size: int) -> None:
        if size > self._batch or (self._epochs == 0 and size != self._batch):
            self._forget_program()
            self._batch = size

    # --- state

    @awaited
    async def weights(self) -> Arrays:
        """All state by name: parameters, statistics, optimizer slots, hyperparameters."""
        return await (await self._ready()).state()

    @awaited
    async def set_weights(self, arrays: Mapping[str, Any]) -> None:
        """Replaces state arrays by name; names and shapes are checked before anything changes."""
        runtime = await self._ready()
        dtypes = {slot.name: slot.dtype for slot in runtime.manifest.state}
        await runtime.set_state({name: Array.of(array, dtypes.get(name)) for name, array in arrays.items()})

    @awaited
    async def reset(self, seed: int = 0) -> None:
        """Forgets everything learnt: all state as `init` makes it from `seed`."""
        self.seed = seed
        self._epochs = 0
        await (await self._ready()).reset(seed)

    # --- use

    @awaited
    async def predict(self, x: Any, batch_size: int | None = None, verbose: int | str = "auto") -> Any:
        """The outputs for all rows of `x`: an array, or a dict by output name."""
        return await self._predict(x)

    __call__ = predict

    async def _predict(self, x: Any) -> Any:
        arrays = await self._inputs(x, "predict")
        if row_count(arrays, "predict") == 0:
            raise ShapeError("predict", expected="at least one row", got="none")
        outputs = await (await self._ready()).call("predict", arrays)
        return next(iter(outputs.values())) if len(outputs) == 1 else outputs

    @awaited
    async def classify(self, x: Any, top: int = 5) -> list[list[tuple[str, float]]]:
        """For each row the `top` labels with their probabilities; the output must mean `fl.Classes`."""
        labels = self._labels()
        outputs = await self._predict(x)
        found = (outputs[self.output_names[0]] if isinstance(outputs, dict) else outputs).tolist()
        best = [sorted(zip(labels, row, strict=False), key=lambda pair: -pair[1]) for row in found]
        return [pairs[:top] for pairs in best]

    async def _inputs(self, x: Any, what: str) -> Arrays:
        """Inputs by name, as the model sees them: rows in their raw form are prepared."""
        types = self.network.input_types()
        found: Arrays = {}
        for name, (value, is_raw) in self._rows_of(x, what).items():
            array = Array.of(value)
            if is_raw:
                runtime = await self._ready()
                prepare = "prepare" if "prepare" in runtime.manifest.functions else f"prepare_{name}"
                (raw,) = runtime.manifest.functions[prepare].inputs
                array = Array.of((await runtime.call(prepare, {raw.name: array}))[name])
            found[name] = Array.of(array, types[name].dtype)
        return found

    async def _weighted_rows(
        self, x: Any, y: Any, what: str, weights: Any = None, class_weight: Mapping[int, float] | None = None
    ) -> list[Arrays]:
        """Inputs, targets, and the sample weights that were given, each by name."""
        targets = {name: Array.of(array) for name, array in self._targets_of(y, what).items()}
        given = self._weights_of(weights, class_weight, targets)
        return [await self._inputs(x, what), targets, given]

    def _all_weights(self, targets: Arrays, given: Arrays) -> Arrays:
        """All sample weights that steps take: 1 where none were given."""
        found = self._with_weights(targets | given)
        return {each.weights_name: Array.of(found[each.weights_name]) for each in self.objectives if each.weights}

    @awaited
    async def fit(
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
        validation_freq: int = 1,
        on_epoch_end: Callable[[int, Logs], object] | None = None,
        nan: str = "stop",
    ) -> History:
        """Trains as Keras does; the same samples in the same order as in Python elsewhere. A task that is cancelled
        stops the training and keeps what was learnt. `verbose`: see `progress.progress_for`.

        The training waits for `callbacks` and `on_epoch_end`, which may be asynchronous; of quick steps they hear
        several together. Their `self.model` is a `page_fitting.Moment`. Raises UnsupportedOp for what the runtime does
        not do: batches instead of arrays, `steps_per_epoch`, `validation_freq`, `nan="continue"`, callbacks that hear
        of more than epochs and the ends of steps."""
        check_plan(batch_size, epochs)
        is_plain = {"no_y": y is not None, "steps_per_epoch": steps_per_epoch is None, "nan": nan == "stop"}
        followers = check_asked(callbacks, **is_plain, validation_freq=validation_freq == 1)
        self._require_batch(batch_size)
        parts = await self._weighted_rows(x, y, "fit", sample_weight, class_weight)
        held = None
        if validation_data is not None:
            held_x, held_y, *weights = validation_data
            held = await self._weighted_rows(held_x, held_y, "fit's validation_data", *weights)
            held[2] = self._all_weights(held[1], held[2])
            validation_split = 0.0
        parts[2] = self._all_weights(parts[1], parts[2])
        count = row_count(parts[0], "fit")
        if held is None and 0 < validation_split < 1:
            kept = int(count * (1 - validation_split))
            held = [{name: a[kept:] for name, a in part.items()} for part in parts]
            if class_weight is not None:  # of training alone, as in Keras
                held[2] = self._all_weights(held[1], {})
            if kept:
                parts = [{name: a[:kept] for name, a in part.items()} for part in parts]
                validation_split, count = 0.0, kept
        first = self._epochs if initial_epoch is None else initial_epoch
        left = epochs if initial_epoch is None else max(epochs - initial_epoch, 0)
        options: dict[str, Any] = {"epochs": left, "batchSize": batch_size, "shuffle": shuffle, "firstEpoch": first}
        options |= {"seed": self.seed & 0xFFFFFFFF, "validationSplit": validation_split}
        options |= {"sampleWeight": parts[2]} if parts[2] else {}
        options |= {"validationData": held if held[2] else held[:2]} if held and not validation_split else {}
        runtime = await self._ready()
        self.history = history = History()
        steps = -(-count // batch_size)
        params = {"epochs": epochs, "steps": steps, "verbose": verbose}
        with progress_for(left, count, verbose, first) as progress:
            following = Following(
                *(self, runtime, followers, params),
                **{"history": history, "progress": progress, "epochs": left, "first": first, "rows": count},
                **{"first_count": initial_epoch or 0, "batch_size": batch_size, "on_epoch_end": on_epoch_end},
            )
            await following.started()
            on_batch = following.batch if following.wants_steps or type(progress) is not Progress else None
            try:
                await runtime.fit(parts[0], parts[1], following.epoch, on_batch, **options)
                if following.partial is not None and following.error is None:  # a callback ended it in an epoch
                    logs = dict(following.partial)
                    if held is not None:
                        found = await runtime.evaluate(held[0], held[1], held[2], min(batch_size, self._batch))
                        logs |= {f"val_{name}": value for name, value in found.items()}
                    await following.epoch(len(history.epoch), logs)
                await following.ended()
            finally:
                self._epochs = first + len(history.epoch)
                history.seconds = time.perf_counter() - following.begin
                history.steps = len(history.epoch) * steps
        return history

    @awaited
    async def train_on_batch(self, x: Any, y: Any) -> Logs:
        """One training step; its loss and metrics by name."""
        inputs, targets, _ = await self._weighted_rows(x, y, "train_on_batch")
        self._require_batch(row_count(inputs, "train_on_batch"))
        return await (await self._ready()).step(inputs, targets)

    @awaited
    async def evaluate(
        self, x: Any, y: Any, batch_size: int = 32, verbose: int | str = "auto", sample_weight: Any = None
    ) -> Logs:
        """Loss and metrics over all rows, by name; 1 or 2 as `verbose` prints them too."""
        inputs, targets, weights = await self._weighted_rows(x, y, "evaluate", sample_weight)
        runtime = await self._ready()
        weights = self._all_weights(targets, weights)
        logs = await runtime.evaluate(inputs, targets, weights, min(batch_size, self._batch))
        return shown(logs, verbose)

    @property
    def learning_rate(self) -> float:
        """Refused: the optimizer's learning rate is state of the page's runtime."""
        do = f'write await model.weights() and await model.set_weights({{"{RATE}": rate}})'
        raise FanlightError("model.learning_rate", expected="to be awaited in a browser", got="an attribute", do=do)

    @learning_rate.setter
    def learning_rate(self, rate: float) -> None:
        _ = self.learning_rate

    # --- files

    @awaited
    async def export(self, path: str | Path, train: bool = False, page: Any = None, **options: Any) -> Path:
        """Writes the folder `path` (or, if it ends in .html, one file) into the file system of this Python: see
        `publishing.export_model` for the options."""
        from fanlight.publishing import export_model

        weights = await (await self._ready()).state()
        return export_model(self, Path(path), weights, train=train, page=page, **options)

    @awaited
    async def save(self, path: str | Path) -> Path:
        """Saves model and state: a folder that `fl.load` opens; or the state, as x.safetensors; or x.keras, where NumPy
        and h5py are there."""
        return self.written(Path(path), await (await self._ready()).state())

    def written(self, path: Path, state: Arrays) -> Path:
        """What `save` writes, of a state that is at hand."""
        from fanlight.publishing import save_model

        if path.suffix.lower() == ".keras":
            need_keras_packages("save")
        return save_model(self, path, state)

    @awaited
    async def save_weights(self, path: str | Path) -> Path:
        """Writes `x.weights.h5`, which Keras takes for a model of the same layers; needs NumPy and h5py."""
        need_keras_packages("save_weights")
        from fanlight.keras_saving import save_weights

        return save_weights(self, Path(path), await (await self._ready()).state())

    @awaited
    async def show(self, page: Any = None, height: int = 640) -> Any:
        """The model's page, for an output that shows HTML: `page`, or all that fits; `height` in pixels."""
        from fanlight.publishing import show_model

        return show_model(self, await (await self._ready()).state(), page, height)


def need_keras_packages(what: str) -> None:
    """Raises StorageError where what Keras's files are written with is not there."""
    if missing := [name for name in ("numpy", "h5py") if find_spec(name) is None]:
        do = "await pyodide.loadPackage(['numpy', 'h5py']), or save x.safetensors, which fl.load takes elsewhere"
        raise StorageError(what, expected="NumPy and h5py, which write Keras's files", got=f"no {missing[0]}", do=do)


def bundled(manifest: Manifest, files: Mapping[str, bytes]) -> Manifest:
    """The manifest of a bundle without weights: `init` makes them where it is loaded."""
    state = tuple(replace(slot, initial=0 if slot.initial is None else slot.initial) for slot in manifest.state)
    entries = {name: FileEntry(len(data), hashlib.sha256(data).hexdigest(), len(data)) for name, data in files.items()}
    code = {name.removesuffix(".wasm"): name for name in files}
    return replace(manifest, state=state, code=code, files=entries)


class Sequential(Model):
    """Layers one after the other; the first is `fl.Input`.

    >>> model = fl.Sequential([fl.Input((4,)), fl.layers.Dense(3, activation="softmax")])"""

    def __init__(self, layers: Any, name: str = "sequential", meanings: Mapping[str, Any] | None = None):
        self._start(Network.sequential(layers, name=name, meanings=meanings))

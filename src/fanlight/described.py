"""What is a model before it holds a number? A network, and how it is to be trained: all that needs no engine.

`model.Model` adds an engine in this process, `page_model.Model` the page's runtime. Knows no array."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Self

from fanlight.content import row_reader
from fanlight.errors import UnknownNameError
from fanlight.fitting import Arrays, History, named
from fanlight.ir.module import Module
from fanlight.layers.describe import describe
from fanlight.layers.meanings import Table
from fanlight.layers.network import Network
from fanlight.layers.transfer import add_head, replace_head, set_trainable
from fanlight.training import optimizers
from fanlight.training.loss import TracedLoss
from fanlight.training.losses import SparseCategoricalCrossentropy
from fanlight.training.metrics import MeanMetricWrapper, Metric
from fanlight.training.objectives import Objective, objectives_for
from fanlight.training.steps import build_module, training_manifest


class DescribedModel(ABC):
    """A network with what was given to `compile`."""

    def __init__(self, inputs: Any, outputs: Any, name: str = "model", meanings: Mapping[str, Any] | None = None):
        self._start(Network(inputs, outputs, name=name, meanings=meanings))

    def _start(self, network: Network) -> None:
        self.network = network
        self.recipe: dict[str, Any] = {}  # optimizer, loss, metrics and their weights, as given to `compile`
        self.weighted: dict[str, int] = {}  # the axes of the sample weights that steps take, by output
        self.history: History | None = None
        self.seed = 0
        self._batch = 32
        self._state: Arrays = dict(network.beginnings())  # what the next program begins with
        self.objectives: list[Objective] = []
        self._epochs = 0
        self._reproducible = True

    @classmethod
    def of_network(cls, network: Network, batch_size: int = 32) -> Self:
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
        from fanlight.display import print_summary

        print_summary(self.network)

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

    # --- teaching it something else

    def freeze(self, until: str | None = None) -> None:
        """Training no longer changes the layers up to `until`, that one included; without a name, no layer at all.
        Batch normalisation goes by its moving statistics there, as in Keras. `fit` runs a frozen trunk once for each
        row and trains the rest on what it gave, where nothing random comes before the cut."""
        set_trainable(self.network, False, until=until)
        self._forget_program()

    def unfreeze(self, since: str | None = None) -> None:
        """Training changes the layers from `since` on again; without a name, all layers."""
        set_trainable(self.network, True, since=since)
        self._forget_program()

    def replace_head(self, head: Any, at: str | None = None, name: str = "probabilities") -> None:
        """Puts another head on the features of this model: `model.freeze(); model.replace_head(["cat", "dog"])`.

        `head` is a number of classes, their labels, an `fl.Classes`, a layer, or a list of layers; the first three make
        a Dense layer called `name` with softmax, behind global average pooling where the features have places. The
        head reads the layer or output `at`, or what the last layer with weights read. A trunk without a head of its own
        gets one on top: `at="features"`, the name of its output. All other weights stay; the model is to be compiled
        again."""
        self._become(replace_head(self.network, head, at, name))

    def add_head(self, head: Any, at: str, name: str) -> None:
        """Puts a further head on the layer or output `at`, beside what the model gives already:
        `model.freeze(); model.add_head(fl.layers.Dense(1, activation="sigmoid"), at="flatten", name="document")`.

        `head` is as in `replace_head`, and `name` its output. One run of the layers before it serves all heads. All
        weights stay; the model is to be compiled again, with a loss for the outputs that learn: `loss={"document":
        "binary_crossentropy"}`."""
        self._become(add_head(self.network, head, at, name))

    def _become(self, network: Network) -> None:
        """The model of a network that has layers of this one, which keep their weights."""
        self._forget_program()
        old = {layer for _, layer in self.network.walk()}
        kept = [(path, layer) for path, layer in network.walk() if layer in old]
        paths = {layer.weight_path(path, name) for path, layer in kept for name in layer.weights}
        self._state = {path: array for path, array in self._state.items() if path in paths}
        self.network, self.recipe, self.objectives = network, {}, []
        self.history, self._epochs = None, 0

    def describe(self, inputs: Any = None, outputs: Any = None) -> None:
        """Says what inputs and outputs mean, for a model that came without: one meaning, or a dict by name.

        `model.describe(inputs=fl.Image(96, 96, preset="unit"), outputs=fl.Classes(["nobody", "person"]))`"""
        describe(self.network, inputs, outputs)
        self._forget_program()

    # --- compiling

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = (),
        weighted_metrics: Any = (),
        reproducible: bool = True,
    ) -> None:
        """Chooses optimizer, loss and metrics, by Keras's names or as objects; a loss may be any function of
        `(y_true, y_pred)`. In `weighted_metrics` sample weights count. `reproducible=False` lets Python use fused
        multiply-add: faster, other last bits."""
        optimizers.get(optimizer)
        asked = {"metrics": metrics, "loss_weights": loss_weights, "weighted_metrics": weighted_metrics}
        self.objectives = objectives_for(self.network, loss, metrics, loss_weights, weighted_metrics)
        self.weighted = {}
        self._reproducible = reproducible
        self._forget_program()
        self.recipe = {"optimizer": optimizer, "loss": loss, **asked}
        if lost := sorted({note for layer in self.layers if layer.trainable and (note := layer.lost())}):
            do = "export it for training, or freeze these layers"
            warnings.warn(f"{self.name}: its file was made for inference, {' and '.join(lost)}; {do}", stacklevel=2)

    def module(self, train: bool = True, sample_weight: Any = None) -> Module:
        """The graphs of this model: `init`, `predict`, and with `train` the training and evaluation steps, which take
        sample weights as they did so far, or as `sample_weight` says: see `training.objectives`."""
        weighted = self.weighted if sample_weight is None else sample_weight
        recipe = {**self.recipe, "sample_weight": weighted} if train else {}
        return build_module(self.network, **recipe, batch=self._batch)

    def take_sample_weights(self, axes: Mapping[str, int]) -> None:
        """Lets steps take sample weights with so many axes, by output; those that they take already stay."""
        new = {name: max(count, self.weighted.get(name, 0)) for name, count in axes.items()} if self.objectives else {}
        if any(self.weighted.get(name) != count for name, count in new.items()):
            weighted = self.weighted | new
            asked = [self.recipe[key] for key in ("metrics", "loss_weights", "weighted_metrics")]
            self.objectives = objectives_for(self.network, self.recipe["loss"], *asked, sample_weight=weighted)
            self._forget_program()
            self.weighted = weighted

    def training_record(self, sample_weight: Any = None) -> dict[str, Any]:
        """What a manifest says of the training; `sample_weight` as in `module`."""
        recipe = {key: self.recipe.get(key) for key in ("loss", "optimizer", "metrics", "weighted_metrics")}
        weighted = self.weighted if sample_weight is None else sample_weight
        return training_manifest(self.network, batch=self._batch, sample_weight=weighted, **recipe)

    @property
    def batch_size(self) -> int:
        """The largest batch that a training step takes without being compiled again."""
        return self._batch

    def recipe_record(self) -> dict[str, Any] | None:
        """What was given to `compile`, as JSON; None where functions are in it, which no file can hold."""
        measures = [measure.metric for each in self.objectives for measure in each.measures]
        has_functions = any(isinstance(each.loss, TracedLoss) for each in self.objectives)
        if has_functions or any(isinstance(each, MeanMetricWrapper) for each in measures):
            return None
        return {
            "optimizer": optimizers.get(self.recipe["optimizer"]).attributes(),
            "loss": {each.output: each.loss.attributes() for each in self.objectives},
            "metrics": recorded(self.recipe["metrics"]),
            "weighted_metrics": recorded(self.recipe["weighted_metrics"]),
            "loss_weights": self.recipe["loss_weights"],
        }

    def direction_of(self, name: str) -> str | None:
        """ "up" where more of the metric that logs call `name` is better, "down" where less; None: nobody knows."""
        found = {measure.name: measure.metric.direction for each in self.objectives for measure in each.measures}
        return found.get(name)

    # --- rows

    def _rows_of(self, x: Any, what: str) -> dict[str, tuple[Any, bool]]:
        """Inputs by name, and whether their rows are in the raw form that `prepare` takes."""
        rows = row_reader()
        meanings, types = self.network.input_meanings(), self.network.input_types()
        only = self.input_names[0]
        is_table = isinstance(meanings.get(only), Table) and len(self.input_names) == 1
        if is_table and not (isinstance(x, Mapping) and set(x) == {only}) and rows.columns_of(x) is not None:
            x = {only: x}
        found, prepared = {}, self.network.prepared_meanings()
        for name, value in named(x, self.input_names, f"inputs of {what}").items():
            place = f"input {name!r} of {what}"
            array, is_raw = rows.input_array(meanings.get(name), value, place)
            rows.check_rows(array, types[name], place)
            found[name] = array, is_raw and name in prepared and len(array) > 0
        return found

    def _targets_of(self, y: Any, what: str) -> Arrays:
        """Targets by name, as the losses expect them."""
        if not self.objectives:
            raise UnknownNameError(what, expected="a compiled model", got="none", do="call model.compile first")
        rows = row_reader()
        by_target = {each.target: each for each in self.objectives}
        if isinstance(y, Mapping):  # by output name, as in Keras, or by target name
            by_output = {each.output: target for target, each in by_target.items()}
            y = {by_output.get(name, name): value for name, value in y.items()}
        meanings = self.network.output_meanings()
        outputs = dict(zip(self.output_names, self.network.outputs, strict=True))
        arrays: Arrays = {}
        for name, value in named(y, list(by_target), f"targets of {what}").items():
            place, objective = f"target {name!r} of {what}", by_target[name]
            array = rows.target_array(meanings.get(objective.output), value, place)
            is_sparse = isinstance(objective.loss, SparseCategoricalCrossentropy)
            classes = outputs[objective.output].shape[-1] if is_sparse else None
            array = rows.shaped_target(array, objective.target_type, classes, place)
            filler = objective.loss.filler
            arrays[name] = array if filler is None else rows.filled(array, objective.target_type, filler)
        return arrays

    def _weights_of(self, sample_weight: Any, class_weight: Mapping[int, float] | None, targets: Arrays) -> Arrays:
        """Sample weights by the inputs that steps have for them; from here on they take what is given."""
        if class_weight is not None:
            if sample_weight is not None or len(self.objectives) > 1:
                expected = "class_weight without sample_weight, for one output"
                raise UnknownNameError("class_weight", expected=expected, got="both, or several outputs")
            sample_weight = class_weights(next(iter(targets.values())), class_weight)
        if sample_weight is None:
            return {}
        if isinstance(sample_weight, Mapping):
            unknown = set(sample_weight) - {each.output for each in self.objectives}
            if unknown:
                known = [each.output for each in self.objectives]
                raise UnknownNameError("sample_weight", expected=f"outputs among {known}", got=sorted(unknown))
            by_output = dict(sample_weight)
        else:
            is_list = len(self.objectives) > 1 and isinstance(sample_weight, list | tuple)
            each = sample_weight if is_list else [sample_weight] * len(self.objectives)
            by_output = {each.output: value for each, value in zip(self.objectives, each, strict=True)}
        rows = row_reader()
        arrays = {name: rows.as_array(value) for name, value in by_output.items() if value is not None}
        self.take_sample_weights({name: array.ndim for name, array in arrays.items()})
        return {each.weights_name: arrays[each.output] for each in self.objectives if each.output in arrays}

    def _with_weights(self, arrays: Arrays) -> Arrays:
        """The arrays of a step with all the sample weights that it takes: 1 where none were given."""
        rows = row_reader()
        return arrays | {
            each.weights_name: rows.shaped_weights(
                arrays.get(each.weights_name), arrays[each.target], each.weights.rank, each.weights_name
            )
            for each in self.objectives
            if each.weights is not None
        }

    def _labels(self) -> list[str]:
        """The labels of the first output; UnknownNameError where it has none."""
        name = self.output_names[0]
        labels = getattr(self.network.output_meanings().get(name), "labels", None)
        if labels is None:
            do = f'give the model meanings={{"{name}": fl.Classes([...])}}'
            raise UnknownNameError(f"output {name!r}", expected="labels", got="none", do=do)
        return [*labels]

    @abstractmethod
    def _forget_program(self) -> None:
        """Called where the program changes: what was compiled is stale, and the state goes on in the next one."""


def class_weights(target: Any, by_class: Mapping[int, float]) -> list[float]:
    """A weight for each row: that of its class, the largest of one-hot ones; 1 for classes that are not named."""
    found = []
    for row in target.tolist():
        values = row if isinstance(row, list) else [row]
        found.append(float(by_class.get(values.index(max(values)) if len(values) > 1 else round(values[0]), 1.0)))
    return found


def recorded(metrics: Any) -> Any:
    """Metrics as given to `compile`, as JSON."""
    if isinstance(metrics, Mapping):
        return {name: recorded(each) for name, each in metrics.items()}
    if isinstance(metrics, list | tuple):
        return [recorded(each) for each in metrics]
    if isinstance(metrics, type):
        return metrics.__name__
    return metrics.attributes() if isinstance(metrics, Metric) else metrics

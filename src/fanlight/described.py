"""What is a model before it holds a number? A network, and how it is to be trained: all that needs no engine.

`model.Model` adds an engine in this process, `page_model.Model` the page's runtime. Knows no array."""

from __future__ import annotations

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
from fanlight.layers.transfer import replace_head, set_trainable
from fanlight.training import optimizers
from fanlight.training.loss import TracedLoss
from fanlight.training.losses import SparseCategoricalCrossentropy
from fanlight.training.steps import Objective, build_module, objectives_for, training_manifest


class DescribedModel(ABC):
    """A network with what was given to `compile`."""

    def __init__(self, inputs: Any, outputs: Any, name: str = "model", meanings: Mapping[str, Any] | None = None):
        self._start(Network(inputs, outputs, name=name, meanings=meanings))

    def _start(self, network: Network) -> None:
        self.network = network
        self.recipe: dict[str, Any] = {}  # optimizer, loss, metrics, loss_weights, as given to `compile`
        self.history: History | None = None
        self.seed = 0
        self._batch = 32
        self._state: Arrays = {}  # what the next program begins with
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
        head reads the layer `at`, or what the last layer with weights read. All other weights stay; the model is to be
        compiled again."""
        network = replace_head(self.network, head, at, name)
        self._forget_program()
        kept = {layer.name for layer in network.layers if layer in self.network.layers}
        paths = {path for path in self.network.weight_table() if path.split("/")[0] in kept}
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

    def training_record(self) -> dict[str, Any]:
        """What a manifest says of the training."""
        recipe = {key: self.recipe.get(key) for key in ("loss", "optimizer", "metrics")}
        return training_manifest(self.network, batch=self._batch, **recipe)

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

    # --- rows

    def _rows_of(self, x: Any, what: str) -> dict[str, tuple[Any, bool]]:
        """Inputs by name, and whether their rows are in the raw form that `prepare` takes."""
        rows = row_reader()
        meanings, types = self.network.input_meanings(), self.network.input_types()
        only = self.input_names[0]
        is_table = isinstance(meanings.get(only), Table) and len(self.input_names) == 1
        if is_table and not (isinstance(x, Mapping) and set(x) == {only}) and rows.columns_of(x) is not None:
            x = {only: x}
        found = {}
        for name, value in named(x, self.input_names, f"inputs of {what}").items():
            place = f"input {name!r} of {what}"
            array, is_raw = rows.input_array(meanings.get(name), value, place)
            rows.check_rows(array, types[name], place)
            found[name] = array, is_raw and len(array) > 0
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
            arrays[name] = rows.shaped_target(array, objective.target_type, classes, place)
        return arrays

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

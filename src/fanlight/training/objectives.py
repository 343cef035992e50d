"""What is a model trained for? For each output a target, a loss, how much that counts, weights, and what is measured.

In: what was given to `compile`, in Keras's forms: one thing, a list, a dict by output. Out: objectives, with the names
that logs use, which are Keras's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fanlight.errors import ShapeError, UnknownNameError
from fanlight.ir.types import Type
from fanlight.layers.network import Network
from fanlight.training import losses, metrics
from fanlight.training.loss import Loss
from fanlight.training.metrics import Metric


@dataclass(frozen=True, slots=True)
class Measure:
    """A metric of an output, the name that logs call it, and whether sample weights count in it."""

    name: str
    metric: Metric
    is_weighted: bool


@dataclass(frozen=True, slots=True)
class Objective:
    """What an output is trained for: its target's name and type, its loss, how much that counts, what is measured.

    `weights` is the type of its sample weights, which are the input `weights_name`; None where it has none.
    """

    output: str
    target: str
    target_type: Type
    loss: Loss
    weight: float
    measures: tuple[Measure, ...]
    weights_name: str
    weights: Type | None = None


def objectives_for(
    network: Network,
    loss: Any,
    metrics_given: Any = (),
    loss_weights: Any = None,
    weighted_metrics: Any = (),
    sample_weight: Any = None,
) -> list[Objective]:
    """One objective for each output that has a loss. Targets are called `target`, or `target_<output>` where there
    are several. `sample_weight` asks for weights: True for one a row, 2 for one a step of a row (a number of axes), or
    a dict of these by output."""
    outputs = dict(zip(network.output_names, network.outputs, strict=True))
    by_output, factors = spread(loss, outputs, "loss"), spread(loss_weights, outputs, "loss_weights")
    chosen = {name: losses.get(each) for name, each in by_output.items() if each is not None}
    if not chosen:
        raise UnknownNameError("loss", expected=f"one for an output of {list(outputs)}", got=loss)
    types = {name: each.target(outputs[name].type) for name, each in chosen.items()}
    measures = measures_for(metrics_given, weighted_metrics, outputs, types)
    asked = spread(sample_weight, outputs, "sample_weight")
    found = []
    for name, each in chosen.items():
        factor, suffix = factors.get(name), "" if len(chosen) == 1 else f"_{name}"
        made = Objective(
            name,
            f"target{suffix}",
            types[name],
            each,
            1.0 if factor is None else float(factor),
            tuple(measures[name]),
            f"sample_weight{suffix}",
        )
        if asked.get(name):
            made = replace(made, weights=weights_type(outputs[name].type, int(asked[name]), made))
        found.append(made)
    targets = {each.target for each in found}
    if taken := [name for name in network.input_names if name in targets or name.startswith("sample_weight")]:
        raise UnknownNameError("inputs", expected="names that no target has", got=taken, do="rename the inputs")
    return found


def weights_type(prediction: Type, rank: int, objective: Objective) -> Type:
    """Weights `[batch]`, or with more axes as the prediction has them."""
    if not 1 <= rank <= prediction.rank:
        expected = f"1 to {prediction.rank} axes for predictions {prediction}"
        raise ShapeError(f"{objective.weights_name} of {objective.output!r}", expected=expected, got=rank)
    return Type("float32", prediction.shape[:rank])


def spread(given: Any, outputs: Mapping[str, Any], what: str) -> dict[str, Any]:
    """One thing for every output, a list in their order, or a dict by name: as a dict."""
    if isinstance(given, Mapping) and not {"class_name", "name"} & set(given):
        if unknown := [name for name in given if name not in outputs]:
            raise UnknownNameError(what, expected=f"outputs among {list(outputs)}", got=unknown)
        return dict(given)
    if isinstance(given, list | tuple):
        if len(given) != len(outputs):
            raise UnknownNameError(what, expected=f"{len(outputs)}, one for each output", got=len(given))
        return dict(zip(outputs, given, strict=True))
    return {name: given for name in outputs}


def measures_for(
    unweighted: Any, weighted: Any, outputs: Mapping[str, Any], targets: Mapping[str, Type]
) -> dict[str, list[Measure]]:
    """What is measured, by output. Names are Keras's: with the output's before it where there are several; what is
    there already becomes `weighted_x`, or is numbered."""
    found: dict[str, list[Measure]] = {name: [] for name in outputs}
    taken: dict[str, int] = {}
    for given, is_weighted, what in ((unweighted, False, "metrics"), (weighted, True, "weighted_metrics")):
        for output, asked in spread_metrics(given, outputs, what).items():
            if asked and output not in targets:
                do = f"give {output!r} a loss, or leave its metrics out"
                raise UnknownNameError(what, expected=f"outputs with a loss: {list(targets)}", got=output, do=do)
            prefix = f"{output}_" if len(outputs) > 1 else ""
            for each in asked:
                metric = metrics.get(each, targets[output], outputs[output].type)
                name = prefix + metric.label
                if is_weighted and name in taken:
                    name = f"{prefix}weighted_{metric.label}"
                number = taken[name] = taken.get(name, 0) + 1
                unique = name if number == 1 else f"{name}_{number - 1}"
                found[output].append(Measure(unique, metric, is_weighted))
    return found


def spread_metrics(given: Any, outputs: Mapping[str, Any], what: str = "metrics") -> dict[str, list[Any]]:
    """Metrics by output name: a list for a single output, a dict of lists for several."""
    is_record = isinstance(given, Mapping) and "class_name" in given
    if given is None or (isinstance(given, Sequence) and not given):
        return {name: [] for name in outputs}
    if len(outputs) == 1 and not (isinstance(given, Mapping) and not is_record):
        found = {name: given for name in outputs}
    else:
        found = spread(given, outputs, what)
    return {
        name: list(each) if isinstance(each, list | tuple) else [each]
        for name, each in found.items()
        if each is not None
    }


def quantities(objectives: Sequence[Objective]) -> list[str]:
    """Everything that is measured: the loss, the loss of each output where there are several, the metrics."""
    names = ["loss"] if len(objectives) == 1 else ["loss", *(f"{each.output}_loss" for each in objectives)]
    return names + measured(objectives)


def measured(objectives: Sequence[Objective]) -> list[str]:
    """The names of the metrics: those without weights first."""
    return [
        measure.name
        for is_weighted in (False, True)
        for each in objectives
        for measure in each.measures
        if measure.is_weighted is is_weighted
    ]

"""Which functions does a model consist of? From a network, a loss and an optimizer to a module.

Out: `init` (a seed -> all state), `predict`, `train_step`, `evaluate_step`, and `prepare` where an input has a raw
form; of a frozen trunk `features`, and `train_head`, `evaluate_head`, the same steps from there on. A step gives each
measured quantity q as its mean `q`, and as `q/sum` over `q/count` rows. Knows no engine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fanlight.errors import ShapeError, UnknownNameError
from fanlight.ir import dim as dims
from fanlight.ir.graph import Gradient, Graph, Input, SizeOf, Value, apply
from fanlight.ir.module import Module, StateSpec
from fanlight.ir.types import Type
from fanlight.layers.context import KEY, KEY_TYPE, STEP, STEP_TYPE, Context
from fanlight.layers.frozen import split
from fanlight.layers.input import BATCH
from fanlight.layers.network import Network
from fanlight.ops import functions as fn
from fanlight.training import losses, metrics, optimizers
from fanlight.training.initialize import initialize
from fanlight.training.loss import Loss
from fanlight.training.metrics import Metric
from fanlight.training.optimizers import Optimizer

PREDICT_BATCH = 32


@dataclass(frozen=True, slots=True)
class Objective:
    """What an output is trained for: its target's name and type, its loss, how much that counts, its metrics."""

    output: str
    target: str
    target_type: Type
    loss: Loss
    weight: float
    metrics: tuple[Metric, ...]


def build_module(
    network: Network,
    loss: Any = None,
    optimizer: Any = None,
    metrics: Any = (),
    *,
    batch: int = 32,
    predict_batch: int = PREDICT_BATCH,
    loss_weights: Any = None,
    dims: Mapping[str, int] | None = None,
) -> Module:
    """The module of a network: `predict` and `init`, with a loss `evaluate_step`, with an optimizer `train_step` too.

    `loss` and `metrics` are as in Keras's compile: one for a single output, or a dict by output name. `batch` bounds
    the rows of a training or evaluation step, `predict_batch` those of `predict` and `prepare`; `dims` bounds other
    open axes.
    """
    chosen = None if optimizer is None else optimizers.get(optimizer)
    bounds = dict(dims or {})
    objectives = [] if loss is None else objectives_for(network, loss, metrics, loss_weights)
    if chosen is not None and not objectives:
        raise UnknownNameError("build_module", expected="a loss, where there is an optimizer", got="none")
    state = network.state()
    functions = {"predict": predict(network, {BATCH: predict_batch, **bounds})}
    if objectives:
        functions["evaluate_step"] = evaluate_step(network, objectives, {BATCH: batch, **bounds})
    optimizer_state: dict[str, StateSpec] = {}
    if chosen is not None:
        parameters = {path: spec.type for path, spec in state.items() if spec.trainable}
        if not parameters:
            raise UnknownNameError("build_module", expected="a trainable weight", got="none", do="unfreeze a layer")
        optimizer_state = chosen.state(parameters)
        step = train_step(network, objectives, chosen, state, optimizer_state, {BATCH: batch, **bounds})
        functions["train_step"] = step
        parts = split(network)
        if parts is not None and not {each.target for each in objectives} & set(parts[1].input_names):
            trunk, head = parts
            functions["features"] = predict(trunk, {BATCH: predict_batch, **bounds})
            functions["evaluate_head"] = evaluate_step(head, objectives, {BATCH: batch, **bounds})
            functions["train_head"] = train_step(
                head, objectives, chosen, state, optimizer_state, {BATCH: batch, **bounds}
            )
        if KEY in step.state:
            optimizer_state |= {KEY: StateSpec(KEY_TYPE, "key", False), STEP: StateSpec(STEP_TYPE, "counter", False)}
    functions["init"] = initialize(network.weight_table(), optimizer_state)
    functions |= prepare(network, {BATCH: predict_batch, **bounds})
    module = Module(functions, state | optimizer_state, meanings(network, objectives))
    module.check_state()
    return module


def training_manifest(
    network: Network, loss: Any, optimizer: Any, metrics: Any = (), batch: int = 32
) -> dict[str, Any]:
    """What the manifest says about training: names and configs, and the quantities that a step gives."""
    objectives = objectives_for(network, loss, metrics)
    chosen = optimizers.get(optimizer)
    return {
        **{"optimizer": chosen.name, "optimizer_config": chosen.attributes()},
        **{
            "loss": " + ".join(each.loss.name for each in objectives),
            "loss_config": [o.loss.attributes() for o in objectives],
        },
        "metrics": [quantity(objectives, o, m.name) for o in objectives for m in o.metrics],
        **{
            "batch": batch,
            "input_names": list(network.input_names),
            "target_names": [each.target for each in objectives],
        },
        "outputs": quantities(objectives),
    }


# What is asked for


def objectives_for(network: Network, loss: Any, metrics_given: Any = (), loss_weights: Any = None) -> list[Objective]:
    """One objective for each output that has a loss. Targets are called `target`, or `target_<output>` where there
    are several."""
    outputs = dict(zip(network.output_names, network.outputs, strict=True))
    by_output = spread(loss, outputs, "loss")
    weights, wanted = spread(loss_weights, outputs, "loss_weights"), spread_metrics(metrics_given, outputs)
    found = []
    for name, symbol in outputs.items():
        if by_output.get(name) is None:
            continue
        each = losses.get(by_output[name])
        type = each.target(symbol.type)
        asked = [metrics.get(metric, type, symbol.type) for metric in wanted.get(name, ())]
        weight = weights.get(name)
        found.append(Objective(name, "", type, each, 1.0 if weight is None else float(weight), tuple(asked)))
    if not found:
        raise UnknownNameError("loss", expected=f"one for an output of {list(outputs)}", got=loss)
    found = [replace(each, target="target" if len(found) == 1 else f"target_{each.output}") for each in found]
    if taken := [each.target for each in found if each.target in network.input_names]:
        raise UnknownNameError("inputs", expected="names that no target has", got=taken, do="rename the inputs")
    if len(set(quantities(found))) != len(quantities(found)):
        raise UnknownNameError("metrics", expected="different names", got=quantities(found))
    return found


def spread(given: Any, outputs: Mapping[str, Any], what: str) -> dict[str, Any]:
    """One thing for the only output, a list in their order, or a dict by name: as a dict."""
    if isinstance(given, Mapping) and not {"class_name", "name"} & set(given):
        if unknown := [name for name in given if name not in outputs]:
            raise UnknownNameError(what, expected=f"outputs among {list(outputs)}", got=unknown)
        return dict(given)
    if isinstance(given, list | tuple):
        if len(given) != len(outputs):
            raise UnknownNameError(what, expected=f"{len(outputs)}, one for each output", got=len(given))
        return dict(zip(outputs, given, strict=True))
    return {name: given for name in outputs}


def spread_metrics(given: Any, outputs: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Metrics by output name: a list for a single output, a dict of lists for several."""
    if isinstance(given, Mapping):
        found = spread(given, outputs, "metrics")
    elif len(outputs) == 1:
        found = {name: given or () for name in outputs}
    else:
        found = spread(given or [()] * len(outputs), outputs, "metrics")
    return {
        name: list(each) if isinstance(each, list | tuple) else [each]
        for name, each in found.items()
        if each is not None
    }


def quantity(objectives: Sequence[Objective], objective: Objective, name: str) -> str:
    """What logs call a metric: with the output's name before it where there are several, as in Keras."""
    return name if len(objectives) == 1 else f"{objective.output}_{name}"


def quantities(objectives: Sequence[Objective]) -> list[str]:
    """Everything that is measured: the loss, the loss of each output where there are several, the metrics."""
    names = ["loss"] if len(objectives) == 1 else ["loss", *(f"{each.output}_loss" for each in objectives)]
    return names + [quantity(objectives, each, metric.name) for each in objectives for metric in each.metrics]


# The functions


def bounded(type: Type, bounds: Mapping[str, int]) -> Type:
    """`type` with every open axis bounded; raises ShapeError where a bound is missing."""
    for extent in type.shape:
        for name in dims.names(extent):
            if name not in bounds:
                raise ShapeError(
                    f"open axis {name!r}", expected="a bound", got="none", do=f"add dims={{{name!r}: 512}}, say"
                )
    sizes = {name: dims.size(name, 1, high) for name, high in bounds.items()}
    return Type(type.dtype, tuple(dims.replace_sizes(extent, sizes) for extent in type.shape))


def arguments(network: Network, bounds: Mapping[str, int]) -> dict[str, Value]:
    """The inputs of the network as values of a graph."""
    return {name: apply(Input(name, bounded(type, bounds))) for name, type in network.input_types().items()}


def predict(network: Network, bounds: Mapping[str, int]) -> Graph:
    """Inputs to outputs, as in inference."""
    inputs, context = arguments(network, bounds), Context(training=False)
    return Graph(tuple(inputs.values()), network.trace(inputs, context), context.updates)


def measure(
    network: Network, objectives: Sequence[Objective], context: Context, bounds: Mapping[str, int]
) -> tuple[tuple[Value, ...], Value, dict[str, Value]]:
    """(arguments, the loss that is minimised, every quantity q as `q`, `q/sum` and `q/count`)."""
    inputs = arguments(network, bounds)
    targets = {each.target: apply(Input(each.target, bounded(each.target_type, bounds))) for each in objectives}
    outputs = network.trace(inputs, context)
    count = fn.cast(apply(SizeOf(next(iter(inputs.values())).shape[0])), "float32")
    sums: dict[str, Value] = {}
    total: Value | None = None
    for each in objectives:
        target, prediction = targets[each.target], outputs[each.output]
        logits = context.logits.get(prediction)
        lost = row_sum(each.loss.each(target, prediction, logits), count)
        if len(objectives) > 1:
            sums[f"{each.output}_loss"] = lost
        part = lost if each.weight == 1 else lost * each.weight
        total = part if total is None else total + part
        for metric in each.metrics:
            sums[quantity(objectives, each, metric.name)] = row_sum(metric.each(target, prediction, logits), count)
    assert total is not None
    for penalty in penalties(network, context):
        total = total + penalty * count
    measured: dict[str, Value] = {}
    for name, value in {"loss": total, **sums}.items():
        measured |= {name: value / count, f"{name}/sum": value, f"{name}/count": count}
    return (*inputs.values(), *targets.values()), measured["loss"], measured


def penalties(network: Network, context: Context) -> list[Value]:
    """What regularizers add to the loss: for the weights that are trained, and for outputs of layers."""
    found = []
    for path, weight in network.weight_table().items():
        if weight.trainable and weight.regularizer is not None:
            found.append(weight.regularizer(context.absolute(path, weight.type)))
    return found + context.losses


def row_sum(each: Value, count: Value) -> Value:
    """The sum over the rows of their means; one number for a batch stands for each of its rows."""
    return each * count if each.rank == 0 else fn.sum(metrics.rows(each))


def evaluate_step(network: Network, objectives: Sequence[Objective], bounds: Mapping[str, int]) -> Graph:
    """Inputs and targets to the loss and the metrics of a batch."""
    context = Context(training=False)
    inputs, _, measured = measure(network, objectives, context, bounds)
    return Graph(inputs, measured, context.updates)


def train_step(
    network: Network,
    objectives: Sequence[Objective],
    optimizer: Optimizer,
    state: Mapping[str, StateSpec],
    optimizer_state: Mapping[str, StateSpec],
    bounds: Mapping[str, int],
) -> Graph:
    """One step: inputs and targets to the loss and the metrics (before the update), and everything that it changes.

    Nothing is written where the loss is not finite.
    """
    context = Context(training=True)
    inputs, loss, measured = measure(network, objectives, context, bounds)
    trainable = {path: context.absolute(path, spec.type) for path, spec in state.items() if spec.trainable}
    gradients = {path: apply(Gradient(), loss, weight) for path, weight in trainable.items()}
    writes = optimizer.update(lambda path: context.absolute(path, optimizer_state[path].type), trainable, gradients)
    for path, weight in network.weight_table().items():
        if weight.trainable and weight.constraint is not None:
            writes[path] = weight.constraint(writes[path])
    writes |= context.updates
    if context.is_random:
        writes[STEP] = context.absolute(STEP, STEP_TYPE) + 1
    return Graph(inputs, measured, writes, guard=fn.isfinite(loss))


def prepare(network: Network, bounds: Mapping[str, int]) -> dict[str, Graph]:
    """A function for each input with a raw form: `prepare` where there is one, else `prepare_<input>`."""
    found = {}
    for name, meaning in network.input_meanings().items():
        if meaning.raw is not None:
            type = Type(meaning.raw.dtype, (dims.size(BATCH), *meaning.raw.shape))
            value = apply(Input(name, bounded(type, bounds)))
            found[name] = Graph((value,), {name: meaning.prepare(value)})
    return {"prepare" if len(found) == 1 else f"prepare_{name}": graph for name, graph in found.items()}


def meanings(network: Network, objectives: Sequence[Objective]) -> dict[str, dict[str, Any]]:
    """What inputs, outputs and targets mean, for the manifest."""
    outputs = network.output_meanings()
    found = {name: meaning.to_manifest() for name, meaning in (network.input_meanings() | outputs).items()}
    return found | {each.target: outputs[each.output].to_manifest() for each in objectives if each.output in outputs}

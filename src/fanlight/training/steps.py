"""Which functions does a model consist of? From a network, a loss and an optimizer to a module.

Out: `init`, `predict`, `train_step`, `evaluate_step`, `reset_metrics` where metrics have state, `prepare` where inputs
have a raw form; of a frozen trunk `features`, and `train_head`, `evaluate_head`, the same steps from there on. A step
gives a mean q as `q`, and as `q/sum` over `q/count` rows, another metric as its value so far. Knows no engine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fanlight.errors import ShapeError, UnknownNameError
from fanlight.ir import dim as dims
from fanlight.ir.graph import Gradient, Graph, Input, Value, apply
from fanlight.ir.module import Module, StateSpec
from fanlight.ir.types import Type
from fanlight.layers.context import KEY, KEY_TYPE, STEP, STEP_TYPE, Context
from fanlight.layers.frozen import split
from fanlight.layers.input import BATCH
from fanlight.layers.network import Network
from fanlight.ops import functions as fn
from fanlight.training import averaging, optimizers
from fanlight.training.initialize import initialize
from fanlight.training.metrics import MeanMetric
from fanlight.training.objectives import Objective, measured, objectives_for, quantities
from fanlight.training.optimizers import Optimizer

PREDICT_BATCH = 32


def build_module(
    network: Network,
    loss: Any = None,
    optimizer: Any = None,
    metrics: Any = (),
    *,
    batch: int = 32,
    predict_batch: int = PREDICT_BATCH,
    loss_weights: Any = None,
    weighted_metrics: Any = (),
    sample_weight: Any = None,
    dims: Mapping[str, int] | None = None,
) -> Module:
    """The module of a network: `predict` and `init`, with a loss `evaluate_step`, with an optimizer `train_step` too,
    with metrics that are no means `reset_metrics`.

    `loss` and `metrics` are as in Keras's compile: one for a single output, or a dict by output name. `sample_weight`
    says whether steps take weights: see `objectives_for`. `batch` bounds the rows of a training or evaluation step,
    `predict_batch` those of `predict` and `prepare`; `dims` bounds other open axes.
    """
    chosen = None if optimizer is None else optimizers.get(optimizer)
    bounds = dict(dims or {})
    asked = metrics, loss_weights, weighted_metrics, sample_weight
    objectives = [] if loss is None else objectives_for(network, loss, *asked)
    if chosen is not None and not objectives:
        raise UnknownNameError("build_module", expected="a loss, where there is an optimizer", got="none")
    state = network.state()
    functions = {"predict": predict(network, {BATCH: predict_batch, **bounds})}
    if objectives:
        functions["evaluate_step"] = evaluate_step(network, objectives, {BATCH: batch, **bounds})
    measuring = metric_state(network, objectives)
    if measuring:
        functions["reset_metrics"] = reset_metrics(measuring)
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
        if chosen.use_ema:
            functions["finalize"] = averaging.finalize(parameters)
    if any({KEY, STEP} & set(graph.state) for graph in functions.values()):
        optimizer_state |= {KEY: StateSpec(KEY_TYPE, "key", False), STEP: StateSpec(STEP_TYPE, "counter", False)}
    functions["init"] = initialize(network.weight_table(), optimizer_state | measuring)
    functions |= prepare(network, {BATCH: predict_batch, **bounds})
    module = Module(functions, state | optimizer_state | measuring, meanings(network, objectives))
    module.check_state()
    return module


def training_manifest(
    network: Network,
    loss: Any,
    optimizer: Any,
    metrics: Any = (),
    batch: int = 32,
    weighted_metrics: Any = (),
    sample_weight: Any = None,
) -> dict[str, Any]:
    """What the manifest says about training: names and configs, and the quantities that a step gives."""
    objectives = objectives_for(network, loss, metrics, None, weighted_metrics, sample_weight)
    chosen = optimizers.get(optimizer)
    return {
        **{"optimizer": chosen.name, "optimizer_config": chosen.attributes()},
        **{
            "loss": " + ".join(each.loss.name for each in objectives),
            "loss_config": [o.loss.attributes() for o in objectives],
        },
        "metrics": measured(objectives),
        **{
            "batch": batch,
            "input_names": list(network.input_names),
            "target_names": [each.target for each in objectives],
            "weight_names": [each.weights_name for each in objectives if each.weights is not None],
        },
        "outputs": quantities(objectives),
    }


# The functions


def bounded(type: Type, bounds: Mapping[str, int]) -> Type:
    """`type` with every open axis bounded; raises ShapeError where a bound is missing."""
    found = dict(bounds)
    for extent in type.shape:
        for size in dims.sizes(extent):
            if found.setdefault(size.name, size.high) == dims.UNBOUNDED:
                raise ShapeError(
                    f"open axis {size.name!r}",
                    expected="a bound",
                    got="none",
                    do=f'make it fl.Input(("{size.name}<=512",)); of a file, load it with dims={{{size.name!r}: 512}}',
                )
    sizes = {name: dims.size(name, 1, high) for name, high in found.items()}
    return Type(type.dtype, tuple(dims.replace_sizes(extent, sizes) for extent in type.shape))


def arguments(network: Network, bounds: Mapping[str, int]) -> dict[str, Value]:
    """The inputs of the network as values of a graph."""
    return {name: apply(Input(name, bounded(type, bounds))) for name, type in network.input_types().items()}


def predict(network: Network, bounds: Mapping[str, int]) -> Graph:
    """Inputs to outputs, as in inference; layers that are called with `training=True` draw anew in each call."""
    inputs, context = arguments(network, bounds), Context(training=False)
    outputs = network.trace(inputs, context)
    return Graph(tuple(inputs.values()), outputs, context.updates | next_draw(context))


def next_draw(context: Context) -> dict[str, Value]:
    """What makes the next call of a function that draws another one."""
    return {STEP: context.absolute(STEP, STEP_TYPE) + 1} if context.is_random else {}


@dataclass(frozen=True, slots=True)
class Measured:
    """What a batch gives: the loss that is minimised, the outputs of a step, and the new state of its metrics."""

    inputs: tuple[Value, ...]
    loss: Value
    outputs: dict[str, Value]
    writes: dict[str, Value]


def measure(network: Network, objectives: Sequence[Objective], context: Context, bounds: Mapping[str, int]) -> Measured:
    """Every quantity of a batch: a mean q as `q`, `q/sum` and `q/count`, a metric with state as its value so far."""
    inputs = arguments(network, bounds)
    targets = {each.target: apply(Input(each.target, bounded(each.target_type, bounds))) for each in objectives}
    weights = {
        each.weights_name: apply(Input(each.weights_name, bounded(each.weights, bounds)))
        for each in objectives
        if each.weights is not None
    }
    outputs = network.trace(inputs, context)
    rows = fn.size_of(next(iter(inputs.values())).shape[0], "float32")
    means: dict[str, tuple[Value, Value]] = {}
    values: dict[str, Value] = {}
    writes: dict[str, Value] = {}
    total: Value | None = None
    for each in objectives:
        target, prediction, weight = targets[each.target], outputs[each.output], weights.get(each.weights_name)
        mask, logits = context.masks.get(prediction), context.logits.get(prediction)
        lost = each.loss(target, prediction, weight, mask, logits)
        if len(objectives) > 1:
            means[f"{each.output}_loss"] = lost * rows, rows
        part = lost if each.weight == 1 else lost * each.weight
        total = part if total is None else total + part
        for measure in each.measures:
            metric, counts = measure.metric, weight if measure.is_weighted else None
            if isinstance(metric, MeanMetric):
                means[measure.name] = metric.parts(target, prediction, counts, mask, logits)
                continue
            added = metric.adds(target, prediction, counts)
            paths = {name: f"metric/{measure.name}/{name}" for name in added}
            new = {name: context.absolute(paths[name], value.type) + value for name, value in added.items()}
            values[measure.name] = metric.result(new)
            writes |= {paths[name]: value for name, value in new.items()}
    assert total is not None
    loss: Value = total
    for penalty in penalties(network, context):
        loss = loss + penalty
    found: dict[str, Value] = {"loss": loss, "loss/sum": loss * rows, "loss/count": rows}
    for name in quantities(objectives)[1:]:
        if name in means:
            value, count = means[name]
            found |= {name: fn.divide_no_nan(value, count), f"{name}/sum": value, f"{name}/count": count}
        else:
            found[name] = values[name]
    return Measured((*inputs.values(), *targets.values(), *weights.values()), loss, found, writes)


def metric_state(network: Network, objectives: Sequence[Objective]) -> dict[str, StateSpec]:
    """The state of metrics that are no means, by path."""
    types = dict(zip(network.output_names, (symbol.type for symbol in network.outputs), strict=True))
    return {
        f"metric/{measure.name}/{name}": StateSpec(type, "metric", False, 0)
        for each in objectives
        for measure in each.measures
        if not isinstance(measure.metric, MeanMetric)
        for name, type in measure.metric.variables(each.target_type, types[each.output]).items()
    }


def reset_metrics(state: Mapping[str, StateSpec]) -> Graph:
    """Nothing to nothing: all metrics with state begin anew."""
    return Graph((), {}, {path: fn.zeros(spec.type.shape, spec.type.dtype) for path, spec in state.items()})


def penalties(network: Network, context: Context) -> list[Value]:
    """What regularizers add to the loss: for the weights that are trained, and for outputs of layers."""
    found = []
    for path, weight in network.weight_table().items():
        if weight.trainable and weight.regularizer is not None:
            found.append(weight.regularizer(context.trained(path, weight.type)))
    return found + context.losses


def evaluate_step(network: Network, objectives: Sequence[Objective], bounds: Mapping[str, int]) -> Graph:
    """Inputs and targets to the loss and the metrics of a batch."""
    context = Context(training=False)
    found = measure(network, objectives, context, bounds)
    return Graph(found.inputs, found.outputs, context.updates | found.writes | next_draw(context))


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
    found = measure(network, objectives, context, bounds)
    trainable = {path: context.trained(path, spec.type) for path, spec in state.items() if spec.trainable}
    gradients = {path: apply(Gradient(), found.loss, weight) for path, weight in trainable.items()}
    writes = optimizer.update(lambda path: context.absolute(path, optimizer_state[path].type), trainable, gradients)
    for path, weight in network.weight_table().items():
        if weight.trainable and weight.constraint is not None:
            writes[path] = weight.constraint(writes[path])
    writes |= context.updates | found.writes | next_draw(context)
    return Graph(found.inputs, found.outputs, writes, guard=fn.isfinite(found.loss))


def prepare(network: Network, bounds: Mapping[str, int]) -> dict[str, Graph]:
    """A function for each input with a raw form: `prepare` where there is one, else `prepare_<input>`."""
    found = {}
    for name, meaning in network.prepared_meanings().items():
        assert meaning.raw is not None
        type = Type(meaning.raw.dtype, (dims.size(BATCH), *meaning.raw.shape))
        value = apply(Input(name, bounded(type, bounds)))
        found[name] = Graph((value,), {name: meaning.prepare(value)})
    return {"prepare" if len(found) == 1 else f"prepare_{name}": graph for name, graph in found.items()}


def meanings(network: Network, objectives: Sequence[Objective]) -> dict[str, dict[str, Any]]:
    """What inputs, outputs and targets mean, for the manifest."""
    outputs = network.output_meanings()
    found = {name: meaning.to_manifest() for name, meaning in (network.input_meanings() | outputs).items()}
    return found | {each.target: outputs[each.output].to_manifest() for each in objectives if each.output in outputs}

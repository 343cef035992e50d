"""Does a layer do what Keras's layer of the same name does? One call compares values, gradients and updated statistics.

Keras runs on JAX; the layer's graph is evaluated through the references of its ops.
"""

import numpy as np

from evaluate import evaluate_graph
from fanlight.ir.graph import Graph, Input, apply
from fanlight.layers import Context, Network
from fanlight.layers import Input as symbol
from fanlight.ops import functions as fn


def error(ours, theirs) -> float:
    """max |a - b| / max(1, max |b|)."""
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    assert ours.shape == theirs.shape, f"expected shape {theirs.shape}, got {ours.shape}"
    assert np.all(np.isfinite(theirs))
    return float(np.max(np.abs(ours - theirs), initial=0) / max(1.0, np.max(np.abs(theirs), initial=0)))


def keras_state(keras_layer, layer) -> dict[str, np.ndarray]:
    """The weights of a built Keras layer under our paths; Keras fills them with random numbers first."""
    rng = np.random.default_rng(3)
    state = {}
    for variable in keras_layer.weights:
        if variable.path.split("/")[-1] in layer.weights:
            low = 0.5 if "variance" in variable.path else -1.0
            variable.assign(rng.uniform(low, 1.5, variable.shape).astype("float32"))
            state[f"{layer.name}/{variable.path.split('/')[-1]}"] = np.asarray(variable)
    return state


def compare(layer, keras_layer, *inputs: np.ndarray, training=False, tolerance=2e-6) -> None:
    """Raises AssertionError where values, gradients (of inputs and weights) or updates differ by more than that."""
    import jax

    many = inputs if len(inputs) > 1 else inputs[0]
    keras_layer.build([x.shape for x in inputs] if len(inputs) > 1 else inputs[0].shape)
    symbols = [symbol(x.shape[1:], name=f"x{k}") for k, x in enumerate(inputs)]
    network = Network(symbols, layer(symbols) if len(symbols) > 1 else layer(symbols[0]))
    declared = network.state()
    state = keras_state(keras_layer, layer)
    assert set(state) == set(declared), f"expected weights {sorted(declared)}, got {sorted(state)}"
    for path, array in state.items():
        assert declared[path].type.shape == array.shape, path

    # Keras: values, updates, and gradients for the output gradient g, in one compiled function.
    trained = [np.asarray(v) for v in keras_layer.trainable_variables]
    rest = [np.asarray(v) for v in keras_layer.non_trainable_variables]

    def call(weights, x):
        return keras_layer.stateless_call(weights, rest, x, **accepts(keras_layer, training))

    def pulled_back(weights, x, g):
        sample, backward, updated = jax.vjp(call, weights, x, has_aux=True)
        return sample, updated, backward(g)

    shape = jax.eval_shape(call, trained, many)[0].shape
    g = np.random.default_rng(4).normal(size=shape).astype("float32")
    sample, updated, (by_weights, by_inputs) = jax.jit(pulled_back)(trained, many, g)
    by_inputs = by_inputs if len(inputs) > 1 else [by_inputs]

    # Ours.
    context = Context(training=training)
    values = {name: apply(Input(name, type)) for name, type in network.input_types().items()}
    factor = apply(Input("g", next(iter(network.trace(values, Context()).values())).type))
    (y,) = network.trace(values, context).values()
    total = fn.sum(y * factor)
    names = [v.path.split("/")[-1] for v in keras_layer.trainable_variables]
    outputs = {"y": y} | {f"d{name}": fn.gradient(total, value) for name, value in values.items()}
    for name in names:
        outputs[f"d {name}"] = fn.gradient(total, context.absolute(f"{layer.name}/{name}", layer.weights[name].type))
    graph = Graph((*values.values(), factor), outputs, context.updates)
    found, writes = evaluate_graph(graph, [*inputs, g], state)

    assert error(found["y"], sample) <= tolerance, "values"
    for k, theirs in enumerate(by_inputs):
        assert error(found[f"dx{k}"], theirs) <= 5 * tolerance, f"gradient of input {k}"
    for name, theirs in zip(names, by_weights, strict=True):
        assert error(found[f"d {name}"], theirs) <= 5 * tolerance, f"gradient of {name}"
    changed = {v.path.split("/")[-1]: new for v, new in zip(keras_layer.non_trainable_variables, updated, strict=True)}
    if training:
        for path, new in writes.items():
            assert error(new, changed[path.split("/")[-1]]) <= tolerance, path
    else:
        assert not writes


def accepts(keras_layer, training: bool) -> dict[str, bool]:
    """The `training` argument, for layers that have one."""
    return {"training": training} if keras_layer._call_has_training_arg else {}

"""Does `adapt` learn what Keras learns? And do the layers work whose inputs a Keras layer takes by name?"""

import keras
import numpy as np
import pytest

from evaluate import evaluate_graph
from fanlight import layers
from fanlight.errors import ShapeError, UnsupportedOp
from fanlight.ir.graph import Graph, Input, apply
from fanlight.ir.types import Type
from fanlight.layers import Context, Network
from fanlight.training.initialize import initialize
from layers.layer_test import descend

CLOSE = dict(rtol=1e-5, atol=1e-6)


def values_of(layer, *arrays):
    """What a fresh network of this layer alone gives."""
    symbols = [layers.Input(x.shape[1:], dtype=str(x.dtype), name=f"x{k}") for k, x in enumerate(arrays)]
    network = Network(symbols, layer(*symbols))
    state = evaluate_graph(initialize(network.weight_table(), {}), {"seed": np.zeros(2, "uint32")})[1]
    values = [apply(Input(f"x{k}", Type(str(x.dtype), x.shape))) for k, x in enumerate(arrays)]
    with_names = dict(zip(network.input_names, values, strict=True))
    graph = Graph(tuple(values), network.trace(with_names, Context()))
    found, _ = evaluate_graph(graph, list(arrays), state)
    descend(graph, {f"x{k}": x for k, x in enumerate(arrays)}, {path: state[path] for path in graph.state}, found, {})
    return next(iter(found.values()))


@pytest.mark.parametrize("axis", [-1, None, (1, 2), 1])
def test_normalization_adapts_as_keras_does(rng, axis):
    data = rng.normal(3, 2, (20, 4, 3)).astype("float32")
    for given in (data, [data[:5], data[5:12], data[12:]]):
        theirs, ours = keras.layers.Normalization(axis=axis), layers.Normalization(axis=axis)
        theirs.adapt(data)
        ours.adapt(given)
        np.testing.assert_allclose(values_of(ours, data), np.asarray(theirs(data)), **CLOSE)
    rows = layers.Normalization(axis=axis)
    rows.adapt(data.tolist())
    np.testing.assert_allclose(values_of(rows, data), np.asarray(theirs(data)), **CLOSE)


def test_normalization_adapts_after_it_was_used(rng):
    layer, data = layers.Normalization(), rng.normal(3, 2, (20, 3)).astype("float32")
    before = values_of(layer, data)
    layer.adapt(data)
    np.testing.assert_allclose(before, data)
    np.testing.assert_allclose(values_of(layer, data).mean(0), 0, atol=1e-5)
    with pytest.raises(ShapeError, match="axes"):
        layer.adapt(data[:, :2])


def test_what_normalization_cannot_know_is_refused():
    with pytest.raises(ShapeError, match="both a mean and a variance"):
        layers.Normalization(mean=1.0)
    with pytest.raises(ShapeError, match="of its own"):
        layers.Normalization(mean=1.0, variance=2.0).adapt([[1.0]])
    with pytest.raises(ShapeError, match="some data"):
        layers.Normalization().adapt(iter([]))


@pytest.mark.parametrize("count", [7, 300])
@pytest.mark.parametrize("bins", [2, 5])
def test_discretization_adapts_as_keras_does(rng, count, bins):
    data = rng.normal(0, 2, (count, 2)).astype("float32")
    for given in (data, [data[: count // 3], data[count // 3 :]]):
        theirs, ours = keras.layers.Discretization(num_bins=bins), layers.Discretization(num_bins=bins)
        for batch in [data] if given is data else given:  # what Keras's `adapt` does, which asks for TensorFlow
            theirs.update_state(batch)
        theirs.finalize_state()
        ours.adapt(given)
        np.testing.assert_allclose(ours.bin_boundaries, theirs.bin_boundaries, **CLOSE)
        loaded = layers.Discretization.from_config(theirs.get_config())
        np.testing.assert_array_equal(values_of(loaded, data), np.asarray(theirs(data)))
    with pytest.raises(ShapeError, match="before it is used"):
        loaded.adapt(data)
    with pytest.raises(ShapeError, match="adapt"):
        layers.Discretization(num_bins=3).infer(Type("float32", (2, 3)))


def test_many_boundaries_are_looked_up():
    edges = np.linspace(-2, 2, 300).astype("float32")
    x = np.linspace(-3, 3, 1000).astype("float32").reshape(100, 10)
    found = values_of(layers.Discretization(bin_boundaries=edges), x)
    np.testing.assert_array_equal(found, np.digitize(x, edges))


def test_classes_are_counted_with_weights(rng):
    ids, weights = rng.integers(0, 4, (3, 5)).astype("int32"), rng.normal(size=(3, 5)).astype("float32")
    theirs = keras.layers.CategoryEncoding(4, "count").call(ids, count_weights=weights)
    layer = layers.CategoryEncoding(4, "count")
    ours = values_of(lambda x, weights: layer(x, count_weights=weights), ids, weights)
    np.testing.assert_allclose(ours, theirs, **CLOSE)
    with pytest.raises(ShapeError, match="count_weights"):
        values_of(lambda x, weights: layers.CategoryEncoding(4)(x, count_weights=weights), ids, weights)
    with pytest.raises(ShapeError, match="rank 2"):
        layers.CategoryEncoding(4).infer(Type("int32", (3,)))
    with pytest.raises(UnsupportedOp, match="int32"):
        layers.CategoryEncoding.from_config(keras.layers.CategoryEncoding(4, dtype="int32").get_config())

"""What do the layers that attend do that random cases do not show? Axes, dropout, masks that go on, refusals."""

import numpy as np
import pytest

from evaluate import evaluate_graph
from fanlight import layers
from fanlight.errors import ShapeError
from fanlight.ir.graph import Graph, Input, apply
from fanlight.layers import Context, Network
from layers.layer_test import Case, run_layer_test


@pytest.mark.parametrize("axes", [(2,), -2, (1, 2)])
def test_heads_attend_along_any_axes(axes, rng):
    query, value = rng.normal(size=(2, 2, 3, 2, 4)).astype("float32")
    config = dict(num_heads=2, key_dim=3, attention_axes=axes)
    run_layer_test(Case("MultiHeadAttention", config, (query, value), listed=False))


def test_dropout_takes_weights_away(rng):
    x = layers.Input((4, 3), name="x")
    layer = layers.MultiHeadAttention(2, 3, dropout=0.5, name="heads")
    network = Network(x, layers.Attention(dropout=0.5)([x, x]))
    assert "attention/dropout/rate" in network.state()
    network = Network(x, layer(x, x, return_attention_scores=True))
    rates = {path: np.float32(0.5) for path in network.state() if path.endswith("rate")}
    assert list(rates) == ["heads/dropout_layer/rate"]
    state = {path: rng.normal(size=spec.type.shape).astype("float32") for path, spec in network.state().items()}
    state |= rates | {"seed/key": np.array([1, 2], "uint32"), "seed/step": np.array(0, "int32")}
    results, data = [], rng.normal(size=(50, 4, 3)).astype("float32")
    for training in (False, True):
        values = {name: apply(Input(name, type)) for name, type in network.input_types().items()}
        graph = Graph(tuple(values.values()), network.trace(values, Context(training=training)))
        found, _ = evaluate_graph(graph, [data], state)
        results.append(found)
    # What is returned are the weights before the draw; what is used are those after it.
    np.testing.assert_array_equal(results[0]["heads_1"], results[1]["heads_1"])
    assert np.mean(np.abs(results[0]["heads"] - results[1]["heads"]) > 1e-3) > 0.9


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda x: layers.MultiHeadAttention(0, 2), "a positive num_heads, got 0"),
        (lambda x: layers.MultiHeadAttention(1, 2)(x), "missing a required argument: 'value'"),
        (lambda x: layers.GroupQueryAttention(2, 3, 2), "a number of query heads that 2 divides, got 3"),
        (lambda x: layers.Attention()(x), "a list [query, value] or [query, value, key]"),
        (lambda x: layers.Attention(score_mode="cosine"), "score_mode 'dot' or 'concat'"),
    ],
)
def test_what_does_not_fit_is_refused(make, message):
    with pytest.raises((ShapeError, TypeError)) as caught:
        make(layers.Input((3, 4)))
    assert message in str(caught.value)

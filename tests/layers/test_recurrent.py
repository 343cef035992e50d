"""Do layers over time drop, begin, go on and compile as they should? What a random case against Keras cannot show."""

import keras
import numpy as np
import pytest
from keras.src.layers.rnn.dropout_rnn_cell import DropoutRNNCell

import fanlight as fl
from evaluate import evaluate_graph
from fanlight.compiler import compile
from fanlight.errors import ShapeError, UnsupportedOp
from fanlight.ir.graph import Graph, Input, apply
from fanlight.ir.kernel import Loop, kernels_of
from fanlight.ir.types import Type
from fanlight.layers import Context, Network, cells, convolution_lstm, initializers
from fanlight.layers.initializers import Listed
from fanlight.training.steps import build_module
from layers.layer_test import initial, paired

KINDS = ("SimpleRNN", "LSTM", "GRU")
CONVOLUTION = dict(filters=3, kernel_size=2, padding="same")
KEY = np.array([3, 4], "uint32")


def drawn(make):
    """What a function of a key gives."""
    key = apply(Input("key", Type("uint32", (2,))))
    found, _ = evaluate_graph(Graph((key,), {"y": make(key)}), {"key": KEY})
    return found["y"]


@pytest.mark.parametrize("shape", [(4, 4), (3, 12), (12, 3), (2, 3, 5), (1, 1)])
def test_orthogonal_weights(shape):
    found = drawn(lambda key: initializers.get("orthogonal")(key, Type("float32", shape)))
    matrix = found.reshape(-1, shape[-1])
    product = matrix @ matrix.T if matrix.shape[0] <= matrix.shape[1] else matrix.T @ matrix
    np.testing.assert_allclose(product, np.eye(len(product)), atol=2e-6)
    twice = initializers.get({"class_name": "Orthogonal", "config": {"gain": 2.0, "seed": 1}})
    np.testing.assert_allclose(drawn(lambda key: twice(key, Type("float32", shape))), 2 * found, rtol=1e-6)


def test_the_forget_gate_begins_open():
    layer = fl.layers.LSTM(2, bias_initializer="random_normal")
    layer.infer(Type("float32", (1, 3, 4)))
    bias = layer.parts["cell"].weights["bias"]
    found = drawn(lambda key: bias.initializer(key, bias.type))
    np.testing.assert_array_equal(found[2:4], [1, 1])
    assert len(set(found)) == 7


def run(network, state, x, training):
    """The outputs of a network of one input."""
    context = Context(training)
    value = apply(Input("x", next(iter(network.input_types().values()))))
    outputs = network.trace({network.input_names[0]: value}, context)
    graph = Graph((value,), outputs, context.updates)
    return list(evaluate_graph(graph, {"x": x}, {path: state[path] for path in graph.state})[0].values())


@pytest.mark.parametrize("recurrent_dropout", [0.0, 0.3])
@pytest.mark.parametrize("kind", [*KINDS, "GRU before", "ConvLSTM1D"])
def test_dropout_is_that_of_keras_given_its_draw(monkeypatch, rng, kind, recurrent_dropout):
    shape, batch = (4, 5), 3
    count = 0

    def mask(size, rate):
        nonlocal count
        count += 1
        return np.where(np.random.default_rng(count).random(size) < rate, 0, 1 / (1 - rate)).astype("float32")

    def ours(key, type, rate):
        return Listed(tuple(map(float, mask(type.shape, rate).ravel())))(key, type)

    def theirs(cell, x, rate):
        number = getattr(cell, "dropout_mask_count", None)
        return mask(x.shape, rate) if number is None else [mask(x.shape, rate) for _ in range(number)]

    for module in (cells, convolution_lstm):
        monkeypatch.setattr(module, "dropout_mask", ours)
    monkeypatch.setattr(DropoutRNNCell, "_create_dropout_mask", theirs)
    config = dict(units=6, dropout=0.4, recurrent_dropout=recurrent_dropout)
    if kind == "GRU before":
        kind, config = "GRU", config | dict(reset_after=False)
    if kind == "ConvLSTM1D":
        shape, config = (4, 5, 2), CONVOLUTION | dict(dropout=0.4, recurrent_dropout=recurrent_dropout)
    layer, keras_layer = getattr(fl.layers, kind)(**config), getattr(keras.layers, kind)(**config)
    x = rng.normal(size=(batch, *shape)).astype("float32")
    symbol = fl.Input(shape, batch_size=batch)
    network = Network(symbol, layer(symbol))
    keras_layer.build(x.shape)
    state = {path: np.asarray(variable) for path, variable in paired(keras_layer, layer).items()}
    state |= initial(network, state)
    count = 0
    expected = np.asarray(keras_layer(x, training=True))
    draws, count = count, 0
    (found,) = run(network, state, x, training=True)
    assert count == draws > 0
    np.testing.assert_allclose(found, expected, atol=1e-5)
    np.testing.assert_allclose(run(network, state, x, training=False)[0], np.asarray(keras_layer(x)), atol=1e-5)


def test_dropout_leaves_out_the_same_elements_in_all_steps():
    symbol = fl.Input((6, 40))
    layer = fl.layers.SimpleRNN(40, "linear", use_bias=False, dropout=0.25, return_sequences=True)
    network = Network(symbol, layer(symbol))
    state = {f"{layer.name}/cell/kernel": np.eye(40), f"{layer.name}/cell/recurrent_kernel": np.zeros((40, 40))}
    state = {path: array.astype("float32") for path, array in state.items()}
    (y,) = run(network, state | initial(network, state), np.ones((50, 6, 40), "float32"), training=True)
    np.testing.assert_array_equal(y, np.repeat(y[:, :1], 6, axis=1))
    assert set(np.unique(y)) == {0, np.float32(1 / 0.75)}
    assert abs(np.mean(y[:, 0] == 0) - 0.25) < 0.03  # of 2,000: three standard deviations


def test_products_with_the_inputs_leave_the_loop():
    """A training step: around two loops of one product each stand three others, and a fourth for the head."""
    for kind, inside in (("LSTM", 2), ("GRU", 2), ("SimpleRNN", 2)):
        x = fl.Input((12, 8))
        network = Network(x, fl.layers.Dense(1)(getattr(fl.layers, kind)(16)(x)))
        program = compile(build_module(network, "mse", "sgd", batch=16)).program
        kernels = program.procedures["train_step"].kernels
        loops = [step for step in kernels if isinstance(step, Loop)]
        assert len(loops) == 2, kind
        assert [each.kind for each in kernels_of(loops)].count("contract") == inside, kind
        assert [each.kind for each in kernels if not isinstance(each, Loop)].count("contract") >= 3, kind


@pytest.mark.parametrize("kind", [*KINDS, "ConvLSTM1D"])
def test_stateful_layers_go_on(rng, kind):
    shape, batch = (4, 5, 3) if kind == "ConvLSTM1D" else (4, 3), 2
    config = CONVOLUTION if kind == "ConvLSTM1D" else dict(units=5)
    given = keras.Input(batch_shape=(batch, *shape))
    keras_layer = getattr(keras.layers, kind)(**config, stateful=True, return_sequences=True)
    keras_model = keras.Model(given, keras_layer(given))
    symbol = fl.Input(shape, batch_size=batch)
    layer = getattr(fl.layers, kind)(**config, stateful=True, return_sequences=True, name="layer")
    model = fl.Model(symbol, layer(symbol))
    model.compile("sgd", "mse")
    model.set_weights({path: np.asarray(variable) for path, variable in paired(keras_layer, layer).items()})
    x = rng.normal(size=(batch, *shape)).astype("float32")
    for _ in range(3):
        np.testing.assert_allclose(model.predict(x, batch_size=batch), np.asarray(keras_model(x)), atol=1e-5)
    after = model.weights()["layer/state_0"]
    np.testing.assert_allclose(after, np.asarray(keras_layer.states[0]), atol=1e-5)
    first = model.train_on_batch(x, np.zeros(model.predict(x).shape, "float32"))["loss"]
    assert not np.array_equal(model.weights()["layer/state_0"], after)
    model.reset_states()
    keras_layer.reset_state()
    np.testing.assert_array_equal(model.weights()["layer/state_0"], np.zeros_like(after))
    assert np.isfinite(first)


def test_a_stateful_layer_needs_a_known_batch():
    with pytest.raises(ShapeError, match="a known length for every axis of 'state_0'"):
        fl.layers.LSTM(3, stateful=True)(fl.Input((4, 3)))


def test_what_is_no_cell_is_refused():
    with pytest.raises(UnsupportedOp, match="a layer with a state_size, got Dense"):
        fl.layers.RNN(fl.layers.Dense(3))
    with pytest.raises(UnsupportedOp, match="without activity_regularizer"):
        fl.layers.RNN(fl.layers.LSTMCell(3, activity_regularizer="l2"))
    with pytest.raises(ShapeError, match="a dropout from 0 to below 1"):
        fl.layers.GRU(3, dropout=1.0)
    with pytest.raises(ShapeError, match="sequences"):
        fl.layers.GRU(3)(fl.Input((4,)))


def test_what_a_convolution_over_time_cannot_take_is_refused():
    with pytest.raises(ShapeError, match="sequences of rank 5"):
        fl.layers.ConvLSTM2D(3, 2)(fl.Input((4, 5, 2)))
    with pytest.raises(ShapeError, match=r"2 sizes, channels\], all known"):
        fl.layers.ConvLSTM2D(3, 2)(fl.Input((4, None, 5, 2)))
    with pytest.raises(ShapeError, match="strides or a dilation_rate, not both"):
        fl.layers.ConvLSTM1D(3, 2, strides=2, dilation_rate=2)
    with pytest.raises(ShapeError, match="a positive number of filters"):
        fl.layers.ConvLSTM1D(0, 2)
    with pytest.raises(ShapeError, match="states"):
        x = fl.Input((4, 3))
        fl.layers.LSTM(3)(x, initial_state=[fl.Input((3,)), fl.Input((2,))])


def test_a_cell_of_ones_own(rng):
    """A running mean, whose state is not its output."""

    class Mean(fl.layers.Layer):
        state_size = (2, 1)

        def call(self, inputs, states):
            total, count = states[0] + inputs, states[1] + 1.0
            return total / count, [total, count]

    symbol = fl.Input((5, 2))
    network = Network(symbol, fl.layers.RNN(Mean(), return_state=True)(symbol))
    x = rng.normal(size=(3, 5, 2)).astype("float32")
    y, total, count = run(network, {}, x, training=False)
    np.testing.assert_allclose(y, x.mean(1), atol=1e-6)
    np.testing.assert_allclose(total, x.sum(1), atol=1e-5)
    np.testing.assert_array_equal(count, np.full((3, 1), 5))

"""Do layers of one's own behave as the same class written for Keras? Training, parts, state, masks."""

import keras
import numpy as np
import pytest

import fanlight as fl
from fanlight.errors import CompileError, DtypeError, ShapeError, UnknownLayerError, UnknownNameError, UnsupportedOp
from fanlight.layers import Network
from layers.own_layers import block, data, linear, twins, with_weights_of


@pytest.mark.parametrize("make", [linear, block])
def test_it_trains_as_the_same_class_in_keras(make, tmp_path):
    def layers(package, ops):
        kind = make(package, ops)
        return [kind(4), package.layers.Dense(1)]

    x, y = data()
    ours, theirs = twins(layers)
    with_weights_of(theirs, ours, tmp_path / "x.weights.h5")
    logs = []
    for model in (ours, theirs):
        model.compile("sgd", "mse")
        fit = model.fit(x, y, epochs=4, batch_size=8, shuffle=False, verbose=0)
        logs.append(fit.history["loss"])
    np.testing.assert_allclose(*logs, rtol=1e-4)
    np.testing.assert_allclose(ours.predict(x), theirs.predict(x, verbose=0), atol=1e-4)
    name = "linear/steps" if make is linear else "block/first/steps"
    assert ours.weights()[name] == 20


def test_lists_of_inputs_several_outputs_and_plain_arguments():
    class Mix(fl.layers.Layer):
        def build(self, input_shape):
            assert input_shape == ((None, 3), (None, 1))
            self.w = self.add_weight((3, 1), "ones", name="w")

        def call(self, inputs, factor=1.0):
            a, b = inputs
            return [a @ self.w + b * factor, b]

    a, b = fl.Input((3,)), fl.Input((1,))
    y, z = Mix()([a, b], factor=2.0)
    model = fl.Model([a, b], [y, z])
    x, c = np.ones((2, 3), "float32"), np.full((2, 1), 0.5, "float32")
    assert [v.tolist() for v in model.predict([x, c]).values()] == [[[4.0]] * 2, [[0.5]] * 2]


def test_build_may_name_its_inputs():
    class Cross(fl.layers.Layer):
        def build(self, query_shape, value_shape):
            self.w = self.add_weight((query_shape[-1], value_shape[-1]), "ones")

        def call(self, query, value):
            return query @ self.w * value

    a, b = fl.Input((3,)), fl.Input((2,))
    model = fl.Model([a, b], Cross()(a, b))
    got = model.predict([np.ones((2, 3), "float32"), np.ones((2, 2), "float32")])
    assert got.tolist() == [[3.0, 3.0]] * 2


def test_cells_and_wrappers_take_them(tmp_path):
    def make(package, ops):
        class Cell(package.layers.Layer):
            def __init__(self, units, **kwargs):
                super().__init__(**kwargs)
                self.units = self.state_size = units
                self.mix = package.layers.Dense(units, use_bias=False)

            def build(self, input_shape):
                self.w = self.add_weight(shape=(input_shape[-1], self.units), name="w")
                if package is keras:  # ours build themselves
                    self.mix.build((None, self.units))

            def call(self, inputs, states):
                y = ops.tanh(ops.matmul(inputs, self.w) + self.mix(states[0]))
                return y, [y]

        rnn = package.layers.RNN(Cell(3), return_sequences=True)
        return [rnn, package.layers.TimeDistributed(linear(package, ops)(2))]

    ours, theirs = twins(make, (4, 2))
    with_weights_of(theirs, ours, tmp_path / "x.weights.h5")
    x = np.random.default_rng(0).normal(size=(3, 4, 2)).astype("float32")
    np.testing.assert_allclose(ours.predict(x), theirs.predict(x, verbose=0), atol=1e-5)


def test_a_layer_has_one_place():
    shared = fl.layers.Dense(3)
    first, second = block(fl, fl)(3), block(fl, fl)(3)
    first.rest.append(shared)
    second.rest.append(shared)
    x = fl.Input((3,))
    with pytest.raises(UnsupportedOp, match="each layer in one layer or model"):
        Network(x, second(first(x)))
    with pytest.raises(UnsupportedOp, match=r"a model as self\.net"):
        first.net = fl.Sequential([fl.Input((3,)), fl.layers.Dense(1)])


def test_the_summary_counts_what_is_inside():
    x = fl.Input((3,))
    layer = block(fl, fl)(4)
    row = Network(x, layer(x)).summary()[1]
    assert (row.parameters, row.trainable) == (16 + 1 + 2 * 20 + 16 + 4, 16 + 2 * 20 + 8 + 4)


def test_a_shared_layer_has_one_weight_and_counts_both_calls():
    layer = linear(fl, fl)(3)
    x = fl.Input((3,))
    model = fl.Model(x, fl.layers.Dense(1)(layer(layer(x))))
    model.compile("sgd", "mse")
    model.fit(*data(), epochs=1, batch_size=10, verbose=0)
    assert [name for name in model.weights() if name.startswith("linear/")] == ["linear/w", "linear/b", "linear/steps"]
    assert model.weights()["linear/steps"] == 8


def test_masks_reach_call_and_go_on():
    def make(package, ops):
        class Shift(package.layers.Layer):
            def __init__(self, **kwargs):
                super().__init__(**kwargs)
                self.supports_masking = True

            def call(self, x, mask=None):
                return x if mask is None else ops.where(ops.expand_dims(mask, -1), x, 7.0) + 1.0

            def compute_mask(self, inputs, mask=None):
                return None if mask is None else ops.logical_not(mask)

        return [package.layers.Masking(), Shift(), package.layers.GlobalAveragePooling1D()]

    ours, theirs = twins(make, (4, 2))
    x = np.random.default_rng(0).normal(size=(3, 4, 2)).astype("float32")
    x[0, 1] = x[1, 2:] = x[2, 0] = 0
    np.testing.assert_allclose(ours.predict(x), theirs.predict(x, verbose=0), atol=1e-6)


def test_layers_that_run_in_training_only():
    class Noisy(fl.layers.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.noise = fl.layers.Dropout(0.5)

        def call(self, x, training=None):
            return self.noise(x) if training else x

    model = fl.Sequential([fl.Input((3,)), Noisy(), fl.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(*data(), epochs=1, verbose=0)
    assert "noisy/noise/rate" in model.weights()


def test_a_frozen_layer_keeps_its_weights():
    layer = block(fl, fl)(4)
    layer.trainable = False
    model = fl.Sequential([fl.Input((3,)), layer, fl.layers.Dense(1)])
    model.compile("sgd", "mse")
    before = model.weights()
    model.fit(*data(), epochs=1, verbose=0)
    for name, array in model.weights().items():
        if name.startswith("block/") and not name.endswith("steps"):
            np.testing.assert_array_equal(array, before[name], err_msg=name)


def test_state_is_assigned_in_training_alone():
    class Count(fl.layers.Layer):
        def build(self, input_shape):
            self.n = self.add_weight((), "zeros", trainable=False)
            self.w = self.add_weight((), "ones")

        def call(self, x):
            self.change()
            return x * self.w

        def change(self):
            self.n.assign_add(1.0)

    with pytest.raises(CompileError, match="if training:"):
        Count()(fl.Input((3,)))
    Count.change = lambda self: self.w.assign(2.0)
    with pytest.raises(CompileError, match="trainable=False"):
        Count()(fl.Input((3,)))
    Count.change = lambda self: setattr(self, "w", self.w + 1)
    with pytest.raises(CompileError, match=r"self\.w\.assign"):
        Count()(fl.Input((3,)))
    Count.change = lambda self: fl.fori_loop(0, 3, lambda k, y: y + self.n.assign_add(1.0), 0.0)
    with pytest.raises(CompileError, match="the body of a loop"):
        Count()(fl.Input((3,)))


def test_errors_say_what_to_do():
    class Bare(fl.layers.Layer):
        def call(self, x):
            return fl.layers.Dense(2)(x)

    with pytest.raises(UnknownLayerError, match="attributes"):
        Bare()(fl.Input((3,)))
    layer = linear(fl, fl)(2)
    layer(fl.Input((3,)))
    with pytest.raises(AttributeError, match=r"model\.weights"):
        layer.w.numpy()
    with pytest.raises(CompileError, match="inside its call"):
        layer.add_loss(1.0)
    with pytest.raises(UnknownNameError, match="does not use itself"):
        layer.parts = []
    with pytest.raises(UnknownNameError, match="walk"):
        type("Walker", (fl.layers.Layer,), {"walk": lambda self: None})
    with pytest.raises(UnsupportedOp, match="float32"):
        linear(fl, fl)(2, dtype="float16")
    with pytest.raises(DtypeError, match="trainable=False"):
        layer.add_weight((2,), dtype="int32")
    with pytest.raises(UnknownNameError, match=r"fl\.layers\.Layer"):
        fl.register(dict)
    with pytest.raises(CompileError, match="a list of them"):
        type("Named", (fl.layers.Layer,), {"call": lambda self, x: {"y": x}})()(fl.Input((3,)))
    dense = fl.layers.Dense(2)
    with pytest.raises(ShapeError, match="leave out"):
        type("Eager", (fl.layers.Layer,), {"build": lambda self, shape: dense.build(shape)})()(fl.Input((3,)))
    with pytest.raises(AttributeError, match=r"super\(\).__init__"):
        type("Hasty", (fl.layers.Layer,), {"__init__": lambda self: None, "call": lambda self, x: x})()(fl.Input((3,)))
    with pytest.raises(AttributeError, match="no attribute 'units'"):
        type("Blind", (fl.layers.Layer,), {"call": lambda self, x: x * self.units})()(fl.Input((3,)))


def test_the_example_of_the_docstring():
    lines = fl.layers.Layer.__doc__.splitlines()
    code = "\n".join(line.strip()[4:] for line in lines if line.strip().startswith((">>>", "...")))
    names = {"fl": fl}
    exec(code, names)
    model = fl.Sequential([fl.Input((2,)), names["Scale"]()])
    assert model.predict(np.ones((1, 2), "float32")).tolist() == [[1.0, 1.0]]

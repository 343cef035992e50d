"""Do layers join into networks: names, shared weights, nesting, freezing, records, errors that say where?"""

import json
from dataclasses import dataclass
from typing import ClassVar

import keras
import numpy as np
import pytest

from evaluate import evaluate_graph
from fanlight import layers
from fanlight.errors import DtypeError, ModelFormatError, ShapeError, UnknownLayerError, UnknownNameError, UnsupportedOp
from fanlight.ir.graph import Graph, Input, apply
from fanlight.layers import Context, Network
from fanlight.layers.base import Layer
from fanlight.layers.meanings import Classes, Image
from fanlight.ops import functions as fn
from layers.test_layers import CASES


@dataclass(eq=False, repr=False)
class Scaled(Layer):
    """x * factor + offset, nothing where the mask says so: every kind of argument that a call may have."""

    supports_masking: ClassVar[bool] = True

    def call(self, context, x, other=None, *, factor=1, offset=(), mask=None):
        for each in (*([] if other is None else [other]), *offset):
            x = x + each
        return x * factor if mask is None else fn.where(fn.expand_dims(mask, -1), x * factor, 0.0)


def small(**attributes) -> Network:
    chain = [
        layers.Input((8, 8, 3), name="image"),
        layers.Conv2D(4, 3),
        layers.ReLU(),
        layers.Conv2D(4, 3, name="head"),
    ]
    return Network.sequential([*chain, layers.Flatten(), layers.Dense(2)], **attributes)


def predict(network, state, *inputs, training=False):
    values = {name: apply(Input(name, type)) for name, type in network.input_types().items()}
    context = Context(training=training)
    graph = Graph(tuple(values.values()), network.trace(values, context), context.updates)
    return evaluate_graph(graph, inputs, state)


def state_of(network, rng):
    return {path: rng.normal(size=spec.type.shape).astype("float32") for path, spec in network.state().items()}


def test_layers_are_named_as_in_keras():
    names = [layer.name for layer in small().layers]
    assert names == ["image", "conv2d", "re_lu", "head", "flatten", "dense"]
    assert [layer.name for layer in small().layers] == names  # a second network begins anew
    for kind in ("BatchNormalization", "MaxPooling2D", "ReLU", "Conv2D", "DepthwiseConv2D", "GlobalAveragePooling2D"):
        made = {"MaxPooling2D": {}, "Conv2D": dict(filters=1, kernel_size=1), "DepthwiseConv2D": dict(kernel_size=1)}
        attributes = made.get(kind, {})
        keras.backend.clear_session()
        assert getattr(layers, kind)(**attributes).auto_name == getattr(keras.layers, kind)(**attributes).name


def test_numbers_avoid_names_that_are_taken():
    x = layers.Input((3,))
    network = Network(x, layers.Dense(1)(layers.Dense(2, name="dense")(layers.Dense(4)(x))))
    assert [layer.name for layer in network.layers] == ["input_layer", "dense_1", "dense", "dense_2"]
    with pytest.raises(UnknownLayerError, match="'a' twice"):
        Network(x, layers.Dense(1, name="a")(layers.Dense(2, name="a")(x)))


def test_a_summary_counts_parameters():
    rows = {row.name: row for row in small().summary()}
    assert repr(rows["conv2d"].output) == "(f32[batch, 6, 6, 4],)"
    assert (rows["conv2d"].parameters, rows["head"].parameters, rows["dense"].parameters) == (112, 148, 130)
    assert rows["head"].inputs == ("re_lu",)


def test_a_shared_layer_has_one_set_of_weights(rng):
    a, b, shared = layers.Input((3,), name="a"), layers.Input((3,), name="b"), layers.Dense(2)
    network = Network([a, b], layers.Subtract()([shared(a), shared(b)]))
    assert list(network.state()) == ["dense/kernel", "dense/bias"]
    x, y = rng.normal(size=(2, 4, 3)).astype("float32")
    state = state_of(network, rng)
    found, _ = predict(network, state, x, y)
    np.testing.assert_allclose(found["subtract"], (x - y) @ state["dense/kernel"], atol=1e-5)


def test_statistics_of_a_shared_layer_are_updated_in_turn():
    a, b, norm = layers.Input((1,), name="a"), layers.Input((1,), name="b"), layers.BatchNormalization(momentum=0.5)
    network = Network([a, b], [norm(a), norm(b)])
    assert network.output_names == ["batch_normalization", "batch_normalization_1"]
    state = {path: np.zeros(spec.type.shape, "float32") for path, spec in network.state().items()}
    _, writes = predict(network, state, np.full((2, 1), 4, "float32"), np.full((2, 1), 8, "float32"), training=True)
    assert writes["batch_normalization/moving_mean"] == 0.5 * (0.5 * 4) + 0.5 * 8


def test_a_network_is_a_layer():
    base, x = small(name="base"), layers.Input((8, 8, 3), name="image")
    network = Network(x, layers.Dense(5)(base(x)))
    assert list(network.state())[:2] == ["base/conv2d/kernel", "base/conv2d/bias"]
    assert network.layer("base/head").name == "head"
    base.trainable = False
    trainable = [path for path, spec in network.state().items() if spec.trainable]
    assert trainable == ["dense/kernel", "dense/bias"]
    base.layer("dense").trainable = True
    assert base.trainable and network.state()["base/dense/kernel"].trainable


def test_another_head_can_be_put_on():
    base = small()
    network = Network(base.inputs, layers.Dense(7)(base.symbol("flatten")))
    assert [layer.name for layer in network.layers] == ["image", "conv2d", "re_lu", "head", "flatten", "dense"]
    assert network.output_names == ["dense"]
    assert network.layer("conv2d") is base.layer("conv2d")


def test_a_network_may_begin_in_the_middle():
    base = small()
    middle = Network(base.symbol("re_lu"), base.outputs)
    assert list(middle.state()) == ["head/kernel", "head/bias", "dense/kernel", "dense/bias"]


def test_networks_go_through_json(rng):
    x = layers.Input(Image(8, 8, 1, preset="unit"), name="image")
    shared = layers.Conv2D(4, 3, padding="same", kernel_initializer="he_normal")
    once = layers.Conv2D(4, 1)(x)
    base = Network(x, layers.GlobalAveragePooling2D()(layers.Add()([shared(shared(once)), once])), name="base")
    y = layers.Input(Image(8, 8, 1), name="image")
    logits = layers.ClassMask(Classes(["a", "b"], spare=1))(layers.Dense(3)(base(y)))
    network = Network(y, {"probabilities": layers.Softmax()(logits), "logits": logits})
    record = json.loads(json.dumps(network.attributes()))
    again = Network.from_config(record)
    assert again.attributes() == network.attributes()
    assert again.output_meanings() == {name: Classes(("a", "b"), 1) for name in ("probabilities", "logits")}
    state, image = state_of(network, rng), rng.normal(size=(2, 8, 8, 1)).astype("float32")
    for name, value in predict(again, state, image)[0].items():
        np.testing.assert_array_equal(value, predict(network, state, image)[0][name])


def test_layers_that_are_not_compared_with_keras_go_through_json():
    required = {
        "Rescaling": (0.5,),
        "Activation": ("relu",),
        "Dropout": (0.5,),
        "ClassMask": (3,),
        "RandomStroke": (0.5,),
    }
    required |= {"RandomHue": (0.5,), "RandomCrop": (4, 5), "LayerScale": (0.1, 3), "StochasticDepth": (0.5,)}
    required |= {"Operation": ("relu",)}
    for name in sorted({kind.__name__ for kind in layers.LAYERS.values()} - set(CASES)):
        layer = layers.LAYERS[name](*required.get(name, ()), name="x", trainable=False)
        again = type(layer).from_config(json.loads(json.dumps(layer.attributes())))
        assert again.attributes() == layer.attributes(), name


def test_attributes_may_be_numbers_of_numpy():
    layer = layers.Rescaling(np.float32([2, 4]), offset=np.float32(0.5))
    assert layer.attributes() | {"name": None} == layers.Rescaling((2.0, 4.0), offset=0.5).attributes()
    assert json.loads(json.dumps(layer.attributes()))["scale"] == [2, 4]
    assert layers.Conv2D(np.int64(4), (np.int32(3), 3)).attributes()["kernel_size"] == [3, 3]


def test_broken_records_are_refused():
    record = small().attributes()
    record["layers"][1]["calls"][0][0][0] = "nothing"
    with pytest.raises(ModelFormatError, match="missing"):
        Network.from_config(record)
    with pytest.raises(ModelFormatError, match="a record of layers"):
        Network.from_config({"layers": []})
    with pytest.raises(UnsupportedOp, match="Lambda"):
        Network.from_config({"layers": [{"class_name": "Lambda", "config": {}, "calls": []}]})


@pytest.mark.parametrize(
    ("kind", "attributes"),
    [
        ("Dense", dict(units=3, activation="gelu", kernel_initializer="he_uniform")),
        ("Conv2D", dict(filters=2, kernel_size=3, padding="same", strides=2)),
        ("DepthwiseConv2D", dict(kernel_size=3)),
        ("BatchNormalization", dict(momentum=0.9)),
        ("Dropout", dict(rate=0.3)),
        ("MaxPooling2D", {}),
        ("GlobalAveragePooling2D", {}),
        ("Softmax", {}),
        ("Rescaling", dict(scale=2.0)),
    ],
)
def test_configs_of_keras_are_read(kind, attributes):
    config = json.loads(json.dumps(getattr(keras.layers, kind)(**attributes).get_config()))
    layer = getattr(layers, kind).from_config(config)
    assert layer.name == config["name"]
    for key, value in attributes.items():
        held = getattr(layer, key)
        assert held == value or held == (value, value) or key == "kernel_initializer"


def test_what_a_layer_lacks_is_refused():
    config = keras.layers.Dense(3, lora_rank=2, name="d").get_config()
    with pytest.raises(UnsupportedOp, match="lora_rank"):
        layers.Dense.from_config(config)
    with pytest.raises(UnsupportedOp, match="channels_last"):
        layers.Conv2D(3, 3, data_format="channels_first")


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: layers.Dense(0), ShapeError, "Dense: expected a positive number of units, got 0"),
        (lambda: layers.Dense(3, activation="rely"), UnknownNameError, "one of linear, relu"),
        (lambda: layers.Conv2D(3, (3, 3, 3)), ShapeError, "kernel_size"),
        (lambda: layers.Conv2D(3, 3, padding="full"), ShapeError, "'valid' or 'same'"),
        (lambda: layers.Dropout(1.5), ShapeError, "a rate from 0 to 1"),
        (
            lambda: layers.Conv2D(3, 3, name="stem")(layers.Input((4,))),
            ShapeError,
            'Conv2D "stem": expected an input of rank 4',
        ),
        (lambda: layers.Add()([layers.Input((3,)), layers.Input((4,))]), ShapeError, "Add: "),
        (lambda: layers.Reshape((5,))(layers.Input((4,))), ShapeError, "expected 5 elements in each row, got 4"),
        (lambda: layers.Dense(3)(np.zeros((2, 3))), TypeError, "expected symbols"),
        (lambda: layers.Input(3.5), ShapeError, "a shape"),
        (lambda: layers.Input((0,)), ShapeError, "positive lengths"),
        (lambda: layers.Input((3,), dtype="float16"), DtypeError, "one of float32"),
        (lambda: Network.sequential([layers.Dense(3)]), ShapeError, "fl.Input(shape) as the first"),
        (lambda: small().layer("x"), UnknownLayerError, "one of"),
        (lambda: small()(layers.Input((9, 8, 3))), ShapeError, "as input 'image'"),
        (lambda: layers.Dense(3, name="a/b"), UnknownNameError, "without '/'"),
    ],
)
def test_errors_say_what_and_where(make, error, message):
    with pytest.raises(error) as caught:
        make()
    assert message in str(caught.value)


def test_a_built_layer_names_the_shape_that_it_expects():
    stem = layers.Conv2D(16, 3, name="stem")
    stem(layers.Input((32, 32, 3)))
    with pytest.raises(ShapeError) as caught:
        stem(layers.Input((32, 32, 4)))
    assert str(caught.value) == (
        'Conv2D "stem": expected 3 input channels, got 4, at f32[batch, 32, 32, 4]; the kernel is f32[3, 3, 3, 16]'
    )


def test_an_input_that_is_missing_is_named():
    a, b = layers.Input((3,), name="a"), layers.Input((3,), name="b")
    with pytest.raises(UnknownNameError, match='InputLayer "b" missing'):
        Network(a, layers.Add()([a, b]))


def test_calls_take_arguments_by_name(rng, monkeypatch):
    monkeypatch.setitem(layers.LAYERS, "Scaled", Scaled)
    x, y, layer = layers.Input((3, 2), name="x"), layers.Input((3, 2), name="y"), Scaled(name="scaled")
    mask = layers.Input((3,), name="mask", dtype="bool")
    network = Network(
        [x, y, mask],
        {
            "plain": layer(x, factor=2, mask=None),
            "more": layer(x, offset=[y, x], factor=3),
            "masked": layer(other=y, x=x, mask=mask),
            "behind": Scaled(name="behind")(layer(x, mask=mask)),  # masks go on
        },
    )
    calls = [call for call in network.calls if call.layer is layer]
    assert [len(call.inputs) for call in calls] == [1, 1, 2, 1] and set(calls[0].arguments) == {"factor"}
    record = json.loads(json.dumps(network.attributes()))
    assert record["layers"][-2]["arguments"][1] == {
        "factor": 3,
        "offset": [{"symbol": ["y", 0, 0]}, {"symbol": ["x", 0, 0]}],
    }
    a, b, kept = *rng.normal(size=(2, 4, 3, 2)).astype("float32"), rng.random((4, 3)) < 0.5
    for made in (network, Network.from_config(record)):
        assert made.attributes() == network.attributes()
        found, _ = predict(made, {}, a, b, kept)
        np.testing.assert_allclose(found["plain"], 2 * a)
        np.testing.assert_allclose(found["more"], 3 * (2 * a + b), rtol=1e-5)
        np.testing.assert_allclose(found["masked"], np.where(kept[..., None], a + b, 0))
        np.testing.assert_allclose(found["behind"], np.where(kept[..., None], a, 0))


def test_a_call_may_say_whether_it_trains(rng):
    x, norm = layers.Input((2,), name="x"), layers.BatchNormalization()
    base = Network(x, norm(x), name="base")
    network = Network(x, {"frozen": base(x, training=False), "free": layers.Dropout(0.5)(x, training=True)})
    for made in (network, Network.from_config(json.loads(json.dumps(network.attributes())))):
        state = {path: np.ones(spec.type.shape, "float32") for path, spec in made.state().items()}
        state |= {"seed/key": np.array([1, 2], "uint32"), "seed/step": np.array(0, "int32")}
        data = rng.normal(size=(50, 2)).astype("float32")
        found, writes = predict(made, state, data, training=True)
        np.testing.assert_allclose(found["frozen"], (data - 1) / np.sqrt(1.001) + 1, atol=1e-6)
        assert not writes
        assert 0.2 < np.mean(predict(made, state, data)[0]["free"] == 0) <= 1  # drops in prediction too


@pytest.mark.parametrize(
    ("named", "message"),
    [
        (dict(factr=2), "expected arguments among (x, other=None, factor=1, offset=(), mask=None, training=None), got"),
        (dict(mask=np.ones(3)), "expected symbols, such as fl.Input(...) or what a layer gave, got ndarray"),
    ],
)
def test_arguments_that_a_call_lacks_are_refused(named, message):
    with pytest.raises(TypeError) as caught:
        Scaled()(layers.Input((3, 2)), **named)
    assert message in str(caught.value)

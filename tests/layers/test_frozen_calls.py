"""Do arguments of calls count where a frozen trunk is told from its head?"""

from fanlight import layers
from fanlight.layers import Network
from fanlight.layers.base import Layer
from fanlight.layers.frozen import split


def frozen(units: int, **attributes) -> Layer:
    return layers.Dense(units, trainable=False, **attributes)


def test_what_a_call_says_about_training_counts():
    x = layers.Input((3,))
    for training in (None, True):
        y = layers.Dropout(0.5)(frozen(4)(x), training=training)
        found = split(Network(x, layers.Dense(2)(y)))
        assert found is not None
        assert [layer.name for layer in found[0].layers] == ["input_layer", "dense"]  # the draw is the head's
    base = Network(x, layers.Dropout(0.5)(frozen(4)(x)), name="base")
    fixed = split(Network(x, layers.Dense(2)(base(x, training=False))))
    assert fixed is not None and fixed[0].layers[-1].name == "base"
    assert split(Network(x, layers.Dense(2)(base(x, training=True)))) is None


def test_inputs_that_go_by_name_are_features_too():
    x, seen = layers.Input((3, 4), name="x"), layers.Input((3, 3), name="seen", dtype="bool")
    y = layers.MultiHeadAttention(1, 2)(z := frozen(4)(x), z, attention_mask=seen)
    found = split(Network([x, seen], layers.Dense(2)(y)))
    assert found is not None
    trunk, head = found
    assert len(trunk.outputs) == len(head.inputs) == 2

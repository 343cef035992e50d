"""Do freezing and new heads do what Keras users expect: which layers train, what stays, what is refused?"""

import numpy as np
import pytest

import fanlight as fl
from fanlight.errors import ShapeError, UnknownLayerError, UnknownNameError

layers = fl.layers


def base():
    return fl.Sequential(
        [
            fl.Input((8, 8, 3), name="image"),
            layers.Conv2D(4, 3, name="first"),
            layers.BatchNormalization(name="norm"),
            layers.Conv2D(6, 3, name="second"),
        ],
        name="base",
    )


def nested():
    x = fl.Input((8, 8, 3), name="image")
    y = base().network(x)
    y = layers.Flatten(name="flatten")(y)
    y = layers.Dropout(0.5, name="dropout")(y)
    y = layers.Dense(5, name="logits")(y)
    return fl.Model(x, layers.Activation("softmax", name="softmax")(y))


def trainable(model):
    return {path.rpartition("/")[0] for path, weight in model.network.weight_table().items() if weight.trainable}


def test_freezing_goes_by_the_order_of_layers_and_into_nested_networks():
    model = nested()
    assert trainable(model) == {"base/first", "base/norm", "base/second", "logits"}
    model.freeze(until="base/norm")
    assert trainable(model) == {"base/second", "logits"}
    model.freeze(until="flatten")
    assert trainable(model) == {"logits"}
    model.freeze()
    assert trainable(model) == set()
    model.unfreeze(since="base/second")
    assert trainable(model) == {"base/second", "logits"}
    model.unfreeze()
    assert trainable(model) == {"base/first", "base/norm", "base/second", "logits"}
    model.get_layer("base").trainable = False
    assert trainable(model) == {"logits"}
    for wrong in ("base/third", "nothing", "flatten/kernel"):
        with pytest.raises(UnknownLayerError):
            model.freeze(until=wrong)


def test_frozen_layers_keep_their_weights_and_statistics():
    model = nested()
    model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy")
    rng = np.random.default_rng(0)
    x, y = rng.random((8, 8, 8, 3), np.float32), rng.integers(0, 5, 8)
    model.fit(x, y, verbose=0)
    before = model.weights()
    model.freeze(until="base")
    model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy")
    model.fit(x, y, epochs=2, verbose=0)
    changed = {name for name, array in model.weights().items() if name in before and (array != before[name]).any()}
    assert {"logits/kernel", "logits/bias"} == {name for name in changed if not name.startswith(("seed", "optimizer"))}


def test_a_new_head_reads_the_last_features():
    model = nested()
    x = np.random.default_rng(0).random((2, 8, 8, 3), np.float32)
    before = model.weights()
    model.replace_head(["rock", "paper", "scissors"])
    assert [layer.name for layer in model.layers] == ["image", "base", "flatten", "probabilities"]
    assert model.output_names == ["probabilities"]
    after = model.weights()
    assert after["probabilities/kernel"].shape == (96, 3)
    for name in after.keys() & before.keys():
        np.testing.assert_array_equal(after[name], before[name], err_msg=name)
    ((best, chance), *_), _ = model.classify(x)
    assert best in ("rock", "paper", "scissors")
    assert 0 < chance <= 1


def test_a_head_of_the_same_name_and_shape_begins_anew():
    model = fl.Sequential([fl.Input((4,)), layers.Dense(4, name="hidden"), layers.Dense(2, name="probabilities")])
    model.set_weights({"probabilities/bias": np.ones(2, np.float32), "hidden/bias": np.ones(4, np.float32)})
    model.replace_head(2)
    assert (model.weights()["probabilities/bias"] == 0).all()
    assert (model.weights()["hidden/bias"] == 1).all()


def test_features_with_places_are_pooled_and_at_chooses_them():
    model = nested()
    model.replace_head(2, at="base", name="which")
    assert [type(layer).__name__ for layer in model.layers][-2:] == ["GlobalAveragePooling2D", "Dense"]
    assert model.predict(np.zeros((3, 8, 8, 3), np.float32)).shape == (3, 2)
    assert model.output_names == ["which"]


def test_a_head_may_be_layers():
    model = nested()
    model.replace_head([layers.Dense(7, activation="relu"), layers.Dense(1, name="score")])
    assert model.predict(np.zeros((3, 8, 8, 3), np.float32)).shape == (3, 1)
    assert model.output_names == ["score"]
    model.replace_head(layers.Dense(2, name="other"), at="flatten")
    assert model.output_names == ["other"]


def test_a_further_head_stands_beside_the_first():
    model = nested()
    x = np.random.default_rng(0).random((6, 8, 8, 3), np.float32)
    (name,) = model.output_names
    wanted = model.predict(x)
    model.freeze()
    model.add_head(["left", "right"], at="flatten", name="side")
    assert model.output_names == [name, "side"]
    assert model.network.output_meanings()["side"].labels == ("left", "right")
    model.compile(optimizer="adam", loss={"side": "sparse_categorical_crossentropy"})
    model.fit(x, np.arange(6) % 2, epochs=3, verbose=0)
    outputs = model.predict(x)
    assert outputs["side"].shape == (6, 2)
    np.testing.assert_array_equal(outputs[name], wanted)
    with pytest.raises(UnknownNameError, match="side"):
        model.add_head(2, at="flatten", name="side")
    with pytest.raises(UnknownLayerError, match="nothing"):
        model.add_head(2, at="nothing", name="other")


def test_heads_that_make_no_sense_are_refused():
    with pytest.raises(UnknownLayerError, match="nothing"):
        nested().replace_head(3, at="nothing")
    with pytest.raises(UnknownLayerError, match="this network itself"):
        nested().replace_head(3, at="base/first")
    for head in ([], ["one", layers.Flatten()], "cats", 2.5):
        with pytest.raises((ShapeError, TypeError)):
            nested().replace_head(head)
    with pytest.raises(ShapeError):
        nested().replace_head(0)
    x = fl.Input((4,))
    several = fl.Model(x, [layers.Dense(2)(x), layers.Dense(3)(x)])
    with pytest.raises(UnknownLayerError, match="one output"):
        several.replace_head(3)


def trunk(*more):
    return fl.Sequential([fl.Input((8, 8, 3)), layers.Conv2D(6, 3, name="last"), *more])


def test_a_trunk_without_a_head_gets_one_on_top():
    model = trunk()
    model.replace_head(2)
    assert [layer.kind for layer in model.layers][-3:] == ["Conv2D", "GlobalAveragePooling2D", "Dense"]
    pooled = trunk(layers.GlobalAveragePooling2D(name="features"))
    pooled.replace_head(["a", "b"], at=pooled.output_names[0])
    assert [layer.name for layer in pooled.layers][-3:] == ["last", "features", "probabilities"]


def test_pooled_places_are_features_or_classes_only_where_something_says_so():
    scored = trunk(layers.GlobalAveragePooling2D(), layers.Activation("softmax"))
    scored.replace_head(2)
    assert not [layer for layer in scored.layers if layer.name == "last"]
    with pytest.raises(UnknownLayerError, match=r'features or classes; .*at="features" puts it on top'):
        trunk(layers.GlobalAveragePooling2D(name="features")).replace_head(2)

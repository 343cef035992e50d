"""Do layers mix images as Keras's do? And do those that choose among others do what they chose?"""

import keras
import numpy as np
import pytest

from evaluate import evaluate_graph
from fanlight import layers
from fanlight.ir.graph import Graph, Input, apply
from fanlight.ir.types import Type
from fanlight.layers.random_policies import ALL, SIMPLE, changed_by
from fanlight.ops import functions as fn
from layers.layer_test import descend
from layers.nearness import error
from layers.test_random_images import SEED, drawn_graph, photos, run, spread

KEY = {"key": np.array([5, 6], "uint32")}


@pytest.mark.parametrize(("name", "config"), [("MixUp", dict(alpha=0.4)), ("CutMix", dict(factor=0.8))])
def test_images_are_mixed_as_in_keras(rng, name, config):
    x, layer = photos(rng), getattr(layers, name)(**config)
    graph = drawn_graph(layer, x.shape)
    found, _ = evaluate_graph(graph, {"x": x}, SEED)
    drawn = {key: value for key, value in found.items() if key != "y"}
    theirs = getattr(keras.layers, name)(**config)
    assert error(found["y"], theirs.transform_images(x, drawn, training=True)) <= 1e-5
    assert sorted(drawn["permutation_order"]) == list(range(8)) and not np.array_equal(found["y"], x)
    layer.name = "it"
    np.testing.assert_array_equal(run(layer, x, training=False), x)
    descend(graph, {"x": x}, SEED, found, {})


def test_weights_and_areas_are_those_of_keras():
    weight = spread("MixUp", dict(alpha=0.4), "mix_weight")  # Beta(a, a): mean 1/2, variance 1 / (8 a + 4)
    assert abs(weight.mean() - 0.5) <= 0.02 and abs(weight.var() - 1 / 7.2) <= 0.01
    area = spread("CutMix", dict(factor=(1, 1)), "batch_masks", (4000, 16, 16, 1)).mean((1, 2, 3))
    assert abs(area.mean() - 0.5) <= 0.03 and abs(area.var() - 1 / 12) <= 0.02


def policy_graph(layer, shape, changed) -> Graph:
    x, key = apply(Input("x", Type("float32", shape))), apply(Input("key", Type("uint32", (2,))))
    return Graph((x, key), {"y": changed(layer, x, key)})


def test_rand_augment_does_what_it_chose(rng):
    x, layer = photos(rng, 2, 5, 6), layers.RandAugment(factor=(0.2, 0.6))

    def step_by_step(layer, x, key):
        for number, k in zip(numbers, range(2), strict=True):
            x = changed_by(layer.choices[ALL[number]], x, fn.random_fold_in(key, k))
        return x

    for seed in range(3):
        given = {"x": x, "key": np.array([seed, 6], "uint32")}
        key = apply(Input("key", Type("uint32", (2,))))
        chosen = Graph((key,), {"y": fn.random_randint(key, (2,), 0, len(ALL))})
        numbers = evaluate_graph(chosen, [given["key"]])[0]["y"]
        graph = policy_graph(layer, x.shape, lambda layer, x, key: layer.varied(x, key))
        found, _ = evaluate_graph(graph, given)
        expected, _ = evaluate_graph(policy_graph(layer, x.shape, step_by_step), given)
        assert error(found["y"], expected["y"]) <= 1e-6
    descend(graph, given, {}, found, {})


@pytest.mark.parametrize("all_ops", [True, False])
def test_aug_mix_mixes_chains(rng, all_ops):
    x, layer = photos(rng, 2, 5, 6), layers.AugMix(num_chains=2, chain_depth=2, all_ops=all_ops)
    names = ALL if all_ops else SIMPLE

    def draws(layer, x, key):
        keys = fn.random_split(key, 7)
        weights, own = fn.random_gamma(keys[4], (2,), 1.0), fn.random_beta(keys[5], (), 1.0, 1.0)
        numbers = fn.random_randint(keys[6], (4,), 0, len(names) + 1)
        return {"keys": keys, "weights": weights / fn.sum(weights), "own": own, "numbers": numbers}

    def step_by_step(layer, x, key):
        total = fn.zeros_like(x)
        for chain in range(2):
            y = x
            for k in (2 * chain, 2 * chain + 1):
                if chosen["numbers"][k] < len(names):
                    y = changed_by(layer.choices[names[chosen["numbers"][k]]], y, fn.random_split(key, 7)[k])
            total = total + float(chosen["weights"][chain]) * y
        own = float(chosen["own"])
        return fn.clip(own * x + (1 - own) * total, 0.0, 255.0)

    key = apply(Input("key", Type("uint32", (2,))))
    chosen, _ = evaluate_graph(Graph((key,), draws(layer, None, key)), KEY)
    graph = policy_graph(layer, x.shape, lambda layer, x, key: layer.varied(x, key))
    found, _ = evaluate_graph(graph, {"x": x} | KEY)
    expected, _ = evaluate_graph(policy_graph(layer, x.shape, step_by_step), {"x": x} | KEY)
    assert error(found["y"], expected["y"]) <= 1e-5
    descend(graph, {"x": x} | KEY, {}, found, {})


@pytest.mark.parametrize("name", ["RandAugment", "AugMix"])
def test_policies_are_those_of_keras(rng, name):
    theirs = getattr(keras.layers, name)(value_range=(0, 1), seed=3)
    layer = getattr(layers, name).from_config(theirs.get_config())
    for kind, ours in layer.choices.items():
        inner = getattr(theirs, keras.src.utils.naming.to_snake_case(kind)).get_config()
        same = type(ours).from_config(inner | {"name": None, "seed": None}).attributes()
        assert ours.attributes() == same | {"trainable": True}, kind
    x = photos(rng)
    layer.name = "it"
    np.testing.assert_array_equal(run(layer, x, training=False), x)

"""Does the page measure as Python does? Sample weights and metrics with state, in the same steps. In Node."""

import numpy as np

import fanlight as fl
from web.browser import run_node

SCRIPT = """
const model = await load();
const plan = { epochs: 2, batchSize: 4, shuffle: false };
const x = Float32Array.from(given.x), y = Int32Array.from(given.y), w = Float32Array.from(given.w);
const refused = await model.evaluate({ x }, y, { sampleWeight: w.slice(1) }).catch((error) => error.name);
const evaluated = await model.evaluate({ x }, y, { sampleWeight: w, batchSize: 4 });
const plain = await model.evaluate({ x }, y);
const history = await model.fit({ x }, y, { ...plan, sampleWeight: w, validationData: [{ x }, y, w] });
const byClass = { ...plan, classWeight: { 0: 3, 1: 0.25 }, validationSplit: 0.4 };
const split = await model.fit({ x }, y, byClass);
const step = await model.trainStep({ x: x.slice(0, 6) }, y.slice(0, 2));
const list = (value) => (value?.length ? [...value].map(list) : value);
const arrays = (logs) => Object.fromEntries(Object.entries(logs).map(([name, value]) => [name, list(value)]));
const found = { evaluated, plain, history, split, step };
return { refused, ...Object.fromEntries(Object.entries(found).map(([name, logs]) => [name, arrays(logs)])) };
"""


def test_weights_and_metrics_with_state(tmp_path, rng):
    model = fl.Sequential([fl.Input((3,), name="x"), fl.layers.Dense(2, activation="softmax")])
    metrics, weighted = ["accuracy", fl.metrics.ConfusionMatrix()], [fl.metrics.ConfusionMatrix(), "accuracy"]
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=metrics, weighted_metrics=weighted)
    x, y = rng.normal(size=(10, 3)).astype("float32"), rng.integers(0, 2, 10)
    weights = rng.random(10).astype("float32")
    folder = model.export(tmp_path / "site", train=True, sample_weight=True)
    given = {"x": x.ravel().tolist(), "y": y.tolist(), "w": weights.tolist()}
    found = run_node(SCRIPT, given, folder)
    assert found["refused"] == "ShapeError"
    same(found["evaluated"], model.evaluate(x, y, 4, sample_weight=weights))
    same(found["plain"], model.evaluate(x, y))
    plan = {"epochs": 2, "batch_size": 4, "shuffle": False, "verbose": 0}
    history = model.fit(x, y, sample_weight=weights, validation_data=(x, y, weights), **plan).history
    same(found["history"], history)
    by_class = {"class_weight": {0: 3.0, 1: 0.25}, "validation_split": 0.4}
    same(found["split"], model.fit(x, y, **by_class, **plan).history)  # those of classes are for training alone
    same(found["step"], model.train_on_batch(x[:2], y[:2]))


def same(page, python):
    assert set(page) == set(python)
    for name, value in python.items():
        np.testing.assert_allclose(np.ravel(page[name]), np.ravel(value), rtol=1e-6, err_msg=name)


def test_a_training_ends_with_the_averages_of_the_weights(tmp_path, rng):
    model = fl.Sequential([fl.Input((3,), name="x"), fl.layers.Dense(2, name="dense")])
    model.compile(fl.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.8, gradient_accumulation_steps=2), "mse")
    x, y = rng.normal(size=(12, 3)).astype("float32"), rng.normal(size=(12, 2)).astype("float32")
    folder = model.export(tmp_path / "site", train=True)
    script = """
    const model = await load({ reproducible: true });
    const plan = { epochs: 2, batchSize: 4, shuffle: false };
    const { loss } = await model.fit(Float32Array.from(given.x), Float32Array.from(given.y), plan);
    return { loss, weights: await model.weights() };"""
    found = run_node(script, {"x": x.ravel().tolist(), "y": y.ravel().tolist()}, folder)
    assert found["loss"] == model.fit(x, y, epochs=2, batch_size=4, shuffle=False, verbose=0).history["loss"]
    for name in ("dense/kernel", "dense/bias"):
        ours = model.weights()[name]
        np.testing.assert_array_equal(np.array(found["weights"][name], "float32").reshape(ours.shape), ours)

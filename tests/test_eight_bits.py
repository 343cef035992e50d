"""Do weights that came in 8 bits stay in 8 bits, without loss, and do all others stay as they are?"""

import numpy as np
import pytest

import fanlight as fl
from fanlight import smaller
from fanlight.bundle.read import read_bundle
from fanlight.server.serve import running
from test_smaller import from_the_bundle, rows, small_network
from web.browser import add_blank_page, visit

RNG = np.random.default_rng(3)
SHAPES = {"depthwise/kernel": (5, 5, 16, 1), "pointwise/kernel": (1, 1, 16, 48)}


@pytest.fixture(autouse=True)
def small_arrays_are_many(monkeypatch):
    monkeypatch.setattr(smaller, "MANY", 300)


def on_a_grid(model, scale):
    """The model with weights as they come out of 8 bits; `scale`: one for all, or one for each of the last axis."""
    for name, shape in SHAPES.items():
        numbers = RNG.integers(0, 256, shape)
        step = np.float32(0.0123) if scale == "one" else RNG.uniform(0.001, 0.1, shape[-1]).astype(np.float32)
        model.set_weights({name: ((numbers - 117) * step).astype(np.float32)})
    return model


@pytest.mark.parametrize("scale", ["one", "each"])
def test_weights_stay_in_the_bits_in_which_they_came(scale, tmp_path):
    model = on_a_grid(small_network(), scale)
    model.export(tmp_path / "site")
    bundle = read_bundle(tmp_path / "site")
    kinds = {name: array.dtype for name, array in bundle.weights().items()}
    fewer = {name for name, dtype in kinds.items() if dtype == "uint8"}
    assert fewer == set(SHAPES)
    loaded = fl.load(tmp_path / "site")
    for name in SHAPES:
        found, wanted = loaded.weights()[name], model.weights()[name]
        assert np.abs(found - wanted).max() <= 2.0**-22 * np.abs(wanted).max()
    x, _ = rows()
    np.testing.assert_allclose(loaded.predict(x), model.predict(x), atol=1e-6)
    np.testing.assert_array_equal(loaded.predict(x), from_the_bundle(tmp_path / "site", {"image": x})["probabilities"])


def test_chromium_predicts_the_same_bits(page, tmp_path):
    x, _ = rows(3)
    on_a_grid(small_network(), "one").export(tmp_path)
    add_blank_page(tmp_path)
    with running(tmp_path) as address:
        script = """const model = await load({ reproducible: true });
        const { passed } = await model.selfTest();
        const { probabilities } = await model.predict(Float32Array.from(given));
        return { passed, bits: Array.from(new Uint32Array(probabilities.buffer)) };"""
        found = visit(page, address)(script, x.reshape(-1).tolist())
    assert found["bits"] == fl.load(tmp_path).predict(x).reshape(-1).view(np.uint32).tolist() and found["passed"]


def test_what_a_page_trains_stays_float32(tmp_path):
    model = on_a_grid(small_network(), "one")
    model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy")
    model.export(tmp_path / "site", train=True)
    assert {array.dtype for array in read_bundle(tmp_path / "site").weights().values()} == {"float32"}


@pytest.mark.parametrize(
    ("what", "array"),
    [
        ("random", RNG.normal(size=(40, 40))),
        ("one number", np.ones((40, 40))),
        ("257 steps", np.arange(2000).reshape(500, 4) % 257 * 0.1),
        ("steps of unequal height", (np.arange(1600).reshape(40, 40) % 200) ** 2.0),
        ("too few", np.arange(100).reshape(10, 10)),
    ],
)
def test_other_arrays_stay_as_they_are(what, array):
    assert smaller.grid_form(array.astype(np.float32), (1,)) is None


def test_steps_that_are_missed():
    numbers = np.array([0, 3, 8, 13, 250])[RNG.integers(0, 5, 400)]
    form, parts = smaller.grid_form((numbers * 0.07 - 3).astype(np.float32).reshape(20, 20), (1,))
    assert form.scale == (1, 1) and parts[""].dtype == np.uint8


def test_packed_weights_are_read_back(tmp_path):
    """Numbers of 8 bits that are worth it are compressed in the folder."""
    x = fl.Input((256,))
    model = fl.Model(x, fl.layers.Dense(400, name="dense")(x))
    bell = np.clip(np.rint(RNG.normal(0, 9, (256, 400))), -100, 100)
    model.set_weights({"dense/kernel": (bell * np.float32(0.01)).astype(np.float32)})
    model.export(tmp_path / "site")
    bundle = read_bundle(tmp_path / "site")
    assert bundle.manifest.weights[0].endswith(".safetensors.gz.bin")
    assert bundle.manifest.files[bundle.manifest.weights[0]].bytes < 0.85 * 256 * 400
    np.testing.assert_allclose(fl.load(tmp_path / "site").weights()["dense/kernel"], bell * 0.01, atol=1e-6)

"""Do quantized and pruned exports predict the same bits in Python and in a page, and leave alone what trains?"""

from pathlib import Path

import numpy as np
import pytest

import fanlight as fl
from fanlight import smaller
from fanlight.bundle.read import read_bundle
from fanlight.bundle.weights import to_safetensors
from fanlight.compiler import compile
from fanlight.content import engine_of
from fanlight.errors import ShapeError, UnknownNameError
from fanlight.loading import read_module
from fanlight.server.serve import running
from web.browser import add_blank_page, visit

layers = fl.layers
WAYS = {
    "int8": {"quantize": "int8"},
    "float16": {"quantize": "float16"},
    "half": {"prune": 0.5},
    "int8, a third": {"quantize": "int8", "prune": 0.66},
    "float16, a third": {"quantize": "float16", "prune": 0.66},
}


@pytest.fixture(autouse=True)
def small_arrays_are_large(monkeypatch):
    """What networks of tests have would all be float16."""
    monkeypatch.setattr(smaller, "LARGE", 300)


def small_network(name="net"):
    """Every kind of kernel whose channels lie differently."""
    x = fl.Input((16, 16, 3), name="image")
    y = layers.Conv2D(16, 3, strides=2, padding="same", use_bias=False, name="stem")(x)
    y = layers.BatchNormalization(name="norm")(y)
    y = layers.ReLU(name="relu")(y)
    y = layers.DepthwiseConv2D(5, padding="same", name="depthwise")(y)
    y = layers.Conv2D(48, 1, name="pointwise")(y)
    y = layers.ReLU(name="relu_again")(y)
    y = layers.GlobalAveragePooling2D(name="pool")(y)
    return fl.Model(x, layers.Dense(10, activation="softmax", name="probabilities")(y), name=name)


def rows(count=8):
    rng = np.random.default_rng(0)
    return rng.random((count, 16, 16, 3), np.float32), rng.integers(0, 10, count)


def from_the_bundle(folder, inputs):
    """What the program of the folder predicts, with the arrays as they are stored."""
    bundle = read_bundle(folder)
    compiled = compile(read_module(bundle))
    engine = engine_of(compiled.program, compiled.code)
    engine.set_state({name: np.asarray(array) for name, array in bundle.weights().items()})
    return engine.call("predict", inputs)


@pytest.mark.parametrize("way", WAYS)
def test_python_reads_the_same_numbers_as_the_page(way, tmp_path):
    model = small_network()
    model.export(tmp_path / "site", **WAYS[way])
    x, _ = rows()
    loaded = fl.load(tmp_path / "site")
    np.testing.assert_array_equal(loaded.predict(x), from_the_bundle(tmp_path / "site", {"image": x})["probabilities"])
    assert np.abs(loaded.predict(x) - model.predict(x)).max() < (0.02 if "prune" in WAYS[way] else 1e-3)
    assert loaded.weights().keys() == model.weights().keys()


def test_chromium_predicts_the_same_bits(page, tmp_path):
    model = small_network()
    x, _ = rows(3)
    for way in (WAYS["int8"], WAYS["float16, a third"]):
        folder = tmp_path / "-".join(map(str, way.values()))
        model.export(folder, **way)
        add_blank_page(folder)
        with running(folder) as address:
            run = visit(page, address)
            script = """const model = await load({ reproducible: true });
            const { passed } = await model.selfTest();
            const { probabilities } = await model.predict(Float32Array.from(given));
            return { passed, bits: Array.from(new Uint32Array(probabilities.buffer)) };"""
            found = run(script, x.reshape(-1).tolist())
        expected = fl.load(folder).predict(x)
        assert found["bits"] == expected.reshape(-1).view(np.uint32).tolist(), way
        assert found["passed"]


def with_new_head():
    model = small_network()
    model.freeze()
    model.replace_head(4)
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def test_a_frozen_int8_trunk_with_a_head_that_trains_is_one_bundle(page, tmp_path, capsys):
    folder = tmp_path / "site"
    x, y = rows(24)
    y = y % 4
    with_new_head().export(folder, train=True, quantize="int8", data=(x, y))
    told = capsys.readouterr().out
    assert "weights:" in told
    assert "largest change of output 'probabilities'" in told
    assert "accuracy:" in told
    stored = {name: array.dtype for name, array in read_bundle(folder).weights().items()}
    assert stored["pointwise/kernel"] == "uint8"
    assert stored["probabilities/kernel"] == "float32"
    model = fl.load(folder)
    trunk = model.weights()["pointwise/kernel"]
    history = model.fit(x, y, epochs=3, batch_size=8, verbose=0).history
    np.testing.assert_array_equal(model.weights()["pointwise/kernel"], trunk)
    add_blank_page(folder)
    with running(folder) as address:
        run = visit(page, address)
        script = """const model = await load({ reproducible: true });
        const x = Float32Array.from(given.x), y = Int32Array.from(given.y);
        await model.fit(x, y, { epochs: 1, batchSize: 8, seed: 5 });
        await model.reset();
        await model.trainStep(x.slice(0, 768), y.slice(0, 1));
        const { probabilities } = await model.predict(x.slice(0, 768));
        await model.reset();
        const reset = await model.weights();
        return { norm: Array.from(reset['norm/moving_variance']), sum: probabilities.reduce((a, b) => a + b) };"""
        found = run(script, {"x": x.reshape(-1).tolist(), "y": y.tolist()})
    assert found["norm"] == fl.load(folder).weights()["norm/moving_variance"].tolist()  # `reset` is for what trains
    assert abs(found["sum"] - 1) < 1e-5
    assert len(history["loss"]) == 3


def test_what_a_page_learnt_comes_back(tmp_path):
    """A page's download holds the trunk as it is stored, and the head that it trained."""
    folder = tmp_path / "site"
    with_new_head().export(folder, train=True, quantize="int8")
    learnt = {name: np.asarray(array) for name, array in read_bundle(folder).weights().items()}
    learnt["probabilities/bias"] = np.arange(4, dtype=np.float32)
    (tmp_path / "learnt.safetensors").write_bytes(to_safetensors(learnt))
    model = fl.load(folder, weights=tmp_path / "learnt.safetensors")
    np.testing.assert_array_equal(model.weights()["probabilities/bias"], learnt["probabilities/bias"])
    np.testing.assert_array_equal(model.weights()["stem/kernel"], fl.load(folder).weights()["stem/kernel"])


def test_scales_are_the_best_of_those_tried():
    rng = np.random.default_rng(3)
    array = rng.standard_t(4, (3, 3, 32, 24)).astype(np.float32)

    def error(scale):
        rounded = np.clip(np.rint(array / scale), -127, 127) * scale
        return np.square(rounded - array).sum(axis=(0, 1, 2))

    found = error(smaller.best_scales(array, (3,)))
    largest = np.abs(array).max(axis=(0, 1, 2), keepdims=True)
    assert (found <= error(smaller.to_bfloat16(largest / np.float32(127))) * 1.0001).all()
    assert found.sum() < error(largest / 127).sum()


def test_half_precision_is_that_of_numpy(tmp_path):
    model = fl.Sequential([fl.Input((32,)), layers.Dense(16, use_bias=False, name="dense")])
    rng = np.random.default_rng(0)
    kernel = (rng.standard_normal((32, 16)) * 10.0 ** rng.integers(-9, 4, (32, 16))).astype(np.float32)  # subnormal too
    kernel[0, :3] = 0, 65504, -65504
    model.set_weights({"dense/kernel": kernel})
    model.export(tmp_path / "site", quantize="float16")
    found = from_the_bundle(tmp_path / "site", {"input_layer": np.eye(32, dtype=np.float32)})
    np.testing.assert_array_equal(next(iter(found.values())), kernel.astype(np.float16).astype(np.float32))


def test_pruning_takes_the_smallest(tmp_path):
    model = small_network()
    before = model.weights()["pointwise/kernel"]
    model.export(tmp_path / "site", prune=0.75)
    after = fl.load(tmp_path / "site").weights()["pointwise/kernel"]
    assert (after != 0).sum() == before.size // 4
    np.testing.assert_array_equal(after[after != 0], before[after != 0])
    assert np.abs(before[after == 0]).max() <= np.abs(before[after != 0]).min()
    np.testing.assert_array_equal(model.weights()["pointwise/kernel"], before)


@pytest.mark.parametrize(
    "options", [{"quantize": "int4"}, {"prune": 1}, {"prune": -0.1}, {"prune": "half"}, {"prune": True}]
)
def test_nonsense_is_refused(options, tmp_path):
    with pytest.raises((ShapeError, UnknownNameError)):
        small_network().export(tmp_path / "site", **options)
    assert not (tmp_path / "site").exists()


def affine(array):
    """TensorFlow.js's weights in 8 bits: whole numbers from 0 to 255 times (max - min) / 255, plus min; of all weights,
    a scale for each (tensorflowjs_converter --quantize_uint8)."""
    low, high = array.min(), array.max()
    scale = (high - low) / 255 or np.float32(1)
    return (np.rint((array - low) / scale) * scale + low).astype(np.float32)


def stored_arrays(arrays, monkeypatch):
    """How a Keras model's weights are stored, and what comes back, by path."""
    monkeypatch.setattr(smaller, "LARGE", 20_000)
    stored, back = {}, {}
    for name, array in arrays.items():
        last = max(array.ndim - 1, 0)
        axes = (last - 1, last) if "depthwise" in name else (last,)
        found = smaller.stored_form(array, "int8", 0.0, axes) if array.size >= smaller.FEWEST else None
        form, parts = found or (None, {"": array})
        stored |= {name + suffix: part for suffix, part in parts.items()}
        named = {name + suffix: part for suffix, part in parts.items()}
        back[name] = array if form is None else smaller.expanded_array(named, name, form)
    return stored, back


def test_a_mobilenetv2_takes_no_more_than_27_percent(monkeypatch):
    keras = pytest.importorskip("keras", reason="Keras is not installed")
    model = keras.applications.MobileNetV2(weights=None)
    arrays = {weight.path: np.asarray(weight.numpy()) for weight in model.weights}
    stored, back = stored_arrays(arrays, monkeypatch)
    share = len(to_safetensors(stored)) / len(to_safetensors(arrays))
    print(f"MobileNetV2: {share:.4f} of float32")
    assert share <= 0.27
    for name, array in arrays.items():
        assert np.abs(back[name] - array).mean() <= np.abs(array).max() / 256, name


@pytest.mark.full
@pytest.mark.parametrize("file", ["vww_96.h5", "emotion_mini_xception.hdf5"])
def test_outputs_move_a_fifth_as_far_as_with_tensorflow_js(file, monkeypatch):
    keras = pytest.importorskip("keras", reason="Keras is not installed")
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    shared = Path(__file__).parents[2] / "shared" / "data"
    if not shared.is_dir():
        pytest.skip("no models beside the project")

    class Depthwise(keras.layers.DepthwiseConv2D):  # Keras 3 does not know an attribute that Keras 2 wrote
        def __init__(self, groups=1, **options):
            super().__init__(**options)

    objects = {"DepthwiseConv2D": Depthwise}
    model = keras.models.load_model(shared / "models" / file, compile=False, custom_objects=objects)
    height, width, channels = model.input_shape[1:]
    pictures = []
    for path in sorted((shared / "images").iterdir()):
        picture = image.open(path).convert("RGB")
        for left, top in ((0, 0), (0.2, 0.1), (0.3, 0.3)):
            part = (left, top, left + 0.6, top + 0.6)
            cut = picture.crop(tuple(int(a * b) for a, b in zip(part, picture.size * 2, strict=True)))
            pictures.append(np.asarray(cut.resize((width, height)), np.float32) / 255)
    x = np.stack(pictures)
    x = x if channels == 3 else x.mean(-1, keepdims=True) * 2 - 1
    arrays = {weight.path: weight.numpy() for weight in model.weights}

    def predicted(changed):
        for weight in model.weights:
            weight.assign(changed[weight.path])
        return model.predict(x, verbose=0, batch_size=len(x))

    exact = predicted(arrays)
    theirs = np.abs(predicted({name: affine(array) for name, array in arrays.items()}) - exact)
    ours = np.abs(predicted(stored_arrays(arrays, monkeypatch)[1]) - exact)
    told = [f"{each.max():.5f} (mean {each.mean():.6f})" for each in (theirs, ours)]
    print(f"{file}: outputs move by {told[0]} in TensorFlow.js, by {told[1]} here")
    assert ours.max() <= theirs.max() / 5
    assert ours.mean() <= theirs.mean() / 5

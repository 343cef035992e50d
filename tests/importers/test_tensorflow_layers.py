"""Do models of layers that TensorFlow.js saved give what it computes from them, and train on from where it stopped?"""

import base64
import json
from pathlib import Path

import numpy as np
import pytest

import fanlight as fl
from fanlight.errors import ModelFormatError, UnsupportedOp
from importers.in_chromium import answers

FOLDER = Path(__file__).parent / "tensorflow" / "layers"
EXPECTED = json.loads((FOLDER / "expected.json").read_text())
TOLERANCE = 1e-4


def array(record):
    return np.frombuffer(base64.b64decode(record["data"]), "<f4").reshape(record["shape"])


def arguments(model, name):
    dtypes = [symbol.dtype for symbol in model.network.inputs]
    arrays = [array(each) for each in EXPECTED[name]["inputs"]]
    return [each.astype(dtype) for each, dtype in zip(arrays, dtypes, strict=True)]


def results(model, name):
    xs = arguments(model, name)
    found = model.predict(xs if len(xs) > 1 else xs[0])
    return [*found.values()] if isinstance(found, dict) else [*found] if isinstance(found, list | tuple) else [found]


def check(found, name):
    expected = [array(each) for each in EXPECTED[name]["outputs"]]
    assert [each.shape for each in found] == [each.shape for each in expected]
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, atol=TOLERANCE, rtol=TOLERANCE, err_msg=name)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_layers_give_what_tensorflow_js_gives(name):
    check(results(fl.load(FOLDER / name), name), name)


@pytest.mark.parametrize("names", [["gated", "upwards"], pytest.param(sorted(EXPECTED), marks=pytest.mark.full)])
def test_layers_give_the_same_in_chromium(names, browser, tmp_path):
    for name in names:
        model = fl.load(FOLDER / name)
        check(answers(browser, model, arguments(model, name), tmp_path / name), name)


def trained_weights(model):
    return [array for name, array in model.weights().items() if name in model.network.weight_table()]


@pytest.mark.parametrize("name", ["trained_adam", "trained_rmsprop", "trained_sgd"])
def test_training_goes_on_where_it_stopped(name):
    model = fl.load(FOLDER / name)
    step = EXPECTED[name]["step"]
    assert model.train_on_batch(array(step["x"]), array(step["y"]))["loss"] == pytest.approx(step["loss"], abs=1e-5)
    for found, expected in zip(trained_weights(model), step["weights"], strict=True):
        np.testing.assert_allclose(found, array(expected), atol=1e-5)


@pytest.mark.parametrize("name", ["recurrent", "upwards"])
def test_what_keras_3_computes_otherwise_is_saved_here_and_not_as_keras(name, tmp_path):
    model = fl.load(FOLDER / name)
    model.save(tmp_path / "site")
    check(results(fl.load(tmp_path / "site"), name), name)
    with pytest.raises(UnsupportedOp, match=r"hard_sigmoid_2|CornerUpSampling2D"):
        model.save(tmp_path / "model.keras")


def test_a_state_of_other_weights_is_told(tmp_path):
    said = json.loads((FOLDER / "trained_adam" / "model.json").read_text())
    for weight in said["weightsManifest"][0]["weights"]:
        if weight["name"].endswith("/m"):
            weight["name"] += "_1"
    (tmp_path / "model.json").write_text(json.dumps(said))
    (tmp_path / "weights.bin").write_bytes((FOLDER / "trained_adam" / "weights.bin").read_bytes())
    with pytest.warns(UserWarning, match="the optimizer begins anew"):
        check(results(fl.load(tmp_path), "trained_adam"), "trained_adam")


def test_a_multiplier_that_tensorflow_js_forgot_to_save_is_told(tmp_path):
    """Its SeparableConv2D does not write `depth_multiplier`; it cannot open such a file either."""
    said = json.loads((FOLDER / "depthwise" / "model.json").read_text())
    weights = said["weightsManifest"][0]["weights"]
    kernel = next(each for each in weights if each["name"].endswith("depthwise_kernel") and each["shape"][2] == 3)
    kernel["shape"][3] = 2
    data = (FOLDER / "depthwise" / "weights.bin").read_bytes()
    (tmp_path / "weights.bin").write_bytes(data + bytes(4 * 27))
    (tmp_path / "model.json").write_text(json.dumps(said))
    with pytest.raises(ModelFormatError, match=r"expected shape \[3, 3, 3, 1\] for .*got \[3, 3, 3, 2\]"):
        fl.load(tmp_path)

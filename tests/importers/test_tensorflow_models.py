"""Do SavedModels and frozen graphs of every kind give what TensorFlow gives, in Python and in Chromium?"""

import zipfile
from pathlib import Path

import numpy as np
import pytest

import fanlight as fl
from fanlight.errors import UnsupportedOp
from importers.in_chromium import answers

FOLDER = Path(__file__).parent / "tensorflow" / "models"
NAMES = sorted(path.stem for path in FOLDER.glob("*.npz"))
SHORT = ["channels_first", "conditions", "keras_recurrent", "learning_phase", "lookups", "pictures", "products"]
TOLERANCE = 1e-4


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    """The path of a case's file."""
    place = tmp_path_factory.mktemp("models")

    def path(name):
        if (FOLDER / f"{name}.pb").is_file():
            return FOLDER / f"{name}.pb"
        if not (place / name).exists():
            with zipfile.ZipFile(FOLDER / f"{name}.zip") as archive:
                archive.extractall(place / name)
        return place / name

    return path


def arrays(name, side):
    with np.load(FOLDER / f"{name}.npz") as found:
        return {key[2:]: found[key] for key in found.files if key.startswith(f"{side}/")}


def loaded(name, path):
    """The model; open axes but that of rows are as long as in the case."""
    signature = name.partition("_")[2] if name.startswith("module_") else None
    return fl.load(path, signature=signature, dims={"x_1": 5} if name == "module_rows" else None)


def given(model, name):
    """The inputs in the model's order, in the dtype that it takes."""
    xs = arrays(name, "x")
    return [xs[symbol.layer.name].astype(symbol.dtype) for symbol in model.network.inputs]


def check(found, name):
    expected = arrays(name, "y")
    assert found.keys() == expected.keys()
    for key, y in expected.items():
        np.testing.assert_allclose(found[key], y, atol=TOLERANCE, rtol=TOLERANCE, err_msg=f"{name}, {key}")


def named(model, found):
    return dict(zip(model.network.output_names, found, strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_it_gives_what_tensorflow_gives(name, unpacked):
    model = loaded(name, unpacked(name))
    xs = given(model, name)
    found = model.predict(xs if len(xs) > 1 else xs[0])
    check(found if isinstance(found, dict) else named(model, [found]), name)


def test_gradients_through_loops_are_those_of_tensorflow(unpacked):
    """Read off a step of plain descent."""
    model = fl.load(unpacked("keras_loops"))
    with np.load(FOLDER / "keras_loops.npz") as found:
        x, target = found["x/x"], found["target"]
        slopes = {key[2:]: found[key] for key in found.files if key.startswith("g/")}
    before = model.weights()
    assert slopes.keys() == model.network.weight_table().keys()
    model.compile(fl.optimizers.SGD(1.0), "mean_squared_error")
    model.train_on_batch(x, target)
    after = model.weights()
    for name, slope in slopes.items():
        np.testing.assert_allclose(before[name] - after[name], slope, rtol=1e-3, atol=1e-5, err_msg=name)


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("rounds", "by numbers that constants tell, .*; make the list as long as it becomes, with dynamic_size=False"),
        ("growth", "where a list grows, got as many as the data say"),
        ("sides", r"lists of one length.*, got a list of 4 items f32\[4\] and a list of 3 items f32\[4\]"),
    ],
)
def test_lists_as_long_as_the_data_say_are_refused(name, word):
    with pytest.raises(UnsupportedOp, match=word):
        fl.load(FOLDER / f"refused_{name}.pb")


@pytest.mark.parametrize(("name", "word"), [("keras_loops", "gru"), ("keras_attention", "dense")])
def test_a_part_of_a_graph_is_trained(name, word, unpacked):
    """What the head reads is cut off in the middle of shapes, steps before rows, and loops."""
    model = fl.load(unpacked(name))
    (x,) = given(model, name)
    wanted = np.zeros_like(model.predict(x))
    model.freeze()
    for layer in model.layers:
        layer.trainable = word in layer.name
    model.compile("sgd", "mean_squared_error")
    before = model.weights()
    losses = model.fit(x, wanted, epochs=3, batch_size=len(x), verbose=0).history["loss"]
    changed = [key for key, each in model.weights().items() if not np.array_equal(each, before[key])]
    assert losses[-1] < losses[0]
    assert all(word in key for key in changed if key in model.network.weight_table())


@pytest.mark.parametrize("names", [SHORT, pytest.param(NAMES, marks=pytest.mark.full)])
def test_it_gives_the_same_in_chromium(names, browser, unpacked, tmp_path):
    for name in names:
        model = loaded(name, unpacked(name))
        check(named(model, answers(browser, model, given(model, name), tmp_path / name)), name)

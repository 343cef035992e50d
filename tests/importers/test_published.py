"""Are models that people published what Keras says they are? Files of Keras 2.0 and 2.4, in Python and in a page."""

import warnings
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import fanlight as fl
from fanlight.server.serve import running
from layers.nearness import error
from web.browser import add_blank_page, visit

FOLDER = Path(__file__).parents[3] / "shared" / "data" / "models"
FILES = ("emotion_mini_xception.hdf5", "vww_96.h5", "hand_keypoint_classifier.hdf5")


class DepthwiseConv2D(keras.layers.DepthwiseConv2D):
    """Keras 2.4 wrote `groups`, which Keras 3 does not take back."""

    def __init__(self, *args, groups=1, **options):
        super().__init__(*args, **options)


def published(name: str) -> Path:
    if not (FOLDER / name).is_file():
        pytest.skip(f"shared/data/models/{name} is not beside the repository")
    return FOLDER / name


def loaded(path: Path):
    with warnings.catch_warnings():  # what an optimizer of Keras 2 remembers is not always to be used
        warnings.simplefilter("ignore", UserWarning)
        return fl.load(path)


def theirs(path: Path) -> Any:
    return keras.saving.load_model(path, compile=False, custom_objects={"DepthwiseConv2D": DepthwiseConv2D})


def pictures(model, count: int = 3) -> np.ndarray:
    return np.random.default_rng(7).uniform(0, 1, (count, *model.network.inputs[0].shape[1:])).astype("float32")


@pytest.mark.parametrize("name", FILES)
def test_the_same_outputs_as_keras(name):
    path = published(name)
    model = loaded(path)
    x = pictures(model)
    assert error(model.predict(x), theirs(path).predict(x, verbose=0)) <= 1e-5


@pytest.mark.full
@pytest.mark.parametrize("name", FILES)
def test_the_same_outputs_as_keras_in_a_page(name, page, tmp_path):
    path = published(name)
    model = loaded(path)
    x = pictures(model)
    model.export(tmp_path / "site")
    add_blank_page(tmp_path / "site")
    script = "const model = await load(); const y = await model.predict(Float32Array.from(given));"
    script += "return Array.from(Object.values(y)[0])"
    with running(tmp_path / "site") as address:
        found = visit(page, address)(script, x.ravel().tolist())
    expected = theirs(path).predict(x, verbose=0)
    assert error(np.reshape(found, expected.shape), expected) <= 1e-5

"""Are models that people published what Keras says they are? Files of Keras 2.0 and 2.4."""

import warnings
from pathlib import Path

import keras
import numpy as np
import pytest

import fanlight as fl
from layers.layer_test import error

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


def pictures(model, count: int = 3) -> np.ndarray:
    return np.random.default_rng(7).uniform(0, 1, (count, *model.network.inputs[0].shape[1:])).astype("float32")


@pytest.mark.parametrize("name", FILES)
def test_the_same_outputs_as_keras(name):
    path = published(name)
    model = loaded(path)
    theirs = keras.saving.load_model(path, compile=False, custom_objects={"DepthwiseConv2D": DepthwiseConv2D})
    x = pictures(model)
    assert error(model.predict(x), theirs.predict(x, verbose=0)) <= 1e-5

"""Does a detector that was made for TensorFlow.js see what it sees there? Boxes and scores on photos of hands."""

import json
from pathlib import Path

import numpy as np
import pytest

import fanlight as fl
from fanlight.compiler import compile
from fanlight.ir.kernel import Kernel
from importers.handtrack_golden import DATA, GOLDEN, OUTPUTS, photo

FOLDER = DATA / "models" / "handtrack_ssd320_int8"
SIDE = {"input_tensor_1": 320, "input_tensor_2": 320}


@pytest.fixture(scope="module")
def detector():
    if not FOLDER.is_dir():
        pytest.skip("shared/data/models/handtrack_ssd320_int8 is not beside the repository")
    return fl.load(FOLDER / "model.json", outputs=OUTPUTS, dims=SIDE)


@pytest.mark.full
def test_hands_are_where_tensorflow_js_sees_them(detector):
    golden = json.loads(Path(GOLDEN).read_text())
    assert len(golden) == 4
    for name, expected in golden.items():
        scores, boxes = detector.predict(photo(DATA / "images" / name)).values()
        assert scores.shape == (1, 12804, 7) and boxes.shape == (1, 12804, 1, 4)
        at = np.array(expected["at"])
        np.testing.assert_allclose(scores.ravel()[at], expected["scores"], atol=1e-4)
        np.testing.assert_allclose(boxes.reshape(-1, 4)[at // 7], expected["boxes"], atol=1e-4)
        assert sorted(np.argsort(-scores.ravel(), kind="stable")[:12]) == sorted(at)


@pytest.mark.full
def test_the_loop_of_one_round_is_gone(detector):
    """The graph has a loop over the pictures of a batch, which is one."""
    steps = compile(detector.module()).program.procedures["predict"].kernels
    assert steps and all(isinstance(step, Kernel) for step in steps)

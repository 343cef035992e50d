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
def test_its_class_head_learns_another_class():
    """The trunk and the boxes stay: what the model finds in photos is to be called "pinch tip" from now on."""
    if not FOLDER.is_dir():
        pytest.skip("shared/data/models/handtrack_ssd320_int8 is not beside the repository")
    model = fl.load(FOLDER / "model.json", outputs=OUTPUTS[:1], dims=SIDE)
    photos = np.concatenate([photo(path) for path in sorted((DATA / "images").glob("hand_*.jpg"))])
    scores = np.concatenate([model.predict(photos[k : k + 1]) for k in range(len(photos))])
    wanted = np.zeros_like(scores)
    wanted[..., 6] = scores.max(-1) > 0.3

    model.freeze()
    for layer in model.layers:
        if "ClassPredictor" in layer.name:
            layer.trainable = True
    model.compile(fl.optimizers.Adam(0.002), "binary_crossentropy")
    before = model.weights()
    losses = model.fit(photos, wanted, epochs=12, batch_size=1, verbose=0).history["loss"]
    after = model.weights()

    assert losses[-1] < losses[0] / 2
    changed = [name for name in model.network.weight_table() if not np.array_equal(before[name], after[name])]
    assert changed and all("ClassPredictor" in name for name in changed)
    best = scores[0].max(-1).argmax()
    assert scores[0, best].argmax() != 6 and model.predict(photos[:1])[0, best].argmax() == 6


@pytest.mark.full
def test_the_loop_of_one_round_is_gone(detector):
    """The graph has a loop over the pictures of a batch, which is one."""
    steps = compile(detector.module()).program.procedures["predict"].kernels
    assert steps and all(isinstance(step, Kernel) for step in steps)

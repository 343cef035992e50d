"""How long does a training step of a small convolutional network take, beside TensorFlow.js?

The network of the TensorFlow.js MNIST tutorial, batches of 64 and Adam, on the handwritten digits that come with
Fanlight, enlarged to 28x28. Both sides begin with the same weights and get the same batches; the page compares the
first losses, then times both in turn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from chromium import SOFTWARE_GPU, peak_files, run_page, staged
from peers import tensorflow_files, tensorflow_version
from report import Report, Row

import fanlight as fl

HERE = Path(__file__).parent
BATCH, BATCHES = 64, 8
WANTED = 1 / 40
TITLE = f"a training step of the tutorial's network, batch {BATCH}"

# Multiply-adds of one image: two convolutions (5x5 from 28x28x1 and from 12x12x8) and the dense layer, forward and for
# the weights' gradients; and for the inputs' gradients of all but the first. Direct algorithm.
FIRST, SECOND, DENSE = 24 * 24 * 8 * 25, 8 * 8 * 16 * 200, 256 * 10
FLOPS = 2 * BATCH * (2 * FIRST + 3 * SECOND + 3 * DENSE)


def network() -> fl.Model:
    """The tutorial's network, ready to be exported."""
    model = fl.Sequential(
        [
            fl.Input((28, 28, 1), name="image"),
            fl.layers.Conv2D(8, 5, activation="relu", name="conv1"),
            fl.layers.MaxPooling2D(),
            fl.layers.Conv2D(16, 5, activation="relu", name="conv2"),
            fl.layers.MaxPooling2D(),
            fl.layers.Flatten(),
            fl.layers.Dense(10, activation="softmax", name="dense"),
        ],
        name="tutorial",
    )
    model.compile(optimizer="adam", loss="categorical_crossentropy")
    return model


def batches() -> tuple[np.ndarray, np.ndarray]:
    """Images and one-hot targets: each pixel of a digit becomes 3x3, with a margin of 2."""
    (x, y), _ = fl.datasets.digits()
    chosen = np.random.default_rng(0).permutation(len(x))[: BATCH * BATCHES]
    large = np.kron(x[chosen, :, :, 0] / np.float32(16), np.ones((3, 3), np.float32))
    images = np.pad(large, ((0, 0), (2, 2), (2, 2))).astype(np.float32)
    return images[..., None], np.eye(10, dtype=np.float32)[y[chosen]]


def measure(quick: bool) -> Report:
    """Builds, stages, runs the page and says what came out."""
    settings = {"rounds": 3 if quick else 25, "batch": BATCH, "slice": 40 if quick else 150}
    images, targets = batches()
    data = {"images.f32": images.tobytes(), "targets.f32": targets.tobytes(), **peak_files(), **tensorflow_files()}
    model = network()
    model.train_on_batch(images[:BATCH], targets[:BATCH])  # the export takes batches as large
    model.reset()
    with staged([HERE.parent / "measure.js", HERE / "training.html", HERE / "training.js"], data) as folder:
        model.export(folder / "site", train=True)
        result, browser = run_page(folder, "training.html", settings, SOFTWARE_GPU)
    times = result["milliseconds"]
    peers = {name: time for name, time in times.items() if name.startswith("TensorFlow.js")}
    if not peers:
        raise SystemExit(f"no backend of TensorFlow.js can do this step: {result['unable']}")
    best = min(peers, key=peers.__getitem__)
    rows = [
        Row("exported function", times["Fanlight, function"], peers[best], best, "ms", WANTED),
        Row("runtime's trainStep()", times["Fanlight, runtime"], peers[best], best, "ms", WANTED),
    ]
    speed = FLOPS / times["Fanlight, function"] / 1e6
    notes = [
        f"{FLOPS / 1e6:.0f} MFLOP a step: {speed:.1f} GFLOP/s, {100 * speed / result['peak']:.0f} % of the peak, "
        f"{result['peak']:.1f}; code: {result['variant']}",
        *(f"{name}: {time:.0f} ms" for name, time in peers.items() if name != best),
        *(f"{name}: {reason}" for name, reason in result["unable"].items()),
    ]
    details = {"tensorflow.js": tensorflow_version(), "flops": FLOPS, **result}
    return Report("training", TITLE, rows, notes, settings, details, browser)

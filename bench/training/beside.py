"""How long does a training step take, beside TensorFlow.js? What the measurements of single networks share.

In: a compiled model, arrays for its batches, the page that says the same network in TensorFlow.js's words. Out: a
report. Knows no network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from chromium import SOFTWARE_GPU, peak_files, run_page, staged
from peers import tensorflow_files, tensorflow_version
from report import Report, Row

import fanlight as fl

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Training:
    """One network to train: `page` is the name of its files here, `flops` what a step computes, `wanted` the largest
    ratio to TensorFlow.js's best backend."""

    page: str
    title: str
    model: fl.Model
    inputs: np.ndarray
    targets: np.ndarray
    batch: int
    flops: int
    wanted: float


def beside_tensorflow(training: Training, quick: bool) -> Report:
    """Stages, runs the page and says what came out."""
    batch = training.batch
    settings = {"rounds": 3 if quick else 25, "batch": batch, "slice": 40 if quick else 150}
    arrays = {"inputs.f32": training.inputs.tobytes(), "targets.f32": training.targets.tobytes()}
    training.model.train_on_batch(training.inputs[:batch], training.targets[:batch])  # so that the export takes as many
    training.model.reset()
    names = ("beside.js", f"{training.page}.js", f"{training.page}.html")
    files = [HERE.parent / "measure.js", *(HERE / name for name in names)]
    with staged(files, arrays | peak_files() | tensorflow_files()) as folder:
        training.model.export(folder / "site", train=True)
        result, browser = run_page(folder, f"{training.page}.html", settings, SOFTWARE_GPU)
    times = result["milliseconds"]
    peers = {name: time for name, time in times.items() if name.startswith("TensorFlow.js")}
    if not peers:
        raise SystemExit(f"no backend of TensorFlow.js can do this step: {result['unable']}")
    best = min(peers, key=peers.__getitem__)
    rows = [
        Row("exported function", times["Fanlight, function"], peers[best], best, "ms", training.wanted),
        Row("runtime's trainStep()", times["Fanlight, runtime"], peers[best], best, "ms", training.wanted),
    ]
    speed = training.flops / times["Fanlight, function"] / 1e6
    notes = [
        f"{training.flops / 1e6:.0f} MFLOP a step: {speed:.1f} GFLOP/s, {100 * speed / result['peak']:.0f} % of the "
        f"peak, {result['peak']:.1f}; code: {result['variant']}",
        *(f"{name}: {time:.0f} ms" for name, time in peers.items() if name != best),
        *(f"{name}: {reason}" for name, reason in result["unable"].items()),
    ]
    details = {"tensorflow.js": tensorflow_version(), "flops": training.flops, **result}
    return Report(training.page, training.title, rows, notes, settings, details, browser, "training")

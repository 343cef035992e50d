"""How long does one synchronous prediction of a tiny network take, warm, beside TensorFlow.js?

A 4-10-3 classifier such as iris needs. The page compares the outputs of all sides, then times them in turn. Fanlight's
time includes writing the input and copying the output; that of TensorFlow.js begins with a tensor that is there."""

from __future__ import annotations

from pathlib import Path

from chromium import run_page, staged
from peers import tensorflow_files, tensorflow_version
from report import Report, Row

import fanlight as fl

HERE = Path(__file__).parent
WANTED = 1 / 10
TITLE = "a synchronous prediction of a 4-10-3 network, warm"


def network() -> fl.Model:
    """The classifier, with the weights that its initializers give."""
    layers = [
        fl.Input((4,), name="x"),
        fl.layers.Dense(10, activation="relu", name="hidden"),
        fl.layers.Dense(3, activation="softmax", name="probabilities"),
    ]
    return fl.Sequential(layers, name="tiny")


def measure(quick: bool) -> Report:
    """Builds, stages, runs the page and says what came out."""
    settings = {"rounds": 5 if quick else 41, "slice": 10 if quick else 50}
    files = [HERE.parent / "measure.js", HERE / "latency.html", HERE / "latency.js"]
    with staged(files, tensorflow_files()) as folder:
        network().export(folder / "site")
        result, browser = run_page(folder, "latency.html", settings)
    times = {name: time * 1000 for name, time in result["milliseconds"].items()}
    peers = {name: time for name, time in times.items() if name.startswith("TensorFlow.js")}
    usual = min((name for name in peers if not name.endswith("by hand")), key=peers.__getitem__)
    best = min(peers, key=peers.__getitem__)
    forms = {"runtime's predictSync()": times["Fanlight, runtime"], "exported function": times["Fanlight, function"]}
    rows = [Row(form, time, peers[usual], usual, "µs", WANTED) for form, time in forms.items()]
    if best != usual:
        rows += [Row(form, time, peers[best], best, "µs") for form, time in forms.items()]
    notes = [f"{name}: {time:.1f} µs" for name, time in peers.items() if name not in (usual, best)]
    return Report("latency", TITLE, rows, notes, settings, {"tensorflow.js": tensorflow_version(), **result}, browser)

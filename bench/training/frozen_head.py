"""How much does a frozen trunk save? A step of a head on a frozen MobileNetV2, beside a step that trains every weight.

Both are Fanlight's, in one page: the network of keras.applications with random weights, 5 classes, Adam. With a frozen
trunk `fit` stores features in its first epoch, and trains the head on these from the second on."""

from __future__ import annotations

import os
from pathlib import Path

from chromium import run_page, staged
from report import Report, Row

import fanlight as fl

HERE = Path(__file__).parent
SIDE, CLASSES, BATCH, ROWS = 96, 5, 16, 64
WANTED = 1 / 20
TITLE = f"a head on a frozen MobileNetV2, pictures of {SIDE}x{SIDE}, batch {BATCH}"


def network(is_frozen: bool) -> fl.Model:
    """MobileNetV2 with another head, ready to be exported."""
    os.environ.setdefault("KERAS_BACKEND", "jax")
    import keras

    keras.utils.set_random_seed(0)
    trunk = keras.applications.MobileNetV2((SIDE, SIDE, 3), include_top=False, weights=None, pooling="avg")
    outputs = keras.layers.Dense(CLASSES, activation="softmax")(trunk.output)
    model = fl.from_keras(keras.Model(trunk.input, outputs))
    if is_frozen:
        model.freeze()
    model.replace_head(CLASSES)
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    return model


def measure(quick: bool) -> Report:
    """Exports both, runs the page and says what came out."""
    settings = {"rounds": 1 if quick else 7, "rows": ROWS, "batch": BATCH, "side": SIDE, "classes": CLASSES}
    names = ("frozen_head.js", "frozen_head.html")
    with staged([HERE.parent / "measure.js", *(HERE / name for name in names)], {}) as folder:
        network(is_frozen=True).export(folder / "frozen", train=True)
        network(is_frozen=False).export(folder / "whole", train=True)
        result, browser = run_page(folder, "frozen_head.html", settings)
    step = result["step"]
    rows = [
        Row("from the second epoch on", step["later"], step["whole"], "every weight is trained", "ms", WANTED),
        Row("first epoch, storing features", step["first"], step["whole"], "every weight is trained", "ms"),
    ]
    notes = [f"code: {result['variant']}; one thread; the runtime's fit, its way to the worker included"]
    return Report("frozen_head", TITLE, rows, notes, settings, result, browser, "training")

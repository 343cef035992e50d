"""What does `fanlight demo` show? Trains a digits network, exports its page, and serves it, or tries it in a browser.

In: a port, a folder. Out: a page at an address. The same code is a user's example: see examples/digits."""

from __future__ import annotations

import json
import math
import os
import tempfile
import webbrowser
from pathlib import Path
from typing import Any

import click
import numpy as np

import fanlight as fl
from fanlight.model import Model

EPOCHS = 40
LEARNING_RATE = 0.004
FINAL_EPOCHS, FINAL_RATE = 12, 0.0006  # the last epochs take smaller steps
SPARE = 6  # symbols that a visitor can add
NAME = "digits"
SHOWN = (3, 5, 8)  # of these the page offers a drawing

LICENSE = "Digits: CC BY 4.0; network: Apache-2.0"
CITATION = (
    "E. Alpaydin, C. Kaynak: Optical Recognition of Handwritten Digits. UCI Machine Learning Repository, 1998, "
    "doi:10.24432/C50P49"
)
TEXT = (
    "A small neural network, written in Python and trained on 1,437 handwritten digits, now runs in this page. Draw, "
    "teach it a sign of your own, or make it forget all and learn again. It works on your device alone."
)


def digits_model(seed: int = 0) -> Model:
    """A CNN of 7,284 parameters for 8 by 8 digits, with augmentation, room for new classes, and pads as raw input."""
    layers: Any = fl.layers
    labels = fl.Classes(fl.datasets.DIGITS_LABELS, spare=SPARE)
    model = fl.Sequential(
        [
            fl.Input(fl.Drawing(8, 8), name="drawing"),
            layers.Rescaling(1 / 16),
            layers.RandomAffine(rotation=0.2 / (2 * math.pi), zoom=0.15, translation=0.5 / 8, shear=0.1),
            layers.RandomStroke(0.5),
            layers.Conv2D(12, 3, padding="same", activation="relu"),
            layers.Conv2D(12, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.Flatten(),
            layers.Dense(10 + SPARE),
            layers.ClassMask(labels),
            layers.Softmax(name="digit"),
        ],
        name=NAME,
    )
    model.seed = seed
    model.compile(
        optimizer=fl.optimizers.Adam(LEARNING_RATE), loss="sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model


def train(model: Model, verbose: int | str = "auto") -> float:
    """Trains on the digits; returns the accuracy on those held out."""
    (x, y), (x_test, y_test) = fl.datasets.digits()

    def on_epoch_end(epoch: int, logs: dict[str, float]) -> None:
        if epoch == EPOCHS - FINAL_EPOCHS - 1:
            model.set_weights({"optimizer/learning_rate": np.float32(FINAL_RATE)})

    model.fit(x, y, epochs=EPOCHS, batch_size=32, verbose=verbose, on_epoch_end=on_epoch_end)
    model.set_weights({"optimizer/learning_rate": np.float32(LEARNING_RATE)})  # as the page begins again with
    return model.evaluate(x_test, y_test)["accuracy"]


def digits_page() -> fl.Page:
    """What the page shows, and the digits that travel with it."""
    (x, y), (x_test, y_test) = fl.datasets.digits()
    data = {"train": (x, y.astype(np.uint8)), "test": (x_test, y_test.astype(np.uint8))}
    drawings = fl.datasets.drawings()
    shown = [next(each for each in drawings if each["label"] == label and each["hand"] != "school") for label in SHOWN]
    examples = [{"name": str(each["label"]), "strokes": each["strokes"], "size": each["size"]} for each in shown]
    return fl.Page(title="Handwritten digits", text=TEXT, data=data, examples=examples, epochs=40)


def export_demo(directory: Path, verbose: int | str = "auto") -> tuple[Model, float]:
    """Trains, and writes the demo's folder with the one-file form in it; returns the model and its accuracy."""
    model = digits_model()
    accuracy = train(model, verbose)
    model.export(directory, train=True, page=digits_page(), onefile=True, license=LICENSE, citation=CITATION)
    return model, accuracy


def run_demo(port: int, check: bool, directory: Path | None, as_json: bool) -> bool:
    """Everything that `fanlight demo` does; False where a check failed."""
    with tempfile.TemporaryDirectory(prefix="fanlight-") as temporary:
        folder = directory or Path(temporary) / "site"
        quiet = as_json or check
        if not quiet:
            click.echo(
                "Training a small network on 1,437 handwritten digits, in Python, with the code the page will run."
            )
        model, accuracy = export_demo(folder, verbose=0 if quiet else "auto")
        if check:
            from fanlight.demo_check import check_demo

            found = check_demo(folder, model, accuracy)
            click.echo(json.dumps(found))
            return bool(found["ok"])
        return _serve(folder, port, accuracy, as_json)


def _serve(folder: Path, port: int, accuracy: float, as_json: bool) -> bool:
    from fanlight.server.serve import serve

    def ready(address: str) -> None:
        if as_json:
            click.echo(json.dumps({"ok": True, "address": address, "accuracy_heldout": accuracy}))
            return
        click.echo(f"\n{accuracy:.1%} of 360 digits that it never saw are right. The page is at\n\n    {address}\n")
        click.echo("Draw a digit, invent a sign, make it forget all and learn again. Stop with Ctrl+C.")
        if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or os.name != "posix":
            webbrowser.open(address)

    serve(folder, port=port, on_ready=ready)
    return True

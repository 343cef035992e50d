"""A small model, exported once, and a browser page that learns from flowers and keeps a list of what it asks for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest

import fanlight as fl

# The flowers of flowers.js.
ROWS = [[5.1, 3.5, 1.4, 0.2], [4.9, 3.0, 1.4, 0.2], [7.0, 3.2, 4.7, 1.4]]
ROWS += [[6.4, 3.2, 4.5, 1.5], [6.3, 3.3, 6.0, 2.5], [5.8, 2.7, 5.1, 1.9]]


@dataclass(frozen=True)
class Exported:
    """A bundle that nobody changes, and what Python predicts for the flowers."""

    folder: Path
    expected: list[float]


def flowers_model(units: int = 12, layers: int = 1, epochs: int = 5) -> fl.Sequential:
    """A network that knows a little of iris and has something left to learn."""
    (x, y), _ = fl.datasets.iris()
    model = fl.Sequential(
        [
            fl.Input(fl.Table(fl.datasets.IRIS_COLUMNS), name="flower"),
            *(fl.layers.Dense(units, activation="tanh") for _ in range(layers)),
            fl.layers.Dense(3, activation="softmax", name="species"),
        ],
        name="flowers",
        meanings={"species": fl.Classes(fl.datasets.IRIS_LABELS)},
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y, epochs=epochs, batch_size=16)
    return model


def export_flowers(folder: Path, **options: Any) -> Exported:
    model = flowers_model(**options)
    model.export(folder, train=True)
    return Exported(folder, np.ravel(model.predict(np.float32(ROWS))).tolist())


@pytest.fixture(scope="session")
def many_flowers(tmp_path_factory) -> Exported:
    """A network that is large enough for threads, and is not inlined by anyone."""
    return export_flowers(tmp_path_factory.mktemp("many") / "site", units=700, layers=2, epochs=1)


@pytest.fixture(scope="session")
def flowers(tmp_path_factory) -> Exported:
    return export_flowers(tmp_path_factory.mktemp("exported") / "site")


def check_learning(found: dict[str, Any], expected: list[float], notes: list[str] | None = None) -> None:
    """What flowers.js says came out: Python's prediction, a loss that falls, and nothing to complain about."""
    assert found["before"] == pytest.approx(expected, abs=1e-5)
    assert found["loss"][-1] < found["loss"][0] and len(found["loss"]) == 30
    assert np.abs(np.subtract(found["after"], found["before"])).max() > 1e-3
    assert found["passed"] and len(found["notes"]) == len(notes or [])
    assert all(part in note for part, note in zip(notes or [], found["notes"], strict=True))


@dataclass
class Visitor:
    """Someone who opens pages, presses Learn and reads the result."""

    page: Any
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def learn(self, address: str) -> dict[str, Any]:
        self.page.goto(address)
        return self.press()

    def press(self, within: Any = None) -> dict[str, Any]:
        """Presses the button of the page, or of a frame in it."""
        place = within or self.page
        place.locator("button:not([disabled])").click(timeout=30_000)
        return json.loads(place.locator("output:not(:empty)").text_content(timeout=30_000))

    @property
    def origins(self) -> set[str]:
        """Who was asked. Blobs and data are in the page already."""
        parts = [urlsplit(url) for url in self.asked if not url.startswith(("blob:", "data:"))]
        return {f"{part.scheme}://{part.netloc}/" for part in parts}


@pytest.fixture
def visitor(page) -> Iterator[Visitor]:
    visitor = Visitor(page)
    page.context.on("request", lambda request: visitor.asked.append(request.url))
    page.on(
        "console",
        lambda message: (
            visitor.complaints.append(message.text) if message.type in ("error", "warning", "assert") else None
        ),
    )
    yield visitor

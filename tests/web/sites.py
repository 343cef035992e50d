"""Exports the three kinds of pages from small trained models: digits (drawings), iris (a table), sine (functions).

In: a folder. Out: the folder that `export` wrote. What the models are worth is not asked here."""

import json
from pathlib import Path

import numpy as np

import fanlight as fl

DRAWINGS = Path(__file__).parents[2] / "examples" / "digits" / "drawings.json"


def drawing(label: int, which: int = 0) -> list[list[list[float]]]:
    """The strokes of a drawn digit, each a list of [x, y] from 0 to 1; every other point is enough."""
    drawings = json.loads(DRAWINGS.read_text(encoding="utf-8"))["drawings"]
    chosen = [each for each in drawings if each["label"] == label][which]
    size = chosen["size"]
    return [[[x / size, y / size] for x, y in zip(s[::4], s[1::4], strict=False)] for s in chosen["strokes"]]


def digits(folder: Path, onefile: bool = False) -> Path:
    """8x8 pictures in ten classes, with room for three more."""
    (x, y), (x_test, y_test) = fl.datasets.digits()
    pixels, held = (np.minimum(255, 16.0 * each).astype(np.uint8) for each in (x, x_test))
    model = fl.Sequential(
        [
            fl.Input(fl.Image(8, 8, channels=1, preset="unit"), name="image"),
            fl.layers.Flatten(),
            fl.layers.Dense(48, activation="relu"),
            fl.layers.Dense(13),
            fl.layers.ClassMask(fl.Classes(fl.datasets.DIGITS_LABELS, spare=3), name="class_mask"),
            fl.layers.Softmax(name="digit"),
        ],
        name="digits",
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(pixels.astype(np.float32) / 255, y, epochs=8, batch_size=64)
    three = [[number for point in stroke for number in point] for stroke in drawing(3)]
    page = fl.Page(
        title="Digits <& more>",
        text="Draw one.",
        examples=[{"name": "3", "strokes": three, "size": 1}],
        show=["predict", "teach", "train", "keep"],
        data={"train": (pixels, y.astype(np.uint8)), "test": (held, y_test.astype(np.uint8))},
        epochs=6,
    )
    return model.export(folder, train=True, page=page, onefile=onefile, license="Apache-2.0")


def iris(folder: Path) -> Path:
    """Four measurements, three classes."""
    (x, y), (x_test, y_test) = fl.datasets.iris()
    model = fl.Sequential(
        [
            fl.Input(fl.Table(fl.datasets.IRIS_COLUMNS), name="flower"),
            fl.layers.Dense(12, activation="tanh"),
            fl.layers.Dense(3, activation="softmax", name="species"),
        ],
        name="iris",
        meanings={"species": fl.Classes(fl.datasets.IRIS_LABELS)},
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y, epochs=60, batch_size=16)
    values = dict(zip(fl.datasets.IRIS_COLUMNS, (5.0, 3.4, 1.5, 0.2), strict=True))
    page = fl.Page(
        title="Which iris is it?",
        examples=[{"name": "A setosa", "values": values}],
        data={"train": (x, y), "test": (x_test, y_test)},
        epochs=5,
    )
    return model.export(folder, train=True, page=page)


def sine(folder: Path) -> Path:
    """`step` and `predict` over a state of four arrays, at most 40 points."""
    rng = np.random.default_rng(3)
    x = np.linspace(-3, 3, 24, dtype=np.float32)[:, None]
    y = np.sin(1.4 * x)
    state = {
        "a": (1.5 * rng.normal(size=(1, 16))).astype(np.float32),
        "b": rng.normal(size=(16,)).astype(np.float32),
        "c": (0.3 * rng.normal(size=(16, 1))).astype(np.float32),
    }
    points = fl.TensorSpec(("batch", 1))

    def curve(state, x):
        return fl.matmul(fl.tanh(fl.matmul(x, state["a"]) + state["b"]), state["c"])

    def predict(state, x):
        return {"y": curve(state, x)}

    def step(state, x, y):
        loss, slopes = fl.value_and_grad(lambda state: fl.mean((curve(state, x) - y) ** 2))(state)
        return {name: array - 0.05 * slopes[name] for name, array in state.items()}, {"loss": loss}

    predict.__annotations__ = {"x": points}
    step.__annotations__ = {"x": points, "y": points}
    page = fl.Page(title="Through the points", show=["train"], data={"train": (x, y)})
    functions = {"predict": predict, "step": step}
    return fl.export(functions, folder, state=state, dims={"batch": 40}, page=page, name="sine")


SITES = {"digits": digits, "iris": iris, "sine": sine}

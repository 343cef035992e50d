"""Exports the three kinds of pages from small trained models: digits (drawings), iris (a table), sine (functions).

In: a folder. Out: the folder that `export` wrote. What the models are worth is not asked here."""

import math
from pathlib import Path

import numpy as np

import fanlight as fl


def arc(x: float, y: float, width: float, height: float, start: float, end: float) -> list[list[float]]:
    """Points of an ellipse around x, y, from one part of a turn to another."""
    turns = [2 * math.pi * (start + (end - start) * k / 16) for k in range(17)]
    return [[x + width * math.cos(turn), y + height * math.sin(turn)] for turn in turns]


# A few digits as strokes of [x, y] from 0 to 1.
DRAWN = {
    0: [arc(0.5, 0.5, 0.2, 0.32, 0, 1)],
    3: [arc(0.47, 0.34, 0.17, 0.16, -0.4, 0.25) + arc(0.47, 0.66, 0.19, 0.17, -0.25, 0.4)],
    7: [[[0.3, 0.2], [0.5, 0.2], [0.7, 0.2], [0.6, 0.4], [0.5, 0.6], [0.42, 0.85]]],
}


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
    three = [[number for point in stroke for number in point] for stroke in DRAWN[3]]
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


def colours(folder: Path) -> Path:
    """6x6 colour pictures, taken as the bytes that they are; two classes by how red they are."""
    model = fl.Sequential(
        [
            fl.Input(fl.Image(6, 6), dtype="uint8", name="picture"),
            fl.layers.Rescaling(1 / 255),
            fl.layers.GlobalAveragePooling2D(),
            fl.layers.Dense(2, activation="softmax", name="dense"),
        ],
        name="colours",
        meanings={"dense": fl.Classes(["red", "other"])},
    )
    kernel = np.array([[9, -9], [-9, 9], [-9, 9]], "float32")
    model.set_weights({"dense/kernel": kernel, "dense/bias": np.zeros(2, "float32")})
    return model.export(folder, page=fl.Page(title="Is it red?"))


SITES = {"digits": digits, "iris": iris, "sine": sine, "colours": colours}

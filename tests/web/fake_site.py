"""Writes a folder as an export writes it, with hand-written functions (fake_engine.js) in place of WebAssembly.

In: a folder and which of three models: digits, iris, sine. Out: the folder, ready to be served. All but the engine is
real: page, manifest, runtime, linking. The page is tested without the compiler, and a wrong answer is the page's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import numpy as np

from fanlight import datasets
from fanlight.bundle import modules
from fanlight.bundle.contents import Contents, folder_files
from fanlight.bundle.manifest import Function, Manifest, Memory, Slot, StateSlot, Training
from fanlight.bundle.page import Page
from fanlight.ir import dim as dims
from fanlight.ir.dim import Size
from fanlight.ir.types import item_bytes

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
EMPTY_MODULE = b"\0asm\1\0\0\0"
BATCH = Size("batch", 1, 64)


class Layout:
    """Gives places in memory."""

    def __init__(self):
        self.end = 64

    def place(self, dtype: str, shape) -> int:
        offset = self.end
        self.end += -(-dims.upper(dims.product(shape)) * item_bytes(dtype) // 16) * 16
        return offset

    def slot(self, name: str, dtype: str, *shape) -> Slot:
        shape = (dims.Dim.of(BATCH), *shape) if shape or name not in ("loss", "accuracy", "seed") else shape
        shape = (2,) if name == "seed" else shape
        return Slot(name, dtype, shape, self.place(dtype, shape))


def network(layout: Layout, inputs: int, hidden: int, outputs: int, used: int, scale: float, rate: float):
    """The state of one hidden layer with Adam."""
    kernels = {
        "hidden/kernel": (inputs, hidden),
        "hidden/bias": (hidden,),
        "output/kernel": (hidden, outputs),
        "output/bias": (outputs,),
    }
    rows = [(name, "float32", shape, "parameter", None) for name, shape in kernels.items()]
    rows += [(f"adam/{name}/{k}", "float32", shape, "slot", 0.0) for name, shape in kernels.items() for k in "mv"]
    rows += [("adam/iterations", "int32", (), "counter", 0), ("learning_rate", "float32", (), "hyperparameter", rate)]
    rows += [("scale", "float32", (), "hyperparameter", scale)]
    if used < outputs:
        rows += [("class_mask", "float32", (outputs,), "hyperparameter", None)]
    return tuple(
        StateSlot(name, dtype, shape, layout.place(dtype, shape), 0, role, role == "parameter", initial)
        for name, dtype, shape, role, initial in rows
    )


def classifier(name: str, row: tuple[int, ...], dtype: str, labels, spare: int, hidden: int, scale: float, **meanings):
    """The manifest of a classifier that trains."""
    layout = Layout()
    given = next(iter(meanings))
    classes = len(labels) + spare
    state = network(layout, int(np.prod(row)), hidden, classes, len(labels), scale, 0.01)
    names = tuple(slot.name for slot in state if slot.name not in ("class_mask", "learning_rate", "scale"))

    def step(writes):
        inputs = (layout.slot(given, dtype, *row), layout.slot("labels", "int32"))
        logs = (layout.slot("loss", "float32"), layout.slot("accuracy", "float32"))
        return Function((BATCH,), inputs, logs, writes, bool(writes))

    predicted = (layout.slot("probabilities", "float32", classes),)
    functions = {
        "init": Function((), (layout.slot("seed", "uint32"),), (), names),
        "predict": Function((BATCH,), (layout.slot(given, dtype, *row),), predicted, operations=5000),
        "train_step": step(names),
        "evaluate_step": step(()),
    }
    if name == "digits":
        raw = Slot("pad", "uint8", (dims.Dim.of(BATCH), 112, 112), layout.place("uint8", (64, 112, 112)))
        functions["prepare"] = Function((BATCH,), (raw,), (layout.slot(given, dtype, *row),))
    training = Training(
        "adam", "sparse_categorical_crossentropy", ("accuracy",), 64, (given,), ("labels",), ("loss", "accuracy")
    )
    meanings["probabilities"] = {"kind": "classes", "labels": list(labels), "spare": spare}
    return manifest_of(name, layout, functions, state, meanings, training)


def sine_manifest():
    """Plain functions: `step` and `predict` over the state of a curve."""
    layout = Layout()
    state = network(layout, 1, 24, 1, 1, 1.0, 0.02)
    function = Function((BATCH,), (layout.slot("x", "float32", 1),), (layout.slot("y", "float32", 1),), operations=900)
    inputs = (layout.slot("x", "float32", 1), layout.slot("y", "float32", 1))
    names = tuple(slot.name for slot in state if slot.role != "hyperparameter")
    step = Function((BATCH,), inputs, (layout.slot("loss", "float32"),), names, True)
    init = Function((), (layout.slot("seed", "uint32"),), (), names)
    return manifest_of("sine", layout, {"init": init, "predict": function, "step": step}, state, {}, None)


def manifest_of(name, layout, functions, state, meanings, training) -> Manifest:
    versions = layout.place("int32", (4,))
    memory = Memory(-(-layout.end // 65536), layout.end, versions)
    return Manifest(name, functions, state, memory, meanings, training, license="Apache-2.0", fanlight="0.1.0")


def digits(trained: dict | None = None) -> tuple[Manifest, Page]:
    (x, y), (x_test, y_test) = datasets.digits()
    image = {"kind": "image", "height": 8, "width": 8, "channels": 1}
    made = classifier("digits", (8, 8, 1), "uint8", datasets.DIGITS_LABELS, 6, 40, 1 / 16, image=image)
    drawings = json.loads((ROOT / "examples" / "digits" / "drawings.json").read_text())["drawings"]
    chosen = [next(d for d in drawings if d["label"] == label and d["hand"] == "school") for label in (3, 5, 8)]
    examples = [{"name": str(d["label"]), "strokes": d["strokes"], "size": d["size"]} for d in chosen]
    page = Page(
        title="A network that learns in your hands",
        text="It reads handwritten digits, and it can learn a sign that you make up, in about a second. "
        "All of it happens in this page, on your device.",
        show=["predict", "teach", "train", "keep"],
        examples=examples,
        data={
            "train": (x, y.astype(np.uint8)),
            "test": (x_test, y_test.astype(np.uint8)),
        },
        epochs=20,
    )
    return made, page


def iris() -> tuple[Manifest, Page]:
    (x, y), (x_test, y_test) = datasets.iris()
    table = {"kind": "table", "columns": list(datasets.IRIS_COLUMNS)}
    made = classifier("iris", (4,), "float32", datasets.IRIS_LABELS, 0, 12, 0.3, flower=table)
    rows = {"Typical setosa": (5.0, 3.4, 1.5, 0.2), "Typical virginica": (6.6, 3.0, 5.6, 2.0)}
    examples = [
        {"name": name, "values": dict(zip(datasets.IRIS_COLUMNS, row, strict=True))} for name, row in rows.items()
    ]
    text = "Three kinds of iris, told apart by four measurements of a flower."
    data = {"train": (x, y), "test": (x_test, y_test)}
    return made, Page(title="Which iris is it?", text=text, examples=examples, data=data, epochs=60)


def sine() -> tuple[Manifest, Page]:
    rng = np.random.default_rng(3)
    x = np.linspace(-3, 3, 24, dtype=np.float32)[:, None]
    y = (np.sin(1.4 * x) + 0.12 * rng.normal(size=x.shape)).astype(np.float32)
    text = "A curve learns to go through points. Add your own, and watch it bend."
    return sine_manifest(), Page(title="Through the points", text=text, show=["train"], data={"train": (x, y)})


MODELS = {"digits": digits, "iris": iris, "sine": sine}


def contents_of(name: str) -> Contents:
    """What write_bundle makes a folder of: one of MODELS, with new weights."""
    made, page = MODELS[name]()
    weights = {slot.name: kernel(slot) for slot in made.state if slot.role == "parameter"}
    mask = made.slot("class_mask")
    if mask is not None:
        used = len(made.meanings["probabilities"]["labels"])
        weights["class_mask"] = (np.arange(mask.shape[0]) < used).astype(np.float32)
    return Contents(made, {"portable": EMPTY_MODULE, "relaxed": EMPTY_MODULE}, weights, page)


@contextmanager
def fake_engine() -> Iterator[None]:
    """The linker finds fake_engine.js as web/engine.js, and the real one beside it."""
    original = modules.web_text
    real = original("engine.js").replace("class Engine", "class RealEngine")
    texts = {"engine.js": (HERE / "fake_engine.js").read_text(), "real_engine.js": real}
    modules.read_module.cache_clear()
    try:
        with mock.patch.object(modules, "web_text", lambda path: texts.get(path) or original(path)):
            yield
    finally:
        modules.read_module.cache_clear()


def write_site(folder: Path, name: str, onefile: bool = False) -> Path:
    """Writes the folder of one of MODELS as an export writes it, perhaps with the one-file form."""
    with fake_engine():
        written, _ = folder_files(contents_of(name), onefile=onefile)
    folder.mkdir(parents=True, exist_ok=True)
    for file, data in written.items():
        (folder / file).write_bytes(data)
    return folder


def kernel(slot: StateSlot) -> np.ndarray:
    rng = np.random.default_rng(len(slot.name))
    spread = np.sqrt(1 / slot.shape[0]) if len(slot.shape) == 2 else 0
    return (rng.normal(size=slot.shape) * spread).astype(np.float32)

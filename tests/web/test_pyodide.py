"""Does Fanlight work in a browser's Python? The built wheel in Pyodide, without NumPy or any other package: models
compile there, train in the page's runtime, and give the bits that they give elsewhere."""

import base64
import io
import re
import zipfile

import numpy as np
import pytest

import fanlight as fl
from fanlight.server.serve import running
from web.in_python import run_python, write_site

pytestmark = pytest.mark.full

MODEL = """
import fanlight as fl

(x, y), (x_test, y_test) = fl.datasets.iris()
model = fl.Sequential(
    [
        fl.Input(fl.Table(fl.datasets.IRIS_COLUMNS), name="flower"),
        fl.layers.Dense(16, activation="relu"),
        fl.layers.Dense(3, activation="softmax", name="species"),
    ],
    name="iris",
    meanings={"species": fl.Classes(fl.datasets.IRIS_LABELS)},
)
model.compile(optimizer=fl.optimizers.Adam(0.01), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.seed = 5
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = tmp_path_factory.mktemp("python") / "site"
    write_site(folder)
    with running(folder) as served:
        yield served


@pytest.fixture
def python(page, address):
    """Runs programs in the worker of one page; nothing is asked of another origin, and the policy is kept."""
    troubles, asked = [], []
    page.on("console", lambda message: troubles.append(message.text) if message.type in ("error", "warning") else None)
    page.on("request", lambda request: asked.append(request.url))
    yield lambda program, place="worker": run_python(page, address, place, program)
    assert not troubles
    assert not [url for url in asked if not url.startswith((address, f"blob:{address}", "data:"))]


@pytest.mark.parametrize("place", ["worker", "page"])
def test_a_model_learns_the_same_bits_as_elsewhere(python, place):
    program = f"""{MODEL}
import sys
epochs = []
def ended(epoch, logs): epochs.append(epoch)
history = await model.fit(x, y, epochs=4, batch_size=16, validation_split=0.25, on_epoch_end=ended)
history = await model.fit(x, y, epochs=3, batch_size=16)
logs = await model.evaluate(x_test, y_test)
state = await model.weights()
result = {{
    "numpy": "numpy" in sys.modules, "history": history.history, "epoch": history.epoch, "epochs": epochs, "logs": logs,
    "state": {{name: array.tolist() for name, array in state.items()}},
    "predicted": (await model.predict(x_test)).tolist(), "classified": await model.classify(x_test[:2], top=1),
}}
"""
    found = python(program, place)
    names: dict = {}
    exec(MODEL, names)
    model, x, y = names["model"], names["x"], names["y"]
    model.fit(x, y, epochs=4, batch_size=16, validation_split=0.25)
    history = model.fit(x, y, epochs=3, batch_size=16)
    assert not found["numpy"] and found["epochs"] == [0, 1, 2, 3] and found["epoch"] == [4, 5, 6]
    for name, array in model.weights().items():
        assert np.float32(found["state"][name]).tobytes() == array.astype(np.float32).tobytes(), name
    assert found["history"]["loss"] == pytest.approx(history.history["loss"], rel=1e-6)
    assert found["logs"] == pytest.approx(model.evaluate(names["x_test"], names["y_test"]), rel=1e-6)
    predicted = model.predict(names["x_test"])
    assert np.float32(found["predicted"]).tobytes() == predicted.tobytes()
    assert [row[0][0] for row in found["classified"]] == [row[0][0] for row in model.classify(names["x_test"][:2])]


def test_rows_come_in_every_form(python):
    program = f"""{MODEL}
import array
row = [5.1, 3.5, 1.4, 0.2]
named = dict(zip(fl.datasets.IRIS_COLUMNS, row))
await model.fit(x.tolist(), [fl.datasets.IRIS_LABELS[k] for k in y], epochs=1)  # labels as words
flat = memoryview(array.array("f", row)).cast("B").cast("f", (1, 4))
columns = {{name: [value] for name, value in named.items()}}
forms = [[row], flat, [named], named, columns, {{"flower": [row]}}, [tuple(row)]]
answers = [(await model.predict(form)).tolist() for form in forms]
result = {{"same": all(answer == answers[0] for answer in answers), "shape": (await model.predict(x)).shape}}
"""
    assert python(program) == {"same": True, "shape": [120, 3]}


def test_what_is_wrong_is_a_fanlight_error(python):
    program = f"""{MODEL}
import asyncio, warnings
said = {{}}
async def caught(name, work):
    try:
        await work()
    except BaseException as error:
        said[name] = [type(error).__name__, str(error)]
await caught("shape", lambda: model.predict([[1, 2, 3]]))
await caught("row", lambda: model.predict([1, 2, 3, 4]))
await caught("label", lambda: model.fit([[1, 2, 3, 4]], ["tulip"]))
await caught("class", lambda: model.fit([[1, 2, 3, 4]], [3]))
await caught("nan", lambda: model.fit([[1.0, 2, 3, float("nan")]], [1]))
await caught("name", lambda: model.set_weights({{"w": [1]}}))
await caught("callback", lambda: model.fit(x, y, on_epoch_end=lambda epoch, logs: 1 / 0))
async def forgotten(): model.predict(x).shape
with warnings.catch_warnings(record=True) as warned:
    warnings.simplefilter("always")
    await caught("await", forgotten)
    model.fit(x, y)
await caught("stopped", lambda: asyncio.wait_for(model.fit(x, y, epochs=10**6), 1))
epochs = len(model.history.epoch)
after = await model.fit(x, y, epochs=1)
said["warned"] = [str(each.message) for each in warned]
result = dict(said, epochs=epochs > 3, goes_on=after.epoch[0] == epochs + 1)
"""
    found = python(program)
    assert found["shape"] == ["ShapeError", 'predict: "flower" expects float32 [batch, 4], got [1,3]']
    assert found["row"][0] == "ShapeError" and "put it into a list" in found["row"][1]
    assert found["label"][0] == "UnknownNameError" and "expected one of setosa" in found["label"][1]
    assert found["class"][0] == "ShapeError" and "0 to 2" in found["class"][1]
    assert found["nan"][0] == "NonFiniteLossError" and found["nan"][1].startswith("epoch 1, step 1")
    assert found["name"][0] == "UnknownNameError" and 'no state "w"' in found["name"][1]
    assert found["callback"][0] == "ZeroDivisionError"
    assert found["await"][0] == "FanlightError" and "expected await model.predict(...)" in found["await"][1]
    assert found["warned"][-1] == "model.fit(...) did nothing: write await model.fit(...)"
    assert found["stopped"][0] == "TimeoutError" and found["epochs"] and found["goes_on"]


def test_functions_are_differentiated_and_compiled(python):
    program = """
import fanlight as fl
@fl.function
def loss(w, x, y):
    return fl.mean((x @ w - y) ** 2)
x, y, w = fl.Tensor([[1.0, 2], [3, 4], [5, 7]]), fl.Tensor([1.0, 2, 3.5]), fl.Tensor([0.0, 0])
for step in range(50):
    value, uphill = fl.value_and_grad(loss)(w, x, y)
    w = w - 0.01 * uphill
best, rows = fl.argmax(x, axis=1).tolist(), [row.tolist() for row in x]
result = [float(value), w.tolist(), f"{value:.2f}", repr(w.shape), best, rows]
"""
    found = python(program)
    x, y, w = fl.Tensor([[1.0, 2], [3, 4], [5, 7]]), fl.Tensor([1.0, 2, 3.5]), fl.Tensor([0.0, 0])
    for _ in range(50):
        value, uphill = fl.value_and_grad(lambda w, x, y: fl.mean((x @ w - y) ** 2))(w, x, y)
        w = w - 0.01 * uphill
    assert found == [float(value), w.tolist(), f"{value:.2f}", "(2,)", [1, 1, 1], x.tolist()]


def test_what_is_exported_there_opens_everywhere(python, page, browser, tmp_path):
    program = f"""{MODEL}
import base64, io, os, zipfile
await model.fit(x, y, epochs=60)
page = fl.Page("Iris", data={{"train": (x, y), "test": (x_test, y_test)}})
await model.export("site", train=True, page=page)
await model.export("iris.html", train=True, page=page)
again = fl.load("site")
await model.save("learnt.safetensors")
buffer = io.BytesIO()
with zipfile.ZipFile(buffer, "w") as archive:
    for name in ["iris.html", "learnt.safetensors", *(f"site/{{each}}" for each in os.listdir("site"))]:
        archive.write(name)
same = (await again.predict(x_test)).tolist() == (await model.predict(x_test)).tolist()
result = [base64.b64encode(buffer.getvalue()).decode(), same, (await model.predict(x_test)).tolist()]
"""
    packed, is_same, predicted = python(program)
    zipfile.ZipFile(io.BytesIO(base64.b64decode(packed))).extractall(tmp_path)
    assert is_same
    model = fl.load(tmp_path / "site", weights=tmp_path / "learnt.safetensors")
    expected = model.predict(fl.datasets.iris()[1][0])
    assert np.float32(predicted).tobytes() == expected.tobytes()
    other = browser.new_page()
    with running(tmp_path) as served:
        for name in ("site/", "iris.html"):
            other.goto(f"{served}{name}")
            other.wait_for_selector("html[data-state=ready], html[data-state=failed]")
            test = other.evaluate("fanlightPage.model.selfTest()")
            assert test["passed"], test
            assert re.search("sure it is", other.locator("#form-answer").inner_text())
    other.close()


STEERED = f"""{MODEL}
import csv, os, tempfile
folder = tempfile.mkdtemp()
heard = []
class Own(fl.callbacks.Callback):
    def on_train_begin(self, logs=None): heard.append(["begin", self.params["steps"], self.params["epochs"]])
    def on_epoch_begin(self, epoch, logs=None): heard.append(["epoch", epoch])
    def on_epoch_end(self, epoch, logs=None): logs["twice"] = 2 * logs["loss"]
    def on_train_end(self, logs=None): heard.append(["end", sorted(logs)])
callbacks = [
    fl.callbacks.LearningRateScheduler(lambda epoch: 0.02 / (1 + epoch)),
    fl.callbacks.EarlyStopping("val_loss", patience=1, min_delta=0.05, restore_best_weights=True),
    fl.callbacks.CSVLogger(os.path.join(folder, "log.csv")),
    fl.callbacks.ModelCheckpoint(os.path.join(folder, "best.safetensors"), save_best_only=True),
    Own(),
]
weights = [1 + k % 3 for k in range(len(x))]
held = (x_test, y_test, [0.5 + k % 2 for k in range(len(x_test))])
plan = {{"callbacks": callbacks, "sample_weight": weights, "validation_data": held}}
first = await model.fit(x, y, batch_size=16, epochs=30, **plan)
best = dict(await model.weights())
slower = fl.callbacks.ReduceLROnPlateau("loss", factor=0.5, patience=1, min_delta=10.0)
plan = {{"callbacks": slower, "class_weight": {{0: 2.0, 2: 0.25}}, "validation_split": 0.25}}
second = await model.fit(x, y, epochs=4, initial_epoch=1, **plan)
class Enough(fl.callbacks.Callback):
    def on_batch_end(self, batch, logs=None): self.model.stop_training = batch >= 0
third = await model.fit(x, y, epochs=4, callbacks=Enough(), validation_data=held, batch_size=len(x))
measured = await model.evaluate(x_test, y_test, sample_weight=held[2])
state = await model.weights()
with open(os.path.join(folder, "log.csv")) as file: rows = list(csv.DictReader(file))
result = {{
    "heard": heard, "histories": [each.history for each in (first, second, third)], "epochs": third.epoch, "rows": rows,
    "best": {{name: array.tolist() for name, array in best.items()}}, "measured": measured,
    "state": {{name: array.tolist() for name, array in state.items()}},
    "files": sorted(os.listdir(folder)),
}}
"""


def test_weights_and_callbacks_do_what_they_do_elsewhere(python):
    found = python(STEERED)
    names: dict = {}
    exec(STEERED.replace("await ", ""), names)
    expected = names["result"]
    assert 1 < len(expected["histories"][0]["loss"]) < 30 and len(expected["histories"][1]["loss"]) == 3
    for key in ("heard", "epochs", "files"):
        assert found[key] == expected[key], key
    for key in ("best", "state"):
        for name, array in expected[key].items():
            assert np.float32(found[key][name]).tobytes() == np.float32(array).tobytes(), name
    assert found["measured"] == pytest.approx(expected["measured"], rel=1e-6)
    for ours, theirs in zip(found["histories"], expected["histories"], strict=True):
        assert ours.keys() == theirs.keys()
        for name, values in theirs.items():
            assert ours[name] == pytest.approx(values, rel=1e-6), name
    for ours, theirs in zip(found["rows"], expected["rows"], strict=True):
        assert {name: float(cell) for name, cell in ours.items()} == pytest.approx(
            {name: float(cell) for name, cell in theirs.items()}, rel=1e-6
        )


def test_callbacks_may_wait_for_the_model(python):
    program = f"""{MODEL}
seen = []
class Own(fl.callbacks.Callback):
    async def on_epoch_end(self, epoch, logs=None):
        before = await self.model.predict(x[:1])
        self.model.set_weights({{name: [[0] * 3] * 16 for name in ["species/kernel"]}})
        seen.append([before.tolist(), sorted(self.model.learnt()), self.model.learning_rate])
    def on_train_end(self, logs=None): 1 / 0
try:
    await model.fit(x, y, epochs=2, callbacks=[Own()])
except ZeroDivisionError:
    pass
state = await model.weights()
result = [seen, state["species/kernel"].tolist()]
"""
    seen, kernel = python(program)
    assert len(seen) == 2 and seen[0][0] != seen[1][0] and not np.any(kernel)
    assert seen[0][1:] == [["dense/bias", "dense/kernel", "species/bias", "species/kernel"], pytest.approx(0.01)]


def test_what_a_page_s_training_cannot_do_is_refused(python):
    program = f"""{MODEL}
said = []
async def refused(work):
    try:
        await work()
    except fl.errors.FanlightError as error:
        said.append([type(error).__name__, str(error)])
kinds = fl.callbacks
class Begins(kinds.Callback):
    def on_batch_begin(self, batch, logs=None): pass
steps = kinds.ModelCheckpoint("x", save_freq=3)
for wrong in (Begins(), kinds.TerminateOnNaN(), kinds.BackupAndRestore("kept"), steps):
    await refused(lambda: model.fit(x, y, callbacks=[wrong]))
await refused(lambda: model.fit(iter([])))
await refused(lambda: model.fit(x, y, steps_per_epoch=2))
await refused(lambda: model.fit(x, y, validation_freq=2))
await refused(lambda: model.fit(x, y, nan="continue"))
await refused(lambda: model.fit(x, y, sample_weight=[1.0]))
await refused(lambda: model.save_weights("x.weights.h5"))
await refused(lambda: model.save("x.keras"))
async def rate(): return model.learning_rate
await refused(rate)
result = said
"""
    said = python(program)
    expected = ["Begins.on_batch_begin", "TerminateOnNaN", "BackupAndRestore", "ModelCheckpoint(save_freq=3)"]
    expected += ["no y", "steps_per_epoch", "validation_freq", "nan"]
    assert [kind for kind, _ in said[:8]] == ["UnsupportedOp"] * 8
    for name, (_, text) in zip(expected, said[:8], strict=True):
        assert f"got {name}" in text
    assert [kind for kind, _ in said[8:]] == ["ShapeError", "StorageError", "StorageError", "FanlightError"]
    assert "safetensors" in said[9][1] and "await model.weights()" in said[11][1]

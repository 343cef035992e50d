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
STATE = "{name: array.tolist() for name, array in ({}).items()}"


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

"""Do the examples do what they promise: the script in Python, and the page that it writes in real browsers?"""

import re
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import nbformat
import numpy as np
import pytest

import fanlight as fl
from fanlight.server.serve import running
from web import visitor
from web.visitor import READY, probabilities

EXAMPLES = Path(__file__).parent.parent / "examples"
NOTEBOOK = EXAMPLES / "notebook" / "first_steps.ipynb"
FORGOTTEN = "document.querySelector('#train-status').textContent === 'Forgotten.'"


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """Runs an example once: (what it printed, the folder that it wrote)."""
    done = {}

    def run(name: str) -> tuple[str, Path]:
        if name not in done:
            folder = tmp_path_factory.mktemp(name)
            command = [sys.executable, "-W", "error", str(EXAMPLES / name / "train.py")]
            result = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
            assert (result.returncode, result.stderr) == (0, "")
            done[name] = result.stdout, folder / "site"
        return done[name]

    return run


@pytest.fixture
def opened(tab, trained):
    """Opens the page of an example in each browser; the console stays silent, no other origin is asked for anything."""
    with ExitStack() as servers:
        yield lambda name: visitor.opened(tab, servers.enter_context(running(trained(name)[1])))
    assert not [url for url in tab.requests if not visitor.OWN.match(url)]


def test_iris_is_short_and_right(trained):
    assert len((EXAMPLES / "iris" / "train.py").read_text(encoding="utf-8").splitlines()) < 30
    printed, site = trained("iris")
    assert int(re.search(r"(\d+)%", printed)[1]) >= 95
    _, (x, y) = fl.datasets.iris()
    assert fl.load(site).evaluate(x, y)["accuracy"] >= 0.95


def test_the_form_says_what_python_says(opened, trained):
    tab = opened("iris")
    model = fl.load(trained("iris")[1])
    _, (x, _) = fl.datasets.iris()
    for row in x[::7]:
        for k, number in enumerate(row):
            tab.fill(f"#form-number-{k}", f"{number:.1f}")
        expected = model.predict([row])[0]
        assert probabilities(tab) == pytest.approx(expected, abs=1e-5)
        assert tab.text("#form-answer b") == fl.datasets.IRIS_LABELS[expected.argmax()]


def test_sliders_change_the_answer(opened):
    tab = opened("iris")
    answers = []
    for key in ("Home", "End"):
        for column in (2, 3):
            tab.focus(f"#form-range-{column}")
            tab.press(key)
        probabilities(tab)
        answers.append(tab.text("#form-answer b"))
    assert answers == ["setosa", "virginica"]


def test_irises_are_learnt_again_and_taken_back_to_python(opened, trained, tmp_path):
    tab = opened("iris")
    tab.click("#train-start")
    tab.until_state("#train", "done")
    assert int(tab.text("#train-held").rstrip("%")) >= 90
    (tmp_path / "learnt.safetensors").write_bytes(tab.download(lambda: tab.click("#keep-download")))
    model = fl.load(trained("iris")[1], weights=tmp_path / "learnt.safetensors")
    values = [float(tab.read(f"#form-number-{k}", "value")) for k in range(4)]
    assert probabilities(tab) == pytest.approx(model.predict([values])[0], abs=1e-5)


# Reads the page's data and what the page's model makes of it.
LOSS = """async () => {
  const { 'train/x': x, 'train/y': y } = await fanlightPage.model.arrays(fanlightPage.model.manifest.page.data);
  const { y: found } = await fanlightPage.model.predict({ x: x.data });
  return found.reduce((sum, value, i) => sum + (value - y.data[i]) ** 2, 0) / found.length;
}"""


def test_a_curve_is_learnt_in_python_and_again_in_the_page(opened, trained):
    printed = trained("regression")[0]
    losses = [float(number) for number in re.findall(r"loss ([\d.]+)", printed)]
    assert losses[-1] < losses[0] / 20
    tab = opened("regression")
    assert tab.evaluate(LOSS) == pytest.approx(losses[-1], rel=0.02)
    tab.until("document.querySelector('#curve polyline.curve')")
    line = points_of_curve(tab).split()
    assert len(line) > 100
    assert len({point.split(",")[1] for point in line}) > 50  # it bends
    assert tab.count("#curve circle.point") == 25

    tab.click("#train-forget")
    tab.until(FORGOTTEN)
    forgotten = tab.evaluate(LOSS)
    assert forgotten > 10 * losses[-1]
    tab.click("#train-start")
    tab.until(f"Number(document.querySelector('#train-loss').textContent) < {forgotten / 4}")  # momentum swings
    tab.click("#train-stop")
    tab.until_state("#train", "done")
    assert tab.evaluate(LOSS) < forgotten / 2
    tab.click("#train-forget")
    tab.until(FORGOTTEN)
    assert tab.text("#train-loss") == "–"


def points_of_curve(tab) -> str:
    return tab.look("document.querySelector('#curve polyline.curve').getAttribute('points')")


def test_a_point_that_is_added_is_learnt(opened):
    tab = opened("regression")
    tab.until("document.querySelector('#curve polyline.curve')")
    before = points_of_curve(tab)
    tab.click("#curve", 0.5, 40 / tab.place("#curve")[3])
    tab.until("document.querySelectorAll('#curve circle.point').length === 26")
    assert tab.read("#train", "dataset.state") == "learning"
    tab.click("#train-stop")
    tab.until_state("#train", "done")
    assert points_of_curve(tab) != before


def test_what_the_curve_learnt_goes_on_in_python(opened, trained, tmp_path):
    tab = opened("regression")
    tab.click("#train-forget")
    tab.until(FORGOTTEN)
    (tmp_path / "learnt.safetensors").write_bytes(tab.download(lambda: tab.click("#keep-download")))
    curve = fl.load(trained("regression")[1], weights=tmp_path / "learnt.safetensors")
    assert set(curve.state) == {"weights", "speed"}
    assert not any(speed.any() for speed in curve.state["speed"].values())
    x = np.float32([[-1], [0.5]])
    found = tab.evaluate("async () => (await fanlightPage.model.predict({ x: [-1, 0.5] })).y")
    assert found == pytest.approx(curve.call("predict", {"x": x})["y"][:, 0], abs=1e-5)


def test_adam_as_the_readme_writes_it():
    readme = (EXAMPLES / "regression" / "README.md").read_text(encoding="utf-8")
    script = (EXAMPLES / "regression" / "train.py").read_text(encoding="utf-8")
    names: dict = {}
    exec(script.split("@fl.function\ndef step")[0] + re.search(r"```python\n(.*?)```", readme, re.DOTALL)[1], names)
    weights = names["init"](None, np.array([0, 1], np.uint32))[0]["weights"]
    zeros = {name: fl.zeros_like(w) for name, w in weights.items()}
    state = {"weights": weights, "m": zeros, "v": zeros, "count": np.float32(0)}
    step, x = fl.function(names["step"]), np.linspace(-3, 3, 25)[:, None]
    losses = []
    for _ in range(200):
        state, logs = step(state, x, np.sin(1.5 * x))
        losses.append(float(logs["loss"]))
    assert losses[-1] < losses[0] / 20


@pytest.mark.parametrize("name", ["iris", "regression"])
def test_nothing_is_wider_than_a_narrow_phone(opened, name):
    tab = opened(name)
    tab.resize(360, 700)
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    tab.until(f"innerWidth === 360 && {wide} === 0")  # plots follow a frame later


def test_the_notebook_is_committed_without_outputs():
    cells = [cell for cell in nbformat.read(NOTEBOOK, 4).cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in cells)


def test_the_notebook_runs(page, tmp_path):
    from nbclient import NotebookClient

    notebook = nbformat.read(NOTEBOOK, 4)
    NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": tmp_path}}).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert {output.output_type for output in outputs} == {"execute_result", "display_data"}  # no warnings on stderr
    rich = [output.data["text/html"] for output in outputs if "text/html" in output.data]
    assert [text.split(">")[0].split()[0] for text in rich] == ["<table", "<code", "<iframe"]  # layers, bar, page
    assert "epoch 60/60" in rich[1] and 'value="108"' in rich[1]
    assert outputs[-1].data["text/plain"].startswith("Tensor([0.99")

    # The page works inside its frame, which has no origin.
    page.set_content(rich[2])
    frame = page.frame_locator("iframe")
    frame.locator(READY).wait_for()
    assert frame.locator("#form-answer b").inner_text() in fl.datasets.IRIS_LABELS
    frame.locator("#train-start").click()
    frame.locator("#train[data-state=done]").wait_for()
    assert int(frame.locator("#train-held").inner_text().rstrip("%")) >= 90

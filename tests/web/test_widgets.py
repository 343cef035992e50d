"""Do the widgets show what is true, under the strict policy, in narrow and wide windows, and for who cannot see them?

In: a small trained model, and a model of functions with a loop. Their figures are compared with Python's."""

import json

import numpy as np
import pytest

import fanlight as fl
from fanlight.compiler import TARGETS, compile
from fanlight.insides import layer_rows
from fanlight.ir.kernel import kernels_of
from fanlight.server.serve import running
from web.browser import CAUGHT, add_blank_page, visit
from web.visitor import opened

WIDGETS = f"""{CAUGHT}
const widgets = await import(new URL('widgets.js', location.href).href);
const {{ lossChart, confusionMatrix, weightHistogram, layerTable, kernelTimes }} = widgets;
document.body.style.setProperty('margin', '16px');
const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 30)));
const drawn = async () => {{ await frame(); await frame(); }};
const textOf = (row) => [...row.cells].map((cell) => cell.textContent);
"""
NOT_WIDER = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"


def iris() -> fl.Model:
    model = fl.Sequential(
        [
            fl.Input(fl.Table(fl.datasets.IRIS_COLUMNS), name="flower"),
            fl.layers.Dense(16, activation="relu", name="hidden"),
            fl.layers.BatchNormalization(name="norm"),
            fl.layers.Dense(3, activation="softmax", name="species"),
        ],
        name="iris",
        meanings={"species": fl.Classes(fl.datasets.IRIS_LABELS)},
    )
    model.compile(fl.optimizers.Adam(0.01), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


@pytest.fixture(scope="module")
def model():
    (x, y), _ = fl.datasets.iris()
    made = iris()
    made.fit(x, y, epochs=20, batch_size=16, verbose=0)
    return made


@pytest.fixture(scope="module")
def address(model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("widgets") / "site"
    model.export(folder, train=True, inside=True)
    add_blank_page(folder)
    with running(folder) as where:
        yield where


@pytest.fixture(scope="module")
def flowers():
    (x, y), (x_test, y_test) = fl.datasets.iris()
    return {"x": x.tolist(), "y": y.tolist(), "held": x_test.tolist(), "truth": y_test.tolist()}


def test_a_training_is_drawn_while_it_runs(tab, address, flowers):
    found = visit(tab, address)(
        WIDGETS
        + """
    const model = await load();
    const chart = lossChart(document.body);
    const { x, y } = given;
    const history = await model.fit(x, y, { epochs: 12, batchSize: 16, validationSplit: 0.2, callbacks: [chart] });
    await drawn();
    const svgs = [...chart.element.querySelectorAll('svg')];
    const pointsOf = (line) => line.getAttribute('points').split(' ').length;
    return { history, metrics: svgs.map((svg) => svg.dataset.metric),
      labels: svgs.map((svg) => svg.getAttribute('aria-label')),
      points: svgs.map((svg) => [...svg.querySelectorAll('polyline')].map(pointsOf)),
      stroke: getComputedStyle(svgs[0].querySelector('.one')).stroke };""",
        flowers,
    )
    assert found["metrics"] == ["loss", "accuracy"]
    assert found["points"] == [[2, 12, 2, 12]] * 2, "a line of the legend, then one point an epoch"
    last = found["history"]["val_accuracy"][-1]
    assert f"held back: {last:.0%}" in found["labels"][1] and "Mistakes (loss)" in found["labels"][0]
    assert found["stroke"] == "rgb(47, 75, 216)", "the style sheet is let in by the policy"
    tab.resize(400, 800)
    tab.until(f"innerWidth === 400 && {NOT_WIDER}")
    tab.until("document.querySelector('svg').getBoundingClientRect().width > 300")


def test_the_matrix_counts_what_python_counts(tab, address, model, flowers):
    labels = list(fl.datasets.IRIS_LABELS)
    found = visit(tab, address)(
        WIDGETS
        + """
    const model = await load();
    const matrix = confusionMatrix(document.body, { labels: given.labels });
    const before = matrix.element.querySelector('p').textContent;
    await matrix.measure(model, given.held, given.truth);
    const rows = [...matrix.element.querySelectorAll('tbody tr')];
    return { before, counts: matrix.counts, text: matrix.element.querySelector('p').textContent,
      cells: rows.map(textOf),
      scopes: [...matrix.element.querySelectorAll('th')].map((cell) => cell.scope),
      bad: await caught(() => matrix.add([0], [7])),
      none: await caught(() => confusionMatrix(document.body, { labels: [] })),
      nowhere: await caught(() => confusionMatrix('#nowhere', given)) };""",
        flowers | {"labels": labels},
    )
    truth = np.array(flowers["truth"])
    said = model.predict(np.float32(flowers["held"])).argmax(-1)
    expected = np.zeros((3, 3), int)
    np.add.at(expected, (truth, said), 1)
    assert found["counts"] == expected.tolist()
    assert found["cells"] == [[label, *map(str, row)] for label, row in zip(labels, expected.tolist(), strict=True)]
    assert found["text"].startswith(f"{np.trace(expected)} of {len(truth)} right")
    assert set(found["scopes"]) == {"row", "col"} and found["before"] == "Nothing was asked yet."
    assert "classes from 0 to 2, got 7" in found["bad"]["message"] and "at least two names" in found["none"]["message"]
    assert "a selector of one, got #nowhere" in found["nowhere"]["message"]


def test_the_histogram_is_that_of_the_weights(tab, address, model):
    found = visit(tab, address)(
        WIDGETS
        + """
    const model = await load();
    const histogram = await weightHistogram(document.body, model);
    await drawn();
    const first = histogram.spread;
    const list = histogram.element.querySelector('select');
    const svg = histogram.element.querySelector('svg');
    const names = [...list.options].map((option) => option.value);
    const seen = { label: svg.getAttribute('aria-label'), bars: svg.querySelectorAll('.bar').length, names };
    await model.setWeights({ 'hidden/kernel': new Float32Array(64).fill(2) });
    histogram.update();
    await drawn();
    const wrong = await caught(() => weightHistogram(document.body, model, { name: 'x' }));
    return { ...seen, first, after: histogram.spread, wrong };"""
    )
    kernel = model.weights()["hidden/kernel"]
    assert found["names"][0] == "hidden/kernel" and "norm/moving_mean" in found["names"]
    first = found["first"]
    counts, _ = np.histogram(kernel, bins=41, range=(kernel.min(), kernel.max()))
    assert sum(first["bins"]) == kernel.size == 64 and np.abs(np.array(first["bins"]) - counts).sum() <= 2  # at edges
    expected = [kernel.mean(), kernel.std(), kernel.min(), kernel.max()]
    assert [first[name] for name in ("mean", "deviation", "least", "most")] == pytest.approx(expected, abs=1e-6)
    assert found["bars"] == 41 and found["label"].startswith("hidden/kernel: 64 numbers from ")
    assert (found["after"]["mean"], found["after"]["deviation"]) == (2, 0) and max(found["after"]["bins"]) == 64
    assert "expected one of hidden/kernel" in found["wrong"]["message"]


def test_the_layers_are_those_of_the_summary(tab, address, model):
    found = visit(tab, address)(
        WIDGETS
        + """
    const { element } = await layerTable(document.body, await load());
    const cells = (part) => [...element.querySelectorAll(`${part} tr`)].map(textOf);
    return { rows: cells('tbody'), foot: cells('tfoot')[0] };"""
    )
    rows = layer_rows(model.network)
    assert [row[0] for row in found["rows"]] == [row["name"] + row["kind"] for row in rows]
    assert [row[1] for row in found["rows"]] == [", ".join(row["outputs"]) for row in rows]
    assert [row[2:] for row in found["rows"]] == [["–", "–"], ["80", "all"], ["64", "32"], ["51", "all"]]
    assert found["foot"] == ["4 layers", "", "195", "163"]


def check_times(found: dict, kernels: int) -> None:
    measured = found["times"]["kernels"]
    assert len(measured) == kernels and all(kernel["milliseconds"] > 0 for kernel in measured)
    # On a busy machine: the same size, never another one.
    together = sum(kernel["milliseconds"] for kernel in measured)
    assert found["times"]["whole"] / 10 < together < 10 * found["times"]["whole"]
    assert len(found["rows"]) == kernels and sum(int(row[3][:-1]) for row in found["rows"]) == pytest.approx(
        100, abs=kernels / 2 + 1
    )


TIMES = """
    const model = await load({ reproducible: true });
    const before = await model.weights({ all: true });
    const widget = await kernelTimes(document.body, model, given);
    const times = await widget.measure();
    const after = await model.weights({ all: true });
    return { times, note: widget.element.querySelector('p').textContent,
      same: Object.keys(before).every((name) => before[name].every((value, i) => Object.is(value, after[name][i]))),
      rows: [...widget.element.querySelectorAll('tbody tr')].map(textOf) };"""


def test_kernels_are_timed_one_by_one_and_the_model_stays_as_it_is(tab, tmp_path):
    """Of a model whose call takes much longer than calling it does."""
    model = fl.Sequential([fl.Input((64,), name="x"), *(fl.layers.Dense(192, activation="tanh") for _ in range(3))])
    model.compile(loss="mse")
    model.export(tmp_path / "site", train=True, inside=True)
    add_blank_page(tmp_path / "site")
    program = compile(model.module(True), TARGETS["wasm-portable"]).program
    with running(tmp_path / "site") as address:
        for name in ("predict", "train_step"):
            kernels = [kernel.name for kernel in kernels_of(program.procedures[name].kernels)]
            found = visit(tab, address)(WIDGETS + TIMES, {"name": name, "sizes": {"batch": 16}})
            assert [kernel["name"] for kernel in found["times"]["kernels"]] == kernels
            assert found["same"] and "takes" in found["note"] and "each called alone" in found["note"]
            check_times(found, len(kernels))


def test_kernels_of_a_loop_count_as_often_as_they_run(tab, tmp_path):
    model = fl.Sequential([fl.Input((12, 3), name="x"), fl.layers.LSTM(8, name="lstm"), fl.layers.Dense(2)])
    model.export(tmp_path / "site", inside=True)
    add_blank_page(tmp_path / "site")
    with running(tmp_path / "site") as address:
        found = visit(tab, address)(WIDGETS + TIMES, {})
    rounds = {kernel["rounds"] for kernel in found["times"]["kernels"]}
    assert rounds == {1, 12}
    check_times(found, len(found["times"]["kernels"]))


def test_an_export_without_its_inside_says_so(tab, line_site):
    found = visit(tab, line_site.address)(
        WIDGETS
        + """
    const model = await load();
    const asked = [layerTable, kernelTimes];
    return Promise.all(asked.map((widget) => caught(() => widget(document.body, model))));"""
    )
    assert all("write model.export(..., inside=True)" in error["message"] for error in found)


def test_one_file_holds_its_inside_too(model, tmp_path):
    path = model.export(tmp_path / "iris.html", train=True, inside=True)
    bundle = json.dumps(fl.load(path).name)
    assert bundle == '"iris"' and 'data-file="inside.' in path.read_text(encoding="utf-8")


def test_a_page_can_have_a_look_inside(tab, model, tmp_path):
    (x, y), held = fl.datasets.iris()
    page = fl.Page(title="Iris", show=["train", "inside"], data={"train": (x, y), "test": held}, epochs=2)
    with running(model.export(tmp_path / "site", train=True, page=page)) as address:
        opened(tab, address)
        right = int(model.evaluate(*held)["accuracy"] * 30 + 0.5)
        tab.until(f"document.querySelector('#inside-matrix p')?.textContent.startsWith('{right} of 30 right')")
        assert tab.count("#inside-layers tbody tr") == 4 and tab.count("#inside-weights .bar") == 41
        tab.cut_network()
        before = tab.text("#inside-weights p")
        tab.click("#inside-times button")
        tab.until("document.querySelector('#inside-times tbody tr')")
        tab.click("#train-start")
        tab.until_state("#train", "done")
        tab.until(f"document.querySelector('#inside-weights p').textContent !== {json.dumps(before)}")

"""Does a page stay smooth while a large model trains? The tasks of its own thread, in a trace of Chromium."""

import numpy as np
import pytest

import fanlight as fl
from fanlight.server.serve import running
from web.browser import add_blank_page, visit
from web.own_tasks import own_tasks

ROWS = 160  # of a batch
MOST = 10  # milliseconds of a frame's 16 that a training may take at once


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A network whose step takes a tenth of a second or more."""
    folder = tmp_path_factory.mktemp("large") / "site"
    layers = [fl.layers.Dense(1792, activation="relu") for _ in range(3)]
    model = fl.Sequential([fl.Input((256,), name="x"), *layers, fl.layers.Dense(10)], name="large")
    model.compile(optimizer="adam", loss="mse")
    rows = np.zeros((ROWS, 256), "float32")
    model.train_on_batch(rows, np.zeros((ROWS, 10), "float32"))  # so that the export takes as many
    model.export(folder, train=True)
    add_blank_page(folder)
    with running(folder) as address:
        yield address


@pytest.mark.full
def test_the_page_s_own_tasks_are_short(browser, page, large):
    run = visit(page, large)
    # With what is fetched once, and the first call of everything.
    prepare = """
    globalThis.model = await load({ thread: 'worker', threads: 1 });
    globalThis.xs = Float32Array.from({ length: 256 * 480 }, (_, i) => Math.sin(i));
    globalThis.ys = Float32Array.from({ length: 10 * 480 }, (_, i) => Math.cos(i));
    globalThis.options = { epochs: 2, batchSize: 160, onBatchEnd() {}, callbacks: [{ onEpochEnd() {} }] };
    options.checkpoint = { to: 'indexeddb://large', everySteps: 2 };
    await model.fit(xs, ys, options);"""
    run(prepare)
    fit = "await model.fit(xs, ys, options); return model.stats.msPerStep;"
    tasks, step = own_tasks(browser, page, lambda: run(fit))
    print(f"{step:.0f} ms a step, longest tasks {sorted(tasks)[-5:]} of {len(tasks)}")
    assert step >= 100 and len(tasks) > 10
    assert max(tasks) <= MOST, sorted(tasks)[-5:]

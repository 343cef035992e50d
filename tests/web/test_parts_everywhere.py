"""Do the parts that a page fetches do in every browser what they do in Node? Callbacks, tables, stored features.

In Node they stand beside Keras and Python (test_steering.py, test_data.py, test_features.py); here they meet what Node
says, to the bit."""

import numpy as np
import pytest

import fanlight as fl
from fanlight.server.serve import running
from web.browser import CAUGHT, add_blank_page, run_node, visit
from web.conftest import Site
from web.rows import DATA, FILL

CALLBACKS = (
    CAUGHT
    + FILL
    + """
const parts = await import(PARTS);
const model = await load({ reproducible: true });
const heard = [];
const stop = parts.earlyStopping({ monitor: 'val_loss', patience: 2, minDelta: 0.02, restoreBestWeights: true });
const slower = parts.reduceLROnPlateau({ monitor: 'loss', patience: 0, minDelta: 0.5, factor: 0.5 });
const log = parts.csvLogger(), past = parts.history();
let kept;
const own = {
  onTrainBegin: ({ steps }) => void heard.push(['begin', steps]),
  onEpochBegin: (epoch) => void heard.push(['epoch', epoch]),
  onBatchEnd: (batch) => void heard.push(['batch', batch]),
  async onEpochEnd(epoch, logs, { model }) {
    heard.push(['end', epoch, (await model.weights({ all: true })).count[0]]);
    if (stop.bestEpoch === epoch) kept = await model.weights();
  },
  onTrainEnd: (logs) => void heard.push(['done', Object.keys(logs)]),
};
const callbacks = [slower, stop, log, past, own];
const history = await model.fit(x, t, { epochs: 60, batchSize: 4, seed: 3, validationSplit: 0.2, callbacks });
const now = await model.weights();
const { best, bestEpoch, stoppedEpoch } = stop;
const scheduled = [parts.learningRateScheduler((epoch, rate) => (epoch ? rate / 2 : 0.01))];
const second = await model.fit(x, t, { epochs: 3, seed: 3, callbacks: scheduled });
const wrong = await caught(() => model.fit(x, t, { callbacks: [parts.earlyStopping()] }));
return {
  history, heard, best, bestEpoch, stoppedEpoch, text: log.text, past: past.history, second, wrong,
  weights: [now.w, now.b].map((array) => [...array]), same: String(kept.w) === String(now.w),
};"""
)

TABLE = '\ufeffage,name,"fast, or not",score,kind\r\n41,"O\'Neil ""Bo""",yes,1e-3,a\r\n'
TABLE += '7,"two\nlines",no,-2,b\r\nNA,x,yes,3,a\r\n'
CSV = (
    CAUGHT
    + """
const { csv } = await import(PARTS);
const plain = ({ numbers: { data, shape }, ...rest }) => ({ ...rest, numbers: [[...data], [...shape]] });
const found = plain(await csv(given, { target: 'kind', missing: 'mean' }));
const file = plain(await csv(new File([given], 'rows.csv'), { target: 'kind', missing: 'drop' }));
return [found, file, await caught(() => csv(given)), await caught(() => csv('a,b\\n1'))];"""
)

FEATURES = """
const model = await load({ reproducible: true });
const x = Float32Array.from(given.x), y = Int32Array.from(given.y);
const history = await model.fit(x, y, { epochs: 3, batchSize: 5, seed: 0, validationSplit: 0.25 });
const weights = Object.entries(await model.weights()).map(([name, array]) => [name, [...array]]);
return { history, weights };"""


def both(tab, site, script: str, given, part: str):
    """What a script gives in Node and in a tab; PARTS is the address of the site's module `part`."""
    expected = run_node(script.replace("PARTS", repr((site.folder / part).as_uri())), given, site.folder)
    return expected, visit(tab, site.address)(script.replace("PARTS", repr(site.address + part)), given)


def test_callbacks_steer_alike(tab, line_site):
    expected, found = both(tab, line_site, CALLBACKS, DATA, "callbacks.js")
    assert 2 < len(expected["history"]["loss"]) < 60 and expected["same"], "it never stopped by itself"
    assert len({*expected["history"]["learning_rate"]}) > 1, "it never went slower"
    assert "expected monitor to be one of" in expected["wrong"]["message"]
    for key, value in expected.items():
        assert found[key] == value, key


def test_tables_are_read_alike(tab, line_site):
    expected, found = both(tab, line_site, CSV, TABLE, "data.js")
    assert [len(each["rows"]) for each in expected[:2]] == [3, 2] and expected[0]["rows"][2]["age"] == 24
    assert 'has no value for "age"' in expected[2]["message"] and "expected 2 fields" in expected[3]["message"]
    assert found == expected


@pytest.fixture(scope="module")
def taught(tmp_path_factory):
    """A site with a new head on a frozen trunk."""
    model = fl.Sequential(
        [
            fl.Input((6, 6, 3), name="image"),
            fl.layers.Conv2D(4, 3, activation="relu", name="trunk"),
            fl.layers.GlobalAveragePooling2D(),
            fl.layers.Dense(3, activation="softmax", name="old"),
        ]
    )
    model.freeze()
    model.replace_head(
        [fl.layers.Dense(8), fl.layers.Dropout(0.2), fl.layers.Dense(3, activation="softmax", name="new")]
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    folder = model.export(tmp_path_factory.mktemp("taught") / "site", train=True)
    add_blank_page(folder)
    with running(folder) as address:
        yield Site(folder, address)


def test_heads_on_stored_features_learn_alike(tab, taught, rng):
    given = {"x": rng.random((23, 6, 6, 3), np.float32).reshape(-1).tolist(), "y": rng.integers(0, 3, 23).tolist()}
    expected, found = both(tab, taught, FEATURES, given, "index.js")
    assert expected["history"].keys() == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert found == expected

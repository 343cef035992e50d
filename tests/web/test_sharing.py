"""Do several threads share a model's calls, in Node and in each browser? The same bits as one, whatever happens."""

import numpy as np
import pytest

import fanlight as fl
from fanlight.server.serve import running
from web.browser import BLANK, CAUGHT, add_blank_page, run_node, visit

STEPS, BATCH = 100, 16


@pytest.fixture(scope="module")
def shared_site(tmp_path_factory):
    """A network of which a step takes some milliseconds."""
    layers = fl.layers
    model = fl.Sequential(
        [
            fl.Input((16, 16, 4), name="x"),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.BatchNormalization(),
            layers.Conv2D(32, 3, strides=2, activation="relu"),
            layers.Dropout(0.2),
            layers.Flatten(),
            layers.Dense(10, activation="softmax", name="y"),
        ],
        name="shared",
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    model._batch = BATCH
    folder = tmp_path_factory.mktemp("shared") / "site"
    model.export(folder, train=True)
    add_blank_page(folder)
    return folder


@pytest.fixture(scope="module")
def isolated(shared_site):
    with running(shared_site) as address:
        yield address


@pytest.fixture
def sharing(tab, isolated):
    """A tab of a browser that shares memory."""
    tab.goto(isolated + BLANK)
    assert tab.look("typeof SharedArrayBuffer === 'function'")
    return tab


def test_a_browser_that_shares_no_memory_says_so(tab, isolated):
    ask = "return (await load({ thread: 'worker', threads: 2 })).diagnostics()"
    told = visit(tab, isolated)(ask)
    assert told["threads"] == 2 and told["notes"] == []
    told = visit(tab, isolated)(f"delete globalThis.SharedArrayBuffer; {ask}")
    assert told["threads"] == 1 and "shares no memory" in told["notes"][0] and told["crossOriginIsolated"]


# 64 samples in a fixed pseudo-random order; `bits` is a short digest of arrays.
DATA = """
let word = 7;
const noise = () => {
  word = Math.imul(word ^ (word >>> 15), 0x2c1b3c6d) + 0x9e3779b9 | 0;
  return (word >>> 8) / 2 ** 24 - 0.5;
};
const x = Float32Array.from({ length: 64 * 1024 }, noise);
const y = Int32Array.from({ length: 64 }, (_, i) => i % 10);
const bits = (arrays) => Object.entries(arrays).map(([name, array]) => {
  let sum = 0;
  for (const byte of new Uint8Array(array.slice().buffer)) sum = Math.imul(sum, 31) + byte | 0;
  return [name, sum];
});
const trained = async (model, epochs) => {
  const { loss } = await model.fit(x, y, { epochs, batchSize: 16, seed: 3 });
  return [loss, bits(await model.weights({ all: true })), bits(await model.predict(x))];
};
"""


def test_node_gives_the_bits_of_one_thread(shared_site):
    found = run_node(
        DATA
        + """
    const all = [];
    for (const threads of [1, 2, 3]) {
      const model = await load({ threads, thread: 'worker' });
      all.push([model.diagnostics().threads, await trained(model, given)]);
      model.dispose();
    }
    return all;""",
        STEPS // 4,
        shared_site,
    )
    assert [count for count, _ in found] == [1, 2, 3]
    assert found[0][1] == found[1][1] == found[2][1]
    assert found[0][1][0][-1] < found[0][1][0][0]


def test_node_uses_one_thread_unless_asked_and_says_nothing(shared_site):
    found = run_node("const m = await load({ thread: 'worker' }); return m.diagnostics()", None, shared_site)
    assert found["threads"] == 1 and not [note for note in found["notes"] if "One thread" in note]


def test_browsers_give_the_bits_of_one_thread(sharing, isolated):
    run = visit(sharing, isolated)
    script = (
        DATA
        + """
    const model = await load({ threads: given[0], thread: 'worker', reproducible: true });
    const found = await trained(model, given[1]);
    const { threads, variant, notes } = model.diagnostics();
    model.dispose();
    return { found, threads, variant, notes };"""
    )
    one, two, three = (run(script, [threads, STEPS // 4]) for threads in (1, 2, 3))
    assert (one["threads"], two["threads"], three["threads"]) == (1, 2, 3)
    assert one["notes"] == two["notes"] == three["notes"] == []
    assert one["found"] == two["found"] == three["found"]


def test_an_isolated_page_uses_its_cores(sharing, isolated):
    found = visit(sharing, isolated)(
        "const m = await load({ thread: 'worker' }); return [m.diagnostics(), navigator.hardwareConcurrency]"
    )
    told, cores = found
    assert told["crossOriginIsolated"] and told["threads"] == min(cores, 4)


def test_a_page_that_is_not_isolated_says_so_once(page, shared_site):
    said = []
    page.on("console", lambda message: said.append(message.text))
    with running(shared_site, is_isolated=False) as address:
        told = visit(page, address)(
            """
        const thread = 'worker';
        const models = [await load({ thread }), await load({ thread }), await load({ thread, threads: 1 })];
        return models.map((model) => model.diagnostics());"""
        )
    assert [each["threads"] for each in told] == [1, 1, 1]
    assert all("not isolated" in each["notes"][0] for each in told[:2]) and told[2]["notes"] == []
    assert len([text for text in said if "One thread runs the model" in text]) == 1


def test_the_page_itself_never_waits(sharing, isolated):
    told = visit(sharing, isolated)(
        DATA + "const m = await load({ thread: 'page', threads: 2 }); await m.predict(x); return m.diagnostics()"
    )
    assert told["threads"] == 1 and told["thread"] == "page" and "may not wait" in told["notes"][0]


def test_a_wrong_number_of_threads_is_refused(tab, isolated):
    found = visit(tab, isolated)(CAUGHT + "return caught(() => load({ threads: -1, thread: 'worker' }))")
    assert found["name"] == "UnknownNameError" and "-1" in found["message"]


def test_models_share_the_pool_and_leave_it(sharing, isolated):
    """Many short calls of several models at once, one of which is disposed in mid-call."""
    found = visit(sharing, isolated)(
        DATA
        + CAUGHT
        + """
    const options = { threads: 3, thread: 'worker', reproducible: true };
    const [a, b, c] = [await load(options), await load(options), await load(options)];
    const row = x.subarray(0, 1024);
    const expected = JSON.stringify(bits(await a.predict(row)));
    let wrong = 0;
    const many = async (model, count) => {
      for (let k = 0; k < count; k++) if (JSON.stringify(bits(await model.predict(row))) !== expected) wrong++;
    };
    const ended = caught(() => c.fit(x, y, { epochs: 1e6, batchSize: 16 }));
    setTimeout(() => c.dispose(), 200);
    await Promise.all([many(a, 500), many(b, 500)]);
    const after = await load(options);
    await many(after, 20);
    const workers = performance.getEntriesByType('resource').length;
    return { wrong, ended: await ended, threads: after.diagnostics().threads, workers };"""
    )
    assert found["wrong"] == 0 and found["threads"] == 3
    assert "disposed" in found["ended"]["message"]


def test_a_thousand_calls_lose_no_wake_up_in_node(shared_site):
    found = run_node(
        DATA
        + """
    const model = await load({ threads: 3, thread: 'worker' });
    const first = JSON.stringify(bits(await model.predict(x)));
    let wrong = 0;
    for (let k = 0; k < 300; k++) if (JSON.stringify(bits(await model.predict(x))) !== first) wrong++;
    for (let k = 0; k < 700; k++) await model.predict(x.subarray(0, 1024 * (1 + k % 3)));
    return { wrong };""",
        None,
        shared_site,
    )
    assert found == {"wrong": 0}


def test_a_self_test_beside_threads_has_memory_of_its_own(sharing, isolated):
    found = visit(sharing, isolated)(
        "const m = await load({ thread: 'worker', threads: 2 }); return [await m.selfTest(), m.diagnostics().threads]"
    )
    assert found[0]["passed"] and found[1] == 2


def test_words_agree_with_the_compiled_code():
    from fanlight.bundle.modules import web_text
    from fanlight.ir import job

    for name in ("threads.js", "helper.js"):
        text = web_text(name)
        assert f"STOP = {job.STOP} / 4" in text and f"BROKEN = {job.BROKEN}" in text
    assert f"TICKET = {job.TICKET} / 4" in web_text("threads.js") and f"DISPOSED = {job.DISPOSED}" in web_text(
        "threads.js"
    )
    assert np.log2(job.TICKET).is_integer()

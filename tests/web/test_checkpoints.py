"""Does a training survive a closed tab, to the bit? Checkpoints in IndexedDB and OPFS, in each browser.

In: a hand-made model whose state after every step is known. What is restored must be one of those states, whole."""

import json
import random
import time

import pytest
from playwright.sync_api import Error

from fanlight.bundle.write import write_bundle
from fanlight.server.serve import running
from web.browser import BLANK, CAUGHT, add_blank_page, visit
from web.hand_made import line, renamed
from web.rows import MANY

# A training whose end takes its time, and all that it measured.
START = (
    CAUGHT
    + MANY
    + """
const parts = await import(new URL('callbacks.js', location.href).href);
const model = await load({ reproducible: true });
"""
)
OPTIONS = "epochs: 4, seed: 3, validationSplit: 0.2"
WHERES = ["indexeddb://run", "opfs://run"]


def has_files(tab) -> bool:
    """Whether this browser has private files; where it has none, that is refused."""
    return tab.look("'createWritable' in (globalThis.FileSystemFileHandle?.prototype ?? {})") and tab.look(
        "!!navigator.storage?.getDirectory"
    )


@pytest.mark.parametrize("where", WHERES)
def test_an_interrupted_training_goes_on_to_the_bit(tab, line_site, where):
    script = (
        START
        + f"""
    const start = await model.weights({{ all: true }});
    const losses = [];
    const onBatchEnd = (batch, logs) => void losses.push(logs.loss);
    const again = async () => {{ await model.setWeights(start); }};
    const whole = await model.fit(x, t, {{ {OPTIONS}, onBatchEnd }});
    const end = await all(), expected = losses.splice(0);
    const found = [];
    // In the middle of an epoch, at its last step, and between two epochs.
    for (const [every, stop] of [[{{ everySteps: 7 }}, 30], [{{ everySteps: 20 }}, 41], [{{}}, 45]]) {{
      await again();
      let steps = 0;
      const callbacks = [{{ onBatchEnd: (batch, logs, {{ stop: end }}) => {{ if (++steps === stop) end(); }} }}];
      await model.fit(x, t, {{ {OPTIONS}, callbacks, checkpoint: {{ to: given, ...every }} }});
      await again();
      const {{ epoch, batch }} = await parts.findCheckpoint(given);
      const run = await model.fit(x, t, {{ {OPTIONS}, seed: 9, resume: given, onBatchEnd }});
      found.push([epoch, batch, JSON.stringify(run) === JSON.stringify(whole), await all() === end, losses.splice(0)]);
    }}
    await parts.removeCheckpoint(given);
    return {{ found, expected, gone: await parts.findCheckpoint(given) ?? null }};"""
    )
    run = visit(tab, line_site.address)
    if where.startswith("opfs") and not has_files(tab):
        refused = run(START + "return caught(() => model.fit(x, t, { checkpoint: { to: 'opfs://run' } }));")
        assert refused["name"] == "BrowserError" and "indexeddb" in refused["message"]
        return
    found = run(script, where)
    assert len(found["expected"]) == 80 and found["gone"] is None
    places = []
    for epoch, batch, is_same, is_end, losses in found["found"]:
        places.append((epoch, batch))
        assert is_same and is_end
        assert losses == found["expected"][20 * epoch + batch :]
    # Stopped on the page's thread the training ends at that step, from a worker some quick steps later.
    assert places[1][1] in (0, 20) and places[2][1] == 0


def test_callbacks_remember_across_a_checkpoint(tab, line_site):
    found = visit(tab, line_site.address)(
        START
        + """
    const spoil = { onEpochEnd(epoch, logs) { logs.loss = [5, 4, 9, 9, 9, 9, 9][epoch]; } };
    const make = () => [spoil, parts.earlyStopping({ monitor: 'loss', patience: 4, restoreBestWeights: true })];
    const options = { seed: 1, checkpoint: { to: 'indexeddb://stopping' } };
    let best;
    const watch = { async onEpochEnd(epoch, logs, { model }) { if (epoch === 1) best = await model.weights(); } };
    await model.fit(x, t, { ...options, epochs: 3, callbacks: [...make(), watch] });
    await model.fit(x, t, { epochs: 1 });
    const callbacks = make();
    const history = await model.fit(x, t, { ...options, epochs: 20, resume: 'indexeddb://stopping', callbacks });
    const now = await model.weights();
    return { loss: history.loss, stopped: callbacks[1].stoppedEpoch, same: String(best.w) === String(now.w) };"""
    )
    assert found == {"loss": [5, 4, 9, 9, 9, 9], "stopped": 5, "same": True}


def test_another_model_s_checkpoint_is_refused_and_stays(tab, tmp_path):
    manifest, code, weights = line()
    folder = tmp_path / "site"
    write_bundle(folder, manifest, code, weights)
    add_blank_page(folder)
    with running(folder) as address:
        run = visit(tab, address)
        run(START + "await model.fit(x, t, { checkpoint: { to: 'indexeddb://run' } });")
        write_bundle(folder, renamed(manifest, w="kernel"), code, {"kernel": weights["w"], "b": weights["b"]})
        assert (folder / BLANK).exists()
        tab.reload()
        found = run(
            START
            + """
        const before = (await model.weights()).kernel;
        const found = [
          await caught(() => model.fit(x, t, { resume: 'indexeddb://run' })),
          await caught(() => model.fit(x, t, { checkpoint: { to: 'indexeddb://run' } })),
          await caught(() => model.fit(x, t, { resume: 'indexeddb://none' })),
          await caught(() => model.fit(x, t, { checkpoint: { to: 'disk://run' } })),
        ];
        const kept = await parts.findCheckpoint('indexeddb://run');
        return { errors: found, kept, same: String(before) === String((await model.weights()).kernel) };"""
        )
    for error in found["errors"][:2]:
        assert 'it lacks "kernel"; it has "w"' in error["message"] and "left as it is" in error["message"]
    assert "nothing is kept" in found["errors"][2]["message"] and "disk://run" in found["errors"][3]["message"]
    assert all(error["name"] == "StorageError" for error in found["errors"])
    assert found["kept"]["epoch"] == 1 and found["same"]


def test_other_samples_are_no_way_to_go_on(tab, line_site):
    found = visit(tab, line_site.address)(
        START
        + """
    await model.fit(x, t, { checkpoint: { to: 'indexeddb://run' } });
    const resume = 'indexeddb://run';
    return [await caught(() => model.fit(x.slice(4), t.slice(1), { resume })),
      await caught(() => model.fit(x, t, { resume, batchSize: 2 })),
      await caught(() => model.fit((function* () {})(), { resume }))].map((error) => error.message);"""
    )
    assert "trained = 100, got 99" in found[0] and "batch = 4, got 2" in found[1] and "trained" in found[2]


# Fails as a full disk does: after some writes, or when the record is committed.
FULL = {
    "indexeddb://run": """
    const { put } = IDBObjectStore.prototype;
    let left = given;
    IDBObjectStore.prototype.put = function (...args) {
      const request = put.apply(this, args);
      if (left-- > 0) return request;
      Object.defineProperty(this.transaction, 'error', { value: new DOMException('full', 'QuotaExceededError') });
      request.onsuccess = () => this.transaction.abort();
      return request;
    };
    const mend = () => { IDBObjectStore.prototype.put = put; };""",
    "opfs://run": """
    const { write } = FileSystemWritableFileStream.prototype;
    let left = given;
    FileSystemWritableFileStream.prototype.write = function (...args) {
      if (left-- > 0) return write.apply(this, args);
      return Promise.reject(new DOMException('full', 'QuotaExceededError'));
    };
    const mend = () => { FileSystemWritableFileStream.prototype.write = write; };""",
}


@pytest.mark.parametrize("where", WHERES)
@pytest.mark.parametrize("writes", [0, 1])
def test_a_full_disk_leaves_the_checkpoint_before(tab, line_site, where, writes):
    run = visit(tab, line_site.address)
    if where.startswith("opfs") and not has_files(tab):
        pytest.skip("this browser writes no private files from a page")
    found = run(
        START
        + f"""
    const to = {json.dumps(where)};
    await model.fit(x, t, {{ {OPTIONS}, epochs: 2, checkpoint: {{ to }} }});
    const before = await all();
    {FULL[where]}
    const error = await caught(() => model.fit(x, t, {{ {OPTIONS}, resume: to, checkpoint: {{ to }} }}));
    mend();
    const {{ epoch }} = await parts.findCheckpoint(to);
    await model.reset(1);
    await model.fit(x, t, {{ {OPTIONS}, epochs: 2, resume: to }});
    return {{ error, epoch, same: before === await all() }};""",
        writes,
    )
    assert found["error"]["name"] == "StorageError" and "storage is full" in found["error"]["message"]
    assert found["epoch"] == 2 and found["same"]


TABS = """
const name = given.name;
if (!given.locks) Object.defineProperty(navigator, 'locks', { value: undefined });
"""


@pytest.mark.parametrize("has_locks", [True, False])
def test_two_tabs_do_not_spoil_each_other(browser, line_site, has_locks):
    context = browser.new_context()
    one, two = (visit(context.new_page(), line_site.address) for _ in range(2))
    given = {"name": "indexeddb://both", "locks": has_locks}
    long = "epochs: 1e6, checkpoint: { to: name, everySteps: 1 }"
    one(START + TABS + f"globalThis.run = caught(() => model.fit(x, t, {{ {long} }}));", given)
    end = time.monotonic() + 20
    while not one(
        "return !!(await (await import(new URL('callbacks.js', location.href))).findCheckpoint('indexeddb://both'));"
    ):
        assert time.monotonic() < end
    ended = f"""
    const run = model.fit(x, t, {{ {long} }});
    setTimeout(() => run.stop(), 3000);
    return caught(() => run);"""
    second = two(START + TABS + ended, given)
    # Where there are no locks, the one is told that finds the record changed; what the other keeps is whole.
    kept = two(
        START
        + """
    await model.fit(x, t, { resume: given.name, epochs: 0 });
    return (await model.weights({ all: true })).count[0];""",
        given,
    )
    wait = "new Promise((done) => setTimeout(() => done(null), given))"
    first = one(f"return Promise.race([globalThis.run, {wait}]);", 0 if second else 3000)
    error = second or first
    assert kept > 0 and error["name"] == "StorageError" and (second or not has_locks)
    assert ("is in use" if has_locks else "changed by another tab") in error["message"]
    context.close()


def killed(browser, address: str, moments: int, where: str) -> None:
    """Kills the process of a page that trains, at random moments; what is there then is one of the states of the
    training, whole."""
    context = browser.new_context()
    page = context.new_page()
    states = visit(page, address)(
        START
        + """
    const states = {};
    const remember = async () => {
      const state = await model.weights({ all: true });
      states[state.count[0]] = JSON.stringify(Object.values(state).map((array) => Array.from(array)));
    };
    await remember();
    await model.fit(x, t, { epochs: 40, seed: 3, callbacks: [{ onEpochEnd: remember }] });
    return states;"""
    )
    page.close()
    begin = START + "void model.fit(x, t, { epochs: 40, seed: 3, checkpoint: { to: given, everySteps: 5 } });"
    check = (
        START
        + """
    const kept = await parts.findCheckpoint(given);
    if (!kept) return null;
    await model.reset(1);
    await model.fit(x, t, { epochs: kept.epoch + 1, seed: 3, resume: given });
    const { count } = await model.weights({ all: true });
    return [kept, count[0], await all()];"""
    )
    rng = random.Random(5)
    seen = set()
    for _ in range(moments):
        page = context.new_page()
        visit(page, address)(begin, where)
        page.wait_for_timeout(rng.uniform(0, 250))
        with pytest.raises(Error, match="crash"):
            page.goto("chrome://crash")
        page.close()
        page = context.new_page()
        found = visit(page, address)(check, where)
        page.close()
        if found is None:
            continue
        kept, count, state = found
        # The rest of the epoch, learnt after the checkpoint, ends where the training without a stop did.
        assert count == 25 * (kept["epoch"] + 1)
        assert state == states[str(count)], (kept, count)
        seen.add((kept["epoch"], kept["batch"]))
    assert len(seen) > 1, "no checkpoint was ever there"
    context.close()


@pytest.mark.parametrize("where", WHERES)
def test_a_killed_page_leaves_a_whole_checkpoint(browser, line_site, where):
    killed(browser, line_site.address, 5, where)


@pytest.mark.full
@pytest.mark.parametrize("where", WHERES)
def test_fifty_killed_pages_leave_whole_checkpoints(browser, line_site, where):
    killed(browser, line_site.address, 50, where)

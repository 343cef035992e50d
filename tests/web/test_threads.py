"""Do worker and page do the same work, and let each other live? In each browser."""

import pytest

from fanlight.server.serve import running
from web.browser import CAUGHT, visit
from web.rows import MANY


def test_the_worker_predicts_and_trains_under_the_policy(tab, line_site):
    run = visit(tab, line_site.address)
    found = run(
        CAUGHT
        + MANY
        + """
    const model = await load();
    const { y } = await model.predict({ x: [1, 1, 1, 1] });
    const many = await model.predict(new Float32Array(4 * 21));
    const history = await model.fit({ x }, { t }, { epochs: 3, validationSplit: 0.1, seed: 1 });
    const { message: error } = await caught(async () => model.predictSync([1, 1, 1, 1]));
    const relaxed = (await model.call('uses_relaxed', {})).relaxed[0];
    const told = model.diagnostics();
    return { y: y[0], kind: y.constructor.name, many: many.y.length, history, error, relaxed, told };"""
    )
    assert (found["y"], found["kind"], found["many"]) == (10.5, "Float32Array", 21)
    assert len(found["history"]["val_loss"]) == 3 and found["history"]["loss"][2] < 0.01
    assert "await predict()" in found["error"]
    variant = "portable" if "WebKit" in tab.browser else "relaxed"
    assert found["relaxed"] == (variant == "relaxed")
    told = found["told"]
    assert (told["thread"], told["variant"], told["notes"]) == ("worker", variant, [])
    # The manifest here; code and weights in the worker.
    assert told["requests"] == 3 and told["bytesSent"] == 0 and told["bytesReceived"] > 1000


def test_nothing_is_sent_and_nothing_is_asked_of_others(page, line_site):
    asked = []
    page.on("request", lambda request: asked.append((request.method, request.url, request.post_data)))
    visit(page, line_site.address)(
        MANY + "const model = await load(); await model.fit(x, t); await model.save('indexeddb://a');"
    )
    assert {(method, data) for method, _, data in asked} == {("GET", None)}
    # The icon is in the HTML, and the worker begins in a blob.
    assert all(url.removeprefix("blob:").startswith((line_site.address, "data:,", "blob:")) for _, url, _ in asked)


def test_the_policy_of_the_page_binds_its_worker(page, line_site, tmp_path):
    """A worker from an address would have the policy of its own response, and that is the host's: none."""
    arrived = []
    with running(tmp_path, is_shared=True) as other:
        page.on("response", lambda response: arrived.append(response.url))
        visit(page, line_site.address)("await load({ thread: 'worker' })")
        (worker,) = page.workers
        script = "(to) => fetch(to, { mode: 'no-cors' }).then(() => 'sent', (error) => error.name)"
        assert worker.evaluate(script, other) == "TypeError"
        assert worker.evaluate(script, line_site.address) == "sent"
    assert not [url for url in arrived if url.startswith(other)]


def test_both_threads_learn_the_same_bits(tab, line_site):
    run = visit(tab, line_site.address)
    script = (
        MANY
        + """
    const model = await load({ thread: given });
    await model.fit(x, t, { epochs: 2 });
    return [model.diagnostics().thread, await all()];"""
    )
    worker, here = run(script, "worker"), run(script, "page")
    assert (worker[0], here[0]) == ("worker", "page")
    assert worker[1] == here[1]


def test_a_small_model_lives_on_the_page_and_learns_in_the_worker(tab, small_site):
    found = visit(tab, small_site.address)(
        MANY
        + """
    const model = await load();
    const before = [model.diagnostics().thread, model.predictSync([1, 1, 1, 1]).y[0]];
    await model.setWeights({ w: [0, 0, 0, 0] });
    const seen = [];
    const first = model.fit(x, t, { epochs: 200, onEpochEnd: async (epoch) => {
      if (epoch) return;
      try { model.predictSync([0, 0, 0, 0]); } catch (error) { seen.push(error.message); }
      seen.push((await model.predict([0, 0, 0, 0])).y[0] !== 0.5);
    } });
    const second = model.fit(x, t, { epochs: 1 });
    await Promise.all([first, second]);
    const learnt = await model.weights();
    const after = model.predictSync([1, 0, 0, 0]).y[0];
    const third = await model.fit(x, t, { epochs: 1 });
    const [count] = (await model.weights({ all: true })).count;
    const isSame = Math.abs(after - learnt.w[0] - learnt.b[0]) < 1e-6;
    return { before, seen, count, isSame, after, loss: third.loss[0], notes: model.diagnostics().notes };"""
    )
    assert found["before"] == ["page", 10.5]
    assert "await predict()" in found["seen"][0] and found["seen"][1] is True
    assert found["count"] == 202 * 25 and found["isSame"]
    assert found["after"] == pytest.approx(3, abs=1e-3) and found["loss"] < 1e-6
    assert found["notes"] == []


def test_waiting_calls_run_while_the_worker_trains(tab, line_site):
    found = visit(tab, line_site.address)(
        MANY
        + """
    const model = await load();
    const stop = new AbortController();
    let batches = 0;
    const fit = model.fit(x, t, { epochs: 1e7, signal: stop.signal, onBatchEnd: () => { batches++; } });
    const counts = [];
    for (let i = 0; i < 5; i++) {
      await model.predict([1, 1, 1, 1]);
      counts.push((await model.weights({ all: true })).count[0]);
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    stop.abort();
    const end = await fit.catch((error) => error.name);
    const { y } = await model.predict([1, 0, 0, 0]);
    return { counts, end, y: y[0], batches };"""
    )
    assert found["counts"] == sorted(found["counts"]) and found["counts"][-1] > found["counts"][0]
    assert found["end"] == "AbortError" and found["batches"] > 25
    assert found["y"] == pytest.approx(3, abs=1e-3)


def test_errors_cross_the_thread_with_their_facts(tab, line_site):
    found = visit(tab, line_site.address)(
        CAUGHT
        + MANY
        + """
    const model = await load();
    t[1] = Infinity;
    const nan = await model.fit(x, t, { shuffle: false }).catch((error) => error);
    const onEpochEnd = () => { throw new RangeError('mine'); };
    return {
      isOurs: nan instanceof errors.NonFiniteLossError,
      nan: await caught(async () => { throw nan; }),
      trap: await caught(() => model.call('trap', {})),
      mine: await caught(() => model.fit(x, t.fill(1), { onEpochEnd })),
      after: (await model.predict([1, 1, 1, 1])).y.length,
    };"""
    )
    assert found["isOurs"] and found["nan"]["step"] == 0 and "epoch 1, step 1" in found["nan"]["message"]
    assert found["trap"]["name"] == "FanlightError"
    assert (found["mine"]["name"], found["mine"]["message"], found["after"]) == ("RangeError", "mine", 1)


def test_loading_tells_its_progress_and_can_be_ended(tab, line_site):
    run = visit(tab, line_site.address)
    found = run("const heard = []; await load({ onProgress: (progress) => void heard.push(progress) }); return heard")
    assert found[-1]["loaded"] == found[-1]["total"] > 500
    assert {name.split(".")[0] for name in (each["file"] for each in found)} == {"code", "weights"}
    for thread in ("page", "worker"):
        script = (
            CAUGHT
            + """
    const control = new AbortController();
    return caught(() => load({ thread: given, signal: control.signal, onProgress: () => control.abort() }));"""
        )
        assert run(script, thread)["name"] == "AbortError"
    assert run(CAUGHT + "return caught(() => load({ signal: AbortSignal.abort() }))")["name"] == "AbortError"

"""Does the runtime keep its word in a browser? Workers, storage, pictures, the policy, the network, other origins."""

import re
import shutil

import pytest
from web.browser import BLANK, CAUGHT, add_blank_page, visit
from web.hand_made import line, pixels

from fanlight.bundle.page import POLICY
from fanlight.bundle.write import write_bundle
from fanlight.server.serve import own_address, running

DATA = """
const x = Float32Array.from({ length: 400 }, (_, i) => Math.sin(i * i)), t = Float32Array.from({ length: 100 }, (_, i) => 2 * x[4 * i] - x[4 * i + 1] + 1);
const all = async () => JSON.stringify(Object.values(await model.weights({ all: true })).map((array) => Array.from(array)));
"""


@pytest.fixture
def violations(page):
    """What the page's policy refused, and what it said on the console."""
    found: list[str] = []
    page.on("console", lambda message: found.append(message.text) if message.type == "error" else None)
    return found


def test_the_worker_predicts_and_trains_under_the_policy(page, line_site, violations):
    run = visit(page, line_site.address)
    found = run(
        DATA
        + """
    const model = await load();
    const { y } = await model.predict({ x: [1, 1, 1, 1] });
    const many = await model.predict(new Float32Array(4 * 21));
    const history = await model.fit({ x }, { t }, { epochs: 3, validationSplit: 0.1, seed: 1 });
    const error = (() => { try { model.predictSync([1, 1, 1, 1]); } catch (error) { return error.message; } })();
    const relaxed = (await model.call('uses_relaxed', {})).relaxed[0];
    return { y: y[0], kind: y.constructor.name, many: many.y.length, history, error, relaxed, told: model.diagnostics() };"""
    )
    assert (found["y"], found["kind"], found["many"]) == (10.5, "Float32Array", 21)
    assert len(found["history"]["val_loss"]) == 3 and found["history"]["loss"][2] < 0.01
    assert "await predict()" in found["error"]
    assert found["relaxed"] == 1, "Chromium runs the relaxed variant"
    told = found["told"]
    assert (told["thread"], told["variant"], told["notes"]) == ("worker", "relaxed", [])
    # The manifest here; code and weights in the worker.
    assert told["requests"] == 3 and told["bytesSent"] == 0 and told["bytesReceived"] > 1000
    assert not violations


def test_nothing_is_sent_and_nothing_is_asked_of_others(page, line_site):
    asked = []
    page.on("request", lambda request: asked.append((request.method, request.url, request.post_data)))
    visit(page, line_site.address)(
        DATA + "const model = await load(); await model.fit(x, t); await model.save('indexeddb://a');"
    )
    assert {(method, data) for method, _, data in asked} == {("GET", None)}
    assert all(url.startswith(line_site.address) for _, url, _ in asked)


def test_both_threads_learn_the_same_bits(page, line_site):
    run = visit(page, line_site.address)
    script = (
        DATA
        + "const model = await load({ thread: given }); await model.fit(x, t, { epochs: 2 }); return [model.diagnostics().thread, await all()]"
    )
    worker, here = run(script, "worker"), run(script, "page")
    assert (worker[0], here[0]) == ("worker", "page")
    assert worker[1] == here[1]


def test_a_small_model_lives_on_the_page_and_learns_in_the_worker(page, small_site):
    found = visit(page, small_site.address)(
        DATA
        + """
    const workers = performance.getEntriesByType('resource').length;
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
    return { before, seen, count: (await model.weights({ all: true })).count[0], isSame: Math.abs(after - learnt.w[0] - learnt.b[0]) < 1e-6, after, loss: third.loss[0], notes: model.diagnostics().notes };"""
    )
    assert found["before"] == ["page", 10.5]
    assert "await predict()" in found["seen"][0] and found["seen"][1] is True
    assert found["count"] == 202 * 25 and found["isSame"]
    assert found["after"] == pytest.approx(3, abs=1e-3) and found["loss"] < 1e-6
    assert found["notes"] == []


def test_waiting_calls_run_while_the_worker_trains(page, line_site):
    found = visit(page, line_site.address)(
        DATA
        + """
    const model = await load();
    const fit = model.fit(x, t, { epochs: 1e7 , signal: (globalThis.stop = new AbortController()).signal, onBatchEnd: () => { globalThis.batches = (globalThis.batches ?? 0) + 1; } });
    const counts = [];
    for (let i = 0; i < 5; i++) {
      await model.predict([1, 1, 1, 1]);
      counts.push((await model.weights({ all: true })).count[0]);
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    globalThis.stop.abort();
    const end = await fit.catch((error) => error.name);
    const { y } = await model.predict([1, 0, 0, 0]);
    return { counts, end, y: y[0], batches: globalThis.batches };"""
    )
    assert found["counts"] == sorted(found["counts"]) and found["counts"][-1] > found["counts"][0]
    assert found["end"] == "AbortError" and found["batches"] > 25
    assert found["y"] == pytest.approx(3, abs=1e-3)


def test_errors_cross_the_thread_with_their_facts(page, line_site):
    found = visit(page, line_site.address)(
        CAUGHT
        + DATA
        + """
    const model = await load();
    t[1] = Infinity;
    const nan = await model.fit(x, t, { shuffle: false }).catch((error) => error);
    return { isOurs: nan instanceof errors.NonFiniteLossError, nan: await caught(() => { throw nan; }), trap: await caught(() => model.call('trap', {})),
      mine: await caught(() => model.fit(x.map((v) => v), t.fill(1), { onEpochEnd: () => { throw new RangeError('mine'); } })),
      after: (await model.predict([1, 1, 1, 1])).y[0] };"""
    )
    assert found["isOurs"] and found["nan"]["step"] == 0 and "epoch 1, step 1" in found["nan"]["message"]
    assert (found["trap"]["name"], found["mine"]["name"], found["mine"]["message"]) == (
        "FanlightError",
        "RangeError",
        "mine",
    )
    assert found["after"] is not None


# Storage


def test_a_save_survives_a_reload(page, line_site):
    run = visit(page, line_site.address)
    before = run(
        DATA
        + "const model = await load(); await model.fit(x, t); await model.save('indexeddb://mine', { metadata: { labels: 'heart' } }); return all()"
    )
    page.reload()
    found = run(
        CAUGHT
        + DATA
        + """
    const model = await load();
    const none = await caught(() => model.restore('indexeddb://other'));
    const known = [await model.saved('indexeddb://mine'), await model.saved('indexeddb://other')];
    const metadata = await model.restore('indexeddb://mine');
    return { none, known, metadata, now: await all() };"""
    )
    assert found["now"] == before
    assert found["none"]["name"] == "StorageError" and 'nothing is saved as "other"' in found["none"]["message"]
    assert found["known"][0]["labels"] == found["metadata"]["labels"] == "heart" and found["known"][1] is None


def test_a_save_of_another_model_is_refused_and_stays(page, tmp_path):
    manifest, code, weights = line()
    folder = tmp_path / "site"
    write_bundle(folder, manifest, code, weights)
    add_blank_page(folder)
    with running(folder) as address:
        run = visit(page, address)
        run("const model = await load(); await model.reset(4); await model.save('indexeddb://mine');")
        from web.hand_made import renamed

        write_bundle(folder, renamed(manifest, w="kernel"), code, {"kernel": weights["w"], "b": weights["b"]})
        assert (folder / BLANK).exists(), "an export keeps other files"
        page.reload()
        found = run(
            CAUGHT
            + "const model = await load(); return [await caught(() => model.restore('indexeddb://mine')), await model.saved('indexeddb://mine'), Array.from((await model.weights()).kernel)]"
        )
    assert 'it lacks "kernel"; it has "w"' in found[0]["message"] and "left as it is" in found[0]["message"]
    assert found[1]["model"] == "line" and found[2] == [1, 2, 3, 4]


def test_a_full_disk_leaves_the_save_before(page, line_site):
    run = visit(page, line_site.address)
    run("const model = await load(); await model.reset(6); await model.save('indexeddb://mine');")
    found = run(
        CAUGHT
        + """
    const model = await load();
    await model.reset(8);
    const { put } = IDBObjectStore.prototype;
    // The disk is full when the transaction is committed, after the request has succeeded.
    IDBObjectStore.prototype.put = function (...args) {
      const request = put.apply(this, args);
      Object.defineProperty(this.transaction, 'error', { value: new DOMException('full', 'QuotaExceededError') });
      request.onsuccess = () => this.transaction.abort();
      return request;
    };
    const error = await caught(() => model.save('indexeddb://mine'));
    IDBObjectStore.prototype.put = put;
    await model.restore('indexeddb://mine');
    return { error, w: Array.from((await model.weights()).w) };"""
    )
    assert found["error"]["name"] == "StorageError" and "storage is full" in found["error"]["message"]
    assert found["w"] == [6, 6, 6, 6]


def test_a_tab_closed_in_the_middle_leaves_the_save_before(browser, line_site):
    context = browser.new_context()
    first = context.new_page()
    run = visit(first, line_site.address)
    run("const model = await load(); await model.reset(6); await model.save('indexeddb://mine');")
    start = (
        DATA
        + "globalThis.model = await load(); const { model } = globalThis; await model.reset(9); void model.fit(x, t, { epochs: 1e6 }); for (let i = 0; i < 3; i++) void model.save('indexeddb://mine');"
    )
    run(start)
    first.close()
    second = context.new_page()
    found = visit(second, line_site.address)(
        "const model = await load(); await model.restore('indexeddb://mine'); return Array.from((await model.weights({ all: true })).w)"
    )
    context.close()
    assert len(found) == 4 and all(value == value for value in found)


def test_a_download_is_a_safetensors_file(page, line_site, tmp_path):
    import safetensors.numpy

    run = visit(page, line_site.address)
    with page.expect_download() as download:
        run("const model = await load(); await model.reset(5); await model.save('download');")
    assert download.value.suggested_filename == "line.safetensors"
    download.value.save_as(tmp_path / "learnt.safetensors")
    assert safetensors.numpy.load_file(tmp_path / "learnt.safetensors")["w"].ravel().tolist() == [5, 5, 5, 5]


# The network


def test_everything_goes_on_without_the_network(page, line_site):
    run = visit(page, line_site.address)
    run("globalThis.model = await load(); await model.fit([1, 2, 3, 4], [1]); await model.selfTest().catch(() => {});")
    page.context.set_offline(True)
    found = run(
        "const history = await model.fit([1, 2, 3, 4, 1, 1, 1, 1], [1, 2]); await model.save('indexeddb://off'); await model.restore('indexeddb://off'); return [(await model.predict([0, 0, 0, 0])).y.length, history.loss.length]"
    )
    assert found == [1, 1]


def test_a_damaged_copy_in_the_cache_is_passed_by(page, tmp_path):
    write_bundle(tmp_path / "site", *line())
    add_blank_page(tmp_path / "site")
    weights = next((tmp_path / "site").glob("weights.*"))
    whole = weights.read_bytes()
    weights.write_bytes(b"not the weights")
    script = (
        CAUGHT
        + "let y; const error = await caught(async () => { y = (await (await load()).predict([1, 1, 1, 1])).y[0]; }); return [error, y]"
    )
    with running(tmp_path / "site") as address:
        run = visit(page, address)
        error, _ = run(script)
        assert error["name"] == "IntegrityError" and "got 15 others" in error["message"]
        # The host is repaired; the browser was told to keep its copy for ever.
        weights.write_bytes(whole)
        asked = []
        page.on("request", lambda request: asked.append(request.url) if "weights" in request.url else None)
        assert run(script) == [None, 10.5]
        # The copy first, then past the cache; from then on the new copy.
        assert len(asked) == 2 and run(script)[1] == 10.5 and len(asked) == 3


@pytest.mark.parametrize("thread", ["page", "worker"])
def test_a_missing_file_is_named(page, line_site, thread):
    page.route("**/code.*", lambda route: route.fulfill(status=404, body="no"))
    page.context.route("**/code.*", lambda route: route.fulfill(status=404, body="no"))
    found = visit(page, line_site.address)(CAUGHT + "return caught(() => load({ thread: given }))", thread)
    assert found["name"] == "IntegrityError"
    assert re.search(r"code\.\w+\.wasm could not be read: the host answered 404", found["message"])


def test_loading_tells_its_progress_and_can_be_ended(page, line_site):
    run = visit(page, line_site.address)
    found = run("const heard = []; await load({ onProgress: (progress) => void heard.push(progress) }); return heard")
    assert found[-1]["loaded"] == found[-1]["total"] > 500
    assert {name.split(".")[0] for name in (each["file"] for each in found)} == {"code", "weights"}
    for thread in ("page", "worker"):
        script = (
            CAUGHT
            + "const control = new AbortController(); return caught(() => load({ thread: given, signal: control.signal, onProgress: () => control.abort() }))"
        )
        assert run(script, thread)["name"] == "AbortError"
    assert run(CAUGHT + "return caught(() => load({ signal: AbortSignal.abort() }))")["name"] == "AbortError"


# Where a page is


def test_from_another_origin_the_worker_comes_through_a_blob(page, line_site, tmp_path):
    add_blank_page(
        tmp_path, "default-src 'none'; script-src * blob: 'wasm-unsafe-eval'; connect-src *; worker-src * blob:"
    )
    (tmp_path / "strict").mkdir()
    add_blank_page(
        tmp_path / "strict", "default-src 'none'; script-src * 'wasm-unsafe-eval'; connect-src *; worker-src 'none'"
    )
    script = (
        DATA
        + "const model = await fetched.load(); await model.fit(x, t); return { y: (await model.predict([0, 0, 0, 0])).y[0], told: model.diagnostics() }"
    )
    with (
        running(line_site.folder, is_shared=True, is_isolated=False) as other,
        running(tmp_path, is_isolated=False) as own,
    ):
        for folder, thread in ((own, "worker"), (f"{own}strict/", "page")):
            page.goto(folder + BLANK)
            found = page.evaluate(f"async () => {{ const fetched = await import('{other}index.js'); {script} }}")
            assert found["told"]["thread"] == thread, found["told"]
            assert found["y"] == pytest.approx(1, abs=0.2)
        assert len(found["told"]["notes"]) == 1 and "everything runs on the calling thread" in found["told"]["notes"][0]


def test_an_origin_without_webcrypto_verifies_with_its_own_sha256(page, line_site):
    if own_address() == "127.0.0.1":
        pytest.skip("this machine has no address but loopback, where every origin is secure")
    with running(line_site.folder, host="0.0.0.0", is_isolated=False) as address:
        found = visit(page, address)(
            "const model = await load(); return [isSecureContext, typeof crypto.subtle, (await model.predict([1, 1, 1, 1])).y[0], model.diagnostics().thread]"
        )
    assert found == [False, "undefined", 10.5, "worker"]


def test_a_folder_opened_from_disk_says_what_it_needs(page, line_site):
    # A module is not even loaded from a file: address; the words are for pages that bring the runtime along.
    found = visit(page, line_site.address)(CAUGHT + "return caught(() => load('file:///home/me/site/'))")
    assert found["name"] == "BrowserError" and "fanlight serve" in found["message"]


def test_two_models_in_one_page(page, line_site, small_site, tmp_path):
    shutil.copytree(line_site.folder, tmp_path / "a")
    shutil.copytree(small_site.folder, tmp_path / "b")
    add_blank_page(tmp_path)
    with running(tmp_path) as address:
        page.goto(address + BLANK)
        found = page.evaluate(
            """async () => {
          const [a, b] = await Promise.all(['a', 'b'].map(async (name) => (await import(`/${name}/index.js`)).load()));
          const c = await (await import('/a/index.js')).load('/b/');
          await a.reset(1); await b.reset(2); await c.reset(3);
          return Promise.all([a, b, c].map(async (model) => (await model.weights()).w[0]));
        }"""
        )
    assert found == [1, 2, 3]


# Pictures


def test_pictures_of_all_kinds_are_read(page, pixels_site):
    found = visit(page, pixels_site.address)(
        CAUGHT
        + """
    const model = await load();
    const draw = (canvas) => {
      const context = canvas.getContext('2d');
      context.fillStyle = 'black'; context.fillRect(0, 0, canvas.width, canvas.height);
      context.fillStyle = 'white'; context.fillRect(0, 0, canvas.width / 2, canvas.height);
      return canvas;
    };
    const canvas = draw(Object.assign(document.createElement('canvas'), { width: 20, height: 20 }));
    const sum = async (picture) => (await model.predict({ image: picture })).sum[0];
    const image = new Image();
    image.src = canvas.toDataURL();
    await image.decode();
    const data = (side) => draw(new OffscreenCanvas(side, side)).getContext('2d').getImageData(0, 0, side, side);
    const grey = Object.assign(document.createElement('canvas'), { width: 2, height: 2 });
    const context = grey.getContext('2d');
    context.fillStyle = 'rgb(100, 200, 50)'; context.fillRect(0, 0, 2, 2);
    return {
      sums: [await sum(canvas), await sum(draw(new OffscreenCanvas(8, 8))), await sum(image), await sum(await createImageBitmap(canvas)), await sum(data(2)), await sum(data(6)), await sum(new VideoFrame(canvas, { timestamp: 0 }))],
      several: Array.from((await model.predict([canvas, data(2)])).sum),
      grey: await sum(grey),
      empty: await caught(() => model.predict(document.createElement('video'))),
      fit: Array.from((await model.call('prepare', data(2))).image),
    };"""
    )
    assert found["sums"] == [pytest.approx(2, abs=0.02)] * 7
    assert found["several"] == [pytest.approx(2, abs=0.02)] * 2
    # ITU-R BT.601: 0.299 R + 0.587 G + 0.114 B
    assert found["grey"] == pytest.approx(4 * round(0.299 * 100 + 0.587 * 200 + 0.114 * 50) / 255, abs=1e-5)
    assert "the picture is empty" in found["empty"]["message"]
    assert found["fit"] == [1, 0, 1, 0]


def test_a_picture_of_another_site_says_what_to_do(page, tmp_path):
    write_bundle(tmp_path / "site", *pixels())
    add_blank_page(tmp_path / "site", POLICY.replace("img-src 'self'", "img-src * 'self'"))
    picture = "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' width='4' height='4'/>"
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "p.svg").write_text(picture.split(",", 1)[1])
    with (
        running(tmp_path / "site", is_isolated=False) as address,
        running(tmp_path / "other", is_isolated=False) as other,
    ):
        script = (
            CAUGHT
            + "const image = new Image(); image.src = given; await image.decode(); const model = await load(); return caught(() => model.predict(image))"
        )
        found = visit(page, address)(script, f"{other}p.svg")
    assert found["name"] == "BrowserError" and 'crossorigin="anonymous"' in found["message"]

"""Does a save outlive the page, and does nothing spoil it? In each browser."""

import safetensors.numpy

from fanlight.bundle.write import write_bundle
from fanlight.server.serve import running
from web.browser import BLANK, CAUGHT, add_blank_page, visit
from web.hand_made import line, renamed
from web.rows import MANY


def test_a_save_survives_a_reload(tab, line_site):
    run = visit(tab, line_site.address)
    before = run(
        MANY
        + """
    const model = await load();
    await model.fit(x, t);
    await model.save('indexeddb://mine', { metadata: { labels: 'heart' } });
    return all();"""
    )
    tab.reload()
    found = run(
        CAUGHT
        + MANY
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


def test_a_save_of_another_model_is_refused_and_stays(tab, tmp_path):
    manifest, code, weights = line()
    folder = tmp_path / "site"
    write_bundle(folder, manifest, code, weights)
    add_blank_page(folder)
    with running(folder) as address:
        run = visit(tab, address)
        run("const model = await load(); await model.reset(4); await model.save('indexeddb://mine');")
        write_bundle(folder, renamed(manifest, w="kernel"), code, {"kernel": weights["w"], "b": weights["b"]})
        assert (folder / BLANK).exists(), "an export keeps other files"
        tab.reload()
        found = run(
            CAUGHT
            + """
    const model = await load();
    const error = await caught(() => model.restore('indexeddb://mine'));
    const saved = await model.saved('indexeddb://mine');
    return { error, saved, kernel: Array.from((await model.weights()).kernel) };"""
        )
    message = found["error"]["message"]
    assert 'it lacks "kernel"; it has "w"' in message and "left as it is" in message
    assert found["saved"]["model"] == "line" and found["kernel"] == [1, 2, 3, 4]


def test_a_full_disk_leaves_the_save_before(tab, line_site):
    run = visit(tab, line_site.address)
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
      const value = new DOMException('full', 'QuotaExceededError');
      Object.defineProperty(this.transaction, 'error', { value });
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
        MANY
        + """
    const model = await load();
    await model.setWeights({ learning_rate: 0, w: [9, 9, 9, 9], b: [9] });
    void model.fit(x, t, { epochs: 1e6 });
    for (let i = 0; i < 3; i++) void model.save('indexeddb://mine');"""
    )
    run(start)
    first.close()
    second = context.new_page()
    found = visit(second, line_site.address)(
        """
    const model = await load();
    await model.restore('indexeddb://mine');
    const { w, b } = await model.weights();
    return [...w, ...b];"""
    )
    context.close()
    # One of the saves, whole: reset(6) makes w 6 and b 0.
    assert found in ([6, 6, 6, 6, 0], [9, 9, 9, 9, 9])


def test_a_download_is_a_safetensors_file(tab, line_site):
    run = visit(tab, line_site.address)
    save = "const model = await load(); await model.reset(5); await model.save('download');"
    assert safetensors.numpy.load(tab.download(lambda: run(save)))["w"].ravel().tolist() == [5, 5, 5, 5]


def test_a_download_has_the_model_s_name(page, line_site):
    with page.expect_download() as download:
        visit(page, line_site.address)("await (await load()).save('download');")
    assert download.value.suggested_filename == "line.safetensors"

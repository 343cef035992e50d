"""Does the runtime work from caches, other origins and insecure ones, and without the network? In each browser."""

import re
import shutil

import pytest

from fanlight.bundle.write import write_bundle
from fanlight.server.serve import own_address, running
from web.browser import BLANK, CAUGHT, add_blank_page, visit
from web.hand_made import line
from web.rows import MANY


def test_everything_goes_on_without_the_network(tab, line_site):
    run = visit(tab, line_site.address)
    run("globalThis.model = await load(); await model.fit([1, 2, 3, 4], [1]); await model.selfTest().catch(() => {});")
    if not tab.cut_network():
        pytest.skip(f"the driver of {tab.browser} cannot cut the network")
    found = run(
        """
    const history = await model.fit([1, 2, 3, 4, 1, 1, 1, 1], [1, 2]);
    await model.save('indexeddb://off');
    await model.restore('indexeddb://off');
    return [(await model.predict([0, 0, 0, 0])).y.length, history.loss.length];"""
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
        + """
    let y;
    const error = await caught(async () => { [y] = (await (await load()).predict([1, 1, 1, 1])).y; });
    return [error, y];"""
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
    page.context.route("**/code.*", lambda route: route.fulfill(status=404, body="no"))
    found = visit(page, line_site.address)(CAUGHT + "return caught(() => load({ thread: given }))", thread)
    assert found["name"] == "IntegrityError"
    assert re.search(r"code\.\w+\.wasm\.gz\.bin could not be read: the host answered 404", found["message"])


def test_from_another_origin_the_worker_comes_through_a_blob(tab, line_site, tmp_path):
    policy = "default-src 'none'; script-src * blob: 'wasm-unsafe-eval'; connect-src *;"
    (tmp_path / "strict").mkdir()
    add_blank_page(tmp_path, f"{policy} worker-src * blob:")
    add_blank_page(tmp_path / "strict", f"{policy} worker-src 'none'")
    script = (
        MANY
        + """
    const model = await fetched.load();
    await model.fit(x, t);
    return { y: (await model.predict([0, 0, 0, 0])).y[0], told: model.diagnostics() };"""
    )
    with (
        running(line_site.folder, is_shared=True, is_isolated=False) as other,
        running(tmp_path, is_isolated=False) as own,
    ):
        for folder, thread in ((own, "worker"), (f"{own}strict/", "page")):
            tab.goto(folder + BLANK)
            found = tab.evaluate(f"async () => {{ const fetched = await import('{other}index.js'); {script} }}")
            assert found["told"]["thread"] == thread, found["told"]
            assert found["y"] == pytest.approx(1, abs=0.2)
        tab.errors.clear()  # the strict policy's refusal of a worker
    assert len(found["told"]["notes"]) == 1 and "everything runs on the calling thread" in found["told"]["notes"][0]


def test_an_origin_without_webcrypto_verifies_with_its_own_sha256(tab, line_site):
    if own_address() == "127.0.0.1":
        pytest.skip("this machine has no address but loopback, where every origin is secure")
    with running(line_site.folder, host="0.0.0.0", is_isolated=False) as address:
        found = visit(tab, address)(
            """
    const model = await load();
    const { y } = await model.predict([1, 1, 1, 1]);
    return [isSecureContext, typeof crypto.subtle, y[0], model.diagnostics().thread];"""
        )
    assert found == [False, "undefined", 10.5, "worker"]


def test_a_folder_opened_from_disk_says_what_it_needs(tab, line_site):
    # A module is not even loaded from a file: address; the words are for pages that bring the runtime along.
    found = visit(tab, line_site.address)(CAUGHT + "return caught(() => load('file:///home/me/site/'))")
    assert found["name"] == "BrowserError" and "fanlight serve" in found["message"]


def test_a_browser_without_webassembly_is_named(tab, line_site):
    """As where a visitor has switched it off: Safari's Lockdown Mode does."""
    off = "delete globalThis.WebAssembly; return caught(() => load({ thread: 'page', reproducible: given }))"
    for reproducible in (True, False):
        found = visit(tab, line_site.address)(CAUGHT + off, reproducible)
        assert found["name"] == "BrowserError" and "refuses WebAssembly" in found["message"]


def test_two_models_in_one_page(tab, line_site, small_site, tmp_path):
    shutil.copytree(line_site.folder, tmp_path / "a")
    shutil.copytree(small_site.folder, tmp_path / "b")
    add_blank_page(tmp_path)
    with running(tmp_path) as address:
        tab.goto(address + BLANK)
        found = tab.evaluate(
            """async () => {
          const [a, b] = await Promise.all(['a', 'b'].map(async (name) => (await import(`/${name}/index.js`)).load()));
          const c = await (await import('/a/index.js')).load('/b/');
          await a.reset(1); await b.reset(2); await c.reset(3);
          return Promise.all([a, b, c].map(async (model) => (await model.weights()).w[0]));
        }"""
        )
    assert found == [1, 2, 3]

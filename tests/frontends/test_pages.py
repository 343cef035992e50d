"""Does an exported folder predict and train in pages without a front end, on the hosts that there are? In Chromium."""

from __future__ import annotations

import pytest

from fanlight.server.serve import own_address, running
from frontends.conftest import check_learning
from frontends.hosts import FOREVER, hosting
from frontends.projects import plain

pytestmark = pytest.mark.full

SHARED = {"Access-Control-Allow-Origin": "*"}
HEAD = '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>Flowers</title>'
BODY = "<button disabled>Learn</button><output></output>"


@pytest.fixture
def site(tmp_path, flowers):
    """The plain page beside the bundle."""
    return plain(tmp_path / "www", flowers.folder)


def write_page(folder, script: str, head: str = "") -> None:
    folder.mkdir(exist_ok=True)
    (folder / "index.html").write_text(f"{HEAD}{head}{BODY}{script}")


def test_a_plain_page(visitor, flowers, site):
    with running(site) as address:
        check_learning(visitor.learn(address), flowers.expected)
    assert visitor.origins == {address} and not visitor.complaints


def test_a_plain_page_on_a_plain_host(visitor, flowers, site):
    """No header but the type, and not even that for WebAssembly and weights; below another path."""
    with hosting(site, lambda path: {} if path.suffix != ".wasm" else {"Content-Type": "text/plain"}) as address:
        check_learning(visitor.learn(address), flowers.expected)
    with hosting(site, prefix="/users/me/flowers/") as address:
        check_learning(visitor.learn(address), flowers.expected)
        assert len(visitor.origins) == 2 and not visitor.complaints


STRICT = "script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'"


@pytest.mark.parametrize("policy", [STRICT, f"default-src 'none'; connect-src 'self'; img-src data:; {STRICT}"])
def test_a_strict_policy_in_the_header(visitor, flowers, site, policy):
    """The host sends it with every file, so it binds the worker too."""
    with hosting(site, lambda path: {"Content-Security-Policy": policy}) as address:
        check_learning(visitor.learn(address), flowers.expected)
        (worker,) = visitor.page.workers
        assert worker.url.startswith(address)
    assert visitor.origins == {address} and not visitor.complaints


REFUSALS = {
    "script-src 'self'": "BrowserError: this browser or a policy refuses WebAssembly SIMD",
    "script-src 'self' 'wasm-unsafe-eval'; connect-src 'none'": "could not be read: Failed to fetch",
}


@pytest.mark.parametrize("policy", REFUSALS)
def test_a_policy_that_forbids_too_much_is_named(page, site, policy):
    script = "import { load } from './site/index.js'; globalThis.told = load().then(() => 'loaded', String);"
    (site / "main.js").write_text(script)
    with hosting(site, lambda path: {"Content-Security-Policy": policy}) as address:
        page.goto(address)
        page.wait_for_function("globalThis.told")
        assert REFUSALS[policy] in page.evaluate("told")


@pytest.mark.parametrize("more", ["worker-src 'none'", "require-trusted-types-for 'script'"])
def test_a_policy_without_workers_keeps_the_model_on_the_page(visitor, flowers, site, more):
    policy = f"script-src 'self' 'wasm-unsafe-eval'; {more}"
    with hosting(site, lambda path: {"Content-Security-Policy": policy}) as address:
        check_learning(visitor.learn(address), flowers.expected, ["everything runs on the calling thread"])
        assert not visitor.page.workers
    assert visitor.origins == {address}


def test_a_policy_with_a_nonce(visitor, flowers, site):
    policy = "script-src 'nonce-abc' 'strict-dynamic' 'wasm-unsafe-eval'; worker-src 'self'; base-uri 'none'"
    write_page(site, '<script type="module" nonce="abc" src="main.js"></script>')
    with hosting(site, lambda path: {"Content-Security-Policy": policy}) as address:
        check_learning(visitor.learn(address), flowers.expected)
    assert visitor.origins == {address} and not visitor.complaints


def test_a_script_from_another_origin(visitor, flowers, site, tmp_path):
    """Module, files and worker come from there; the worker through a blob."""
    with hosting(site, lambda path: SHARED) as cdn:
        write_page(tmp_path / "own", f'<script type="module" src="{cdn}main.js"></script>')
        with hosting(tmp_path / "own") as address:
            check_learning(visitor.learn(address), flowers.expected)
            (worker,) = visitor.page.workers
            assert worker.url.startswith(f"blob:{address}")
    assert visitor.origins == {cdn, address} and not visitor.complaints


def test_a_policy_without_blobs_keeps_the_model_on_the_page(visitor, flowers, site, tmp_path):
    with hosting(site, lambda path: SHARED) as cdn:
        policy = f"script-src {cdn} 'wasm-unsafe-eval'; worker-src 'self'"
        write_page(tmp_path / "own", f'<script type="module" src="{cdn}main.js"></script>')
        with hosting(tmp_path / "own", lambda path: {"Content-Security-Policy": policy}) as address:
            found = visitor.learn(address)
            check_learning(found, flowers.expected, ["everything runs on the calling thread"])
            assert found["thread"] == "page" and not visitor.page.workers
    assert visitor.origins == {cdn, address}


def test_a_package_on_a_content_delivery_network(visitor, flowers, site, tmp_path):
    """As npm's mirrors do it: a redirect to a version whose files may be cached for ever, and an import map."""
    at = "/npm/flowers@1.0.0/"
    with hosting(
        site / "site", lambda path: {**SHARED, **FOREVER}, prefix=at, moved={"/npm/flowers": f"{at}index.js"}
    ) as cdn:
        origin = cdn.removesuffix(at)
        (site / "main.js").write_text((site / "main.js").read_text().replace("./site/index.js", "flowers"))
        (tmp_path / "own").mkdir()
        for name in ("main.js", "flowers.js"):
            (site / name).rename(tmp_path / "own" / name)
        names = f'<script type="importmap">{{"imports": {{"flowers": "{origin}/npm/flowers"}}}}</script>'
        write_page(tmp_path / "own", '<script type="module" src="main.js"></script>', names)
        with hosting(tmp_path / "own") as address:
            check_learning(visitor.learn(address), flowers.expected)
    assert visitor.origins == {f"{origin}/", address} and not visitor.complaints


def test_a_frame_in_a_sandbox(visitor, flowers, site, tmp_path):
    """Its origin is nobody's: files need a header, the worker a blob, and there is no storage."""
    told = "({ name, message }) => `${name}: ${message}`"
    more = f"globalThis.saving = () => model.save('indexeddb://a').catch({told});"
    more += f"globalThis.restoring = () => model.restore('indexeddb://a').catch({told});"
    (site / "main.js").write_text((site / "main.js").read_text() + more)
    with hosting(site, lambda path: SHARED) as inner:
        write_page(tmp_path / "own", f'<iframe sandbox="allow-scripts" src="{inner}"></iframe>')
        with hosting(tmp_path / "own") as address:
            visitor.page.goto(address)
            frame = visitor.page.frame_locator("iframe")
            check_learning(visitor.press(frame), flowers.expected)
            (frame,) = visitor.page.frames[1:]
            assert "StorageError" in frame.evaluate("saving()") and "StorageError" in frame.evaluate("restoring()")
    assert visitor.origins == {inner, address} and not visitor.complaints


def test_a_worker_of_the_page_loads_the_model(visitor, flowers, site):
    (site / "own-worker.js").write_text(
        "import { load } from './site/index.js';\nimport { learn } from './flowers.js';\n"
        "onmessage = async () => postMessage(await learn(await load()));\n"
    )
    write_page(site, "")
    with running(site) as address:
        visitor.page.goto(address)
        found = visitor.page.evaluate("""() => new Promise((resolve, reject) => {
          const worker = new Worker('own-worker.js', { type: 'module' });
          worker.onmessage = ({ data }) => resolve(data);
          worker.onerror = ({ message }) => reject(new Error(message));
          worker.postMessage(0);
        })""")
        check_learning(found, flowers.expected)
    assert visitor.origins == {address} and not visitor.complaints


def test_plain_http_in_a_local_network(visitor, flowers, site):
    """No WebCrypto, no OPFS, no shared memory: it verifies, predicts, trains and saves all the same."""
    if own_address() == "127.0.0.1":
        pytest.skip("this machine has no address but loopback, where every origin is secure")
    (site / "main.js").write_text((site / "main.js").read_text() + "globalThis.model = model;")
    with running(site, host="0.0.0.0", is_isolated=False) as address:
        check_learning(visitor.learn(address), flowers.expected)
        missing = (
            "[isSecureContext, crypto.subtle, navigator.storage, globalThis.SharedArrayBuffer, navigator.serviceWorker]"
        )
        assert visitor.page.evaluate(missing) == [False, None, None, None, None]
        species = visitor.page.evaluate("""async () => {
          const flower = [[5.1, 3.5, 1.4, 0.2]];
          const { species } = await model.predict({ flower });
          await model.save('indexeddb://mine');
          await model.reset(1);
          const other = (await model.predict({ flower })).species[0];
          await model.restore('indexeddb://mine');
          return [species[0], (await model.predict({ flower })).species[0], other];
        }""")
        assert species[0] == species[1] != species[2]
    assert visitor.origins == {address} and not visitor.complaints

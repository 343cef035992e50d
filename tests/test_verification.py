"""Does `verify` pass a good export, and would it see a bad one? Real exports in Chromium: as they are, with leaks and
without a policy, with a page that complains, or with a changed file."""

import base64
import hashlib
import json
import shutil
import socket
import struct
import sys

import numpy as np
import pytest

import fanlight as fl
from fanlight.bundle.read import read_bundle
from fanlight.errors import BrowserError
from fanlight.verification import print_verification, verify_bundle
from fanlight.verification.attempts import BEYOND, OWN_WORKER
from fanlight.verification.browser import BLANK, chromium, in_own_thread, opened, visiting
from fanlight.verification.canary import Canary
from fanlight.verification.collector import collecting
from fanlight.verification.netlog import BY_BROWSER, Asked, read_netlog
from fanlight.verification.privacy import check_privacy
from web.sites import iris

# What a careless or hostile page could do with what a visitor types.
LEAKS = """
addEventListener('input', ({ target: { value } }) => {
  fetch(`./fanlight.json?q=${encodeURIComponent(btoa(value))}`);
  document.title = value;
  globalThis.name = value;
  document.cookie = 'seen=1';
});
addEventListener('pagehide', () => navigator.sendBeacon('./', globalThis.name));
"""
FOREIGN = "new Image().src = 'http://elsewhere.localhost:9/';"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return iris(tmp_path_factory.mktemp("verified") / "iris")


@pytest.fixture(scope="module")
def verified(folder, chromium_path):
    """The good export, with everything asked."""
    return verify_bundle(folder, privacy=True)


@pytest.fixture
def changed(folder, tmp_path):
    """A copy of the export with files changed, changed({"page-page": text -> text}), and stated so in the manifest."""

    def change(edits):
        copy = tmp_path / "changed"
        shutil.copytree(folder, copy)
        manifest = json.loads((copy / "fanlight.json").read_text())
        for start, edit in edits.items():
            (name,) = [name for name in manifest["files"] if name.startswith(start)]
            data = edit((copy / name).read_text()).encode()
            (copy / name).write_bytes(data)
            entry = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest(), "gzip": len(data)}
            manifest["files"][name] = entry
        (copy / "fanlight.json").write_text(json.dumps(manifest))
        return copy

    return change


def by_name(found):
    return {each["name"]: each for each in found["checks"]}


def test_a_good_export_passes(verified):
    assert verified["ok"], [each for each in verified["checks"] if not each["ok"]]
    assert json.loads(json.dumps(verified)) == verified
    checks = by_name(verified)
    assert {"files", "page", "offline", "self-test", "self-test, reproducible", "requests"} <= checks.keys()
    assert all(each["ok"] for each in verified["checks"])
    assert "relaxed code" in checks["self-test"]["detail"]
    assert "portable code" in checks["self-test, reproducible"]["detail"]
    assert "error 0," in checks["self-test, reproducible"]["detail"], "the same bits as in Python"
    assert "fit run with the network cut" in checks["offline"]["detail"]


def test_nothing_of_a_canary_leaves_it(verified):
    checks = by_name(verified)
    planted = checks["canary planted"]["detail"]
    for way in ("arrays to predict", "fit", "fields", "a place on the plot", "a training", "an opened file"):
        assert way in planted
    assert checks["requests after it"]["detail"].startswith("0 ")
    assert len(verified["proved"]) == 4


def test_its_policy_closes_every_way_that_a_policy_can(verified):
    attempts = verified["attempts"]
    closable = {name: how for name, how in attempts.items() if name not in BEYOND}
    assert len(closable) > 30 and set(closable.values()) <= {"blocked", "nothing sent"}
    assert closable[OWN_WORKER] == "blocked"
    assert attempts["own-host-body"] == "counted", "the page shows what it sends to its own host"
    # Open ways are told, not hidden.
    told = " ".join(verified["not_proved"])
    for name in BEYOND:
        assert attempts[name] in ("blocked", "nothing sent") or BEYOND[name] in told
    assert "xtensions" in told and "next version of the page" in told


def test_it_prints_for_people(verified, capsys):
    print_verification(verified)
    printed = capsys.readouterr().out
    assert "✓ canary: not in the" in printed and "What it does not show" in printed
    assert "0 failed, 0 not run" in printed


def test_a_page_that_leaks_is_caught(changed, chromium_path):
    policy = 'http-equiv="Content-Security-Policy"'
    folder = changed({"page-page": lambda text: text + LEAKS, "index.html": lambda text: text.replace(policy, "")})
    found = in_own_thread(lambda: check_privacy(read_bundle(folder)))
    checks = {each["name"]: each for each in found.checks}
    assert "fanlight.json?q=" in checks["requests after it"]["detail"] and not checks["requests after it"]["ok"]
    assert "POST" in checks["requests after it"]["detail"], "also what is sent when the page is left"
    canary = checks["canary"]
    assert not canary["ok"] and "base64 in URL encoding" in canary["detail"]
    assert "the bytes on the wire" in canary["detail"] and "title (plain)" in canary["detail"]
    assert not checks["traces"]["ok"] and "cookies 'seen=1'" in checks["traces"]["detail"]
    policy = checks["policy"]
    assert not policy["ok"]
    for way in ("fetch", "beacon", "web-socket", "image", "script", "form", "frame", "inline-script", OWN_WORKER):
        assert found.attempts[way] == "open", (way, found.attempts[way])
    assert found.proved == []


def test_a_page_that_complains_does_not_pass(changed, chromium_path):
    folder = changed({"page-page": lambda text: text + FOREIGN})
    (folder / "README.md").write_text("changed by hand")
    found = verify_bundle(folder)
    checks = by_name(found)
    assert not found["ok"]
    assert "README.md: expected the" in checks["files"]["detail"]
    assert not checks["page"]["ok"] and "Content Security Policy" in checks["page"]["detail"]
    assert not checks["requests"]["ok"] and "elsewhere.localhost" in checks["requests"]["detail"]
    assert checks["offline"]["ok"] and checks["self-test"]["ok"]


def test_functions_without_a_page(tmp_path, chromium_path):
    def scale(state, x: fl.TensorSpec(("batch", 2))):
        return {"y": x * state["factor"]}

    fl.export({"predict": scale}, tmp_path / "site", state={"factor": np.float32(2)})
    found = verify_bundle(tmp_path / "site")
    assert found["ok"]
    checks = by_name(found)
    assert checks["page"]["ok"] is None and checks["offline"]["ok"] and checks["self-test"]["ok"]


def test_one_file_passes_too(folder, tmp_path, chromium_path):
    model = fl.load(folder)
    found = verify_bundle(model.export(tmp_path / "iris.html", train=True))
    assert found["ok"], found
    assert {"page", "self-test", "offline"} <= by_name(found).keys()


# Its parts


@pytest.mark.parametrize("dress", ["plain", "base64", "hex", "percent", "json", "bytes", "reversed", "nested"])
def test_a_canary_is_found_under_every_coat(dress):
    canary = Canary()
    array = np.random.default_rng().random(32, np.float32)
    canary.add(array)
    typed = canary.number(4, 8)
    coats = {
        "plain": [array.tobytes()[5:60], canary.text.upper().encode(), typed.encode()],
        "base64": [b"x=" + base64.urlsafe_b64encode(b"z" + array.tobytes()), base64.b64encode(canary.text.encode())],
        "hex": [b"id-" + array.tobytes().hex().encode(), canary.text.encode().hex().encode()],
        "percent": ["".join(f"%{byte:02X}" for byte in array.tobytes()[:40]).encode()],
        "json": [
            json.dumps(array[3:5].tolist()).encode(),
            str(struct.unpack("<f", struct.pack("<f", float(typed)))[0]).encode(),
        ],
        "bytes": [str(list(array.tobytes()[:24])).encode()],
        "reversed": [canary.text[::-1].encode()],
        "nested": [base64.b64encode(json.dumps({"q": array.tobytes().hex()}).encode())],
    }
    assert len(typed) == 11 and 4 < float(typed) < 8 and len(canary.text) == 16
    for data in coats[dress]:
        assert canary.found_in(b"GET /?a=1 HTTP/1.1\r\n" + data), data


def test_what_is_not_the_canary_is_not_found():
    canary = Canary()
    canary.add(np.random.default_rng().random(64, np.float32))
    canary.add(np.zeros((8, 8), np.uint8))
    other = np.random.default_rng().random(64, np.float32)
    for data in (other.tobytes(), base64.b64encode(other.tobytes()), json.dumps(other.tolist()).encode(), bytes(500)):
        assert not canary.found_in(data)


def test_the_listener_notes_what_arrives():
    with collecting() as collector:
        for _ in range(2):
            with socket.create_connection(("127.0.0.1", collector.port)) as stream:
                stream.sendall(f"POST /x HTTP/1.1\r\nHost: fetch.localhost:{collector.port}\r\n\r\nbody".encode())
                assert stream.recv(100).startswith(b"HTTP/1.1 200")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as packet:
            packet.sendto(b"ping", ("127.0.0.1", collector.port))
            while not collector.datagrams:
                pass
    assert collector.arrived("fetch") and not collector.arrived("worker-fetch") and collector.datagrams == [b"ping"]


def test_the_log_of_the_network_is_read(tmp_path):
    events = [
        {
            "type": 1,
            "time": "500",
            "params": {"url": "http://a/", "initiator": "http://b", "method": "POST", "upload_id": "0"},
        },
        {"type": 1, "time": "1500", "params": {"url": "http://c/"}},
        {"type": 2, "time": "1500", "params": {"bytes": base64.b64encode(b"GET /").decode()}},
        {"type": 3, "time": "1500", "params": {"host": "https://d"}},
        {"type": 3, "time": "1500"},
    ]
    types = {"URL_REQUEST_START_JOB": 1, "SOCKET_BYTES_SENT": 2, "HOST_RESOLVER_MANAGER_REQUEST": 3}
    whole = json.dumps({"constants": {"logEventTypes": types, "timeTickOffset": 1000}, "events": events})
    for text in (whole, whole.removesuffix("]}") + ",\n"):  # as it is, and as a killed browser leaves it
        (tmp_path / "net.json").write_text(text)
        log = read_netlog(tmp_path / "net.json")
        assert log.asked == [Asked("http://a/", "http://b", "POST", True, 1.5), Asked("http://c/", BY_BROWSER, at=2.5)]
        assert (log.sent, log.hosts) == ([b"GET /"], {"https://d"})
    (tmp_path / "net.json").write_text("{}")
    with pytest.raises(BrowserError, match="network log"):
        read_netlog(tmp_path / "net.json")


def test_a_missing_browser_is_said(folder, monkeypatch):
    monkeypatch.setattr("fanlight.verification.browser.shutil.which", lambda name: "/nonexistent/chromium")
    with pytest.raises(BrowserError, match="apt-get install chromium"):
        verify_bundle(folder)
    monkeypatch.setitem(sys.modules, "playwright.sync_api", None)
    with pytest.raises(BrowserError, match="pip install playwright"):
        verify_bundle(folder)


def test_the_empty_page_has_the_policy_of_every_page(folder, chromium_path):
    def look():
        with opened(read_bundle(folder)) as site, chromium() as browser, visiting(browser, site) as visit:
            visit.page.goto(site.address + BLANK)
            return visit.page.evaluate(
                "fetch('http://elsewhere.localhost:9/').catch((error) => error.name)"
            ), visit.troubles

    name, troubles = in_own_thread(look)
    assert name == "TypeError" and "Content Security Policy" in troubles[0]

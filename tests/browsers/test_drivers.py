"""Do the three drivers do and tell the same? On one small page, and with a browser that hangs."""

import time
from pathlib import Path

import pytest

from browsers.fixtures import OTHERS
from fanlight.errors import BrowserError
from fanlight.server.serve import running

PAGE = """<!doctype html><meta charset="utf-8"><title>Small</title><link rel="icon" href="data:,">
<style>body { margin: 0 } canvas { display: block; background: rgb(10, 200, 30) }</style>
<canvas id="pad" width="200" height="100"></canvas><input id="field" value="old"><button id="add">Add</button>
<input id="file" type="file"><a id="link" download="made.bin">Made</a><button id="off" disabled>Off</button>
<script>
  window.moves = [];
  for (const name of ['pointerdown', 'pointermove', 'pointerup']) {
    pad.addEventListener(name, ({ offsetX, offsetY, buttons }) => moves.push([name, offsetX, offsetY, buttons]));
  }
  window.added = 0;
  add.addEventListener('click', () => { added++; });
  link.href = URL.createObjectURL(new Blob([Uint8Array.of(1, 2, 3)]));
</script>"""


@pytest.fixture
def small(any_browser, tmp_path):
    """A tab at PAGE; its errors are the test's own."""
    (tmp_path / "index.html").write_text(PAGE)
    with running(tmp_path) as address, any_browser.tab(400, 500) as tab:
        tab.goto(address)
        yield tab


def test_scripts_run_and_fail(small):
    assert small.evaluate("async ({ a }) => [a, new Float32Array([0.5]), 2n, undefined]", {"a": "x"}) == [
        "x",
        [0.5],
        2,
        None,
    ]
    assert small.look("document.title") == "Small"
    with pytest.raises(BrowserError, match="mine"):
        small.evaluate("() => { throw new RangeError('mine') }")


def test_a_visitor_points_and_types(small):
    small.draw("#pad", [[(0.1, 0.1), (0.5, 0.5), (0.9, 0.2)]])
    pressed = [move[1:] for move in small.look("moves") if move[3] or move[0] == "pointerup"]
    assert [20, 10, 1] in pressed and [100, 50, 1] in pressed and pressed[-1] == [180, 20, 0]
    small.click("#add")
    small.fill("#field", "new")
    small.press("ArrowLeft", "x", "Home", "y", "Delete")
    assert (small.look("added"), small.read("#field", "value")) == (1, "yexw")
    small.choose_file("#file", "mine.bin", b"\x00\xff")
    assert small.evaluate("async () => new Uint8Array(await file.files[0].arrayBuffer())") == [0, 255]
    assert small.download(lambda: small.click("#link")) == b"\x01\x02\x03"


def test_what_is_off_cannot_be_clicked(small, monkeypatch):
    monkeypatch.setattr("fanlight.verification.tab.PATIENCE", 0.2)
    with pytest.raises(BrowserError, match="#off to click"):
        small.click("#off")


def test_the_window_is_as_large_as_asked(small):
    assert small.look("[innerWidth, innerHeight]") == [400, 500]
    small.resize(360, 700)
    assert small.look("[innerWidth, innerHeight]") == [360, 700]
    assert small.screenshot().startswith(b"\x89PNG")


def test_errors_and_requests_are_told(small):
    small.look("void setTimeout(() => { throw new Error('later') })")
    small.look("console.error('shown', 1), console.warn('careful'), console.log('nothing')")
    small.evaluate("() => fetch('/index.html')")
    small.until("true")
    time.sleep(0.2)
    small.look("0")
    found = " ".join(small.errors)
    assert all(word in found for word in ("later", "shown 1", "careful")) and "nothing" not in found
    if small.tells_requests:
        assert any(each.endswith("/index.html") for each in small.requests)


def test_storage_is_the_tab_s_own(any_browser, tmp_path):
    (tmp_path / "index.html").write_text(PAGE)
    with running(tmp_path) as address:
        for _ in range(2):
            with any_browser.tab() as tab:
                tab.goto(address)
                assert tab.look("localStorage.getItem('seen')") is None
                tab.look("localStorage.setItem('seen', '1')")
                tab.reload()
                assert tab.look("localStorage.getItem('seen')") == "1"


def test_a_promise_that_never_comes_is_not_waited_for(small, monkeypatch):
    monkeypatch.setattr("fanlight.verification.tab.PATIENCE", 1)
    with pytest.raises(BrowserError, match="nothing in 1 seconds"):
        small.evaluate("() => new Promise(() => {})")
    assert small.look("1 + 1") == 2


@pytest.mark.full
@pytest.mark.parametrize("name", OTHERS)
def test_a_browser_that_hangs_is_ended_and_started_again(started, name, monkeypatch):
    first = started(name)
    tab = first.tab()
    monkeypatch.setattr(first, "patience", 3)
    with pytest.raises(BrowserError, match="none"):
        tab.run("async () => { for (;;) ; }", "")
    assert not first.is_running
    end = time.monotonic() + 5  # what is killed may take a moment to be gone
    while living(first.process.popen.pid):
        assert time.monotonic() < end
    tab.close()
    with started(name).tab() as tab:
        assert tab.look("1 + 1") == 2


def living(group: int) -> list[str]:
    """What still runs of a group of processes."""
    stats = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            stats.append(path.read_text())
        except OSError:  # it has just ended
            continue
    fields = [stat.rsplit(")", 1)[1].split() for stat in stats]  # state, parent, group, ...
    return [stat for stat, (state, _, of, *_) in zip(stats, fields, strict=True) if int(of) == group and state != "Z"]

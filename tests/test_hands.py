"""Does the example's page see hands, and do they move what they should? Photos, and a fake camera that plays them."""

import http.server
import math
import subprocess
import sys
import threading
import time
from base64 import b64encode
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from fanlight.server.serve import running
from hands_film import PHOTO, film
from web.own_tasks import own_tasks

ROOT = Path(__file__).parents[1]
DATA = ROOT.parent / "shared" / "data"
SCRIPT = ROOT / "examples" / "hands" / "build.py"
MODEL = DATA / "models" / "handtrack_ssd320_int8"
LARGEST = 3_400_000  # bytes of the folder, page and all variants of the code included
SMOOTH = 50  # milliseconds that the page's thread may compute at once
FRAMES, PARTS = 2000, 8  # each part is a trace of its own
GROWTH = 8  # megabytes that these may leave behind


def build(*arguments, cwd):
    command = [sys.executable, "-W", "error", SCRIPT, *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=240)


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    if not MODEL.is_dir():
        pytest.skip("shared/data/models/handtrack_ssd320_int8 is not beside the repository")
    folder = tmp_path_factory.mktemp("hands")
    done = build("--model", MODEL, cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    return folder / "site"


@pytest.fixture
def show(browser, chromium_path, site, tmp_path):
    """Opens a document of the page; a film with hands at these places is what its camera sees."""
    with ExitStack() as stack:
        address = stack.enter_context(running(site))

        def opened(name, *places, seconds=4.0, **size):
            path = film(tmp_path / "film.mjpeg", DATA / "images" / PHOTO, places, seconds)
            flags = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
            flags += [f"--use-file-for-fake-video-capture={path}", "--enable-precise-memory-info"]
            launched = browser.browser_type.launch(executable_path=chromium_path, args=flags)
            chromium = stack.enter_context(launched)
            page = chromium.new_page(**size)
            page.goto(address + name)
            page.wait_for_selector("html[data-state=ready]", state="attached")
            return page

        yield opened


def test_the_folder_is_small(site):
    assert sum(path.stat().st_size for path in site.iterdir()) <= LARGEST


def test_hands_on_photos(show):
    page = show("index.html")
    page.evaluate(
        "import('./hands.js').then(({ Hands }) => Hands.load({ mirror: false })).then((h) => { window.eye = h })"
    )
    until(page, "window.eye")
    script = """async (name) => {
      const bytes = Uint8Array.from(atob(name), (letter) => letter.charCodeAt(0));
      return window.eye.detect(await createImageBitmap(new Blob([bytes])));
    }"""
    found = {
        path.name: page.evaluate(script, b64encode(path.read_bytes()).decode())
        for path in sorted((DATA / "images").glob("hand_[135].jpg"))
    }
    seen = {name: sorted(hand["label"] for hand in each["hands"]) for name, each in found.items()}
    assert seen["hand_5.jpg"] == ["closed", "open", "open", "point", "point", "point"]
    assert "open" in seen["hand_1.jpg"] and "open" in seen["hand_3.jpg"]
    assert [len(found[f"hand_{n}.jpg"]["faces"]) for n in (1, 3, 5)] == [1, 1, 0]
    (fist,) = [hand for hand in found["hand_5.jpg"]["hands"] if hand["label"] == "closed"]
    assert fist["box"]["x"] == pytest.approx(0.57, abs=0.03) and fist["box"]["y"] == pytest.approx(0.07, abs=0.03)


def until(page, expression: str, seconds: float = 30) -> None:
    """Waits for an expression to be true; asked from outside, since the page's policy lets no text run in it."""
    end = time.monotonic() + seconds
    while not page.evaluate(f"!!({expression})"):
        assert time.monotonic() < end, f"{expression}: not in {seconds} seconds"
        page.wait_for_timeout(50)


def up_and_down(cut, x):
    return lambda moment: (cut, x, 0.5 + 0.25 * math.sin(2 * math.pi * moment))


def test_the_camera_drives_pong(show):
    page = show("pong.html", up_and_down("closed", 0.75))  # in the mirror it is on the left
    page.click("#camera")
    until(page, "pong.sides[0].isHeld")
    places = []
    for _ in range(60):
        page.wait_for_timeout(100)
        places.append(page.evaluate("pong.sides.map(({ y, isHeld }) => [y, isHeld])"))
    left, right = zip(*places, strict=True)
    assert sum(is_held for _, is_held in left) > 50 and not any(is_held for _, is_held in right)
    heights = [y for y, _ in left]
    assert max(heights) - min(heights) > 250  # of 540: it follows the fist, up and down
    assert page.evaluate("pong.sides[0].hits + pong.sides[1].hits + pong.sides[0].points + pong.sides[1].points") > 0


def test_two_hands_play_against_each_other(show):
    page = show("pong.html", up_and_down("closed", 0.75), lambda moment: ("point", 0.25, 0.5))
    page.click("#camera")
    until(page, "pong.sides[0].isHeld && pong.sides[1].isHeld")


def test_a_finger_chooses_a_card(show):
    page = show("index.html", lambda moment: ("point", 0.6, 0.76), viewport={"width": 1280, "height": 800})
    page.click("#camera")
    page.wait_for_selector(".card.chosen")
    assert page.text_content("#chosen").startswith("Chosen: ")


def test_a_fist_pulls_the_page(show):
    page = show("index.html", up_and_down("closed", 0.6), viewport={"width": 1280, "height": 600})
    page.click("#camera")
    until(page, "scrollY > 100")


@pytest.mark.parametrize("name", ["index.html", "pong.html"])
def test_nothing_is_wider_than_a_narrow_phone(show, name):
    page = show(name, viewport={"width": 360, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_what_is_no_picture_is_named(show):
    page = show("index.html")
    page.set_input_files("#file", {"name": "holiday.png", "mimeType": "image/png", "buffer": b"no picture"})
    until(page, "document.querySelector('#status').textContent.includes('holiday.png')")


@pytest.mark.full
def test_the_page_stays_smooth_and_its_memory_flat(show):
    page = show("pong.html", up_and_down("closed", 0.75))
    page.evaluate(
        """async () => {
      const { Hands } = await import('./hands.js');
      window.frames = 0;
      window.eye = await Hands.load();
      eye.on('hands', () => { frames++; });
    }"""
    )
    page.click("#camera")
    until(page, "document.querySelector('#video').videoWidth")
    page.evaluate("eye.start(document.querySelector('#video'))")
    until(page, "frames > 200", 120)
    session = page.context.new_cdp_session(page)

    def held():
        session.send("HeapProfiler.collectGarbage")
        return page.evaluate("performance.memory.usedJSHeapSize") / 1e6

    before, tasks = held(), []
    for part in range(PARTS):
        more = f"frames > {200 + FRAMES * (part + 1) // PARTS}"
        tasks += own_tasks(page.context.browser, page, lambda more=more: until(page, more, 120))[0]
    after = held()
    print(f"longest tasks {sorted(tasks)[-5:]} of {len(tasks)}, {before:.1f} MB before, {after:.1f} after")
    assert after - before < GROWTH
    assert len(tasks) > FRAMES and max(tasks) <= SMOOTH


def test_without_a_model_it_says_what_is_needed(tmp_path):
    for arguments in ([], ["--model", "nothing"]):
        done = build(*arguments, cwd=tmp_path)
        assert done.returncode == 2 and "handtrackjs" in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_download_is_checked(tmp_path):
    (tmp_path / "host").mkdir()
    (tmp_path / "host" / "model.json").write_bytes(b"{}")
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=tmp_path / "host")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as host:
        threading.Thread(target=host.serve_forever, daemon=True).start()
        source = f"http://127.0.0.1:{host.server_address[1]}/"
        done = build("--download", "--source", source, cwd=tmp_path)
        assert done.returncode == 2 and "got another one" in done.stderr
        done = build("--download", "--source", source + "none/", cwd=tmp_path)
        assert done.returncode == 2 and "could not be fetched" in done.stderr
        host.shutdown()
    assert not list((tmp_path / "handtrack").iterdir())

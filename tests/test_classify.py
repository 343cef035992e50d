"""Does the page of examples/classify give the known answers of a published SqueezeNet?

In: the example's script; photos as files, dropped, pasted, and the camera. Each answer is that of onnxruntime on what
Pillow makes of the same file."""

import subprocess
import sys
from base64 import b64encode
from contextlib import ExitStack
from pathlib import Path

import pytest

from fanlight.server.serve import running
from web import visitor
from web.visitor import probabilities

ROOT = Path(__file__).parent.parent
SCRIPT = ROOT / "examples" / "classify" / "build.py"
DATA = ROOT.parent / "shared" / "data"
# File, best answer, its probability, and others of the best five.
KNOWN = [
    ("cat.bmp", "Egyptian cat", 0.633, {"tiger cat": 0.249}),
    ("parrot.jpg", "macaw", 0.994, {}),
    ("dragonfly.bmp", "dragonfly", 0.493, {}),
    ("sunflower.bmp", "daisy", 0.618, {}),
    ("grace_hopper.bmp", "suit", 0.181, {"military uniform": 0.132}),
    ("pets.jpg", "Boston bull", 0.325, {}),
]

# A file as it comes with a drop or from the clipboard.
HAND_OVER = """({ kind, selector, name, bytes }) => {
  const data = new DataTransfer();
  const content = Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0));
  data.items.add(new File([content], name, { type: 'image/bmp' }));
  // Firefox and WebKit give no files to a ClipboardEvent that a script makes: the event says itself what it carries.
  const event = new Event(kind, { bubbles: true, cancelable: true });
  Object.defineProperty(event, kind === 'paste' ? 'clipboardData' : 'dataTransfer', { value: data });
  document.querySelector(selector).dispatchEvent(event);
}"""


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    model = DATA / "models" / "squeezenet1.1.onnx"
    if not model.is_file():
        pytest.skip("shared/data/models/squeezenet1.1.onnx is not beside the repository")
    folder = tmp_path_factory.mktemp("classify")
    command = [sys.executable, "-W", "error", SCRIPT, "--model", model, "--labels", DATA / "imagenet_labels.txt"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    assert "224 x 224 pictures, 1000 classes, 1,235,496 numbers" in done.stdout
    return folder / "site"


@pytest.fixture
def opened(tab, site):
    with ExitStack() as servers:
        yield visitor.opened(tab, servers.enter_context(running(site)))
    assert not [url for url in tab.requests if not visitor.OWN.match(url)]


def photo(name: str) -> bytes:
    return (DATA / "images" / name).read_bytes()


def best_five(tab) -> dict[str, str]:
    rows = "[...document.querySelectorAll('#look-bars li')]"
    return dict(tab.look(f"{rows}.map((row) => [row.dataset.label, row.querySelector('.value').textContent])"))


def until_answered(tab, act) -> str:
    tab.evaluate("() => { document.querySelector('#look-live').textContent = ''; }")
    act()
    tab.until("document.querySelector('#look-live').textContent")
    return tab.text("#look-answer b")


def test_the_known_answers_come_out_without_a_network(opened):
    tab = opened
    tab.cut_network()
    for name, wanted, sure, others in KNOWN:
        answer = until_answered(tab, lambda name=name: tab.choose_file("#look-try", name, photo(name)))
        shown = dict(zip(tab.look("fanlightPage.labels"), probabilities(tab), strict=True))
        assert answer == wanted
        found = max(shown.values())
        assert found == pytest.approx(sure, abs=0.001), name
        for label, probability in others.items():
            assert shown[label] == pytest.approx(probability, abs=0.001)
        rows = best_five(tab)
        ranked = sorted(shown, key=lambda label: -shown[label])[:5]
        assert rows == {label: f"{100 * shown[label]:.0f}%" for label in ranked} and list(rows) == ranked
        assert "for this picture, on this device" in tab.text("#look-status")
    assert tab.look("fanlightPage.bytesSent()") == 0


def test_a_picture_is_dropped_or_pasted(opened):
    tab = opened
    ways = [("drop", "#look", KNOWN[0]), ("paste", "body", KNOWN[2])]
    for kind, selector, (name, wanted, sure, _) in ways:
        given = {"kind": kind, "selector": selector, "name": name, "bytes": b64encode(photo(name)).decode()}
        assert until_answered(tab, lambda given=given: tab.evaluate(HAND_OVER, given)) == wanted
        assert max(probabilities(tab)) == pytest.approx(sure, abs=0.001)


def test_what_is_no_picture_is_named(opened):
    tab = opened
    tab.choose_file("#look-try", "holiday.png", b"no picture")
    tab.until("document.querySelector('#look-status').textContent.includes('holiday.png')")
    assert tab.text("#look-answer") == "Waiting for your first picture"


def test_nothing_is_wider_than_a_narrow_phone(opened):
    tab = opened
    until_answered(tab, lambda: tab.choose_file("#look-try", KNOWN[2][0], photo(KNOWN[2][0])))
    tab.resize(360, 700)
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    tab.until(f"innerWidth === 360 && {wide} === 0")


def test_the_camera_is_answered_live(browser, chromium_path, site):
    flags = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
    with running(site) as address, browser.browser_type.launch(executable_path=chromium_path, args=flags) as chromium:
        page = chromium.new_page()
        page.goto(address)
        page.locator(visitor.READY).wait_for()
        page.locator("#look-camera").click()
        page.locator("#look-status", has_text="a picture, on this device").wait_for()
        assert page.locator("#look-bars li").count() == 5
        page.locator("#look-camera").click()
        assert page.locator("#look-camera").get_attribute("aria-pressed") == "false"


def test_without_its_files_it_says_what_is_needed(tmp_path):
    nothing, labels = ["--model", "nothing.onnx"], ["--labels", "nothing.txt"]
    for more, message in (([], "--model FILE is needed"), (nothing + labels, "got nothing there")):
        done = subprocess.run([sys.executable, SCRIPT, *more], cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert done.returncode == 2 and message in done.stderr and "squeezenet1.1.onnx" in done.stderr
    assert not list(tmp_path.iterdir())

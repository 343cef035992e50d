"""Can a visitor teach three things in the page of examples/teach? With files, with the camera, without a network.

In: the example's script with a published MobileNet as its trunk, crops of three photos. Crops that it never saw are
asked about, and Python is asked the same."""

import io
import subprocess
import sys
from base64 import b64encode
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import fanlight as fl
from fanlight.errors import UnknownNameError
from fanlight.server.serve import running
from web import visitor
from web.visitor import probabilities

ROOT = Path(__file__).parent.parent
SCRIPT = ROOT / "examples" / "teach" / "train.py"
DATA = ROOT.parent / "shared" / "data"
NAMES = ["cat", "sunflower", "parrot"]
PHOTOS = ["cat.bmp", "sunflower.bmp", "parrot.jpg"]

# Several files as a visitor's choice, in one go.
CHOOSE = """({ selector, files }) => {
  const transfer = new DataTransfer();
  for (const [name, text] of files) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    transfer.items.add(new File([bytes], name, { type: 'image/png' }));
  }
  const input = document.querySelector(selector);
  input.files = transfer.files;
  input.dispatchEvent(new Event('change', { bubbles: true }));
}"""


def shared_data() -> Path:
    """Where the published files lie; a test that asks is not run where they do not."""
    if not (DATA / "models" / "vww_96.h5").is_file():
        pytest.skip("shared/data/models/vww_96.h5 is not beside the repository")
    return DATA


def crops(photo: Path, count: int, seed: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    picture = np.asarray(Image.open(photo).convert("RGB").resize((160, 160)))
    corners = rng.integers(0, 64, (count, 2))
    return [picture[row : row + 96, column : column + 96] for row, column in corners]


def png(picture: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("teach")
    trunk = shared_data() / "models" / "vww_96.h5"
    command = [sys.executable, "-W", "error", SCRIPT, "--trunk", trunk, "--at", "activation_16"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    assert "387 numbers that a visitor teaches" in done.stdout
    return folder / "site"


@pytest.fixture
def opened(tab, site):
    with ExitStack() as servers:
        yield visitor.opened(tab, servers.enter_context(running(site)))
    assert not [url for url in tab.requests if not visitor.OWN.match(url)]


def give(tab, k: int, pictures: list[np.ndarray]) -> None:
    files = [[f"{i}.png", b64encode(png(picture)).decode()] for i, picture in enumerate(pictures)]
    tab.evaluate(CHOOSE, {"selector": f"#photos-files-{k}", "files": files})
    tab.until(f"document.querySelector('#photos-count-{k}').textContent === '{len(pictures)} pictures'")


def teach(tab) -> None:
    for k, (name, photo) in enumerate(zip(NAMES, PHOTOS, strict=True)):
        give(tab, k, crops(shared_data() / "images" / photo, 15, seed=k))
        tab.fill(f"#photos-name-{k}", name)
    tab.click("#photos-train")
    assert tab.until_state("#photos", "known", "collect") == "known", tab.text("#photos-status")


def ask(tab, picture: np.ndarray) -> tuple[str, list[float]]:
    tab.evaluate("() => { document.querySelector('#photos-live').textContent = ''; }")
    tab.choose_file("#photos-try", "what.png", png(picture))
    tab.until("document.querySelector('#photos-live').textContent.includes('sure')")
    return tab.text("#photos-answer b"), probabilities(tab)


def test_without_a_trunk_it_says_what_is_needed(tmp_path):
    for more, message in (([], "--trunk FILE is needed"), (["--trunk", "nothing.h5"], "got nothing there")):
        done = subprocess.run([sys.executable, SCRIPT, *more], cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert done.returncode == 2 and message in done.stderr and "vww_96.h5" in done.stderr
    assert not list(tmp_path.iterdir())


def test_three_things_are_learnt_from_files_without_a_network(opened, site, tmp_path):
    tab = opened
    assert tab.read("#photos-train", "disabled")
    tab.cut_network()
    teach(tab)
    assert "of the pictures that were held back are right" in tab.text("#photos-status")
    tab.until("document.querySelectorAll('#photos-chart svg[data-metric=loss] polyline').length === 4")
    rows = tab.look(
        "[...document.querySelectorAll('#photos-matrix tbody tr')].map((row) => row.innerText.split('\\t'))"
    )
    assert [row[0] for row in rows] == NAMES and sum(int(cell) for row in rows for cell in row[1:]) == 9

    held = [(name, each) for name, photo in zip(NAMES, PHOTOS, strict=True)
            for each in crops(shared_data() / "images" / photo, 3, seed=100)]  # fmt: skip
    found = [(*ask(tab, picture), picture, name) for name, picture in held]
    assert [answer for answer, *_ in found] == [name for *_, name in found]

    # What it learnt comes back to Python, and says the same.
    (tmp_path / "learnt.safetensors").write_bytes(tab.download(lambda: tab.click("#keep-download")))
    model = fl.load(site, weights=tmp_path / "learnt.safetensors")
    for _, shown, picture, _ in found[::4]:
        assert shown == pytest.approx(model.predict(picture[np.newaxis])[0], abs=1e-4)
    assert tab.look("fanlightPage.bytesSent()") == 0


def test_what_was_taught_is_restored_with_its_names(opened):
    tab = opened
    teach(tab)
    picture = crops(shared_data() / "images" / PHOTOS[1], 1, seed=200)[0]
    before = ask(tab, picture)
    tab.click("#keep-save")
    tab.until_state("#keep", "done")
    tab.reload()
    assert tab.until_state("html", "ready", "failed") == "ready"
    assert [tab.read(f"#photos-name-{k}", "value") for k in range(3)] == ["Class 1", "Class 2", "Class 3"]
    tab.click("#offer-restore")
    tab.until_state("#photos", "known")
    assert [tab.read(f"#photos-name-{k}", "value") for k in range(3)] == NAMES
    answer, shown = ask(tab, picture)
    assert (answer, shown) == (before[0], pytest.approx(before[1], abs=1e-6)) and answer == "sunflower"


def test_a_broken_file_is_named_and_a_picture_is_taken_away(opened):
    tab = opened
    tab.choose_file("#photos-files-0", "holiday.png", b"no picture")
    tab.until("document.querySelector('#photos-status').textContent.includes('holiday.png')")
    give(tab, 0, crops(shared_data() / "images" / PHOTOS[0], 2, seed=1))
    tab.click("#photos-class-0 .thumbs button")
    assert tab.text("#photos-count-0") == "1 picture" and tab.read("#photos-train", "disabled")
    tab.click("#photos-clear-0")
    assert tab.text("#photos-count-0").startswith("No pictures yet")


def test_one_file_can_be_taught_too(tab, site, tmp_path):
    page = fl.Page(title="Teach", show=["teach"], epochs=10)
    fl.load(site).export(tmp_path / "index.html", train=True, page=page)
    with running(tmp_path) as address:
        visitor.opened(tab, address)
        teach(tab)
        picture = crops(shared_data() / "images" / PHOTOS[2], 1, seed=300)[0]
        assert ask(tab, picture)[0] == "parrot"


def test_what_cannot_be_taught_is_refused_with_what_it_needs(tmp_path):
    shape, labels = fl.Image(8, 8), fl.Classes(("a", "b"))
    model = fl.Sequential([fl.Input(shape), fl.layers.Flatten(), fl.layers.Dense(2, activation="softmax", name="y")])
    model.describe(outputs=labels)
    model.compile(loss="sparse_categorical_crossentropy")
    with pytest.raises(UnknownNameError, match="colour pictures, a frozen trunk, a head with 2 to 12 classes"):
        model.export(tmp_path / "site", train=True, page=fl.Page(title="Teach", show=["teach"]))


def test_nothing_is_wider_than_a_narrow_phone(opened):
    tab = opened
    tab.resize(360, 700)
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    tab.until(f"innerWidth === 360 && {wide} === 0")


def test_the_camera_records_while_a_button_is_held(browser, chromium_path, site):
    flags = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
    with running(site) as address, browser.browser_type.launch(executable_path=chromium_path, args=flags) as chromium:
        page = chromium.new_page()
        page.goto(address)
        page.locator(visitor.READY).wait_for()
        for k in range(3):
            page.locator(f"#photos-record-{k}").hover()
            page.mouse.down()
            page.locator(f"#photos-class-{k} .thumbs li").nth(5).wait_for()
            page.mouse.up()
        count = page.locator("#photos-count-2").inner_text()
        assert page.locator("#photos-camera").get_attribute("aria-pressed") == "true"
        page.locator("#photos-train").click()
        page.locator("#photos[data-state=known]").wait_for()
        page.locator("#photos-answer b").wait_for()  # the camera goes on being looked at
        page.locator("#photos-camera").click()
        assert page.locator("#photos-camera").get_attribute("aria-pressed") == "false"
        assert page.locator("#photos-count-2").inner_text() == count, "nothing is recorded while no button is held"


def test_a_refused_camera_is_said_clearly(browser, site):
    context = browser.new_context(permissions=[])
    with running(site) as address:
        page = context.new_page()
        page.goto(address)
        page.locator(visitor.READY).wait_for()
        page.locator("#photos-camera").click()
        status = page.locator("#photos-status", has_text="or choose picture files")
        status.wait_for()
        assert "camera" in status.inner_text() and page.locator("#photos-record-0").is_enabled()
    context.close()

"""Does the teaching page learn on a MobileNetV2, and stay within the memory that its manifest states?

In: examples/teach with an ONNX trunk of 2.2 million weights; crops of four photos, of one half of each to learn from,
of the other to be asked about. Memory is that of the process that shows the page, as Linux counts it."""

import json
import os
import subprocess
import sys
from base64 import b64encode
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fanlight.server.serve import running
from fanlight.verification.chromium import Chromium
from soak import pages_of
from test_teach import DATA, SCRIPT, png
from web import visitor
from web.browser import BLANK, add_blank_page

pytestmark = pytest.mark.full
PHOTOS = {"cat": "cat.bmp", "sunflower": "sunflower.bmp", "person": "grace_hopper.bmp", "dog": "pets.jpg"}
EACH = 20  # crops of a class to learn from, and as many to be asked about
MORE = 32e6  # bytes that a page may take besides the memory of its model

ASK = """async (files) => {
  const found = [];
  for (const text of files) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const picture = await createImageBitmap(new Blob([bytes]));
    const { probabilities } = await fanlightPage.model.predict(picture);
    found.push(probabilities.indexOf(Math.max(...probabilities)));
  }
  return found;
}"""


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    trunk = DATA / "models" / "mobilenetv2_features.onnx"
    if not trunk.is_file():
        pytest.skip("shared/data/models/mobilenetv2_features.onnx is not beside the repository")
    folder = tmp_path_factory.mktemp("trunk")
    command = [sys.executable, "-W", "error", SCRIPT, "--trunk", trunk, "--at", "features", "--preset", "torch"]
    done = subprocess.run([*command, "--classes", *PHOTOS], cwd=folder, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
    assert "224 x 224 pictures, 5,124 numbers that a visitor teaches" in done.stdout
    add_blank_page(folder / "site")
    return folder / "site"


def crops(photo: Path, rng: np.random.Generator) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Random squares of one half of a photo, and of the other; no pixel is in both. It is cut along its longer side, so
    that both halves show some of what it is of."""
    picture = Image.open(photo).convert("RGB")
    halves = np.array_split(np.asarray(picture), 2, axis=int(picture.width <= picture.height))
    found = []
    for half in halves:
        pictures = []
        for _ in range(EACH):
            side = int(min(half.shape[:2]) * rng.uniform(0.6, 1))
            top, left = (rng.integers(0, extent - side + 1) for extent in half.shape[:2])
            pictures.append(half[top : top + side, left : left + side])
        found.append(pictures)
    return found[0], found[1]


def texts(pictures: list[np.ndarray]) -> list[str]:
    return [b64encode(png(picture)).decode() for picture in pictures]


def sizes() -> dict[int, int]:
    """Bytes of each process below this one that shows pages."""
    return {page: own(page) for page in pages_of(os.getpid())}


def own(process: int) -> int:
    """Bytes in memory that are no files of the browser's, which all of its processes share."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return 1024 * sum(int(line.split()[1]) for line in lines if line.startswith(("RssAnon", "RssShmem")))


def collect(tab) -> None:
    """Garbage of the page and of its workers is no memory that they need."""
    session = tab.context.new_cdp_session(tab.page)
    workers: list[str] = []
    session.on("Target.attachedToTarget", lambda event: workers.append(event["sessionId"]))
    session.send("Target.setAutoAttach", {"autoAttach": True, "waitForDebuggerOnStart": False, "flatten": False})
    session.send("HeapProfiler.collectGarbage")
    assert workers, "the model is in one"
    asked = json.dumps({"id": 1, "method": "HeapProfiler.collectGarbage"})
    for worker in workers:
        session.send("Target.sendMessageToTarget", {"sessionId": worker, "message": asked})
    tab.page.wait_for_timeout(2000)
    session.detach()


def grown_by(before: dict[int, int]) -> int:
    """How much the page's process grew: the others are spare ones, which show nothing."""
    return max(size - before.get(page, size) for page, size in sizes().items())


def test_four_things_are_learnt_on_a_large_trunk_within_the_stated_memory(browser, chromium_path, site, tmp_path):
    rng = np.random.default_rng(3)
    learnt, asked = zip(*(crops(DATA / "images" / photo, rng) for photo in PHOTOS.values()), strict=True)
    stated = json.loads((site / "fanlight.json").read_text())["memory"]["bytes"]
    with (
        running(site) as address,
        browser.browser_type.launch(executable_path=chromium_path) as started,
        Chromium(started).tab() as tab,
    ):
        tab.goto(f"{address}{BLANK}")
        before = sizes()
        visitor.opened(tab, address)
        collect(tab)
        loaded = grown_by(before)
        for k, pictures in enumerate(learnt):
            files = [tmp_path / f"{k}-{i}.png" for i in range(EACH)]
            for file, picture in zip(files, pictures, strict=True):
                file.write_bytes(png(picture))
            tab.page.set_input_files(f"#photos-files-{k}", files)
            tab.until(f"document.querySelector('#photos-count-{k}').textContent === '{EACH} pictures'")
        tab.click("#photos-train")
        assert tab.until_state("#photos", "known", "collect") == "known", tab.text("#photos-status")
        collect(tab)
        grown = grown_by(before)
        found = np.array([tab.evaluate(ASK, texts(pictures)) for pictures in asked])
        assert not tab.errors
    right = (found == np.arange(len(PHOTOS))[:, None]).mean()
    shown = f"MB: stated {stated / 1e6:.0f}, opened {loaded / 1e6:.0f}, learnt {grown / 1e6:.0f}"
    print(f"{right:.0%} right; {shown}")
    assert right >= 0.9, found
    assert grown - loaded <= stated + MORE, shown

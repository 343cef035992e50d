"""Would `verify --privacy` see it if a page of one's own sent away the photo that it is given? Small pages in Chromium:
one that keeps photos, and some that do not."""

import numpy as np
import pytest

import fanlight as fl
from fanlight.bundle.read import read_bundle
from fanlight.verification import verify_bundle
from fanlight.verification.browser import in_own_thread
from fanlight.verification.privacy import check_privacy

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A photo</title>
<link rel="icon" href="data:,"><script type="module" src="own.js"></script></head>
<body><input type="file" id="file" accept="image/png, image/jpeg"><p id="answer"></p></body></html>"""
SCRIPT = """import { load } from './index.js';
const model = await load();
const at = (file) => new URL(file, import.meta.url).href;
const worker = START;
document.getElementById('file').addEventListener('change', async ({ target: { files: [file] } }) => {
  const { sums } = await model.predict(await createImageBitmap(file));
  document.getElementById('answer').textContent = `${sums}`;
  LEAK
});
document.documentElement.dataset.state = 'ready';
"""
FROM_BLOB = "new Worker(URL.createObjectURL(new Blob([`import '${at('./idle.js')}';`])), { type: 'module' })"
FROM_FILE = "new Worker(at('./idle.js'), { type: 'module' })"
# The name of the file, and its content under a coat.
NAME = "fetch(`./fanlight.json?${file.name}`);"
CONTENT = "document.title = btoa(String.fromCharCode(...new Uint8Array(await file.arrayBuffer()).subarray(500, 900)));"


def site(folder, start=FROM_BLOB, leak=""):
    page = folder / "page"
    page.mkdir()
    (page / "index.html").write_text(PAGE)
    (page / "idle.js").write_text("globalThis.onmessage = () => {};")
    (page / "own.js").write_text(SCRIPT.replace("START", start).replace("LEAK", leak))
    x = fl.Input(fl.Image(12, 12, preset="unit"), name="picture")
    model = fl.Model(x, {"sums": fl.layers.Dense(2)(fl.layers.Flatten()(x))})
    return model.export(folder / "site", page=page)


def outcomes(folder):
    found = in_own_thread(lambda: check_privacy(read_bundle(folder)))
    return {each["name"]: each for each in found.checks}, found


@pytest.mark.full
def test_a_page_that_keeps_photos_passes(tmp_path, chromium_path):
    found = verify_bundle(site(tmp_path), privacy=True)
    assert found["ok"], [each for each in found["checks"] if not each["ok"]]
    checks = {each["name"]: each["detail"] for each in found["checks"]}
    assert "a picture; 1 photo as a file" in checks["canary planted"]
    assert "the page counts" not in checks["traces"]  # this one does not
    assert found["attempts"]["own-worker"] == "blocked" and found["attempts"]["own-host-body"] == "open"


@pytest.mark.full
@pytest.mark.parametrize(("leak", "failed"), [(NAME, {"requests after it", "canary"}), (CONTENT, {"canary"})])
def test_a_page_that_tells_of_a_photo_is_caught(leak, failed, tmp_path, chromium_path):
    checks, _ = outcomes(site(tmp_path, leak=leak))
    assert {name for name, each in checks.items() if each["ok"] is False} == failed


@pytest.mark.full
def test_a_worker_beyond_the_policy_of_its_page_is_found(tmp_path, chromium_path):
    checks, found = outcomes(site(tmp_path, start=FROM_FILE))
    assert found.attempts["own-worker"] == "open"
    assert not checks["policy"]["ok"] and "own-worker" in checks["policy"]["detail"]


@pytest.mark.full
def test_a_page_that_never_says_that_it_is_ready_is_told_how(tmp_path, chromium_path, monkeypatch):
    from fanlight.verification import browser

    monkeypatch.setattr(browser, "SECONDS", 2)
    folder = site(tmp_path)
    (script,) = folder.glob("own*.js")
    script.write_text(script.read_text().replace("dataset.state", "dataset.other"))
    checks, _ = outcomes(folder)
    detail = checks["canary planted"]["detail"]
    assert not checks["canary planted"]["ok"] and "dataset.state = 'ready'" in detail


def test_noise_as_a_file_is_a_picture(tmp_path):
    from PIL import Image

    from fanlight.verification.canary import Canary
    from fanlight.verification.plant import noise, png

    canary = Canary()
    pixels = noise(9, 7, canary)
    (tmp_path / "noise.png").write_bytes(png(pixels))
    with Image.open(tmp_path / "noise.png") as opened:
        np.testing.assert_array_equal(np.asarray(opened), pixels)
    assert canary.found_in(pixels[3].tobytes()) == ["plain"]
    assert canary.found_in(np.ascontiguousarray(pixels[2:4, :, :3]).tobytes()) == ["plain"]

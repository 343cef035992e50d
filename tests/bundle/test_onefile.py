"""Does the one-file form open from the disk, work, train and save, ask nobody, and come back? In Chromium."""

import re

import numpy as np
import pytest

from fanlight.bundle.onefile import write_single_file
from fanlight.bundle.page import Page
from fanlight.bundle.read import read_bundle
from fanlight.errors import IntegrityError, StorageError
from web.hand_made import line

PAGE = Page(title="Line", show=["keep"])


@pytest.fixture
def path(tmp_path):
    return write_single_file(tmp_path / "new" / "line.html", *line(), page=PAGE, graph=b"graph")


def test_it_opens_from_the_disk_and_trains(page, path):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-state=ready]")
    found = page.evaluate(
        """async () => {
      const { model } = globalThis.fanlightPage;
      const { y } = await model.predict([1, 1, 1, 1]);
      const history = await model.fit(new Float32Array(32).fill(1), new Float32Array(8).fill(2), { epochs: 3 });
      const file = await model.save('buffer');
      await model.save('indexeddb://mine');
      await model.reset(4);
      await model.restore('indexeddb://mine');
      const w = Array.from((await model.weights()).w);
      return { y: y[0], history, told: model.diagnostics(), w, size: file.byteLength };
    }"""
    )
    assert found["y"] == 10.5 and found["history"]["loss"][2] < 1e-6 and found["w"] != [4, 4, 4, 4]
    assert found["size"] > 40
    told = found["told"]
    assert (told["thread"], told["variant"], told["notes"], told["requests"]) == ("worker", "portable", [], 0)
    assert not [url for url in asked if not url.startswith(("file:", "blob:", "data:"))]
    assert len({url for url in asked if url.startswith("file:")}) == 1


def test_its_policy_names_no_address(path):
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', path.read_text())
    assert policy.startswith("default-src &#x27;none&#x27;") and "connect-src" not in policy
    assert not re.search(r"https?:|\*|unsafe-inline|unsafe-eval(?<!wasm-unsafe-eval)", policy)


def test_it_is_read_back(path):
    bundle = read_bundle(path)
    bundle.verify()
    assert bundle.manifest.name == "line" and set(bundle.manifest.code) == {"portable"} and bundle.graph() == b"graph"
    np.testing.assert_array_equal(np.frombuffer(bundle.weights()["w"].data, "float32"), [1, 2, 3, 4])


def test_damage_is_noticed(path):
    text = path.read_text()
    (name,) = re.findall(r'data-file="(weights[^"]*)"', text)
    start = text.index(name) + len(name) + 2
    path.write_text(text[: start + 40] + ("A" if text[start + 40] != "A" else "B") + text[start + 41 :])
    with pytest.raises(IntegrityError):
        read_bundle(path).weights()


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path, path, monkeypatch):
    before = path.read_bytes()
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(StorageError, match="as it was"):
        write_single_file(path, *line(), page=PAGE)
    assert path.read_bytes() == before and [each.name for each in path.parent.iterdir()] == ["line.html"]


def test_the_same_model_gives_the_same_file(tmp_path, path):
    again = write_single_file(tmp_path / "again.html", *line(), page=PAGE, graph=b"graph")
    assert again.read_bytes() == path.read_bytes()

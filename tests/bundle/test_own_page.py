"""Does a page of one's own lie beside the model, whole, and under the policy of every exported page?"""

from html import escape

import pytest

import fanlight as fl
from fanlight.bundle.own_page import own_files
from fanlight.bundle.page import POLICY
from fanlight.bundle.read import read_bundle
from fanlight.errors import FanlightError, ModelFormatError, StorageError, UnsupportedOp
from fanlight.server.serve import running

DOCUMENT = """<!doctype html>
<html lang="en"><head><title>Mine</title><script type="module" src="mine.js"></script></head>
<body><p id="answer"></p></body></html>"""
SCRIPT = """import { load } from './index.js';
const model = await load();
const answer = await model.predict([1, 2, 3, 4]);
document.getElementById('answer').textContent = Object.values(answer)[0].length;
"""


def model():
    return fl.Sequential([fl.Input((4,), name="x"), fl.layers.Dense(3, name="y")])


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "page").mkdir()
    (tmp_path / "page" / "index.html").write_text(DOCUMENT)
    (tmp_path / "page" / "mine.js").write_text(SCRIPT)
    return tmp_path / "page"


def test_its_files_are_of_the_bundle_and_it_runs(folder, tmp_path, page):
    model().export(tmp_path / "site", page=folder)
    bundle = read_bundle(tmp_path / "site")
    bundle.verify()
    assert {"index.html", "mine.js"} <= bundle.manifest.files.keys() and bundle.manifest.page is None
    assert bundle.file("mine.js") == SCRIPT.encode()
    text = bundle.file("index.html").decode()
    assert text.count("Content-Security-Policy") == 1 and escape(POLICY) in text
    with running(tmp_path / "site") as address:
        page.goto(address)
        page.locator("#answer", has_text="3").wait_for()


def test_an_export_replaces_the_page_of_the_one_before(folder, tmp_path):
    model().export(tmp_path / "site", page=str(folder))
    (folder / "mine.js").rename(folder / "other.js")
    model().export(tmp_path / "site", page=folder)
    assert not (tmp_path / "site" / "mine.js").exists() and (tmp_path / "site" / "other.js").exists()


def test_a_policy_that_is_stated_stays(folder):
    stated = DOCUMENT.replace("<head>", '<head><meta http-equiv="Content-Security-Policy" content="default-src *">')
    (folder / "index.html").write_text(stated)
    assert own_files(folder)["index.html"] == stated.encode()


@pytest.mark.parametrize(
    ("change", "kind", "words"),
    [
        (lambda folder: (folder / "index.html").unlink(), ModelFormatError, "no index.html"),
        (lambda folder: (folder / "parts").mkdir(), ModelFormatError, "'parts'"),
        (lambda folder: (folder / "two words.js").write_text(""), ModelFormatError, "'two words.js'"),
        (lambda folder: (folder / "index.js").write_text(""), ModelFormatError, "index.js"),
        (lambda folder: (folder / "index.html").write_text("<p>hello"), ModelFormatError, "<head>"),
        (lambda folder: folder.rename(folder.parent / "gone"), StorageError, "No such file"),
    ],
)
def test_what_no_bundle_can_hold_is_refused_and_nothing_is_written(folder, tmp_path, change, kind, words):
    change(folder)
    with pytest.raises(kind, match=words):
        model().export(tmp_path / "site", page=folder)
    assert not (tmp_path / "site").exists()


def test_one_file_has_no_page_of_ones_own(folder, tmp_path):
    with pytest.raises(UnsupportedOp, match="page of your own"):
        model().export(tmp_path / "site.html", page=folder)
    with pytest.raises(FanlightError, match=r"fl\.Page"):
        model().export(tmp_path / "site", page=3)

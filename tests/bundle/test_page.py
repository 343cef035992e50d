"""Does fl.Page say what is wrong with a page, and does compose fill in the HTML?"""

import json
import re
from html import escape
from html.parser import HTMLParser
from importlib.resources import files

import numpy as np
import pytest

from fanlight.bundle.manifest import Function, Manifest, Memory, Slot, StateSlot, Training
from fanlight.bundle.page import POLICY, SECTIONS, Page, compose, predictor, shown, viewer
from fanlight.errors import DtypeError, ShapeError, UnknownNameError
from fanlight.ir.dim import Dim, Size

BATCH = Size("batch", 1, 32)
DATA = {"train": (np.zeros((6, 8, 8, 1), np.uint8), np.zeros(6, np.uint8))}
CLASSES = {"kind": "classes", "labels": ["a", "b"], "spare": 2}
IMAGE = {"kind": "image", "height": 8, "width": 8, "channels": 1}
TABLE = {"kind": "table", "columns": ["long", "wide"]}


def a_manifest(row, meaning, answer, trained=True, **more) -> Manifest:
    """One function `predict`, of rows of a shape and meaning."""
    rows = Slot("x", "float32", (Dim.of(BATCH), *row), 0)
    answers = Slot("y", "float32", (Dim.of(BATCH), 4 if answer else 1), 0)
    functions = {"predict": Function((BATCH,), (rows,), (answers,))} | more
    meanings = {name: each for name, each in (("x", meaning), ("y", answer)) if each}
    training = Training("adam", "mse", (), 32, ("x",), ("y",), ("loss",)) if trained else None
    state = (StateSlot("kernel", "float32", (2,), 0, 0),)
    return Manifest("tiny", functions, state, Memory(1, 1024, 1000), meanings, training, license="MIT", fanlight="1.0")


PICTURES = a_manifest((8, 8, 1), IMAGE, CLASSES)
COLOUR = a_manifest((8, 8, 3), IMAGE | {"channels": 3}, CLASSES)
ROWS = a_manifest((2,), TABLE, CLASSES)
PAIRS = a_manifest((1,), None, None, trained=False)


def test_a_page_needs_a_title():
    with pytest.raises(DtypeError, match="expected a title, got ''"):
        Page(title="")


def test_an_unknown_section_is_refused_with_the_list():
    with pytest.raises(UnknownNameError, match="expected some of predict, data, teach, train, inside, keep, got draw"):
        Page(title="A", show=["predict", "draw"])
    with pytest.raises(DtypeError, match=re.escape("show=['predict']")):
        Page(title="A", show="predict")


@pytest.mark.parametrize(
    ("data", "error", "text"),
    [
        ({"test": DATA["train"]}, UnknownNameError, "train"),
        ({"train": DATA["train"], "held": DATA["train"]}, UnknownNameError, "held"),
        ({"train": (np.zeros(3), np.zeros(4))}, ShapeError, "as many rows"),
        ({"train": (np.zeros(3),)}, ShapeError, "two arrays"),
        ({"train": ([1, 2], [3, 4])}, ShapeError, "pass NumPy arrays"),
    ],
)
def test_data_is_pairs_of_arrays(data, error, text):
    with pytest.raises(error, match=text):
        Page(title="A", data=data)


def test_examples_are_drawings_or_rows():
    page = Page(title="A", examples=[{"name": 3, "strokes": [(1, 2)], "size": 9}, {"name": "b", "values": {"long": 1}}])
    assert page.examples == (
        {"name": "3", "strokes": [[1.0, 2.0]], "size": 9.0},
        {"name": "b", "values": {"long": 1}},
    )
    with pytest.raises(ShapeError, match=re.escape("examples[0]")):
        Page(title="A", examples=[{"name": "3", "strokes": [[1, 2, 3]]}])
    with pytest.raises(DtypeError, match="expected"):
        Page(title="A", examples=[{"strokes": [[1, 2]]}])


def test_without_a_list_a_page_shows_what_the_model_can():
    assert shown(Page(title="A", data=DATA, show=SECTIONS[::-1]), PICTURES) == SECTIONS
    assert shown(Page(title="A", data=DATA), PICTURES) == ("predict", "teach", "train", "keep")
    assert shown(Page(title="A"), PICTURES) == ("predict", "keep")
    assert shown(Page(title="A", data=DATA), ROWS) == ("predict", "data", "train", "keep")
    assert shown(Page(title="A", data=DATA), PAIRS) == ("data", "keep")
    step = Function((BATCH,), PAIRS.functions["predict"].inputs, (), ("kernel",))
    learning = a_manifest((1,), None, None, trained=False, step=step)
    assert shown(Page(title="A", data=DATA), learning) == ("train", "keep")
    assert (viewer(PICTURES), viewer(ROWS), viewer(PAIRS)) == ("grid", "regions", "curve")


def test_a_picture_in_colour_is_looked_at_and_not_drawn():
    assert predictor(COLOUR) == "look"
    assert shown(Page(title="A"), COLOUR) == ("predict", "keep")
    more = dict.fromkeys(("init", "features"), PAIRS.functions["predict"])
    taught = a_manifest((8, 8, 3), IMAGE | {"channels": 3}, CLASSES, **more)
    assert shown(Page(title="A"), taught) == ("teach", "keep")
    assert predictor(a_manifest((8, 8, 2), IMAGE | {"channels": 2}, CLASSES)) is None
    assert predictor(a_manifest((8, 8, 1), None, CLASSES)) is None


def test_a_section_that_the_model_cannot_have_says_what_it_needs():
    with pytest.raises(UnknownNameError, match=r'section "teach".*Page\(data=...\).*at tiny'):
        shown(Page(title="A", show=["teach"]), PICTURES)
    with pytest.raises(UnknownNameError, match=r"spare=6"):
        shown(Page(title="A", show=["teach"], data=DATA), a_manifest((8, 8, 1), IMAGE, CLASSES | {"spare": 0}))
    with pytest.raises(UnknownNameError, match=r"fl\.Table"):
        shown(Page(title="A", show=["predict"]), PAIRS)


def test_the_description_is_json_and_the_arrays_have_names():
    page = Page(title="A", data=DATA, examples=[{"name": "b", "values": {"long": 1}}])
    record = page.to_manifest(PICTURES, data="data.1.safetensors", onefile="a.html")
    assert json.loads(json.dumps(record)) == record
    assert (record["data"], record["onefile"], record["view"]) == ("data.1.safetensors", "a.html", "grid")
    assert list(page.arrays()) == ["train/x", "train/y"]


class Ids(HTMLParser):
    """Collects ids, and attributes that a strict policy refuses."""

    def __init__(self, text: str):
        super().__init__()
        self.ids: list[str] = []
        self.inline: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.ids += [value or "" for name, value in attrs if name == "id"]
        self.inline += [f"{tag} {name}" for name, _ in attrs if name == "style" or name.startswith("on")]


def test_text_is_escaped_and_nothing_is_inline():
    page = Page(title='"A" <b>', text="One & two", data=DATA)
    html = compose(page, PICTURES, style="s.css", script="p.js")
    assert "<h1>&quot;A&quot; &lt;b&gt;</h1>" in html and "One &amp; two" in html and "<b>" not in html
    assert f'content="{escape(POLICY)}"' in html
    assert '<link rel="stylesheet" href="s.css">' in html and '<script type="module" src="p.js"></script>' in html
    assert "Made with Fanlight 1.0. Licence of the model: MIT." in html
    assert 'data-form="folder"' in html and "$" not in html
    assert not Ids(html).inline
    assert 'data-form="one-file"' in compose(page, PICTURES, form="one-file")
    with pytest.raises(UnknownNameError, match="one-file"):
        compose(page, PICTURES, form="booklet")


@pytest.mark.parametrize("manifest", [PICTURES, COLOUR, ROWS, PAIRS], ids=["drawings", "pictures", "rows", "pairs"])
def test_every_element_that_a_script_asks_for_is_there(manifest):
    """An id is in the HTML once, and each part finds the ids of its own section and of the frame."""
    html = compose(Page(title="A", data=DATA), manifest)
    ids = Ids(html).ids
    assert len(ids) == len(set(ids))
    parts = set(re.findall(r'data-part="(\w+)"', html))
    web = files("fanlight") / "web" / "page"
    for part in [*parts, "page", "figures"]:
        text = (web / f"{part}.js").read_text(encoding="utf-8")
        asked = {name for name in re.findall(r"byId\('([\w-]+)'\)", text)}
        assert asked <= set(ids), f"{part}.js asks for {sorted(asked - set(ids))}"
    if "draw" in parts:
        documented = set(
            re.findall(r"#([a-z][\w-]*\w)", (web / "page.js").read_text(encoding="utf-8").split("import")[0])
        )
        made = {"digits", "regions", "regions-across", "regions-up", "curve"}  # by scripts
        other = {name for name in documented if name.split("-")[0] == "form"}
        assert documented - made - other <= set(ids), sorted(documented - set(ids))

"""Is drawings.json what its script writes, is every drawing whole and on its pad, and are the hands different?"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "digits"
DATA = Path(__file__).resolve().parents[2] / "src" / "fanlight" / "datasets" / "data" / "drawings.json"
FILE = json.loads(DATA.read_text(encoding="utf-8"))
DRAWINGS: list[dict[str, Any]] = FILE["drawings"]


@pytest.fixture(autouse=True)
def examples_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(FOLDER)


def test_the_script_writes_the_committed_file() -> None:
    import make_drawings

    assert make_drawings.drawings_text() == DATA.read_text(encoding="utf-8")
    assert DATA.stat().st_size < 250_000


def test_the_file_says_that_no_person_drew_it() -> None:
    assert "No person drew them" in FILE["about"]
    assert FILE["licence"] == "Apache-2.0"


def test_there_are_twenty_of_each_digit_and_two_of_each_hand() -> None:
    from skeletons import HANDS

    assert len(HANDS) >= 8
    counts: dict[tuple[int, str], int] = {}
    for drawing in DRAWINGS:
        key = drawing["label"], drawing["hand"]
        counts[key] = counts.get(key, 0) + 1
    assert counts == {(digit, hand.name): 2 for digit in range(10) for hand in HANDS}


def test_every_form_is_written_by_some_hand() -> None:
    from skeletons import HANDS, SKELETONS

    for digit, forms in SKELETONS.items():
        assert {form for hand in HANDS for form in hand.forms[digit].split("/")} == set(forms)


@pytest.mark.parametrize("drawing", DRAWINGS[::7], ids=lambda drawing: f"{drawing['label']}-{drawing['hand']}")
def test_the_ink_is_on_the_pad(drawing: dict[str, Any]) -> None:
    from rasterize import rasterize

    ink = rasterize(drawing)
    assert (ink.shape, ink.dtype) == ((280, 280), np.float32)
    assert max(ink[0].max(), ink[-1].max(), ink[:, 0].max(), ink[:, -1].max()) == 0
    rows = np.flatnonzero(ink.max(1) > 0.5)
    assert 50 < rows[-1] - rows[0] < 280
    np.testing.assert_allclose(rasterize(drawing, 70).mean(), ink.mean(), rtol=1e-5)


def test_places_sizes_and_pens_vary() -> None:
    heights = [max(y) - min(y) for y in ([v for s in d["strokes"] for v in s[1::2]] for d in DRAWINGS)]
    assert min(heights) < 75
    assert max(heights) > 220
    assert {drawing["width"] for drawing in DRAWINGS} >= set(range(7, 20))


def test_a_pen_stroke_is_as_wide_as_the_pen_and_a_tap_is_a_dot() -> None:
    from rasterize import rasterize

    line = {"label": 1, "hand": "", "width": 10, "size": 40, "strokes": [[20, 10, 20, 30]]}
    assert rasterize(line)[20].sum() == 10
    dot = {"label": 1, "hand": "", "width": 10, "size": 40, "strokes": [[20, 20]]}
    assert rasterize(dot).sum() == pytest.approx(np.pi * 25, rel=0.01)


def test_a_side_that_does_not_divide_the_pad_is_refused() -> None:
    from rasterize import rasterize

    with pytest.raises(ValueError, match="divides the pad's 280 pixels, got 96"):
        rasterize(DRAWINGS[0], 96)

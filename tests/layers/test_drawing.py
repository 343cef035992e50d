"""Does a drawing become the counts that it should, wherever it is on the pad, however large, with whatever pen?"""

from pathlib import Path

import numpy as np
import pytest

from evaluate import evaluate_graph
from fanlight import datasets
from fanlight.errors import ShapeError
from fanlight.ir.graph import Graph, Input, apply
from fanlight.ir.types import Type
from fanlight.layers import Drawing

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "digits"


def prepared(pads: np.ndarray, **attributes) -> np.ndarray:
    meaning = Drawing(pad=pads.shape[1], **attributes)
    value = apply(Input("pad", Type("uint8", pads.shape)))
    result = meaning.prepare(value)
    assert result.type == Type("float32", (len(pads), *meaning.shape))
    return evaluate_graph(Graph((value,), {"y": result}), [pads])[0]["y"]


def blank(count=1, side=70) -> np.ndarray:
    return np.zeros((count, side, side, 1), "uint8")


def test_an_empty_pad_gives_zeros():
    pads = blank(2)
    pads[1, 20:50, 30:34] = 255
    counts = prepared(pads)
    assert not counts[0].any() and counts[1].any()


def test_a_stroke_fills_the_height_and_stands_in_the_middle():
    pads = blank()
    pads[0, 5:30, 50:54] = 255
    counts = prepared(pads)[0, :, :, 0]
    assert (counts.sum(1) > 0).all()
    np.testing.assert_array_equal(counts, counts[:, ::-1])
    assert counts[:, 3:5].sum() > 0.8 * counts.sum()


def test_place_and_size_do_not_matter():
    pads = blank(3, 140)
    for k, (top, left, scale) in enumerate([(0, 0, 1), (60, 70, 1), (20, 10, 2)]):
        sign = np.zeros((40, 30), "uint8")
        sign[:, 10:14] = sign[18:22, :] = 255
        sign = sign.repeat(scale, 0).repeat(scale, 1)
        pads[k, top : top + sign.shape[0], left : left + sign.shape[1], 0] = sign
    first, moved, larger = prepared(pads)
    assert np.abs(first - moved).mean() < 0.2
    assert np.abs(first - larger).mean() < 0.2


def test_the_pen_does_not_matter_much():
    pads = blank(2, 112)
    for k, half in enumerate((1, 4)):
        for row in range(15, 97):
            middle = round(56 + 24 * np.sin(row / 14))
            pads[k, row, middle - half : middle + half] = 255
    thin, bold = prepared(pads)
    assert bold.sum() < 2 * thin.sum()  # pens of 2 and of 8 pixels


def test_a_flat_sign_stays_flat():
    pads = blank()
    pads[0, 40:44, 10:60] = 255
    counts = prepared(pads)[0, :, :, 0]
    assert counts[2:6].sum() == counts.sum() > 0


def test_a_slanted_stroke_is_made_upright():
    pads = blank(1, 112)
    for row in range(20, 90):
        pads[0, row, 70 - row // 2 : 76 - row // 2] = 255
    columns = prepared(pads)[0, :, :, 0].sum(0)
    assert columns.max() > 0.35 * columns.sum()


def test_sides_must_divide_the_grid():
    with pytest.raises(ShapeError, match="divide 32"):
        Drawing(7, 8)
    with pytest.raises(ShapeError, match="at least 32"):
        Drawing(pad=20)
    assert Drawing(16, 8).levels == 8


def test_generated_drawings_look_like_the_dataset(monkeypatch):
    """The nearest of the class means of the dataset is the drawing's own class for most of them."""
    monkeypatch.syspath_prepend(EXAMPLES)
    from rasterize import rasterize

    drawings = datasets.drawings()[::4]
    pads = np.stack([np.round(255 * rasterize(each, 70)) for each in drawings]).astype("uint8")[..., None]
    counts = prepared(pads)
    assert counts.min() == 0 and counts.max() == 16
    (x, y), _ = datasets.digits()
    assert abs(counts.sum((1, 2, 3)).mean() / x.sum((1, 2, 3)).mean() - 1) < 0.15
    means = np.stack([x[y == label].mean(0) for label in range(10)])
    nearest = ((counts[:, None] - means[None]) ** 2).sum((2, 3, 4)).argmin(1)
    assert (nearest == [each["label"] for each in drawings]).mean() > 0.7

"""Does a model take rows as people have them: data frames, dicts, words, labels, pixels?"""

import numpy as np
import pandas
import pytest

import fanlight as fl
from fanlight.errors import DtypeError, UnknownNameError

COLUMNS = ("weight", "colour", "age")
COLOURS = ("red", "green", "blue")
FRAME = pandas.DataFrame(
    {
        "age": [3, 1, 2, 9],
        "colour": ["blue", "red", "red", "green"],
        "name": list("abcd"),
        "weight": [0.5, 1.5, 2.5, 3.5],
    }
)
RAW = np.float32([[0.5, 2, 3], [1.5, 0, 1], [2.5, 0, 2], [3.5, 1, 9]])
SEEN = np.float32([[0.5, 0, 0, 1, 3], [1.5, 1, 0, 0, 1], [2.5, 1, 0, 0, 2], [3.5, 0, 1, 0, 9]])
LABELS = ("small", "large")
Y = ["small", "large", "large", "small"]


def table(**categories):
    model = fl.Sequential(
        [fl.Input(fl.Table(COLUMNS, categories=categories), name="thing"), fl.layers.Dense(2, name="size")],
        meanings={"size": fl.Classes(LABELS)},
    )
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


def test_rows_with_words_are_prepared_in_every_form():
    model = table(colour=COLOURS)
    expected = model.predict(SEEN)
    rows = FRAME.to_dict("records")
    columns = {name: FRAME[name].to_list() for name in COLUMNS}
    by_position = FRAME[[*COLUMNS]].to_numpy().tolist()
    for x in (FRAME, {"thing": FRAME}, rows, columns, by_position, RAW, {"thing": RAW}):
        np.testing.assert_array_equal(model.predict(x), expected)
    np.testing.assert_array_equal(model.predict(rows[1]), expected[1:2])


def test_columns_without_words_come_in_any_order():
    model = table()
    numbers = FRAME.assign(colour=[2, 0, 0, 1])
    np.testing.assert_array_equal(model.predict(numbers), model.predict(RAW))


def test_labels_are_numbered():
    frame, array = table(colour=COLOURS), table(colour=COLOURS)
    frame.fit(FRAME, pandas.Series(Y), epochs=2, verbose=0)
    array.fit(SEEN, np.array([0, 1, 1, 0]), epochs=2, verbose=0)
    np.testing.assert_array_equal(frame.weights()["size/kernel"], array.weights()["size/kernel"])
    assert frame.evaluate(FRAME, Y) == array.evaluate(SEEN, [0, 1, 1, 0])


def test_raw_pixels_are_prepared(rng):
    model = fl.Sequential([fl.Input(fl.Image(4, 4, 1, preset="unit")), fl.layers.Flatten(), fl.layers.Dense(2)])
    pixels = rng.integers(0, 256, (70, 4, 4, 1)).astype(np.uint8)
    np.testing.assert_array_equal(model.predict(pixels), model.predict(pixels.astype(np.float32) / 255))


def test_a_page_shows_what_fit_takes(tmp_path):
    page = fl.Page("Sizes", data={"train": (FRAME, pandas.Series(Y))})
    table(colour=COLOURS).export(tmp_path / "site", train=True, page=page)
    (data,) = (tmp_path / "site").glob("data.*.safetensors")
    from safetensors.numpy import load_file

    arrays = load_file(data)
    np.testing.assert_array_equal(arrays["train/x"], RAW)
    assert arrays["train/y"].tolist() == [0, 1, 1, 0]


def test_what_does_not_fit_is_named():
    model = table(colour=COLOURS)
    with pytest.raises(UnknownNameError, match="a column 'age'"):
        model.predict(FRAME.drop(columns="age"))
    with pytest.raises(UnknownNameError, match=r"column 'colour': expected one of red, green, blue, got 'pink'"):
        model.predict(FRAME.assign(colour="pink"))
    with pytest.raises(UnknownNameError, match=r"target .* expected one of small, large, got 'huge'"):
        model.fit(FRAME, ["huge"] * 4)
    with pytest.raises(DtypeError, match=r"column 'colour': .*categories={'colour': \['blue'"):
        table().predict(FRAME)

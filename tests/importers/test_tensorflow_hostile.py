"""Is a file of TensorFlow's that is broken or hostile refused, quickly, with what is wrong and where?"""

import json

import numpy as np
import pytest

import fanlight as fl
from fanlight.errors import UnsupportedOp
from importers.bounds import little_time, refused_at_once
from importers.tensorflow_hostile import hostile, sound
from importers.tensorflow_hostile_json import sound_json
from importers.tensorflow_hostile_lists import CHOSEN, GROWING, LISTS, LONG, LOOPS, unwritten
from importers.tensorflow_hostile_saved import DATA, INDEX, block, bundle, saved, table


def graph(change):
    made = sound()
    change(made)
    return made.SerializeToString()


FILES = dict(hostile()) | {f"lists: {name}": {"hostile.pb": graph(change)} for name, change in LISTS.items()}


def placed(folder, files):
    for name, data in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(data)
    return folder / "hostile.pb" if "hostile.pb" in files else folder


def test_there_are_enough_of_them():
    assert len(FILES) >= 100


def test_the_models_that_they_are_made_of_are_sound(tmp_path):
    (tmp_path / "sound.pb").write_bytes(sound().SerializeToString())
    assert fl.load(tmp_path / "sound.pb").predict([[1, 2, 3, 4]]).tolist() == [[10, 10, 10]]
    files = {"model.json": json.dumps(sound_json()).encode(), "shard.bin": np.ones((4, 3), "float32").tobytes()}
    assert fl.load(placed(tmp_path, files)).predict([[1, 2, 3, 4]]).tolist() == [[10, 10, 10]]


def test_the_table_that_they_are_made_of_is_sound(tmp_path):
    """An index of our own that places the same arrays."""
    entries = [*bundle(b"dense/bias", shape=(3,), size=12, offset=0), *bundle(shape=(2, 3), offset=12)[1:]]
    entries.append(bundle(b"scale", shape=(), size=4, offset=36)[1])
    folder = placed(tmp_path / "own", {}) if (tmp_path / "own").mkdir() else tmp_path / "own"
    placed(folder, {**saved(), INDEX: table(block(entries))})
    assert (folder / DATA).stat().st_size >= 40
    assert fl.load(folder).predict([[1.0, 2.0]]).shape == (1, 3)


@pytest.mark.parametrize("name", FILES)
def test_a_hostile_file_is_refused_at_once(name, tmp_path):
    path = placed(tmp_path, FILES[name])
    refused_at_once(path)


def test_a_long_list_is_opened_at_once(tmp_path):
    path = placed(tmp_path, {"hostile.pb": graph(LONG)})
    with little_time():
        model = fl.load(path)
    assert model.predict([[1, 2, 3, 4]]).tolist() == [[410, 410, 410]]


def test_lists_go_through_branches(tmp_path):
    path = placed(tmp_path, {"hostile.pb": graph(CHOSEN)})
    assert fl.load(path).predict([[1, 2, 3, 4]]).tolist() == [[11, 11, 11]]


@pytest.mark.parametrize("name", GROWING)
def test_loops_in_which_lists_grow_without_end_are_refused_at_once(name, tmp_path):
    path = placed(tmp_path, {"hostile.pb": graph(GROWING[name])})
    with little_time(), pytest.raises(UnsupportedOp, match=r"lists that grow up to 512 items|at most 1024 rounds"):
        fl.load(path)


@pytest.mark.parametrize("name", LOOPS)
def test_many_rounds_are_opened_at_once(name, tmp_path):
    path = placed(tmp_path, {"hostile.pb": graph(LOOPS[name])})
    with little_time():
        fl.load(path)


def test_a_list_that_nobody_wrote_has_zeros(tmp_path):
    path = placed(tmp_path, {"hostile.pb": graph(unwritten)})
    assert fl.load(path).predict([[1, 2, 3, 4]]).tolist() == [[10, 10, 10]]


def test_an_item_of_an_empty_list_is_refused_in_words(tmp_path):
    path = placed(tmp_path, FILES["lists: an item of an empty list"])
    assert "expected a list with items, got an empty one" in refused_at_once(path)

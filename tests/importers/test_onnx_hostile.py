"""Is an ONNX file that is broken or hostile refused, quickly, with what is wrong and where?"""

import pytest

import fanlight as fl
from fanlight.errors import UnsupportedOp
from importers.bounds import little_memory, little_time, refused_at_once
from importers.onnx_hostile import HEAVY, NOT_BUILT, SOUND, changed, hostile, sound

FILES = dict(hostile())


def test_there_are_enough_of_them():
    assert len(FILES) >= 60


def test_the_model_that_they_are_made_of_is_sound(tmp_path):
    (tmp_path / "sound.onnx").write_bytes(sound().SerializeToString())
    assert fl.load(tmp_path / "sound.onnx").predict([[1, 2, 3, 4]]).tolist() == [[10, 10, 10]]


@pytest.fixture(autouse=True, scope="module")
def imported(tmp_path_factory):
    """Nobody's time is what the first file of all needs for imports."""
    path = tmp_path_factory.mktemp("first") / "sound.onnx"
    path.write_bytes(sound().SerializeToString())
    fl.load(path)


@pytest.mark.parametrize("name", FILES)
def test_a_hostile_file_is_refused_at_once(name, tmp_path):
    path = tmp_path / "hostile.onnx"
    path.write_bytes(FILES[name])
    refused_at_once(path)


@pytest.mark.parametrize("name", NOT_BUILT)
def test_what_would_cost_too_much_is_refused_at_once(name, tmp_path):
    path = tmp_path / "hostile.onnx"
    path.write_bytes(changed(NOT_BUILT[name]))
    with little_time(), little_memory(), pytest.raises(UnsupportedOp):
        fl.load(path)


@pytest.mark.parametrize("name", HEAVY | SOUND)
def test_what_costs_no_more_than_its_size_is_opened_at_once(name, tmp_path):
    path = tmp_path / "sound.onnx"
    path.write_bytes(changed((HEAVY | SOUND)[name]))
    with little_time():
        fl.load(path)
    with little_memory():  # which takes longer
        fl.load(path)

"""Is an ONNX file that is broken or hostile refused, quickly, with what is wrong and where?"""

import time
import tracemalloc
from contextlib import contextmanager

import pytest

import fanlight as fl
from fanlight.errors import ModelFormatError, UnsupportedOp
from importers.onnx_hostile import HEAVY, NOT_BUILT, SOUND, changed, hostile, sound

SECONDS, BYTES = 1.0, 200 << 20
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


@contextmanager
def little_time():
    begin = time.process_time()
    yield
    assert time.process_time() - begin < SECONDS


@contextmanager
def little_memory():
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < BYTES
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", FILES)
def test_a_hostile_file_is_refused_at_once(name, tmp_path):
    path = tmp_path / "hostile.onnx"
    path.write_bytes(FILES[name])
    with little_time(), little_memory(), pytest.raises(ModelFormatError) as caught:
        fl.load(path)
    assert str(caught.value)
    assert not isinstance(caught.value, UnsupportedOp)


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

"""Is a TensorFlow Lite file that is broken or hostile refused, quickly, with what is wrong and where?"""

import time
import tracemalloc

import pytest

import fanlight as fl
from fanlight.errors import ModelFormatError, UnsupportedOp
from importers.tflite_hostile import hostile, sound

SECONDS, BYTES = 1.0, 200 << 20
FILES = dict(hostile())


def test_there_are_enough_of_them():
    assert len(FILES) >= 100


def test_the_model_that_they_are_made_of_is_sound(tmp_path):
    (tmp_path / "sound.tflite").write_bytes(sound())
    assert fl.load(tmp_path / "sound.tflite").predict([[1, 2, 3, 4], [0, 0, 0, -1]]).tolist() == [[10] * 3, [0] * 3]


@pytest.mark.parametrize("name", FILES)
def test_a_hostile_file_is_refused_at_once(name, tmp_path):
    path = tmp_path / "hostile.tflite"
    path.write_bytes(FILES[name])
    tracemalloc.start()
    begin = time.process_time()
    try:
        with pytest.raises(ModelFormatError) as caught:
            fl.load(path)
    finally:
        seconds, (_, peak) = time.process_time() - begin, tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert str(caught.value)
    assert seconds < SECONDS and peak < BYTES, (seconds, peak)
    assert not isinstance(caught.value, UnsupportedOp)

"""Is a TensorFlow Lite file that is broken or hostile refused, quickly, with what is wrong and where?"""

import pytest

import fanlight as fl
from importers.bounds import refused_at_once
from importers.tflite_hostile import hostile, sound

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
    refused_at_once(path)

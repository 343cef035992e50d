"""Do loops, branches and lists of tensors give what TensorFlow gives, in both forms in which it writes them?"""

from pathlib import Path

import numpy as np
import pytest

import fanlight as fl

FOLDER = Path(__file__).parent / "tensorflow" / "control"
FILES = sorted(path.name.removesuffix(".pb") for path in FOLDER.glob("*.pb"))


@pytest.fixture(scope="module")
def arrays():
    with np.load(FOLDER / "control.npz") as found:
        return dict(found)


def test_there_are_both_forms():
    assert len(FILES) == 22
    assert b"Enter" in (FOLDER / "many.frames.pb").read_bytes()
    assert b"StatelessWhile" in (FOLDER / "many.functional.pb").read_bytes()


@pytest.mark.parametrize("name", FILES)
def test_control_flow_gives_what_tensorflow_gives(name, arrays):
    model = fl.load(FOLDER / f"{name}.pb")
    case = name.partition(".")[0]
    np.testing.assert_allclose(model.predict(arrays[f"{case}/x"]), arrays[f"{case}/y"], rtol=2e-5, atol=1e-5)

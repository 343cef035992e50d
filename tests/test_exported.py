"""Do exported functions come back to Python, with what a page learnt?"""

import numpy as np
import pytest

import fanlight as fl
from fanlight.bundle.weights import to_safetensors
from fanlight.errors import DtypeError, ModelFormatError, UnknownNameError

ROWS = fl.TensorSpec(("batch", 2))


def step(state, x: ROWS):
    speed = 0.5 * state["speed"][0] + fl.sum(x, axis=0)
    return {"w": state["w"] - speed, "speed": [speed]}, {"y": x @ state["w"]}


@pytest.fixture
def site(tmp_path):
    state = {"w": np.array([1.0, 2.0]), "speed": [np.zeros(2)]}
    return fl.export({"step": step}, tmp_path / "site", state=state, name="walk")


def test_functions_go_on_where_they_were(site):
    walk = fl.load(site)
    assert repr(walk) == "<Functions 'walk': step>"
    x = np.float32([[1, 0], [2, 1]])
    state = {"w": np.float32([1, 2]), "speed": [np.zeros(2, np.float32)]}
    for _ in range(3):
        state, expected = step(state, fl.Tensor(x))
        np.testing.assert_array_equal(walk.call("step", {"x": x})["y"], expected["y"])
    assert walk.state["w"].tolist() == state["w"].tolist()
    assert walk.state["speed"][0].tolist() == state["speed"][0].tolist()
    assert set(walk.weights()) == {"w", "speed/0"}


def test_a_file_that_a_page_wrote_is_read(site, tmp_path):
    learnt = {"w": np.float32([7, 8]), "speed/0": np.float32([1, 1])}
    (tmp_path / "learnt.safetensors").write_bytes(to_safetensors(learnt))
    assert fl.load(site, weights=tmp_path / "learnt.safetensors").state["w"].tolist() == [7, 8]
    (tmp_path / "other.safetensors").write_bytes(to_safetensors({"w": np.float32([1, 2, 3])}))
    with pytest.raises(ModelFormatError, match="state of 'walk'"):
        fl.load(site, weights=tmp_path / "other.safetensors")


def test_an_unknown_function_is_named(site):
    with pytest.raises(UnknownNameError, match="step"):
        fl.load(site).call("predict")


@pytest.mark.parametrize(("dtype", "wide"), [("int8", "int32"), ("uint8", "int32"), ("int32", "int64")])
def test_integers_are_narrowed_where_none_changes(tmp_path, dtype, wide):
    def same(x):
        return {"y": x}

    same.__annotations__ = {"x": fl.TensorSpec((2,), dtype)}
    site = fl.load(fl.export({"same": same}, tmp_path / "site"))
    ends = np.iinfo(dtype)
    found = site.call("same", {"x": np.array([ends.min, ends.max], wide)})["y"]
    assert found.dtype == dtype and found.tolist() == [ends.min, ends.max]
    with pytest.raises(DtypeError, match=f"expected {dtype}, got {wide}"):
        site.call("same", {"x": np.array([0, ends.max + 1], wide)})

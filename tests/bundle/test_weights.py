"""Are safetensors files what the reference implementation reads and writes, and are broken ones refused?"""

import json

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from fanlight.bundle import weights
from fanlight.bundle.weights import Array, from_safetensors, shards, to_safetensors
from fanlight.errors import DtypeError, ModelFormatError, ShapeError

DTYPES = ["float32", "int32", "uint32", "int64", "uint8", "int8", "bool"]
shapes = hnp.array_shapes(min_dims=0, min_side=0, max_side=4)
arrays = st.sampled_from(DTYPES).flatmap(lambda dtype: hnp.arrays(dtype, shapes))
names = st.text(min_size=1, max_size=12).filter(lambda name: name != "__metadata__")


def numpy_of(array: Array) -> np.ndarray:
    return np.frombuffer(array.data, array.dtype).reshape(array.shape)


@given(st.dictionaries(names, arrays, max_size=6))
def test_the_reference_reads_what_is_written_and_the_other_way_round(given_arrays):
    data = to_safetensors(given_arrays, {"format": "fanlight"})
    read = safetensors.numpy.load(data)
    back = from_safetensors(safetensors.numpy.save(given_arrays))
    assert read.keys() == back.keys() == given_arrays.keys()
    for name, array in given_arrays.items():
        for found in (read[name], numpy_of(back[name]), numpy_of(from_safetensors(data)[name])):
            assert found.dtype == array.dtype and found.shape == array.shape
            assert found.tobytes() == array.tobytes()


def test_bytes_do_not_depend_on_the_run():
    given_arrays = {"b": np.zeros(3, np.uint8), "a": np.ones(2, np.int64), "c": np.float32(1)}
    assert to_safetensors(given_arrays) == to_safetensors(dict(given_arrays))
    # Every array lies at a multiple of its item, also in memory that a page maps.
    header = to_safetensors(given_arrays)[8:]
    header = json.loads(header[: header.index(b"}}") + 2])
    assert all(header[name]["data_offsets"][0] % given_arrays[name].itemsize == 0 for name in given_arrays)


def test_arrays_of_other_kinds_are_refused():
    for array in (np.zeros(2), np.zeros(2, ">f4"), np.zeros(2, np.float16), np.array(["a"])):
        with pytest.raises(DtypeError, match="expected one of float32"):
            to_safetensors({"x": array})
    with pytest.raises(ShapeError, match="8 bytes"):
        Array("float32", (2,), b"123")


def test_arrays_that_are_not_contiguous():
    x = np.arange(12, dtype=np.float32).reshape(3, 4).T[::2]
    np.testing.assert_array_equal(numpy_of(from_safetensors(to_safetensors({"x": x}))["x"]), x)


def file_with(header: object, body: bytes = b"12345678") -> bytes:
    text = json.dumps(header).encode() if not isinstance(header, bytes) else header
    return len(text).to_bytes(8, "little") + text + body


def entry(dtype="F32", shape=(2,), offsets=(0, 8)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"1234567",
        (1 << 60).to_bytes(8, "little") + b"{}",
        (50).to_bytes(8, "little") + b"{}",
        file_with(b"not json"),
        file_with([]),
        file_with({"x": 5}),
        file_with({"x": entry(dtype="F16", shape=(4,))}),
        file_with({"x": entry(shape=(3,))}),
        file_with({"x": entry(shape=(-2,))}),
        file_with({"x": entry(shape=(1 << 62, 1 << 62))}),
        file_with({"x": entry(shape=("2",))}),
        file_with({"x": entry(offsets=(0, 16))}),
        file_with({"x": entry(offsets=(8, 0))}),
        file_with({"x": entry(offsets=(-8, 0))}),
        file_with({"x": entry(offsets=(0, 4, 8))}),
        file_with({"x": entry(offsets=(0, True))}),
        file_with({"x": entry(shape=(1,), offsets=(4, 8))}),
        file_with({"x": entry(), "y": entry()}),
        file_with({"x": entry()}, b"12345678more"),
        file_with({"x": {"dtype": "F32", "shape": [2]}}),
    ],
)
def test_broken_files_are_refused(data):
    with pytest.raises(ModelFormatError, match=r"here\.safetensors"):
        from_safetensors(data, "here.safetensors")


def test_shards_stay_below_the_limit(monkeypatch):
    monkeypatch.setattr(weights, "SHARD_BYTES", 1000)
    given_arrays = {f"array {i}": np.zeros(50, np.float32) for i in range(7)} | {"large": np.zeros(900, np.float32)}
    parts = list(shards(given_arrays))
    assert [name for part in parts for name in part] == list(given_arrays)
    assert all(len(to_safetensors(part)) <= 1000 for part in parts[:-1])
    assert list(parts[-1]) == ["large"]
    assert list(shards({})) == []

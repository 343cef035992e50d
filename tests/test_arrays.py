"""Do arrays without NumPy hold what NumPy would, and refuse what would change?"""

import array
import sys

import numpy as np
import pytest

import fanlight as fl
from fanlight.arrays import Array, native
from fanlight.errors import DtypeError, ShapeError


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        ([[1, 2], [3, 4]], "int32"),
        ([[1, 2.5], [3, 4]], "float32"),
        ([True, False], "bool"),
        (3, "int32"),
        (0.5, "float32"),
        (array.array("d", [1, 2.25]), "float32"),
        (array.array("H", [1, 65535]), "uint32"),
        (memoryview(b"\1\2\3"), "uint8"),
        (bytearray(b"\1\2"), "uint8"),
        (array.array("b", [-128, 127]), "int8"),
        (range(4), "int32"),
        ([array.array("f", [1, 2]), array.array("f", [3, 4])], "float32"),
        (np.arange(6, dtype=np.int64).reshape(2, 3), "int64"),
        (np.linspace(0, 1, 6).reshape(3, 2).T, "float32"),
        (fl.Tensor([[1.5], [2.5]]), "float32"),
        ([], "float32"),
    ],
)
def test_arrays_hold_what_numpy_holds(value, dtype):
    found = Array.of(value)
    expected = np.asarray(value, dtype)
    assert (found.dtype, found.shape, found.ndim, found.size) == (dtype, expected.shape, expected.ndim, expected.size)
    np.testing.assert_array_equal(np.asarray(found), expected)
    assert found.tolist() == expected.tolist() and found.tobytes() == expected.tobytes()


def test_arrays_are_read_like_nested_lists():
    given = np.arange(24, dtype=np.float32).reshape(4, 3, 2)
    found = Array.of(given)
    assert len(found) == 4 and [row.tolist() for row in found] == given.tolist()
    assert found[1].tolist() == given[1].tolist() and found[-1, 2, 1] == given[-1, 2, 1]
    assert found[1:3].tolist() == given[1:3].tolist() and found[::-2].tolist() == given[::-2].tolist()
    assert found.take([3, 0]).tolist() == given[[3, 0]].tolist()
    assert found.reshape(-1, 6).tolist() == found.reshape((4, 6)).tolist() == given.reshape(4, 6).tolist()
    assert float(found[0, 0, 1]) == 1.0 and f"{Array.of(2.5):.2f}" == "2.50" and bool(Array.of(1))
    assert repr(Array.of([[1, 2.5]])) == "Array([[1, 2.5]], float32[1, 2])"
    assert str(Array.of(list(range(20)))) == "[0, 1, 2, ..., 17, 18, 19]"
    with pytest.raises(IndexError):
        found[4]
    with pytest.raises(ShapeError, match="one number"):
        found.item()


def test_other_dtypes_are_given_where_numbers_fit():
    assert Array.of([1, 2], "float32").tolist() == [1.0, 2.0]
    assert Array.of([1.0, 2.0], "int32").tolist() == [1, 2]
    assert Array.of(Array.of([0, 255]), "uint8").tobytes() == b"\0\xff"
    for value, dtype in (
        ([1.5], "int32"),
        ([256], "uint8"),
        ([128], "int8"),
        ([-1], "uint32"),
        (["a"], None),
        ("ab", None),
    ):
        with pytest.raises(DtypeError):
            Array.of(value, dtype)
    with pytest.raises(DtypeError, match="expected one of"):
        Array.of([1], "float64")
    with pytest.raises(ShapeError, match="equal lengths"):
        Array.of([[1], [2, 3]])


def test_users_hold_numpy_where_it_is(monkeypatch):
    assert isinstance(native(Array.of([1])), np.ndarray)
    monkeypatch.setattr(sys, "platform", "emscripten")
    assert isinstance(native(Array.of([1])), np.ndarray)  # this program has imported it
    monkeypatch.delitem(sys.modules, "numpy")
    assert isinstance(native(Array.of([1])), Array)

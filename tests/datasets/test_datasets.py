"""Are the packed datasets those of scikit-learn, and is their split the documented one?"""

import importlib.util
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits, load_iris

import fanlight as fl
from fanlight.datasets.split import split

ROOT = Path(__file__).resolve().parents[2]
SOURCES = {"digits": load_digits, "iris": load_iris}


def rows(x: np.ndarray, y: np.ndarray) -> list[tuple[object, ...]]:
    """Returns the examples as sorted tuples, so that two orders of the same examples compare equal."""
    return sorted((*example.ravel().tolist(), int(label)) for example, label in zip(x, y, strict=True))


@pytest.mark.parametrize("name", SOURCES)
def test_both_parts_together_are_scikit_learns_examples(name: str) -> None:
    (x_train, y_train), (x_test, y_test) = getattr(fl.datasets, name)()
    source = SOURCES[name]()
    expected = source.data.astype(x_train.dtype)
    assert rows(np.concatenate([x_train, x_test]), np.concatenate([y_train, y_test])) == rows(expected, source.target)


@pytest.mark.parametrize("name", SOURCES)
def test_the_split_keeps_scikit_learns_rows_and_its_own_order(name: str) -> None:
    parts = getattr(fl.datasets, name)()
    source = SOURCES[name]()
    held_out = {"digits": 36, "iris": 10}[name]
    for (x, y), order in zip(parts, split(name, source.target.tolist(), held_out), strict=True):
        np.testing.assert_array_equal(x.reshape(len(x), -1), source.data[order].astype(x.dtype))
        np.testing.assert_array_equal(y, source.target[order])


def test_shapes_dtypes_and_classes() -> None:
    (x_train, y_train), (x_test, y_test) = fl.datasets.digits()
    assert (x_train.shape, x_test.shape) == ((1437, 8, 8, 1), (360, 8, 8, 1))
    assert (x_train.dtype, y_train.dtype, int(x_train.max())) == (np.uint8, np.int32, 16)
    assert np.bincount(y_test).tolist() == [36] * len(fl.datasets.DIGITS_LABELS)
    (x_train, y_train), (x_test, y_test) = fl.datasets.iris()
    assert (x_train.shape, x_test.shape) == ((120, 4), (30, 4))
    assert (x_train.dtype, y_train.dtype) == (np.float32, np.int32)
    assert np.bincount(y_test).tolist() == [10] * len(fl.datasets.IRIS_LABELS)


def test_iris_has_fishers_numbers_where_others_differ() -> None:
    lines = (ROOT / "src/fanlight/datasets/data/iris.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0].split(",") == [*fl.datasets.IRIS_COLUMNS, "species"]
    assert (lines[35], lines[38]) == ("4.9,3.1,1.5,0.2,setosa", "4.9,3.6,1.4,0.1,setosa")


def test_the_split_is_fixed_stratified_and_mixed() -> None:
    train, test = split("digits", load_digits().target.tolist(), 36)
    assert train[:5] == [1374, 1681, 121, 1572, 144]
    assert test[:5] == [1457, 1074, 1038, 1402, 952]
    assert sorted(train + test) == list(range(1797))


def test_every_tenth_of_the_training_part_has_every_class() -> None:
    (_, y), _ = fl.datasets.digits()
    assert all(len(set(part.tolist())) == 10 for part in np.array_split(y, 10))


def test_the_committed_files_are_what_the_script_writes() -> None:
    spec = importlib.util.spec_from_file_location("pack_datasets", ROOT / "tools" / "pack_datasets.py")
    assert spec and spec.loader
    pack_datasets = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(pack_datasets)
    data = ROOT / "src/fanlight/datasets/data"
    packed = (data / "digits.bin").read_bytes()
    assert zlib.decompress(packed) == pack_datasets.digits_bytes()
    assert len(packed) < 60_000
    assert (data / "iris.csv").read_text(encoding="utf-8") == pack_datasets.iris_text()


def test_importing_the_room_loads_no_numpy() -> None:
    code = "import sys, fanlight.datasets; sys.exit('numpy' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)

"""Does `advise` tell what is true? Facts against the bundle, judgements on bundles whose answer is plain."""

import json

import pytest

import fanlight as fl
from fanlight import advice
from fanlight.advice.devices import DEVICES, Device, estimate
from fanlight.advice.measure import Speed
from fanlight.errors import StorageError
from web.sites import iris, sine


@pytest.fixture
def quick(monkeypatch):
    """Instead of measuring: a core of 50 GFLOP/s on which everything takes a set time."""

    def set_speed(predict, step):
        speed = Speed("a test", 50.0, predict, step)
        monkeypatch.setattr(advice, "measure_speed", lambda bundle, compiled: (speed, ""))

    return set_speed


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return iris(tmp_path_factory.mktemp("advised") / "iris")


def test_the_facts_are_those_of_the_bundle(folder, quick):
    quick(0.01, 0.02)
    found = advice.advise_bundle(folder, 150)
    assert json.loads(json.dumps(found)) == found
    assert found["parameters"] == found["trainable"] == 4 * 12 + 12 + 12 * 3 + 3
    assert found["memory"] == fl.bundle.read.read_bundle(folder).manifest.memory.bytes
    sent = sum(found["download"].values())
    files = sum(path.stat().st_size for path in folder.iterdir())
    assert 10_000 < sent < files
    steps = -(-150 // found["training"]["batch"])
    assert found["here"]["train_s"] == pytest.approx(0.02e-3 * steps * found["training"]["epochs"])


@pytest.mark.parametrize(
    ("step", "rows", "expected"),
    [(0.1, 2000, "online"), (0.1, 5, "hybrid"), (10.0, 20_000, "hybrid"), (5000.0, 20_000, "offline")],
)
def test_the_workflow_follows_from_time_and_rows(folder, quick, step, rows, expected):
    quick(0.01, step)
    assert advice.advise_bundle(folder, rows)["workflow"] == expected


def test_an_export_without_training_is_for_prediction(tmp_path, quick):
    quick(0.01, None)
    found = advice.advise_bundle(sine(tmp_path / "sine"))
    assert found["workflow"] == "offline"
    assert found["training"] is None and not found["alternatives"]


def test_freezing_saves_arithmetic(folder, quick):
    quick(0.01, 1.0)
    frozen, half = advice.advise_bundle(folder)["alternatives"]
    assert frozen["step"] < 0.9 and frozen["trainable"] == 12 * 3 + 3
    assert half["memory"] <= 1.0 and half["step"] >= 1.0


def test_an_estimate_is_a_ratio_of_peaks():
    assert estimate(2.0, 50.0, Device("", 25.0, 1.0, "")) == pytest.approx(4.0)
    assert len({device.name for device in DEVICES}) == len(DEVICES)


def test_what_is_no_bundle_is_refused(tmp_path):
    with pytest.raises(StorageError):
        advice.advise_bundle(tmp_path / "nothing")


def test_it_measures_in_a_browser(folder, page):
    """The whole way, once; `page` only makes sure that there is a Chromium."""
    found = advice.advise_bundle(folder)
    assert "Chromium" in found["measured"]["where"]
    assert 0 < found["here"]["predict_ms"] < 1000 and 0 < found["here"]["step_ms"] < 1000
    assert found["here"]["gflops"] > 1
    advice.print_advice(found)

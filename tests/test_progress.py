"""What does someone who waits see: lines, a bar that is gone at the end, or nothing where nobody looks?"""

import io
import sys
import time

import numpy as np
import pytest

import fanlight as fl
from fanlight import progress

X, Y = np.ones((8, 2), np.float32), np.ones((8, 1), np.float32)


@pytest.fixture
def model():
    model = fl.Sequential([fl.Input((2,), name="x"), fl.layers.Dense(1, name="y")])
    model.compile("sgd", "mse")
    return model


class Screen(io.StringIO):
    """Standard error as a terminal."""

    def isatty(self):
        return True


def test_where_nobody_looks_nothing_is_said(model, capsys):
    model.fit(X, Y, epochs=2)
    model.fit(X, Y, epochs=2, verbose=0)
    assert capsys.readouterr() == ("", "")


def test_lines_count_on_from_call_to_call(model, capsys):
    first = model.fit(X, Y, epochs=2, verbose=2).history["loss"]
    (last,) = model.fit(X, Y, epochs=1, verbose=1).history["loss"]
    expected = [f"epoch 1/2  loss {first[0]:.4f}", f"epoch 2/2  loss {first[1]:.4f}", f"epoch 3/3  loss {last:.4f}"]
    assert capsys.readouterr().err.splitlines() == expected


def test_many_epochs_leave_a_dozen_lines(model, capsys):
    model.fit(X, Y, epochs=95, verbose=2)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 11
    assert lines[0].startswith("epoch  1/95") and lines[-1].startswith("epoch 95/95")


def test_a_terminal_has_a_live_bar(model, monkeypatch):
    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setattr(progress, "INTERVAL", 0)
    monkeypatch.setenv("TERM", "xterm")
    model.fit(X, Y, epochs=2, batch_size=4, on_epoch_end=lambda epoch, logs: time.sleep(0.15))
    shown = screen.getvalue()
    assert "━" in shown
    assert shown.count("epoch 2/2  loss") == 1


def test_objects_say_what_they_are(model):
    history = model.fit(X, Y, epochs=3, batch_size=4)
    assert repr(history).startswith("<History: 3 epochs, 6 steps in ")
    assert f"last loss {history.history['loss'][-1]:.4f}" in repr(history)
    assert repr(model) == "<Sequential 'sequential': x f32[batch, 2] -> y f32[batch, 1]>"

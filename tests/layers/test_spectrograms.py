"""Do the waves of STFTSpectrogram begin as Keras's? And what does it refuse?"""

import keras
import numpy as np
import pytest
import scipy.signal

import fanlight as fl
from evaluate import evaluate_graph
from fanlight.errors import FanlightError
from fanlight.layers.audio import WINDOWS
from fanlight.training.initialize import initialize


def begun(layer, time=600):
    """The first weights of a layer, by their own names."""
    x = fl.Input((time, 1))
    network = fl.layers.Network(x, layer(x))
    _, state = evaluate_graph(initialize(network.weight_table(), {}), {"seed": np.array([1, 2], "uint32")})
    return {path.rpartition("/")[2]: array for path, array in state.items()}


@pytest.mark.parametrize("periodic", [False, True])
@pytest.mark.parametrize("window", [*WINDOWS, None, "numbers"])
def test_waves(window, periodic):
    given = tuple(np.linspace(0.1, 1.1, 24)) if window == "numbers" else window
    config = dict(frame_length=24, fft_length=32, window=given, periodic=periodic)
    for scaling in ("density", "spectrum", None):
        theirs = keras.layers.STFTSpectrogram(**config, scaling=scaling)
        theirs.build((None, 600, 1))
        found = begun(fl.layers.STFTSpectrogram(**config, scaling=scaling))
        for name in ("real_kernel", "imag_kernel"):
            np.testing.assert_allclose(found[name], np.asarray(getattr(theirs, name)), atol=1e-5)


def test_waves_of_long_frames_are_exact():
    """Keras counts the phase in float32; here it is that of the formula."""
    found = begun(fl.layers.STFTSpectrogram(frame_length=500, fft_length=512, scaling="spectrum"))
    window = scipy.signal.get_window("hann", 500, False)
    angle = 2 * np.pi * np.outer(np.arange(500), np.arange(257)) / 512
    for name, waves in (("real_kernel", np.cos(angle)), ("imag_kernel", -np.sin(angle))):
        expected = waves * window[:, None] / window.sum()
        np.testing.assert_allclose(found[name][:, 0], expected, atol=2e-6 * expected.max())


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (dict(mode="loud"), "mode one of"),
        (dict(scaling="both"), "scaling one of"),
        (dict(frame_length=1), "a frame_length of at least 2"),
        (dict(frame_length=8, frame_step=9), "a frame_step from 1 to the frame_length 8"),
        (dict(frame_length=8, fft_length=4), "an fft_length of at least the frame_length 8"),
        (dict(window="kaiser"), "window one of .* pass its 256 numbers"),
        (dict(window=[1.0, 2.0]), "a window of 256 numbers, got 2"),
        (dict(data_format="channels_first"), "channels_last"),
    ],
    ids=str,
)
def test_what_is_refused(options, said):
    with pytest.raises(FanlightError, match=said):
        fl.layers.STFTSpectrogram(**options)

"""Random configurations of the layers that scale numbers and encode classes."""

import hypothesis.strategies as st
import numpy as np

from layers.layer_test import Case, Inner, arrays, integers

SHAPE = st.sampled_from([(3, 1), (4, 5), (2, 3, 4), (2, 4, 3, 2)])
LEVELS = st.lists(st.floats(-3, 3, width=32), min_size=1, max_size=5, unique=True).map(sorted)


@st.composite
def rescaling(draw):
    shape = draw(SHAPE)
    x = draw(st.one_of(arrays(*shape), integers(*shape, below=256).map(lambda x: x.astype("uint8"))))
    numbers = st.one_of(st.floats(-2, 2, width=32), st.just(np.linspace(0.5, 1, shape[-1]).tolist()))
    return Case("Rescaling", dict(scale=draw(numbers), offset=draw(numbers)), (x,))


@st.composite
def normalization(draw):
    shape = draw(SHAPE)
    axes = draw(st.sampled_from([None, -1, 1, tuple(range(1, len(shape))), (-1,)]))
    x = draw(st.one_of(arrays(*shape), integers(*shape, below=256).map(lambda x: x.astype("uint8"))))
    config = dict(axis=axes, invert=draw(st.booleans()))
    if draw(st.booleans()):
        kept = sorted(axis % len(shape) for axis in ([] if axes is None else np.ravel(axes)))
        lengths = [shape[axis] for axis in kept][draw(st.integers(0, len(kept))) :]
        values = np.linspace(0.5, 2, int(np.prod(lengths))).reshape(lengths).astype("float32")
        config |= dict(mean=values.tolist(), variance=(values + 0.25).tolist())
    return Case("Normalization", config, (x,))


@st.composite
def category_encoding(draw):
    shape, count = draw(st.sampled_from([(4, 1), (3, 4), (2, 5)])), draw(st.integers(1, 6))
    mode = draw(st.sampled_from(["one_hot", "multi_hot", "count"]))
    return Case(
        "CategoryEncoding", dict(num_tokens=count, output_mode=mode), (draw(integers(*shape, below=count + 1)),)
    )


@st.composite
def discretization(draw):
    shape, levels = draw(st.sampled_from([(4, 1), (3, 4)])), draw(LEVELS)
    config = dict(bin_boundaries=levels, output_mode=draw(st.sampled_from(["int", "one_hot", "multi_hot", "count"])))
    x = draw(arrays(*shape, low=-4, high=4))
    x.flat[0] = levels[0]  # on a boundary
    return Case("Discretization", config, (x,), gradients=False)


@st.composite
def mel_spectrogram(draw):
    config = dict(
        fft_length=draw(st.sampled_from([32, 64])),
        sequence_stride=draw(st.integers(5, 20)),
        sequence_length=draw(st.sampled_from([None, 20])),
        window=draw(st.sampled_from(["hann", "hamming"])),
        sampling_rate=draw(st.sampled_from([800, 16000])),
        num_mel_bins=draw(st.integers(1, 8)),
        min_freq=draw(st.sampled_from([0.0, 20.0])),
        power_to_db=draw(st.booleans()),
        mag_exp=draw(st.sampled_from([1.0, 2.0])),
        ref_power=draw(st.sampled_from([1.0, 0.1])),
        top_db=draw(st.sampled_from([20.0, 40.0])),
    )
    return Case("MelSpectrogram", config, (draw(arrays(2, draw(st.integers(64, 99)))),), gradients=False)


@st.composite
def pipeline(draw):
    inner = [Inner("Rescaling", dict(scale=0.5, name="a")), Inner("Dense", dict(units=4, name="b"))]
    inner += [Inner("Dense", dict(units=4, activation="tanh", name="c"))]
    return Case("Pipeline", dict(layers=draw(st.permutations(inner))), (draw(arrays(3, 4)),))


@st.composite
def stft_spectrogram(draw):
    length = draw(st.integers(2, 9))
    mode = draw(st.sampled_from(["log", "magnitude", "psd", "real", "imag", "angle", "stft"]))
    config = dict(mode=mode, frame_length=length, expand_dims=draw(st.booleans()), periodic=draw(st.booleans()))
    config |= dict(frame_step=draw(st.one_of(st.none(), st.integers(1, length))))
    config |= dict(fft_length=draw(st.sampled_from([None, 16, 32])), padding=draw(st.sampled_from(["valid", "same"])))
    config |= dict(window=draw(st.sampled_from(["hann", "hamming", None, [0.5] * length])))
    config |= dict(scaling=draw(st.sampled_from(["density", "spectrum", None])))
    shape = draw(st.sampled_from([(2, 20, 1), (1, 9, 2), (3, 15, 2)]))
    return Case("STFTSpectrogram", config, (draw(arrays(*shape)),))


CASES = {
    "MelSpectrogram": mel_spectrogram(),
    "STFTSpectrogram": stft_spectrogram(),
    "Pipeline": pipeline(),
    "CategoryEncoding": category_encoding(),
    "Discretization": discretization(),
    "Normalization": normalization(),
    "Rescaling": rescaling(),
}

"""How do the frequencies of a signal change with time? Short-time Fourier transforms, and back, as in keras.ops."""

from __future__ import annotations

from typing import Any

from fanlight.errors import ShapeError
from fanlight.ir import dim as dims
from fanlight.ir.graph import Value, apply
from fanlight.ops.blocks import extract_sequences
from fanlight.ops.borders import pad
from fanlight.ops.fold import Fold
from fanlight.ops.fourier import Complex, Pair, irfft, rfft
from fanlight.ops.pointwise import cast, divide, greater, multiply, square, subtract, where
from fanlight.ops.promote import Operand
from fanlight.ops.roots import Roots
from fanlight.ops.shapes import broadcast_to, ones, reshape, slice, squeeze

__all__ = ["istft", "stft"]

# Window -> a of a - (1 - a) * cos(2 pi k / n), in its periodic form.
WINDOWS = {"hann": 0.5, "hamming": 0.54}


def stft(
    x: Operand,
    sequence_length: int,
    sequence_stride: int,
    fft_length: int,
    window: Any = "hann",
    center: bool = True,
) -> Pair:
    """`rfft` of overlapping sequences of [..., time] times a window: two arrays [..., sequences, fft_length // 2 + 1].

    The window is "hann", "hamming", an array of sequence_length numbers, or None: all fft_length numbers count alike.
    `center` mirrors the signal beyond its ends, so that sequence k is centred at time k * sequence_stride.
    """
    value = cast(x, "float32")
    weights = _window(window, sequence_length, fft_length)
    if center:
        value = pad(value, (*((0, 0),) * (value.rank - 1), (fft_length // 2, fft_length // 2)), "reflect")
    return rfft(multiply(extract_sequences(value, fft_length, sequence_stride), weights))


def istft(
    x: Complex,
    sequence_length: int,
    sequence_stride: int,
    fft_length: int,
    length: int | None = None,
    window: Any = "hann",
    center: bool = True,
) -> Value:
    """The signal [..., time] whose `stft` is nearest to x (Griffin and Lim, 1984); `length` cuts its end off.

    Differs: without a window, Keras on JAX gives fft_length / sequence_stride times as much.
    """
    frames = irfft(x, fft_length)
    if frames.rank < 2:
        raise ShapeError("istft", expected="at least two axes", got=frames.type)
    weights = _window(window, sequence_length, fft_length)
    total = _overlapped(multiply(frames, weights), sequence_stride)
    norm = _overlapped(broadcast_to(square(weights), frames.shape[-2:]), sequence_stride)
    signal = divide(total, where(greater(norm, 1e-10), norm, 1.0))
    start = fft_length // 2 if center else 0
    rest = signal.shape[-1] - start
    kept = rest - start if length is None else dims.minimum(length, rest)
    return slice(signal, (*(0,) * (signal.rank - 1), start), (*signal.shape[:-1], kept))


def _overlapped(frames: Value, stride: int) -> Value:
    """[..., frames, n] added up where the frames overlap: [..., time]."""
    count, n = frames.shape[-2:]
    rows = reshape(frames, (dims.product(frames.shape[:-2]), count, n, 1))
    time = (count - 1) * stride + n
    found = apply(Fold((time,), (stride,), (1,)), rows)
    return reshape(found, (*frames.shape[:-2], time))


def _window(window: Any, length: int, fft_length: int) -> Value:
    """The weights of a sequence, in the middle of `fft_length` numbers."""
    if fft_length < length:
        got = f"{fft_length} and {length}"
        raise ShapeError("stft", expected="an fft_length of at least sequence_length", got=got)
    if window is None:
        return ones((fft_length,))
    before = (fft_length - length) // 2
    return pad(_weights(window, length), ((before, fft_length - length - before),))


def _weights(window: Any, length: int) -> Value:
    if isinstance(window, str):
        if window not in WINDOWS:
            raise ShapeError("stft", expected=f"a window of {', '.join(WINDOWS)}", got=repr(window))
        if length == 1:
            return ones((1,))
        wave = slice(apply(Roots(2, length, length)), (0, 0, 1, 0), (1, 1, 1, length))
        return subtract(WINDOWS[window], multiply(squeeze(wave), 1 - WINDOWS[window]))
    weights = cast(window, "float32")
    if weights.shape != (length,):
        raise ShapeError("stft", expected=f"a window of {length} numbers", got=weights.type)
    return weights

"""What do TensorFlow's operations on signals mean? Fourier transforms, and the parts of complex numbers.

A complex array is one of its parts along a last axis of two.
"""

from __future__ import annotations

from typing import Any

from fanlight.importers.tensorflow.rules.table import COMPLEX, op
from fanlight.ir.graph import Value
from fanlight.ops import functions as fn


def parts(x: Value) -> tuple[Value, Value]:
    return fn.view_as_complex(x)


def joined(pair: Any) -> Value:
    return fn.stack(pair, -1)


@op("Complex", takes_complex=True)
def complex_of(use: Any, real: Value, imaginary: Value) -> Value:
    return joined((fn.add(real, fn.zeros_like(imaginary)), fn.add(imaginary, fn.zeros_like(real))))


@op("Real", takes_complex=True)
def real(use: Any, x: Value) -> Value:
    return parts(x)[0] if use["T"] in COMPLEX else x


@op("Imag", takes_complex=True)
def imaginary(use: Any, x: Value) -> Value:
    return parts(x)[1] if use["T"] in COMPLEX else fn.zeros_like(x)


@op("Conj", takes_complex=True)
def conjugate(use: Any, x: Value) -> Value:
    if use["T"] not in COMPLEX:
        return x
    real, imaginary = parts(x)
    return joined((real, fn.negative(imaginary)))


@op("Angle", takes_complex=True)
def angle(use: Any, x: Value) -> Value:
    return fn.angle(parts(x) if use["T"] in COMPLEX else x)


@op("ComplexAbs", takes_complex=True)
def absolute(use: Any, x: Value) -> Value:
    return fn.hypot(*parts(x))


@op("FFT", takes_complex=True)
def fft(use: Any, x: Value) -> Value:
    return joined(fn.fft(parts(x)))


@op("IFFT", takes_complex=True)
def ifft(use: Any, x: Value) -> Value:
    """The inverse transform is the forward one with the parts in each other's place."""
    real, imaginary = parts(x)
    count = real.shape[-1]
    if not isinstance(count, int):
        raise use.refuse("a transform of known length", x.type)
    q, p = fn.fft((imaginary, real))
    return joined((fn.divide(p, float(count)), fn.divide(q, float(count))))


@op("FFT2D", takes_complex=True)
def fft2(use: Any, x: Value) -> Value:
    return joined(fn.fft2(parts(x)))


@op("IFFT2D", takes_complex=True)
def ifft2(use: Any, x: Value) -> Value:
    return joined(fn.ifft2(parts(x)))


@op("RFFT", settings=(1,), takes_complex=True)
def rfft(use: Any, x: Value, length: Value) -> Value:
    (count,) = use.ints(length, "a length")
    return joined(fn.rfft(x, count))


@op("IRFFT", settings=(1,), takes_complex=True)
def irfft(use: Any, x: Value, length: Value) -> Value:
    (count,) = use.ints(length, "a length")
    return fn.irfft(parts(x), count)

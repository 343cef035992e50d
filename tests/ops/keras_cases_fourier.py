"""Fourier transforms of all kinds of lengths, against keras.ops: a complex array is a pair."""

from ops.keras_cases import call, case, normal, uniform


def pair(*shape):
    return (normal(*shape), normal(*shape))


def parts(ops, radius, angle):
    """Keras gives a complex number, Fanlight its two parts."""
    found = ops.polar(radius, angle)
    return found if isinstance(found, tuple) else (ops.real(found), ops.imag(found))


def spectrum(ops, x, *args, **options):
    return ops.istft(ops.stft(x, *args, **options), *args, **options)


SIGNAL = normal(2, 40)
LENGTHS = (1, 2, 3, 8, 17, 30, 33, 64, 100, 131, 210)
# XLA's own errors grow with the length.
CLOSE = {"rtol": 1e-5, "atol": 2e-6}

CASES = {
    "fft": [case(pair(2, 48), **CLOSE), *(case(pair(n), **CLOSE) for n in LENGTHS), case(pair(2, 3, 5))],
    "fft2": [case(pair(2, 6, 5)), case(pair(34, 3), **CLOSE)],
    "ifft2": [case(pair(2, 6, 5)), case(pair(3, 34), **CLOSE)],
    "rfft": [
        case(normal(2, 48), **CLOSE),
        *(case(normal(n), **CLOSE) for n in LENGTHS),
        case(normal(2, 9), 6),
        case(normal(2, 9), 12),
        case(normal(2, 9), 1),
    ],
    "irfft": [
        case(pair(2, 25), **CLOSE),
        case(pair(2, 5), 9),
        case(pair(2, 5), 6),
        case(pair(5), 13),
        case(pair(2), 1),
        case(pair(66), 131, **CLOSE),
    ],
    "stft": [
        case(SIGNAL, 8, 3, 10),
        case(SIGNAL, 8, 4, 8, window="hamming", center=False),
        case(SIGNAL, 5, 2, 8, window=None),
        case(normal(30), 6, 3, 6, window=uniform(0.1, 1, 6)),
        case(normal(1, 2, 100), 34, 10, 34, atol=3e-6),
    ],
    "istft": [
        call(lambda ops, x: ops.istft(x, 8, 4, 8), pair(2, 7, 5)),
        case(pair(2, 7, 6), 8, 3, 10, length=20),
        case(pair(7, 6), 8, 3, 10, window="hamming", center=False),
        call(spectrum, SIGNAL, 8, 4, 8, window=None, oracle=lambda x, *_, **__: x),
        call(spectrum, SIGNAL, 8, 4, 8, center=False, window="hamming", oracle=lambda x, *_, **__: x),
    ],
    "polar": [call(parts, uniform(0.1, 3, 5), uniform(-4, 4, 5))],
}  # fmt: skip

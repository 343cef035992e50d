"""Arrays from nothing but numbers: constants, ranges, unit matrices and windows, against keras.ops."""

import numpy as np

from ops.keras_cases import bools, case, integers, normal

X = normal(2, 3)
K = integers(-9, 10, 2, 3)
SHAPES = [case((2, 3)), case((2, 3), dtype="int32"), case((4,), dtype="bool"), case(())]
LIKE = [case(X), case(K), case(K, dtype="float32"), case(bools(3))]
WINDOWS = [case(n, jit=False) for n in (8, 1, 2, 7, 0)]

CASES = {
    "arange": [
        case(7), case(2, 9), case(9, 2, -2), case(0.0, 1.0, 0.25), case(1, 3, 0.5), case(5, dtype="float32"),
        case(0, 10, 3, dtype="uint8"),
    ],
    "bartlett": WINDOWS,
    "blackman": WINDOWS,
    "empty": [case((2, 3), oracle=lambda shape: np.zeros(shape, "float32"))],
    "empty_like": [case(X, oracle=np.zeros_like), case(K, oracle=np.zeros_like)],
    "eye": [case(4), case(3, 5), case(4, k=1), case(3, 5, k=-1), case(3, dtype="int32"), case(3, dtype="bool")],
    "full": [case((2, 3), 1.5), case((2,), 3), case((2, 3), 7, dtype="int32"), case((2, 3), normal(3))],
    "full_like": [case(X, 2.5), case(K, 3), case(K, 1.5, dtype="float32")],
    "geomspace": [
        case(1.0, 1000.0, num=7), case(1, 256, num=9), case(2.0, 50.0, num=5, endpoint=False), case(-1.0, -16.0, num=5),
        case(np.float32([1, 2]), np.float32([8, 32]), num=4, axis=-1),
    ],
    "hamming": WINDOWS,
    "hanning": WINDOWS,
    "identity": [case(3), case(4, dtype="int32")],
    "kaiser": [case(n, beta, jit=False) for n, beta in ((9, 5.0), (8, 14.0), (2, 1.0), (1, 5.0), (6, 0.0))],
    "linspace": [
        case(0.0, 5.0, num=11), case(2, 9, num=8), case(0.0, 5.0, num=7, endpoint=False), case(1.0, 2.0, num=1),
        case(0.0, 9.0, num=5, dtype="int32"), case(0.0, 5.0, num=6, retstep=True), case(1, 2, num=0),
        case(normal(3), normal(3), num=4), case(normal(3), 2.0, num=4, axis=-1), 
        case(normal(2, 1), normal(3), num=3, axis=1),
    ],
    "logspace": [
        case(0.0, 3.0, num=7), case(0, 3, num=4, base=2), case(-1.0, 1.0, num=5, endpoint=False),
        case(normal(3), normal(3), num=3),
    ],
    "ones": SHAPES,
    "ones_like": LIKE,
    "tri": [case(4), case(3, 5), case(4, k=1), case(3, 5, k=-1), case(3, dtype="int32"), case(3, dtype="bool")],
    "vander": [case(normal(4)), case(normal(4), N=3), case(normal(4), N=3, increasing=True), case(integers(1, 4, 3))],
    "zeros": SHAPES,
    "zeros_like": LIKE,
}  # fmt: skip

"""Products of arrays, correlations and distances against keras.ops."""

import numpy as np

from ops.keras_cases import case, integers, normal, wide

V, W, M, N = normal(5), normal(5), normal(3, 5), normal(5, 4)
A, B = normal(2, 3, 5), normal(2, 5, 4)
K, J = integers(-5, 6, 3, 5), integers(-5, 6, 5, 4)

CASES = {
    "matmul": [
        case(integers(-128, 128, 3, 5, dtype="int8"), integers(-128, 128, 5, 4, dtype="int8")),
        case(M, N), case(V, N), case(M, V), case(V, W), case(A, B), case(A, N), case(M, B), case(K, J), case(M, J),
    ],
    "dot": [case(M, N), case(V, W), case(A, B), case(A, V), case(M, 2.0), case(K, J), case(V, B)],
    "inner": [case(V, W), case(M, normal(4, 5)), case(A, V), case(M, 2.0), case(K, K)],
    "outer": [case(V, W), case(M, V), case(K[0], J[0]), case(V, K)],
    "vdot": [case(V, W), case(M, normal(5, 3)), case(K, K)],
    "tensordot": [
        case(A, normal(3, 5, 2)), case(A, B, axes=([0, 2], [0, 1])), case(M, N, axes=1), case(V, W, axes=0),
        case(A, B, axes=[[-1], [1]]), case(A, V, axes=1), case(K, J, axes=1),
    ],
    "kron": [
        case(normal(2, 3), normal(2, 2)), case(V, W), case(normal(2, 2, 2), normal(3, 1)),
        case(K, integers(0, 3, 2, 1)),
    ],
    "cross": [
        case(normal(4, 3), normal(4, 3)), case(normal(3), normal(4, 3)), case(normal(4, 2), normal(4, 3)),
        case(normal(4, 2), normal(4, 2)), case(normal(3, 4), normal(3, 4), axis=0),
        case(normal(3, 4), normal(4, 3), axisa=0, axisb=1, axisc=0), case(integers(0, 9, 3), integers(0, 9, 3)),
    ],
    "correlate": [
        *(case(normal(9), normal(4), mode=mode) for mode in ("valid", "same", "full")),
        *(case(normal(3), normal(6), mode=mode) for mode in ("valid", "same", "full")),
        *(case(normal(8), normal(5), mode="same") for _ in range(1)), case(V, W, mode="same"), case(V, W),
        case(normal(6), normal(6), mode="same"), case(K[0], J[:3, 0], mode="full"),
    ],
    "corrcoef": [case(M, rtol=1e-4), case(V), case(normal(4, 20), rtol=1e-4), case(K, rtol=1e-4)],
    "cdist": [case(M, normal(4, 5)), case(A, normal(2, 4, 5)), case(np.float32(K), normal(2, 5))],
}  # fmt: skip

# Integers of 64 bits, and unsigned ones, against NumPy.
for words in (wide(3, 4), integers(0, 2**32 - 1, 3, 4, dtype="uint32")):
    CASES["matmul"] = [*CASES["matmul"], case(words, words.T.copy(), oracle=np.matmul)]
    CASES["outer"] = [*CASES["outer"], case(words, words[0], oracle=np.outer)]

"""Linear algebra on small matrices, with its gradients, against keras.ops."""

import numpy as np

from ops.keras_cases import case, normal


def definite(*shape):
    """Symmetric positive definite, well conditioned."""
    x = normal(*shape)
    return np.float32(x @ np.swapaxes(x, -1, -2) / shape[-1] + 2 * np.eye(shape[-1]))


def triangle(*shape):
    """Lower triangular with a diagonal away from 0."""
    return np.float32(np.tril(normal(*shape)) + 3 * np.eye(shape[-1]))


def square(*shape):
    """Well conditioned, and not symmetric."""
    return np.float32(normal(*shape) * 0.5 + 3 * np.eye(shape[-1])[::-1])


CLOSE = {"rtol": 3e-4, "atol": 3e-5}  # sums of products of sums: what float32 leaves

CASES = {
    "cholesky": [case(definite(5, 5), **CLOSE), case(definite(2, 3, 4, 4), upper=True, **CLOSE)],
    "cholesky_inverse": [case(triangle(4, 4), **CLOSE), case(triangle(3, 3).T.copy(), upper=True, **CLOSE)],
    "lu_factor": [case(square(5, 5), **CLOSE), case(square(2, 4, 4), **CLOSE)],
    "solve_triangular": [
        case(triangle(5, 5), normal(5, 3), lower=True, **CLOSE),
        case(np.swapaxes(triangle(2, 4, 4), -1, -2).copy(), normal(2, 4, 2), **CLOSE),
        case(triangle(4, 4), normal(4), lower=True, **CLOSE),
    ],
    "solve": [case(square(5, 5), normal(5, 2), **CLOSE), case(square(3, 4, 4), normal(3, 4, 1), **CLOSE)],
    "inv": [case(square(4, 4), **CLOSE), case(square(2, 3, 3), **CLOSE)],
    "det": [case(square(4, 4), **CLOSE), case(square(3, 2, 2), **CLOSE)],
    "slogdet": [case(square(4, 4), **CLOSE), case(-square(2, 3, 3), **CLOSE)],
    "logdet": [case(definite(4, 4), **CLOSE), case(definite(2, 3, 3), **CLOSE)],
    "qr": [
        case(normal(5, 3), **CLOSE),
        case(square(4, 4), **CLOSE),
        case(normal(2, 3, 5), gradient="JAX differentiates tall matrices only", **CLOSE),
        case(normal(4, 2), mode="complete", gradient="JAX differentiates the reduced form only", **CLOSE),
    ],
}

"""Linear algebra on small matrices, with its gradients, against keras.ops."""

import numpy as np

from ops.keras_cases import call, case, normal


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


def eigen_parts(ops, x):
    """Values, and of the vectors what does not depend on their signs."""
    values, vectors = ops.eigh(x)
    return values, ops.square(vectors), ops.matmul(vectors * values[..., None, :], ops.swapaxes(vectors, -1, -2))


def singular_parts(ops, x):
    u, s, v = ops.svd(x, full_matrices=False)
    return s, ops.square(u), ops.square(v), ops.matmul(u * s[..., None, :], v)


def rebuilt(ops, x):
    """Full matrices: orthonormal, and their first columns give x back."""
    u, s, v = ops.svd(x)
    return s, ops.matmul(ops.swapaxes(u, -1, -2), u), ops.matmul(u[..., : s.shape[-1]] * s, v)


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
    "eigh": [
        call(lambda ops, x: eigen_parts(ops, x), definite(5, 5), **CLOSE),
        call(lambda ops, x: eigen_parts(ops, x), definite(2, 4, 4), **CLOSE),
        call(lambda ops, x: ops.eigh(x)[0], definite(7, 7), **CLOSE),
    ],
    "svd": [
        call(lambda ops, x: singular_parts(ops, x), normal(5, 3), **CLOSE),
        call(lambda ops, x: singular_parts(ops, x), normal(2, 3, 4), **CLOSE),
        call(lambda ops, x: ops.svd(x, compute_uv=False), normal(6, 6), **CLOSE),
        call(lambda ops, x: rebuilt(ops, x), normal(4, 2), gradient="JAX refuses full matrices", **CLOSE),
    ],
    "pinv": [case(normal(5, 3), **CLOSE), case(normal(2, 3, 4), **CLOSE)],
    "lstsq": [case(normal(6, 3), normal(6, 2), **CLOSE), case(normal(5, 5), normal(5), **CLOSE)],
    "matrix_rank": [
        case(normal(5, 3)),
        case(np.outer(normal(5), normal(4)).astype("float32")),
        case(np.zeros((3, 3), np.float32)),
    ],
    "qr": [
        case(normal(5, 3), **CLOSE),
        case(square(4, 4), **CLOSE),
        case(normal(2, 3, 5), gradient="JAX differentiates tall matrices only", **CLOSE),
        case(normal(4, 2), mode="complete", gradient="JAX differentiates the reduced form only", **CLOSE),
    ],
}

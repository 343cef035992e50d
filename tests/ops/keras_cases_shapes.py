"""Movements: shapes, joins, cuts, turns, diagonals and borders, against keras.ops."""

import numpy as np

from ops.keras_cases import bools, call, case, integers, normal

X, V, M = normal(2, 3, 4), normal(5), normal(3, 4)
K = integers(-9, 10, 2, 3)
WIDTHS = ((1, 2), (0, 3))

CASES = {
    "append": [case(M, M, axis=0), case(M, V), case(M, K[:, :2], axis=None)],
    "array_split": [case(X, 3, axis=2), case(V, 3), case(V, 7)],
    "broadcast_to": [case(V, (3, 5)), case(normal(2, 1, 3), (2, 4, 3)), case(K, (2, 2, 3))],
    "concatenate": [case([X, X[:, :1]], axis=1), case([V, V, V]), case([K, M[:, :3]]), case([X, X], axis=-1)],
    "copy": [case(X), case(K)],
    "array": [case(X), case(K, "float32"), case(K)],
    "convert_to_tensor": [case(X), case(K, dtype="float32"), case(K)],
    "diag": [*(case(V, k=k) for k in (0, 1, -2)), *(case(M, k=k) for k in (0, 1, -1, 3, -2, 4)), case(K[0])],
    "diagflat": [case(M), case(V, k=1), case(K, k=-1)],
    "diagonal": [case(X), case(X, offset=1, axis1=1, axis2=2), case(X, -1, 2, 0), case(M, offset=9), case(K)],
    "dsplit": [case(X, 2), case(X, [1, 3])],
    "dstack": [case([X, X]), case([M, M]), case([V, V])],
    "expand_dims": [case(X, 1), case(X, -1), case(X, (0, 2))],
    "flip": [case(X), case(X, axis=1), case(X, axis=(0, -1))],
    "fliplr": [case(X)],
    "flipud": [case(X)],
    "hsplit": [case(X, 3), case(V, [2, 4])],
    "hstack": [case([X, X]), case([V, V]), case([np.float32(1.5).reshape(()), np.float32(2.5).reshape(())])],
    "moveaxis": [case(X, 0, -1), case(X, (0, 1), (2, 0))],
    "ndim": [case(X), case(V)],
    "size": [case(X), case(V)],
    "shape": [case(X), case(V)],
    "dtype": [case(X), case(K), case(bools(2))],
    "pad": [
        case(M, WIDTHS), case(M, 1), case(M, ((1, 2),)), case(K, WIDTHS, constant_values=7), case(M, (1, 2)),
        *(case(M, WIDTHS, mode=mode) for mode in ("edge", "reflect", "symmetric", "wrap")),
        *(case(V, ((9, 13),), mode=mode) for mode in ("reflect", "symmetric", "wrap")),
        *(case(M, WIDTHS, mode=mode) for mode in ("linear_ramp", "maximum", "minimum", "mean")),
        *(case(K, WIDTHS, mode=mode) for mode in ("edge", "reflect", "maximum")),
        case(normal(1, 2), ((2, 1), (1, 1)), mode="reflect"),
    ],
    "ravel": [case(X), case(V)],
    "rearrange": [
        case(X, "a b c -> c a b"), case(X, "a b c -> (a b) c"), case(X, "a b (c d) -> a (c b) d", d=2, jit=False),
        case(X, "a b c -> a (c b)"), case(normal(4, 6), "(h p) (w q) -> h w (p q)", p=2, q=3, jit=False),
    ],
    "repeat": [case(X, 2, axis=1), case(X, 3), case(V, [1, 0, 2, 3, 1], axis=0, oracle=np.repeat), case(K, 2, axis=-1)],
    "reshape": [case(X, (4, 6)), case(X, (-1, 2)), case(X, (24,)), case(K, (3, 2))],
    "roll": [
        case(X, 2), case(X, 1, axis=1), case(X, (1, -1), axis=(0, 2)), case(V, -7, axis=0), case(X, 1, axis=(1, 2)),
        case(V, 0),
    ],
    "rot90": [*(case(X, k=k) for k in (1, 2, 3, 4, -1)), case(X, axes=(1, 2)), case(X, k=3, axes=(2, 0))],
    "split": [case(X, 2, axis=2), case(X, [1, 2], axis=1), case(V, [2, 4]), case(V, 5)],
    "squeeze": [case(normal(2, 1, 3, 1)), case(normal(2, 1, 3, 1), axis=1), case(normal(1, 2), axis=(0,))],
    "stack": [case([M, M]), case([M, M], axis=1), case([V, V], axis=-1), case([K, K], axis=0)],
    "swapaxes": [case(X, 0, 2), case(X, -1, 1)],
    "tile": [case(X, (2, 1, 3)), case(M, (2, 1, 1)), case(X, (2,)), case(V, 3)],
    "trace": [case(M), case(X, offset=1, axis1=1, axis2=2), case(M, offset=-2), case(K)],
    "transpose": [case(X), case(X, (1, 2, 0)), case(V)],
    "tril": [*(case(M, k=k) for k in (0, 1, -1)), case(X), case(K), case(bools(3, 3))],
    "triu": [*(case(M, k=k) for k in (0, 1, -1)), case(X), case(K), case(bools(3, 3))],
    "unstack": [case(X), case(X, axis=1), case(X, num=4, axis=-1)],
    "vsplit": [case(X, 2), case(M, [1, 2])],
    "vstack": [case([V, V]), case([M, M]), case([X, X])],
    "meshgrid": [
        case(V, normal(3)), case(V, normal(3), indexing="ij"), case(V, normal(3), normal(2)), case(V),
        case(V, normal(3), normal(2), indexing="ij"),
    ],
    "jvp": [
        call(lambda ops, x, t: ops.jvp(lambda x: ops.sum(ops.sin(x) * x), (x,), (t,)), V, normal(5)),
        call(lambda ops, x, y: ops.jvp(lambda a, b: (a * b, ops.exp(a)), (x, y), (y, 2 * x)), V, normal(5)),
        call(lambda ops, x, t: ops.jvp(lambda x: (x * x, x + 1), (x,), (t,), has_aux=True), V, normal(5)),
    ],
}  # fmt: skip

"""Sums, extremes, means and their like along axes, with and without NaN, against keras.ops."""

import numpy as np

from ops.keras_cases import bools, case, distinct, integers, normal, uniform, wide, with_nan

X = distinct(2, 3, 4)
K = integers(-5, 6, 2, 3, 4)
AXES = [{"axis": 1}, {}, {"axis": (0, 2)}, {"axis": -1, "keepdims": True}, {"keepdims": True}, {"axis": (-1, 0)}]
EMPTY = np.zeros((0, 3), "float32")


def reductions(x=X, whole=(K,), **options):
    cases = [case(x, **axes, **options) for axes in AXES]
    return [*cases, *(case(each, **AXES[k % 3]) for k, each in enumerate(whole))]


def positions(x=X):
    keep = {"axis": -2, "keepdims": True}
    return [case(x, **axes) for axes in ({"axis": 1}, {}, {"axis": -1}, keep, {"keepdims": True})]


HOLES = with_nan(X)
ALL = np.float32([[np.nan, np.nan, np.nan], [1, np.nan, 3], [4, 5, 6]])
BOOLS, BYTES = bools(2, 3, 4), integers(0, 255, 2, 3, 4, dtype="uint8")
SIGNED = K.astype("int8")


def holed(**options):
    return [*reductions(HOLES, **options), case(ALL, axis=1, gradient="of NaN")]


CASES = {
    "all": [case(BOOLS, **axes) for axes in AXES] + [case(K, axis=0), case(X)],
    "any": [case(BOOLS, **axes) for axes in AXES] + [case(K * 0, axis=0), case(with_nan(X), axis=1)],
    "amax": reductions(),
    "amin": reductions(),
    "argmax": [*positions(), *positions(K), case(with_nan(X), axis=1), case(BOOLS, axis=2)],
    "argmin": [*positions(), *positions(K), case(with_nan(X), axis=1), case(BOOLS, axis=2)],
    "average": [
        case(X, axis=1), case(X), case(X, axis=(0, 2)), case(X, axis=1, weights=uniform(0.5, 2, 3)),
        case(X, weights=uniform(0.5, 2, 2, 3, 4)), case(K, axis=-1, weights=integers(1, 5, 4)),
    ],
    "count_nonzero": [case(K), case(K, axis=1), case(K, axis=(0, 2)), case(BOOLS, axis=-1), case(X)],
    "logsumexp": [*reductions(whole=()), case(np.float32([[1, -np.inf], [-np.inf, -np.inf]]), axis=1, gradient="inf")],
    "max": [*reductions(whole=(K, BYTES, SIGNED)), case(X, axis=1, initial=0.2), case(EMPTY, axis=0, initial=1.0)],
    "min": [*reductions(whole=(K, BYTES, SIGNED)), case(X, axis=1, initial=0.2), case(EMPTY, axis=0, initial=1.0)],
    "mean": reductions(whole=(K, BOOLS, BYTES, SIGNED)),
    "moments": [case(X, axes=axes, **keep) for axes in ([1], [0, 2]) for keep in ({}, {"keepdims": True})],
    "nanargmax": positions(HOLES),
    "nanargmin": positions(HOLES),
    "nanmax": holed(),
    "nanmean": holed(),
    "nanmin": holed(),
    "nanprod": [case(with_nan(uniform(0.5, 2, 2, 3, 4)), **axes) for axes in AXES],
    "nanstd": [case(HOLES, **axes) for axes in AXES[1:3]] + [case(ALL, axis=1, gradient="of NaN"), case(K, axis=1)],
    "nansum": holed(),
    "nanvar": holed(),
    "prod": [
        *reductions(uniform(0.5, 2, 2, 3, 4), (K, BOOLS, SIGNED)), case(K, axis=1, dtype="float32"),
        case(EMPTY, axis=0),
    ],
    "ptp": [case(X, **axes) for axes in AXES] + [case(K, axis=1)],
    "std": reductions(whole=(K, BOOLS)),
    "sum": [*reductions(whole=(K, BOOLS, BYTES, SIGNED)), case(EMPTY, axis=0), case(EMPTY)],
    "var": reductions(whole=(K, BOOLS)),
    # Neighbours
    "diff": [
        case(X), case(X, axis=1), case(X, n=2, axis=0), case(X, n=0), case(K, n=2), case(bools(2, 5)),
    ],
    "trapezoid": [
        case(X), case(X, axis=1), case(X, dx=0.5), case(X, normal(4)), case(X, normal(2, 3, 4), axis=0),
        case(X, normal(3), axis=1), case(K),
    ],
    # Norms
    "norm": [
        case(X), case(X, keepdims=True), case(X, axis=1), case(X, axis=(0, 2)), case(X, axis=(-1, 1), keepdims=True),
        *(case(X, ord=order, axis=-1) for order in (1, 2, 3, np.inf, -np.inf, 0.5)),
        case(X, ord=0, axis=1, gradient="a count"), case(X[0], ord="fro"), case(K, axis=1),
        *(case(X, ord=order, axis=(0, 2)) for order in (1, -1, np.inf, -np.inf)),
        case(X, ord=1, axis=(0, 2), keepdims=True),
        *(case(X, ord=order, axis=(0, 2)) for order in (2, -2, "nuc")), case(X, ord=2, axis=(2, 1), keepdims=True),
    ],
}  # fmt: skip

# Integers of 64 bits against NumPy.
LONG = wide(3, 4, 5)
for name in ("sum", "prod", "max", "min"):
    CASES[name] = [*CASES[name], *(case(LONG, oracle=getattr(np, name), **axes) for axes in AXES[:4])]
for name, truth in (("argmax", np.argmax), ("argmin", np.argmin)):
    CASES[name] = [*CASES[name], case(LONG, axis=1, oracle=truth)]

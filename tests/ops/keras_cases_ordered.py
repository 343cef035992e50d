"""Running sums, sorting, searching, quantiles, segments and scattering, against keras.ops."""

import keras
import numpy as np

from ops.keras_cases import SPECIAL, bools, call, case, distinct, integers, normal, uniform, with_nan

X, D = normal(4, 5), distinct(3, 7)
TIED = integers(0, 3, 2, 23).astype("float32")
NO_NAN = "NaN has no gradient"
TIES = "an order among equal elements has no slope"
POSITIONS = integers(-4, 4, 6, 2)  # of an array [4, 4, 3]; some are equal, some count from the end
OUTSIDE = np.int32([[0], [5], [-1], [0], [-9]])
IDS = np.int32([2, 0, 2, -1, 5, 0])
JAX_CANNOT = "JAX has gradients of products only where positions differ"


def exact_size(ops, *args, **kwargs):
    """unique, as long as the operand: what Keras gives for a size, Fanlight gives by itself."""
    size = args[0].shape[kwargs["axis"]] if "axis" in kwargs else int(np.prod(args[0].shape))
    return ops.unique(*args, size=size, **kwargs) if ops is keras.ops else ops.unique(*args, **kwargs)


def filled(ops, x):
    """The places of what is not 0, filled up with zeros."""
    if ops is not keras.ops:
        return ops.nonzero(x)
    found = ops.nonzero(x)
    return tuple(np.pad(np.asarray(place), (0, x.size - len(place))) for place in found)


def scattered(reduction, **options):
    inputs, updates = distinct(4, 4, 3), distinct(6, 3)
    return case(inputs, POSITIONS, updates, reduction=reduction, **options)


CASES = {
    "argpartition": [
        case(D, 3, gradient=False),
        case(D, 0, axis=0, gradient=False),
        case(distinct(40), 30, axis=None, gradient=False),
        case(with_nan(distinct(7)), -2, gradient=False),
    ],
    "argsort": [
        case(TIED),
        case(D, axis=0),
        case(SPECIAL),
        case(normal(3, 4), axis=None),
        case(integers(-9, 9, 33)),
        case(integers(0, 255, 40, dtype="uint8")),
        case(bools(17)),
        case(np.float32(3)),
        case(integers(0, 9, 20, dtype="uint32")),
    ],
    "bincount": [
        case(integers(0, 6, 30), minlength=8, jit=False),
        case(integers(-2, 6, 30), weights=uniform(0, 1, 30), minlength=6, jit=False, gradient="Keras cannot trace it"),
        case(integers(0, 4, 3, 9), minlength=4, jit=False),
        case(integers(0, 4, 2, 9), weights=integers(0, 9, 2, 9), minlength=7, jit=False),
    ],
    "cumprod": [
        case(X, axis=1),
        case(np.float32([[2, 0, 3, 0.5], [0, 2, 0, 3], [1, 2, 3, 4]]), axis=1),
        case(uniform(0.5, 1.5, 3, 33), axis=0),
        case(X),
        case(integers(-3, 4, 6)),
        case(integers(0, 255, 6, dtype="uint8")),
        case(integers(-128, 128, 6, dtype="int8")),
        case(bools(5)),
    ],
    "cumsum": [
        case(X, axis=1),
        case(normal(5, 21), axis=0),
        case(normal(2, 3, 4), axis=-2),
        case(X),
        case(SPECIAL[3:12], gradient=NO_NAN),
        case(integers(-9, 9, 3, 4), axis=0),
        case(integers(0, 255, 9, dtype="uint8")),
        case(integers(-128, 128, 9, dtype="int8")),
        case(bools(9)),
        case(uniform(0, 3, 7), dtype="int32"),
    ],
    "digitize": [
        case(normal(3, 5), np.float32([-2, -0.5, 0.1, 1])),
        case(normal(30), np.float32([2, 1, -1])),
        case(np.float32([1, np.nan, 3]), np.float32([1, 2, 3])),
        case(integers(0, 9, 7), np.int32([1, 3, 3, 8])),
        case(normal(30), np.sort(normal(100))),
    ],
    "histogram": [
        case(normal(60), bins=7, gradient="counts have no slope"),
        case(normal(50), bins=5, range=(-1.0, 2.0), gradient="counts have no slope"),
        case(integers(0, 9, 40), gradient=False),
        case(np.float32([2, 2]), bins=3, gradient=False),
    ],
    "in_top_k": [
        case(np.int32([1, 0, 4]), TIED[:1].repeat(3, 0)[:, :6], 2),
        case(np.int32([5, -1, -7]), np.float32([[1, 2, 3], [2, 1, 0], [2, 2, np.nan]]), 3),
    ],
    "isin": [
        case(integers(0, 9, 3, 4), integers(0, 9, 5)),
        case(integers(0, 99, 30), integers(0, 99, 60), invert=True),
        case(SPECIAL, SPECIAL[:6]),
        case(normal(40), np.concatenate([normal(50), np.float32([np.nan, 1])])),
    ],
    "median": [
        case(distinct(3, 5), axis=1),
        case(distinct(3, 4, 2), axis=(0, 2), keepdims=True),
        case(distinct(6)),
        case(with_nan(distinct(3, 4)), axis=0, gradient=NO_NAN),
        case(integers(0, 9, 5, 4), axis=0),
    ],
    "nancumprod": [
        case(with_nan(X), axis=1),
        case(integers(1, 4, 5)),
    ],
    "nancumsum": [
        case(with_nan(X), axis=0),
        case(with_nan(X)),
        case(bools(4)),
    ],
    "nanmedian": [
        case(with_nan(distinct(3, 5)), axis=1, gradient=NO_NAN),
        case(np.float32([np.nan, np.nan]), gradient=NO_NAN),
        case(distinct(2, 3)),
    ],
    "nanpercentile": [
        case(with_nan(distinct(3, 6)), np.float32([20, 70]), axis=1, gradient=NO_NAN),
        case(with_nan(distinct(3, 6)), 35, method="nearest", keepdims=True, gradient=NO_NAN),
    ],
    "nanquantile": [
        *(
            case(with_nan(distinct(3, 6)), np.float32([0.1, 0.3, 0.8]), axis=1, method=method, gradient=NO_NAN)
            for method in ("linear", "lower", "higher", "midpoint", "nearest")
        ),
        case(with_nan(distinct(3, 6, 2)), 0.3, axis=(0, 2), keepdims=True, gradient=NO_NAN),
    ],
    "nonzero": [
        call(filled, np.float32([[0, 1, 0], [2, 0, np.nan]]), jit=False, gradient=False),
        call(filled, integers(0, 2, 3, 4, 2), jit=False),
        call(filled, bools(40), jit=False),
    ],
    "percentile": [
        case(distinct(4, 5), np.float32([0, 12, 50, 100]), axis=0),
        case(distinct(9), 30, method="higher"),
    ],
    "quantile": [
        *(
            case(distinct(3, 6), np.float32([0.1, 0.5, 0.8]), axis=1, method=method)
            for method in ("linear", "lower", "higher", "midpoint", "nearest")
        ),
        case(distinct(3, 6, 2), 0.3, axis=(0, 2), keepdims=True),
        case(distinct(3, 6, 2), np.float32([0.2, 0.9]), axis=(0, -1)),
        case(distinct(30), 0.77),
        case(integers(0, 9, 7), 0.4),
        case(with_nan(distinct(3, 4)), 0.4, axis=0, gradient=NO_NAN),
    ],
    "scatter": [
        case(integers(-4, 4, 7, 2), normal(7, 3), (4, 4, 3)),
        case(OUTSIDE, normal(5), (3,)),
        case(integers(0, 5, 2, 3, 1), normal(2, 3, 17), (5, 17)),
        case(integers(0, 5, 4, 1), integers(0, 9, 4), (5,)),
    ],
    "scatter_update": [
        scattered(None),
        scattered("add"),
        scattered("max"),
        scattered("min"),
        scattered("mul", gradient=JAX_CANNOT),
        case(normal(3), OUTSIDE, normal(5)),
        case(normal(3), OUTSIDE, normal(5), reduction="add"),
        case(TIED[:1, :6].reshape(3, 2), np.int32([[0], [0], [2], [1]]), np.float32([[2, 0]] * 4), reduction="max"),
        case(integers(0, 9, 5), np.int32([[1], [1]]), np.int32([7, 8])),
    ],
    "searchsorted": [
        case(np.sort(normal(12)), normal(3, 4)),
        case(np.sort(TIED[0]), TIED[1], side="right"),
        case(np.sort(integers(0, 50, 200)), integers(-3, 55, 60)),
        case(np.sort(integers(0, 50, 200)), integers(-3, 55, 60), side="right"),
        case(np.float32([1, 2, 3, np.nan]), np.float32([3, 1, np.nan, 2]), side="right"),
        case(np.float32([1, 2, 3, np.nan]), np.float32([3, 1, np.nan, 2])),
    ],
    "segment_max": [
        case(normal(6, 5), IDS, num_segments=4),
        case(np.float32([1, 1, 0, 3, 3, 2]), np.int32([0, 0, 1, 2, 2, 2]), num_segments=4, sorted=True),
        case(integers(-9, 9, 6), IDS, num_segments=3),
    ],
    "segment_min": [
        case(normal(6, 5), IDS, num_segments=4),
        case(integers(0, 9, 6, dtype="uint32"), IDS, num_segments=4),
    ],
    "segment_prod": [
        case(normal(6, 5), IDS, num_segments=4, gradient=JAX_CANNOT),
        case(integers(-9, 9, 6), IDS, num_segments=4),
    ],
    "segment_sum": [
        case(normal(6, 5), IDS, num_segments=4),
        case(normal(6), np.sort(IDS), num_segments=6, sorted=True),
        case(integers(-9, 9, 6, 2), IDS, num_segments=4),
    ],
    "slice_update": [
        case(normal(5, 9), np.int32([1, 3]), normal(2, 5)),
        case(normal(4, 4), np.int32([3, -1]), normal(2, 2)),
        case(normal(4, 4), [1, 2], normal(2, 2)),
        case(integers(0, 9, 6), np.int32([-9]), integers(0, 9, 2)),
    ],
    "sort": [
        case(distinct(3, 7)),
        case(distinct(30, 3), axis=0),
        case(SPECIAL, gradient=NO_NAN),
        case(distinct(2, 3), axis=None),
        case(integers(-99, 99, 50)),
        case(bools(9)),
        case(integers(0, 255, 20, dtype="uint8")),
        case(integers(-99, 99, 50).astype("int8")),
    ],
    "top_k": [
        case(distinct(3, 7), 3),
        case(TIED, 5, gradient=TIES),
        case(distinct(2, 60), 40),
        case(np.float32([1, np.nan, 3, 3, -np.inf, np.inf, np.nan]), 5, gradient=NO_NAN),
        case(integers(-9, 9, 4, 9), 2),
    ],
    "unique": [
        call(exact_size, integers(0, 6, 3, 5), return_index=True, return_inverse=True, return_counts=True),
        case(integers(0, 9, 12), return_counts=True, return_index=True, size=4),
        case(integers(0, 4, 12), return_counts=True, size=9, fill_value=-1),
        call(exact_size, np.float32([3, 1, np.nan, np.nan, 3, -0.0, 0.0]), return_counts=True, gradient=False),
        call(exact_size, integers(0, 2, 9, 3), axis=0, return_index=True, return_inverse=True, return_counts=True),
        call(exact_size, integers(0, 2, 2, 9), axis=1, return_inverse=True),
    ],
}

"""Positions that are data, subscripts, choices and codes, against keras.ops."""

import numpy as np

from ops.keras_cases import bools, call, case, integers, normal

X, V = normal(4, 3, 5), normal(6)
K = integers(-9, 10, 4, 3)
ROWS, COLUMNS = integers(-4, 4, 2, 3), integers(-3, 3, 3)


def item(key):
    return case(X, key)


SLICES = [
    item((1, slice(None), slice(None, None, 2))),
    item((slice(None, None, -1), -1)),
    item((Ellipsis, 2)),
    item((None, slice(1, 3), Ellipsis, None)),
    item((slice(3, None, -2), slice(-2, None), slice(4, 0, -3))),
    item((slice(2, 2),)),
    item(-1),
    item((slice(-9, 9), slice(0, 99))),
]
ARRAYS = [
    case(X, (ROWS,)),
    case(X, (slice(None), COLUMNS)),
    case(X, (ROWS, COLUMNS)),
    case(X, (ROWS, slice(None), COLUMNS)),
    case(X, (slice(None), COLUMNS, 2)),
    case(X, (1, slice(None), COLUMNS)),
    case(X, (slice(1, 3), COLUMNS, None, slice(None, None, -1))),
    case(X, (Ellipsis, COLUMNS)),
]

CASES = {
    "get_item": [*SLICES[:1], *ARRAYS, *SLICES[1:]],
    "slice": [
        case(X, (1, 0, 2), (2, 3, 3)), case(V, (2,), (3,)), case(X, np.int32([1, 0, 2]), (2, 3, 3)),
        case(X, tuple(np.array(n, "int32") for n in (9, 0, 2)), (2, 3, 1)), case(X, np.int32([3, -5, 9]), (3, 2, 5)),
        call(lambda ops, x, i: ops.slice(x, (i, 1), (2, 2)), normal(5, 4), np.array(2, "int32")),
    ],
    "take": [case(X, ROWS, axis=0), case(X, COLUMNS, axis=1), case(X, ROWS), case(X, 2, axis=-1), case(K, COLUMNS)],
    "take_along_axis": [
        case(X, integers(-4, 4, 2, 3, 5), axis=0), case(X, integers(0, 5, 4, 3, 2), axis=-1), case(X, ROWS.ravel()),
        case(X, integers(0, 3, 4, 2, 1), axis=1), case(K, integers(0, 3, 1, 2), axis=1),
    ],
    "one_hot": [
        case(integers(-1, 6, 2, 3), 5), case(integers(0, 4, 3), 4, axis=0), case(integers(0, 4, 3), 4, dtype="bool"),
        case(integers(0, 4, 2, 2), 4, axis=1, dtype="int32"),
    ],
    "select": [
        case([bools(2, 3), bools(2, 3)], [normal(2, 3), normal(2, 3)], 0.5),
        case([bools(3), bools(2, 3)], [integers(0, 9, 3), integers(0, 9, 2, 3)], 7),
    ],
    "unravel_index": [
        case(integers(-24, 24, 2, 5), (2, 3, 4)), case(integers(0, 99, 4), (5, 2)), case(integers(0, 5, 3), (5,)),
    ],
}  # fmt: skip

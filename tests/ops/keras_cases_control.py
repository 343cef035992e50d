"""Loops and branches, functions of functions, against keras.ops."""

import numpy as np

from ops.keras_cases import call, normal, uniform

X, V = normal(4, 3), normal(3)
COUNT = np.array(3, "int32")


def doubled(ops, x):
    """x * x with a slope of its own."""

    @ops.custom_gradient
    def square(x):
        def grad(*args, upstream=None):
            g = args[0] if upstream is None else upstream
            return g * 5.0

        return x * x, grad

    return square(x)


CASES = {
    "associative_scan": [
        call(lambda ops, x: ops.associative_scan(lambda a, b: a + b, x), X),
        call(lambda ops, x: ops.associative_scan(ops.maximum, x, reverse=True, axis=1), X),
    ],
    "cond": [
        call(lambda ops, x: ops.cond(ops.sum(x) > 0, lambda: ops.sin(x), lambda: x * 2.0), X),
        call(lambda ops, x: ops.cond(x[0, 0] > 1e3, lambda: (x, x + 1.0), lambda: (x * x, x)), X),
    ],
    "custom_gradient": [call(doubled, X)],
    "fori_loop": [call(lambda ops, x: ops.fori_loop(0, 4, lambda i, y: y * 0.5 + ops.cast(i, "float32"), x), X)],
    "map": [
        call(lambda ops, x: ops.map(lambda row: ops.sum(row * row), x), X),
        call(lambda ops, x, y: ops.map(lambda pair: (pair[0] + pair[1], pair[0]), (x, y)), X, normal(4, 3)),
    ],
    "scan": [
        call(lambda ops, c, x: ops.scan(lambda c, x: (c * 0.5 + x, c * x), c, x), V, X),
        call(lambda ops, c, x: ops.scan(lambda c, x: (ops.tanh(c + x), c), c, x, reverse=True), V, X),
    ],
    "switch": [
        call(lambda ops, i, x: ops.switch(i, [ops.sin, ops.cos, ops.square], x), np.array(1, "int32"), X),
        call(lambda ops, i, x: ops.switch(i, [ops.sin, ops.cos], x), COUNT, X),
    ],
    "vectorize": [
        call(lambda ops, x, y: ops.vectorize(lambda a, b: ops.sin(a) * b)(x, y), X, V),
        call(lambda ops, x, y: ops.vectorize(ops.matmul, signature="(m,n),(n)->(m)")(x, y), normal(2, 3, 4), normal(4)),
        call(lambda ops, x: ops.vectorize(lambda a, n: a * n, excluded={1})(x, 3), X),
        call(lambda ops, x: ops.vectorize(lambda a: (a, a + 1.0))(x), V),
    ],
    "vectorized_map": [
        call(lambda ops, x: ops.vectorized_map(lambda row: ops.sum(row) * row, x), X),
        call(lambda ops, x, y: ops.vectorized_map(lambda pair: ops.matmul(pair[0], pair[1]), (x, y)), X, normal(4, 3)),
    ],
    "while_loop": [
        call(
            lambda ops, x: ops.while_loop(lambda x: ops.sum(x) < 50.0, lambda x: (x * 2.0,), (x,)),
            uniform(0.5, 2, 3), gradient="JAX has none for loops without a known end",
        ),
        call(
            lambda ops, i, x: ops.while_loop(lambda i, x: i < 9, lambda i, x: (i + 1, x + 1.0), (i, x), 4),
            np.array(0, "int32"), X, gradient="JAX has none for loops without a known end",
        ),
    ],
}  # fmt: skip

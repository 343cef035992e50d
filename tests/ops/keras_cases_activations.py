"""Activations, softmax and cross-entropies against keras.ops."""

import numpy as np

from ops.keras_cases import SPECIAL, case, integers, normal, uniform

X = normal(3, 6)
EDGES = [case(SPECIAL, gradient="special values")]
KINKS = np.float32([-6, -3, -2, -1, -0.5, 0, 0.5, 1, 2, 3, 6])


def activation(*others):
    return [case(X), case(X[0] * 5), *others]


BENT = activation(case(KINKS))
ONES = uniform(0.05, 0.95, 3, 4)
PROBABILITIES = ONES / ONES.sum(-1, keepdims=True)
TARGETS = np.eye(4, dtype="float32")[[0, 2, 3]]

CASES = {
    "celu": [*BENT, case(X, alpha=0.5)],
    "elu": [*BENT, case(X, alpha=0.5)],
    "gelu": [*activation(), case(X, approximate=False)],
    "glu": [case(X), case(normal(4, 3), axis=0)],
    "hard_shrink": [*BENT, case(X, threshold=1.0)],
    **{name: BENT for name in ("hard_sigmoid", "hard_silu", "hard_swish", "hard_tanh", "relu", "relu6", "softsign")},
    "leaky_relu": [*BENT, case(X, negative_slope=0.3)],
    "log_sigmoid": activation(case(X * 30)),
    "selu": BENT,
    "sigmoid": activation(*EDGES),
    "silu": activation(),
    "soft_shrink": [*BENT, case(X, threshold=1.0)],
    "softplus": activation(case(X * 30)),
    "sparse_plus": BENT,
    "sparse_sigmoid": BENT,
    "squareplus": [*activation(), case(X, b=2), case(X * 20, rtol=1e-3)],
    "swish": activation(),
    "tanh_shrink": [*activation(), case(X * 0.1, rtol=1e-3)],
    "threshold": [case(X, 0.5, -1.0), case(KINKS, 1.0, 0.0), case(integers(-4, 5, 7), 1, 0)],
    # Cross-entropies
    "binary_crossentropy": [
        case(TARGETS, PROBABILITIES), case(TARGETS, normal(3, 4), from_logits=True),
    ],
    "categorical_crossentropy": [
        case(TARGETS, PROBABILITIES), case(TARGETS, normal(3, 4), from_logits=True),
        case(TARGETS.T.copy(), PROBABILITIES.T.copy(), axis=0),
    ],
    "sparse_categorical_crossentropy": [
        case(integers(0, 4, 3), PROBABILITIES), case(integers(0, 4, 3), normal(3, 4), from_logits=True),
    ],
}  # fmt: skip

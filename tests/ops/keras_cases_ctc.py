"""Connectionist temporal classification, against keras.ops."""

import numpy as np

from ops.keras_cases import case, normal

LABELS = np.int32([[1, 2, 2, 4], [3, 1, 0, 0], [4, 4, 4, 1]])
LENGTHS, TIMES = np.int32([4, 2, 3]), np.int32([9, 7, 8])


def peaked(*shape):
    """Logits whose largest one often stays the same from one time to the next."""
    rng = np.random.default_rng(5)
    best = np.repeat(rng.integers(0, shape[2], (shape[0], shape[1])), 2, 1)[:, : shape[1]]
    return (normal(*shape) + 6 * np.eye(shape[2])[best]).astype("float32")


CASES = {
    "ctc_loss": [
        case(LABELS, normal(3, 9, 5), LENGTHS, TIMES),
        case(LABELS, normal(3, 9, 6), LENGTHS, TIMES, mask_index=5),
        case(np.int32([[1], [2]]), normal(2, 3, 4), np.int32([1, 0]), np.int32([3, 2])),
    ],
    "ctc_decode": [
        case(peaked(3, 9, 4), TIMES),
        case(peaked(3, 9, 4), TIMES, merge_repeated=False, mask_index=3),
        case(peaked(2, 1, 3), np.int32([1, 0])),
    ],
}

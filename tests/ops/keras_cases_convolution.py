"""Convolutions and pooling in one to three dimensions, with their gradients, against keras.ops."""

import numpy as np

from ops.keras_cases import case, distinct, normal

IMAGE = normal(2, 7, 6, 3)
SEQUENCE, VOLUME = normal(2, 9, 4), normal(1, 4, 5, 4, 2)
FIRST = {"data_format": "channels_first"}


def tied(*shape):
    """Few different values: many windows have several largest ones."""
    return np.random.default_rng(3).integers(0, 3, shape).astype("float32")


# Keras on JAX takes no pooling without strides, although it documents that they default to the window.
CASES = {
    "conv": [
        case(IMAGE, normal(3, 3, 3, 4), strides=2, padding="same"),
        case(IMAGE, normal(3, 2, 3, 4)),
        case(IMAGE, normal(1, 1, 3, 5), strides=(2, 3)),
        case(IMAGE, normal(2, 3, 3, 2), padding="same", dilation_rate=(2, 1)),
        case(IMAGE, normal(4, 5, 3, 2), strides=(3, 2), padding="same"),
        case(normal(1, 6, 5, 4), normal(2, 2, 2, 6), strides=2, padding="same"),
        case(normal(1, 6, 5, 6), normal(3, 3, 2, 12), padding="same"),
        case(normal(2, 3, 7, 6), normal(3, 2, 3, 4), strides=2, padding="same", **FIRST),
        case(SEQUENCE, normal(3, 4, 5)),
        case(SEQUENCE, normal(4, 4, 5), strides=3, padding="same"),
        case(SEQUENCE, normal(3, 2, 8), padding="same", dilation_rate=2),
        case(normal(2, 4, 9), normal(3, 4, 5), strides=2, **FIRST),
        case(VOLUME, normal(2, 2, 3, 2, 3)),
        case(VOLUME, normal(2, 3, 1, 2, 3), strides=(2, 1, 2), padding="same"),
        case(normal(1, 2, 4, 3, 4), normal(2, 2, 2, 2, 3), padding="same", **FIRST),
    ],
    "conv_transpose": [
        case(normal(1, 3, 4, 2), normal(3, 3, 5, 2), strides=2, padding="same"),
        case(normal(1, 3, 4, 2), normal(3, 2, 3, 2), strides=2),
        case(normal(1, 3, 4, 2), normal(2, 2, 3, 2), strides=(3, 1)),
        case(normal(1, 3, 4, 2), normal(4, 3, 3, 2), strides=(2, 3), padding="same"),
        case(normal(1, 3, 4, 2), normal(1, 1, 3, 2), strides=2, padding="same"),
        case(normal(1, 3, 4, 2), normal(3, 4, 3, 2), strides=2, output_padding=1),
        case(normal(1, 3, 4, 2), normal(3, 4, 3, 2), strides=2, padding="same", output_padding=(1, 0)),
        case(normal(1, 3, 4, 2), normal(3, 2, 3, 2), dilation_rate=2),
        case(normal(1, 3, 4, 2), normal(3, 2, 3, 2), padding="same", dilation_rate=(2, 1)),
        case(normal(1, 2, 3, 4), normal(3, 3, 5, 2), strides=2, padding="same", **FIRST),
        case(SEQUENCE, normal(3, 2, 4), strides=2, padding="same"),
        case(SEQUENCE, normal(4, 2, 4), strides=2, output_padding=1, padding="valid"),
        case(VOLUME, normal(2, 3, 2, 3, 2), strides=(2, 1, 2), padding="same"),
        case(VOLUME, normal(2, 1, 3, 1, 2), strides=2),
    ],
    "depthwise_conv": [
        case(IMAGE, normal(3, 3, 3, 1), strides=2, padding="same"),
        case(IMAGE, normal(3, 2, 3, 2)),
        case(IMAGE, normal(2, 3, 3, 2), padding="same", dilation_rate=2),
        case(normal(1, 3, 7, 6), normal(3, 3, 3, 1), padding="same", **FIRST),
        case(SEQUENCE, normal(3, 4, 1), strides=2, padding="same"),
        case(SEQUENCE, normal(3, 4, 3), strides=2),
    ],
    "separable_conv": [
        case(IMAGE, normal(3, 3, 3, 2), normal(1, 1, 6, 4), padding="same"),
        case(IMAGE, normal(3, 3, 3, 1), normal(1, 1, 3, 4), strides=2),
        case(normal(1, 3, 7, 6), normal(3, 3, 3, 1), normal(1, 1, 3, 4), **FIRST),
        case(SEQUENCE, normal(3, 4, 2), normal(1, 8, 3), strides=2, padding="same"),
    ],
    "max_pool": [
        case(distinct(2, 7, 6, 2), 3, 2, padding="same"),
        case(distinct(1, 6, 6, 2), 2, 2),
        case(distinct(1, 6, 5, 2), (2, 3), 1, padding="same"),
        case(distinct(1, 2, 6, 5), 2, 2, **FIRST),
        case(tied(1, 6, 6, 2), 3, 2, padding="same"),
        case(distinct(2, 7, 3), 3, 2),
        case(distinct(2, 7, 3), 2, 2, padding="same"),
        case(distinct(1, 4, 5, 4, 2), 2, 2),
        case(tied(1, 4, 5, 4, 1), (2, 3, 2), 1, padding="same"),
    ],
    "average_pool": [
        case(IMAGE, 3, 2, padding="same"),
        case(IMAGE, 2, 2),
        case(IMAGE, (2, 3), 1, padding="same"),
        case(normal(1, 2, 6, 5), 2, 2, **FIRST),
        case(SEQUENCE, 3, 2, padding="same"),
        case(VOLUME, 2, 2, padding="same"),
    ],
    "adaptive_average_pool": [
        case(normal(2, 7, 6, 2), (3, 4)),
        case(normal(2, 6, 6, 2), (3, 2)),
        case(normal(1, 2, 5, 7), 3, **FIRST),
        case(SEQUENCE, 4),
        case(VOLUME, (3, 2, 3)),
    ],
    "adaptive_max_pool": [
        case(distinct(2, 7, 6, 2), (3, 4)),
        case(tied(1, 6, 6, 2), (3, 2)),
        case(tied(1, 7, 5, 2), (3, 3)),
        case(distinct(1, 2, 5, 7), 3, **FIRST),
        case(distinct(2, 9, 4), 4),
        case(distinct(1, 4, 5, 4, 2), (3, 2, 3)),
    ],
}  # fmt: skip

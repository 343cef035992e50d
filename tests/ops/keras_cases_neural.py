"""Normalization, attention, blocks of images and Einstein's notation, against keras.ops."""

import numpy as np

from ops.keras_cases import bools, call, case, distinct, integers, normal, uniform

X = normal(2, 3, 5)
Q, K, V = normal(2, 4, 6, 3), normal(2, 5, 6, 3), normal(2, 5, 6, 3)
FIRST = {"data_format": "channels_first"}


def sparsemax(x, axis=-1):
    """By sorting, as in the paper. Keras adds up the cumulative sums of the support, and its results sum to no 1."""
    z = -np.sort(-np.moveaxis(x, axis, -1), -1)
    sums, count = np.cumsum(z, -1), np.arange(1, z.shape[-1] + 1)
    size = (1 + count * z > sums).sum(-1, keepdims=True)
    level = (np.take_along_axis(sums, size - 1, -1) - 1) / size
    return np.maximum(x - np.moveaxis(level, -1, axis), 0).astype("float32")


CASES = {
    "batch_normalization": [
        case(X, normal(5), uniform(0.1, 2, 5), -1, normal(5), normal(5), 1e-3),
        case(X, normal(3), uniform(0.1, 2, 3), 1),
        case(X, normal(3), uniform(0.1, 2, 3), 1, offset=normal(3)),
    ],
    "layer_normalization": [
        case(X, normal(5), normal(5)),
        case(X, axis=1, epsilon=1e-3),
        case(X, normal(3, 5), normal(3, 5), axis=(1, 2)),
        case(X, normal(3), axis=1),
        case(integers(-3, 4, 2, 5).astype("float32")),
    ],
    "rms_normalization": [
        case(X, normal(5)),
        case(X, axis=(0, 2), epsilon=1e-3),
        case(np.float32(3)),
    ],
    "normalize": [case(X), case(X, axis=1, order=1), case(X, axis=0, order=3), case(X, epsilon=10.0)],
    "softmax": [case(X), case(X, axis=1), case(X, axis=(0, 2)), case(normal(3) * 40)],
    "log_softmax": [case(X), case(X, axis=1), case(normal(3) * 40)],
    "sparsemax": [
        case(X, oracle=sparsemax),
        case(distinct(4, 7), axis=0, oracle=sparsemax),
        case(X * 0, oracle=sparsemax),
    ],
    "dot_product_attention": [
        case(Q, K, V, bias=normal(2, 6, 4, 5), mask=bools(2, 6, 4, 5)),
        case(Q, K, V),
        case(Q, K, V, is_causal=True, scale=0.3),
        case(Q, normal(2, 5, 2, 3), normal(2, 5, 2, 3), mask=bools(1, 1, 4, 5), bias=normal(1, 6, 1, 5)),
        case(Q, normal(2, 5, 1, 3), normal(2, 5, 1, 3), mask=bools(2, 1, 1, 5), is_causal=True),
        case(Q, K, V, mask=np.zeros((1, 1, 4, 5), bool)),
    ],
    "einsum": [
        call(lambda ops, a, b: ops.einsum("bij,bjk->bik", a, b), normal(2, 3, 4), normal(2, 4, 5)),
        *(
            call(lambda ops, *xs, text=text: ops.einsum(text, *xs), *(normal(*shape) for shape in shapes))
            for text, *shapes in (
                ("ij,jk", (3, 4), (4, 5)),
                ("ba", (3, 4)),
                ("ii", (4, 4)),
                ("ii->i", (4, 4)),
                ("iji->j", (3, 4, 3)),
                ("bii,i->bi", (2, 3, 3), (3,)),
                ("...ij,...jk->...ik", (2, 3, 4), (4, 5)),
                ("...ij,...jk->...ik", (2, 1, 3, 4), (5, 4, 2)),
                ("i...->...", (3, 2, 4)),
                ("ij->", (3, 4)),
                ("i,j->ij", (3,), (4,)),
                ("i,i", (5,), (5,)),
                ("ij,ij->ij", (3, 4), (3, 4)),
                ("ij,kl->", (2, 3), (4, 2)),
                ("btd,dnh->btnh", (2, 3, 4), (4, 2, 3)),
                ("btnh,nhd->btd", (2, 3, 2, 4), (2, 4, 5)),
                ("bsnh,btnh->bnts", (2, 3, 2, 4), (2, 5, 2, 4)),
                ("ab,bc,cd->ad", (2, 3), (3, 4), (4, 2)),
                ("abc,cd,def,b->aef", (2, 3, 4), (4, 2), (2, 3, 2), (3,)),
                ("ij,jk,ki->", (2, 3), (3, 4), (4, 2)),
                ("b i j, j k -> b k i", (2, 3, 4), (4, 5)),
                ("abij,abjk->abik", (1, 2, 3, 4), (1, 2, 4, 5)),
            )
        ),
        call(lambda ops, a, b: ops.einsum("ij,jk->ik", a, b), integers(-3, 4, 2, 3), integers(-3, 4, 3, 2)),
    ],
    "multi_hot": [
        case(np.int32([[0, 1], [2, 2], [-1, 3], [9, 0]]), 4),
        case(integers(0, 4, 3), 5, dtype="int32"),
        case(integers(0, 5, 2, 3, 1), 5, dtype="int32"),
        case(integers(-1, 6, 2, 3), 4, axis=1, dtype="bool"),
    ],
    "psnr": [case(X, X + normal(2, 3, 5) * 0.1, 2.0)],
    "unfold": [
        case(normal(2, 3, 5, 6), (3, 2), padding=1, stride=2),
        case(normal(1, 2, 5, 6), 2, dilation=2),
        case(normal(1, 2, 5, 6), (2, 3), stride=(1, 3), padding=(0, 1)),
    ],
    "fold": [
        case(normal(2, 18, 12), (5, 6), (3, 2), padding=1, stride=2),
        case(normal(1, 8, 12), (5, 6), 2, dilation=2),
        case(normal(1, 8, 20), (5, 6), 2),
    ],
    "depth_to_space": [case(normal(2, 3, 2, 8), 2), case(normal(2, 8, 3, 2), 2, **FIRST)],
    "space_to_depth": [case(normal(2, 4, 6, 3), 2), case(normal(2, 3, 4, 6), 2, **FIRST)],
    "extract_sequences": [case(normal(2, 3, 9), 4, 2), case(normal(7), 3, 1), case(normal(2, 9), 2, 4)],
}  # fmt: skip

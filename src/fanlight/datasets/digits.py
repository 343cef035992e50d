"""1,797 handwritten digits of 8x8 pixels: from the packed file to four arrays.

It does not know how a drawing becomes such a digit; that is graph code of the model that reads drawings.
"""

from __future__ import annotations

import zlib
from importlib.resources import files
from typing import Any

from fanlight.arrays import Array, native
from fanlight.datasets.split import split

ROWS, SIDE = 1797, 8
TEST_PER_CLASS = 36

DIGITS_LABELS = ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9")


def digits() -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """Returns `(x_train, y_train), (x_test, y_test)`: 1,437 digits to train on and 360, 36 of each class, held out.

    `x` is uint8 `[n, 8, 8, 1]`. A pixel counts the ink pixels, 0 to 16, in one 4x4 block of a 32x32 bitmap to which the
    scanned digit was normalised (NIST's preprocessing, NISTIR 5469, 1994). `y` is int32 `[n]`, the digit itself.

    The digits come from 13 people, and which digit is whose is not recorded: each of them is in both parts. Accuracy on
    the held-out digits therefore says little about a new person's hand.

    Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998,
    doi:10.24432/C50P49, CC BY 4.0: its test part, which is what scikit-learn's `load_digits` has.

    >>> (x_train, y_train), (x_test, y_test) = fl.datasets.digits()
    >>> x_train.shape, x_test.shape
    ((1437, 8, 8, 1), (360, 8, 8, 1))
    """
    # The file: all pixels, one byte each, in scikit-learn's order, then all labels.
    packed = zlib.decompress((files("fanlight.datasets") / "data" / "digits.bin").read_bytes())
    pixels = ROWS * SIDE * SIDE
    x, y = Array("uint8", (ROWS, SIDE, SIDE, 1), packed[:pixels]), Array.of(list(packed[pixels:]), "int32")
    train, test = split("digits", y.tolist(), TEST_PER_CLASS)
    return (native(x.take(train)), native(y.take(train))), (native(x.take(test)), native(y.take(test)))

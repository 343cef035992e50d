"""Which rows are held out: from the labels to row numbers for training and for testing.

Rows are put in the order of a hash of their number, so the split depends on no random number generator and stays the
same on every machine and in every version. It never sees the examples themselves.
"""

from collections.abc import Hashable, Sequence
from hashlib import sha256


def split(name: str, labels: Sequence[Hashable], test_per_class: int) -> tuple[list[int], list[int]]:
    """Returns the row numbers (train, test): in hash order, the first `test_per_class` of every class are held out.

    Both lists stay in hash order, hence mixed: a validation split that takes the last rows takes every class.
    """
    order = sorted(range(len(labels)), key=lambda row: sha256(f"{name} {row}".encode()).digest())
    train: list[int] = []
    test: list[int] = []
    held_out = dict.fromkeys(labels, 0)
    for row in order:
        if held_out[labels[row]] < test_per_class:
            held_out[labels[row]] += 1
            test.append(row)
        else:
            train.append(row)
    return train, test

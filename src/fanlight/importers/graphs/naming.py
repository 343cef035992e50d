"""Which name is still free? The one that is wanted, or with a number behind it; without slashes, as layers have it."""

from __future__ import annotations

import re
from collections.abc import Iterable


class Names:
    """Names that are taken. However often one is wanted, the next number is known."""

    def __init__(self, taken: Iterable[str] = ()):
        self.taken = set(taken)
        self.numbers: dict[str, int] = {}

    def take(self, wanted: str) -> str:
        """`wanted`, or where it is taken, the first of wanted_1, wanted_2, ... that is not; taken from now on."""
        found, number = wanted, self.numbers.get(wanted, 0)
        while found in self.taken:
            number += 1
            found = f"{wanted}_{number}"
        self.numbers[wanted] = number
        self.taken.add(found)
        return found


def cleaned(name: str) -> str:
    """A name without slashes, as layers have it: `/features/0/Conv` -> `features.0.Conv`."""
    return re.sub(r"/+", ".", name.strip("/"))

"""In which order does an epoch see the samples? A permutation from Threefry-2x32, the same in Python and in the page.

Definition, which the page's runtime repeats: sample i gets the first word of Threefry-2x32 (20 rounds) with key
(seed, epoch) and counter (i, 0); the samples are visited in the order of these words, equal ones by index.
"""

from __future__ import annotations

MASK = 0xFFFFFFFF
# Salmon et al., Parallel random numbers: as easy as 1, 2, 3 (SC 2011), table 2 and the Skein key schedule's constant.
ROTATIONS = (13, 15, 26, 6, 17, 29, 16, 24)
PARITY = 0x1BD11BDA


def threefry(key: tuple[int, int], counter: tuple[int, int]) -> tuple[int, int]:
    """Threefry-2x32 with 20 rounds: 64 random bits from a key and a counter.

    >>> [hex(word) for word in threefry((0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3))]
    ['0xc4923a9c', '0x483df7a0']
    """
    keys = (key[0] & MASK, key[1] & MASK, (key[0] ^ key[1] ^ PARITY) & MASK)
    x, y = (counter[0] + keys[0]) & MASK, (counter[1] + keys[1]) & MASK
    for turn in range(20):
        rotation = ROTATIONS[turn % 8]
        x = (x + y) & MASK
        y = ((y << rotation | y >> (32 - rotation)) & MASK) ^ x
        if turn % 4 == 3:
            injection = turn // 4 + 1
            x = (x + keys[injection % 3]) & MASK
            y = (y + keys[(injection + 1) % 3] + injection) & MASK
    return x, y


def permutation(count: int, seed: int, epoch: int) -> list[int]:
    """The order in which epoch `epoch` (from 0) visits `count` samples.

    >>> sorted(permutation(5, seed=0, epoch=0))
    [0, 1, 2, 3, 4]
    """
    words = [threefry((seed, epoch), (index, 0))[0] for index in range(count)]
    return sorted(range(count), key=words.__getitem__)

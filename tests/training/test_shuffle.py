"""Is the order of the samples the one that was agreed on?"""

import numpy as np

from evaluate import evaluate_graph
from fanlight.ir.graph import Graph, Input, apply
from fanlight.ir.types import Type
from fanlight.ops.threefry import Threefry
from fanlight.training.shuffle import permutation, threefry

# Known answers of the authors' library, Random123 (tests/kat_vectors, threefry2x32 with 20 rounds).
KNOWN = [
    ((0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
    ((0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0x1CB996FC, 0xBB002BE7)),
    ((0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3), (0xC4923A9C, 0x483DF7A0)),
]


def test_threefry_has_its_known_answers():
    for key, counter, words in KNOWN:
        assert threefry(key, counter) == words


def test_it_is_the_threefry_of_the_graphs():
    values = [apply(Input(name, Type("uint32", ()))) for name in ("k0", "k1", "c0", "c1")]
    graph = Graph(tuple(values), {str(word): apply(Threefry(word), *values) for word in (0, 1)})
    found, _ = evaluate_graph(graph, [np.uint32(each) for each in (5, 6, 7, 8)])
    assert (int(found["0"]), int(found["1"])) == threefry((5, 6), (7, 8))


def test_permutations():
    order = permutation(100, seed=7, epoch=0)
    assert sorted(order) == list(range(100)) and order != list(range(100))
    assert order == permutation(100, seed=7, epoch=0)
    assert order != permutation(100, seed=7, epoch=1)
    assert permutation(5, seed=0, epoch=0) == PERMUTATION


PERMUTATION = sorted(range(5), key=lambda i: threefry((0, 0), (i, 0))[0])

"""Are groups of what waits for each other found, each behind what it waits for, however long the way is?"""

import random

import pytest

from fanlight.importers.graphs.components import components


@pytest.mark.parametrize(
    ("before", "groups"),
    [
        ([], []),
        ([[], [0], [1]], [[0], [1], [2]]),
        ([[1], [2], []], [[2], [1], [0]]),
        ([[0]], [[0]]),
        ([[1], [0], [1]], [[0, 1], [2]]),
        ([[3], [0], [1], [2], [3]], [[0, 1, 2, 3], [4]]),
        ([[1], [0], [3, 0], [2]], [[0, 1], [2, 3]]),
    ],
)
def test_groups_are_those_that_wait_for_each_other(before, groups):
    assert components(before) == groups


def reach(before, start):
    found = [start]
    for number in found:  # grows while it is walked
        found += [each for each in before[number] if each not in found]
    return set(found)


def test_groups_are_what_reaches_each_other():
    draw = random.Random(0)
    for _ in range(200):
        count = draw.randint(1, 9)
        before = [[each for each in range(count) if draw.random() < 0.2] for _ in range(count)]
        reached = [reach(before, number) for number in range(count)]
        expected = {tuple(b for b in sorted(reached[a]) if a in reached[b]) for a in range(count)}
        found = components(before)
        assert sorted(map(tuple, found)) == sorted(expected)
        place = {number: k for k, group in enumerate(found) for number in group}
        assert all(place[each] <= place[number] for number in range(count) for each in before[number])


def test_a_long_way_is_walked():
    count = 50_000
    assert len(components([[(k + 1) % count] for k in range(count)])) == 1
    assert len(components([[k + 1] for k in range(count)] + [[]])) == count + 1

"""What depends on itself? Strongly connected components, after Tarjan (1972).

In: for each number those that it waits for. Out: groups of numbers that wait for each other, each number in one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence


def components(before: Sequence[Collection[int]]) -> list[list[int]]:
    """The groups, each behind those that it waits for."""
    found: list[list[int]] = []
    reached: dict[int, int] = {}  # number -> when it was reached
    lowest: dict[int, int] = {}  # number -> the first one of an open group that it waits for, by when it was reached
    opened: list[int] = []  # numbers whose group is not known yet
    is_open: set[int] = set()
    for start in range(len(before)):
        waiting: list[tuple[int, Iterator[int]]] = [] if start in reached else [(start, iter(before[start]))]
        while waiting:
            number, rest = waiting[-1]
            if number not in reached:
                reached[number] = lowest[number] = len(reached)
                opened.append(number)
                is_open.add(number)
            following = next(rest, None)
            if following is None:
                waiting.pop()
                if waiting:
                    lowest[waiting[-1][0]] = min(lowest[waiting[-1][0]], lowest[number])
                if lowest[number] == reached[number]:
                    group = [opened.pop()]
                    while group[-1] != number:
                        group.append(opened.pop())
                    is_open.difference_update(group)
                    found.append(sorted(group))
            elif following not in reached:
                waiting.append((following, iter(before[following])))
            elif following in is_open:
                lowest[number] = min(lowest[number], reached[following])
    return found

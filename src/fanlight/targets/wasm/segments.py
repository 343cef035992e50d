"""Where does a condition change along a loop? Borders of padding and seams of concatenation cut an axis into segments.

In: the stores of a map and its innermost axis. Out: segments with simpler stores, whose guards do not depend on that
axis. Knows no instructions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from fanlight.ir import dim as dims
from fanlight.ir.kernel import Axis, Store
from fanlight.ir.scalar import Scalar, const, transform, walk
from fanlight.targets.wasm.vectorize import varies

MOST = 5  # segments: each has code of its own


class Segment(NamedTuple):
    """The stores for the indices from `begin` to before `end`."""

    begin: int
    end: int
    stores: tuple[Store, ...]


class Change(NamedTuple):
    """A comparison that is `below` for indices under `place`, and the opposite from there on."""

    place: int
    below: bool


def cut(stores: Sequence[Store], axis: Axis) -> list[Segment]:
    """The segments of `axis`; none if its guards depend on something else than its distance to fixed places."""
    if not isinstance(axis.extent, int):
        return []
    changes: dict[Scalar, Change] = {}
    for guard in _guards(stores):
        for node in walk(guard.args[0]):
            if varies(node, axis.name) and node.op not in ("and", "or", "not", "index"):
                change = _change(node, axis.name)
                if change is None:
                    return []
                changes[node] = change
    places = sorted({0, axis.extent, *(min(max(c.place, 0), axis.extent) for c in changes.values())})
    if not 2 < len(places) <= MOST + 1:
        return []
    found = []
    for begin, end in pairwise(places):
        known = {node: c.below == (begin < c.place) for node, c in changes.items()}
        found.append(Segment(begin, end, assume(stores, known)))
    return found


def assume(stores: Sequence[Store], known: Mapping[Scalar, bool]) -> tuple[Store, ...]:
    """The stores where these conditions are what they are known to be."""

    def change(node: Scalar) -> Scalar | None:
        return const(known[node], "bool") if node in known else None

    return tuple(Store(s.slot, s.indices, transform(s.value, change)) for s in stores)


def common_condition(stores: Sequence[Store], lane: str) -> Scalar | None:
    """The one condition of all guards, if it is the same at all indices of `lane`."""
    conditions = {guard.args[0] for guard in _guards(stores)}
    return conditions.pop() if len(conditions) == 1 and not any(varies(c, lane) for c in conditions) else None


def _guards(stores: Sequence[Store]) -> list[Scalar]:
    return [node for store in stores for node in walk(store.value) if node.op == "guard"]


def _change(node: Scalar, axis: str) -> Change | None:
    """Where a comparison of two integer expressions changes along `axis`."""
    if node.op not in ("lt", "le", "gt", "ge") or any(
        a.op not in ("index", "const") or a.dtype != "int32" for a in node.args
    ):
        return None
    difference = dims.add(node.args[0].attribute, -node.args[1].attribute)
    step = dims.coefficient(difference, axis)
    if not isinstance(step, int) or step == 0:
        return None
    rest = dims.replace_sizes(difference, {axis: 0})
    if not isinstance(rest, int):
        return None
    # a < b and a >= b change where step*i + rest reaches 0, the other two where it exceeds 0.
    if node.op in ("le", "gt"):
        rest -= 1
    is_less = node.op in ("lt", "le")
    if step > 0:  # less than 0 for i < -rest/step
        return Change(-(rest // step), is_less)
    return Change(rest // -step + 1, not is_less)  # less than 0 for i > rest/-step

"""On which side of a branch does a constant stand? TensorFlow 1 says so only by what runs before it.

In: raw nodes. Out: the same, where what joins the sides of a branch reads constants through the branch's own Switch, as
it reads everything else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from fanlight.importers.tensorflow.frames import FLOW, MERGE, SWITCH
from fanlight.importers.tensorflow.library import Raw
from fanlight.importers.tensorflow.values import joined, split

MOST_NODES = 64  # that make one side of constants alone


def with_sides(raws: list[Raw]) -> list[Raw]:
    """The nodes with a Switch in front of each side that reads nothing from outside of its branch."""
    nodes = {raw.name: raw for raw in raws}
    found: list[Raw] = []
    for raw in raws:
        sides = [side_of(each, nodes) for each in raw.inputs] if raw.op in MERGE else []
        inputs = list(raw.inputs)
        for k, side in enumerate(sides):
            name = f"{raw.name}/side_{k}"
            if side is not None and name not in nodes:
                switch, number = side
                found.append(Raw(name, "Switch", [inputs[k], switch.inputs[1]], {}, name))
                inputs[k] = joined(name, number)
        found.append(replace(raw, inputs=inputs) if inputs != raw.inputs else raw)
    return found


def side_of(tensor: str, nodes: Mapping[str, Raw]) -> tuple[Raw, int] | None:
    """The Switch after which a tensor is made, and the number of its side; None where it is made of what goes through
    one, or round a loop, or where nothing says so."""
    seen = [split(tensor)[0]]
    for name in seen:  # grows while it is walked
        raw = nodes.get(name)
        if raw is None or raw.op in FLOW or len(seen) > MOST_NODES:
            return None
        more = dict.fromkeys(split(each)[0] for each in raw.inputs)
        seen += [each for each in more if each not in seen]
    waiting = [before for name in seen for before in nodes[name].after]
    for name in waiting:  # the same
        raw = nodes.get(name)
        if raw is None or raw.op not in ("NoOp", "Identity") or len(waiting) > MOST_NODES:
            continue
        source, number = split(raw.inputs[0]) if raw.inputs else ("", 0)
        switch = nodes.get(source)
        if switch is not None and switch.op in SWITCH and len(switch.inputs) == 2 and number < 2:
            return switch, number
        waiting += [each for each in (source, *raw.after) if each and each not in waiting]
    return None

"""Which loops and branches do Switch and Merge make? TensorFlow 1's control flow, as loops and branches with graphs.

In: a graph whose nodes may be in any order, with the cycles of its loops. Out: the same with `While` in place of Enter,
Merge, Switch, NextIteration and Exit, and with `Side` where a Merge joins two branches: both are computed then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from fanlight.errors import ModelFormatError
from fanlight.importers.graphs.lifting import renamed
from fanlight.importers.graphs.records import Graph, Node, Slot

DOMAIN = "tf"
ENTER, MERGE, SWITCH = ("Enter", "RefEnter"), ("Merge", "RefMerge"), ("Switch", "RefSwitch")
NEXT, EXIT = ("NextIteration", "RefNextIteration"), ("Exit", "RefExit")
SWITCH_N = "_SwitchN"
FLOW = {*ENTER, *MERGE, *SWITCH, *NEXT, *EXIT, SWITCH_N, "LoopCond"}


def without_frames(graph: Graph) -> Graph:
    """The graph with loops and branches as nodes of their own. Raises ModelFormatError where they do not close."""
    if not any(node.op in FLOW for node in graph.nodes):
        return graph
    nodes = {name: node for node in graph.nodes for name in node.outputs if name}
    tensors = dict(graph.tensors)
    left = {str(node.attributes.get("frame_name")) for node in graph.nodes if node.op in ENTER}
    while left:
        frames = {name: frame_of(name, nodes) for name in sorted(left)}
        inmost = [name for name, frame in frames.items() if not frame.around(left)]
        if not inmost:
            raise ModelFormatError("TensorFlow graph", expected="loops inside each other", got=sorted(left)[:4])
        for name in inmost:
            put_loop(frames[name], nodes, tensors)
        left -= set(inmost)
    ends = [slot.name for slot in graph.outputs]
    return replace(graph, nodes=tuple(without_branches(nodes, ends, tensors)), tensors=tensors)


# Loops


@dataclass
class Variable:
    """What goes round in a loop: where it comes in, its names at the condition and in the body, what comes next, and
    its name behind the loop, where somebody reads it."""

    start: str
    checked: str
    inside: str
    following: str
    last: str


@dataclass
class Frame:
    """One loop. `constants` are what Enter nodes bring in for all rounds, by their names inside."""

    name: str
    condition: str
    variables: list[Variable]
    constants: dict[str, str]
    checks: list[Node]
    body: list[Node]

    def around(self, frames: Iterable[str]) -> bool:
        """Does it have one of these loops inside?"""
        others = set(frames) - {self.name}
        inside = (*self.checks, *self.body)
        return any(node.op in ENTER and node.attributes.get("frame_name") in others for node in inside)


def frame_of(name: str, nodes: Mapping[str, Node]) -> Frame:
    def fail(expected: str, got: object) -> ModelFormatError:
        return ModelFormatError(f"loop {name!r}", expected=expected, got=got)

    def maker(tensor: str, ops: Iterable[str], what: str) -> Node:
        node = nodes.get(tensor)
        if node is None or node.op not in ops:
            raise fail(what, node.label if node else repr(tensor))
        return node

    whole = unique(nodes)
    enters = {node.outputs[0]: node for node in whole
              if node.op in ENTER and str(node.attributes.get("frame_name")) == name}  # fmt: skip
    merges = {node.inputs[0]: node for node in whole if node.op in MERGE and node.inputs and node.inputs[0] in enters}
    switches = {node.inputs[0]: node for node in whole if node.op in SWITCH and len(node.inputs) == 2}
    exits = {node.inputs[0]: node for node in whole if node.op in EXIT and node.inputs}
    variables: list[Variable] = []
    conditions: set[str] = set()
    for entered, merge in merges.items():
        if len(merge.inputs) != 2 or merge.outputs[0] not in switches:
            raise fail("a Merge of two, behind it a Switch", merge.label)
        switch = switches[merge.outputs[0]]
        conditions.add(switch.inputs[1])
        ahead = maker(merge.inputs[1], NEXT, "a NextIteration behind the body")
        stays, goes = (*switch.outputs, "")[0], (*switch.outputs, "", "")[1]
        left = exits.get(stays) if stays else None
        last = left.outputs[0] if left else ""
        variables.append(Variable(enters[entered].inputs[0], merge.outputs[0], goes, ahead.inputs[0], last))
    if len(conditions) != 1:
        raise fail("one condition", sorted(conditions))
    condition = maker(conditions.pop(), ("LoopCond",), "a LoopCond").inputs[0]
    constants = {inside: node.inputs[0] for inside, node in enters.items() if inside not in merges}
    ends = {*constants, *(v.checked for v in variables), *(v.inside for v in variables if v.inside)}
    checks = behind([condition], nodes, ends)
    return Frame(name, condition, variables, constants, checks, behind([v.following for v in variables], nodes, ends))


def unique(nodes: Mapping[str, Node]) -> list[Node]:
    return list({id(node): node for node in nodes.values()}.values())


def behind(wanted: Iterable[str], nodes: Mapping[str, Node], ends: Iterable[str]) -> list[Node]:
    """The nodes that make these tensors, in order, as far as `ends`."""
    return in_order({name: node for name, node in nodes.items() if name not in set(ends)}, wanted)


def in_order(nodes: Mapping[str, Node], wanted: Iterable[str]) -> list[Node]:
    """The nodes that make these tensors, each after what it reads. Raises ModelFormatError for a cycle."""
    found: list[Node] = []
    is_done: dict[int, bool] = {}
    waiting = [(name, False) for name in reversed(list(wanted))]
    while waiting:
        name, is_left = waiting.pop()
        node = nodes.get(name)
        if node is None:
            continue
        if is_left:
            is_done[id(node)] = True
            found.append(node)
            continue
        if id(node) in is_done:
            if not is_done[id(node)]:
                raise ModelFormatError(node.label, expected="nodes without cycles", got="one through it")
            continue
        is_done[id(node)] = False
        waiting.append((name, True))
        waiting += [(each, False) for each in reversed(node.reads)
                    if not (node.op in MERGE and nodes.get(each) is not None and nodes[each].op in NEXT)]  # fmt: skip
    return found


def put_loop(frame: Frame, nodes: dict[str, Node], tensors: dict[str, Any]) -> None:
    """Puts a `While` in the place of a loop."""
    variables = frame.variables
    checked = {v.checked: f"{frame.name}/{k}" for k, v in enumerate(variables)}
    inside = {v.inside: f"{frame.name}/{k}" for k, v in enumerate(variables) if v.inside}
    slots = tuple(Slot(name) for name in checked.values())

    def graph(part: str, body: list[Node], results: list[str], names: Mapping[str, str]) -> Graph:
        plain = without_branches({name: node for node in body for name in node.outputs if name}, results, tensors)
        read = tuple(renamed(node, names) for node in plain)
        ends: list[Slot] = []
        copies: list[Node] = []
        for k, result in enumerate(results):
            name = f"{frame.name}/{part}/{k}"
            copies.append(Node("Identity", DOMAIN, name, (names.get(result, result),), (name,)))
            ends.append(Slot(name))
        return Graph(f"{frame.name}/{part}", (*read, *copies), slots, tuple(ends))

    attributes = {
        "cond": graph("cond", frame.checks, [frame.condition], {**frame.constants, **checked}),
        "body": graph("body", frame.body, [v.following for v in variables], {**frame.constants, **checked, **inside}),
    }
    starts, lasts = tuple(v.start for v in variables), tuple(v.last for v in variables)
    loop = Node("While", DOMAIN, frame.name, starts, lasts, attributes)
    own = {id(node) for node in (*frame.checks, *frame.body)}
    for name, node in list(nodes.items()):
        if id(node) in own:
            del nodes[name]
    nodes.update({v.last: loop for v in variables if v.last})


# Branches


def without_branches(nodes: dict[str, Node], ends: list[str], tensors: dict[str, Any]) -> list[Node]:
    """The nodes that make these tensors, in order, without Switch and Merge."""
    for node in in_order(nodes, ends):
        if node.op in MERGE:
            nodes.update({each.outputs[0]: each for each in choice(node, nodes, tensors)})
    ordered = in_order(nodes, ends)
    if rest := next((node for node in ordered if node.op in FLOW - {*SWITCH, SWITCH_N}), None):
        raise ModelFormatError(rest.label, expected="loops that are whole", got="a part of one")
    return [as_identity(node) for node in ordered]


def choice(merge: Node, nodes: Mapping[str, Node], tensors: dict[str, Any]) -> list[Node]:
    """What a Merge gives: of several tensors the one whose side of a Switch is taken. All are computed."""
    import numpy

    sides = sides_of(merge.inputs, nodes)
    there = [side for side in sides if side is not None]
    if not there or any(merge.outputs[1:]):
        raise ModelFormatError(merge.label, expected="the sides of one condition", got=merge.inputs)
    switch = there[0][0]
    if switch.op in SWITCH:
        if len(merge.inputs) != 2:
            raise ModelFormatError(merge.label, expected="two sides", got=merge.inputs)
        first = sides[0][1] if sides[0] is not None else 1 - there[0][1]
        yes, no = merge.inputs if first else merge.inputs[::-1]
        if (known := tensors.get(switch.inputs[1])) is not None and known.size == 1:
            return [Node("Identity", DOMAIN, merge.name, (yes if known.item() else no,), (merge.outputs[0],))]
        return [Node("Side", DOMAIN, merge.name, (switch.inputs[1], yes, no), (merge.outputs[0],))]
    if None in sides or len({side for _, side in there}) != len(sides):
        raise ModelFormatError(merge.label, expected="each side of a Switch once", got=merge.inputs)
    by_side = dict(sorted((side, name) for (_, side), name in zip(there, merge.inputs, strict=True)))
    *others, last = by_side.items()
    made: list[Node] = []
    result = last[1]  # for whatever number has no side of its own, too
    for side, name in reversed(others):
        number, is_it, found_ = (f"{merge.name}/{what}/{side}" for what in ("number", "is", "side"))
        tensors[number] = numpy.array(side, numpy.int32)
        made.append(Node("Equal", DOMAIN, is_it, (switch.inputs[1], number), (is_it,)))
        made.append(Node("Side", DOMAIN, found_, (is_it, name, result), (found_,)))
        result = found_
    return [*made, Node("Identity", DOMAIN, merge.name, (result,), (merge.outputs[0],))]


Side = tuple[Node, int]


def sides_of(tensors: Iterable[str], nodes: Mapping[str, Node]) -> list[Side | None]:
    """For each tensor its side of the condition that parts them, and a Switch of that; None for one that no Switch
    leads to. Inside of other conditions they are all on one side of these; of those inside of theirs, on several."""
    found = [switches_behind(each, nodes) for each in tensors]
    shared = [each for each in found if each]
    for condition in shared[0] if shared else ():
        sides = [each.get(condition, []) for each in shared]
        numbers = [side[0][1] for side in sides if len(side) == 1]
        if len(numbers) == len(sides) == len(set(numbers)):
            return [each[condition][0] if each else None for each in found]
    return [None for _ in found]


def switches_behind(tensor: str, nodes: Mapping[str, Node]) -> dict[str, list[Side]]:
    """By condition the sides of it that a tensor is made of, the nearest conditions first."""
    found: dict[str, list[Side]] = {}
    seen = {tensor}
    waiting = [tensor]
    for name in waiting:  # grows while it is walked
        node = nodes.get(name)
        if node is None:
            continue
        if node.op in (*SWITCH, SWITCH_N) and len(node.inputs) == 2:
            sides = found.setdefault(node.inputs[1], [])
            number = node.outputs.index(name)
            if number not in [side for _, side in sides]:
                sides.append((node, number))
        more = [each for each in node.reads if each not in seen]
        seen.update(more)
        waiting += more
    return found


def as_identity(node: Node) -> Node:
    """A Switch that no loop has any more gives its input at both sides."""
    if node.op not in (*SWITCH, SWITCH_N):
        return node
    return replace(node, op="IdentityN", inputs=(node.inputs[0],) * len(node.outputs), attributes={})

"""Where do lists of tensors go? From the nodes that make them through loops to those that read them, as one node.

A layer gives tensors, and a list is none: so all nodes that hand a list on are one `Region`, a node with a graph. A
TensorArray of TensorFlow 1 is the list that flows, not its handle.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from fanlight.errors import ModelFormatError
from fanlight.importers.graphs.components import components
from fanlight.importers.graphs.records import Graph, Node, Slot
from fanlight.importers.tensorflow.frames import DOMAIN, in_order
from fanlight.importers.tensorflow.read import BRANCHES, LOOPS

# Of what makes or changes lists: which of its outputs is one.
GIVING = dict.fromkeys(
    ("TensorListReserve", "TensorListFromTensor", "EmptyTensorList", "TensorListSplit", "TensorListScatter",
     "TensorListScatterV2", "TensorListSetItem", "TensorListPushBack", "TensorListPopBack", "TensorListResize",
     "TensorArrayWriteV3", "TensorArrayScatterV3", "TensorArraySplitV3"), 0,
) | {"TensorArrayV3": 1}  # fmt: skip
PASSING = ("Identity", "IdentityN", "StopGradient", *LOOPS)  # each output is what an input is


def in_regions(graph: Graph) -> Graph:
    """The graph in which nodes that are joined by lists are one."""
    lists = list_names(graph)
    if not lists:
        return graph
    groups = without_cycles(graph, joined(graph, lists))
    inside = {id(node) for group in groups for node in group}
    nodes = [node for node in graph.nodes if id(node) not in inside]
    read = {name for node in nodes for name in node.reads} | {slot.name for slot in graph.outputs}
    reading: dict[str, set[int]] = {}  # name -> the groups that read it
    for number, group in enumerate(groups):
        for name in {name for node in group for name in node.reads}:
            reading.setdefault(name, set()).add(number)
    for number, group in enumerate(groups):
        outputs = [name for node in group for name in node.outputs if name and name not in lists]
        given = [name for name in outputs if name in read or reading.get(name, {number}) != {number}]
        if not given:
            continue
        inner = Graph(f"region_{number}", tuple(group), (), tuple(Slot(f"{name}/out") for name in given))
        copies = tuple(Node("Identity", DOMAIN, f"{name}/out", (name,), (f"{name}/out",)) for name in given)
        inner = replace(inner, nodes=(*inner.nodes, *copies))
        nodes.append(Node("Region", DOMAIN, group[0].name, (), tuple(given), {"graph": inner}))
    named = {name: node for node in nodes for name in node.outputs if name}
    if lost := sorted(lists & {slot.name for slot in graph.outputs}):
        raise ModelFormatError("TensorFlow graph", expected="tensors as outputs", got=f"lists of tensors: {lost[:4]}")
    return replace(graph, nodes=tuple(in_order(named, [slot.name for slot in graph.outputs])))


def list_names(graph: Graph, given: Collection[str] = ()) -> set[str]:
    """The names in a graph that are lists, where these are."""
    found = set(given)
    for node in graph.nodes:
        if (place := GIVING.get(node.op)) is not None:
            places = {place}
        elif node.op in PASSING:
            places = {k for k, name in enumerate(node.inputs) if name in found}
        elif node.op == "Side":
            places = {0} if found & {*node.inputs[1:]} else set()
        else:
            sides = node.graphs.values() if node.op in BRANCHES else ()
            places = {k for side in sides for k in places_of_lists(node, side, found)}
        found.update(name for k, name in enumerate(node.outputs) if k in places and name)
    return found


def places_of_lists(node: Node, side: Graph, lists: set[str]) -> list[int]:
    """Which results of a branch are lists on that side."""
    outside = {name for name in side.free if name in lists}
    slots = zip(side.inputs, node.inputs[1:], strict=False)
    names = list_names(side, outside | {slot.name for slot, name in slots if name in lists})
    return [k for k, slot in enumerate(side.outputs) if slot.name in names]


def joined(graph: Graph, lists: set[str]) -> list[list[Node]]:
    """The nodes of each group that lists join, in the graph's order."""
    group: dict[str, int] = {}  # list -> its group
    members: dict[int, list[tuple[int, Node]]] = {}
    for number, node in enumerate(graph.nodes):
        touched = {name for name in (*node.reads, *node.outputs) if name in lists}
        if not touched:
            continue
        # What is joined goes into the largest group.
        old = sorted({group[name] for name in touched if name in group}, key=lambda each: -len(members[each]))
        into = old[0] if old else number
        members.setdefault(into, []).append((number, node))
        for each in old[1:]:
            moved = members.pop(each)
            members[into] += moved
            touched |= {name for _, one in moved for name in (*one.reads, *one.outputs) if name in lists}
        group.update(dict.fromkeys(touched, into))
    return [[node for _, node in sorted(each, key=lambda pair: pair[0])] for each in members.values()]


def without_cycles(graph: Graph, groups: list[list[Node]]) -> list[list[Node]]:
    """Groups none of which waits for itself: what is made of a group and needed by it belongs to it, and groups that
    wait for each other are one."""
    inside = {id(node) for group in groups for node in group}
    units = [*groups, *([node] for node in graph.nodes if id(node) not in inside)]
    makers = {name: number for number, unit in enumerate(units) for node in unit for name in node.outputs if name}
    before = [{makers[name] for node in unit for name in node.reads if name in makers} for unit in units]
    position = {id(node): k for k, node in enumerate(graph.nodes)}
    merged = [[node for number in each for node in units[number]]
              for each in components(before) if each[0] < len(groups)]  # fmt: skip
    return [sorted(each, key=lambda node: position[id(node)]) for each in merged]

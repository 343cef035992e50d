"""Where do lists of tensors go? From the nodes that make them through loops to those that read them, as one node.

A layer gives tensors, and a list is none: so all nodes that hand a list on are one `Region`, a node with a graph. A
TensorArray of TensorFlow 1 is the list that flows, not its handle.
"""

from __future__ import annotations

from dataclasses import replace

from fanlight.errors import ModelFormatError
from fanlight.importers.graphs.records import Graph, Node, Slot
from fanlight.importers.tensorflow.frames import DOMAIN, in_order

# Of what makes or changes lists: which of its outputs is one.
GIVING = dict.fromkeys(
    ("TensorListReserve", "TensorListFromTensor", "EmptyTensorList", "TensorListSplit", "TensorListScatter",
     "TensorListScatterV2", "TensorListSetItem", "TensorListPushBack", "TensorListPopBack", "TensorListResize",
     "TensorArrayWriteV3", "TensorArrayScatterV3", "TensorArraySplitV3"), 0,
) | {"TensorArrayV3": 1}  # fmt: skip
PASSING = ("Identity", "StopGradient")


def in_regions(graph: Graph) -> Graph:
    """The graph in which nodes that are joined by lists are one."""
    lists = list_names(graph)
    if not lists:
        return graph
    groups = joined(graph, lists)
    nodes = [node for node in graph.nodes if not any(node in group for group in groups)]
    read = {name for node in nodes for name in node.reads} | {slot.name for slot in graph.outputs}
    for number, group in enumerate(groups):
        others = [each for k, each in enumerate(groups) if k != number]
        wanted = read | {name for each in others for node in each for name in node.reads}
        given = [name for node in group for name in node.outputs if name in wanted and name not in lists]
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


def list_names(graph: Graph) -> set[str]:
    """The names in a graph that are lists."""
    found: set[str] = set()
    for node in graph.nodes:
        if (place := GIVING.get(node.op)) is not None:
            found.update(filter(None, node.outputs[place : place + 1]))
        elif node.op in PASSING and node.inputs[:1] and node.inputs[0] in found:
            found.update(filter(None, node.outputs))
        elif node.op in ("While", "StatelessWhile"):
            pairs = zip(node.inputs, node.outputs, strict=False)
            found.update(last for start, last in pairs if start in found and last)
    return found


def joined(graph: Graph, lists: set[str]) -> list[list[Node]]:
    """The nodes of each group that lists join, in the graph's order."""
    group: dict[str, int] = {}  # list -> its group
    members: dict[int, list[Node]] = {}
    for node in graph.nodes:
        touched = {name for name in (*node.reads, *node.outputs) if name in lists}
        if not touched:
            continue
        old = sorted({group[name] for name in touched if name in group})
        number = old[0] if old else len(members) + sum(map(len, members.values()))
        merged = [each for k in old for each in members.pop(k)] + [node]
        members[number] = merged
        group.update({name: number for each in merged for name in (*each.reads, *each.outputs) if name in lists})
    order = {id(node): k for k, node in enumerate(graph.nodes)}
    return [sorted(each, key=lambda node: order[id(node)]) for each in members.values()]

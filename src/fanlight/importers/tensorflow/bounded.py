"""Which numbers are known although data are in them? min(a, max(b, x)) is a, where b is not below a: so Keras counts.

In: a graph. Out: the same, with the constant in the place of such a node. Knows scalars alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fanlight.importers.graphs.records import Graph, Node

OTHER = {"Minimum": "Maximum", "Maximum": "Minimum"}


def without_bounded(graph: Graph) -> Graph:
    makers = {name: node for node in graph.nodes for name in node.outputs if name}
    nodes = [settled(node, makers, graph.tensors) for node in graph.nodes]
    return replace(graph, nodes=tuple(nodes))


def settled(node: Node, makers: Mapping[str, Node], tensors: Mapping[str, Any]) -> Node:
    """A copy of the bound, for a node that has no other value."""
    for end, inner in (node.inputs, node.inputs[::-1]) if node.op in OTHER and len(node.inputs) == 2 else ():
        below = makers.get(inner)
        if end not in tensors or tensors[end].shape != () or below is None or below.op != OTHER[node.op]:
            continue
        for start in below.inputs:
            if start in tensors and tensors[start].shape == ():
                a, b = tensors[end], tensors[start]
                if a <= b if node.op == "Minimum" else a >= b:
                    return replace(node, op="Identity", inputs=(end,))
    return node

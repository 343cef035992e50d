"""Which tensors of graphs inside nodes are weights? Large ones stand in the outermost graph, and are captured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fanlight.importers.graphs.build import SHORT
from fanlight.importers.graphs.naming import Names
from fanlight.importers.graphs.records import Graph, Node


def lift(node: Node, lifted: dict[str, Any], taken: Names) -> Node:
    """The node whose graphs have their tensors outside, in `lifted`, but for short ones."""

    def without(graph: Graph) -> Graph:
        large = {name: array for name, array in graph.tensors.items() if array.size > SHORT}
        names = {name: taken.take(f"{node.name or node.op}/{name}") for name in large}
        lifted.update({names[name]: array for name, array in large.items()})
        rest = {name: array for name, array in graph.tensors.items() if name not in large}
        nodes = tuple(lift(renamed(each, names), lifted, taken) for each in graph.nodes)
        return replace(graph, nodes=nodes, tensors=rest)

    graphs = {name: without(graph) for name, graph in node.graphs.items()}
    return replace(node, attributes={**node.attributes, **graphs}) if graphs else node


def renamed(node: Node, names: Mapping[str, str]) -> Node:
    """The node that reads other names."""
    graphs = {
        key: replace(graph, nodes=tuple(renamed(each, names) for each in graph.nodes))
        for key, graph in node.graphs.items()
    }
    inputs = tuple(names.get(each, each) for each in node.inputs)
    return replace(node, inputs=inputs, attributes={**node.attributes, **graphs})

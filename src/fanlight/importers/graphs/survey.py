"""What of a graph has Fanlight, and what would it refuse? Every node is tried; one that fails stops none but those
that read what it gives.

In: a `Model` of records. Out: its operators, all refusals, and the network where there are none.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from fanlight.errors import FanlightError
from fanlight.importers.graphs.build import Builder, Built, Format
from fanlight.importers.graphs.records import CONTAINERS, Graph, Model, Node, walk
from fanlight.importers.graphs.table import RULES
from fanlight.layers import Symbol


@dataclass(frozen=True)
class Refusal:
    """What is refused: an operator, an input, an output or the file; the names of its nodes; and why."""

    what: str
    nodes: tuple[str, ...]
    why: str


@dataclass
class Survey:
    """What was found. `graph` is the file's with functions written out, `built` None where something is refused."""

    graph: Graph
    operators: Counter[str]
    refusals: list[Refusal] = field(default_factory=list)
    built: Built | None = None


def survey(model: Model, format: Format, graph: Graph, parameters: frozenset[str] | None = None) -> Survey:
    """Tries every node of a model, whose graph is ready to be traced; `parameters` are tensors that are trained, where
    the file tells that."""
    found = Survey(graph, Counter(node.kind for node in walk(graph)))
    builder = Builder(model, format, graph, {}, {}, {}, parameters)
    refused: dict[tuple[str, str], list[str]] = {}  # (what, why) -> names
    lost: set[str] = set()  # names that what was refused would have given

    def refuse(what: str, name: str, why: str) -> None:
        refused.setdefault((what, why), []).append(name)

    inputs: list[Symbol] = []
    for slot in graph.inputs:
        try:
            inputs.append(builder.input(slot))
        except FanlightError as error:
            refuse("an input", slot.name, reason(error))
            lost.add(slot.name)
    for node in graph.nodes:
        name = node.name or next(iter(node.outputs), "")
        missing = [inner for inner in (node, *inside(node)) if inner.kind not in RULES]
        for inner in missing:
            refuse(inner.kind, inner.name or next(iter(inner.outputs), ""), "no such operator in Fanlight")
        if missing or lost & {*node.reads}:
            lost.update(node.outputs)
            continue
        try:
            builder.add(node)
        except FanlightError as error:
            refuse(node.kind, name, reason(error))
            lost.update(node.outputs)
        except RecursionError:
            refuse(node.kind, name, "its graphs are too deep")
            lost.update(node.outputs)
    for slot in graph.outputs:
        if slot.dtype in CONTAINERS:
            refuse("an output", slot.name, f"expected tensors, got a {slot.dtype}")
    if not refused:
        try:
            found.built = builder.built(inputs)
        except FanlightError as error:
            refuse("the file", "", reason(error))
    found.refusals = [Refusal(what, tuple(names), why) for (what, why), names in refused.items()]
    return found


def inside(node: Node) -> list[Node]:
    """The nodes of the graphs among its attributes."""
    return [inner for graph in node.graphs.values() for inner in walk(graph)]


def reason(error: FanlightError) -> str:
    """Why, without where: that stands beside it."""
    named = (("expected", error.expected), ("got", error.got))
    said = ", ".join(f"{name} {value}" for name, value in named if value is not None)
    return "; ".join(part for part in (said or error.message, error.do) if part)

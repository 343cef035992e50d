"""Does Fanlight have the operators of a graph? Else all that it lacks are named at once."""

from __future__ import annotations

from fanlight.errors import UnsupportedOp
from fanlight.importers.graphs.records import Graph, Model, walk
from fanlight.importers.tensorflow.bounded import without_bounded
from fanlight.importers.tensorflow.frames import without_frames
from fanlight.importers.tensorflow.lists import in_regions
from fanlight.importers.tensorflow.rules import RULES


def arranged(model: Model) -> Graph:
    """The graph of a model, with loops, branches and lists as nodes of their own."""
    return in_regions(without_bounded(without_frames(model.graph)))


def prepared(model: Model) -> Graph:
    """The graph of a model, ready to be traced. Raises UnsupportedOp that names every operator Fanlight lacks."""
    graph = arranged(model)
    missing: dict[str, list[str]] = {}
    for node in walk(graph):
        if node.kind not in RULES:
            missing.setdefault(node.op, []).append(node.name)
    if missing:
        got = ", ".join(f"{op} ({', '.join(names[:3])})" for op, names in missing.items())
        raise UnsupportedOp("TensorFlow graph", expected="operators that Fanlight has", got=got, at=model.at)
    return graph

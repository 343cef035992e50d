"""Does Fanlight have the operators of a file? And what is constant about 8-bit numbers becomes tables.

In: records as they were read. Out: the graph, ready to be traced. A product of 8-bit numbers has its factors, exact to
the bit, a product of floats the scales of its 8-bit weights, an operator that is looked up its 256 results.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fanlight.errors import ModelFormatError, UnsupportedOp
from fanlight.importers.graphs.lifting import lift
from fanlight.importers.graphs.naming import Names
from fanlight.importers.graphs.records import Graph, Model, Node, walk
from fanlight.importers.tflite.rules import RULES
from fanlight.importers.tflite.rules.fixed import BYTES, factor_table, multiplier_of, single
from fanlight.importers.tflite.rules.lookup import results_of
from fanlight.importers.tflite.rules.table import TAKES

PRODUCTS = {"CONV_2D": 0, "DEPTHWISE_CONV_2D": 0, "FULLY_CONNECTED": 0, "TRANSPOSE_CONV": 2}  # where the data are
BIAS = {"TRANSPOSE_CONV": 3}
OPERANDS = 3  # of a product with its bias, unless BIAS says another


def prepared(model: Model) -> Graph:
    """The graph of a model, ready to be traced. Raises UnsupportedOp that names every operator Fanlight lacks."""
    missing: dict[str, list[str]] = {}
    for node in walk(model.graph):
        if node.kind not in RULES:
            missing.setdefault(node.op.replace("CUSTOM:", "custom operator "), []).append(node.name)
    if missing:
        got = ", ".join(f"{op} ({', '.join(names[:3])})" for op, names in missing.items())
        raise UnsupportedOp("TensorFlow Lite file", expected="operators that Fanlight has", got=got, at=model.at)
    graph = with_tables(model.graph)
    tensors = dict(graph.tensors)
    names = Names([*tensors, *(slot.name for slot in graph.inputs)])
    nodes = tuple(lift(node, tensors, names) for node in graph.nodes)
    return replace(graph, nodes=nodes, tensors=tensors)


def with_tables(graph: Graph) -> Graph:
    """The graph, and those inside its nodes, with what is constant about 8-bit numbers."""
    tensors = dict(graph.tensors)
    names = Names([*tensors, *(name for node in graph.nodes for name in node.outputs)])
    nodes = []
    for node in graph.nodes:
        inner = {name: with_tables(each) for name, each in node.graphs.items()}
        nodes.append(tabled(with_attributes(node, **inner) if inner else node, tensors, names))
    return replace(graph, nodes=tuple(nodes), tensors=tensors)


def tabled(node: Node, tensors: dict[str, Any], names: Names) -> Node:
    """The node with what is constant about its 8-bit numbers; long tables become tensors."""
    try:
        return computed(node, tensors, names)
    except (ValueError, OverflowError, TypeError, KeyError, IndexError) as error:
        expected = "scales and options that 8-bit numbers can have"
        raise ModelFormatError(node.label, expected=expected, got=str(error)[:200]) from error


def computed(node: Node, tensors: dict[str, Any], names: Names) -> Node:
    if node.op in PRODUCTS:
        return product(node, tensors, names)
    if TAKES.get(node.op) == "table" and (old := first(node, "given")) and (new := first(node, "made")):
        return with_table(node, results_of(node, old, new), tensors, names)
    return node


def first(node: Node, side: str) -> dict[str, Any] | None:
    said = (node.attributes.get(side) or [None])[0]
    return said if said and said["dtype"] in BYTES and "axis" not in said else None


def product(node: Node, tensors: dict[str, Any], names: Names) -> Node:
    """A product with its factors, or the scales of its weights."""
    given: list[Any] = node.attributes.get("given") or []
    place = PRODUCTS[node.op]
    if len(given) <= max(place, 1) or (kernel := given[1]) is None:
        return node
    data, result = given[place], first(node, "made")
    if data is not None and result is not None and data["dtype"] in BYTES and "axis" not in data:
        factors = factors_of(node, data, kernel, result)
        if len(factors) == 1:
            return with_attributes(node, factors=list(multiplier_of(factors[0])))
        table, shift = factor_table(factors)
        return with_table(with_attributes(node, factors=[shift]), table, tensors, names, kernel["axis"])
    if "axis" in kernel:
        import numpy

        return with_table(node, numpy.array(kernel["scale"], "float32"), tensors, names, kernel["axis"])
    return node


def factors_of(node: Node, data: Any, kernel: Any, result: Any) -> list[float]:
    """By what the sums of products are scaled; with float32 products of scales where the kernels multiply so."""
    if "axis" in kernel:
        return [data["scale"] * each / result["scale"] for each in kernel["scale"]]
    if node.op == "FULLY_CONNECTED" or data["dtype"] == "uint8":
        return [single(data["scale"] * kernel["scale"]) / result["scale"]]
    return [data["scale"] * kernel["scale"] / result["scale"]]


def with_attributes(node: Node, **more: Any) -> Node:
    return replace(node, attributes={**node.attributes, **more})


def with_table(node: Node, array: Any, tensors: dict[str, Any], names: Names, axis: int | None = None) -> Node:
    """The node with one more operand, the last. Scales of channels are in it: the attributes keep their axis alone."""
    name = names.take(f"{node.name}/table")
    tensors[name] = array
    inputs = node.inputs
    if node.op in PRODUCTS:
        inputs = (*inputs, *[""] * (BIAS.get(node.op, OPERANDS - 1) + 1 - len(inputs)))
    given = [
        {"dtype": each["dtype"], "axis": axis} if each and "axis" in each else each
        for each in node.attributes.get("given", ())
    ]
    more = {"given": given, "tables": [name]}
    return replace(node, inputs=(*inputs, name), attributes={**node.attributes, **more})

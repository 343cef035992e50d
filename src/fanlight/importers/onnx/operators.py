"""Which operators does a file use, and are they used as the standard says? Attributes get the standard's defaults.

In: records as they were read. Out: records in which functions are written out, every attribute has its value, and large
tensors stand in the outermost graph. Knows no meaning of an operator but that `Constant` is one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from fanlight.errors import ModelFormatError, UnsupportedOp
from fanlight.importers.graphs.lifting import lift
from fanlight.importers.graphs.naming import Names
from fanlight.importers.graphs.records import Function, Graph, Model, Node, Reference, walk
from fanlight.importers.onnx.read import DEEPEST, MOST_NODES, plain
from fanlight.importers.onnx.rules import RULES

MOST_TABLED = 1 << 24  # numbers of all arrays that are made of attributes


def prepared(model: Model) -> Graph:
    """The graph of a model, ready to be traced. Raises UnsupportedOp that names every operator Fanlight lacks."""
    graph = written_out(model)
    missing: dict[str, list[str]] = {}
    for node in walk(graph):
        if node.kind not in RULES:
            missing.setdefault(node.kind, []).append(node.name or next(iter(node.outputs), ""))
    if missing:
        got = ", ".join(f"{kind} ({', '.join(names[:3])})" for kind, names in missing.items())
        raise UnsupportedOp("ONNX file", expected="operators that Fanlight has", got=got, at=model.at)
    return graph


def written_out(model: Model) -> Graph:
    """The graph of a model without functions, with all attributes; operators may be unknown."""
    check_functions(model)
    graph = Preparing(model).graph(model.graph)
    tensors = dict(graph.tensors)
    names = Names(tensors)
    nodes = tuple(lift(node, tensors, names) for node in graph.nodes)
    return replace(graph, nodes=nodes, tensors=tensors)


def check_functions(model: Model) -> None:
    """Raises ModelFormatError where functions are too deep, or become too many nodes, before any is written out."""
    sizes: dict[str, int] = {}

    def size(nodes: Iterable[Node], depth: int) -> int:
        if depth > DEEPEST:
            raise ModelFormatError("ONNX file", expected=f"functions at most {DEEPEST} deep", got="more", at=model.at)
        total = 0
        for node in nodes:
            function = model.functions.get(node.kind)
            if function is not None and node.kind not in sizes:
                sizes[node.kind] = size(function.nodes, depth + 1)
            total += sizes.get(node.kind, 1)
        return total

    if (total := size(walk(model.graph), 0)) > MOST_NODES:
        raise ModelFormatError("ONNX file", expected=f"at most {MOST_NODES} nodes", got=total, at=model.at)


@dataclass
class Preparing:
    """Goes through one model; counts what functions become."""

    model: Model
    nodes: int = 0
    tabled: int = 0  # numbers of arrays that were made of attributes

    def error(self, expected: object, got: object, node: Node) -> ModelFormatError:
        return ModelFormatError(node.label, expected=expected, got=got, at=self.model.at)

    def graph(self, graph: Graph) -> Graph:
        nodes: list[Node] = []
        tensors = dict(graph.tensors)
        for node in graph.nodes:
            for each in self.inlined(node, self.model.opsets, 0):
                if (
                    each.kind == "Constant"
                    and "value" in each.attributes
                    and hasattr(each.attributes["value"], "shape")
                ):
                    tensors[each.outputs[0]] = each.attributes["value"]
                else:
                    nodes.append(self.with_tables(each, tensors))
        return replace(graph, nodes=tuple(nodes), tensors=tensors)

    def with_tables(self, node: Node, tensors: dict[str, Any]) -> Node:
        found = tabled(node, tensors)
        self.tabled += sum(tensors[name].size for name in found.inputs[len(node.inputs) :])
        if self.tabled > MOST_TABLED:
            raise self.error(f"at most {MOST_TABLED} numbers in tables", "more", node)
        return found

    def inlined(self, node: Node, opsets: Mapping[str, int], depth: int) -> Iterable[Node]:
        """The node with all its attributes, or the nodes of the function that it calls."""
        self.nodes += 1
        if depth > DEEPEST or self.nodes > MOST_NODES:
            raise self.error(f"functions at most {DEEPEST} deep, {MOST_NODES} nodes", "more", node)
        function = self.model.functions.get(node.kind)
        if function is None or node.kind in RULES:
            yield completed(node, opsets, self.model.at, self.graph)
            return
        for inner in body_of(function, node, self.nodes):
            yield from self.inlined(inner, {**opsets, **function.opsets}, depth + 1)


def tabled(node: Node, tensors: dict[str, Any]) -> Node:
    """The node whose long attributes are arrays among `tensors`, and operands."""
    tables = RULES[node.kind].tables if node.kind in RULES else None
    if tables is None:
        return node
    try:
        attributes, arrays = tables(node)
    except (TypeError, ValueError, KeyError, IndexError, AttributeError, OverflowError) as error:
        raise ModelFormatError(node.label, expected="attributes that fit", got=str(error)[:200]) from error
    names = {key: f"{node.name or node.outputs[0]}/{key}" for key in arrays}
    if set(names.values()) & set(tensors):  # another node has that name
        names = {key: f"{node.outputs[0]}/{key}" for key in arrays}
    tensors.update({names[key]: array for key, array in arrays.items()})
    inputs = (*node.inputs, *names.values())
    kept = {**attributes, "tables": list(arrays), "opset": node.attributes["opset"]}
    return replace(node, inputs=inputs, attributes=kept)


def body_of(function: Function, node: Node, number: int) -> Iterable[Node]:
    """The nodes of a function where `node` calls it, under names of their own."""
    names = dict(zip(function.inputs, (*node.inputs, *[""] * len(function.inputs)), strict=False))
    names |= dict(zip(function.outputs, (*node.outputs, *[""] * len(function.outputs)), strict=False))
    given = dict(function.attributes) | dict(node.attributes)

    def name(old: str) -> str:
        return names.setdefault(old, f"{node.name or node.op}/{number}/{old}") if old else ""

    def attribute(value: Any) -> Any:
        if isinstance(value, Reference):
            return given.get(value.name)
        if isinstance(value, Graph):
            own = {each for inner in value.nodes for each in inner.outputs} | {slot.name for slot in value.inputs}
            for each in own | set(value.tensors):
                names.setdefault(each, each)  # what a graph defines keeps its name in it
            slots = tuple(replace(slot, name=name(slot.name)) for slot in value.outputs)
            return replace(value, nodes=tuple(map(renamed, value.nodes)), outputs=slots)
        return value

    def renamed(inner: Node) -> Node:
        attributes = {key: found for key, each in inner.attributes.items() if (found := attribute(each)) is not None}
        inputs, outputs = tuple(map(name, inner.inputs)), tuple(map(name, inner.outputs))
        return replace(inner, name=name(inner.name), inputs=inputs, outputs=outputs, attributes=attributes)

    return map(renamed, function.nodes)


def completed(node: Node, opsets: Mapping[str, int], at: str, graph: Any) -> Node:
    """The node with the standard's defaults; raises ModelFormatError where it is used as the standard forbids."""
    attributes = {key: graph(each) if isinstance(each, Graph) else each for key, each in node.attributes.items()}
    if any(isinstance(each, Reference) for each in attributes.values()):
        raise ModelFormatError(node.label, expected="references to attributes in functions alone", got="one", at=at)
    if not node.outputs:
        raise ModelFormatError(node.label, expected="at least 1 output", got="none", at=at)
    version = opsets.get(node.domain)
    if version is None:
        got = f"domain {node.domain!r} without a version"
        raise ModelFormatError(node.label, expected="versions of the operators", got=got, at=at)
    schema = schema_of(node, version)
    if schema is not None:
        attributes = checked(node, attributes, schema, at) | {"types": variables(node, schema)}
    return replace(node, attributes={**attributes, "opset": version})


def schema_of(node: Node, version: int) -> Any:
    """The standard's description of an operator; None outside the standard."""
    from onnx import defs

    try:
        return defs.get_schema(node.op, version, node.domain)
    except defs.SchemaError:
        return None


def checked(node: Node, attributes: Mapping[str, Any], schema: Any, at: str) -> dict[str, Any]:
    """Attributes of the right kinds, with defaults; so many inputs and outputs as may be."""

    def fail(expected: object, got: object) -> ModelFormatError:
        return ModelFormatError(node.label, expected=expected, got=got, at=at)

    for what, names, low, high in (
        ("inputs", node.inputs, schema.min_input, schema.max_input),
        ("outputs", node.outputs, schema.min_output, schema.max_output),
    ):
        if not low <= len(names) <= high:
            raise fail(f"{low} to {high} {what}" if low != high else f"{low} {what}", len(names))
    needed = [k for k, each in enumerate(schema.inputs) if each.option == each.option.Single]
    if any(k < len(node.inputs) and not node.inputs[k] for k in needed):
        raise fail("every input that is not optional", node.inputs)
    if unknown := sorted(set(attributes) - set(schema.attributes)):
        raise fail(f"attributes among {sorted(schema.attributes)}", unknown)
    found = {}
    for name, said in schema.attributes.items():
        if name in attributes:
            kinds = KINDS.get(said.type.name)
            if kinds is not None and not fits(attributes[name], *kinds):
                raise fail(f"attribute {name!r} of kind {said.type.name}", repr(attributes[name])[:80])
            found[name] = attributes[name]
        elif said.required:
            raise fail(f"attribute {name!r}", "none")
        elif said.default_value.type:
            found[name] = default_of(said.default_value)
    return found


def variables(node: Node, schema: Any) -> list[str]:
    """For each input the variable that stands for its dtype, such as `T`; empty where it may be any."""
    found = []
    for k in range(len(node.inputs)):
        said = schema.inputs[min(k, len(schema.inputs) - 1)]
        is_free = k >= len(schema.inputs) - 1 and said.option.name == "Variadic" and not said.is_homogeneous
        found.append("" if is_free else said.type_str)
    return found


KINDS: dict[str, tuple[Any, bool]] = {  # the Python type of an attribute, and whether it is a list
    **{"FLOAT": ((int, float), False), "INT": (int, False), "STRING": (str, False), "GRAPH": (Graph, False)},
    **{"FLOATS": ((int, float), True), "INTS": (int, True), "STRINGS": (str, True)},
}


def fits(value: Any, kind: Any, several: bool) -> bool:
    return isinstance(value, list) and all(isinstance(x, kind) for x in value) if several else isinstance(value, kind)


def default_of(proto: Any) -> Any:
    from onnx.helper import get_attribute_value

    value = get_attribute_value(proto)
    if isinstance(value, bytes | int | float):
        return plain(value)
    return list(map(plain, value))

"""What is in the lookup tables of a graph? Keys and values, as the nodes that fill a table say.

In: the outermost nodes, functions. Out: for each node that makes a table two arrays. Knows no rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from fanlight.errors import ModelFormatError, UnsupportedOp
from fanlight.importers.tensorflow.library import Library, Raw, canonical
from fanlight.importers.tensorflow.values import Bounds, split

MAKERS = ("HashTable", "HashTableV2", "MutableHashTable", "MutableHashTableV2")
FILLERS = ("InitializeTable", "InitializeTableV2", "LookupTableImport", "LookupTableImportV2")
READERS = ("LookupTableFind", "LookupTableFindV2", "LookupTableSize", "LookupTableSizeV2")

Contents = dict[str, tuple[Any, Any]]


def contents(raws: Iterable[Raw], library: Library, bounds: Bounds) -> Contents:
    """Keys and values by the name of the node that makes a table."""
    nodes = {raw.name: raw for raw in raws}
    if not any(raw.op in MAKERS for raw in nodes.values()):
        return {}
    waiting = list(nodes.values())
    for raw in waiting:  # grows while it is walked
        called = library.called(raw)
        if called is None or not fills(called[0], library, set()):
            continue
        body = library.body(
            called[0], raw.inputs, lambda local, raw=raw: f"{raw.name}/{local}", raw.depth + 1, called[1]
        )
        waiting += body.nodes
        nodes |= {each.name: each for each in body.nodes}
    found: Contents = {}
    for raw in nodes.values():
        if raw.op in FILLERS and len(raw.inputs) == 3:
            maker = held(raw.inputs[0], nodes)
            if maker is not None and maker.op in MAKERS:
                keys, values = (array(each, nodes, bounds, raw) for each in raw.inputs[1:])
                if keys.ndim != 1 or len(values) != len(keys):
                    raise bounds.error("a value for each key", f"{values.shape} for {keys.shape}", raw.name)
                found[maker.name] = keys, values
    return found


def tensors_of(raw: Raw) -> list[str]:
    """What a node reads; a table is no tensor."""
    return raw.inputs[1:] if raw.op in READERS else raw.inputs


def said_of(raw: Raw, end: Callable[[str], str], tables: Contents, bounds: Bounds) -> dict[str, Any]:
    """What is in the table that a node reads, as attributes of it; none for other nodes."""
    if raw.op not in READERS:
        return {}
    maker = split(end(raw.inputs[0]))[0] if raw.inputs else raw.name
    if maker not in tables:
        do = "export the model as a SavedModel: a frozen graph loses what fills its tables"
        got = f"none of {maker!r}"
        raise ModelFormatError("TensorFlow file", expected="what its tables hold", got=got, at=bounds.at, do=do)
    return dict(zip(("keys", "values"), tables[maker], strict=True))


def fills(function: Any, library: Library, seen: set[str]) -> bool:
    """Does a function, or one that it calls, fill a table?"""
    seen.add(function.signature.name)
    for node in function.node_def:
        if node.op in FILLERS:
            return True
        names = [node.attr["f"].func.name] if "f" in node.attr else [node.op]
        for name in names:
            if name in library.functions and name not in seen and fills(library.functions[name], library, seen):
                return True
    return False


def held(tensor: str, nodes: Mapping[str, Raw]) -> Raw | None:
    """The node behind copies."""
    for _ in nodes:
        raw = nodes.get(split(tensor)[0])
        if raw is None or raw.op != "Identity" or not raw.inputs:
            return raw
        tensor = canonical(raw.inputs[0])
    return None


def array(tensor: str, nodes: Mapping[str, Raw], bounds: Bounds, raw: Raw) -> Any:
    constant = held(tensor, nodes)
    if constant is None or constant.op != "Const" or "value" not in constant.attr:
        got = f"{tensor!r}, which is none"
        raise UnsupportedOp(f"table {raw.name!r}", expected="constants in tables", got=got, at=bounds.at)
    found = bounds.tensor(constant.attr["value"].tensor, constant.name)
    if found.dtype == object:
        do = "look texts up before the model, and give it their numbers"
        raise UnsupportedOp(f"table {raw.name!r}", expected="numbers in tables", got="texts", at=bounds.at, do=do)
    return found

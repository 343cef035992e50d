"""Which graph is in a SavedModel? The one to serve, by one of its signatures, with the values of its variables.

In: a folder. Out: a `Source`, and which weights were trained. A variable's array is the one that the graph itself would
restore into it; its name is the one it had in Python.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fanlight.errors import UnknownNameError, UnsupportedOp
from fanlight.importers.files import whole_file
from fanlight.importers.graphs.records import Slot
from fanlight.importers.tensorflow.checkpoint import Checkpoint, read_checkpoint
from fanlight.importers.tensorflow.library import Library, Raw, canonical
from fanlight.importers.tensorflow.read import VARIABLES, Source
from fanlight.importers.tensorflow.schema import parsed
from fanlight.importers.tensorflow.tfjs import slot_of
from fanlight.importers.tensorflow.values import Bounds, split

FILE, SERVED, DEFAULT = "saved_model.pb", "serve", "serving_default"
INITIAL = ("__saved_model_init_op", "__saved_model_train_op")  # signatures that are no functions of a model
VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"  # what keys of variables end with
ASSIGNMENTS = ("AssignVariableOp", "Assign")


@dataclass
class Variables:
    """The variables of one graph: the key in the checkpoint of each handle, and what Python called it."""

    checkpoint: Path
    bounds: Bounds
    keys: Mapping[str, str]
    said: Mapping[str, tuple[str, bool]]  # by key: the name, and whether it is trained
    trained: set[str] = field(default_factory=set)  # of those that were read
    names: dict[str, str] = field(default_factory=dict)
    opened: Checkpoint | None = None

    def read(self, handle: str) -> tuple[str, Any] | None:
        """The name and the array of a variable; None for one that the graph does not restore."""
        key = self.keys.get(handle)
        if key is None:
            return None
        self.opened = self.opened or read_checkpoint(self.checkpoint, self.bounds)
        name, is_trained = self.said.get(key, (handle, not self.said))
        if self.names.setdefault(name or handle, handle) != handle:
            name = handle
        if is_trained:
            self.trained.add(name or handle)
        return name or handle, self.opened.array(key)


def read_saved_model(folder: Path, signature: str | None = None) -> tuple[Source, Variables]:
    """The graph of a folder. Raises UnknownNameError for a signature that it lacks, or where one is to be chosen."""
    path = folder / FILE
    bounds = Bounds(str(folder))
    data = whole_file(path, "SavedModel", f"a SavedModel's {FILE}")
    meta = served(parsed("SavedModel", data, str(path)), bounds)
    chosen = meta.signature_def[chosen_signature(meta, signature, bounds)]
    inputs, outputs = (slots(side, bounds) for side in (chosen.inputs, chosen.outputs))
    variables = Variables(folder / "variables" / "variables", bounds, restored(meta, bounds), described(meta, bounds))
    return Source(meta.graph_def, bounds, inputs, outputs, variables.read), variables


def signatures_of(folder: Path) -> dict[str, dict[str, list[Slot]]]:
    """The inputs and outputs of every signature. Raises UnsupportedOp for a folder without any."""
    bounds = Bounds(str(folder))
    data = whole_file(folder / FILE, "SavedModel", f"a SavedModel's {FILE}")
    meta = served(parsed("SavedModel", data, str(folder / FILE)), bounds)
    names = sorted(name for name in meta.signature_def if name not in INITIAL)
    chosen_signature(meta, names[0] if names else None, bounds)
    return {
        name: {
            side: [
                replace(slot, name=key) for key, slot in slots(getattr(meta.signature_def[name], side), bounds).items()
            ]
            for side in ("inputs", "outputs")
        }
        for name in names
    }


def served(model: Any, bounds: Bounds) -> Any:
    """The graph that is made to be served."""
    found = [each for each in model.meta_graphs if SERVED in each.meta_info_def.tags]
    if not found and len(model.meta_graphs) == 1:
        found = list(model.meta_graphs)
    if len(found) != 1 or not found[0].HasField("graph_def"):
        tags = [sorted(each.meta_info_def.tags) for each in model.meta_graphs]
        raise bounds.error(f"one graph with the tag {SERVED!r}", tags)
    return found[0]


def chosen_signature(meta: Any, wanted: str | None, bounds: Bounds) -> str:
    names = sorted(name for name in meta.signature_def if name not in INITIAL)
    if not names:
        do = "save it with signatures, or freeze its graph into a .pb file"
        raise UnsupportedOp("SavedModel", expected="a signature", got="none", at=bounds.at, do=do)
    name = wanted or (names[0] if len(names) == 1 else DEFAULT)
    if name not in names:
        got = repr(wanted) if wanted else f"{len(names)} of them"
        do = f'choose one: fl.load(path, signature="{names[0]}")'
        raise UnknownNameError("signature", expected=f"one of {', '.join(names)}", got=got, at=bounds.at, do=do)
    return name


def slots(side: Any, bounds: Bounds) -> dict[str, Slot]:
    """Inputs or outputs by name, `input_2` before `input_10`: the file has no order."""
    names = sorted(side, key=lambda name: [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)])
    return {name: slot_of(side[name], bounds, name) for name in names}


def restored(meta: Any, bounds: Bounds) -> dict[str, str]:
    """For each variable the key of the array that the graph restores into it: by what is assigned to it, traced back to
    a RestoreV2."""
    library = Library(meta.graph_def, bounds)
    raws = library.raws(meta.graph_def.node)
    nodes = {raw.name: raw for raw in raws}
    operation = nodes.get(split(meta.saver_def.restore_op_name)[0])
    called = library.called(operation) if operation else None
    if operation and called:
        raws = library.body(called[0], operation.inputs, lambda local: f"{operation.name}/{local}", 1, called[1]).nodes
        nodes |= {raw.name: raw for raw in raws}
    found: dict[str, str] = {}
    keys: dict[str, list[str]] = {}
    for raw in raws:
        if raw.op not in ASSIGNMENTS or len(raw.inputs) < 2:
            continue
        handle, value = (origin(each, nodes) for each in raw.inputs[:2])
        source = nodes.get(split(value)[0])
        if source is None or source.op != "RestoreV2" or len(source.inputs) < 3:
            continue
        if source.name not in keys:
            keys[source.name] = names_of(source, nodes, bounds)
        if (variable := nodes.get(split(handle)[0])) and variable.op in VARIABLES:
            position = split(value)[1]
            if position >= len(keys[source.name]):
                raise bounds.error(f"an array below {len(keys[source.name])}", position, source.name)
            found[variable.name] = keys[source.name][position]
    return found | copied(nodes.values(), nodes, found)


def copied(raws: Iterable[Raw], nodes: Mapping[str, Raw], found: Mapping[str, str]) -> dict[str, str]:
    """The keys of variables that others begin with, and are restored in their place: such copies Keras 3 makes."""
    more = {}
    for raw in raws:
        if raw.op not in ASSIGNMENTS or len(raw.inputs) < 2 or raw.inputs[0] not in found:
            continue
        read = nodes.get(split(origin(raw.inputs[1], nodes))[0])
        variable = nodes.get(split(read.inputs[0])[0]) if read and read.op == "ReadVariableOp" else None
        if variable and variable.op in VARIABLES and variable.name not in found:
            more[variable.name] = found[raw.inputs[0]]
    return more


def origin(tensor: str, nodes: Mapping[str, Raw]) -> str:
    """The tensor that copies are of."""
    for _ in nodes:
        raw = nodes.get(split(tensor)[0])
        if raw is None or raw.op != "Identity" or not raw.inputs:
            break
        tensor = canonical(raw.inputs[0])
    return tensor


def names_of(restore: Raw, nodes: Mapping[str, Raw], bounds: Bounds) -> list[str]:
    """The keys of the arrays that a RestoreV2 reads; one that it reads in slices is refused."""
    lists = []
    for each in restore.inputs[1:3]:
        raw = nodes.get(split(origin(each, nodes))[0])
        if raw is None or raw.op != "Const" or "value" not in raw.attr:
            raise bounds.error("constants as names of arrays", repr(each), restore.name)
        lists.append([str(text) for text in bounds.tensor(raw.attr["value"].tensor, raw.name).ravel()])
    if any(lists[1]):
        got = f"slices of {lists[0][0]}"
        raise UnsupportedOp("SavedModel", expected="variables that are whole", got=got, at=bounds.at)
    return lists[0]


def described(meta: Any, bounds: Bounds) -> dict[str, tuple[str, bool]]:
    """By key what a variable is called and whether it is trained, as the objects that were saved say; of TensorFlow 1
    its lists of variables do."""
    objects = meta.object_graph_def.nodes
    found: dict[str, tuple[str, bool]] = {}
    waiting, seen = ([(0, "")] if len(objects) else []), {0}
    for number, path in waiting:  # grows while it is walked
        for child in objects[number].children:
            if not 0 <= child.node_id < len(objects):
                raise bounds.error(f"an object below {len(objects)}", child.node_id)
            name = child.local_name.replace(".", "..").replace("/", ".S")  # as keys have names
            below = f"{path}/{name}" if path else name
            each = objects[child.node_id]
            if each.HasField("variable"):
                found[below + VALUE] = each.variable.name, each.variable.trainable
            if child.node_id not in seen:
                seen.add(child.node_id)
                waiting.append((child.node_id, below))
    lists = {name: variable_names(meta, name) for name in ("variables", "trainable_variables")}
    return found or {name: (name, name in lists["trainable_variables"]) for name in lists["variables"]}


def variable_names(meta: Any, collection: str) -> list[str]:
    """The variables of one of TensorFlow 1's lists."""
    if collection not in meta.collection_def:
        return []
    data = meta.collection_def[collection].bytes_list.value
    return [split(parsed("VariableDef", each, collection).variable_name)[0] for each in data]

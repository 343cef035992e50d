"""Which nodes make the outputs of a GraphDef? Records in the order in which they run, and nothing that is not read.

In: a message, values of variables and constants that lie elsewhere, the names of inputs and outputs. Out: a `Model`;
what calls of a file's own functions stand for is written out. Knows of operators only those that hold or pass data.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from fanlight.errors import ModelFormatError, UnknownNameError
from fanlight.importers.graphs.records import Graph, Model, Node, Slot
from fanlight.importers.tensorflow.frames import EXIT, MERGE, NEXT
from fanlight.importers.tensorflow.library import Library, Raw, canonical, functions_of, is_resource
from fanlight.importers.tensorflow.sides import with_sides
from fanlight.importers.tensorflow.tables import Contents, contents, said_of, tensors_of
from fanlight.importers.tensorflow.values import Bounds, joined, split

DOMAIN = "tf"
MOST_OUTPUTS = 10_000  # of one node
LARGEST_INSIDE = 4096  # numbers of a constant in a loop or branch; larger ones stand outside
INPUTS = ("Placeholder", "PlaceholderV2")
VARIABLES = ("VarHandleOp", "VariableV2", "Variable")
PASSING = ("Identity", "ReadVariableOp", "StopGradient", "PlaceholderWithDefault")
# Nobody reads them, and yet no model ends there.
IDLE = ("NoOp", "Assert", "Print", "SaveV2", "Assign", "AssignVariableOp", "Const", *INPUTS, *VARIABLES)
LOOPS, BRANCHES = ("While", "StatelessWhile"), ("If", "StatelessIf", "Case", "StatelessCase")


Cut = Mapping[str, Any] | Sequence[str] | None


@dataclass
class Source:
    """A graph, and what lies outside of it: `variable` gives for the node of a variable the name and array of a weight,
    `constant` for a Const node its array; None where they have none. `inputs` and `outputs` are a signature's: by name,
    each the tensor that it is in the graph, with dtype and shape where they are known."""

    graph: Any
    bounds: Bounds
    inputs: Mapping[str, Slot] = field(default_factory=dict)
    outputs: Mapping[str, Slot] = field(default_factory=dict)
    variable: Callable[[str], tuple[str, Any] | None] = lambda name: None
    constant: Callable[[str], Any] = lambda name: None
    producer: str = "TensorFlow"


def read(source: Source, cut: Cut = None) -> Model:
    """The model of a graph. Without a signature its placeholders are inputs, and what nobody reads are outputs. `cut`
    are names of outputs to have instead: of the signature, or of any tensors; names in a mapping cut only where one of
    them is no output of the graph."""
    library = Library(source.graph, source.bounds)
    reader = Reader(source, library)
    raws = with_sides(library.raws(source.graph.node))
    reader.tables = contents(raws, library, source.bounds)
    reader.add(raws)
    reader.check()
    graph = reader.graph("", source.inputs, wanted(reader, source, cut))
    return Model(source.bounds.at, graph, {DOMAIN: source.graph.versions.producer}, producer=source.producer)


def wanted(reader: Reader, source: Source, cut: Cut) -> dict[str, Slot]:
    """What the model gives, by name."""
    if cut is not None and not (isinstance(cut, Mapping) and set(cut) <= set(source.outputs or reader.last())):
        if not cut or len(set(cut)) != len(cut):
            raise UnknownNameError("outputs", expected="different names, one at least", got=list(cut))
        return {name.removesuffix(":0"): source.outputs.get(name) or reader.found(name) for name in cut}
    if source.outputs:
        taken = {*source.inputs, *source.outputs}
        return {f"{name}_output" if name in source.inputs and f"{name}_output" not in taken else name: slot
                for name, slot in source.outputs.items()}  # fmt: skip
    if not (found := reader.last()):
        raise source.bounds.error("nodes that make something of inputs", "none")
    return {name: Slot(name) for name in found}


@dataclass
class Reader:
    """Reads one graph: a file's, or a function's that a loop or branch runs. `outer` is the reader around it."""

    source: Source
    library: Library
    outer: Reader | None = None
    nodes: dict[str, Raw] = field(default_factory=dict)
    calls: dict[str, list[str]] = field(default_factory=dict)  # what the outputs of calls are
    ends: dict[str, str] = field(default_factory=dict)  # the tensor that a tensor is
    names: dict[str, str] = field(default_factory=dict)  # of tensors, in the records
    taken: set[str] = field(default_factory=set)
    captured: set[str] = field(default_factory=set)  # tensors of the reader around it
    slots: dict[str, Slot] = field(default_factory=dict)  # inputs, by tensor
    tensors: dict[str, Any] = field(default_factory=dict)
    tables: Contents = field(default_factory=dict)  # of the whole graph, by the nodes that make them

    @property
    def bounds(self) -> Bounds:
        return self.source.bounds

    @property
    def root(self) -> Reader:
        return self if self.outer is None else self.outer.root

    def add(self, raws: Iterable[Raw]) -> None:
        for raw in raws:
            if not raw.name or raw.name in self.nodes:
                raise self.bounds.error("a name of its own for each node", repr(raw.name))
            self.nodes[raw.name] = raw

    def check(self) -> None:
        """Raises ModelFormatError for names that nothing defines, and for cycles but those of loops."""
        readers: dict[str, list[str]] = {name: [] for name in self.nodes}
        missing: dict[str, int] = {}
        for raw in self.nodes.values():
            sources = {self.node(each).name for each in raw.inputs}
            sources = {each for each in sources if not (raw.op in MERGE and self.is_next(each))}
            missing[raw.name] = len(sources)
            for each in sources:
                readers[each].append(raw.name)
        ready = [name for name, count in missing.items() if not count]
        for name in ready:  # grows while it is walked
            for reader in readers[name]:
                missing[reader] -= 1
                if not missing[reader]:
                    ready.append(reader)
        if len(ready) < len(self.nodes):
            name = next(name for name, count in missing.items() if count)
            raise self.bounds.error("nodes without cycles", f"one before {name!r}")

    def node(self, tensor: str) -> Raw:
        found = self.nodes.get(split(tensor)[0])
        if found is None:
            raise self.bounds.error("names that the graph defines", repr(tensor))
        return found

    # Which tensor is meant

    def end(self, tensor: str) -> str:
        """The tensor itself behind calls, and behind reads of variables and copies of constants."""
        path: list[str] = []
        tensor = canonical(tensor)
        while tensor not in self.ends:
            if tensor in path[-1:] or len(path) > len(self.nodes) + len(self.calls):
                raise self.bounds.error("nodes without cycles", f"one through {tensor!r}")
            path.append(tensor)
            following = self.following(tensor)
            if following is None:
                break
            tensor = following
        end = self.ends.get(tensor, tensor)
        is_held = self.is_held(end)
        for each in reversed(path):
            if not is_held and each not in self.slots and self.node(each).op in PASSING:
                end = each
            self.ends[each] = end
        return end

    def following(self, tensor: str) -> str | None:
        """The tensor that a call or copy gives; None for what a node makes."""
        if tensor in self.slots or tensor in self.captured:
            return None
        raw, output = self.node(tensor), split(tensor)[1]
        if (results := self.results(raw)) is not None:
            if output >= len(results):
                raise self.bounds.error(f"an output of {raw.name!r} below {len(results)}", output)
            return results[output]
        if raw.op in INPUTS:
            self.slots[tensor] = self.placeholder(raw)
        return canonical(raw.inputs[0]) if raw.op in PASSING and raw.inputs and not output else None

    def results(self, raw: Raw) -> list[str] | None:
        """The tensors that a call gives, its nodes being added; None for other nodes."""
        if raw.name not in self.calls:
            called = self.library.called(raw)
            if called is None:
                return None
            given: set[str] = set()

            def free(local: str) -> str:
                name = local
                while name in self.nodes or name in given:
                    name = f"{raw.name}/{name}"
                given.add(name)
                return name

            body = self.library.body(called[0], raw.inputs, free, raw.depth + 1, called[1])
            self.add(body.nodes)
            self.calls[raw.name] = [canonical(each) for each in body.results]
        return self.calls[raw.name]

    def is_held(self, tensor: str) -> bool:
        """Whether a tensor is data of the file: a constant, a variable, or one of those outside a loop."""
        if tensor in self.slots:
            return False
        return tensor in self.captured or self.node(tensor).op in ("Const", *VARIABLES)

    def placeholder(self, raw: Raw) -> Slot:
        said = {key: self.bounds.attribute(raw.attr[key], raw.name) for key in ("dtype", "shape") if key in raw.attr}
        return Slot(raw.name, said.get("dtype"), said.get("shape"))

    def found(self, name: str) -> Slot:
        """The tensor of a name that somebody gave, in a function that is called too."""
        wanted = split(name)[0]
        if wanted not in self.nodes:  # perhaps in a function
            ends = [slot.name for slot in self.source.outputs.values()] or self.last()
            self.order([self.end(each) for each in ends])
        if wanted not in self.nodes:
            close = difflib.get_close_matches(wanted, self.nodes, 4, 0.3) or sorted(self.nodes)[:4]
            do = f"close to it are {', '.join(map(repr, close))}"
            expected = "names of tensors of the graph"
            raise UnknownNameError("outputs", expected=expected, got=repr(name), at=self.bounds.at, do=do)
        return Slot(canonical(name))

    def last(self) -> list[str]:
        """The nodes that depend on an input and that nobody reads or waits for, in the file's order. What a loop leaves
        behind counts only where nothing else does."""
        read = {split(each)[0] for raw in self.nodes.values() for each in (*raw.inputs, *raw.after)}
        readers: dict[str, list[str]] = {}
        for raw in self.nodes.values():
            for each in raw.inputs:
                readers.setdefault(split(each)[0], []).append(raw.name)
        reached = {raw.name for raw in self.nodes.values() if raw.op in INPUTS}
        waiting = list(reached)
        while waiting:
            more = set(readers.get(waiting.pop(), ())) - reached
            reached |= more
            waiting += more
        found = [raw for raw in self.nodes.values()
                 if raw.name in reached and raw.name not in read and raw.op not in IDLE]  # fmt: skip
        return [raw.name for raw in found if raw.op not in EXIT] or [raw.name for raw in found]

    # Records

    def graph(self, name: str, inputs: Mapping[str, Slot], outputs: Mapping[str, Slot]) -> Graph:
        """The records of what makes these outputs of these inputs."""
        for key, slot in inputs.items():
            tensor = canonical(slot.name)
            known = self.placeholder(raw) if (raw := self.nodes.get(tensor)) and raw.op in INPUTS else slot
            shape = known.shape if slot.shape is None else slot.shape
            self.slots[tensor] = Slot(tensor, slot.dtype or known.dtype, shape)
            self.names[tensor] = key
        self.taken |= {*inputs, *outputs}
        if len(self.names) < len(inputs) + len(self.captured) or inputs.keys() & outputs.keys():
            got = sorted({*inputs, *outputs})[:8]
            raise self.bounds.error("a tensor and a name of its own for each input and output", got)
        ends = {key: self.end(slot.name) for key, slot in outputs.items()}
        order, read = self.order(list(ends.values()))
        copies: list[Node] = []
        for key, tensor in ends.items():
            if tensor in self.names or tensor in self.slots or self.is_held(tensor):
                copies.append(Node("Identity", DOMAIN, key, (self.name(tensor),), (key,)))
            else:
                self.names[tensor] = key
        nodes = [self.record(self.nodes[each], read[each]) for each in order]
        starts = [replace(slot, name=self.name(tensor)) for tensor, slot in self.slots.items() if tensor in read]
        finals = [Slot(key, slot.dtype, slot.shape) for key, slot in outputs.items()]
        return Graph(name, (*nodes, *copies), tuple(starts), tuple(finals), self.tensors)

    def name(self, tensor: str) -> str:
        """What records call a tensor: what the signature does, or the graph."""
        if tensor not in self.names:
            array = None
            name = tensor
            if self.is_held(tensor):
                name, array = self.held(self.node(tensor))
            while name in self.taken:
                name += "_"
            self.names[tensor] = name
            self.taken.add(name)
            if array is not None:
                is_inside = self.outer is not None and array.size <= LARGEST_INSIDE
                (self if is_inside else self.root).tensors[name] = array
        return self.names[tensor]

    def held(self, raw: Raw) -> tuple[str, Any]:
        """The name and the array of a constant or variable."""
        if raw.op != "Const":
            if (found := self.source.variable(raw.name)) is None:
                do = "save it with its variables, as a SavedModel, or freeze it"
                raise ModelFormatError("TensorFlow file", expected="the values of its variables",
                                       got=f"none of {raw.name!r}", at=self.bounds.at, do=do)  # fmt: skip
            return found
        if (array := self.source.constant(raw.local)) is None:
            if "value" not in raw.attr or raw.attr["value"].WhichOneof("value") != "tensor":
                raise self.bounds.error("a tensor", "none", f"constant {raw.name!r}")
            array = self.bounds.tensor(raw.attr["value"].tensor, f"constant {raw.name!r}")
        return raw.name, array

    def order(self, ends: list[str]) -> tuple[list[str], dict[str, set[int]]]:
        """Nodes, each after what it reads, and for each the outputs that are read. Raises ModelFormatError for a cycle;
        that of a loop closes from NextIteration to Merge."""
        found: list[str] = []
        read: dict[str, set[int]] = {}
        is_done: dict[str, bool] = {}
        later = list(ends)
        while later:
            waiting = [(later.pop(0), False)]
            while waiting:
                tensor, is_left = waiting.pop()
                name, output = split(tensor)
                if output >= MOST_OUTPUTS:
                    raise self.bounds.error(f"at most {MOST_OUTPUTS} outputs", output, repr(name))
                if is_left:
                    is_done[name] = True
                    found.append(name)
                    continue
                if tensor in self.slots or self.is_held(tensor):
                    read.setdefault(tensor, set()).add(0)
                    continue
                read.setdefault(name, set()).add(output)
                if name in is_done:
                    if not is_done[name]:
                        raise self.bounds.error("nodes without cycles", f"one through {name!r}")
                    continue
                is_done[name] = False
                waiting.append((tensor, True))
                raw = self.nodes[name]
                for each in reversed([self.end(each) for each in tensors_of(raw)]):
                    if raw.op in MERGE and self.is_next(each):
                        later.append(each)
                    else:
                        waiting.append((each, False))
        return found, read

    def is_next(self, tensor: str) -> bool:
        raw = None if tensor in self.slots else self.nodes.get(split(tensor)[0])
        return raw is not None and raw.op in NEXT

    def record(self, raw: Raw, read: set[int]) -> Node:
        """The record of a node."""
        ends = [self.end(each) for each in tensors_of(raw)]
        outputs = [self.name(joined(raw.name, k)) if k in read else "" for k in range(max(read) + 1)]
        attributes: dict[str, Any] = said_of(raw, self.end, self.root.tables, self.bounds)
        graphs: dict[str, list[Any]] = {}
        for key in sorted(raw.attr):
            value = raw.attr[key]
            if value.WhichOneof("value") == "placeholder" and value.placeholder in raw.scope:
                value = raw.scope[value.placeholder]
            if key.startswith("_") or value.WhichOneof("value") is None:
                continue
            attributes[key] = self.bounds.attribute(value, f"{raw.op} {raw.name!r}, {key}")
            if raw.op in LOOPS + BRANCHES and (functions := functions_of(value)):
                graphs[key] = functions
        inputs = [self.name(each) for each in ends]
        if graphs:
            inputs, outputs = self.controlled(raw, ends, outputs, attributes, graphs)
        op = "Identity" if raw.op == "PlaceholderWithDefault" else raw.op
        return Node(op, DOMAIN, raw.name, tuple(inputs), tuple(outputs), attributes)

    def controlled(
        self, raw: Raw, ends: list[str], outputs: list[str], attributes: dict[str, Any], graphs: Mapping[str, list[Any]]
    ) -> tuple[list[str], list[str]]:
        """Inputs and outputs of a loop or branch, and its functions as graphs among the attributes. A variable is no
        input: the graphs read the weight from outside."""
        first, held = (0 if raw.op in LOOPS else 1), set[int]()
        for key, references in graphs.items():
            made = []
            for number, reference in enumerate(references):
                function = self.library.named(reference.name, raw.name)
                held |= {first + k for k, each in enumerate(function.signature.input_arg) if is_resource(each)}
                prefix = f"{raw.name}/{key}" + (f"/{number}" if len(references) > 1 else "")
                drop = held if key == "body" else set()
                made.append(self.inner(raw, function, reference.attr, ends[first:], prefix, drop))
            if isinstance(attributes.pop(key), list):
                attributes.update({f"{key}/{number}": graph for number, graph in enumerate(made)})
            else:
                attributes[key] = made[0]
        kept = [self.name(each) for k, each in enumerate(ends) if k not in held]
        return kept, [each for k, each in enumerate(outputs) if k not in held or raw.op not in LOOPS]

    def inner(self, raw: Raw, function: Any, scope: Any, given: list[str], prefix: str, drop: set[int]) -> Graph:
        """The graph of a function that takes these tensors, without its outputs at `drop`."""
        arguments = function.signature.input_arg
        if len(arguments) != len(given):
            raise self.bounds.error(f"{len(arguments)} arguments", len(given), f"{raw.op} {raw.name!r}")
        reader = Reader(self.source, self.library, self)
        inputs: dict[str, Slot] = {}
        tensors: list[str] = []
        for argument, tensor in zip(arguments, given, strict=True):
            if is_resource(argument) and self.is_held(tensor):
                reader.names[tensor] = self.name(tensor)
                reader.captured.add(tensor)
                reader.taken.add(reader.names[tensor])
                tensors.append(tensor)
            else:
                name = f"{prefix}/{argument.name}"
                tensors.append(name)
                inputs[name] = Slot(name, self.bounds.plain("type", argument.type, name))
        reader.slots = {name: slot for name, slot in inputs.items()}
        body = self.library.body(function, tensors, lambda local: f"{prefix}/{local}", raw.depth + 1, scope)
        reader.add(body.nodes)
        outputs = [each for k, each in enumerate(body.results) if k not in drop]
        graph = reader.graph(function.signature.name, inputs, {f"{prefix}/{k}": Slot(t) for k, t in enumerate(outputs)})
        return replace(graph, inputs=tuple(inputs.values()))

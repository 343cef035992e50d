"""What should one know of an ONNX file before it is converted? Its operators, weights and work, and what is refused.

In: a path. Out: facts as JSON has them, and the same as lines and tables. Compiles nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from fanlight.errors import CompileError
from fanlight.importers.graphs.records import Graph as Records
from fanlight.importers.graphs.records import Slot
from fanlight.importers.graphs.survey import Survey, survey
from fanlight.importers.graphs.table import RULES
from fanlight.importers.onnx.build import ONNX
from fanlight.importers.onnx.layer import ONNXNode
from fanlight.importers.onnx.operators import written_out
from fanlight.importers.onnx.read import read_file
from fanlight.inspection import convert_command, size_of
from fanlight.ir import dim as dims
from fanlight.ir.control import LONGEST, Choice, Iteration
from fanlight.ir.dim import DimLike
from fanlight.ir.graph import Gradient, Graph, Input, Value, apply, topological
from fanlight.ir.types import Types, is_float
from fanlight.layers import Network
from fanlight.layers.base import stand_in
from fanlight.layers.context import Context
from fanlight.layers.input import BATCH
from fanlight.ops import functions as fn
from fanlight.passes.differentiate import differentiate

SUGGESTED = 128  # the bound of an open axis in the command that comes next
NAMED = 3  # nodes that are named for each refusal

Facts = dict[str, Any]


def inspect_onnx(path: Path) -> Facts:
    """What is in an ONNX file, what Fanlight has of it and what it refuses. Raises ModelFormatError where the file is
    broken."""
    file = read_file(path)
    found = survey(file, ONNX, written_out(file))
    network = None if found.built is None else found.built.network
    nodes = [] if network is None else [Traced(network, call) for call in network.calls if hasattr(call.layer, "node")]
    return {
        "ok": True,
        "source": str(path),
        "form": "onnx",
        "bytes": path.stat().st_size,
        "name": file.graph.name,
        "producer": file.producer,
        "ir_version": file.ir_version,
        "opsets": {domain or "ai.onnx": version for domain, version in file.opsets.items()},
        "inputs": [slot_facts(slot) for slot in file.graph.inputs],
        "outputs": [slot_facts(slot) for slot in file.graph.outputs],
        "nodes": found.operators.total(),
        "operators": operator_facts(found, nodes),
        "weights": weight_facts(found.graph, network),
        "multiply_adds": None if network is None else work(nodes),
        "lost": [] if network is None else sorted({note for layer in network.layers if (note := layer.lost())}),
        "convertible": network is not None,
        "refused": [{"what": each.what, "nodes": list(each.nodes), "why": each.why} for each in found.refusals],
        "open": [] if network is None else open_axes(network),
        "next": next_step(path, file.graph, network),
    }


class Traced:
    """One node as ops, apart from the others."""

    def __init__(self, network: Network, call: Any):
        self.layer: ONNXNode = call.layer
        context = Context(training=True)
        self.inputs = [
            apply(Input(f"x{k}", symbol.type)) if symbol.content is None else stand_in(symbol)
            for k, symbol in enumerate(call.inputs)
        ]
        with context.scope(str(self.layer.name)):
            self.outputs = self.layer.call(context, *self.inputs)
        self.states = list(context.states.values())

    @property
    def has_gradient(self) -> bool | None:
        """Whether the floats that it gives have a gradient with respect to those that it takes; None without any."""
        floats = [fn.sum(y) for y in self.outputs if is_float(y.dtype)]
        leaves = [x for x in (*self.inputs, *self.states) if is_float(x.dtype) and x.op.name in ("input", "state")]
        if not floats or not leaves:
            return None
        total = floats[0]
        for y in floats[1:]:
            total = fn.add(total, y)
        given = tuple(x for x in self.inputs if x.op.name == "input")
        try:
            differentiate(Graph(given, {f"g{k}": apply(Gradient(), total, x) for k, x in enumerate(leaves)}))
        except CompileError:
            return False
        return True


# --- facts


def slot_facts(slot: Slot) -> Facts:
    return {"name": slot.name, "dtype": slot.dtype, "shape": None if slot.shape is None else list(slot.shape)}


def operator_facts(found: Survey, nodes: Iterable[Traced]) -> list[Facts]:
    """The operators, the most frequent first. "gradient" is None where no floats are on both sides, or where the file
    is refused."""
    gradients: dict[str, set[bool]] = {}
    for node in nodes:
        if (answer := node.has_gradient) is not None:
            gradients.setdefault(node.layer.kind, set()).add(answer)
    return [
        {
            "name": kind,
            "count": count,
            "supported": kind in RULES,
            "gradient": all(gradients[kind]) if kind in gradients else None,
            "note": RULES[kind].note if kind in RULES else "",
        }
        for kind, count in sorted(found.operators.items(), key=lambda item: (-item[1], item[0]))
    ]


def weight_facts(graph: Records, network: Network | None) -> Facts:
    """Tensors of the file, and how many of their numbers training changes; None where that is not known."""
    arrays = graph.tensors.values()
    facts = {"tensors": len(arrays), "numbers": sum(a.size for a in arrays), "bytes": sum(a.nbytes for a in arrays)}
    state = {} if network is None else network.state()
    trainable = sum(dims.upper(each.type.count) for each in state.values() if each.trainable)
    return facts | {"trainable": None if network is None else trainable}


def work(nodes: Iterable[Traced]) -> int | None:
    """Multiply-adds of products and convolutions in one call, with one row where their number is open; borders are
    counted in full. None where the lengths of open axes or the data decide."""
    total = sum((multiply_adds(topological(node.outputs)) for node in nodes), start=0)
    if dims.names(total) - {BATCH}:
        return None
    count = dims.evaluate(total, {BATCH: 1})
    return count if count < LONGEST**2 else None


def multiply_adds(values: Iterable[Value]) -> DimLike:
    total: DimLike = 0
    for value in values:
        if isinstance(value.op, Iteration):
            total = total + multiply_adds(value.op.body.order) * value.op.length
        elif isinstance(value.op, Choice):
            sides = [multiply_adds(body.order) for body in value.op.bodies.values()]
            total = total + max(sides, key=dims.upper)
        elif not (isinstance(value.type, Types) or value.op.elementwise or value.op.movement or not value.inputs):
            total = total + products(value)
    return total


def products(value: Value) -> DimLike:
    """Of an op that is a sum of products, how many these are."""
    try:
        nest = value.op.nest(*(x.type for x in value.inputs))
    except NotImplementedError:
        return 0
    is_product = nest.combine == "add" and nest.value.op == "mul" and not nest.kind
    return dims.product([axis.extent for axis in (*nest.axes, *nest.reduce)]) if is_product else 0


def open_axes(network: Network) -> list[str]:
    """Open axes of the inputs that have no bound yet, but that of the rows."""
    named = {name for symbol in network.inputs for extent in symbol.shape for name in dims.names(extent)}
    return sorted(named - {BATCH})


def next_step(path: Path, graph: Records, network: Network | None) -> str:
    """A sentence with what to type next."""
    if network is None:
        return "next: it cannot be converted; docs/onnx.md says which operators there are, and what each leaves out"
    axes = open_axes(network)
    text = f"next: {convert_command(path, *(word for name in axes for word in ('--dim', f'{name}={SUGGESTED}')))}"
    if axes:
        text += f" (with the largest lengths of {' and '.join(axes)})"
    if presets := next(filter(None, map(presets_for, graph.inputs)), ""):
        text += f"; if it takes pictures, add --image {presets}, as they were prepared in its training"
    return text


def presets_for(slot: Slot) -> str:
    """What may stand after --image for an input; empty where it takes no pictures."""
    shape = slot.shape or ()
    if len(shape) != 4 or slot.dtype != "float32" or not all(isinstance(extent, int) for extent in shape[1:]):
        return ""
    if 3 in (shape[1], shape[3]):
        return "torch, or unit, tf or caffe"
    return "unit, or tf" if {1, 4} & {shape[1], shape[3]} else ""


# --- print


def headline(found: Mapping[str, Any]) -> list[str]:
    opsets = ", ".join(f"{domain} {version}" for domain, version in found["opsets"].items())
    by = f", written by {found['producer']}" if found["producer"] else ""
    lines = [f"{found['name'] or 'unnamed'}: ONNX file, {size_of(found['bytes'])}{by}"]
    lines.append(f"IR version {found['ir_version']}, operators of {opsets}")
    weights = found["weights"]
    trained = "" if weights["trainable"] is None else f"; training changes {weights['trainable']:,}"
    stored = f"{weights['tensors']:,} tensors, {weights['numbers']:,} numbers, {size_of(weights['bytes'])}"
    lines.append(f"weights: {stored}{trained}")
    if found["multiply_adds"]:
        lines.append(
            f"work: {found['multiply_adds']:,} multiply-adds of products and convolutions for {rows_text(found)}"
        )
    elif found["convertible"] and found["open"]:
        lines.append(f"work: depends on {' and '.join(found['open'])}")
    if found["lost"]:
        lines.append(f"made for inference: {' and '.join(found['lost'])}; to train these, export it for training")
    return lines


def tables(found: Mapping[str, Any]) -> list[tuple[str, Sequence[str], list[Sequence[str]]]]:
    sides = [(side, slot) for side in ("inputs", "outputs") for slot in found[side]]
    said = {True: "yes", False: "no", None: ""}
    return [
        ("inputs and outputs", ("", "name", "type"), [(side[:-1], s["name"], type_text(s)) for side, s in sides]),
        (
            f"operators of {found['nodes']:,} nodes",
            ("operator", "nodes:", "Fanlight has it", "gradient", "not built"),
            [
                (each["name"], f"{each['count']:,}", said[each["supported"]], said[each["gradient"]], each["note"])
                for each in found["operators"]
            ],
        ),
        ("refused", ("what", "nodes", "why"), [refusal_cells(each) for each in found["refused"]]),
    ]


def rows_text(found: Mapping[str, Any]) -> str:
    """How many rows one call has at least."""
    rows = [slot["shape"][0] for slot in found["inputs"] if slot["shape"] and isinstance(slot["shape"][0], int)]
    return f"{rows[0]:,} rows" if rows and rows[0] > 1 else "one row"


def refusal_cells(refusal: Mapping[str, Any]) -> Sequence[str]:
    names = [name for name in refusal["nodes"] if name]
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return refusal["what"], ", ".join(names[:NAMED]) + more, refusal["why"]


def type_text(slot: Mapping[str, Any]) -> str:
    """`float32[batch, 3, 224, 224]`; a question mark where the file says nothing."""
    shape = slot["shape"]
    extents = "" if shape is None else f"[{', '.join('?' if each is None else str(each) for each in shape)}]"
    return f"{slot['dtype'] or '?'}{extents}"

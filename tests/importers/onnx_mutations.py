"""What can be changed in an ONNX model so that it may surprise its reader? One small change after another, by chance.

In: a ModelProto, a source of chance, and other models whose nodes it may borrow. The changed model may be nonsense.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np
from onnx import AttributeProto, ModelProto, TensorProto, defs, helper, numpy_helper

from fanlight.importers.onnx.rules import RULES

LENGTHS = (0, 1, 2, 3, 4, 5, 7, 8, 16, 64, 1000, 65536, 65537, 1 << 20, 1 << 31, 1 << 40, (1 << 62) + 1, (1 << 63) - 1)
NUMBERS = (*LENGTHS, *(-each for each in LENGTHS), -(1 << 63))
FRACTIONS = (0.0, -0.0, 1.0, -1.0, 0.5, 1e-45, 3e38, -3e38, float("inf"), float("-inf"), float("nan"))
WORDS = ("", "n", "x", "batch", "linear", "cubic", "nearest", "SAME_UPPER", "VALID", "NOTSET", "constant", "reflect",
         "edge", "wrap", "sum", "mean", "none", "add", "mul", "max", "min", "bidirectional", "reverse", "ij,jk->ik",
         "...ij->...ji", "a,a->", "Relu", "SOFTMAX", "LOGISTIC", "BRANCH_LEQ", "LEAF", "RBF", "floor", "asymmetric",
         "é\0/..", "x" * 300)  # fmt: skip
DTYPES = tuple(number for name, number in TensorProto.DataType.items() if name != "UNDEFINED")
USUAL = (TensorProto.FLOAT, TensorProto.INT64, TensorProto.INT32, TensorProto.BOOL, TensorProto.UINT8)
KINDS = tuple(sorted(RULES))
Change = Callable[["Changing"], Any]


@dataclass
class Changing:
    """A model while it is changed: `graph` is the one of its graphs, or functions, that is changed now."""

    model: ModelProto
    draw: Random
    others: Sequence[ModelProto]

    def __post_init__(self) -> None:
        inner = [*graphs(self.model.graph), *self.model.functions]
        self.graph: Any = self.model.graph if self.draw.random() < 0.7 else self.draw.choice(inner)

    def one(self, several: Any) -> Any:
        """One of them; None of none."""
        return self.draw.choice(list(several)) if len(several) else None

    @property
    def node(self) -> Any:
        return self.one(self.graph.node)

    @property
    def attribute(self) -> Any:
        return self.one([each for node in self.graph.node for each in node.attribute])

    @property
    def slot(self) -> Any:
        graph = self.graph if hasattr(self.graph, "initializer") else self.model.graph
        return self.one([*graph.input, *graph.output])

    @property
    def tensor(self) -> Any:
        """An initializer, or the tensor of an attribute."""
        held = [each.t for node in self.graph.node for each in node.attribute if each.type == AttributeProto.TENSOR]
        return self.one([*getattr(self.graph, "initializer", ()), *held])

    @property
    def names(self) -> list[str]:
        """What nodes of the graph may read."""
        graph, outer = self.graph, self.model.graph
        found = [each.name for each in outer.initializer] + [name for node in graph.node for name in node.output]
        return found + [each if isinstance(each, str) else each.name for each in (*graph.input, *outer.input)]

    def fresh(self) -> str:
        return f"v{self.draw.randrange(1 << 30)}"

    @property
    def number(self) -> int:
        return self.draw.choice(NUMBERS) if self.draw.random() < 0.5 else self.draw.randint(-3, 9)

    @property
    def fraction(self) -> float:
        return self.draw.choice(FRACTIONS) if self.draw.random() < 0.5 else self.draw.uniform(-4, 4)


def graphs(graph: Any) -> Iterator[Any]:
    yield graph
    for node in graph.node:
        for each in node.attribute:
            if each.HasField("g"):
                yield from graphs(each.g)


# Lengths and dtypes


def extent(now: Changing) -> None:
    if (slot := now.slot) is None or (each := now.one(slot.type.tensor_type.shape.dim)) is None:
        return
    if now.draw.random() < 0.3:
        each.dim_param = now.draw.choice(("n", "m", "batch", "2", ""))
    else:
        each.dim_value = now.number


def rank(now: Changing) -> None:
    if (slot := now.slot) is not None:
        shape = slot.type.tensor_type.shape
        if shape.dim and now.draw.random() < 0.5:
            del shape.dim[now.draw.randrange(len(shape.dim))]
        else:
            shape.dim.add(dim_value=now.draw.randint(1, 4))


def slot_type(now: Changing) -> None:
    if (slot := now.slot) is None:
        return
    match now.draw.randrange(6):
        case 0:
            slot.type.tensor_type.ClearField("shape")
        case 1:
            slot.type.sequence_type.elem_type.tensor_type.elem_type = 1
        case 2:
            slot.type.optional_type.elem_type.tensor_type.elem_type = 1
        case _:
            slot.type.tensor_type.elem_type = dtype(now)


def dtype(now: Changing) -> int:
    return now.draw.choice(USUAL if now.draw.random() < 0.7 else (*DTYPES, 0, 99))


# Tensors


def tensor_type(now: Changing) -> None:
    if (each := now.tensor) is None:
        return
    lengths = list(each.dims)
    match now.draw.randrange(4):
        case 0:
            lengths = [int(np.prod(lengths, dtype=object))]
        case 1:
            lengths.insert(now.draw.randint(0, len(lengths)), now.draw.choice((0, 1, 1, 2)))
        case 2 if lengths:
            lengths.pop()
        case 3 if lengths:
            lengths[now.draw.randrange(len(lengths))] = now.number
    each.data_type = dtype(now) if now.draw.random() < 0.2 else each.data_type
    del each.dims[:]
    each.dims.extend(lengths)


def tensor_content(now: Changing) -> None:
    """Another number at one place, or another whole array."""
    if (each := now.tensor) is None:
        return
    try:
        array = numpy_helper.to_array(each).copy()
    except Exception:  # the tensor is broken already
        return
    if array.size and now.draw.random() < 0.7:
        number: Any = now.number if now.draw.random() < 0.7 else now.fraction
        with np.errstate(all="ignore"):
            try:
                array.flat[now.draw.randrange(array.size)] = np.asarray(number).astype(array.dtype)
            except (OverflowError, ValueError, TypeError):
                return
    else:
        array = drawn(now)
    each.CopyFrom(numpy_helper.from_array(array, each.name))


def drawn(now: Changing) -> Any:
    """A small array."""
    shape = [now.draw.randint(0, 4) for _ in range(now.draw.randint(0, 4))]
    found = np.array([now.draw.randint(-2, 5) for _ in range(int(np.prod(shape)))], "int64").reshape(shape)
    return found.astype(now.draw.choice(("int64", "float32", "int32", "bool", "uint8", "int8", "float64", "float16")))


def raw_bytes(now: Changing) -> None:
    if (each := now.tensor) is not None:
        each.raw_data = now.draw.randbytes(now.draw.choice((0, 1, 4, 8, 47, 48)))


def repeated_data(now: Changing) -> None:
    """Numbers in the fields that are not raw bytes."""
    if (each := now.tensor) is not None:
        each.ClearField("raw_data")
        match now.draw.randrange(4):
            case 0:
                each.int32_data.extend(max(-(1 << 31), min(now.number, (1 << 31) - 1)) for _ in range(4))
            case 1:
                each.int64_data.extend(now.number for _ in range(3))
            case 2:
                each.string_data.extend(word.encode() for word in now.draw.sample(WORDS, 2))
            case _:
                each.float_data.extend(now.fraction for _ in range(4))


def known_input(now: Changing) -> None:
    """An input becomes a constant."""
    if not now.model.graph.input:
        return
    place = now.draw.randrange(len(now.model.graph.input))
    slot = now.model.graph.input[place]
    kind = slot.type.tensor_type
    lengths = [each.dim_value if 0 <= each.dim_value < 20 else 2 for each in kind.shape.dim][:5]
    try:
        wanted = helper.tensor_dtype_to_np_dtype(kind.elem_type)
        array = np.array([now.draw.randint(-1, 3) for _ in range(int(np.prod(lengths)))]).reshape(lengths)
        now.model.graph.initializer.append(numpy_helper.from_array(array.astype(wanted), slot.name))
    except Exception:  # no arrays of that dtype
        return
    del now.model.graph.input[place]


def open_input(now: Changing) -> None:
    """A constant becomes an input."""
    if (each := now.one(now.model.graph.initializer)) is not None:
        slot = helper.make_tensor_value_info(each.name, each.data_type, list(each.dims)[:40])
        now.model.graph.input.append(slot)
        now.model.graph.initializer.remove(each)


# Attributes


def attribute_value(now: Changing) -> None:
    if (each := now.attribute) is None:
        return
    each.i, each.f, each.s = now.number, now.fraction, now.draw.choice(WORDS).encode()
    match each.type:
        case AttributeProto.INTS:
            several(now, each.ints, lambda: now.number)
        case AttributeProto.FLOATS:
            several(now, each.floats, lambda: now.fraction)
        case AttributeProto.STRINGS:
            several(now, each.strings, lambda: now.draw.choice(WORDS).encode())


def several(now: Changing, values: Any, new: Callable[[], Any]) -> None:
    match now.draw.randrange(5):
        case 0 if values:
            values.pop(now.draw.randrange(len(values)))
        case 1:
            values.insert(now.draw.randint(0, len(values)), new())
        case 2:
            del values[:]
        case _ if values:
            values[now.draw.randrange(len(values))] = new()


def attribute_kind(now: Changing) -> None:
    if (each := now.attribute) is not None:
        each.type = now.draw.choice(AttributeProto.AttributeType.values())


def attribute_dropped(now: Changing) -> None:
    if (node := now.node) is not None and (each := now.one(node.attribute)) is not None:
        node.attribute.remove(each)


def attribute_borrowed(now: Changing) -> None:
    """One that other nodes have, or that the standard has."""
    if (node := now.node) is None:
        return
    wanted = helper.make_attribute(now.draw.choice(WORDS[:12]) or "axis", now.number)
    if defs.has(node.op_type, node.domain):
        said = defs.get_schema(node.op_type, node.domain).attributes
        kinds = {"INT": now.number, "FLOAT": now.fraction, "STRING": now.draw.choice(WORDS), "INTS": [now.number] * 2,
                 "FLOATS": [now.fraction] * 2, "STRINGS": list(WORDS[1:3])}  # fmt: skip
        free = [name for name in said if said[name].type.name in kinds and all(a.name != name for a in node.attribute)]
        if (name := now.one(free)) is not None:
            wanted = helper.make_attribute(name, kinds[said[name].type.name])
    elif (each := now.attribute) is not None:
        wanted = each
    node.attribute.append(wanted)


# Nodes and names


def read_name(now: Changing) -> None:
    """Another name in the place of an input or output of a node."""
    if (node := now.node) is None:
        return
    side = node.input if now.draw.random() < 0.8 else node.output
    name = now.draw.choice(("", now.fresh(), *now.names)) if now.draw.random() < 0.9 else now.draw.choice(WORDS)
    match now.draw.randrange(5):
        case 0 if side:
            side.pop()
        case 1:
            side.append(name)
        case _ if side:
            side[now.draw.randrange(len(side))] = name


def operator(now: Changing) -> None:
    if (node := now.node) is not None:
        node.domain, _, node.op_type = now.draw.choice(KINDS).rpartition(".")
        known_domain(now, node.domain)
        if now.draw.random() < 0.7:
            del node.attribute[:]


def known_domain(now: Changing, domain: str) -> None:
    if all(each.domain != domain for each in now.model.opset_import):
        now.model.opset_import.add(domain=domain, version=now.draw.choice((1, 2, 3, 5)))


def node_dropped(now: Changing) -> None:
    if (node := now.node) is not None:
        now.graph.node.remove(node)


def node_twice(now: Changing) -> None:
    """A node again, of other outputs, after itself: it may read what it gave."""
    if (node := now.node) is None:
        return
    again = type(node)()
    again.CopyFrom(node)
    outputs = list(node.output)
    again.output[:] = [now.fresh() for _ in outputs] if now.draw.random() < 0.9 else outputs
    if again.input and outputs and now.draw.random() < 0.7:
        again.input[now.draw.randrange(len(again.input))] = outputs[0]
    inserted(now, again, list(now.graph.node).index(node) + 1)


def inserted(now: Changing, node: Any, place: int) -> None:
    rest = list(now.graph.node)
    del now.graph.node[:]
    now.graph.node.extend([*rest[:place], node, *rest[place:]])


def node_moved(now: Changing) -> None:
    if (node := now.node) is not None:
        again = type(node)()
        again.CopyFrom(node)
        now.graph.node.remove(node)
        inserted(now, again, now.draw.randint(0, len(now.graph.node)))


def node_borrowed(now: Changing) -> None:
    """A node of another model, with its constants, that reads what is here; something may read what it gives."""
    if not now.others:
        return
    other = now.draw.choice(now.others)
    if (found := now.one(other.graph.node)) is None:
        return
    node = type(found)()
    node.CopyFrom(found)
    names, tensors = now.names, {each.name: each for each in other.graph.initializer}
    for k, name in enumerate(node.input):
        if name in tensors and now.draw.random() < 0.8:
            node.input[k] = now.fresh()
            tensor = now.model.graph.initializer.add()
            tensor.CopyFrom(tensors[name])
            tensor.name = node.input[k]
        elif name and names:
            node.input[k] = now.draw.choice(names)
    node.output[:] = [now.fresh() if name else "" for name in node.output]
    for each in other.opset_import:
        known_domain(now, each.domain)
    place = now.draw.randint(0, len(now.graph.node))
    inserted(now, node, place)
    later = [each for each in now.graph.node[place + 1 :] if each.input]
    if later and node.output:
        reader = now.draw.choice(later)
        reader.input[now.draw.randrange(len(reader.input))] = node.output[0]


def output(now: Changing) -> None:
    """Another name, or one more, among the outputs of the model."""
    found = now.model.graph.output
    if now.names and found and now.draw.random() < 0.7:
        found[now.draw.randrange(len(found))].name = now.draw.choice(now.names)
    elif now.names:
        found.add(name=now.draw.choice(now.names))


def version(now: Changing) -> None:
    if (each := now.one(now.model.opset_import)) is not None:
        each.version = now.draw.randint(1, 27) if now.draw.random() < 0.9 else now.number


CHANGES: tuple[Change, ...] = (
    *(extent, rank, slot_type, tensor_type, tensor_type, tensor_content, tensor_content, tensor_content, raw_bytes),
    *(repeated_data, known_input, open_input, attribute_value, attribute_value, attribute_value, attribute_kind),
    *(attribute_dropped, attribute_borrowed, attribute_borrowed, read_name, read_name, operator, node_dropped),
    *(node_twice, node_moved, node_borrowed, node_borrowed, output, version),
)


def change(model: ModelProto, draw: Random, others: Sequence[ModelProto]) -> None:
    """Changes a model in place, one to five times."""
    for _ in range(draw.choice((1, 1, 1, 2, 2, 3, 5))):
        draw.choice(CHANGES)(Changing(model, draw, others))

"""TensorFlow files that are broken or mean harm: each a name, and files by name, made from small sound ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from fanlight.importers.tensorflow.schema import message
from importers.tensorflow_hostile_json import json_files
from importers.tensorflow_hostile_saved import saved_models

Change = Callable[[Any], Any]
Files = dict[str, bytes]
HUGE = 1 << 40


# Frozen graphs: x [rows, 4] -> MatMul -> Relu -> y


def sound() -> Any:
    graph = message("GraphDef")()
    placeholder(graph, "x", [-1, 4])
    constant(graph, "w", np.ones((4, 3), "float32"))
    node(graph, "MatMul", "h", ["x", "w"])
    node(graph, "Relu", "y", ["h"])
    return graph


def node(graph: Any, op: str, name: str, inputs: list[str], dtype: int = 1) -> Any:
    made = graph.node.add(name=name, op=op, input=inputs)
    made.attr["T"].type = dtype
    return made


def placeholder(graph: Any, name: str, shape: list[int], dtype: int = 1) -> None:
    made = graph.node.add(name=name, op="Placeholder")
    made.attr["dtype"].type = dtype
    made.attr["shape"].shape.SetInParent()
    for each in shape:
        made.attr["shape"].shape.dim.add(size=each)


def constant(graph: Any, name: str, array: np.ndarray) -> Any:
    made = graph.node.add(name=name, op="Const")
    numbers = {"float32": 1, "int32": 3, "bool": 10}
    tensor = made.attr["value"].tensor
    tensor.dtype = made.attr["dtype"].type = numbers[str(array.dtype)]
    tensor.tensor_content = array.tobytes()
    for each in array.shape:
        tensor.tensor_shape.dim.add(size=each)
    return made


def weight(graph: Any) -> Any:
    return graph.node[1].attr["value"].tensor


def dims(graph: Any, *extents: int, keep: bool = True) -> None:
    tensor = weight(graph)
    del tensor.tensor_shape.dim[:]
    for each in extents:
        tensor.tensor_shape.dim.add(size=each)
    if not keep:
        tensor.tensor_content = b""
        tensor.float_val.append(1.0)


def function(graph: Any, name: str, body: list[tuple[str, str, list[str]]], result: str, arguments: int = 1) -> None:
    made = graph.library.function.add()
    made.signature.name = name
    for k in range(arguments):
        made.signature.input_arg.add(name=f"a{k}" if k else "a", type=1)
    made.signature.output_arg.add(name="z", type=1)
    for op, own, inputs in body:
        made.node_def.add(name=own, op=op, input=inputs)
    made.ret["z"] = result


def call(graph: Any, name: str = "F") -> None:
    """The last node reads what a function makes of h."""
    made = node(graph, "PartitionedCall", "called", ["h"])
    made.attr["f"].func.name = name
    graph.node[3].input[0] = "called"


def nested(graph: Any, depth: int) -> None:
    for k in range(depth):
        function(graph, f"F{k}", [(f"F{k + 1}", "n", ["a"])], "n:z:0")
    function(graph, f"F{depth}", [("Relu", "n", ["a"])], "n:activations:0")
    call(graph, "F0")


def many(graph: Any) -> None:
    """A function of a thousand calls of one of a thousand nodes: a million."""
    chain = [("Relu", f"n{k}", [f"n{k - 1}:activations:0" if k else "a"]) for k in range(1000)]
    function(graph, "G", chain, "n999:activations:0")
    function(graph, "F", [("G", f"n{k}", [f"n{k - 1}:z:0" if k else "a"]) for k in range(1000)], "n999:z:0")
    call(graph)


def doubling(graph: Any) -> None:
    """Each function calls the next one twice: two to the thirtieth."""
    for k in range(30):
        function(graph, f"F{k}", [(f"F{k + 1}", "n", ["a"]), (f"F{k + 1}", "m", ["n:z:0"])], "m:z:0")
    function(graph, "F30", [("Relu", "n", ["a"])], "n:activations:0")
    call(graph, "F0")


def loop(graph: Any, body: str) -> None:
    function(graph, "B", [("While", "n", ["a"])], "n:output:0")
    for key in ("cond", "body"):
        graph.library.function[0].node_def[0].attr[key].func.name = body
    made = node(graph, "While", "looped", ["h"])
    for key in ("cond", "body"):
        made.attr[key].func.name = "B"
    graph.node[3].input[0] = "looped"


def set_input(graph: Any, position: int, k: int, name: str) -> None:
    graph.node[position].input[k] = name


def repeated(graph: Any) -> None:
    """Nine constants of 16 MB, each said with one number."""
    for k in range(9):
        made = constant(graph, f"c{k}", np.ones((1, 1), "float32")).attr["value"].tensor
        dims_of(made, 1 << 11, 1 << 11)
        made.tensor_content = b""
        made.float_val.append(1.0)
        node(graph, "AddV2", f"s{k}", [f"s{k - 1}" if k else "h", f"c{k}"])
    graph.node[3].input[0] = "s8"


def dims_of(tensor: Any, *extents: int) -> None:
    del tensor.tensor_shape.dim[:]
    for each in extents:
        tensor.tensor_shape.dim.add(size=each)


def set_shape(graph: Any, *extents: int) -> None:
    shape = graph.node[0].attr["shape"].shape
    del shape.dim[:]
    for each in extents:
        shape.dim.add(size=each)


def set_content(graph: Any, data: bytes) -> None:
    weight(graph).tensor_content = data


def copies(graph: Any) -> None:
    """A circle of copies."""
    node(graph, "Identity", "i", ["j"])
    node(graph, "Identity", "j", ["i"])
    graph.node[3].input[0] = "i"


def circle_of_calls(graph: Any) -> None:
    function(graph, "F", [], "a")
    call(graph)
    graph.node[4].input[0] = "called"


FROZEN: dict[str, Change] = {
    # Tensors
    "dims of 4 TB": lambda g: dims(g, HUGE, 1),
    "dims of 4 TB said with one number": lambda g: dims(g, HUGE, 1, keep=False),
    "dims whose product is beyond 64 bits": lambda g: dims(g, 1 << 32, 1 << 32, 1 << 32, keep=False),
    "a gigabyte said with one number": lambda g: dims(g, 1 << 14, 1 << 14, keep=False),
    "many constants said with one number": repeated,
    "a negative length": lambda g: dims(g, -4, -3),
    "an open length of a constant": lambda g: dims(g, -1, 3),
    "a constant of no rank": lambda g: setattr(weight(g).tensor_shape, "unknown_rank", True),
    "more numbers said than there are": lambda g: dims(g, 5, 3),
    "fewer numbers said than there are": lambda g: dims(g, 2, 3),
    "fewer numbers than stand in a field": lambda g: [dims(g, 1, keep=False), weight(g).float_val.extend([1.0] * 9)],
    "a thousand axes": lambda g: dims(g, *[1] * 1000),
    "an odd number of bytes": lambda g: set_content(g, b"\0" * 47),
    "an unknown dtype": lambda g: setattr(weight(g), "dtype", 99),
    "no dtype": lambda g: setattr(weight(g), "dtype", 0),
    "a constant without a value": lambda g: g.node[1].attr["value"].Clear(),
    "a constant whose value is a number": lambda g: setattr(g.node[1].attr["value"], "i", 3),
    "weights that do not fit": lambda g: dims(g, 3, 4),
    "a variable without its values": lambda g: setattr(g.node[1], "op", "VarHandleOp"),
    # Names
    "an input that nothing defines": lambda g: set_input(g, 2, 0, "nothing"),
    "an output far beyond what a node has": lambda g: set_input(g, 3, 0, "h:999999999"),
    "an output beyond all numbers": lambda g: set_input(g, 3, 0, "h:99999999999999999999"),
    "a cycle of two": lambda g: set_input(g, 2, 0, "y"),
    "a cycle of one": lambda g: set_input(g, 3, 0, "y"),
    "a circle of copies": copies,
    "a circle through a call": circle_of_calls,
    "a name twice": lambda g: setattr(g.node[3], "name", "h"),
    "the name of an input again": lambda g: setattr(g.node[2], "name", "x"),
    "a node without a name": lambda g: setattr(g.node[3], "name", ""),
    # Graph
    "no nodes": lambda g: g.ClearField("node"),
    "no inputs": lambda g: g.node[0].CopyFrom(constant(g, "x2", np.ones((1, 4), "float32"))),
    "an input of no dtype": lambda g: g.node[0].attr["dtype"].Clear(),
    "an input without a shape": lambda g: g.node[0].attr["shape"].Clear(),
    "an input of unknown rank": lambda g: setattr(g.node[0].attr["shape"].shape, "unknown_rank", True),
    "an input of negative length": lambda g: set_shape(g, -1, -4),
    "an input of no length": lambda g: set_shape(g, -1, 0),
    "an input of 4 TB": lambda g: set_shape(g, -1, HUGE),
    # Nodes
    "too few inputs": lambda g: g.node[2].input.pop(),
    "no inputs of a node": lambda g: g.node[2].ClearField("input"),
    "an attribute that refers to a caller": lambda g: setattr(g.node[3].attr["T"], "placeholder", "T"),
    # Functions
    "a call of nothing": call,
    "a call without a name": lambda g: node(g, "PartitionedCall", "z", ["y"]),
    "a function that calls itself": lambda g: [function(g, "F", [("F", "n", ["a"])], "n:z:0"), call(g)],
    "functions 40 deep": lambda g: nested(g, 40),
    "functions 5000 deep": lambda g: nested(g, 5000),
    "a function that is a million nodes": many,
    "functions that double thirty times": doubling,
    "a loop in its own body": lambda g: loop(g, "B"),
    "a loop of nothing": lambda g: loop(g, "none"),
    "a function twice": lambda g: [function(g, "F", [("Relu", "n", ["a"])], "n:activations:0") for _ in "ab"],
    "a function of other arguments": lambda g: [function(g, "F", [("Relu", "n", ["a"])], "n:y:0", 2), call(g)],
    "a function that gives nothing": lambda g: [function(g, "F", [], "n:y:0"), call(g)],
    "a function without its result": lambda g: [
        function(g, "F", [("Relu", "n", ["a"])], "n:y:0"), g.library.function[0].ret.clear(), call(g)],
    "a function with a name twice": lambda g: [
        function(g, "F", [("Relu", "n", ["a"]), ("Relu", "n", ["a"])], "n:y:0"), call(g)],
    "a function that reads what is outside": lambda g: [function(g, "F", [("Relu", "n", ["x"])], "n:y:0"), call(g)],
    "an output that an operator has not": lambda g: [
        function(g, "F", [("TopKV2", "n", ["a", "a"])], "n:best:0"), call(g)],
}  # fmt: skip


def frozen() -> Iterator[tuple[str, Files]]:
    whole = sound().SerializeToString()
    for name, data in {
        "text": b"once upon a time" * 10,
        "nothing": b"",
        "ones": b"\xff" * 1000,
        "zeros": bytes(1000),
        "all but a byte": whole[:-1],
        "the first half": whole[: len(whole) // 2],
        "groups in groups": b"\x0b" * 100_000,
        "names that are no text": whole.replace(b"MatMul", b"\xff\xfe\xfd\xfcul"),
    }.items():
        yield f"frozen: {name}", {"hostile.pb": data}
    for name, change in FROZEN.items():
        graph = sound()
        change(graph)
        yield f"frozen: {name}", {"hostile.pb": graph.SerializeToString()}


def hostile() -> Iterator[tuple[str, Files]]:
    yield from frozen()
    yield from json_files()
    yield from saved_models()

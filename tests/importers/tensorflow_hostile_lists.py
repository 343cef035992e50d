"""Lists of tensors that are broken or mean harm, and one that is only long: changes of a small sound graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from importers.tensorflow_hostile import constant, function, node

Change = Callable[[Any], None]
Steps = tuple[list[tuple[str, str, list[str]]], str]
LARGE = (1 << 31) - 1
VARIANT = 21  # the dtype of lists
ITEM = np.ones(3, "float32")


def number(value: Any) -> np.ndarray:
    return np.array(value, "int32")


def added(graph: Any, op: str, name: str, inputs: list[Any]) -> Any:
    """A node; arrays among its inputs are constants of their own."""
    names = [each if isinstance(each, str) else f"{name}_{k}" for k, each in enumerate(inputs)]
    for own, each in zip(names, inputs, strict=True):
        if not isinstance(each, str):
            constant(graph, own, each)
    made = node(graph, op, name, names)
    made.attr["element_dtype"].type = made.attr["dtype"].type = 1
    made.attr["resize_if_index_out_of_bounds"].b = made.attr["dynamic_size"].b = True
    return made


def ended(graph: Any, items: str) -> None:
    """y = h + the sum of all items."""
    constant(graph, "axis", number(0))
    added(graph, "Sum", "total", [items, "axis"]).attr["Tidx"].type = 3
    y = graph.node[3]
    y.op, y.input[:] = "AddV2", ["h", "total"]


def changed(*steps: tuple[Any, ...]) -> Change:
    """An empty list that is changed step by step, and stacked."""

    def change(graph: Any) -> None:
        added(graph, "EmptyTensorList", "l0", [number([3]), number(-1)])
        for k, (op, *inputs) in enumerate(steps):
            added(graph, op, f"l{k + 1}", [f"l{k}", *inputs])
        added(graph, "TensorListStack", "items", [f"l{len(steps)}", number([3])])
        ended(graph, "items")

    return change


def fixed(length: int, *steps: tuple[Any, ...]) -> Change:
    """The same of a list of so many items, which stay as many."""

    def change(graph: Any) -> None:
        changed(("TensorListResize", number(length)), *steps)(graph)
        for each in graph.node:
            each.attr["resize_if_index_out_of_bounds"].b = False

    return change


def made(op: str, *inputs: Any) -> Change:
    """A list that is made of an array, and stacked."""

    def change(graph: Any) -> None:
        added(graph, op, "l", [np.ones((2, 3), "float32"), *inputs])
        added(graph, "TensorListStack", "items", ["l", number([3])])
        ended(graph, "items")

    return change


def of_1(length: int, last: int) -> Change:
    """A TensorArray to which two rows are scattered."""

    def change(graph: Any) -> None:
        added(graph, "TensorArrayV3", "a", [number(length)])
        added(graph, "TensorArrayScatterV3", "s", ["a", number([0, last]), np.ones((2, 3), "float32"), "a:1"])
        added(graph, "TensorArrayGatherV3", "items", ["a", number([0, 1]), "s"])
        ended(graph, "items")

    return change


def chosen(yes: Steps, no: Steps) -> Change:
    """An empty list that a branch changes, one of h > 0 or not; each side is nodes, and what it gives."""

    def change(graph: Any) -> None:
        added(graph, "EmptyTensorList", "l", [number([3]), number(-1)])
        added(graph, "Sum", "sum", ["h", number([0, 1])]).attr["Tidx"].type = 3
        added(graph, "Greater", "is_it", ["sum", np.float32(0)])
        constant(graph, "item", ITEM)
        made = node(graph, "If", "chosen", ["is_it", "l", "item"])
        for key, (body, result) in (("then_branch", yes), ("else_branch", no)):
            function(graph, key, body, result, 2)
            own = graph.library.function[-1]
            own.signature.input_arg[0].type = own.signature.output_arg[0].type = VARIANT
            for each in own.node_def:
                each.attr["element_dtype"].type = 1
            made.attr[key].func.name = key
        added(graph, "TensorListStack", "items", ["chosen", number([3])])
        ended(graph, "items")

    return change


def popped(graph: Any) -> None:
    added(graph, "EmptyTensorList", "l", [number([3]), number(-1)])
    added(graph, "TensorListPopBack", "p", ["l", number([3])])
    graph.node[3].op, graph.node[3].input[:] = "AddV2", ["h", "p:1"]


PUSH = ([("TensorListPushBack", "n", ["a", "a1"])], "n:output_handle:0")
LISTS: dict[str, Change] = {
    "a list of billions": changed(("TensorListResize", number(LARGE))),
    "a list of fewer than no items": changed(("TensorListResize", number(-5))),
    "an item of a huge number": changed(("TensorListSetItem", number(LARGE), ITEM)),
    "an item before the first": changed(("TensorListSetItem", number(-3), ITEM)),
    "items of two shapes": changed(("TensorListPushBack", ITEM), ("TensorListPushBack", np.ones(4, "float32"))),
    "an item behind the last": fixed(3, ("TensorListSetItem", number(3), ITEM)),
    "an item of another shape": fixed(3, ("TensorListSetItem", number(0), np.full(2, 7, "float32"))),
    "an item of another rank": fixed(3, ("TensorListSetItem", number(0), np.ones((1, 3), "float32"))),
    "an item of another dtype": fixed(3, ("TensorListSetItem", number(0), number([1, 2, 3]))),
    "a single item of another shape": fixed(1, ("TensorListSetItem", number(0), np.full(2, 7, "float32"))),
    "a single item of another number": fixed(1, ("TensorListSetItem", number(1), ITEM)),
    "an item of another shape than declared": changed(("TensorListPushBack", np.ones(4, "float32"))),
    "rows scattered behind the last": made("TensorListScatterV2", number([0, 5]), number([3]), number(2)),
    "rows scattered to a huge number": made("TensorListScatter", number([0, LARGE]), number([3])),
    "rows scattered before the first": made("TensorListScatter", number([0, -7]), number([3])),
    "more places than rows": made("TensorListScatter", number([0, 1, 2]), number([3])),
    "parts that are longer than all": made("TensorListSplit", number([-1, 3]), number([5, 5])),
    "an item of an empty list": popped,
    "a side that gives no list": chosen(PUSH, ([], "a1")),
    "a side that gives what nobody makes": chosen(PUSH, ([], "b")),
    "a TensorArray of billions": of_1(LARGE, 1),
    "a TensorArray that grows to billions": of_1(2, 1 << 30),
}
LONG = changed(
    ("TensorListResize", number(400)), *[("TensorListSetItem", number(k), ITEM) for k in range(400)]
)  # fmt: skip


def unwritten(graph: Any) -> None:
    """A list of no items whose shape only its reader knows."""
    added(graph, "TensorListReserve", "l", [number(-1), number(2)])
    added(graph, "TensorListStack", "items", ["l", number([3])])
    ended(graph, "items")


CHOSEN = chosen(PUSH, PUSH)


def nested(levels: int, rounds: int, grows: bool) -> Change:
    """Loops inside each other, the inmost of which pushes to a list, or computes tanh(h)."""
    kind = VARIANT if grows else 1

    def of_function(graph: Any, name: str, kinds: list[int], body: list[tuple[Any, ...]], results: list[str]) -> None:
        made = graph.library.function.add()
        made.signature.name = name
        for own, each in zip(("k", "l", "x"), (3, kind, 1), strict=True):
            made.signature.input_arg.add(name=own, type=each)
        for place, (each, result) in enumerate(zip(kinds, results, strict=True)):
            made.signature.output_arg.add(name=f"z{place}", type=each)
            made.ret[f"z{place}"] = result
        for op, own, inputs, dtype, said in body:
            added_node = made.node_def.add(name=own, op=op, input=inputs)
            added_node.attr["T"].type = added_node.attr["element_dtype"].type = added_node.attr["dtype"].type = dtype
            for key, value in said.items():
                if key == "value":
                    tensor = added_node.attr[key].tensor
                    tensor.dtype, tensor.tensor_content = 3, number(value).tobytes()
                    tensor.tensor_shape.SetInParent()
                else:
                    added_node.attr[key].func.name = value

    def change(graph: Any) -> None:
        for level in range(levels):
            end = [("Const", "n", [], 3, {"value": rounds}), ("Less", "c", ["k", "n:output:0"], 3, {})]
            of_function(graph, f"cond{level}", [10], end, ["c:z:0"])
            body = [("Const", "one", [], 3, {"value": 1}), ("AddV2", "next", ["k", "one:output:0"], 3, {})]
            if level < levels - 1:
                said = {"cond": f"cond{level + 1}", "body": f"body{level + 1}"}
                body += [("Const", "zero", [], 3, {"value": 0}), ("While", "w", ["zero:output:0", "l", "x"], 1, said)]
                result = "w:output:1"
            elif grows:
                body, result = [*body, ("TensorListPushBack", "p", ["l", "x"], 1, {})], "p:output_handle:0"
            else:
                body, result = [*body, ("Tanh", "p", ["l"], 1, {})], "p:y:0"
            of_function(graph, f"body{level}", [3, kind, 1], body, ["next:z:0", result, "x"])
        added(graph, "EmptyTensorList", "l0", [number([3]), number(-1)])
        made = added(graph, "While", "loop", [number(0), "l0" if grows else "h", ITEM])
        made.attr["cond"].func.name, made.attr["body"].func.name = "cond0", "body0"
        if grows:
            added(graph, "TensorListStack", "items", ["loop:1", number([3])])
            ended(graph, "items")
        else:
            graph.node[3].input[0] = "loop:1"

    return change


GROWING = {
    "2 levels of 64": nested(2, 64, grows=True),
    "3 levels of 20": nested(3, 20, grows=True),
    "7 levels of 4": nested(7, 4, grows=True),
}
LOOPS = {"7 levels of 4": nested(7, 4, grows=False), "a loop of 2000": nested(1, 2000, grows=False)}

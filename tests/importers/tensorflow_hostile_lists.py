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
    "a side that gives no list": chosen(PUSH, ([], "a1")),
    "a side that gives what nobody makes": chosen(PUSH, ([], "b")),
    "a TensorArray of billions": of_1(LARGE, 1),
    "a TensorArray that grows to billions": of_1(2, 1 << 30),
}
LONG = changed(
    ("TensorListResize", number(400)), *[("TensorListSetItem", number(k), ITEM) for k in range(400)]
)  # fmt: skip
CHOSEN = chosen(PUSH, PUSH)

"""What do ONNX's branches and loops mean? If, Loop and Scan, by the compiler's own."""

from __future__ import annotations

from typing import Any

from fanlight.importers.graphs.table import rule
from fanlight.ir.dim import Dim
from fanlight.ir.graph import Value
from fanlight.ops import functions as fn
from fanlight.ops.known import known

MOST_STEPS = 1 << 20


@rule("If")
def branch(use: Any, condition: Value) -> tuple[Value, ...]:
    sides = use["then_branch"], use["else_branch"]
    content = known(condition)
    if content is not None:
        return tuple(use.run(sides[0] if content.item() else sides[1], []))
    yes, no = (lambda side=side: tuple(use.run(side, [])) for side in sides)
    return tuple(fn.cond(fn.reshape(condition, ()), yes, no))


@rule("Loop", settings=(0, 1), note="as many steps as shapes and constants tell, or no outputs for each step")
def loop(use: Any, count: Value | None, condition: Value | None = None, *carries: Value) -> tuple[Value, ...]:
    body = use["body"]
    stacked = len(body.outputs) - 1 - len(carries)
    if stacked < 0:
        raise use.error(f"a body of at least {len(carries) + 1} outputs", len(body.outputs))
    steps = None if count is None else known(count)
    goes_on = passes_on(body)
    if steps is not None and goes_on and (condition is None or always(condition)):
        (length,) = (steps.item(),)
        return counted(use, body, length, carries)
    if stacked:
        raise use.refuse("a number of steps that is known, where each step gives an output", "one that data tells")
    return guarded(use, body, count, condition, carries)


def always(condition: Value) -> bool:
    content = known(condition)
    return content is not None and bool(content.item())


def passes_on(body: Any) -> bool:
    """Whether a body gives back the condition that it got, or true: whether the number of steps alone ends the loop."""
    wanted, given = body.outputs[0].name, body.inputs[1].name
    by_output = {node.outputs[0]: node for node in body.nodes if len(node.outputs) == 1}
    while wanted in by_output and by_output[wanted].op == "Identity":
        wanted = by_output[wanted].inputs[0]
    if wanted in body.tensors:
        return bool(body.tensors[wanted].all())
    node = by_output.get(wanted)
    return wanted == given or (node is not None and node.op == "Constant" and bool(node.attributes["value"].all()))


def counted(use: Any, body: Any, length: Any, carries: tuple[Value, ...]) -> tuple[Value, ...]:
    """A loop of so many steps: a scan."""
    if not isinstance(length, Dim) and not 0 <= length <= MOST_STEPS:
        raise use.error(f"0 to {MOST_STEPS} steps", length)

    def step(carry: Any, number: Value) -> Any:
        results = use.run(body, [fn.cast(number, "int64"), fn.full((), True, "bool"), *carry])
        return tuple(results[1 : 1 + len(carry)]), tuple(results[1 + len(carry) :])

    last, stacked = fn.scan(step, tuple(carries), fn.iota((length,), 0, "int32"))
    return (*last, *stacked)


def guarded(use: Any, body: Any, count: Value | None, condition: Value | None, carries: tuple[Value, ...]) -> Any:
    """A loop that data ends."""
    limit = fn.full((), 2**31 - 1, "int64") if count is None else fn.cast(fn.reshape(count, ()), "int64")
    begins = fn.full((), True, "bool") if condition is None else fn.reshape(condition, ())

    def goes_on(number: Value, flag: Value, *carry: Value) -> Value:
        return fn.logical_and(fn.less(number, limit), flag)

    def step(number: Value, flag: Value, *carry: Value) -> Any:
        flag, *new = use.run(body, [number, flag, *carry])
        return (fn.add(number, 1), fn.reshape(flag, ()), *new)

    return tuple(fn.while_loop(goes_on, step, (fn.full((), 0, "int64"), begins, *carries)))[2:]


@rule("Scan")
def scan(use: Any, *operands: Value) -> tuple[Value, ...]:
    body, slices = use["body"], use["num_scan_inputs"]
    if use.opset < 9:
        raise use.refuse("Scan of version 9 or newer", use.opset)
    if not 1 <= slices <= len(operands):
        raise use.error(f"1 to {len(operands)} scanned inputs", slices)
    count = len(operands) - slices
    carries, xs = operands[:count], operands[count:]
    outputs = len(body.outputs) - count
    sides = {
        name: list(use[name] or [0] * length)
        for name, length in (
            ("scan_input_axes", slices),
            ("scan_input_directions", slices),
            ("scan_output_axes", outputs),
            ("scan_output_directions", outputs),
        )
    }
    moved = [
        fn.flip(fn.moveaxis(x, axis, 0), 0) if way else fn.moveaxis(x, axis, 0)
        for x, axis, way in zip(xs, sides["scan_input_axes"], sides["scan_input_directions"], strict=True)
    ]

    def step(carry: Any, parts: Any) -> Any:
        results = use.run(body, [*carry, *parts])
        return tuple(results[:count]), tuple(results[count:])

    last, stacked = fn.scan(step, tuple(carries), tuple(moved))
    ways = zip(stacked, sides["scan_output_axes"], sides["scan_output_directions"], strict=True)
    return (*last, *(fn.moveaxis(fn.flip(y, 0) if way else y, 0, axis) for y, axis, way in ways))

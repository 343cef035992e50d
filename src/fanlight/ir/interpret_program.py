"""What does a program compute? Runs its kernels over one memory as compiled code would, point by point, in Python.

All buffers lie in one bytearray at their planned offsets, so that a mistake in the plan shows as wrong numbers, and a
read or store outside a buffer is an error. Speaks the interface of compiled modules: sizes in, a status out.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from typing import Any

from fanlight.errors import CompileError
from fanlight.ir import dim as dims
from fanlight.ir import scalar
from fanlight.ir.evaluate import Evaluator
from fanlight.ir.interpret import Array, Arrays, actual_shape, as_array, bind_sizes, check_shape, totals
from fanlight.ir.kernel import Buffer, Contraction, Kernel, Loop, Operand, Program, Sorting, Step
from fanlight.ir.types import item_bytes

DONE, REFUSED = 0, 1  # the status of a call: the guard was true, or there is none; the guard was false

CODES = {"float32": "<f", "int32": "<i", "uint32": "<I", "int64": "<q", "bool": "<?"}
CODES |= {"uint8": "<B", "int8": "<b", "int16": "<h"}


def interpret_program(program: Program, memory: bytearray, procedure: str, sizes: Mapping[str, int]) -> int:
    """Runs one procedure over `memory`, at least `program.bytes` long; returns 0, or 1 where its guard was false."""
    called = program.procedures[procedure]
    for size in called.sizes:
        if not size.low <= sizes[size.name] <= size.high:
            raise CompileError(f"call of {procedure!r}", expected=f"{size.name} in {size.bounds}", got=sizes[size.name])
    for number in called.derivations:
        derive(program, memory, number)
    if not run_steps(program, memory, called.kernels, sizes, called.guard, called.guard_after):
        return REFUSED
    raise_versions(program, memory, called.groups)
    return DONE


def run_steps(
    program: Program, memory: bytearray, steps: Iterable[Step], sizes: Mapping[str, int], guard: str, after: int
) -> bool:
    """Runs steps in order; False where the guard, read after step number `after`, ended them."""
    if guard and after < 0 and not is_true(program, memory, guard):
        return False
    for number, step in enumerate(steps):
        run_step(program, memory, step, sizes)
        if guard and number == after and not is_true(program, memory, guard):
            return False
    return True


def run_step(program: Program, memory: bytearray, step: Step, sizes: Mapping[str, int]) -> None:
    if isinstance(step, Kernel):
        run_kernel(program, memory, step, sizes)
    elif isinstance(step, Loop):
        length = dims.evaluate(step.extent, sizes)
        for k in range(length - 1, -1, -1) if step.reverse else range(length):
            inner = {**sizes, step.size.name: k}
            if not run_steps(program, memory, step.steps, inner, step.guard, step.guard_after):
                break
    else:
        side = step.yes if is_true(program, memory, step.condition) else step.no
        run_steps(program, memory, side, sizes, "", -1)


def is_true(program: Program, memory: bytearray, buffer: str) -> bool:
    """Is the scalar in this buffer anything but zero?"""
    place = program.buffers[buffer]
    return bool(struct.unpack_from(CODES[place.type.dtype], memory, place.offset)[0])


def derive(program: Program, memory: bytearray, number: int) -> None:
    """Runs a derivation if a version of its groups has changed since the last time."""
    derivation = program.derivations[number]
    stamp = 1 + sum(struct.unpack_from("<I", memory, version_offset(program, group))[0] for group in derivation.groups)
    place = version_offset(program, 1 + max(program.groups.values(), default=-1) + number)
    if struct.unpack_from("<I", memory, place)[0] != stamp % 2**32:
        for kernel in derivation.kernels:
            run_kernel(program, memory, kernel, {})
        struct.pack_into("<I", memory, place, stamp % 2**32)


def version_offset(program: Program, position: int) -> int:
    return program.versions + 4 * position


def raise_versions(program: Program, memory: bytearray, groups: Iterable[int]) -> None:
    """Tells that the state of these groups has changed."""
    for group in groups:
        place = version_offset(program, group)
        struct.pack_into("<I", memory, place, (struct.unpack_from("<I", memory, place)[0] + 1) % 2**32)


class View:
    """One operand of a kernel over memory: reads and stores elements, and refuses places outside."""

    def __init__(self, memory: bytearray, buffer: Buffer, operand: Operand, sizes: Mapping[str, int], lenient: bool):
        layout = operand.layout
        self.memory, self.buffer, self.lenient = memory, buffer, lenient
        self.shape = actual_shape(operand.type, sizes)
        self.strides = [dims.evaluate(stride, sizes) for stride in layout.strides]
        self.offset = dims.evaluate(layout.offset, sizes)
        self.code, self.bytes = struct.Struct(CODES[buffer.type.dtype]), item_bytes(buffer.type.dtype)
        if operand.type.dtype != buffer.type.dtype:
            raise CompileError(f"operand {operand.buffer}", expected=buffer.type.dtype, got=operand.type.dtype)

    def place(self, indices: tuple[int, ...]) -> int:
        """The byte address of an element, or -1 outside the view where that is allowed."""
        element = self.offset
        inside = True
        for index, stride, extent in zip(indices, self.strides, self.shape, strict=True):
            element += index * stride
            inside = inside and 0 <= index < extent
        if not inside or not 0 <= element < self.buffer.count:
            if self.lenient:
                return -1
            expected = f"an element of {self.shape} in {self.buffer.count} elements"
            raise CompileError(f"buffer {self.buffer.name}", expected=expected, got=f"{indices}, element {element}")
        return self.buffer.offset + element * self.bytes

    def load(self, indices: tuple[int, ...]) -> Any:
        place = self.place(indices)
        return 0.0 if place < 0 else self.code.unpack_from(self.memory, place)[0]

    def store(self, indices: tuple[int, ...], value: Any) -> None:
        self.code.pack_into(self.memory, self.place(indices), value)


def run_kernel(program: Program, memory: bytearray, kernel: Kernel, sizes: Mapping[str, int]) -> None:
    """At each point of the axes: the reduction, then the values of all stores, then the stores."""
    plan = kernel.schedule if isinstance(kernel.schedule, Contraction) else None
    keep = dims.evaluate(kernel.schedule.keep, sizes) if isinstance(kernel.schedule, Sorting) else 0
    views = [
        View(memory, program.buffers[operand.buffer], operand, sizes, lenient=plan is not None and slot == plan.b)
        for slot, operand in enumerate(kernel.operands)
    ]
    stores = [
        (views[s.slot], [Evaluator(scalar.index(i)) for i in s.indices], Evaluator(s.value)) for s in kernel.stores
    ]
    values = dict(sizes)

    def load(slot: int, indices: tuple[int, ...]) -> Any:
        return views[slot].load(indices)

    at = values, load
    try:
        for total in totals(kernel.kind, kernel.axes, kernel.value, kernel.reduce, kernel.combine, at, keep):
            if plan is not None:
                panel, lane = kernel.axes[-2:]
                column = values[panel.name] * plan.tile_columns + values[lane.name]
                if column >= dims.evaluate(plan.columns, values):
                    continue
            results = [
                (view, tuple(i(values, load) for i in place), value(values, load, total))
                for view, place, value in stores
            ]
            for view, place, result in results:
                view.store(place, result)
    except CompileError as error:
        raise CompileError(
            f"kernel {kernel.name}: {error}", at=f"{ {a.name: values[a.name] for a in kernel.axes} }"
        ) from error


def put(program: Program, memory: bytearray, buffer: str, value: Any, sizes: Mapping[str, int]) -> None:
    """Writes an array to a buffer, dense at its actual shape."""
    target = program.buffers[buffer]
    array = as_array(value, target.type.dtype)
    check_shape(target.type, array.shape, sizes, f"buffer {buffer!r}")
    struct.pack_into(f"<{len(array.data)}{CODES[array.dtype][1:]}", memory, target.offset, *array.data)


def get(program: Program, memory: bytearray, buffer: str, sizes: Mapping[str, int]) -> Array:
    """The array in a buffer, dense at its actual shape."""
    source = program.buffers[buffer]
    shape = actual_shape(source.type, sizes)
    total = 1
    for extent in shape:
        total *= extent
    code = f"<{total}{CODES[source.type.dtype][1:]}"
    return Array(source.type.dtype, shape, list(struct.unpack_from(code, memory, source.offset)))


def call_program(
    program: Program, procedure: str, inputs: Arrays, state: Arrays | None = None, memory: bytearray | None = None
) -> tuple[int, dict[str, Array], dict[str, Array]]:
    """One call from arrays to arrays: the status, the outputs, and all state afterwards.

    With the `memory` of an earlier call, the state in it is kept, but for what `state` sets.
    """
    memory = bytearray(program.bytes) if memory is None else memory
    called = program.procedures[procedure]
    for name, value in (state or {}).items():
        put(program, memory, program.state[name], value, {})
    raise_versions(program, memory, sorted({program.groups[name] for name in state or {}}))
    sizes: dict[str, int] = {}
    arrays = {
        name: as_array(inputs[name], program.buffers[buffer].type.dtype)
        for name, buffer in called.inputs.items()
        if buffer in program.buffers
    }
    for name, array in arrays.items():
        bind_sizes(program.buffers[called.inputs[name]].type, array.shape, sizes, f"input {name!r}")
        put(program, memory, called.inputs[name], array, sizes)
    status = interpret_program(program, memory, procedure, sizes)
    outputs = {name: get(program, memory, buffer, sizes) for name, buffer in called.outputs.items()}
    return status, outputs, {name: get(program, memory, buffer, {}) for name, buffer in program.state.items()}

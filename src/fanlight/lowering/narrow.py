"""Which intermediate results need two bytes, not four? Whole numbers that are multiplied, and known to be small.

In and out: kernels over buffers. Operands of integer products, 8-bit numbers less a zero point, lie as int16 then: half
the memory, and the processor multiplies and adds pairs of them at once (`schedule`). Numbers stay what they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from fanlight.ir.kernel import Kernel, Operand, Step, Store
from fanlight.ir.number import integer_range
from fanlight.ir.scalar import Scalar, cast, read, rebuild, walk
from fanlight.ir.types import Type, is_float

NARROW = "int16"
LOW, HIGH = integer_range(NARROW)

Range = tuple[int, int]


def narrow(steps: Iterable[Step], buffers: Mapping[str, tuple[Type, str]]) -> tuple[list[Step], dict[str, Type]]:
    """The steps with some buffers as int16, and the types of these."""
    steps = list(steps)
    kernels = [step for step in steps if isinstance(step, Kernel)]
    if not any(map(is_integer_product, kernels)):
        return steps, {}
    writers = Counter(buffer for step in steps for buffer in step.written)
    elsewhere = {buffer for step in steps if not isinstance(step, Kernel) for buffer in step.touched}
    ranges: dict[str, Range] = {}
    makers: dict[str, Kernel] = {}
    for kernel in kernels:
        for store in kernel.stores:
            buffer = kernel.operands[store.slot].buffer
            if kernel.kind in ("map", "reduce") and store.value.dtype == "int32" and writers[buffer] == 1:
                low, high = ranges[buffer] = range_of(store.value, kernel, ranges)
                is_own = buffers[buffer][1] == "arena" and buffer not in elsewhere
                if low >= LOW and high <= HIGH and is_own and len(kernel.stores) == 1:
                    makers[buffer] = kernel
    found: dict[str, Type] = {}
    wanted = [buffer for kernel in kernels if is_integer_product(kernel) for buffer in read_by(kernel)]
    while wanted:
        buffer = wanted.pop()
        if buffer in makers and buffer not in found:
            found[buffer] = Type(NARROW, buffers[buffer][0].shape)
            if is_movement(makers[buffer]):
                wanted += read_by(makers[buffer])
    return [_narrowed(step, found) if isinstance(step, Kernel) else step for step in steps], found


def is_integer_product(kernel: Kernel) -> bool:
    """Is it a sum of products of two int32 arrays?"""
    value = kernel.value
    if kernel.kind != "reduce" or kernel.combine != "add" or value is None or value.op != "mul":
        return False
    return value.dtype == "int32" and all(source(each) is not None for each in value.args)


def source(node: Scalar) -> Scalar | None:
    """The read that `node` is, maybe of a narrow number."""
    if node.op == "cast" and node.args[0].dtype == NARROW:
        node = node.args[0]
    return node if node.op == "read" else None


def is_movement(kernel: Kernel) -> bool:
    """Does it give numbers that it reads, as they are?"""
    nodes = (node for store in kernel.stores for node in walk(store.value))
    moves = ("read", "const", "index", "guard")
    return kernel.kind == "map" and all(node.op in moves for node in nodes if node.dtype == "int32")


def read_by(kernel: Kernel) -> set[str]:
    """The buffers of int32 that a kernel reads."""
    roots = [store.value for store in kernel.stores] + ([kernel.value] if kernel.value is not None else [])
    reads = (node for root in roots for node in walk(root) if node.op == "read" and node.dtype == "int32")
    return {kernel.operands[node.attribute[0]].buffer for node in reads}


def _narrowed(kernel: Kernel, found: Mapping[str, Type]) -> Kernel:
    slots = {k for k, operand in enumerate(kernel.operands) if operand.buffer in found}
    if not slots:
        return kernel

    def leaf(node: Scalar) -> Scalar | None:
        if node.op != "read" or node.attribute[0] not in slots:
            return None
        slot, indices = node.attribute
        return cast(read(slot, indices, NARROW), node.dtype)

    def operand(slot: int, each: Operand) -> Operand:
        return replace(each, type=Type(NARROW, each.type.shape)) if slot in slots else each

    def stored(store: Store) -> Store:
        value = rebuild(store.value, leaf)
        return Store(store.slot, store.indices, cast(value, NARROW) if store.slot in slots else value)

    return replace(
        kernel,
        operands=tuple(operand(k, each) for k, each in enumerate(kernel.operands)),
        stores=tuple(map(stored, kernel.stores)),
        value=None if kernel.value is None else rebuild(kernel.value, leaf),
    )


def range_of(root: Scalar, kernel: Kernel, ranges: Mapping[str, Range]) -> Range:
    """The smallest and largest integer that an expression can be; `ranges` says what is known of buffers."""
    found: dict[Scalar, Range] = {}
    for node in walk(root):  # parts before wholes
        if is_float(node.dtype):
            continue
        whole = (0, 1) if node.dtype == "bool" else integer_range(node.dtype)
        if node.op == "read":
            found[node] = ranges.get(kernel.operands[node.attribute[0]].buffer, whole)
        else:
            low, high = _range(node, found) or whole
            found[node] = (low, high) if whole[0] <= low and high <= whole[1] else whole
    return found[root]


def _range(node: Scalar, found: Mapping[Scalar, Range]) -> Range | None:
    """What the ranges of its parts say of a node; None for nothing."""
    if node.op == "const":
        return int(node.attribute), int(node.attribute)
    if node.op == "cast":
        return found.get(node.args[0])
    if node.op in ("select", "guard"):
        (a, b), (c, d) = (found[each] for each in node.args[1:])
        return min(a, c), max(b, d)
    if node.op not in ("add", "sub", "mul", "min", "max") or node.dtype == "bool":
        return None
    (a, b), (c, d) = (found[each] for each in node.args)
    match node.op:
        case "add":
            return a + c, b + d
        case "sub":
            return a - d, b - c
        case "mul":
            ends = (a * c, a * d, b * c, b * d)
            return min(ends), max(ends)
        case "min":
            return min(a, c), min(b, d)
        case _:
            return max(a, c), max(b, d)

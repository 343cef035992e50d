"""Does one kernel keep its rules? Names, dtypes, places inside the buffers, and what a `contract` schedule promises.

A place is checked where its interval is exact: an affine expression over loop indices that no guard protects.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fanlight.errors import CompileError
from fanlight.ir import dim as dims
from fanlight.ir.evaluate import needed
from fanlight.ir.kernel import COMBINES, FOLD, SORT, Axis, Buffer, Contraction, Kernel, Operand, Sorting
from fanlight.ir.scalar import Scalar, index, walk

# What runs strictly in order, and how it may combine.
ORDERED = {"prefix": (*COMBINES, FOLD), "sort": (SORT,), "scatter": ()}


def verify_kernel(kernel: Kernel, buffers: Mapping[str, Buffer], sizes: Mapping[str, dims.Size], at: str) -> None:
    """Raises CompileError where a kernel breaks a rule; `sizes` are the open sizes that it may use."""
    check_axes(kernel, sizes, at)
    for slot, operand in enumerate(kernel.operands):
        check_operand(slot, operand, buffers[operand.buffer], sizes, at)
    outer = frozenset(sizes.values()).union(*(dims.sizes(axis.index) for axis in kernel.axes))
    known = ORDERED.get(kernel.kind, COMBINES)
    needs_value = kernel.kind in ORDERED and kernel.kind != "scatter"
    if (kernel.value is None) != (not kernel.combine) or (
        kernel.combine not in known and (kernel.combine or needs_value)
    ):
        expected = f"a value with one of {', '.join(known)}, or neither" if known else "no value"
        raise CompileError("reduction", expected=expected, got=repr(kernel.combine), at=at)
    inner = outer.union(*(dims.sizes(a.index) for a in kernel.reduce))
    if kernel.value is not None:
        check_expression(kernel, kernel.value, inner, at)
        if kernel.combine != FOLD and any(node.op == "accumulator" for node in walk(kernel.value)):
            raise CompileError("value", expected="no accumulator before the reduction is done", got=kernel.value, at=at)
    outer = inner if needs_value else outer  # they store at each point of the reduced axes too
    for store in kernel.stores:
        check_expression(kernel, store.value, outer, at)
        check_place(kernel, store.slot, store.indices, outer, at)
        if store.value.dtype != kernel.operands[store.slot].type.dtype:
            expected = kernel.operands[store.slot].type.dtype
            raise CompileError(f"store to %{store.slot}", expected=expected, got=store.value.dtype, at=at)
    plan = kernel.schedule
    wanted = {"contract": Contraction, "sort": Sorting}.get(kernel.kind)
    if isinstance(plan, Contraction):
        check_contraction(kernel, plan, at)
    elif wanted is not None and not isinstance(plan, wanted):
        raise CompileError(kernel.kind, expected="a schedule", got=plan, at=at)
    if isinstance(plan, Sorting):
        check_sorting(kernel, plan, buffers, at)
    check_bounds(kernel, buffers, at)


def read_slots(kernel: Kernel) -> frozenset[int]:
    """The operands that a kernel reads."""
    return frozenset(node.attribute[0] for root in roots(kernel) for node in walk(root) if node.op == "read")


def roots(kernel: Kernel) -> list[Scalar]:
    """All expressions of a kernel, the places of stores included."""
    places = [index(each) for store in kernel.stores for each in store.indices]
    values = [store.value for store in kernel.stores]
    return [*([] if kernel.value is None else [kernel.value]), *values, *places]


def check_axes(kernel: Kernel, sizes: Mapping[str, dims.Size], at: str) -> None:
    names = [axis.name for axis in (*kernel.axes, *kernel.reduce)]
    if len(set(names)) < len(names) or set(names) & sizes.keys():
        raise CompileError("axes", expected="names that differ, and from sizes", got=names, at=at)
    if kernel.reduce and kernel.value is None:
        raise CompileError("axes", expected="reduce axes only with a value", got=names, at=at)
    for axis in (*kernel.axes, *kernel.reduce):
        check_sizes(axis.extent, frozenset(sizes.values()), f"extent of {axis.name}", at)


def check_sizes(expression: dims.DimLike, known: frozenset[dims.Size], what: str, at: str) -> None:
    """An expression is over these sizes and loop indices; one of the same name with another interval is another one."""
    unknown = dims.sizes(expression) - known
    if unknown:
        raise CompileError(what, expected=f"sizes among {listed(known)}", got=listed(unknown), at=at)


def listed(sizes: frozenset[dims.Size]) -> str:
    texts = sorted(f"{size.name} in {size.low}..{size.high}" for size in sizes)
    return ", ".join(texts) or "none"


def check_operand(slot: int, operand: Operand, buffer: Buffer, sizes: Mapping[str, dims.Size], at: str) -> None:
    if operand.type.dtype != buffer.type.dtype:
        raise CompileError(f"operand {slot}", expected=buffer.type.dtype, got=operand.type.dtype, at=at)
    if len(operand.layout.strides) != operand.type.rank:
        raise CompileError(
            f"operand {slot}", expected=f"{operand.type.rank} strides", got=operand.layout.strides, at=at
        )
    for expression in (*operand.type.shape, *operand.layout.strides, operand.layout.offset):
        check_sizes(expression, frozenset(sizes.values()), f"operand {slot}", at)


def check_expression(kernel: Kernel, root: Scalar, known: frozenset[dims.Size], at: str) -> None:
    """Reads name operands of their dtype, indices name loops that run, and the accumulator has the value's dtype."""
    for node in walk(root):
        if node.op == "index":
            check_sizes(node.attribute, known, "index", at)
        if node.op == "accumulator" and (kernel.value is None or node.dtype != kernel.value.dtype):
            expected = "none" if kernel.value is None else kernel.value.dtype
            raise CompileError("accumulator", expected=expected, got=node.dtype, at=at)
        if node.op == "read":
            slot, indices = node.attribute
            check_place(kernel, slot, indices, known, at)
            if node.dtype != kernel.operands[slot].type.dtype:
                raise CompileError(f"read of %{slot}", expected=kernel.operands[slot].type.dtype, got=node.dtype, at=at)


def check_place(
    kernel: Kernel, slot: int, indices: tuple[dims.DimLike, ...], known: frozenset[dims.Size], at: str
) -> None:
    if not 0 <= slot < len(kernel.operands):
        raise CompileError("slot", expected=f"0 .. {len(kernel.operands) - 1}", got=slot, at=at)
    if len(indices) != kernel.operands[slot].type.rank:
        raise CompileError(f"indices of %{slot}", expected=kernel.operands[slot].type, got=indices, at=at)
    for expression in indices:
        check_sizes(expression, known, f"indices of %{slot}", at)


def check_bounds(kernel: Kernel, buffers: Mapping[str, Buffer], at: str) -> None:
    """What is read for certain, and what is stored, lies inside the buffer."""
    for slot, indices in places(kernel):
        operand = kernel.operands[slot]
        plan = kernel.schedule if isinstance(kernel.schedule, Contraction) else None
        if plan is not None and slot == plan.b:
            continue  # reads beyond the last column are allowed
        address = operand.layout.address(indices)
        if plan is not None:
            address = by_column(address, kernel.axes, plan)
        if isinstance(kernel.schedule, Sorting) and slot in {store.slot for store in kernel.stores}:
            kept = max(dims.upper(kernel.schedule.keep) - 1, 0)  # the ranks that are stored
            address = dims.replace_sizes(address, {a.name: dims.size(a.name, 0, kept) for a in kernel.reduce})
        is_empty = any(axis_length(axis) == 0 for axis in (*kernel.axes, *kernel.reduce))
        if is_empty or not is_exact(address, kernel):
            continue
        low, high = dims.bounds(address)
        if low < 0 or high >= buffers[operand.buffer].count:
            expected = f"0 .. {buffers[operand.buffer].count - 1} of {operand.buffer}"
            raise CompileError(f"place in %{slot}", expected=expected, got=f"{low} .. {high} ({address})", at=at)


def axis_length(axis: Axis) -> int:
    return dims.upper(axis.extent)


def places(kernel: Kernel) -> Iterator[tuple[int, tuple[dims.DimLike, ...]]]:
    """Operand and indices of all stores, and of all reads that are not inside a guard."""
    for root in roots(kernel):
        yield from (node.attribute for node in needed(root) if node.op == "read")
    yield from ((store.slot, store.indices) for store in kernel.stores)


def by_column(address: dims.DimLike, axes: tuple[Axis, ...], plan: Contraction) -> dims.DimLike:
    """An address over the column, which stays below `columns`, in place of panel and lane, which may run beyond."""
    panel, lane = axes[-2].name, axes[-1].name
    step = dims.coefficient(address, lane)
    is_single = axes[-2].extent == 1  # its index is the constant 0
    if step is None or step == 0 or not (is_single or dims.coefficient(address, panel) == step * plan.tile_columns):
        return address
    column = dims.size("column", 0, max(dims.upper(plan.columns) - 1, 0))
    return dims.replace_sizes(address, {panel: 0, lane: column})


def is_exact(address: dims.DimLike, kernel: Kernel) -> bool:
    """Is the interval of this address attained: a sum of single loop indices with constant factors?"""
    loops = {axis.name for axis in (*kernel.axes, *kernel.reduce)} | {"column"}
    atoms = list(dims.atoms(address))
    affine = all(isinstance(atom, dims.Size) and atom.name in loops for atom in atoms)
    return affine and all(len(term) <= 1 for term, _ in dims.terms_of(address))


def check_contraction(kernel: Kernel, plan: Contraction, at: str) -> None:
    """The promises of `ir.kernel.Contraction`."""

    def require(holds: bool, expected: str) -> None:
        if not holds:
            raise CompileError("contract", expected=expected, got=plan, at=at)

    value = kernel.value
    if len(kernel.axes) < 2 or value is None or kernel.combine != "add":
        raise CompileError("contract", expected="rows, panel, lane and a sum", got=kernel.combine, at=at)
    *rows, panel, lane = kernel.axes
    require(lane.extent == plan.tile_columns, "a lane axis as long as the tile")
    require(plan.tile_rows > 0 and plan.tile_columns > 0 and plan.unroll > 0, "a tile")
    require(0 <= plan.split <= len(kernel.reduce), "a split among the reduce axes")
    factors = [node.args[0] if node.op == "cast" else node for node in value.args]
    reads = [node.attribute for node in factors if node.op == "read"]
    require(value.op == "mul" and [slot for slot, _ in reads] == [plan.a, plan.b], "mul(read a, read b)")
    (a, b) = (kernel.operands[slot].layout.address(indices) for slot, indices in reads)
    require(not dims.names(a) & {panel.name, lane.name}, "an A that depends on rows and reduce axes only")
    paired = [node.dtype for node in factors] == ["int16", "int16"]
    require(paired or value.dtype == "float32", "factors of float32, or of int16")
    require(dims.coefficient(b, lane.name) == 1 + paired, f"a B with stride {1 + paired} along the lanes")
    if paired:
        pair = kernel.reduce[-1]
        steps = [dims.coefficient(address, pair.name) for address in (a, b)]
        require(pair.extent == 2 and steps == [1, 1] and not plan.split, "pairs of neighbours as last reduce axis")
    moving = [axis.name in dims.names(b) for axis in rows]
    require(moving == sorted(moving, reverse=True), "a B that only leading rows move")


def check_sorting(kernel: Kernel, plan: Sorting, buffers: Mapping[str, Buffer], at: str) -> None:
    """The promises of `ir.kernel.Sorting`."""

    def require(holds: bool, expected: str) -> None:
        if not holds:
            raise CompileError("sort", expected=expected, got=plan, at=at)

    require(len(kernel.reduce) == 1 and kernel.value is not None and kernel.value.dtype == "int64", "one axis of int64")
    require(0 <= plan.scratch < len(kernel.operands), "a scratch operand")
    scratch = buffers[kernel.operands[plan.scratch].buffer]
    length = dims.product(axis.extent for axis in kernel.reduce)
    elements = plan.keep if plan.selects else 2 * length
    require(scratch.type.dtype == "int64" and scratch.count >= dims.upper(elements), f"room for {elements} int64")
    require(plan.scratch not in read_slots(kernel) | {store.slot for store in kernel.stores}, "a scratch of its own")
    require(dims.bounds(length - plan.keep)[0] >= 0, f"at most {length} kept")

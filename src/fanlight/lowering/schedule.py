"""In which loops does a kernel run? Chooses the kind of each kernel, the tile of a product and which operands are
packed.

In: fused kernels and the target's limits. Out: kernels with kind and schedule, and packing kernels before them. Does
not choose addresses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from fanlight.ir import dim as dims
from fanlight.ir.dim import DimLike
from fanlight.ir.kernel import Axis, Contraction, Kernel, Operand, Sorting, Store, dense
from fanlight.ir.scalar import Scalar, cast, const, guard, inside, make, read, rebuild
from fanlight.ir.target import Target
from fanlight.ir.types import Type
from fanlight.lowering.long_rows import with_long_rows
from fanlight.lowering.narrow import NARROW, source
from fanlight.lowering.neighbours import copy_strided
from fanlight.lowering.operands import drop_unused, replace_slot
from fanlight.lowering.pairs import pair_terms
from fanlight.lowering.partial_sums import split_reduction

# Elements between rows of B up to which it is read as it lies: beyond, each row of a panel lies in another page.
MAXIMUM_DIRECT_STRIDE = 512
FEWEST_ROWS = 64  # below it, a copy of B costs more than the strides
# Columns of a tile by the number of rows, where they are so few that registers would stay empty.
WIDE_TILES = {1: 32, 2: 16}
FEWEST_COLUMNS = 4  # of a batch of products that is brought together from between other axes
MOST_SELECTED = 16  # smallest elements kept in order while all are looked at: more of them are moved too often
SPLIT_ABOVE = 1024  # terms of a sum: longer ones over a batch are split, so that the slices of A and B stay in cache


@dataclass(frozen=True, slots=True)
class Product:
    """A product kernel taken apart: which read is A and which B, and what each axis indexes."""

    a: Scalar
    b: Scalar
    rows: tuple[Axis, ...]
    batch: tuple[Axis, ...]  # the first rows, if B depends on them too: one product for each of their indices
    column: Axis

    @property
    def is_paired(self) -> bool:
        """Are they narrow whole numbers, of which two terms are added up at once?"""
        return self.a.dtype == NARROW


def schedule(
    kernel: Kernel, target: Target, is_constant: Callable[[str], bool]
) -> tuple[list[Kernel], dict[str, Type]]:
    """The kernels that do what `kernel` does, in order, and the buffers that they add. `is_constant(buffer)`: is it
    derived from state that this function leaves alone, so that packing it costs nothing per call?"""
    if kernel.kind == "sort":
        return _sort(kernel)
    if kernel.kind == "map":
        return [with_long_rows(kernel, target.lanes)], {}
    parts, added = split_reduction(kernel)
    steps: list[Kernel] = []
    for part in parts:
        part = split_groups(part, target.lanes)
        product = match_product(part)
        if product is None:
            copied, copies = copy_strided(part, is_constant)
            steps += copied
            added = {**added, **copies}
            continue
        scheduled, packed = _contract(part, product, target, is_constant)
        steps += scheduled
        added = {**added, **packed}
    return steps, added


def _sort(kernel: Kernel) -> tuple[list[Kernel], dict[str, Type]]:
    """A few smallest elements are selected, more are sorted by merging; the scratch is a buffer that it adds."""
    (store,), (axis,) = kernel.stores, kernel.reduce
    out = kernel.operands[store.slot]
    keep = out.type.shape[-1]
    selects = isinstance(keep, int) and keep <= MOST_SELECTED
    type = Type("int64", (keep,) if selects else (2, axis.extent))
    name = f"{out.buffer}/scratch"
    plan = Sorting(len(kernel.operands), keep, selects)
    return [replace(kernel, operands=(*kernel.operands, Operand(name, type, dense(type))), schedule=plan)], {name: type}


def match_product(kernel: Kernel) -> Product | None:
    """Takes `kernel` apart if it is a matrix product or convolution: a sum of products of two affine reads, one of
    which does not depend on the last output axis. Output axes that the other depends on too are a batch of products."""
    if kernel.kind != "reduce" or kernel.combine != "add" or not kernel.axes:
        return None
    if kernel.value is None or kernel.value.op != "mul":
        return None
    reads = [node for each in kernel.value.args if (node := source(each)) is not None]
    if [node.dtype for node in reads] not in (["float32"] * 2, [NARROW] * 2) or len(kernel.stores) != 1:
        return None
    addresses = [_address(kernel, node) for node in reads]
    uses: list[set[str]] = []
    for address in addresses:
        names: set[str] = set()
        for axis in (*kernel.axes, *kernel.reduce):
            step = dims.coefficient(address, axis.name)
            if step is None:
                return None
            if step != 0:
                names.add(axis.name)
        uses.append(names)
    column, rows = kernel.axes[-1], kernel.axes[:-1]
    for a, b in ((0, 1), (1, 0)):
        if column.name in uses[b] and column.name not in uses[a]:
            batch = tuple(row for row in rows if row.name in uses[b])
            rest = tuple(row for row in rows if row.name not in uses[b])
            if rows != (*batch, *rest) and _is_narrow(column):
                return None
            return Product(reads[a], reads[b], (*batch, *rest), batch, column)
    return None


def _is_narrow(column: Axis) -> bool:
    return isinstance(column.extent, int) and column.extent < FEWEST_COLUMNS


def split_groups(kernel: Kernel, lanes: int) -> Kernel:
    """A product whose last axis only occurs as `o` and `o // width` (a convolution in groups), with that axis as two:
    `o -> group * width + o`. Groups narrower than a vector stay as they are."""
    if kernel.kind != "reduce" or kernel.combine != "add" or not kernel.axes:
        return kernel
    if kernel.value is None or kernel.value.op != "mul":
        return kernel
    column = kernel.axes[-1]
    width = _group_width(kernel, column)
    if width < lanes or not isinstance(column.extent, int) or column.extent % width:
        return kernel
    group, inner = Axis(f"{column.name}_group", column.extent // width), Axis(column.name, width)
    place: dict[str, DimLike] = {column.name: group.index * width + inner.index}
    stores = tuple(
        Store(s.slot, tuple(dims.replace_sizes(i, place) for i in s.indices), rebuild(s.value, lambda _: None, place))
        for s in kernel.stores
    )
    value = rebuild(kernel.value, lambda _: None, place)
    return replace(kernel, axes=(*kernel.axes[:-1], group, inner), stores=stores, value=value)


def _group_width(kernel: Kernel, column: Axis) -> int:
    """The constant by which the index of `column` is divided in the addresses of a product; 0 for none or several."""
    assert kernel.value is not None
    widths = {
        atom.right
        for node in kernel.value.args
        if node.op == "read"
        for atom in dims.atoms(_address(kernel, node))
        if isinstance(atom, dims.Floor) and atom.left == column.index
    }
    width = widths.pop() if len(widths) == 1 else 0
    return width if isinstance(width, int) else 0


def _address(kernel: Kernel, node: Scalar) -> DimLike:
    slot, indices = node.attribute
    return kernel.operands[slot].layout.address(indices)


def _contract(
    kernel: Kernel, product: Product, target: Target, is_constant: Callable[[str], bool]
) -> tuple[list[Kernel], dict[str, Type]]:
    before: list[Kernel] = []
    has_b = const(True, "bool")
    if product.a.dtype == NARROW:
        paired = pair_terms(kernel, product.a, product.b)
        if paired is None:
            return [kernel], {}
        before += paired.before
        kernel, has_b, product = paired.kernel, paired.has_b, replace(product, a=paired.a, b=paired.b)
    tile_rows, tile_columns = target.tile[0], _tile_columns(product, target)
    columns = product.column.extent
    panels = dims.ceil_divide(columns, tile_columns)
    panel, lane = Axis("panel", panels), Axis("lane", tile_columns)
    split_column = {product.column.name: panel.index * tile_columns + lane.index}
    operands = list(kernel.operands)
    a, b = (operands[x.attribute[0]] for x in (product.a, product.b))
    b_read = product.b
    if product.is_paired or _wants_packing(kernel, product, is_constant):
        pack, place = _pack(kernel, product, has_b, f"{b.buffer}/packed/{kernel.name}", panel, lane)
        before.append(pack)
        b = pack.operands[1]
        b_value = read(len(operands) + 1, place, b.type.dtype)
    else:
        b_value = rebuild(replace_slot(b_read, len(operands) + 1), lambda _: None, split_column)
    operands += [a, b]
    a_value = replace_slot(product.a, len(operands) - 2)
    dtype = "int32" if product.is_paired else "float32"
    stores = tuple(
        Store(
            s.slot,
            tuple(dims.replace_sizes(i, split_column) for i in s.indices),
            rebuild(s.value, lambda _: None, split_column),
        )
        for s in kernel.stores
    )
    contracted = replace(
        kernel,
        kind="contract",
        axes=(*product.rows, panel, lane),
        operands=tuple(operands),
        stores=stores,
        value=make("mul", cast(a_value, dtype), cast(b_value, dtype)),
        schedule=Contraction(
            a=len(operands) - 2,
            b=len(operands) - 1,
            columns=columns,
            tile_rows=tile_rows,
            tile_columns=tile_columns,
            split=0 if product.is_paired else _split(kernel),
        ),
    )
    added = {each.operands[1].buffer: each.operands[1].type for each in before}
    return [*before, drop_unused(contracted)], added


def _tile_columns(product: Product, target: Target) -> int:
    """As many columns as keep the registers of a tile busy; no more than the product has, in whole vectors."""
    rows = dims.product([axis.extent for axis in product.rows if axis not in product.batch])
    wanted = WIDE_TILES.get(rows, target.tile[1]) if isinstance(rows, int) else target.tile[1]
    columns = product.column.extent
    if isinstance(columns, int) and columns <= wanted // 2:
        wanted = max(target.lanes, 1 << (columns - 1).bit_length())
    return wanted


def _split(kernel: Kernel) -> int:
    """1 where the leading reduce axis should run outside the tiles: a long sum (over a batch), stored as it is."""
    terms = dims.upper(dims.product([axis.extent for axis in kernel.reduce]))
    plain = all(s.value.op == "accumulator" for s in kernel.stores)
    return int(plain and len(kernel.reduce) > 1 and terms > SPLIT_ABOVE)


def _wants_packing(kernel: Kernel, product: Product, is_constant: Callable[[str], bool]) -> bool:
    operand = kernel.operands[product.b.attribute[0]]
    address = _address(kernel, product.b)
    if dims.coefficient(address, product.column.name) != 1:
        return True
    moving = dims.names(address) - {axis.name for axis in (*kernel.axes, *kernel.reduce)}
    if is_constant(operand.buffer) and not moving:
        return True
    if not kernel.reduce or any(isinstance(axis.extent, dims.Dim) for axis in kernel.reduce):
        return False
    step = dims.coefficient(address, kernel.reduce[-1].name)
    rows = dims.upper(dims.product([axis.extent for axis in product.rows]))
    return isinstance(step, int) and step > MAXIMUM_DIRECT_STRIDE and rows >= FEWEST_ROWS


def _pack(
    kernel: Kernel, product: Product, has_b: Scalar, name: str, panel: Axis, lane: Axis
) -> tuple[Kernel, tuple[DimLike, ...]]:
    """The kernel that copies B into panels `[batch..., panels, reduce axes..., lanes]`, zero beyond the last column,
    and the place of an element there. In pairs of terms the two lie side by side, behind the lanes."""
    inner = (*kernel.reduce[:-1], lane, kernel.reduce[-1]) if product.is_paired else (*kernel.reduce, lane)
    axes = (*product.batch, panel, *inner)
    type = Type(product.b.dtype, tuple(axis.extent for axis in axes))
    column = panel.index * lane.extent + lane.index
    moved = rebuild(replace_slot(product.b, 0), lambda _: None, {product.column.name: column})
    has_element = make("and", has_b, inside(column, product.column.extent))
    value = guard(has_element, moved, const(0, type.dtype))
    place = tuple(axis.index for axis in axes)
    operands = (kernel.operands[product.b.attribute[0]], Operand(name, type, dense(type)))
    return Kernel(f"pack_{kernel.name}", "map", axes, operands, (Store(1, place, value),)), place

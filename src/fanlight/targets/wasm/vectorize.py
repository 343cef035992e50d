"""Can four neighbouring points be computed at once? What an expression depends on, and whether its reads lie in a row.

In: scalar expressions and operands. Out: answers. Writes no code; what it says yes to, Expressions can spell."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from fanlight.ir import dim as dims
from fanlight.ir.dim import DimLike
from fanlight.ir.kernel import SLACK, Operand, Store
from fanlight.ir.scalar import Scalar, index_data, node_dims, walk
from fanlight.ir.types import item_bytes
from fanlight.targets.wasm.spelling import CASTS, SPELLINGS

NEAR = SLACK // 2  # bytes around a buffer, for lanes without a point, and as many for points that a condition excludes
ACCUMULATOR = "accumulator"  # stands among the names for what depends on the finished reduction
_NONE: frozenset[str] = frozenset()


@lru_cache(maxsize=65536)
def names_of(root: Scalar) -> frozenset[str]:
    """The sizes and loop indices that an expression depends on, and ACCUMULATOR."""
    own = frozenset({ACCUMULATOR}) if root.op == "accumulator" else _NONE
    parts = (*root.args, *index_data(root))  # each is remembered, so that deep expressions stay linear
    return own.union(*map(dims.names, node_dims(root)), *map(names_of, parts))


def varies(node: Scalar, lane: str) -> bool:
    """Does `node` differ between neighbours along `lane`? What is accumulated always does."""
    names = names_of(node)
    return lane in names or ACCUMULATOR in names


def stride_along(operand: Operand, indices: tuple[DimLike, ...], lane: str) -> DimLike | None:
    """Elements from one index of `lane` to the next; None where the address is not affine in it."""
    return dims.coefficient(operand.layout.address(indices), lane)


def is_vector_value(root: Scalar, operands: tuple[Operand, ...], lane: str) -> bool:
    """Can `root` be computed for four neighbours along `lane`?

    What varies there must have constant strides, if it is read, and else a vector form."""
    return all(_is_vector_node(node, operands, lane) for node in _varying(root, lane))


def may_overrun(roots: Iterable[Scalar], operands: tuple[Operand, ...], lane: str, elements: int) -> bool:
    """May `roots` read this many elements too many along `lane`?"""
    return all(
        isinstance(stride := stride_along(operands[slot], indices, lane), int)
        and abs(stride) * elements * item_bytes(operands[slot].type.dtype) <= NEAR
        for root in roots
        for slot, indices in (node.attribute for node in _varying(root, lane) if node.op == "read")
    )


def is_contiguous(roots: Iterable[Scalar], operands: tuple[Operand, ...], lane: str) -> bool:
    """Are all elements that `roots` read along `lane` neighbours in memory?"""
    reads = [node for root in roots for node in _varying(root, lane) if node.op == "read"]
    return all(stride_along(operands[r.attribute[0]], r.attribute[1], lane) == 1 for r in reads)


def is_vector_store(store: Store, operands: tuple[Operand, ...], lane: str) -> bool:
    """Can four values along `lane` be written at once, or one by one at constant distances?"""
    operand = operands[store.slot]
    stride = stride_along(operand, store.indices, lane)
    return isinstance(stride, int) and stride != 0 and item_bytes(operand.type.dtype) <= 4


def _is_near(node: Scalar, operands: tuple[Operand, ...]) -> bool:
    """Is what `node` reads, at whatever indices, within its operand or NEAR it?"""
    slot, indices = node.attribute
    type, layout = operands[slot].type, operands[slot].layout
    address, size = layout.address(indices), item_bytes(type.dtype)
    if index_data(node) or any(dims.bounds(stride)[0] < 0 for stride in layout.strides):
        return False
    first, last = layout.offset, layout.address(tuple(extent - 1 for extent in type.shape))
    before, after = dims.bounds(address - first)[0], dims.bounds(address - last)[1]
    return before * size >= -NEAR and after * size <= NEAR


def _varying(root: Scalar, lane: str) -> Iterable[Scalar]:
    return (node for node in walk(root) if varies(node, lane))


def _is_vector_node(node: Scalar, operands: tuple[Operand, ...], lane: str) -> bool:
    if item_bytes(node.dtype) > 4:
        return False
    match node.op:
        case "accumulator" | "const":
            return True
        case "index":
            return dims.coefficient(node.attribute, lane) is not None
        case "read":
            return isinstance(stride_along(operands[node.attribute[0]], node.attribute[1], lane), int)
        case "guard":
            # Both sides of a condition that differs between lanes are evaluated.
            reads = (n for side in node.args[1:] for n in walk(side) if n.op == "read")
            return not varies(node.args[0], lane) or all(_is_near(n, operands) for n in reads)
        case "shift_left" | "shift_right":
            return not varies(node.args[1], lane)
        case "cast":
            spelling = CASTS.get((node.args[0].dtype, node.dtype))
            return spelling is not None and spelling.vector is not None
        case "bitcast":
            return True
        case op:
            operand = node.args[-1].dtype
            spelling = SPELLINGS.get((op, operand))
            return spelling is not None and spelling.vector is not None

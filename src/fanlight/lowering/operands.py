"""Which operands does a kernel have? Changes of their numbers, where others join or leave."""

from __future__ import annotations

from dataclasses import replace

from fanlight.ir.kernel import Contraction, Kernel, Store
from fanlight.ir.scalar import Scalar, read, rebuild, walk


def replace_slot(node: Scalar, slot: int) -> Scalar:
    """A read with another operand slot."""
    return read(slot, node.attribute[1], node.dtype)


def drop_unused(kernel: Kernel) -> Kernel:
    """The kernel without operands that nothing reads or stores."""
    roots = [s.value for s in kernel.stores] + ([kernel.value] if kernel.value is not None else [])
    used = {node.attribute[0] for root in roots for node in walk(root) if node.op == "read"} | {
        s.slot for s in kernel.stores
    }
    moved = {slot: k for k, slot in enumerate(sorted(used))}

    def leaf(node: Scalar) -> Scalar | None:
        return replace_slot(node, moved[node.attribute[0]]) if node.op == "read" else None

    plan = kernel.schedule if isinstance(kernel.schedule, Contraction) else None
    return replace(
        kernel,
        operands=tuple(kernel.operands[slot] for slot in sorted(used)),
        stores=tuple(Store(moved[s.slot], s.indices, rebuild(s.value, leaf)) for s in kernel.stores),
        value=None if kernel.value is None else rebuild(kernel.value, leaf),
        schedule=None if plan is None else replace(plan, a=moved[plan.a], b=moved[plan.b]),
    )

"""Which instructions does a target lack? Rows that it does not spell are written with those that it does.

In: scalar expressions and a target. Out: expressions that the target spells. The arithmetic stands in `approximate`."""

from __future__ import annotations

from dataclasses import replace

from fanlight.errors import CompileError
from fanlight.ir.dim import DimLike
from fanlight.ir.kernel import Kernel, Store
from fanlight.ir.scalar import Scalar, index, transform
from fanlight.ir.target import Target
from fanlight.lowering.approximate import APPROXIMATIONS

LEAVES = frozenset({"const", "index", "read", "accumulator"})


def decompose(node: Scalar, target: Target) -> Scalar:
    """`node` in rows that `target` spells. Raises CompileError for a row that has no other form."""

    def change(each: Scalar) -> Scalar | None:
        if each.op in LEAVES or each.op in target.spelled:
            return None
        if each.op not in APPROXIMATIONS:
            raise CompileError(
                "scalar expression",
                expected=f"a row that {target.name} spells or one of {', '.join(APPROXIMATIONS)}",
                got=each.op,
            )
        return APPROXIMATIONS[each.op](*each.args)

    return transform(node, change)


def decompose_kernel(kernel: Kernel, target: Target) -> Kernel:
    """`kernel` with all its expressions decomposed."""

    def place(dim: DimLike) -> DimLike:
        return decompose(index(dim), target).attribute  # it may be computed from data

    return replace(
        kernel,
        stores=tuple(Store(s.slot, tuple(map(place, s.indices)), decompose(s.value, target)) for s in kernel.stores),
        value=None if kernel.value is None else decompose(kernel.value, target),
    )

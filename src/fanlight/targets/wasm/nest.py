"""Which function and which loops surround a kernel's body? The frame that `map` and `reduce` share.

In: a kernel, and which of its axes calls divide among them. Out: a function with one base address a parameter for each
operand, then begin and end: the chunk of that axis that a call computes. Bodies are written by the caller, inside
loops over the axes that it names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack

from fanlight.ir.dim import DimLike
from fanlight.ir.kernel import Axis, Kernel, Store
from fanlight.ir.scalar import Scalar, walk
from fanlight.ir.target import Target
from fanlight.targets.wasm.assembler import I32, Function, Module
from fanlight.targets.wasm.expressions import Expressions, Index
from fanlight.targets.wasm.loops import Bound, counting

LANES = 4  # elements of 32 bits in a v128


class Nest:
    """One kernel's function while it is written."""

    def __init__(self, module: Module, kernel: Kernel, sizes: Mapping[str, int], target: Target, chunk: int = 0):
        self.kernel = kernel
        self.chunk = kernel.axes[chunk] if kernel.axes else None
        self.function: Function = module.function(kernel.name, (I32,) * (len(kernel.operands) + 2))
        *pointers, begin, end = self.function.parameters
        self.expressions = Expressions(self.function, kernel.operands, pointers, sizes, target)
        self.begin, self.end = Bound(begin), Bound(end)
        self._extents: dict[DimLike, Bound] = {}

    def bounds(self, axis: Axis) -> tuple[Bound, Bound]:
        """Where the loop over `axis` begins and ends: one output axis runs over the caller's chunk."""
        if axis is self.chunk:
            return self.begin, self.end
        if isinstance(axis.extent, int):
            return Bound(None), Bound(None, axis.extent)
        if axis.extent not in self._extents:
            raise AssertionError(f"the extent of {axis.name!r} was not prepared")
        return Bound(None), self._extents[axis.extent]

    def prepare_extents(self, axes: Iterable[Axis]) -> None:
        """Computes open extents into locals; to be called outside of all loops."""
        for axis in axes:
            if not isinstance(axis.extent, int) and axis.extent not in self._extents:
                self.expressions.integer(axis.extent)
                local = self.function.local(I32)
                self.function.set(local)
                self._extents[axis.extent] = Bound(local)

    def loops(
        self,
        axes: Sequence[Axis],
        hoist: Callable[[set[str]], None],
        body: Callable[[], None],
    ) -> None:
        """Loops over `axes`, outer to inner, around `body`. `hoist` is called inside each loop, with the axes of those
        further in: it computes what they do not change."""
        expressions, function = self.expressions, self.function
        names = [axis.name for axis in axes]
        held: list[int] = []
        with ExitStack() as stack:
            for position, axis in enumerate(axes):
                begin, end = self.bounds(axis)
                if begin.local is None and end.local is None and end.constant == 1:
                    index = Index(None)
                else:
                    held.append(function.local(I32))
                    stack.enter_context(counting(function, held[-1], begin, end))
                    index = Index(held[-1])
                stack.enter_context(expressions.scope())
                stack.enter_context(expressions.at(**{axis.name: index}))
                hoist(set(names[position + 1 :]))
            body()
        for local in held:
            function.release(local)


def is_empty(axes: Iterable[Axis]) -> bool:
    """Is there certainly no point in the loops over `axes`?"""
    return any(axis.extent == 0 for axis in axes)


def weight(roots: Iterable[Scalar | Store]) -> int:
    """How many nodes do the expressions have that cost code and time?"""
    nodes: set[Scalar] = set()
    for root in roots:
        nodes.update(walk(root.value if isinstance(root, Store) else root))
    return sum(1 for node in nodes if node.op not in ("const", "accumulator"))

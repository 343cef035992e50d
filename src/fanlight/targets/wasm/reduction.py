"""How is a reduction computed point by point? The loops over its terms, and what the faster ways share with this one.

In: a Kernel with a reduction. Out: a function whose accumulators are locals, one for each result in the making."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product

from fanlight.ir.kernel import Axis, Kernel, identity
from fanlight.ir.scalar import Scalar, accumulator, const, make
from fanlight.ir.target import Target
from fanlight.targets.wasm.assembler import V128, Function, Module
from fanlight.targets.wasm.expressions import Index
from fanlight.targets.wasm.nest import Nest, is_empty, weight
from fanlight.targets.wasm.opcodes import ValueType
from fanlight.targets.wasm.spelling import VALUE_TYPES

TAPS = 16  # a reduction of up to this many terms is written without a loop ...
STRAIGHT = 160  # ... unless its code has more nodes than these
LOGICAL = {"max": "or", "min": "and"}  # how bools are combined

Points = Sequence[tuple[int, Mapping[str, Index]]]


class Reduction(Nest):
    """One `reduce` kernel's function while it is written; by itself, one point at a time."""

    def __init__(self, module: Module, kernel: Kernel, sizes: Mapping[str, int], target: Target, chunk: int = 0):
        super().__init__(module, kernel, sizes, target, chunk)
        assert kernel.value is not None
        self.value = kernel.value
        self.weight = weight([self.value]) + 1
        self.neutral = const(identity(kernel.combine, self.value.dtype), self.value.dtype)
        self.type: ValueType = VALUE_TYPES[self.value.dtype]
        self.prepare_extents((*kernel.axes, *kernel.reduce))

    def emit(self) -> Function:
        """The finished function."""
        kernel, expressions = self.kernel, self.expressions
        if is_empty(kernel.axes):
            return self.function
        with expressions.scope():
            self.hoist_terms({axis.name for axis in kernel.axes}, None)
            self.loops(kernel.axes, lambda inner: self.hoist_terms(inner, None), self._point)
        return self.function

    def combined(self, left: Scalar, right: Scalar) -> Scalar:
        """Two partial results as one."""
        combine = self.kernel.combine
        return make(LOGICAL.get(combine, combine) if left.dtype == "bool" else combine, left, right)

    def held(self, local: int) -> Scalar:
        """What a local holds, as an expression."""
        return Scalar("accumulator", (), self.value.dtype, local)

    def hoist_terms(self, inner: set[str], lane: str | None) -> None:
        """Computes what terms and epilogue need, and loops over the axes `inner` and over the terms do not change."""
        self.expressions.hoist([self.value], inner | {axis.name for axis in self.kernel.reduce}, lane)
        self.expressions.hoist(self.kernel.stores, inner, lane)

    def start(self, locals_: Sequence[int], lane: str | None) -> None:
        """Sets accumulators to the value that changes nothing."""
        function = self.function
        if lane is None:
            self.expressions.scalar(self.neutral)
        else:
            self.expressions.vector(self.neutral, lane)
        for local in locals_[1:]:
            function.tee(local)
        function.set(locals_[0])

    def accumulate(
        self, points: Points, lane: str | None, hoist: Callable[[set[str]], None], together: int = 1
    ) -> None:
        """Combines all terms into accumulators, one for each point: a local and the indices where it accumulates.

        Short inner loops are straight code; so many successive terms `together` load an element that several of them
        use once. `hoist` is called in front of each loop with the axes inside."""
        expressions, locals_ = self.expressions, [local for local, _ in points]
        loops, straight = self._split(len(points))
        step = self.combined(accumulator(self.value.dtype), self.value)
        taps = [self._tap(straight, place) for place in product(*(range(_extent(axis)) for axis in straight))]
        is_first = not loops and together == 1  # then the first terms are the start
        if not is_first or is_empty(self.kernel.reduce):
            self.start(locals_, lane)
        if is_empty(self.kernel.reduce):
            return

        def body() -> None:
            with expressions.scope():
                with expressions.at(**taps[0]):
                    expressions.hold_addresses([self.value], lane)
                for k in range(0, len(taps), together):
                    value = self.value if is_first and k == 0 else step
                    group = [(local, {**at, **tap}) for tap in taps[k : k + together] for local, at in points]
                    expressions.update(value, lane, group)

        names = {axis.name for axis in straight}
        self.loops(loops, lambda inner: hoist(inner | names), body)

    def _split(self, points: int) -> tuple[Sequence[Axis], Sequence[Axis]]:
        """The reduced axes that are loops, and the inner ones that are written out."""
        loops, taps = list(self.kernel.reduce), 1
        while loops and isinstance(extent := loops[-1].extent, int) and extent * taps <= TAPS:
            if extent * taps * points * self.weight > STRAIGHT:
                break
            taps *= extent
            loops.pop()
        return loops, self.kernel.reduce[len(loops) :]

    @staticmethod
    def _tap(axes: Sequence[Axis], place: Sequence[int]) -> dict[str, Index]:
        return {axis.name: Index(None, k) for axis, k in zip(axes, place, strict=True)}

    def _point(self) -> None:
        total = self.function.local(self.type)
        self.accumulate([(total, {})], None, lambda inner: self.expressions.hoist([self.value], inner))
        self.expressions.accumulator = total
        self.expressions.store(*self.kernel.stores)
        self.function.release(total)

    def vectors(self, count: int) -> list[int]:
        """Locals for so many vectors."""
        return [self.function.local(V128) for _ in range(count)]


def _extent(axis: Axis) -> int:
    assert isinstance(axis.extent, int)
    return axis.extent

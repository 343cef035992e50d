"""Which instructions compute one register tile, `rows x vectors` sums of products over all reduce axes?

In: pointers to A's rows and B's panel, byte strides along the reduce axes. Out: accumulators in locals. Row offsets of
A and the steps of an unrolled loop are constants in the loads. Knows neither what the axes mean nor the epilogue."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fanlight.ir import dim as dims
from fanlight.ir.dim import DimLike
from fanlight.targets.wasm.assembler import I32, V128, Function

STRAIGHT = 32  # a product of at most this many steps is written without loops
SHORT = 8  # an innermost loop of at most this many steps is written without a loop
VECTOR = 16  # bytes of a register

MULTIPLY_ADD = {
    "fused": ("f32x4.relaxed_madd",),
    "rounded": ("f32x4.mul", "f32x4.add"),
    "pairs": ("i32x4.dot_i16x8_s", "i32x4.add"),  # two products of int16 in each lane
}

Step = tuple[int, int]  # byte offsets into A and B
Pointer = tuple[int, int]  # a local with an address, and a constant offset


@dataclass(frozen=True, slots=True)
class Reduction:
    """One reduce axis: its extent and the byte strides of A and B along it."""

    extent: DimLike
    a: DimLike
    b: DimLike


def join_reductions(reductions: Sequence[Reduction]) -> list[Reduction]:
    """Neighbours that lie one behind the other, in A and in B, are one axis."""
    joined: list[Reduction] = []
    for axis in reductions:
        outer = joined[-1] if joined else None
        if axis.extent == 1:
            continue
        if outer and outer.a == axis.a * axis.extent and outer.b == axis.b * axis.extent:
            joined[-1] = Reduction(outer.extent * axis.extent, axis.a, axis.b)
        else:
            joined.append(axis)
    return joined


@dataclass(frozen=True, slots=True)
class Plan:
    """How the steps of a sum are written: `loops`, outer to inner, around `straight` steps; the last is unrolled."""

    loops: tuple[Reduction, ...]
    straight: tuple[Step, ...]
    unroll: int

    @property
    def lowest(self) -> int:
        """The smallest offset of a load from B: loads know no negative one, so it goes into the pointer."""
        stride = self.loops[-1].b if self.loops else 0
        ahead = stride * (self.unroll - 1) if isinstance(stride, int) else 0
        return min((b for _, b in self.straight), default=0) + min(ahead, 0)


def plan_sums(reductions: Sequence[Reduction], unroll: int) -> Plan:
    """Short static sums become straight code; otherwise the innermost loop is unrolled."""
    loops, straight = list(reductions), [(0, 0)]
    limit = STRAIGHT if _static_steps(reductions) <= STRAIGHT else SHORT
    while loops and _static_steps(loops[-1:]) * len(straight) <= limit:
        axis = loops.pop()
        assert isinstance(axis.extent, int) and isinstance(axis.a, int) and isinstance(axis.b, int)
        straight = [(i * axis.a + a, i * axis.b + b) for i in range(axis.extent) for a, b in straight]
    if not loops or not straight:
        return Plan((), tuple(straight), 1)
    most = loops[-1].extent if isinstance(loops[-1].extent, int) else unroll
    return Plan(tuple(loops), tuple(straight), max(1, min(unroll // len(straight), most)))


def _static_steps(reductions: Sequence[Reduction]) -> int:
    total = 1
    for axis in reductions:
        if not all(isinstance(each, int) for each in (axis.extent, axis.a, axis.b)):
            return STRAIGHT + 1
        total *= dims.upper(axis.extent)
    return total


def emit_sums(
    function: Function,
    add: str,
    plan: Plan,
    a: Sequence[Pointer],
    b: Pointer,
    accumulators: Sequence[Sequence[int]],
    chains: int,
    push: Callable[[DimLike], None],
) -> None:
    """Adds the products of A's rows and B's vectors to `accumulators`. The pointers move; `push` emits an open dim.
    `add` is one of MULTIPLY_ADD.

    With several `chains`, successive steps go to different accumulators, which are added at the end: so a tile of few
    rows still hides the latency of an addition, but the order of its sums is another."""
    parts = [[[function.local(V128) for _ in row] for row in accumulators] for _ in range(chains - 1)]
    spare = [local for part in parts for row in part for local in row]
    if spare:
        function.emit("v128.const", bytes(VECTOR))
        for local in spare[1:]:
            function.tee(local)
        function.set(spare[0])
    _Sums(function, add, plan, a, b, [accumulators, *parts], push).emit()
    for part in parts:
        for row, others in zip(accumulators, part, strict=True):
            for total, other in zip(row, others, strict=True):
                function.get(total)
                function.get(other)
                function.emit("f32x4.add")
                function.set(total)
    for local in spare:
        function.release(local)


class _Sums:
    def __init__(
        self,
        function: Function,
        add: str,
        plan: Plan,
        a: Sequence[Pointer],
        b: Pointer,
        chains: Sequence[Sequence[Sequence[int]]],
        push: Callable[[DimLike], None],
    ) -> None:
        self.function, self.add, self.plan, self.a, self.b, self.push = function, add, plan, a, b, push
        self.chains, self.steps = chains, 0
        self.walked = 0  # how far A's pointer has moved since the code inside the loops began
        self.pointers = ({local: None for local, _ in a}, {b[0]: None})
        self.strides: list[int | None] = [None, None]  # locals that hold the innermost strides where these are open
        self.passing = function.local(V128)
        self.held = [function.local(V128) for _ in range(min(len(chains[0]), len(chains[0][0])))]

    def emit(self) -> None:
        if self.plan.loops:
            self._emit_loops()
        else:
            for a, b in self.plan.straight:
                self._step(a, b)
        for local in (self.passing, *self.held):
            self.function.release(local)

    def _emit_loops(self) -> None:
        inner = self.plan.loops[-1]
        held = []
        for side, stride in enumerate((inner.a, inner.b)):
            if not isinstance(stride, int):
                local = self.function.local(I32)
                self.push(stride)
                self.function.set(local)
                self.strides[side] = local
                held.append(local)
        self._loop(0)
        for local in held:
            self.function.release(local)

    def _loop(self, level: int) -> None:
        axis, f = self.plan.loops[level], self.function
        if level == len(self.plan.loops) - 1:
            self._innermost(axis)
            return
        inner = self.plan.loops[level + 1]

        def body() -> None:
            self._loop(level + 1)
            self._advance(0, axis.a - inner.a * inner.extent)
            self._advance(1, axis.b - inner.b * inner.extent)

        counter = f.local(I32)
        self.push(axis.extent)
        f.set(counter)
        self._repeat(counter, body, dims.bounds(axis.extent)[0] > 0)
        f.release(counter)

    def _innermost(self, axis: Reduction) -> None:
        f, unroll = self.function, self.plan.unroll
        whole, rest = dims.floor_divide(axis.extent, unroll), dims.modulo(axis.extent, unroll)
        if whole == 1:
            self._steps(axis, unroll)
        elif whole != 0:
            counter = f.local(I32)
            if isinstance(whole, int):
                f.const(whole)
            else:
                self.push(axis.extent)
                f.const(unroll)
                f.emit("i32.div_u")
            f.set(counter)
            self._repeat(counter, lambda: self._steps(axis, unroll), dims.bounds(whole)[0] > 0)
            f.release(counter)
        if isinstance(rest, int):
            self._steps(axis, rest)
            return
        counter = f.local(I32)
        self.push(axis.extent)
        f.const(unroll)
        f.emit("i32.rem_u")
        f.set(counter)
        self._repeat(counter, lambda: self._steps(axis, 1), False)
        f.release(counter)

    def _repeat(self, counter: int, body: Callable[[], None], certain: bool) -> None:
        """`body` as often as the local says, which is at least once where that is certain."""
        f = self.function

        def loop() -> None:
            with f.loop() as again:
                body()
                f.get(counter)
                f.const(1)
                f.emit("i32.sub")
                f.tee(counter)
                f.branch_if(again)

        if certain:
            loop()
        else:
            f.get(counter)
            with f.if_():
                loop()

    def _steps(self, axis: Reduction, count: int) -> None:
        """`count` indices of the innermost loop: offsets where the stride is static, moved pointers where open."""
        constant = [stride if isinstance(stride, int) else 0 for stride in (axis.a, axis.b)]
        for i in range(count):
            for a, b in self.plan.straight:
                self._step(i * constant[0] + a, i * constant[1] + b)
            for side, local in enumerate(self.strides):
                if local is not None:
                    self._move(side, lambda local=local: self.function.get(local))
        self._advance(0, constant[0] * count - self.walked)
        self._advance(1, constant[1] * count)
        self.walked = 0

    def _advance(self, side: int, distance: DimLike) -> None:
        if distance != 0:
            self._move(side, lambda: self.push(distance))

    def _move(self, side: int, push: Callable[[], None]) -> None:
        for pointer in self.pointers[side]:
            self.function.get(pointer)
            push()
            self.function.emit("i32.add")
            self.function.set(pointer)

    def _step(self, a: int, b: int) -> None:
        """All products of one index. The shorter side of the tile is held in registers, the other one passes by."""
        f, accumulators = self.function, self.chains[self.steps % len(self.chains)]
        self.steps += 1
        # A's pointer walks. If steps were offsets too, then in a convolution a step of one row and another step of
        # another row would load from equal addresses; V8 keeps such values, and runs out of registers (half the speed).
        self._advance(0, a - self.walked)
        self.walked = a

        def load_left(row: int) -> None:
            pointer, offset = self.a[row]
            f.get(pointer)
            f.emit("v128.load32_splat", offset=offset)

        def load_right(vector: int) -> None:
            pointer, offset = self.b
            f.get(pointer)
            f.emit("v128.load", offset=offset + b + vector * VECTOR, align=2)

        rows, vectors = range(len(accumulators)), range(len(accumulators[0]))
        if len(rows) < len(vectors):
            for row in rows:
                load_left(row)
                f.set(self.held[row])
            for vector in vectors:
                load_right(vector)
                f.set(self.passing)
                for row in rows:
                    self._multiply_add(self.held[row], self.passing, accumulators[row][vector])
        else:
            for vector in vectors:
                load_right(vector)
                f.set(self.held[vector])
            for row in rows:
                load_left(row)
                f.set(self.passing)
                for vector in vectors:
                    self._multiply_add(self.passing, self.held[vector], accumulators[row][vector])

    def _multiply_add(self, left: int, right: int, total: int) -> None:
        f = self.function
        for local in (left, right, total) if self.add == "fused" else (total, left, right):
            f.get(local)
        for instruction in MULTIPLY_ADD[self.add]:
            f.emit(instruction)
        f.set(total)

"""What holds between the loops of a `contract` kernel? Loop indices, bounds, and pointers into both factors.

In: a Kernel with a Contraction schedule. Out: the frame in which its loops are written; which loops, others decide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from fanlight.errors import CompileError
from fanlight.ir import dim as dims
from fanlight.ir.dim import DimLike
from fanlight.ir.kernel import Axis, Contraction, Kernel
from fanlight.ir.scalar import walk
from fanlight.ir.target import Target
from fanlight.targets.wasm.access import Access, find_access, is_paired
from fanlight.targets.wasm.assembler import I32, Function
from fanlight.targets.wasm.expressions import Expressions, Index
from fanlight.targets.wasm.loops import Bound, counting
from fanlight.targets.wasm.tile import Reduction, join_reductions


def chunk_axes(access: Access) -> tuple[Axis, ...]:
    """The axes that calls may divide among them: joined rows, outer to inner, then the panels."""
    return (*access.rows, access.panel)


class Frame:
    """One function being written: base addresses of the operands, then the chunk of one axis.

    `pointers` are the locals with the addresses in A and B at the present indices, `bounds` those of each axis."""

    def __init__(
        self, function: Function, kernel: Kernel, sizes: Mapping[str, int], target: Target, chunk: int | None = None
    ) -> None:
        if not isinstance(kernel.schedule, Contraction):
            raise CompileError(f"kernel {kernel.name!r}", expected="a schedule for its product", got=kernel.schedule)
        self.function, self.kernel, self.target, self.schedule = function, kernel, target, kernel.schedule
        self.access = access = find_access(kernel)
        self.is_paired = is_paired(kernel)
        self.chunk = chunk
        self.expressions = Expressions(function, kernel.operands, function.parameters[:-2], sizes, target)
        reduce = [Reduction(axis.extent, access.a.along(axis), access.b.along(axis)) for axis in access.reduce]
        self.reductions = join_reductions(reduce)
        self.bounds: dict[str, tuple[Bound, Bound]] = {}
        self.pointers = [function.parameters[access.a.slot], function.parameters[access.b.slot]]
        # While partial sums are to rest in the output, the local is -1; 0 before, when it holds nothing yet.
        self.resume = function.local(I32) if access.split else None
        read = {kernel.operands[n.attribute[0]].buffer for s in access.stores for n in walk(s.value) if n.op == "read"}
        # May a row be computed and stored twice?
        self.is_repeatable = not (read & kernel.written) and not access.split

    def prepare(self) -> None:
        """Computes what all loops need: open extents, the rows of the chunk, the first elements of the factors."""
        access, f = self.access, self.function
        begin, end = f.parameters[-2:]
        if self.chunk is None and access.rows and access.first_rows != 1:
            for local in (begin, end):
                f.get(local)
                self.push(access.first_rows)
                f.emit("i32.mul")
                f.set(local)
        axes = chunk_axes(access)
        divided = axes[self.chunk or 0]
        for axis in (*access.rows, *access.split):
            if axis is not divided:
                self.bounds[axis.name] = Bound(None), self.bound(axis.extent)
        self.bounds[divided.name] = Bound(begin), Bound(end)
        for side, factor in enumerate((access.a, access.b)):
            if factor.offset != 0:
                self.pointers[side] = self.moved(self.pointers[side], factor.offset)

    @contextmanager
    def loop(self, axis: Axis) -> Iterator[None]:
        """A plain loop over the bounds of an axis."""
        index = self.function.local(I32)
        with counting(self.function, index, *self.bounds[axis.name]), self.at(axis, Index(index)):
            yield
        self.function.release(index)

    @contextmanager
    def at(self, axis: Axis, index: Index) -> Iterator[None]:
        """Inside a loop: expressions know the index, and pointers into the factors that depend on it are moved."""
        f, before = self.function, self.pointers
        self.pointers = list(before)
        with ExitStack() as stack:
            stack.enter_context(self.expressions.scope())
            for side, factor in enumerate((self.access.a, self.access.b)):
                stride = factor.along(axis)
                if stride == 0 or index == Index(None):
                    continue
                pointer = self.pointers[side] = f.local(I32)
                stack.callback(f.release, pointer)
                f.get(before[side])
                if index.local is None:
                    self.push(stride * index.constant)
                else:
                    f.get(index.local)
                    self.push(stride)
                    f.emit("i32.mul")
                f.emit("i32.add")
                f.set(pointer)
            stack.enter_context(self.expressions.at(**{axis.name: index}))
            yield
        self.pointers = before

    def moved(self, pointer: int, distance: DimLike) -> int:
        """A new local: a pointer moved by so many bytes."""
        f = self.function
        f.get(pointer)
        if distance != 0:
            self.push(distance)
            f.emit("i32.add")
        local = f.local(I32)
        f.set(local)
        return local

    def bound(self, dim: DimLike) -> Bound:
        """A dim as the bound of a loop; where it is open, computed here."""
        if isinstance(dim, int):
            return Bound(None, dim)
        local = self.function.local(I32)
        self.push(dim)
        self.function.set(local)
        return Bound(local)

    def push(self, dim: DimLike) -> None:
        self.expressions.integer(dim)

    def set_least(self, local: int, a: Bound, b: Bound) -> None:
        """local = min(a, b)"""
        f = self.function
        for bound in (a, b, a, b):
            bound.push(f)
        f.emit("i32.lt_s")
        f.emit("select")
        f.set(local)

    def bytes_of_a(self, level: int) -> int:
        """How many bytes of A the row axes from number `level` on read, at most."""
        span = count = 4
        for axis in (*self.access.rows[level:], *self.access.reduce):
            extent, stride = dims.upper(axis.extent), self.stride_of_a(axis)
            span += (extent - 1) * stride
            count *= extent if stride else 1
        return max(4, min(span, count))

    def stride_of_a(self, axis: Axis) -> int:
        """Bytes between neighbours of A along an axis, at most."""
        low, high = dims.bounds(self.access.a.along(axis))
        return max(abs(low), abs(high))

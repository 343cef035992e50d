"""How is a `sort` kernel written? Sorted runs of a few values, then merges; or the few smallest, kept in order.

In: a Kernel whose values are int64, no two of them equal, and its Sorting. Out: a function (operand addresses...,
begin, end). Values hold the key above the position: one comparison orders both, and equal keys keep their order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import contextmanager

from fanlight.errors import CompileError
from fanlight.ir.dim import DimLike
from fanlight.ir.kernel import Kernel, Sorting
from fanlight.ir.target import Target
from fanlight.targets.wasm.assembler import I32, I64, Function, Module
from fanlight.targets.wasm.expressions import Index
from fanlight.targets.wasm.loops import Bound, counting
from fanlight.targets.wasm.nest import Nest, is_empty

RUN = 8  # values that are inserted one by one into a sorted run, before runs are merged
ITEM = 8  # bytes of a value
LARGEST = 2**63 - 1


def emit_sort(module: Module, kernel: Kernel, sizes: Mapping[str, int], target: Target, chunk: int = 0) -> Function:
    """The function of a `sort` kernel; calls divide its axis number `chunk`."""
    return _Sort(module, kernel, sizes, target, chunk).emit()


class _Sort(Nest):
    """`low`, `high`, ... are locals with byte addresses; values are compared where they lie."""

    def emit(self) -> Function:
        """The finished function."""
        kernel, function = self.kernel, self.function
        plan, value = kernel.schedule, kernel.value
        if not isinstance(plan, Sorting) or value is None:
            raise CompileError(f"kernel {kernel.name!r}", expected="values and a Sorting", got=plan)
        self.plan, self.value = plan, value
        if is_empty((*kernel.axes, *kernel.reduce)) or plan.keep == 0:
            return function
        self.scratch = function.parameters[plan.scratch]
        self.prepare_extents((*kernel.axes, *kernel.reduce))
        self.item = function.local(I64)
        self.keep = self._number(plan.keep)
        with self.expressions.scope():
            self._hoist({axis.name for axis in kernel.axes})
            self.loops(kernel.axes, self._hoist, self._select if plan.selects else self._merge)
        return function

    def _number(self, dim: DimLike) -> Bound:
        if isinstance(dim, int):
            return Bound(None, dim)
        self.expressions.integer(dim)
        local = self.function.local(I32)
        self.function.set(local)
        return Bound(local)

    def _hoist(self, inner: set[str]) -> None:
        walked = {axis.name for axis in self.kernel.reduce}
        self.expressions.hoist([self.value, *self.kernel.stores], inner | walked)

    # The two ways

    def _select(self) -> None:
        """The scratch holds the smallest values so far in order; a value smaller than the last takes its place."""
        function, (axis,) = self.function, self.kernel.reduce
        index, place, last = function.local(I32), function.local(I32), ITEM * (self.keep.constant - 1)
        with counting(function, index, Bound(None), self.keep):
            self._address(self.scratch, index)
            function.emit("i64.const", LARGEST)
            function.emit("i64.store")
        with self._walk(index):
            self._push_value(axis.name, index)
            function.tee(self.item)
            function.get(self.scratch)
            function.emit("i64.load", offset=last)
            function.emit("i64.lt_s")
            with function.if_():
                function.get(self.scratch)
                function.const(last)
                function.emit("i32.add")
                function.set(place)
                self._insert(place, lambda: function.get(self.scratch))
        self._store(self.scratch, index)
        function.release(index)
        function.release(place)

    def _merge(self) -> None:
        """Sorted runs of RUN values, then twice as long ones merged from one half of the scratch into the other."""
        function, (axis,) = self.function, self.kernel.reduce
        index, place, source, target = (function.local(I32) for _ in range(4))
        with self._walk(index):
            self._push_value(axis.name, index)
            function.set(self.item)
            self._address(self.scratch, index)
            function.set(place)

            def start() -> None:  # of the run that this value belongs to
                function.get(self.scratch)
                function.get(index)
                function.const(-RUN)
                function.emit("i32.and")
                function.const(3)
                function.emit("i32.shl")
                function.emit("i32.add")

            self._insert(place, start)
        function.get(self.scratch)
        function.set(source)
        length = function.local(I32)
        self.bounds(axis)[1].push(function)
        function.const(3)
        function.emit("i32.shl")
        function.tee(length)
        function.get(self.scratch)
        function.emit("i32.add")
        function.set(target)
        self._merge_all(source, target, length)
        self._store(source, index)
        for local in (index, place, source, target, length):
            function.release(local)

    def _merge_all(self, source: int, target: int, length: int) -> None:
        """Until one run is left, which `source` points to then; `length` is that of all values in bytes."""
        function = self.function
        width, at, middle, end = (function.local(I32) for _ in range(4))
        function.const(ITEM * RUN)
        function.set(width)
        with function.block() as done, function.loop() as passes:
            function.get(width)
            function.get(length)
            function.emit("i32.ge_u")
            function.branch_if(done)
            function.const(0)
            function.set(at)
            with function.loop() as pairs:
                self._limit(middle, at, width, length)
                self._limit(end, middle, width, length)
                self._merge_two(source, target, at, middle, end)
                function.get(end)
                function.tee(at)
                function.get(length)
                function.emit("i32.lt_u")
                function.branch_if(pairs)
            function.get(source)  # source and target change places
            function.get(target)
            function.set(source)
            function.set(target)
            function.get(width)
            function.const(1)
            function.emit("i32.shl")
            function.set(width)
            function.branch(passes)
        for local in (width, at, middle, end):
            function.release(local)

    def _limit(self, local: int, start: int, width: int, length: int) -> None:
        """local = min(start + width, length)"""
        function = self.function
        function.get(start)
        function.get(width)
        function.emit("i32.add")
        function.tee(local)
        function.get(length)
        function.get(local)
        function.get(length)
        function.emit("i32.lt_u")
        function.emit("select")
        function.set(local)

    def _merge_two(self, source: int, target: int, at: int, middle: int, end: int) -> None:
        """The runs at .. middle and middle .. end of `source`, in order, to `at` and on in `target`; all in bytes."""
        function = self.function
        left, right, out, left_end, right_end = (function.local(I32) for _ in range(5))
        a, b = function.local(I64), function.local(I64)
        is_left = function.local(I32)
        for local, base, offset in (
            *((left, source, at), (left_end, source, middle), (right, source, middle)),
            *((right_end, source, end), (out, target, at)),
        ):
            function.get(base)
            function.get(offset)
            function.emit("i32.add")
            function.set(local)
        with function.block() as rest, function.loop() as again:
            for one, limit in ((left, left_end), (right, right_end)):
                function.get(one)
                function.get(limit)
                function.emit("i32.ge_u")
                function.branch_if(rest)
            # No branch on what the data say: it would be guessed wrong every other time.
            function.get(out)
            for value, pointer in ((a, left), (b, right)):
                function.get(pointer)
                function.emit("i64.load")
                function.tee(value)
            function.get(a)
            function.get(b)
            function.emit("i64.lt_s")
            function.tee(is_left)
            function.emit("select")
            function.emit("i64.store")
            for pointer, is_taken in ((left, True), (right, False)):
                function.get(pointer)
                function.get(is_left)
                if not is_taken:
                    function.emit("i32.eqz")
                function.const(3)
                function.emit("i32.shl")
                function.emit("i32.add")
                function.set(pointer)
            self._advance(out)
            function.branch(again)
        for pointer, limit in ((left, left_end), (right, right_end)):
            with function.block() as empty, function.loop() as again:
                function.get(pointer)
                function.get(limit)
                function.emit("i32.ge_u")
                function.branch_if(empty)
                function.get(out)
                function.get(pointer)
                function.emit("i64.load")
                function.emit("i64.store")
                self._advance(pointer)
                self._advance(out)
                function.branch(again)
        for local in (left, right, out, left_end, right_end, a, b, is_left):
            function.release(local)

    # What both share

    @contextmanager
    def _walk(self, index: int):
        """A loop over all values."""
        (axis,) = self.kernel.reduce
        begin, end = self.bounds(axis)
        with counting(self.function, index, begin, end), self.expressions.scope():
            yield

    def _push_value(self, axis: str, index: int) -> None:
        with self.expressions.at(**{axis: Index(index)}):
            self.expressions.scalar(self.value)

    def _insert(self, place: int, push_start: Callable[[], None]) -> None:
        """Puts the item in front of all values between the start and `place` that are larger; these move up."""
        function = self.function
        with function.block() as found, function.loop() as again:
            function.get(place)
            push_start()
            function.emit("i32.le_u")
            function.branch_if(found)
            function.get(place)
            function.const(ITEM)
            function.emit("i32.sub")
            function.emit("i64.load")
            function.get(self.item)
            function.emit("i64.le_s")
            function.branch_if(found)
            function.get(place)
            function.get(place)
            function.const(ITEM)
            function.emit("i32.sub")
            function.tee(place)
            function.emit("i64.load")
            function.emit("i64.store")
            function.branch(again)
        function.get(place)
        function.get(self.item)
        function.emit("i64.store")

    def _store(self, source: int, index: int) -> None:
        """The stores of the kernel, for the ranks that are kept."""
        function, (axis,) = self.function, self.kernel.reduce
        with (
            counting(function, index, Bound(None), self.keep),
            self.expressions.scope(),
            self.expressions.at(**{axis.name: Index(index)}),
        ):
            self._address(source, index)
            function.emit("i64.load")
            function.set(self.item)
            self.expressions.accumulator = self.item
            self.expressions.store(*self.kernel.stores)

    def _address(self, base: int, index: int) -> None:
        """Pushes the address of a value."""
        function = self.function
        function.get(base)
        function.get(index)
        function.const(3)
        function.emit("i32.shl")
        function.emit("i32.add")

    def _advance(self, pointer: int) -> None:
        function = self.function
        function.get(pointer)
        function.const(ITEM)
        function.emit("i32.add")
        function.set(pointer)

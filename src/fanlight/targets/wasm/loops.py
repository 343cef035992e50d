"""How is a loop written? A local counts from a bound to a bound; bounds are numbers or locals.

In: a function and what is to stand in the loop's body. Out: the instructions around it. Knows no kernel."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from fanlight.targets.wasm.assembler import I32, Function


class Bound(NamedTuple):
    """`local + constant`; without a local a number known now."""

    local: int | None
    constant: int = 0

    def push(self, function: Function) -> None:
        if self.local is None:
            function.const(self.constant)
            return
        function.get(self.local)
        if self.constant:
            function.const(self.constant)
            function.emit("i32.add")

    def plus(self, constant: int) -> Bound:
        return Bound(self.local, self.constant + constant)


@contextmanager
def counting(function: Function, index: int, begin: Bound, end: Bound, step: int = 1) -> Iterator[None]:
    """Runs its body with the local `index` at begin, begin + step, ... while it is below `end`, and leaves it there.

    With two numbers the body must run at least once."""
    if begin != Bound(index):
        begin.push(function)
        function.set(index)
    known = begin.local is None and end.local is None
    limit = end
    if end.local is not None and end.constant:
        limit = Bound(function.local(I32))
        assert limit.local is not None
        end.push(function)
        function.set(limit.local)
    outside = function.block()
    if not known:
        outside.__enter__()
        function.get(index)
        limit.push(function)
        function.emit("i32.ge_s")
        function.branch_if(outside)
    with function.loop() as again:
        yield
        function.get(index)
        function.const(step)
        function.emit("i32.add")
        function.tee(index)
        limit.push(function)
        function.emit("i32.lt_s")
        function.branch_if(again)
    if not known:
        outside.__exit__(None, None, None)
    if limit is not end and limit.local is not None:
        function.release(limit.local)

"""What is an op for all steps of a loop at once? Its loop nest with one more axis, or with one more axis to sum over.

Any op with a nest can be batched: operands that differ from step to step are read at (t, ...), and where the op's
attributes name the loop index, that is the axis. `Vectorizer` turns values of a body into values over all steps.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from fanlight.errors import ShapeError
from fanlight.ir import dim as dims
from fanlight.ir.control import moved
from fanlight.ir.dim import DimLike
from fanlight.ir.graph import Constant, Input, Op, SizeOf, Value, apply
from fanlight.ir.kernel import Axis, Nest
from fanlight.ir.scalar import Scalar, index, read, rebuild
from fanlight.ir.text import sizes_in
from fanlight.ir.types import Type, is_float
from fanlight.ops import functions as fn
from fanlight.ops.base import listed, static
from fanlight.ops.matmul import Matmul
from fanlight.ops.movement import BroadcastTo, Reshape, Slice, Transpose
from fanlight.ops.reduce import Max, Min, Product, Sum
from fanlight.ops.sample import Sample, sample


@dataclass(frozen=True)
class _AllSteps(Op, ABC):
    """`op` at index = 0 .. extent-1; the operands that are `batched` have a leading axis for the step."""

    index: str
    extent: DimLike
    batched: tuple[bool, ...]
    op: Op

    @property
    def own_sizes(self) -> frozenset[str]:
        return frozenset([self.index])

    @property
    def step(self) -> DimLike:
        return dims.size(self.index, 0, max(dims.upper(self.extent) - 1, 0))

    def inner(self, types: tuple[Type, ...]) -> tuple[Type, ...]:
        """The types of the operands at one step."""
        if len(types) != len(self.batched) or any(
            is_batched and (not x.shape or x.shape[0] != self.extent)
            for x, is_batched in zip(types, self.batched, strict=True)
        ):
            raise ShapeError(
                self.name, expected=f"a first axis of {self.extent} where {self.batched}", got=listed(types)
            )
        return tuple(
            Type(x.dtype, x.shape[1:]) if is_batched else x for x, is_batched in zip(types, self.batched, strict=True)
        )

    def over(self, types: tuple[Type, ...]) -> tuple[Axis, Nest]:
        """The axis of the steps, and the nest of one step in which that axis is the index."""
        inner = self.inner(types)
        if isinstance(self.op, SizeOf):
            nest = Nest((), index(self.op.size))
        else:
            nest = self.op.nest(*inner)
        names = {axis.name for axis in (*nest.axes, *nest.reduce)}
        axis = Axis(next(name for k in range(len(names) + 1) if (name := f"t{k}") not in names), self.extent)

        def leaf(node: Scalar) -> Scalar | None:
            if node.op != "read" or not self.batched[node.attribute[0]]:
                return None
            return read(node.attribute[0], (axis.index, *node.attribute[1]), node.dtype)

        return axis, replace(nest, value=rebuild(nest.value, leaf, {self.index: axis.index}))

    def at(self, step: int, arrays: tuple[Any, ...]) -> Any:
        """The reference of one step."""
        import numpy

        op = moved(self.op, {self.index: step})
        if isinstance(op, SizeOf):
            return numpy.asarray(static(op, (op.size,))[0], "int32")
        return op.reference(*(x[step] if each else x for x, each in zip(arrays, self.batched, strict=True)))

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> tuple[Value | None, ...]:
        """The gradient of the op for symbols of one step, for all steps at once; of an operand that all steps share,
        the sum."""
        inner = self.inner(tuple(x.type for x in xs))
        symbols = tuple(apply(Input(f"x{k}", type)) for k, type in enumerate(inner))
        result = apply(self.op, *symbols)
        upstream = apply(Input("g", result.type))
        known = {id(s): (x, each) for s, x, each in zip(symbols, xs, self.batched, strict=True)}
        known |= {id(upstream): self.upstream(g), id(result): self.result(y, xs)}
        vectorizer = Vectorizer(self.index, self.extent, known)
        parts: list[Value | None] = []
        for part, each in zip(self.op.gradient(upstream, result, symbols), self.batched, strict=True):
            if part is None:
                parts.append(None)
            elif each:
                parts.append(vectorizer.stacked(part))
            else:
                parts.append(fn.sum(vectorizer.stacked(part), 0) if is_float(part.dtype) else None)
        return tuple(parts)

    @abstractmethod
    def upstream(self, g: Value) -> tuple[Value, bool]:
        """The gradient that one step gets, and whether it is another one at each step."""

    @abstractmethod
    def result(self, y: Value, xs: tuple[Value, ...]) -> tuple[Value, bool]:
        """What one step gave, and whether it is another value at each step."""


@dataclass(frozen=True)
class Batched(_AllSteps):
    """`out[t] = op(x[t], ...)` for all steps t."""

    name = "batched"

    def infer(self, *types: Type) -> Type:
        result = Type("int32", ()) if isinstance(self.op, SizeOf) else self.op.infer(*self.inner(types))
        return Type(result.dtype, (self.extent, *result.shape))

    def nest(self, *types: Type) -> Nest:
        axis, nest = self.over(types)
        return replace(nest, axes=(axis, *nest.axes))

    def upstream(self, g: Value) -> tuple[Value, bool]:
        return g, True

    def result(self, y: Value, xs: tuple[Value, ...]) -> tuple[Value, bool]:
        return y, True

    def reference(self, *arrays: Any) -> Any:
        import numpy

        rows = [self.at(step, arrays) for step in range(static(self, (self.extent,))[0])]
        return numpy.stack(rows)

    @classmethod
    def samples(cls) -> Iterable[Sample]:
        x, w, v = ((3, 2, 4), "normal"), ((4, 5), "normal"), ((3, 4, 5), "normal")
        yield sample(cls("step0", 3, (True, False), Matmul()), x, w)
        yield sample(cls("step0", 3, (False, True), Matmul()), ((2, 4), "normal"), v)
        step = cls("step0", 3, (), SizeOf(0)).step
        yield sample(cls("step0", 3, (False,), Slice((step, 0), (1, 4), (1, 1))), ((3, 4), "normal"))
        yield sample(cls("step0", 3, (True,), Slice((0, step), (2, 1), (1, 1))), x)
        yield sample(cls("step0", 3, (), SizeOf(2 * step + 1)))


@dataclass(frozen=True)
class Summed(_AllSteps):
    """The sum of `op(x[t], ...)` over all steps t; `op` is a sum itself, or reduces nothing."""

    name = "summed"

    def infer(self, *types: Type) -> Type:
        if self.op.nest(*self.inner(types)).combine not in ("", "add"):
            raise ShapeError(self.name, expected="an op that sums, or reduces nothing", got=self.op)
        return self.op.infer(*self.inner(types))

    def nest(self, *types: Type) -> Nest:
        axis, nest = self.over(types)
        return replace(nest, reduce=(axis, *nest.reduce), combine="add")

    def upstream(self, g: Value) -> tuple[Value, bool]:
        return g, False

    def result(self, y: Value, xs: tuple[Value, ...]) -> tuple[Value, bool]:
        return apply(Batched(self.index, self.extent, self.batched, self.op), *xs), True

    def reference(self, *arrays: Any) -> Any:
        return sum(self.at(step, arrays) for step in range(static(self, (self.extent,))[0]))

    @classmethod
    def samples(cls) -> Iterable[Sample]:
        yield sample(cls("step0", 3, (True, True), Matmul()), ((3, 2, 4), "normal"), ((3, 4, 5), "normal"))
        yield sample(cls("step0", 3, (True, False), Matmul()), ((3, 2, 4), "normal"), ((4, 5), "normal"))
        yield sample(cls("step0", 3, (True,), Sum((0,))), ((3, 2, 4), "normal"))


def is_vectorizable(op: Op) -> bool:
    """Has it a loop nest, so that it can be computed for all steps at once?"""
    return isinstance(op, Constant | SizeOf) or type(op).nest is not Op.nest


class Vectorizer:
    """Values of a body as values outside, for all steps at once. `known` says what stands for some of them, by id, and
    whether that has a leading axis for the step; everything else is computed from those."""

    def __init__(self, index: str, extent: DimLike, known: Mapping[int, tuple[Value, bool]]):
        self.index, self.extent = index, extent
        self.known = dict(known)

    def lift(self, value: Value) -> tuple[Value, bool]:
        """What stands for `value`, and whether it has an axis for the step: without, it is equal at all of them."""
        stack = [value]
        while stack:
            each = stack[-1]
            missing = [x for x in each.inputs if id(x) not in self.known] if id(each) not in self.known else []
            if missing:
                stack += missing
                continue
            stack.pop()
            if id(each) not in self.known:
                self.known[id(each)] = self._lifted(each)
        return self.known[id(value)]

    def stacked(self, value: Value) -> Value:
        """`value` at all steps, with an axis for the step."""
        found, is_batched = self.lift(value)
        return found if is_batched else fn.broadcast_to(found, (self.extent, *found.shape))

    def summed(self, value: Value) -> Value:
        """The sum of `value` over all steps."""
        operands = [self.lift(x) for x in value.inputs]
        if not any(each for _, each in operands):
            return fn.sum(self.stacked(value), 0)
        op = Summed(self.index, self.extent, tuple(each for _, each in operands), value.op)
        return apply(op, *(x for x, _ in operands))

    def _lifted(self, value: Value) -> tuple[Value, bool]:
        operands = [self.known[id(x)] for x in value.inputs]
        values = [x for x, _ in operands]
        moves = any(size.name == self.index for size in sizes_in(value.op))
        if not moves and not any(each for _, each in operands):
            same = all(x is y for x, y in zip(values, value.inputs, strict=True))
            return (value if same else Value(value.op, tuple(values), value.type)), False
        native = None if moves else self._native(value, operands)
        if native is not None:
            return native, True
        op = Batched(self.index, self.extent, tuple(each for _, each in operands), value.op)
        return apply(op, *values), True

    def _native(self, value: Value, operands: list[tuple[Value, bool]]) -> Value | None:
        """The op itself where it takes one more axis."""
        op, extent = value.op, self.extent
        if op.elementwise:
            return apply(op, *(x if each else fn.broadcast_to(x, (extent, *x.shape)) for x, each in operands))
        x = operands[0][0]
        if isinstance(op, Reshape):
            return apply(Reshape((extent, *op.shape)), x)
        if isinstance(op, Transpose):
            return apply(Transpose((0, *(axis + 1 for axis in op.axes))), x)
        if isinstance(op, BroadcastTo):
            ones = (1,) * (len(op.shape) - x.rank + 1)
            return apply(BroadcastTo((extent, *op.shape)), fn.reshape(x, (extent, *ones, *x.shape[1:])))
        if isinstance(op, Slice):
            return apply(Slice((0, *op.start), (extent, *op.size), (1, *op.step)), x)
        if isinstance(op, Sum | Product | Max | Min):
            return apply(replace(op, axes=tuple(axis + 1 for axis in op.axes)), x)
        if isinstance(op, Matmul) and all(each for _, each in operands):
            return apply(op, *(each for each, _ in operands))
        return None

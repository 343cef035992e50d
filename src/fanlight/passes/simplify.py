"""Which values need not be computed? One value for equal expressions, constants folded, exact algebra, no dead code.

In: a graph without gradients. Out: a graph with the same values, bit for bit (but for NaN's payload and the sign of a
zero sum). Rules look at a value whose inputs are simple already, so one pass forward is enough.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from typing import Any

from fanlight.errors import CompileError
from fanlight.ir.control import with_bodies
from fanlight.ir.graph import Constant, Gradient, Graph, Op, SizeOf, Value, apply, rewrite
from fanlight.ir.number import round_to
from fanlight.ir.scalar import const
from fanlight.ir.text import graph_text
from fanlight.ir.types import is_float
from fanlight.ops import comparison, elementwise, movement, padding, reduce
from fanlight.ops.base import Elementwise
from fanlight.passes import layout
from fanlight.passes.prune import prune, settle

Build = Callable[..., Value]  # build(op, *inputs): the simplified value of an op applied to simple values
Rule = Callable[[Value, Build], Value | None]


def simplify(graph: Graph) -> Graph:
    """`graph` with equal values merged and the rules below applied wherever they fit."""
    known: dict[Any, Value] = {}  # the structure of a value -> the one that stands for it

    def simple(value: Value) -> Value:
        key = structure(value)
        if key not in known:
            better = improved(value, build)
            known[key] = value if better is None else better
        return known[key]

    def build(op: Op, *inputs: Value) -> Value:
        return simple(apply(op, *inputs))

    def change(value: Value, inputs: tuple[Value, ...]) -> Value:
        if isinstance(value.op, Gradient):
            raise CompileError(
                "simplify", expected="a graph without gradients", got=repr(value), do="differentiate first"
            )
        if value.op.bodies:
            op, operands = settle(value.op, inputs)
            return simple(Value(with_bodies(op, simplify), operands, value.type))
        same = all(x is y for x, y in zip(value.inputs, inputs, strict=True))
        return simple(value if same else Value(value.op, inputs, value.type))

    return prune(rewrite(graph, change))


def improved(value: Value, build: Build) -> Value | None:
    """What a rule makes of `value`, or None where none applies."""
    for rule in (*RULES.get(type(value.op), ()), *(ELEMENTWISE if value.op.elementwise else ())):
        better = rule(value, build)
        if better is not None:
            if better.type != value.type:
                raise CompileError(f"rule {rule.__name__}", expected=value.type, got=better.type, at=repr(value))
            return better
    return None


def structure(value: Value) -> Any:
    """Equal for values that are computed alike: the op with its attributes, and the identity of its inputs."""
    inputs = [id(x) for x in value.inputs]
    if isinstance(value.op, COMMUTATIVE):
        inputs.sort()
    attributes = tuple(attribute_key(a) for a in value.op.attributes().values())
    return type(value.op), attributes, tuple(inputs)


def attribute_key(attribute: Any) -> Any:
    """Tells 1 from 1.0 from True, and -0.0 from 0.0, which Python holds equal; NaN equals itself."""
    if isinstance(attribute, float):
        return struct.pack("<d", attribute)
    if isinstance(attribute, tuple):
        return tuple(map(attribute_key, attribute))
    if isinstance(attribute, Graph):
        return graph_text(attribute)
    if isinstance(attribute, Op):
        return type(attribute), attribute_key(tuple(attribute.attributes().values()))
    return type(attribute), attribute


COMMUTATIVE = (
    elementwise.Add,
    elementwise.Multiply,
    elementwise.Maximum,
    elementwise.Minimum,
    comparison.Equal,
    comparison.NotEqual,
    comparison.LogicalAnd,
    comparison.LogicalOr,
    comparison.LogicalXor,
)


def literal(value: Value) -> Any:
    """The number that every element of `value` is, or None where it is not known."""
    if isinstance(value.op, movement.BroadcastTo):
        value = value.inputs[0]
    return value.op.value if isinstance(value.op, Constant) else None


def is_literal(value: Value, number: float) -> bool:
    """Is every element this number? Tells 0.0 from -0.0."""
    found = literal(value)
    return found is not None and found == number and math.copysign(1, found) == math.copysign(1, number)


def filled(number: Any, like: Value, build: Build) -> Value:
    """An array of one number with the type of `like`."""
    return stretched(build(Constant(number, like.dtype)), like, build)


def stretched(value: Value, like: Value, build: Build) -> Value:
    return value if value.shape == like.shape else build(movement.BroadcastTo(like.shape), value)


# Constants


def round_constant(value: Value, build: Build) -> Value | None:
    """0.1 -> the float32 that it stands for"""
    number = value.op.value  # type: ignore[attr-defined]
    rounded = round_to(number, value.dtype)
    if attribute_key(rounded) == attribute_key(number):
        return None
    return build(Constant(rounded, value.dtype))


def known_size(value: Value, build: Build) -> Value | None:
    """size_of(12) -> 12"""
    size = value.op.size  # type: ignore[attr-defined]
    return build(Constant(size, "int32")) if isinstance(size, int) else None


def fold(value: Value, build: Build) -> Value | None:
    """f(constants) -> constant, where f is exact: a scalar expression folds itself just where every target agrees"""
    numbers = [literal(x) for x in value.inputs]
    if any(number is None for number in numbers) or not isinstance(value.op, Elementwise):
        return None
    scalar = value.op.scalar(*(const(number, x.dtype) for number, x in zip(numbers, value.inputs, strict=True)))
    return filled(scalar.attribute, value, build) if scalar.op == "const" else None


def narrow(value: Value, build: Build) -> Value | None:
    """f(broadcast x, broadcast y) -> broadcast f(x, y), where x and y have one shape or are numbers"""
    if not value.inputs or not all(isinstance(x.op, movement.BroadcastTo) for x in value.inputs):
        return None
    sources = [x.inputs[0] for x in value.inputs]
    arrays = [x for x in sources if not isinstance(x.op, Constant)] or sources
    if any(x.shape != arrays[0].shape for x in arrays):
        return None
    operands = (stretched(x, arrays[0], build) for x in sources)
    return stretched(build(value.op, *operands), value, build)


# Algebra


def add_nothing(value: Value, build: Build) -> Value | None:
    """x + -0.0 -> x; x + 0 -> x for integers (but not for floats: -0.0 + 0.0 is 0.0)"""
    for x, y in (value.inputs, value.inputs[::-1]):
        if is_literal(y, -0.0 if is_float(y.dtype) else 0):
            return x
    return None


def add_negative(value: Value, build: Build) -> Value | None:
    """x + -y -> x - y"""
    for x, y in (value.inputs, value.inputs[::-1]):
        if isinstance(y.op, elementwise.Negative):
            return build(elementwise.Subtract(), x, y.inputs[0])
    return None


def subtract_nothing(value: Value, build: Build) -> Value | None:
    """x - 0.0 -> x"""
    x, y = value.inputs
    return x if is_literal(y, 0) else None


def subtract_negative(value: Value, build: Build) -> Value | None:
    """x - -y -> x + y"""
    x, y = value.inputs
    return build(elementwise.Add(), x, y.inputs[0]) if isinstance(y.op, elementwise.Negative) else None


def multiply_by_one(value: Value, build: Build) -> Value | None:
    """x * 1 -> x; x * -1 -> -x"""
    for x, y in (value.inputs, value.inputs[::-1]):
        if is_literal(y, 1):
            return x
        if is_literal(y, -1):
            return build(elementwise.Negative(), x)
    return None


def divide_by_power(value: Value, build: Build) -> Value | None:
    """x / 1 -> x; x / 2^k -> x * 2^-k, where both powers are float32"""
    x, y = value.inputs
    if is_literal(y, 1):
        return x
    divisor = literal(y)
    if not divisor or not math.isfinite(divisor) or abs(math.frexp(divisor)[0]) != 0.5 or abs(divisor) > 2.0**126:
        return None
    if abs(divisor) < 2.0**-126:
        return None
    return build(elementwise.Multiply(), x, filled(1 / divisor, y, build))


def undo_twice(value: Value, build: Build) -> Value | None:
    """-(-x) -> x; not(not x) -> x"""
    x = value.inputs[0]
    return x.inputs[0] if type(x.op) is type(value.op) else None


def pass_through(value: Value, build: Build) -> Value | None:
    """stop_gradient(x) -> x, since gradients are written out by now"""
    return value.inputs[0]


def recall(value: Value, build: Build) -> Value | None:
    """recalled(x, known) -> known, likewise"""
    return value.inputs[1]


def same_twice(value: Value, build: Build) -> Value | None:
    """max(x, x) -> x"""
    x, y = value.inputs
    return x if x is y else None


def choose(value: Value, build: Build) -> Value | None:
    """where(true, x, y) -> x; where(c, x, x) -> x"""
    condition, x, y = value.inputs
    if x is y:
        return x
    known = literal(condition)
    return None if known is None else x if known else y


# Every value of the first dtype is one of the second: casting on from there is casting from the first.
WIDER = {
    *(("bool", dtype) for dtype in ("uint8", "int8", "int32", "uint32", "int64", "float32")),
    *(("uint8", dtype) for dtype in ("int32", "uint32", "int64", "float32")),
    *(("int8", dtype) for dtype in ("int32", "int64", "float32")),
    *(("int32", "int64"), ("uint32", "int64")),
}


def cast_once(value: Value, build: Build) -> Value | None:
    """cast of x to its own dtype -> x; a cast over a wider dtype -> a direct cast"""
    x = value.inputs[0]
    if x.dtype == value.dtype:
        return x
    if isinstance(x.op, comparison.Cast) and (x.inputs[0].dtype, x.dtype) in WIDER:
        # From a float what does not fit saturates; a direct cast would wrap.
        first, last = x.inputs[0].dtype, value.dtype
        if not is_float(x.dtype) or last in (first, "bool") or (first, last) in WIDER:
            return build(value.op, x.inputs[0])
    return None


# Movement


def is_still(value: Value, build: Build) -> Value | None:
    """A movement that moves nothing -> x"""
    x, op = value.inputs[0], value.op
    if x.shape != value.shape:
        return None
    still = {
        movement.Reshape: lambda: True,
        movement.BroadcastTo: lambda: True,
        movement.Slice: lambda: True,  # of the same shape: it starts at 0 with step 1
        movement.Transpose: lambda: op.axes == tuple(range(x.rank)),  # type: ignore[attr-defined]
        movement.Flip: lambda: all(x.shape[k] == 1 for k in op.axes),  # type: ignore[attr-defined]
        padding.Pad: lambda: True,
        padding.Dilate: lambda: True,
        padding.Concatenate: lambda: len(value.inputs) == 1,
    }
    return x if still[type(op)]() else None


def move_constant(value: Value, build: Build) -> Value | None:
    """A movement of an array whose elements are one number -> an array of that number"""
    number = literal(value.inputs[0])
    return None if number is None else filled(number, value, build)


def reshape_twice(value: Value, build: Build) -> Value | None:
    """reshape(reshape x) -> reshape x"""
    x = value.inputs[0]
    return build(value.op, x.inputs[0]) if isinstance(x.op, movement.Reshape) else None


def transpose_twice(value: Value, build: Build) -> Value | None:
    """transpose(transpose x) -> transpose x, its axes composed"""
    x = value.inputs[0]
    if not isinstance(x.op, movement.Transpose) or not isinstance(value.op, movement.Transpose):
        return None
    return build(movement.Transpose(tuple(x.op.axes[k] for k in value.op.axes)), x.inputs[0])


def broadcast_twice(value: Value, build: Build) -> Value | None:
    """broadcast(broadcast x) -> broadcast x; so also where a reshape in between, or alone, only adds leading ones"""
    x = value.inputs[0]
    if isinstance(x.op, movement.BroadcastTo):
        return build(value.op, x.inputs[0])
    if isinstance(x.op, movement.Reshape):
        source = x.inputs[0]
        lead = x.rank - source.rank
        if lead >= 0 and x.shape == (1,) * lead + source.shape:
            return build(value.op, source)
    return None


# Reductions


def reduce_nothing(value: Value, build: Build) -> Value | None:
    """A sum, product or extreme along axes of length 1 -> a reshape"""
    x, axes = value.inputs[0], value.op.axes  # type: ignore[attr-defined]
    if any(x.shape[k] != 1 for k in axes):
        return None
    return x if not axes else build(movement.Reshape(value.shape), x)


ELEMENTWISE: tuple[Rule, ...] = (fold, narrow, layout.sink_elementwise)  # for every elementwise op, after its own

_STILL: tuple[Rule, ...] = (is_still, move_constant)

RULES: dict[type[Op], tuple[Rule, ...]] = {
    Constant: (round_constant,),
    SizeOf: (known_size,),
    elementwise.Add: (add_nothing, add_negative),
    elementwise.Subtract: (subtract_nothing, subtract_negative),
    elementwise.Multiply: (multiply_by_one,),
    elementwise.Divide: (divide_by_power,),
    elementwise.Negative: (undo_twice,),
    elementwise.StopGradient: (pass_through,),
    elementwise.Recalled: (recall,),
    elementwise.Maximum: (same_twice,),
    elementwise.Minimum: (same_twice,),
    comparison.LogicalNot: (undo_twice,),
    comparison.LogicalAnd: (same_twice,),
    comparison.LogicalOr: (same_twice,),
    comparison.Where: (choose,),
    comparison.Cast: (cast_once,),
    movement.Reshape: (*_STILL, reshape_twice),
    movement.Transpose: (*_STILL, transpose_twice, layout.move_ones),
    movement.BroadcastTo: (is_still, broadcast_twice),
    movement.Slice: (*_STILL, layout.sink_slice),
    movement.Flip: _STILL,
    padding.Pad: (is_still, layout.sink_pad),
    padding.Dilate: (is_still,),
    padding.Concatenate: (is_still, layout.sink_concatenate),
    reduce.Sum: (reduce_nothing, layout.sink_reduction),
    reduce.Product: (reduce_nothing, layout.sink_reduction),
    reduce.Max: (reduce_nothing, layout.sink_reduction),
    reduce.Min: (reduce_nothing, layout.sink_reduction),
}

"""How are loops and branches written? Functions that trace their bodies, with the names and signatures of keras.ops.

In: Python functions of values, in nested tuples, lists and dicts. Out: values. The rows are in `loop`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fanlight.errors import DtypeError, ShapeError
from fanlight.ir import dim as dims
from fanlight.ir.dim import DimLike
from fanlight.ir.graph import SERIALS, Graph, Input, State, Value, apply
from fanlight.ir.types import Type
from fanlight.ops import loop
from fanlight.ops.closure import Closure, index_name
from fanlight.ops.promote import constant
from fanlight.ops.tree import Tree, flatten, shape_of, unflatten

__all__ = ["scan"]

Body = Callable[..., Any]
WEAK = {bool: "bool", int: "int32", float: "float32"}


def as_value(x: Any, dtype: str | None = None) -> Value:
    """A value as it is, a Python number as a constant."""
    return x if isinstance(x, Value) else constant(x, dtype or WEAK.get(type(x), "float32"))


def scan(
    f: Callable[[Tree, Tree], tuple[Tree, Tree]],
    init: Any,
    xs: Any = None,
    length: DimLike | None = None,
    reverse: bool = False,
    unroll: int | bool = 1,
) -> tuple[Tree, Tree]:
    """`carry, y = f(carry, x)` for each slice x along the first axis of `xs`; gives the last carry, and the y stacked.

    >>> carry, sums = fl.scan(lambda c, x: (c + x, c + x), 0.0, xs)  # the cumulative sum

    Carries keep their shapes and dtypes. `length` is needed where `xs` is None. With `reverse` the last slice is the
    first; `unroll` is accepted and has no effect. Differentiable."""
    slices = [as_value(x) for x in flatten(xs)]
    steps = scan_length(slices, length)
    start = next(SERIALS)
    leaves = [apply(Input(f"x{k}", Type(x.dtype, x.shape[1:]))) for k, x in enumerate(slices)]

    def step(carry: Tree) -> tuple[Tree, Tree]:
        result = f(carry, unflatten(xs, iter(leaves)))
        if not isinstance(result, (tuple, list)) or len(result) != 2:
            raise ShapeError("fl.scan", expected="a function that returns (carry, y)", got=type(result).__name__)
        return result[0], result[1]

    initial, carries, new, ys, structure = carried("fl.scan", step, init)
    closure = Closure(start, [*carries, *leaves])
    closed = closure.run([*new, *ys])
    writes = {f"carry{k}": value for k, value in enumerate(closed[: len(new)])}
    outputs = {f"y{k}": value for k, value in enumerate(closed[len(new) :])}
    body = Graph((*leaves, *closure.inputs), outputs, writes)
    op = loop.make_scan(body, index_name(body), steps, len(leaves), reverse)
    found = loop.items(apply(op, *initial, *slices, *closure.captured))
    last = unflatten(init, iter(found[: len(new)]))
    return last, unflatten(structure, iter(found[len(new) : len(new) + len(ys)]))


def scan_length(slices: Sequence[Value], length: DimLike | None) -> DimLike:
    """How often a scan runs: as long as the first axes, which agree."""
    for x in slices:
        if not x.shape:
            raise ShapeError("fl.scan", expected="xs with a first axis to run along", got=x.type)
        if length is None:
            length = x.shape[0]
        elif x.shape[0] != length:
            raise ShapeError("fl.scan", expected=f"xs with a first axis of {dims.text(length)}", got=x.type)
    if length is None:
        raise ShapeError("fl.scan", expected="xs, or a length", got="neither")
    return length


def _trace(
    where: str, step: Callable[[Tree], tuple[Tree, Tree]], init: Tree, initial: Sequence[Value]
) -> tuple[list[Value], list[Value], Tree]:
    """The carries as leaves of the body, as it leaves them, and what else it gives."""
    carries = [apply(State(f"carry{k}", x.type)) for k, x in enumerate(initial)]
    carry, rest = step(unflatten(init, iter(carries)))
    if shape_of(carry) != shape_of(init):
        raise ShapeError(where, expected=f"a carry like {shape_of(init)}", got=shape_of(carry))
    new = [as_value(x, old.dtype) for x, old in zip(flatten(carry), initial, strict=True)]
    return carries, new, rest


def is_weak(x: Any) -> bool:
    """Is it a Python number, which takes the dtype of what it meets?"""
    return not isinstance(x, Value)


def carried(
    where: str, step: Callable[[Tree], tuple[Tree, Tree]], init: Tree
) -> tuple[list[Value], list[Value], list[Value], list[Value], Tree]:
    """The carries as they begin, as the body's leaves and as it leaves them; what else it gives, and its structure.

    A Python number takes the dtype that the body gives it: it is traced again then."""
    given = flatten(init)
    initial = [as_value(x) for x in given]
    carries, new, rest = _trace(where, step, init, initial)
    pairs = list(zip(given, initial, new, strict=True))
    if any(is_weak(x) and old.dtype != value.dtype for x, old, value in pairs):
        initial = [constant(x, value.dtype) if is_weak(x) else old for x, old, value in pairs]
        carries, new, rest = _trace(where, step, init, initial)
    for number, (old, value) in enumerate(zip(initial, new, strict=True)):
        if old.type != value.type:
            error = DtypeError if old.shape == value.shape else ShapeError
            do = "give the initial carry this type, or cast inside: fl.cast(carry, ...)"
            raise error(f"{where}: carry {number}", expected=f"{old.type}, as it began", got=value.type, do=do)
    return initial, carries, new, [as_value(x) for x in flatten(rest)], rest

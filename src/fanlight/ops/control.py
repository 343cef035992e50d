"""How are loops and branches written? Functions that trace their bodies, with the names and signatures of keras.ops.

In: Python functions of values, in nested tuples, lists and dicts. Out: values. The rows are in `loop`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from fanlight.errors import DtypeError, ShapeError
from fanlight.ir import dim as dims
from fanlight.ir.control import LONGEST, Iteration, replace_sizes
from fanlight.ir.dim import DimLike
from fanlight.ir.graph import SERIALS, Graph, Input, SizeOf, State, Value, apply
from fanlight.ir.types import Type
from fanlight.ops import loop
from fanlight.ops.closure import Closure, index_name
from fanlight.ops.pointwise import cast, less
from fanlight.ops.promote import constant
from fanlight.ops.shapes import concatenate, expand_dims, moveaxis, reshape
from fanlight.ops.tree import Tree, flatten, shape_of, unflatten

__all__ = [
    "associative_scan",
    "cond",
    "custom_gradient",
    "fori_loop",
    "map",
    "scan",
    "switch",
    "vectorized_map",
    "while_loop",
]

Body = Callable[..., Any]
WEAK = {bool: "bool", int: "int32", float: "float32"}


def as_value(x: Any, dtype: str | None = None) -> Value:
    """A value as it is, a Python number as a constant."""
    return x if isinstance(x, Value) else constant(x, dtype or WEAK.get(type(x), "float32"))


def cond(pred: Any, true_fn: Body, false_fn: Body, *operands: Any) -> Tree:
    """`true_fn(*operands)` where the scalar `pred` is true, else `false_fn(*operands)`; only that one runs.

    Both give equal shapes and dtypes. Differentiable."""
    if not isinstance(pred, Value):
        return (true_fn if pred else false_fn)(*operands)
    if pred.shape:
        raise ShapeError("fl.cond", expected="a scalar condition", got=pred.type, do="use fl.where for arrays")
    sides: list[tuple[Closure, list[Any], Tree]] = []
    for function in (true_fn, false_fn):
        start = next(SERIALS)
        result = function(*operands)
        sides.append((Closure(start, lazy=True), flatten(result), result))
    (yes, first, structure), (no, second, other) = sides
    if shape_of(structure) != shape_of(other):
        raise ShapeError("fl.cond", expected=f"equal results, {shape_of(structure)}", got=shape_of(other))
    pairs = [_alike(a, b) for a, b in zip(first, second, strict=True)]
    for number, (a, b) in enumerate(pairs):
        if a.type != b.type:
            error = DtypeError if a.shape == b.shape else ShapeError
            raise error(f"fl.cond: result {number}", expected=f"{a.type}, as of true_fn", got=f"{b.type} of false_fn")
    graphs: list[Graph] = []
    for closure, results in ((yes, [a for a, _ in pairs]), (no, [b for _, b in pairs])):
        outputs = {f"y{k}": value for k, value in enumerate(closure.run(results))}
        graphs.append(Graph(tuple(closure.inputs), outputs))
    condition = pred if pred.dtype == "bool" else cast(pred, "bool")
    made = apply(loop.Branch(*graphs), condition, *yes.captured, *no.captured)
    return unflatten(structure, iter(loop.items(made)))


def _alike(a: Any, b: Any) -> tuple[Value, Value]:
    """Two results as values; a Python number takes the dtype of the other one."""
    one = as_value(a, b.dtype if isinstance(b, Value) and not isinstance(a, Value) else None)
    return one, as_value(b, one.dtype)


def switch(index: Any, branches: Sequence[Body], *operands: Any) -> Tree:
    """`branches[index](*operands)`; only that one runs. An index beyond the ends counts as the first or last."""
    if not branches:
        raise ShapeError("fl.switch", expected="at least one branch", got="none")
    if not isinstance(index, Value):
        return branches[min(max(int(index), 0), len(branches) - 1)](*operands)
    if len(branches) == 1:
        return branches[0](*operands)
    middle = len(branches) // 2
    return cond(
        less(index, middle),
        lambda: switch(index, branches[:middle], *operands),
        lambda: switch(index - middle, branches[middle:], *operands),
    )


def while_loop(cond: Body, body: Body, loop_vars: Any, maximum_iterations: int | None = None) -> Tree:
    """`loop_vars = body(*loop_vars)` as long as `cond(*loop_vars)`, at most `maximum_iterations` times.

    >>> fl.while_loop(lambda i: i < 10, lambda i: i + 3, 0)  # 12

    A single variable that is no tuple or list is passed and returned as it is. Differentiable where
    `maximum_iterations` is given; every one of them is then computed backwards."""
    several = isinstance(loop_vars, (tuple, list))
    start = next(SERIALS)

    def step(variables: Tree) -> tuple[Tree, Tree]:
        given = variables if several else (variables,)
        new = body(*given)
        if several and isinstance(new, (tuple, list)):
            new = type(loop_vars)(new)
        guard = cond(*given)
        if not isinstance(guard, (Value, bool)) or (isinstance(guard, Value) and guard.shape):
            raise ShapeError("fl.while_loop", expected="a scalar condition", got=getattr(guard, "type", guard))
        return new, as_value(guard)

    initial, carries, new, (guard,), _ = carried("fl.while_loop", step, loop_vars)
    closure = Closure(start, carries)
    *closed, condition = closure.run([*new, guard if guard.dtype == "bool" else cast(guard, "bool")])
    writes = {f"carry{k}": value for k, value in enumerate(closed)}
    graph = Graph(tuple(closure.inputs), {}, writes, condition)
    length = LONGEST if maximum_iterations is None else maximum_iterations
    op = loop.While(graph, index_name(graph), length)
    return unflatten(loop_vars, iter(loop.items(apply(op, *initial, *closure.captured))))


def fori_loop(lower: Any, upper: Any, body_fun: Body, init_val: Any) -> Tree:
    """`val = body_fun(i, val)` for i = lower .. upper-1.

    Differentiable where both ends are numbers or sizes, not values."""
    if isinstance(lower, Value) or isinstance(upper, Value):
        end = as_value(upper, "int32")
        _, last = while_loop(
            lambda i, _: less(i, end), lambda i, val: (i + 1, body_fun(i, val)), (as_value(lower, "int32"), init_val)
        )
        return last
    length = dims.maximum(upper - lower, 0)
    return counted(lambda i, carry: body_fun(i + lower if lower else i, carry), init_val, length)


def counted(body: Body, init: Tree, length: DimLike) -> Tree:
    """`carry = body(step, carry)` for step = 0 .. length-1."""
    start = next(SERIALS)
    name = f"count{start}"  # until the loops inside are known
    step = apply(SizeOf(Iteration(Graph((), {}), name, length).step))
    initial, carries, new, _, _ = carried("fl.fori_loop", lambda carry: (body(step, carry), None), init)
    closure = Closure(start, carries, name)
    closed = closure.run(new)
    graph = Graph(tuple(closure.inputs), {}, {f"carry{k}": value for k, value in enumerate(closed)})
    index = index_name(graph)
    graph = replace_sizes(graph, {name: Iteration(graph, index, length).step})
    op = loop.make_scan(graph, index, length, 0, False)
    found = loop.items(apply(op, *initial, *closure.captured))
    return unflatten(init, iter(found[: len(new)]))


def map(f: Body, xs: Any) -> Tree:
    """`f(x)` for each slice x along the first axis of `xs`, stacked: as keras.ops.map."""
    return scan(lambda _, x: ((), f(x)), (), xs)[1]


def vectorized_map(function: Body, elements: Any) -> Tree:
    """`function(x)` for each slice x along the first axis of `elements`, stacked, computed for all of them at once."""
    return map(function, elements)


def associative_scan(f: Callable[[Tree, Tree], Tree], elems: Any, reverse: bool = False, axis: int = 0) -> Tree:
    """All prefixes `f(f(e0, e1), e2) ...` along `axis`, or from the end where `reverse`.

    `f` takes and gives slices that keep the axis, as in JAX. Computed one after the other: on one core there is no
    shorter way."""
    arrays = [moveaxis(as_value(x), axis, 0) for x in flatten(elems)]

    def step(carry: Tree, x: Tree) -> tuple[Tree, Tree]:
        new = flatten(f(put(carry), put(x)))
        rows = [moveaxis(as_value(y), axis, 0)[0] for y in new]
        return rows, rows

    def put(rows: Sequence[Value]) -> Tree:
        return unflatten(elems, iter([moveaxis(expand_dims(x, 0), 0, axis) for x in rows]))

    first = [x[-1:] if reverse else x[:1] for x in arrays]
    rest = [x[:-1] if reverse else x[1:] for x in arrays]
    _, ys = scan(step, [x[0] for x in first], rest, reverse=reverse)
    joined = [concatenate([y, x] if reverse else [x, y], 0) for x, y in zip(first, ys, strict=True)]
    return unflatten(elems, iter([moveaxis(y, 0, axis) for y in joined]))


def custom_gradient(f: Callable[..., tuple[Tree, Body]]) -> Callable[..., Tree]:
    """`f(*args)` gives `(output, grad)`; the function that gives `output`, whose gradient is what `grad(*upstream)`
    says: one array for each of `args`, as keras.ops.custom_gradient with JAX."""

    @wraps(f)
    def call(*args: Any) -> Tree:
        given = [as_value(x) for x in flatten(args)]
        output, grad = f(*unflatten(args, iter(given)))
        results = [as_value(y) for y in flatten(output)]
        start = next(SERIALS)
        upstream = [apply(Input(f"g{k}", y.type)) for k, y in enumerate(results)]
        parts = grad(*upstream)
        parts = list(parts) if isinstance(parts, (tuple, list)) else [parts]
        parts = [as_value(part) for part in flatten(parts)]
        if [part.type for part in parts] != [x.type for x in given]:
            got = ", ".join(repr(part.type) for part in parts) or "none"
            raise ShapeError("fl.custom_gradient", expected=[x.type for x in given], got=got, do="return one for each")
        closure = Closure(start, upstream)
        outputs = {f"g{k}": part for k, part in enumerate(closure.run(parts))}
        op = loop.WithGradient(Graph((*upstream, *closure.inputs), outputs), len(results))
        found = loop.items(apply(op, *results, *given, *closure.captured))
        return unflatten(output, iter(found))

    return call


def scan(
    f: Callable[[Tree, Tree], tuple[Tree, Tree]],
    init: Any,
    xs: Any = None,
    length: DimLike | None = None,
    reverse: bool = False,
    unroll: int | bool = 1,
    checkpoint_every: int | None = None,
) -> tuple[Tree, Tree]:
    """`carry, y = f(carry, x)` for each slice x along the first axis of `xs`; gives the last carry, and the y stacked.

    >>> carry, sums = fl.scan(lambda c, x: (c + x, c + x), 0.0, xs)  # the cumulative sum

    Carries keep their shapes and dtypes. `length` is needed where `xs` is None. With `reverse` the last slice is the
    first; `unroll` is accepted and has no effect. Differentiable; with `checkpoint_every=k` the gradient keeps the
    carry of every k-th step only and computes those in between again: less memory, and one more pass."""
    slices = [as_value(x) for x in flatten(xs)]
    steps = scan_length(slices, length)
    if checkpoint_every is not None:
        return checkpointed(f, init, xs, slices, steps, reverse, checkpoint_every)
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


def checkpointed(
    f: Callable[[Tree, Tree], tuple[Tree, Tree]],
    init: Tree,
    xs: Tree,
    slices: Sequence[Value],
    steps: DimLike,
    reverse: bool,
    every: int,
) -> tuple[Tree, Tree]:
    """A scan of scans of `every` steps, and one of the steps that remain."""
    if not isinstance(steps, int) or every < 1:
        got = f"{every} of {dims.text(steps)} steps"
        raise ShapeError("fl.scan", expected="checkpoint_every >= 1 and a length that is a number", got=got)
    rounds, rest = divmod(steps, every)
    whole = rounds * every
    blocks = [reshape(x[:whole], (rounds, every, *x.shape[1:])) for x in slices]

    def block(carry: Tree, x: Tree) -> tuple[Tree, Tree]:
        return scan(f, carry, x, every, reverse)

    def tail(carry: Tree) -> tuple[Tree, Tree]:
        return scan(f, carry, unflatten(xs, iter([x[whole:] for x in slices])), rest, reverse)

    last, ends = tail(init) if rest and reverse else (init, None)
    last, made = scan(block, last, unflatten(xs, iter(blocks)), rounds, reverse)
    if rest and not reverse:
        last, ends = tail(last)
    rows = [reshape(y, (whole, *y.shape[2:])) for y in flatten(made)]
    if rest:
        rows = [concatenate([y, end], 0) for y, end in zip(rows, flatten(ends), strict=True)]
    return last, unflatten(made, iter(rows))


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

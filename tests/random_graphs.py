"""Graphs that Hypothesis makes up, with arrays for them: what must keep its value through every stage.

`cases()` draws a graph over an input with an open batch, state and constants, built with the functions of `ops`, and
the arrays to run it on. Values stay small, so that a case runs in milliseconds.
"""

from dataclasses import dataclass

import hypothesis.strategies as st
import numpy as np

from fanlight.ir import dim as dims
from fanlight.ir.graph import Graph, Input, State, Value, apply
from fanlight.ir.types import Type
from fanlight.ops import functions as fn

BATCH = dims.size("batch", 1, 3)
MOST = 64  # elements of a value


@dataclass
class Case:
    """A graph with arrays for its inputs and state."""

    graph: Graph
    inputs: dict[str, np.ndarray]
    state: dict[str, np.ndarray]


@st.composite
def cases(draw, steps: int = 10, smooth: bool = False):
    """A case with up to `steps` steps; `smooth`: of float functions only that have a gradient everywhere."""
    x = apply(Input("x", Type("float32", (BATCH, draw(st.integers(1, 4))))))
    y = apply(Input("y/index", Type("int32", (BATCH,))))
    state = {name: Type("float32", draw(st.sampled_from([(), (1,), (3,), (2, 3), (4, 2)]))) for name in ("w", "b")}
    values = [x, y, *(apply(State(name, type)) for name, type in state.items())]
    kinds = SMOOTH if smooth else {**SMOOTH, **ROUGH}
    for _ in range(draw(st.integers(1, steps))):
        value = draw(st.sampled_from(values[-6:] + values[:4]))
        made = kinds[draw(st.sampled_from(sorted(kinds)))](draw, value, values)
        if made is not None and dims.upper(made.type.count) <= MOST:
            values.append(made)
    written = {name: v for name, type in state.items() for v in values if v.type == type}
    outputs = {f"out{k}": v for k, v in enumerate(values[-3:])}
    guard = next((v for v in reversed(values) if v.type == Type("bool", ())), None)
    graph = Graph((x, y), outputs, {} if smooth else written, None if smooth else guard)
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    batch = draw(st.integers(1, 3))
    width = x.shape[1]
    return Case(
        graph,
        {"x": normal(rng, (batch, width)), "y/index": rng.integers(-3, 4, batch).astype("int32")},
        {name: normal(rng, type.shape) for name, type in state.items()},
    )


def normal(rng, shape) -> np.ndarray:
    return np.asarray(rng.normal(size=shape), "float32")


def is_float(value: Value) -> bool:
    return value.dtype == "float32"


def unary(function, needs="float32"):
    return lambda draw, x, values: function(x) if x.dtype == needs else None


def binary(function):
    """With another value of the same shape, a number, or the sum of a value turned into a number."""

    def make(draw, x, values):
        others = [v for v in values if v.dtype == x.dtype and v.shape in (x.shape, ())]
        other = draw(st.sampled_from([*others, 1.0, 0.5, -2.0, -0.0])) if others else 3.0
        if x.dtype == "bool":
            return None
        if x.dtype == "int32" and not isinstance(other, Value):
            other = int(other)
        return function(x, other) if draw(st.booleans()) else function(other, x)

    return make


def transpose(draw, x, values):
    return fn.transpose(x, draw(st.permutations(range(x.rank))))


def reshape(draw, x, values):
    shape = draw(st.sampled_from([(x.type.count,), (1, *x.shape), (*x.shape, 1), x.shape[::-1], (1, x.type.count)]))
    return fn.reshape(x, shape)


def broadcast(draw, x, values):
    lead = draw(st.sampled_from([(), (2,), (1, 2), (BATCH,)]))
    return fn.broadcast_to(x, (*lead, *(2 if extent == 1 and draw(st.booleans()) else extent for extent in x.shape)))


def part(draw, x, values):
    starts = tuple(draw(st.integers(0, min(dims.bounds(extent)[0], 2) - 1)) for extent in x.shape)
    return fn.slice(x, starts, tuple(extent - start for extent, start in zip(x.shape, starts, strict=True)))


def flip(draw, x, values):
    return fn.flip(x, draw(st.sets(st.integers(0, x.rank - 1)).map(sorted))) if x.rank else None


def pad(draw, x, values):
    return fn.pad(x, tuple((draw(st.integers(0, 1)), draw(st.integers(0, 1))) for _ in x.shape)) if x.rank else None


def join(draw, x, values):
    return fn.concatenate([x, x], draw(st.integers(0, x.rank - 1))) if x.rank else None


def reduction(function):
    def make(draw, x, values):
        axes = draw(st.sets(st.integers(0, x.rank - 1)).map(sorted)) if x.rank else ()
        return function(x, tuple(axes)) if is_float(x) and x.rank else None

    return make


def product(draw, x, values):
    return fn.matmul(x, fn.swapaxes(x, -1, -2)) if is_float(x) and x.rank >= 2 else None


def scan(draw, x, values):
    """A loop along the first axis: its last carry, or what it stacks; both depend on the carry, or on x alone."""
    if not is_float(x) or not x.rank:
        return None
    weight = draw(st.sampled_from([0.5, *(v for v in values if is_float(v) and v.shape == ())]))
    keeps = draw(st.booleans())

    def step(c, row):
        return fn.tanh(fn.add(fn.multiply(c, weight), row)), fn.multiply(c, row) if keeps else fn.sin(row)

    last, ys = fn.scan(step, fn.zeros(x.shape[1:]), x, reverse=draw(st.booleans()))
    return last if draw(st.booleans()) else ys


def cast(draw, x, values):
    return fn.cast(x, draw(st.sampled_from(["float32", "int32", "uint8", "int8", "bool", "int64"])))


def compare(draw, x, values):
    function = draw(st.sampled_from([fn.less, fn.equal, fn.greater_equal]))
    return function(x, 0) if x.dtype not in ("bool", "uint8") else fn.logical_not(fn.cast(x, "bool"))


def where(draw, x, values):
    conditions = [v for v in values if v.dtype == "bool" and v.shape == x.shape]
    return fn.where(draw(st.sampled_from(conditions)), x, fn.add(x, x)) if conditions and x.dtype != "bool" else None


def running(draw, x, values):
    if not is_float(x) or not x.rank:
        return None
    axis, reverse = draw(st.integers(0, x.rank - 1)), draw(st.booleans())
    function = draw(st.sampled_from([fn.cumsum, lambda x, *more, **options: fn.cumprod(fn.tanh(x), *more, **options)]))
    return function(x, axis, reverse=reverse, exclusive=draw(st.booleans()))


def scattered(reductions):
    """Rows of x written back, at positions that are data or known, some of them outside."""

    def make(draw, x, values):
        if not is_float(x) or not x.rank:
            return None
        places = [v for v in values if v.dtype == "int32" and v.rank == 1]
        places = draw(st.sampled_from([*places, fn.iota((2,)), fn.full((3,), 0, "int32"), fn.iota((4,)) - 1]))
        updates = fn.take(x, fn.mod(places, 2), 0) * 0.5
        at = fn.reshape(places, (*places.shape, 1))
        return fn.scatter_update(x, at, updates, draw(st.sampled_from(reductions)))

    return make


def update(draw, x, values):
    if not is_float(x) or not x.rank:
        return None
    starts = [v for v in values if v.dtype == "int32" and not v.rank]
    block = fn.slice(fn.tanh(x), (0,) * x.rank, (1,) * x.rank)
    return fn.slice_update(x, [draw(st.sampled_from([*starts, 0, 1])) for _ in x.shape], block)


def ordered(draw, x, values):
    if not x.rank or x.dtype == "int64":
        return None
    return draw(st.sampled_from([fn.sort, fn.argsort, lambda x, axis: fn.cummax(x, axis)]))(x, axis=-1)


SMOOTH = {
    "running": running,
    "scatter": scattered(["add", None]),
    "update": update,
    "tanh": unary(fn.tanh),
    "sigmoid": unary(fn.sigmoid),
    "exp": unary(lambda x: fn.exp(fn.tanh(x))),
    "log": unary(lambda x: fn.log(fn.square(x) + 1.0)),
    "sqrt": unary(lambda x: fn.sqrt(fn.square(x) + 1.0)),
    "negative": unary(fn.negative),
    "add": binary(fn.add),
    "subtract": binary(fn.subtract),
    "multiply": binary(fn.multiply),
    "transpose": transpose,
    "reshape": reshape,
    "broadcast": broadcast,
    "slice": part,
    "flip": flip,
    "pad": pad,
    "join": join,
    "sum": reduction(fn.sum),
    "mean": reduction(fn.mean),
    "matmul": product,
    "scan": scan,
}
ROUGH = {
    "ordered": ordered,
    "extremes": scattered(["max", "min", "mul"]),
    "relu": unary(fn.relu),
    "absolute": unary(fn.absolute),
    "floor": unary(fn.floor),
    "stop": unary(fn.stop_gradient),
    "divide": binary(lambda x, y: fn.divide(fn.cast(x, "float32") if isinstance(x, Value) else x, y)),
    "maximum": binary(fn.maximum),
    "max": reduction(fn.max),
    "cast": cast,
    "compare": compare,
    "where": where,
    "size": lambda draw, x, values: fn.size_of(draw(st.sampled_from([BATCH, 2 * BATCH + 1, 3]))),
}

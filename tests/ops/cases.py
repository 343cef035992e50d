"""The arrays of a sample, and functions run by the interpreter: what the tests of this room share."""

import numpy as np

from fanlight.ir.graph import Graph, Input, Item, Value, apply
from fanlight.ir.interpret import interpret
from fanlight.ir.types import Type, Types
from fanlight.ops import functions as fn
from fanlight.ops.registry import all_ops
from fanlight.passes.differentiate import differentiate

SPECIAL = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3.5, 1e-42, -1e-30, 3e38, 87.0, -104.0, 2.0**24]


def samples():
    """Every sample of every op, with a name for it."""
    pairs = [(name, op.samples()) for name, op in all_ops().items()]
    return {f"{name}-{number}": each for name, cases in pairs for number, each in enumerate(cases)}


def arrays_of(sample, seed=0):
    """One array for each input of a sample; the same ones each time."""
    rng = np.random.default_rng([seed, len(sample.types)])
    return [array_of(type, kind, rng) for type, kind in zip(sample.types, sample.values, strict=True)]


def array_of(type, kind, rng):
    count = int(np.prod(type.shape, dtype=int))
    signs = rng.choice([-1, 1], count)
    flat = {
        "any": lambda: any_values(type.dtype, count, rng),
        "special": lambda: np.where(rng.random(count) < 0.4, rng.choice(SPECIAL[:9], count), rng.normal(0, 9, count)),
        "normal": lambda: np.round(rng.normal(0, 1.5, count)) + rng.uniform(0.15, 0.4, count) * signs,
        "positive": lambda: rng.uniform(0.2, 4, count),
        "unit": lambda: rng.uniform(-0.9, 0.9, count),
        "above one": lambda: rng.uniform(1.2, 5, count),
        "distinct": lambda: (rng.permutation(count) - count // 2) * 0.15 + 0.05,
        "tied": lambda: rng.integers(0, 3, count),
        "index": lambda: rng.integers(-2, 7, count),
    }[kind]()
    return np.asarray(flat).astype(type.dtype).reshape(type.shape)


def any_values(dtype, count, rng):
    if dtype == "bool":
        return rng.integers(0, 2, count).astype(bool)
    if dtype == "float32":
        return np.where(rng.random(count) < 0.6, rng.choice(SPECIAL, count), rng.normal(size=count) * 4)
    ends = np.iinfo(dtype)
    pool = np.array([ends.min, ends.max, ends.max - 1, 0, 1, 2, 7, 31, 33], dtype)
    drawn = rng.integers(ends.min, ends.max, count, dtype=dtype, endpoint=True)
    return np.where(rng.random(count) < 0.6, rng.choice(pool, count), drawn)


def results_of(op, *inputs):
    """The results of an op by name: `y`, or `y0`, `y1`, ... of a loop or branch."""
    value = apply(op, *inputs)
    if not isinstance(value.type, Types):
        return {"y": value}
    return {f"y{k}": apply(Item(k), value) for k in range(len(value.type.members))}


def float_results(op):
    """A function that gives the float results of an op; several as one row."""

    def function(*xs):
        found = [y for y in results_of(op, *xs).values() if y.dtype == "float32"]
        return found[0] if len(found) == 1 else fn.concatenate([fn.ravel(y) for y in found])

    return function


def has_floats(op, types):
    """Is any of its results of floats?"""
    inferred = op.infer(*types)
    return any(each.dtype == "float32" for each in (inferred.members if isinstance(inferred, Types) else [inferred]))


def to_numpy(array):
    return np.array(array.data, array.dtype if array.dtype != "float32" else "float64").reshape(array.shape)


def trace(function, arrays, shapes=None):
    """Inputs x0, x1, ... for these arrays (of `shapes` where these are open), and what the function makes of them."""
    shapes = shapes or [x.shape for x in arrays]
    types = [Type(str(x.dtype), shape) for x, shape in zip(arrays, shapes, strict=True)]
    inputs = tuple(apply(Input(f"x{k}", type)) for k, type in enumerate(types))
    return inputs, function(*inputs)


def run(function, *arrays, shapes=None, exact=False, moves=()):
    """What the interpreter computes for a function of values: an array, or a list of them. `moves` are added first."""
    arrays = [as_array(x) for x in arrays]
    inputs, found = trace(function, arrays, shapes)
    values = [found] if isinstance(found, Value) else found
    graph = differentiate(Graph(inputs, {f"y{k}": value for k, value in enumerate(values)}))
    given = {f"x{k}": x.astype("float64") + moves[k] if k in moves else x for k, x in enumerate(arrays)}
    outputs, _ = interpret(graph, given, exact=exact)
    results = [to_numpy(each) for each in outputs.values()]
    return results[0] if isinstance(found, Value) else results


def as_array(x):
    return np.asarray(x, "float32") if isinstance(x, float | list) else x


def gradients(function, *arrays, weights=None, shapes=None, exact=False):
    """The gradients, with respect to each float array, of the sum of `function`'s result times fixed weights."""
    arrays = [as_array(x) for x in arrays]

    def differentiated(*inputs):
        *xs, w = inputs
        loss = fn.sum(fn.multiply(function(*xs), w))
        return fn.gradient(loss, [x for x in xs if x.dtype == "float32"])

    if weights is None:
        weights = fixed_weights(run(function, *arrays).shape)
    return run(differentiated, *arrays, weights, shapes=shapes, exact=exact)


def fixed_weights(shape):
    return np.random.default_rng(7).normal(size=shape).astype("float32")

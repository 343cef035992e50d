"""What is the graph of a case? The call of keras_cases.py with arrays as inputs, and its gradients. Needs no Keras.

Outputs are called y0, y1, ..., gradients of the sum of all float outputs times fixed weights g0, g1, ...
"""

import functools

import numpy as np

from fanlight.ir.graph import Graph, Input, Value, apply
from fanlight.ir.types import Type, is_float
from fanlight.ops import functions
from fanlight.tensor import leaves_of, mapped


def found_in(room, name):
    """The function `name` of a module, "image.resize" in its module `image`."""
    return functools.reduce(getattr, name.split("."), room)


def called(case, name, room, args, kwargs):
    if case.call is not None:
        return case.call(room, *args, **kwargs)
    return found_in(room, name)(*args, **kwargs)


def arrays_in(case):
    return [x for x in leaves_of((case.args, case.kwargs)) if isinstance(x, np.ndarray)]


def with_arrays(case, arrays):
    """The arguments of a case with these in the places of its arrays."""
    rest = iter(arrays)
    return mapped((case.args, case.kwargs), lambda x: next(rest) if isinstance(x, np.ndarray) else x)


def weights(k, shape):
    return np.random.default_rng(100 + k).normal(size=shape).astype("float32")


def wants_gradient(case):
    return case.gradient is True and any(x.dtype == "float32" for x in arrays_in(case))


def traced(name, case, always=False):
    """The graph of a case: outputs y0, y1, ... and gradients g0, g1, ...; and what came out that is no array."""
    inputs = [apply(Input(f"x{k}", Type(str(x.dtype), x.shape))) for k, x in enumerate(arrays_in(case))]
    args, kwargs = with_arrays(case, inputs)
    results = leaves_of(called(case, name, functions, args, kwargs))
    outputs = {f"y{k}": y for k, y in enumerate(results) if isinstance(y, Value)}
    floats = [x for x in inputs if is_float(x.dtype)]
    if (always or wants_gradient(case)) and floats:
        parts = [functions.sum(y * weights_of(k, y)) for k, y in enumerate(results) if is_float_value(y)]
        if parts:
            total = functools.reduce(functions.add, parts)
            outputs |= {f"g{k}": g for k, g in enumerate(functions.gradient(total, floats))}
    return Graph(tuple(inputs), outputs), results


def is_float_value(y):
    return isinstance(y, Value) and is_float(y.dtype)


def weights_of(k, y):
    """The weights of output k as constants: pure elementwise arithmetic on positions is what every rung knows."""
    return apply(Input(f"w{k}", y.type))


def weighted(graph):
    """The graph with the weights of its outputs among its inputs."""
    return Graph(tuple(v for v in graph.order if isinstance(v.op, Input)), graph.outputs)


def inputs_of(graph, case):
    arrays = arrays_in(case)
    found = {}
    for value in graph.inputs:
        label, number = value.op.label, int(value.op.label[1:])
        found[label] = arrays[number] if label[0] == "x" else weights(number, value.shape)
    return found

"""The arrays of a sample, and the slow evaluation of one op: loop by loop, element by element."""

import itertools

import numpy as np
import pytest

from fanlight.ir import dim as dims
from fanlight.ir.evaluate import evaluate_scalar
from fanlight.ir.kernel import identity
from fanlight.ir.scalar import make, read
from fanlight.ops.registry import all_ops

SPECIAL = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3.5, 1e-42, -1e-30, 3e38, 87.0, -104.0, 2.0**24]


def samples():
    """Every sample of every op, as pytest parameters."""
    pairs = [(name, op.samples()) for name, op in all_ops().items()]
    return [pytest.param(each, id=f"{name}-{k}") for name, cases in pairs for k, each in enumerate(cases)]


def arrays_of(sample, seed=0):
    """One array for each input of a sample; the same ones each time."""
    rng = np.random.default_rng([seed, len(sample.types)])
    return [array_of(type, kind, rng) for type, kind in zip(sample.types, sample.values, strict=True)]


def array_of(type, kind, rng):
    shape, count = type.shape, int(np.prod(type.shape, dtype=int))
    if kind == "any":
        flat = any_values(type.dtype, count, rng)
    elif kind == "normal":
        flat = np.round(rng.normal(size=count) * 1.5) + rng.uniform(0.15, 0.4, count) * rng.choice([-1, 1], count)
    elif kind == "positive":
        flat = rng.uniform(0.2, 4, count)
    elif kind == "unit":
        flat = rng.uniform(0.1, 0.9, count) * rng.choice([-1, 1], count)
    elif kind == "distinct":
        flat = (rng.permutation(count) - count // 2) * 0.15 + 0.05
    elif kind == "tied":
        flat = rng.integers(0, 3, count)
    elif kind == "small":
        flat = rng.integers(1, 10, count) * rng.choice([-1, 1], count)
    elif kind == "index":
        flat = rng.integers(-2, 7, count)
    elif kind == "bits":
        flat = rng.integers(0, 2**32, count, dtype=np.uint64)
    else:
        raise ValueError(f"unknown values {kind!r}")
    return np.asarray(flat).astype(type.dtype).reshape(shape)


def any_values(dtype, count, rng):
    if dtype == "bool":
        return rng.integers(0, 2, count).astype(bool)
    if dtype == "float32":
        pool = np.array(SPECIAL, "float32")
        return np.where(rng.random(count) < 0.6, rng.choice(pool, count), rng.normal(size=count) * 4)
    ends = np.iinfo(dtype)
    pool = np.array([ends.min, ends.max, ends.max - 1, 0, 1, 2, 7, 31, 33], dtype)
    drawn = rng.integers(ends.min, ends.max, count, dtype=dtype, endpoint=True)
    return np.where(rng.random(count) < 0.6, rng.choice(pool, count), drawn).astype(dtype)


def run_nest(op, arrays, types):
    """The result of an op's loop nest."""
    nest, out = op.nest(*types), op.infer(*types)
    extents = [dims.evaluate(axis.extent, {}) for axis in nest.axes]
    inner = [dims.evaluate(axis.extent, {}) for axis in nest.reduce]
    assert tuple(extents) == out.shape
    result = np.zeros(extents, out.dtype)

    def load(slot, where):
        assert all(0 <= i < n for i, n in zip(where, arrays[slot].shape, strict=True)), f"operand {slot}: {where}"
        return arrays[slot][where].item()

    join = make(nest.combine, read(0, (), out.dtype), read(1, (), out.dtype)) if nest.reduce else None
    names, inner_names = [axis.name for axis in nest.axes], [axis.name for axis in nest.reduce]
    for where in np.ndindex(*extents):
        values = dict(zip(names, where, strict=True))
        if join is None:
            result[where] = evaluate_scalar(nest.value, values, load)
            continue
        total = identity(nest.combine, out.dtype)
        for each in itertools.product(*map(range, inner)):
            part = evaluate_scalar(nest.value, values | dict(zip(inner_names, each, strict=True)), load)
            total = evaluate_scalar(join, {}, lambda slot, _, pair=(total, part): pair[slot])
        result[where] = total
    return result

"""How are numbers drawn from other distributions? Integers, categories, gamma, beta, binomial: functions of a key.

Rejection runs as a loop over the whole array until every element is accepted: its rounds draw from keys of their own,
so that an element does not depend on how long the others took. Gradients do not flow through.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from fanlight.errors import DtypeError, ShapeError
from fanlight.ir import dim as dims
from fanlight.ir.dim import DimLike
from fanlight.ir.graph import Value
from fanlight.ops.control import while_loop
from fanlight.ops.indexing import take, take_along_axis
from fanlight.ops.pointwise import (
    absolute,
    add,
    cast,
    ceil,
    divide,
    equal,
    exp,
    floor,
    greater,
    greater_equal,
    less,
    less_equal,
    log,
    log1p,
    logical_and,
    logical_not,
    logical_or,
    maximum,
    minimum,
    mod,
    multiply,
    negative,
    sigmoid,
    sqrt,
    square,
    stop_gradient,
    subtract,
    where,
)
from fanlight.ops.promote import RANGES, Operand, as_value, stretched
from fanlight.ops.random import random_bits, random_fold_in, random_normal, random_split, random_uniform
from fanlight.ops.reductions import any, argmax
from fanlight.ops.shapes import expand_dims, full, iota, normal_axes
from fanlight.ops.sorting import argsort

__all__ = ["random_beta", "random_binomial", "random_categorical", "random_gamma", "random_randint", "random_shuffle"]

ROUNDS = 256  # of rejection; one accepts more than 9 in 10 elements, so that this many never run


def _keys(key: Value, count: int) -> list[Value]:
    pairs = random_split(key, count)
    return [take(pairs, k, 0) for k in range(count)]


def random_randint(
    key: Value, shape: Sequence[DimLike], minval: Operand, maxval: Operand, dtype: str = "int32"
) -> Value:
    """Integers from `minval` to below `maxval`, the same as JAX's: random bits modulo the span, 64 up to 65536."""
    if dtype not in RANGES or dtype == "int64":
        raise DtypeError("random_randint", expected="int32, uint32, uint8 or int8", got=repr(dtype))
    wide = "int32" if dtype in ("uint8", "int8") else dtype
    low, high = as_value(minval, wide), as_value(maxval, wide)
    span = where(less(low, high), cast(subtract(high, low), "uint32"), as_value(1, "uint32"))
    first, second = (random_bits(each, shape) for each in _keys(key, 2))
    half = mod(as_value(65536, "uint32"), span)
    power = mod(multiply(half, half), span)  # 2^32 modulo the span, or 0
    offset = mod(add(multiply(mod(first, span), power), mod(second, span)), span)
    return cast(add(stretched(low, tuple(shape)), cast(offset, wide)), dtype)


def random_shuffle(key: Value, x: Operand, axis: int = 0, independent: bool = False) -> Value:
    """x with its slices along an axis in random order; `independent` gives each vector along it an order of its own.

    Sorted by random bits, in as many rounds as leave equal ones without weight: the orders are those of
    `jax.random.permutation`. Differs: Keras on JAX shuffles each vector by itself.
    """
    value = as_value(x)
    (k,) = normal_axes(axis, value.rank)
    shape, along = (value.shape, k) if independent else ((value.shape[k],), 0)
    longest = max(dims.upper(dims.product(shape)), 1)
    order = iota(shape, along)
    for _ in range(max(math.ceil(3 * math.log(longest) / math.log(2**32 - 1)), 1)):
        key, bits = _keys(key, 2)
        order = take_along_axis(order, argsort(random_bits(bits, shape), along), along)
    return take_along_axis(value, order, k) if independent else take(value, order, k)


def random_categorical(key: Value, logits: Operand, num_samples: int) -> Value:
    """`num_samples` classes for each row of logits [batch, classes], with probabilities softmax(logits): int32.

    The largest of the logits with Gumbel noise (E. Gumbel, 1954; C. Maddison et al., 2014).
    """
    value = cast(logits, "float32")
    if value.rank != 2:
        raise ShapeError("random_categorical", expected="logits [batch, classes]", got=value.type)
    batch, classes = value.shape
    uniform = random_uniform(key, (batch, num_samples, classes), 2.0**-24, 1.0)
    noise = negative(log(negative(log(uniform))))
    return argmax(add(expand_dims(value, 1), noise), 2)


def random_gamma(key: Value, shape: Sequence[DimLike], alpha: Operand) -> Value:
    """Gamma distributed numbers of shape parameter `alpha` and scale 1.

    G. Marsaglia and W. Tsang, "A simple method for generating gamma variables", 2000: rejection from a transformed
    normal number, boosted by a power of a uniform one where alpha is below 1.
    """
    return exp(_log_gamma(key, tuple(shape), alpha))


def _log_gamma(key: Value, shape: tuple[DimLike, ...], alpha: Operand) -> Value:
    """The logarithm of a gamma variable, which does not underflow where alpha is small."""
    boost, draws = _keys(key, 2)
    a = stop_gradient(stretched(cast(alpha, "float32"), shape))
    is_small = less(a, 1.0)
    d = subtract(where(is_small, add(a, 1.0), a), 1 / 3)
    c = divide(1 / 3, sqrt(d))

    def body(step: Value, found: Value, is_done: Value) -> tuple[Value, Value, Value]:
        normal, uniform = _keys(random_fold_in(draws, step), 2)
        x, u = random_normal(normal, shape), subtract(1.0, random_uniform(uniform, shape))
        root = add(multiply(x, c), 1.0)
        v = multiply(square(root), root)
        log_v = log(where(greater(v, 0.0), v, 1.0))
        bound = add(multiply(square(x), 0.5), multiply(d, add(subtract(1.0, v), log_v)))
        accepted = logical_and(greater(v, 0.0), less(log(u), bound))
        return add(step, 1), where(is_done, found, add(log(d), log_v)), logical_or(is_done, accepted)

    found = _until_done(body, full(shape, 0.0), full(shape, False, "bool"))[0]
    uniform = subtract(1.0, random_uniform(boost, shape))
    return stop_gradient(where(is_small, add(found, divide(log(uniform), a)), found))


def _until_done(body: Callable[..., tuple[Value, ...]], *start: Value) -> tuple[Value, ...]:
    """Runs a step on (its number, values ...) until all elements of the last value are true; the values then."""

    def goes_on(step: Value, *values: Value) -> Value:
        return any(logical_not(values[-1]))

    found = while_loop(goes_on, body, (as_value(0, "int32"), *start), maximum_iterations=ROUNDS)
    return tuple(found[1:])


def random_beta(key: Value, shape: Sequence[DimLike], alpha: Operand, beta: Operand) -> Value:
    """Beta distributed numbers: x / (x + y) for gamma variables of parameters alpha and beta, taken by logarithms."""
    first, second = _keys(key, 2)
    return sigmoid(subtract(_log_gamma(first, tuple(shape), alpha), _log_gamma(second, tuple(shape), beta)))


def random_binomial(key: Value, shape: Sequence[DimLike], counts: Operand, probabilities: Operand) -> Value:
    """How many of `counts` trials succeed, as float32.

    Where fewer than ten successes are expected, waiting times are added up (L. Devroye, "Non-uniform random variate
    generation", 1986, X.4.3); else rejection (W. Hoermann, "The generation of binomial random variates", 1993, BTRS).
    """
    extents = tuple(shape)
    n = stretched(floor(cast(counts, "float32")), extents)
    chance = stretched(cast(probabilities, "float32"), extents)
    is_many = greater(chance, 0.5)
    p = minimum(where(is_many, subtract(1.0, chance), chance), 0.5)
    p = maximum(p, 0.0)
    waits = less(multiply(n, p), 10.0)
    safe = where(greater(p, 0.0), p, 0.5)
    attempt = _transformed_rejection(where(waits, 20.0, n), where(waits, 0.5, p))

    def body(step: Value, total: Value, found: Value, is_done: Value) -> tuple[Value, ...]:
        first, second = _keys(random_fold_in(key, step), 2)
        u, v = subtract(1.0, random_uniform(first, extents)), subtract(1.0, random_uniform(second, extents))
        later = add(total, ceil(divide(log(u), log1p(negative(safe)))))  # when the next success comes
        is_late = greater(later, n)
        drawn, is_accepted = attempt(u, v)
        count = where(waits, add(found, where(is_late, 0.0, 1.0)), drawn)
        return (
            add(step, 1),
            where(is_done, total, later),
            where(is_done, found, count),
            logical_or(is_done, where(waits, is_late, is_accepted)),
        )

    zeros = full(extents, 0.0)
    found = _until_done(body, zeros, zeros, less_equal(p, 0.0))[1]
    return stop_gradient(where(is_many, subtract(n, found), found))


# Stirling's formula is too small by these for log(k!), k < 10.
STIRLING = (
    *(0.0810614667953272, 0.0413406959554092, 0.0276779256849983, 0.0207906721037650, 0.0166446911898211),
    *(0.0138761288230707, 0.0118967099458917, 0.0104112652619720, 0.0092554621827127, 0.0083305634333628),
)


def _stirling_rest(k: Value) -> Value:
    """log(k!) - ((k + 1/2) log(k + 1) - (k + 1) + log(2 pi)/2)."""
    after = add(k, 1.0)
    squared = square(after)
    rest = divide(subtract(1 / 12, divide(subtract(1 / 360, divide(1 / 1260, squared)), squared)), after)
    for number, value in enumerate(STIRLING):
        rest = where(equal(k, float(number)), value, rest)
    return rest


def _transformed_rejection(n: Value, p: Value) -> Callable[[Value, Value], tuple[Value, Value]]:
    """Hoermann's BTRS for n * p >= 10 and p <= 1/2: a function of two uniform numbers that gives a candidate, and
    whether it is accepted."""
    deviation = sqrt(multiply(multiply(n, p), subtract(1.0, p)))
    b = add(multiply(deviation, 2.53), 1.15)
    a = add(add(multiply(b, 0.0248), multiply(p, 0.01)), -0.0873)
    centre = add(multiply(n, p), 0.5)
    at_once = subtract(0.92, divide(4.2, b))
    odds = divide(p, subtract(1.0, p))
    scale = multiply(add(divide(5.1, b), 2.83), deviation)
    mode = floor(multiply(add(n, 1.0), p))
    at_mode = add(
        multiply(add(mode, 0.5), log(divide(add(mode, 1.0), multiply(odds, add(subtract(n, mode), 1.0))))),
        add(_stirling_rest(mode), _stirling_rest(subtract(n, mode))),
    )

    def attempt(u: Value, v: Value) -> tuple[Value, Value]:
        u = subtract(u, 0.5)
        us = subtract(0.5, absolute(u))
        k = floor(add(multiply(add(divide(multiply(a, 2.0), us), b), u), centre))
        is_possible = logical_and(greater_equal(k, 0.0), less_equal(k, n))
        safe = where(is_possible, k, mode)
        left = subtract(n, safe)
        bound = add(
            multiply(add(n, 1.0), log(divide(add(subtract(n, mode), 1.0), add(left, 1.0)))),
            multiply(add(safe, 0.5), log(divide(multiply(odds, add(left, 1.0)), add(safe, 1.0)))),
        )
        bound = subtract(add(at_mode, bound), add(_stirling_rest(safe), _stirling_rest(left)))
        height = log(divide(multiply(v, scale), add(divide(a, square(us)), b)))
        is_quick = logical_and(greater_equal(us, 0.07), less_equal(v, at_once))
        return safe, logical_and(is_possible, logical_or(is_quick, less_equal(height, bound)))

    return attempt

"""Do scalar expressions mean what hardware does, and do folding, sharing and substitution keep that meaning?

NumPy's float32 and integer types are the oracle; they never had a part in the evaluator.
"""

import copy
import itertools
import math
import pickle
import threading

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from fanlight.errors import CompileError
from fanlight.ir import dim as dims
from fanlight.ir.evaluate import Evaluator, evaluate_scalar
from fanlight.ir.instructions import APPROXIMATE, SCALARS
from fanlight.ir.number import integer_range, integer_to_float32, to_float32, wrap_integer
from fanlight.ir.scalar import (
    accumulator,
    bitcast,
    cast,
    conjunction,
    const,
    datum,
    guard,
    index,
    index_names,
    inside,
    make,
    read,
    rebuild,
    select,
    walk,
)
from fanlight.ir.types import DTYPES

INTEGERS = ("int32", "uint32", "int64", "uint8", "int8")
FLOATS = [
    0.0,
    1.0,
    0.5,
    1.5,
    2.5,
    1e-45,
    1.1754944e-38,
    16777216.0,
    3.4028235e38,
    2147483648.0,
    0.1,
    7.3,
    88.5,
    math.inf,
]
VALUES = {
    "float32": [*(to_float32(s * x) for x in FLOATS for s in (1, -1)), math.nan],
    "bool": [False, True],
    **{
        dtype: sorted(
            {
                int(v)
                for v in (0, 1, 2, 3, 7, 31, 32, 100, 16777217, 2**62 + 1, low, low + 1, high - 1, high)
                for v in (v, -v)
                if low <= v <= high
            }
        )
        for dtype in INTEGERS
        for low, high in [integer_range(dtype)]
    },
}

NUMPY = {
    "neg": np.negative,
    "abs": np.abs,
    "sqrt": np.sqrt,
    "floor": np.floor,
    "ceil": np.ceil,
    "trunc": np.trunc,
    "nearest": np.rint,
    "exp": np.exp,
    "log": np.log,
    "tanh": np.tanh,
    "sin": np.sin,
    "cos": np.cos,
    "erf": np.vectorize(math.erf),
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "quotient": lambda a, b: np.array(int(a) // int(b) if (a < 0) == (b < 0) else -(abs(int(a)) // abs(int(b)))),
    "remainder": np.fmod,
    "min": np.minimum,
    "max": np.maximum,
    "and": np.bitwise_and,
    "or": np.bitwise_or,
    "xor": np.bitwise_xor,
    "not": np.logical_not,
    "eq": np.equal,
    "ne": np.not_equal,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
}


def same(got, expected, dtype):
    """To the bit, but for NaN's bits; approximated functions to the last place."""
    if isinstance(expected, float) and math.isnan(expected):
        return math.isnan(got)
    if dtype == "float32":
        return got == expected and math.copysign(1, got) == math.copysign(1, expected)
    return got == expected


ROWS = [(op, dtype) for op, (_, kinds, _) in SCALARS.items() if op in NUMPY for dtype in DTYPES]
ROWS = [(op, dtype) for op, dtype in ROWS if DTYPES[dtype][2] in SCALARS[op][1].split()]


@pytest.mark.parametrize(("op", "dtype"), ROWS)
def test_a_row_is_what_hardware_computes(op, dtype):
    arity = SCALARS[op][0]
    evaluator = Evaluator(make(op, *(read(k, (), dtype) for k in range(arity))))
    result = "bool" if SCALARS[op][2] == "bool" else dtype
    for args in itertools.product(VALUES[dtype], repeat=arity):
        if op in ("quotient", "remainder") and args[1] in (0, -1):
            continue  # undefined, or the one overflow that traps
        with np.errstate(all="ignore"):
            operands = [np.array(a, "float64" if op in APPROXIMATE else dtype) for a in args]
            expected = np.asarray(NUMPY[op](*operands)).astype(result).item()
        got = evaluator({}, lambda slot, indices, args=args: args[slot])
        if op in ("min", "max") and dtype == "float32" and args[0] == args[1] == 0:
            expected = (min if op == "min" else max)(args, key=lambda a: math.copysign(1, a))  # NumPy leaves it open
        assert same(got, expected, result), (args, got, expected)
        folded = make(op, *(const(a, dtype) for a in args))
        assert folded is const(got, result) or op in APPROXIMATE, args
        assert same(evaluate_scalar(folded, {}), got, result), args


@pytest.mark.parametrize("source", DTYPES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_casts(source, dtype):
    evaluator = Evaluator(cast(read(0, (), source), dtype))
    for value in VALUES[source]:
        got = evaluator({}, lambda slot, indices, value=value: value)
        if source == "float32" and dtype in INTEGERS:
            low, high = integer_range(dtype)
            expected = 0 if math.isnan(value) else low if value <= low else high if value >= high else int(value)
        else:
            expected = np.array(value, source).astype(dtype).item()
        assert same(got, expected, dtype), value
        assert cast(const(value, source), dtype) is const(got, dtype)


def test_bits_survive_a_round_trip():
    for bits in (0, 1, 0x3F800000, 0x80000000, 0x7F800000, 0x7FC00000, 0xFF7FFFFF, 2**32 - 1):
        as_float = evaluate_scalar(bitcast(const(bits, "uint32"), "float32"), {})
        assert same(as_float, np.array(bits, "uint32").view("float32").item(), "float32")
        if not math.isnan(as_float):
            assert evaluate_scalar(bitcast(const(as_float), "uint32"), {}) == bits


@pytest.mark.parametrize("dtype", INTEGERS)
def test_shifts_count_modulo_the_width(dtype):
    bits = np.iinfo(dtype).bits
    for value, count in itertools.product(VALUES[dtype], repeat=2):
        left = evaluate_scalar(const(value, dtype) << const(count, dtype), {})
        assert left == wrap_integer(value << count % bits, dtype)
        assert evaluate_scalar(const(value, dtype) >> const(count, dtype), {}) == value >> count % bits


@given(st.integers(-(2**63), 2**63 - 1))
def test_integers_are_rounded_once(value):
    assert integer_to_float32(value) == np.array(value, "int64").astype("float32").item()


def test_halfway_integers_round_to_even_once():
    halfway = 2**62 + 2**38  # between two float32; a double holds it, but not the next integer
    assert integer_to_float32(halfway + 1) == 2.0**62 + 2.0**39
    assert integer_to_float32(halfway) == 2.0**62
    assert to_float32(3.5e38) == math.inf


# Structure

i, j = dims.size("i", 0, 3), dims.size("j", 0, 7)
x = read(0, (i, j), "float32")


def test_equal_nodes_are_one_object():
    first = (read(0, (i, j), "float32") + 1.0) * x
    assert first is (x + const(1.0)) * read(0, (i, j), "float32")
    assert const(0.0) is not const(-0.0)
    assert const(math.nan) is const(math.nan)
    assert const(1, "int32") is not const(1, "int64")
    assert const(1, "int32") is not const(True, "bool")
    assert copy.deepcopy(first) is first
    assert pickle.loads(pickle.dumps(first)) is first


def test_threads_make_the_same_nodes():
    found = []
    start = threading.Barrier(4)

    def build():
        start.wait()
        node = x
        for k in range(300):
            node = node + float(k + 1000)
        found.append(node)

    threads = [threading.Thread(target=build) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(id, found))) == 1


def test_shared_and_deep_expressions_stay_cheap():
    def doubled(depth):
        node = x
        for _ in range(depth):
            node = node + node * 0.5
        return node

    deep = doubled(2000)  # 2^2000 nodes as a tree
    assert deep is doubled(2000)
    assert len(list(walk(deep))) == 2 * 2000 + 2
    moved = rebuild(deep, lambda node: const(0.0) if node.op == "read" else None)
    assert moved is const(0.0)
    assert evaluate_scalar(deep, {"i": 0, "j": 0}, lambda slot, indices: 0.0) == 0.0


def test_neutral_constants_vanish():
    assert x * 1.0 is x
    assert 1.0 * x is x
    assert cast(x, "float32") is x
    assert select(make("lt", x, const(0.0)), x, x) is x
    assert guard(const(False, "bool"), x, const(2.0)) is const(2.0)
    assert conjunction() is const(True, "bool")
    assert inside(i, 4) is const(True, "bool")
    assert inside(i, 3) is make("lt", index(i), const(3, "int32"))


def test_division_by_zero_waits_for_its_guard():
    undefined = make("quotient", const(1, "int32"), const(0, "int32"))
    assert undefined.op == "quotient"
    assert (
        evaluate_scalar(
            guard(make("eq", read(0, (), "int32"), const(1, "int32")), undefined, const(5, "int32")), {}, lambda *_: 0
        )
        == 5
    )


def test_wrong_operands_are_refused():
    with pytest.raises(TypeError, match="add expects 2 arguments, got 1"):
        make("add", x)
    with pytest.raises(TypeError, match="add expects float int arguments of one dtype, got float32, int32"):
        make("add", x, const(1, "int32"))
    with pytest.raises(TypeError, match="not expects bool"):
        make("not", x)


def test_a_leaf_is_replaced_once_where_its_guard_folds_away():
    k = dims.size("k", 0, 2)
    node = guard(inside(i, 3), read(0, (i,), "float32"), const(0.0))
    moved = rebuild(node, lambda n: read(n.attribute[0] + 1, (k,), "float32") if n.op == "read" else None, {"i": k})
    assert moved == read(1, (k,), "float32")


def test_rebuild_moves_indices_and_leaves():
    k = dims.size("k", 0, 31)
    node = guard(inside(i + j - 1, 4), x * cast(index(i + j), "float32"), const(0.0))
    moved = rebuild(
        node, lambda n: read(1, n.attribute[1], "float32") if n.op == "read" else None, {"i": k // 8, "j": k % 8}
    )
    assert index_names(moved) == {"k"}
    for place in range(32):
        at = {"i": place // 8, "j": place % 8, "k": place}
        assert evaluate_scalar(node, at, lambda slot, where: 1.0) == evaluate_scalar(
            moved, at, lambda slot, where: float(slot)
        )


def test_what_folds_to_a_leaf_is_changed_once():
    node = guard(make("lt", read(0, (), "int32"), const(5, "int32")), read(1, (i,), "float32"), const(0.0))

    def renumbered(leaf):
        slot = leaf.attribute[0] if leaf.op == "read" else None
        return {0: const(3, "int32"), 1: read(2, (i,), "float32"), 2: read(9, (i,), "float32")}.get(slot)

    assert rebuild(node, renumbered) is read(2, (i,), "float32")


def test_an_index_from_data_is_moved_and_evaluated():
    chosen = datum(make("min", read(1, (i,), "int32"), const(7, "int32")), 0, 7)
    node = read(0, (i, chosen * 2 % 8), "float32")
    assert index_names(node) == {"i"}
    moved = rebuild(node, lambda n: None, {"i": j // 2})
    assert index_names(moved) == {"j"}
    assert rebuild(node, lambda n: None, {"j": 0}) is node
    assert dims.replace_sizes(chosen, {"i": 2}) == datum(make("min", read(1, (2,), "int32"), const(7, "int32")), 0, 7)

    def load(slot, where):
        return where[0] + 5 if slot else where[0] * 100 + where[1]

    assert evaluate_scalar(node, {"i": 1}, load) == 100 + 6 * 2 % 8
    assert evaluate_scalar(moved, {"j": 3}, load) == 100 + 6 * 2 % 8
    with pytest.raises(CompileError, match=r"expected 0 \.\. 7, got -1, at data"):
        evaluate_scalar(node, {"i": 1}, lambda slot, where: -1)


def test_only_the_side_that_a_guard_needs_is_read():
    seen = []

    def load(slot, where):
        seen.append(slot)
        return float(slot)

    first, second = read(1, (), "float32"), read(2, (), "float32")
    node = guard(make("lt", index(i), const(1, "int32")), first, second + first)
    evaluator = Evaluator(node)
    assert evaluator({"i": 0}, load) == 1.0
    assert seen == [1]
    assert evaluator({"i": 1}, load) == 3.0
    seen.clear()
    both = select(make("lt", index(i), const(1, "int32")), first, second)
    assert evaluate_scalar(both, {"i": 0}, load) == 1.0
    assert sorted(seen) == [1, 2]


def test_exact_evaluation_keeps_doubles():
    node = x * 0.1 + accumulator("float32")
    tenth = to_float32(0.1)
    exact = Evaluator(node, exact=True)({"i": 0, "j": 0}, lambda *_: 3.0, 1e-9)
    assert exact == 3.0 * tenth + 1e-9
    assert exact != evaluate_scalar(node, {"i": 0, "j": 0}, lambda *_: 3.0, 1e-9)

"""Does verify accept what is sound, and name what is not?"""

from dataclasses import replace

import pytest
from hypothesis import given

from fanlight.errors import CompileError, DtypeError
from fanlight.ir import dim as dims
from fanlight.ir.graph import Constant, Graph, Input, State, Value, apply
from fanlight.ir.module import Module, StateSpec
from fanlight.ir.types import Type, float32
from fanlight.ir.verify import verify_graph, verify_module
from fanlight.ops import functions as fn
from fanlight.ops import movement
from random_graphs import cases


@given(cases())
def test_random_graphs_are_sound(case):
    verify_graph(case.graph)


BATCH = dims.size("batch", 1, 8)
x = apply(Input("x", float32(BATCH, 2)))
w = apply(State("w", float32(2, 2)))
y = x @ w


def cyclic():
    first = fn.tanh(x)
    second = fn.tanh(first)
    first.inputs = (second,)
    return Graph((x,), {"y": second})


def sized(size):
    return apply(Input("x", float32(size, 2)))


def with_value(value):
    inputs = tuple({id(v): v for v in Graph((), {"y": value}).order if isinstance(v.op, Input)}.values())
    return Graph(inputs, {"y": value})


BROKEN = {
    "a wrong type": (with_value(Value(y.op, y.inputs, float32(2, 2))), "type: expected"),
    "a wrong rank": (
        with_value(Value(movement.Transpose((0,)), (x,), x.type)),
        "expected an operand of rank 1",
    ),
    "a negative length": (with_value(apply(State("s", float32(-1)))), "expected a length from 0"),
    "a cycle": (cyclic(), "expected values without cycles"),
    "a leaf with operands": (with_value(Value(Constant(1.0, "float32"), (x,), float32())), "expected no operands"),
    "a constant of another dtype": (with_value(apply(Constant(1, "float32"))), "a number of float32, got 1"),
    "a constant out of range": (with_value(apply(Constant(256, "uint8"))), "a number of uint8, got 256"),
    "a bool for a number": (with_value(apply(Constant(True, "int32"))), "a number of int32, got True"),
    "two types of one state": (
        with_value(fn.sum(w) + fn.sum(apply(State("w", float32(3))))),
        r"state 'w': expected f32\[2, 2\], got f32\[3\]",
    ),
    "open state": (with_value(fn.sum(x) + fn.sum(apply(State("s", x.type)))), "a shape without open dims"),
    "an input that is not declared": (Graph((), {"y": y}), "inputs: expected all `input` values, and only those"),
    "an input that is a computed value": (Graph((x, y), {"y": y}), "inputs: expected all `input` values"),
    "two inputs of one name": (
        with_value(fn.sum(x) + apply(Input("x", float32()))),
        "inputs: expected names that differ",
    ),
    "a write of another type": (Graph((x,), {}, {"w": y}), r"write of 'w': expected f32\[2, 2\], got f32\[batch, 2\]"),
    "an open write": (Graph((x,), {}, {"new": x}), "expected a shape without open dims"),
    "a guard of floats": (Graph((x,), {"y": y}, {}, fn.sum(x)), r"guard: expected bool\[\], got f32\[\]"),
    "a size without bound": (with_value(sized(dims.size("n"))), "expected a length from 0 to a known bound"),
    "a size with two intervals": (
        with_value(fn.sum(sized(dims.size("n", 1, 4))) + fn.sum(apply(Input("z", float32(dims.size("n", 1, 5)))))),
        r"size 'n': expected one interval, got \(1, [45]\) and",
    ),
    "a size that no input gives": (
        with_value(fn.zeros((dims.size("n", 1, 4),))),
        "size 'n': expected an input with such an axis",
    ),
    "a size given only in a sum": (with_value(sized(2 * BATCH)), "size 'batch': expected an input with such an axis"),
}


@pytest.mark.parametrize(("graph", "message"), BROKEN.values(), ids=BROKEN)
def test_verify_graph_notices(graph, message):
    with pytest.raises(CompileError, match=message):
        verify_graph(graph)


def test_verify_module_notices():
    good = Module({"f": Graph((x,), {"y": y})}, {"w": StateSpec(float32(2, 2))})
    verify_module(good)
    with pytest.raises(CompileError, match="function 'f': expected state 'w' to be declared"):
        verify_module(replace(good, state={}))
    with pytest.raises(CompileError, match=r"expected state 'w' to be f32\[3\]"):
        verify_module(replace(good, state={"w": StateSpec(float32(3))}))
    with pytest.raises(CompileError, match="role of state 'w': expected one of parameter"):
        verify_module(replace(good, state={"w": StateSpec(float32(2, 2), role="weight")}))
    with pytest.raises(CompileError, match="expected a shape without open dims"):
        verify_module(replace(good, state={"w": StateSpec(float32(BATCH))}))
    with pytest.raises(CompileError, match="in function 'f'"):
        verify_module(replace(good, functions={"f": BROKEN["a wrong rank"][0]}))


def test_an_unknown_dtype_is_refused_at_once():
    with pytest.raises(DtypeError, match=r"dtype: expected one of float32, .*, got 'float16'"):
        Type("float16", ())

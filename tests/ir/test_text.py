"""Does what is printed read back as the same graph, and are mistakes in a text told with their line?"""

import math

import pytest
from hypothesis import given

from fanlight.errors import ModelFormatError
from fanlight.ir import dim as dims
from fanlight.ir.graph import Constant, Gradient, Graph, Input, State, apply
from fanlight.ir.interpret import interpret
from fanlight.ir.module import Module, StateSpec
from fanlight.ir.parse import parse_graph, parse_module
from fanlight.ir.text import graph_text, module_text
from fanlight.ir.types import Type, float32
from fanlight.ir.verify import verify_graph
from fanlight.ops import functions as fn
from fanlight.ops.registry import all_ops
from random_graphs import cases

OPS = all_ops()
BATCH = dims.size("batch", 1, 32)


@given(cases())
def test_text_reads_back(case):
    text = graph_text(case.graph, "f")
    graph = parse_graph(text, OPS)
    assert graph_text(graph, "f") == text
    verify_graph(graph)
    first, second = (interpret(g, case.inputs, case.state)[0] for g in (case.graph, graph))
    assert first.keys() == second.keys()
    assert all(repr(first[name]) == repr(second[name]) for name in first)


def dense():
    x = apply(Input("image", float32(BATCH, 64)))
    kernel = apply(State("dense/kernel", float32(64, 10)))
    y = fn.softmax(fn.matmul(x, kernel))
    loss = fn.mean(fn.square(y))
    step = kernel - 0.5 * apply(Gradient(), loss, kernel)
    return Graph((x,), {"probabilities": y}, {"dense/kernel": step}, fn.isfinite(loss))


def test_a_graph_reads_well(golden):
    golden("dense.txt", graph_text(dense(), "step"))


def test_odd_names_attributes_and_sizes_read_back():
    n, m = dims.size("n", 0, 7), dims.size("m", 2)
    x = apply(Input("a 'b', \"c\") where %1 []", float32(n, m)))
    y = apply(Input("y", Type("bool", (dims.minimum(n, (m + 1) // 2 * 3), 2 * n * m + 1))))
    values = {
        "inf": apply(Constant(math.inf, "float32")),
        "-inf": apply(Constant(-math.inf, "float32")),
        "nan": apply(Constant(math.nan, "float32")),
        "-0": apply(Constant(-0.0, "float32")),
        "true": apply(Constant(True, "bool")),
        "least": apply(Constant(-(2**63), "int64")),
        "é%": fn.pad(x, ((0, n), (m, 1)), constant_values=-math.inf),
        "flat": fn.reshape(x, (n * m,)),
        "size": fn.size_of(dims.maximum(n, m - 3) - n // 2),
    }
    text = graph_text(Graph((x, y), values, {"π r": values["-0"]}), "odd name")
    assert graph_text(parse_graph(text, OPS), "odd name") == text
    assert math.copysign(1, parse_graph(text, OPS).outputs["-0"].op.value) == -1


def test_a_module_reads_back():
    state = {
        "dense/kernel": StateSpec(float32(64, 10)),
        "learning rate": StateSpec(float32(), "hyperparameter", False, 0.001),
        "seed": StateSpec(Type("uint32", (2,)), "key", False, 7),
    }
    meanings = {"image": {"kind": "image", "height": 8}, "probabilities": {"kind": "classes", "labels": ["a\n", "é"]}}
    module = Module({"step": dense(), "again": dense()}, state, meanings)
    text = module_text(module)
    read = parse_module(text, OPS)
    assert module_text(read) == text
    assert read.state == state
    assert read.meanings == meanings


GOOD = graph_text(Graph((x := apply(Input("x", float32(BATCH, 2))),), {"y": fn.tanh(x)}), "f")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("tanh", "launch", "expected a known op, got 'launch', at line 3"),
        ("tanh(%0)", "tanh(%7)", "at line 3"),
        ("tanh(%0)", "tanh(open('x'))", "expected % and a number"),
        ("tanh(%0)", "tanh", "expected an op with its operands"),
        ("tanh(%0)", "().__class__", "expected an op with its operands"),
        ("tanh(%0)", "reshape(%0, shape=(__import__('os'),))", "expected a number, string, dim or tuple"),
        ("tanh(%0)", "reshape(%0, shape=(seq, 2))", r"expected one of the sizes .*, got 'seq'"),
        ("tanh(%0)", "tanh(%0, gain=2)", "gain"),
        ("tanh(%0)", "reshape(%0, shape='a' * 9)", "expected a dim, got 'a'"),
        ("tanh(%0)", "reshape(%0, shape=(min(1.5, 2),))", "expected a dim, got 1.5"),
        ("f32[batch, 2] = tanh", "f32[2] = tanh", r"expected f32\[2\], but tanh gives f32\[batch, 2\]"),
        ("%1: f32", "%2: f32", "expected %1, since values are numbered in order"),
        ("output y = %1", "output y = %9", "at line 4"),
        ("output y = %1", "yield %1", "expected a value, an output, a write or a guard"),
        ("graph f(", "graph f[", "expected graph name"),
        ("1 <= batch", "batch", "expected low <= size <= high"),
        ("(x: f32", "(z: f32", "expected inputs"),
        ("(x: f32[batch, 2])", "()", "expected inputs"),
        (GOOD, GOOD + GOOD, "expected one graph"),
        (GOOD, "", "expected one graph"),
    ],
)
def test_mistakes_are_told(old, new, message):
    assert old in GOOD
    with pytest.raises(ModelFormatError, match=message):
        parse_graph(GOOD.replace(old, new, 1), OPS)


def test_deep_nesting_is_refused():
    with pytest.raises(ModelFormatError):
        parse_graph(GOOD.replace("tanh(%0)", "reshape(%0, shape=" + "(" * 5000 + ")" * 5000 + ")"), OPS)

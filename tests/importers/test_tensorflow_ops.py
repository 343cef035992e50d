"""Do TensorFlow's operations give what TensorFlow gave, gradients too? What is not built is refused in words."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from fanlight.compiler import compile
from fanlight.engines.wasm import WasmEngine
from fanlight.errors import ModelFormatError, UnsupportedOp
from fanlight.importers.graphs.records import Graph, Node, Slot
from fanlight.importers.graphs.run import run_graph
from fanlight.ir import dim as dims
from fanlight.ir.graph import Graph as Traced
from fanlight.ir.graph import Input, apply
from fanlight.ir.module import Module
from fanlight.ir.types import Type
from fanlight.layers.context import Context
from importers.tensorflow_case import floats
from importers.tensorflow_cases import CASES, REFUSED
from importers.tensorflow_nodes import answers_of, by_operation, traced
from importers.tensorflow_table import text

OPERATIONS = by_operation(CASES)


@cache
def answers(name):
    return answers_of(OPERATIONS[name])


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_gives_what_tensorflow_gave(name):
    wrong = [each.wrong or each.refused for each in answers(name) if each.wrong or each.refused]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(("word", "case"), REFUSED, ids=[f"{case.op}-{word}" for word, case in REFUSED])
def test_what_is_not_built_is_refused_in_words(word, case):
    with pytest.raises((UnsupportedOp, ModelFormatError), match=word):
        traced(case, case.attributes, case.outputs or 1, [])


def test_the_table_of_operations_is_true(golden):
    golden("tensorflow.md", text({name: answers(name) for name in OPERATIONS}), Path(__file__).parents[2] / "docs")


# Open lengths


def node(op, name, *inputs, **attributes):
    return Node(op, "tf", name, inputs, (name,), attributes)


def run(nodes, tensors, ends, x, shape):
    """What a graph gives for an array, compiled for an input of this shape with open lengths."""
    graph = Graph("g", tuple(nodes), (Slot("x"),), tuple(Slot(name) for name in ends), tensors)
    leaf = apply(Input("x", Type("float32", shape)))
    outputs = run_graph(graph, {"x": leaf}, Context())
    compiled = compile(Module({"run": Traced((leaf,), dict(zip(ends, outputs, strict=True)))}, {}))
    return WasmEngine(compiled.program, compiled.code).call("run", {"x": x})


def whole(*numbers):
    return np.asarray(numbers, "int32")


def test_rows_of_any_number_are_flattened_by_their_shape():
    nodes = [
        node("Shape", "shape", "x"),
        node("StridedSlice", "rows", "shape", "zero", "one", "one", shrink_axis_mask=1),
        node("Pack", "new", "rows", "rest", axis=0, N=2),
        node("Reshape", "flat", "x", "new"),
        node("Mean", "mean", "flat", "zero"),
    ]
    tensors = {"zero": whole(0), "one": whole(1), "rest": np.asarray(-1, "int32")}
    x = floats(3, 2, 4)
    found = run(nodes, tensors, ("flat", "mean"), x, (dims.size("n", 1, 8), 2, 4))
    np.testing.assert_array_equal(found["flat"], x.reshape(3, 8))
    np.testing.assert_allclose(found["mean"], x.reshape(3, 8).mean(0), rtol=1e-5, atol=1e-6)


def test_images_of_any_number_and_size_are_convolved_there_and_back():
    windows = {"strides": [1, 2, 2, 1], "padding": "SAME"}
    nodes = [
        node("Conv2D", "small", "x", "w", **windows),
        node("FusedBatchNormV3", "even", "small", "s", "o", "m", "v", is_training=False),
        node("Relu", "relu", "even"),
        node("MaxPool", "pooled", "relu", ksize=[1, 2, 2, 1], strides=[1, 1, 1, 1], padding="SAME"),
        node("Shape", "shape", "x"),
        node("Conv2DBackpropInput", "large", "shape", "w", "pooled", **windows),
        node("StridedSlice", "size", "shape", "one", "three", "ones"),
        node("ResizeNearestNeighbor", "same", "large", "size", half_pixel_centers=True),
        node("Pad", "wide", "same", "pads"),
        node("Sub", "gone", "same", "large"),
    ]
    one = np.ones(3, "float32")
    tensors = {"w": floats(3, 3, 2, 3), "s": one, "o": one * 0, "m": one * 0, "v": one, "one": whole(1)}
    tensors |= {"three": whole(3), "ones": whole(1), "pads": whole([0, 0], [1, 0], [0, 2], [0, 0])}
    x = floats(2, 5, 6, 2)
    ends = ("large", "wide", "gone")
    sizes = dims.size("n", 1, 4), dims.size("h", 2, 8), dims.size("w", 2, 8), 2
    found, known = run(nodes, tensors, ends, x, sizes), run(nodes, tensors, ends, x, x.shape)
    assert found["large"].shape == x.shape
    assert found["wide"].shape == (2, 6, 8, 2)
    np.testing.assert_array_equal(found["gone"], 0)
    for name in ends:
        np.testing.assert_allclose(found[name], known[name], rtol=1e-5, atol=1e-5)


def test_images_of_any_size_are_resized_by_numbers_from_their_shape():
    nodes = [
        node("Shape", "shape", "x"),
        node("StridedSlice", "size", "shape", "one", "three", "ones"),
        node("Mul", "twice", "size", "two"),
        node("ResizeBilinear", "large", "x", "twice", half_pixel_centers=True),
        node("ResizeBilinear", "fixed", "x", "wanted", align_corners=True),
    ]
    tensors = {
        "one": whole(1),
        "three": whole(3),
        "ones": whole(1),
        "two": np.asarray(2, "int32"),
        "wanted": whole(4, 3),
    }
    x = floats(1, 5, 6, 2)
    sizes = 1, dims.size("h", 2, 8), dims.size("w", 2, 8), 2
    ends = ("large", "fixed")
    found, known = run(nodes, tensors, ends, x, sizes), run(nodes, tensors, ends, x, x.shape)
    assert found["large"].shape == (1, 10, 12, 2)
    for name in ends:
        np.testing.assert_allclose(found[name], known[name], rtol=1e-5, atol=1e-5)

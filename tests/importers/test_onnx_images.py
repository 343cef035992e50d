"""Do the operators of images, signals and 8-bit numbers give what onnxruntime gives, beyond the standard's examples?

Each case is a model of one node. Operands that say shapes are constants in it.
"""

from itertools import product
from typing import Any

import numpy as np
import pytest

from fanlight.compiler import compile
from fanlight.engines.wasm import WasmEngine
from fanlight.importers.graphs.run import run_graph
from fanlight.importers.onnx.operators import prepared
from fanlight.importers.onnx.read import read_bytes
from fanlight.ir import dim as dims
from fanlight.ir.graph import Graph, Input, apply
from fanlight.ir.module import Module
from fanlight.ir.types import Type
from fanlight.layers.context import Context
from fanlight.ops import functions as fn

onnx = pytest.importorskip("onnx", reason="onnx is not installed")
onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
RNG = np.random.default_rng(7)
START = RNG.bit_generator.state
COORDINATES = ("half_pixel", "pytorch_half_pixel", "asymmetric", "half_pixel_symmetric", "align_corners")


@pytest.fixture(autouse=True)
def _same_numbers_in_any_order():
    RNG.bit_generator.state = START


def floats(*shape):
    return RNG.normal(size=shape).astype("float32")


def octets(*shape):
    return RNG.integers(0, 256, shape).astype("uint8")


def number(x, dtype="float32"):
    return np.array(x, dtype)


def file_of(op, operands, constants, opset, outputs, attributes):
    from onnx import helper, numpy_helper

    names = [f"x{k}" if x is not None else "" for k, x in enumerate(operands)]
    pairs = [(f"x{k}", x) for k, x in enumerate(operands) if x is not None and k not in constants]
    inputs = [helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(x.dtype), x.shape) for n, x in pairs]
    tensors = [numpy_helper.from_array(operands[k], f"x{k}") for k in constants]
    results = [f"y{k}" for k in range(outputs)]
    node = helper.make_node(op, names, results, **attributes)
    graph = helper.make_graph([node], "g", inputs, list(map(helper.make_empty_tensor_value_info, results)), tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    model.ir_version = 8
    return onnx.shape_inference.infer_shapes(model).SerializeToString(), dict(pairs)


def answers(data, arrays, open_axes=()):
    """What Fanlight computes, some axes of the first input being open."""
    values = {}
    for k, (name, array) in enumerate(arrays.items()):
        shape = [dims.size(f"n{a}", 1, 99) if k == 0 and a in open_axes else n for a, n in enumerate(array.shape)]
        values[name] = apply(Input(name, Type(str(array.dtype), tuple(shape))))
    outputs = run_graph(prepared(read_bytes(data, "test")), values, Context(training=True))
    compiled = compile(Module({"run": Graph(tuple(values.values()), {f"y{k}": y for k, y in enumerate(outputs)})}, {}))
    return WasmEngine(compiled.program, compiled.code).call("run", arrays)


def check(op, operands, constants=(), opset=19, outputs=1, open_axes=(), atol=1e-5, **attributes):
    data, arrays = file_of(op, operands, constants, opset, outputs, attributes)
    found = answers(data, arrays, open_axes)
    for k, want in enumerate(onnxruntime.InferenceSession(data).run(None, arrays)):
        got = found[f"y{k}"]
        assert (got.dtype, got.shape) == (want.dtype, want.shape)
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=atol)


@pytest.mark.parametrize("mode", ["nearest", "linear", "cubic"])
@pytest.mark.parametrize("coordinates", COORDINATES)
@pytest.mark.parametrize("open_axes", [(), (2, 3)])
def test_resize(mode, coordinates, open_axes):
    x, modes = floats(1, 2, 8, 10), {"mode": mode, "coordinate_transformation_mode": coordinates}
    # The standard's own examples say otherwise for scaled lengths with a fraction and corners that are aligned.
    scales = [1, 1, 2, 0.5] if coordinates == "align_corners" else [1, 1, 1.7, 0.6]
    check("Resize", [x, None, number(scales)], (2,), open_axes=open_axes, **modes)
    check("Resize", [x, None, None, number([1, 2, 3, 17], "int64")], (3,), open_axes=open_axes, **modes)


@pytest.mark.parametrize("nearest", ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"])
def test_resize_to_the_nearest(nearest):
    for scales, coordinates in product(([1, 1, 3, 1.3], [1, 1, 0.5, 0.25], [1, 1, 0.6, 2]), COORDINATES[:4]):
        modes = {"nearest_mode": nearest, "coordinate_transformation_mode": coordinates}
        check("Resize", [floats(1, 2, 8, 10), None, number(scales)], (2,), **modes)


def test_resize_with_antialias_and_of_version_10():
    for mode in ("linear", "cubic"):
        operands = [floats(1, 1, 16, 20), None, number([1, 1, 0.5, 0.3])]
        check("Resize", operands, (2,), mode=mode, antialias=1, exclude_outside=1)
    for mode, scales in product(("nearest", "linear"), ([1, 1, 2, 1.5], [1, 1, 0.6, 0.5])):
        check("Resize", [floats(1, 2, 8, 10), number(scales)], (1,), opset=10, mode=mode)


@pytest.mark.parametrize("mode", ["nearest", "linear", "cubic"])
@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
@pytest.mark.parametrize("corners", [0, 1])
def test_grid_sample(mode, padding, corners):
    grid = RNG.uniform(-2.5, 2.5, (2, 4, 7, 2)).astype("float32")
    modes = {"mode": mode, "padding_mode": padding, "align_corners": corners}
    check("GridSample", [floats(2, 3, 5, 6), grid], opset=20, open_axes=(2,), **modes)


def test_regions():
    boxes = np.sort(RNG.uniform(-2, 14, (5, 2, 2)), 1).reshape(5, 4).astype("float32")
    images = number([0, 1, 1, 0, 1], "int64")
    sizes = {"output_height": 3, "output_width": 2, "sampling_ratio": 2, "spatial_scale": 0.7}
    for mode in ("avg", "max"):
        check("RoiAlign", [floats(2, 3, 10, 12), boxes, images], opset=16, mode=mode, **sizes)
    rows = np.concatenate([images[:, None].astype("float32"), boxes], 1)
    check("MaxRoiPool", [floats(2, 3, 10, 12), rows], opset=16, pooled_shape=[3, 7], spatial_scale=0.8)


def test_deformable_convolution():
    x, kernel, moves = floats(2, 4, 7, 8), floats(6, 2, 3, 2), 2 * floats(2, 24, 4, 9)
    pads = {"strides": [2, 1], "pads": [1, 1, 1, 1], "group": 2, "offset_group": 2}
    check("DeformConv", [x, kernel, moves, floats(6), floats(2, 12, 4, 9)], kernel_shape=[3, 2], **pads)


@pytest.mark.parametrize("order", [0, 1])
def test_places_of_maxima(order):
    for shape, windows in (
        ((2, 3, 7, 9), {"kernel_shape": [3, 2], "strides": [2, 1], "pads": [1, 0, 1, 1]}),
        ((2, 3, 7, 9), {"kernel_shape": [2, 3], "dilations": [2, 1]}),
        ((2, 2, 5, 6, 7), {"kernel_shape": [2, 3, 2], "strides": [2, 1, 2], "ceil_mode": 1}),
    ):
        attributes: dict[str, Any] = {**windows, "storage_order": order}
        check("MaxPool", [floats(*shape)], opset=12, outputs=2, **attributes)


def test_transforms():
    axis = number(1, "int64")
    for n, length in product((8, 13), (None, 10)):
        count = None if length is None else number(length, "int64")
        constants = (2,) if length is None else (1, 2)
        check("DFT", [floats(2, n, 3, 1), count, axis], constants, opset=20, onesided=1)
        check("DFT", [floats(2, n, 3, 2), count, axis], constants, opset=20, inverse=1)
    check("STFT", [floats(2, 64, 1), number(5, "int64"), floats(16)], (1,), opset=17)
    numbers = [number(k, "int64") for k in (40, 256, 8000)]
    check("MelWeightMatrix", [*numbers, number(20), number(4000)], (0, 1, 2, 3, 4), opset=17)


@pytest.mark.parametrize("depth", [5, 300, 1000])  # sums that float32 holds exactly, and sums that it does not
def test_products_of_bytes_are_exact(depth):
    x, y = octets(4, depth), octets(depth, 6)
    zeros = number(255, "uint8"), number(0, "uint8")
    check("MatMulInteger", [x, y, *zeros], opset=10, atol=0)
    each = [number(0.02), number(120, "uint8")]
    check("QLinearMatMul", [x, *each, y, *each, number(1.7), number(110, "uint8")], opset=10, atol=0)


@pytest.mark.parametrize(("channels", "group"), [(3, 1), (64, 1), (128, 2), (40, 40)])
def test_convolutions_of_bytes_are_exact(channels, group):
    x, kernel = octets(1, channels, 6, 7), octets(40, channels // group, 3, 3)
    scales, zeros = RNG.uniform(0.001, 0.1, 40).astype("float32"), np.full(40, 7, "uint8")
    bias = RNG.integers(-1000, 1000, 40).astype("int32")
    first, last = [number(0.02), number(100, "uint8")], [number(2.3), number(120, "uint8")]
    pads = {"pads": [1, 1, 1, 1], "group": group}
    check("QLinearConv", [x, *first, kernel, scales, zeros, *last, bias], opset=10, open_axes=(0,), atol=0, **pads)


def test_to_bytes_and_back():
    halves = np.arange(-300, 300).astype("float32") / 4
    check("QuantizeLinear", [halves, number(0.5), number(101, "uint8")], opset=13, atol=0)
    check("QuantizeLinear", [100 * floats(2, 7, 4), np.abs(floats(2, 3, 4)) + 0.1, octets(2, 3, 4)],
          opset=21, axis=1, block_size=3, atol=0)  # fmt: skip
    check("DequantizeLinear", [octets(2, 7, 4), np.abs(floats(4)), octets(4)], opset=13, axis=-1)
    for x in (floats(5, 6), floats(5, 6) + 9, np.zeros((2, 3), "float32")):
        check("DynamicQuantizeLinear", [x], opset=11, outputs=3)


@pytest.mark.parametrize(
    ("op", "operands", "constants", "wrt", "attributes"),
    [
        ("Resize", [floats(1, 2, 5, 6), None, number([1, 1, 1.6, 0.5])], (2,), (0,), {"mode": "cubic"}),
        ("Resize", [floats(1, 2, 5, 6), None, number([1, 1, 0.6, 0.5])], (2,), (0,),
         {"mode": "linear", "antialias": 1}),
        ("GridSample", [floats(1, 2, 5, 6), number([[[[0.31, -0.27], [0.66, 0.12]]]])], (), (0, 1), {}),
        ("RoiAlign", [floats(1, 2, 9, 9), number([[1.2, 0.7, 6.1, 5.6]]), number([0], "int64")], (), (0, 1),
         {"output_height": 2, "output_width": 2, "sampling_ratio": 2}),
        ("DeformConv", [floats(1, 2, 4, 4), floats(3, 2, 2, 2), 0.3 * floats(1, 8, 3, 3) + 0.4], (), (0, 1, 2), {}),
        ("STFT", [floats(2, 64, 1), number(5, "int64"), floats(16)], (1,), (0, 2), {}),
    ],
)  # fmt: skip
def test_gradients(op, operands, constants, wrt, attributes):
    """Along a random direction, against differences."""
    data, arrays = file_of(op, operands, constants, 20, 1, attributes)
    values = {name: apply(Input(name, Type(str(x.dtype), x.shape))) for name, x in arrays.items()}
    (y,) = run_graph(prepared(read_bytes(data, "test")), values, Context(training=True))
    loss = fn.sum(fn.multiply(y, fn.cos(fn.reshape(fn.iota((y.type.count,), 0, "float32"), y.shape))))
    slopes: dict[str, Any] = {f"g{k}": fn.gradient(loss, values[f"x{k}"]) for k in wrt}
    compiled = compile(Module({"run": Graph(tuple(values.values()), {"loss": loss, **slopes})}, {}))
    engine = WasmEngine(compiled.program, compiled.code)
    for k in wrt:
        name, step = f"x{k}", 1e-3
        way = floats(*arrays[name].shape)
        ends = [engine.call("run", {**arrays, name: arrays[name] + np.float32(t) * way})["loss"] for t in (-step, step)]
        along = float((engine.call("run", arrays)[f"g{k}"] * way).sum())
        assert abs((ends[1] - ends[0]) / (2 * step) - along) < 0.03 * max(1, abs(along))

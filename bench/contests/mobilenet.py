"""How long does MobileNetV2 take for a picture of 224x224, beside all peers; and how much sooner with 8-bit numbers?

The trunk as a published ONNX file: 52 convolutions, no classifier. Fanlight and ONNX Runtime Web take the file; the
peers that want images channels-last get the same weights in their own forms. The 8-bit network is the same file with
convolutions as QLinearConv, written by onnxruntime's quantization; it is compared with Fanlight's float32."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from contests.contest import Job, run_contest
from contests.tflite_file import Step, tflite_file
from report import Report, Row

import fanlight as fl

FILE = Path(__file__).parents[3] / "shared" / "data" / "models" / "mobilenetv2_features.onnx"
SIDE = 224
FASTEST, SHARE, NARROW = 0.7, 0.75, 1 / 1.3
TITLE = f"MobileNetV2's features of a picture of {SIDE}x{SIDE}"


@dataclass(frozen=True)
class Node:
    """A convolution, a sum or the mean, in the form that files channels-last have: kernels are [o, h, w, i], or
    [1, h, w, c] for each channel by itself."""

    kind: str
    inputs: tuple[str, ...]
    output: str
    kernel: np.ndarray | None = None
    bias: np.ndarray | None = None
    stride: int = 1
    pad: int = 0
    is_clipped: bool = False


def nodes_of(path: Path) -> list[Node]:
    """The file's graph; clipping to 0..6 belongs to the convolution before it."""
    import onnx
    from onnx import helper, numpy_helper

    graph = onnx.load(path).graph
    arrays = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    clipped = {node.input[0]: node.output[0] for node in graph.node if node.op_type == "Clip"}
    found = []
    for node in graph.node:
        output = clipped.get(node.output[0], node.output[0])
        match node.op_type:
            case "Conv":
                attributes = {each.name: helper.get_attribute_value(each) for each in node.attribute}
                kernel, bias = (arrays[name] for name in node.input[1:])
                is_deep = attributes["group"] > 1
                turned = np.transpose(kernel, (1, 2, 3, 0) if is_deep else (0, 2, 3, 1))
                kind = "DEPTHWISE_CONV_2D" if is_deep else "CONV_2D"
                stride, pad = attributes["strides"][0], attributes["pads"][0]
                kernel = np.ascontiguousarray(turned)
                found.append(Node(kind, (node.input[0],), output, kernel, bias, stride, pad, output != node.output[0]))
            case "Add":
                found.append(Node("ADD", tuple(node.input), output))
            case "GlobalAveragePool":
                found.append(Node("MEAN", tuple(node.input), output))
            case "Clip" | "Flatten":
                continue
            case other:
                raise SystemExit(f"{path.name}: expected a MobileNetV2, got a node {other}")
    return found


def as_tflite(nodes: list[Node], source: str) -> bytes:
    """Paddings that TFLite's SAME does not know are an operator of their own, as its converter writes them."""
    sides, shapes = {source: SIDE}, {source: (1, SIDE, SIDE, 3)}
    weights: dict[str, np.ndarray] = {
        "around": np.array([[0, 0], [1, 1], [1, 1], [0, 0]], np.int32),
        "places": np.array([1, 2], np.int32),
    }
    steps = []
    for node in nodes:
        (first, *_), side = node.inputs, sides[node.inputs[0]]
        if node.kernel is None or node.bias is None:
            shapes[node.output] = shapes[first] if node.kind == "ADD" else (1, shapes[first][-1])
            sides[node.output] = side
            options, more = ("AddOptions", ()) if node.kind == "ADD" else ("ReducerOptions", ("places",))
            steps.append(Step(node.kind, (*node.inputs, *more), (node.output,), options, {}))
            continue
        taken, is_deep = first, node.kind == "DEPTHWISE_CONV_2D"
        if node.stride > 1:
            taken = f"{node.output}/padded"
            shapes[taken] = (1, side + 2, side + 2, shapes[first][-1])
            steps.append(Step("PAD", (first, "around"), (taken,), "PadOptions", {}))
        weights |= {f"{node.output}/kernel": node.kernel, f"{node.output}/bias": node.bias}
        sides[node.output] = (side - 1) // node.stride + 1
        shapes[node.output] = (1, *[sides[node.output]] * 2, len(node.bias))
        fields = {
            "Padding": int(node.stride > 1),  # SAME, or VALID
            "StrideW": node.stride,
            "StrideH": node.stride,
            **({"DepthMultiplier": 1} if is_deep else {}),
            "FusedActivationFunction": 3 if node.is_clipped else 0,  # RELU6
        }
        inputs = (taken, f"{node.output}/kernel", f"{node.output}/bias")
        options = "DepthwiseConv2DOptions" if is_deep else "Conv2DOptions"
        steps.append(Step(node.kind, inputs, (node.output,), options, fields))
    return tflite_file(steps, shapes, weights, [source], [nodes[-1].output])


def for_tensorflow(nodes: list[Node]) -> tuple[list[dict[str, Any]], dict[str, np.ndarray]]:
    """What mobilenet.js builds the network from, and its weights: kernels [h, w, i, o], or [h, w, c, 1]."""
    described, weights = [], {}
    for node in nodes:
        described.append({
            "kind": node.kind, "inputs": node.inputs, "output": node.output, "stride": node.stride, "pad": node.pad,
            "clipped": node.is_clipped,
        })  # fmt: skip
        if node.kernel is not None and node.bias is not None:
            is_deep = node.kind == "DEPTHWISE_CONV_2D"
            kernel = np.transpose(node.kernel, (1, 2, 3, 0))
            weights |= {f"{node.output}/kernel": kernel, f"{node.output}/bias": node.bias}
            assert not is_deep or kernel.shape[-1] == 1
    return described, weights


def multiply_adds(nodes: list[Node]) -> int:
    """Of all convolutions."""
    sides, total = {nodes[0].inputs[0]: SIDE}, 0
    for node in nodes:
        side = sides[node.output] = (sides[node.inputs[0]] - 1) // node.stride + 1
        total += side * side * node.kernel.size if node.kernel is not None else 0
    return total


def quantized(path: Path, pictures: np.ndarray) -> bytes:
    """The file with 8-bit convolutions, of which each output channel has a scale of its own."""
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

    class Pictures(CalibrationDataReader):
        def __init__(self) -> None:
            self.left: Iterator[Mapping[str, np.ndarray]] = ({"image": each[None]} for each in pictures)

        def get_next(self) -> Any:
            return next(self.left, None)

    with TemporaryDirectory() as folder:
        target = Path(folder) / "int8.onnx"
        quantize_static(
            path,
            target,
            Pictures(),
            quant_format=QuantFormat.QOperator,
            op_types_to_quantize=["Conv", "Clip"],
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
        )
        return target.read_bytes()


def check(model: fl.Model, file: bytes, inputs: Mapping[str, np.ndarray]) -> None:
    """Compares the 8-bit network with onnxruntime. Its build for the web rounds otherwise somewhere, and the outputs of
    this network are then some 0.08 apart: it is no peer here."""
    import onnxruntime

    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    np.testing.assert_allclose(model.predict(inputs), session.run(None, dict(inputs))[0], atol=1e-4)


def jobs() -> list[Job]:
    if not FILE.is_file():
        raise SystemExit(f"expected {FILE.name} in shared/data/models beside the repository, got nothing there")
    picture = np.random.default_rng(0).normal(size=(5, 3, SIDE, SIDE)).astype(np.float32)
    inputs = {"image": picture[:1]}
    nodes = nodes_of(FILE)
    described, weights = for_tensorflow(nodes)
    flops = 2 * multiply_adds(nodes)
    whole = Job(
        name="mobilenet",
        call=None,
        model=fl.load(FILE),
        inputs=inputs,
        last={"image": np.ascontiguousarray(np.transpose(picture[:1], (0, 2, 3, 1)))},
        weights=weights,
        flops=flops,
        onnx=FILE.read_bytes(),
        tflite=as_tflite(nodes, "image"),
        backends=("wasm",),
        fastest=FASTEST,
        share=SHARE,
        settings={"nodes": described},
    )
    narrow = quantized(FILE, picture[1:])
    with TemporaryDirectory() as folder:
        path = Path(folder) / "int8.onnx"
        path.write_bytes(narrow)
        model = fl.load(path)
    check(model, narrow, inputs)
    beside = {"name": "Fanlight, float32", "site": "mobilenet/site/", "function": "predict", "output": "features"}
    return [
        whole,
        Job(
            name="mobilenet, 8 bits",
            call=None,
            model=model,
            inputs=inputs,
            flops=flops,
            backends=(),
            settings={"beside": {**beside, "sizes": {"batch": 1}}},
        ),
    ]


def measure(quick: bool) -> Report:
    report = run_contest("mobilenet", TITLE, jobs(), quick)
    times = report.details["jobs"][1]["milliseconds"]
    row = Row("8 bits", times["Fanlight, function"], times["Fanlight, float32"], "Fanlight, float32", "ms", NARROW)
    return replace(report, rows=[*report.rows, row])

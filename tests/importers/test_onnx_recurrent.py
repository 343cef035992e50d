"""Do recurrent layers of ONNX files give what onnxruntime gives? Directions, lengths, activations, initial states."""

from typing import Any

import numpy as np
import pytest

pytest.importorskip("onnx", reason="onnx is not installed")

from fanlight.compiler import compile
from fanlight.engines.wasm import WasmEngine
from fanlight.importers.graphs.run import run_graph
from fanlight.importers.onnx.operators import prepared
from fanlight.importers.onnx.read import read_bytes
from fanlight.ir.graph import Graph, Input, apply
from fanlight.ir.module import Module
from fanlight.ir.types import Type
from fanlight.layers.context import Context
from fanlight.ops import functions as fn

GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}
NAMES = {"RNN": 1, "GRU": 2, "LSTM": 3}  # activations of one direction
OUTPUTS = {"RNN": 2, "GRU": 2, "LSTM": 3}
OPERANDS = ("X", "W", "R", "B", "sequence_lens", "initial_h", "initial_c", "P")
TIME, BATCH, WIDTH, HIDDEN = 5, 3, 4, 2


def operands(kind, direction, given):
    """Arrays for all operands of the node that are `given`."""
    rng = np.random.default_rng(0)
    ways, gates = 2 if direction == "bidirectional" else 1, GATES[kind]
    shapes = {
        "X": (TIME, BATCH, WIDTH),
        "W": (ways, gates * HIDDEN, WIDTH),
        "R": (ways, gates * HIDDEN, HIDDEN),
        "B": (ways, 2 * gates * HIDDEN),
        "initial_h": (ways, BATCH, HIDDEN),
        "initial_c": (ways, BATCH, HIDDEN),
        "P": (ways, 3 * HIDDEN),
    }
    arrays = {
        name: rng.normal(0, 1, shapes[name]).astype(np.float32) for name in ("X", "W", "R", *given) if name in shapes
    }
    if "sequence_lens" in given:
        arrays["sequence_lens"] = np.array([TIME, 2, 0], np.int32)
    return arrays


def model_of(kind, arrays, options):
    """A file of one node, opset 14, whose inputs have these arrays."""
    from onnx import TensorProto, helper

    places = [name if name in arrays else "" for name in OPERANDS]
    while not places[-1]:
        places.pop()
    outputs = [f"Y{k}" for k in range(OUTPUTS[kind])]
    node = helper.make_node(kind, places, outputs, "cell", hidden_size=HIDDEN, **options)
    inputs = [
        helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(a.dtype), a.shape) for n, a in arrays.items()
    ]
    made = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs]
    graph = helper.make_graph([node], "layer", inputs, made)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8).SerializeToString()


def inputs_of(arrays):
    return {name: apply(Input(name, Type(str(array.dtype), array.shape))) for name, array in arrays.items()}


def ours(data, arrays):
    """All outputs, by WebAssembly."""
    inputs = inputs_of(arrays)
    results = run_graph(prepared(read_bytes(data, "layer")), inputs, Context())
    graph = Graph(tuple(inputs.values()), {f"y{k}": y for k, y in enumerate(results)})
    compiled = compile(Module({"run": graph}, {}))
    found = WasmEngine(compiled.program, compiled.code).call("run", arrays)
    return [found[f"y{k}"] for k in range(len(results))]


def check(kind, direction="forward", given=(), **options):
    ort = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    arrays = operands(kind, direction, given)
    data = model_of(kind, arrays, {"direction": direction, **options})
    wanted = ort.InferenceSession(data, providers=["CPUExecutionProvider"]).run(None, arrays)
    for got, want in zip(ours(data, arrays), wanted, strict=True):
        np.testing.assert_allclose(got, want, 1e-4, 1e-5)


@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
@pytest.mark.parametrize("kind", sorted(GATES))
def test_directions(kind, direction):
    check(kind, direction, ("B",))
    check(kind, direction, ("B", "sequence_lens", "initial_h", *(["initial_c", "P"] if kind == "LSTM" else [])))


@pytest.mark.parametrize("direction", ["forward", "bidirectional"])
def test_a_reset_gate_before_and_after_the_product(direction):
    check("GRU", direction, ("B", "initial_h"), linear_before_reset=1)
    check("GRU", direction, ("initial_h",), linear_before_reset=1)
    check("GRU", direction, ("B", "sequence_lens", "initial_h"), linear_before_reset=0)


@pytest.mark.parametrize("kind", sorted(GATES))
def test_activations_take_their_numbers_in_turn(kind):
    names = ["HardSigmoid", "LeakyRelu", "Elu"][: NAMES[kind]]
    check(kind, "forward", ("B",), activations=names, activation_alpha=[0.3, 0.2, 0.5], activation_beta=[0.4])
    names = ["Affine", "Softsign", "ScaledTanh"][: NAMES[kind]]
    check(kind, "forward", ("B",), activations=names, activation_alpha=[0.7, 0.8], activation_beta=[0.1, 0.9])
    names = ["Sigmoid", "ThresholdedRelu", "Relu"][: NAMES[kind]]
    check(kind, "forward", ("B",), activations=names, activation_alpha=[0.1])
    check(kind, "bidirectional", ("B",), activations=["Tanh", "Softplus", "Relu"][: NAMES[kind]] * 2)


@pytest.mark.parametrize("kind", sorted(GATES))
def test_what_activations_see_is_clipped(kind):
    check(kind, "bidirectional", ("B", "initial_h"), clip=0.5)


def test_coupled_gates():
    check("LSTM", "forward", ("B", "initial_c"), input_forget=1)
    check("LSTM", "bidirectional", ("B", "P"), input_forget=1)


@pytest.mark.parametrize("kind", sorted(GATES))
def test_gradients_reach_all_weights(kind):
    given = ("B", "sequence_lens", "initial_h", *(["initial_c", "P"] if kind == "LSTM" else []))
    arrays = operands(kind, "bidirectional", given)
    data = model_of(kind, arrays, {"direction": "bidirectional"})
    inputs = inputs_of(arrays)
    y, *_ = run_graph(prepared(read_bytes(data, "layer")), inputs, Context())
    names = [name for name in arrays if name != "sequence_lens"]
    loss = fn.sum(fn.square(y))
    slopes: Any = fn.gradient(loss, [inputs[name] for name in names])
    graph = Graph(tuple(inputs.values()), {"loss": loss, **dict(zip(names, slopes, strict=True))})
    compiled = compile(Module({"run": graph}, {}))
    engine = WasmEngine(compiled.program, compiled.code)
    found = engine.call("run", arrays)
    for name in names:
        way = np.sign(found[name]).astype(np.float32) * 1e-3
        moved = [float(engine.call("run", {**arrays, name: arrays[name] + side * way})["loss"]) for side in (1, -1)]
        np.testing.assert_allclose((moved[0] - moved[1]) / 2e-3, np.abs(found[name]).sum(), 2e-2)

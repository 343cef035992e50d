"""What the onnx package tests of each operator: its cases, and one of them run on WebAssembly.

Operands that shapes and constants must tell, such as a new shape, are inputs in these cases; here they are constants.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

from fanlight.compiler import compile
from fanlight.engines.wasm import WasmEngine
from fanlight.errors import CompileError, ModelFormatError, UnsupportedOp
from fanlight.importers.graphs.records import walk
from fanlight.importers.graphs.run import constant, run_graph
from fanlight.importers.onnx.operators import prepared
from fanlight.importers.onnx.read import read_bytes
from fanlight.importers.onnx.rules import RULES
from fanlight.ir.graph import Graph, Input, Value, apply
from fanlight.ir.module import Module
from fanlight.ir.types import Type, is_float
from fanlight.layers.context import Context
from fanlight.ops import functions as fn
from fanlight.passes.differentiate import differentiate

DTYPES = {"float32", "int32", "int64", "bool", "uint8", "int8"}


@dataclass(frozen=True)
class Case:
    """One node test: a model, and pairs of inputs and outputs."""

    name: str
    model: bytes
    pairs: list[tuple[list[Any], list[Any]]]
    rtol: float
    atol: float


@dataclass
class Traced:
    """A case as a module of one function, and its inputs."""

    module: Module
    inputs: dict[str, Any] = field(default_factory=dict)


@cache
def cases() -> dict[str, Case]:
    """The cases of the installed package whose tensors have the dtypes that Fanlight computes in, sorted by name."""
    import onnx.backend.test.case.node as suite

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the references divide by 0 on purpose
        found = suite.collect_testcases(None)
    kept = [case for case in found if all(map(is_known, arrays_of(case)))]
    return {
        case.name: Case(case.name, case.model.SerializeToString(), case.data_sets, case.rtol, case.atol)
        for case in sorted(kept, key=lambda case: case.name)
    }


def arrays_of(case: Any) -> list[Any]:
    return [array for pair in case.data_sets for side in pair for array in side]


def is_known(array: Any) -> bool:
    return isinstance(array, np.ndarray | np.generic) and str(array.dtype) in DTYPES


def traced(case: Case, arrays: list[Any]) -> Traced:
    """The module of a case; raises UnsupportedOp or ModelFormatError where Fanlight refuses it."""
    graph = prepared(read_bytes(case.model, case.name))
    settings = {node.inputs[k] for node in walk(graph) for k in RULES[node.kind].settings if k < len(node.inputs)}
    values: dict[str, Value] = {}
    inputs: dict[str, Any] = {}
    for slot, array in zip(graph.inputs, map(np.asarray, arrays), strict=False):
        if slot.name in settings:
            values[slot.name] = constant(array)
        else:
            values[slot.name] = apply(Input(slot.name, Type(str(array.dtype), array.shape)))
            inputs[slot.name] = array
    context = Context(training=True)
    outputs = run_graph(graph, values, context)
    if context.is_random:
        raise UnsupportedOp(case.name, expected="no random numbers, which are another library's here", got="some")
    leaves = tuple(values[name] for name in inputs)
    return Traced(Module({"run": Graph(leaves, {f"y{k}": y for k, y in enumerate(outputs)})}, {}), inputs)


@dataclass(frozen=True)
class Answer:
    """What came of a case: how it was refused, if it was; what went wrong, if something did; and whether the floats
    that it gives have gradients with respect to those that it takes, where there are any."""

    refused: str | None = None
    error: str | None = None
    gradient: bool | None = None


@cache
def answers() -> dict[str, Answer]:
    """What comes of every case, on WebAssembly in Python."""
    return {name: answer(case) for name, case in cases().items()}


def answer(case: Case) -> Answer:
    try:
        check(case)
        return Answer(gradient=has_gradient(case))
    except (UnsupportedOp, ModelFormatError) as error:
        return Answer(refused=str(error))
    except Exception as error:  # a wrong answer, or a crash, which the test shows
        return Answer(error=f"{type(error).__name__}: {error}"[:400])


def has_gradient(case: Case) -> bool | None:
    """Whether the gradient of a case can be derived; None where floats are missing on one side."""
    graph = traced(case, case.pairs[0][0]).module.functions["run"]
    floats = [y for y in graph.outputs.values() if is_float(y.dtype)]
    leaves = [x for x in graph.inputs if is_float(x.dtype)]
    if not floats or not leaves:
        return None
    total = fn.sum(floats[0])
    for y in floats[1:]:
        total = fn.add(total, fn.sum(y))
    outputs = {f"g{k}": fn.gradient(total, x) for k, x in enumerate(leaves)}
    try:
        differentiate(Graph(graph.inputs, outputs))
    except CompileError:
        return False
    return True


def case_operator(case: Case) -> str:
    """The operator that a case tests: its only node's, or the one whose function the nodes are."""
    from onnx import ModelProto

    nodes = ModelProto.FromString(case.model).graph.node
    kinds = [f"{node.domain}.{node.op_type}" if node.domain not in ("", "ai.onnx") else node.op_type for node in nodes]
    written_out = {match[1] for node in nodes for name in node.output if (match := re.match(r"(\w+?)_test_", name))}
    known = [kind for kind in RULES if kind.rpartition(".")[2] in written_out]
    return kinds[0] if len(kinds) == 1 else known[0] if len(known) == 1 else kinds[-1]


def check(case: Case) -> None:
    """Runs a case on WebAssembly; raises AssertionError for a wrong answer."""
    for inputs, expected in case.pairs:
        made = traced(case, inputs)
        compiled = compile(made.module)
        found = WasmEngine(compiled.program, compiled.code).call("run", made.inputs)
        compare(case, found, expected)


def compare(case: Case, found: dict[str, Any], expected: list[Any]) -> None:
    for number, want in enumerate(expected):
        got = found[f"y{number}"]
        assert (got.dtype, got.shape) == (want.dtype, want.shape), f"{case.name}, output {number}"
        # What a sum leaves where its terms cancel is rounding, there as here.
        largest = np.abs(want[np.isfinite(want)]).max(initial=0) if want.dtype == np.float32 else 0
        atol = max(case.atol, 2.0**-22 * float(largest))
        np.testing.assert_allclose(got, want, case.rtol, atol, err_msg=f"{case.name}, output {number}")

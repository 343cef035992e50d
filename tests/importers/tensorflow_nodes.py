"""What comes of the cases of TensorFlow's operations on WebAssembly, and what did TensorFlow give for them?

All cases of an operation are functions of one module. What TensorFlow gave stands in a file that
`tensorflow_golden.py` wrote.
"""

from __future__ import annotations

import json
import lzma
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from fanlight.compiler import compile
from fanlight.engines.wasm import WasmEngine
from fanlight.errors import CompileError, ModelFormatError, UnsupportedOp
from fanlight.importers.graphs.records import Node, from_json, to_json
from fanlight.importers.graphs.run import constant, run_node
from fanlight.importers.tensorflow import rules  # noqa: F401  # nodes are run by them
from fanlight.ir.graph import Graph, Input, Value, apply
from fanlight.ir.module import Module
from fanlight.ir.types import Type, is_float
from fanlight.layers.context import Context
from fanlight.ops import functions as fn
from fanlight.passes.differentiate import differentiate
from importers.tensorflow_case import Case, Known, floats

GOLDEN = Path(__file__).parent / "golden" / "tensorflow_ops.xz"
RTOL, ATOL = 2e-5, 2e-6

# The golden file: the lengths of two parts, JSON and the bytes of all arrays in a row.


def packed(made: dict[str, Any]) -> bytes:
    blob = bytearray()

    def put(array: Any) -> list[Any]:
        blob.extend(np.ascontiguousarray(array).tobytes())
        return [str(array.dtype), list(array.shape)]

    index = {
        key: [to_json(attributes), [put(y) for y in outputs], None if slopes is None else [put(g) for g in slopes]]
        for key, (attributes, outputs, slopes) in made.items()
    }
    text = json.dumps(index, separators=(",", ":")).encode()
    return lzma.compress(len(text).to_bytes(4, "little") + text + bytes(blob), preset=9)


def unpacked(data: bytes) -> dict[str, Any]:
    raw = lzma.decompress(data)
    size = int.from_bytes(raw[:4], "little")
    blob, place = memoryview(raw)[4 + size :], 0

    def take(dtype: str, shape: list[int]) -> Any:
        nonlocal place
        count = int(np.prod(shape, dtype=int))
        found = np.frombuffer(blob, dtype, count, place).reshape(shape)
        place += found.nbytes
        return found

    return {
        key: (
            from_json(attributes),
            [take(*y) for y in outputs],
            None if slopes is None else [take(*g) for g in slopes],
        )
        for key, (attributes, outputs, slopes) in json.loads(raw[4 : 4 + size]).items()
    }


@cache
def golden() -> dict[str, Any]:
    return unpacked(GOLDEN.read_bytes())


@dataclass
class Answer:
    """What came of a case: what is wrong, or how it was refused; and whether it has a gradient where floats are on both
    sides."""

    wrong: str | None = None
    refused: str | None = None
    gradient: bool | None = None


@dataclass
class Traced:
    """A case as a function of a module."""

    graph: Graph
    arrays: dict[str, Any]
    count: int
    gradient: bool | None


def by_parts(array: Any) -> Any:
    """A complex array as Fanlight has it: parts along a last axis."""
    if not np.iscomplexobj(array):
        return array
    return np.stack([array.real, array.imag], -1).astype("float32")


def traced(case: Case, attributes: dict[str, Any], wanted: int, shapes: list[Any]) -> Traced:
    """The graph of a case: what it gives, and gradients of that with weights as the golden ones have them."""
    operands: list[Value] = []
    leaves: dict[str, Value] = {}
    arrays: dict[str, Any] = {}
    for k, (each, array) in enumerate(zip(case.inputs, map(by_parts, case.arrays), strict=True)):
        if isinstance(each, Known):
            operands.append(constant(array))
            continue
        leaves[f"x{k}"] = apply(Input(f"x{k}", Type(str(array.dtype), array.shape)))
        arrays[f"x{k}"] = array
        operands.append(leaves[f"x{k}"])
    node = Node(case.op, "tf", case.op, tuple(f"x{k}" for k in range(len(operands))),
                tuple(f"y{k}" for k in range(wanted)), attributes)  # fmt: skip
    context = Context(training=True)
    results = run_node(node, operands, {}, context)[:wanted]
    assert context.is_random == case.lot
    outputs = {f"y{k}": y for k, y in enumerate(results)}
    ends = [k for k, y in enumerate(results) if is_float(y.dtype)]
    floating = [x for x in leaves.values() if is_float(x.dtype)]
    if not ends or not floating:
        return Traced(Graph(tuple(leaves.values()), outputs), arrays, 0, None)
    total: Any = 0.0
    for k in ends:
        leaves[f"c{k}"] = apply(Input(f"c{k}", Type("float32", results[k].shape)))
        arrays[f"c{k}"] = floats(*shapes[k], salt=90 + k)
        total = fn.add(total, fn.sum(fn.multiply(results[k], leaves[f"c{k}"])))
    slopes = {f"g{k}": fn.gradient(total, x) for k, x in enumerate(floating)}
    inputs = tuple(leaves.values())
    try:
        differentiate(Graph(inputs, slopes))
    except CompileError:
        del inputs, slopes
        plain = [x for name, x in leaves.items() if name.startswith("x")]
        kept = {name: a for name, a in arrays.items() if name.startswith("x")}
        return Traced(Graph(tuple(plain), outputs), kept, 0, False)
    return Traced(Graph(inputs, {**outputs, **slopes}), arrays, len(slopes), True)


def answers_of(cases: list[Case]) -> list[Answer]:
    """What comes of the cases of an operation, in one module."""
    found = [Answer() for _ in cases]
    ready: dict[int, Traced] = {}
    for k, case in enumerate(cases):
        if case.key not in golden():
            found[k].wrong = "the golden file has not this case; see tensorflow_golden.py"
            continue
        attributes, outputs, _ = golden()[case.key]
        try:
            ready[k] = traced(case, attributes, len(outputs), [by_parts(y).shape for y in outputs])
            found[k].gradient = ready[k].gradient
            if case.lot:  # dtypes and shapes are all that can be compared
                types = [(str(y.dtype), y.shape) for y in ready.pop(k).graph.outputs.values()]
                found[k].wrong = None if types == [(str(y.dtype), y.shape) for y in outputs] else repr(types)
        except (UnsupportedOp, ModelFormatError) as error:
            found[k].refused = str(error)
    compiled = compile(Module({f"case{k}": each.graph for k, each in ready.items()}, {}))
    engine = WasmEngine(compiled.program, compiled.code)
    for k, each in ready.items():
        result = engine.call(f"case{k}", each.arrays)
        try:
            compare(cases[k], result, each)
        except AssertionError as error:
            found[k].wrong = str(error)
    return found


def compare(case: Case, result: dict[str, Any], made: Traced) -> None:
    _, outputs, slopes = golden()[case.key]
    for k, want in enumerate(map(by_parts, outputs)):
        near(case, f"output {k}", result[f"y{k}"], want)
    if slopes is None or not made.count:
        assert slopes is None or not np.any([np.any(g) for g in slopes]), f"{case.op}: TensorFlow has a gradient"
        return
    for k, want in enumerate(slopes):
        if k not in case.unlike:
            near(case, f"gradient {k}", result[f"g{k}"], want)


def near(case: Case, what: str, got: Any, want: Any) -> None:
    where = f"{case.op} {case.attributes}, {what}"
    assert (str(got.dtype), got.shape) == (str(want.dtype), want.shape), f"{where}: {got.dtype}{got.shape}"
    finite = np.abs(want[np.isfinite(want)]) if want.dtype == np.float32 else np.zeros(0)
    atol = max(ATOL, 2.0**-21 * float(finite.max(initial=0))) if want.dtype == np.float32 else 0
    np.testing.assert_allclose(got, want, RTOL if atol else 0, atol, err_msg=where)


def by_operation(cases: list[Case]) -> dict[str, list[Case]]:
    found: dict[str, list[Case]] = defaultdict(list)
    for each in cases:
        found[each.op].append(each)
    return dict(found)

"""What comes of the cases of TensorFlow Lite's operators on WebAssembly, and what did its reference kernels give?

All cases of an operator are functions of one module. What the kernels gave stands in a file that `tflite_golden.py`
wrote.
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
from fanlight.importers.graphs.run import DTYPE_OF, run_graph
from fanlight.importers.tflite.operators import prepared
from fanlight.importers.tflite.read import read_bytes
from fanlight.ir.graph import Graph, Input, apply
from fanlight.ir.module import Module
from fanlight.ir.types import Type, is_float
from fanlight.layers.context import Context
from importers.tflite_case import Case

GOLDEN = Path(__file__).parent / "golden" / "tflite_ops.xz"
RTOL, ATOL = 2e-5, 5e-6


def packed(made: dict[str, list[Any]]) -> bytes:
    """Arrays by case: the length of the JSON, the JSON, the bytes of all arrays in a row."""
    index = {key: [[str(y.dtype), list(y.shape)] for y in outputs] for key, outputs in made.items()}
    text = json.dumps(index, separators=(",", ":")).encode()
    blob = b"".join(np.ascontiguousarray(y).tobytes() for outputs in made.values() for y in outputs)
    return lzma.compress(len(text).to_bytes(4, "little") + text + blob, preset=9)


@cache
def golden() -> dict[str, list[Any]]:
    raw = lzma.decompress(GOLDEN.read_bytes())
    size = int.from_bytes(raw[:4], "little")
    place = 4 + size
    found: dict[str, list[Any]] = {}
    for key, outputs in json.loads(raw[4:place]).items():
        found[key] = []
        for dtype, shape in outputs:
            count = int(np.prod(shape, dtype=int))
            found[key].append(np.frombuffer(raw, dtype, count, place).reshape(shape))
            place += found[key][-1].nbytes
    return found


@dataclass
class Answer:
    """What came of a case: what is wrong with it, and how many steps its 8-bit results are away at most."""

    case: Case
    wrong: str | None = None
    steps: int = 0


def traced(case: Case) -> tuple[Graph, dict[str, Any]]:
    """A case as a function of a module, and what it is given."""
    graph = prepared(read_bytes(case.file, case.op).model)
    arrays = dict(zip((slot.name for slot in graph.inputs), case.arrays, strict=True))
    leaves = {name: apply(Input(name, Type(DTYPE_OF[str(x.dtype)], x.shape))) for name, x in arrays.items()}
    results = run_graph(graph, leaves, Context())
    return Graph(tuple(leaves.values()), {f"y{k}": y for k, y in enumerate(results)}), arrays


def answers_of(cases: list[Case]) -> list[Answer]:
    """What comes of the cases of an operator, in one module."""
    ready = [traced(case) for case in cases]
    compiled = compile(Module({f"case{k}": graph for k, (graph, _) in enumerate(ready)}, {}))
    engine = WasmEngine(compiled.program, compiled.code)
    found = []
    for k, (case, (_, arrays)) in enumerate(zip(cases, ready, strict=True)):
        results = engine.call(f"case{k}", arrays)
        found.append(compared(case, [results[f"y{n}"] for n in range(len(results))]))
    return found


def compared(case: Case, results: list[Any]) -> Answer:
    answer = Answer(case)
    for ours, theirs in zip(results, golden()[case.key], strict=True):
        dtype = DTYPE_OF[str(theirs.dtype)]
        if ours.shape != theirs.shape or str(ours.dtype) != dtype:
            answer.wrong = f"{case.key}: {ours.dtype}{ours.shape}, theirs {theirs.dtype}{theirs.shape}"
        elif is_float(dtype):
            if not np.allclose(ours, theirs, RTOL, ATOL, equal_nan=True):
                answer.wrong = f"{case.key} {case.options}: off by {np.abs(ours - theirs).max()}"
        elif theirs.size:
            away = int(np.abs(ours.astype("int64") - theirs.astype("int64")).max())
            answer.steps = max(answer.steps, away)
            if away > case.steps:
                places = int((ours != theirs).sum())
                answer.wrong = f"{case.key} {case.options}: {away} steps off, at {places} of {theirs.size}"
    return answer


def by_operator(cases: list[Case]) -> dict[str, list[Case]]:
    found: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        found[case.op].append(case)
    return dict(found)

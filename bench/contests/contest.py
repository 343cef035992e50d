"""How is a function staged for all contenders? Fanlight's export, the peers' files, inputs and weights, one page.

In: jobs. Out: what the page measured, as a report. Knows no workload and no peer's interface."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from chromium import SOFTWARE_GPU, peak_files, run_page, staged
from peers import install_peers, peer_files, versions
from report import Report, Row

import fanlight as fl

HERE = Path(__file__).parent
TOLERANCE = 2e-4


@dataclass(frozen=True)
class Job:
    """One function on one set of inputs, or a model on one row. `flops` are those of the direct algorithm; `fastest`
    bounds Fanlight's time by that of the fastest peer, `share` its FLOP/s by the peak's. `last` are the inputs of peers
    that want images channels-last."""

    name: str
    call: Callable[..., Any] | None
    inputs: Mapping[str, np.ndarray]
    flops: float
    model: Any = None
    last: Mapping[str, np.ndarray] = field(default_factory=dict)
    weights: Mapping[str, np.ndarray] = field(default_factory=dict)
    onnx: bytes | None = None
    tflite: bytes | None = None
    backends: Sequence[str] = ("wasm", "cpu", "webgl")  # of TensorFlow.js
    fastest: float | None = None
    tensorflow: float | None = None
    share: float | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)  # what a peer opens, by its place


def run_contest(name: str, title: str, jobs: Sequence[Job], quick: bool, threads: int = 1, rounds: int = 25) -> Report:
    """Stages all jobs beside `contests/<name>.js`, which says how TensorFlow.js and jax-js compute them."""
    install_peers()
    data: dict[str, bytes | str] = {**peak_files(), **peer_files()}
    described = []
    for job in jobs:
        kinds = {"inputs": job.inputs, "last": job.last or job.inputs, "weights": job.weights}
        files = {f"{job.name}/{k}/{label}.bin": each for k, arrays in kinds.items() for label, each in arrays.items()}
        data.update({place: stored(array).tobytes() for place, array in files.items()})
        data.update(job.files)
        for kind, content in (("onnx", job.onnx), ("tflite", job.tflite)):
            if content is not None:
                data[f"{job.name}/model.{kind}"] = content
        described.append(describe(job))
    data["jobs.json"] = json.dumps(described)
    for path in (*HERE.glob("*.js"), *(HERE.parent / "contenders").glob("*.js")):
        data[f"{path.parent.name}/{path.name}"] = path.read_bytes()
    data["builders.js"] = f"export * from './contests/{name}.js';\n"
    settings = {"rounds": 3 if quick else rounds, "slice": 20 if quick else 60, "threads": threads}
    with staged([HERE.parent / "measure.js", HERE / "contest.html"], data) as folder:
        functions = [job for job in jobs if job.call is not None]
        if functions:
            export([(j, {k: fl.Tensor(array) for k, array in j.weights.items()}) for j in functions], folder / "site")
        for job in jobs:
            if job.model is not None:
                job.model.export(folder / job.name / "site")
        result, browser = run_page(folder, "contest.html", settings, SOFTWARE_GPU)
    rows, notes = [], []
    for job, found in zip(jobs, result["jobs"], strict=True):
        more_rows, more_notes = compare(job, found, threads)
        rows += more_rows
        notes += more_notes
    return Report(name, title, rows, notes, settings, {"peers": versions(), **result}, browser, "contests")


def stored(array: np.ndarray) -> np.ndarray:
    """Pictures as bytes, all else as float32."""
    return np.ascontiguousarray(array, np.uint8 if array.dtype == np.uint8 else np.float32)


def export(jobs: Sequence[tuple[Job, dict[str, fl.Tensor]]], folder: Path) -> None:
    """All jobs as functions of one bundle; the state of each has the job's name."""
    functions, state = {}, {}
    for job, weights in jobs:
        state[job.name] = weights
        functions[job.name] = function_of(job)
    fl.export(functions, folder, state=state, name="contest")


def function_of(job: Job) -> Callable[..., Any]:
    """The job as a function of all state and of its inputs, with annotations as `fl.export` wants them."""

    def call(state: Any, **arrays: Any) -> Any:
        assert job.call is not None
        return {"y": job.call(state[job.name], **arrays)}

    specs = {label: fl.TensorSpec(array.shape) for label, array in job.inputs.items()}
    return with_signature(call, specs)


def with_signature(call: Callable[..., Any], specs: Mapping[str, Any]) -> Callable[..., Any]:
    """`call(state, **arrays)` with a parameter of its own for each array."""
    import inspect

    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD

    def positional(state: Any, *arrays: Any) -> Any:
        return call(state, **dict(zip(specs, arrays, strict=True)))

    parameters = [inspect.Parameter("state", kind)]
    parameters += [inspect.Parameter(label, kind, annotation=spec) for label, spec in specs.items()]
    positional.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return positional


def describe(job: Job) -> dict[str, Any]:
    """What the page has to know."""

    def places(kind: str, arrays: Mapping[str, np.ndarray]) -> list[dict[str, Any]]:
        return [
            {
                "name": label,
                "shape": array.shape,
                "file": f"{job.name}/{kind}/{label}.bin",
                "dtype": str(stored(array).dtype),
            }
            for label, array in arrays.items()
        ]

    return {
        "name": job.name,
        "site": "site/" if job.model is None else f"{job.name}/site/",
        "function": job.name if job.model is None else "predict",
        "output": "y" if job.model is None else job.model.output_names[0],
        "sizes": {} if job.model is None else {"batch": 1},
        "inputs": places("inputs", job.inputs),
        "last": places("last", job.last or job.inputs),
        "weights": places("weights", job.weights),
        "onnx": f"{job.name}/model.onnx" if job.onnx else None,
        "tflite": f"{job.name}/model.tflite" if job.tflite else None,
        "backends": list(job.backends),
        "tolerance": TOLERANCE,
        **job.settings,
    }


def compare(job: Job, found: Mapping[str, Any], threads: int) -> tuple[list[Row], list[str]]:
    """Fanlight beside the fastest peer, and beside TensorFlow.js at its best where that bounds it."""
    times = found["milliseconds"]
    own = {name: time for name, time in times.items() if name.startswith("Fanlight")}
    peers = {name: time for name, time in times.items() if name not in (*own, "peak", "copies")}
    form = "Fanlight, function" if "Fanlight, function" in own else "Fanlight, runtime"
    rows = []
    if peers:
        best = min(peers, key=peers.__getitem__)
        rows.append(Row(job.name, own[form], peers[best], best, "ms", job.fastest))
        tensorflow = {name: time for name, time in peers.items() if name.startswith("TensorFlow.js")}
        if tensorflow and not best.startswith("TensorFlow.js"):
            best = min(tensorflow, key=tensorflow.__getitem__)
            rows.append(Row(job.name, own[form], tensorflow[best], best, "ms", job.tensorflow))
    speed = job.flops / (own[form] - times.get("copies", 0)) / 1e6  # of the code alone
    wants = job.share if threads == 1 else None
    rows.append(Row(job.name, speed, found["peak"] * threads, "multiply-add peak", "GFLOP/s", wants, wants_more=True))
    notes = [
        f"{job.name}: " + ", ".join(f"{name} {time:.4g} ms" for name, time in sorted(times.items(), key=lambda e: e[1]))
    ]
    notes += [f"{job.name}, {name}: {reason}" for name, reason in found["unable"].items()]
    return rows, notes

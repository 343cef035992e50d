"""How fast is a bundle on this machine? In a real browser where there is one, else in Python's own engine.

In: a bundle. Out: milliseconds of a prediction and of a training step, and the peak of the same core."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from random import Random
from statistics import median
from typing import Any

import numpy as np

from fanlight.bundle.read import Bundle
from fanlight.engines.wasm import WasmEngine
from fanlight.errors import BrowserError
from fanlight.samples import sample_inputs
from fanlight.targets.wasm.peak import FLOPS, peak_module
from fanlight.targets.wasm.spelling import PORTABLE
from fanlight.verification.browser import BLANK, chromium, in_own_thread, opened, visiting

ALL = 1 << 30  # rows: as many as a function takes
SLICE = 300  # milliseconds for each measurement, after as many of warming up


@dataclass(frozen=True, slots=True)
class Speed:
    """Milliseconds; None where the bundle cannot do it. `gflops` is the peak of one core in the same place."""

    where: str
    gflops: float
    predict: float | None
    step: float | None


def measure_speed(bundle: Bundle, compiled: Any) -> tuple[Speed, str]:
    """In Chromium, where that can be driven and `bundle` is a folder; else in Python. And why not in the browser."""
    if not bundle.path.is_dir():
        return measure_in_python(bundle, compiled), "one file cannot be taken apart by a browser"
    try:
        return in_own_thread(lambda: measure_in_browser(bundle)), ""
    except BrowserError as error:
        return measure_in_python(bundle, compiled), str(error)


def measure_in_browser(bundle: Bundle) -> Speed:
    """What a page calls, worker and copies included."""
    manifest = bundle.manifest
    predict, step = inputs_of(bundle, "predict", 1), inputs_of(bundle, "train_step", None)
    given: dict[str, Any] = {"peak": encode(peak_module()), "flops": FLOPS, "slice": SLICE}
    given["predict"] = None if predict is None else slots(predict)
    if step is not None and manifest.training is not None:
        names = manifest.training.target_names
        given["step"] = [
            slots({name: array for name, array in step.items() if (name in names) == is_target})
            for is_target in (False, True)
        ]
    script = (files("fanlight") / "advice" / "speed.js").read_text(encoding="utf-8")
    with opened(bundle) as site, chromium() as browser, visiting(browser, site) as visit:
        visit.page.goto(site.address + BLANK)
        found = visit.page.evaluate(script, {**given, "index": site.address + "index.js"})
        where = f"Chromium {browser.version.split('.')[0]}, {found['variant']} code"
    return Speed(where, found["gflops"], found.get("predict"), found.get("step"))


def measure_in_python(bundle: Bundle, compiled: Any) -> Speed:
    """The portable code in wasmtime, whose compiler is simpler than a browser's."""
    import wasmtime

    engine = WasmEngine(compiled.program, compiled.code)
    if "init" in compiled.program.procedures:
        engine.call("init", {"seed": np.zeros(2, np.uint32)})
    predict, step = inputs_of(bundle, "predict", 1), inputs_of(bundle, "train_step", None)
    store = wasmtime.Store()
    instance = wasmtime.Instance(store, wasmtime.Module(store.engine, peak_module(PORTABLE)), [])
    peak = instance.exports(store)["peak"]
    assert isinstance(peak, wasmtime.Func)
    turns = 20000
    gflops = FLOPS * turns * 1e-6 / timed(lambda: peak(store, turns))
    times = [
        None if inputs is None else timed(lambda n=name, i=inputs: engine.call(n, i))
        for name, inputs in (("predict", predict), ("train_step", step))
    ]
    return Speed("Python's engine, wasmtime, portable code", gflops, *times)


def timed(run: Callable[[], Any]) -> float:
    """The median of warm runs, in milliseconds."""
    times: list[float] = []
    start = time.perf_counter()
    while (now := time.perf_counter()) < start + 2e-3 * SLICE or len(times) < 3:
        run()
        times.append(1e3 * (time.perf_counter() - now))
    return median(times[len(times) // 2 :])


def inputs_of(bundle: Bundle, name: str, rows: int | None) -> dict[str, np.ndarray] | None:
    """Random inputs of a function of the bundle; all the rows that it takes where `rows` is None."""
    if name not in bundle.manifest.functions:
        return None
    return sample_inputs(bundle.manifest, name, Random(0), rows or ALL)


def slots(arrays: Mapping[str, np.ndarray]) -> dict[str, tuple[str, str]]:
    return {name: (array.dtype.name, encode(array.tobytes())) for name, array in arrays.items()}


def encode(data: bytes) -> str:
    return base64.b64encode(data).decode()

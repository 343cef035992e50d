"""Which kernels of a training step of bench/training take how long in Chromium? A table for who makes them faster.

In: a network to train. Out: the time, the share and the speed of every kernel, called alone; nothing is written."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from chromium import peak_files, run_page, staged
from rich.console import Console
from rich.table import Table
from training.beside import Training

from fanlight.compiler import TARGETS, compile
from fanlight.ir import dim as dims
from fanlight.ir.kernel import Kernel, Loop, Step, kernels_of
from fanlight.targets.wasm.emit import emit, pages

HERE = Path(__file__).parent
PROCEDURE = "train_step"
LEAST = 0.005  # share of the whole below which kernels are one line


def flops(kernel: Kernel) -> int:
    """Two for each term of a product at full batch; zero for other kernels."""
    if kernel.kind != "contract":
        return 0
    return 2 * dims.upper(dims.product([axis.extent for axis in (*kernel.axes, *kernel.reduce)]))


def measure_kernels(training: Training, quick: bool, target: str = "wasm-relaxed") -> None:
    """Compiles the step so that each kernel can be called, runs it, prints the table."""
    model, batch = training.model, training.batch
    inputs, targets = training.inputs[:batch], training.targets[:batch]
    model.train_on_batch(inputs, targets)
    model.reset()
    program = compile(model.module(), TARGETS[target]).program
    procedure = program.procedures[PROCEDURE]
    arrays = {program.state[name]: array for name, array in model.weights().items()}
    arrays |= {procedure.inputs[model.input_names[0]]: inputs, procedure.inputs["target"]: targets}
    files = {f"array{k}": array.tobytes() for k, array in enumerate(arrays.values())}
    description = {
        "pages": pages(program),
        "procedure": PROCEDURE,
        "sizes": [batch for _ in procedure.sizes],
        "kernels": len(tuple(kernels_of(procedure.kernels))),
        "writes": [{"at": program.buffers[name].offset, "file": f} for name, f in zip(arrays, files, strict=True)],
    }
    code = emit(program, TARGETS[target], steps=True)
    data = {"program.wasm": code, "program.json": json.dumps(description), **files, **peak_files(TARGETS[target])}
    scripts = [HERE.parent / "measure.js", HERE / "kernels.html", HERE / "kernels.js"]
    with staged(scripts, data) as folder:
        result, _ = run_page(folder, "kernels.html", {"rounds": 8 if quick else 40, "slice": 1})
    show_kernels(procedure.kernels, result)


def trips_of(steps: Iterable[Step], times: int = 1) -> Iterator[int]:
    """How often each kernel of `kernels_of` runs, at full size, a branch taken to be run."""
    for step in steps:
        if isinstance(step, Kernel):
            yield times
        elif isinstance(step, Loop):
            yield from trips_of(step.steps, times * dims.upper(step.extent))
        else:
            yield from trips_of((*step.yes, *step.no), times)


def show_kernels(steps: Sequence[Step], result: dict) -> None:
    """Prints the slow kernels, slowest first, and the rest in one line."""
    trips = list(trips_of(steps))
    kernels, whole = tuple(kernels_of(steps)), result["whole"]
    times = [time * count for time, count in zip(result["kernels"], trips, strict=True)]
    table = Table(title=f"{PROCEDURE}: {whole:.3f} ms; peak {result['peak']:.1f} GFLOP/s", title_justify="left")
    for heading in ("kernel", "kind", "runs", "ms", "share", "GFLOP/s", "of peak"):
        table.add_column(heading, justify="left" if heading in ("kernel", "kind") else "right")
    slow = [k for k in sorted(range(len(times)), key=lambda k: -times[k]) if times[k] >= LEAST * whole]
    for k in slow:
        kernel, speed = kernels[k], trips[k] * flops(kernels[k]) / times[k] / 1e6
        figures = (f"{speed:.1f}", f"{100 * speed / result['peak']:.0f} %") if speed else ("", "")
        table.add_row(
            f"{k} {kernel.name}",
            kernel.kind,
            str(trips[k]),
            f"{times[k]:.4f}",
            f"{100 * times[k] / whole:.1f} %",
            *figures,
        )
    rest = sum(times) - sum(times[k] for k in slow)
    table.add_row(f"{len(times) - len(slow)} others", "", "", f"{rest:.4f}", f"{100 * rest / whole:.1f} %", "", "")
    Console().print(table)

"""Which kernels of the training step of bench/training take how long in Chromium? A table for who makes them faster.

In: the compiler. Out: the time, the share and the speed of every kernel, called alone; nothing is written."""

from __future__ import annotations

import json
from pathlib import Path

from chromium import peak_files, run_page, staged
from rich.console import Console
from rich.table import Table
from training.training import BATCH, batches, network

from fanlight.compiler import TARGETS, compile
from fanlight.ir import dim as dims
from fanlight.ir.kernel import Kernel, kernels_of
from fanlight.targets.wasm.emit import emit, pages

HERE = Path(__file__).parent
PROCEDURE = "train_step"
LEAST = 0.005  # share of the whole below which kernels are one line


def flops(kernel: Kernel) -> int:
    """Two for each term of a product at full batch; zero for other kernels."""
    if kernel.kind != "contract":
        return 0
    return 2 * dims.upper(dims.product([axis.extent for axis in (*kernel.axes, *kernel.reduce)]))


def measure_kernels(quick: bool, target: str = "wasm-relaxed") -> None:
    """Compiles the step so that each kernel can be called, runs it, prints the table."""
    images, targets = batches()
    model = network()
    model.train_on_batch(images[:BATCH], targets[:BATCH])
    model.reset()
    program = compile(model.module(), TARGETS[target]).program
    procedure = program.procedures[PROCEDURE]
    arrays = {program.state[name]: array for name, array in model.weights().items()}
    arrays |= {procedure.inputs["image"]: images[:BATCH], procedure.inputs["target"]: targets[:BATCH]}
    files = {f"array{k}": array.tobytes() for k, array in enumerate(arrays.values())}
    description = {
        "pages": pages(program),
        "procedure": PROCEDURE,
        "sizes": [BATCH for _ in procedure.sizes],
        "kernels": len(tuple(kernels_of(procedure.kernels))),
        "writes": [{"at": program.buffers[name].offset, "file": f} for name, f in zip(arrays, files, strict=True)],
    }
    code = emit(program, TARGETS[target], steps=True)
    data = {"program.wasm": code, "program.json": json.dumps(description), **files, **peak_files(TARGETS[target])}
    scripts = [HERE.parent / "measure.js", HERE / "kernels.html", HERE / "kernels.js"]
    with staged(scripts, data) as folder:
        result, _ = run_page(folder, "kernels.html", {"rounds": 8 if quick else 40, "slice": 1})
    show_kernels(tuple(kernels_of(procedure.kernels)), result)


def show_kernels(kernels: tuple[Kernel, ...], result: dict) -> None:
    """Prints the slow kernels, slowest first, and the rest in one line."""
    times, whole = result["kernels"], result["whole"]
    table = Table(title=f"{PROCEDURE}: {whole:.3f} ms; peak {result['peak']:.1f} GFLOP/s", title_justify="left")
    for heading in ("kernel", "kind", "ms", "share", "GFLOP/s", "of peak"):
        table.add_column(heading, justify="left" if heading in ("kernel", "kind") else "right")
    slow = [k for k in sorted(range(len(times)), key=lambda k: -times[k]) if times[k] >= LEAST * whole]
    for k in slow:
        kernel, speed = kernels[k], flops(kernels[k]) / times[k] / 1e6
        figures = (f"{speed:.1f}", f"{100 * speed / result['peak']:.0f} %") if speed else ("", "")
        table.add_row(f"{k} {kernel.name}", kernel.kind, f"{times[k]:.4f}", f"{100 * times[k] / whole:.1f} %", *figures)
    rest = sum(times) - sum(times[k] for k in slow)
    table.add_row(f"{len(times) - len(slow)} others", "", f"{rest:.4f}", f"{100 * rest / whole:.1f} %", "", "")
    Console().print(table)

"""How much faster are the pointwise layers of MobileNetV2 with several threads? All of them in one call, in Chromium.

In: the kernels of pointwise.py, the compiler's own `emit_threads` and the runtime's helper.js. Out: milliseconds of a
call by number of threads, interleaved; the outputs of each number are compared to the bit."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median

from chromium import run_page, staged
from pointwise.pointwise import mobilenet_layers, product_kernel
from report import Report, Row

from fanlight.bundle.modules import web_text
from fanlight.ir import dim as dims
from fanlight.ir.kernel import Buffer, Kernel, Procedure, Program
from fanlight.ir.target import Target
from fanlight.targets.wasm.emit import pages
from fanlight.targets.wasm.spelling import RELAXED
from fanlight.targets.wasm.threads import emit_threads

HERE = Path(__file__).parent
ROUNDS, QUICK_ROUNDS = 60, 5
THREADS = 2
WANTED = 1 / 1.6
START = 4096  # bytes: behind the words that threads share


def program_of(kernels: Sequence[Kernel]) -> Program:
    """One procedure that runs all kernels; each reads what the one before has written, as far as it goes."""
    size = max(4 * dims.upper(o.type.count) for kernel in kernels for o in kernel.operands) + START
    buffers: dict[str, Buffer] = {}
    named: list[Kernel] = []
    top = START + 2 * size
    for number, kernel in enumerate(kernels):
        a, b, bias, out = kernel.operands
        for operand in (b, bias):
            name = f"{operand.buffer}{number}"
            buffers[name] = Buffer(name, operand.type, "state", dims.upper(operand.type.count), top)
            top += -(-buffers[name].bytes // 64) * 64 + START
        for operand, half in ((a, number % 2), (out, 1 - number % 2)):
            name = f"{operand.buffer}{number}"
            buffers[name] = Buffer(name, operand.type, "arena", dims.upper(operand.type.count), START + half * size)
        operands = tuple(replace(operand, buffer=f"{operand.buffer}{number}") for operand in kernel.operands)
        named.append(replace(kernel, operands=operands))
    procedure = Procedure("run", (), {}, {}, tuple(named))
    return Program(buffers, {"run": procedure}, (), {}, {}, top)


def measure(quick: bool) -> Report:
    """All products of the network, in their order."""
    layers = mobilenet_layers().elements()
    kernels = [product_kernel(layer, RELAXED, RELAXED.tile if layer[0] > 1 else (1, 32), 2) for layer in layers]
    rounds = QUICK_ROUNDS if quick else ROUNDS
    times, browser = measure_threads(kernels, RELAXED, THREADS, rounds)
    middle = {count: median(each) for count, each in times.items()}
    rows = [Row(f"{count} threads", middle[count], middle[1], "1 thread", "ms", WANTED) for count in times if count > 1]
    notes = [f"{row.what}: {1 / row.ratio:.2f} times as fast as one" for row in rows]
    title = f"the {len(kernels)} products of MobileNetV2 in one call, by threads, code: {RELAXED.variant}"
    settings = {"rounds": rounds, "calls in a round": 5}
    return Report("threads", title, rows, notes, settings, {"times": times}, browser, "pointwise")


def measure_threads(
    kernels: Sequence[Kernel], target: Target, most: int, rounds: int
) -> tuple[dict[int, list[float]], str]:
    """The milliseconds of a call with 1 .. `most` threads, one figure a round, and the browser."""
    program = program_of(kernels)
    last = program.buffers[f"out{len(kernels) - 1}"]
    facts = {"pages": pages(program), "offset": last.offset, "count": last.count}
    files: dict[str, bytes | str] = {
        "threads.wasm": emit_threads(program, target),
        "threads.json": json.dumps(facts),
        "helper.js": web_text("helper.js"),
    }
    with staged([HERE / "threads.html"], files) as folder:
        result, browser = run_page(folder, "threads.html", {"rounds": rounds, "most": most})
    return {int(count): times for count, times in result["times"].items()}, browser

"""How near do the pointwise layers of MobileNetV2 come to the most multiply-adds that this core can do in a browser?

In: the compiler's own `emit_contract`, headless Chromium. Out: a table, and a JSON file. Each layer (bias and ReLU6
fused, weights packed) is timed between runs of a peak kernel, over many rounds; its outputs are compared first."""

from __future__ import annotations

import argparse
import http.server
import json
import sys
import tempfile
import threading
from collections import Counter
from functools import partial
from pathlib import Path
from statistics import median

from fanlight.ir import dim as dims
from fanlight.ir.kernel import Axis, Contraction, Kernel, Operand, Store, dense
from fanlight.ir.scalar import accumulator, const, make, read
from fanlight.ir.target import Target
from fanlight.ir.types import Type
from fanlight.targets.wasm.assembler import I32, V128, Function, Module
from fanlight.targets.wasm.contract import emit_contract
from fanlight.targets.wasm.spelling import PORTABLE, RELAXED

HERE = Path(__file__).parent
CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
CHAINS = 12  # independent sums of the peak kernel: more than latency times units
PEAK_STEPS = 4  # FMAs of each chain in one turn of its loop

Layer = tuple[int, int, int]  # rows, terms, columns


def mobilenet_layers(side: int = 224) -> Counter[Layer]:
    """The pointwise products of MobileNetV2 1.0 (its classifier too), with how often each occurs."""
    layers: list[Layer] = []
    channels, side = 32, side // 2
    for expansion, width, repeats, stride in (
        (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1),
    ):  # fmt: skip
        for block in range(repeats):
            hidden = channels * expansion
            if expansion > 1:
                layers.append((side * side, channels, hidden))
            if block == 0:
                side //= stride
            layers.append((side * side, hidden, width))
            channels = width
    layers += [(side * side, channels, 1280), (1, 1280, 1000)]
    return Counter(layers)


def product_kernel(layer: Layer, target: Target, tile: tuple[int, int], unroll: int) -> Kernel:
    """out[m, n] = clip(sum over k of a[m, k] * b[k, n] + bias[n], 0, 6), b in panels of tile[1] columns."""
    m, k, n = layer
    panels, width = -(-n // tile[1]), tile[1]
    row, panel, lane, term = Axis("m", m), Axis("panel", panels), Axis("lane", width), Axis("k", k)
    column = panel.index * width + lane.index
    shapes = {"a": (m, k), "b": (panels, k, width), "bias": (n,), "out": (m, n)}
    types = {name: Type("float32", shape) for name, shape in shapes.items()}
    value = make("add", accumulator("float32"), read(2, (column,), "float32"))
    value = make("min", make("max", value, const(0.0)), const(6.0))
    return Kernel(
        name=f"pointwise_{m}_{k}_{n}",
        kind="contract",
        axes=(row, panel, lane),
        operands=tuple(Operand(name, type, dense(type)) for name, type in types.items()),
        stores=(Store(3, (row.index, column), value),),
        value=make(
            "mul",
            read(0, (row.index, term.index), "float32"),
            read(1, (panel.index, term.index, lane.index), "float32"),
        ),
        reduce=(term,),
        combine="add",
        schedule=Contraction(0, 1, n, tile[0], width, unroll),
    )


def emit_peak(module: Module, fused: bool) -> Function:
    """A loop of independent multiply-adds, as many turns as its parameter says."""
    f = module.function("peak", [I32], export=True)
    chains = [f.local(V128) for _ in range(CHAINS)]
    factor = f.local(V128)
    f.const(0)
    f.emit("v128.load")
    f.set(factor)
    with f.loop() as again:
        for _ in range(PEAK_STEPS):
            for chain in chains:
                if fused:
                    for local in (factor, factor, chain):
                        f.get(local)
                    f.emit("f32x4.relaxed_madd")
                else:
                    for local in (chain, factor, factor):
                        f.get(local)
                    f.emit("f32x4.mul")
                    f.emit("f32x4.add")
                f.set(chain)
        f.get(f.parameters[0])
        f.const(1)
        f.emit("i32.sub")
        f.tee(f.parameters[0])
        f.branch_if(again)
    f.const(16)
    f.get(chains[0])
    for chain in chains[1:]:
        f.get(chain)
        f.emit("f32x4.add")
    f.emit("v128.store")
    return f


def build(layers: list[Layer], target: Target, tile: tuple[int, int], unroll: int) -> tuple[bytes, dict[str, object]]:
    """The module, and what the page has to know of it: where operands lie, and the layers."""
    module = Module()
    kernels = [product_kernel(layer, target, tile if layer[0] > 1 else (1, 32), unroll) for layer in layers]
    starts, end = [], 1024
    for slot in range(4):
        starts.append(end)
        end += max(4 * dims.upper(kernel.operands[slot].type.count) for kernel in kernels) + 4096
    pages = end // 65536 + 1
    module.memory(pages, pages, export="memory")
    emit_peak(module, target.fused)
    described = []
    for layer, kernel in zip(layers, kernels, strict=True):
        code = emit_contract(module, kernel, {}, target)
        entry = module.function(f"run_{kernel.name}", export=True)
        for value in (*starts, 0, layer[0]):
            entry.const(value)
        entry.call(code)
        described.append(
            {"name": entry.name, "shape": layer, "width": kernel.schedule.tile_columns, "bytes": len(code.body)}
        )
    flops = CHAINS * PEAK_STEPS * 8
    return module.encode(), {"starts": starts, "layers": described, "peakFlops": flops}


class Handler(http.server.SimpleHTTPRequestHandler):
    """Files of one folder, cross-origin isolated: the page's clock then counts in 5 microseconds."""

    def end_headers(self) -> None:
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


def measure(folder: Path, rounds: int) -> dict:
    """Runs the page of `folder` in headless Chromium and returns what it measured."""
    from playwright.sync_api import sync_playwright

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            page = browser.new_page()
            page.on("pageerror", lambda error: print(error, file=sys.stderr))
            page.goto(f"http://127.0.0.1:{server.server_port}/pointwise.html?rounds={rounds}")
            page.wait_for_function("window.result !== undefined", timeout=600_000)
            result = page.evaluate("window.result")
            browser.close()
    finally:
        server.shutdown()
    if "error" in result:
        raise SystemExit(result["error"])
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15, help="rounds over all layers")
    parser.add_argument("--setting", action="append", help="rows x columns x unroll, e.g. 5x8x2; may be repeated")
    parser.add_argument("--portable", action="store_true", help="without relaxed SIMD")
    parser.add_argument("--side", type=int, default=224, help="height and width of the image")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    target = PORTABLE if options.portable else RELAXED
    counts = mobilenet_layers(options.side)
    layers = list(counts)
    settings = options.setting or ["x".join(map(str, (*target.tile, 2)))]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        described = []
        for setting in settings:
            rows, columns, unroll = map(int, setting.split("x"))
            code, description = build(layers, target, (rows, columns), unroll)
            (folder / f"{setting}.wasm").write_bytes(code)
            described.append({"setting": setting, "code": f"{setting}.wasm", **description})
            print(f"{setting}: {len(code)} bytes")
        (folder / "modules.json").write_text(json.dumps(described))
        (folder / "pointwise.html").write_text((HERE / "pointwise.html").read_text())
        result = measure(folder, options.rounds)
    report(result, counts)
    if options.json:
        options.json.write_text(json.dumps(result, indent=1))


def report(result: dict, counts: Counter[Layer]) -> None:
    """Prints GFLOP/s and shares of the peak: of the best runs, and the median over the rounds of neighbouring runs."""
    for module in result["modules"]:
        peaks = [peak for layer in module["layers"] for peak in layer["peaks"]]
        print(
            f"\n{module['setting']} in {result['browser']}: peak {max(peaks):.1f} GFLOP/s, median {median(peaks):.1f}"
        )
        print(f"{'layer':>14} {'times':>5} {'ms':>8} {'GFLOP/s':>8} {'% best':>7} {'% median':>8} {'error':>8}")
        work = ideal = best = middle = 0.0
        for layer in module["layers"]:
            shape = tuple(layer["shape"])
            times, flops = counts[shape], 2e-6 * shape[0] * shape[1] * shape[2]
            fastest, peak = min(layer["times"]), max(layer["peaks"])
            share = median([flops / t / p for t, p in zip(layer["times"], layer["peaks"], strict=True)])
            work += times * flops
            ideal += times * flops / peak
            best += times * fastest
            middle += times * flops / share
            figures = f"{fastest:8.4f} {flops / fastest:8.1f} {100 * flops / fastest / peak:7.1f} {100 * share:8.1f}"
            print(f"{'x'.join(map(str, shape)):>14} {times:5} {figures} {layer['error']:8.1g}")
        figures = f"{best:8.4f} {work / best:8.1f} {100 * ideal / best:7.1f} {100 * work / middle:8.1f}"
        print(f"{'all':>14} {counts.total():5} {figures}")


if __name__ == "__main__":
    main()

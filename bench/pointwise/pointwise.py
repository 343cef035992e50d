"""How near do the pointwise layers of MobileNetV2 come to the most multiply-adds that this core can do in a browser?

In: the compiler's own `emit_contract`, headless Chromium. Out: a report. Each layer (bias and ReLU6 fused, weights
packed) is timed between runs of a peak kernel, over many rounds; its outputs are compared first."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from chromium import run_page, staged
from report import Report, Row, show
from rich.console import Console

from fanlight.ir import dim as dims
from fanlight.ir.kernel import Axis, Contraction, Kernel, Operand, Store, dense
from fanlight.ir.scalar import accumulator, const, make, read
from fanlight.ir.target import Target
from fanlight.ir.types import Type
from fanlight.targets.wasm.assembler import Module
from fanlight.targets.wasm.contract import emit_contract
from fanlight.targets.wasm.peak import FLOPS, emit_peak
from fanlight.targets.wasm.spelling import PORTABLE, RELAXED

HERE = Path(__file__).parent
ROUNDS, QUICK_ROUNDS = 15, 2
WANTED = 0.9  # of the peak

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
    emit_peak(module, target)
    described = []
    for layer, kernel in zip(layers, kernels, strict=True):
        code = emit_contract(module, kernel, {}, target)
        entry = module.function(f"run_{kernel.name}", export=True)
        for value in (*starts, 0, layer[0]):
            entry.const(value)
        entry.call(code)
        described.append({"name": entry.name, "shape": layer, "width": columns_of(kernel), "bytes": len(code.body)})
    return module.encode(), {"starts": starts, "layers": described, "peakFlops": FLOPS}


def columns_of(kernel: Kernel) -> int:
    """The columns of a panel."""
    assert kernel.schedule is not None
    return kernel.schedule.tile_columns


def measure(quick: bool, in_browser: Callable[..., tuple[dict[str, Any], str]] = run_page) -> Report:
    """The layers with the tile that the target asks for."""
    return measure_settings([(*RELAXED.tile, 2)], RELAXED, QUICK_ROUNDS if quick else ROUNDS, in_browser=in_browser)


def measure_settings(
    settings: Sequence[tuple[int, int, int]],
    target: Target,
    rounds: int,
    side: int = 224,
    in_browser: Callable[..., tuple[dict[str, Any], str]] = run_page,
) -> Report:
    """One row for each setting: rows and columns of a tile, and how often its loop is unrolled."""
    counts = mobilenet_layers(side)
    files: dict[str, bytes | str] = {}
    described = []
    for rows, columns, unroll in settings:
        name = f"{rows}x{columns}x{unroll}"
        files[f"{name}.wasm"], description = build(list(counts), target, (rows, columns), unroll)
        described.append({"setting": name, "code": f"{name}.wasm", **description})
    files["modules.json"] = json.dumps(described)
    with staged([HERE / "pointwise.html"], files) as folder:
        result, version = in_browser(folder, "pointwise.html", {"rounds": rounds})
    rows, notes, details = [], [], {}
    for module in result["modules"]:
        layers = [layer_figures(layer, counts) for layer in module["layers"]]
        peak = median(peak for layer in module["layers"] for peak in layer["peaks"])
        share = sum(each["work"] for each in layers) / sum(each["work"] / each["share"] for each in layers)
        name = f"tile and unrolling {module['setting']}" if len(settings) > 1 else "all of them"
        rows.append(Row(name, share * peak, peak, "multiply-add peak", "GFLOP/s", WANTED, wants_more=True))
        best, slow = (choose(layers, key=lambda each: each["share"]) for choose in (max, min))
        notes.append(f"{name}: {milliseconds(layers):.2f} ms; {best['layer']} reaches {best['share']:.2f}, ")
        notes[-1] += f"{slow['layer']} {slow['share']:.2f} of the peak"
        details[module["setting"]] = layers
    title = f"the {counts.total()} products of MobileNetV2 at {side}x{side}, code: {target.variant}"
    return Report("pointwise", title, rows, notes, {"rounds": rounds, "side": side}, details, version)


def layer_figures(layer: Mapping[str, Any], counts: Counter[Layer]) -> dict[str, Any]:
    """One kind of layer: the quickest run, and the median share of the peak of neighbouring runs. `work` is the MFLOP
    of all such layers of the network."""
    m, k, n = shape = (layer["shape"][0], layer["shape"][1], layer["shape"][2])
    mflop = 2e-6 * m * k * n
    return {
        "layer": f"{m}x{k}x{n}",
        "count": counts[shape],
        "work": counts[shape] * mflop,
        "milliseconds": min(layer["times"]),
        "share": median(mflop / t / p for t, p in zip(layer["times"], layer["peaks"], strict=True)),
        "peak": max(layer["peaks"]),
        "error": layer["error"],
    }


def milliseconds(layers: Sequence[Mapping[str, Any]]) -> float:
    """Of all layers, at their quickest."""
    return sum(each["count"] * each["milliseconds"] for each in layers)


def read_setting(text: str) -> tuple[int, int, int]:
    rows, columns, unroll = map(int, text.split("x"))
    return rows, columns, unroll


def main() -> None:
    """Tries other settings: `cd bench && python -m pointwise.pointwise --setting 5x8x2 --setting 4x8x4`."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="rounds over all layers")
    parser.add_argument("--setting", action="append", help="rows x columns x unroll, e.g. 5x8x2; may be repeated")
    parser.add_argument("--portable", action="store_true", help="without relaxed SIMD")
    parser.add_argument("--side", type=int, default=224, help="height and width of the image")
    parser.add_argument("--json", type=Path, help="write the figures of every layer to this file")
    options = parser.parse_args()
    target = PORTABLE if options.portable else RELAXED
    settings = [read_setting(text) for text in options.setting or []] or [(*target.tile, 2)]
    report = measure_settings(settings, target, options.rounds, options.side)
    console = Console()
    show(report, console)
    for setting, layers in report.details.items():
        for each in layers:
            figures = (
                f"{each['milliseconds']:8.4f} ms {100 * each['share']:6.1f} % of the peak, error {each['error']:.1g}"
            )
            console.print(f"{setting:>8} {each['layer']:>14} x{each['count']} {figures}", highlight=False)
    if options.json:
        options.json.write_text(json.dumps(report.details, indent=1))


if __name__ == "__main__":
    main()

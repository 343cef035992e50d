"""How fast is Fanlight beside its peers? Runs the measurements of this folder, prints tables, writes results/*.json
and docs/performance.md.

python bench/run.py [--quick] [name ...]    names: training, latency, ..., those of MEASUREMENTS below; all by default
"""

from __future__ import annotations

import argparse
import importlib
import os

from document import document
from report import show, write
from rich.console import Console

from fanlight.errors import BrowserError

MEASUREMENTS = {  # name -> module
    "training": "training.training",
    "sequences": "training.sequences",
    "frozen_head": "training.frozen_head",
    "latency": "latency.latency",
    "mlp": "contests.mlp",
    "lstm": "contests.lstm",
    "matmul": "contests.matmul",
    "mobilenet": "contests.mobilenet",
    "converted": "contests.converted",
    "frames": "frames.frames",
    "threaded": "contests.threaded",
    "coldstart": "coldstart.coldstart",
    "pointwise": "pointwise.pointwise",
    "firefox": "pointwise.firefox",
    "threads": "pointwise.threads",
}
WIDTH = 110  # of tables that go into a file


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(MEASUREMENTS)}; all by default")
    parser.add_argument("--quick", action="store_true", help="few rounds, to see that everything runs; writes no file")
    parser.add_argument(
        "--kernels", action="store_true", help="only say which kernels of training or sequences take how long"
    )
    options = parser.parse_args()
    if unknown := set(options.names) - set(MEASUREMENTS):
        parser.error(f"expected names of {', '.join(MEASUREMENTS)}, got {', '.join(sorted(unknown))}")
    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDTH)
    if (load := os.getloadavg()[0]) > 0.5:
        console.print(f"[yellow]other programs are using this machine (load {load:.1f}): times will be too long")
    if options.kernels:
        for name in options.names or ["training"]:
            training = importlib.import_module(MEASUREMENTS[name]).training()
            importlib.import_module("kernels.kernels").measure_kernels(training, options.quick)
        return
    for name in options.names or MEASUREMENTS:
        try:
            report = importlib.import_module(MEASUREMENTS[name]).measure(options.quick)
        except BrowserError as error:
            console.print(f"[red]{name} was not measured: {error}")
            continue
        show(report, console)
        if not options.quick:
            console.print(f"  written to bench/results/{write(report).name}")
    if not options.quick:
        console.print(f"  {' and '.join(path.name for path in document())} say what all results say")


if __name__ == "__main__":
    main()

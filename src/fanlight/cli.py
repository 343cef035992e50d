"""What does a command do? Parses, calls, prints; every command has `--json` for machines and exits non-zero on
failure.

Knows no detail of what it calls.
"""

from __future__ import annotations

import atexit
import gc
import json
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from functools import wraps
from pathlib import Path
from typing import Any

import click

from fanlight import __version__
from fanlight.errors import FanlightError, UnsupportedOp

JSON = click.option("--json", "as_json", is_flag=True, help="Print one line of JSON instead of text.")
BUNDLE = click.Path(path_type=Path)  # whether it is there is asked where it is read, so that --json tells that too


def reported(command: Callable[..., Any]) -> Callable[..., Any]:
    """Turns an error that Fanlight raises on purpose, or the system's, into one line and exit code 1."""

    @wraps(command)
    def run(*args: Any, as_json: bool = False, **kwargs: Any) -> None:
        try:
            command(*args, as_json=as_json, **kwargs)
        except (FanlightError, OSError) as error:
            message = " ".join(str(error).split())
            if as_json:
                click.echo(json.dumps({"ok": False, "error": type(error).__name__, "message": message}))
            else:
                click.secho(f"{type(error).__name__}: {message}", fg="red", err=True)
            sys.exit(1)

    return run


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="fanlight")
def main() -> None:
    """Machine learning in the web page, from Python.

    Every command prints text for people, or one line of JSON with --json. The exit code is 0, 1 where something failed,
    and 2 where the command was not understood."""
    # Compiling makes millions of small objects, and hardly a cycle among them: they are looked through less often, and
    # not once more at the end.
    gc.set_threshold(50_000, 20, 20)
    atexit.register(gc.freeze)


@main.command()
@click.option("--port", default=8000, show_default=True, help="The port on 127.0.0.1.")
@click.option("--check", is_flag=True, help="Try everything in a headless browser instead, and exit.")
@click.option(
    "--directory", type=click.Path(path_type=Path), help="Where to write the page; a temporary folder if left out."
)
@JSON
@reported
def demo(port: int, check: bool, directory: Path | None, as_json: bool) -> None:
    """Train a digits network, export its page, and serve it."""
    from fanlight.demo import run_demo

    sys.exit(0 if run_demo(port=port, check=check, directory=directory, as_json=as_json) else 1)


@main.command()
@click.argument("model", type=BUNDLE)
@click.argument("directory", type=BUNDLE)
@click.option("--train", is_flag=True, help="Let the page go on training.")
@click.option("--quantize", type=click.Choice(["float16", "int8"]), help="Store weights in fewer bytes.")
@click.option("--prune", type=click.FloatRange(0, 1, max_open=True), default=0.0, help="Leave out this part of them.")
@click.option("--image", metavar="PRESET", help="The ONNX or TensorFlow file takes pictures: unit, tf, torch or caffe.")
@click.option("--labels", type=BUNDLE, help="A file with a label in each line, of the file's first output.")
@click.option("--dim", "dims", multiple=True, metavar="NAME=N", help="The largest length of an open axis.")
@click.option(
    "--output",
    "outputs",
    multiple=True,
    metavar="NAME",
    help="A tensor at which a graph of TensorFlow or TensorFlow Lite is cut.",
)
@click.option("--signature", metavar="NAME", help="Which function of a SavedModel or of a .tflite file.")
@JSON
@reported
def convert(
    model: Path,
    directory: Path,
    train: bool,
    quantize: str | None,
    prune: float,
    image: str | None,
    labels: Path | None,
    dims: tuple[str, ...],
    outputs: tuple[str, ...],
    signature: str | None,
    as_json: bool,
) -> None:
    """Write MODEL as a folder for the web.

    MODEL is what fl.load opens: a folder of Fanlight's, .keras, .h5, .onnx, .tflite, a SavedModel, a frozen .pb or a
    model.json. DIRECTORY is a new folder, or one page where it ends in .html. With --quantize and --prune
    it says what that saves and changes."""
    from fanlight import load
    from fanlight.onnx_files import described

    with redirect_stdout(sys.stderr if as_json else sys.stdout):
        opened = load(model, **described(model, image, labels, dims, outputs, signature))
        if not hasattr(opened, "export"):
            do = "export its functions again, with fl.export"
            raise UnsupportedOp("convert", expected="a model with layers", got="functions", at=model, do=do)
        path = opened.export(directory, train=train, quantize=quantize, prune=prune)
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    size = sum(file.stat().st_size for file in files)
    click.echo(json.dumps({"ok": True, "path": str(path), "bytes": size}) if as_json else f"{path}  ({size:,} bytes)")


@main.command()
@click.argument("directory", type=BUNDLE)
@click.option("--port", default=8000, show_default=True, help="The port; the next free one where it is taken.")
@click.option("--lan", is_flag=True, help="Serve other machines of the local network too.")
@JSON
@reported
def serve(directory: Path, port: int, lan: bool, as_json: bool) -> None:
    """Serve the exported folder DIRECTORY.

    It is sent as a good web host would send it, with the headers that threads need, until Ctrl+C."""
    from fanlight.server.serve import serve as run_server

    host = "0.0.0.0" if lan else "127.0.0.1"

    def ready(address: str) -> None:
        click.echo(json.dumps({"ok": True, "address": address}) if as_json else f"{address}  (stop with Ctrl+C)")

    run_server(directory, host=host, port=port, on_ready=ready)


@main.command()
@click.argument("source", type=BUNDLE)
@click.option(
    "--after",
    metavar="STAGE",
    help="Print the whole module or program after this stage of compiling: "
    "describe, differentiate, simplify, hoist, sink or lower.",
)
@click.option("--signature", metavar="NAME", help="Which function of a SavedModel.")
@JSON
@reported
def inspect(source: Path, after: str | None, signature: str | None, as_json: bool) -> None:
    """Show what an export, or a file of ONNX or TensorFlow, consists of.

    SOURCE is an exported folder or page: its layers, functions, kernels, state, memory and files. Of a file of ONNX or
    TensorFlow: inputs and outputs, operators and whether they have gradients, weights, work, and all that would be
    refused."""
    from fanlight.inspection import inspect_source, print_inspection

    found = inspect_source(source, after, signature)
    if as_json:
        click.echo(json.dumps(found))
    else:
        print_inspection(found)


@main.command()
@click.argument("source", type=BUNDLE)
@click.option("--privacy", is_flag=True, help="Also plant a canary and prove that nothing leaves the page.")
@click.option("--against", type=BUNDLE, metavar="FILE", help="Compare with what onnxruntime makes of this ONNX file.")
@click.option(
    "--tolerance",
    type=click.FloatRange(min=0),
    help="With --against, the largest difference, as a part of an output's largest absolute value; 1e-4 if left out.",
)
@JSON
@reported
def verify(source: Path, privacy: bool, against: Path | None, tolerance: float | None, as_json: bool) -> None:
    """Test an export in a real browser.

    SOURCE is an exported folder or page: its files, its self-test in both variants, and that it works without a
    network; with --privacy, what leaves the page, and which ways out its policy closes; with --against, whether it
    computes what the file computes that it was converted from. Needs Chromium."""
    if tolerance is not None and against is None:
        raise click.UsageError("--tolerance goes with --against")
    from fanlight.verification import print_verification, verify_bundle

    found = verify_bundle(source, privacy, against, tolerance)
    if as_json:
        click.echo(json.dumps(found))
    else:
        print_verification(found)
    sys.exit(0 if found["ok"] else 1)


@main.command()
@click.argument("source", type=BUNDLE)
@click.option("--rows", type=click.IntRange(min=1), help="How many rows of data a visitor will train on.")
@JSON
@reported
def advise(source: Path, rows: int | None, as_json: bool) -> None:
    """Say what an export asks of a visitor's device.

    SOURCE is an exported folder or page: its download, memory, and how long predictions and training take, measured
    here and estimated for classes of devices; which workflow fits, and what would help."""
    from fanlight.advice import advise_bundle, print_advice

    found = advise_bundle(source, rows)
    if as_json:
        click.echo(json.dumps(found))
    else:
        print_advice(found)


if __name__ == "__main__":
    main()

"""What can a program in the playground do besides Python? `display` pages, draw lines, curves, regions and pictures.

In: lists, arrays, tensors. Out: messages to the page around; a figure of the same title is drawn anew. It also runs
programs, reports errors by line, and packs what they leave behind."""

from __future__ import annotations

import ast
import asyncio
import builtins
import io
import json
import linecache
import os
import shutil
import sys
import traceback
import zipfile
from pathlib import Path
from typing import Any

import js
from pyodide.code import CodeRunner
from pyodide.ffi import to_js

PROGRAM = "program.py"
WORK = Path("/home/pyodide/work")
TAKEN = Path("/home/pyodide/taken")


def ready() -> str:
    """Imports what every program does, while its visitor reads it; which names there are to complete, as JSON."""
    import fanlight
    import fanlight.page_model
    import fanlight.tensor

    modules = {f"fl.{name}": getattr(fanlight, name) for name in ("layers", "optimizers", "losses", "datasets")}
    names = {prefix: [n for n in dir(module) if n[0] != "_"] for prefix, module in modules.items()}
    version = sys.version.split()[0]
    return json.dumps({"names": {"fl": [n for n in dir(fanlight) if n[0] != "_"], **names}, "version": version})


def tell(kind: str, **fields: Any) -> None:
    """Sends a message to the page."""
    js.postMessage(to_js({"kind": kind, **fields}, dict_converter=js.Object.fromEntries))


def numbers(values: Any) -> Any:
    """Nested lists of any array."""
    return (
        values.tolist() if hasattr(values, "tolist") else [numbers(v) for v in values] if _is_rows(values) else values
    )


def _is_rows(values: Any) -> bool:
    return isinstance(values, (list, tuple)) and any(hasattr(v, "tolist") for v in values)


# --- figures


def display(*shown: Any) -> None:
    """Shows a page of a model (`await model.show(page)`), or prints what is no page."""
    for each in shown:
        if type(each).__name__ == "Frame":
            tell("frame", title=each.title, text=each.text, height=each.height)
        else:
            print(each)


def live(title: str, value: Any, step: int | None = None) -> None:
    """Adds a point to a line that grows while the program runs."""
    tell("live", title=title, value=float(value), step=step)


def curve(title: str, x: Any, y: Any, points: tuple[Any, Any] = ((), ())) -> None:
    """A line through (x, y), with points (x, y) around it."""
    line = [flat(x), flat(y)]
    tell("curve", title=title, line=line, points=[flat(each) for each in points])


def plane(size: int, reach: float = 1.0) -> list[list[float]]:
    """The points of a `size` by `size` grid from -reach to reach, in the order in which `regions` takes answers."""
    places = [reach * (2 * (k + 0.5) / size - 1) for k in range(size)]
    return [[x, -y] for y in places for x in places]


def regions(title: str, answers: Any, points: Any, labels: Any, reach: float = 1.0) -> None:
    """Which class has which part of the plane: probabilities on the points of `plane`, and labelled points."""
    rows = numbers(answers)
    size = round(len(rows) ** 0.5)
    best = [max(range(len(row)), key=row.__getitem__) for row in rows]
    sure = [max(row) for row in rows]
    shown = {"points": numbers(points), "labels": [int(label) for label in numbers(labels)]}
    tell("regions", title=title, size=size, best=best, sure=sure, reach=reach, **shown)


def pictures(title: str, images: Any, captions: Any, wrong: Any = ()) -> None:
    """Small pictures of one channel, with a caption each; `wrong` numbers those that stand out."""
    listed = [flat(image) for image in numbers(images)]
    high = max(max(image) for image in listed) or 1
    pixels = [[value / high for value in image] for image in listed]
    tell("pictures", title=title, images=pixels, captions=[str(each) for each in captions], wrong=list(wrong))


def flat(values: Any) -> list[float]:
    """All numbers, one after the other."""
    found = numbers(values)
    return [float(found)] if not isinstance(found, (list, tuple)) else [n for each in found for n in flat(each)]


# --- running

_task: asyncio.Task[None] | None = None
_globals: dict[str, Any] = {}


async def run(source: str) -> None:
    """Runs a program with names of its own; says at the end how it went, and what can be taken along."""
    global _task
    os.chdir("/")  # a folder where one stands cannot be removed
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    os.chdir(WORK)
    _globals.clear()
    _globals.update({"__name__": "__main__", "__file__": PROGRAM, "display": display})
    linecache.cache[PROGRAM] = (len(source), None, source.splitlines(keepends=True), PROGRAM)
    _task = asyncio.ensure_future(_run(source))
    state = "done"
    try:
        await _task
    except asyncio.CancelledError:
        state = "stopped"
    except BaseException as error:
        state = "failed"
        _report(error)
    finally:
        _task = None
    sys.stdout.flush()
    sys.stderr.flush()
    tell("end", state=state, models=models(), files=sorted(path.name for path in WORK.iterdir()))


async def _run(source: str) -> None:
    runner = CodeRunner(source, filename=PROGRAM, return_mode="none", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    try:
        await runner.compile().run_async(_globals)
    except KeyboardInterrupt:  # in a task it would end the event loop
        raise asyncio.CancelledError from None
    except SystemExit as error:
        if error.code:
            print(error.code, file=sys.stderr)


def stop() -> None:
    """Ends the program where it waits."""
    if _task is not None:
        _task.cancel()


def _report(error: BaseException) -> None:
    """The traceback without the frames of the playground, and of Fanlight and the library where the program has its
    own; the last line of the program that it went through is told."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename == PROGRAM]
    line, text = (own[-1].lineno, own[-1].line) if own else (None, None)
    if isinstance(error, SyntaxError) and error.filename == PROGRAM:
        line, own = error.lineno, []
    elif not own:
        own = list(frames)
    lines = ["Traceback (most recent call last):\n", *traceback.format_list(own)] if own else []
    lines += traceback.format_exception_only(error)
    if isinstance(error, ModuleNotFoundError):
        lines.append("The playground has Python's standard library, fanlight, and playground; no other package.\n")
    message = traceback.format_exception_only(error)[-1].strip()
    tell("error", text="".join(lines), line=line, message=message, source=text)


# --- taking along


def models() -> list[dict[str, str]]:
    """The program's models that have learnt something: the variable, and the model's own name."""
    import fanlight

    found = {n: v for n, v in _globals.items() if isinstance(v, fanlight.Model) and v._epochs and n[0] != "_"}
    return [{"variable": name, "title": model.name} for name, model in found.items()]


async def take(name: str, form: str) -> tuple[str, bytes]:
    """A model of the program as a file: "folder", zipped, or "file", one HTML file. With the page that the program
    described, where there is one."""
    import fanlight

    model = _globals[name]
    page = next((v for v in _globals.values() if isinstance(v, fanlight.Page)), None) or fanlight.Page(model.name)
    shutil.rmtree(TAKEN, ignore_errors=True)
    TAKEN.mkdir(parents=True)
    path = TAKEN / (model.name if form == "folder" else f"{model.name}.html")
    await model.export(path, train=True, page=page)
    return packed(path)


def packed(path: Path) -> tuple[str, bytes]:
    """A file, or a folder as one zip file."""
    if path.is_file():
        return path.name, path.read_bytes()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for each in sorted(path.rglob("*")):
            archive.write(each, Path(path.name) / each.relative_to(path))
    return f"{path.name}.zip", buffer.getvalue()


async def send(what: str, name: str) -> None:
    """Hands a file of the program, or a model ("folder", "file"), to the page."""
    try:
        file, data = packed(WORK / name) if what == "written" else await take(name, what)
        tell("download", name=file, data=data)
    except Exception as error:
        tell("refused", text=str(error))


builtins.display = display  # type: ignore[attr-defined]  # as notebooks have it

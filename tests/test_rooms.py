"""Do the files keep to their rooms? Who imports whom, what imports at all, how long a file is, how it opens.

In: the source text of src/fanlight (and the length of files elsewhere). Imports nothing of the project but in one
subprocess, where no third-party package can be found at all.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src"
PACKAGE = SOURCE / "fanlight"

# room -> what it may import of Fanlight besides itself and `errors`: rooms, or single modules of a room.
EDGES = {
    "errors": set(),
    "arrays": set(),
    "datasets": {"arrays"},
    "ir": set(),
    "ops": {"ir"},
    "layers": {"ir", "ops"},
    "training": {"ir", "ops", "layers"},
    "importers": {"ir", "ops", "layers"},
    "exporters": {"ir", "ops", "layers"},
    "passes": {"ir", "ops"},
    "lowering": {"ir", "ops"},
    "targets": {"ir"},
    "bundle": {"ir", "arrays"},
    "engines": {"ir", "arrays", "bundle.manifest"},
    "web": set(),
}

# These cross: they may import every room and each other; no room may import them. `__init__` is the table of contents.
CONDUCTORS = {
    "callbacks",
    *("__init__", "__main__", "compiler", "model", "tensor", "cli", "server"),
    *(
        "fitting",
        "publishing",
        "loading",
        "onnx_files",
        "tensorflow_files",
        "tflite_files",
        "onnx_inspection",
        "tensorflow_inspection",
        "description",
        "display",
        "inspection",
        "verification",
        "demo",
        "demo_check",
        "tracing",
    ),
    *("content", "described", "page_model", "plain_rows", "exported", "gradients", "progress", "rows"),
    *(
        "advice",
        "features",
        "keras_files",
        "keras_saving",
        "live_keras",
        "live_onnx",
        "page_fitting",
        "samples",
        "smaller",
    ),
    "insides",
}

# Rooms whose folders never import each other: no target knows another.
SEPARATE_FOLDERS = {"targets"}

# The compiler handles descriptions, never data: these import only the standard library when they are imported ...
COMPILER = {"compiler", "errors", "arrays", "ir", "ops", "layers", "training"}
COMPILER |= {"passes", "lowering", "targets", "bundle"}
# ... and inside functions only what stands here.
LATE_IMPORTS = {
    "ops": {"numpy"},  # the references
    "arrays": {"numpy"},  # where it is installed
    "bundle": {"rjsmin"},  # comments are stripped at export
}

# Packages that are native, heavy or optional: imported late everywhere, so that the rest works without them.
ALWAYS_LATE = {"wasmtime", "wgpu", "onnx", "h5py", "keras", "jax", "torch", "skl2onnx", "flwr", "playwright", "IPython"}
ALWAYS_LATE |= {"onnxruntime", "google", "tensorflow", "tflite", "flatbuffers"}

CODE = {".py", ".js", ".mjs", ".sh"}
LONGEST = 400
# Tables may be longer: path from the root -> why.
LONG_TABLES: dict[str, str] = {}

MODULES = sorted(PACKAGE.rglob("*.py"))


class Import(NamedTuple):
    """One import statement: a dotted module, its line, and whether it runs when the file is imported."""

    module: str
    line: int
    at_import: bool


def dotted(path: Path) -> tuple[str, ...]:
    """src/fanlight/ir/dim.py -> ("fanlight", "ir", "dim"); an __init__.py keeps that name."""
    return path.relative_to(SOURCE).with_suffix("").parts


def imports_of(path: Path) -> Iterator[Import]:
    """Yield all imports of a file, in whatever scope, with relative ones made absolute."""
    yield from imports_in(ast.parse(path.read_text(encoding="utf-8")), dotted(path), at_import=True)


def imports_in(node: ast.AST, importer: tuple[str, ...], at_import: bool) -> Iterator[Import]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield Import(alias.name, node.lineno, at_import)
    elif isinstance(node, ast.ImportFrom):
        parent = ".".join(importer[: len(importer) - node.level]) if node.level else ""
        module = ".".join(part for part in (parent, node.module) if part)
        for alias in node.names:
            member = f"{module}.{alias.name}"
            yield Import(member if is_module(member) else module, node.lineno, at_import)
    else:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            at_import = False
        only_types = isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
        for child in ast.iter_child_nodes(node):
            yield from imports_in(child, importer, at_import and not (only_types and child in node.body))


def is_module(name: str) -> bool:
    path = SOURCE.joinpath(*name.split("."))
    return path.with_suffix(".py").is_file() or path.is_dir()


def is_allowed(importer: str, imported: str) -> bool:
    """Whether EDGES let one module of Fanlight import another; both are dotted names without `fanlight`."""
    room, *inner = importer.split(".")
    other, *other_inner = imported.split(".")
    if room in CONDUCTORS or other == "errors":
        return True
    if room == other:
        folders = [parts[0] for parts in (inner, other_inner) if parts and (PACKAGE / room / parts[0]).is_dir()]
        return room not in SEPARATE_FOLDERS or len(set(folders)) < 2
    return any(imported == edge or imported.startswith(f"{edge}.") for edge in EDGES[room])


@pytest.mark.parametrize("path", MODULES, ids=lambda path: ".".join(dotted(path)[1:]))
def test_a_module_imports_only_what_its_room_may(path):
    name = ".".join(dotted(path)[1:])
    room = name.split(".")[0]
    assert room in EDGES or room in CONDUCTORS, f"{room} is not a room; ARCHITECTURE.md and EDGES name the rooms"
    wrong = []
    for module, line, at_import in imports_of(path):
        top, _, inner = module.partition(".")
        if top == "fanlight":
            if not is_allowed(name, inner or "__init__"):
                wrong.append(f"line {line}: {room} may not import {module}")
        elif top not in sys.stdlib_module_names:
            if at_import and top in ALWAYS_LATE:
                wrong.append(f"line {line}: {top} is imported inside the function that needs it")
            elif room in COMPILER and (at_import or top not in LATE_IMPORTS.get(room, ())):
                wrong.append(f"line {line}: {room} does without {top}{' at import time' if at_import else ''}")
    assert not wrong, "\n".join([str(path.relative_to(ROOT)), *wrong])


def test_the_edges_tell_right_from_wrong():
    assert is_allowed("lowering.fuse", "ir.graph")
    assert is_allowed("engines.wasm", "bundle.manifest")
    assert is_allowed("cli", "engines.wasm")
    assert is_allowed("targets.wasm.emit", "targets.wasm.encoding")
    assert is_allowed("ir.graph", "errors")
    assert not is_allowed("ir.graph", "ops.matmul")
    assert not is_allowed("engines.wasm", "bundle.write")
    assert not is_allowed("passes.fold", "lowering.fuse")
    assert not is_allowed("layers.core", "model")
    assert not is_allowed("ops.conv", "__init__")


def test_imports_are_found_in_every_scope():
    text = "import math\nif TYPE_CHECKING:\n    import numpy\nclass C:\n    import ast\n"
    text += "def f():\n    from .. import errors"
    found = list(imports_in(ast.parse(text), ("fanlight", "ir", "graph"), at_import=True))
    assert [item.module for item in found] == ["math", "numpy", "ast", "fanlight.errors"]
    assert [item.at_import for item in found] == [True, False, True, False]


def test_the_compiler_is_imported_without_any_package():
    names = [".".join(part for part in dotted(path) if part != "__init__") for path in MODULES]
    compiler = [name for name in names if name == "fanlight" or name.split(".")[1] in COMPILER]
    # -S leaves out site-packages: what is not the standard library does not exist.
    script = "\n".join(["import sys", f"sys.path.insert(0, {str(SOURCE)!r})", *(f"import {name}" for name in compiler)])
    done = subprocess.run([sys.executable, "-I", "-S", "-"], input=script, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr[-2000:]


def test_files_are_short():
    folders = ("src", "tests", "bench", "examples", "tools")
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in CODE]
    paths = [path for path in paths if not {"golden", "node_modules", "site"} & set(path.parts)]
    lengths = {path.relative_to(ROOT).as_posix(): len(path.read_text(encoding="utf-8").splitlines()) for path in paths}
    long = {name: length for name, length in lengths.items() if length >= LONGEST and name not in LONG_TABLES}
    assert not long, f"files have fewer than {LONGEST} lines, one idea each: {long}"
    assert not LONG_TABLES.keys() - lengths.keys(), "LONG_TABLES names files that are gone"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: ".".join(dotted(path)[1:]))
def test_a_module_opens_with_its_question(path):
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    count = len(text.splitlines())
    assert 1 <= count <= 5, f"{path.relative_to(ROOT)} opens with a docstring of one to five lines, not {count}"


def test_scripts_of_the_page_open_with_their_question():
    scripts = {path.name: path.read_text(encoding="utf-8") for path in PACKAGE.glob("web/**/*.js")}
    silent = [name for name, text in scripts.items() if not text.lstrip().startswith(("//", "/*"))]
    assert not silent, f"files of web/ open with a comment that says their question: {silent}"

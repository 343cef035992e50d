"""What does an export consist of? Layers, functions, kernels, memory and files; or the text of one stage of compiling.

In: an exported folder or page, or a file of ONNX or TensorFlow. Out: facts as JSON has them, and the same printed.
Compiles the module again: a bundle has graphs and code, but not what lies between."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from fanlight.bundle.manifest import FORMAT, Function, Manifest, Slot
from fanlight.bundle.read import Bundle, read_bundle
from fanlight.compiler import GRAPH_STAGES, TARGETS, Compiled, compile
from fanlight.description import kernel_operations
from fanlight.errors import UnknownNameError, UnsupportedOp
from fanlight.importers.names import is_keras, is_onnx, is_tensorflow, is_tflite
from fanlight.insides import layer_rows
from fanlight.ir import dim as dims
from fanlight.ir.kernel import Procedure, Program, kernels_of
from fanlight.ir.module import Module
from fanlight.ir.program_text import program_text
from fanlight.ir.text import module_text, size_text
from fanlight.ir.types import Type, item_bytes
from fanlight.loading import read_model, read_module
from fanlight.publishing import VARIANTS

STAGES = ("describe", *(name for name, _ in GRAPH_STAGES), "lower")
LARGEST = 5  # kernels that are listed for each function
VARIANT = "portable"  # every bundle has it, and memory is the same in all

Facts = dict[str, Any]


def inspect_source(source: Path, after: str | None = None, signature: str | None = None) -> Facts:
    """What is in the bundle `source`, or with `after` the text of its module or program after that stage: "describe"
    is the module before any. Of a file of ONNX or TensorFlow, what `onnx_inspection` or `tensorflow_inspection` tells;
    `signature` says which function of a SavedModel. Raises UnknownNameError for another stage or signature,
    ModelFormatError or StorageError where `source` is no bundle."""
    if after is not None and after not in STAGES:
        raise UnknownNameError("inspect --after", expected=f"one of {', '.join(STAGES)}", got=repr(after))
    is_other = any(is_one(source) for is_one in (is_onnx, is_keras, is_tflite)) and not source.is_dir()
    if is_tensorflow(source) or is_other:
        return inspect_file(source, after, signature)
    if signature is not None:
        raise UnknownNameError("inspect --signature", expected="a SavedModel", got=source)
    bundle = read_bundle(source)
    if after is not None:
        text = module_text(read_module(bundle)) if after == STAGES[0] else stage_text(read_module(bundle), after)
        return {"ok": True, "source": str(source), "after": after, "text": text}
    manifest = bundle.manifest
    compiled = None if manifest.graph is None else compile(read_module(bundle), TARGETS[VARIANTS[VARIANT]])
    return {
        "ok": True,
        "source": str(source),
        "form": "folder" if source.is_dir() else "one-file",
        "name": manifest.name,
        "format": FORMAT,
        "fanlight": manifest.fanlight,
        "license": manifest.license,
        "citation": manifest.citation,
        "training": training_facts(manifest),
        "layers": None if compiled is None else layer_facts(bundle),
        "functions": [function_facts(manifest, name, compiled) for name in manifest.functions],
        "state": state_facts(manifest),
        "memory": memory_facts(manifest, compiled),
        "code": None if compiled is None else {"same": compiled.code == bundle.content(manifest.code[VARIANT])},
        "files": file_facts(manifest),
    }


def inspect_file(source: Path, after: str | None, signature: str | None) -> Facts:
    """What is in a file that another tool wrote."""
    if signature is not None and not is_tensorflow(source):
        raise UnknownNameError("inspect --signature", expected="a SavedModel", got=source)
    if after is None and is_onnx(source) and not source.is_dir():
        from fanlight.onnx_inspection import inspect_onnx

        return inspect_onnx(source)
    if after is None and is_tensorflow(source):
        from fanlight.tensorflow_inspection import inspect_tensorflow

        return inspect_tensorflow(source, signature)
    expected = "an exported folder or page" + (
        ", or a file of ONNX or TensorFlow" if after is None else " with --after"
    )
    do = f"convert it first: {convert_command(source)}"
    raise UnsupportedOp("inspect", expected=expected, got=source, do=do)


def convert_command(source: Path, *options: str) -> str:
    """What is typed to export a model file."""
    return shlex.join(["fanlight", "convert", str(source), f"{source.stem}-site", *options])


def stage_text(module: Module, after: str) -> str:
    """The text of what `after` gives when `module` is compiled."""
    found: dict[str, object] = {}
    compile(module, TARGETS[VARIANTS[VARIANT]], record=found.__setitem__)
    result = found[after]
    assert isinstance(result, Module | Program)
    return module_text(result) if isinstance(result, Module) else program_text(result)


# --- facts


def training_facts(manifest: Manifest) -> Facts | None:
    if (training := manifest.training) is None:
        return None
    names = {"optimizer": training.optimizer, "loss": training.loss, "metrics": list(training.metrics)}
    return {**names, "batch": training.batch}


def layer_facts(bundle: Bundle) -> list[Facts] | None:
    """The rows of the table that `model.summary()` shows; None for a bundle of plain functions."""
    model = read_model(bundle)
    return None if model is None else layer_rows(model.network)


def function_facts(manifest: Manifest, name: str, compiled: Compiled | None) -> Facts:
    """One exported function: what it takes and gives at which sizes, and the kernels that this compiler makes of it."""
    function: Function = manifest.functions[name]
    facts: Facts = {
        "name": name,
        "sizes": [{"name": size.name, "low": size.low, "high": size.high} for size in function.sizes],
        "inputs": [slot_facts(slot, manifest) for slot in function.inputs],
        "outputs": [slot_facts(slot, manifest) for slot in function.outputs],
        "writes": len(function.writes),
        "guarded": function.guarded,
        "operations": function.operations,
    }
    if compiled is None or name not in compiled.program.procedures:
        return facts | {"kernels": None, "derived_kernels": None, "arena_bytes": None, "largest": None}
    program, procedure = compiled.program, compiled.program.procedures[name]
    ranked = sorted(kernel_operations(procedure.kernels), key=lambda pair: -pair[0])
    total = sum(count for count, _ in ranked) or 1
    derived = [kernel for number in procedure.derivations for kernel in program.derivations[number].kernels]
    return facts | {
        "kernels": dict(sorted(Counter(kernel.kind for kernel in kernels_of(procedure.kernels)).items())),
        "derived_kernels": len(derived),
        "arena_bytes": end_of_arena(program, procedure) - start_of_arena(program),
        "largest": [
            {"name": kernel.name, "kind": kernel.kind, "operations": count, "share": round(count / total, 4)}
            for count, kernel in ranked[:LARGEST]
        ],
    }


def slot_facts(slot: Slot, manifest: Manifest) -> Facts:
    meaning = manifest.meanings.get(slot.name, {}).get("kind")
    return {"name": slot.name, "type": repr(Type(slot.dtype, slot.shape)), "meaning": meaning}


def state_facts(manifest: Manifest) -> list[Facts]:
    """State by role: how many arrays, numbers and bytes, and how many of the numbers training changes."""
    found: dict[str, Facts] = {}
    for slot in manifest.state:
        role = found.setdefault(slot.role, {"role": slot.role, "arrays": 0, "numbers": 0, "trainable": 0, "bytes": 0})
        type = Type(slot.dtype, slot.shape)
        role["arrays"] += 1
        role["numbers"] += type.count
        role["trainable"] += type.count if slot.trainable else 0
        role["bytes"] += bytes_of(type)
    return list(found.values())


def bytes_of(type: Type) -> int:
    count = type.count
    assert isinstance(count, int)
    return count * item_bytes(type.dtype)


def memory_facts(manifest: Manifest, compiled: Compiled | None) -> Facts:
    """All that a page allocates, known before it runs; and its parts, as this compiler plans them. What remains is the
    header and the room between buffers."""
    facts: Facts = {"bytes": manifest.memory.bytes, "pages": manifest.memory.pages}
    if compiled is None:
        return facts | {"state": None, "derived": None, "arena": None}
    program = compiled.program
    spaces = Counter[str]()
    for buffer in program.buffers.values():
        spaces[buffer.space] += buffer.bytes
    arena = program.bytes - start_of_arena(program)
    return facts | {"state": spaces["state"], "derived": spaces["derived"], "arena": arena}


def start_of_arena(program: Program) -> int:
    """Where what all functions share begins: below lie the header, state, and what is derived from it."""
    offsets = [b.offset for b in program.buffers.values() if b.space in ("input", "output", "arena")]
    return min(offsets, default=program.bytes)


def end_of_arena(program: Program, procedure: Procedure) -> int:
    """Where the last buffer of a function ends."""
    touched = {buffer for step in procedure.kernels for buffer in step.touched}
    touched |= {*procedure.inputs.values(), *procedure.outputs.values()}
    buffers = [program.buffers[name] for name in touched if name in program.buffers]
    ends = [b.offset + b.bytes for b in buffers if b.space in ("input", "output", "arena")]
    return max(ends, default=start_of_arena(program))


def file_facts(manifest: Manifest) -> list[Facts]:
    """Every file but the manifest, the largest first."""
    files = sorted(manifest.files.items(), key=lambda item: (-item[1].bytes, item[0]))
    return [{"name": name, "bytes": entry.bytes, "gzip": entry.gzip} for name, entry in files]


# --- print


def print_inspection(found: Mapping[str, Any]) -> None:
    """Prints what `inspect_source` found: tables for people, or the text of a stage as it is."""
    if "text" in found:
        print(found["text"], end="")
        return
    if found["form"] == "onnx":
        from fanlight.onnx_inspection import headline, tables
    elif found["form"] == "tensorflow":
        from fanlight.tensorflow_inspection import headline, tables
    else:
        headline, tables = bundle_headline, bundle_tables
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    for line in headline(found):
        console.print(Text(line), soft_wrap=True)
    for title, columns, rows in tables(found):
        if rows:
            console.print(table(title, columns, rows))
    if "next" in found:
        console.print(Text(found["next"]), soft_wrap=True)


def bundle_headline(found: Mapping[str, Any]) -> list[str]:
    form = {"folder": "exported folder", "one-file": "exported page in one file"}[found["form"]]
    lines = [f"{found['name']}: {form}, format {found['format']}, written by Fanlight {found['fanlight'] or '?'}"]
    if training := found["training"]:
        metrics = "".join(f", {name}" for name in training["metrics"])
        lines.append(f"trains with {training['optimizer']}, {training['loss']}{metrics}; batch {training['batch']}")
    lines += [f"{key}: {found[key]}" for key in ("license", "citation") if found[key]]
    memory = found["memory"]
    parts = ", ".join(
        f"{key} {size_of(memory[key])}" for key in ("state", "derived", "arena") if memory[key] is not None
    )
    lines.append(f"memory: {size_of(memory['bytes'])}, known before it runs" + (f" ({parts})" if parts else ""))
    if found["code"] is None:
        lines.append("the bundle has no graph: its layers and kernels cannot be shown")
    elif not found["code"]["same"]:
        lines.append("another version compiled it: kernels and parts of memory are what this version makes of it")
    return lines


def bundle_tables(found: Mapping[str, Any]) -> list[tuple[str, Sequence[str], list[Sequence[str]]]]:
    """Titles, columns and rows; a column whose name ends in a colon holds numbers."""
    files, functions = found["files"], [each for each in found["functions"] if each["kernels"] is not None]
    layers = found["layers"] or []
    total = {key: sum(file[key] for file in files) for key in ("bytes", "gzip")}
    return [
        ("layers", ("layer", "output", "parameters:", "from"), [layer_cells(row) for row in layers]),
        ("functions", ("function", "takes", "gives"), [signature_cells(each) for each in found["functions"]]),
        (
            "state",
            ("role", "arrays:", "numbers:", "trained:", "bytes:"),
            [
                [row["role"], *(f"{row[k]:,}" for k in ("arrays", "numbers", "trainable", "bytes"))]
                for row in found["state"]
            ],
        ),
        ("kernels", ("function", "kernels", "operations:", "arena:"), [kernel_cells(each) for each in functions]),
        (
            "largest kernels",
            ("function", "kernel", "kind", "operations:", "share:"),
            [
                [each["name"], row["name"], row["kind"], f"{row['operations']:,}", f"{row['share']:.1%}"]
                for each in functions
                for row in each["largest"]
            ],
        ),
        (
            "files",
            ("file", "bytes:", "gzip:"),
            [[row["name"], f"{row['bytes']:,}", f"{row['gzip']:,}"] for row in [*files, {"name": "all", **total}]],
        ),
    ]


def layer_cells(row: Mapping[str, Any]) -> Sequence[str]:
    count = f"{row['parameters']:,}" if row["parameters"] else ""
    frozen = " (frozen)" if row["parameters"] and not row["trainable"] else ""
    return f"{row['name']} ({row['kind']})", ", ".join(row["outputs"]), count + frozen, ", ".join(row["inputs"])


def signature_cells(function: Mapping[str, Any]) -> Sequence[str]:
    ends = [
        "\n".join(
            f"{slot['name']}: {slot['type']}" + (f" ({slot['meaning']})" if slot["meaning"] else "") for slot in side
        )
        for side in (function["inputs"], function["outputs"])
    ]
    sizes = ", ".join(size_text(dims.Size(size["name"], size["low"], size["high"])) for size in function["sizes"])
    writes = f"writes {function['writes']} arrays of state" if function["writes"] else ""
    return "\n".join(filter(None, (function["name"], sizes))), ends[0], "\n".join(filter(None, (ends[1], writes)))


def kernel_cells(function: Mapping[str, Any]) -> Sequence[str]:
    kinds = [f"{count} {kind}" for kind, count in function["kernels"].items()]
    kinds += [f"{function['derived_kernels']} derived from state"] if function["derived_kernels"] else []
    return function["name"], ", ".join(kinds), f"{function['operations']:,}", size_of(function["arena_bytes"])


def table(title: str, columns: Iterable[str], rows: Iterable[Sequence[str]]) -> Any:
    """A table for `rich`; names have brackets in them, which it would read as markup."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    made = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    for column in columns:
        made.add_column(column.rstrip(":"), justify="right" if column.endswith(":") else "left", overflow="fold")
    for row in rows:
        made.add_row(*map(Text, row))
    return made


def size_of(count: int) -> str:
    """Bytes as people read them: `7.9 KB`."""
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("KB", 1e3)):
        if count >= scale:
            return f"{count / scale:.1f} {unit}"
    return f"{count} bytes"

"""What fits where? Download, memory and time of an export, here and on classes of devices; and what to do about it.

In: an exported folder or page, and how many rows a visitor will have. Out: facts as JSON has them. Times here are
measured; those elsewhere are estimates and say so."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

from fanlight.advice.alternatives import alternatives
from fanlight.advice.devices import DEVICES, estimate
from fanlight.advice.measure import Speed, measure_speed
from fanlight.advice.print_advice import duration, print_advice
from fanlight.bundle.manifest import NAME, Manifest
from fanlight.bundle.read import Bundle, read_bundle
from fanlight.compiler import TARGETS, compile
from fanlight.inspection import bytes_of
from fanlight.ir.types import Type, item_bytes
from fanlight.loading import read_module

__all__ = ["advise_bundle", "print_advice"]

ROWS = 1000  # where the user does not say how many rows a visitor has
EPOCHS, TUNING_EPOCHS = 20, 3  # of a training from scratch, and of a fine-tuning
PATIENCE = 60.0  # seconds that a visitor waits for a training with a progress bar
ROWS_PER_PARAMETER = 0.1  # with fewer, a network learns its rows by heart: a rule of thumb
CORE, TRAIN = ("index", "engine", "meanings"), ("learn", "train", "worker")  # runtime files by the start of their names

Facts = dict[str, Any]


def advise_bundle(source: Path, rows: int | None = None) -> Facts:
    """What an exported folder or page asks of a visitor's device. Raises ModelFormatError or StorageError where
    `source` is no bundle, or one without its graph."""
    bundle = read_bundle(source)
    manifest = bundle.manifest
    compiled = compile(read_module(bundle), TARGETS["wasm-portable"])
    speed, why = measure_speed(bundle, compiled)
    count = ROWS if rows is None else rows
    batch = manifest.training.batch if manifest.training else None
    tried = alternatives(bundle, compiled.program)
    trainable = numbers(manifest, only_trainable=True)
    devices = [
        row(device.name, device.gflops, speed, estimate(1.0, speed.gflops, device), batch, count) for device in DEVICES
    ]
    facts: Facts = {
        "ok": True,
        "source": str(source),
        "name": manifest.name,
        "rows": count,
        "rows_given": rows is not None,
        "parameters": numbers(manifest),
        "trainable": trainable,
        "download": download(bundle),
        "memory": manifest.memory.bytes,
        "measured": {"where": speed.where, "why_not_in_a_browser": why},
        "here": row("here", speed.gflops, speed, 1.0, batch, count),
        "devices": devices,
        "training": None if batch is None else {"batch": batch, "epochs": EPOCHS, "tuning_epochs": TUNING_EPOCHS},
    }
    facts["alternatives"] = [
        {"what": each.what, "step": each.step, "memory": each.memory, "trainable": each.trainable} for each in tried
    ]
    facts["workflow"], facts["why"] = workflow(facts)
    facts["help"] = helps(facts, manifest)
    return facts


def numbers(manifest: Manifest, only_trainable: bool = False) -> int:
    """How many numbers are parameters."""
    slots = [slot for slot in manifest.state if slot.role == "parameter" and (slot.trainable or not only_trainable)]
    return sum(bytes_of(Type(slot.dtype, slot.shape)) // item_bytes(slot.dtype) for slot in slots)


def download(bundle: Bundle) -> Facts:
    """Bytes of a first visit, as a host that compresses sends them, by what they are."""
    manifest = bundle.manifest
    if not bundle.path.is_dir():
        return {"all in one file": len(gzip.compress(bundle.path.read_bytes(), 9))}
    size = {name: entry.gzip or entry.bytes for name, entry in manifest.files.items()}
    starts = {name: name.split(".")[0] for name in size}
    parts = {
        "manifest": len(gzip.compress((bundle.path / NAME).read_bytes(), 9)),
        "runtime": sum(size[name] for name, start in starts.items() if start in CORE and name.endswith(".js")),
        "code": size[manifest.code.get("relaxed", manifest.code["portable"])],
        "weights": sum(size[name] for name in manifest.weights),
        "page": sum(count for name, count in size.items() if starts[name].startswith("page-") or name == "index.html"),
    }
    if manifest.training is not None:
        parts["runtime for training"] = sum(size[name] for name, start in starts.items() if start in TRAIN)
    return parts


def row(name: str, gflops: float, speed: Speed, factor: float, batch: int | None, rows: int) -> Facts:
    """Times on one device, each measured here times `factor`; seconds for all epochs."""
    step = None if speed.step is None else speed.step * factor
    epoch = None if step is None or batch is None else 1e-3 * step * -(-rows // batch)
    return {
        "name": name,
        "gflops": gflops,
        "estimate": name != "here",
        "predict_ms": None if speed.predict is None else speed.predict * factor,
        "step_ms": step,
        "train_s": None if epoch is None else epoch * EPOCHS,
        "tune_s": None if epoch is None else epoch * TUNING_EPOCHS,
    }


def workflow(facts: Facts) -> tuple[str, str]:
    """Online, hybrid or offline, and the reason in words; judged on the slowest phone that is not a budget one."""
    phone = next(each for each in facts["devices"] if each["name"] == "recent phone")
    if phone["train_s"] is None:
        return "offline", "the export predicts only; export(..., train=True) lets the page learn"
    rows, few = facts["rows"], facts["rows"] < ROWS_PER_PARAMETER * facts["trainable"]
    if phone["train_s"] <= PATIENCE and not few:
        return "online", (
            f"{EPOCHS} epochs over {rows:,} rows take some {duration(phone['train_s'])} on a recent phone: "
            "it can learn from nothing, in the page"
        )
    if phone["tune_s"] <= PATIENCE:
        reason = (
            f"{rows:,} rows are few for {facts['trainable']:,} parameters"
            if few
            else f"{EPOCHS} epochs would take some {duration(phone['train_s'])} on a recent phone"
        )
        return "hybrid", (
            f"{reason}: train it beforehand, and let the page fine-tune it "
            f"({TUNING_EPOCHS} epochs: {duration(phone['tune_s'])})"
        )
    return "offline", (
        f"already {TUNING_EPOCHS} epochs over {rows:,} rows would take some {duration(phone['tune_s'])} "
        "on a recent phone: train elsewhere, or freeze most of it"
    )


def helps(facts: Facts, manifest: Manifest) -> list[str]:
    """What would make it quicker, smaller or lighter, with what it changes; compiled and compared, not guessed."""
    found = []
    for each in facts["alternatives"]:
        changes = []
        if each["step"] < 0.9:
            changes.append(f"an epoch takes about {each['step']:.0%} of the arithmetic")
        elif each["step"] > 1.1:
            changes.append(f"an epoch takes {each['step'] - 1:.0%} more arithmetic")
        if each["memory"] < 0.95:
            changes.append(f"memory falls to {each['memory']:.0%}")
        if changes:
            trained = f" ({each['trainable']:,} numbers are trained)" if each["trainable"] < facts["trainable"] else ""
            found.append(f"{each['what']}: {', '.join(changes)}{trained}")
    floats = sum(
        bytes_of(Type(slot.dtype, slot.shape))
        for slot in manifest.state
        if slot.dtype == "float32" and slot.role in ("parameter", "statistic")
    )
    if floats > 1_000_000:
        found.append(
            f'export(..., quantize="int8"): weights of some {floats / 4e6:.1f} MB instead of {floats / 1e6:.1f} MB '
            f'("float16": {floats / 2e6:.1f}), where the page does not train them'
        )
    return found

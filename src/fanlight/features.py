"""How does a head train without running its frozen trunk each time? On features: what the trunk gave for each row.

In: an engine whose program has `features`, arrays of rows. Out: an engine and arrays for the same training, with the
same losses. The page does the same in features.js."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fanlight.fitting import Arrays, Engine, batches, joined, row_count

if TYPE_CHECKING:
    from fanlight.engines.wasm import WasmEngine

LIMIT = 512 << 20  # bytes of features that are kept; above it each step runs the trunk
HEADS = {"train_step": "train_head", "evaluate_step": "evaluate_head"}


class OnFeatures:
    """An engine whose steps begin at the features."""

    def __init__(self, engine: Engine):
        self.engine, self.program = engine, engine.program

    def call(self, name: str, inputs: Mapping[str, Any]) -> Arrays:
        return self.engine.call(HEADS.get(name, name), inputs)


def on_features(
    engine: WasmEngine, arrays: Arrays, validation: Arrays | None, verbose: int | str
) -> tuple[Engine, tuple[Arrays, Arrays | None]]:
    """Engine, rows and validation rows to train with: with features instead of inputs, where the program has a frozen
    trunk and they take at most LIMIT bytes; else as they are."""
    procedures = engine.program.procedures
    if "features" not in procedures or row_count(arrays, "fit") == 0:
        return engine, (arrays, validation)
    sets = [each for each in (arrays, validation) if each is not None]
    first = features(engine, {name: array[:1] for name, array in arrays.items()})
    needed = sum(array.nbytes for array in first.values()) * sum(row_count(each, "fit") for each in sets)
    if needed > LIMIT:
        if verbose not in (0, "auto"):
            size = f"{needed >> 20} MB, more than {LIMIT >> 20}"
            print(f"features of the frozen trunk would take {size}: each step runs it", file=sys.stderr)
        return engine, (arrays, validation)
    targets = procedures["train_head"].inputs.keys() - procedures["features"].outputs.keys()
    found = [features(engine, each) | {name: each[name] for name in targets} for each in sets]
    return OnFeatures(engine), (found[0], found[1] if validation is not None else None)


def features(engine: WasmEngine, arrays: Arrays) -> Arrays:
    """What the frozen trunk gives for all rows, by name."""
    procedure = engine.program.procedures["features"]
    most = min((size.high for size in procedure.sizes if size.name == "batch"), default=1)
    rows = {name: arrays[name] for name in procedure.inputs}
    parts = [engine.call("features", batch) for batch in batches(rows, most)]
    return joined(parts, "features")

"""What may a page show of a model's inside? Its layers, the kernels of its functions, and code that calls each alone.

In: compiled variants, the rows of the table of layers. Out: the arrays of the bundle's file `inside`, which widgets
fetch when they are asked."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fanlight.arrays import Array
from fanlight.bundle.dim_json import dim_to_json
from fanlight.compiler import Compiled
from fanlight.errors import CompileError
from fanlight.ir.dim import DimLike
from fanlight.ir.kernel import Kernel, Loop, Step
from fanlight.layers.network import Network
from fanlight.targets.wasm.emit import emit

Facts = dict[str, Any]


def layer_rows(network: Network) -> list[Facts]:
    """The rows of the table that `model.summary()` shows."""
    return [
        {
            "name": row.name,
            "kind": row.kind,
            "outputs": list(map(repr, row.output)),
            "parameters": row.parameters,
            "trainable": row.trainable,
            "inputs": list(row.inputs),
        }
        for row in network.summary()
    ]


def inside_arrays(compiled: Mapping[str, Compiled], layers: list[Facts] | None) -> dict[str, Array]:
    """`facts`, JSON as bytes: {"layers", "kernels": {function: rows}}; and for each variant its code, in which kernel
    number k of a function f can also be called alone, as `f/k`."""
    procedures = next(iter(compiled.values())).program.procedures
    kernels = {name: list(kernel_rows(procedure.kernels)) for name, procedure in procedures.items()}
    facts = json.dumps({"layers": layers, "kernels": kernels}, ensure_ascii=False).encode()
    codes = {variant: emit(each.program, each.target, steps=True) for variant, each in compiled.items()}
    return {name: Array("uint8", (len(data),), data) for name, data in {"facts": facts, **codes}.items()}


def kernel_rows(steps: Iterable[Step], rounds: tuple[DimLike, ...] = (), sometimes: bool = False) -> Iterator[Facts]:
    """Each kernel, in the order in which `emit` numbers them. `rounds`: how often a call runs it, as the lengths of the
    loops around it; None where the data decide. `sometimes`: it may also run less often."""
    for step in steps:
        if isinstance(step, Kernel):
            row = {"name": step.name, "kind": step.kind, "rounds": _in_json(rounds)}
            yield row | ({"sometimes": True} if sometimes else {})
        elif isinstance(step, Loop):
            yield from kernel_rows(step.steps, (*rounds, step.extent), sometimes or bool(step.guard))
        else:
            yield from kernel_rows((*step.yes, *step.no), rounds, True)


def _in_json(rounds: tuple[DimLike, ...]) -> list[Any] | None:
    try:
        return [dim_to_json(extent) for extent in rounds]
    except CompileError:
        return None

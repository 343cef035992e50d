"""Does a call fit a program? What every engine asks before it runs: names of functions, inputs and state, and the sizes
that the shapes of inputs give. Knows no memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fanlight.errors import ShapeError, UnknownNameError
from fanlight.ir import dim as dims
from fanlight.ir.kernel import Procedure, Program

NOT_FINITE = {"expected": "a finite loss", "got": "NaN or infinity", "do": "nothing was written"}


def procedure_of(program: Program, name: str, inputs: Mapping[str, Any]) -> Procedure:
    """The function `name`, which must take just these inputs."""
    if name not in program.procedures:
        raise UnknownNameError(f"function {name!r}", expected=f"one of {sorted(program.procedures)}", got=name)
    procedure = program.procedures[name]
    if set(inputs) != set(procedure.inputs):
        raise UnknownNameError(f"inputs of {name!r}", expected=sorted(procedure.inputs), got=sorted(inputs))
    return procedure


def state_buffer(program: Program, name: str) -> str:
    """The buffer of a state array."""
    if name not in program.state:
        raise UnknownNameError(f"state {name!r}", expected=f"one of {sorted(program.state)}", got=name)
    return program.state[name]


def sizes_of(program: Program, name: str, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, int]:
    """The open sizes of a function, found from the shapes of its inputs."""
    procedure = program.procedures[name]
    sizes: dict[str, int] = {}
    for label, buffer in procedure.inputs.items():
        if buffer not in program.buffers:
            continue  # nothing reads it
        type, shape = program.buffers[buffer].type, shapes[label]
        if len(shape) != type.rank:
            raise ShapeError(f"input {label!r} of {name!r}", expected=type, got=f"{len(shape)} dims: {shape}")
        for extent, length in zip(type.shape, shape, strict=True):
            open_size = dims.single_size(extent)
            if open_size is not None and sizes.setdefault(open_size.name, length) != length:
                expected = f"{open_size.name} = {sizes[open_size.name]}"
                raise ShapeError(f"input {label!r} of {name!r}", expected=expected, got=length)
    for size in procedure.sizes:
        if size.name not in sizes:
            raise ShapeError(f"function {name!r}", expected=f"an input whose shape gives {size.name!r}", got="none")
        if not size.low <= sizes[size.name] <= size.high:
            expected = f"{size.name} in {size.low}..{size.high}"
            raise ShapeError(f"function {name!r}", expected=expected, got=sizes[size.name])
    return sizes

"""How is a compiled module described to those who run it? Program -> manifest.

In: a module and its program. Out: the manifest's functions, state and memory. Knows no files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fanlight import __version__
from fanlight.bundle.manifest import Function, Manifest, Memory, Slot, StateSlot, Training
from fanlight.ir import dim as dims
from fanlight.ir.control import LONGEST
from fanlight.ir.kernel import Branch, Kernel, Loop, Procedure, Program, Step
from fanlight.ir.module import Module
from fanlight.ir.scalar import walk
from fanlight.targets.wasm.emit import pages


def describe_module(
    module: Module, program: Program, name: str, training: Mapping[str, Any] | None = None, **facts: Any
) -> Manifest:
    """The manifest of a compiled module that is in no folder yet; `facts` are its licence, citation, source, page."""
    return Manifest(
        name=name,
        functions={name: _function(program, procedure, module) for name, procedure in program.procedures.items()},
        state=tuple(_state(program, module, name) for name in program.state),
        memory=Memory(pages(program), program.bytes, program.versions),
        meanings=module.meanings,
        training=None if training is None else Training(**{key: training[key] for key in Training.__slots__}),
        fanlight=__version__,
        **facts,
    )


def _slot(program: Program, name: str, buffer: str) -> Slot:
    placed = program.buffers[buffer]
    return Slot(name, placed.type.dtype, placed.type.shape, placed.offset)


def _function(program: Program, procedure: Procedure, module: Module) -> Function:
    return Function(
        sizes=procedure.sizes,
        inputs=tuple(_slot(program, name, buffer) for name, buffer in procedure.inputs.items()),
        outputs=tuple(_slot(program, name, buffer) for name, buffer in procedure.outputs.items()),
        writes=tuple(module.functions[procedure.name].writes),
        guarded=bool(procedure.guard),
        operations=sum(map(operations, procedure.kernels)),
    )


def _state(program: Program, module: Module, name: str) -> StateSlot:
    spec, placed = module.state[name], program.buffers[program.state[name]]
    shape = tuple(int(extent) for extent in spec.type.shape)  # type: ignore[arg-type]  # state has no open dims
    initial = None if spec.role == "parameter" else spec.initial
    return StateSlot(
        name, spec.type.dtype, shape, placed.offset, program.groups[name], spec.role, spec.trainable, initial
    )


def operations(step: Step) -> int:
    """An estimate of the scalar operations of one run of a kernel, loop or branch at the largest sizes; of a branch
    both sides count."""
    return sum(count for count, _ in kernel_operations([step]))


def kernel_operations(steps: Iterable[Step], runs: int = 1) -> Iterator[tuple[int, Kernel]]:
    """Every kernel of a tree of steps with the scalar operations of all its runs."""
    for step in steps:
        if isinstance(step, Loop):
            length = dims.upper(step.extent)  # a loop without a bound counts as one step
            yield from kernel_operations(step.steps, runs * (length if length < LONGEST else 1))
        elif isinstance(step, Branch):
            yield from kernel_operations((*step.yes, *step.no), runs)
        else:
            points = dims.upper(dims.product([axis.extent for axis in step.axes]))
            terms = dims.upper(dims.product([axis.extent for axis in step.reduce]))
            body = 0 if step.value is None else 1 + sum(1 for node in walk(step.value) if node.args)
            ends = sum(1 + sum(1 for node in walk(store.value) if node.args) for store in step.stores)
            yield runs * points * (terms * body + ends), step

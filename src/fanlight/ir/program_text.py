"""How are kernels and programs printed? For `fanlight inspect` and golden files; `ir.parse_program` reads it back.

In: a kernel, or a program. Out: text that says all of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from fanlight.ir import dim as dims
from fanlight.ir.kernel import (
    Axis,
    Buffer,
    Contraction,
    Derivation,
    Kernel,
    Loop,
    Operand,
    Procedure,
    Program,
    Sorting,
    Step,
    dense,
)
from fanlight.ir.scalar import Scalar, row_text, text, walk
from fanlight.ir.text import name_text, size_text, where_text

LONGEST = 100  # characters of an expression; above it, what is used again gets a line of its own


def kernel_text(kernel: Kernel) -> str:
    """One kernel: its axes, operands, reduction, stores and schedule:

    kernel dense contract: i0 < batch, panel < 2, lane < 8 over r0 < 64
      %0 = image: f32[batch, 64]
      add of mul(%0[i0, r0], %1[panel, r0, lane])
      %2[i0, 8*panel + lane] = max(acc, 0.0)
    """
    over = f" over {axes_text(kernel.reduce)}" if kernel.reduce else ""
    lines = [f"kernel {name_text(kernel.name)} {kernel.kind}: {axes_text(kernel.axes)}{over}"]
    lines += [f"  %{slot} = {operand_text(operand)}" for slot, operand in enumerate(kernel.operands)]
    roots = [*([kernel.value] if kernel.value is not None else []), *(store.value for store in kernel.stores)]
    names, parts = named_parts(roots)
    summed = set() if kernel.value is None else set(walk(kernel.value))
    lines += [f"  {line}" for node, line in parts.items() if node in summed]
    if kernel.value is not None:
        lines.append(f"  {kernel.combine} of {expression_text(kernel.value, names)}")
    lines += [f"  {line}" for node, line in parts.items() if node not in summed]
    for store in kernel.stores:
        place = ", ".join(map(dims.text, store.indices))
        lines.append(f"  %{store.slot}[{place}] = {expression_text(store.value, names)}")
    plan = kernel.schedule
    if isinstance(plan, Sorting):
        lines.append(f"  {'select' if plan.selects else 'merge'} in %{plan.scratch}, {dims.text(plan.keep)} kept")
    if isinstance(plan, Contraction):
        tile = f"tile {plan.tile_rows}x{plan.tile_columns}, unroll {plan.unroll}, split {plan.split}"
        lines.append(f"  contract %{plan.a} by %{plan.b}, {plan.columns} columns, {tile}")
    return "\n".join(lines) + "\n"


def axes_text(axes: Iterable[Axis]) -> str:
    """`i0 < batch, i1 < 8`, or `once` for no loop."""
    return ", ".join(f"{axis.name} < {dims.text(axis.extent)}" for axis in axes) or "once"


def operand_text(operand: Operand) -> str:
    """`x: f32[batch, 64]`, and the strides where the view is not the dense array."""
    layout = operand.layout
    place = ""
    if layout != dense(operand.type):
        place = f" strides ({', '.join(map(dims.text, layout.strides))})"
        place += f" offset {dims.text(layout.offset)}" if layout.offset != 0 else ""
    return f"{name_text(operand.buffer)}: {operand.type!r}{place}"


def named_parts(roots: list[Scalar]) -> tuple[dict[Scalar, str], dict[Scalar, str]]:
    """Names for what long expressions use more than once, and the lines that define them."""
    nodes = list(dict.fromkeys(node for root in roots for node in walk(root)))
    lengths: dict[Scalar, int] = {}
    for node in nodes:
        lengths[node] = sum(lengths[a] for a in node.args) + (len(text(node)) if not node.args else len(node.op) + 2)
    uses = Counter(argument for node in nodes for argument in node.args)
    names: dict[Scalar, str] = {}
    lines: dict[Scalar, str] = {}
    for node in nodes:
        if node.args and uses[node] > 1 and max(map(lengths.__getitem__, roots)) > LONGEST:
            line = expression_text(node, names)
            names[node] = f"${len(names)}"
            lines[node] = f"{names[node]} = {line}"
    return names, lines


def expression_text(root: Scalar, names: dict[Scalar, str]) -> str:
    """A scalar expression in which named parts are written by their names."""
    written: dict[Scalar, str] = dict(names)
    for node in walk(root):
        if node not in written:
            arguments = ", ".join(written[a] for a in node.args)
            written[node] = f"{row_text(node)}({arguments})" if node.args else text(node)
    return written[root]


def buffer_text(buffer: Buffer) -> str:
    """`arena x @1024: f32[batch, 8], 1024 bytes where 1 <= batch <= 32`."""
    sizes = sorted({size for extent in buffer.type.shape for size in dims.sizes(extent)}, key=lambda size: size.name)
    place = f"{buffer.space} {name_text(buffer.name)} @{buffer.offset}"
    return f"{place}: {buffer.type!r}, {buffer.bytes} bytes{where_text(sizes)}"


def procedure_text(procedure: Procedure) -> str:
    """One exported function with its kernels."""
    lines = [f"procedure {name_text(procedure.name)}{where_text(procedure.sizes)}"]
    lines += [f"  input {name_text(name)} = {name_text(buffer)}" for name, buffer in procedure.inputs.items()]
    lines += [f"  derivation {number}" for number in procedure.derivations]
    stop = [f"stop with status 1 unless {name_text(procedure.guard)}"] if procedure.guard else []
    lines += indented(steps_lines(procedure.kernels, stop, procedure.guard_after))
    lines += [f"  output {name_text(name)} = {name_text(buffer)}" for name, buffer in procedure.outputs.items()]
    lines += [f"  writes state group {group}" for group in procedure.groups]
    return "\n".join(lines) + "\n"


def indented(lines: Iterable[str]) -> list[str]:
    return [f"  {line}" for line in lines]


def steps_lines(steps: Iterable[Step], stop: list[str], stop_after: int = -1) -> list[str]:
    """Kernels, loops and branches in order; `stop` is written after step number `stop_after`."""
    lines = list(stop) if stop_after < 0 else []
    for number, step in enumerate(steps):
        lines += step_lines(step)
        lines += stop if number == stop_after else []
    return lines


def step_lines(step: Step) -> list[str]:
    """A kernel, or a loop or branch with what is inside, up to `end`:

    loop scan_3: 0 <= step0 <= 11, extent 12
      carry predict/scan_3/c
      kernel ...
    end
    """
    if isinstance(step, Kernel):
        return kernel_text(step).splitlines()
    if isinstance(step, Loop):
        reverse = " reverse" if step.reverse else ""
        header = f"loop {name_text(step.name)}{reverse}: {size_text(step.size)}, extent {dims.text(step.extent)}"
        carries = [f"  carry {name_text(buffer)}" for buffer in step.carries]
        stop = [f"stop unless {name_text(step.guard)}"] if step.guard else []
        return [header, *carries, *indented(steps_lines(step.steps, stop, step.guard_after)), "end"]
    sides = [*indented(steps_lines(step.yes, [])), "else", *indented(steps_lines(step.no, []))]
    return [f"branch {name_text(step.name)} if {name_text(step.condition)}", *sides, "end"]


def derivation_text(derivation: Derivation, number: int) -> str:
    """The kernels that compute derived buffers, and from which state groups."""
    groups = ", ".join(map(str, derivation.groups))
    lines = [f"derivation {number} of groups {groups}: {', '.join(map(name_text, derivation.buffers))}"]
    lines += [f"  {line}" for kernel in derivation.kernels for line in kernel_text(kernel).splitlines()]
    return "\n".join(lines) + "\n"


def program_text(program: Program) -> str:
    """A whole program: memory, derived state, procedures."""
    lines = [f"program of {program.bytes} bytes, versions @{program.versions}"]
    buffers = sorted(program.buffers.values(), key=lambda buffer: (buffer.offset, buffer.name))
    lines += [f"  {buffer_text(buffer)}" for buffer in buffers]
    for name, buffer in program.state.items():
        lines.append(f"  holds {name_text(name)} = {name_text(buffer)}, group {program.groups[name]}")
    parts = [derivation_text(derivation, number) for number, derivation in enumerate(program.derivations)]
    parts += [procedure_text(procedure) for procedure in program.procedures.values()]
    return "\n".join(["\n".join(lines) + "\n", *parts])

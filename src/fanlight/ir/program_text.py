"""How are kernels and programs printed? For `fanlight inspect`, golden files and messages; nothing reads it back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from fanlight.ir import dim as dims
from fanlight.ir.kernel import Axis, Buffer, Kernel, Operand, Procedure, Program, dense
from fanlight.ir.scalar import Scalar, text, walk
from fanlight.ir.text import size_text

LONGEST = 100  # characters of an expression; above it, what is used again gets a line of its own


def kernel_text(kernel: Kernel) -> str:
    """One kernel: its axes, operands, reduction, stores and schedule:

    kernel dense contract: i0 < batch, panel < 2, lane < 8
      %0 = image: f32[batch, 64]
      add over r0 < 64: mul(%0[i0, r0], %1[panel, r0, lane])
      %2[i0, 8*panel + lane] = max(acc, 0.0)
    """
    lines = [f"kernel {kernel.name} {kernel.kind}: {axes_text(kernel.axes) or 'once'}"]
    lines += [f"  %{slot} = {operand_text(operand)}" for slot, operand in enumerate(kernel.operands)]
    roots = [*([kernel.value] if kernel.value is not None else []), *(store.value for store in kernel.stores)]
    names, lets = named_parts(roots)
    lines += [f"  {line}" for line in lets]
    if kernel.value is not None:
        lines.append(f"  {kernel.combine} over {axes_text(kernel.reduce)}: {expression_text(kernel.value, names)}")
    for store in kernel.stores:
        place = ", ".join(map(dims.text, store.indices))
        lines.append(f"  %{store.slot}[{place}] = {expression_text(store.value, names)}")
    if kernel.schedule is not None:
        plan = kernel.schedule
        tile = f"tile {plan.tile_rows}x{plan.tile_columns}, unroll {plan.unroll}, split {plan.split}"
        lines.append(f"  contract %{plan.a} by %{plan.b}, {plan.columns} columns, {tile}")
    return "\n".join(lines) + "\n"


def axes_text(axes: Iterable[Axis]) -> str:
    return ", ".join(f"{axis.name} < {dims.text(axis.extent)}" for axis in axes)


def operand_text(operand: Operand) -> str:
    """`x: f32[batch, 64]`, and the strides where the view is not the dense array."""
    layout = operand.layout
    place = ""
    if layout != dense(operand.type):
        place = f" strides ({', '.join(map(dims.text, layout.strides))})"
        place += f" offset {dims.text(layout.offset)}" if layout.offset != 0 else ""
    return f"{operand.buffer}: {operand.type!r}{place}"


def named_parts(roots: list[Scalar]) -> tuple[dict[Scalar, str], list[str]]:
    """Names for what long expressions use more than once, and the lines that define them."""
    nodes = list(dict.fromkeys(node for root in roots for node in walk(root)))
    lengths: dict[Scalar, int] = {}
    for node in nodes:
        lengths[node] = sum(lengths[a] for a in node.args) + (len(text(node)) if not node.args else len(node.op) + 2)
    uses = Counter(argument for node in nodes for argument in node.args)
    names: dict[Scalar, str] = {}
    lines: list[str] = []
    for node in nodes:
        if node.args and uses[node] > 1 and max(map(lengths.__getitem__, roots)) > LONGEST:
            line = expression_text(node, names)
            names[node] = f"${len(names)}"
            lines.append(f"{names[node]} = {line}")
    return names, lines


def expression_text(root: Scalar, names: dict[Scalar, str]) -> str:
    """A scalar expression in which named parts are written by their names."""
    written: dict[Scalar, str] = dict(names)
    for node in walk(root):
        if node not in written:
            kind = f"{node.op}.{node.dtype}" if node.op in ("cast", "bitcast") else node.op
            written[node] = f"{kind}({', '.join(written[a] for a in node.args)})" if node.args else text(node)
    return written[root]


def buffer_text(buffer: Buffer) -> str:
    return f"{buffer.space} {buffer.name} @{buffer.offset}: {buffer.type!r}, {buffer.bytes} bytes"


def procedure_text(procedure: Procedure) -> str:
    """One exported function with its kernels."""
    sizes = f" where {', '.join(map(size_text, procedure.sizes))}" if procedure.sizes else ""
    lines = [f"procedure {procedure.name}{sizes}"]
    lines += [f"  input {name} = {buffer}" for name, buffer in procedure.inputs.items()]
    lines += [f"  derivation {number}" for number in procedure.derivations]
    for number, kernel in enumerate(procedure.kernels):
        lines += [f"  {line}" for line in kernel_text(kernel).splitlines()]
        if procedure.guard and number == procedure.guard_after:
            lines.append(f"  stop with status 1 unless {procedure.guard}")
    lines += [f"  output {name} = {buffer}" for name, buffer in procedure.outputs.items()]
    lines += [f"  writes state group {group}" for group in procedure.groups]
    return "\n".join(lines) + "\n"


def program_text(program: Program) -> str:
    """A whole program: memory, derived state, procedures."""
    lines = [f"program of {program.bytes} bytes, versions @{program.versions}"]
    lines += [
        f"  {buffer_text(buffer)}" for buffer in sorted(program.buffers.values(), key=lambda b: (b.offset, b.name))
    ]
    lines += [f"  state {name} = {buffer}, group {program.groups[name]}" for name, buffer in program.state.items()]
    for number, derivation in enumerate(program.derivations):
        groups = ", ".join(map(str, derivation.groups))
        lines.append(f"derivation {number} of groups {groups}: {', '.join(derivation.buffers)}")
        lines += [f"  {line}" for kernel in derivation.kernels for line in kernel_text(kernel).splitlines()]
    return "\n".join([*lines, *(procedure_text(procedure) for procedure in program.procedures.values())])

"""Which layers run a cell over time? RNN, SimpleRNN, LSTM, GRU: one loop over the steps of a sequence.

In: `[batch, time, features]`. Out: the last output `[batch, units]`, or all, `[batch, time, units]`. What a step needs
of the inputs alone is one product before the loop (see `passes.hoist`).
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from fanlight.errors import UnsupportedOp
from fanlight.ir.graph import Value
from fanlight.ir.types import Type
from fanlight.layers.base import Layer
from fanlight.layers.calling import frozen, leaves
from fanlight.layers.cells import (
    GRUArguments,
    GRUCell,
    LSTMArguments,
    LSTMCell,
    SimpleRNNArguments,
    SimpleRNNCell,
    StackedRNNCells,
    check_cell,
    state_types,
)
from fanlight.layers.context import Context
from fanlight.layers.nested import layer_from
from fanlight.ops import functions as fn


@dataclass(eq=False, repr=False)
class Recurrent(Layer):
    """What the layers that run a cell share; the cell is their part `cell`.

    `initial_state` is one state or a list of them, zeros where it is not given. Steps that the mask leaves out keep the
    states, and repeat the output before them (`zero_output_for_mask`: are 0). `stateful`: the batch, whose size is
    known then, goes on where the last call ended. `unroll` changes nothing here. With several states, nested in Keras,
    `return_state` gives them all in one row.
    """

    return_sequences: bool = False
    return_state: bool = False
    go_backwards: bool = False
    stateful: bool = False
    unroll: bool = False
    zero_output_for_mask: bool = field(default=False, kw_only=True)

    def add_cell(self, cell: Layer) -> Layer:
        """Make `cell` the one that is run."""
        check_cell(cell, self)
        return self.add_part("cell", cell)

    def build(self, *types: Type) -> None:
        if types[0].rank < 3:
            raise self.error("sequences [batch, time, ...]", types[0])
        step = step_of(types[0])
        self.parts["cell"].ensure_built(step)
        if self.stateful:
            for k, type in enumerate(state_types(self.parts["cell"], step)):
                self.add_weight(f"state_{k}", type.shape, "zeros", role="carried")

    def call(
        self, context: Context, sequences: Value, initial_state: Any = None, mask: Value | None = None
    ) -> tuple[Value, ...]:
        types = state_types(self.parts["cell"], step_of(sequences.type))
        if initial_state is not None:
            states = list(leaves(frozen(initial_state)))
        elif self.stateful:
            states = [context.current(f"state_{k}", type) for k, type in enumerate(types)]
        else:
            states = [fn.zeros(type.shape) for type in types]
        if [state.type for state in states] != list(types):
            raise self.error(f"states {list(types)}", [state.type for state in states])
        last, rows, states = self.loop(context, sequences, states, mask)
        if self.stateful:
            for k, state in enumerate(states):
                context.update(f"state_{k}", state)
        y = last if rows is None else rows
        handed_on = context.masks.get(sequences) if mask is None else mask
        if self.return_sequences and handed_on is not None:
            context.masks[y] = handed_on
        return (y, *states) if self.return_state else (y,)

    def loop(
        self, context: Context, x: Value, states: list[Value], mask: Value | None
    ) -> tuple[Value, Value | None, list[Value]]:
        """The last output, all of them with `return_sequences`, and the last states."""
        is_state: int | None = None  # which state is the output

        def step(carry: list[Value], slices: Any) -> tuple[list[Value], Value | None]:
            nonlocal is_state
            row, counts = slices
            y, *new = self.part_outputs(context, "cell", row, states=tuple(carry))
            if len(new) != len(carry):
                raise self.error(f"{len(carry)} new states from the cell", len(new))
            is_state = next((k for k, state in enumerate(new) if state is y), None)
            if counts is not None:
                before = fn.zeros_like(y) if self.zero_output_for_mask else carry[is_state or 0]
                y = fn.where(spread(counts, y), y, before)
                new = [fn.where(spread(counts, old), state, old) for old, state in zip(carry, new, strict=True)]
                if self.zero_output_for_mask:
                    is_state = None
            return new, y if self.return_sequences or is_state is None else None

        if mask is not None and mask.rank > 2:  # of parts of a step: it counts where one of them does
            mask = fn.any(mask, axis=tuple(range(2, mask.rank)))
        slices = [fn.moveaxis(x, 1, 0), None if mask is None else fn.transpose(mask)]
        losses, updates = len(context.losses), dict(context.updates)
        states, rows = fn.scan(step, states, slices, reverse=self.go_backwards)
        if len(context.losses) != losses or context.updates != updates:
            got = self.parts["cell"].label
            raise UnsupportedOp(self.label, expected="a cell without statistics and losses of its own", got=got)
        last = states[is_state] if is_state is not None else rows[0 if self.go_backwards else -1]
        if not self.return_sequences:
            return last, None, states
        return last, fn.moveaxis(fn.flip(rows, 0) if self.go_backwards else rows, 0, 1), states


def step_of(sequences: Type) -> Type:
    """The type of one step of the inputs."""
    return Type(sequences.dtype, (sequences.shape[0], *sequences.shape[2:]))


def spread(counts: Value, x: Value) -> Value:
    """bool [batch] as [batch, 1, ...], of the rank of x."""
    return fn.reshape(counts, (counts.shape[0], *[1] * (x.rank - 1)))


@dataclass(eq=False, repr=False)
class CellArgument(Layer):
    """What RNN is given before all else."""

    cell: Any


@dataclass(eq=False, repr=False)
class RNN(Recurrent, CellArgument):
    """A cell, or a list of cells, over the steps of `[batch, time, ...]`."""

    def check(self) -> None:
        if isinstance(self.cell, list | tuple):
            self.cell = StackedRNNCells(self.cell)
        self.cell = self.add_cell(layer_from(self.cell, self))


class _RunsOwnCell(Recurrent):
    """A layer whose arguments are those of its cell, and those of the loop."""

    cell_type: type[Layer]
    arguments: type[Layer]

    def check(self) -> None:
        names = [each.name for each in fields(self.arguments) if each.name not in ("name", "activity_regularizer")]
        self.add_cell(self.cell_type(**{name: getattr(self, name) for name in names}))


@dataclass(eq=False, repr=False)
class SimpleRNN(_RunsOwnCell, SimpleRNNArguments):
    """A fully connected recurrence: h = activation(x @ kernel + bias + h @ recurrent_kernel)."""

    cell_type, arguments = SimpleRNNCell, SimpleRNNArguments


@dataclass(eq=False, repr=False)
class LSTM(_RunsOwnCell, LSTMArguments):
    """Long short-term memory over `[batch, time, features]`; the formulas are LSTMCell's. Its states are h, c."""

    cell_type, arguments = LSTMCell, LSTMArguments


@dataclass(eq=False, repr=False)
class GRU(_RunsOwnCell, GRUArguments):
    """Gated recurrent units over `[batch, time, features]`; the formulas are GRUCell's. Its state is h."""

    cell_type, arguments = GRUCell, GRUArguments

"""What does a recurrent layer do in one step? SimpleRNNCell, LSTMCell, GRUCell, and several of them as one.

A cell is any layer with a `state_size` and `call(context, inputs, states)`, which gives the output, `[batch, units]`,
and then the new states. The arguments of a cell are those of the layer that runs it, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from fanlight.errors import UnsupportedOp
from fanlight.ir.dim import known
from fanlight.ir.graph import Value
from fanlight.ir.types import Type
from fanlight.layers.activations import ACTIVATIONS
from fanlight.layers.base import Layer
from fanlight.layers.calling import frozen, leaves
from fanlight.layers.context import Context
from fanlight.layers.initializers import Initializer
from fanlight.layers.nested import layer_from
from fanlight.ops import functions as fn


def state_types(cell: Layer, step: Type) -> tuple[Type, ...]:
    """The types of a cell's states for inputs of type `step`: one after the other, however Keras nests them."""
    known: Any = cell  # a cell of one's own says `state_size` alone, as Keras's
    if hasattr(known, "state_types"):
        return known.state_types(step)
    return tuple(Type("float32", (step.shape[0], size)) for size in leaves(frozen(known.state_size)))


@dataclass(eq=False, repr=False)
class SimpleRNNArguments(Layer):
    """What SimpleRNNCell and SimpleRNN are given."""

    units: int
    activation: Any = "tanh"
    use_bias: bool = True
    kernel_initializer: Any = "glorot_uniform"
    recurrent_initializer: Any = "orthogonal"
    bias_initializer: Any = "zeros"
    kernel_regularizer: Any = None
    recurrent_regularizer: Any = None
    bias_regularizer: Any = None
    kernel_constraint: Any = None
    recurrent_constraint: Any = None
    bias_constraint: Any = None
    dropout: float = 0.0
    recurrent_dropout: float = 0.0
    seed: int | None = None


@dataclass(eq=False, repr=False)
class LSTMArguments(Layer):
    """What LSTMCell and LSTM are given."""

    units: int
    activation: Any = "tanh"
    recurrent_activation: Any = "sigmoid"
    use_bias: bool = True
    kernel_initializer: Any = "glorot_uniform"
    recurrent_initializer: Any = "orthogonal"
    bias_initializer: Any = "zeros"
    unit_forget_bias: bool = True
    kernel_regularizer: Any = None
    recurrent_regularizer: Any = None
    bias_regularizer: Any = None
    kernel_constraint: Any = None
    recurrent_constraint: Any = None
    bias_constraint: Any = None
    dropout: float = 0.0
    recurrent_dropout: float = 0.0
    seed: int | None = None


@dataclass(eq=False, repr=False)
class GRUArguments(Layer):
    """What GRUCell and GRU are given."""

    units: int
    activation: Any = "tanh"
    recurrent_activation: Any = "sigmoid"
    use_bias: bool = True
    kernel_initializer: Any = "glorot_uniform"
    recurrent_initializer: Any = "orthogonal"
    bias_initializer: Any = "zeros"
    kernel_regularizer: Any = None
    recurrent_regularizer: Any = None
    bias_regularizer: Any = None
    kernel_constraint: Any = None
    recurrent_constraint: Any = None
    bias_constraint: Any = None
    dropout: float = 0.0
    recurrent_dropout: float = 0.0
    reset_after: bool = True
    seed: int | None = None


class _GatedCell(Layer):
    """What cells share that multiply the inputs, and the last output, by the kernels of several gates."""

    gates: ClassVar[int]
    units: int
    use_bias: bool
    dropout: float
    recurrent_dropout: float
    seed: int | None

    def check(self) -> None:
        if not isinstance(self.units, int) or isinstance(self.units, bool) or self.units < 1:
            raise self.error("a positive number of units", repr(self.units))
        for rate in (self.dropout, self.recurrent_dropout):
            if not 0 <= rate < 1:
                raise self.error("a dropout from 0 to below 1", rate)

    @property
    def state_size(self) -> int | tuple[int, ...]:
        return self.units

    @property
    def bias_shape(self) -> tuple[int, ...]:
        return (self.gates * self.units,)

    def build(self, *types: Type) -> None:
        if types[0].rank != 2:
            raise self.error("inputs [batch, features] in each step", types[0])
        self.declare("kernel", (types[0].shape[-1], self.gates * self.units))
        self.declare("recurrent_kernel", (self.units, self.gates * self.units), "recurrent")
        if self.use_bias:
            self.declare("bias", self.bias_shape)

    def from_inputs(self, context: Context, x: Value, bias: Value | None) -> Value:
        """What the inputs bring to each gate: it needs no state, so a loop computes it for all steps at once."""
        y = product(self.dropped(context, x, self.dropout), self.weight(context, "kernel"))
        return y if bias is None else y + bias

    def dropped(self, context: Context, x: Value, rate: float) -> list[Value]:
        """x for each gate, in training without some elements, the same ones in every step: one draw for all gates, or
        with `recurrent_dropout` one for each, as in Keras."""
        if not context.training or rate == 0:
            return [x] * self.gates
        count = self.gates if self.recurrent_dropout else 1
        drawn = [x * dropout_mask(context.random_key(self.seed), x.type, rate) for _ in range(count)]
        return drawn if count == self.gates else drawn * self.gates


def dropout_mask(key: Value, type: Type, rate: float) -> Value:
    """0 with probability `rate`, else 1 / (1 - rate)."""
    return fn.where(fn.random_uniform(key, type.shape) < 1 - rate, 1 / (1 - rate), 0.0)


def product(xs: Sequence[Value], kernel: Value) -> Value:
    """Each x by its part of the kernel, side by side: one product where all are the same."""
    if all(x is xs[0] for x in xs):
        return fn.matmul(xs[0], kernel)
    parts = fn.split(kernel, len(xs), axis=1)
    return fn.concatenate([fn.matmul(x, part) for x, part in zip(xs, parts, strict=True)], axis=-1)


@dataclass(eq=False, repr=False)
class SimpleRNNCell(_GatedCell, SimpleRNNArguments):
    """activation(x @ kernel + bias + h @ recurrent_kernel): the output, and the new state h."""

    gates: ClassVar[int] = 1

    def call(self, context: Context, inputs: Value, states: Sequence[Value]) -> tuple[Value, ...]:
        (h,) = states
        x = self.from_inputs(context, inputs, self.weight(context, "bias") if self.use_bias else None)
        h = product(self.dropped(context, h, self.recurrent_dropout), self.weight(context, "recurrent_kernel"))
        h = ACTIVATIONS[self.activation](x + h)
        return h, h


@dataclass(eq=False, repr=False)
class LSTMCell(_GatedCell, LSTMArguments):
    """Long short-term memory (Hochreiter and Schmidhuber 1997; forget gate: Gers and others 2000). States h and c:

    i, f, g, o = x @ kernel + bias + h @ recurrent_kernel; c = s(f) c + s(i) a(g); h = s(o) a(c), where s is
    `recurrent_activation` and a is `activation`. `unit_forget_bias` begins the bias of f at 1.
    """

    gates: ClassVar[int] = 4

    @property
    def state_size(self) -> tuple[int, ...]:
        return (self.units, self.units)

    def build(self, *types: Type) -> None:
        super().build(*types)
        if self.use_bias and self.unit_forget_bias:
            bias = self.weights["bias"]
            self.weights["bias"] = replace(bias, initializer=ForgetBias(bias.initializer))

    def call(self, context: Context, inputs: Value, states: Sequence[Value]) -> tuple[Value, ...]:
        h, c = states
        x = self.from_inputs(context, inputs, self.weight(context, "bias") if self.use_bias else None)
        h = product(self.dropped(context, h, self.recurrent_dropout), self.weight(context, "recurrent_kernel"))
        i, f, g, o = fn.split(x + h, 4, axis=-1)
        gate, a = ACTIVATIONS[self.recurrent_activation], ACTIVATIONS[self.activation]
        c = gate(f) * c + gate(i) * a(g)
        h = gate(o) * a(c)
        return h, h, c


@dataclass(frozen=True, slots=True)
class ForgetBias(Initializer):
    """1 in the second quarter, which is the forget gate's; `others` elsewhere."""

    others: Initializer

    def __call__(self, key: Value, type: Type) -> Value:
        units = known(type.shape[0]) // 4
        first, last = (Type(type.dtype, (count,)) for count in (units, 2 * units))
        rest = fn.random_fold_in(key, 1)
        return fn.concatenate([self.others(key, first), fn.ones((units,)), self.others(rest, last)], axis=0)


@dataclass(eq=False, repr=False)
class GRUCell(_GatedCell, GRUArguments):
    """A gated recurrent unit (Cho and others 2014), with one state h and the gates z, r and candidate g:

    h' = z h + (1 - z) a(x_g + r (h @ R_g + b_g)); with `reset_after=False` the candidate reads (r h) @ R_g, and there
    is one bias, not one for the inputs and one for h.
    """

    gates: ClassVar[int] = 3

    @property
    def bias_shape(self) -> tuple[int, ...]:
        return (2, 3 * self.units) if self.reset_after else (3 * self.units,)

    def call(self, context: Context, inputs: Value, states: Sequence[Value]) -> tuple[Value, ...]:
        (h,) = states
        bias = self.weight(context, "bias") if self.use_bias else None
        own, inner_bias = (bias[0], bias[1]) if bias is not None and self.reset_after else (bias, None)
        x_z, x_r, x_g = fn.split(self.from_inputs(context, inputs, own), 3, axis=-1)
        kernel = self.weight(context, "recurrent_kernel")
        gate, a = ACTIVATIONS[self.recurrent_activation], ACTIVATIONS[self.activation]
        each = self.dropped(context, h, self.recurrent_dropout)
        if self.reset_after:
            inner = product(each, kernel)
            h_z, h_r, h_g = fn.split(inner if inner_bias is None else inner + inner_bias, 3, axis=-1)
            z, r = gate(x_z + h_z), gate(x_r + h_r)
            candidate = r * h_g
        else:
            h_z, h_r = fn.split(product(each[:2], kernel[:, : 2 * self.units]), 2, axis=-1)
            z, r = gate(x_z + h_z), gate(x_r + h_r)
            candidate = fn.matmul(r * each[2], kernel[:, 2 * self.units :])
        h = z * h + (1 - z) * a(x_g + candidate)
        return h, h


@dataclass(eq=False, repr=False)
class StackedRNNCells(Layer):
    """Cells one after another as one cell: each reads the output of the one before. Its states are theirs in order,
    in one row."""

    cells: Any

    def check(self) -> None:
        self.cells = tuple(layer_from(cell, self) for cell in self.cells)
        if not self.cells:
            raise self.error("at least one cell", "none")
        numbers: dict[str, int] = {}
        self.places: list[str] = []  # as Keras's file numbers them: lstm_cell, lstm_cell_1
        for cell in self.cells:
            check_cell(cell, self)
            number = numbers[cell.auto_name] = numbers.get(cell.auto_name, -1) + 1
            self.places.append(f"cells/{cell.auto_name}" + (f"_{number}" if number else ""))
            self.add_part(self.places[-1], cell)

    @property
    def state_size(self) -> tuple[Any, ...]:
        return tuple(cell.state_size for cell in self.cells)

    def build(self, *types: Type) -> None:
        self.each_state(types[0])

    def each_state(self, step: Type) -> list[tuple[Type, ...]]:
        """The types of each cell's states for inputs of type `step`; the first state is as large as the output."""
        found = []
        for cell in self.cells:
            cell.ensure_built(step)
            found.append(state_types(cell, step))
            step = found[-1][0]
        return found

    def state_types(self, step: Type) -> tuple[Type, ...]:
        return tuple(type for types in self.each_state(step) for type in types)

    def call(self, context: Context, inputs: Value, states: Sequence[Value]) -> tuple[Value, ...]:
        left, new = list(states), []
        for place, types in zip(self.places, self.each_state(inputs.type), strict=True):
            own, left = left[: len(types)], left[len(types) :]
            inputs, *after = self.part_outputs(context, place, inputs, states=tuple(own))
            new += after
        return inputs, *new


def check_cell(cell: Layer, owner: Layer) -> None:
    """Raises UnsupportedOp where a layer cannot be run step by step."""
    if not hasattr(cell, "state_size"):
        raise UnsupportedOp(owner.label, expected="a cell: a layer with a state_size", got=cell.label)
    if cell.activity_regularizer is not None:
        do = "give it to the layer that runs the cell"
        raise UnsupportedOp(owner.label, expected="a cell without activity_regularizer", got=cell.label, do=do)

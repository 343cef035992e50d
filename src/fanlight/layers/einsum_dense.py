"""Which layer multiplies along any axes? EinsumDense: an equation says which axes of input, kernel and output meet."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from string import ascii_letters
from typing import Any, NamedTuple

from fanlight.errors import UnsupportedOp
from fanlight.ir.dim import DimLike
from fanlight.ir.graph import Value
from fanlight.ir.types import Type
from fanlight.layers import activations
from fanlight.layers.base import Layer
from fanlight.layers.context import Context
from fanlight.layers.initializers import VarianceScaling
from fanlight.ops import functions as fn

EQUATION = re.compile(r"(\.\.\.)?([a-zA-Z]+)(\.\.\.)?,([a-zA-Z]+)->(\.\.\.)?([a-zA-Z]+)(\.\.\.)?")


@dataclass(eq=False, repr=False)
class EinsumDense(Layer):
    """activation(einsum(equation, x, kernel) + bias): `"abc,cd->abd"` with `output_shape=(None, d)` is Dense.

    `output_shape` is without the batch axis and without what `...` stands for; None is as in the input. `bias_axes`
    are the axes of the output along which the bias has its own numbers; None: no bias.
    """

    equation: str
    output_shape: Any
    activation: str | None = None
    bias_axes: str | None = None
    kernel_initializer: Any = "glorot_uniform"
    bias_initializer: Any = "zeros"
    kernel_regularizer: Any = None
    bias_regularizer: Any = None
    kernel_constraint: Any = None
    bias_constraint: Any = None

    def check(self) -> None:
        self.output_shape = (self.output_shape,) if isinstance(self.output_shape, int) else tuple(self.output_shape)
        found = EQUATION.fullmatch(self.equation)
        left, right = (False, False) if found is None else (found[1] is not None, found[3] is not None)
        if found is None or (left, right) != (found[5] is not None, found[7] is not None) or (left and right):
            forms = "'ab,bc->ac', '...b,bc->...c' or 'ab...,bc->ac...'"
            raise UnsupportedOp(self.label, expected=f"an equation such as {forms}", got=repr(self.equation))
        if unknown := sorted(set(self.bias_axes or "") - set(found[6])):
            raise self.error(f"bias_axes among those of the output, {found[6]!r}", "".join(unknown))

    def build(self, *types: Type) -> None:
        if len(types) != 1:
            raise self.error("one input", list(types))
        axes = self.axes(types[0])
        inner = tuple(k for k, label in enumerate(axes.kernel) if label not in axes.output)
        outer = tuple(k for k, label in enumerate(axes.kernel) if label in axes.output)
        initializer = self.kernel_initializer
        if isinstance(initializer, VarianceScaling) and (
            initializer.input_axes is None or initializer.output_axes is None
        ):
            initializer = replace(initializer, input_axes=inner, output_axes=outer)
        self.declare("kernel", [axes.extents[label] for label in axes.kernel], initializer=initializer)
        if self.bias_axes is not None:
            first = min(map(axes.output.index, self.bias_axes))
            self.declare("bias", [axes.extents[k] if k in self.bias_axes else 1 for k in axes.output[first:]])

    def axes(self, x: Type) -> Axes:
        """The letters of all axes, and how long each is."""
        found = EQUATION.fullmatch(self.equation)
        assert found is not None
        left, input, right, kernel, _, output, _ = found.groups()
        elided = "".join(sorted(set(ascii_letters) - set(self.equation)))[: max(0, x.rank - len(input))]
        if x.rank < len(input) or (x.rank > len(input) and not left and not right):
            raise self.error(f"an input with the axes {input!r}, batch first", f"rank {x.rank}", at=x)
        before, after = (elided, "") if left else ("", elided)
        input, output = before + input + after, before + output + after
        extents: dict[str, DimLike] = dict(zip(input, x.shape, strict=True))
        free = [label for label in output[1:] if label not in elided]
        if len(free) != len(self.output_shape):
            raise self.error(
                f"an output_shape of length {len(free)}, for the axes {''.join(free)!r}", self.output_shape
            )
        for label, extent in zip(free, self.output_shape, strict=True):
            if extent is not None and extents.setdefault(label, extent) != extent:
                raise self.error(f"axis {label!r} as long as in the input, {extents[label]}", extent, at=x)
        if unknown := sorted(set(kernel + output) - set(extents)):
            raise self.error("the length of every axis, in the input or in output_shape", f"none of {unknown}", at=x)
        return Axes(kernel, output, extents)

    def call(self, context: Context, *values: Value) -> Value:
        y = fn.einsum(self.equation, values[0], self.weight(context, "kernel"))
        if self.bias_axes is not None:
            y = y + self.weight(context, "bias")
        return activations.activate(context, self.activation, y)


class Axes(NamedTuple):
    """The axes of a product, each a letter."""

    kernel: str
    output: str
    extents: dict[str, DimLike]

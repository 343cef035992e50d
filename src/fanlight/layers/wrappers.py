"""Which layers run another one along time? Bidirectional, from both ends; TimeDistributed, at each step by itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from fanlight.errors import UnsupportedOp
from fanlight.ir import dim as dims
from fanlight.ir.graph import Value
from fanlight.ir.types import Type
from fanlight.layers.base import Layer
from fanlight.layers.calling import frozen, leaves
from fanlight.layers.context import Context
from fanlight.layers.nested import layer_from
from fanlight.layers.recurrent import step_of
from fanlight.ops import functions as fn

SHARED = ("stateful", "return_sequences", "return_state")  # what both directions agree on


@dataclass(eq=False, repr=False)
class Bidirectional(Layer):
    """A recurrent layer forwards, and a second one of the same arguments (or `backward_layer`) from the end.

    `merge_mode` joins their outputs step by step: "concat", "sum", "mul", "ave", or None for both. States are those of
    the forward layer, then of the other; of `initial_state` each takes half. With `return_sequences` the steps that a
    mask leaves out are 0.
    """

    layer: Any
    merge_mode: str | None = "concat"
    backward_layer: Any = field(default=None, kw_only=True)

    def check(self) -> None:
        if self.merge_mode not in ("concat", "sum", "mul", "ave", None):
            raise self.error("merge_mode 'concat', 'sum', 'mul', 'ave' or None", repr(self.merge_mode))
        given = layer_from(self.layer, self)
        if not all(hasattr(given, name) for name in (*SHARED, "go_backwards")):
            raise UnsupportedOp(self.label, expected="a recurrent layer", got=given.label)
        self.layer = copied(given, "forward_")
        if self.backward_layer is None:
            self.backward_layer = copied(given, "backward_", go_backwards=True)
        self.backward_layer = layer_from(self.backward_layer, self)
        if self.layer.go_backwards == self.backward_layer.go_backwards:
            raise self.error("layers of which one has go_backwards", f"both {self.layer.go_backwards}")
        for name in SHARED:
            if getattr(self.layer, name) != getattr(self.backward_layer, name):
                raise self.error(f"one value of {name} in both directions", getattr(self.backward_layer, name))
        for part in (self.layer, self.backward_layer):
            if hasattr(part, "zero_output_for_mask"):
                part.zero_output_for_mask = part.return_sequences
        self.add_part("forward_layer", self.layer)
        self.add_part("backward_layer", self.backward_layer)

    def build(self, *types: Type) -> None:
        for part in self.parts.values():
            part.ensure_built(types[0])

    def call(
        self, context: Context, sequences: Value, initial_state: Any = None, mask: Value | None = None
    ) -> tuple[Value, ...]:
        named: list[dict[str, Any]] = [{}, {}]
        if initial_state is not None:
            states = tuple(leaves(frozen(initial_state)))
            half = len(states) // 2
            named = [{"initial_state": states[:half]}, {"initial_state": states[half:]}]
        if mask is not None:
            named = [each | {"mask": mask} for each in named]
        y, *first = self.part_outputs(context, "forward_layer", sequences, **named[0])
        z, *second = self.part_outputs(context, "backward_layer", sequences, **named[1])
        z = fn.flip(z, axis=1) if self.layer.return_sequences else z
        ys = (y, z) if self.merge_mode is None else (self.merged(y, z),)
        handed_on = context.masks.get(sequences) if mask is None else mask
        if self.layer.return_sequences and handed_on is not None:
            for each in ys:
                context.masks[each] = handed_on
        return (*ys, *first, *second)

    def merged(self, y: Value, z: Value) -> Value:
        if self.merge_mode == "concat":
            return fn.concatenate([y, z], axis=-1)
        if self.merge_mode == "mul":
            return y * z
        return (y + z) / 2 if self.merge_mode == "ave" else y + z


def copied(layer: Layer, prefix: str, **changes: Any) -> Layer:
    """A layer with the same attributes and a prefix to its name, with weights of its own."""
    name = prefix + (layer.name or layer.auto_name).removeprefix(prefix)
    return type(layer).from_config(layer.attributes() | {"name": name} | changes)


@dataclass(eq=False, repr=False)
class TimeDistributed(Layer):
    """A layer at each step of `[batch, time, ...]`, with the same weights: all steps at once, as one larger batch.

    In training, a layer with statistics (BatchNormalization, say) sees one step after the other. An
    activity_regularizer of the layer inside is passed over, as in Keras.
    """

    layer: Any
    supports_masking: ClassVar[bool] = True

    def check(self) -> None:
        self.layer = self.add_part("layer", layer_from(self.layer, self))

    def build(self, *types: Type) -> None:
        if len(types) != 1 or types[0].rank < 3:
            raise self.error("one input [batch, time, ...] of rank 3 or more", list(types))
        self.layer.ensure_built(step_of(types[0]))

    def call(self, context: Context, inputs: Value, mask: Value | None = None) -> Value:
        batch, time = inputs.shape[:2]
        weights = [weight for _, layer in self.layer.walk("") for weight in layer.weights.values()]
        if context.training and any(weight.role == "statistic" for weight in weights):
            if not isinstance(time, int):
                raise self.error("a known number of steps, for a layer with statistics", inputs.type)
            steps = [self.at(context, inputs[:, k], None if mask is None else mask[:, k]) for k in range(time)]
            return fn.stack(steps, axis=1)
        many = dims.product((batch, time))
        x = fn.reshape(inputs, (many, *inputs.shape[2:]))
        y = self.at(context, x, None if mask is None else fn.reshape(mask, (many, *mask.shape[2:])))
        return fn.reshape(y, (batch, time, *y.shape[1:]))

    def at(self, context: Context, x: Value, mask: Value | None) -> Value:
        """The layer's output for rows of steps."""
        named = {"mask": mask} if mask is not None and "mask" in self.layer.call_signature().parameters else {}
        with context.scope("layer"):
            found = self.layer.compute(context, x, **named)
        ys = (found,) if isinstance(found, Value) else found
        if len(ys) != 1:
            raise self.error("a layer of one output", f"{len(ys)} of {self.layer.label}")
        return ys[0]

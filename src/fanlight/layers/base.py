"""What is a layer? Its attributes, its weights, and what it makes of values; called on symbols it records a network.

A layer is a dataclass: its fields are its attributes, under Keras's names. Knows no single layer and no data.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from functools import cache
from inspect import Signature
from itertools import count
from typing import Any, ClassVar, Self

from fanlight.errors import DtypeError, ShapeError, UnknownNameError, UnsupportedOp
from fanlight.ir.dim import DimLike
from fanlight.ir.graph import Input, Value, apply
from fanlight.ir.types import Type
from fanlight.layers import activations, constraints, initializers, regularizers
from fanlight.layers.calling import Call, Symbol, bind, own_masks, replace_symbols, signature_of
from fanlight.layers.config import from_json, is_default, plain, to_json
from fanlight.layers.context import Context
from fanlight.layers.inside import is_called_on_values, run_inside
from fanlight.layers.meanings import Meaning
from fanlight.ops import functions as fn
from fanlight.ops.known import short_content, written

SERIAL = count()  # orders the calls of all layers

# What an attribute holds whose name ends so: `kernel_initializer` an initializer.
RECORDS = {
    "activation": activations.get,
    "initializer": initializers.get,
    "regularizer": regularizers.get,
    "constraint": constraints.get,
}


@dataclass(frozen=True, slots=True)
class Weight:
    """One state array of a layer: its type, how it starts, what it is for (a role of `ir.module`).

    In training the regularizer's number is added to the loss, and the constraint changes what an update gave.
    """

    type: Type
    initializer: initializers.Initializer
    trainable: bool = True
    role: str = "parameter"
    regularizer: regularizers.Regularizer | None = None
    constraint: constraints.Constraint | None = None


@dataclass(eq=False, repr=False)
class Layer:
    """A block of a network. Subclasses are dataclasses with `@dataclass(eq=False, repr=False)`.

    They override `check` (look at the attributes), `build` (declare weights for the types of the inputs) and `call`. A
    layer without a name gets one from its network, as in Keras: `dense`, `dense_1`. Layers inside a layer are its
    `parts`: the paths of their weights begin with its own.
    """

    name: str | None = field(default=None, kw_only=True)
    trainable: bool = field(default=True, kw_only=True)
    activity_regularizer: Any = field(default=None, kw_only=True)  # of the outputs

    # Whether an output means what the input did: activations and the like.
    keeps_meaning: ClassVar[bool] = False
    # Whether channels come before places in its outputs, as in other tools' files; None where it is as in its inputs.
    channels_first: ClassVar[bool | None] = None
    # Whether the mask of the first input is that of the first output, unless `call` says otherwise.
    supports_masking: ClassVar[bool] = False

    def __post_init__(self) -> None:
        for each in fields(self):
            value = plain(getattr(self, each.name))
            kind = RECORDS.get(each.name.rpartition("_")[2])
            setattr(self, each.name, value if kind is None else kind(value))
        if self.name is not None and (not self.name or "/" in self.name):
            raise UnknownNameError(type(self).__name__, expected="a layer name without '/'", got=repr(self.name))
        self.weights: dict[str, Weight] = {}
        self.parts: dict[str, Layer] = {}
        self.built_for: tuple[Type, ...] | None = None
        self.check()

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name == "trainable":
            for part in self.__dict__.get("parts", {}).values():
                part.trainable = value

    # What a subclass says

    def check(self) -> None:
        """Bring the attributes into one form; raise where they make no sense."""

    def build(self, *types: Type) -> None:
        """Declare the weights, with `add_weight`, for inputs of these types."""

    def call(self, context: Context, *values: Any, **arguments: Any) -> Value | tuple[Value, ...]:
        """What the layer computes. Parameters after `context` are the arguments of `layer(...)`, values in the place of
        symbols; `mask` and the like are filled as in Keras (see `calling.own_masks`)."""
        raise NotImplementedError(f"{type(self).__name__} has no call(context, *values)")

    def output_regularizer(self) -> regularizers.Regularizer | None:
        """What is applied to the outputs in training."""
        return self.activity_regularizer

    def lost(self) -> str | None:
        """What it did in training once, which the file that it came from does not have."""
        return None

    def means(self) -> Meaning | None:
        """What the output means, where the layer itself knows."""
        return None

    # What it uses for that

    def add_weight(
        self,
        name: str,
        shape: Iterable[DimLike],
        initializer: initializers.Initializer | str = "glorot_uniform",
        trainable: bool = True,
        role: str = "parameter",
        dtype: str = "float32",
        regularizer: Any = None,
        constraint: Any = None,
    ) -> None:
        """Declare the state array `name`. Roles are those of `ir.module`; only parameters are ever trainable."""
        for extent in (shape := tuple(shape)):
            if not isinstance(extent, int):
                raise self.error(f"a known length for every axis of {name!r}", shape, do="give the input a fixed shape")
        kept = trainable and role == "parameter"
        records = initializers.get(initializer), kept, role, regularizers.get(regularizer), constraints.get(constraint)
        self.weights[name] = Weight(Type(dtype, shape), *records)

    def declare(
        self, name: str, shape: Iterable[DimLike], attribute: str | None = None, initializer: Any = None
    ) -> None:
        """`add_weight` for a parameter whose initializer, regularizer and constraint are the layer's attributes:
        `kernel_initializer` and so on for `kernel`, unless `attribute` says another first word."""
        first = attribute or name
        initializer = getattr(self, f"{first}_initializer") if initializer is None else initializer
        regularizer, constraint = (getattr(self, f"{first}_{kind}", None) for kind in ("regularizer", "constraint"))
        self.add_weight(name, shape, initializer, regularizer=regularizer, constraint=constraint)

    def weight(self, context: Context, name: str) -> Value:
        """The content of a declared state array."""
        return context.state(name, self.weights[name].type)

    def add_part(self, name: str, part: Layer) -> Layer:
        """Make `part` a layer inside this one; its weights are at `name/...`."""
        self.parts[name] = part
        if not self.trainable:
            part.trainable = False
        return part

    def run_part(self, context: Context, name: str, *values: Value, **arguments: Any) -> Value:
        """The only output of a part, for these inputs."""
        (y,) = self.part_outputs(context, name, *values, **arguments)
        return y

    def part_outputs(self, context: Context, name: str, *values: Value, **arguments: Any) -> tuple[Value, ...]:
        """All outputs of a part, for these inputs."""
        with context.scope(name):
            return self.parts[name].run(context, *values, **arguments)

    def error(self, expected: object, got: object, at: object = None, do: str | None = None) -> ShapeError:
        """A ShapeError that names this layer."""
        return ShapeError(self.label, expected=expected, got=got, at=at, do=do)

    # What others ask

    @property
    def label(self) -> str:
        """`Conv2D "stem"`, for messages."""
        return type(self).__name__ + (f' "{self.name}"' if self.name else "")

    @property
    def auto_name(self) -> str:
        """Keras's name for a layer of this class: `Conv2D` -> `conv2d`, `MaxPooling2D` -> `max_pooling2d`."""
        text = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", type(self).__name__)
        return re.sub("([a-z])([A-Z])", r"\1_\2", text).lower()

    @property
    def kind(self) -> str:
        """What tables call it."""
        return type(self).__name__

    def weight_path(self, path: str, name: str) -> str:
        """The full name of its weight `name`, where the layer itself is at `path`."""
        return f"{path}/{name}" if name else path

    def attributes(self) -> dict[str, Any]:
        """The attributes by name, as JSON has them: what `from_config` takes."""
        return {f.name: to_json(getattr(self, f.name)) for f in fields(self) if f.init}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """A layer from `attributes()`, or from the config of the Keras layer of that name.

        Raises UnsupportedOp where the config asks for something that Fanlight's layer lacks, a regularizer say.
        """
        known = {f.name for f in fields(cls) if f.init}
        unknown = [key for key, value in config.items() if key not in known and not is_default(key, value)]
        if unknown:
            asked = ", ".join(f"{key}={config[key]!r}" for key in unknown)
            raise UnsupportedOp(
                f"{cls.__name__} {config.get('name', '')!r}", expected=f"only {sorted(known)}", got=asked
            )
        return cls(**{key: from_json(value) for key, value in config.items() if key in known})

    def ensure_built(self, *types: Type) -> None:
        """Declare the weights, once."""
        if self.built_for is None:
            self.build(*types)
            self.built_for = types

    @property
    def saved_too(self) -> tuple[str, ...]:
        """Weights of parts, `layer/kernel`, that Keras's files have among the layer's own too, before these."""
        return ()

    def walk(self, path: str) -> Iterator[tuple[str, Layer]]:
        """This layer and those inside it, each with its path."""
        yield path, self
        for name, part in self.parts.items():
            yield from part.walk(f"{path}/{name}")

    @classmethod
    @cache
    def call_signature(cls) -> Signature:
        """What `layer(...)` takes: the parameters of `call`, and `training`."""
        return signature_of(cls.call, leave_out=2)

    def compute(self, context: Context, *values: Value, **arguments: Any) -> Value | tuple[Value, ...]:
        """`call`, for a layer that may not have its weights yet."""
        self.ensure_built(*(value.type for value in values))
        return self.call(context, *values, **arguments)

    def hand_on(self, context: Context, mask: Value | None, outputs: tuple[Value, ...]) -> None:
        """Give the mask of the inputs to the first output."""
        if self.supports_masking and mask is not None:
            context.masks.setdefault(outputs[0], mask)

    def run(
        self, context: Context, *values: Value, training: bool | None = None, **arguments: Any
    ) -> tuple[Value, ...]:
        """`call`, with errors that name the layer; then what goes with its outputs: masks, penalties.

        `training` is that of the context where it is None.
        """
        arguments = own_masks(self.call_signature(), values, arguments, context.masks) | arguments
        mask = arguments.get("mask", context.masks.get(values[0]) if values else None)
        mask = mask[0] if isinstance(mask, tuple) else mask
        try:
            with context.mode(training):
                result = self.compute(context, *values, **arguments)
        except (ShapeError, DtypeError) as error:
            if error.message.startswith(self.label):
                raise
            raise type(error)(f"{self.label}: {error.message}") from error
        outputs = (result,) if isinstance(result, Value) else result
        self.hand_on(context, mask, outputs)
        if (regularizer := self.output_regularizer()) is not None:
            for y in outputs:  # per row, as in Keras
                context.add_loss(regularizer(y) / fn.cast(fn.size_of(y.shape[0]), "float32"))
        return outputs

    def infer(self, *types: Type, **arguments: Any) -> tuple[Type, ...]:
        """The types of the outputs for inputs of these types; declares the weights. In `arguments`, symbols stand for
        values of their types."""
        values = [apply(Input(f"input {k}", each)) for k, each in enumerate(types)]
        return tuple(value.type for value in self.sketch(*values, **arguments))

    def sketch(self, *values: Value, **arguments: Any) -> tuple[Value, ...]:
        """The outputs for values that stand for data; declares the weights. See `infer`."""
        context = Context()
        with context.scope(self.name or self.auto_name):
            return self.run(context, *values, **replace_symbols(arguments, stand_in))

    def __call__(self, *inputs: Any, **arguments: Any) -> Any:
        """The layer applied to symbols, or to one list of them: a symbol, or a tuple for several outputs.

        Arguments are those of Keras's layer, `training=False` among them: it holds whatever the network is run for.
        In the `call` of a layer of one's own, values take the place of symbols.
        """
        if is_called_on_values(inputs, arguments):
            return run_inside(self, inputs, arguments)
        symbols, named = bind(self, inputs, arguments)
        outputs = outputs_of(Call(self, symbols, next(SERIAL), named))
        return outputs[0] if len(outputs) == 1 else outputs

    def __repr__(self) -> str:
        said = {f.name: getattr(self, f.name) for f in fields(self) if f.init}
        shown = ", ".join(f"{f.name}={said[f.name]!r}" for f in fields(self) if f.init and is_said(f, said[f.name]))
        return f"{type(self).__name__}({shown})"


def outputs_of(call: Call) -> tuple[Symbol, ...]:
    """The symbols of what a call gives."""
    outputs = call.layer.sketch(*map(stand_in, call.inputs), **call.arguments)
    return tuple(Symbol(y.type, call, k, short_content(y)) for k, y in enumerate(outputs))


def stand_in(symbol: Symbol) -> Value:
    """A value of a symbol's type, with its content where that is known."""
    if symbol.content is None:
        return apply(Input("input", symbol.type))
    return written(symbol.content, symbol.dtype)


def is_said(attribute: Field[Any], value: Any) -> bool:
    """Whether an attribute is not at its default, or at (1, 1) where that is 1; there is only one data format."""
    if attribute.default is MISSING or attribute.name == "data_format":
        return attribute.default is MISSING
    kind = RECORDS.get(attribute.name.rpartition("_")[2])
    default = attribute.default if kind is None else kind(attribute.default)
    return value not in (default, (default,) * len(value) if isinstance(value, tuple) else default)


def per_axis(layer: Layer, attribute: str, rank: int, lowest: int = 1) -> tuple[int, ...]:
    """An attribute that is one number for all axes of an image, or one for each: as a tuple."""
    value = getattr(layer, attribute)
    found = (value,) * rank if isinstance(value, int) else tuple(value)
    if len(found) != rank or not all(isinstance(each, int) and each >= lowest for each in found):
        raise layer.error(f"{attribute} to be one whole number from {lowest} up, or {rank} of them", repr(value))
    return found


def check_padding(layer: Layer, padding: str, known: tuple[str, ...] = ("valid", "same")) -> str:
    """One of Keras's words for padding, in lower case."""
    if (word := str(padding).lower()) not in known:
        raise layer.error(f"padding {' or '.join(map(repr, known))}", repr(padding))
    return word


def check_channels_last(layer: Layer, data_format: str | None) -> str:
    """Refuses channels-first data: layers are channels-last; importers transpose where a file is not."""
    if data_format not in (None, "channels_last"):
        raise UnsupportedOp(
            layer.label, expected="data_format 'channels_last'", got=repr(data_format), do="put channels last"
        )
    return "channels_last"


def check_rank(layer: Layer, type: Type, rank: int) -> None:
    if type.rank != rank:
        raise layer.error(f"an input of rank {rank} (batch first)", f"rank {type.rank}", at=type)

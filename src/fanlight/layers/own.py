"""How does one write a layer of one's own? As in Keras: `build(input_shape)` makes weights, `call(x)` uses them.

`Layer` brings what such a class says into the form of `layers.base`: types for shapes, a context for attributes that
have values. Knows no single layer.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from inspect import Parameter, Signature, signature
from typing import Any, ClassVar, Self

from fanlight.errors import CompileError, DtypeError, ShapeError, UnknownNameError, UnsupportedOp
from fanlight.ir.dim import Dim, DimLike
from fanlight.ir.graph import Value
from fanlight.ir.types import Type, is_float
from fanlight.layers import base
from fanlight.layers.calling import frozen, leaves, signature_of
from fanlight.layers.config import is_default, to_json
from fanlight.layers.context import Context
from fanlight.layers.handles import Handle, mapped, with_contents
from fanlight.layers.inside import RUNNING, Frame, running
from fanlight.layers.registered import class_named, known_class
from fanlight.ops import functions as fn

BASE = ("name", "trainable", "dtype", "activity_regularizer")  # arguments that every layer takes
MEANT = {"name", "trainable", "activity_regularizer", "supports_masking", "keeps_meaning", "build", "call", "means"}
MEANT |= {"add_weight", "from_config", "weight"}  # what a subclass may say itself
TAKEN = {name for name in (*vars(base.Layer), "weights", "parts", "built_for") if not name.startswith("_")} - MEANT


class Layer(base.Layer):
    """A layer of your own. `build(input_shape)` makes weights, with None for open axes; `call(x)` computes.

    `call` may also take `training` and `mask`, or several inputs as a list. Layers that are attributes, or in lists
    that are, belong to it: `self.dense(x)`. Functions are those of `fl`.

    >>> class Scale(fl.layers.Layer):
    ...     def build(self, input_shape):
    ...         self.w = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="w")
    ...
    ...     def call(self, x):
    ...         return x * self.w
    """

    registered_name: ClassVar[str] = ""  # see `fl.register`

    def __new__(cls, *given: Any, **named: Any) -> Self:
        layer = super().__new__(cls)
        layer.__dict__["_given"] = given, named
        return layer

    def __init__(
        self, *, name: str | None = None, trainable: bool = True, dtype: Any = None, activity_regularizer: Any = None
    ):
        if not is_default("dtype", dtype):
            raise UnsupportedOp(type(self).__name__, expected="dtype 'float32'", got=repr(dtype))
        super().__init__(name=name, trainable=trainable, activity_regularizer=activity_regularizer)

    def __init_subclass__(cls, **named: Any) -> None:
        super().__init_subclass__(**named)
        if taken := sorted(TAKEN & set(vars(cls))):
            raise UnknownNameError(cls.__name__, expected="names that fl.layers.Layer does not use itself", got=taken)

    def __getattr__(self, name: str) -> Any:
        if "built_for" not in self.__dict__ and name in TAKEN:
            raise AttributeError(f"{type(self).__name__}: expected super().__init__(**kwargs) first in its __init__")
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __setattr__(self, name: str, value: Any) -> None:
        known = self.__dict__
        if name in TAKEN and (name in vars(base.Layer) or name in known):
            raise UnknownNameError(
                self.label, expected="attributes that fl.layers.Layer does not use itself", got=repr(name)
            )
        if name in known.get("_handles", ()):
            do = f"self.{name}.assign(...), in training"
            raise CompileError(self.label, expected=f"no other weight as self.{name} in call", got="one", do=do)
        if isinstance(getattr(value, "network", None), base.Layer):
            do = "keep layers, in a list for instance, or model.network"
            raise UnsupportedOp(self.label, expected="layers as attributes", got=f"a model as self.{name}", do=do)
        if name == "trainable" and "parts" in known:
            self.collect_parts()
        super().__setattr__(name, value)

    # What a subclass says

    def build(self, *args: Any, **kwargs: Any) -> None:
        """Make the weights, with `add_weight`: `build(self, input_shape)`, or one `<argument>_shape` for each input."""

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """What the layer computes of values: a value, or a list of them."""
        raise NotImplementedError(f"{self.label} has no call(self, x)")

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The mask of the outputs, where `supports_masking` is true: that of the inputs."""
        return previous_mask

    def get_config(self) -> dict[str, Any]:
        """What `from_config` makes this layer of: the arguments that it was made with."""
        config: dict[str, Any] = {"name": self.name, "trainable": self.trainable}
        if self.activity_regularizer is not None:
            config["activity_regularizer"] = to_json(self.activity_regularizer)
        if type(self).get_config is not Layer.get_config:
            return config
        given, named = self.__dict__["_given"]
        arguments = signature(type(self)).bind(*given, **named).arguments
        for parameter, value in arguments.items():
            kind = signature(type(self)).parameters[parameter].kind
            config |= value if kind is Parameter.VAR_KEYWORD else {parameter: value}
        return config | {"name": self.name, "trainable": self.trainable}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """A layer from `get_config()`; layers that stand in the config are made first."""
        parameters = signature(cls.__init__).parameters
        takes_all = any(each.kind is Parameter.VAR_KEYWORD for each in parameters.values())
        late = {key: config[key] for key in BASE if key in config and not takes_all and key not in parameters}
        layer = cls(**{key: revived(value) for key, value in config.items() if key not in late})
        for key in ("name", "trainable"):
            if key in late:
                setattr(layer, key, late[key])
        return layer

    # What it uses for that

    def add_weight(  # pyright: ignore[reportIncompatibleMethodOverride]  # Keras's order: the shape comes first
        self,
        shape: Iterable[DimLike] | int | None = None,
        initializer: Any = None,
        dtype: str | None = None,
        trainable: bool = True,
        *,
        regularizer: Any = None,
        constraint: Any = None,
        name: str | None = None,
    ) -> Any:
        """A new weight: keep it as an attribute, `self.w`. With `trainable=False` it is state that `call` changes in
        training, by `self.w.assign(...)`."""
        kind = dtype or "float32"
        extents = (shape,) if isinstance(shape, int) else tuple(shape or ())
        if RUNNING.get() is not None and self._is_running():
            raise CompileError(self.label, expected="add_weight in __init__ or build", got="in call")
        if trainable and not is_float(kind):
            raise DtypeError(self.label, expected="float32 for what is trained", got=kind, do="trainable=False")
        path = first = name or "variable"
        if "/" in path:
            raise UnknownNameError(self.label, expected="a name of a weight without '/'", got=repr(path))
        number = 0
        while path in self.weights:
            path, number = f"{first}_{number + 1}", number + 1
        if initializer is None:
            initializer = "glorot_uniform" if is_float(kind) else "zeros"
        role = "parameter" if trainable else "statistic"
        super().add_weight(path, extents, initializer, trainable, role, kind, regularizer, constraint)
        return Handle(self, path, self.weights[path].type, trainable)

    def add_loss(self, loss: Any) -> None:
        """Let training minimise the sum of `loss` too; in `call`."""
        self._frame("add_loss").context.add_loss(fn.sum(loss))

    # How it is run

    def collect_parts(self) -> None:
        """Find the layers among the attributes. Their paths are Keras's: the attribute, and in a list the class."""
        found = {id(part) for part in self.parts.values()}
        for attribute, held in list(vars(self).items()):
            if attribute in ("parts", "_given"):
                continue
            used: dict[str, int] = {}
            for each in leaves(frozen(held)):
                if isinstance(each, base.Layer):
                    count = used[each.auto_name] = used.get(each.auto_name, -1) + 1
                    inside = f"/{each.auto_name}_{count}" if count else f"/{each.auto_name}"
                    if id(each) not in found:
                        found.add(id(each))
                        self.add_part(attribute + ("" if each is held else inside), each)

    def walk(self, path: str) -> Iterator[tuple[str, base.Layer]]:
        self.collect_parts()
        yield from super().walk(path)

    def attributes(self) -> dict[str, Any]:
        config = {"name": self.name, "trainable": self.trainable} | to_json(self.get_config())
        try:
            json.dumps(config)
        except TypeError as error:
            do = "write get_config and from_config"
            raise UnsupportedOp(self.label, expected="a config of plain values", got=error, do=do) from error
        return config

    @classmethod
    @cache
    def call_signature(cls) -> Signature:
        return signature_of(cls.call, leave_out=1)

    def __call__(self, *inputs: Any, **arguments: Any) -> Any:
        first = next(iter(self.call_signature().parameters.values()), None)
        if len(inputs) == 1 and not is_leaf(inputs[0]) and first is not None:  # several inputs are one argument
            return super().__call__(**{first.name: inputs[0]}, **arguments)
        return super().__call__(*inputs, **arguments)

    def sketch(self, *values: Value, **arguments: Any) -> tuple[Value, ...]:
        if "training" not in arguments:  # layers that run in training only get their weights, too
            super().sketch(*values, **arguments, training=True)
        return super().sketch(*values, **arguments)

    def ensure_built(self, *types: Type) -> None:
        self._ensure_built(dict(zip(self.call_signature().parameters, types, strict=False)))

    def compute(self, context: Context, *values: Value, **arguments: Any) -> tuple[Value, ...]:
        given = self.call_signature().bind(*values, **arguments).arguments
        data = {name: each for name, each in given.items() if any(isinstance(x, Value) for x in leaves(each))}
        self._ensure_built({name: each for name, each in data.items() if not name.endswith("mask")})
        takes = signature(type(self).call).parameters
        if "training" in takes or any(each.kind is Parameter.VAR_KEYWORD for each in takes.values()):
            arguments = arguments | {"training": context.training}
        with running(self, context), with_contents(self, context):
            result = self.call(*values, **arguments)
            outputs = tuple(leaves(frozen(result)))
            if isinstance(result, Mapping) or not outputs or not all(isinstance(each, Value) for each in outputs):
                expected = "a value of the graph, or a list of them"
                raise CompileError(f"call of {self.label}", expected=expected, got=repr(result)[:80])
            if self.supports_masking and not all(each in context.masks for each in outputs):
                first = next(iter(data.values()), ())
                before = arguments.get("mask")
                before = mapped(first, context.masks.get) if before is None else before
                masks = leaves(frozen(self.compute_mask(first, before)))
                context.masks.update(
                    {y: mask for y, mask in zip(outputs, masks, strict=False) if mask is not None}  # as Keras
                )
        return outputs

    def hand_on(self, context: Context, mask: Value | None, outputs: tuple[Value, ...]) -> None:
        """Nothing: `compute_mask` has said it."""

    def _ensure_built(self, data: Mapping[str, Any]) -> None:
        """`build` for data by the arguments of `call` that they are: values or types, or lists of them."""
        if self.built_for is not None:
            return
        shapes = {f"{name}_shape": mapped(each, open_shape) for name, each in data.items()}
        parameters = signature(type(self).build).parameters.values()
        wanted = [each.name for each in parameters if each.kind is Parameter.POSITIONAL_OR_KEYWORD][1:]
        if len(wanted) > 1 and not set(wanted) <= set(shapes):
            raise ShapeError(f"build of {self.label}", expected=f"arguments among {list(shapes)}", got=wanted)
        try:
            if len(wanted) > 1:
                self.build(**{name: shapes[name] for name in wanted})
            else:
                self.build(*list(shapes.values())[:1])
        except AttributeError as error:  # a layer of Fanlight's builds itself for types, and not for a shape
            if not isinstance(error.obj, tuple):
                raise
            expected, got = "layers inside that build themselves, when they are called", f"build({error.obj})"
            do = "leave out self.dense.build(shape)"
            raise ShapeError(f"build of {self.label}", expected=expected, got=got, do=do) from error
        self.collect_parts()
        self.__dict__["built_for"] = tuple(
            each if isinstance(each, Type) else each.type for each in leaves(frozen(tuple(data.values())))
        )

    @property
    def built(self) -> bool:
        """Whether the weights are made."""
        return self.built_for is not None

    @built.setter
    def built(self, value: bool) -> None:
        """`self.built = True`, which layers for Keras often say at the end of `build`, says nothing here."""

    def _is_running(self) -> bool:
        frame = RUNNING.get()
        return frame is not None and frame.layer is self

    def _frame(self, what: str) -> Frame:
        """Where `call` runs; raises CompileError outside of it."""
        frame = RUNNING.get()
        if frame is None or frame.layer is not self:
            raise CompileError(f"{what} of {self.label}", expected="to be used inside its call", got="another place")
        return frame


def is_leaf(given: Any) -> bool:
    return not isinstance(given, list | tuple | Mapping)


def open_shape(data: Any) -> Any:
    """The shape of a value or a type with None for open axes; what is neither as it is."""
    shape = getattr(data, "shape", None)
    return data if shape is None else tuple(None if isinstance(extent, Dim) else extent for extent in shape)


def revived(value: Any) -> Any:
    """A value of a config, with layers in the place of their records."""
    if isinstance(value, list | tuple):
        return [revived(each) for each in value]
    if not isinstance(value, Mapping):
        return value
    name, config = value.get("class_name"), value.get("config")
    if isinstance(config, Mapping) and (known_class(name) is not None or ">" in str(name)):
        return class_named(name, "a layer in a config").from_config(config)
    return {key: revived(each) for key, each in value.items()}

"""What is `x * 2`, or `fl.relu(x)`, of symbols? A layer without weights that applies one function of `fl.*`.

In: a function's name, and arguments that may be symbols. Out: symbols. What Keras calls an operation of its graph.
"""

from __future__ import annotations

import inspect
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from inspect import BoundArguments, Parameter, Signature
from typing import Any

from fanlight.errors import UnknownNameError, UnsupportedOp
from fanlight.ir.graph import Value
from fanlight.layers import initializers
from fanlight.layers.base import Layer
from fanlight.layers.calling import Symbol
from fanlight.layers.context import Context
from fanlight.ops import functions as fn
from fanlight.ops.operators import ARRAYS

SEVERAL = "Sequence[Operand]"
MOST_NUMBERS = 4096  # of an array that is written out in a network
SLICE, DOTS = "slice", "..."  # how parts of a subscript are written down


@dataclass(eq=False, repr=False)
class Operation(Layer):
    """A function of `fl.*` between layers, which symbols record: `x * 2`, `x[:, 0]`, `fl.concatenate([x, y])`.

    `function` is its name, "image.resize" for one of `fl.image`. `options` are arguments that every call shares.
    """

    function: str = ""
    options: Any = field(default_factory=dict)

    def check(self) -> None:
        signature = self.call_signature()
        if unknown := sorted(set(self.options) - set(signature.parameters)):
            takes = ", ".join(signature.parameters)
            raise UnknownNameError(f"fl.{self.function}", expected=f"arguments among ({takes})", got=unknown)

    @property
    def label(self) -> str:
        return f"fl.{self.function}" + (f' "{self.name}"' if self.name else "")

    @property
    def auto_name(self) -> str:
        return self.function.replace(".", "_")

    # Of the layer and not of its class: each function has another one.
    def call_signature(self) -> Signature:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The function's, where all arguments but the first go by name: `operands=(x, y)` for `*operands`."""
        parameters = []
        for each in inspect.signature(known_function(self.function)).parameters.values():
            if parameters or each.kind is Parameter.VAR_POSITIONAL:
                each = each.replace(kind=Parameter.KEYWORD_ONLY)
            parameters.append(each.replace(default=self.options.get(each.name, each.default)))
        return Signature(parameters)

    def call(self, context: Context, *values: Value, **arguments: Any) -> Value | tuple[Value, ...]:
        function = known_function(self.function)
        bound = BoundArguments(inspect.signature(function), OrderedDict())
        given = self.options | dict(zip(bound.signature.parameters, values, strict=False)) | arguments
        for name, parameter in bound.signature.parameters.items():
            if name in given:
                value = subscript(given[name]) if self.takes_key(name) else given[name]
                several = parameter.kind is Parameter.VAR_POSITIONAL
                bound.arguments[name] = as_operand(value, SEVERAL if several else str(parameter.annotation))
        result = function(*bound.args, **bound.kwargs)
        outputs = tuple(result) if isinstance(result, tuple | list) else (result,)
        if not outputs or not all(isinstance(each, Value) for each in outputs):
            raise self.error("a function that gives arrays", repr(result)[:80])
        return outputs

    def __call__(self, *inputs: Any, **arguments: Any) -> Any:
        named, rest = dict(arguments), list(inputs)
        for name, parameter in inspect.signature(known_function(self.function)).parameters.items():
            if not rest or parameter.kind is Parameter.KEYWORD_ONLY:
                break
            if name in self.options:  # as an operation of Keras, which has it in its config
                continue
            if name in named:
                raise TypeError(f"{self.label}: two values for {name!r}")
            named[name] = rest if parameter.kind is Parameter.VAR_POSITIONAL else rest.pop(0)
            rest = [] if parameter.kind is Parameter.VAR_POSITIONAL else rest
        if rest:
            raise TypeError(f"{self.label}: {len(rest)} arguments too many")
        is_key = self.takes_key
        return super().__call__(**{key: written(each) if is_key(key) else listed(each) for key, each in named.items()})

    def takes_many(self) -> str | None:
        """The name of the argument that stands for any number of arrays."""
        parameters = inspect.signature(known_function(self.function)).parameters.values()
        return next((each.name for each in parameters if each.kind is Parameter.VAR_POSITIONAL), None)

    def takes_key(self, name: str) -> bool:
        """Whether that argument is a subscript."""
        return name == "key" and self.function == "get_item"


def known_function(name: str) -> Callable[..., Any]:
    """The function of `fl.*`, or of `fl.image`, with that name."""
    module, _, last = name.rpartition(".")
    if module == "image" and last in fn.image.__all__:
        return getattr(fn.image, last)
    if not module and last in fn.__all__:
        return getattr(fn, last)
    raise UnsupportedOp("a network", expected="a function of fl.* or fl.image", got=name)


def record(name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    """The symbols of `fl.name(*args, **kwargs)`."""
    return Operation("get_item" if name == "getitem" else name)(*args, **kwargs)


def listed(value: Any) -> Any:
    """NumPy's arrays and numbers as Python's."""
    if isinstance(value, list | tuple):
        return [listed(each) for each in value]
    return value.tolist() if hasattr(value, "tolist") and not isinstance(value, Symbol) else value


def as_operand(value: Any, annotation: str) -> Any:
    """Numbers in tuples as an array, where a function takes one; None for a function's axis and the like stays."""
    if annotation == SEVERAL and isinstance(value, tuple | list):
        return [as_operand(each, "Operand") for each in value]
    if annotation not in ARRAYS or not isinstance(value, tuple | list):
        return value
    flat = leaves(value)
    if len(flat) > MOST_NUMBERS:
        do = "make it a weight of a layer of your own"
        raise UnsupportedOp("a network", expected=f"at most {MOST_NUMBERS} numbers", got=len(flat), do=do)
    return fn.reshape(initializers.listed(flat, dtype_of(flat)), lengths(value))


def dtype_of(numbers: Sequence[Any]) -> str:
    """bool or int32 where all numbers are of that kind, else float32."""
    kinds = {type(each) for each in numbers}
    return "bool" if kinds == {bool} else "int32" if kinds == {int} else "float32"


def lengths(value: Any) -> tuple[int, ...]:
    """The shape of nested tuples."""
    return (len(value), *lengths(value[0])) if isinstance(value, tuple | list) else ()


def leaves(value: Any) -> list[Any]:
    return [each for part in value for each in leaves(part)] if isinstance(value, tuple | list) else [value]


def written(key: Any) -> Any:
    """A subscript as JSON has it."""
    if isinstance(key, tuple):
        return [written(each) for each in key]
    if isinstance(key, slice):
        return [SLICE, key.start, key.stop, key.step]
    return DOTS if key is Ellipsis else key


def subscript(key: Any) -> Any:
    """What `written` wrote, as Python has it."""
    if isinstance(key, tuple | list):
        if len(key) == 4 and key[0] == SLICE:
            return slice(*key[1:])
        return tuple(subscript(each) for each in key)
    return Ellipsis if key == DOTS else key

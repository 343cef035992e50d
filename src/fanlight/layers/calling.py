"""What is a call of a layer? From symbols to symbols, with the arguments that were given by name.

In: what stands between the parentheses of `layer(...)`, and the signature of the layer's `call`. Out: a `Call`, the
`Symbol`s of its outputs. Knows no single layer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from inspect import Parameter, Signature
from typing import TYPE_CHECKING, Any

from fanlight.ir.graph import Value
from fanlight.ir.types import Shape, Type
from fanlight.ops.operators import Operators

if TYPE_CHECKING:
    from fanlight.layers.base import Layer

PLAIN = (bool, int, float, str)  # what an argument may be, besides None, symbols, and lists and dicts of all these


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """One use of a layer: from symbols to symbols. A layer that is called twice shares its weights.

    `inputs` are what `call` takes by position. `arguments` go to it by name, where they are not at their defaults:
    plain values, symbols, lists of these.
    """

    layer: Layer
    inputs: tuple[Symbol, ...]
    serial: int
    arguments: Mapping[str, Any] = field(default_factory=dict)

    @property
    def reads(self) -> tuple[Symbol, ...]:
        """Every symbol that the call depends on."""
        return (*self.inputs, *symbols_in(self.arguments))

    def filled(self, content: Callable[[Symbol], Any]) -> dict[str, Any]:
        """The arguments, with `content(symbol)` in the place of each symbol."""
        return replace_symbols(self.arguments, content)


@dataclass(frozen=True, slots=True, eq=False)
class Symbol(Operators):
    """A value that a network will compute: its type, and the call whose output number `position` it is. `content` is
    an array of numbers and dims where shapes alone say what it holds.

    Operators and functions of `fl.*` become layers, `layers.operation`. `==` compares identities, as Keras's does.
    """

    type: Type
    call: Call
    position: int = 0
    content: Any = None

    @property
    def shape(self) -> Shape:
        return self.type.shape

    @property
    def dtype(self) -> str:
        return self.type.dtype

    @property
    def layer(self) -> Layer:
        return self.call.layer

    def __repr__(self) -> str:
        return f"<symbol {self.type} of {self.layer.label}>"

    def apply(self, name: str, *args: Any, **kwargs: Any) -> Any:
        from fanlight.layers.operation import record

        return record(name, args, kwargs)

    def numpy(self) -> Any:
        raise TypeError("a symbol has no content: it stands for data that a network will see")

    def __bool__(self) -> bool:
        raise TypeError("a symbol has no truth value: it stands for data that a network will see")

    def __iter__(self) -> Any:
        raise TypeError("a symbol cannot be walked through; write x[:, 0], say, or fl.unstack(x, axis=1)")

    __eq__, __ne__, __hash__ = object.__eq__, object.__ne__, object.__hash__


def bind(
    layer: Layer, given: tuple[Any, ...], named: Mapping[str, Any], data: type = Symbol
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """(inputs, arguments) of a `Call`, for `layer(*given, **named)`; data are symbols, or values.

    Raises TypeError for what is neither a symbol nor a plain value, and for names that `call` does not take.
    """
    if len(given) == 1 and isinstance(given[0], list | tuple):
        given = tuple(given[0])
    signature = layer.call_signature()
    try:
        bound = signature.bind(*given, **named)
    except TypeError as error:
        takes = ", ".join(map(str, signature.parameters.values()))
        raise TypeError(f"{layer.label}: expected arguments among ({takes}), {error}") from None
    inputs: list[Any] = []
    arguments: dict[str, Any] = {}
    for position, (name, parameter) in enumerate(signature.parameters.items()):
        if name not in bound.arguments:
            continue
        value, default = bound.arguments[name], parameter.default
        if parameter.kind is Parameter.VAR_POSITIONAL:
            inputs += value
        elif parameter.kind is Parameter.POSITIONAL_OR_KEYWORD and isinstance(value, data) and position == len(inputs):
            inputs.append(value)
        elif type(value := frozen(value)) is not type(default) or value != default:
            arguments[name] = value
    for symbol in (*inputs, *(each for each in leaves(arguments) if not is_plain(each))):
        if not isinstance(symbol, data):
            raise TypeError(
                f"{layer.label}: expected symbols, such as fl.Input(...) or what a layer gave, got "
                f"{type(symbol).__name__}; use model.predict(...) for data"
            )
    return tuple(inputs), arguments


def signature_of(call: Callable[..., Any], leave_out: int) -> Signature:
    """The signature of a method `call` without its first parameters, and with `training`, which every layer takes."""
    parameters = list(Signature.from_callable(call).parameters.values())[leave_out:]
    if all(each.name != "training" for each in parameters):
        kinds = [each.kind for each in parameters]
        place = kinds.index(Parameter.VAR_KEYWORD) if Parameter.VAR_KEYWORD in kinds else len(parameters)
        parameters.insert(place, Parameter("training", Parameter.KEYWORD_ONLY, default=None))
    return Signature([each.replace(annotation=Parameter.empty) for each in parameters])


def own_masks(
    signature: Signature, values: tuple[Value, ...], arguments: Mapping[str, Any], masks: Mapping[Value, Value]
) -> dict[str, Any]:
    """The masks that inputs bring with them, for the parameters of a `call` that take them.

    As in Keras: where one argument alone is data, `mask` is its mask, a tuple of masks for a list of inputs; where
    several are, `query_mask` is that of `query`.
    """
    first = next(iter(signature.parameters.values()), None)
    if first is not None and first.kind is Parameter.VAR_POSITIONAL:
        data: dict[str, Any] = {first.name: values[0] if len(values) == 1 else values}
    else:
        data = dict(zip(signature.parameters, values, strict=False))
    data |= {name: each for name, each in arguments.items() if any(isinstance(leaf, Value) for leaf in leaves(each))}
    found = {}
    for name, each in data.items():
        several = isinstance(each, tuple)
        own = tuple(masks.get(value) for value in (each if several else (each,)))
        if any(mask is not None for mask in own):
            found["mask" if len(data) == 1 else f"{name}_mask"] = own if several else own[0]
    return {name: mask for name, mask in found.items() if name in signature.parameters}


def frozen(argument: Any) -> Any:
    """Lists as tuples, at every depth."""
    if isinstance(argument, Mapping):
        return {key: frozen(each) for key, each in argument.items()}
    return tuple(map(frozen, argument)) if isinstance(argument, list | tuple) else argument


def leaves(argument: Any) -> Iterator[Any]:
    """What stands in an argument, at every depth."""
    if isinstance(argument, Mapping | tuple):
        for each in argument.values() if isinstance(argument, Mapping) else argument:
            yield from leaves(each)
    else:
        yield argument


def symbols_in(argument: Any) -> Iterator[Symbol]:
    return (each for each in leaves(argument) if isinstance(each, Symbol))


def is_plain(value: Any) -> bool:
    return value is None or isinstance(value, PLAIN)


def replace_symbols(argument: Any, content: Callable[[Symbol], Any]) -> Any:
    """An argument with `content(symbol)` in the place of each symbol."""
    if isinstance(argument, Symbol):
        return content(argument)
    if isinstance(argument, Mapping):
        return {key: replace_symbols(each, content) for key, each in argument.items()}
    return tuple(replace_symbols(each, content) for each in argument) if isinstance(argument, tuple) else argument

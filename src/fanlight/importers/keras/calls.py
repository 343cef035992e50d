"""What does each call of a layer read? The inbound nodes of a functional model, in the form of Keras 2 or of Keras 3.

In: `inbound_nodes` of one layer. Out: arguments with a `Place` where a tensor stands. Makes no layer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from fanlight.errors import ModelFormatError
from fanlight.importers.keras.rules import clean


class Place(NamedTuple):
    """Where a tensor comes from: which output of which call of which layer."""

    layer: str
    call: int
    output: int


class InboundCall(NamedTuple):
    """Call number `number` of a layer, with its arguments."""

    layer: str
    number: int
    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    @property
    def reads(self) -> list[Place]:
        return [*places_in(self.args), *places_in(self.kwargs)]


OWN = "fanlight"  # the key of a node under which stands what Keras would pass over


def is_old(nodes: Any) -> bool:
    """Whether inbound nodes have the form of Keras 2: lists of lists."""
    return isinstance(nodes, list) and bool(nodes) and isinstance(nodes[0], list)


def inbound_calls(layer: str, nodes: Any, at: str) -> list[InboundCall]:
    """The calls of a layer, in order; a layer that begins a model has one without arguments.

    Keras 3 notes a `training` with every call that could have one, and passes over it: what counts is what the model is
    run for. One that Fanlight wrote as meant stands in the node under its name.
    """
    found = []
    each: list[Any] = nodes or [[]]
    for number, node in enumerate(each):
        if isinstance(node, Mapping):
            args, kwargs = marked(node["args"], at), dict(marked(node["kwargs"], at))
            kwargs.pop("training", None)
            if isinstance(own := node.get(OWN), Mapping) and isinstance(own.get("training"), bool):
                kwargs["training"] = own["training"]
        elif isinstance(node, list):
            args, kwargs = old_arguments(node, at)
        else:
            raise ModelFormatError("config", expected="inbound nodes", got=str(node)[:80], at=f"{at}, {layer}")
        kwargs = {key: value for key, value in kwargs.items() if value is not None}
        found.append(InboundCall(layer, number, tuple(args), kwargs))
    return found


def old_arguments(node: list[Any], at: str) -> tuple[list[Any], dict[str, Any]]:
    """`[[layer, call, output, kwargs], ...]`, or one of these alone."""
    rows = [node] if node and isinstance(node[0], str) else node
    kwargs: dict[str, Any] = {}
    places = []
    for row in rows:
        if not isinstance(row, list) or len(row) not in (3, 4):
            raise ModelFormatError("config", expected="[layer, call, output, arguments]", got=str(row)[:80], at=at)
        places.append(place_of(row[:3], at))
        kwargs |= row[3] if len(row) == 4 else {}
    return places, kwargs


def marked(value: Any, at: str) -> Any:
    """Arguments in Keras 3's form, with places for tensors and slices for slices."""
    if isinstance(value, list):
        return tuple(marked(each, at) for each in value)
    if not isinstance(value, Mapping):
        return value
    kind, config = value.get("class_name"), value.get("config")
    if kind == "__keras_tensor__" and isinstance(config, Mapping):
        return place_of(config.get("keras_history"), at)
    if kind == "__slice__" and isinstance(config, Mapping):
        return slice(config.get("start"), config.get("stop"), config.get("step"))
    if kind == "__ellipsis__":
        return ...
    if kind == "__numpy__" and isinstance(config, Mapping):
        return marked(config.get("value"), at)
    if kind == "__tuple__":
        return tuple(marked(each, at) for each in value.get("items") or config or ())
    if kind is not None:
        raise ModelFormatError("config", expected="tensors and plain arguments of calls", got=kind, at=at)
    return {key: marked(each, at) for key, each in value.items()}


def place_of(row: Any, at: str) -> Place:
    """`[layer, call, output]` of a config."""
    if not is_place(row):
        raise ModelFormatError("config", expected="[layer, call, output]", got=str(row)[:80], at=at)
    return Place(str(clean(row[0])), row[1], row[2])


def is_place(row: Any) -> bool:
    return (
        isinstance(row, list)
        and len(row) == 3
        and isinstance(row[0], str)
        and all(isinstance(each, int) and each >= 0 for each in row[1:])
    )


def places_in(argument: Any) -> Iterator[Place]:
    """Every place in an argument, at any depth."""
    if isinstance(argument, Place):
        yield argument
    elif isinstance(argument, Mapping | tuple):
        for each in argument.values() if isinstance(argument, Mapping) else argument:
            yield from places_in(each)


def filled(argument: Any, content: Callable[[Place], Any]) -> Any:
    """An argument with `content(place)` for each place in it."""
    if isinstance(argument, Place):
        return content(argument)
    if isinstance(argument, Mapping):
        return {key: filled(each, content) for key, each in argument.items()}
    return tuple(filled(each, content) for each in argument) if isinstance(argument, tuple) else argument

"""What does a layer do that is called on values? It runs, as a part of the layer whose own `call` is running.

In: the layer that runs (`running`), and what stands between the parentheses of `self.dense(x)`. Knows no single layer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fanlight.errors import UnknownLayerError
from fanlight.ir.graph import Value
from fanlight.layers.calling import bind, frozen, leaves
from fanlight.layers.context import Context

if TYPE_CHECKING:
    from fanlight.layers.base import Layer


@dataclass(frozen=True, slots=True)
class Frame:
    """A layer whose own `call` runs, and where."""

    layer: Layer
    context: Context


RUNNING: ContextVar[Frame | None] = ContextVar("RUNNING", default=None)


@contextmanager
def running(layer: Layer, context: Context) -> Iterator[None]:
    """Inside, layers that are called on values are parts of `layer`."""
    token = RUNNING.set(Frame(layer, context))
    try:
        yield
    finally:
        RUNNING.reset(token)


def is_called_on_values(inputs: tuple[Any, ...], arguments: Mapping[str, Any]) -> bool:
    return RUNNING.get() is not None and any(
        isinstance(each, Value) for each in leaves(frozen((*inputs, *arguments.values())))
    )


def run_inside(part: Layer, inputs: tuple[Any, ...], arguments: Mapping[str, Any]) -> Any:
    """The output of `part`, or a tuple of its outputs, for values; raises UnknownLayerError for what is no part."""
    frame = RUNNING.get()
    assert frame is not None
    path = next((path for path, each in frame.layer.walk("") if each is part), "")
    if not path:
        raise UnknownLayerError(
            frame.layer.label,
            expected="to call layers that are attributes of it",
            got=part.label,
            do="make it in __init__ and keep it: self.dense = ...",
        )
    values, named = bind(part, inputs, arguments, Value)
    with frame.context.scope(path.lstrip("/")):
        outputs = part.run(frame.context, *values, **named)
    return outputs[0] if len(outputs) == 1 else outputs

"""What is `self.w` in a layer of one's own? A handle; while the layer's `call` runs, the content of that weight.

In: attributes that hold handles, the context of a call. Out: the same attributes with values, which can be assigned to
where they are not trained. Knows no single layer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from traceback import walk_stack
from typing import Any

from fanlight.errors import CompileError, ShapeError
from fanlight.ir.graph import Op, State, Value
from fanlight.ir.types import Shape, Type
from fanlight.layers.calling import frozen, leaves
from fanlight.layers.context import Context
from fanlight.layers.inside import RUNNING
from fanlight.ops.promote import Operand, as_value


class Handle:
    """A weight as `add_weight` returns it: its name, shape and dtype. It has a value while its layer's `call` runs."""

    def __init__(self, layer: Any, name: str, type: Type, trainable: bool):
        self.layer, self.name, self.type, self.trainable = layer, name, type, trainable

    @property
    def shape(self) -> Shape:
        return self.type.shape

    @property
    def dtype(self) -> str:
        return self.type.dtype

    def __repr__(self) -> str:
        return f"<weight {self.name!r} of {self.layer.label}: {self.type}, with a value inside its call only>"

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(
            f"{self!r} has no attribute {name!r}; use it in the call of its layer, and model.weights() for numbers"
        )


class Content(Value):
    """The content of a weight, in `call`. What is not trained can be assigned to, in training."""

    __slots__ = ("handle",)

    def __init__(self, op: Op, inputs: tuple[Value, ...], handle: Handle):
        super().__init__(op, inputs, handle.type)
        self.handle = handle

    @property
    def value(self) -> Value:
        return self

    def assign(self, value: Operand) -> Value:
        """Let the weight be `value` from here on, and after this step of training."""
        handle, frame = self.handle, RUNNING.get()
        where = f"assign to weight {handle.name!r} of {handle.layer.label}"
        if frame is None or frame.layer is not handle.layer:
            raise CompileError(where, expected="to be inside the call of that layer", got="another place")
        if handle.trainable:
            do = "add_weight(..., trainable=False)"
            raise CompileError(where, expected="a weight that the optimizer leaves alone", got="a trainable one", do=do)
        if not frame.context.training:
            do = "take training=None as an argument of call, and write: if training:"
            raise CompileError(where, expected="a call in training", got="training=False", do=do)
        if is_in_body():
            do = "return the new value from the body, and assign it after"
            raise CompileError(where, expected="to be in call itself", got="the body of a loop or branch", do=do)
        new = as_value(value, handle.dtype)
        if new.shape != handle.shape:
            raise ShapeError(where, expected=list(handle.shape), got=list(new.shape))
        frame.context.update(handle.name, new)
        attributes = vars(handle.layer)
        attributes.update(contents(attributes["_handles"], frame.context))
        return new

    def assign_add(self, value: Operand) -> Value:
        """`assign` of what it is now plus `value`."""
        return self.assign(content(self.handle, self._context()) + value)

    def assign_sub(self, value: Operand) -> Value:
        """`assign` of what it is now minus `value`."""
        return self.assign(content(self.handle, self._context()) - value)

    def _context(self) -> Context:
        frame = RUNNING.get()
        if frame is None or frame.layer is not self.handle.layer:
            self.assign(self)  # says why not
        assert frame is not None
        return frame.context


def is_in_body() -> bool:
    """Whether an array function, `fl.scan` or `fl.cond` say, runs the caller: that is not once in each step."""
    for frame, _ in walk_stack(None):
        module = frame.f_globals.get("__name__", "")
        if module == "fanlight.layers.own":
            return False
        if module.startswith("fanlight.ops."):
            return True
    return False


def content(handle: Handle, context: Context) -> Value:
    """What a weight of the layer that runs is now: as it was before the step, or as it was assigned."""
    path = context.path(handle.name)
    if (now := context.updates.get(path)) is not None:
        return Content(now.op, now.inputs, handle)
    context.states.setdefault(path, Content(State(path, handle.type), (), handle))
    return context.state(handle.name, handle.type)


@contextmanager
def with_contents(layer: Any, context: Context) -> Iterator[None]:
    """Inside, the attributes of `layer` that hold handles hold values."""
    attributes = vars(layer)
    held = {name: each for name, each in attributes.items() if name != "_handles" and holds_handles(each)}
    attributes["_handles"] = held
    attributes.update(contents(held, context))
    try:
        yield
    finally:
        attributes.update(held)
        del attributes["_handles"]


def holds_handles(attribute: Any) -> bool:
    return any(isinstance(each, Handle) for each in leaves(frozen(attribute)))


def contents(held: Mapping[str, Any], context: Context) -> dict[str, Any]:
    def change(each: Any) -> Any:
        return content(each, context) if isinstance(each, Handle) else each

    return {name: mapped(each, change) for name, each in held.items()}


def mapped(attribute: Any, change: Callable[[Any], Any]) -> Any:
    """Lists, tuples and dicts with all that stands in them changed."""
    if isinstance(attribute, Mapping):
        return {key: mapped(each, change) for key, each in attribute.items()}
    if isinstance(attribute, list | tuple):
        return type(attribute)(mapped(each, change) for each in attribute)
    return change(attribute)

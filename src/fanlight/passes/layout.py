"""Where do channels lie? Images that a file has channels-first are computed channels-last, and no copy turns them.

Operators on channels-first images are written as a transpose, the channels-last operator, a transpose back. The rules
here move the way back down, through all that does not care, until it meets the next one and both are gone. They are
rules of `simplify`: in a value whose inputs are simple, out the same one computed in another order, or None.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from fanlight.ir.graph import Value
from fanlight.ops import movement, padding

Build = Callable[..., Value]
Axes = tuple[int, ...]
Item = TypeVar("Item")


def channels_first(value: Value) -> Axes | None:
    """The axes of a transpose that takes channels from the end to the front of an image; None for all else."""
    if not isinstance(value.op, movement.Transpose) or value.rank < 3:
        return None
    wanted = (0, value.rank - 1, *range(1, value.rank - 1))
    return wanted if value.op.axes == wanted else None


def inverse(axes: Axes) -> Axes:
    return tuple(sorted(range(len(axes)), key=axes.__getitem__))


def placed(items: Sequence[Item], axes: Axes) -> tuple[Item, ...]:
    """What belongs to the axes of a transpose's result, in the order of its operand's."""
    return tuple(items[k] for k in inverse(axes))


def sink_elementwise(value: Value, build: Build) -> Value | None:
    """relu(transpose x) -> transpose(relu x); operands beside x are transposed too, or the same along most axes"""
    found = {axes for x in value.inputs if (axes := channels_first(x)) is not None}
    if len(found) != 1:
        return None
    (axes,) = found
    inputs = []
    for x in value.inputs:
        if channels_first(x) is not None:
            inputs.append(x.inputs[0])
        elif isinstance(x.op, movement.BroadcastTo):
            inputs.append(turned(x, inverse(axes), build))
        else:
            return None
    return build(movement.Transpose(axes), build(value.op, *inputs))


def turned(value: Value, axes: Axes, build: Build) -> Value:
    """The transpose of a broadcast, as a broadcast."""
    source = value.inputs[0]
    shape = (*[1] * (value.rank - source.rank), *source.shape)
    whole = source if shape == source.shape else build(movement.Reshape(shape), source)
    return build(movement.BroadcastTo(tuple(value.shape[k] for k in axes)), build(movement.Transpose(axes), whole))


def move_ones(value: Value, build: Build) -> Value | None:
    """A transpose that changes the places of axes of length 1 alone -> a reshape"""
    axes: Axes = value.op.axes  # type: ignore[attr-defined]  # the class in `RULES` has it
    kept = [k for k in axes if value.inputs[0].shape[k] != 1]
    return build(movement.Reshape(value.shape), value.inputs[0]) if kept == sorted(kept) else None


def sink_concatenate(value: Value, build: Build) -> Value | None:
    """concatenate(transpose x, transpose y) -> transpose(concatenate(x, y))"""
    axes = channels_first(value.inputs[0])
    if axes is None or any(channels_first(x) != axes for x in value.inputs):
        return None
    axis = axes[value.op.axis]  # type: ignore[attr-defined]  # the class in `RULES` has it
    joined = build(padding.Concatenate(axis), *(x.inputs[0] for x in value.inputs))
    return build(movement.Transpose(axes), joined)


def sink_pad(value: Value, build: Build) -> Value | None:
    """pad(transpose x) -> transpose(pad x)"""
    axes, op = channels_first(value.inputs[0]), value.op
    if axes is None or not isinstance(op, padding.Pad):
        return None
    inner = padding.Pad(placed(op.before, axes), placed(op.after, axes), op.value)
    return build(movement.Transpose(axes), build(inner, value.inputs[0].inputs[0]))


def sink_slice(value: Value, build: Build) -> Value | None:
    """slice(transpose x) -> transpose(slice x)"""
    axes, op = channels_first(value.inputs[0]), value.op
    if axes is None or not isinstance(op, movement.Slice):
        return None
    inner = movement.Slice(placed(op.start, axes), placed(op.size, axes), placed(op.step, axes))
    return build(movement.Transpose(axes), build(inner, value.inputs[0].inputs[0]))


def sink_reduction(value: Value, build: Build) -> Value | None:
    """sum(transpose x) -> sum x, along the axes where they lie there"""
    axes, op = channels_first(value.inputs[0]), value.op
    if axes is None:
        return None
    gone: Axes = op.axes  # type: ignore[attr-defined]  # the class in `RULES` has it
    kept = [axes[k] for k in range(len(axes)) if k not in gone]
    if kept != sorted(kept):
        return None
    attributes = {**op.attributes(), "axes": tuple(sorted(axes[k] for k in gone))}
    return build(type(op)(**attributes), value.inputs[0].inputs[0])

"""How does a result change along a direction? Forward derivatives, written with backward ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fanlight.errors import ShapeError
from fanlight.ir.graph import Gradient, Value, apply
from fanlight.ir.types import is_float
from fanlight.ops import movement
from fanlight.ops.pointwise import add, multiply
from fanlight.ops.promote import as_value
from fanlight.ops.reductions import sum
from fanlight.ops.shapes import zeros, zeros_like

__all__ = ["jvp"]


def jvp(fun: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any], has_aux: bool = False) -> Any:
    """`fun(*primals)`, and how it changes where the primals change by the tangents: a pair, or with what else `fun`
    returns, for `has_aux`, three.

    The gradient of (gradient of sum(u * y) along the tangents) with respect to u, whose value does not matter."""
    if len(primals) != len(tangents):
        got = f"{len(primals)} and {len(tangents)}"
        raise ShapeError("jvp", expected="as many tangents as primals", got=got)
    # Values of their own, so that what `fun` takes from elsewhere does not change with them.
    points = [apply(movement.Reshape(x.shape), x) for x in map(as_value, primals)]
    found = fun(*points)
    outputs, aux = found if has_aux else (found, None)
    many = isinstance(outputs, (tuple, list))
    moved = [_tangent(y, points, tangents) for y in (outputs if many else [outputs])]
    change = type(outputs)(moved) if many else moved[0]
    return (outputs, change, aux) if has_aux else (outputs, change)


def _tangent(y: Value, points: Sequence[Value], tangents: Sequence[Any]) -> Value:
    if not is_float(y.dtype):
        return zeros_like(y)
    weight = apply(movement.Reshape(y.shape), zeros(y.shape))
    total = sum(multiply(y, weight))
    slope = zeros(())
    for point, tangent in zip(points, tangents, strict=True):
        if is_float(point.dtype):
            slope = add(slope, sum(multiply(apply(Gradient(), total, point), tangent)))
    return apply(Gradient(), slope, weight)

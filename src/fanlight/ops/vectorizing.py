"""How does a function of small arrays become one of large arrays? `vectorize`, a loop over all but the last axes."""

from __future__ import annotations

import builtins
import re
from collections.abc import Callable, Collection
from functools import wraps
from typing import Any

from fanlight.errors import ShapeError
from fanlight.ir import dim as dims
from fanlight.ir.graph import Value
from fanlight.ops.control import vectorized_map
from fanlight.ops.promote import as_value, broadcast_shape, stretched
from fanlight.ops.shapes import reshape

__all__ = ["vectorize"]


def vectorize(
    pyfunc: Callable[..., Any], *, excluded: Collection[int] | None = None, signature: str | None = None
) -> Callable[..., Any]:
    """`pyfunc` of numbers as a function of arrays, which are broadcast, element by element.

    With a signature such as "(m,n),(n)->(m)" it is a function of arrays with as many axes, and broadcast are those in
    front of them. The arguments whose positions are `excluded` are passed as they are.

    Differs: excluded arguments are named by position only, and the elements are computed one after the other."""
    ranks = _ranks(signature) if signature is not None else None
    kept = set(excluded or ())

    @wraps(pyfunc)
    def call(*args: Any) -> Any:
        mapped = [k for k in range(len(args)) if k not in kept]
        values = [as_value(args[k]) for k in mapped]
        inner = ranks or [0] * len(values)
        if len(inner) != len(values) or builtins.any(x.rank < n for x, n in zip(values, inner, strict=True)):
            got = ", ".join(repr(x.type) for x in values)
            raise ShapeError("vectorize", expected=f"arrays as in the signature {signature}", got=got)
        lead = broadcast_shape(*(x.shape[: x.rank - n] for x, n in zip(values, inner, strict=True)))

        def apart(parts: list[Value]) -> Any:
            rest = iter(parts)
            return pyfunc(*(next(rest) if k in mapped else each for k, each in enumerate(args)))

        if not lead:
            return apart(values)
        count = dims.product(lead)
        flat = []
        for x, n in zip(values, inner, strict=True):
            own = x.shape[x.rank - n :]
            flat.append(reshape(stretched(x, (*lead, *own)), (count, *own)))
        found = vectorized_map(lambda parts: apart([*parts]), tuple(flat))
        whole = [reshape(y, (*lead, *y.shape[1:])) for y in (found if isinstance(found, (tuple, list)) else [found])]
        return tuple(whole) if isinstance(found, (tuple, list)) else whole[0]

    return call


def _ranks(signature: str) -> list[int]:
    """How many axes each argument of "(m,n),(n)->(m)" has."""
    arguments, arrow, _ = signature.partition("->")
    groups = re.findall(r"\(([^()]*)\)", arguments)
    if not arrow or not groups:
        raise ShapeError("vectorize", expected='a signature such as "(m,n),(n)->(m)"', got=repr(signature))
    return [len([name for name in group.split(",") if name.strip()]) for group in groups]

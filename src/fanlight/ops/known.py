"""What does a value hold, as far as shapes and constants tell? The arithmetic of shapes, evaluated while it is traced.

In: a value of a graph that a model computes from shapes, to reshape by it, say. Out: its content, numbers and dims, or
None where it depends on data. Every op is evaluated by its own reference; this file adds what dims need.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fanlight.ir import dim as dims
from fanlight.ir.dim import Dim, DimLike
from fanlight.ir.graph import Constant, Leaf, SizeOf, Value
from fanlight.ir.types import Types, is_float
from fanlight.ops import functions as fn

LARGEST = 65536  # elements: content is for shapes, axes and small tables
SHORT = 64  # elements that a symbol remembers


def known(root: Value) -> Any:
    """The content of `root` as a NumPy array, of objects where dims are in it; None where it is not known."""
    done: dict[int, Any] = {}
    stack = [root]
    while stack:
        value = stack[-1]
        if id(value) in done:
            stack.pop()
        elif is_data(value):
            return None
        elif missing := [x for x in value.inputs if id(x) not in done]:
            stack.append(missing[0])
        else:
            found = evaluated(value, [done[id(x)] for x in value.inputs])
            if found is None:
                return None
            done[id(value)] = found
    return done[id(root)]


def is_data(value: Value) -> bool:
    """Is it given from outside, drawn, computed in a loop, or simply too much?"""
    if isinstance(value.type, Types) or isinstance(value.op, Leaf) or value.op.bodies or value.op.name == "item":
        return True
    count = value.type.count
    return not isinstance(count, int) or count > LARGEST


def evaluated(value: Value, arrays: list[Any]) -> Any:
    import numpy

    op = value.op
    if isinstance(op, Constant):
        return numpy.array(op.value, op.dtype)
    if isinstance(op, SizeOf):
        return settled(numpy.array(op.size, object), value.dtype)
    try:
        if all(array.dtype != object for array in arrays):
            return numpy.asarray(op.reference(*arrays)).astype(value.dtype, copy=False)
        return settled(numpy.asarray(with_dims(value, arrays), object), value.dtype)
    # No arithmetic of dims: a root of one, a bound that is open, an infinite one.
    except (TypeError, ValueError, OverflowError, NotImplementedError):
        return None


def settled(array: Any, dtype: str) -> Any:
    """An array of objects as one of numbers, where no dim is left in it."""
    has_dims = any(isinstance(each, Dim) for each in array.flat)
    return array if has_dims else array.astype(dtype)


def with_dims(value: Value, arrays: list[Any]) -> Any:
    """What an op gives where dims stand among the numbers."""
    import numpy

    op, name = value.op, value.op.name
    if name == "cast":
        if is_float(value.dtype):
            return arrays[0]  # whole numbers are whole
        return arrays[0] if value.dtype != "bool" else numpy.vectorize(is_not_zero, otypes=[object])(arrays[0])
    if name in BY_DIMS:
        return numpy.vectorize(BY_DIMS[name], otypes=[object])(*arrays)
    if name in COMPARED:
        return numpy.vectorize(lambda a, b: compared(name, a, b), otypes=[object])(*arrays)
    if name == "where":
        return numpy.where(arrays[0].astype(bool), arrays[1], arrays[2])
    if op.movement or name == "gather":
        return op.reference(*(numpy.asarray(array) for array in arrays))
    if name in ("sum", "prod"):
        return op.reference(*arrays)
    raise NotImplementedError(f"{name} of dims")


def plain(number: Any) -> DimLike:
    """A number as Python's; raises TypeError for one with a fraction."""
    if isinstance(number, Dim | int):
        return number
    whole = int(number)
    if whole != number:
        raise TypeError(f"expected a whole number among dims, got {number}")
    return whole


def divided(a: Any, b: Any) -> DimLike:
    """`a / b` where it leaves nothing; raises TypeError elsewhere."""
    quotient = dims.floor_divide(plain(a), plain(b))
    if dims.multiply(quotient, plain(b)) != plain(a):
        raise TypeError("expected a dim that can be divided")
    return quotient


def is_not_zero(number: Any) -> bool:
    return compared("not_equal", number, 0)


def compared(name: str, a: Any, b: Any) -> bool:
    """A comparison that holds whatever the sizes are; raises TypeError where it depends on them."""
    low, high = dims.bounds(dims.add(plain(a), dims.multiply(plain(b), -1)))
    yes, no = COMPARED[name](low, high)
    if not yes and not no:
        raise TypeError("the sizes decide")
    return yes


# By the bounds of a - b: whether it holds surely, and whether it surely does not.
COMPARED = {
    "equal": lambda low, high: (low == high == 0, low > 0 or high < 0),
    "not_equal": lambda low, high: (low > 0 or high < 0, low == high == 0),
    "less": lambda low, high: (high < 0, low >= 0),
    "less_equal": lambda low, high: (high <= 0, low > 0),
    "greater": lambda low, high: (low > 0, high <= 0),
    "greater_equal": lambda low, high: (low >= 0, high < 0),
}
BY_DIMS = {
    "add": lambda a, b: dims.add(plain(a), plain(b)),
    "subtract": lambda a, b: dims.add(plain(a), dims.multiply(plain(b), -1)),
    "multiply": lambda a, b: dims.multiply(plain(a), plain(b)),
    "negative": lambda a: dims.multiply(plain(a), -1),
    "floor_divide": lambda a, b: dims.floor_divide(plain(a), plain(b)),
    "mod": lambda a, b: dims.modulo(plain(a), plain(b)),
    "divide": divided,
    "minimum": lambda a, b: dims.minimum(plain(a), plain(b)),
    "maximum": lambda a, b: dims.maximum(plain(a), plain(b)),
    **dict.fromkeys(("floor", "ceil", "round", "trunc", "stop_gradient"), plain),
}


def as_dims(content: Any) -> tuple[DimLike, ...]:
    """Known content as a flat tuple of lengths."""
    return tuple(plain(each) for each in content.flat)


def written(content: Any, dtype: str) -> Value:
    """A value with that content."""
    flat = [
        each if isinstance(each, Dim) else each.item() if hasattr(each, "item") else each
        for each in content.reshape(-1)
    ]
    return fn.reshape(joined(flat, dtype), content.shape)


def joined(flat: Sequence[Any], dtype: str) -> Value:
    """The numbers and dims as an array of rank 1; halves of halves, so that its expression is not deep."""
    if not flat:
        return fn.zeros((0,), dtype)
    if len(flat) == 1:
        return fn.reshape(fn.size_of(flat[0], dtype) if isinstance(flat[0], Dim) else fn.full((), flat[0], dtype), (1,))
    middle = len(flat) // 2
    return fn.concatenate([joined(flat[:middle], dtype), joined(flat[middle:], dtype)], axis=0)


def short_content(value: Value) -> Any:
    """What a symbol remembers of its value: short whole numbers or truth values that are known; else None."""
    if isinstance(value.type, Types) or not isinstance(count := value.type.count, int) or count > SHORT:
        return None
    return None if is_float(value.dtype) and value.rank > 1 else known(value)

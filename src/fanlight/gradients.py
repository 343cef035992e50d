"""What is the gradient of a Python function of arrays? `grad` and `value_and_grad`; arguments may be trees of arrays.

In: functions that return a scalar tensor. Out: functions. Differentiation itself is an op that passes expand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from fanlight.errors import DtypeError, ShapeError
from fanlight.ir.graph import Value, apply
from fanlight.ops import functions, movement
from fanlight.tensor import Tensor, as_tensor, compute, is_recording, leaves_of, mapped, pending, recording, together


def value_and_grad(
    f: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """A function that returns `(value, gradients)`: the scalar that `f` returns, and its gradient with respect to the
    arguments `argnums` (trees of arrays), each in the argument's own structure. With `has_aux`, `f` returns `(scalar,
    anything)`.

    Raises ShapeError where `f` returns no scalar, DtypeError where an argument is not floating."""
    numbers = (argnums,) if isinstance(argnums, int) else tuple(argnums)

    @wraps(f)
    def call(*args: Any, **kwargs: Any) -> Any:
        args, kwargs = mapped((args, kwargs), as_tensor)
        if max(numbers, default=0) >= len(args):
            raise ShapeError("fl.grad", expected=f"an argument number {max(numbers)}", got=f"{len(args)} arguments")
        bad = [x for k in numbers for x in leaves_of(args[k]) if not isinstance(x, Tensor) or x.dtype != "float32"]
        if bad:
            raise DtypeError(
                "fl.grad", expected="float arrays as the arguments to differentiate", got=repr(bad[0])[:80]
            )
        sources = [mapped(args[k], _apart) if k in numbers else args[k] for k in range(len(args))]
        with recording():
            result = f(*sources, **kwargs)
        value, aux = result if has_aux else (result, None)
        if not isinstance(value, Tensor) or value.shape != ():
            got = getattr(value, "shape", type(value).__name__)
            do = None if isinstance(value, Tensor) else "compute it with fl functions, and without float() or .numpy()"
            raise ShapeError("fl.grad", expected="a function that returns a scalar tensor", got=got, do=do)

        def gradient(x: Tensor) -> Tensor:
            found = functions.gradient(value._value, x._value)
            assert isinstance(found, Value)
            return pending(found, [value])

        gradients = tuple(mapped(sources[k], gradient) for k in numbers)
        found = gradients[0] if isinstance(argnums, int) else gradients
        result = together(((value, aux) if has_aux else value, found))
        if not is_recording():
            # With the arguments, so that a loop of updates that nobody looks at does not grow.
            compute((result, args))
        return result

    return call


def _apart(x: Tensor) -> Tensor:
    """The same content as a value of its own, so that only this argument's part is differentiated."""
    return pending(apply(movement.Reshape(x.shape), x._value), [x])


def grad(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """The gradient of a function that returns a scalar, with respect to argument number `argnums`: see
    `value_and_grad`."""
    both = value_and_grad(f, argnums)

    @wraps(f)
    def call(*args: Any, **kwargs: Any) -> Any:
        return both(*args, **kwargs)[1]

    return call

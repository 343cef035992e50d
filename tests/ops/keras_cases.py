"""On which arguments is a function compared with its namesake in keras.ops? The form of a case, and all cases by name.

A family's cases stand in a file tests/ops/keras_cases_*.py, which this file finds by itself. It holds a dict CASES:
name in keras.ops ("sinh", "image.resize") -> list of cases, the most telling one first: the quick tier runs only that.

    CASES = {"sinh": [case(normal(2, 3)), case(normal(17))], "stack": [case([normal(2, 3), normal(2, 3)], axis=0)]}

Every NumPy array among the arguments, nested in lists, tuples and dicts too, is an input of the compiled function; all
else is passed as it is. Where a function takes functions, write `call(lambda ops, x: ops.map(ops.sin, x), normal(3))`:
`ops` is keras.ops, then Fanlight's functions. See Case for what else a case can say.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class Case:
    """One call. Values, shapes and dtypes must agree, and gradients with respect to all float inputs."""

    call: Callable[..., Any] | None  # of (ops, *args, **kwargs); None: the function of the name
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)
    gradient: bool | str = True  # or the reason why gradients are not compared
    oracle: Callable[..., Any] | None = None  # of (*args, **kwargs): NumPy's or SciPy's truth where Keras has none
    jit: bool = True  # whether Keras's function can be traced by jax.jit
    rtol: float = 1e-5
    atol: float = 1e-6  # times the largest expected element, where that is above 1


OPTIONS = ("gradient", "oracle", "jit", "rtol", "atol")


def case(*args: Any, **kwargs: Any) -> Case:
    """A call of the function with these arguments; the fields of Case in OPTIONS are not passed on."""
    options = {name: kwargs.pop(name) for name in OPTIONS if name in kwargs}
    return Case(None, args, kwargs, **options)


def call(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Case:
    """A call of `function(ops, *args, **kwargs)`, which uses the function of the name."""
    options = {name: kwargs.pop(name) for name in OPTIONS if name in kwargs}
    return Case(function, args, kwargs, **options)


_rng = np.random.default_rng(23)


def normal(*shape: int) -> np.ndarray:
    """Spread around 0, none near a whole number, so that no kink is near."""
    whole = np.round(_rng.normal(0, 1.5, shape))
    return np.float32(whole + _rng.uniform(0.15, 0.4, shape) * _rng.choice([-1, 1], shape))


def uniform(low: float, high: float, *shape: int) -> np.ndarray:
    return np.float32(_rng.uniform(low, high, shape))


def distinct(*shape: int) -> np.ndarray:
    """No two elements closer than 0.1."""
    count = int(np.prod(shape, dtype=int))
    return np.float32(((_rng.permutation(count) - count // 2) * 0.15 + 0.05).reshape(shape))


def integers(low: int, high: int, *shape: int, dtype: str = "int32") -> np.ndarray:
    """From `low` to below `high`."""
    return _rng.integers(low, high, shape).astype(dtype)


def wide(*shape: int) -> np.ndarray:
    """int64 beyond 32 bits, of which Keras on JAX knows nothing: for cases with an oracle."""
    return _rng.integers(-(2**62), 2**62, shape) >> _rng.integers(0, 62, shape)


def bools(*shape: int) -> np.ndarray:
    return _rng.random(shape) < 0.5


def with_nan(x: np.ndarray, every: int = 3) -> np.ndarray:
    """`x` with a NaN in place of every third element or so."""
    flat = x.copy().ravel()
    flat[::every] = np.nan
    return flat.reshape(x.shape)


# No subnormal numbers: XLA takes them for 0.
SPECIAL = np.float32([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3.5, 1e-30, -1e-30, 3e38, -3e38])


def all_cases() -> dict[str, list[Case]]:
    """The cases of all families by name; a name may stand in one family only."""
    found: dict[str, list[Case]] = {}
    for path in sorted(Path(__file__).parent.glob("keras_cases_*.py")):
        for name, cases in import_module(f"ops.{path.stem}").CASES.items():
            assert name not in found, f"{name} has cases in two files; one is {path.name}"
            assert cases, f"{name} has no case in {path.name}"
            found[name] = cases
    return found

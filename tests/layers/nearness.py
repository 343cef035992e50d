"""How far two results are apart, and how far rounding alone moves one."""

from collections.abc import Callable
from typing import Any

import numpy as np


def error(ours: Any, theirs: Any) -> float:
    """max |a - b| / max(1, max |b|)."""
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    assert ours.shape == theirs.shape, f"expected shape {theirs.shape}, got {ours.shape}"
    ours, theirs = ours.astype("float64"), theirs.astype("float64")
    assert np.all(np.isfinite(theirs))
    return float(np.max(np.abs(ours - theirs), initial=0) / max(1.0, np.max(np.abs(theirs), initial=0)))


def blur(f: Callable[..., list[Any]], *inputs: list[Any]) -> np.ndarray:
    """How far each result of Keras's moves when its inputs are rounded otherwise, by one unit in the last place:
    where a difference of two near numbers is divided by its own size, nobody's float32 can say more."""
    rng = np.random.default_rng(5)

    def rounded(x: Any) -> Any:
        return np.nextafter(x, np.where(rng.random(np.shape(x)) < 0.5, -np.inf, np.inf).astype("float32"))

    given = f(*inputs)
    moved = [f(*([rounded(x) for x in xs] for xs in inputs)) for _ in range(4)]
    return np.array([max(error(each[k], given[k]) for each in moved) for k in range(len(given))])

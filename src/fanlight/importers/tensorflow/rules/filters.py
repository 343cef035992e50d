"""What does ScaleAndTranslate mean? Each new pixel is a sum of those under a filter, which is one matrix along each
axis: sizes, scales and places are known when a model is loaded."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, floor
from typing import Any

from fanlight.importers.tensorflow.rules.table import op
from fanlight.ir.graph import Value
from fanlight.ops import functions as fn
from fanlight.ops.known import written


def lanczos(radius: float) -> Callable[[Any], Any]:
    import numpy as np

    return lambda x: np.where(x > radius, 0.0, np.sinc(x) * np.sinc(x / radius))


def gaussian(x: Any) -> Any:
    import numpy as np

    return np.where(x >= 1.5, 0.0, np.exp(-2.0 * x * x))


def box(x: Any) -> Any:
    import numpy as np

    return np.where(x < 0.5, 1.0, np.where(x == 0.5, 0.5, 0.0))


def triangle(x: Any) -> Any:
    import numpy as np

    return np.maximum(1.0 - x, 0.0)


def keys_cubic(x: Any) -> Any:
    """Keys, 1981."""
    import numpy as np

    return np.where(x >= 2.0, 0.0, np.where(x >= 1.0, ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0,
                                            ((1.5 * x - 2.5) * x) * x + 1.0))  # fmt: skip


def mitchell_cubic(x: Any) -> Any:
    """Mitchell and Netravali, 1988, with B and C one third."""
    import numpy as np

    return np.where(x >= 2.0, 0.0, np.where(x >= 1.0, (((-7.0 / 18.0) * x + 2.0) * x - 10.0 / 3.0) * x + 16.0 / 9.0,
                                            (((7.0 / 6.0) * x - 2.0) * x) * x + 8.0 / 9.0))  # fmt: skip


# name -> half of its width, and its values
FILTERS: dict[str, tuple[float, Callable[[Any], Any]]] = {
    "lanczos1": (1.0, lambda x: lanczos(1.0)(x)),
    "lanczos3": (3.0, lambda x: lanczos(3.0)(x)),
    "lanczos5": (5.0, lambda x: lanczos(5.0)(x)),
    "gaussian": (1.5, gaussian),
    "box": (0.5, box),
    "triangle": (1.0, triangle),
    "keyscubic": (2.0, keys_cubic),
    "mitchellcubic": (2.0, mitchell_cubic),
}


@op("ScaleAndTranslate", settings=(1, 2, 3), note="sizes, scales and places that depend on data")
def scale_and_translate(use: Any, x: Value, size: Value, scale: Value, place: Value) -> Value:
    lengths = use.ints(size, "a size")
    scales, places = use.array(scale, "scales"), use.array(place, "places")
    x = fn.cast(x, "float32")
    if use["kernel_type"] not in FILTERS:
        raise use.refuse(f"a kernel of {', '.join(FILTERS)}", use["kernel_type"])
    for axis in (1, 2):
        old = x.shape[axis]
        if not isinstance(old, int):
            raise use.refuse("pictures of a known size", x.type)
        weights = matrix(use, lengths[axis - 1], old, float(scales[axis - 1]), float(places[axis - 1]))
        x = fn.moveaxis(fn.matmul(fn.moveaxis(x, axis, -1), written(weights.T, "float32")), -1, axis)
    return x


def matrix(use: Any, new: int, old: int, scale: float, place: float) -> Any:
    """How much each old element counts in each new one; computed in float32, so that ends of filters fall alike."""
    import numpy as np

    radius, values = FILTERS[use["kernel_type"]]
    one, half = np.float32(1.0), np.float32(0.5)
    step = one / np.float32(scale)
    width = max(step, one) if use["antialias"] else one
    at = (np.arange(new, dtype="float32") + half) * step - step * np.float32(place)
    found = np.zeros((new, old), "float32")
    for k, middle in enumerate(at):
        if 0 <= middle <= old:
            reach = np.float32(radius) * width
            first = min(max(ceil(middle - reach - half), 0), old - 1)
            last = min(max(floor(middle + reach - half), 0), old - 1)
            apart = np.arange(first, last + 1, dtype="float32") + half - middle
            weights = values(np.abs(apart * (one / width)))
            total = weights.sum()
            found[k, first : last + 1] = weights / total if abs(total) > 1e-35 else 0.0
    return found

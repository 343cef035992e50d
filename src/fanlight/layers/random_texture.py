"""Which layers change details of images while a network learns? Sharper, blurred, with a hole.

Names, attributes, defaults and meanings are Keras 3's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from fanlight.ir.graph import Value
from fanlight.layers.images import Drawn, Draws, RandomImageLayer, per_image
from fanlight.layers.initializers import listed
from fanlight.ops import functions as fn
from fanlight.ops.filtering import gaussian_blur

SMOOTH = (1, 1, 1, 1, 5, 1, 1, 1, 1)  # thirteenths: the kernel of PIL's ImageEnhance.Sharpness


@dataclass(eq=False, repr=False)
class RandomSharpness(RandomImageLayer):
    """In training, images whose difference from their smoothed form counts 2 f times, for f from `factor`: 0 is smooth,
    0.5 changes nothing, 1 is sharp."""

    factor: Any
    value_range: Any = (0, 255)
    data_format: str | None = None
    seed: int | None = None
    intervals: ClassVar = {"factor": (0, 1)}

    def draw(self, x: Value, draws: Draws) -> Drawn:
        return {"factor": draws.uniform(self.factor)}

    def transform(self, x: Value, drawn: Drawn) -> Value:
        weights = fn.reshape(listed([each / 13 for each in SMOOTH], "float32"), (3, 3, 1, 1))
        smooth = fn.depthwise_conv(x, fn.broadcast_to(weights, (3, 3, x.shape[-1], 1)), padding="same")
        return fn.clip(x + (1 - 2 * per_image(drawn["factor"])) * (smooth - x), *self.value_range)


@dataclass(eq=False, repr=False)
class RandomGaussianBlur(RandomImageLayer):
    """In training, with a probability from `factor`, images smoothed by a Gaussian of `kernel_size` pixels and a
    deviation from `sigma`, across and down, that all images of a batch share."""

    factor: Any = 1.0
    kernel_size: Any = 3
    sigma: Any = 1.0
    value_range: Any = (0, 255)
    data_format: str | None = None
    seed: int | None = None
    intervals: ClassVar = {"factor": (0, 1), "sigma": (0, 1)}

    def check(self) -> None:
        super().check()
        size = self.kernel_size
        self.kernel_size = (size, size) if isinstance(size, int) else tuple(size)
        if len(self.kernel_size) != 2 or not all(each > 0 and each % 2 for each in self.kernel_size):
            raise self.error("kernel_size as one odd number or two", size)

    def draw(self, x: Value, draws: Draws) -> Drawn:
        deviation = fn.random_uniform(draws.key(), (2,), *map(float, self.sigma)) + 1e-6
        return {"should_apply_blur": draws.chance(self.factor), "blur_factor": deviation}

    def transform(self, x: Value, drawn: Drawn) -> Value:
        smooth = gaussian_blur(x, self.kernel_size, drawn["blur_factor"])
        return fn.clip(fn.where(per_image(drawn["should_apply_blur"]), smooth, x), *self.value_range)


@dataclass(eq=False, repr=False)
class RandomErasing(RandomImageLayer):
    """In training, with a probability from `factor`, images with a rectangle of `fill_value` (None: noise), whose sides
    are parts of the image's: the roots of numbers from `scale`."""

    factor: Any = 1.0
    scale: Any = (0.02, 0.33)
    fill_value: Any = None
    value_range: Any = (0, 255)
    seed: int | None = None
    data_format: str | None = None
    intervals: ClassVar = {"factor": (0, 1), "scale": (0, 1)}

    def draw(self, x: Value, draws: Draws) -> Drawn:
        sides = fn.sqrt(draws.uniform(self.scale, (2,)))
        mask = rectangle(x, draws, sides[:, 0], sides[:, 1])
        if self.fill_value is None:
            fill = fn.random_normal(draws.key(), x.shape) * self.value_range[1]
        elif isinstance(self.fill_value, int | float):
            fill = fn.full(x.shape, self.fill_value, "float32")
        else:
            numbers = tuple(map(float, self.fill_value))
            if len(numbers) != x.shape[-1]:
                raise self.error(f"one fill_value, or {x.shape[-1]}", self.fill_value)
            fill = fn.broadcast_to(listed(numbers, "float32"), x.shape)
        fill = fn.clip(fill, *self.value_range)
        return {"batch_masks": mask, "apply_erasing": draws.chance(self.factor), "fill_value": fill}

    def transform(self, x: Value, drawn: Drawn) -> Value:
        is_erased = fn.logical_and(per_image(drawn["apply_erasing"]), drawn["batch_masks"])
        return fn.where(is_erased, drawn["fill_value"], x)


def rectangle(x: Value, draws: Draws, width: Value, height: Value) -> Value:
    """Whether a pixel is in a rectangle of these parts of the image, somewhere in it: bool, of the images' shape."""
    is_inside = None
    for axis, part in ((2, width), (1, height)):
        extent = x.shape[axis]
        whole = float(extent) if isinstance(extent, int) else fn.cast(fn.size_of(extent), "float32")
        length = part * whole
        start = draws.uniform() * (whole - length)
        places = fn.reshape(fn.cast(fn.arange(extent), "float32"), tuple(extent if k == axis else 1 for k in range(4)))
        is_along = fn.logical_and(places >= per_image(start), places < per_image(start + length))
        is_inside = is_along if is_inside is None else fn.logical_and(is_inside, is_along)
    assert is_inside is not None
    return fn.broadcast_to(is_inside, x.shape)

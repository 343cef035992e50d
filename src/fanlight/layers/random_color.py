"""Which layers change the colours of images while a network learns? Contrast, brightness, hue, saturation, shades.

Names, attributes, defaults and meanings are Keras 3's. `value_range` says which pixel values there are.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from fanlight.ir.graph import Value
from fanlight.layers.context import Context
from fanlight.layers.images import Drawn, Draws, ImageLayer, RandomImageLayer, per_image, ranged, value_range
from fanlight.ops import functions as fn
from fanlight.ops.colors import hsv_to_rgb, rgb_to_grayscale, rgb_to_hsv

BYTES = (0, 255)


@dataclass(eq=False, repr=False)
class RandomContrast(RandomImageLayer):
    """In training, each channel's distance from its mean times 1 - lower .. 1 + upper, for a `factor` (lower, upper) or
    (0, f)."""

    factor: Any
    value_range: Any = BYTES
    seed: int | None = None
    data_format: str | None = field(default=None, kw_only=True)
    intervals: ClassVar = {"factor": (0, 1)}

    def draw(self, x: Value, draws: Draws) -> Drawn:
        low, high = self.factor
        return {"contrast_factor": draws.uniform((1 - low, 1 + high), (1, 1, 1))}

    def transform(self, x: Value, drawn: Drawn) -> Value:
        mean = fn.mean(x, axis=(1, 2), keepdims=True)
        return fn.clip((x - mean) * drawn["contrast_factor"] + mean, *self.value_range)


@dataclass(eq=False, repr=False)
class RandomBrightness(RandomImageLayer):
    """In training, every pixel more by a part of the value range from `factor`, which may be negative."""

    factor: Any
    value_range: Any = BYTES
    seed: int | None = None
    data_format: str | None = field(default=None, kw_only=True)
    intervals: ClassVar = {"factor": (-1, 1)}

    def draw(self, x: Value, draws: Draws) -> Drawn:
        low, high = self.value_range
        return {"rgb_delta": draws.uniform(self.factor, (1, 1, 1)) * (high - low)}

    def transform(self, x: Value, drawn: Drawn) -> Value:
        return fn.clip(x + drawn["rgb_delta"], *self.value_range)


@dataclass(eq=False, repr=False)
class RandomGrayscale(RandomImageLayer):
    """In training, with probability `factor`, images without colour."""

    factor: float = 0.5
    data_format: str | None = None
    seed: int | None = None

    def check(self) -> None:
        super().check()
        if not 0 <= self.factor <= 1:
            raise self.error("a factor from 0 to 1", self.factor)

    def draw(self, x: Value, draws: Draws) -> Drawn:
        return {"should_apply": per_image(draws.uniform() < self.factor)}

    def transform(self, x: Value, drawn: Drawn) -> Value:
        return fn.where(drawn["should_apply"], rgb_to_grayscale(x), x)


@dataclass(eq=False, repr=False)
class RandomHue(RandomImageLayer):
    """In training, hues moved either way by up to half of `factor` around the circle."""

    factor: Any
    value_range: Any = BYTES
    data_format: str | None = None
    seed: int | None = None
    intervals: ClassVar = {"factor": (0, 1)}

    def draw(self, x: Value, draws: Draws) -> Drawn:
        return {"factor": draws.sign() * draws.uniform(self.factor) * 0.5}

    def transform(self, x: Value, drawn: Drawn) -> Value:
        colours = rgb_to_hsv(ranged(x, self.value_range, (0, 1)))
        hue = colours[..., :1] + per_image(drawn["factor"])
        hue = fn.where(hue > 1, hue - 1, hue)
        hue = fn.where(hue < 0, hue + 1, hue)
        y = hsv_to_rgb(fn.concatenate([hue, colours[..., 1:]], axis=-1))
        return ranged(fn.clip(y, 0.0, 1.0), (0, 1), self.value_range)


@dataclass(eq=False, repr=False)
class RandomSaturation(RandomImageLayer):
    """In training, saturations times f / (1 - f), for f from `factor`: 0 is gray, 0.5 changes nothing."""

    factor: Any
    value_range: Any = BYTES
    data_format: str | None = None
    seed: int | None = None
    intervals: ClassVar = {"factor": (-1, 1)}

    def draw(self, x: Value, draws: Draws) -> Drawn:
        factor = draws.uniform(self.factor)
        return {"factor": factor / (1 - factor + 1e-7)}

    def transform(self, x: Value, drawn: Drawn) -> Value:
        colours = rgb_to_hsv(x)
        saturation = fn.clip(colours[..., 1:2] * per_image(drawn["factor"]), *self.value_range)
        return hsv_to_rgb(fn.concatenate([colours[..., :1], saturation, colours[..., 2:]], axis=-1))


@dataclass(eq=False, repr=False)
class RandomColorJitter(ImageLayer):
    """In training, RandomBrightness, RandomContrast, RandomSaturation and RandomHue in this order, where they have a
    factor."""

    value_range: Any = BYTES
    brightness_factor: Any = None
    contrast_factor: Any = None
    saturation_factor: Any = None
    hue_factor: Any = None
    seed: int | None = None
    data_format: str | None = None

    def check(self) -> None:
        super().check()
        self.value_range = value_range(self)
        for kind in (RandomBrightness, RandomContrast, RandomSaturation, RandomHue):
            name = kind.__name__.removeprefix("Random").lower()
            factor = getattr(self, f"{name}_factor")
            if factor is not None:
                self.add_part(f"random_{name}", kind(factor, self.value_range, seed=self.seed))

    def changed(self, context: Context, x: Value) -> Value:
        for name in self.parts:
            x = self.run_part(context, name, x)
        return x


@dataclass(eq=False, repr=False)
class RandomInvert(RandomImageLayer):
    """In training, with a probability from `factor`, the highest pixel value minus the image."""

    factor: Any = 1.0
    value_range: Any = BYTES
    seed: int | None = None
    data_format: str | None = None
    intervals: ClassVar = {"factor": (0, 1)}

    def draw(self, x: Value, draws: Draws) -> Drawn:
        return {"apply_inversion": draws.chance(self.factor)}

    def transform(self, x: Value, drawn: Drawn) -> Value:
        return fn.where(per_image(drawn["apply_inversion"]), self.value_range[1] - x, x)


@dataclass(eq=False, repr=False)
class RandomPosterization(RandomImageLayer):
    """In training, only so many of the 8 bits of each pixel: a whole number from `factor`'s lower end to below its
    upper one, or its only one."""

    factor: Any
    value_range: Any = BYTES
    data_format: str | None = None
    seed: int | None = None
    intervals: ClassVar = {"factor": (1, 8)}

    def draw(self, x: Value, draws: Draws) -> Drawn:
        low, high = map(int, self.factor)
        bits = fn.random_randint(draws.key(), (x.shape[0],), low, max(high, low + 1))
        return {"shift_factor": 8 - bits}

    def transform(self, x: Value, drawn: Drawn) -> Value:
        shift = per_image(fn.cast(drawn["shift_factor"], "int32"))
        pixels = fn.cast(ranged(x, self.value_range, BYTES), "int32")
        kept = fn.left_shift(fn.right_shift(pixels, shift), shift)
        return ranged(fn.cast(kept, "float32"), BYTES, self.value_range)


@dataclass(eq=False, repr=False)
class RandomColorDegeneration(RandomImageLayer):
    """In training, images with a part of their colour taken away: all of it for a `factor` of 1."""

    factor: Any
    value_range: Any = BYTES
    data_format: str | None = None
    seed: int | None = None
    intervals: ClassVar = {"factor": (-1, 1)}

    def draw(self, x: Value, draws: Draws) -> Drawn:
        return {"factor": draws.uniform(self.factor, (1, 1, 1))}

    def transform(self, x: Value, drawn: Drawn) -> Value:
        return fn.clip(x + drawn["factor"] * (rgb_to_grayscale(x) - x), *self.value_range)


@dataclass(eq=False, repr=False)
class Solarization(RandomImageLayer):
    """In training, pixels from a threshold on become 255 minus themselves, after an addition; both are parts of 255, up
    to their factors (the lower ends of which are themselves pixel values, as in Keras)."""

    addition_factor: Any = 0.0
    threshold_factor: Any = 0.0
    value_range: Any = BYTES
    seed: int | None = None
    data_format: str | None = field(default=None, kw_only=True)
    intervals: ClassVar = {"addition_factor": (0, 1), "threshold_factor": (0, 1)}

    def draw(self, x: Value, draws: Draws) -> Drawn:
        (more, most), (low, high) = self.addition_factor, self.threshold_factor
        additions, thresholds = (draws.uniform(each, (1, 1, 1)) for each in ((more, most * 255), (low, high * 255)))
        return {"additions": additions, "thresholds": thresholds}

    def transform(self, x: Value, drawn: Drawn) -> Value:
        y = fn.clip(ranged(x, self.value_range, BYTES) + drawn["additions"], 0.0, 255.0)
        return ranged(fn.where(y < drawn["thresholds"], y, 255 - y), BYTES, self.value_range)

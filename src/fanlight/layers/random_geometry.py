"""Which layers move the pixels of images while a network learns? Flips, turns, zooms, shifts, shears, perspectives.

Names, attributes, defaults and meanings are Keras 3's; `RandomAffine` (augmentation.py) does several at once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from fanlight.ir.graph import Value
from fanlight.layers.images import FILLS, Drawn, Draws, RandomImageLayer, interval, per_image
from fanlight.ops import functions as fn
from fanlight.ops.warping import affine_transform, elastic_places, perspective_transform, warped

MODES = ("horizontal", "vertical", "horizontal_and_vertical")


@dataclass(eq=False, repr=False)
class RandomFlip(RandomImageLayer):
    """In training, every other image turned left to right, upside down, or both, as `mode` says."""

    mode: str = "horizontal_and_vertical"
    seed: int | None = None
    data_format: str | None = None

    def check(self) -> None:
        super().check()
        if self.mode not in MODES:
            raise self.error(f"a mode of {MODES}", repr(self.mode))

    def draw(self, x: Value, draws: Draws) -> Drawn:
        return {"flips": per_image(draws.uniform() <= 0.5)}

    def transform(self, x: Value, drawn: Drawn) -> Value:
        axes = {"horizontal": 2, "vertical": 1, "horizontal_and_vertical": (1, 2)}[self.mode]
        return fn.where(drawn["flips"], fn.flip(x, axes), x)


class _Affine(RandomImageLayer):
    """What layers share that read each pixel at an affine function of its place."""

    interpolation: Any
    fill_mode: Any
    fill_value: Any

    def matrix(self, x: Value, drawn: Drawn) -> Value:
        """`[n, 8]`: a0, a1, a2, b0, b1, b2, 0, 0 of `affine_transform`."""
        raise NotImplementedError(f"{type(self).__name__} has no matrix")

    def transform(self, x: Value, drawn: Drawn) -> Value:
        return affine_transform(x, self.matrix(x, drawn), self.interpolation, self.fill_mode, self.fill_value)


def rows_of(*numbers: Value | float) -> Value:
    """One row for each image of numbers `[n]`; those that all images share are plain."""
    count = next(each.shape[0] for each in numbers if isinstance(each, Value))
    return fn.stack([each if isinstance(each, Value) else fn.full((count,), each, "float32") for each in numbers], 1)


def middle(x: Value) -> tuple[Any, Any]:
    """Where the middle of the images lies: (column, row)."""
    width, height = (
        float(extent) if isinstance(extent, int) else fn.cast(fn.size_of(extent), "float32")
        for extent in (x.shape[2], x.shape[1])
    )
    return (width - 1) * 0.5, (height - 1) * 0.5


@dataclass(eq=False, repr=False)
class RandomRotation(_Affine):
    """In training, images turned about their middle by `factor` full turns, counterclockwise where positive."""

    factor: Any
    fill_mode: str = "reflect"
    interpolation: str = "bilinear"
    seed: int | None = None
    fill_value: float = 0.0
    data_format: str | None = None
    intervals: ClassVar = {"factor": (-1, 1)}

    def draw(self, x: Value, draws: Draws) -> Drawn:
        low, high = self.factor
        angle = draws.uniform((low * 360, high * 360))
        turn = angle * (math.pi / 180)
        cos, sin, (right, down) = fn.cos(turn), fn.sin(turn), middle(x)
        rows = rows_of(cos, -sin, right - right * cos + down * sin, sin, cos, down - right * sin - down * cos, 0.0, 0.0)
        return {"angle": angle, "rotation_matrix": rows}

    def matrix(self, x: Value, drawn: Drawn) -> Value:
        return drawn["rotation_matrix"]


@dataclass(eq=False, repr=False)
class RandomZoom(_Affine):
    """In training, images that show 1 + factor times their height and width: smaller where it is positive. Without a
    `width_factor` both are alike."""

    height_factor: Any
    width_factor: Any = None
    fill_mode: str = "reflect"
    interpolation: str = "bilinear"
    seed: int | None = None
    fill_value: float = 0.0
    data_format: str | None = None
    intervals: ClassVar = {"height_factor": (-1, 1)}

    def check(self) -> None:
        super().check()
        if self.width_factor is not None:
            self.width_factor = interval(self, "width_factor", self.width_factor, -1, 1)
        if min(self.height_factor[0], (self.width_factor or self.height_factor)[0]) <= -1:
            raise self.error("factors above -1", (self.height_factor, self.width_factor))

    def draw(self, x: Value, draws: Draws) -> Drawn:
        low, high = self.height_factor
        tall = draws.uniform((1 + low, 1 + high), (1,))
        if self.width_factor is None:
            return {"height_zoom": tall, "width_zoom": tall}
        low, high = self.width_factor
        return {"height_zoom": tall, "width_zoom": draws.uniform((1 + low, 1 + high), (1,))}

    def matrix(self, x: Value, drawn: Drawn) -> Value:
        wide, tall = (fn.squeeze(drawn[name], 1) for name in ("width_zoom", "height_zoom"))
        right, down = middle(x)
        return rows_of(wide, 0.0, right * (1 - wide), 0.0, tall, down * (1 - tall), 0.0, 0.0)


@dataclass(eq=False, repr=False)
class RandomTranslation(_Affine):
    """In training, images moved by parts of their height and width: down and right where positive."""

    height_factor: Any
    width_factor: Any
    fill_mode: str = "reflect"
    interpolation: str = "bilinear"
    seed: int | None = None
    fill_value: float = 0.0
    data_format: str | None = None
    intervals: ClassVar = {"height_factor": (-1, 1), "width_factor": (-1, 1)}

    def draw(self, x: Value, draws: Draws) -> Drawn:
        width, height = (2 * each + 1 for each in middle(x))
        down, right = draws.uniform(self.height_factor), draws.uniform(self.width_factor)
        return {"translations": fn.stack([right * width, down * height], 1)}

    def matrix(self, x: Value, drawn: Drawn) -> Value:
        right, down = (drawn["translations"][:, k] for k in range(2))
        return rows_of(1.0, 0.0, -right, 0.0, 1.0, -down, 0.0, 0.0)


@dataclass(eq=False, repr=False)
class RandomShear(_Affine):
    """In training, images whose row y moves by `x_factor` * y, and whose column x by `y_factor` * x, either way."""

    x_factor: Any = 0.0
    y_factor: Any = 0.0
    interpolation: str = "bilinear"
    fill_mode: str = "reflect"
    fill_value: float = 0.0
    data_format: str | None = None
    seed: int | None = None
    intervals: ClassVar = {"x_factor": (-1, 1), "y_factor": (-1, 1)}

    def draw(self, x: Value, draws: Draws) -> Drawn:
        sign, down, right = draws.sign(), draws.uniform(self.y_factor), draws.uniform(self.x_factor)
        return {"shear_factor": fn.stack([right * sign, down * sign], 1)}

    def matrix(self, x: Value, drawn: Drawn) -> Value:
        right, down = (drawn["shear_factor"][:, k] for k in range(2))
        return rows_of(1.0, right, 0.0, down, 1.0, 0.0, 0.0, 0.0)


@dataclass(eq=False, repr=False)
class RandomPerspective(RandomImageLayer):
    """In training, with a probability from `factor`, images seen from aside: each corner moves by up to half of
    `scale` of its place."""

    factor: Any = 1.0
    scale: float = 1.0
    interpolation: str = "bilinear"
    fill_value: float = 0.0
    seed: int | None = None
    data_format: str | None = None
    intervals: ClassVar = {"factor": (0, 1)}

    def check(self) -> None:
        super().check()
        if not 0 <= self.scale <= 1:
            raise self.error("a scale from 0 to 1", self.scale)

    def draw(self, x: Value, draws: Draws) -> Drawn:
        right, down = (2 * each for each in middle(x))
        corners = fn.stack([0.0, 0.0, right, 0.0, 0.0, down, right, down])
        start = fn.broadcast_to(fn.reshape(corners, (1, 4, 2)), (x.shape[0], 4, 2))
        moved = draws.uniform((-0.5 * self.scale, 0.5 * self.scale), (4, 2))
        return {
            "apply_perspective": draws.chance(self.factor),
            "start_points": start,
            "end_points": start + start * moved,
        }

    def transform(self, x: Value, drawn: Drawn) -> Value:
        points = drawn["start_points"], drawn["end_points"]
        seen = perspective_transform(x, *points, interpolation=self.interpolation, fill_value=self.fill_value)
        return fn.where(per_image(drawn["apply_perspective"]), seen, x)


@dataclass(eq=False, repr=False)
class RandomElasticTransform(RandomImageLayer):
    """In training, with a probability from `factor`, images whose pixels move by smooth noise (P. Simard et al., 2003):
    by up to a tenth of the longer side, as smooth as a twentieth of the shorter one, both times a number from `scale`
    that all images of a batch share.

    Differs: rows and columns move independently; in Keras on JAX both move alike.
    """

    factor: Any = 1.0
    scale: Any = 1.0
    interpolation: str = "bilinear"
    fill_mode: str = "reflect"
    fill_value: float = 0.0
    value_range: Any = (0, 255)
    seed: int | None = None
    data_format: str | None = None
    intervals: ClassVar = {"factor": (0, 1), "scale": (0, 1)}
    fills: ClassVar = (*FILLS, "mirror")

    def draw(self, x: Value, draws: Draws) -> Drawn:
        strength = fn.random_uniform(draws.key(), (), *map(float, self.scale))
        return {"apply_transform": draws.chance(self.factor), "distortion_factor": strength, "seed": draws.key()}

    def transform(self, x: Value, drawn: Drawn) -> Value:
        height, width = x.shape[1:3]
        if not isinstance(height, int) or not isinstance(width, int):
            raise self.error("images of a fixed height and width", x.type)
        strength, short = drawn["distortion_factor"], 0.05 * min(height, width)
        alpha, sigma = strength * (0.1 * max(height, width)), fn.maximum(strength * short, 1e-3)
        down, right = elastic_places(x, drawn["seed"], alpha, sigma, int(6 * short * self.scale[1]) | 1)
        moved = warped(x, down, right, self.interpolation, self.fill_mode, self.fill_value)
        return fn.clip(fn.where(per_image(drawn["apply_transform"]), moved, x), *self.value_range)

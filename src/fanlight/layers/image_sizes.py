"""Which layers give images another size? Resized, cut out of the middle, or cut out anywhere while a network learns."""

from __future__ import annotations

from dataclasses import dataclass

from fanlight.ir.graph import Value
from fanlight.layers.base import check_rank
from fanlight.layers.context import Context
from fanlight.layers.images import Drawn, Draws, ImageLayer, RandomImageLayer
from fanlight.ops import functions as fn
from fanlight.ops.resizing import resize


@dataclass(eq=False, repr=False)
class Resizing(ImageLayer):
    """Images in another size, in the dtype that they had: integers are rounded.

    Interpolation is "nearest", "bilinear", "bicubic", "lanczos3" or "lanczos5". Images can first be cropped to the
    wanted aspect ratio, or get borders of `fill_value`; otherwise they are stretched.
    """

    height: int
    width: int
    interpolation: str = "bilinear"
    crop_to_aspect_ratio: bool = False
    pad_to_aspect_ratio: bool = False
    fill_mode: str = "constant"
    fill_value: float = 0.0
    antialias: bool = False
    data_format: str | None = None

    def check(self) -> None:
        super().check()
        check_size(self)

    def call(self, context: Context, *values: Value) -> Value:
        (x,) = values
        check_rank(self, x.type, 4)
        cuts = self.crop_to_aspect_ratio, self.pad_to_aspect_ratio, self.fill_mode, self.fill_value
        return resize(
            x, (self.height, self.width), self.interpolation, self.antialias, *cuts, data_format=self.data_format
        )


@dataclass(eq=False, repr=False)
class CenterCrop(ImageLayer):
    """The middle of images, float32. Where an image is smaller, the largest part of that shape is resized."""

    height: int
    width: int
    data_format: str | None = None

    def check(self) -> None:
        super().check()
        check_size(self)

    def changed(self, context: Context, x: Value) -> Value:
        return center_crop(self, x)


@dataclass(eq=False, repr=False)
class RandomCrop(RandomImageLayer):
    """In training, a part of each image from anywhere in it, float32. In inference, and where an image is not larger
    both ways, the largest part of that shape from the middle, resized.

    Differs: each image has a place of its own, in Keras those of a batch share one. Keras's layer leaves images as they
    are in inference, and its documentation says what is done here.
    """

    height: int
    width: int
    seed: int | None = None
    data_format: str | None = None

    def check(self) -> None:
        super().check()
        check_size(self)

    def changed(self, context: Context, x: Value) -> Value:
        height, width = known_size(self, x)
        if height <= self.height or width <= self.width or not context.training:
            return shaped(self, x)
        return super().changed(context, x)

    def draw(self, x: Value, draws: Draws) -> Drawn:
        height, width = known_size(self, x)
        down, right = draws.uniform((0, height - self.height + 1)), draws.uniform((0, width - self.width + 1))
        return {"h_start": fn.cast(down, "int32"), "w_start": fn.cast(right, "int32")}

    def transform(self, x: Value, drawn: Drawn) -> Value:
        rows, columns = (
            fn.expand_dims(drawn[name], 1) + fn.arange(extent)
            for name, extent in (("h_start", self.height), ("w_start", self.width))
        )
        return fn.gather(x, [fn.expand_dims(rows, 2), fn.expand_dims(columns, 1)], (1, 2), batch=1)


def check_size(layer: Resizing | CenterCrop | RandomCrop) -> None:
    if not all(isinstance(extent, int) and extent > 0 for extent in (layer.height, layer.width)):
        raise layer.error("a positive height and width", (layer.height, layer.width))


def known_size(layer: CenterCrop | RandomCrop, x: Value) -> tuple[int, int]:
    height, width = x.shape[1:3]
    if not isinstance(height, int) or not isinstance(width, int):
        raise layer.error("images of a fixed height and width", x.type)
    return height, width


def center_crop(layer: CenterCrop, x: Value) -> Value:
    """The middle, as it is where the image is large enough."""
    height, width = known_size(layer, x)
    down, right = (height - layer.height) // 2, (width - layer.width) // 2
    if down < 0 or right < 0:
        return shaped(layer, x)
    return x[:, down : down + layer.height, right : right + layer.width]


def shaped(layer: CenterCrop | RandomCrop, x: Value) -> Value:
    """The largest part of the wanted shape from the middle, in the wanted size."""
    return resize(x, (layer.height, layer.width), crop_to_aspect_ratio=True)

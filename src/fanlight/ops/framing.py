"""Which part of an image is kept, and what goes around it? Cropping and padding, as in keras.ops.image."""

from __future__ import annotations

from fanlight.errors import ShapeError
from fanlight.ir.dim import DimLike
from fanlight.ir.graph import Value
from fanlight.ops.borders import pad
from fanlight.ops.convolution import is_channels_first
from fanlight.ops.promote import Operand, as_value
from fanlight.ops.shapes import slice


def pad_images(
    images: Operand,
    top_padding: int | None = None,
    left_padding: int | None = None,
    bottom_padding: int | None = None,
    right_padding: int | None = None,
    target_height: int | None = None,
    target_width: int | None = None,
    data_format: str | None = None,
) -> Value:
    """Images with zeros around them; two of top, bottom and target height, and two of the other three, are given."""
    value, first = _images("pad_images", images, data_format)
    widths: list[tuple[DimLike, DimLike]] = [(0, 0)] * value.rank
    given = ((top_padding, bottom_padding, target_height), (left_padding, right_padding, target_width))
    for axis, (before, after, target) in enumerate(given, first):
        before, after, _ = _filled("pad_images", before, after, target, value.shape[axis], 1)
        widths[axis] = (before, after)
    return pad(value, widths)


def crop_images(
    images: Operand,
    top_cropping: int | None = None,
    left_cropping: int | None = None,
    bottom_cropping: int | None = None,
    right_cropping: int | None = None,
    target_height: int | None = None,
    target_width: int | None = None,
    data_format: str | None = None,
) -> Value:
    """A part of images; two of top, bottom and target height, and two of the other three, are given."""
    value, first = _images("crop_images", images, data_format)
    start: list[DimLike] = [0] * value.rank
    size = [*value.shape]
    given = ((top_cropping, bottom_cropping, target_height), (left_cropping, right_cropping, target_width))
    for axis, (before, after, target) in enumerate(given, first):
        start[axis], _, size[axis] = _filled("crop_images", before, after, target, value.shape[axis], -1)
    return slice(value, start, size)


def _images(name: str, images: Operand, data_format: str | None) -> tuple[Value, int]:
    """The images and the axis of their height."""
    value = as_value(images)
    if value.rank not in (3, 4):
        raise ShapeError(name, expected="images [n, h, w, c], or one", got=value.type)
    return value, value.rank - (2 if is_channels_first(data_format) else 3)


def _filled(
    name: str, before: int | None, after: int | None, target: int | None, extent: DimLike, sign: int
) -> tuple[DimLike, DimLike, DimLike]:
    """All three of before, after and target, where extent + sign * (before + after) = target."""
    if (before, after, target).count(None) != 1:
        got = f"{before}, {after} and {target}"
        raise ShapeError(name, expected="two of the widths before and after and the target", got=got)
    if target is None:
        assert before is not None and after is not None
        found: tuple[DimLike, DimLike, DimLike] = (before, after, extent + sign * (before + after))
    else:
        rest = (target - extent) * sign - (before or 0) - (after or 0)
        found = (rest if before is None else before, rest if after is None else after, target)
    if any(isinstance(each, int) and each < 0 for each in found):
        raise ShapeError(name, expected="widths of at least 0", got=found, at=f"a length of {extent}")
    return found

"""In which terms is a colour given? Gray values, and hue, saturation, value, as in keras.ops.image.

Images are [n, h, w, c], or one, or channels-first.
"""

from __future__ import annotations

from fanlight.errors import DtypeError, ShapeError
from fanlight.ir.graph import Value
from fanlight.ir.types import is_float
from fanlight.ops.convolution import is_channels_first
from fanlight.ops.pointwise import (
    absolute,
    add,
    cast,
    clip,
    divide,
    equal,
    greater,
    less,
    maximum,
    minimum,
    mod,
    multiply,
    subtract,
    where,
)
from fanlight.ops.promote import Operand, as_value
from fanlight.ops.shapes import expand_dims, slice, squeeze, stack

GRAY = (0.2989, 0.5870, 0.1140)  # of red, green, blue: ITU-R BT.601
NEAR_BLACK = 2.0**-23  # what is smaller counts as 0


def _planes(name: str, images: Operand, data_format: str | None) -> tuple[list[Value], int]:
    """The three colours, and the axis that held them."""
    value = as_value(images)
    axis = value.rank - (3 if is_channels_first(data_format) else 1)
    if value.rank not in (3, 4) or value.shape[axis] != 3:
        raise ShapeError(name, expected="images of 3 channels", got=value.type)
    planes: list[Value] = []
    for k in range(3):
        start = tuple(k if j == axis else 0 for j in range(value.rank))
        size = tuple(1 if j == axis else n for j, n in enumerate(value.shape))
        planes.append(squeeze(slice(value, start, size), axis))
    return planes, axis


def rgb_to_grayscale(images: Operand, data_format: str | None = None) -> Value:
    """One channel, 0.2989 red + 0.5870 green + 0.1140 blue, in the images' dtype; gray images stay as they are."""
    value = as_value(images)
    axis = value.rank - (3 if is_channels_first(data_format) else 1)
    if value.rank in (3, 4) and value.shape[axis] == 1:
        return value
    planes, axis = _planes("rgb_to_grayscale", value, data_format)
    red, green, blue = (multiply(cast(plane, "float32"), part) for plane, part in zip(planes, GRAY, strict=True))
    return cast(expand_dims(add(add(red, green), blue), axis), value.dtype)


def _check_float(name: str, images: Operand) -> Value:
    value = as_value(images)
    if not is_float(value.dtype):
        raise DtypeError(name, expected="float images", got=value.type, do="divide by 255")
    return value


def rgb_to_hsv(images: Operand, data_format: str | None = None) -> Value:
    """Hue, saturation and value, all in 0 .. 1, of red, green and blue (A. Smith, 1978)."""
    value = _check_float("rgb_to_hsv", images)
    planes, axis = _planes("rgb_to_hsv", where(less(absolute(value), NEAR_BLACK), 0.0, value), data_format)
    red, green, blue = planes
    top = maximum(maximum(red, green), blue)
    span = subtract(top, minimum(minimum(red, green), blue))
    is_lit, is_coloured = greater(top, 0.0), greater(span, 0.0)
    saturation = where(is_lit, divide(span, where(is_lit, top, 1.0)), 0.0)
    sixth = divide(1.0, multiply(where(is_coloured, span, 1.0), 6.0))
    hue = where(
        equal(top, green),
        add(multiply(sixth, subtract(blue, red)), 2 / 6),
        add(multiply(sixth, subtract(red, green)), 4 / 6),
    )
    hue = where(equal(top, red), multiply(sixth, subtract(green, blue)), hue)
    hue = add(where(is_coloured, hue, 0.0), cast(less(hue, 0.0), "float32"))
    return stack([hue, saturation, top], axis)


def hsv_to_rgb(images: Operand, data_format: str | None = None) -> Value:
    """Red, green and blue of hue, saturation and value."""
    (hue, saturation, value), axis = _planes("hsv_to_rgb", _check_float("hsv_to_rgb", images), data_format)
    sixths = multiply(mod(hue, 1.0), 6.0)
    pure = (
        subtract(absolute(subtract(sixths, 3.0)), 1.0),
        subtract(2.0, absolute(subtract(sixths, 2.0))),
        subtract(2.0, absolute(subtract(sixths, 4.0))),
    )
    pale = subtract(1.0, saturation)
    return stack([multiply(value, add(pale, multiply(saturation, clip(each, 0.0, 1.0)))) for each in pure], axis)

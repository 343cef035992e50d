"""What do TensorFlow's operations on colours mean? Hue, saturation and value, and contrast; channels are last."""

from __future__ import annotations

from typing import Any

from fanlight.importers.tensorflow.rules.table import op
from fanlight.ir.graph import Value
from fanlight.ops import functions as fn

Three = tuple[Value, Value, Value]


def channels(use: Any, x: Value) -> Three:
    if x.rank < 1 or x.shape[-1] != 3:
        raise use.error("three channels, the last axis", x.type)
    red, green, blue = (fn.take(x, k, axis=-1) for k in range(3))
    return red, green, blue


def to_hsv(red: Value, green: Value, blue: Value) -> Three:
    value = fn.maximum(fn.maximum(red, green), blue)
    extent = fn.subtract(value, fn.minimum(fn.minimum(red, green), blue))
    saturation = fn.where(fn.greater(value, 0.0), fn.divide(extent, fn.where(fn.greater(value, 0.0), value, 1.0)), 0.0)
    has_hue = fn.greater(extent, 0.0)
    width = fn.divide(1.0 / 6.0, fn.where(has_hue, extent, 1.0))
    beyond = fn.where(
        fn.equal(green, value),
        fn.add(fn.multiply(width, fn.subtract(blue, red)), 2.0 / 6.0),
        fn.add(fn.multiply(width, fn.subtract(red, green)), 4.0 / 6.0),
    )
    hue = fn.where(fn.equal(red, value), fn.multiply(width, fn.subtract(green, blue)), beyond)
    hue = fn.where(has_hue, hue, 0.0)
    return fn.where(fn.less(hue, 0.0), fn.add(hue, 1.0), hue), saturation, value


def to_rgb(hue: Value, saturation: Value, value: Value) -> Three:
    turn = fn.multiply(hue, 6.0)
    red = fn.subtract(fn.abs(fn.subtract(turn, 3.0)), 1.0)
    green = fn.subtract(2.0, fn.abs(fn.subtract(turn, 2.0)))
    blue = fn.subtract(2.0, fn.abs(fn.subtract(turn, 4.0)))
    grey = fn.subtract(1.0, saturation)
    made = (fn.multiply(fn.add(fn.multiply(fn.clip(each, 0.0, 1.0), saturation), grey), value)
            for each in (red, green, blue))  # fmt: skip
    first, second, third = made
    return first, second, third


@op("RGBToHSV")
def rgb_to_hsv(use: Any, x: Value) -> Value:
    return fn.stack(list(to_hsv(*channels(use, x))), axis=-1)


@op("HSVToRGB")
def hsv_to_rgb(use: Any, x: Value) -> Value:
    return fn.stack(list(to_rgb(*channels(use, x))), axis=-1)


@op("AdjustSaturation")
def adjust_saturation(use: Any, x: Value, scale: Value) -> Value:
    hue, saturation, value = to_hsv(*channels(use, x))
    return fn.stack(list(to_rgb(hue, fn.clip(fn.multiply(saturation, scale), 0.0, 1.0), value)), axis=-1)


@op("AdjustHue")
def adjust_hue(use: Any, x: Value, delta: Value) -> Value:
    hue, saturation, value = to_hsv(*channels(use, x))
    turned = fn.add(hue, delta)
    return fn.stack(list(to_rgb(fn.subtract(turned, fn.floor(turned)), saturation, value)), axis=-1)


@op("AdjustContrastv2")
def adjust_contrast(use: Any, x: Value, factor: Value) -> Value:
    mean = fn.mean(x, axis=(-3, -2), keepdims=True)
    return fn.add(fn.multiply(fn.subtract(x, mean), factor), mean)

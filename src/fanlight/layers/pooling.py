"""Which layers pool? Over windows, into a number of cells, or over all positions; in one to three dimensions.

Images are channels-last. Names, defaults and meanings are Keras 3's. A class says how many dimensions it has.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from fanlight.ir.graph import Value
from fanlight.layers.base import Layer, check_channels_last, check_padding, check_rank, per_axis
from fanlight.layers.context import Context
from fanlight.ops import functions as fn


class _Pooling(Layer):
    """What pooling over windows shares. Without strides windows stand side by side."""

    rank: ClassVar[int]

    pool_size: Any
    strides: Any
    padding: str
    data_format: str | None

    def check(self) -> None:
        self.data_format = check_channels_last(self, self.data_format)
        self.pool_size = per_axis(self, "pool_size", self.rank)
        self.strides = self.pool_size if self.strides is None else per_axis(self, "strides", self.rank)
        self.padding = check_padding(self, self.padding)


@dataclass(eq=False, repr=False)
class _MaxPooling(_Pooling):
    pool_size: Any = 2
    strides: Any = None
    padding: str = "valid"
    data_format: str | None = None

    def call(self, context: Context, *values: Value) -> Value:
        check_rank(self, values[0].type, self.rank + 2)
        return fn.max_pool(values[0], self.pool_size, self.strides, self.padding)


class MaxPooling1D(_MaxPooling):
    """The largest value of each window: `[batch, t, c]` to `[batch, t', c]`."""

    rank = 1


class MaxPooling2D(_MaxPooling):
    """The largest value of each window: `[batch, h, w, c]` to `[batch, h', w', c]`."""

    rank = 2


class MaxPooling3D(_MaxPooling):
    """The largest value of each window: `[batch, d, h, w, c]` to `[batch, d', h', w', c]`."""

    rank = 3


@dataclass(eq=False, repr=False)
class _AveragePooling(_Pooling):
    pool_size: Any
    strides: Any = None
    padding: str = "valid"
    data_format: str | None = None

    def call(self, context: Context, *values: Value) -> Value:
        check_rank(self, values[0].type, self.rank + 2)
        return fn.average_pool(values[0], self.pool_size, self.strides, self.padding)


class AveragePooling1D(_AveragePooling):
    """The mean of each window, of its part inside where padding is "same": `[batch, t, c]` to `[batch, t', c]`."""

    rank = 1


class AveragePooling2D(_AveragePooling):
    """The mean of each window, of its part inside where padding is "same": `[batch, h, w, c]` to
    `[batch, h', w', c]`."""

    rank = 2


class AveragePooling3D(_AveragePooling):
    """The mean of each window, of its part inside where padding is "same": `[batch, d, h, w, c]` to
    `[batch, d', h', w', c]`."""

    rank = 3


@dataclass(eq=False, repr=False)
class _AdaptivePooling(Layer):
    """Pooling into `output_size` cells, which cover the image as evenly as whole numbers allow."""

    rank: ClassVar[int]

    output_size: Any
    data_format: str | None = None

    def check(self) -> None:
        self.data_format = check_channels_last(self, self.data_format)
        self.output_size = per_axis(self, "output_size", self.rank)


class _AdaptiveAveragePooling(_AdaptivePooling):
    def call(self, context: Context, *values: Value) -> Value:
        check_rank(self, values[0].type, self.rank + 2)
        return fn.adaptive_average_pool(values[0], self.output_size)


class AdaptiveAveragePooling1D(_AdaptiveAveragePooling):
    """The mean of each of `output_size` cells: `[batch, t, c]` to `[batch, t', c]`."""

    rank = 1


class AdaptiveAveragePooling2D(_AdaptiveAveragePooling):
    """The mean of each of `output_size` cells: `[batch, h, w, c]` to `[batch, h', w', c]`."""

    rank = 2


class AdaptiveAveragePooling3D(_AdaptiveAveragePooling):
    """The mean of each of `output_size` cells: `[batch, d, h, w, c]` to `[batch, d', h', w', c]`."""

    rank = 3


class _AdaptiveMaxPooling(_AdaptivePooling):
    def call(self, context: Context, *values: Value) -> Value:
        check_rank(self, values[0].type, self.rank + 2)
        return fn.adaptive_max_pool(values[0], self.output_size)


class AdaptiveMaxPooling1D(_AdaptiveMaxPooling):
    """The largest value of each of `output_size` cells: `[batch, t, c]` to `[batch, t', c]`."""

    rank = 1


class AdaptiveMaxPooling2D(_AdaptiveMaxPooling):
    """The largest value of each of `output_size` cells: `[batch, h, w, c]` to `[batch, h', w', c]`."""

    rank = 2


class AdaptiveMaxPooling3D(_AdaptiveMaxPooling):
    """The largest value of each of `output_size` cells: `[batch, d, h, w, c]` to `[batch, d', h', w', c]`."""

    rank = 3


@dataclass(eq=False, repr=False)
class _GlobalPooling(Layer):
    """Pooling over all positions."""

    rank: ClassVar[int]

    data_format: str | None = None
    keepdims: bool = False

    def check(self) -> None:
        self.data_format = check_channels_last(self, self.data_format)

    def positions(self, x: Value) -> tuple[int, ...]:
        """The axes that go."""
        check_rank(self, x.type, self.rank + 2)
        return tuple(range(1, self.rank + 1))


class _GlobalAveragePooling(_GlobalPooling):
    def call(self, context: Context, *values: Value) -> Value:
        return fn.mean(values[0], axis=self.positions(values[0]), keepdims=self.keepdims)


class GlobalAveragePooling1D(_GlobalPooling):
    """The mean of each channel over the steps that the mask lets count: `[batch, t, c]` to `[batch, c]`, or
    `[batch, 1, c]` with keepdims."""

    rank = 1

    def call(self, context: Context, *values: Value, mask: Value | None = None) -> Value:
        (x,) = values
        axis = self.positions(x)
        if mask is None:
            return fn.mean(x, axis=axis, keepdims=self.keepdims)
        counts = fn.expand_dims(fn.cast(mask, "bool"), -1)
        total = fn.sum(fn.where(counts, x, 0.0), axis=axis, keepdims=self.keepdims)
        return total / fn.sum(fn.cast(counts, "float32"), axis=axis, keepdims=self.keepdims)


class GlobalAveragePooling2D(_GlobalAveragePooling):
    """The mean of each channel: `[batch, h, w, c]` to `[batch, c]`, or `[batch, 1, 1, c]` with keepdims."""

    rank = 2


class GlobalAveragePooling3D(_GlobalAveragePooling):
    """The mean of each channel: `[batch, d, h, w, c]` to `[batch, c]`, or `[batch, 1, 1, 1, c]` with keepdims."""

    rank = 3


class _GlobalMaxPooling(_GlobalPooling):
    def call(self, context: Context, *values: Value) -> Value:
        return fn.max(values[0], axis=self.positions(values[0]), keepdims=self.keepdims)


class GlobalMaxPooling1D(_GlobalMaxPooling):
    """The largest value of each channel: `[batch, t, c]` to `[batch, c]`, or `[batch, 1, c]` with keepdims."""

    rank = 1


class GlobalMaxPooling2D(_GlobalMaxPooling):
    """The largest value of each channel: `[batch, h, w, c]` to `[batch, c]`, or `[batch, 1, 1, c]` with keepdims."""

    rank = 2


class GlobalMaxPooling3D(_GlobalMaxPooling):
    """The largest value of each channel: `[batch, d, h, w, c]` to `[batch, c]`, or `[batch, 1, 1, 1, c]` with
    keepdims."""

    rank = 3


# Keras's other names.
AvgPool1D, AvgPool2D, AvgPool3D = AveragePooling1D, AveragePooling2D, AveragePooling3D
MaxPool1D, MaxPool2D, MaxPool3D = MaxPooling1D, MaxPooling2D, MaxPooling3D
GlobalAvgPool1D, GlobalAvgPool2D, GlobalAvgPool3D = (
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalAveragePooling3D,
)
GlobalMaxPool1D, GlobalMaxPool2D, GlobalMaxPool3D = GlobalMaxPooling1D, GlobalMaxPooling2D, GlobalMaxPooling3D

"""Which layers pool? Over windows or the whole image, channels-last. Names, defaults and meanings are Keras 3's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fanlight.ir.graph import Value
from fanlight.layers.base import Layer, check_channels_last, check_padding, check_rank, pair
from fanlight.layers.context import Context
from fanlight.ops import functions as fn


class _Pooling(Layer):
    """What pooling over windows shares."""

    pool_size: Any
    strides: Any
    padding: str
    data_format: str | None

    def check(self) -> None:
        check_channels_last(self, self.data_format)
        self.pool_size = pair(self.pool_size, "pool_size", self)
        self.strides = self.pool_size if self.strides is None else pair(self.strides, "strides", self)
        self.padding = check_padding(self, self.padding)


@dataclass(eq=False, repr=False)
class MaxPooling2D(_Pooling):
    """The largest value of each window: `[batch, h, w, c]` to `[batch, h', w', c]`."""

    pool_size: Any = (2, 2)
    strides: Any = None
    padding: str = "valid"
    data_format: str | None = None

    def call(self, context: Context, *values: Value) -> Value:
        check_rank(self, values[0].type, 4)
        return fn.max_pool(values[0], self.pool_size, self.strides, self.padding)


@dataclass(eq=False, repr=False)
class AveragePooling2D(_Pooling):
    """The mean of each window, of its part inside the image where padding is `same`."""

    pool_size: Any
    strides: Any = None
    padding: str = "valid"
    data_format: str | None = None

    def call(self, context: Context, *values: Value) -> Value:
        check_rank(self, values[0].type, 4)
        return fn.average_pool(values[0], self.pool_size, self.strides, self.padding)


@dataclass(eq=False, repr=False)
class GlobalAveragePooling2D(Layer):
    """The mean of each channel: `[batch, h, w, c]` to `[batch, c]`, or `[batch, 1, 1, c]` with keepdims."""

    data_format: str | None = None
    keepdims: bool = False

    def check(self) -> None:
        check_channels_last(self, self.data_format)

    def call(self, context: Context, *values: Value) -> Value:
        check_rank(self, values[0].type, 4)
        return fn.mean(values[0], axis=(1, 2), keepdims=self.keepdims)


@dataclass(eq=False, repr=False)
class GlobalMaxPooling2D(Layer):
    """The largest value of each channel: `[batch, h, w, c]` to `[batch, c]`, or `[batch, 1, 1, c]` with keepdims."""

    data_format: str | None = None
    keepdims: bool = False

    def check(self) -> None:
        check_channels_last(self, self.data_format)

    def call(self, context: Context, *values: Value) -> Value:
        check_rank(self, values[0].type, 4)
        return fn.max(values[0], axis=(1, 2), keepdims=self.keepdims)

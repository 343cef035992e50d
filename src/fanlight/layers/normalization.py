"""Which layers normalise? By statistics of a batch, of a row, of groups of channels, or by lengths.

The moving statistics of BatchNormalization are state that a training step writes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from fanlight.ir.dim import DimLike, known
from fanlight.ir.graph import Value
from fanlight.ir.types import Type
from fanlight.layers.base import Layer
from fanlight.layers.context import Context
from fanlight.ops import functions as fn


class _Normalization(Layer):
    """What layers with a factor gamma (`scale`) and an offset beta (`center`) share."""

    scale: bool
    center: bool
    supports_masking: ClassVar[bool] = True

    def declare_affine(self, shape: tuple[DimLike, ...]) -> None:
        for name, wanted in (("gamma", self.scale), ("beta", self.center)):
            if wanted:
                self.declare(name, shape)

    def affine(self, context: Context) -> list[Value | None]:
        """Gamma and beta."""
        return [self.weight(context, name) if name in self.weights else None for name in ("gamma", "beta")]

    def axes_of(self, x: Type, axes: Any) -> tuple[int, ...]:
        """The axes, counted from the front; raises ShapeError where the input lacks one."""
        given = (axes,) if isinstance(axes, int) else tuple(axes)
        if any(not -x.rank <= axis < x.rank for axis in given):
            raise self.error(f"an input that has axis {axes}", f"rank {x.rank}", at=x)
        return tuple(axis % x.rank for axis in given)


@dataclass(eq=False, repr=False)
class BatchNormalization(_Normalization):
    """gamma * (x - mean) / sqrt(variance + epsilon) + beta, along `axis` (Ioffe and Szegedy 2015).

    In training, mean and variance (of the population) are those of the batch, without the steps that a mask leaves
    out, and the moving ones follow them: moving * momentum + batch * (1 - momentum). Otherwise, and where `trainable`
    is False, they are the moving ones.
    """

    axis: int = -1
    momentum: float = 0.99
    epsilon: float = 1e-3
    center: bool = True
    scale: bool = True
    beta_initializer: Any = "zeros"
    gamma_initializer: Any = "ones"
    moving_mean_initializer: Any = "zeros"
    moving_variance_initializer: Any = "ones"
    beta_regularizer: Any = None
    gamma_regularizer: Any = None
    beta_constraint: Any = None
    gamma_constraint: Any = None

    def build(self, *types: Type) -> None:
        if len(types) != 1 or not -types[0].rank <= self.axis < types[0].rank:
            raise self.error(f"one input that has axis {self.axis}", list(types))
        shape = (types[0].shape[self.axis],)
        self.declare_affine(shape)
        self.add_weight("moving_mean", shape, self.moving_mean_initializer, role="statistic")
        self.add_weight("moving_variance", shape, self.moving_variance_initializer, role="statistic")

    def call(self, context: Context, *values: Value, mask: Value | None = None) -> Value:
        (x,) = values
        axis = self.axis % x.rank
        type = self.weights["moving_mean"].type
        if x.shape[axis] != type.shape[0]:
            raise self.error(f"length {type.shape[0]} along axis {axis}", x.shape[axis], at=x.type)
        mean, variance = (context.current(name, type) for name in ("moving_mean", "moving_variance"))
        if context.training and self.trainable:
            batch_mean, batch_variance = self.moments(x, tuple(k for k in range(x.rank) if k != axis), mask)
            # In this form, and not as moving + (batch - moving) * (1 - momentum), as Keras rounds it.
            context.update("moving_mean", mean * self.momentum + batch_mean * (1 - self.momentum))
            context.update("moving_variance", variance * self.momentum + batch_variance * (1 - self.momentum))
            mean, variance = batch_mean, batch_variance
        factor = 1 / fn.sqrt(variance + self.epsilon)
        gamma, beta = self.affine(context)
        if gamma is not None:
            factor = factor * gamma
        shift = -mean * factor
        if beta is not None:
            shift = shift + beta
        shape = [1] * x.rank
        shape[axis] = known(type.shape[0])
        return x * fn.reshape(factor, tuple(shape)) + fn.reshape(shift, tuple(shape))

    def moments(self, x: Value, axes: tuple[int, ...], mask: Value | None) -> tuple[Value, Value]:
        """Mean and variance of what the mask keeps, along these axes."""
        if mask is None:
            return fn.mean(x, axis=axes), fn.var(x, axis=axes)
        if mask.rank != x.rank - 1:
            raise self.error(f"a mask of rank {x.rank - 1}", mask.type)
        kept = fn.broadcast_to(fn.expand_dims(mask, -1), x.shape)
        count = fn.sum(fn.cast(kept, "float32"), axis=axes, keepdims=True) + 1e-7  # keras.config.epsilon()
        mean = fn.sum(fn.where(kept, x, 0.0), axis=axes, keepdims=True) / count
        variance = fn.sum(fn.square(fn.where(kept, x - mean, 0.0)), axis=axes, keepdims=True) / count
        return fn.squeeze(mean, axes), fn.squeeze(variance, axes)


@dataclass(eq=False, repr=False)
class LayerNormalization(_Normalization):
    """gamma * (x - mean) / sqrt(variance + epsilon) + beta, with mean and variance of each row along `axis`, one axis
    or several (Ba et al. 2016).

    `rms_scaling` is Keras's form from before RMSNormalization: x / sqrt(variance + epsilon) * gamma.
    """

    axis: Any = -1
    epsilon: float = 1e-3
    center: bool = True
    scale: bool = True
    beta_initializer: Any = "zeros"
    gamma_initializer: Any = "ones"
    beta_regularizer: Any = None
    gamma_regularizer: Any = None
    beta_constraint: Any = None
    gamma_constraint: Any = None
    rms_scaling: bool = False

    def check(self) -> None:
        self.axis = sorted_axes(self.axis)
        if self.rms_scaling:
            self.scale, self.center = True, False

    def build(self, *types: Type) -> None:
        self.declare_affine(tuple(types[0].shape[axis] for axis in self.axes_of(types[0], self.axis)))

    def call(self, context: Context, *values: Value) -> Value:
        (x,) = values
        axes = self.axes_of(x.type, self.axis)
        gamma, beta = self.affine(context)
        if not self.rms_scaling:
            return fn.layer_normalization(x, gamma, beta, axis=axes, epsilon=self.epsilon)
        assert gamma is not None
        along = tuple(extent if k in axes else 1 for k, extent in enumerate(x.shape))
        return x * fn.rsqrt(fn.var(x, axis=axes, keepdims=True) + self.epsilon) * fn.reshape(gamma, along)


@dataclass(eq=False, repr=False)
class GroupNormalization(_Normalization):
    """gamma * (x - mean) / sqrt(variance + epsilon) + beta, with mean and variance of each row over all axes and, along
    `axis`, over each of `groups` runs of channels (Wu and He 2018); -1 groups: each channel by itself."""

    groups: int = 32
    axis: int = -1
    epsilon: float = 1e-3
    center: bool = True
    scale: bool = True
    beta_initializer: Any = "zeros"
    gamma_initializer: Any = "ones"
    beta_regularizer: Any = None
    gamma_regularizer: Any = None
    beta_constraint: Any = None
    gamma_constraint: Any = None

    def check(self) -> None:
        if not isinstance(self.groups, int) or (self.groups < 1 and self.groups != -1):
            raise self.error("a positive number of groups, or -1", repr(self.groups))

    def build(self, *types: Type) -> None:
        (axis,) = self.axes_of(types[0], self.axis)
        channels = types[0].shape[axis]
        if not isinstance(channels, int) or channels % self.groups:
            raise self.error(f"a number of channels that {self.groups} divides", channels, at=types[0])
        self.declare_affine((channels,))

    def call(self, context: Context, *values: Value) -> Value:
        (x,) = values
        (k,) = self.axes_of(x.type, self.axis)
        channels = known(x.shape[k])
        groups = channels if self.groups == -1 else self.groups
        split = (groups, channels // groups)
        y = fn.reshape(x, (*x.shape[:k], *split, *x.shape[k + 1 :]))
        mean, variance = fn.moments(y, tuple(axis for axis in range(1, y.rank) if axis != k), keepdims=True)
        along = (*(1,) * k, *split, *(1,) * (x.rank - k - 1))
        gamma, beta = (None if each is None else fn.reshape(each, along) for each in self.affine(context))
        factor = fn.rsqrt(variance + self.epsilon)
        factor = factor if gamma is None else factor * gamma
        shift = -mean * factor
        return fn.reshape(y * factor + (shift if beta is None else shift + beta), x.shape)


@dataclass(eq=False, repr=False)
class RMSNormalization(Layer):
    """x / sqrt(mean(x^2) + epsilon) * scale, the mean along `axis`, one axis or several (Zhang and Sennrich 2019)."""

    axis: Any = -1
    epsilon: float = 1e-6

    def check(self) -> None:
        self.axis = sorted_axes(self.axis)

    def build(self, *types: Type) -> None:
        self.add_weight("scale", [types[0].shape[axis] for axis in self.axis], "ones")

    def call(self, context: Context, *values: Value) -> Value:
        return fn.rms_normalization(values[0], self.weight(context, "scale"), axis=self.axis, epsilon=self.epsilon)


@dataclass(eq=False, repr=False)
class UnitNormalization(Layer):
    """x over its Euclidean length along `axis`, one axis or several."""

    axis: Any = -1
    supports_masking: ClassVar[bool] = True

    def call(self, context: Context, *values: Value) -> Value:
        return fn.normalize(values[0], axis=self.axis, order=2, epsilon=1e-12)


def sorted_axes(axes: Any) -> tuple[int, ...]:
    """One axis or several as a tuple, in the order in which their weights lie."""
    return (axes,) if isinstance(axes, int) else tuple(sorted(axes))

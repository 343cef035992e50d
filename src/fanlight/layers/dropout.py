"""Which layers disturb on purpose while training? Dropout and noise; rates are state, changed without compiling.

Random bits are Threefry's, not Keras's; what is done with them is Keras's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from fanlight.errors import UnsupportedOp
from fanlight.ir.graph import Value
from fanlight.ir.types import Shape, Type
from fanlight.layers.base import Layer, check_channels_last, check_rank
from fanlight.layers.context import Context
from fanlight.layers.initializers import Constant
from fanlight.layers.regularizers import L1L2
from fanlight.ops import functions as fn

# Alpha dropout sets to the value that selu approaches: -alpha * scale (Klambauer et al. 2017).
SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805


class _Noise(Layer):
    """What these layers share: a strength, `rate` say, that is state, and x itself outside of training."""

    strength: ClassVar[str] = "rate"
    may_be_one: ClassVar[bool] = True
    supports_masking: ClassVar[bool] = True

    seed: int | None

    def check(self) -> None:
        given = getattr(self, self.strength)
        if not 0 <= given <= 1 or (given == 1 and not self.may_be_one):
            below = "" if self.may_be_one else "below "
            raise self.error(f"a {self.strength} from 0 to {below}1", given)

    def build(self, *types: Type) -> None:
        self.add_weight(self.strength, (), Constant(getattr(self, self.strength)), role="hyperparameter")

    def disturb(self, x: Value, strength: Value, key: Value) -> Value:
        raise NotImplementedError(f"{type(self).__name__} has no disturb")

    def call(self, context: Context, *values: Value) -> Value:
        (x,) = values
        if not context.training:
            return x
        return self.disturb(x, self.weight(context, self.strength), context.random_key(self.seed))


class Dropping(_Noise):
    """Elements are kept or not, by one draw for each element of a noise shape."""

    noise_shape: Any = None

    def check(self) -> None:
        super().check()
        if self.noise_shape is not None:
            self.noise_shape = tuple(self.noise_shape)

    def build(self, *types: Type) -> None:
        if self.noise_shape is not None and len(self.noise_shape) != types[0].rank:
            raise UnsupportedOp(self.label, expected=f"a noise_shape of rank {types[0].rank}", got=self.noise_shape)
        super().build(*types)

    def drawn(self, x: Value) -> Shape:
        """The shape of the draws, 1 where one serves a whole axis."""
        given = self.noise_shape or (None,) * x.rank
        return tuple(own if each is None else each for own, each in zip(x.shape, given, strict=True))

    def kept(self, x: Value, keep: Value, key: Value) -> Value:
        """Which elements of x are kept, each with probability `keep`."""
        return fn.broadcast_to(fn.random_uniform(key, self.drawn(x)) < keep, x.shape)

    def disturb(self, x: Value, strength: Value, key: Value) -> Value:
        keep = 1 - strength
        # Where nothing is kept, x / keep and its gradient are not used, but must not be NaN.
        return fn.where(self.kept(x, keep, key), x / fn.maximum(keep, 1e-7), 0.0)


@dataclass(eq=False, repr=False)
class Dropout(Dropping):
    """In training, sets elements to 0 with probability `rate` and divides the others by 1 - rate; otherwise x itself.

    `noise_shape` (None: that of x) has 1 where one draw serves a whole axis, as in Keras.
    """

    rate: float
    noise_shape: Any = None
    seed: int | None = None


@dataclass(eq=False, repr=False)
class AlphaDropout(Dropping):
    """In training, sets elements to what selu approaches below with probability `rate`, then scales and shifts all, so
    that mean 0 and variance 1 stay (Klambauer et al. 2017); otherwise x itself."""

    rate: float
    noise_shape: Any = None
    seed: int | None = None
    may_be_one: ClassVar[bool] = False

    def disturb(self, x: Value, strength: Value, key: Value) -> Value:
        low, keep = -SELU_ALPHA * SELU_SCALE, 1 - strength
        scale = 1 / fn.sqrt(fn.maximum(keep * (1 + strength * low**2), 1e-7))
        return fn.where(self.kept(x, keep, key), x, low) * scale - scale * strength * low


class _SpatialDropout(Dropping):
    """Whole channels are kept or not."""

    rank: ClassVar[int]

    def check(self) -> None:
        super().check()
        if hasattr(self, "data_format"):
            self.data_format = check_channels_last(self, self.data_format)

    def drawn(self, x: Value) -> Shape:
        check_rank(self, x.type, self.rank + 2)
        return (x.shape[0], *(1,) * self.rank, x.shape[-1])


@dataclass(eq=False, repr=False)
class SpatialDropout1D(_SpatialDropout):
    """Dropout of whole channels of `[batch, t, c]` (Tompson et al. 2014)."""

    rate: float
    seed: int | None = None
    rank: ClassVar[int] = 1


@dataclass(eq=False, repr=False)
class SpatialDropout2D(_SpatialDropout):
    """Dropout of whole channels of `[batch, h, w, c]` (Tompson et al. 2014)."""

    rate: float
    data_format: str | None = None
    seed: int | None = None
    rank: ClassVar[int] = 2


@dataclass(eq=False, repr=False)
class SpatialDropout3D(_SpatialDropout):
    """Dropout of whole channels of `[batch, d, h, w, c]` (Tompson et al. 2014)."""

    rate: float
    data_format: str | None = None
    seed: int | None = None
    rank: ClassVar[int] = 3


@dataclass(eq=False, repr=False)
class GaussianDropout(_Noise):
    """In training, x times noise of mean 1 and standard deviation sqrt(rate / (1 - rate)) (Srivastava et al. 2014);
    otherwise x itself."""

    rate: float
    seed: int | None = None
    may_be_one: ClassVar[bool] = False

    def disturb(self, x: Value, strength: Value, key: Value) -> Value:
        deviation = fn.sqrt(strength / fn.maximum(1 - strength, 1e-7))
        return x * (1 + fn.random_normal(key, x.shape) * deviation)


@dataclass(eq=False, repr=False)
class GaussianNoise(_Noise):
    """In training, x plus noise of mean 0 and standard deviation `stddev`; otherwise x itself."""

    stddev: float
    seed: int | None = None
    strength: ClassVar[str] = "stddev"

    def disturb(self, x: Value, strength: Value, key: Value) -> Value:
        return x + fn.random_normal(key, x.shape) * strength


@dataclass(eq=False, repr=False)
class ActivityRegularization(Layer):
    """x itself; training adds `l1` times the sum of |x| and `l2` times the sum of x**2, of a row, to the loss."""

    l1: float = 0.0
    l2: float = 0.0
    supports_masking: ClassVar[bool] = True

    def check(self) -> None:
        if self.activity_regularizer is not None:
            raise self.error("l1 and l2", f"activity_regularizer={self.activity_regularizer!r}")
        self.activity_regularizer = L1L2(self.l1, self.l2)

    def attributes(self) -> dict[str, Any]:
        return {name: each for name, each in super().attributes().items() if name != "activity_regularizer"}

    def call(self, context: Context, *values: Value) -> Value:
        return values[0]

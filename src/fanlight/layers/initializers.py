"""How does a weight start? Keras's initializers as graph code: from a random key to an array.

In: a key (uint32[2]) and the type of the weight. Out: a Value. Bits depend on the key alone: draws are Threefry-2x32,
bounds are literals from exact arithmetic. Knows no layer.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from fanlight.errors import ShapeError, UnknownNameError, UnsupportedOp
from fanlight.ir.dim import known
from fanlight.ir.graph import Value
from fanlight.ir.types import Shape, Type
from fanlight.layers.config import from_json
from fanlight.ops import functions as fn

# Standard deviation of a standard normal cut off at -2 and 2, as Keras writes it (scipy.stats.truncnorm.std(-2, 2)).
TRUNCATED_SPREAD = 0.87962566103423978


@dataclass(frozen=True, slots=True)
class Initializer:
    """A rule for the first content of a weight."""

    needs_key: ClassVar[bool] = True

    def __call__(self, key: Value, type: Type) -> Value:
        raise NotImplementedError(f"{self.__class__.__name__} has no rule")


@dataclass(frozen=True, slots=True)
class Constant(Initializer):
    """`value` everywhere."""

    value: float = 0.0
    needs_key: ClassVar[bool] = False

    def __call__(self, key: Value, type: Type) -> Value:
        return fn.full(type.shape, self.value, type.dtype)


@dataclass(frozen=True, slots=True)
class Listed(Initializer):
    """The numbers of a flat list, in row-major order: for small arrays that have to start in a stated way."""

    values: tuple[float, ...] = ()
    needs_key: ClassVar[bool] = False

    def __call__(self, key: Value, type: Type) -> Value:
        return fn.reshape(listed(self.values, type.dtype), type.shape)


def listed(values: Sequence[float], dtype: str) -> Value:
    """The numbers as an array of rank 1; halves of halves, so that its expression is not deep."""
    if len(values) == 1:
        return fn.full((1,), values[0], dtype)
    middle = len(values) // 2
    return fn.concatenate([listed(values[:middle], dtype), listed(values[middle:], dtype)], axis=0)


@dataclass(frozen=True, slots=True)
class RandomUniform(Initializer):
    """Evenly from `minval` to below `maxval`."""

    minval: float = -0.05
    maxval: float = 0.05

    def __call__(self, key: Value, type: Type) -> Value:
        return fn.random_uniform(key, type.shape, self.minval, self.maxval)


@dataclass(frozen=True, slots=True)
class RandomNormal(Initializer):
    """From a normal distribution."""

    mean: float = 0.0
    stddev: float = 0.05

    def __call__(self, key: Value, type: Type) -> Value:
        return fn.random_normal(key, type.shape, self.mean, self.stddev)


@dataclass(frozen=True, slots=True)
class TruncatedNormal(Initializer):
    """From a normal distribution, of which what lies more than two standard deviations from the mean is drawn again."""

    mean: float = 0.0
    stddev: float = 0.05

    def __call__(self, key: Value, type: Type) -> Value:
        return fn.random_truncated_normal(key, type.shape, self.mean, self.stddev)


@dataclass(frozen=True, slots=True)
class VarianceScaling(Initializer):
    """Spread by the number of connections: variance `scale / fan`, where `mode` says which fan (He et al. 2015).

    `input_axes` and `output_axes` say which axes of the weight count the inputs and the outputs, where they are not
    those of a matrix or of a convolution's kernel.
    """

    scale: float = 1.0
    mode: str = "fan_in"  # fan_in, fan_out, fan_avg
    distribution: str = "truncated_normal"  # or uniform, untruncated_normal
    input_axes: tuple[int, ...] | None = None
    output_axes: tuple[int, ...] | None = None

    def __call__(self, key: Value, type: Type) -> Value:
        fan_in, fan_out = fans(type.shape, self.input_axes, self.output_axes)
        fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        variance = self.scale / max(1.0, fan)
        if self.distribution == "uniform":
            limit = math.sqrt(3 * variance)
            return fn.random_uniform(key, type.shape, -limit, limit)
        if self.distribution == "untruncated_normal":
            return fn.random_normal(key, type.shape, 0.0, math.sqrt(variance))
        return fn.random_truncated_normal(key, type.shape, 0.0, math.sqrt(variance) / TRUNCATED_SPREAD)


@dataclass(frozen=True, slots=True)
class Orthogonal(Initializer):
    """`gain` times a matrix with orthonormal rows, or columns where they are fewer, drawn evenly from all such
    matrices (Saxe and others 2014); of a weight of higher rank the last axis is the columns.

    Each row of a normal draw is made orthogonal to those before it, twice: enough for float32 (Giraud and others 2005).
    """

    gain: float = 1.0

    def __call__(self, key: Value, type: Type) -> Value:
        *others, columns = (known(extent) for extent in type.shape)
        if not others:
            raise ShapeError("Orthogonal", expected="a weight of rank 2 or more", got=type)
        rows = math.prod(others)
        shape = min(rows, columns), max(rows, columns)

        def step(found: Value, given: tuple[Value, Value]) -> tuple[Value, None]:
            row, is_here = given
            for _ in range(2):
                row = row - fn.matmul(fn.matmul(found, row), found)
            row = row / fn.sqrt(fn.sum(fn.square(row)))
            return fn.where(fn.expand_dims(is_here, -1), row, found), None

        places = fn.eye(shape[0], dtype="bool")
        found, _ = fn.scan(step, fn.zeros(shape), (fn.random_normal(key, shape), places))
        return fn.reshape(found if rows <= columns else fn.transpose(found), type.shape) * self.gain


@dataclass(frozen=True, slots=True)
class Identity(Initializer):
    """`gain` where row and column have the same number, else 0: a matrix, which need not be square."""

    gain: float = 1.0
    needs_key: ClassVar[bool] = False

    def __call__(self, key: Value, type: Type) -> Value:
        if len(type.shape) != 2:
            raise ShapeError("Identity", expected="a weight of rank 2", got=type)
        return fn.cast(fn.eye(*type.shape) * self.gain, type.dtype)


def fans(
    shape: Shape, input_axes: tuple[int, ...] | None = None, output_axes: tuple[int, ...] | None = None
) -> tuple[int, int]:
    """How many inputs feed one output, and how many outputs one input: of a matrix, or of a convolution's kernel."""
    sizes = [known(extent) for extent in shape]
    if input_axes is not None and output_axes is not None:
        return math.prod(sizes[axis] for axis in input_axes), math.prod(sizes[axis] for axis in output_axes)
    if len(sizes) < 2:
        return (sizes[0], sizes[0]) if sizes else (1, 1)
    field = math.prod(sizes[:-2])
    return sizes[-2] * field, sizes[-1] * field


NAMED: dict[str, Initializer] = {
    "zeros": Constant(0.0),
    "ones": Constant(1.0),
    "random_uniform": RandomUniform(),
    "random_normal": RandomNormal(),
    "truncated_normal": TruncatedNormal(),
    "glorot_uniform": VarianceScaling(1.0, "fan_avg", "uniform"),
    "glorot_normal": VarianceScaling(1.0, "fan_avg"),
    "he_uniform": VarianceScaling(2.0, "fan_in", "uniform"),
    "he_normal": VarianceScaling(2.0, "fan_in"),
    "lecun_uniform": VarianceScaling(1.0, "fan_in", "uniform"),
    "lecun_normal": VarianceScaling(1.0, "fan_in"),
    "variance_scaling": VarianceScaling(),
    "orthogonal": Orthogonal(),
    "identity": Identity(),
}
KINDS = (Constant, Listed, RandomUniform, RandomNormal, TruncatedNormal, VarianceScaling, Orthogonal, Identity)
# By their names, and by Keras's other names for two of them.
CLASSES = {each.__name__: each for each in KINDS}
CLASSES |= {"OrthogonalInitializer": Orthogonal, "IdentityInitializer": Identity}
# Keras's classes without attributes of their own: `GlorotUniform` -> `glorot_uniform`.
ALIASES = {"".join(part.capitalize() for part in name.split("_")): name for name in NAMED} | {
    "constant": "zeros",
    "uniform": "random_uniform",
    "normal": "random_normal",
    "OrthogonalInitializer": "orthogonal",
    "IdentityInitializer": "identity",
}
LEFT_OUT = {"seed"}  # of Keras's configs: bits come from Fanlight's keys


def get(identifier: Any) -> Initializer:
    """The initializer of a name, of a `{"class_name", "config"}` record (ours or Keras's), or itself."""
    if isinstance(identifier, Initializer):
        return identifier
    if isinstance(identifier, Mapping):
        name, config = str(identifier.get("class_name")), dict(identifier.get("config") or {})
        config = {key: from_json(value) for key, value in config.items() if key not in LEFT_OUT}
        if name in CLASSES:
            try:
                return CLASSES[name](**config)
            except TypeError as error:
                raise UnsupportedOp(f"initializer {name!r}", expected="its own attributes", got=config) from error
        axes = {key: config.get(key) for key in ("input_axes", "output_axes")}
        return replace(get(name), **axes) if any(axes.values()) else get(name)
    name = ALIASES.get(identifier, identifier)
    if name not in NAMED:
        raise UnknownNameError("initializer", expected=f"one of {', '.join(NAMED)}", got=repr(identifier))
    return NAMED[name]

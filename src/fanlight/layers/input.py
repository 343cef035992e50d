"""Where does a network begin? `Input`: a symbol for data, by its shape or its meaning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fanlight.errors import DtypeError, ShapeError
from fanlight.ir import dim as dims
from fanlight.ir import graph
from fanlight.ir.dim import DimLike
from fanlight.ir.graph import Value, apply
from fanlight.ir.types import DTYPES, Shape, Type
from fanlight.layers.base import Layer, Symbol
from fanlight.layers.context import Context
from fanlight.layers.meanings import Image, Meaning, from_record

BATCH = "batch"


@dataclass(eq=False, repr=False)
class InputLayer(Layer):
    """The place of one argument of a network. `shape` is that of one row; the batch axis comes before it, open unless
    `batch_size` is given."""

    shape: Any = ()
    dtype: str = "float32"
    meaning: Any = None
    batch_size: int | None = None

    def check(self) -> None:
        self.shape = row_shape(self.shape, self.name)
        if self.meaning is not None:
            self.check_meaning(from_record(self.meaning))
        if self.batch_size is not None and self.batch_size < 1:
            raise self.error("a positive batch_size", self.batch_size)
        if self.dtype not in DTYPES:
            raise DtypeError(self.label, expected=f"one of {', '.join(DTYPES)}", got=repr(self.dtype))

    def check_meaning(self, meaning: Meaning) -> None:
        """Takes the meaning, if this dtype can hold what it gives."""
        if isinstance(meaning, Image):
            if self.dtype == "uint8" and not meaning.is_plain:
                raise self.error("float32 for pixels that are scaled or in another order", self.dtype)
            if self.dtype not in ("float32", "uint8"):
                raise self.error("float32 or uint8 for a picture", self.dtype)
        self.meaning = meaning

    def means(self) -> Meaning | None:
        return self.meaning

    def attributes(self) -> dict[str, Any]:
        return {
            **super().attributes(),
            "shape": [each if isinstance(each, int) else written(each) for each in self.shape],
        }

    @property
    def type(self) -> Type:
        return Type(self.dtype, (self.batch_size or dims.size(BATCH), *self.shape))

    def call(self, context: Context, *values: Value) -> Value:
        return values[0]

    def sketch(self, *values: Value, **arguments: Any) -> tuple[Value, ...]:
        return (apply(graph.Input(self.name or self.auto_name, self.type)),)


def Input(
    shape: Any = None, batch_size: int | None = None, *, dtype: str | None = None, name: str | None = None
) -> Symbol:
    """A symbol for data that a network will be given.

    `shape` is that of one row, without the batch axis, or a meaning such as `fl.Image(28, 28, channels=1)`, which has
    a shape and a dtype. An axis of unknown length is a name (equal names are equal lengths), perhaps with a bound,
    "words<=128", or None. A network whose
    inputs have a `batch_size`, as stateful layers need, takes batches of exactly so many rows.

    >>> x = fl.Input((28, 28, 1), name="image")
    >>> x.type
    f32[batch, 28, 28, 1]
    """
    if isinstance(shape, Meaning):
        row, dtype = shape.shape, dtype or shape.dtype
        layer = InputLayer(name=name, shape=row, dtype=dtype, meaning=shape, batch_size=batch_size)
    else:
        layer = InputLayer(name=name, shape=shape, dtype=dtype or "float32", batch_size=batch_size)
    return layer()


def written(extent: dims.Dim) -> str:
    """An open length as `row_shape` reads it: its name, and its bound where it has one."""
    bound = dims.upper(extent)
    return repr(extent) if bound == dims.UNBOUNDED else f"{extent!r}<={bound}"


def row_shape(shape: Any, name: str | None) -> Shape:
    """Lengths as they are, names and None as open dims."""
    if isinstance(shape, int):
        shape = (shape,)
    if not isinstance(shape, list | tuple):
        raise ShapeError("Input", expected="a shape, (28, 28, 1) say, or a meaning", got=repr(shape))
    row: list[DimLike] = []
    for axis, extent in enumerate(shape):
        if extent is None:
            extent = f"{name or 'axis'}_{axis + 1}"
        if isinstance(extent, str):
            word, _, bound = extent.partition("<=")
            extent = dims.size(word, 1, int(bound) if bound.isdecimal() else dims.UNBOUNDED)
        if (
            isinstance(extent, bool)
            or (isinstance(extent, int) and extent < 1)
            or not isinstance(extent, int | dims.Dim)
        ):
            raise ShapeError("Input", expected="positive lengths, names of open axes, or None", got=shape)
        row.append(extent)
    return tuple(row)

"""Which of two elements is larger, what is true, and what is chosen by it? Comparisons, logic, selection and casts.

Comparisons with NaN are false but for `not_equal`. None but selection and float casts lets a gradient through.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from fanlight.errors import DtypeError
from fanlight.ir.graph import Op, Value
from fanlight.ir.scalar import Scalar, cast, make, select
from fanlight.ir.types import DTYPES, Type, is_float
from fanlight.ops import functions as fn
from fanlight.ops.base import NUMBERS, Elementwise
from fanlight.ops.elementwise import Gradients
from fanlight.ops.sample import SHAPES, Sample


class _Comparison(Elementwise):
    """A question about two numbers; no gradient."""

    arity = 2
    accepts = NUMBERS
    row: ClassVar[str] = ""

    def result(self, *dtypes: str) -> str:
        super().result(*dtypes)
        return "bool"

    def scalar(self, *args: Scalar) -> Scalar:
        return make(self.row, *args)

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> Gradients:
        return None, None

    def reference(self, *arrays: Any) -> Any:
        import numpy

        return getattr(numpy, self.name)(*arrays)

    @classmethod
    def samples(cls) -> Iterable[Sample]:
        for dtype in cls.accepts:
            for shape in SHAPES if dtype == "float32" else ((17,),):
                yield Sample(cls(), (Type(dtype, shape),) * 2, ("any", "any"))
            yield Sample(cls(), (Type(dtype, (17,)),) * 2, ("tied", "tied"))


@dataclass(frozen=True)
class Equal(_Comparison):
    """x == y."""

    name, row = "equal", "eq"
    accepts = (*NUMBERS, "bool")


@dataclass(frozen=True)
class NotEqual(_Comparison):
    """x != y; true for NaN."""

    name, row = "not_equal", "ne"
    accepts = (*NUMBERS, "bool")


@dataclass(frozen=True)
class Less(_Comparison):
    """x < y."""

    name, row = "less", "lt"


@dataclass(frozen=True)
class LessEqual(_Comparison):
    """x <= y."""

    name, row = "less_equal", "le"


@dataclass(frozen=True)
class Greater(_Comparison):
    """x > y."""

    name, row = "greater", "gt"


@dataclass(frozen=True)
class GreaterEqual(_Comparison):
    """x >= y."""

    name, row = "greater_equal", "ge"


class _Logical(Elementwise):
    """A combination of truth values; no gradient."""

    arity = 2
    accepts = ("bool",)
    row: ClassVar[str] = ""

    def scalar(self, *args: Scalar) -> Scalar:
        return make(self.row, *args)

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> Gradients:
        return (None,) * self.arity

    def reference(self, *arrays: Any) -> Any:
        import numpy

        return getattr(numpy, self.name)(*arrays)


@dataclass(frozen=True)
class LogicalAnd(_Logical):
    """Both are true."""

    name, row = "logical_and", "and"


@dataclass(frozen=True)
class LogicalOr(_Logical):
    """One of them is true, or both."""

    name, row = "logical_or", "or"


@dataclass(frozen=True)
class LogicalXor(_Logical):
    """Exactly one of them is true."""

    name, row = "logical_xor", "xor"


@dataclass(frozen=True)
class LogicalNot(_Logical):
    """x is false."""

    name, row = "logical_not", "not"
    arity = 1


@dataclass(frozen=True)
class Where(Elementwise):
    """x where the condition holds, else y. The side not chosen gets gradient 0, whatever it is."""

    name = "where"
    arity, accepts = 3, tuple(DTYPES)

    def result(self, *dtypes: str) -> str:
        condition, x, y = dtypes
        if condition != "bool" or x != y:
            raise DtypeError(
                self.name, expected="bool, then two of one dtype", got=", ".join(dtypes), do="cast it first"
            )
        return x

    def scalar(self, *args: Scalar) -> Scalar:
        return select(*args)

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> Gradients:
        nothing = fn.zeros_like(g)
        return None, fn.where(xs[0], g, nothing), fn.where(xs[0], nothing, g)

    def reference(self, *arrays: Any) -> Any:
        import numpy

        return numpy.where(*arrays)

    @classmethod
    def samples(cls) -> Iterable[Sample]:
        for dtype in cls.accepts:
            for shape in SHAPES if dtype == "float32" else ((17,),):
                types = (Type("bool", shape), Type(dtype, shape), Type(dtype, shape))
                yield Sample(cls(), types, ("any", "any", "any"))
        types = (Type("bool", (5,)), Type("float32", (5,)), Type("float32", (5,)))
        yield Sample(cls(), types, ("any", "normal", "normal"))


@dataclass(frozen=True)
class Cast(Elementwise):
    """x in another dtype; bool is x != 0. Float to integer goes towards zero and saturates; NaN gives 0."""

    name = "cast"
    accepts = tuple(DTYPES)
    dtype: str

    def result(self, *dtypes: str) -> str:
        super().result(*dtypes)
        if self.dtype not in DTYPES:
            raise DtypeError(self.name, expected=f"one of {', '.join(DTYPES)}", got=repr(self.dtype))
        return self.dtype

    def scalar(self, *args: Scalar) -> Scalar:
        return cast(args[0], self.dtype)

    def gradient(self, g: Value, y: Value, xs: tuple[Value, ...]) -> Gradients:
        return (g if is_float(xs[0].dtype) and is_float(self.dtype) else None,)

    def reference(self, *arrays: Any) -> Any:
        import numpy

        x = arrays[0]
        if x.dtype.kind == "f" and self.dtype not in ("float32", "bool"):
            ends = numpy.iinfo(self.dtype)
            whole = numpy.trunc(numpy.nan_to_num(x.astype("float64"), nan=0.0))
            inner = numpy.where((whole > ends.min) & (whole < ends.max), whole, 0).astype(self.dtype)
            return numpy.where(whole <= ends.min, ends.min, numpy.where(whole >= ends.max, ends.max, inner)).astype(
                self.dtype
            )
        return x.astype(self.dtype)

    @classmethod
    def instances(cls) -> Iterable[Op]:
        return tuple(cls(dtype) for dtype in DTYPES)

"""What have ops of one family in common? The base class of elementwise ops, and checks that shape rules share.

Knows no single op.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from typing import Any, ClassVar

from fanlight.errors import DtypeError, ShapeError
from fanlight.ir.dim import DimLike
from fanlight.ir.graph import Op
from fanlight.ir.kernel import Axis, Nest, make_axes
from fanlight.ir.scalar import Scalar, read
from fanlight.ir.types import DTYPES, Shape, Type
from fanlight.ops.sample import SHAPES, Sample

INTEGERS = ("int32", "uint32", "int64", "uint8", "int8")
NUMBERS = ("float32", *INTEGERS)


class Elementwise(Op):
    """An op whose value at an index is `scalar` of the operands there; the operands have one shape.

    A row states `arity`, the dtypes it `accepts`, and two of sample.VALUES: the `finite` ones on which its gradient can
    be tested, and the `specials`, on which all targets agree. All operands have one dtype, which is the result's too,
    unless the row says otherwise.
    """

    elementwise: ClassVar[bool] = True
    arity: ClassVar[int] = 1
    accepts: ClassVar[tuple[str, ...]] = ("float32",)
    finite: ClassVar[str] = "normal"
    specials: ClassVar[str] = "any"

    def scalar(self, *args: Scalar) -> Scalar:
        """The value at one index."""
        raise NotImplementedError(f"{self.name} has no scalar expression")

    def result(self, *dtypes: str) -> str:
        """The dtype of the result; raises DtypeError where the operands' dtypes do not fit."""
        if any(dtype != dtypes[0] for dtype in dtypes) or dtypes[0] not in self.accepts:
            expected = f"{'one dtype' if self.arity > 1 else 'a dtype'} of {', '.join(self.accepts)}"
            raise DtypeError(self.name, expected=expected, got=", ".join(dtypes), do="cast it first")
        return dtypes[0]

    def infer(self, *types: Type) -> Type:
        check_arity(self, types, self.arity)
        if any(each.shape != types[0].shape for each in types):
            raise ShapeError(
                self.name,
                expected="operands of one shape",
                got=listed(types),
                do=f"broadcast them first: fl.{self.name}",
            )
        return Type(self.result(*(each.dtype for each in types)), types[0].shape)

    def nest(self, *types: Type) -> Nest:
        axes = make_axes(types[0].shape)
        return Nest(axes, self.scalar(*(read(k, indices(axes), each.dtype) for k, each in enumerate(types))))

    @classmethod
    def instances(cls) -> Iterable[Op]:
        """One op for each way of setting the attributes that is worth a test."""
        return (cls(),)

    @classmethod
    def samples(cls) -> Iterable[Sample]:
        for op in cls.instances():
            for dtype in cls.accepts:
                for shape in SHAPES:
                    types = (Type(dtype, shape),) * cls.arity
                    if shape == (17,) or dtype == "float32":
                        kind = cls.specials if dtype == "float32" else "any"
                        yield Sample(op, types, (kind,) * cls.arity)
            if "float32" in cls.accepts:
                yield Sample(op, (Type("float32", (5,)),) * cls.arity, (cls.finite,) * cls.arity)


def check_arity(op: Op, types: tuple[Type, ...], count: int) -> None:
    """Raises ShapeError where an op has not `count` operands."""
    if len(types) != count:
        raise ShapeError(op.name, expected=f"{count} operands", got=f"{len(types)} ({listed(types)})")


def check_rank(op: Op, what: str, type: Type, rank: int) -> None:
    """Raises ShapeError where `type` has not this rank."""
    if type.rank != rank:
        raise ShapeError(op.name, expected=f"{what} of rank {rank}", got=type)


def check_float(op: Op, *types: Type) -> None:
    """Raises DtypeError where a type is not float32."""
    check_dtype(op, ("float32",), *types)


def check_dtype(op: Op, accepted: tuple[str, ...], *types: Type) -> None:
    """Raises DtypeError where the types have not one dtype among those accepted."""
    if any(each.dtype not in accepted or each.dtype != types[0].dtype for each in types):
        raise DtypeError(op.name, expected=" or ".join(accepted), got=listed(types), do="cast it first")


def check_axes(op: Op, axes: tuple[int, ...], rank: int) -> None:
    """Raises ShapeError where the axes are not distinct ones of `0 .. rank-1`."""
    if len(set(axes)) != len(axes) or any(not 0 <= axis < rank for axis in axes):
        raise ShapeError(op.name, expected=f"distinct axes in 0 .. {rank - 1}", got=axes)


def listed(types: Iterable[Type]) -> str:
    return ", ".join(map(repr, types)) or "none"


def indices(axes: Iterable[Axis]) -> tuple[DimLike, ...]:
    return tuple(axis.index for axis in axes)


def static(op: Op, shape: Shape) -> tuple[int, ...]:
    """`shape` as plain numbers, which a reference needs; raises ShapeError where a dim is open."""
    numbers = tuple(extent for extent in shape if isinstance(extent, int))
    if len(numbers) != len(shape):
        raise ShapeError(f"the reference of {op.name}", expected="a shape without open dims", got=shape)
    return numbers


def numpy_dtype(dtype: str) -> Any:
    """The NumPy dtype of the same name."""
    import numpy

    return numpy.dtype(dtype)


def described(op: Op) -> str:
    """`conv(strides=(2, 2), ...)`: an op with its attributes, for messages."""
    attributes = ", ".join(f"{f.name}={getattr(op, f.name)!r}" for f in fields(op))  # type: ignore[arg-type]
    return f"{op.name}({attributes})"


assert set(NUMBERS) | {"bool"} == set(DTYPES)

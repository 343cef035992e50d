"""What kind of array is a value? Dtypes and shapes. Knows nothing of what arrays mean."""

from __future__ import annotations

from dataclasses import dataclass

from fanlight.errors import DtypeError
from fanlight.ir.dim import DimLike, product, text

# dtype: (short name in printed programs, bytes in memory, kind)
DTYPES: dict[str, tuple[str, int, str]] = {
    "float32": ("f32", 4, "float"),
    "int32": ("i32", 4, "int"),
    "uint32": ("u32", 4, "int"),
    "int64": ("i64", 8, "int"),
    "uint8": ("u8", 1, "int"),
    "int8": ("i8", 1, "int"),
    "bool": ("bool", 1, "bool"),
}
# How intermediate results may lie in memory beside: no op takes or gives these.
STORED: dict[str, tuple[str, int, str]] = DTYPES | {"int16": ("i16", 2, "int")}

Shape = tuple[DimLike, ...]


def is_float(dtype: str) -> bool:
    return STORED[dtype][2] == "float"


def item_bytes(dtype: str) -> int:
    """Bytes of one element in memory."""
    return STORED[dtype][1]


@dataclass(frozen=True, slots=True)
class Type:
    """A dtype and a shape: `f32[batch, 28, 28, 1]`."""

    dtype: str
    shape: Shape

    def __post_init__(self) -> None:
        if self.dtype not in STORED:
            raise DtypeError("dtype", expected=f"one of {', '.join(DTYPES)}", got=repr(self.dtype))

    @property
    def rank(self) -> int:
        return len(self.shape)

    @property
    def count(self) -> DimLike:
        """The number of elements."""
        return product(self.shape)

    def __repr__(self) -> str:
        return f"{STORED[self.dtype][0]}[{', '.join(text(d) for d in self.shape)}]"


@dataclass(frozen=True, slots=True)
class Types:
    """The type of a loop's or branch's value, which is several arrays: `(f32[4], f32[12, 4])`. An `Item` picks one."""

    members: tuple[Type, ...]

    def __repr__(self) -> str:
        return f"({', '.join(map(repr, self.members))}{',' if len(self.members) == 1 else ''})"


def float32(*shape: DimLike) -> Type:
    return Type("float32", shape)


def contiguous_strides(shape: Shape) -> Shape:
    """The strides, in elements, of a dense row-major array."""
    strides: list[DimLike] = []
    step: DimLike = 1
    for extent in reversed(shape):
        strides.append(step)
        step = step * extent
    return tuple(reversed(strides))

"""What holds numbers where NumPy is not there, as in a browser's Python? Dense arrays that read like nested lists.

In: lists of numbers, or whatever has a buffer: array.array, memoryview, NumPy's arrays. Out: dtype, shape and bytes;
NumPy takes them over. Computes nothing: tensors do."""

from __future__ import annotations

import math
import struct
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from fanlight.errors import DtypeError, ShapeError

# The struct module's code of each dtype.
FORMATS: dict[str, Any] = {"float32": "f", "int32": "i", "uint32": "I", "int64": "q"}
FORMATS |= {"uint8": "B", "int8": "b", "bool": "?"}
# What a buffer's items may be called, and the dtype that holds them; float64 becomes float32 as everywhere.
_DTYPES = {"f": "float32", "d": "float32", "e": "float32", "?": "bool", "B": "uint8", "b": "int8"}
_DTYPES |= dict.fromkeys("hi", "int32") | dict.fromkeys("HI", "uint32") | dict.fromkeys("lqLQnN", "int64")
_SHOWN = 8  # items of an axis that are printed; of more, the first and the last three


@dataclass(frozen=True, slots=True, eq=False)
class Array:
    """A dense row-major array: little-endian bytes with a dtype and a shape. `numpy.asarray(array)` shares them.

    >>> rows = Array.of([[1, 2], [3, 4.5]])
    >>> rows.dtype, rows.shape, rows[1].tolist()
    ('float32', (2, 2), [3.0, 4.5])
    """

    dtype: str
    shape: tuple[int, ...]
    data: bytes | memoryview

    def __post_init__(self) -> None:
        if self.dtype not in FORMATS:
            raise DtypeError("an array", expected=f"one of {', '.join(FORMATS)}", got=self.dtype)
        if math.prod(self.shape) * struct.calcsize(FORMATS[self.dtype]) != len(self.data):
            wanted = f"{math.prod(self.shape) * struct.calcsize(FORMATS[self.dtype])} bytes for {self._type}"
            raise ShapeError("an array", expected=wanted, got=len(self.data))

    @classmethod
    def of(cls, value: Any, dtype: str | None = None) -> Array:
        """The array of nested lists, of a buffer, or of anything with `dtype`, `shape` and `tobytes`. Without `dtype`,
        whole numbers are int32 and others float32, buffers keep theirs. Raises DtypeError where a number would change,
        ShapeError where lists have different lengths."""
        if isinstance(value, Array):
            return value if dtype in (None, value.dtype) else _from_flat(_flat(value), value.shape, dtype)
        if hasattr(value, "tobytes") and str(getattr(value, "dtype", "")) in FORMATS:
            found = cls(str(value.dtype), tuple(int(extent) for extent in value.shape), value.tobytes())
            return cls.of(found, dtype)
        if hasattr(value, "numpy"):  # a tensor
            return cls.of(value.numpy(), dtype)
        if isinstance(value, str):
            raise DtypeError("an array", expected="numbers", got=repr(value)[:60])
        if not isinstance(value, (list, tuple, bool, int, float)):
            try:
                view = memoryview(value)
            except TypeError:
                value = list(value) if hasattr(value, "__iter__") else value
            else:
                return _from_buffer(view, dtype)
        shape = _shape_of(value)
        return _from_flat(list(_leaves(value)), shape, dtype)

    @property
    def _type(self) -> str:
        return f"{self.dtype}{list(self.shape)}"

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        return len(self.data)

    def tobytes(self) -> bytes:
        return bytes(self.data)

    def flat(self) -> memoryview:
        """All items one after the other, as a view that reads numbers."""
        return memoryview(self.data).cast("B").cast(FORMATS[self.dtype])

    def tolist(self) -> Any:
        """Nested lists of Python's numbers; a number for rank 0."""
        return _nested(self.flat().tolist(), self.shape)

    def item(self) -> Any:
        """The number of an array of one."""
        if self.size != 1:
            raise ShapeError("item()", expected="an array of one number", got=self._type)
        return self.flat()[0]

    def take(self, rows: Sequence[int]) -> Array:
        """The rows of these numbers, in this order."""
        step = len(self.data) // max(1, len(self))
        view = memoryview(self.data).cast("B")
        return Array(self.dtype, (len(rows), *self.shape[1:]), b"".join(view[k * step : (k + 1) * step] for k in rows))

    def reshape(self, *shape: Any) -> Array:
        """The same numbers in another shape."""
        wanted = tuple(shape[0]) if len(shape) == 1 and isinstance(shape[0], (tuple, list)) else shape
        if -1 in wanted:
            known = -math.prod(wanted)
            wanted = tuple(self.size // known if known and extent == -1 else extent for extent in wanted)
        return Array(self.dtype, tuple(wanted), self.data)

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("an array of rank 0 has no length")
        return self.shape[0]

    def __getitem__(self, key: Any) -> Any:
        """`array[2]`, `array[2, 0]`, `array[5:9]`: rows, or a number."""
        if isinstance(key, tuple):
            first, *rest = (*key, None)
            return self.item() if first is None else self[first] if not rest[:-1] else self[first][tuple(rest[:-1])]
        if isinstance(key, slice):
            return self.take(range(*key.indices(len(self))))
        at = range(len(self))[key]
        return self.flat()[at] if self.ndim == 1 else Array(self.dtype, self.shape[1:], self.take([at]).data)

    def __iter__(self) -> Iterator[Any]:
        return (self[k] for k in range(len(self)))

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __bool__(self) -> bool:
        return bool(self.item())

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec else str(self)

    def __buffer__(self, flags: int) -> memoryview:  # read by memoryview() from Python 3.12 on
        return memoryview(self.data).cast("B").cast(FORMATS[self.dtype], self.shape)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        from numpy import frombuffer

        array = frombuffer(self.data, self.dtype).reshape(self.shape)
        return array.astype(dtype) if dtype is not None else array.copy() if copy else array

    def __str__(self) -> str:
        return _text(self.tolist())

    def __repr__(self) -> str:
        return f"Array({_text(self.tolist())}, {self._type})"


def numpy() -> Any:
    """NumPy; in a browser's Python only where the program has imported it, else None."""
    if sys.platform == "emscripten":
        return sys.modules.get("numpy")
    return import_module("numpy")


def native(array: Array) -> Any:
    """What a user holds: a NumPy array where there is NumPy, else the array as it is."""
    module = numpy()
    return array if module is None else module.array(array)


def _from_flat(numbers: Sequence[Any], shape: tuple[int, ...], dtype: str | None) -> Array:
    """The array of Python's numbers; each must be one that the dtype holds."""
    if dtype is None:
        kinds = {type(number) for number in numbers}
        dtype = "bool" if kinds == {bool} else "int32" if numbers and kinds <= {int, bool} else "float32"
    if dtype not in FORMATS:
        raise DtypeError("an array", expected=f"one of {', '.join(FORMATS)}", got=dtype)
    try:
        if dtype in ("float32", "bool"):
            return Array(dtype, shape, struct.pack(f"<{len(numbers)}{FORMATS[dtype]}", *numbers))
        whole = [int(number) for number in numbers]
        if changed := next((old for old, new in zip(numbers, whole, strict=True) if old != new), None):
            raise DtypeError("an array", expected=f"whole numbers for {dtype}", got=changed)
        return Array(dtype, shape, struct.pack(f"<{len(whole)}{FORMATS[dtype]}", *whole))
    except (struct.error, OverflowError, TypeError, ValueError) as error:
        if isinstance(error, DtypeError):
            raise
        odd = next((each for each in numbers if not isinstance(each, (bool, int, float))), None)
        got = error if odd is None else repr(odd)[:60]
        raise DtypeError("an array", expected=f"numbers that fit {dtype}", got=got) from None


def _from_buffer(view: memoryview, dtype: str | None) -> Array:
    """The array in a buffer; a dtype of its own is kept as it is."""
    kind: Any = view.format.lstrip("@=<")
    shape = tuple(view.shape or ())
    if kind not in _DTYPES:
        raise DtypeError("an array", expected="a buffer of numbers", got=f"format {view.format!r}")
    dtype = dtype or _DTYPES[kind]
    if kind == FORMATS.get(dtype):
        return Array(dtype, shape, view.tobytes())
    return _from_flat(memoryview(view.tobytes()).cast("B").cast(kind).tolist(), shape, dtype)


def _flat(array: Array) -> list[Any]:
    return array.flat().tolist()


def _shape_of(value: Any) -> tuple[int, ...]:
    if not hasattr(value, "__len__") or isinstance(value, str):
        return tuple(getattr(value, "shape", ()))
    if not len(value):
        return (0,)
    shapes = {_shape_of(item) for item in value}
    if len(shapes) > 1:
        raise ShapeError("an array", expected="lists of equal lengths", got=sorted(shapes)[:3])
    return (len(value), *shapes.pop())


def _leaves(value: Any) -> Iterator[Any]:
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, (list, tuple)) or (hasattr(value, "__len__") and not isinstance(value, str)):
        for item in value:
            yield from _leaves(item)
    else:
        yield value


def _nested(items: list[Any], shape: tuple[int, ...]) -> Any:
    if not shape:
        return items[0]
    if len(shape) == 1:
        return items
    step = len(items) // max(1, shape[0])
    return [_nested(items[k * step : (k + 1) * step], shape[1:]) for k in range(shape[0])]


def _text(value: Any) -> str:
    """Nested lists as text, long ones with their middle left out."""
    if isinstance(value, float):
        return f"{value:.7g}"
    if not isinstance(value, list):
        return str(value)
    parts = [_text(item) for item in (value if len(value) <= _SHOWN else value[:3] + value[-3:])]
    if len(value) > _SHOWN:
        parts.insert(3, "...")
    between = ",\n " if value and isinstance(value[0], list) else ", "
    return f"[{between.join(parts)}]"

"""Which numbers, shapes and tensors stand in a message? As plain Python and NumPy have them, within bounds.

In: AttrValue, TensorShapeProto, TensorProto. Knows no node.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import prod
from typing import Any

from fanlight.errors import ModelFormatError, UnsupportedOp
from fanlight.importers.files import LARGEST_FILE
from fanlight.importers.tensorflow.schema import dtype_name

LARGEST_FILLED = 64 << 20  # bytes, in a file, of tensors that are one number said once and repeated
MOST_AXES = 32
# What the numbers of a dtype are in memory, where its name is not NumPy's; bfloat16 becomes float32.
LAID_OUT = {"bfloat16": "uint16", "qint8": "int8", "quint8": "uint8", "qint16": "int16", "quint16": "uint16"}
LAID_OUT |= {"qint32": "int32"}
PLAIN = ("float32", "float64", "float16", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
PLAIN += ("bool", "complex64", "complex128")
FIELDS = {
    **{"float32": "float_val", "float64": "double_val", "int64": "int64_val", "bool": "bool_val"},
    **{"uint32": "uint32_val", "uint64": "uint64_val", "float16": "half_val", "bfloat16": "half_val"},
    **{"complex64": "scomplex_val", "complex128": "dcomplex_val"},
}

Shape = tuple[int | None, ...] | None


@dataclass
class Bounds:
    """What messages of one file may hold together, and its name for errors."""

    at: str
    filled: int = 0

    def error(self, expected: object, got: object, place: str = "") -> ModelFormatError:
        at = f"{self.at}, {place}" if place else self.at
        return ModelFormatError("TensorFlow file", expected=expected, got=str(got)[:200], at=at)

    def shape(self, proto: Any, place: str) -> Shape:
        """Lengths of axes, None for those that are open; None for an unknown rank."""
        if proto.unknown_rank:
            return None
        found = tuple(None if each.size == -1 else each.size for each in proto.dim)
        if len(found) > MOST_AXES or any(each is not None and each < 0 for each in found):
            raise self.error(f"at most {MOST_AXES} axes of lengths from 0 up", found, place)
        return found

    def attribute(self, value: Any, place: str) -> Any:
        """An attribute that is no function; one that has no value is None."""
        kind = value.WhichOneof("value")
        if kind is None:
            return None
        given = getattr(value, kind)
        if kind == "list":
            return [self.plain(name, each, place) for name, each in items(given)]
        return self.plain(kind, given, place)

    def plain(self, kind: str, given: Any, place: str) -> Any:
        match kind:
            case "s":
                return text(given)
            case "type":
                return dtype_name(given)
            case "shape":
                return self.shape(given, place)
            case "tensor":
                return self.tensor(given, place)
            case "func":
                return given.name
            case "placeholder":
                raise self.error("attributes with a value", f"one of the caller's, {given!r}", place)
        return given

    def tensor(self, proto: Any, place: str) -> Any:
        """A tensor as an array; of strings as one of objects."""
        import numpy

        dtype, found = dtype_name(proto.dtype), self.shape(proto.tensor_shape, place)
        if dtype is None or found is None or None in found:
            raise self.error("a tensor of known dtype and shape", f"{dtype}, {found}", place)
        shape = tuple(each for each in found if each is not None)
        count = prod(shape)
        if dtype == "string":
            strings = numpy.array([text(each) for each in proto.string_val], object)
            return self.filled_up(strings, count, 8, place).reshape(shape)
        layout = layout_of(dtype, self.at, place)
        if count * layout.itemsize > LARGEST_FILE:
            raise self.error("at most 4 GiB", f"{count * layout.itemsize} bytes", place)
        if proto.tensor_content:
            return self.array(proto.tensor_content, dtype, shape, place)
        values = getattr(proto, FIELDS.get(dtype, "int_val"))
        try:
            held: Any = numpy.array(values, "uint16" if dtype == "float16" else None)
            if dtype.startswith("complex"):
                held = held.astype(f"float{layout.itemsize * 4}").view(layout)
            held = held.view(layout) if dtype == "float16" else held.astype(layout)
        except (ValueError, OverflowError) as error:
            raise self.error(f"numbers of {dtype}", error, place) from error
        return finished(self.filled_up(held, count, layout.itemsize, place), dtype).reshape(shape)

    def filled_up(self, values: Any, count: int, size: int, place: str) -> Any:
        """So many values: a tensor whose last ones are all equal has that once; zeros are not written at all."""
        import numpy

        if len(values) > count:
            raise self.error(f"{count} values", len(values), place)
        if len(values) == count:
            return values
        if count * size > LARGEST_FILE:
            raise self.error("at most 4 GiB", f"{count * size} bytes", place)
        self.filled += count * size
        if self.filled > LARGEST_FILLED:
            got = f"{self.filled} from {len(values)} that are stored"
            raise self.error(f"at most {LARGEST_FILLED} bytes of repeated numbers", got, place)
        last = values[-1] if len(values) else ("" if values.dtype == object else 0)
        whole = numpy.full(count, last, values.dtype)
        whole[: len(values)] = values
        return whole

    def array(self, data: Any, dtype: str, shape: tuple[int, ...], place: str) -> Any:
        """The array whose bytes these are, little end first."""
        import numpy

        layout = layout_of(dtype, self.at, place)
        if len(data) != prod(shape) * layout.itemsize:
            raise self.error(f"{prod(shape) * layout.itemsize} bytes for {dtype} {list(shape)}", len(data), place)
        found = numpy.frombuffer(data, layout.newbyteorder("<")).astype(layout, copy=False)
        return finished(found, dtype).reshape(shape)


def layout_of(dtype: str, at: str, place: str) -> Any:
    """How numbers of a dtype lie in memory. Raises UnsupportedOp for what is no number, or one of 4 or 8 bits."""
    import numpy

    name = LAID_OUT.get(dtype, dtype)
    if name not in PLAIN:
        raise UnsupportedOp("TensorFlow file", expected="tensors of numbers", got=dtype, at=f"{at}, {place}")
    return numpy.dtype(name)


def finished(array: Any, dtype: str) -> Any:
    """Of bfloat16 the same numbers as float32, whose upper half it is."""
    return (array.astype("uint32") << 16).view("float32") if dtype == "bfloat16" else array


def items(proto: Any) -> list[tuple[str, Any]]:
    """The values of a list of attributes, each with its kind."""
    return [(field.name, each) for field, values in proto.ListFields() for each in values]


def text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def split(name: str) -> tuple[str, int]:
    """The node and the number of the output that a tensor's name says: `node` is `node:0`."""
    found = re.fullmatch(r"(.*):(\d{1,9})", name, re.DOTALL)
    return (found[1], int(found[2])) if found else (name, 0)


def joined(node: str, output: int) -> str:
    return f"{node}:{output}" if output else node

"""What stands at which place of a TensorFlow Lite file? Its tables, read field by field, within bounds.

The package `tflite` has the fields, made from the schema; it checks nothing, so every number that says how many there
are of something is checked here before anything is read, and what Python finds wrong behind an offset is told as an
error of the file.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from fanlight.errors import ModelFormatError, UnsupportedOp

IDENTIFIER = b"TFL3"  # at byte 4
SMALLEST = 8
MOST_ITEMS = 1_000_000  # elements of all lists that are read one by one
MOST_BYTES = 4096  # of a name
BROKEN = (struct.error, IndexError, ValueError, TypeError, OverflowError, MemoryError, AttributeError)
DTYPES = {
    **{0: "float32", 1: "float16", 2: "int32", 3: "uint8", 4: "int64", 5: "string", 6: "bool", 7: "int16"},
    **{8: "complex64", 9: "int8", 10: "float64", 11: "complex128", 12: "uint64", 13: "resource", 14: "variant"},
    **{15: "uint32", 16: "uint16", 17: "int4", 18: "bfloat16"},
}
ENUMS: dict[str, str] = {  # options that are numbers of names
    "padding": "Padding",
    "fused_activation_function": "ActivationFunctionType",
    "mode": "MirrorPadMode",
    "weights_format": "FullyConnectedOptionsWeightsFormat",
}
TYPED = ("out_type", "output_type", "in_data_type", "out_data_type", "idx_out_type")


def package() -> Any:
    """The package with the schema. Raises UnsupportedOp where it is not installed."""
    try:
        import tflite
    except ImportError as error:
        do = 'install it: pip install "fanlight[tflite]"'
        raise UnsupportedOp("load", expected="the package tflite, to read .tflite", got="none", do=do) from error
    return tflite


class Bounds:
    """One file: its bytes, its name for errors, and how much of it has been read."""

    def __init__(self, data: bytes, at: str):
        self.data, self.at = data, at
        self.items = 0

    def error(self, expected: object, got: object, place: str = "") -> ModelFormatError:
        at = f"{self.at}, {place}" if place else self.at
        return ModelFormatError("TensorFlow Lite file", expected=expected, got=str(got)[:200], at=at)

    def model(self) -> Any:
        """The outermost table."""
        if len(self.data) < SMALLEST or self.data[4:8] != IDENTIFIER:
            raise self.error("a file that begins with a flatbuffer TFL3", self.data[:8])
        tflite = package()
        with self.reading("the model"):
            return tflite.Model.GetRootAs(self.data, 0)

    @contextmanager
    def reading(self, place: str) -> Iterator[None]:
        """Tells what goes wrong inside as an error of the file at that place."""
        try:
            yield
        except BROKEN as error:
            raise self.error("offsets and lengths inside the file", error or type(error).__name__, place) from error

    def count(self, table: Any, name: str, most: int, place: str) -> int:
        """How many elements a list has."""
        found = getattr(table, f"{name}Length")()
        self.items += found
        if found > most or self.items > MOST_ITEMS:
            raise self.error(f"at most {most} of {name}", found, place)
        return found

    def several(self, table: Any, name: str, most: int, place: str) -> list[Any]:
        """The tables of a list."""
        one: Callable[[int], Any] = getattr(table, name)
        found = [one(k) for k in range(self.count(table, name, most, place))]
        for k, each in enumerate(found):
            self.check_table(each, f"{place} {name} {k}".strip())
        return found

    def check_table(self, table: Any, place: str) -> None:
        """Raises ModelFormatError where a table or the list of its fields lies outside."""
        if table is None:
            raise self.error("a table", "none", place)
        start = table._tab.Pos
        end = len(self.data) - 4
        if not 0 <= start <= end or not 0 <= start - struct.unpack_from("<i", self.data, start)[0] <= end:
            raise self.error("offsets inside the file", start, place)

    def numbers(self, table: Any, name: str, most: int, place: str) -> list[Any]:
        """The numbers of a list."""
        if not self.count(table, name, most, place):
            return []
        return getattr(table, f"{name}AsNumpy")().tolist()

    def word(self, given: bytes | None, place: str) -> str:
        """A name; one that is left out is empty."""
        if given is not None and len(given) > MOST_BYTES:
            raise self.error(f"names of at most {MOST_BYTES} bytes", len(given), place)
        return "" if given is None else bytes(given).decode("utf-8", "replace")

    def options(self, kind: str, union: Any, place: str) -> dict[str, Any]:
        """The options of an operator by name; enumerations as their names."""
        table = getattr(package(), kind)()
        table.Init(union.Bytes, union.Pos)
        self.check_table(table, place)
        found: dict[str, Any] = {}
        for field, name, is_list in fields_of(kind):
            value = self.numbers(table, field, MOST_ITEMS, place) if is_list else getattr(table, field)()
            if name in ENUMS:
                value = self.named(members(ENUMS[name]), value, name, place)
            elif name in TYPED:
                value = self.named(DTYPES, value, name, place)
            found[name] = value
        return found

    def named(self, names: dict[int, str], value: Any, what: str, place: str) -> str:
        if value not in names:
            raise self.error(f"{what} among {', '.join(map(str, names))}", value, place)
        return names[value]


@cache
def members(enumeration: str) -> dict[int, str]:
    """The names of an enumeration by number."""
    return {value: name for name, value in vars(getattr(package(), enumeration)).items() if isinstance(value, int)}


@cache
def fields_of(kind: str) -> tuple[tuple[str, str, bool], ...]:
    """Of a table of options each field: as the package calls it, `StrideW`, as we do, `stride_w`; is it a list?"""
    public = vars(getattr(package(), kind))
    found = []
    for field in public:
        is_list = f"{field}AsNumpy" in public
        if re.fullmatch(r"[A-Z][A-Za-z0-9]*", field) and not re.search(r"GetRootAs|HasIdentifier|^Init$", field):
            has_number = re.search(r"(Length|AsNumpy|IsNone)$", field) is None
            if has_number and not (f"{field}Length" in public and not is_list):
                found.append((field, re.sub(r"(?<!^)(?=[A-Z])", "_", field).lower(), is_list))
    return tuple(found)

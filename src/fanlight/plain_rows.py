"""How do a user's rows become arrays where NumPy is not there? As in `rows`, from lists, dicts and buffers.

In: what a meaning stands for: rows in lists, columns by name, labels. Out: `arrays.Array`s, and whether the model's own
`prepare` must still make of them what the model sees. Knows no engine."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from fanlight.arrays import Array
from fanlight.errors import DtypeError, ShapeError, UnknownNameError
from fanlight.ir.dim import DimLike
from fanlight.ir.types import Type, is_float
from fanlight.layers.meanings import Classes, Meaning, Table


def as_array(value: Any) -> Array:
    """`value` as an array; numbers are float32 where one of them has a fraction."""
    return Array.of(value)


def input_array(meaning: Meaning | None, value: Any, what: str) -> tuple[Array, bool]:
    """Rows of an input, and whether they are in their raw form, before `prepare`."""
    if isinstance(meaning, Table):
        value, by_name = table_array(meaning, value, what)
        if meaning.raw is not None and by_name:
            return value, True
    array = as_array(value)
    raw = None if meaning is None else meaning.raw
    if meaning is not None and raw is not None and array.shape[1:] == raw.shape:
        is_raw = array.dtype == raw.dtype or (raw.dtype == "float32" and not is_float(array.dtype))
        if is_raw and (raw.dtype, raw.shape) != (meaning.dtype, meaning.shape):
            return Array.of(array, raw.dtype), True
    return array, False


def target_array(meaning: Meaning | None, value: Any, what: str) -> Array:
    """Rows of a target; labels become the numbers of their classes."""
    if isinstance(meaning, Classes) and is_text(value):
        return Array.of(numbered(value, meaning.labels, what), "int32")
    return as_array(value)


def check_rows(array: Any, type: Type, what: str) -> None:
    """Raises ShapeError for one row where rows belong; other shapes are checked where they are used."""
    if array.ndim == type.rank - 1 and array.shape == type.shape[1:]:
        raise ShapeError(what, expected=f"rows, {type}", got="one row", do="put it into a list: [row]")


def check_one_hot(array: Any, type: Type, classes: DimLike | None, what: str) -> None:
    """Raises ShapeError for one-hot rows where the numbers of classes belong."""
    if classes is not None and array.ndim == type.rank + 1 and array.shape[-1] == classes:
        do = 'for one-hot rows compile with loss="categorical_crossentropy"'
        raise ShapeError(what, expected=f"numbers of classes, {type}", got=f"shape {array.shape}", do=do)


def check_classes(low: int, high: int, classes: int, what: str) -> None:
    """Raises ShapeError where the least and the largest number of a target are no classes."""
    if low < 0 or high >= classes:
        got = low if low < 0 else high
        raise ShapeError(what, expected=f"numbers of classes, 0 to {classes - 1}", got=got)


def check_columns(table: Table, named: Mapping[str, Any], what: str) -> None:
    """Raises UnknownNameError where a column of the table is not there."""
    if missing := [name for name in table.columns if name not in named]:
        raise UnknownNameError(what, expected=f"a column {missing[0]!r}", got=f"columns {[*map(str, named)]}")


def shaped_target(array: Array, type: Type, classes: DimLike | None, what: str) -> Array:
    """A target in the rank and dtype that its loss expects: `[rows, 1]` and `[rows]` stand for each other, and whole
    floats for integers. `classes` is how many there are, where the target holds numbers of classes."""
    if array.ndim == type.rank + 1 and array.shape[-1] == 1:
        array = array.reshape(array.shape[:-1])
    elif array.ndim + 1 == type.rank and type.shape[-1] == 1:
        array = array.reshape((*array.shape, 1))
    check_one_hot(array, type, classes, what)
    if not (is_float(array.dtype) and any(number % 1 for number in array.flat())) or is_float(type.dtype):
        array = Array.of(array, type.dtype)
    if isinstance(classes, int) and not is_float(array.dtype) and array.size:
        check_classes(min(array.flat()), max(array.flat()), classes, what)
    return array


def columns_missing(array: Any, type: Type) -> int:
    """How many columns rows lack of those that `type` has."""
    wanted = type.shape[-1]
    return max(wanted - array.shape[1], 0) if array.ndim == type.rank == 2 and isinstance(wanted, int) else 0


def filled(array: Array, type: Type, filler: int) -> Array:
    """Rows with as many columns as `type` has: those that are missing hold `filler`."""
    missing = columns_missing(array, type)
    return Array.of([[*row, *[filler] * missing] for row in array.tolist()], array.dtype) if missing else array


def shaped_weights(weights: Any, target: Array, rank: int, what: str) -> Array:
    """Sample weights with so many axes, float32: 1 where there are none, those of rows for all that is in them."""
    shape = tuple(target.shape[:rank])
    array = Array.of([1.0] * math.prod(shape), "float32").reshape(shape) if weights is None else Array.of(weights)
    if 1 <= array.ndim < rank and tuple(array.shape) == shape[: array.ndim]:
        steps = math.prod(shape[array.ndim :])
        array = Array.of([each for each in array.flat() for _ in range(steps)], array.dtype).reshape(shape)
    if tuple(array.shape) != shape:
        raise ShapeError(what, expected=f"shape {shape}", got=tuple(array.shape))
    return Array.of(array, "float32")


def table_array(table: Table, value: Any, what: str) -> tuple[Any, bool]:
    """The columns of `table` in its order, words as numbers, where `value` names its columns or holds words; else
    `value` as it is. The second says whether it was so."""
    named = columns_of(value)
    if named is None:
        if not is_text(value) or any(len(row) != len(table.columns) for row in value):
            return value, False
        named = {name: [row[k] for row in value] for k, name in enumerate(table.columns)}
    check_columns(table, named, what)
    columns = [column(table, name, named[name], what) for name in table.columns]
    return Array.of([list(row) for row in zip(*columns, strict=True)], "float32"), True


def column(table: Table, name: str, values: Sequence[Any], what: str) -> list[float]:
    """One column as numbers."""
    place = f"{what}, column {name!r}"
    words = (table.categories or {}).get(name)
    if words and is_text(values):
        return [float(number) for number in numbered(values, words, place)]
    try:
        return [float(each) for each in values]
    except (ValueError, TypeError) as error:
        found = sorted({str(each) for each in values})[:3]
        do = f"name its words: fl.Table(columns, categories={{{name!r}: {found}}})"
        raise DtypeError(place, expected="numbers", got=repr(error.args[0])[:60], do=do) from None


def columns_of(value: Any) -> Mapping[str, Any] | None:
    """Columns by name, of a dict of columns, a list of dicts or one dict; None for anything else."""
    if hasattr(value, "columns") and hasattr(value, "__getitem__"):
        return {str(name): list(value[name]) for name in value.columns}
    if isinstance(value, Mapping):
        is_one = {
            str(name): [each] if isinstance(each, (str, bool, int, float)) else each for name, each in value.items()
        }
        return is_one
    if isinstance(value, (list, tuple)) and value and all(isinstance(row, Mapping) for row in value):
        shared = [name for name in value[0] if all(name in row for row in value)]
        return {str(name): [row[name] for row in value] for name in shared}
    return None


def is_text(value: Any) -> bool:
    """Whether words are among the items of lists."""
    if isinstance(value, (list, tuple)):
        return any(map(is_text, value))
    return isinstance(value, str)


def numbered(values: Any, words: Sequence[str], what: str) -> Any:
    """The position of each word among `words`, in the lists where the words were."""
    if isinstance(values, (list, tuple)):
        return [numbered(each, words, what) for each in values]
    if str(values) not in words:
        raise UnknownNameError(what, expected=f"one of {', '.join(words)}", got=repr(str(values)))
    return list(words).index(str(values))

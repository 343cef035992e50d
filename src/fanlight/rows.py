"""How do a user's rows become arrays that a model takes? Columns by name, words as numbers, pixels prepared.

In: what a meaning stands for: data frames, lists of dicts, labels, raw images. Out: arrays, and whether the model's own
`prepare` must still make of them what the model sees. Knows no engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fanlight.errors import DtypeError, ShapeError, UnknownNameError
from fanlight.ir.dim import DimLike
from fanlight.ir.types import Type
from fanlight.layers.meanings import Classes, Meaning, Table
from fanlight.plain_rows import check_classes, check_columns, check_one_hot, columns_missing
from fanlight.plain_rows import check_rows as check_rows


def as_array(value: Any) -> np.ndarray:
    """`value` as an array; columns of a data frame become its last axis, and float64 becomes float32."""
    array = np.asarray(value)
    return array.astype(np.float32) if array.dtype == np.float64 else array


def input_array(meaning: Meaning | None, value: Any, what: str) -> tuple[np.ndarray, bool]:
    """Rows of an input, and whether they are in its raw form, before `prepare`."""
    if isinstance(meaning, Table):
        value, by_name = table_array(meaning, value, what)
        if meaning.raw is not None and by_name:
            return value, True
    array = as_array(value)
    raw = None if meaning is None else meaning.raw
    if meaning is None or raw is None or array.shape[1:] != raw.shape:
        return array, False
    is_raw = array.dtype == raw.dtype or (raw.dtype == "float32" and array.dtype.kind in "iub")
    return array, is_raw and (raw.dtype, raw.shape) != (meaning.dtype, meaning.shape)


def target_array(meaning: Meaning | None, value: Any, what: str) -> np.ndarray:
    """Rows of a target; labels become the numbers of their classes."""
    array = as_array(value)
    return numbered(array, meaning.labels, what) if isinstance(meaning, Classes) and is_text(array) else array


def shaped_target(array: np.ndarray, type: Type, classes: DimLike | None, what: str) -> np.ndarray:
    """A target in the rank and dtype that its loss expects: `[rows, 1]` and `[rows]` stand for each other, and whole
    floats for integers. `classes` is how many there are, where the target holds numbers of classes."""
    if array.ndim == type.rank + 1 and array.shape[-1] == 1:
        array = array[..., 0]
    elif array.ndim + 1 == type.rank and type.shape[-1] == 1:
        array = array[..., None]
    if type.dtype == "int32" and array.dtype.kind == "f" and np.array_equal(array, np.trunc(array)):
        array = array.astype(np.int32)
    check_one_hot(array, type, classes, what)
    if array.dtype.kind in "iu" and array.size and isinstance(classes, int):
        check_classes(array.min(), array.max(), classes, what)
    return array


def filled(array: np.ndarray, type: Type, filler: int) -> np.ndarray:
    """Rows with as many columns as `type` has: those that are missing hold `filler`."""
    missing = columns_missing(array, type)
    return np.pad(array, ((0, 0), (0, missing)), constant_values=filler) if missing else array


def shaped_weights(weights: Any, target: np.ndarray, rank: int, what: str) -> np.ndarray:
    """Sample weights with so many axes, float32: 1 where there are none, those of rows for all that is in them."""
    shape = target.shape[:rank]
    array = np.ones(shape, np.float32) if weights is None else np.asarray(weights, np.float32)
    if array.shape != shape[: array.ndim]:
        raise ShapeError(what, expected=f"shape {shape}, or {shape[:1]}", got=array.shape)
    return np.broadcast_to(array.reshape(array.shape + (1,) * (rank - array.ndim)), shape)


def table_array(table: Table, value: Any, what: str) -> tuple[Any, bool]:
    """The columns of `table` in its order, words as numbers, where `value` names its columns or holds words; else
    `value` as it is. The second says whether it was so."""
    named = columns_of(value)
    if named is None:
        array = np.asarray(value)
        if not is_text(array) or array.ndim != 2 or array.shape[1] != len(table.columns):
            return value, False
        named = dict(zip(table.columns, array.T, strict=True))
    check_columns(table, named, what)
    return np.stack([column(table, name, named[name], what) for name in table.columns], axis=1), True


def column(table: Table, name: str, values: Any, what: str) -> np.ndarray:
    """One column as float32."""
    array = np.asarray(values)
    place = f"{what}, column {name!r}"
    if words := (table.categories or {}).get(name):
        return (numbered(array, words, place) if is_text(array) else array).astype(np.float32)
    try:
        return array.astype(np.float32)
    except (ValueError, TypeError) as error:
        words = sorted({str(each) for each in array.ravel()})[:3]
        do = f"name its words: fl.Table(columns, categories={{{name!r}: {words}}})"
        raise DtypeError(place, expected="numbers", got=repr(error.args[0])[:60], do=do) from None


def columns_of(value: Any) -> Mapping[str, Any] | None:
    """Columns by name, of a data frame, a dict of columns, a list of dicts or one dict; None for anything else."""
    if hasattr(value, "columns") and hasattr(value, "__getitem__"):
        return {str(name): value[name] for name in value.columns}
    if isinstance(value, Mapping):
        return {str(name): np.atleast_1d(np.asarray(each)) for name, each in value.items()}
    if isinstance(value, Sequence) and value and all(isinstance(row, Mapping) for row in value):
        shared = [name for name in value[0] if all(name in row for row in value)]
        return {str(name): [row[name] for row in value] for name in shared}
    return None


def is_text(array: np.ndarray) -> bool:
    return array.dtype.kind in "USOT"


def numbered(array: np.ndarray, words: Sequence[str], what: str) -> np.ndarray:
    """The position of each word among `words`, as int32."""
    places = {word: k for k, word in enumerate(words)}
    found = [places.get(str(each), -1) for each in array.ravel()]
    if -1 in found:
        unknown = str(array.ravel()[found.index(-1)])
        raise UnknownNameError(what, expected=f"one of {', '.join(words)}", got=repr(unknown))
    return np.array(found, np.int32).reshape(array.shape)

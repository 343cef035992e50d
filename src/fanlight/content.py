"""What does a tensor hold, and what computes it? NumPy's arrays and wasmtime; in a page, where neither has to be there,
`arrays.Array` and the page's own WebAssembly.

In: what a user passes; programs. Out: arrays in dtypes that Fanlight computes with; engines. Knows no graph."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from fanlight.arrays import Array, numpy
from fanlight.errors import DtypeError
from fanlight.ir.types import DTYPES

if TYPE_CHECKING:
    from fanlight.engines.wasm import WasmEngine
    from fanlight.ir.kernel import Program

IN_PAGE = sys.platform == "emscripten"
_PYTHONS = {bool: "bool", int: "int32", float: "float32"}


def engine_of(program: Program, code: bytes) -> WasmEngine:
    """An instance of a program, run where this Python runs; in a page a `PageEngine`, which has the same methods."""
    if IN_PAGE:
        from fanlight.engines.page import PageEngine

        return cast("WasmEngine", PageEngine(program, code))
    from fanlight.engines.wasm import WasmEngine

    return WasmEngine(program, code)


def dtype_name(dtype: Any) -> str:
    """A dtype that Fanlight computes with, by its name, Python's type or NumPy's object; floating-point numbers are
    float32."""
    if not isinstance(dtype, str):
        module = numpy()
        dtype = _PYTHONS.get(dtype, str(dtype)) if module is None else module.dtype(dtype).name
    name = {"float64": "float32", "float16": "float32"}.get(dtype, dtype)
    if name not in DTYPES:
        raise DtypeError("array", expected=f"one of {sorted(DTYPES)}", got=name)
    return name


def as_content(value: Any) -> Any:
    """A copy of `value` (what is pending reads it later) that cannot be written to, in a dtype that Fanlight computes
    with; float64 becomes float32, and Python's integers int32."""
    module = numpy()
    if module is None:
        found = Array.of(value)
        fits = found.dtype == "int64" and all(abs(number) < 2**31 for number in found.flat())
        return Array.of(found, "int32") if fits else found
    array = module.asarray(value)
    name = dtype_name(array.dtype)
    if name == "int64" and (array.size == 0 or (abs(array) < 2**31).all()):
        name = "int32"
    return fixed(module.array(array, dtype=name, order="C"))


def fixed(array: Any) -> Any:
    """The same array, from now on read only."""
    if not isinstance(array, Array):
        array.flags.writeable = False
    return array


def is_array(x: Any) -> bool:
    """Whether `x` is an array, or a number of NumPy's."""
    module = numpy()
    return isinstance(x, Array) or (module is not None and isinstance(x, (module.ndarray, module.generic)))


def as_number(x: Any) -> Any:
    """NumPy's numbers as Python's; all else as it is."""
    module = numpy()
    return x.item() if module is not None and isinstance(x, module.generic) else x


def content_text(array: Any, prefix: str) -> str:
    """The numbers of an array, laid out behind `prefix`."""
    module = numpy()
    return str(array) if module is None else module.array2string(array, separator=", ", prefix=prefix)


def row_reader() -> Any:
    """The module that makes arrays of a user's rows: `rows`, or `plain_rows` where NumPy is not there."""
    return import_module("fanlight.plain_rows" if numpy() is None else "fanlight.rows")

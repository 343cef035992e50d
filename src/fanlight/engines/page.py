"""How does a browser's Python run a WebAssembly module? With the WebAssembly around it, on its own thread, at once.

In: code, where functions and state lie, and arrays. Out: arrays. What `engines/wasm.py` is elsewhere; models, which
train long, go to the page's runtime instead: `engines/runtime.py`. Needs Pyodide."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from fanlight.arrays import Array, native
from fanlight.engines.calls import NOT_FINITE, procedure_of, sizes_of, state_buffer
from fanlight.errors import BrowserError, NonFiniteLossError, ShapeError
from fanlight.ir import dim as dims
from fanlight.ir.kernel import Program
from fanlight.ir.types import Type, item_bytes

PAGE = 65536


class PageEngine:
    """One instance of a program: its memory holds the state. The methods are those of `WasmEngine`."""

    def __init__(self, program: Program, code: bytes):
        import js
        from pyodide.ffi import JsException, to_js

        def record(**fields: Any) -> Any:
            return to_js(fields, dict_converter=js.Object.fromEntries)

        self.program = program
        pages = -(-program.bytes // PAGE)
        try:
            memory = js.WebAssembly.Memory.new(record(initial=pages, maximum=pages))
            module = js.WebAssembly.Module.new(to_js(code))
            exports = js.WebAssembly.Instance.new(module, record(env=record(memory=memory))).exports
        except JsException as error:
            do = "a current Chromium, Firefox or Safari has both"
            raise BrowserError("WebAssembly", expected="SIMD and memory", got=error.message, do=do) from None
        self._functions = {name: js.Reflect.get(exports, name) for name in program.procedures}
        self._bytes = js.Uint8Array.new(memory.buffer)

    def _read(self, buffer: str, shape: tuple[int, ...]) -> Any:
        placed = self.program.buffers[buffer]
        end = placed.offset + math.prod(shape) * item_bytes(placed.type.dtype)
        return native(Array(placed.type.dtype, shape, self._bytes.subarray(placed.offset, end).to_bytes()))

    def _write(self, buffer: str, array: Array) -> None:
        start = self.program.buffers[buffer].offset
        if array.nbytes:
            self._bytes.subarray(start, start + array.nbytes).assign(array.data)

    def state(self) -> dict[str, Any]:
        """Copies of all state arrays, by name."""
        return {name: self.get_state(name) for name in self.program.state}

    def get_state(self, name: str) -> Any:
        """A copy of one state array."""
        buffer = state_buffer(self.program, name)
        return self._read(buffer, self.program.buffers[buffer].type.shape)  # type: ignore[arg-type]

    def set_state(self, arrays: Mapping[str, Any]) -> None:
        """Writes state arrays; all are checked before any is written. What is derived from them is computed again in
        the next call."""
        checked = {}
        for name, array in arrays.items():
            buffer = state_buffer(self.program, name)
            type = self.program.buffers[buffer].type
            checked[buffer] = exactly(array, type, f"state {name!r}", type.shape)  # type: ignore[arg-type]
        for buffer, array in checked.items():
            self._write(buffer, array)
        for group in {self.program.groups[name] for name in arrays}:
            at = self.program.versions + 4 * group
            version = int.from_bytes(self._bytes.subarray(at, at + 4).to_bytes(), "little", signed=True)
            self._bytes.subarray(at, at + 4).assign((version + 1).to_bytes(4, "little", signed=True))

    def call(self, name: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Runs one function; sizes come from the shapes of the inputs. Raises NonFiniteLossError where its guard was
        false."""
        procedure = procedure_of(self.program, name, inputs)
        arrays = {label: Array.of(array) for label, array in inputs.items()}
        sizes = sizes_of(self.program, name, {label: array.shape for label, array in arrays.items()})
        for label, buffer in procedure.inputs.items():
            if buffer in self.program.buffers:  # else nothing reads it
                type = self.program.buffers[buffer].type
                shape = tuple(dims.evaluate(extent, sizes) for extent in type.shape)
                self._write(buffer, exactly(arrays[label], type, f"input {label!r} of {name!r}", shape))
        if self._functions[name](*(sizes[size.name] for size in procedure.sizes)):
            raise NonFiniteLossError(f"function {name!r}", **NOT_FINITE)
        return {
            label: self._read(
                buffer, tuple(dims.evaluate(extent, sizes) for extent in self.program.buffers[buffer].type.shape)
            )
            for label, buffer in procedure.outputs.items()
        }


def exactly(value: Any, type: Type, what: str, shape: tuple[int, ...]) -> Array:
    """`value` as an array of exactly this dtype and shape; whole numbers may become floats, nothing else changes."""
    array = Array.of(value)
    if array.shape != shape:
        raise ShapeError(what, expected=f"shape {shape}", got=array.shape)
    return Array.of(array, type.dtype)

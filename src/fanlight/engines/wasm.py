"""How does Python run a WebAssembly module? Through wasmtime, with the memory plan of the manifest.

In: code, where functions and state lie, and arrays. Out: arrays. Speaks the same interface as the page's runtime:
sizes as arguments, data at fixed offsets, a status back. Knows no layers and no training."""

from __future__ import annotations

import atexit
import ctypes
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from fanlight.engines.calls import NOT_FINITE, procedure_of, sizes_of, state_buffer
from fanlight.engines.threads import Threads
from fanlight.errors import DtypeError, NonFiniteLossError, ShapeError, ThreadError
from fanlight.ir import dim as dims
from fanlight.ir.kernel import Program
from fanlight.ir.types import Type

PAGE = 65536


@lru_cache(maxsize=1)
def _engine() -> Any:
    import wasmtime

    config = wasmtime.Config()
    config.wasm_simd = True
    config.wasm_relaxed_simd = True
    config.wasm_threads = True
    config.shared_memory = True
    config.cranelift_opt_level = "speed"
    return wasmtime.Engine(config)


atexit.register(_engine.cache_clear)  # while wasmtime is still whole


class WasmEngine:
    """One instance of a program: its memory holds the state. With more than one thread, `code` is that for threads.

    >>> engine.set_state({"dense/kernel": kernel})
    >>> outputs = engine.call("predict", {"x": x})
    """

    def __init__(self, program: Program, code: bytes, threads: int = 1):
        import wasmtime

        self.program = program
        pages = -(-program.bytes // PAGE)
        self._threads = Threads(_engine(), code, pages, threads) if threads > 1 else None
        if self._threads is not None:
            self._store, self._instance, self._bytes = self._threads.store, self._threads.instance, self._threads.bytes
            exports = self._instance.exports(self._store)
            self._functions: dict[str, Any] = {name: exports[name] for name in program.procedures}
            return
        store = wasmtime.Store(_engine())
        memory = wasmtime.Memory(store, wasmtime.MemoryType(wasmtime.Limits(pages, pages)))
        instance = wasmtime.Instance(store, wasmtime.Module(_engine(), code), [memory])
        exports = instance.exports(store)
        self._store, self._memory, self._instance = store, memory, instance
        self._functions = {name: exports[name] for name in program.procedures}
        address = ctypes.addressof(memory.data_ptr(store).contents)
        self._bytes = np.ctypeslib.as_array((ctypes.c_uint8 * (pages * PAGE)).from_address(address))

    def _view(self, buffer: str, shape: tuple[int, ...]) -> np.ndarray:
        placed = self.program.buffers[buffer]
        count = int(np.prod(shape, dtype=np.int64))
        dtype = np.dtype(placed.type.dtype)
        return self._bytes[placed.offset : placed.offset + count * dtype.itemsize].view(dtype).reshape(shape)

    def state(self) -> dict[str, np.ndarray]:
        """Copies of all state arrays, by name."""
        return {name: self._state_view(name).copy() for name in self.program.state}

    def get_state(self, name: str) -> np.ndarray:
        """A copy of one state array."""
        return self._state_view(name).copy()

    def _state_view(self, name: str) -> np.ndarray:
        buffer = state_buffer(self.program, name)
        shape = self.program.buffers[buffer].type.shape
        assert all(isinstance(extent, int) for extent in shape)
        return self._view(buffer, shape)  # type: ignore[arg-type]

    def set_state(self, arrays: Mapping[str, Any]) -> None:
        """Writes state arrays; all are checked before any is written. What is derived from them is computed again in
        the next call."""
        checked = {}
        for name, array in arrays.items():
            view = self._state_view(name)
            checked[name] = (
                view,
                _as_array(array, self.program.buffers[self.program.state[name]].type, f"state {name!r}", view.shape),
            )
        for view, array in checked.values():
            view[...] = array
        self._raise_versions({self.program.groups[name] for name in arrays})

    def _raise_versions(self, groups: set[int]) -> None:
        for group in groups:
            at = self.program.versions + 4 * group
            self._bytes[at : at + 4].view(np.int32)[0] += 1

    def call(self, name: str, inputs: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """Runs one function; sizes come from the shapes of the inputs. Raises NonFiniteLossError where its guard was
        false."""
        procedure = procedure_of(self.program, name, inputs)
        sizes = sizes_of(self.program, name, {label: np.shape(array) for label, array in inputs.items()})
        for label, buffer in procedure.inputs.items():
            if buffer not in self.program.buffers:
                continue  # nothing reads it
            type = self.program.buffers[buffer].type
            shape = tuple(dims.evaluate(extent, sizes) for extent in type.shape)
            array = _as_array(inputs[label], type, f"input {label!r} of {name!r}", shape)
            self._view(buffer, shape)[...] = array
        status = self._run(name, [sizes[size.name] for size in procedure.sizes])
        if status:
            raise NonFiniteLossError(f"function {name!r}", **NOT_FINITE)
        outputs = {}
        for label, buffer in procedure.outputs.items():
            shape = tuple(dims.evaluate(extent, sizes) for extent in self.program.buffers[buffer].type.shape)
            outputs[label] = self._view(buffer, shape).copy()
        return outputs

    def _run(self, name: str, sizes: list[int]) -> int:
        try:
            return self._functions[name](self._store, *sizes)
        except Exception as error:
            if self._threads is None or not self._threads.stopped:
                raise
            do = "make a new engine: what this one holds may be half written"
            raise ThreadError(f"function {name!r}", expected="threads that answer", got="none", do=do) from error


def _as_array(value: Any, type: Type, what: str, shape: tuple[int, ...]) -> np.ndarray:
    """`value` as an array of exactly this dtype and shape; integers may become floats, nothing else is converted
    silently."""
    array = np.asarray(value)
    wanted = np.dtype(type.dtype)
    if array.shape != shape:
        raise ShapeError(what, expected=f"shape {shape}", got=array.shape)
    if array.dtype != wanted and not np.can_cast(array.dtype, wanted, "safe"):
        integers = array.dtype.kind in "iub" and wanted.kind in "iuf"
        floats = array.dtype.kind == wanted.kind == "f"
        if not (integers or floats) or (wanted.kind in "iu" and not np.array_equal(array, array.astype(wanted))):
            raise DtypeError(what, expected=type.dtype, got=str(array.dtype))
    return array.astype(wanted, copy=False)

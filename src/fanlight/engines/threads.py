"""How do threads of Python help in a call? Each has an instance of its own over one shared memory, and sleeps between
calls.

In: compiled code for threads, the pages of its memory. Out: a store, an instance and the memory of the calling thread;
others help it. wasmtime lets go of Python's lock while WebAssembly runs, so that they do run at the same time."""

from __future__ import annotations

import ctypes
import threading
import weakref
from typing import Any

import numpy as np

from fanlight.ir import job


class Threads:
    """A shared memory with `count` threads: the caller's, whose `store` and `instance` are here, and helpers.

    The helpers end when this object is gone, or after `close`."""

    def __init__(self, engine: Any, code: bytes, pages: int, count: int):
        import wasmtime

        module = wasmtime.Module(engine, code)
        memory = shared_memory(engine, pages)
        address = ctypes.addressof(memory.data_ptr().contents)
        self.bytes = np.ctypeslib.as_array((ctypes.c_uint8 * memory.data_len()).from_address(address))
        self.memory = memory  # owns the bytes
        self.bell = threading.Semaphore(0)
        self.closing = threading.Event()
        bell = self.bell

        def ring() -> None:
            bell.release(count - 1)

        self.store, self.instance = instantiate(engine, module, memory, ring)
        self.helpers = [
            threading.Thread(target=_help, args=(engine, module, memory, bell, self.closing), daemon=True)
            for _ in range(count - 1)
        ]
        for helper in self.helpers:
            helper.start()
        self.close = weakref.finalize(self, _close, self.closing, bell, count)
        self.close.atexit = True

    @property
    def stopped(self) -> int:
        """What ended a job from outside, 0 if nothing did."""
        return int(self.bytes[job.STOP : job.STOP + 4].view(np.int32)[0])


def shared_memory(engine: Any, pages: int) -> Any:
    """A shared memory that instances of several stores can import."""
    import wasmtime
    from wasmtime import _ffi as ffi

    class SharedMemory(wasmtime.SharedMemory):
        # wasmtime-py up to 50 wraps the pointer twice here: its issue 318.
        def _as_extern(self) -> ffi.wasmtime_extern_t:
            union = ffi.wasmtime_extern_union(sharedmemory=self.ptr())
            return ffi.wasmtime_extern_t(ffi.WASMTIME_EXTERN_SHAREDMEMORY, union)

    return SharedMemory(engine, wasmtime.MemoryType(wasmtime.Limits(pages, pages), shared=True))


def instantiate(engine: Any, module: Any, memory: Any, ring: Any) -> tuple[Any, Any]:
    """A store with one instance; `ring` is what its calls wake helpers with."""
    import wasmtime

    store = wasmtime.Store(engine)
    bell = wasmtime.Func(store, wasmtime.FuncType([], []), ring)
    imports = {"memory": memory, "ring": bell}
    return store, wasmtime.Instance(store, module, [imports[each.name] for each in module.imports])


def _help(engine: Any, module: Any, memory: Any, bell: threading.Semaphore, closing: threading.Event) -> None:
    """What a helper does: it sleeps until a job is open, and takes part in it."""
    import wasmtime

    store, instance = instantiate(engine, module, memory, lambda: None)
    work = instance.exports(store)["help"]
    while True:
        bell.acquire()
        if closing.is_set():
            return
        try:
            while work(store):
                pass
        except (wasmtime.Trap, wasmtime.WasmtimeError):
            # The caller's thread finds the word where it waits.
            ctypes.c_int32.from_address(ctypes.addressof(memory.data_ptr().contents) + job.STOP).value = job.BROKEN
            return


def _close(closing: threading.Event, bell: threading.Semaphore, count: int) -> None:
    closing.set()
    bell.release(count)

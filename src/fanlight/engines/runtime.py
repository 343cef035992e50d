"""How does a browser's Python hold a model of the page's runtime? It hands over a bundle as bytes, and awaits calls.

In: a manifest, files, the runtime's scripts as text, arrays. Out: arrays, logs; what fails in JavaScript is the error
of that name here. The runtime (web/) puts training into a worker of its own. Needs Pyodide; knows no layers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fanlight import errors
from fanlight.arrays import Array, native
from fanlight.bundle.manifest import Function, Manifest, Slot, StateSlot
from fanlight.ir import dim as dims

Logs = dict[str, float]

# The typed array of each dtype in JavaScript; of others, Uint8Array.
TYPED = {"float32": "Float32Array", "int32": "Int32Array", "uint32": "Uint32Array", "int64": "BigInt64Array"}
TYPED |= {"int8": "Int8Array"}


class Runtime:
    """A model that the page's runtime holds.

    >>> runtime = await Runtime.load(manifest, {"code.wasm": code}, scripts)
    >>> await runtime.call("predict", {"x": Array.of([[1, 2]])})
    """

    def __init__(self, model: Any, manifest: Manifest):
        self._model, self.manifest = model, manifest

    @classmethod
    async def load(
        cls, manifest: Manifest, files: Mapping[str, bytes], scripts: Mapping[str, str], reproducible: bool = True
    ) -> Runtime:
        """The model of a manifest and the files that it names. `scripts` are the runtime's: "page" and "worker"."""
        import js
        from pyodide.ffi import to_js

        load = await _loader(scripts)
        found = _record(**{name: to_js(data) for name, data in files.items()})
        bundle = _record(manifest=js.JSON.parse(manifest.to_bytes().decode()), files=found)
        return cls(await answered(load(bundle, _record(reproducible=reproducible))), manifest)

    async def call(self, name: str, inputs: Mapping[str, Array]) -> dict[str, Any]:
        """Any function of the model, on any number of rows; its outputs in their shapes."""
        outputs = await answered(self._model.call(name, _arrays(inputs)))
        function = self.manifest.functions[name]
        sizes = _sizes(function, inputs)
        return {slot.name: _taken(_got(outputs, slot.name), slot, sizes) for slot in function.outputs}

    async def fit(
        self,
        inputs: Mapping[str, Array],
        targets: Mapping[str, Array],
        on_epoch_end: Callable[[int, Logs], Awaitable[Logs | None]],
        on_batch_end: Callable[[int, Logs], Awaitable[bool | None]] | None = None,
        **options: Any,
    ) -> None:
        """Trains in the runtime's worker; `options` are those of its `fit`. `on_epoch_end` may end it with None,
        `on_batch_end` with False. Where this task is cancelled, the training ends and keeps what it learnt."""
        import js
        from pyodide.ffi import create_proxy

        async def epoch(number: int, logs: Any, *_: Any) -> bool | None:
            return False if await on_epoch_end(number, logs.to_py()) is None else None

        control = js.AbortController.new()
        proxies = [create_proxy(epoch)]
        given = dict(options, onEpochEnd=proxies[0], signal=control.signal)
        if on_batch_end is not None:
            proxies.append(create_proxy(lambda batch, logs, *_: on_batch_end(batch, logs.to_py())))
            given["onBatchEnd"] = proxies[1]
        if "sampleWeight" in options:
            given["sampleWeight"] = _arrays(options["sampleWeight"])
        if "validationData" in options:
            given["validationData"] = js.Array.of(*map(_arrays, options["validationData"]))
        training = asyncio.ensure_future(answered(self._model.fit(_arrays(inputs), _arrays(targets), _record(**given))))
        try:
            await asyncio.wait([training])
        except asyncio.CancelledError:
            control.abort()
            await asyncio.wait([training])  # the step under way ends
            training.exception()
            raise
        finally:
            for proxy in proxies:
                proxy.destroy()
        training.result()

    async def evaluate(
        self, inputs: Mapping[str, Array], targets: Mapping[str, Array], weights: Mapping[str, Array], batch_size: int
    ) -> Logs:
        """Loss and metrics over all rows; `weights` are those of samples, where steps take them."""
        options = _record(batchSize=batch_size, **({"sampleWeight": _arrays(weights)} if weights else {}))
        return (await answered(self._model.evaluate(_arrays(inputs), _arrays(targets), options))).to_py()

    async def step(self, inputs: Mapping[str, Array], targets: Mapping[str, Array]) -> Logs:
        """One training step."""
        return (await answered(self._model.trainStep(_arrays(inputs), _arrays(targets)))).to_py()

    async def state(self) -> dict[str, Any]:
        """Copies of all state arrays."""
        found = await answered(self._model.weights(_record(all=True)))
        return {slot.name: _taken(_got(found, slot.name), slot, {}) for slot in self.manifest.state}

    async def set_state(self, arrays: Mapping[str, Array]) -> None:
        """Writes state arrays."""
        typed = _record(**{name: _typed(array) for name, array in arrays.items()})
        await answered(self._model.setWeights(typed))

    async def reset(self, seed: int) -> None:
        """New initial state, made by `init` in the runtime."""
        await answered(self._model.reset(seed))

    def dispose(self) -> None:
        """Ends the model's worker."""
        self._model.dispose()


async def _loader(scripts: Mapping[str, str]) -> Any:
    """The runtime's `load`; the scripts are run when it is first asked for."""
    import js

    if getattr(js, "fanlightRuntime", None) is None:
        js.Reflect.set(js.globalThis, "fanlightRuntime", _record(worker=scripts["worker"]))
        try:
            await _run(scripts["page"])
        except BaseException:
            js.Reflect.deleteProperty(js.globalThis, "fanlightRuntime")
            raise
    return js.fanlightRuntime.load


async def _run(script: str) -> None:
    """Runs a classic script: in a page or a classic worker from a blob, so that no policy needs 'unsafe-eval'. A module
    worker has no other way than to evaluate it."""
    import js
    from pyodide.code import run_js
    from pyodide.ffi import JsException, create_once_callable, to_js

    address = js.URL.createObjectURL(js.Blob.new(to_js([script]), _record(type="text/javascript")))
    try:
        if (document := getattr(js, "document", None)) is not None:
            done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            refused = errors.BrowserError("the runtime", expected="scripts from blobs", got="a policy without blob:")
            element = document.createElement("script")
            element.src = address
            element.onload = create_once_callable(lambda event: done.set_result(None))
            element.onerror = create_once_callable(lambda event: done.set_exception(refused))
            document.head.append(element)
            await done
            element.remove()
            return
        try:
            js.importScripts(address)
        except (AttributeError, JsException):
            run_js(script)
    except JsException as error:
        do = "start Python in a classic worker, or allow 'unsafe-eval'"
        raise errors.BrowserError("the runtime", expected="to be run", got=error.message, do=do) from None
    finally:
        js.URL.revokeObjectURL(address)


async def answered(promise: Any) -> Any:
    """What a promise of the runtime gives; its errors as Fanlight's."""
    from pyodide.ffi import JsException

    try:
        return await promise
    except JsException as error:
        kind = getattr(errors, str(error.name), None)
        if isinstance(kind, type) and issubclass(kind, errors.FanlightError):
            raise kind(str(error.message)) from None
        raise


def _record(**fields: Any) -> Any:
    """A plain object of JavaScript's."""
    import js

    made = js.Object.new()
    for name, value in fields.items():
        js.Reflect.set(made, name, value)
    return made


def _got(made: Any, name: str) -> Any:
    """A property of an object of JavaScript's, whatever it is called."""
    import js

    return js.Reflect.get(made, name)


def _typed(array: Array) -> Any:
    import js
    from pyodide.ffi import to_js

    data = to_js(array.tobytes())
    kind = TYPED.get(array.dtype)
    return data if kind is None else getattr(js, kind).new(data.buffer)


def _arrays(arrays: Mapping[str, Array]) -> Any:
    """Arrays by name, each as `{ data, shape }`."""
    from pyodide.ffi import to_js

    return _record(**{name: _record(data=_typed(a), shape=to_js(list(a.shape))) for name, a in arrays.items()})


def _taken(typed: Any, slot: Slot | StateSlot, sizes: Mapping[str, int]) -> Any:
    """A typed array of JavaScript's, in the shape that the manifest states."""
    shape = tuple(dims.evaluate(extent, sizes) for extent in slot.shape)
    return native(Array(slot.dtype, shape, typed.to_bytes()))


def _sizes(function: Function, inputs: Mapping[str, Array]) -> dict[str, int]:
    """The open sizes of a function, from the shapes of its inputs."""
    sizes: dict[str, int] = {}
    for slot in function.inputs:
        for extent, length in zip(slot.shape, inputs[slot.name].shape, strict=False):
            if (size := dims.single_size(extent)) is not None:
                sizes[size.name] = length
    return sizes

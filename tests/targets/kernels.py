"""Runs one kernel in two ways, for the tests of emitters: as WebAssembly, and point by point as `ir.evaluate` says."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
import wasmtime

from fanlight.ir import dim as dims
from fanlight.ir.evaluate import Evaluator
from fanlight.ir.kernel import SLACK, Axis, Kernel, Layout, Operand, Store, dense, identity
from fanlight.ir.scalar import Scalar, accumulator, make, read
from fanlight.ir.target import Target
from fanlight.ir.types import Type, item_bytes
from fanlight.targets.wasm.assembler import I32, Module
from fanlight.targets.wasm.map import emit_map
from fanlight.targets.wasm.reduce import emit_reduce
from fanlight.targets.wasm.spelling import PORTABLE

EMITTERS = {"map": emit_map, "reduce": emit_reduce}
CONFIG = wasmtime.Config()
CONFIG.wasm_simd = CONFIG.wasm_relaxed_simd = True
CONFIG.cranelift_opt_level = "none"  # compiling is what takes time here
ENGINE = wasmtime.Engine(CONFIG)

Arrays = dict[str, np.ndarray]


def assemble(kernel: Kernel, target: Target = PORTABLE, sizes: Sequence[str] = ()) -> tuple[bytes, int]:
    """A module that exports the kernel as "run", its memory and the open sizes; and how long the kernel's body is."""
    module = Module(checked=True)
    module.memory(4, export="memory")
    known = {name: module.global_i32(0, export=name) for name in sizes}
    function = EMITTERS[kernel.kind](module, kernel, known, target)
    run = module.function("run", (I32,) * len(function.parameters), export=True)
    for parameter in run.parameters:
        run.get(parameter)
    run.call(function)
    return module.encode(), len(function.body)


def run(
    kernel: Kernel,
    arrays: Mapping[str, np.ndarray],
    target: Target = PORTABLE,
    sizes: Mapping[str, int] | None = None,
    chunk: tuple[int, int] | None = None,
) -> Arrays:
    """The buffers (flat arrays) after the kernel has run as WebAssembly. The bytes between them must not change."""
    sizes = sizes or {}
    binary, _ = assemble(kernel, target, tuple(sizes))
    store = wasmtime.Store(ENGINE)
    exports = wasmtime.Instance(store, wasmtime.Module(ENGINE, binary), []).exports(store)
    memory = exports["memory"]
    for name, value in sizes.items():
        exports[name].set_value(store, value)
    guard = np.random.default_rng(1).integers(0, 256, memory.data_len(store), dtype=np.uint8)
    memory.write(store, guard.tobytes(), 0)
    offsets, top = {}, 1024
    for name, array in arrays.items():
        offsets[name] = top
        memory.write(store, array.tobytes(), top)
        top += -(-(array.nbytes + SLACK) // 16) * 16
    before = np.frombuffer(memory.read(store, 0, memory.data_len(store)), np.uint8).copy()
    begin, end = chunk or (0, dims.evaluate(kernel.axes[0].extent, sizes) if kernel.axes else 1)
    exports["run"](store, *(offsets[o.buffer] for o in kernel.operands), begin, end)
    after = np.frombuffer(memory.read(store, 0, memory.data_len(store)), np.uint8).copy()
    result = {}
    for name, array in arrays.items():
        span = slice(offsets[name], offsets[name] + array.nbytes)
        result[name] = after[span].view(array.dtype).copy()
        after[span] = before[span]
    assert np.array_equal(before, after), "the kernel wrote outside of its buffers"
    return result


def expected(
    kernel: Kernel,
    arrays: Mapping[str, np.ndarray],
    sizes: Mapping[str, int] | None = None,
    chunk: tuple[int, int] | None = None,
) -> Arrays:
    """The buffers after the kernel has run point by point, in Python."""
    sizes = sizes or {}
    result = {name: array.copy() for name, array in arrays.items()}

    def position(slot: int, indices: Sequence[int]) -> int:
        strides = [dims.evaluate(s, sizes) for s in kernel.operands[slot].layout.strides]
        start = dims.evaluate(kernel.operands[slot].layout.offset, sizes)
        return start + sum(i * s for i, s in zip(indices, strides, strict=True))

    def load(slot: int, indices: tuple[int, ...]):
        place = position(slot, indices)
        assert place >= 0, "read before the buffer"
        return result[kernel.operands[slot].buffer][place].item()

    values = [Evaluator(store.value) for store in kernel.stores]
    combine = None
    if kernel.value is not None:
        dtype = kernel.value.dtype
        row = {"max": "or", "min": "and"}.get(kernel.combine, "") if dtype == "bool" else kernel.combine
        combine = Evaluator(make(row, accumulator(dtype), kernel.value))
    for point in points(kernel.axes, sizes):
        if kernel.axes and chunk and not chunk[0] <= point[kernel.axes[0].name] < chunk[1]:
            continue
        total = None
        if kernel.value is not None and combine is not None:
            total = identity(kernel.combine, kernel.value.dtype)
            for inner in points(kernel.reduce, sizes):
                total = combine({**sizes, **point, **inner}, load, total)
        found = [value({**sizes, **point}, load, total) for value in values]
        for store, each in zip(kernel.stores, found, strict=True):
            indices = tuple(dims.evaluate(i, {**sizes, **point}) for i in store.indices)
            result[kernel.operands[store.slot].buffer][position(store.slot, indices)] = each
    return result


def points(axes: Sequence[Axis], sizes: Mapping[str, int]):
    ranges = [range(dims.evaluate(axis.extent, sizes)) for axis in axes]
    for index in itertools.product(*ranges):
        yield dict(zip((axis.name for axis in axes), index, strict=True))


def check(
    kernel: Kernel, arrays: Mapping[str, np.ndarray], target: Target = PORTABLE, rtol: float = 0.0, **options
) -> Arrays:
    """Runs the kernel both ways; the results must have the same bits, or be as close as `rtol` says."""
    got, wanted = run(kernel, arrays, target, **options), expected(kernel, arrays, **options)
    for name in arrays:
        if rtol:
            np.testing.assert_allclose(got[name], wanted[name], rtol=rtol, atol=rtol, err_msg=name)
        else:
            assert same_bits(got[name], wanted[name]), f"{name}: got {got[name]}, expected {wanted[name]}"
    return got


def same_bits(a: np.ndarray, b: np.ndarray) -> bool:
    """Equal to the bit, but for the payload of NaN."""
    if a.dtype != np.float32:
        return np.array_equal(a, b)
    nan = np.isnan(a) & np.isnan(b)
    return np.array_equal(a.view(np.uint32)[~nan], b.view(np.uint32)[~nan])


def operand(name: str, dtype: str, *shape: dims.DimLike, layout: Layout | None = None) -> Operand:
    type = Type(dtype, shape)
    return Operand(name, type, layout or dense(type))


def axes_of(*extents: dims.DimLike, prefix: str = "i") -> tuple[Axis, ...]:
    return tuple(Axis(f"{prefix}{k}", extent) for k, extent in enumerate(extents))


def element(slot: int, axes: Sequence[Axis], dtype: str = "float32") -> Scalar:
    return read(slot, tuple(axis.index for axis in axes), dtype)


def map_kernel(axes: Sequence[Axis], operands: Sequence[Operand], *values: Scalar) -> Kernel:
    """A map whose last operands take the values, each at the index of the point."""
    first = len(operands) - len(values)
    place = tuple(axis.index for axis in axes)
    stores = tuple(Store(first + k, place, value) for k, value in enumerate(values))
    return Kernel("kernel", "map", tuple(axes), tuple(operands), stores)


def numbers(rng: np.random.Generator, dtype: str, count: int) -> np.ndarray:
    """Random elements; floats with the odd ones among them."""
    if dtype == "float32":
        values = rng.normal(size=count).astype(np.float32) * 4
        odd = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1e-40, -1e-45, 3e38], np.float32)
        chosen = rng.random(count) < 0.3
        values[chosen] = rng.choice(odd, chosen.sum())
        return values
    if dtype == "bool":
        return rng.integers(0, 2, count).astype(np.bool_)
    kind = np.dtype(dtype)
    limits = np.iinfo(kind)
    values = rng.integers(-5 if limits.min else 0, 9, count).astype(kind)
    values[rng.random(count) < 0.2] = limits.min
    values[rng.random(count) < 0.2] = limits.max
    return values


def bytes_of(type: Type, count: int) -> int:
    return item_bytes(type.dtype) * count

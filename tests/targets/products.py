"""Products and convolutions for the tests of `contract` kernels: made, run under wasmtime, compared with float64 sums.

The memory is NaN wherever nothing was put, so that what is read or written outside the buffers shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import wasmtime

from fanlight.ir import dim as dims
from fanlight.ir.dim import DimLike
from fanlight.ir.evaluate import evaluate_scalar
from fanlight.ir.kernel import Axis, Contraction, Kernel, Layout, Operand, Store, contiguous_strides
from fanlight.ir.scalar import Scalar, accumulator, make, read
from fanlight.ir.target import Target
from fanlight.ir.types import Type
from fanlight.targets.wasm.assembler import I32, Module
from fanlight.targets.wasm.contract import emit_contract

SLACK = 64  # bytes after each buffer that may be read
EPSILON = 2.0**-24
CONFIG = wasmtime.Config()
CONFIG.wasm_simd = CONFIG.wasm_relaxed_simd = True
CONFIG.cranelift_opt_level = "none"  # compiling is what takes time here
ENGINE = wasmtime.Engine(CONFIG)

Extents = Mapping[str, DimLike]


def axes_of(extents: Extents) -> tuple[Axis, ...]:
    return tuple(Axis(name, extent) for name, extent in extents.items())


def operand(
    name: str, extents: Sequence[DimLike], strides: Sequence[DimLike] | None = None, offset: int = 0
) -> Operand:
    type = Type("float32", tuple(extents))
    return Operand(name, type, Layout(contiguous_strides(type.shape) if strides is None else tuple(strides), offset))


@dataclass(frozen=True)
class Case:
    """`out[rows, column] = sum over reduce of a * b`, with strides by axis name; dense in order of the axes by default.

    Where `b` names a stride along "column" it is not packed into panels."""

    rows: Extents
    reduce: Extents
    columns: DimLike
    tile: tuple[int, int] = (5, 8)
    unroll: int = 2
    split: int = 0
    a: Mapping[str, DimLike] | None = None
    b: Mapping[str, DimLike] | None = None
    out: Mapping[str, DimLike] | None = None
    offset: int = 0

    @property
    def column(self) -> DimLike:
        panels = dims.ceil_divide(self.columns, self.tile[1])
        return Axis("panel", panels).index * self.tile[1] + Axis("lane", self.tile[1]).index

    @property
    def place(self) -> tuple[DimLike, ...]:
        """The indices of an element of the output."""
        return (*(axis.index for axis in axes_of(self.rows)), self.column)

    def kernel(self, value: Scalar | None = None, operands: Sequence[Operand] = (), **stores: Store) -> Kernel:
        """The kernel. It stores `value` in operand 2, or `stores`; `operands` come after a, b and the output."""
        width = self.tile[1]
        rows, reduce = axes_of(self.rows), axes_of(self.reduce)
        panel, lane = Axis("panel", dims.ceil_divide(self.columns, width)), Axis("lane", width)
        b_strides = self.b
        b_axes = [axis for axis in rows if self.b and axis.name in self.b] + [panel, *reduce, lane]
        if self.b and "column" in self.b:
            b_strides = {**self.b, "panel": width * self.b["column"], "lane": self.b["column"]}

        def factor(name: str, axes: Sequence[Axis], strides: Mapping[str, DimLike] | None) -> Operand:
            in_order = None if strides is None else [strides[axis.name] for axis in axes]
            return operand(name, [axis.extent for axis in axes], in_order, self.offset)

        out = None if self.out is None else [self.out[name] for name in (*self.rows, "column")]
        first = (
            factor("a", (*rows, *reduce), self.a),
            factor("b", b_axes, b_strides),
            operand("out", [*self.rows.values(), self.columns], out, self.offset),
        )
        a_read = read(0, tuple(axis.index for axis in (*rows, *reduce)), "float32")
        b_read = read(1, tuple(axis.index for axis in b_axes), "float32")
        return Kernel(
            name="product",
            kind="contract",
            axes=(*rows, panel, lane),
            operands=(*first, *operands),
            stores=tuple(stores.values()) or (Store(2, self.place, value or accumulator("float32")),),
            value=make("mul", a_read, b_read),
            reduce=reduce,
            combine="add",
            schedule=Contraction(0, 1, self.columns, *self.tile, unroll=self.unroll, split=self.split),
        )


def length(kernel: Kernel, slot: int, sizes: Mapping[str, int]) -> int:
    """Elements of the operand's buffer, up to the last one that belongs to it."""
    layout, shape = kernel.operands[slot].layout, kernel.operands[slot].type.shape
    total = dims.evaluate(layout.offset, sizes) + 1
    for stride, extent in zip(layout.strides, shape, strict=True):
        total += max(0, dims.evaluate(stride, sizes) * (dims.evaluate(extent, sizes) - 1))
    return total


def run(
    kernel: Kernel, target: Target, sizes: Mapping[str, int], buffers: list[np.ndarray], chunk: int
) -> list[np.ndarray]:
    """The buffers of the operands after the kernel ran, in chunks of so many indices (0: in one)."""
    module = Module(checked=True)
    starts, end = [], 1024
    for buffer in buffers:
        starts.append(end)
        end = -(-(end + buffer.nbytes + SLACK) // 16) * 16
    pages = end // 65536 + 1
    module.memory(pages, pages, export="memory")
    function = emit_contract(module, kernel, {name: module.global_i32(value) for name, value in sizes.items()}, target)
    entry = module.function("run", [I32] * len(function.parameters), export=True)
    for parameter in entry.parameters:
        entry.get(parameter)
    entry.call(function)
    store = wasmtime.Store(ENGINE)
    exports = wasmtime.Instance(store, wasmtime.Module(ENGINE, module.encode()), []).exports(store)
    memory = exports["memory"]
    memory.write(store, np.full(pages * 16384, np.nan, np.float32).tobytes(), 0)
    for start, buffer in zip(starts, buffers, strict=True):
        memory.write(store, buffer.tobytes(), start)
    extent = dims.evaluate(kernel.axes[0].extent, sizes)
    exports["run"](store, *starts, extent, extent)  # a chunk without indices
    for begin in range(0, extent, chunk or extent or 1):
        exports["run"](store, *starts, begin, min(begin + (chunk or extent), extent))
    after = np.frombuffer(memory.read(store, 0, pages * 65536), np.uint8)
    outside = np.ones(pages * 65536, bool)
    results = []
    for start, buffer in zip(starts, buffers, strict=True):
        outside[start : start + buffer.nbytes] = False
        results.append(after[start : start + buffer.nbytes].view(np.float32).copy())
    assert np.isnan(after[outside].view(np.float32)).all(), "the kernel wrote outside its buffers"
    return results


def expected(
    kernel: Kernel, sizes: Mapping[str, int], buffers: list[np.ndarray]
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """The buffers as they should be, in float64, and the error allowed in each element."""
    assert kernel.schedule is not None
    assert kernel.value is not None
    *rows, panel, lane = kernel.axes
    width = dims.evaluate(lane.extent, sizes)
    reduce = [range(dims.evaluate(axis.extent, sizes)) for axis in kernel.reduce]
    grid = [index.astype(int) for index in np.meshgrid(*reduce, indexing="ij")] if reduce else []
    values = [b.astype(np.float64) for b in buffers]
    allowed = [np.zeros(b.shape) for b in buffers]

    def address(slot: int, indices: Sequence[DimLike], at: Mapping[str, int]) -> int:
        return dims.evaluate(kernel.operands[slot].layout.address(tuple(indices)), at)

    columns = range(dims.evaluate(kernel.schedule.columns, sizes))
    for place in product(*(range(dims.evaluate(axis.extent, sizes)) for axis in rows), columns):
        at = {**sizes, panel.name: place[-1] // width, lane.name: place[-1] % width}
        at |= {axis.name: index for axis, index in zip(rows, place, strict=False)}
        terms = np.ones(())
        for node in kernel.value.args:
            slot, indices = node.attribute
            where = kernel.operands[slot].layout.address(indices)
            here = dims.evaluate(where, at | dict.fromkeys((axis.name for axis in kernel.reduce), 0))
            for axis, index in zip(kernel.reduce, grid, strict=True):
                stride = dims.coefficient(where, axis.name)
                assert stride is not None
                here = here + index * dims.evaluate(stride, at)
            terms = terms * buffers[slot][here].astype(np.float64)

        def load(slot: int, indices: tuple[int, ...], at: Mapping[str, int] = at) -> float:
            return float(buffers[slot][address(slot, indices, at)])

        bound = 4 * EPSILON * max(1, terms.size) ** 0.5 * abs(terms).sum() + 4 * EPSILON
        for store in kernel.stores:
            to = address(store.slot, store.indices, at)
            values[store.slot][to] = evaluate_scalar(store.value, at, load, float(terms.sum()))
            allowed[store.slot][to] = bound + 4 * EPSILON * abs(values[store.slot][to])
    return values, allowed


def check(kernel: Kernel, target: Target, sizes: Mapping[str, int] | None = None, chunk: int = 0) -> None:
    sizes = sizes or {}
    rng = np.random.default_rng(len(kernel.axes))
    buffers = [rng.standard_normal(length(kernel, k, sizes)).astype(np.float32) for k in range(len(kernel.operands))]
    got = run(kernel, target, sizes, buffers, chunk)
    values, allowed = expected(kernel, sizes, buffers)
    for each, x, y, bound in zip(kernel.operands, got, values, allowed, strict=True):
        excess = np.where(np.isnan(x), np.inf, abs(x - y)) - bound
        worst = int(np.argmax(excess)) if excess.size else 0
        assert not (excess > 0).any(), f"{each.buffer}[{worst}]: {x[worst]} instead of {y[worst]}"

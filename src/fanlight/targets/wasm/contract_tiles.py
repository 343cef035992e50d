"""How are the rows of a product cut into register tiles, and how is one tile written? Sums, then the epilogue.

In: the frame of a contract kernel, at one panel of B. Out: the code of all rows of its innermost row axis. What a sum
consists of: tile.py; how many rows pay: tiling.py."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass

from fanlight.ir import dim as dims
from fanlight.ir.kernel import Axis
from fanlight.ir.scalar import read
from fanlight.targets.wasm.assembler import F32, I32, V128
from fanlight.targets.wasm.contract_frame import Frame
from fanlight.targets.wasm.expressions import Index
from fanlight.targets.wasm.loops import Bound, counting
from fanlight.targets.wasm.tile import VECTOR, emit_sums, plan_sums
from fanlight.targets.wasm.tiling import chains, cut_rows

Accumulators = list[list[int]]  # the locals of one tile, by row and vector
ALL_LANES, FIRST_LANE = Bound(None, 4), Index(None)


@dataclass(frozen=True, slots=True)
class Width:
    """The columns of a panel that are computed: vectors, and how many lanes of the last one are columns.

    A local as `lanes` says 1, 2 or 3. `first` is the lane where they begin."""

    vectors: int
    lanes: Bound = ALL_LANES
    first: Index = FIRST_LANE


class Tiles(Frame):
    """Emits tiles of rows."""

    def emit_tiles(self, axis: Axis, width: Width) -> None:
        """All rows of the innermost axis. A static extent is cut into tiles of at most two sizes."""
        f, (begin, end) = self.function, self.bounds[axis.name]
        index = f.local(I32)
        if begin.local is None and end.local is None:
            start = begin.constant
            for rows, count in cut_rows(end.constant - start, self.schedule.tile_rows, self.target):
                stop = start + rows * count
                if count == 1:
                    with self.at(axis, Index(None, start)):
                        self.emit_tile(rows, axis, width)
                else:
                    with counting(f, index, Bound(None, start), Bound(None, stop), rows), self.at(axis, Index(index)):
                        self.emit_tile(rows, axis, width)
                start = stop
        else:
            self._emit_open_rows(axis, index, width)
        f.release(index)

    def _emit_open_rows(self, axis: Axis, index: int, width: Width) -> None:
        """Tiles of one size. The last one begins so that it ends at the end, if rows may be computed twice and there
        are enough of them; else smaller tiles follow."""
        f, (begin, end) = self.function, self.bounds[axis.name]
        rows = min(self.schedule.tile_rows, dims.upper(axis.extent))
        is_rare = self.is_repeatable and dims.bounds(axis.extent)[0] >= rows  # that a chunk has fewer rows
        smaller = [size for size in ((1,) if is_rare else (2, 1)) if size < rows]
        begin.push(f)
        f.set(index)
        if not self.is_repeatable:
            for size in (rows, *smaller):
                self._emit_while_left(size, axis, index, width)
            return
        last = f.local(I32)
        end.plus(-rows).push(f)
        f.tee(last)
        f.get(index)
        f.emit("i32.ge_s")
        with f.if_():
            with f.loop() as again:
                with self.at(axis, Index(index)):
                    self.emit_tile(rows, axis, width)
                f.get(index)
                f.get(last)
                f.emit("i32.lt_s")
                with f.if_():
                    f.get(index)
                    f.const(rows)
                    f.emit("i32.add")
                    f.set(index)
                    self.set_least(index, Bound(index), Bound(last))
                    f.branch(again)
            if smaller:
                f.else_()
                for size in smaller:
                    self._emit_while_left(size, axis, index, width)
        f.release(last)

    def _emit_while_left(self, rows: int, axis: Axis, index: int, width: Width) -> None:
        """Tiles of so many rows, from `index` on, as long as they fit."""
        end = self.bounds[axis.name][1]
        with counting(self.function, index, Bound(index), end.plus(1 - rows), rows), self.at(axis, Index(index)):
            self.emit_tile(rows, axis, width)

    def emit_tile(self, rows: int, axis: Axis | None, width: Width) -> None:
        """One tile at the present indices; without an axis a single row."""
        f = self.function
        sums = 1 if self.is_paired else chains(rows, width.vectors, self.target)
        add = "pairs" if self.is_paired else "fused" if self.target.fused else "rounded"
        plan = plan_sums(self.reductions, max(self.schedule.unroll, sums))
        stride = 0 if axis is None else self.access.a.along(axis)
        # Loads know no negative offset: the lowest one goes into the pointer.
        lowest = min(0, (rows - 1) * stride) if isinstance(stride, int) else 0
        pointers = [self.moved(self.pointers[0], lowest)]
        left = [(pointers[0], -lowest)]
        for row in range(1, rows):
            if isinstance(stride, int):
                left.append((pointers[0], row * stride - lowest))
            else:
                pointers.append(self.moved(pointers[-1], stride))
                left.append((pointers[-1], -lowest))
        pointers.append(self.moved(self.pointers[1], plan.lowest))
        right = pointers[-1], -plan.lowest
        tile = [[f.local(V128) for _ in range(width.vectors)] for _ in range(rows)]
        with self.expressions.scope():
            self._begin_sums(tile, axis, width)
            emit_sums(f, add, plan, left, right, tile, sums, self.push)
            self._store(tile, axis, width)
        for local in (*pointers, *(local for row in tile for local in row)):
            f.release(local)

    def _begin_sums(self, tile: Accumulators, axis: Axis | None, width: Width) -> None:
        """Zeros, or in a split sum what earlier parts have left in the output."""
        f, lane = self.function, self.access.lane.name
        if self.resume is None:
            f.emit("v128.const", bytes(VECTOR))
            accumulators = [local for row in tile for local in row]
            for local in accumulators[1:]:
                f.tee(local)
            f.set(accumulators[0])
            return
        (store,) = self.access.stores
        with self.expressions.at(**self._element(axis, 0, width, 0)):
            self.expressions.hold_addresses([store], lane)
        so_far = read(store.slot, store.indices, "float32")
        for row, accumulators in enumerate(tile):
            for vector, local in enumerate(accumulators):
                with self.expressions.at(**self._element(axis, row, width, vector)):
                    self.expressions.vector(so_far, lane)
                f.get(self.resume)
                f.emit("i32x4.splat")
                f.emit("v128.and")
                f.set(local)

    def _store(self, tile: Accumulators, axis: Axis | None, width: Width) -> None:
        """The epilogue. Addresses, but for a constant in each load and store, and what rows share are computed once."""
        expressions, lane, stores = self.expressions, self.access.lane.name, self.access.stores
        inner = () if axis is None else (axis.name,)
        is_vector = all(expressions.is_vector_store(store, lane) for store in stores)
        for vector in range(width.vectors):
            lanes = ALL_LANES if vector < width.vectors - 1 else width.lanes
            with expressions.scope():
                if is_vector:
                    with expressions.at(**self._element(axis, 0, width, vector)):
                        expressions.hold_addresses(stores, lane)
                        expressions.hoist(stores, inner, lane)
                for row, accumulators in enumerate(tile):
                    with expressions.at(**self._element(axis, row, width, vector)):
                        if is_vector:
                            self._store_vector(accumulators[vector], lanes)
                        else:
                            self._store_lanes(accumulators[vector], lanes)

    def _store_vector(self, accumulator: int, lanes: Bound) -> None:
        lane, stores = self.access.lane.name, self.access.stores
        self.expressions.accumulator = accumulator
        if lanes.local is None:
            self.expressions.store_vector(*stores, lane=lane, count=lanes.constant)
        else:
            self.expressions.store_remaining(*stores, lane=lane, remaining=lanes.local)

    def _store_lanes(self, accumulator: int, lanes: Bound) -> None:
        """Lane by lane, where the epilogue cannot be computed for four columns at once."""
        f, expressions, lane = self.function, self.expressions, self.access.lane.name
        value = expressions.accumulator = f.local(I32 if self.is_paired else F32)
        extract = "i32x4.extract_lane" if self.is_paired else "f32x4.extract_lane"
        first = expressions.indices[lane]
        for number in range(lanes.constant if lanes.local is None else 3):
            f.get(accumulator)
            f.emit(extract, number)
            f.set(value)
            with expressions.at(**{lane: Index(first.local, first.constant + number)}), ExitStack() as stack:
                if lanes.local is not None:
                    f.get(lanes.local)
                    f.const(number)
                    f.emit("i32.gt_s")
                    stack.enter_context(f.if_())
                expressions.store(*self.access.stores)
        f.release(value)

    def _element(self, axis: Axis | None, row: int, width: Width, vector: int) -> dict[str, Index]:
        """The indices so many rows and vectors from the corner of a tile."""
        indices = {self.access.lane.name: Index(width.first.local, width.first.constant + 4 * vector)}
        if axis is not None:
            corner = self.expressions.indices[axis.name]
            indices[axis.name] = Index(corner.local, corner.constant + row)
        return indices

"""How is a `contract` kernel (matrix product, convolution as implicit GEMM) written? The order of its loops.

In: a Kernel with a Contraction schedule, the globals of the open sizes, a target. Out: a Function (base byte address
of each operand, begin, end) that computes the chunk [begin, end) of one axis. From outside: split axes; rows, until
what the others read of A stays in cache; panels of B; the other rows, the last axis in tiles."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fanlight.ir import dim as dims
from fanlight.ir.dim import DimLike
from fanlight.ir.kernel import Axis, Kernel
from fanlight.ir.target import Target
from fanlight.targets.wasm.assembler import I32, Function, Module
from fanlight.targets.wasm.contract_tiles import Tiles, Width
from fanlight.targets.wasm.expressions import Index
from fanlight.targets.wasm.loops import Bound, counting
from fanlight.targets.wasm.tile import Reduction, join_reductions

# Bytes of A that meet all panels before the next rows come. The first-level cache keeps the rows of a block, if it can
# hold those of a tile at all; else the second-level cache does. Measured: bench/pointwise.
NEAR, FAR = 20 * 1024, 256 * 1024
TERMS = 128  # of a split sum that are added at once: more leave the cache, fewer load and store partial sums more often


def emit_contract(
    module: Module, kernel: Kernel, sizes: Mapping[str, int], target: Target, chunk: int | None = None
) -> Function:
    """The function of a `contract` kernel; `sizes` maps each open size to the global that holds it. Calls divide the
    kernel's first axis, or number `chunk` of the axes that its loops have (`chunk_axes`)."""
    function = module.function(kernel.name, (I32,) * (len(kernel.operands) + 2))
    _Contract(function, kernel, sizes, target, chunk).emit()
    return function


class _Contract(Tiles):
    def emit(self) -> None:
        access = self.access
        if 0 in (self.schedule.columns, *(axis.extent for axis in access.rows)):
            return
        # Rows that B depends on (a batch of products) share no tile and no panel.
        depends = [access.b.along(axis) != 0 for axis in access.rows]
        self.batch = len(depends) - depends[::-1].index(True) if True in depends else 0
        self.panel_level, self.block = self._find_panel_level()
        self.prepare()
        self._emit_split(0)

    def _emit_split(self, level: int) -> None:
        """Loops over the split axes; the last one in groups that are summed at once."""
        split = self.access.split[level:]
        terms = dims.upper(dims.product([axis.extent for axis in self.access.reduce]))
        if len(split) == 1 and terms < TERMS:
            self._emit_groups(split[0], TERMS // max(1, terms))
        elif split:
            with self.loop(split[0]):
                self._emit_split(level + 1)
        else:
            self._emit_part()

    def _emit_groups(self, axis: Axis, group: int) -> None:
        """A split axis in groups of so many indices, the last one of what is left; a group is one more reduce axis."""
        f, access = self.function, self.access
        index, left = f.local(I32), f.local(I32)
        name = f"{axis.name} in group"
        extent = dims.size(name, 1, min(group, dims.upper(axis.extent)))
        reductions = self.reductions
        self.reductions = join_reductions([Reduction(extent, access.a.along(axis), access.b.along(axis)), *reductions])
        begin, end = self.bounds[axis.name]
        with counting(f, index, begin, end, group), self.at(axis, Index(index)):
            end.push(f)
            f.get(index)
            f.emit("i32.sub")
            f.set(left)
            self.set_least(left, Bound(left), Bound(None, group))
            with self.expressions.at(**{name: Index(left)}):
                self._emit_part()
        self.reductions = reductions
        f.release(index)
        f.release(left)

    def _emit_part(self) -> None:
        """All rows and columns, of the whole sum or one part of it."""
        self._emit_rows(0, self.panel_level, self._emit_blocks)
        if self.resume is not None:
            self.function.const(-1)
            self.function.set(self.resume)

    def _emit_rows(self, level: int, stop: int, body: Callable[[], None]) -> None:
        """Plain loops over the row axes `level .. stop-1`."""
        if level < stop:
            with self.loop(self.access.rows[level]):
                self._emit_rows(level + 1, stop, body)
        else:
            body()

    def _emit_blocks(self) -> None:
        """All panels for all inner rows, or for one block of rows after the other."""
        if not self.block:
            self._emit_panels()
            return
        f, axis = self.function, self.access.rows[self.panel_level]
        begin, end = self.bounds[axis.name]
        low, high = f.local(I32), f.local(I32)
        begin.push(f)
        f.set(low)
        with f.block() as done, f.loop() as again:
            f.get(low)
            end.push(f)
            f.emit("i32.ge_s")
            f.branch_if(done)
            # high = low + block, or the end where less than a tile would be left
            end.push(f)
            f.get(low)
            f.const(self.block)
            f.emit("i32.add")
            f.tee(high)
            end.push(f)
            f.get(high)
            f.emit("i32.sub")
            f.const(self.schedule.tile_rows)
            f.emit("i32.lt_s")
            f.emit("select")
            f.set(high)
            self.bounds[axis.name] = Bound(low), Bound(high)
            with self.expressions.scope():
                self._emit_panels()
            f.get(high)
            f.set(low)
            f.branch(again)
        self.bounds[axis.name] = begin, end
        f.release(low)
        f.release(high)

    def _emit_panels(self) -> None:
        """Full panels, then what is left: a narrower static panel, or vector after vector where columns are open."""
        f, panel, columns, width = self.function, self.access.panel, self.schedule.columns, self.schedule.tile_columns
        full, rest = self.bound(dims.floor_divide(columns, width)), dims.modulo(columns, width)
        chunk = self.bounds.get(panel.name)  # where no row axis is, the panels are the first axis
        index = f.local(I32)
        begin, end = chunk or (Bound(None), full)
        if chunk and rest != 0:
            end = Bound(f.local(I32))
            self.set_least(end.local or 0, chunk[1], full)
        if full != Bound(None, 0):
            with counting(f, index, begin, end), self.at(panel, Index(index)):
                self._emit_inner(Width(width // 4))
        if rest != 0:
            outside = f.block()
            with outside:
                if chunk:  # a chunk may end before the last panel
                    chunk[1].push(f)
                    full.push(f)
                    f.emit("i32.le_s")
                    f.branch_if(outside)
                full.push(f)
                f.set(index)
                with self.at(panel, Index(index)):
                    if isinstance(rest, int):
                        vectors = -(-rest // 4)
                        self._emit_inner(Width(vectors, Bound(None, rest - 4 * (vectors - 1))))
                    else:
                        self._emit_open_rest(rest)
        for bound in (full, *((end,) if chunk and rest != 0 else ())):
            if bound.local is not None:
                f.release(bound.local)
        f.release(index)

    def _emit_open_rest(self, rest: DimLike) -> None:
        """The last panel where its columns are open: full vectors one by one, then one with 1, 2 or 3 valid lanes."""
        f, lane = self.function, self.access.lane
        first, left = f.local(I32), self.bound(rest)
        assert left.local is not None
        with counting(f, first, Bound(None), left.plus(-3), 4), self.at(lane, Index(first)):
            self._emit_inner(Width(1, first=Index(first)))
        f.get(left.local)
        f.get(first)
        f.emit("i32.sub")
        f.tee(left.local)
        with f.if_(), self.at(lane, Index(first)):
            self._emit_inner(Width(1, left, Index(first)))
        f.release(left.local)
        f.release(first)

    def _emit_inner(self, width: Width) -> None:
        """The rows inside the panel loop, the last axis in tiles."""
        rows = self.access.rows
        if self.batch == len(rows):
            self._emit_rows(self.panel_level, len(rows), lambda: self.emit_tile(1, None, width))
        else:
            self._emit_rows(self.panel_level, len(rows) - 1, lambda: self.emit_tiles(rows[-1], width))

    def _find_panel_level(self) -> tuple[int, int]:
        """How many row axes run outside the panels, and the block of the next one (0: all of it): so that what the
        inner rows read of A stays in cache."""
        rows, last, tile = self.access.rows, len(self.access.rows), self.schedule.tile_rows
        if dims.upper(self.access.panel.extent) == 1 or self.batch == last:
            return self.batch, 0
        reach = self.bytes_of_a(last) + (tile - 1) * self.stride_of_a(rows[-1])
        limit = NEAR if reach <= NEAR else FAR
        level = self.batch
        while level < last and self.bytes_of_a(level) > limit:
            level += 1
        if level == self.batch:
            return level, 0
        # The axis outside of those that fit is taken in blocks.
        stride = max(1, self.stride_of_a(rows[level - 1]))
        block = 1 + max(0, limit - self.bytes_of_a(level)) // stride
        return level - 1, max(block // tile, 1) * tile if level == last else block

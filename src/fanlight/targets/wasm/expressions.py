"""How are the values of a kernel computed at one point, or at four neighbours? Scalar expressions become instructions.

In: expressions over the operands of one kernel, and what its loop indices are right now. Out: instructions of one
function; what is used twice, or does not change in a loop, is computed once, into a local. Writes no loops."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from fanlight.ir import dim as dims
from fanlight.ir.dim import Dim, DimLike
from fanlight.ir.kernel import Store
from fanlight.ir.scalar import Scalar, index_data, node_dims, read, rebuild, walk
from fanlight.ir.types import item_bytes
from fanlight.targets.wasm.assembler import V128
from fanlight.targets.wasm.integers import Index, Item
from fanlight.targets.wasm.nodes import Nodes, bytes_of, lane_of, lanes_item
from fanlight.targets.wasm.spelling import STORES
from fanlight.targets.wasm.vectorize import ACCUMULATOR, is_vector_store, is_vector_value, names_of, varies

__all__ = ["Expressions", "Index"]


@dataclass(frozen=True, slots=True)
class Write:
    """A resolved store: what is written where."""

    slot: int
    addresses: tuple[tuple[DimLike, int], ...]
    value: Item


class Expressions(Nodes):
    """Emits the scalar expressions of one kernel inside one function.

    `pointers[k]` is the local that holds operand k's base byte address, `sizes` maps an open size to its global;
    `indices` says what the loop indices are, `accumulator` which local holds the finished reduction: a v128 where
    vectors are asked for."""

    _fresh: frozenset[int] = frozenset()

    def scalar(self, node: Scalar) -> None:
        """Pushes the value of `node` at the current indices."""
        self.push_side(self._item(node, None))

    def vector(self, node: Scalar, lane: str) -> None:
        """Pushes `node` at four points: `lane` at its current index and the three after it."""
        self.push_side(self._item(node, lane))

    def is_vector(self, node: Scalar, lane: str) -> bool:
        """Does `vector` work for `node` along `lane`?"""
        return is_vector_value(node, self.operands, lane)

    def is_vector_store(self, store: Store, lane: str) -> bool:
        """Does `store_vector` work for `store` along `lane`?"""
        return is_vector_store(store, self.operands, lane) and self.is_vector(store.value, lane)

    def address(self, slot: int, indices: tuple[DimLike, ...]) -> int:
        """Pushes the byte address of an element, but for the part that is returned: the offset of a load or store."""
        address, offset = self.address_of((slot, tuple(self.resolve_dim(i) for i in indices)))
        self.push_side(("dim", address))
        return offset

    def store(self, *stores: Store) -> None:
        """Stores values at the current indices; all are computed before the first is written."""
        with self.scope():
            writes = self._prepare(stores, None)
            for write in writes:
                self._write(write, None, 1)

    def store_vector(self, *stores: Store, lane: str, count: int = 4) -> None:
        """Stores values at `count` points along `lane`; all are computed before the first is written."""
        with self.scope():
            for write in self._prepare(stores, lane):
                self._write(write, lane, count)

    def store_remaining(self, *stores: Store, lane: str, remaining: int) -> None:
        """Stores values at four points along `lane`, or as many as the local `remaining` says (at least one)."""
        function = self.function
        with self.scope():
            writes = self._prepare(stores, lane, held=True)
            function.get(remaining)
            function.const(4)
            function.emit("i32.ge_s")
            with function.if_():
                for write in writes:
                    self._write(write, lane, 4)
                function.else_()
                for count in (1, 2, 3):
                    function.get(remaining)
                    function.const(count)
                    function.emit("i32.eq")
                    with function.if_():
                        for write in writes:
                            self._write(write, lane, count)

    def update(self, value: Scalar, lane: str | None, points: Sequence[tuple[int, Mapping[str, Index]]]) -> None:
        """For each point, a local and indices: the local, which is the accumulator there, becomes `value`, one by one.

        What the points have in common is computed once; their indices differ in constants only."""
        with self.scope():
            items: list[tuple[Item, int]] = []
            for local, indices in points:
                self.accumulator = local
                with self.at(**indices):
                    items.append((self._item(value, lane), local))
            with self.at(**points[0][1]):
                self._share([item for item, _ in items], moving=True)
                for item, local in items:
                    self.push(item)
                    self.function.set(local)

    def reads(self, value: Scalar, lane: str | None) -> list[Scalar]:
        """The elements that `value` reads at the current indices; equal ones are one node."""
        resolved = self._item(value, lane)[1]
        return [node for node in walk(resolved) if node.op == "read"] if isinstance(resolved, Scalar) else []

    def hold_addresses(self, roots: Iterable[Scalar | Store], lane: str | None = None) -> None:
        """Computes, for the duration of the scope, the addresses that `roots` will need at the current indices."""
        found: dict[Item, None] = {}
        for root in roots:
            if isinstance(root, Store):
                found |= dict.fromkeys(("dim", address) for address, _ in self._resolve_store(root, lane).addresses)
                root = root.value
            for node in self.reads(root, lane):
                if not index_data(node) and (lane is None or varies(node, lane)):
                    found |= dict.fromkeys(self._parts(lanes_item(node, lane)))
        self._share(found)
        for item in found:
            if self.known(item) is None and not self._is_plain(item):
                self.hold(item)

    def hoist(self, roots: Iterable[Scalar | Store], inner: Collection[str], lane: str | None = None) -> None:
        """Computes, for the duration of the scope, what `roots` will need and loops over `inner` do not change.

        The roots are to be emitted along `lane`, or as scalars where that is None."""
        found: dict[Item, None] = {}
        seen: set[tuple[Item, bool]] = set()
        for root in roots:
            if isinstance(root, Store):
                for address, _ in self._resolve_store(root, lane).addresses:
                    self._collect(("dim", address), inner, found, seen, False)
                root = root.value
            self._collect(self._item(root, lane), inner, found, seen, False)
        self._share(found)
        for item in found:
            if self.known(item) is None:
                self.hold(item)

    def keep_fresh(self, slots: Iterable[int]) -> None:
        """What is read of these operands changes from point to point of the loops: it is never computed ahead."""
        self._fresh = frozenset(slots)

    # Which parts there are

    def _item(self, node: Scalar, lane: str | None) -> Item:
        """`node` with the constants of unrolled indices, the accumulator's local, and 0 as index along strides of 0."""

        def leaf(each: Scalar) -> Scalar | None:
            if each.op == "accumulator" and each.attribute is None:
                return Scalar("accumulator", (), each.dtype, self.accumulator)
            if each.op == "read":
                slot, indices = each.attribute
                strides = self.operands[slot].layout.strides
                return read(slot, tuple(0 if s == 0 else i for i, s in zip(indices, strides, strict=True)), each.dtype)
            return None

        sizes = {size for each in walk(node) for dim in node_dims(each) for size in dims.sizes(dim)}
        moved = {size.name: self.moved(size, lane) for size in sizes}
        resolved = rebuild(node, leaf, {name: dim for name, dim in moved.items() if dim is not None})
        return lanes_item(resolved, lane)

    def _resolve_store(self, store: Store, lane: str | None) -> Write:
        indices = tuple(self.resolve_dim(i, lane) for i in store.indices)
        addresses = tuple(self.lane_addresses((store.slot, indices), lane))
        return Write(store.slot, addresses, self._item(store.value, lane))

    def _parts(self, item: Item) -> list[Item]:
        """What `item` is always computed from: not the sides of a guard, of which one is."""
        kind, what = item
        if not isinstance(what, Scalar):
            return [
                *(("dim", part) for part in self.dim_parts(what)),
                *(("scalar", data) for data in self.dim_data(what)),
            ]
        lane = lane_of(item)
        if what.op == "read":
            return [
                ("dim", address) for address in dict.fromkeys(a for a, _ in self.lane_addresses(what.attribute, lane))
            ]
        if kind == "splat":
            return [] if what.op == "const" else [("scalar", what)]
        if what.op == "index":
            return [("dim", self.at_first_lane(what.attribute))]
        if self._sides(item):
            return [("scalar", what.args[0])]
        if what.op in ("shift_left", "shift_right"):
            return [lanes_item(what.args[0], lane), ("scalar", what.args[1])]
        if lane is not None and (clamped := bytes_of(what)):
            source, *ends = clamped
            return [lanes_item(source, lane), *(("splat", end) for end in ends)]
        return [lanes_item(a, lane) for a in what.args]

    @staticmethod
    def _sides(item: Item) -> list[Item]:
        """The sides of a guard that branches."""
        kind, node = item
        lane = lane_of(item)
        if not isinstance(node, Scalar) or node.op != "guard" or kind == "splat":
            return []
        return [] if lane is not None and varies(node.args[0], lane) else [lanes_item(a, lane) for a in node.args[1:]]

    def _is_plain(self, item: Item) -> bool:
        """Is `item` as quick to push as a local?"""
        kind, what = item
        if not isinstance(what, Scalar):
            return self.is_plain(what)
        if what.op == "index":
            return kind == "scalar" and self.is_plain(what.attribute)
        return kind != "splat" and what.op in ("const", "accumulator")

    @staticmethod
    def _names(item: Item) -> frozenset[str]:
        what = item[1]
        return names_of(what) if isinstance(what, Scalar) else dims.names(what)

    def _is_fresh(self, what: DimLike | Scalar) -> bool:
        """Does it read what the kernel may just have stored?"""
        if not self._fresh or not isinstance(what, Scalar):
            return False
        return any(node.op == "read" and node.attribute[0] in self._fresh for node in walk(what))

    # What is computed once

    def push_side(self, item: Item) -> None:
        with self.scope():
            self._share([item])
            self.push(item)

    def _share(self, roots: Iterable[Item], moving: bool = False) -> None:
        """Computes into locals what `roots` use more than once, parts before wholes, but nothing of `moving` sums."""
        uses: dict[Item, int] = {}
        order: list[Item] = []
        stack: list[tuple[Item, bool]] = [(root, False) for root in reversed(list(roots))]
        while stack:
            item, ready = stack.pop()
            if ready:
                order.append(item)
                continue
            uses[item] = uses.get(item, 0) + 1
            if uses[item] == 1 and self.known(item) is None:
                stack.append((item, True))
                stack.extend((part, False) for part in reversed(self._parts(item)))
        for item in order:
            if uses[item] > 1 and not self._is_plain(item) and not (moving and ACCUMULATOR in self._names(item)):
                self.hold(item)

    def _collect(
        self, item: Item, inner: Collection[str], found: dict[Item, None], seen: set[tuple[Item, bool]], sometimes: bool
    ) -> None:
        """Finds the largest parts of `item` that loops over `inner` do not change.

        What is needed only `sometimes` must read nothing, since the address may be invalid at other times."""
        if (item, sometimes) in seen or self.known(item) is not None:
            return
        seen.add((item, sometimes))
        what, names = item[1], self._names(item)
        if names.isdisjoint(inner) and ACCUMULATOR not in names and not self._is_fresh(what):
            is_safe = what.op == "const" if isinstance(what, Scalar) else not self.dim_data(what)
            if is_safe or not sometimes:
                if not self._is_plain(item):
                    found[item] = None
                return
        if isinstance(what, Dim):
            fixed = sum(
                (
                    t
                    for t in self.terms(what)
                    if isinstance(t, Dim) and dims.names(t).isdisjoint(inner) and not self.dim_data(t)
                ),
                0,
            )
            if not self.is_plain(fixed):
                found["dim", fixed] = None
        for part in self._parts(item):
            self._collect(part, inner, found, seen, sometimes)
        for side in self._sides(item):
            self._collect(side, inner, found, seen, True)

    # Stores

    def _prepare(self, stores: Iterable[Store], lane: str | None, held: bool = False) -> list[Write]:
        """Computes what the stores share; of several, their values too: one may overwrite what another reads."""
        writes = [self._resolve_store(s, lane) for s in stores]
        self._share([item for w in writes for item in (*(("dim", a) for a, _ in w.addresses), w.value)])
        if len(writes) > 1 or held:
            for write in writes:
                if self.known(write.value) is None and not self._is_plain(write.value):
                    self.hold(write.value)
        return writes

    def _cut(self, item: Item, lane: str) -> Item:
        """What an integer is a cast of, where storing it cuts the same bits off."""
        node = item[1]
        if not isinstance(node, Scalar) or node.op != "cast" or self.known(item) is not None:
            return item
        source = node.args[0]
        return lanes_item(source, lane) if source.dtype in ("int32", "uint32") and node.dtype != "bool" else item

    def _write(self, write: Write, lane: str | None, count: int) -> None:
        function, dtype = self.function, self.operands[write.slot].type.dtype
        address, offset = write.addresses[0]
        if lane is None:
            self.push(("dim", address))
            self.push(write.value)
            function.emit(STORES[dtype], offset=offset)
            return
        size, is_row = item_bytes(dtype), len(write.addresses) == 1
        is_small = size < 4
        if is_row and count == 4 and not is_small:
            self.push(("dim", address))
            self.push(write.value)
            function.emit("v128.store", offset=offset)
            return
        value = function.local(V128)
        self.push(self._cut(write.value, lane) if is_small else write.value)
        if dtype == "bool":
            function.emit("i32x4.neg")
        if is_small:
            function.tee(value)
            function.get(value)
            function.emit("i8x16.shuffle", *(4 * (k // size % 4) + k % size for k in range(16)))
        function.set(value)
        bits = 8 * size
        done = 0
        while done < count:
            several = 1 if not is_row else 1 << ((count - done).bit_length() - 1)
            address, offset = write.addresses[0 if is_row else done]
            self.push(("dim", address))
            function.get(value)
            function.emit(
                f"v128.store{bits * several}_lane", done // several, offset=offset + (done * bits // 8 if is_row else 0)
            )
            done += several
        function.release(value)

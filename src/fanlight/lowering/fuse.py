"""Which ops share a loop nest? Graph -> kernels over named buffers, in an order in which they can run.

Elementwise ops and movements are written into the loops that read them, elementwise consumers become the epilogue of a
reduction, updates of one parameter become one kernel. Decides what is kept in memory; not loop order, tiles, addresses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from fanlight.ir import dim as dims
from fanlight.ir.graph import Constant, Graph, Input, Leaf, SizeOf, State, Value
from fanlight.ir.kernel import Kernel, Nest, Store, make_axes
from fanlight.ir.scalar import accumulator, walk
from fanlight.ir.types import Type
from fanlight.lowering.inline import Inliner
from fanlight.lowering.merge import merge_updates
from fanlight.lowering.order import CycleError, new_name, old_name, order_kernels

MAXIMUM_INLINED = 160  # scalar nodes in one expression: beyond it, recomputing and code size cost more than a buffer
DEEPEST = 40  # ops in a row inlined into each other: substitution is recursive
CHEAP = 2  # arithmetic nodes that may be recomputed by several readers instead of being kept


@dataclass(frozen=True, slots=True)
class Fused:
    """One function as kernels. `buffers` gives type and space of every buffer; state buffers are called by the state's
    name."""

    kernels: tuple[Kernel, ...]
    buffers: Mapping[str, tuple[Type, str]]
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    writes: frozenset[str]
    guard: str
    guard_after: int


def fuse(graph: Graph, prefix: str) -> Fused:
    """`graph` as kernels over buffers whose names begin with `prefix`."""
    try:
        return _Fusion(graph, prefix).run(in_place=True)
    except CycleError:  # updates that need each other's old values, such as a swap, go through buffers of their own
        return _Fusion(graph, prefix).run(in_place=False)


class _Fusion:
    def __init__(self, graph: Graph, prefix: str):
        self.graph, self.prefix = graph, prefix
        self.users: dict[int, list[Value]] = {id(v): [] for v in graph.order}
        for value in graph.order:
            for x in value.inputs:
                self.users[id(x)].append(value)
        self.kept: dict[int, str] = {}  # value -> buffer
        self.pending: dict[int, Value] = {}  # value -> the reduction whose epilogue it is part of
        self.weight: dict[int, int] = {}  # value -> scalar nodes that inlining it costs
        self.depth: dict[int, int] = {}  # value -> ops on the longest way to a kept one
        self.nests: dict[int, Nest] = {}
        self.buffers: dict[str, tuple[Type, str]] = {}

    def run(self, in_place: bool) -> Fused:
        inputs = {}
        for value in self.graph.order:
            if isinstance(value.op, Leaf):
                space = "input" if isinstance(value.op, Input) else "state"
                name = self.prefix + value.op.label if space == "input" else value.op.label
                self.kept[id(value)] = name
                self.buffers[name] = (value.type, space)
                if space == "input":
                    inputs[value.op.label] = name
        roots = {id(v) for v in self.graph.roots}
        for value in self.graph.order:
            if not isinstance(value.op, (Leaf, Constant, SizeOf)):
                self._decide(value, id(value) in roots)
        kernels = [self._kernel(v) for v in self.graph.order if id(v) in self.kept and not isinstance(v.op, Leaf)]
        outputs = self._outputs(kernels)
        kernels, writes = self._writes(kernels, in_place)
        kernels = merge_updates(kernels, frozenset(new_name(w) for w in writes))
        guard = self._guard(kernels)
        ordered, guard_after = order_kernels(kernels, frozenset(writes), guard)
        ordered = [rename(k, {new_name(w): w for w in writes}) for k in ordered]
        used = {o.buffer for k in ordered for o in k.operands} | set(inputs.values()) | writes
        buffers = {name: entry for name, entry in self.buffers.items() if name in used}
        return Fused(tuple(ordered), buffers, inputs, outputs, frozenset(writes), guard, guard_after)

    # --- what is kept in memory

    def _decide(self, value: Value, is_root: bool) -> None:
        """Keeps `value` in a buffer of its own, or leaves it to be written into its readers."""
        nest = value.op.nest(*(x.type for x in value.inputs))
        self.nests[id(value)] = nest
        held = [x for x in value.inputs if id(x) in self.pending and id(x) not in self.kept]
        if nest.reduce or not value.op.elementwise:
            for x in held:
                self._keep(x)
            held = []
        for x in held[1:]:  # an epilogue belongs to one reduction
            if self.pending[id(x)] is not self.pending[id(held[0])]:
                self._keep(x)
        weight = sum(1 for node in walk(nest.value) if node.args)
        weight += sum(self.weight.get(id(x), 0) for x in value.inputs if id(x) not in self.kept)
        self.weight[id(value)] = weight
        inlined = [x for x in value.inputs if id(x) not in self.kept]
        self.depth[id(value)] = 1 + max((self.depth.get(id(x), 0) for x in inlined), default=0)
        if nest.reduce:
            self.pending[id(value)] = value
            self.weight[id(value)] = 0
            for x in value.inputs:
                if id(x) not in self.kept and not self._may_prologue(x, value, nest):
                    self._keep(x)
        elif held:
            self.pending[id(value)] = self.pending[id(held[0])]
        if is_root or self._must_keep(value, weight):
            self._keep(value)

    def _must_keep(self, value: Value, weight: int) -> bool:
        users = self.users[id(value)]
        if weight > MAXIMUM_INLINED or self.depth[id(value)] > DEEPEST:
            return True
        if id(value) in self.pending:
            return len({id(u) for u in users}) != 1
        return len({id(u) for u in users}) > 1 and weight > CHEAP

    def _may_prologue(self, x: Value, reader: Value, nest: Nest) -> bool:
        """May `x` be computed inside the reduction `reader`? Not where that repeats work, and never inside a
        product."""
        if isinstance(x.op, (Leaf, Constant, SizeOf)):
            return True
        if id(x) in self.pending:
            return False
        weight = self.weight[id(x)]
        if is_product(nest):
            return weight == 0 and self._stays_affine(x, reader, nest)
        reads = dims.product([a.extent for a in (*nest.axes, *nest.reduce)])
        return weight <= CHEAP or dims.upper(reads) <= dims.upper(x.type.count)

    def _stays_affine(self, x: Value, reader: Value, nest: Nest) -> bool:
        """Would a product still step through memory evenly if it read the movement `x` in place? Where the address gets
        a quotient of loop indices, a copy is cheaper: without it the product is no `contract`."""
        names = {axis.name for axis in (*nest.axes, *nest.reduce)}
        inliner = Inliner(self.kept, self.nests, None, None)
        for node in nest.value.args:
            slot, place = node.attribute
            if reader.inputs[slot] is not x:
                continue
            element = inliner.element(x, place)
            if element.op != "read":
                return False
            source, indices = element.attribute
            address = inliner.operands[source].layout.address(indices)
            own = {atom for index in place for atom in dims.atoms(index)}
            for atom in {*dims.atoms(address)} - own:
                if isinstance(atom, dims.Pair) and any(size.name in names for size in atom.sizes):
                    return False
        return True

    def _keep(self, value: Value) -> None:
        if id(value) not in self.kept:
            name = f"{self.prefix}{value.op.name}_{len(self.kept)}"
            self.kept[id(value)] = name
            self.buffers[name] = (value.type, "arena")

    # --- kernels

    def _kernel(self, root: Value) -> Kernel:
        pending = self.pending.get(id(root))
        inliner = Inliner(self.kept, self.nests, root, pending)
        axes = make_axes(root.shape)
        place = tuple(a.index for a in axes)
        value, reduce, combine = None, (), ""
        if pending is not None:
            nest = self.nests[id(pending)]
            value = inliner.body(pending, place)
            reduce, combine = nest.reduce, nest.combine
        stored = accumulator(root.dtype) if root is pending else inliner.body(root, place)
        slot = inliner.slot(self.kept[id(root)], root.type, fresh=True)
        return Kernel(
            name=self.kept[id(root)].removeprefix(self.prefix),
            kind="map" if pending is None else "reduce",
            axes=axes,
            operands=tuple(inliner.operands),
            stores=(Store(slot, place, stored),),
            value=value,
            reduce=reduce,
            combine=combine,
        )

    def _copy(self, value: Value, name: str, space: str) -> Kernel:
        """A kernel that writes a leaf, constant or already kept value to the buffer `name`."""
        self.buffers.setdefault(name, (value.type, space))
        inliner = Inliner(self.kept, self.nests, None, None)
        axes = make_axes(value.shape)
        place = tuple(a.index for a in axes)
        stored = inliner.element(value, place)
        slot = inliner.slot(name, value.type, fresh=True)
        return Kernel(
            f"copy_{name.split('/')[-1]}", "map", axes, tuple(inliner.operands), (Store(slot, place, stored),)
        )

    def _guard(self, kernels: list[Kernel]) -> str:
        """The buffer that holds the guard, or "" for none."""
        value = self.graph.guard
        if value is None:
            return ""
        if id(value) not in self.kept or isinstance(value.op, Leaf):
            kernels.append(self._copy(value, self.prefix + "guard", "arena"))
            return self.prefix + "guard"
        return self.kept[id(value)]

    def _outputs(self, kernels: list[Kernel]) -> dict[str, str]:
        """Gives every output a buffer of its own, renaming where the value's buffer is free for it."""
        outputs: dict[str, str] = {}
        taken: set[str] = set()
        for label, value in self.graph.outputs.items():
            buffer = self.kept.get(id(value), "")
            if buffer and self.buffers[buffer][1] == "arena" and buffer not in taken:
                self.buffers[buffer] = (value.type, "output")
            else:
                buffer = f"{self.prefix}output/{label}"
                kernels.append(self._copy(value, buffer, "output"))
            taken.add(buffer)
            outputs[label] = buffer
        return outputs

    def _writes(self, kernels: list[Kernel], in_place: bool) -> tuple[list[Kernel], set[str]]:
        """Lets the kernel that computes a new state value store it in place where that is legal; else adds a copy.

        Until the order is settled the new content of state `s` is called `new_name(s)`, to tell its readers from those
        of the old."""
        writes: set[str] = set()
        for label, value in self.graph.writes.items():
            if isinstance(value.op, State) and value.op.label == label:
                continue  # written with its own old value
            writes.add(label)
            self.buffers[label] = (value.type, "state")
            source = self.kept.get(id(value), "")
            producer = next((k for k in kernels if source and source in k.written), None)
            if (
                in_place
                and producer is not None
                and self.buffers[source][1] == "arena"
                and _stores_in_place(producer, label)
            ):
                kernels = [rename(k, {source: new_name(label)}) for k in kernels]
                self.kept[id(value)] = new_name(label)
                self.buffers[new_name(label)] = (value.type, "state")
                continue
            if producer is None:
                kernels.append(self._copy(value, f"{self.prefix}next/{label}", "arena"))
                self.kept[id(value)] = f"{self.prefix}next/{label}"
            kernels.append(self._copy(value, new_name(label), "state"))
        return kernels, writes


def is_product(nest: Nest) -> bool:
    """Is it a sum of products of two operands: a matrix product or a convolution?"""
    return nest.combine == "add" and nest.value.op == "mul" and all(a.op == "read" for a in nest.value.args)


def _stores_in_place(kernel: Kernel, label: str) -> bool:
    """Does the kernel touch the state `label` only at the point that it then stores, and not before all sums are
    done?"""
    place = tuple(a.index for a in kernel.axes)
    slots = {k for k, o in enumerate(kernel.operands) if old_name(o.buffer) == label}
    if kernel.value is not None and any(n.op == "read" and n.attribute[0] in slots for n in walk(kernel.value)):
        return False
    reads = (node for store in kernel.stores for node in walk(store.value) if node.op == "read")
    return all(node.attribute[1] == place for node in reads if node.attribute[0] in slots)


def rename(kernel: Kernel, names: Mapping[str, str]) -> Kernel:
    """The kernel over buffers of other names."""
    if not any(o.buffer in names for o in kernel.operands):
        return kernel
    return replace(kernel, operands=tuple(replace(o, buffer=names.get(o.buffer, o.buffer)) for o in kernel.operands))

"""Which ops share a loop nest? Graph -> kernels over named buffers, in an order in which they can run.

Elementwise ops and movements are written into the loops that read them, elementwise consumers become the epilogue of a
reduction, updates of one parameter become one kernel; loops and branches: see `control`. Decides what is kept in
memory; not loop order, tiles, addresses.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from fanlight.ir import dim as dims
from fanlight.ir.control import Choice, Iteration
from fanlight.ir.graph import Constant, Graph, Input, Item, Leaf, SizeOf, State, Value
from fanlight.ir.kernel import Branch, Kernel, Loop, Nest, Operand, Step, Store, dense, make_axes
from fanlight.ir.scalar import accumulator, index, walk
from fanlight.ir.types import Type
from fanlight.lowering.control import Bodies
from fanlight.lowering.inline import Home, Inliner, Place, Scope
from fanlight.lowering.merge import merge_step, merge_updates
from fanlight.lowering.order import CycleError, new_name, old_name, order_kernels
from fanlight.lowering.scatters import Scatters
from fanlight.lowering.still import is_spread, still_values
from fanlight.lowering.touched import Touched

MAXIMUM_INLINED = 160  # scalar nodes in one expression: beyond it, recomputing and code size cost more than a buffer
MOST_INLINED = 480  # the same, of all that one op reads: a function takes 1,000 arrays at most
DEEPEST = 40  # ops in a row inlined into each other: substitution is recursive
CHEAP = 2  # arithmetic nodes that may be recomputed by several readers instead of being kept


@dataclass(frozen=True, slots=True)
class Fused:
    """One function as kernels. `buffers` gives type and space of every buffer; state buffers are called by the state's
    name."""

    kernels: tuple[Step, ...]
    buffers: Mapping[str, tuple[Type, str]]
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    writes: frozenset[str]
    guard: str
    guard_after: int


def fuse(graph: Graph, prefix: str) -> Fused:
    """`graph` as kernels over buffers whose names begin with `prefix`."""
    return in_place_or_not(lambda: Fusion(graph, prefix))


def in_place_or_not(fusion: Callable[[], Fusion]) -> Fused:
    try:
        return fusion().run(in_place=True)
    except CycleError:  # updates that need each other's old values, such as a swap, go through buffers of their own
        return fusion().run(in_place=False)


class Fusion:
    """Fuses one graph. Of a body, `around` is the fusion of the graph around it, `slices` says what its inputs are
    there, `carried` in which buffers its state lies, and `results` where its outputs belong."""

    def __init__(
        self,
        graph: Graph,
        prefix: str,
        around: Fusion | None = None,
        slices: Mapping[int, tuple[Value, Place]] | None = None,
        carried: Mapping[str, str] | None = None,
        results: Mapping[str, Home] | None = None,
    ):
        self.graph, self.prefix = graph, prefix
        self.users: dict[int, list[Value]] = {id(v): [] for v in graph.order}
        for value in graph.order:
            for x in value.inputs:
                self.users[id(x)].append(value)
        outer = around.scope if around else Scope({}, {}, {})
        self.root_prefix: str = around.root_prefix if around else prefix
        self.homes: dict[int, Home] = {}  # of the values that lie in buffers
        self.nests: dict[int, Nest] = {}
        self.scope = Scope(
            ChainMap(self.homes, dict(outer.homes)),
            ChainMap(self.nests, dict(outer.nests)),
            {**outer.slices, **(slices or {})},
        )
        self.is_body = around is not None
        self.carried = carried or {}
        self.results = results or {}
        self.wanted = {id(graph.outputs[label]): home for label, home in reversed(list(self.results.items()))}
        self.pending: dict[int, Value] = {}  # value -> the reduction whose epilogue it is part of
        self.weight: dict[int, int] = {}  # value -> scalar nodes that inlining it costs
        self.depth: dict[int, int] = {}  # value -> ops on the longest way to a kept one
        self.buffers: dict[str, tuple[Type, str]] = {}
        self.still = frozenset() if around else still_values(graph)
        self.bodies = Bodies(self)
        self.scatters = Scatters(self)

    def run(self, in_place: bool) -> Fused:
        inputs = {}
        for value in self.graph.order:
            if isinstance(value.op, Leaf) and id(value) not in self.scope.slices:
                is_input = isinstance(value.op, Input)
                name = self.prefix + value.op.label if is_input else self.state_buffer(value.op.label)
                self.homes[id(value)] = Home(name, value.type)
                self.buffers[name] = (value.type, "input" if is_input else "arena" if self.is_body else "state")
                if is_input:
                    inputs[value.op.label] = name
        roots = {id(v) for v in self.graph.roots}
        for value in self.graph.order:
            if not isinstance(value.op, (Leaf, Constant, SizeOf)):
                self._decide(value, id(value) in roots)
        kernels: list[Step] = []
        for value in self.graph.order:
            if isinstance(value.op, Iteration | Choice):
                kernels += self.bodies.steps(value)
            elif id(value) in self.homes and not isinstance(value.op, (Leaf, Item)):
                is_scatter = self.nests[id(value)].kind == "scatter"
                kernels += self.scatters.steps(value, in_place) if is_scatter else [self._kernel(value)]
        outputs = self._outputs(kernels)
        kernels, writes = self._writes(kernels, in_place)
        guard = self._guard(kernels)
        kept = frozenset(home.buffer for home in self.results.values()).union(new_name(w) for w in writes)
        kernels = merge_step(kernels, kept | {guard}) if self.is_body else merge_updates(kernels, kept)
        ordered, guard_after = order_kernels(kernels, frozenset(writes), guard)
        final = {new_name(w): w for w in writes} | self.bodies.final_names()
        ordered = [rename(step, final | self.scatters.final_names()) for step in ordered]
        used = {b for step in ordered for b in step.touched} | set(inputs.values()) | writes
        for name, entry in list(self.buffers.items()):
            if name in final and entry[1] != "state":
                self.buffers[final[name]] = entry
        buffers = {name: entry for name, entry in self.buffers.items() if name in used}
        outputs = {label: final.get(buffer, buffer) for label, buffer in outputs.items()}
        guard = final.get(guard, guard)
        return Fused(tuple(ordered), buffers, inputs, outputs, frozenset(writes), guard, guard_after)

    def state_buffer(self, label: str) -> str:
        return self.carried.get(label, label)

    # --- what is kept in memory

    def _decide(self, value: Value, is_root: bool) -> None:
        """Keeps `value` in a buffer of its own, or leaves it to be written into its readers."""
        if isinstance(value.op, Iteration | Choice):
            self.bodies.decide(value)
            return
        if isinstance(value.op, Item):
            self.homes[id(value)] = self.bodies.home(value)
            return
        nest = value.op.nest(*(x.type for x in value.inputs))
        self.nests[id(value)] = nest
        weight = sum(1 for node in walk(nest.value) if node.args)
        if weight + sum(self.weight.get(id(x), 0) for x in value.inputs if id(x) not in self.homes) > MOST_INLINED:
            for x in value.inputs:
                if self.weight.get(id(x), 0):
                    self.keep(x)
        held = [x for x in value.inputs if self.is_pending(x)]
        if nest.reduce or not value.op.elementwise:
            for x in held:
                self.keep(x)
            held = []
        for x in held[1:]:  # an epilogue belongs to one reduction
            if self.pending[id(x)] is not self.pending[id(held[0])]:
                self.keep(x)
        weight += sum(self.weight.get(id(x), 0) for x in value.inputs if id(x) not in self.homes)
        self.weight[id(value)] = weight
        inlined = [x for x in value.inputs if id(x) not in self.homes]
        self.depth[id(value)] = 1 + max((self.depth.get(id(x), 0) for x in inlined), default=0)
        if nest.reduce:
            self.pending[id(value)] = value
            self.weight[id(value)] = 0
            for x in value.inputs:
                if id(x) not in self.homes and not self._may_prologue(x, value, nest):
                    self.keep(x)
        elif held:
            self.pending[id(value)] = self.pending[id(held[0])]
        is_table = weight > 0 and id(value) in self.still and is_spread(value, self.users[id(value)])
        if is_root or is_table or nest.kind == "scatter" or self._must_keep(value, weight):
            self.keep(value)

    def is_pending(self, value: Value) -> bool:
        """Is it part of a reduction's epilogue that is not stored yet?"""
        return id(value) in self.pending and id(value) not in self.homes

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
        inliner = Inliner(self.scope, None, None)
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

    def keep(self, value: Value) -> None:
        if id(value) in self.homes:
            return
        home = self.wanted.get(id(value))
        if home is None:
            home = Home(self.fresh(value.op.name), value.type)
            self.buffers[home.buffer] = (value.type, "arena")
        self.homes[id(value)] = home

    def fresh(self, name: str) -> str:
        return f"{self.prefix}{name}_{len(self.homes)}"

    # --- kernels

    def _kernel(self, root: Value) -> Kernel:
        pending = self.pending.get(id(root))
        inliner = Inliner(self.scope, root, pending)
        axes = make_axes(root.shape)
        place = tuple(a.index for a in axes)
        kind, value, reduce, combine, stored = "map", None, (), "", None
        if pending is not None:
            nest = self.nests[id(pending)]
            kind, reduce, combine = nest.kind or "reduce", nest.reduce, nest.combine
            if nest.kind:  # it says itself where it stores
                axes, place = nest.axes, nest.place
            value = inliner.body(pending, tuple(a.index for a in axes))
            stored = (nest.result or accumulator(root.dtype)) if root is pending else None
        stored = inliner.body(root, place) if stored is None else stored
        home = self.homes[id(root)]
        slot = inliner.slot(home.buffer, home.type, fresh=True)
        return Kernel(
            name=home.buffer.removeprefix(self.root_prefix),
            kind=kind,
            axes=axes,
            operands=tuple(inliner.operands),
            stores=(Store(slot, (*home.lead, *place), stored),),
            value=value,
            reduce=reduce,
            combine=combine,
        )

    def copy(self, value: Value, home: Home, space: str = "arena") -> Kernel:
        """A kernel that writes a leaf, constant, or what lies elsewhere or nowhere yet, to `home`."""
        self.buffers.setdefault(home.buffer, (home.type, space))
        inliner = Inliner(self.scope, None, None)
        axes = make_axes(value.shape)
        place = tuple(a.index for a in axes)
        stored = inliner.element(value, place)
        slot = inliner.slot(home.buffer, home.type, fresh=True)
        store = Store(slot, (*home.lead, *place), stored)
        name = f"copy_{home.buffer.removeprefix(self.root_prefix).split('/')[-1]}"
        return Kernel(name, "map", axes, tuple(inliner.operands), (store,))

    def is_computed(self, value: Value) -> bool:
        """Does a kernel, loop or branch of this graph write it to a buffer?"""
        return id(value) in self.homes and not isinstance(value.op, Leaf)

    def _guard(self, kernels: list[Step]) -> str:
        """The buffer that holds the guard, or "" for none."""
        value = self.graph.guard
        if value is None:
            return ""
        if not self.is_computed(value) or self.homes[id(value)].lead:
            kernels.append(self.copy(value, Home(self.prefix + "guard", value.type)))
            return self.prefix + "guard"
        return self.homes[id(value)].buffer

    def _outputs(self, kernels: list[Step]) -> dict[str, str]:
        """Gives every output a buffer of its own, renaming where the value's buffer is free for it. The outputs of a
        body go where they belong."""
        outputs: dict[str, str] = {}
        for label, home in self.results.items():
            if not self.is_computed(self.graph.outputs[label]) or self.homes[id(self.graph.outputs[label])] != home:
                kernels.append(self.copy(self.graph.outputs[label], home))
        for label, value in self.graph.outputs.items() if not self.is_body else ():
            buffer = self.homes[id(value)].buffer if id(value) in self.homes else ""
            if buffer and self.buffers[buffer][1] == "arena" and buffer not in outputs.values():
                self.buffers[buffer] = (value.type, "output")
            else:
                buffer = f"{self.prefix}output/{label}"
                kernels.append(self.copy(value, Home(buffer, value.type), "output"))
            outputs[label] = buffer
        return outputs

    def _writes(self, kernels: list[Step], in_place: bool) -> tuple[list[Step], set[str]]:
        """Lets the kernel that computes a new state value store it in place where that is legal; else adds a copy.

        Until the order is settled the new content of state `s` is called `new_name(s)`, to tell its readers from those
        of the old."""
        writes: set[str] = set()
        found = Touched(kernels)
        space = "arena" if self.is_body else "state"
        for label, value in self.graph.writes.items():
            if isinstance(value.op, State) and value.op.label == label:
                continue  # written with its own old value
            target = self.state_buffer(label)
            writes.add(target)
            self.buffers[target] = (value.type, space)
            new = Home(new_name(target), value.type)
            source = self.homes.get(id(value))
            producer = found.writer(source.buffer) if source else None
            may_store = in_place and self.scatters.may_store(value, producer)
            if may_store and source and isinstance(producer, Kernel) and _stores_in_place(producer, target):
                if source.buffer not in self.buffers or self.buffers[source.buffer][1] != "arena":
                    if also := also_stored(producer, source, new):
                        found.replace_writer(source.buffer, also)
                        self.buffers[new.buffer] = (value.type, space)
                        continue
                elif not source.lead:
                    found.rename(source.buffer, new.buffer, rename)
                    self.homes[id(value)] = new
                    self.buffers[new.buffer] = (value.type, space)
                    continue
            if producer is None:
                next_home = Home(f"{self.prefix}next/{label}", value.type)
                found.append(self.copy(value, next_home))
                self.homes[id(value)] = next_home
            found.append(self.copy(value, new, space))
        return found.kernels, writes


def is_product(nest: Nest) -> bool:
    """Is it a sum of products of two operands: a matrix product or a convolution?"""
    return nest.combine == "add" and nest.value.op == "mul" and all(a.op == "read" for a in nest.value.args)


def _stores_in_place(kernel: Kernel, label: str) -> bool:
    """Does the kernel touch the state `label` only at the point that it then stores, and not before all sums are
    done?"""
    slots = {k for k, o in enumerate(kernel.operands) if old_name(o.buffer) == label}
    place = tuple(a.index for a in kernel.axes)
    before = [] if kernel.value is None else [kernel.value]
    if kernel.kind == "scatter":
        (store,) = kernel.stores
        place, before = store.indices, [index(each) for each in store.indices]
    if any(n.op == "read" and n.attribute[0] in slots for root in before for n in walk(root)):
        return False
    reads = (node for store in kernel.stores for node in walk(store.value) if node.op == "read")
    return all(node.attribute[1] == place for node in reads if node.attribute[0] in slots)


def also_stored(kernel: Kernel, source: Home, new: Home) -> Kernel | None:
    """The kernel that stores what it stores at `source` at `new` too, or None: products have one store."""
    if kernel.value is not None:
        return None
    stores = [s for s in kernel.stores if kernel.operands[s.slot].buffer == source.buffer]
    if len(stores) != 1:
        return None
    place = stores[0].indices[len(source.lead) :]
    operand = Operand(new.buffer, new.type, dense(new.type))
    store = Store(len(kernel.operands), place, stores[0].value)
    return replace(kernel, operands=(*kernel.operands, operand), stores=(*kernel.stores, store))


def rename(step: Step, names: Mapping[str, str]) -> Step:
    """The kernel, loop or branch over buffers of other names."""
    if step.touched.isdisjoint(names):
        return step
    if isinstance(step, Kernel):
        return renamed(step, names)
    if isinstance(step, Loop):
        return replace(
            step,
            steps=tuple(rename(each, names) for each in step.steps),
            carries=tuple(names.get(buffer, buffer) for buffer in step.carries),
            guard=names.get(step.guard, step.guard),
        )
    sides = (tuple(rename(each, names) for each in side) for side in (step.yes, step.no))
    return Branch(step.name, names.get(step.condition, step.condition), *sides)


def renamed(kernel: Kernel, names: Mapping[str, str]) -> Kernel:
    return replace(kernel, operands=tuple(replace(o, buffer=names.get(o.buffer, o.buffer)) for o in kernel.operands))

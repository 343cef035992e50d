"""Where does a scatter change its operand? In place, if nothing else needs what was there; else in a copy of it.

In: the scatters of one graph while it is fused. Out: their kernels. What a buffer holds before and after has two names
until the order of the kernels is settled, since the order is found by names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fanlight.ir.graph import Item, Leaf, State, Value
from fanlight.ir.kernel import Kernel, Step, Store
from fanlight.ir.scalar import Scalar, index, read, rebuild
from fanlight.lowering.inline import Home, Inliner

if TYPE_CHECKING:
    from fanlight.lowering.fuse import Fusion

_BEFORE = "-"  # behind the name of a result's buffer, for what it holds before the scatter


class Scatters:
    """The scatters of one graph."""

    def __init__(self, fusion: Fusion):
        self.fusion = fusion
        self.renamed: dict[str, str] = {}  # buffer before a scatter -> the same buffer after it
        self.in_state: set[int] = set()  # scatters into the very state that they are written to

    def final_names(self) -> dict[str, str]:
        """What the buffers before scatters are called where before and after need no longer be told apart."""
        found: dict[str, str] = {}
        for name, after in reversed(self.renamed.items()):  # what comes after was renamed later
            found[name] = found.get(after, after)
        return found

    def may_store(self, value: Value, producer: Step | None) -> bool:
        """May the kernel that computes `value` store it as new state at once? A scatter changes what lies there."""
        return not isinstance(producer, Kernel) or producer.kind != "scatter" or id(value) in self.in_state

    def steps(self, value: Value, in_place: bool) -> list[Step]:
        """The kernel that scatters, behind one that copies where it must."""
        fusion, x, home = self.fusion, value.inputs[0], self.fusion.homes[id(value)]
        if in_place and isinstance(x.op, State) and self._is_only_written(value, x.op.label):
            kernel, buffer = self._kernel(value, fusion.homes[id(x)]), fusion.homes[id(x)].buffer
            # An update that is computed from the old state must not see what an earlier one has stored.
            if sum(1 for operand in kernel.operands if operand.buffer == buffer) == 1:
                self.in_state.add(id(value))
                return [kernel]
        if self._is_free(x) and id(value) not in fusion.wanted:
            self.renamed[fusion.homes[id(x)].buffer] = home.buffer
            return [self._kernel(value, fusion.homes[id(x)])]
        before = Home(home.buffer + _BEFORE, home.type, home.lead)
        self.renamed[before.buffer] = home.buffer
        return [fusion.copy(x, before), self._kernel(value, before)]

    def _is_only_written(self, value: Value, label: str) -> bool:
        """Is `value` the new content of this state and nothing else?"""
        graph = self.fusion.graph
        written = [name for name, each in graph.writes.items() if each is value]
        others = [*graph.outputs.values(), graph.guard]
        return written == [label] and not any(each is value for each in others)

    def _is_free(self, x: Value) -> bool:
        """Does x lie in a buffer of its own that nothing but one scatter reads?"""
        fusion = self.fusion
        home = fusion.homes.get(id(x))
        if home is None or home.lead or isinstance(x.op, Leaf | Item) or id(x) in fusion.wanted:
            return False
        uses = [each for user in fusion.users[id(x)] for each in user.inputs if each is x]
        return len(uses) == 1 and not any(x is root for root in fusion.graph.roots)

    def _kernel(self, value: Value, before: Home) -> Kernel:
        """The kernel of a scatter whose operand 0 lies at `before`."""
        fusion, home = self.fusion, self.fusion.homes[id(value)]
        inliner, nest = Inliner(fusion.scope, None, None), fusion.nests[id(value)]
        # An operand also where it is not read, since it must be there before; what updates read of it is another one.
        current = inliner.slot(before.buffer, before.type, fresh=True)

        def leaf(node: Scalar) -> Scalar | None:
            if node.op != "read":
                return None
            slot, place = node.attribute
            if slot == 0:
                return read(current, (*before.lead, *place), node.dtype)
            return inliner.element(value.inputs[slot], place)

        stored = rebuild(nest.value, leaf)
        place = tuple(rebuild(index(each), leaf).attribute for each in nest.place)
        slot = inliner.slot(home.buffer, home.type, fresh=True)
        store = Store(slot, (*home.lead, *place), stored)
        name = home.buffer.removeprefix(fusion.root_prefix)
        return Kernel(name, "scatter", nest.axes, tuple(inliner.operands), (store,))

"""How does a loop or branch become steps? Its bodies are fused like functions, over buffers of what is around them.

Carries lie in one buffer each, filled before the loop and updated in place inside; slices are read, and stacked results
stored, where they lie in the whole array. A value that costs nothing to compute (a transpose, say) is read through.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from fanlight.ir.control import Choice, Iteration
from fanlight.ir.graph import Graph, Leaf, Value
from fanlight.ir.kernel import Branch, Loop, Step
from fanlight.ir.types import Types
from fanlight.lowering.inline import Home, Place

if TYPE_CHECKING:
    from fanlight.lowering.fuse import Fused, Fusion

_AFTER = "+"  # behind the name of a carry's buffer, to tell what it holds after the loop from what it held before


class Bodies:
    """The loops and branches of one graph while it is fused."""

    def __init__(self, fusion: Fusion):
        self.fusion = fusion
        self.names: dict[int, str] = {}  # loop or branch -> the name that its buffers begin with
        self.members: dict[int, list[Home]] = {}  # loop or branch -> where its results lie
        self.carries: dict[int, list[str]] = {}  # loop -> the buffers of its carries before it
        self.adopted: dict[int, set[int]] = {}  # loop -> carries that start in the buffer of their initial value
        self.renamed: dict[str, str] = {}

    def final_names(self) -> dict[str, str]:
        """What the carries after a loop are called where before and after need no longer be told apart."""
        found: dict[str, str] = {}
        for new in self.renamed:
            old = new
            while old in self.renamed:
                old = self.renamed[old]
            found[new] = old
        return found

    def home(self, item: Value) -> Home:
        return self.members[id(item.inputs[0])][item.op.index]  # type: ignore[attr-defined]

    def decide(self, value: Value) -> None:
        """Says where the results will lie, and keeps in memory what the bodies read and is not free to compute."""
        fusion, op = self.fusion, value.op
        assert isinstance(value.type, Types)
        name = f"{fusion.prefix}{op.name}_{len(fusion.homes) + len(self.names)}"
        self.names[id(value)] = name
        initial = len(op.carries) if isinstance(op, Iteration) else 0
        for x in value.inputs:
            if fusion.is_pending(x):
                fusion.keep(x)
        for x in value.inputs[initial:]:
            if fusion.weight.get(id(x), 0):
                fusion.keep(x)
        homes: list[Home] = []
        for k, type in enumerate(value.type.members):
            if isinstance(op, Iteration) and k < initial:
                buffer = self._adopt(value, k) or f"{name}/{op.carries[k]}"
                fusion.buffers.setdefault(buffer, (type, "arena"))
                self.carries.setdefault(id(value), []).append(buffer)
                if self._is_kept(op, k):
                    homes.append(Home(buffer, type))
                    continue
                self.renamed[buffer + _AFTER] = buffer
                buffer += _AFTER
            else:
                buffer = f"{name}/{k}"
            fusion.buffers[buffer] = (type, "arena")
            homes.append(Home(buffer, type))
        self.members[id(value)] = homes

    @staticmethod
    def _is_kept(op: Iteration, number: int) -> bool:
        """Does the body leave this carry as it is?"""
        label = op.carries[number]
        new = op.body.writes[label].op
        return isinstance(new, Leaf) and new.label == label and new.name == "state"

    def _adopt(self, value: Value, number: int) -> str | None:
        """The buffer of a carry's initial value, where nothing else needs it; else None, and it is copied."""
        fusion, x = self.fusion, value.inputs[number]
        home = fusion.homes.get(id(x))
        free = home is not None and not home.lead and not isinstance(x.op, Leaf) and fusion.users[id(x)] == [value]
        if not free or home is None or any(x is root for root in fusion.graph.roots):
            return None
        if fusion.buffers.get(home.buffer, (None, ""))[1] != "arena":
            return None
        self.adopted.setdefault(id(value), set()).add(number)
        return home.buffer

    def steps(self, value: Value) -> list[Step]:
        """The kernels that fill the carries, then the loop; or the branch."""
        return self._loop(value, value.op) if isinstance(value.op, Iteration) else self._branch(value)

    def _loop(self, value: Value, op: Iteration) -> list[Step]:
        fusion, before, homes = self.fusion, self.carries.get(id(value), []), self.members[id(value)]
        steps: list[Step] = []
        for k, buffer in enumerate(before):
            if k not in self.adopted.get(id(value), ()):
                steps.append(fusion.copy(value.inputs[k], Home(buffer, value.inputs[k].type)))
        lead: Place = (op.step,)
        results = {
            label: Home(home.buffer, home.type, lead)
            for label, home in zip(op.body.outputs, homes[len(before) :], strict=True)
        }
        slices: dict[int, tuple[Value, Place]] = {}
        for k, (inner, outer) in enumerate(zip(op.body.inputs, value.inputs[len(before) :], strict=True)):
            slices[id(inner)] = (outer, lead if k < op.slices else ())
        carried = {label: homes[k].buffer for k, label in enumerate(op.carries)}
        body = self._fuse(op.body, self.names[id(value)], slices, results, carried)
        name = self.names[id(value)].removeprefix(fusion.root_prefix)
        loop = Loop(name, op.size, op.length, body.kernels, tuple(before), op.reverse, body.guard, body.guard_after)
        return [*steps, loop]

    def _branch(self, value: Value) -> list[Step]:
        fusion, op = self.fusion, value.op
        assert isinstance(op, Choice)
        steps: list[Step] = []
        condition = fusion.homes.get(id(value.inputs[0]))
        if condition is None or condition.lead:
            condition = Home(f"{self.names[id(value)]}/condition", value.inputs[0].type)
            steps.append(fusion.copy(value.inputs[0], condition))
        inputs, sides = list(value.inputs[1:]), []
        for number, graph in enumerate((op.yes, op.no)):
            slices: dict[int, tuple[Value, Place]] = {id(v): (inputs.pop(0), ()) for v in graph.inputs}
            results = dict(zip(graph.outputs, self.members[id(value)], strict=True))
            prefix = f"{self.names[id(value)]}/{('yes', 'no')[number]}"
            sides.append(self._fuse(graph, prefix, slices, results, {}).kernels)
        name = self.names[id(value)].removeprefix(fusion.root_prefix)
        return [*steps, Branch(name, condition.buffer, *sides)]

    def _fuse(
        self,
        graph: Graph,
        prefix: str,
        slices: dict[int, tuple[Value, Place]],
        results: Mapping[str, Home],
        carried: Mapping[str, str],
    ) -> Fused:
        from fanlight.lowering.fuse import Fusion, in_place_or_not

        fused = in_place_or_not(lambda: Fusion(graph, f"{prefix}/", self.fusion, slices, carried, results))
        own = {name: entry for name, entry in fused.buffers.items() if name not in self.fusion.buffers}
        self.fusion.buffers.update(own)
        return fused

"""Which kernels are one? Updates of one parameter (its slots and itself) that run over the same elements become one
kernel.

In and out: kernels. Reads of what an earlier one stored at the same point become the stored expression."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeGuard

from fanlight.ir.kernel import Kernel, Operand, Step, Store
from fanlight.ir.scalar import Scalar, read, rebuild, walk
from fanlight.lowering.order import ancestors, dependencies, old_name
from fanlight.lowering.schedule import drop_unused

LARGEST = 400  # scalar nodes of a joined kernel


def merge_updates(kernels: list[Step], written: frozenset[str]) -> list[Step]:
    """Joins map kernels that write only buffers in `written`, run over equal axes and share an operand that is no
    scalar."""
    result: dict[int, Step] = dict(enumerate(kernels))  # by their first numbers; one that is joined is the earlier's
    updates: list[int] = []
    needs: list[set[int]] | None = None
    for position, kernel in enumerate(kernels):
        if not _is_update(kernel, written) or not kernel.axes:
            continue
        for k in updates:
            other = result[k]
            assert isinstance(other, Kernel)
            if _joinable(other, kernel) and _size(other) + _size(kernel) <= LARGEST:
                needs = _needs(kernels) if needs is None else needs
                if not _apart(needs, k, position):
                    result[k] = _join(other, kernel)
                    del result[position]
                    _unite(needs, k, position)
                    break
        else:
            updates.append(position)
    return list(result.values())


def _unite(needs: list[set[int]], kept: int, gone: int) -> None:
    """Lets `kept` stand for `gone` too: it needs what both need, and is needed where either is."""
    needs[kept] |= needs[gone]
    needs[gone] = set()
    for each in needs:
        if gone in each:
            each.remove(gone)
            each.add(kept)
    needs[kept].discard(kept)


def merge_step(kernels: list[Step], kept: frozenset[str]) -> list[Step]:
    """Joins the map kernels of a loop's step: each call costs, and arrays are small. Of the results, those in `kept`
    and those that another step reads are stored."""
    joined = merge_updates(kernels, frozenset[str]().union(*(step.written for step in kernels), kept))
    found: list[Step] = []
    for step in joined:
        if isinstance(step, Kernel) and len(step.stores) > 1:
            others = frozenset[str]().union(kept, *(each.touched for each in joined if each is not step))
            needed = {k for k, o in enumerate(step.operands) if o.buffer in others}
            stores = tuple(s for s in step.stores if s.slot in needed)
            step = drop_unused(replace(step, stores=stores)) if stores else step
        found.append(step)
    return found


def _is_update(step: Step, written: frozenset[str]) -> TypeGuard[Kernel]:
    return isinstance(step, Kernel) and step.kind == "map" and step.written <= written


def _joinable(first: Kernel, second: Kernel) -> bool:
    """Do they run over equal axes, on a shared operand, and see each other's buffers only at the point they are at?"""
    if [a.extent for a in first.axes] != [a.extent for a in second.axes]:
        return False
    arrays = [{old_name(o.buffer) for o in kernel.operands if o.type.rank} for kernel in (first, second)]
    if arrays[0].isdisjoint(arrays[1]):
        return False
    for one, other in ((second, first), (first, second)):
        touched = {old_name(other.operands[s.slot].buffer): s.indices for s in other.stores}
        slots = {k: touched[old_name(o.buffer)] for k, o in enumerate(one.operands) if old_name(o.buffer) in touched}
        reads = (node for store in one.stores for node in walk(store.value) if node.op == "read")
        if any(node.attribute[1] != slots.get(node.attribute[0], node.attribute[1]) for node in reads):
            return False
    return True


def _needs(kernels: list[Step]) -> list[set[int]]:
    """For each kernel, the kernels before which it cannot run: also those that read old state which it updates."""
    needs = dependencies(kernels)
    touching: dict[str, set[int]] = {}
    for k, kernel in enumerate(kernels):
        for buffer in kernel.touched:
            touching.setdefault(buffer, set()).add(k)
    for k, kernel in enumerate(kernels):
        for buffer in kernel.written:
            if (old := old_name(buffer)) != buffer:
                needs[k] |= touching.get(old, set()) - {k}
    return needs


def _apart(needs: list[set[int]], first: int, second: int) -> bool:
    """Must a third kernel run between the two?"""
    between = [k for k in needs[second] if k != first] + [k for k in needs[first] if k != second]
    return any({first, second} & ancestors(needs, k) for k in between)


def _size(kernel: Kernel) -> int:
    return len({node for store in kernel.stores for node in walk(store.value) if node.args})


def _join(first: Kernel, second: Kernel) -> Kernel:
    operands: list[Operand] = list(first.operands)
    stored = {first.operands[s.slot].buffer: s.value for s in first.stores}
    slots: dict[int, int] = {}
    writes = {s.slot for s in second.stores}
    known = {o.buffer: k for k, o in enumerate(first.operands) if k not in {s.slot for s in first.stores}}
    for k, operand in enumerate(second.operands):
        if k not in writes and operand.buffer in known:
            slots[k] = known[operand.buffer]
        elif k in writes or operand.buffer not in stored:
            slots[k] = len(operands)
            operands.append(operand)

    def leaf(node: Scalar) -> Scalar | None:
        if node.op != "read":
            return None
        buffer = second.operands[node.attribute[0]].buffer
        if buffer in stored:
            return stored[buffer]
        return read(slots[node.attribute[0]], node.attribute[1], node.dtype)

    stores = tuple(Store(slots[s.slot], s.indices, rebuild(s.value, leaf)) for s in second.stores)
    return replace(first, operands=tuple(operands), stores=first.stores + stores, name=f"{first.name}+{second.name}")

"""What do TensorFlow's loops, branches and lists of tensors mean? Loops of few rounds are written out, the others are
the compiler's own.

A list is known by its items while a loop is written out, and else one array of all items.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from fanlight.importers.tensorflow.rules.table import op
from fanlight.ir import dim as dims
from fanlight.ir.graph import Value
from fanlight.ops import functions as fn
from fanlight.ops.known import known

FEW = 4  # rounds that are written out
MOST_ROUNDS = 1 << 16  # that are counted before anything is computed


@dataclass(frozen=True)
class TensorList:
    """A list of tensors: `whole` has them one after the other along its first axis; until the first one is written
    only their number and dtype are known."""

    length: Any
    dtype: str
    whole: Value | None = None
    shape: tuple[Any, ...] | None = None  # of an item, with None for what is unknown


@op("Region")
def region(use: Any) -> tuple[Value, ...]:
    return tuple(use.run(use["graph"], []))


# Loops and branches


@op("While", "StatelessWhile", note="rounds that shapes and constants tell, or no lists that grow")
def loop(use: Any, *values: Any) -> tuple[Any, ...]:
    rounds = count(use, values)
    if rounds is not None and rounds <= FEW:
        for _ in range(rounds):
            values = tuple(use.run(use["body"], values))
        return values
    starts = begun(use, values)
    parts, build = taken_apart(starts)

    def step(*carried: Value) -> tuple[Value, ...]:
        results, _ = taken_apart(use.run(use["body"], build(carried)))
        return tuple(fn.reshape(fn.cast(y, x.dtype), x.shape) for x, y in zip(carried, results, strict=True))

    if rounds is not None:
        last, _ = fn.scan(lambda carry, _: (step(*carry), None), tuple(parts), None, rounds)
        return build(last)

    def goes_on(*carried: Value) -> Value:
        return fn.reshape(use.run(use["cond"], build(carried))[0], ())

    return build(fn.while_loop(goes_on, step, tuple(parts)))


def count(use: Any, values: Sequence[Any]) -> int | None:
    """How many rounds a loop has, if that is known before: what its condition needs is followed round by round."""
    condition, body = use["cond"], use["body"]
    names = [slot.name for slot in condition.inputs]
    ends = [slot.name for slot in body.outputs]
    needed = {name for name in reads_of(condition, [slot.name for slot in condition.outputs]) if name in names}
    inner = dict(zip([slot.name for slot in body.inputs], names, strict=True))
    while True:
        wanted = [ends[names.index(name)] for name in sorted(needed)]
        more = {inner[name] for name in reads_of(body, wanted) if name in inner} - needed
        if not more:
            break
        needed |= more
    places = [names.index(name) for name in sorted(needed)]
    state = {k: values[k] for k in places}
    if any(isinstance(x, TensorList) or known(x) is None for x in state.values()):
        return None
    short_body = replace(body, outputs=tuple(body.outputs[k] for k in places))
    short_body = replace(short_body, nodes=nodes_for(short_body, [ends[k] for k in places]))
    spare = fn.full((), 0, "int32")
    for rounds in range(MOST_ROUNDS):
        current = [state.get(k, spare) for k in range(len(names))]
        answer = known(use.run(condition, current)[0])
        if answer is None:
            return None
        if not bool(answer.all()):
            return rounds
        state = dict(zip(places, use.run(short_body, current), strict=True))
        if any(isinstance(x, TensorList) or known(x) is None for x in state.values()):
            return None
    raise use.refuse(f"at most {MOST_ROUNDS} rounds", "more")


def nodes_for(graph: Any, wanted: Sequence[str]) -> tuple[Any, ...]:
    """The nodes of a graph that make these tensors."""
    missing, kept = set(wanted), []
    for node in reversed(graph.nodes):
        if missing & set(node.outputs):
            kept.append(node)
            missing |= set(node.reads)
    return tuple(reversed(kept))


def reads_of(graph: Any, wanted: Sequence[str]) -> set[str]:
    """Everything that these tensors are made of, by name, themselves included."""
    return {*wanted, *(name for node in nodes_for(graph, wanted) for name in node.reads)}


def begun(use: Any, values: Sequence[Any]) -> list[Any]:
    """The values with which a loop begins. Of lists whose items are unknown, the first round tells the items' shape."""
    if not any(isinstance(x, TensorList) and x.whole is None for x in values):
        return list(values)
    after = use.run(use["body"], values)
    found = []
    for x, y in zip(values, after, strict=True):
        if isinstance(x, TensorList) and x.whole is None:
            if y.whole is None:
                raise use.refuse("lists that a round writes to", "one that it only passes on")
            x = replace(x, whole=fn.zeros(y.whole.shape, y.whole.dtype), shape=y.shape)
        found.append(x)
    return found


def taken_apart(values: Sequence[Any]) -> tuple[list[Value], Any]:
    """Lists as arrays, and how they are made lists again."""
    parts: list[Any] = [x.whole if isinstance(x, TensorList) else x for x in values]

    def build(arrays: Sequence[Value]) -> tuple[Any, ...]:
        pairs = zip(values, arrays, strict=True)
        return tuple(replace(x, whole=y) if isinstance(x, TensorList) else y for x, y in pairs)

    return parts, build


@op("If", "StatelessIf")
def branch(use: Any, condition: Value, *values: Any) -> tuple[Any, ...]:
    sides = use["then_branch"], use["else_branch"]
    condition = fn.not_equal(fn.reshape(condition, ()), 0) if condition.dtype != "bool" else fn.reshape(condition, ())
    content = known(condition)
    if content is not None:
        return tuple(use.run(sides[0] if content.item() else sides[1], values))
    yes, no = (lambda side=side: tuple(use.run(side, values)) for side in sides)
    return tuple(fn.cond(condition, yes, no))


@op("Side")
def side(use: Any, condition: Value, yes: Value, no: Value) -> Value:
    """What a Merge gives of two sides that are both computed."""
    content = known(condition)
    if content is not None:
        return yes if content.item() else no
    return fn.where(condition, yes, no)


@op("Case", "StatelessCase")
def case(use: Any, index: Value, *values: Any) -> tuple[Any, ...]:
    sides = use["branches"]
    content = known(index)
    if content is not None:
        number = int(content.item())
        return tuple(use.run(sides[number if 0 <= number < len(sides) else -1], values))
    inside = fn.logical_and(fn.greater_equal(index, 0), fn.less(index, len(sides)))
    number = fn.where(inside, index, len(sides) - 1)
    return tuple(fn.switch(number, [lambda side=side: tuple(use.run(side, values)) for side in sides]))


# Lists


def item_shape(use: Any, shape: Value) -> tuple[Any, ...] | None:
    """The shape of an item as an operand says it; None where its rank is unknown."""
    content = known(shape)
    if content is None or content.ndim == 0:
        return None
    return tuple(None if isinstance(n, int) and n < 0 else n for n in (use.dims(shape, "a shape")))


@op("TensorListReserve", settings=(0, 1))
def reserve(use: Any, shape: Value, length: Value) -> TensorList:
    (count_,) = use.dims(fn.reshape(length, (1,)), "a length")
    item, dtype = item_shape(use, shape), use["element_dtype"]
    whole = None
    if item is not None and None not in item:
        whole = fn.zeros((count_, *item), dtype)
    return TensorList(count_, dtype, whole, item)


@op("TensorListFromTensor", settings=(1,))
def from_tensor(use: Any, x: Value, shape: Value) -> TensorList:
    return TensorList(x.shape[0], x.dtype, x, x.shape[1:])


def checked(use: Any, found: Any) -> TensorList:
    if not isinstance(found, TensorList):
        raise use.error("a list of tensors", found)
    return found


@op("TensorListGetItem", settings=(2,))
def get_item(use: Any, found: Any, index: Value, shape: Value) -> Value:
    whole = checked(use, found).whole
    if whole is None:
        raise use.refuse("items that were written before", "an empty list")
    return fn.take(whole, fn.reshape(index, ()), axis=0)


@op("TensorListSetItem")
def set_item(use: Any, found: Any, index: Value, item: Value) -> TensorList:
    found = checked(use, found)
    whole = found.whole
    if use["resize_if_index_out_of_bounds"]:
        found = grown(use, found, index, item)
        whole = found.whole
    if found.length == 1:
        return replace(found, whole=fn.reshape(item, (1, *item.shape)), shape=item.shape)
    if whole is None:
        whole = fn.zeros((found.length, *item.shape), item.dtype)
    start = (fn.cast(fn.reshape(index, ()), "int32"), *[fn.full((), 0, "int32")] * item.rank)
    changed = fn.slice_update(whole, fn.stack(list(start)), fn.reshape(item, (1, *item.shape)))
    return replace(found, whole=changed, shape=item.shape)


def grown(use: Any, found: TensorList, index: Value, item: Value) -> TensorList:
    """The list with so many items that there is one of this number."""
    number = known(fn.reshape(index, ()))
    if number is None or not isinstance(found.length, int):
        raise use.refuse("lists that grow by numbers that constants tell", "one by what depends on data")
    length = max(found.length, int(number) + 1)
    more = fn.zeros((length - found.length, *item.shape), item.dtype)
    whole = more if found.whole is None or not found.length else fn.concatenate([found.whole, more], 0)
    return replace(found, length=length, whole=whole, shape=item.shape)


@op("TensorListStack", settings=(1,))
def stack(use: Any, found: Any, shape: Value) -> Value:
    found = checked(use, found)
    if found.whole is None:
        raise use.refuse("items that were written", "an empty list")
    return found.whole


@op("TensorListGather", settings=(2,))
def gather(use: Any, found: Any, indices: Value, shape: Value) -> Value:
    return fn.take(stack(use, found, shape), indices, axis=0)


@op("TensorListConcat", "TensorListConcatV2")
def concat(use: Any, found: Any, *_: Value) -> tuple[Value, Value]:
    """The items one after another, and how long each is along its first axis: all have one shape here."""
    whole = stack(use, found, fn.full((), 0, "int32"))
    if whole.rank < 2:
        raise use.error("items of at least one axis", whole.type)
    count_, length_, *rest = whole.shape
    lengths = fn.broadcast_to(fn.cast(fn.size_of(length_), "int64"), (count_,))
    return fn.reshape(whole, (count_ * length_, *rest)), lengths


@op("TensorListLength")
def length(use: Any, found: Any) -> Value:
    count_ = checked(use, found).length
    return fn.full((), count_, "int32") if not isinstance(count_, dims.Dim) else fn.cast(fn.size_of(count_), "int32")

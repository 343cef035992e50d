"""What do TensorFlow's loops and branches mean? Loops of few rounds are written out, the others are the compiler's own.

A list keeps its length through a loop of the compiler's own; a loop in which one grows is written out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from fanlight.importers.graphs.records import Slot, walk
from fanlight.importers.tensorflow.rules.lists import WAY_OUT, TensorList, checked, described
from fanlight.importers.tensorflow.rules.table import op
from fanlight.ir.graph import Value
from fanlight.ops import functions as fn
from fanlight.ops.known import SHORT, known, written

FEW = 4  # rounds that are written out
MOST_WRITTEN = 64  # of a loop in which a list grows
WRITING = ("TensorListSetItem", "TensorArrayWriteV3")
GROWING = ("TensorListPushBack", "TensorListPopBack", "TensorListResize")
MOST_WRITTEN_OUT = 1024  # of all loops of a graph: loops inside each other multiply theirs
MOST_PLAIN = 256  # the same, of loops that the compiler has too
MOST_ROUNDS = 1 << 16  # that are counted before anything is computed, of all loops together


@op("Region")
def region(use: Any) -> tuple[Value, ...]:
    return tuple(use.run(use["graph"], []))


# Loops


@op("While", "StatelessWhile", note="rounds that shapes and constants tell, or no lists that grow")
def loop(use: Any, *values: Any) -> tuple[Any, ...]:
    rounds = count(use, values)
    growing = grows(use["body"], values)
    is_short = rounds is not None and rounds <= (MOST_WRITTEN if growing else FEW)
    if rounds is not None and is_short and use.writes_out(rounds, MOST_WRITTEN_OUT if growing else MOST_PLAIN):
        for _ in range(rounds):
            values = tuple(use.run(use["body"], values))
        return values
    if rounds is not None and growing and stays(use, values, rounds):
        fixed = [replace(x, grows=False) if isinstance(x, TensorList) else x for x in values]
        results = loop(replace(use, node=without_growth(use.node)), *fixed)
        pairs = zip(results, values, strict=True)
        return tuple(replace(y, grows=x.grows) if isinstance(y, TensorList) else y for y, x in pairs)
    starts = begun(use, values)
    parts, build = taken_apart(starts)

    def step(*carried: Value) -> tuple[Value, ...]:
        after = use.run(use["body"], build(carried))
        if any(isinstance(x, TensorList) and x.length != y.length for x, y in zip(starts, after, strict=True)):
            if is_short:
                expected = f"at most {MOST_WRITTEN_OUT} rounds of all loops in which lists grow, those inside counted"
                raise use.refuse(f"{expected} each time", "more")
            got = "as many as the data say" if rounds is None else rounds
            raise use.refuse(f"at most {MOST_WRITTEN} rounds where a list grows", got, WAY_OUT)
        if wrong := next((y.wrong for y in after if isinstance(y, TensorList) and y.wrong), None):
            raise wrong
        results, _ = taken_apart(after)
        return tuple(fn.reshape(fn.cast(y, x.dtype), x.shape) for x, y in zip(carried, results, strict=True))

    if rounds is not None:
        last, _ = fn.scan(lambda carry, _: (step(*carry), None), tuple(parts), None, rounds)
        return build(last)

    def goes_on(*carried: Value) -> Value:
        return fn.reshape(use.run(use["cond"], build(carried))[0], ())

    return build(fn.while_loop(goes_on, step, tuple(parts)))


def grows(body: Any, values: Sequence[Any]) -> bool:
    """Whether a list that goes round may become longer in a round."""
    lists = [x for x in values if isinstance(x, TensorList)]
    return bool(lists) and (any(x.grows for x in lists) or any(map(is_growing, walk(body))))


def is_growing(node: Any) -> bool:
    return node.op in GROWING or bool(node.attributes.get("resize_if_index_out_of_bounds"))


def count(use: Any, values: Sequence[Any]) -> int | None:
    """How many rounds a loop has, if that is known before: what its condition needs is followed round by round."""
    condition, body = use["cond"], use["body"]
    names = [slot.name for slot in condition.inputs]
    ends = [slot.name for slot in body.outputs]
    needed = reads_of(condition, [slot.name for slot in condition.outputs])
    places = places_for(body, {k for k, name in enumerate(names) if name in needed})
    state = as_constants({k: values[k] for k in places})
    short_body = replace(body, outputs=tuple(body.outputs[k] for k in places))
    short_body = replace(short_body, nodes=nodes_for(short_body, [ends[k] for k in places]))
    spare = fn.full((), 0, "int32")
    for rounds in range(MOST_ROUNDS):
        use.spent.counted += 1
        if state is None or use.spent.counted > MOST_ROUNDS:
            return None
        current = [state.get(k, spare) for k in range(len(names))]
        answer = known(use.run(condition, current)[0])
        if answer is None:
            return None
        if not bool(answer.all()):
            return rounds
        state = as_constants(dict(zip(places, use.run(short_body, current), strict=True)))
    raise use.refuse(f"at most {MOST_ROUNDS} rounds", "more")


def places_for(body: Any, places: set[int]) -> list[int]:
    """These variables of a loop, and those of which a round makes them."""
    names = {slot.name: k for k, slot in enumerate(body.inputs)}
    while True:
        read = reads_of(body, [body.outputs[k].name for k in sorted(places)])
        more = {names[name] for name in read if name in names} - places
        if not more:
            return sorted(places)
        places = places | more


def stays(use: Any, values: Sequence[Any], rounds: int) -> bool:
    """Whether no write of all rounds is behind the end of a list that goes round, as far as constants tell."""
    body = use["body"]
    lengths = [x.length for x in values if isinstance(x, TensorList)]
    writes = [node.inputs[1] for node in body.nodes if node.op in WRITING]
    inside = [node for node in walk(body) if is_growing(node) or node.op in WRITING]
    if any(node.op not in WRITING for node in inside) or len(inside) > len(writes) or not writes:
        return False
    if not all(isinstance(each, int) for each in lengths):
        return False
    names = [slot.name for slot in body.inputs]
    read = reads_of(body, writes)
    places = places_for(body, {k for k, name in enumerate(names) if name in read})
    state = as_constants({k: values[k] for k in places})
    ends = (*(body.outputs[k] for k in places), *map(Slot, writes))
    short = replace(body, outputs=ends, nodes=nodes_for(body, [slot.name for slot in ends]))
    spare = fn.full((), 0, "int32")
    for _ in range(rounds):
        use.spent.counted += 1
        if state is None or use.spent.counted > MOST_ROUNDS:
            return False
        results = use.run(short, [state.get(k, spare) for k in range(len(names))])
        contents = [known(y) for y in results[len(places) :]]
        if any(each is None or each.size != 1 or not 0 <= each.item() < min(lengths) for each in contents):
            return False
        state = as_constants(dict(zip(places, results, strict=False)))
    return True


def without_growth(node: Any) -> Any:
    """The loop whose writes leave the lists as long as they are."""
    body = node.attributes["body"]
    said = {"resize_if_index_out_of_bounds": False}
    nodes = tuple(
        replace(each, attributes={**each.attributes, **said}) if each.op in WRITING else each for each in body.nodes
    )
    return replace(node, attributes={**node.attributes, "body": replace(body, nodes=nodes)})


def as_constants(state: Mapping[int, Any]) -> dict[int, Value] | None:
    """The same with what is known written down, lest all rounds before are computed again; None where it depends on
    data."""
    found: dict[int, Value] = {}
    for k, x in state.items():
        if isinstance(x, TensorList) or (content := known(x)) is None:
            return None
        found[k] = written(content, x.dtype) if content.size <= SHORT else x
    return found


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
            x = replace(x, whole=fn.zeros(y.whole.shape, y.whole.dtype))
        found.append(x)
    return found


def taken_apart(values: Sequence[Any]) -> tuple[list[Value], Any]:
    """Lists as arrays, and how they are made lists again."""
    parts: list[Any] = [x.whole if isinstance(x, TensorList) else x for x in values]

    def build(arrays: Sequence[Any]) -> tuple[Any, ...]:
        pairs = zip(values, arrays, strict=True)
        return tuple(replace(x, whole=y) if isinstance(x, TensorList) else y for x, y in pairs)

    return parts, build


# Branches


@op("If", "StatelessIf")
def branch(use: Any, condition: Value, *values: Any) -> tuple[Any, ...]:
    sides = use["then_branch"], use["else_branch"]
    condition = fn.not_equal(fn.reshape(condition, ()), 0) if condition.dtype != "bool" else fn.reshape(condition, ())
    content = known(condition)
    if content is not None:
        return tuple(use.run(sides[0] if content.item() else sides[1], values))
    return chosen(use, sides, values, lambda functions: fn.cond(condition, *functions))


@op("Side")
def side(use: Any, condition: Value, yes: Any, no: Any) -> Any:
    """What a Merge gives of two sides that are both computed."""
    content = known(condition)
    if content is not None:
        return yes if content.item() else no
    if isinstance(yes, TensorList) or isinstance(no, TensorList):
        no, yes = alike(use, no, like=yes), alike(use, yes, like=no)
        return yes if yes.whole is None else replace(yes, whole=fn.where(condition, yes.whole, no.whole))
    return fn.where(condition, yes, no)


@op("Case", "StatelessCase")
def case(use: Any, index: Value, *values: Any) -> tuple[Any, ...]:
    sides = [*use.node.graphs.values()]
    if not sides:
        raise use.error("branches", "none")
    content = known(index)
    if content is not None:
        number = int(content.item())
        return tuple(use.run(sides[number if 0 <= number < len(sides) else -1], values))
    inside = fn.logical_and(fn.greater_equal(index, 0), fn.less(index, len(sides)))
    number = fn.where(inside, index, len(sides) - 1)
    return chosen(use, sides, values, lambda functions: fn.switch(number, functions))


Pick = Callable[[list[Callable[[], Any]]], Any]


def chosen(use: Any, sides: Sequence[Any], values: Sequence[Any], pick: Pick) -> tuple[Any, ...]:
    """What one of several graphs gives; `pick` has the compiler take one of functions that give arrays."""
    first: list[Any] = []  # what the first side gives, lists as lists

    @cache
    def filled() -> dict[int, TensorList]:
        """For each result the list of a side that has items."""
        ends = [use.run(each, values) for each in sides]
        return {k: y for end in ends for k, y in enumerate(end) if isinstance(y, TensorList) and y.whole is not None}

    def arrays(graph: Any) -> tuple[Value, ...]:
        results = use.run(graph, values)
        for k, y in enumerate(results):
            if isinstance(y, TensorList) and y.whole is None:
                results[k] = alike(use, y, like=filled().get(k, y))
        if not first:
            first.extend(replace(x, wrong=None) if isinstance(x, TensorList) else x for x in results)
        for k, (x, y) in enumerate(zip(first, results, strict=True)):
            if isinstance(x, TensorList) or isinstance(y, TensorList):
                results[k] = alike(use, y, like=x)
        return tuple(part for part in taken_apart(results)[0] if part is not None)

    made = iter(pick([lambda each=each: arrays(each) for each in sides]))
    parts, build = taken_apart(first)
    return build([None if part is None else next(made) for part in parts])


def alike(use: Any, found: Any, like: Any) -> TensorList:
    """The list of one side, which fits that of another one: with items where that has some."""
    found, like = checked(use, found), checked(use, like)
    if found.whole is None and like.whole is not None:
        found = replace(
            found, whole=fn.zeros((found.length, *like.whole.shape[1:]), like.whole.dtype), shape=like.shape
        )
    types = [None if x.whole is None else x.whole.type for x in (found, like)]
    if found.length != like.length or (like.whole is not None and types[0] != types[1]):
        expected = "a branch whose sides give lists of one length, with items of one shape"
        raise use.refuse(expected, f"{described(like)} and {described(found)}")
    return replace(found, wrong=None)  # data say whether that side is taken

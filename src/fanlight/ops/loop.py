"""What is a loop or a branch worth, and what is its gradient? The rows for `ir.control`'s forms.

A gradient is a rewrite: a loop backwards, which reads what each step was given and recomputes the rest of the step.
The functions that trace bodies are in `control`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from fanlight.ir.control import Iteration, label_of, replace_sizes
from fanlight.ir.dim import DimLike
from fanlight.ir.graph import Constant, Graph, Input, Item, SizeOf, State, Value, apply
from fanlight.ir.types import Type, Types, is_float
from fanlight.ops import functions as fn
from fanlight.ops.base import static
from fanlight.ops.closure import instantiate
from fanlight.ops.sample import Sample, sample


def items(value: Value) -> list[Value]:
    """All results of a loop or branch."""
    assert isinstance(value.type, Types)
    return [apply(Item(k), value) for k in range(len(value.type.members))]


@dataclass(frozen=True)
class Scan(Iteration):
    """`carry, y[t] = body(carry, x[t])` for every t: the carries after the last step, and the y stacked."""

    name = "scan"

    def gradient(self, g: Any, y: Value, xs: tuple[Value, ...]) -> tuple[Value | None, ...]:
        """`g` holds one gradient, or None, for each result."""
        op, y = with_histories(self, y, xs)
        count, body = len(op.carries), op.body
        inside: dict[str, Value] = {}  # the body's leaves in the loop backwards
        slices: list[tuple[Value, Value]] = []  # an input of the loop backwards, and what it is a slice of
        captured: list[tuple[Value, Value]] = []

        def leaf(label: str, type: Type) -> Value:
            return apply(Input(label, type))

        for label, (_, number) in zip(op.carries, histories(op).items(), strict=True):
            inside[label] = leaf(f"history_{label}", body.writes[label].type)
            slices.append((inside[label], apply(Item(count + number), y)))
        for k, (inner, outer) in enumerate(zip(body.inputs, xs[count:], strict=True)):
            inside[label_of(inner)] = leaf(label_of(inner), inner.type)
            (slices if k < op.slices else captured).append((inside[label_of(inner)], outer))
        outputs, writes, _ = instantiate(body, inside)
        terms: list[Value] = []
        carries: dict[str, tuple[Value, Value]] = {}  # label -> the carry of the loop backwards, and how it begins
        for label, part in zip(op.carries, g, strict=False):
            if is_float(writes[label].dtype):
                start = fn.zeros_like(writes[label]) if part is None else part
                carry = apply(State(f"g_{label}", writes[label].type))
                carries[label] = carry, zeros(writes[label].type) if part is None else start
                terms.append(fn.sum(fn.multiply(writes[label], carry)))
        for (label, value), part in zip(outputs.items(), g[count:], strict=True):
            if part is not None:
                slices.append((leaf(f"g_{label}", value.type), part))
                terms.append(fn.sum(fn.multiply(value, slices[-1][0])))
        if not terms:
            return (None,) * len(xs)
        total = terms[0]
        for term in terms[1:]:
            total = fn.add(total, term)

        def slope(label: str) -> Value:
            found = fn.gradient(total, inside[label])
            assert isinstance(found, Value)
            return found

        new = {f"g_{label}": slope(label) for label in carries}
        initial = [start for _, start in carries.values()]
        for inner, _ in captured:
            if is_float(inner.dtype):
                label = label_of(inner)
                sum_ = apply(State(f"g_{label}", inner.type))
                new[f"g_{label}"] = fn.add(sum_, slope(label))
                initial.append(zeros(inner.type))
        given = [label_of(v) for v in body.inputs]
        found = {f"g_{x}": slope(x) for x in given[: op.slices] if is_float(inside[x].dtype)}
        graph = Graph(tuple(v for v, _ in (*slices, *captured)), found, new)
        back = make_scan(graph, op.index, op.length, len(slices), not op.reverse)
        results = items(apply(back, *initial, *(x for _, x in (*slices, *captured))))
        by_label = dict(zip([*back.carries, *back.body.outputs], results, strict=True))
        return tuple(by_label.get(f"g_{label}") for label in (*op.carries, *given))

    def reference(self, *arrays: Any) -> Any:
        import numpy

        state, slices, given = self.split(arrays)
        length = int(static(self, (self.length,))[0])
        rows: dict[str, list[Any]] = {label: [None] * length for label in self.body.outputs}
        for step in range(length - 1, -1, -1) if self.reverse else range(length):
            body = replace_sizes(self.body, {self.index: step})
            leaves = {**state, **given, **{label: array[step] for label, array in slices.items()}}
            outputs, state = run_reference(body, leaves)
            for label, array in outputs.items():
                rows[label][step] = array
        stacked = []
        for label, value in self.body.outputs.items():
            dtype = rows[label][0].dtype if length else value.dtype
            stacked.append(numpy.array(rows[label], dtype).reshape((length, *static(self, value.shape))))
        return [*state.values(), *stacked]

    @classmethod
    def samples(cls) -> Iterable[Sample]:
        for length in (0, 1, 5):
            yield sample(_running(length, False), ((3,), "normal"), ((length, 3), "normal"), ((3,), "normal"))
        yield sample(_running(4, True), ((3,), "normal"), ((4, 3), "normal"), ((3,), "normal"))


def _running(length: int, reverse: bool) -> Scan:
    """`c' = tanh(c * w + x[t]) ; y[t] = c' * t`, as a sample."""
    carry, x, w = (apply(op) for op in (State("c", F3), Input("x", F3), Input("w", F3)))
    new = fn.tanh(fn.add(fn.multiply(carry, w), x))
    index = Scan(Graph((), {}), "step0", length).step
    y = fn.multiply(new, fn.cast(fn.size_of(index), "float32"))
    return make_scan(Graph((x, w), {"y": y}, {"c": new}), "step0", length, 1, reverse)


F3 = Type("float32", (3,))


def make_scan(body: Graph, index: str, length: DimLike, slices: int, reverse: bool) -> Scan:
    """A scan whose carries are stacked too, as its gradient needs them; `simplify` drops what nothing reads."""
    return with_all_histories(Scan(body, index, length, slices, reverse))


def histories(op: Scan) -> dict[str, int]:
    """Which output of the body is the carry as it is before the step, by label of the carry."""
    numbers: dict[str, int] = {}
    for number, value in enumerate(op.body.outputs.values()):
        if isinstance(value.op, State):
            numbers.setdefault(value.op.label, number)
    return {label: numbers[label] for label in op.carries if label in numbers}


def with_all_histories(op: Scan) -> Scan:
    """`op` with an output for the history of each carry that has none."""
    body, known = op.body, histories(op)
    leaves = {v.op.label: v for v in body.order if isinstance(v.op, State)}
    added = {
        f"history_{label}": leaves[label] if label in leaves else apply(State(label, body.writes[label].type))
        for label in op.carries
        if label not in known
    }
    return replace(op, body=replace(body, outputs={**body.outputs, **added})) if added else op


def with_histories(op: Scan, y: Value, xs: tuple[Value, ...]) -> tuple[Scan, Value]:
    """The scan, and its value, with a history for each carry."""
    wider = with_all_histories(op)
    return (op, y) if wider is op else (wider, apply(wider, *xs))


def zeros(type: Type) -> Value:
    return fn.broadcast_to(apply(Constant(0.0, type.dtype)), type.shape)


def run_reference(body: Graph, leaves: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The outputs and writes of a body, every op by its own reference."""
    import numpy

    done: dict[int, Any] = {}
    for value in body.order:
        op = value.op
        if isinstance(op, Input | State):
            done[id(value)] = numpy.asarray(leaves[op.label])
        elif isinstance(op, Constant):
            done[id(value)] = numpy.asarray(op.value, op.dtype)
        elif isinstance(op, SizeOf):
            done[id(value)] = numpy.asarray(static(op, (op.size,))[0], "int32")
        elif isinstance(op, Item):
            done[id(value)] = done[id(value.inputs[0])][op.index]
        else:
            done[id(value)] = op.reference(*(done[id(x)] for x in value.inputs))
    outputs = {label: done[id(value)] for label, value in body.outputs.items()}
    return outputs, {label: done[id(value)] for label, value in body.writes.items()}

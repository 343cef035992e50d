"""What is a loop or a branch worth, and what is its gradient? The rows for `ir.control`'s forms.

A gradient is a rewrite: a loop backwards, which reads what each step was given and what took it long (products,
activations), and recomputes the rest of the step.
The functions that trace bodies are in `control`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from fanlight.errors import ShapeError
from fanlight.ir.control import LONGEST, Choice, Iteration, Passing, label_of, replace_sizes
from fanlight.ir.dim import DimLike
from fanlight.ir.graph import Constant, Graph, Input, Item, Op, SizeOf, State, Value, apply
from fanlight.ir.types import Shape, Type, Types, is_float
from fanlight.ops import functions as fn
from fanlight.ops.base import listed, static
from fanlight.ops.closure import instantiate
from fanlight.ops.sample import Sample, sample
from fanlight.ops.transcendental import Exp, Sigmoid, Tanh


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
        recalled: dict[int, Value] = {}
        for number, (label, value) in enumerate(body.outputs.items()):
            if is_dear(value):
                recalled[id(value)] = leaf(f"known_{label}", value.type)
                slices.append((recalled[id(value)], apply(Item(count + number), y)))
        outputs, writes, _ = instantiate(body, inside, recalled)
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


@dataclass(frozen=True)
class While(Iteration):
    """`carry = body(carry)` as long as the body's guard is true, at most `length` times."""

    name = "while_loop"

    def gradient(self, g: Any, y: Value, xs: tuple[Value, ...]) -> tuple[Value | None, ...]:
        if self.length == LONGEST:
            raise NotImplementedError(
                "a while_loop without maximum_iterations cannot run backwards: give it maximum_iterations, or use "
                "fl.scan or fl.fori_loop"
            )
        # As a scan of all steps, those after the end doing nothing.
        body, count = self.body, len(self.carries)
        leaves = {v.op.label: v for v in body.order if isinstance(v.op, Input | State)}
        for label in self.carries:
            if label not in leaves:
                leaves[label] = apply(State(label, body.writes[label].type))
        carries = [leaves[label] for label in self.carries]
        assert body.guard is not None
        inside = {label: apply(Input(label, value.type)) for label, value in leaves.items()}
        yes = Graph(tuple(inside.values()), instantiate(body, inside)[1])
        labels = list(self.carries)
        still = [apply(Input(label, body.writes[label].type)) for label in labels]
        no = Graph(tuple(still), dict(zip(labels, still, strict=True)))
        new = items(apply(Branch(yes, no), body.guard, *leaves.values(), *carries))
        graph = Graph(body.inputs, {}, dict(zip(labels, new, strict=True)))
        op = make_scan(graph, self.index, self.length, 0, False)
        same = apply(op, *xs)
        assert isinstance(same.type, Types)
        return op.gradient([*g, *[None] * (len(same.type.members) - count)], same, xs)

    def reference(self, *arrays: Any) -> Any:
        state, _, given = self.split(arrays)
        for step in range(int(static(self, (self.length,))[0])):
            body = replace_sizes(self.body, {self.index: step})
            guarded = replace(body, outputs={"guard'": body.guard}, guard=None)
            outputs, new = run_reference(guarded, {**state, **given})
            if not outputs["guard'"]:
                break
            state = new
        return [*state.values()]

    @classmethod
    def samples(cls) -> Iterable[Sample]:
        for length in (0, 3, 8):
            yield sample(_growing(length), ((3,), "positive"), ((3,), "positive"))
        yield sample(_growing(LONGEST), ((3,), "any", "int32"), ((3,), "any", "int32"))


@dataclass(frozen=True)
class Branch(Choice):
    """The results of `yes` where the first operand is true, else those of `no`; only one side runs."""

    name = "cond"

    def gradient(self, g: Any, y: Value, xs: tuple[Value, ...]) -> tuple[Value | None, ...]:
        """`g` holds one gradient, or None, for each result."""
        condition, given, other = self.split(xs)
        wanted = [(k, part) for k, part in enumerate(g) if part is not None]
        sides, operands = [], []
        floats = [[label_of(v) for v in side.inputs if is_float(v.dtype)] for side in (self.yes, self.no)]
        types = [{label_of(v): v.type for v in side.inputs} for side in (self.yes, self.no)]
        for number, (side, outer) in enumerate(((self.yes, given), (self.no, other))):
            inside = {label: apply(Input(label, types[number][label])) for label in outer}
            upstream = [apply(Input(f"g_{k}", part.type)) for k, part in wanted]
            outputs = list(instantiate(side, inside)[0].values())
            terms = [fn.sum(fn.multiply(outputs[k], u)) for (k, _), u in zip(wanted, upstream, strict=True)]
            total = terms[0]
            for term in terms[1:]:
                total = fn.add(total, term)
            found: dict[str, Value] = {}
            for which in (0, 1):
                for label in floats[which]:
                    slope = fn.gradient(total, inside[label]) if which == number else zeros(types[which][label])
                    assert isinstance(slope, Value)
                    found[f"{('yes', 'no')[which]}_{label}"] = slope
            sides.append(Graph((*inside.values(), *upstream), found))
            operands += [*outer.values(), *(part for _, part in wanted)]
        labels = list(sides[0].outputs)
        back = items(apply(Branch(sides[0], sides[1]), condition, *operands)) if labels else []
        parts = dict(zip(labels, back, strict=True))
        return (None, *(parts.get(f"yes_{label}") for label in given), *(parts.get(f"no_{label}") for label in other))

    def reference(self, *arrays: Any) -> Any:
        condition, yes, no = self.split(arrays)
        outputs, _ = run_reference(self.yes if condition else self.no, yes if condition else no)
        return list(outputs.values())

    @classmethod
    def samples(cls) -> Iterable[Sample]:
        for shape in ((), (5,)):
            yield sample(_either(shape), ((), "any", "bool"), (shape, "normal"), (shape, "normal"), (shape, "normal"))


@dataclass(frozen=True)
class WithGradient(Passing):
    """The first `results` operands; their gradients go, by `rule`, to the next operands and not into them. The inputs
    of the rule are the gradients of the results, then the operands that remain. `differentiate` takes it away."""

    name = "with_gradient"

    def infer(self, *types: Type) -> Types:
        rest = tuple(v.type for v in self.rule.inputs[self.results :])
        given = types[self.results : len(types) - len(rest)]
        found = tuple(v.type for v in self.rule.outputs.values())
        upstream = tuple(v.type for v in self.rule.inputs[: self.results])
        if (upstream, given, rest) != (types[: self.results], found, types[len(types) - len(rest) :]):
            raise ShapeError(self.name, expected=f"a gradient for each of {listed(given)}", got=listed(found))
        return Types(upstream)

    def gradient(self, g: Any, y: Value, xs: tuple[Value, ...]) -> tuple[Value | None, ...]:
        """`g` holds one gradient, or None, for each result."""
        count = len(self.rule.outputs)
        given = [part if part is not None else zeros(x.type) for part, x in zip(g, xs, strict=False)]
        leaves = dict(zip(map(label_of, self.rule.inputs), [*given, *xs[self.results + count :]], strict=True))
        parts = instantiate(self.rule, leaves)[0].values()
        return (*[None] * self.results, *parts, *[None] * (len(xs) - self.results - count))

    def reference(self, *arrays: Any) -> Any:
        return list(arrays[: self.results])

    @classmethod
    def samples(cls) -> Iterable[Sample]:
        g, x = apply(Input("g0", F3)), apply(Input("outer0", F3))
        rule = Graph((g, x), {"g0": fn.multiply(g, x)})
        yield sample(cls(rule, 1), ((3,), "any"), ((3,), "any"), ((3,), "any"))


def _running(length: int, reverse: bool) -> Scan:
    """`c' = tanh(c * w + x[t]) ; y[t] = c' * t`, as a sample."""
    carry, x, w = (apply(op) for op in (State("c", F3), Input("x", F3), Input("w", F3)))
    new = fn.tanh(fn.add(fn.multiply(carry, w), x))
    index = Scan(Graph((), {}), "step0", length).step
    y = fn.multiply(new, fn.cast(fn.size_of(index), "float32"))
    return make_scan(Graph((x, w), {"y": y}, {"c": new}), "step0", length, 1, reverse)


F3 = Type("float32", (3,))


def _growing(length: int) -> While:
    """`c' = c * (w + step)` up to a sum of 100; of integers, `c' = c // 2` down to a sum of 10."""
    type = Type("int32", (3,)) if length == LONGEST else F3
    carry, w = apply(State("c", type)), apply(Input("w", type))
    step = fn.cast(fn.size_of(While(Graph((), {}), "step0", length).step), type.dtype)
    if length == LONGEST:
        new = fn.floor_divide(carry, 2) + fn.minimum(w, 0) * 0
        return While(Graph((w,), {}, {"c": new}, fn.greater(fn.sum(fn.absolute(carry)), 10)), "step0")
    new = fn.multiply(carry, fn.add(w, step))
    return While(Graph((w,), {}, {"c": new}, fn.less(fn.sum(carry), 100.0)), "step0", length)


def _either(shape: Shape) -> Branch:
    x, y, z = (apply(Input(label, Type("float32", shape))) for label in ("x", "y", "z"))
    yes = Graph((x, y), {"a": fn.multiply(x, y), "b": fn.tanh(x)})
    return Branch(yes, Graph((z,), {"a": fn.sin(z), "b": z}))


def make_scan(body: Graph, index: str, length: DimLike, slices: int, reverse: bool) -> Scan:
    """A scan whose carries and dear values are stacked too, as its gradient needs them; `simplify` drops what nothing
    reads."""
    return with_dear_values(with_all_histories(Scan(body, index, length, slices, reverse)))


def is_dear(value: Value) -> bool:
    """Does it cost more to compute again than to keep: a product, a convolution, an activation which its own gradient
    reads?"""
    if isinstance(value.op, Exp | Sigmoid | Tanh):
        return True
    if len(value.inputs) < 2 or isinstance(value.type, Types) or not is_float(value.dtype):
        return False
    return type(value.op).nest is not Op.nest and bool(value.op.nest(*(x.type for x in value.inputs)).reduce)


def with_dear_values(op: Scan) -> Scan:
    """`op` with an output for each dear value that waits for a carry; others are computed for all steps at once
    anyway."""
    waits: set[int] = set()
    known = {id(value) for value in op.body.outputs.values()}
    added = {}
    for value in op.body.order:
        if isinstance(value.op, State) or any(id(x) in waits for x in value.inputs):
            waits.add(id(value))
            if is_dear(value) and id(value) not in known:
                added[f"dear{len(added)}"] = value
    return replace(op, body=replace(op.body, outputs={**op.body.outputs, **added})) if added else op


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

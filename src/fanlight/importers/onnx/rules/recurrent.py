"""What do ONNX's recurrent layers mean? RNN, GRU and LSTM: one loop for each direction, products of inputs before it.

A step has `[batch, hidden]` states; weights have a first axis of directions. Steps behind the end of a sequence keep
its states and give zeros.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fanlight.importers.graphs.table import rule
from fanlight.ir import dim as dims
from fanlight.ir.graph import Value
from fanlight.ops import functions as fn

Activation = Callable[[Value], Value]

# By lower-case name: the function of (x, alpha, beta), and defaults of as many of these as it has; None for no default.
ACTIVATIONS: dict[str, tuple[Callable[..., Value], tuple[float | None, ...]]] = {
    "relu": (fn.relu, ()),
    "tanh": (fn.tanh, ()),
    "sigmoid": (fn.sigmoid, ()),
    "softsign": (fn.softsign, ()),
    "softplus": (fn.softplus, ()),
    "affine": (lambda x, alpha, beta: fn.add(fn.multiply(x, alpha), beta), (1.0, 0.0)),
    "leakyrelu": (lambda x, alpha: fn.where(fn.less(x, 0.0), fn.multiply(x, alpha), x), (0.01,)),
    "thresholdedrelu": (lambda x, alpha: fn.where(fn.greater_equal(x, alpha), x, 0.0), (1.0,)),
    "scaledtanh": (lambda x, alpha, beta: fn.multiply(fn.tanh(fn.multiply(x, beta)), alpha), (None, None)),
    "hardsigmoid": (lambda x, alpha, beta: fn.clip(fn.add(fn.multiply(x, alpha), beta), 0.0, 1.0), (0.2, 0.5)),
    "elu": (lambda x, alpha: fn.elu(x, alpha), (1.0,)),
}


def activations(use: Any, defaults: tuple[str, ...], directions: int) -> list[list[Activation]]:
    """For each direction its activations. Numbers alpha and beta are taken in turn by those that need some."""
    if directions not in (1, 2):
        raise use.error("weights of one or two directions", directions)
    names = use["activations"]
    if names is None or (use.node.op == "RNN" and names == ["Tanh", "Tanh"]):
        names = list(defaults) * directions
    if len(names) != len(defaults) * directions:
        raise use.error(f"{len(defaults) * directions} activations", names)
    numbers = [list(use[name] or ()) for name in ("activation_alpha", "activation_beta")]
    found: list[Activation] = []
    for name in names:
        if name.lower() not in ACTIVATIONS:
            raise use.error(f"activations among {', '.join(ACTIVATIONS)}", repr(name))
        function, given = ACTIVATIONS[name.lower()]
        options = [side.pop(0) if side else default for side, default in zip(numbers, given, strict=False)]
        if None in options:
            raise use.refuse(f"alpha and beta for {name}", "none")
        is_last = len(found) % len(defaults) == 2  # of an LSTM's cell, which onnxruntime does not cut
        limit = None if is_last else use["clip"]
        found.append(limited(lambda x, f=function, numbers=options: f(x, *numbers), limit))
    return [found[k : k + len(defaults)] for k in range(0, len(found), len(defaults))]


def limited(function: Activation, limit: float | None) -> Activation:
    """The activation of what is cut to -limit .. limit."""
    return function if not limit else lambda x: function(fn.clip(x, -limit, limit))


@dataclass
class Weights:
    """Of one direction: the inputs' and the states' [.., gates * hidden], both biases, and what peeps at the cell."""

    w: Value
    r: Value
    own: Value | None
    inner: Value | None
    peepholes: list[Value] | None


States = tuple[Value, ...]
Step = Callable[[Value, States], States]


def recurrent(
    use: Any,
    gates: int,
    operands: tuple[Value, Value, Value, Value | None, Value | None],
    initial: tuple[Value | None, ...],
    peepholes: Value | None,
    cell: Callable[[int, Weights], tuple[Value | None, Step]],
) -> tuple[Value, ...]:
    """All steps of all directions: the outputs, and the last states. `cell` gives for a direction a bias of the
    inputs' products, and a function of such a product and the states to new states."""
    x, w, r, b, lengths = operands
    ways = {"forward": (False,), "reverse": (True,), "bidirectional": (False, True)}.get(use["direction"])
    hidden = dims.known(r.shape[-1])
    if ways is None:
        raise use.error("direction forward, reverse or bidirectional", repr(use["direction"]))
    if use["hidden_size"] not in (None, hidden) or w.shape[:2] != (len(ways), gates * hidden):
        raise use.error(
            f"weights of {len(ways)} directions and {gates} gates of {use['hidden_size']}", (w.type, r.type)
        )
    if use["layout"]:
        x = fn.swapaxes(x, 0, 1)
    time, batch, _ = x.shape
    live = None
    if lengths is not None:
        count = fn.reshape(fn.cast(lengths, "int32"), (1, batch, 1))
        live = fn.less(fn.iota((time, 1, 1), 0), count)
    outputs: list[Value] = []
    lasts: list[States] = []
    for k, is_reverse in enumerate(ways):
        weights = weights_of(k, w, r, b, peepholes, gates)
        bias, step = cell(k, weights)
        products = fn.matmul(x, weights.w)
        products = products if bias is None else fn.add(products, bias)
        states = tuple(first_of(use, k, each, (batch, hidden)) for each in initial)
        last, y = run(step, products, states, live, is_reverse)
        outputs.append(y)
        lasts.append(last)
    y = fn.stack(outputs, 1)
    ends = [fn.stack(parts, 1 if use["layout"] else 0) for parts in zip(*lasts, strict=True)]
    return (fn.transpose(y, (2, 0, 1, 3)) if use["layout"] else y), *ends


def weights_of(k: int, w: Value, r: Value, b: Value | None, peepholes: Value | None, gates: int) -> Weights:
    """What belongs to direction `k`."""
    hidden = dims.known(r.shape[-1])
    own = inner = None
    if b is not None:
        own, inner = (fn.slice(b[k], (n * gates * hidden,), (gates * hidden,)) for n in range(2))
    peeps = None if peepholes is None else [fn.slice(peepholes[k], (n * hidden,), (hidden,)) for n in range(3)]
    return Weights(fn.transpose(w[k]), fn.transpose(r[k]), own, inner, peeps)


def first_of(use: Any, k: int, initial: Value | None, shape: Any) -> Value:
    """The state with which direction `k` begins."""
    if initial is None:
        return fn.zeros(shape, "float32")
    return initial[:, k] if use["layout"] else initial[k]


def run(step: Step, products: Value, states: States, live: Value | None, is_reverse: bool) -> tuple[States, Value]:
    def each(states: States, slices: Any) -> tuple[States, Value]:
        if live is None:
            new = step(slices, states)
            return new, new[0]
        product, goes_on = slices
        new = tuple(fn.where(goes_on, a, b) for a, b in zip(step(product, states), states, strict=True))
        return new, fn.where(goes_on, new[0], 0.0)

    if live is None:
        return fn.scan(each, states, products, reverse=is_reverse)
    last, y = fn.scan(each, states, (products, live), reverse=is_reverse)
    return tuple(fn.where(live[0], state, 0.0) for state in last), y  # of no steps: zeros, as onnxruntime has it


def parts(x: Value, count: int) -> list[Value]:
    return fn.split(x, count, axis=-1)


def total(a: Value | None, b: Value | None) -> Value | None:
    return a if b is None else b if a is None else fn.add(a, b)


@rule("RNN", parameters=(1, 2, 3))
def rnn(
    use: Any, x: Value, w: Value, r: Value, b: Value | None = None, lengths: Value | None = None, h: Value | None = None
) -> tuple[Value, ...]:
    functions = activations(use, ("Tanh",), dims.known(w.shape[0]))

    def cell(k: int, weights: Weights) -> tuple[Value | None, Step]:
        (f,) = functions[k]

        def step(product: Value, states: States) -> States:
            return (f(fn.add(product, fn.matmul(states[0], weights.r))),)

        return total(weights.own, weights.inner), step

    return recurrent(use, 1, (x, w, r, b, lengths), (h,), None, cell)


@rule("GRU", parameters=(1, 2, 3))
def gru(
    use: Any, x: Value, w: Value, r: Value, b: Value | None = None, lengths: Value | None = None, h: Value | None = None
) -> tuple[Value, ...]:
    """Gates z, r and h, in that order."""
    functions = activations(use, ("Sigmoid", "Tanh"), dims.known(w.shape[0]))
    after = bool(use["linear_before_reset"])  # the reset gate acts on the state's product, not on the state
    hidden = dims.known(r.shape[-1])

    def cell(k: int, weights: Weights) -> tuple[Value | None, Step]:
        f, g = functions[k]
        first = fn.slice(weights.r, (0, 0), (hidden, 2 * hidden))
        second = fn.slice(weights.r, (0, 2 * hidden), (hidden, hidden))

        def step(product: Value, states: States) -> States:
            (h,) = states
            if after:
                inner = fn.matmul(h, weights.r)
                inner = inner if weights.inner is None else fn.add(inner, weights.inner)
                (a, b, c), (p, q, s) = parts(product, 3), parts(inner, 3)
                z, reset = f(fn.add(a, p)), f(fn.add(b, q))
                new = g(fn.add(c, fn.multiply(reset, s)))
            else:
                (a, b, c), (p, q) = parts(product, 3), parts(fn.matmul(h, first), 2)
                z, reset = f(fn.add(a, p)), f(fn.add(b, q))
                new = g(fn.add(c, fn.matmul(fn.multiply(reset, h), second)))
            return (fn.add(fn.multiply(fn.subtract(1.0, z), new), fn.multiply(z, h)),)

        return (weights.own if after else total(weights.own, weights.inner)), step

    return recurrent(use, 3, (x, w, r, b, lengths), (h,), None, cell)


@rule("LSTM", parameters=(1, 2, 3, 7))
def lstm(
    use: Any,
    x: Value,
    w: Value,
    r: Value,
    b: Value | None = None,
    lengths: Value | None = None,
    h: Value | None = None,
    c: Value | None = None,
    peepholes: Value | None = None,
) -> tuple[Value, ...]:
    """Gates i, o, f and c, in that order."""
    functions = activations(use, ("Sigmoid", "Tanh", "Tanh"), dims.known(w.shape[0]))

    def cell(k: int, weights: Weights) -> tuple[Value | None, Step]:
        f, g, out = functions[k]
        peeps = weights.peepholes

        def seen(gate: Value, number: int, cell: Value) -> Value:
            return gate if peeps is None else fn.add(gate, fn.multiply(peeps[number], cell))

        def step(product: Value, states: States) -> States:
            h, c = states
            i, o, keep, new = parts(fn.add(product, fn.matmul(h, weights.r)), 4)
            i = f(seen(i, 0, c))
            keep = fn.subtract(1.0, i) if use["input_forget"] else f(seen(keep, 2, c))
            c = fn.add(fn.multiply(keep, c), fn.multiply(i, g(new)))
            return fn.multiply(f(seen(o, 1, c)), out(c)), c

        return total(weights.own, weights.inner), step

    return recurrent(use, 4, (x, w, r, b, lengths), (h, c), peepholes, cell)

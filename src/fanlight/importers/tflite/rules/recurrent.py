"""What do TensorFlow Lite's recurrent layers mean? An LSTM over sequences of floats, as the converter fuses it.

Its states are variables of the file: they begin with zeros at each call.
"""

from __future__ import annotations

from typing import Any

from fanlight.importers.tflite.rules.table import is_quantized, op
from fanlight.ir.graph import Value
from fanlight.ops import functions as fn

GATES = ("input", "forget", "cell", "output")
INPUT, RECURRENT, PEEPHOLE, BIAS, PROJECTION, STATE, CELL, NORMAL = 1, 5, 9, 12, 16, 18, 19, 20
NOTE = "8-bit numbers; without an input gate; peepholes, projections, normalization; activations but TANH"


@op(
    "UNIDIRECTIONAL_SEQUENCE_LSTM",
    bytes_="own",
    parameters=tuple(range(INPUT, STATE)),
    settings=(STATE, CELL),
    note=NOTE,
)
def lstm(use: Any, x: Value, *rest: Value | None) -> Value:
    operands = [x, *rest, *[None] * (NORMAL + 4 - len(rest))]
    more = [
        k
        for k in (*range(PEEPHOLE, BIAS), PROJECTION, PROJECTION + 1, *range(NORMAL, NORMAL + 4))
        if operands[k] is not None
    ]
    if is_quantized(use) or more or (use["fused_activation_function"] or "NONE") != "TANH":
        raise use.refuse("an LSTM of floats, tanh, without " + NOTE.split("; ")[2], [use.node.inputs[k] for k in more])
    needed = [operands[k] for k in (*range(INPUT, PEEPHOLE), *range(BIAS, BIAS + 4), STATE, CELL)]
    if any(each is None for each in needed):
        raise use.refuse("an LSTM with four gates", use.node.inputs)
    weights, states = needed[:12], needed[12:]
    wide = fn.concatenate(weights[:4], 0)  # [4 * units, inputs]
    inner, bias = fn.transpose(fn.concatenate(weights[4:8], 0)), fn.concatenate(weights[8:], 0)
    steps = x if use["time_major"] else fn.swapaxes(x, 0, 1)
    given = fn.add(fn.matmul(steps, fn.transpose(wide)), bias)
    units = weights[0].shape[0]
    start = tuple(fn.broadcast_to(each, (steps.shape[1], units)) for each in states)
    clip = use["cell_clip"] or 0.0

    def step(carry: Any, now: Any) -> Any:
        hidden, cell = carry
        total = fn.add(now, fn.matmul(hidden, inner))
        i, f, g, o = (fn.slice(total, (0, k * units), (total.shape[0], units)) for k in range(4))
        cell = fn.add(fn.multiply(fn.sigmoid(f), cell), fn.multiply(fn.sigmoid(i), fn.tanh(g)))
        cell = fn.clip(cell, -clip, clip) if clip > 0 else cell
        hidden = fn.multiply(fn.sigmoid(o), fn.tanh(cell))
        return (hidden, cell), hidden

    _, found = fn.scan(step, start, given)
    return found if use["time_major"] else fn.swapaxes(found, 0, 1)
